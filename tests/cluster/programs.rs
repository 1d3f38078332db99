//! Programs of a folder on workers with containerd: onto one that lacks them, over those that run, and back.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value as Yaml;

use super::Scenario;
use super::lab::Lab;
use super::program::Home;

pub const ALL: &[Scenario] = &[
    ("programs_of_a_folder_come_to_a_worker_replace_what_runs_and_go_again", come_and_go),
    ("programs_that_are_none_for_the_worker_are_named_before_anything_is_sent", none_for_it),
    ("a_kubelet_program_that_does_not_come_up_gives_way_to_the_one_before", rolled_back),
    ("a_run_that_is_killed_among_its_programs_is_finished_by_the_next", killed),
];

/// A file of a worker, copied here.
fn fetch(lab: &Lab, worker: &str, path: &str, to: &Path) {
    let said = Command::new("docker")
        .args(["-H", lab.get("LAB_DOCKER_HOST"), "cp", "-q", &format!("{worker}:{path}")])
        .arg(to)
        .output()
        .expect("docker is there");
    assert!(said.status.success(), "{path}: {}", String::from_utf8_lossy(&said.stderr));
}

/// Another program that does the same: what stands behind an ELF file is never read.
fn change(path: &Path) {
    let mut file = fs::OpenOptions::new().append(true).open(path).expect("it was fetched");
    file.write_all(b"x").expect("there is room");
}

/// The programs of x1 in the tree of a download, all other files than its own.
fn folder(lab: &Lab, home: &Home) -> std::path::PathBuf {
    let folder = home.path("downloads");
    for below in ["worker", "cni-plugins", "client"] {
        fs::create_dir_all(folder.join(below)).expect("a folder");
    }
    for name in ["kubelet", "containerd", "containerd-shim-runc-v2", "ctr", "crictl"] {
        let to = folder.join("worker").join(name);
        fetch(lab, "x1", &format!("/usr/local/bin/{name}"), &to);
        if name != "crictl" {
            change(&to);
        }
    }
    let plugin = folder.join("cni-plugins/bridge");
    fetch(lab, "x1", "/opt/cni/bin/bridge", &plugin);
    change(&plugin);
    fs::write(folder.join("client/kubectl"), "not used").expect("a file");
    folder
}

fn with(lab: &Lab, folder: &Path) -> Yaml {
    let mut plan = lab.small_plan(&["x1"]);
    plan["workers"][0]["binaries"] = folder.display().to_string().into();
    plan
}

fn hashes(lab: &Lab) -> String {
    lab.on("x1", "sha256sum /opt/cni/bin/* /usr/local/bin/*")
}

/// The processes of the containers.
fn tasks(lab: &Lab) -> String {
    lab.on("x1", "ctr -n k8s.io tasks ls 2>/dev/null | sort")
}

fn come_and_go(lab: &Lab) {
    lab.reset(&["x1"]);
    let home = Home::new();
    let folder = folder(lab, &home);
    lab.on("x1", "rm /usr/local/bin/kubelet");
    let (before, programs) = (lab.snapshot("x1"), hashes(lab));
    let plan = with(lab, &folder);
    let run = home.aboard(&plan);
    assert_eq!(lab.nodes().get("x1"), Some(&true), "{}", run.story());
    let sent = |run: &super::program::Run| {
        let mut sent: Vec<String> = run
            .actions("x1")
            .iter()
            .filter_map(|action| {
                action.strip_prefix("send ").and_then(|rest| rest.split(' ').next()).map(str::to_owned)
            })
            .collect();
        sent.sort();
        sent
    };
    assert_eq!(
        sent(&run),
        ["bridge", "containerd", "containerd-shim-runc-v2", "ctr", "kubelet"],
        "{}",
        run.story()
    );
    let exe = lab.on("x1", "sha256sum < /proc/$(systemctl show -p MainPID --value containerd)/exe");
    let here = Command::new("sha256sum").arg(folder.join("worker/containerd")).output().expect("it is there");
    assert_eq!(exe.split(' ').next(), String::from_utf8_lossy(&here.stdout).split(' ').next());
    assert!(!lab.try_on("x1", "ls /var/lib/gangplank/programs", b"").0, "something still waits");
    assert_eq!(home.aboard(&plan).actions("x1"), Vec::<String>::new());
    // A running containerd and a running kubelet are replaced, and no container ends.
    let running = tasks(lab);
    change(&folder.join("worker/containerd"));
    change(&folder.join("worker/kubelet"));
    let run = home.aboard(&plan);
    assert_eq!(sent(&run), ["containerd", "kubelet"], "{}", run.story());
    let actions = run.actions("x1");
    for part in [
        "containerd is restarted next, containers go on: KillMode=process",
        "systemctl restart containerd",
        "until the step Enable and start restarts it, pods go on",
        "systemctl restart kubelet",
    ] {
        assert!(actions.iter().any(|action| action.contains(part)), "no {part}: {actions:#?}");
    }
    assert_eq!(tasks(lab), running);
    let run = home.run("remove", &plan, &["--worker", "x1", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert_eq!((lab.snapshot("x1"), hashes(lab)), (before, programs));
    lab.reset(&["x1"]);
}

fn none_for_it(lab: &Lab) {
    lab.reset(&["x1"]);
    let home = Home::new();
    let folder = home.path("wrong");
    fs::create_dir_all(folder.join("cni")).expect("a folder");
    let plan = with(lab, &folder);
    let (before, programs) = (lab.snapshot("x1"), hashes(lab));
    let run = home.run("apply", &plan, &["--json"]);
    assert!(run.problem_text().contains("E-PROGRAM-01"), "{}", run.story());
    fs::write(folder.join("kubelet"), "the kubelet, to be downloaded\n").expect("a file");
    // The header of a program for aarch64.
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0".to_vec();
    header.extend([0; 64]);
    fs::write(folder.join("cni/bridge"), header).expect("a file");
    let run = home.run("apply", &plan, &["--json"]);
    let said = run.problem_text();
    for part in ["E-PROGRAM-02", "kubelet is a text file", "cni/bridge is a program for aarch64"] {
        assert!(said.contains(part), "no {part}: {said}");
    }
    assert_eq!(run.actions("x1"), Vec::<String>::new());
    assert_eq!((lab.snapshot("x1"), hashes(lab)), (before.clone(), programs.clone()));
    // A program that does not start there: its header is that of this machine, and nothing is behind it.
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0".to_vec();
    header.extend([0; 64]);
    fs::remove_dir_all(folder.join("cni")).expect("it was made");
    fs::write(folder.join("kubelet"), header).expect("a file");
    let run = home.run("apply", &plan, &["--json"]);
    assert!(run.problem_text().contains("E-PROGRAM-04"), "{}", run.story());
    assert_eq!((lab.snapshot("x1"), hashes(lab)), (before, programs));
}

/// Answers all that a kubelet is asked before its start, and then does not start.
const BAD_KUBELET: &str = r#"
#include <stdio.h>
#include <string.h>
int main(int count, char **words) {
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--version")) return puts(VERSION) == EOF;
        if (!strcmp(words[i], "--exit-on-lock-contention")) {
            fputs("E0101 cannot exit on lock file contention: no lock file specified\n", stderr);
            return 1;
        }
    }
    fputs("F0101 this build of the kubelet does not start\n", stderr);
    return 255;
}
"#;

fn rolled_back(lab: &Lab) {
    lab.reset(&["x1"]);
    let home = Home::new();
    let before = (lab.snapshot("x1"), hashes(lab));
    let plan = lab.small_plan(&["x1"]);
    home.aboard(&plan);
    let files = "find /etc/kubernetes /var/lib/kubelet/config.yaml -type f | xargs sha256sum";
    let good = (lab.on("x1", files), hashes(lab));
    let folder = home.path("bad");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("kubelet.c"), BAD_KUBELET).expect("a file");
    let version = lab.on("x1", "kubelet --version");
    let made = Command::new("cc")
        .args(["-static", "-o"])
        .arg(folder.join("kubelet"))
        .arg(format!("-DVERSION=\"{}\"", version.trim()))
        .arg(folder.join("kubelet.c"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    fs::remove_file(folder.join("kubelet.c")).expect("it is there");
    let run = home.run("apply", &with(lab, &folder), &["--json"]);
    run.refused(
        1,
        "x1",
        "E-KUBELET-13",
        &["does not start", "put back as before: /usr/local/bin/kubelet", "up again"],
    );
    assert_eq!((lab.on("x1", files), hashes(lab)), good);
    let run = home.aboard(&plan);
    assert_eq!(run.actions("x1"), Vec::<String>::new());
    assert_eq!(lab.nodes().get("x1"), Some(&true), "{}", run.story());
    let run = home.run("remove", &plan, &["--worker", "x1", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert_eq!((lab.snapshot("x1"), hashes(lab)), before);
}

fn killed(lab: &Lab) {
    lab.reset(&["x1"]);
    let home = Home::new();
    let folder = folder(lab, &home);
    let plan = with(lab, &folder);
    for part in [
        "send kubelet",
        "start for their version",
        "replace /usr/local/bin/ctr",
        "systemctl restart containerd",
    ] {
        let mut run = home.start("apply", &plan, &["--json"]);
        run.wait_for(part, |event| {
            event["kind"] == "action-started"
                && event["action"].as_str().is_some_and(|action| action.starts_with(part))
        });
        run.signal(rustix::process::Signal::KILL);
        run.finish();
    }
    let run = home.aboard(&plan);
    assert_eq!(lab.nodes().get("x1"), Some(&true), "{}", run.story());
    let exe = lab.on("x1", "sha256sum < /proc/$(systemctl show -p MainPID --value containerd)/exe");
    let placed = lab.on("x1", "sha256sum < /usr/local/bin/containerd");
    assert_eq!(exe, placed, "{}", run.story());
    assert_eq!(home.aboard(&plan).actions("x1"), Vec::<String>::new());
    lab.reset(&["x1"]);
}
