//! Verdicts on containerd, over what real ones print.

use gangplank::plan::action::{Action, Content};
use gangplank::plan::containerd_fact::{ContainerdFact, ContainerdFile, CriPlugin};
use gangplank::plan::problem::{Problem, Remedy, Verdict};
use gangplank::plan::unit::UnitFact;
use gangplank::runtime::containerd::{ContainerdWanted, OLDEST, full_name, verdicts};
use gangplank::runtime::containerd_change::{ChangeWay, ConfigChange, OWN_PART, Remake, remake};
use gangplank::runtime::containerd_config::{ConfigFile, KubeletNeeds, unknown_keys};

use crate::fixture;

const PATH: &str = "/etc/containerd/config.toml";
/// Images that every fixture asks for, so that nothing is said of them.
const PAUSE: [&str; 2] = ["registry.k8s.io/pause:3.6", "registry.k8s.io/pause:3.10.2"];

fn plugin(kind: &str, id: &str, status: &str, reason: &str) -> CriPlugin {
    CriPlugin { kind: kind.into(), id: id.into(), status: status.into(), reason: reason.into() }
}

/// A containerd that is well, with this file.
fn well(version: &str, file: Option<&str>) -> ContainerdFact {
    let dump = fixture(if version.starts_with("1.") { "dump-1.6.20.toml" } else { "dump-2.4.2.toml" });
    ContainerdFact {
        program: "/usr/bin/containerd".into(),
        version: version.into(),
        server: version.into(),
        file: ContainerdFile { path: PATH.into(), text: file.map(Into::into), ..ContainerdFile::default() },
        dump: dump.into(),
        plugins: vec![plugin("io.containerd.grpc.v1", "cri", "ok", "")],
        plugins_listed: true,
        kill_mode: "process".into(),
        socket: true,
        ..ContainerdFact::default()
    }
}

/// The same where it does not answer.
fn deaf(file: Option<&str>) -> ContainerdFact {
    ContainerdFact {
        server: "".into(),
        error: "nobody listens at /run/containerd/containerd.sock".into(),
        plugins: Vec::new(),
        plugins_listed: false,
        ..well("2.4.2", file)
    }
}

fn unit(load: &str, active: &str) -> UnitFact {
    UnitFact { load: load.into(), active: active.into(), sub: "x".into(), ..UnitFact::default() }
}

struct Wish {
    needs: KubeletNeeds,
    systemd: bool,
    asks: bool,
    pods: bool,
}

const PLAIN: Wish = Wish {
    needs: KubeletNeeds { systemd_cgroup: None, sandbox_image: None, cni_bin_dir: None },
    systemd: false,
    asks: true,
    pods: false,
};

fn judge(fact: &ContainerdFact, unit: Option<&UnitFact>, wish: &Wish) -> Vec<Verdict> {
    let images = PAUSE.map(str::to_owned);
    let wanted = ContainerdWanted {
        needs: &wish.needs,
        kubelet_systemd: wish.systemd,
        kubelet_asks: wish.asks,
        images: &images,
        pods: wish.pods,
    };
    verdicts(fact, unit, &wanted)
}

fn stops(verdicts: &[Verdict]) -> Vec<&Problem> {
    verdicts
        .iter()
        .filter_map(|verdict| match verdict {
            Verdict::Stops(problem) => Some(problem),
            Verdict::Ok { .. } | Verdict::Warning { .. } => None,
        })
        .collect()
}

/// The one thing that stops the work.
fn stop(verdicts: &[Verdict]) -> &Problem {
    let [problem] = *stops(verdicts).as_slice() else { panic!("{verdicts:?}") };
    problem
}

fn repairs(problem: &Problem) -> Vec<(&str, &[Action])> {
    problem
        .ways
        .iter()
        .filter_map(|way| match way {
            Remedy::Repair { title, actions } => Some((title.as_str(), actions.as_slice())),
            _ => None,
        })
        .collect()
}

/// What the repair's file says.
fn put(actions: &[Action]) -> (&str, String, &str) {
    let put = actions.iter().find_map(|action| match action {
        Action::Put { path, content: Content::Literal(text), mode, .. } => {
            Some((path.as_str(), String::from_utf8(text.clone()).unwrap(), *mode))
        }
        _ => None,
    });
    put.unwrap_or_else(|| panic!("{actions:?}"))
}

fn said(problem: &Problem) -> String {
    format!("{} {} {:?} {:?}", problem.code, problem.what, problem.evidence, problem.ways)
}

fn warnings(verdicts: &[Verdict]) -> Vec<String> {
    let warning = |verdict: &Verdict| match verdict {
        Verdict::Warning { seen, cure, .. } => Some(format!("{seen} -> {cure}")),
        Verdict::Ok { .. } | Verdict::Stops(_) => None,
    };
    verdicts.iter().filter_map(warning).collect()
}

#[test]
fn one_that_is_well_is_said_with_what_it_does() {
    for version in ["2.4.2", "1.6.20~ds1"] {
        let all = judge(&well(version, None), None, &PLAIN);
        let [Verdict::Ok { seen, .. }] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(*seen, format!("{version}, overlayfs, cgroups by cgroupfs"));
    }
}

#[test]
fn stopped_masked_frozen_failing_and_full_are_five_things() {
    let all = |fact: &ContainerdFact, unit: &UnitFact| judge(fact, Some(unit), &PLAIN);
    let answer = all(&deaf(None), &unit("loaded", "inactive"));
    let stopped = stop(&answer);
    assert_eq!((stopped.code.as_str(), repairs(stopped).len()), ("E-CONTAINERD-01", 1), "{stopped:?}");
    assert!(matches!(repairs(stopped)[0].1, [Action::Service { unit, .. }] if unit == "containerd"));
    let answer = all(&deaf(None), &unit("masked", "inactive"));
    let masked = stop(&answer);
    assert!(said(masked).contains("unmask") && repairs(masked).is_empty(), "{masked:?}");
    let late = ContainerdFact { frozen: true, ..deaf(None) };
    let held = UnitFact { state: "T".into(), ..unit("loaded", "active") };
    let answer = all(&late, &held);
    let frozen = stop(&answer);
    assert_eq!(frozen.code, "E-CONTAINERD-02");
    assert!(
        said(frozen).contains("SIGSTOP") && said(frozen).contains("--signal=CONT containerd"),
        "{frozen:?}"
    );
    assert!(repairs(frozen)[0].0.contains("KillMode=process"), "{frozen:?}");
    let fails = UnitFact { journal: vec!["containerd: bad thing".into()], ..unit("loaded", "failed") };
    let answer = all(&deaf(None), &fails);
    let failing = stop(&answer);
    assert!(failing.code == "E-CONTAINERD-03" && said(failing).contains("bad thing"), "{failing:?}");
    let full =
        UnitFact { journal: vec!["write x: no space left on device".into()], ..unit("loaded", "failed") };
    let answer = all(&deaf(None), &full);
    assert_eq!(stop(&answer).code, "E-DISK-02");
    let answer = all(&ContainerdFact { free_mib: Some(3), ..deaf(None) }, &unit("loaded", "failed"));
    assert_eq!(stop(&answer).code, "E-DISK-02");
    let answer = judge(&ContainerdFact::default(), None, &PLAIN);
    assert!(stop(&answer).what.contains("is not installed"));
}

#[test]
fn a_stopped_one_is_not_started_onto_a_file_that_it_refuses() {
    let mut fact = deaf(Some(&fixture("208-not-toml.toml")));
    fact.dump = "".into();
    fact.dump_error = "containerd: failed to load TOML".into();
    let all = judge(&fact, Some(&unit("loaded", "inactive")), &PLAIN);
    let found = stops(&all);
    let codes: Vec<&str> = found.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["E-CONTAINERD-06", "E-CONTAINERD-01"]);
    assert!(found[0].evidence.iter().any(|line| line.contains("line 2, column")), "{found:?}");
    assert!(found.iter().all(|problem| repairs(problem).is_empty()), "{found:?}");
}

#[test]
fn cri_that_is_off_as_another_package_ships_it_is_named_with_its_line_and_mended_by_a_whole_file() {
    let text = fixture("201-docker-package.toml");
    let mut fact = well("2.4.2", Some(&text));
    fact.dump = fixture("dump-2.4.2.toml")
        .replace("disabled_plugins = []", "disabled_plugins = ['io.containerd.grpc.v1.cri']")
        .into();
    // containerd 2 lists two of its three plugins all the same.
    fact.plugins = vec![
        plugin("io.containerd.cri.v1", "images", "ok", ""),
        plugin("io.containerd.cri.v1", "runtime", "ok", ""),
    ];
    let all = judge(&fact, None, &PLAIN);
    let off = stop(&all);
    assert_eq!(off.code, "E-CONTAINERD-04");
    assert!(
        off.evidence.iter().any(|line| line.starts_with("/etc/containerd/config.toml, line 1: ")),
        "{off:?}"
    );
    let [(title, actions)] = *repairs(off).as_slice() else { panic!("{off:?}") };
    assert!(title.contains("containers go on"), "{title}");
    assert_eq!(put(actions), (PATH, "version = 4\n".to_owned(), "0644"));
    // It reads the file before it is restarted.
    let kinds: Vec<String> = actions.iter().skip(2).map(Action::title).collect();
    assert_eq!(
        kinds,
        [
            format!("let containerd read {PATH} before it is restarted"),
            "systemctl restart containerd".to_owned()
        ]
    );
    assert!(
        matches!(&actions[2], Action::Script { text, .. } if text == &format!("containerd_takes /usr/bin/containerd {PATH} {PATH}"))
    );
    // The file was mended by somebody, and containerd has not read it yet.
    let mut mended = well("2.4.2", None);
    mended.plugins = fact.plugins.clone();
    let all = judge(&mended, None, &PLAIN);
    let [(title, [Action::Service { .. }])] = *repairs(stop(&all)).as_slice() else { panic!("{all:?}") };
    assert!(title.starts_with("restart containerd"), "{title}");
}

#[test]
fn cri_that_did_not_load_says_why_and_is_not_called_off() {
    let reason = "invalid plugin config: `mirrors` cannot be set when `config_path` is provided";
    for (version, row) in [
        ("1.6.20", plugin("io.containerd.grpc.v1", "cri", "error", reason)),
        ("2.4.2", plugin("io.containerd.cri.v1", "images", "error", reason)),
    ] {
        let mut fact = well(version, Some(&fixture("204-mirrors-and-config-path.toml")));
        if version == "2.4.2" {
            fact.plugins = vec![plugin("io.containerd.grpc.v1", "cri", "error", "")];
            fact.plugins.push(row);
        } else {
            fact.plugins = vec![row];
        }
        let all = judge(&fact, None, &PLAIN);
        let failed = stop(&all);
        assert_eq!(failed.code, "E-CONTAINERD-05");
        let said = said(failed);
        for part in [reason, "config.toml, line 3", "hosts.toml"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(repairs(failed).is_empty(), "{failed:?}");
    }
}

#[test]
fn a_refused_file_of_no_content_is_mended_and_others_are_left_alone() {
    let refused = |name: &str, error: &str| {
        let mut fact = well("1.6.20", Some(&fixture(name)));
        fact.dump = "".into();
        fact.dump_error = error.into();
        judge(&fact, None, &PLAIN)
    };
    let all = refused("202-version2-short-name.toml", "invalid disabled plugin URI \"cri\"");
    let short = stop(&all);
    assert_eq!(short.code, "E-CONTAINERD-06");
    assert!(said(short).contains("line 2") && said(short).contains("invalid disabled plugin"), "{short:?}");
    assert_eq!(put(repairs(short)[0].1).1, "version = 2\n");
    for (name, line) in [("208-not-toml.toml", "line 2"), ("209-future-version.toml", "line 1: version 9")] {
        let all = refused(name, "it failed");
        let bad = stop(&all);
        assert!(bad.code == "E-CONTAINERD-06" && said(bad).contains(line), "{bad:?}");
        assert!(repairs(bad).is_empty(), "{bad:?}");
    }
    // A version that 1.6 takes as it is stops nothing while nothing has to change.
    let all = judge(&well("1.6.20", Some(&fixture("209-future-version.toml"))), None, &PLAIN);
    assert_eq!(stops(&all), Vec::<&Problem>::new());
}

#[test]
fn keys_without_effect_are_named_once_with_their_line_where_they_have_one() {
    let mut fact = well("2.4.2", Some(&fixture("207-option-in-wrong-table.toml")));
    let log =
        |rest: &str| format!("time=\"x\" level=warning msg=\"Ignoring unknown key in TOML{rest}").into();
    fact.complaints = vec![
        log(
            " for plugin\" error=\"strict mode\" key=\"containerd runtimes runc SystemdCgroup\" plugin=io.containerd.cri.v1.runtime",
        ),
        log(" for plugin\" error=\"strict mode\" key=sandbox_imag plugin=io.containerd.cri.v1.images"),
        log("\" column=1 error=\"strict mode\" file=/etc/containerd/config.toml key=foo row=7"),
    ];
    let found = warnings(&judge(&fact, None, &PLAIN));
    let [wrong, misspelt, unknown] = found.as_slice() else { panic!("{found:?}") };
    assert!(wrong.contains("config.toml, line 4") && wrong.contains("runc.options"), "{wrong}");
    assert!(misspelt.starts_with("sandbox_imag of io.containerd.cri.v1.images has no effect"), "{misspelt}");
    assert!(unknown.starts_with("/etc/containerd/config.toml, line 7: foo has no effect"), "{unknown}");
    assert_eq!(unknown_keys("Ignoring unknown key in TOML\" column=1"), []);
}

#[test]
fn versions_that_are_too_old_newer_or_not_the_running_one_are_told_apart() {
    let all = judge(&well("1.5.9", None), None, &PLAIN);
    assert!(stop(&all).code == "E-CONTAINERD-07" && stop(&all).what.contains("1.5"), "{all:?}");
    let newer = warnings(&judge(&well("2.5.0", None), None, &PLAIN));
    assert!(newer.iter().any(|one| one.contains("served as 2.4")), "{newer:?}");
    let fact = ContainerdFact { server: "1.6.20~ds1".into(), ..well("2.4.2", None) };
    let replaced = warnings(&judge(&fact, None, &PLAIN));
    assert!(replaced.iter().any(|one| one.starts_with("1.6.20~ds1 runs, and 2.4.2 lies at")), "{replaced:?}");
}

#[test]
fn drivers_that_differ_stop_where_nobody_follows_the_other() {
    let systemd = Wish { systemd: true, asks: true, ..PLAIN };
    let all = judge(&well("1.6.20", None), None, &systemd);
    let differ = stop(&all);
    assert_eq!(differ.code, "E-CONTAINERD-08");
    let (_, text, _) = put(repairs(differ)[0].1);
    assert!(text.contains("SystemdCgroup = true"), "{text}");
    // A kubelet that does not ask yet is no better with a newer containerd.
    let deaf = Wish { systemd: true, asks: false, ..PLAIN };
    assert_eq!(stop(&judge(&well("2.4.2", None), None, &deaf)).code, "E-CONTAINERD-08");
    let follows = judge(&well("2.4.2", None), None, &systemd);
    assert!(
        stops(&follows).is_empty() && warnings(&follows)[0].contains("follows containerd"),
        "{follows:?}"
    );
    // Pods keep the cgroups they have.
    let busy = Wish { systemd: true, asks: true, pods: true, ..PLAIN };
    let all = judge(&well("1.6.20", None), None, &busy);
    assert!(repairs(stop(&all)).is_empty() && said(stop(&all)).contains("drain"), "{all:?}");
}

#[test]
fn the_sandbox_image_is_looked_for_by_its_full_name() {
    let needs = KubeletNeeds { sandbox_image: Some("lab/pause:1".to_owned()), ..KubeletNeeds::default() };
    let fact = well("2.4.2", None);
    let with = |images: &[String]| {
        let wanted = ContainerdWanted {
            needs: &needs,
            kubelet_systemd: false,
            kubelet_asks: true,
            images,
            pods: false,
        };
        warnings(&verdicts(&fact, None, &wanted))
    };
    assert!(with(&[])[0].contains("lab/pause:1, with which every pod begins"));
    assert_eq!(with(&["docker.io/lab/pause:1".to_owned()]), Vec::<String>::new());
    for (name, full) in [
        ("pause:1", "docker.io/library/pause:1"),
        ("lab/pause", "docker.io/lab/pause"),
        ("localhost/pause", "localhost/pause"),
        ("registry:5000/pause:1", "registry:5000/pause:1"),
        ("registry.k8s.io/pause:3.6", "registry.k8s.io/pause:3.6"),
    ] {
        assert_eq!(full_name(name), full);
    }
}

#[test]
fn other_runtimes_are_refused_with_what_would_serve() {
    for (crio, cri_dockerd, name) in [(true, false, "CRI-O"), (false, true, "cri-dockerd")] {
        let fact = ContainerdFact { crio, cri_dockerd, ..well("2.4.2", None) };
        let all = judge(&fact, None, &PLAIN);
        let refused = stop(&all);
        assert!(refused.code == "E-CONTAINERD-09" && refused.what.contains(name), "{refused:?}");
        assert!(said(refused).contains("containerd") && repairs(refused).is_empty(), "{refused:?}");
    }
}

#[test]
fn a_socket_where_no_kubelet_looks_is_named() {
    let mut fact = well("2.4.2", None);
    fact.dump = fixture("dump-2.4.2.toml").replace("/run/containerd/containerd.sock'", "/run/x.sock'").into();
    assert!(stop(&judge(&fact, None, &PLAIN)).what.contains("listens at /run/x.sock"));
}

fn change(fact: &ContainerdFact, needs: &KubeletNeeds) -> ConfigChange {
    match remake(fact, needs, false) {
        Remake::Change(change) => change,
        other => panic!("{other:?}"),
    }
}

fn systemd() -> KubeletNeeds {
    KubeletNeeds { systemd_cgroup: Some(true), ..KubeletNeeds::default() }
}

#[test]
fn a_part_of_its_own_is_written_where_it_is_imported_and_nothing_of_cri_stands_in_the_file() {
    let importing = fixture("212-imports-relative.toml");
    for version in ["1.6.20", "2.4.2"] {
        let part = change(&well(version, Some(&importing)), &systemd());
        assert_eq!((part.path.as_str(), part.way), (OWN_PART, ChangeWay::Part), "{version}");
        // No newer than the file that imports it.
        assert!(part.after.starts_with("version = 2\n"), "{}", part.after);
    }
    // Beside a part of somebody else's, one plugin's table replaces the other's before 2.0.
    let with = |version: &str, name: &str| ContainerdFact {
        dropins: vec![name.into(), "99-gangplank.toml".into()],
        ..well(version, Some(&importing))
    };
    assert_eq!(change(&with("1.6.20", "50-theirs.toml"), &systemd()).way, ChangeWay::InPlace);
    assert_eq!(change(&with("2.4.2", "50-theirs.toml"), &systemd()).way, ChangeWay::Part);
    // One that stands behind ours would win.
    assert_eq!(change(&with("2.4.2", "zz.toml"), &systemd()).way, ChangeWay::InPlace);
    let own = format!("{importing}\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"x:1\"\n");
    let place = change(&well("2.4.2", Some(&own)), &systemd());
    assert_eq!((place.path.as_str(), place.way), (PATH, ChangeWay::InPlace));
    assert!(place.after.contains("sandbox_image = \"x:1\"") && place.before.as_deref() == Some(&*own));
}

#[test]
fn a_file_that_others_cannot_read_stays_so_and_only_what_changes_is_shown() {
    let text = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"a\".auth]\npassword = \"geheim\"\n";
    let mut fact = well("1.6.20", Some(text));
    fact.file.private = true;
    let change = change(&fact, &systemd());
    assert_eq!(put(&change.actions()).2, "0600");
    let shown = format!("{:?}", change.difference());
    assert!(shown.contains("SystemdCgroup = true") && !shown.contains("geheim"), "{shown}");
}

#[test]
fn a_restart_that_ends_containers_is_not_offered_where_pods_run() {
    let mut fact = well("2.4.2", None);
    fact.kill_mode = "control-group".into();
    let needs = KubeletNeeds { cni_bin_dir: Some("/srv/cni".to_owned()), ..KubeletNeeds::default() };
    let Remake::Kept(problem) = remake(&fact, &needs, true) else { panic!("it is offered") };
    assert!(problem.what.contains("would end every container"), "{problem:?}");
    assert!(change(&fact, &needs).title().contains("every container ends"));
    assert_eq!(remake(&fact, &KubeletNeeds::default(), true), Remake::Nothing);
}

#[test]
fn a_file_that_says_it_while_containerd_makes_something_else_of_it_is_not_written_again() {
    let old = ConfigFile::read(&fixture("212-imports-relative.toml")).unwrap();
    let text = old.with(&systemd(), OLDEST);
    let fact = ContainerdFact { dropins: vec!["theirs.toml".into()], ..well("1.6.20", Some(&text)) };
    let Remake::Kept(problem) = remake(&fact, &systemd(), false) else { panic!("it is written") };
    assert!(problem.code == "E-CONTAINERD-10" && said(&problem).contains("theirs.toml"), "{problem:?}");
}
