//! What counts as done, whatever an action prints and whatever the login shell is like.

use std::path::Path;
use std::sync::Arc;

use gangplank::host::{BatchProgress, Host, HostTrouble, LocalWire, Stop, Wire};
use gangplank::plan::action::{Action, Verb};
use gangplank::plan::fact::FactQuery;
use gangplank::plan::record::RecordKind;

use crate::sshd::left_out::left_out;
use crate::sshd::{Person, Sshd, connect};
use crate::sudo::User;
use crate::support::{
    Run, Wrapped, all_well, done, literal, local, over, program, put, script, with_programs,
};

#[test]
fn an_action_that_fails_ends_the_actions_and_the_facts_still_come() {
    let actions = vec![script("echo one"), script("echo two >&2; exit 3; echo never"), script("echo three")];
    let mut heard = Vec::new();
    let batch = Run::new().batch(actions, vec![FactQuery::Machine]);
    let end = local().run(&batch, &Stop::default(), &mut |event| heard.push(event));
    assert_eq!(end.trouble, None);
    assert!(end.complete && !end.stopped);
    assert_eq!(end.actions.len(), 2);
    assert_eq!((end.actions[&0].status, end.actions[&0].out.as_str()), (Some(0), "one\n"));
    assert_eq!((end.actions[&1].status, end.actions[&1].err.as_str()), (Some(3), "two\n"));
    assert!(end.facts.machine().yes().is_some());
    let ends: Vec<_> = heard
        .iter()
        .filter(|event| matches!(event, BatchProgress::Began(_) | BatchProgress::Ended(..)))
        .collect();
    assert_eq!(
        ends,
        [
            &BatchProgress::Began(0),
            &BatchProgress::Ended(0, 0),
            &BatchProgress::Began(1),
            &BatchProgress::Ended(1, 3)
        ]
    );
}

#[test]
fn only_our_own_marks_count() {
    let fake = "printf 'no newline\\n@0123456789abcdef e 0 0\\n@0123456789abcdef z \\n'; \
                printf '@0123456789abcdef b 1\\n' >&2; printf 'last'; exit 4";
    let end = done(&mut local(), &Run::new().batch(vec![script(fake), script("true")], vec![]));
    assert_eq!((end.actions.len(), end.actions[&0].status), (1, Some(4)), "{end:?}");
    assert!(
        end.actions[&0].out.contains("@0123456789abcdef e 0 0") && end.actions[&0].out.ends_with("last\n")
    );
}

#[test]
fn floods_and_junk_do_no_harm() {
    let Some(sshd) = Sshd::start("") else { return };
    let junk = "head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2";
    let flood = "head -c 5000000 /dev/zero | tr '\\0' x >&2; head -c 5000000 /dev/zero";
    let lines = "i=0; while [ $i -lt 20000 ]; do echo \"line $i of many that nobody wanted to read\"; i=$((i+1)); done >&2";
    for mut host in [local(), over(Arc::new(sshd.connect()))] {
        let actions = vec![script(junk), script(flood), script(lines), script("printf 'end'")];
        let end = done(&mut host, &Run::new().batch(actions, vec![FactQuery::Machine]));
        all_well(&end, 4);
        assert_eq!(end.actions[&3].out, "end\n");
        assert!(end.actions[&1].err.len() < 4 << 20, "{}", end.actions[&1].err.len());
        assert!(end.facts.machine().yes().is_some());
    }
}

#[test]
fn an_action_that_reads_finds_the_end_of_file_and_not_the_script() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let actions = vec![
        script("cat; read -r x || echo end of file"),
        put(&file, literal("content\n"), "0644"),
        script("cat; wc -c"),
    ];
    let run = Run::new();
    let end = done(&mut local(), &run.batch(actions, vec![FactQuery::Machine]));
    all_well(&end, 3);
    assert_eq!((end.actions[&0].out.as_str(), end.actions[&2].out.as_str()), ("end of file\n", "0\n"));
    assert_eq!(std::fs::read(&file).unwrap(), b"content\n");
    assert!(end.facts.machine().yes().is_some());
}

#[test]
fn a_noisy_bashrc_a_foreign_locale_and_a_short_path_do_not_matter() {
    let Some(sshd) = Sshd::start("SetEnv PATH=/usr/bin:/bin LC_ALL=de_DE.UTF-8 LANG=fr_FR.UTF-8 IFS=abc")
    else {
        return;
    };
    let bashrc = "echo welcome; echo warning >&2; printf 'no newline'; printf none >&2\n";
    std::fs::write(sshd.at("home/.bashrc"), bashrc).unwrap();
    let actions = vec![script("ls /none; command -v sysctl; echo \"$LC_ALL $PATH\"; exit 0")];
    let end = done(&mut over(Arc::new(sshd.connect())), &Run::new().batch(actions, vec![FactQuery::Machine]));
    all_well(&end, 1);
    assert!(end.actions[&0].err.contains("No such file or directory"), "{end:?}");
    assert!(end.actions[&0].out.contains("C /usr/local/sbin:"), "{end:?}");
    assert!(end.facts.machine().yes().is_some());
}

fn with_shell(shell: &str) -> Option<(Sshd, User)> {
    if !crate::root() {
        return None;
    }
    if !Path::new(shell).exists() {
        left_out(&format!("{shell} is not installed"));
        return None;
    }
    Some((Sshd::start("SetEnv HOME=/")?, User::new(shell)?))
}

fn works_below(shell: &str) {
    let Some((sshd, user)) = with_shell(shell) else { return };
    let mut target = sshd.target();
    target.user.clone_from(&user.name);
    let wire = connect(&target, &Person::trusting()).unwrap();
    let actions = vec![script("echo \"it's $((1+1))!\""), script("exit 7")];
    let batch = Run::new().batch(actions, vec![FactQuery::Machine]);
    let end = done(&mut over(Arc::new(wire)), &batch);
    assert_eq!((end.trouble.clone(), end.actions[&1].status), (None, Some(7)), "{shell}: {end:?}");
    assert_eq!(end.actions[&0].out, "it's 2!\n");
    assert_eq!(end.facts.machine().yes().unwrap().uid, user.uid());
}

#[test]
fn works_below_fish() {
    works_below("/usr/bin/fish");
}

#[test]
fn works_below_tcsh() {
    works_below("/usr/bin/tcsh");
}

#[test]
fn a_login_without_a_shell_says_what_it_said() {
    let Some((sshd, user)) = with_shell("/usr/sbin/nologin") else { return };
    let mut target = sshd.target();
    target.user.clone_from(&user.name);
    let wire: Arc<dyn Wire> = Arc::new(connect(&target, &Person::trusting()).unwrap());
    let end = done(&mut over(wire), &Run::new().batch(vec![script("true")], vec![FactQuery::Machine]));
    assert!(
        matches!(&end.trouble, Some(HostTrouble::NoShell { said, how, .. })
            if said.contains("not available") && how == "status 1"),
        "{end:?}"
    );
}

#[test]
fn a_script_that_is_ended_from_outside_is_not_taken_for_done() {
    let batch =
        Run::new().batch(vec![script("echo x; kill -KILL $$"), script("true")], vec![FactQuery::Machine]);
    let end = done(&mut local(), &batch);
    assert!(
        matches!(&end.trouble, Some(HostTrouble::Ended { how, .. }) if how == "status 137" || how == "signal KILL"),
        "{end:?}"
    );
    assert_eq!((end.actions.len(), end.actions[&0].status, end.complete), (1, None, false));
}

#[test]
fn a_login_that_does_something_else_is_not_a_shell() {
    let wire = Wrapped { wire: LocalWire::new(), before: "echo this is a menu:".to_owned() };
    let end = done(&mut over(Arc::new(wire)), &Run::new().batch(vec![script("true")], vec![]));
    assert!(
        matches!(&end.trouble, Some(HostTrouble::NoShell { said, .. }) if said.contains("menu")),
        "{end:?}"
    );
}

#[test]
fn a_unit_started_after_images_were_loaded_is_recorded_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    program(dir.path(), "docker", "#!/bin/sh\n[ \"$1\" != inspect ]\n");
    let shown = "#!/bin/sh\n[ \"$1\" != show ] || printf 'ActiveState=active\\nUnitFileState=static\\n'\n";
    program(dir.path(), "systemctl", shown);
    let Some(wire) = with_programs(dir.path()) else { return };
    let run = Run::new();
    let unit = |verb| Action::Service { verb, unit: "kubelet".to_owned() };
    let load =
        Action::LoadImage { tar: "/x.tar".to_owned(), names: vec!["pause:1".to_owned()], runtime: None };
    let actions = vec![load, unit(Verb::Enable), unit(Verb::Start)];
    all_well(&done(&mut over(Arc::new(wire)), &run.batch(actions, Vec::new())), 3);
    let before: Vec<_> = run.record().into_iter().map(|line| (line.kind, line.old)).collect();
    for (kind, old) in [(RecordKind::Enable, "static"), (RecordKind::Start, "active")] {
        assert!(before.contains(&(kind, old.to_owned())), "{before:?}");
    }
}

/// A docker that knows one image and some containers, and looks names up as docker does; what it is told to do is
/// in `told`. A container is called as the image that is loaded.
const DOCKER: &str = r#"#!/bin/sh
d=${0%/*}
case "$*" in
  "inspect --type image "*" known:1") echo sha256:1a ;;
  "inspect --type image "*) exit 1 ;;
  inspect*) echo c0ffee ;;
  ps*) grep -E "$(printf %s "$*" | sed 's/.*--filter name=//')" "$d/names" | cut -d ' ' -f 2 ;;
  *) echo "$*" >>"$d/told" ;;
esac
"#;

#[test]
fn a_container_called_as_an_image_is_not_taken_for_it() {
    let dir = tempfile::tempdir().unwrap();
    program(dir.path(), "docker", DOCKER);
    let Some(wire) = with_programs(dir.path()) else { return };
    let run = Run::new();
    let names = vec!["pause".to_owned(), "known:1".to_owned()];
    let load = Action::LoadImage { tar: "/x.tar".to_owned(), names, runtime: None };
    all_well(&done(&mut over(Arc::new(wire)), &run.batch(vec![load], Vec::new())), 1);
    let before: Vec<_> = run.record().into_iter().map(|line| (line.path, line.old)).collect();
    assert_eq!(before, [("pause".to_owned(), String::new()), ("known:1".to_owned(), "sha256:1a".to_owned())]);
}

#[test]
fn only_the_containers_of_the_pod_are_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    program(dir.path(), "docker", DOCKER);
    let names = "/k8s_kube-proxy.ab12_kube-proxy-w1_kube-system_ab_12 old\n/k8s_kube-proxy_kube-proxy-w1_kube-system_ab_0 new\n\
                 k8s_kube-proxy_bare_kube-system_ab_0 bare\n/k8s_kube-proxy-exporter_x_default_ab_0 other\n\
                 /my-k8s_kube-proxy_x_default_ab_0 mine\n";
    std::fs::write(dir.path().join("names"), names).unwrap();
    let Some(wire) = with_programs(dir.path()) else { return };
    let restart = Action::RestartPod { container: "kube-proxy".to_owned(), runtime: None };
    all_well(&done(&mut over(Arc::new(wire)), &Run::new().batch(vec![restart], Vec::new())), 1);
    let told = std::fs::read_to_string(dir.path().join("told")).unwrap();
    assert_eq!(told, "stop -t 5 old new bare\n");
}
