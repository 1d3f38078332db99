//! kubectl on this computer: the command that is printed at the end works, wherever the context went; a plan writes no
//! kubeconfig outside ~/.kube that nobody agreed to; what is printed for copying is one command for any name.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use gangplank::engine::Event;
use gangplank::lab::HERE;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::plan::place::Place;

use super::bench::{Bench, Ran};

const FOREIGN: &str = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n";

fn next(ran: &Ran) -> Vec<String> {
    ran.events
        .iter()
        .find_map(|one| match &one.event {
            Event::RunEnded { next, .. } => Some(next.clone()),
            _ => None,
        })
        .unwrap()
}

/// Runs a printed line in a real sh, in a folder with a stand-in kubectl; the words it was given. Whatever else the
/// line does would leave something in the folder.
fn in_sh(line: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let kubectl = folder.path().join("kubectl");
    std::fs::write(&kubectl, "#!/bin/sh\nfor word; do printf '%s\\0' \"$word\" >> said; done\n").unwrap();
    std::fs::set_permissions(&kubectl, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut sh = Command::new("sh");
    sh.args(["-c", line]).current_dir(folder.path()).env("PATH", path).env("HOME", folder.path());
    assert!(sh.status().unwrap().success(), "{line}");
    let mut left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["kubectl", "said"], "{line}");
    let said = std::fs::read_to_string(folder.path().join("said")).unwrap();
    said.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn the_command_at_the_end_works_when_the_context_went_into_a_file_of_its_own() {
    for foreign in [true, false] {
        let bench = Bench::first();
        if foreign {
            bench.lab().machine(HERE, |here| {
                here.write("/home/op/.kube/config", FOREIGN.as_bytes(), "600", "op:op");
            });
        }
        let ran = bench.apply().done();
        let [line] = &*next(&ran) else { panic!("{:?}", next(&ran)) };
        let mut words = in_sh(line);
        if !foreign {
            // The lab's kubectl reads no file by itself; a real one reads this.
            words.splice(0..0, ["--kubeconfig".to_owned(), "/home/op/.kube/config".to_owned()]);
        }
        let said = bench.lab().kubectl(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(said.is_ok(), "{line}: {said:?}");
        assert_eq!(line.contains("--kubeconfig /home/op/.kube/first.yaml"), foreign, "{line}");
        let again = bench.apply().done();
        assert_eq!(next(&again), next(&ran));
    }
}

fn naming(file: &str) -> Bench {
    let plan = format!("{FIRST_CLUSTER_PLAN}\nkubectl:\n  file: {}\n", serde_json::to_string(file).unwrap());
    Bench::new(FIRST_CLUSTER, &plan)
}

fn agreed(bench: &mut Bench) {
    bench.plan.kubectl.as_mut().unwrap().outside_agreed = true;
}

#[test]
fn a_kubeconfig_outside_kube_is_written_only_when_somebody_agreed_to_the_path() {
    for file in ["~/.bash_profile", "/etc/profile.d/x.sh", "~/.kube/../.profile", "~/.kubeother/x"] {
        let mut bench = naming(file);
        let path = bench.plan.kubectl.as_ref().unwrap().file.clone().unwrap();
        let path = path.to_str().unwrap().to_owned();
        let ran = bench.apply();
        let problem = ran.events.iter().find_map(|one| match &one.event {
            Event::TaskEnded { outcome: gangplank::engine::TaskOutcome::Failed { problem } }
                if one.place == Place::Local =>
            {
                Some(problem.clone())
            }
            _ => None,
        });
        let problem = problem.unwrap();
        assert_eq!(problem.code, "E-KUBECTL-04", "{file}");
        assert!(problem.what.contains(&path), "{}", problem.what);
        let written = |bench: &Bench| {
            bench
                .lab()
                .machine(HERE, |here| here.files.keys().any(|one| *one == path || one.ends_with("profile")))
        };
        assert_eq!(written(&bench), Some(false), "{file}");
        agreed(&mut bench);
        let warned = bench.preview().iter().flat_map(|place| &place.looked).any(|one| {
            one.verdicts.iter().any(|verdict| format!("{verdict:?}").contains("is outside ~/.kube"))
        });
        assert!(warned, "{file}");
        bench.apply().done();
    }
    for file in ["~/.kube/config", "~/.kube/lab/one.yaml"] {
        naming(file).apply().done();
    }
}

#[test]
fn names_that_a_shell_reads_otherwise_are_refused_and_paths_are_quoted() {
    let file = "/home/op/it's $(touch pwned); `touch pwned` \"&\" > pwned *.yaml";
    let mut bench = naming(file);
    agreed(&mut bench);
    let ran = bench.apply().done();
    let [line] = &*next(&ran) else { panic!("{:?}", next(&ran)) };
    let words = in_sh(line);
    assert_eq!(words, ["--kubeconfig", file, "--context", "first", "get", "nodes"]);
    assert!(bench.lab().kubectl(&words.iter().map(String::as_str).collect::<Vec<_>>()).is_ok());
}
