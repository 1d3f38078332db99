//! The command line as a person meets it: words, exit codes, nothing written where nothing should be.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn gangplank(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gangplank"))
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

const PLAN: &str = "\
cluster:
  name: here
  api: https://127.0.0.1:1
  service_range: 10.3.0.0/24
  dns: 10.3.0.2
ca:
  where: files
  cert: ca.crt
  key: ca.key
workers:
  - name: w1
    address: 192.0.2.1
";

#[test]
fn init_prints_a_plan_that_can_be_read() {
    let home = TempDir::new().unwrap();
    let output = gangplank(home.path(), &["init"]);
    assert_eq!(output.status.code(), Some(0));
    let text = out(&output);
    let loaded =
        gangplank::plan::yaml::load(text.as_bytes(), Path::new("plan.yaml"), Some(home.path())).unwrap();
    assert_eq!(loaded.plan.workers.len(), 3);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn wrong_use_ends_with_2_and_says_what_is_wrong() {
    let home = TempDir::new().unwrap();
    for (args, word) in [
        (vec!["nonsense"], "nonsense"),
        (vec!["apply"], "PLAN"),
        (vec!["apply", "missing.yaml"], "missing.yaml"),
        (vec!["explain", "nothing"], "nothing"),
    ] {
        let output = gangplank(home.path(), &args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(err(&output).contains(word), "{args:?}: {}", err(&output));
    }
    assert_eq!(entries(home.path()), 0, "nothing is written");
}

#[test]
fn every_mistake_of_a_plan_is_told_at_once() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    let text = PLAN.replace("dns: 10.3.0.2", "dns: 10.4.0.2").replace("192.0.2.1", "192.0.2.300")
        + "    pasword: x\n";
    std::fs::write(&plan, text).unwrap();
    for command in ["plan", "apply", "undo"] {
        let output = gangplank(home.path(), &[command, plan.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let text = err(&output);
        for word in ["10.4.0.2", "192.0.2.300", "pasword", ":5:", ":12:", ":13:"] {
            assert!(text.contains(word), "{command} does not tell {word}:\n{text}");
        }
    }
    assert_eq!(entries(home.path()), 1, "nothing but the plan is there");
}

#[test]
fn a_worker_the_plan_does_not_have_is_refused() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, PLAN).unwrap();
    let output = gangplank(home.path(), &["apply", plan.to_str().unwrap(), "--worker", "w9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("w9"));
}

#[test]
fn whoever_is_told_what_goes_with_the_other_kind_of_target_hears_which() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, PLAN).unwrap();
    let plan = plan.to_str().unwrap();
    let refused = |args: &[&str], words: &str| {
        let output = gangplank(home.path(), args);
        assert_eq!((output.status.code(), out(&output)), (Some(2), String::new()), "{args:?}");
        assert!(err(&output).contains(words), "{args:?}: {}", err(&output));
    };
    refused(&["apply", plan, "--replace", "w9"], "the plan has no worker of that name");
    refused(&["repair", plan, "--worker", "w1", "--replace", "w9"], "the plan has no worker of that name");
    refused(&["repair", plan, "--worker", "w1", "--key", "k"], "go with user@host");
    refused(&["repair", plan, "--worker", "w1", "--ca-cert", "c"], "--ca-key");
    refused(&["repair", "root@192.0.2.1", "--worker", "w1"], "chooses from a plan");
    refused(&["repair", "root@192.0.2.1", "--drain"], "needs a plan");
    refused(&["release", plan], "say whose machine is off");
    refused(&["release", plan, "--worker", "w9"], "w9");
    assert_eq!(entries(home.path()), 1, "nothing was written");
}

#[test]
fn a_secret_is_read_from_an_open_file_and_never_from_the_command_line() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, PLAN).unwrap();
    for bad in ["ca=hunter2", "hunter2", "root=fd:3", "ca=fd:x"] {
        let output = gangplank(home.path(), &["apply", plan.to_str().unwrap(), "--secret", bad]);
        assert_eq!(output.status.code(), Some(2), "{bad}");
        assert!(err(&output).contains("fd:3"), "{}", err(&output));
    }
    let output = gangplank(home.path(), &["apply", plan.to_str().unwrap(), "--secret", "ca=hunter2"]);
    assert!(!err(&output).contains("hunter2"), "a secret given the wrong way is not repeated");
    let output = gangplank(home.path(), &["apply", plan.to_str().unwrap(), "--secret", "ca=fd:63"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("descriptor 63"));
}

#[test]
fn a_missing_ca_stops_before_anything_is_contacted_and_plan_leaves_no_session() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, PLAN).unwrap();
    let output = gangplank(home.path(), &["plan", plan.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("E-CA-12"), "{}", err(&output));
    assert!(out(&output).starts_with("contacts https://127.0.0.1:1"), "{}", out(&output));
    assert_eq!(entries(home.path()), 1, "plan makes no session and writes no known_hosts");
    let output = gangplank(home.path(), &["apply", plan.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("E-CA-12"), "{}", out(&output));
}

#[test]
fn two_runs_on_one_cluster_do_not_mix() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, PLAN).unwrap();
    let state = home.path().join("state");
    std::fs::create_dir_all(state.join("here")).unwrap();
    let lock = std::fs::File::create(state.join("here/lock")).unwrap();
    lock.lock().unwrap();
    let args = ["apply", plan.to_str().unwrap(), "--state", state.to_str().unwrap()];
    let output = gangplank(home.path(), &args);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("E-SESSION-02"), "{}", err(&output));
}

#[test]
fn explain_and_completions_are_there() {
    let home = TempDir::new().unwrap();
    let list = out(&gangplank(home.path(), &["explain"]));
    for step in gangplank::step::CATALOGUE {
        assert!(list.contains(step.id().0), "{}", step.id());
    }
    for group in gangplank::plan::code::ProblemGroup::ALL {
        assert!(list.contains(&format!("{group:<14} {}\n", group.about())), "{list}");
    }
    // What a name stands for begins in one column, in rows of either kind.
    for line in list.lines().filter(|line| line.contains("  ")) {
        let (name, about) = line.split_at(15);
        assert!(name.ends_with(' ') && !about.starts_with(' ') && !name.trim().contains(' '), "{line}");
    }
    for name in ["keys", "KEYS", "Kube-Proxy"] {
        assert!(out(&gangplank(home.path(), &["explain", name])).contains("## Why"), "{name}");
    }
    let of_code = out(&gangplank(home.path(), &["explain", "e-cert-04"]));
    assert!(
        of_code.starts_with("# E-CERT-04: it was issued by another CA\n\nThe issuer named in"),
        "{of_code}"
    );
    let of_group = out(&gangplank(home.path(), &["explain", "E-CERT"]));
    assert!(of_group.starts_with("# E-CERT\n") && of_group.contains("\n## E-CERT-16\n"), "{of_group}");
    let none = gangplank(home.path(), &["explain", "E-CERT-99"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(err(&none).contains("no problem code E-CERT-99"), "{}", err(&none));
    assert!(out(&gangplank(home.path(), &["--help"])).contains("undo"));
}

#[test]
fn completions_know_every_step_and_every_code() {
    let home = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish"] {
        let text = out(&gangplank(home.path(), &["completions", shell]));
        assert!(text.contains("gangplank"), "{shell}");
        if shell == "elvish" {
            // clap writes no values of arguments for it.
            continue;
        }
        for (name, _) in gangplank::ui::output::explain::topics() {
            assert!(text.contains(name), "{shell}: {name}");
        }
    }
    let help = out(&gangplank(home.path(), &["explain", "--help"]));
    assert!(!help.contains("E-SSH-22"), "the list of all codes is no help\n{help}");
}

/// What commands that only print say when nothing of it arrives.
#[test]
fn a_full_disk_or_a_reader_that_is_gone_is_no_panic() {
    let home = TempDir::new().unwrap();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let commands: [&[&str]; 8] = [
        &["demo", "--list"],
        &["init"],
        &["explain"],
        &["explain", "E-CERT"],
        &["completions", "bash"],
        &["completions", "fish"],
        &["shots", "--check", "nowhere"],
        &["nonsense"],
    ];
    for args in commands {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_gangplank"));
            command.args(args).env_clear().env("HOME", home.path()).stdin(Stdio::null());
            command.current_dir(home.path());
            command
        };
        let onto_full = command().stdout(full()).output().unwrap();
        assert!(!err(&onto_full).contains("panicked"), "{args:?}: {}", err(&onto_full));
        let code = onto_full.status.code().unwrap();
        if args[0] == "nonsense" {
            assert_eq!(code, 2);
        } else {
            assert_eq!(code, 1, "{args:?}");
            assert!(err(&onto_full).contains("No space left on device"), "{args:?}: {}", err(&onto_full));
        }
        // Both streams full: nobody can be told.
        let both = command().stdout(full()).stderr(full()).status().unwrap();
        assert!([1, 2].contains(&both.code().unwrap()), "{args:?}: {both:?}");
        // A reader that went away before the first line.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let gone = command().stdout(writer).output().unwrap();
        assert!(!err(&gone).contains("panicked"), "{args:?}: {}", err(&gone));
        assert!([0, 1, 2].contains(&gone.status.code().unwrap()), "{args:?}: {gone:?}");
    }
}

#[test]
fn a_worker_that_is_to_be_removed_is_named() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, PLAN).unwrap();
    let output = gangplank(home.path(), &["remove", plan.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("--worker"), "{}", err(&output));
    let odd = gangplank(home.path(), &["undo", plan.to_str().unwrap(), "--run", "../etc"]);
    assert_eq!(odd.status.code(), Some(2));
    assert!(err(&odd).contains("no run's id"), "{}", err(&odd));
}

/// A home with a CA beside the plan, so that this computer is looked at.
fn with_ca(extra: &str) -> (TempDir, std::path::PathBuf) {
    use gangplank::pki::{CaSigner, NewKey, Serial};
    let home = TempDir::new().unwrap();
    let ca =
        CaSigner::make("ca", NewKey::P256, 400, Serial::random().unwrap(), jiff::Timestamp::now()).unwrap();
    std::fs::write(home.path().join("ca.crt"), ca.cert).unwrap();
    std::fs::write(home.path().join("ca.key"), ca.key.as_bytes()).unwrap();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, format!("{PLAN}    ssh: {{host: 127.0.0.1, port: 1, user: x}}\n{extra}")).unwrap();
    (home, plan)
}

#[test]
fn the_content_of_a_file_that_somebody_else_wrote_is_never_shown() {
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary1\n-----END OPENSSH PRIVATE KEY-----\n";
    let config = "users:\n- name: a\n  user:\n    token: >-\n      canary2\n      canary3\n    client-key-data: |\n      \
                  canary4\n";
    for (name, text) in
        [(".ssh/id_ed25519", key), (".kube/lab", config), (".kube/env", "HTTPS_PROXY=http://u:canary5@h\n")]
    {
        let (home, plan) = with_ca(&format!("kubectl:\n  file: ~/{name}\n"));
        let file = home.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        for args in
            [&["plan"][..], &["plan", "--files"], &["plan", "--json"], &["plan", "--script"], &["apply"]]
        {
            let args: Vec<&str> = args.iter().copied().chain([plan.to_str().unwrap()]).collect();
            let output = gangplank(home.path(), &args);
            let said = out(&output) + &err(&output);
            assert!(!said.contains("canary"), "{args:?} {name}: {said}");
            if args.len() == 2 && args[0] == "plan" {
                assert!(said.contains("E-FILE-01"), "{name}: {said}");
            }
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn a_kubeconfig_outside_kube_wants_a_flag_where_nobody_can_be_asked() {
    let (home, plan) = with_ca("kubectl:\n  file: ~/.bash_profile\n");
    let plan = plan.to_str().unwrap();
    let output = gangplank(home.path(), &["apply", plan]);
    let file = home.path().join(".bash_profile");
    let said = out(&output);
    assert!(said.contains("E-KUBECTL-04") && said.contains(file.to_str().unwrap()), "{said}");
    assert!(said.contains("--write-outside-kube"), "{said}");
    assert!(!file.exists());
    let output = gangplank(home.path(), &["apply", plan, "--write-outside-kube"]);
    assert!(!out(&output).contains("E-KUBECTL-04"), "{}", out(&output));
    let looked = gangplank(home.path(), &["plan", plan]);
    assert!(out(&looked).contains("is outside ~/.kube"), "{}", out(&looked));
}

#[test]
fn names_in_a_kubeconfig_are_those_that_no_shell_reads_otherwise() {
    for name in ["$(touch pwned)", "a b", "a;b", "-x", "a'b", "a\"b", "`id`", "a\\b", "a|b", "*"] {
        let home = TempDir::new().unwrap();
        let plan = home.path().join("plan.yaml");
        let quoted = serde_json::to_string(name).unwrap();
        for key in ["context", "cluster", "user"] {
            std::fs::write(&plan, format!("{PLAN}kubectl:\n  {key}: {quoted}\n")).unwrap();
            let output = gangplank(home.path(), &["plan", plan.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(2), "{name} {}", err(&output));
            assert!(err(&output).contains(&format!("kubectl.{key}")), "{}", err(&output));
        }
    }
    for name in
        ["arn:aws:eks:eu-west-1:123456789012:cluster/lab", "gke_proj_europe-west1_lab", "me@lab", "lab.eu+1"]
    {
        assert!(
            gangplank::plan::yaml::load(
                format!("{PLAN}kubectl:\n  context: {name}\n").as_bytes(),
                Path::new("/p/plan.yaml"),
                None
            )
            .is_ok()
        );
    }
}

#[test]
fn habits_of_other_programs_are_told_where_it_is_written_here() {
    let home = TempDir::new().unwrap();
    let plan = home.path().join("plan.yaml");
    let habits = "    user: core\n    port: 2222\n    ssh_key_path: ~/.ssh/id\n    hostname: w1.lab\n    ip: 1.2.3.4\n";
    std::fs::write(&plan, format!("{PLAN}{habits}")).unwrap();
    let said = err(&gangplank(home.path(), &["plan", plan.to_str().unwrap()]));
    for part in [
        "workers[0].user: is an unknown key; write it below ssh: user",
        "workers[0].port: is an unknown key; write it below ssh: port",
        "workers[0].ssh_key_path: is an unknown key; write it below ssh: key",
        "workers[0].ip: is an unknown key; write address",
        "workers[0].hostname: is an unknown key; write name",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for (key, cure) in [
        ("$HOME/.ssh/id_lab", "write ~/.ssh/id_lab"),
        ("${HOME}/.ssh/id_lab", "write ~/.ssh/id_lab"),
        ("/keys/$USER/id", "write the whole path"),
    ] {
        std::fs::write(&plan, format!("{PLAN}    ssh: {{key: \"{key}\"}}\n")).unwrap();
        let said = err(&gangplank(home.path(), &["plan", plan.to_str().unwrap()]));
        assert!(said.contains("which is not replaced in a plan") && said.contains(cure), "{key}: {said}");
    }
    for login in [
        "user: jdoe@corp.example.com",
        "user: CORP\\jdoe",
        "jump: \"jdoe@corp.example.com@bastion.lab:2222\"",
        "host: \"fe80::1%eth0\"",
    ] {
        let text = format!("{PLAN}    ssh: {{{}}}\n", login.replace("CORP\\jdoe", "'CORP\\jdoe'"));
        let loaded = gangplank::plan::yaml::load(text.as_bytes(), Path::new("/p/plan.yaml"), None);
        assert!(loaded.is_ok(), "{login}: {:?}", loaded.err());
    }
    let text = format!("{PLAN}    ssh: {{host: \"::1\", port: 2296, user: root}}\n");
    let loaded = gangplank::plan::yaml::load(text.as_bytes(), Path::new("/p/plan.yaml"), None).unwrap();
    assert_eq!(loaded.plan.workers[0].ssh.to_string(), "root@[::1]:2296");
}

#[test]
fn a_demo_in_lines_does_not_play_by_itself_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let ran = gangplank(home.path(), &["demo", "--plain", "--autoplay"]);
    assert_eq!(ran.status.code(), Some(2));
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("--autoplay plays on the full screen") && ran.stdout.is_empty(), "{said}");
}

#[test]
fn a_summary_takes_the_place_of_no_file_and_leaves_none_where_nothing_came_of_the_repair() {
    let home = TempDir::new().unwrap();
    let path = |name: &str| home.path().join(name);
    std::fs::write(path("plan.yaml"), PLAN).unwrap();
    std::fs::write(path("notes.md"), "of last night\n").unwrap();
    let plan = path("plan.yaml").display().to_string();
    let repair = |target: &str, summary: &str| {
        let summary = path(summary).display().to_string();
        gangplank(home.path(), &["repair", target, "--yes", "--summary", &summary])
    };
    for target in [plan.as_str(), "root@127.0.0.1:1"] {
        let refused = repair(target, "notes.md");
        assert_eq!(refused.status.code(), Some(2), "{target}: {}", err(&refused));
        assert!(err(&refused).contains("name a file that is not there"), "{target}: {}", err(&refused));
        assert_eq!(std::fs::read_to_string(path("notes.md")).unwrap(), "of last night\n");
        let nothing = repair(target, "new.md");
        assert_ne!(nothing.status.code(), Some(0), "{target}: {}", err(&nothing));
        assert!(!path("new.md").exists(), "{target}");
    }
}

#[test]
fn a_renewal_is_one_worker_at_a_time_unless_jobs_says_otherwise() {
    let home = TempDir::new().unwrap();
    let help = |command: &str| {
        let text = out(&gangplank(home.path(), &[command, "--help"]));
        let (_, jobs) = text.split_once("--jobs <N>").unwrap_or_else(|| panic!("{text}"));
        jobs.split("\n\n").next().unwrap().to_owned() + jobs.split("\n\n").nth(1).unwrap_or_default()
    };
    let (renew, apply) = (help("renew"), help("apply"));
    assert!(renew.contains("Workers renewed at once") && renew.contains("[default: 1]"), "{renew}");
    assert!(apply.contains("[default: 16]"), "{apply}");
    let told = out(&gangplank(home.path(), &["renew", "--help"]));
    assert!(told.contains("no further one is begun") || told.contains("no\nfurther one is begun"), "{told}");
}
