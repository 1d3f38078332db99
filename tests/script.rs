//! The script by hand is run against folders that stand for machines, and what it writes is compared with what
//! gangplank itself writes on the same lab. `ssh`, `sudo`, `systemctl`, `docker` and `kubectl` are small
//! programs in PATH; openssl and the shell are real.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "support/left_out.rs"]
mod left_out;
#[path = "script/machines.rs"]
mod machines;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gangplank::engine::world::scripted::LabWorld;
use gangplank::engine::{Engine, ExitCode, Front, PlacePreview, RunOptions, Stamped, World};
use gangplank::host::Stop;
use gangplank::lab::HERE;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::pki;
use gangplank::plan::action::sha256;
use gangplank::plan::model::Plan;
use gangplank::plan::yaml;
use gangplank::ui::script;
use machines::{Machines, places};
use tempfile::TempDir;

struct Silent;

impl Front for Silent {
    fn emit(&self, _: &Stamped) {}
}

/// A lab whose clock is this computer's: openssl asks no other.
fn lab(text: &str) -> LabWorld {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let text: String = text
        .lines()
        .map(|line| if line.starts_with("clock:") { format!("clock: {now}\n") } else { format!("{line}\n") })
        .collect();
    let world = LabWorld::read(&text).unwrap();
    world.lab().set_fast_keys();
    world
}

fn plan(text: &str) -> Plan {
    yaml::load(text.as_bytes(), Path::new("/home/op/plan.yaml"), Some(Path::new("/home/op"))).unwrap().plan
}

fn with_engine<T>(world: &LabWorld, plan: &Plan, work: impl FnOnce(&Engine) -> T) -> T {
    let (front, stop) = (Silent, Stop::default());
    work(&Engine::new(plan, world, &front, RunOptions { jobs: 8, ..RunOptions::new("run-1", &stop) }))
}

fn seen(world: &LabWorld, plan: &Plan) -> Vec<PlacePreview> {
    with_engine(world, plan, |engine| engine.preview().unwrap())
}

fn apply(world: &LabWorld, plan: &Plan) {
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method's name is not general enough")]
    let code = with_engine(world, plan, |engine| engine.apply());
    assert_eq!(code, ExitCode::Done, "the lab's own run ends well");
}

fn ends(path: &str, with: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == with)
}

/// The sum of what a file says, so that two of gangplank's and the script's can be compared.
fn sense(path: &str, bytes: &[u8], cert: Option<&[u8]>) -> String {
    if ends(path, "key") {
        let public = openssl::pkey::PKey::private_key_from_pem(bytes).unwrap().public_key_to_der().unwrap();
        let fits = pki::examine(cert.unwrap()).unwrap().spki_sha256 == sha256(&public);
        format!("a key, its certificate fits: {fits}")
    } else if let (true, Ok(cert)) = (ends(path, "crt"), pki::examine(bytes)) {
        format!(
            "{} {:?} {:?} {:?} ca: {:?} by {:?}",
            cert.subject_text(),
            cert.sans,
            cert.usage,
            cert.purposes,
            cert.ca,
            cert.issuer_raw
        )
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// What gangplank's run changed on a machine of the lab: mode and sense by path.
fn changed(before: &LabWorld, after: &LabWorld, machine: &str) -> BTreeMap<String, String> {
    let files = |world: &LabWorld| {
        world.lab().machine(machine, |machine| (machine.files.clone(), machine.state.clone())).unwrap()
    };
    let ((before, _), (after, state)) = (files(before), files(after));
    after
        .iter()
        .filter(|(path, file)| !path.starts_with(&state) && before.get(*path) != Some(file))
        // Two labs are two CAs of one name.
        .filter(|(path, _)| !path.starts_with("/home/op/the ca's"))
        .map(|(path, file)| {
            let cert = after.get(&path.replace(".key", ".crt")).map(|file| file.bytes.as_slice());
            let mode = file.mode.trim_start_matches('0').to_owned();
            (path.clone(), format!("{mode} {}", sense(path, &file.bytes, cert)))
        })
        .collect()
}

/// Folders it made, with their modes.
fn new_folders(before: &LabWorld, after: &LabWorld, machine: &str) -> Vec<(String, String)> {
    let before = before.lab().machine(machine, |machine| machine.folders.clone()).unwrap();
    let (after, state) =
        after.lab().machine(machine, |machine| (machine.folders.clone(), machine.state.clone())).unwrap();
    after
        .into_iter()
        .filter(|(path, _)| {
            !before.contains_key(path) && !path.starts_with(&state) && !state.starts_with(path)
        })
        .map(|(path, mode)| (path, mode.trim_start_matches('0').to_owned()))
        .collect()
}

/// The same of the script's run.
fn by_hand(
    machines: &Machines,
    before: &BTreeMap<String, (String, Vec<u8>)>,
    machine: &str,
) -> BTreeMap<String, String> {
    let after = machines.tree(machine);
    let kept =
        |path: &str| path.starts_with("/home/") && machine != HERE || path == "/log" || path == "/sudo";
    after
        .iter()
        .filter(|(path, file)| !kept(path) && before.get(*path) != Some(file))
        .map(|(path, (mode, bytes))| {
            let cert = after.get(&path.replace(".key", ".crt")).map(|(_, bytes)| bytes.as_slice());
            (path.clone(), format!("{mode} {}", sense(path, bytes, cert)))
        })
        .collect()
}

/// `sh -n` and shellcheck take it.
#[track_caller]
fn is_clean(script: &str) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("onboard.sh");
    std::fs::write(&file, script).unwrap();
    let parsed = Command::new("sh").arg("-n").arg(&file).output().unwrap();
    assert!(parsed.status.success(), "{}\n{script}", String::from_utf8_lossy(&parsed.stderr));
    match Command::new("shellcheck").args(["--norc", "--shell=sh"]).arg(&file).output() {
        Ok(checked) => {
            assert!(checked.status.success(), "{}\n{script}", String::from_utf8_lossy(&checked.stdout));
        }
        Err(_) => left_out::left_out("shellcheck is not installed"),
    }
}

/// Runs script and gangplank on the same lab, and compares machine by machine.
fn compare(lab_text: &str, plan_text: &str) -> (Machines, String) {
    let plan = plan(plan_text);
    let (before, after) = (lab(lab_text), lab(lab_text));
    let script = script::script(&plan, &seen(&before, &plan));
    is_clean(&script);
    let machines = Machines::of(&before, &plan);
    let names = places(&plan);
    let was: BTreeMap<&String, _> = names.iter().map(|(name, host)| (name, machines.tree(host))).collect();
    machines.run_well(&script);
    apply(&after, &plan);
    for (name, host) in &names {
        let (ours, hand) = (changed(&before, &after, name), by_hand(&machines, &was[name], host));
        assert!(!ours.is_empty(), "{name}: gangplank wrote something");
        let differ: Vec<_> = hand
            .iter()
            .filter(|(path, is)| ours.get(*path) != Some(is))
            .map(|(path, is)| (path, is, ours.get(path)))
            .collect();
        assert!(differ.is_empty(), "{name}: {differ:#?}");
        assert_eq!(hand.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>(), "{name}");
        for (path, mode) in new_folders(&before, &after, name) {
            let made = std::fs::metadata(machines.at(host).join(path.trim_start_matches('/'))).unwrap();
            assert_eq!(format!("{:o}", made.permissions().mode() & 0o7777), mode, "{name} {path}");
        }
    }
    let left: Vec<PathBuf> = names
        .iter()
        .flat_map(|(_, host)| std::fs::read_dir(machines.at(host).join("home")).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("onboard"))
        .collect();
    assert!(left.is_empty(), "nothing of the script is left on a host: {left:?}");
    (machines, script)
}

#[test]
fn a_first_cluster_by_hand_ends_with_the_same_files_as_by_gangplank() {
    let (machines, script) = compare(FIRST_CLUSTER, FIRST_CLUSTER_PLAN);
    let ca = machines.read("root-ca-host", "/root/ca.crt");
    for host in ["10.0.0.11", "10.0.0.12", "10.0.0.13"] {
        let root = machines.at(host);
        std::fs::write(machines.folder.path().join("ca.pem"), &ca).unwrap();
        let verified = Command::new("openssl")
            .args(["verify", "-CAfile"])
            .arg(machines.folder.path().join("ca.pem"))
            .arg(root.join("etc/kubernetes/ssl/worker.crt"))
            .output()
            .unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        let text = Command::new("openssl")
            .args(["x509", "-noout", "-ext", "subjectAltName", "-in"])
            .arg(root.join("etc/kubernetes/ssl/worker.crt"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&text.stdout).into_owned();
        assert!(text.contains(host), "{text}");
        let log = String::from_utf8(machines.read(host, "/log")).unwrap();
        for line in ["docker load -i", "systemctl enable kubelet", "systemctl start kubelet"] {
            assert!(log.contains(line), "{host}: {log}");
        }
    }
    assert!(machines.at("10.0.0.13").join("sudo").exists(), "core needs sudo");
    assert!(!machines.at("10.0.0.11").join("sudo").exists(), "root does not");
    assert!(machines.log("applied.json").contains("coredns"));
    assert!(machines.log("kubectl.log").contains("get nodes"));
    for word in ["put ", "make_key", "make_csr", "note ", "settle"] {
        assert!(
            !script.lines().any(|line| line.trim_start().starts_with(word)),
            "{word} is no plain command"
        );
    }
    assert!(!script.contains("PRIVATE KEY"), "no secret is in it");
}

#[test]
fn what_dig_says_of_a_server_that_is_silent_is_not_taken_for_an_answer() {
    let before = lab(FIRST_CLUSTER);
    let plan = plan(FIRST_CLUSTER_PLAN);
    let script = script::script(&plan, &seen(&before, &plan));
    let machines = Machines::of(&before, &plan);
    let put =
        |name: &str, text: &str| std::fs::write(machines.folder.path().join("bin").join(name), text).unwrap();
    put("sleep", "#!/bin/sh\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(machines.folder.path().join("bin/sleep"), mode).unwrap();
    for said in [
        ";; communications error to 10.3.0.2#53: timed out",
        ";; connection timed out; no servers could be reached",
    ] {
        put("dig", &format!("#!/bin/sh\necho '{said}'\nexit 9\n"));
        let output = machines.run(&script);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && err.contains("no answer after 120 s"), "{err}");
    }
}

#[test]
fn what_is_right_already_is_said_and_not_done_again() {
    let (world, plan) = (lab(FIRST_CLUSTER), plan(FIRST_CLUSTER_PLAN));
    apply(&world, &plan);
    let script = script::script(&plan, &seen(&world, &plan));
    is_clean(&script);
    assert!(script.contains("# Keys and requests: already right, nothing to do"), "{script}");
    let machines = Machines::of(&world, &plan);
    let before = machines.tree("10.0.0.11");
    machines.run_well(&script);
    assert_eq!(machines.tree("10.0.0.11"), before);
    assert!(!script.lines().any(|line| line.starts_with("openssl") || line.starts_with("install")));
}

#[test]
fn one_worker_is_a_script_of_its_own() {
    let (world, plan) = (lab(FIRST_CLUSTER), plan(FIRST_CLUSTER_PLAN));
    let seen = seen(&world, &plan);
    let script = script::one_worker(&plan, &seen, "w2").unwrap();
    is_clean(&script);
    assert!(!script.contains("10.0.0.11") && !script.contains("apply"), "{script}");
    let machines = Machines::of(&world, &plan);
    machines.run_well(&script);
    assert!(!machines.read("10.0.0.12", "/etc/kubernetes/ssl/worker.crt").is_empty());
    assert!(!machines.at("10.0.0.11").join("etc/kubernetes/ssl/worker.crt").exists());
    assert_eq!(script::one_worker(&plan, &seen, "w9"), None);
}

#[test]
fn the_same_screen_gives_the_same_script() {
    let (world, plan) = (lab(FIRST_CLUSTER), plan(FIRST_CLUSTER_PLAN));
    let seen = seen(&world, &plan);
    assert_eq!(script::script(&plan, &seen), script::script(&plan, &seen));
}

/// The post's own version, with a CA on this computer in a folder whose name has a blank and a quote.
const OLD: &str = "
clock: now
ca: {cert: \"/home/op/the ca's/ca.crt\", key: \"/home/op/the ca's/ca.key\"}
cluster: {api: loadbalancer.example.com, address: 10.0.0.5, version: v1.2.2, service_range: 10.3.0.0/24}
tars:
  \"/root/my images'.tar\":
  - quay.io/coreos/hyperkube:v1.2.2_coreos.0
  - gcr.io/google_containers/pause:2.0
  - gcr.io/google_containers/etcd-amd64:2.2.1
  - gcr.io/google_containers/kube2sky:1.14
  - gcr.io/google_containers/skydns:2015-10-13-8c72f8c
  - gcr.io/google_containers/exechealthz:1.0
workers:
- {name: w1, address: 10.0.0.11, kubelet: v1.2.2, flannel: true, user: core}
- {name: w-1.example.com, address: 10.0.0.12, kubelet: v1.2.2}
";
const OLD_PLAN: &str = "
cluster: {name: old, api: 'https://loadbalancer.example.com', service_range: 10.3.0.0/24, dns: 10.3.0.2}
ca: {where: files, cert: \"/home/op/the ca's/ca.crt\", key: \"/home/op/the ca's/ca.key\"}
defaults: {images: [\"host:/root/my images'.tar\"]}
workers:
- name: w1
  address: 10.0.0.11
  ssh: {user: core, port: 2222, key: \"/home/op/.ssh/my key's\", jump: [jump@10.0.0.1]}
- {name: w-1.example.com, address: 10.0.0.12, ssh: {user: root}}
";

#[test]
fn blanks_and_quotes_in_paths_and_a_login_with_everything_are_taken_as_they_are() {
    let (machines, script) = compare(OLD, OLD_PLAN);
    let log = machines.log("ssh.log");
    for line in ["-p 2222", "/home/op/.ssh/my key's", "-J jump@10.0.0.1", "core@10.0.0.11: "] {
        assert!(log.contains(line), "{line} in {log}");
    }
    assert!(script.contains("root_w_1_example_com"), "{script}");
    assert!(machines.log("applied.json").contains("kube-dns-v11"));
}

#[test]
fn a_login_without_a_user_tries_root_first() {
    let text = OLD_PLAN.replace("ssh: {user: root}", "ssh: {port: 22}");
    let (machines, script) = compare(OLD, &text);
    assert!(script.contains("if test -w /; then sh -eu"), "{script}");
    assert_eq!(machines.at("10.0.0.12").join("sudo").exists(), !rustix::process::geteuid().is_root());
}

#[test]
fn a_new_ca_by_hand_can_sign() {
    let text = OLD_PLAN.replace("where: files", "where: new");
    let new = plan(&text);
    let folder = TempDir::new().unwrap();
    let script = script::new_ca(&new).unwrap();
    is_clean(&script);
    let home = folder.path().display().to_string();
    std::fs::create_dir(folder.path().join("the ca's")).unwrap();
    let file = folder.path().join("ca.sh");
    std::fs::write(&file, script.replace("/home/op", &home)).unwrap();
    let run = || Command::new("sh").arg(&file).stdin(Stdio::null()).output().unwrap();
    let output = run();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| std::fs::read(folder.path().join("the ca's").join(name)).unwrap();
    let key = read("ca.key");
    pki::CaSigner::load(&read("ca.crt"), &key, None, jiff::Timestamp::now()).unwrap();
    let mode = std::fs::metadata(folder.path().join("the ca's/ca.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(!run().status.success(), "an existing CA is not replaced");
    assert_eq!(read("ca.key"), key);
    assert_eq!(script::new_ca(&plan(OLD_PLAN)), None);
}

#[test]
fn a_file_that_is_replaced_is_kept_and_a_host_with_a_problem_is_left_alone() {
    let unit = "/etc/systemd/system/kubelet.service";
    let theirs = |world: &LabWorld| {
        world.lab().machine("w1", |machine| {
            let file = gangplank::lab::LabFile {
                bytes: b"[Unit]\nDescription=theirs\n".to_vec(),
                mode: "644".to_owned(),
                owner: "root:root".to_owned(),
            };
            machine.files.insert(unit.to_owned(), file);
        });
    };
    let world = lab(FIRST_CLUSTER);
    theirs(&world);
    let (stops, replaces) = (
        plan(FIRST_CLUSTER_PLAN),
        plan(
            &FIRST_CLUSTER_PLAN
                .replace("address: \"10.0.0.[11-12]\"", "replace: true, address: \"10.0.0.[11-12]\""),
        ),
    );
    let script = script::script(&stops, &seen(&world, &stops));
    is_clean(&script);
    assert!(
        script.contains("E-FILE-01") && !script.contains("root_w1") && script.contains("root_w2"),
        "{script}"
    );
    let script = script::script(&replaces, &seen(&world, &replaces));
    is_clean(&script);
    let machines = Machines::of(&world, &replaces);
    machines.run_well(&script);
    let kept = machines.at("10.0.0.11").join("var/lib/onboard-before/etc-systemd-system-kubelet.service");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "[Unit]\nDescription=theirs\n");
    assert!(String::from_utf8(machines.read("10.0.0.11", unit)).unwrap().contains("kubelet"));
}

#[test]
fn requests_for_an_offline_ca_are_laid_out_and_no_certificate_is_made_up() {
    let text = OLD_PLAN
        .replace("where: files", "where: offline")
        .replace(", key: \"/home/op/the ca's/ca.key\"}", "}");
    let (world, plan) = (lab(OLD), plan(&text));
    let script = script::script(&plan, &seen(&world, &plan));
    is_clean(&script);
    let machines = Machines::of(&world, &plan);
    let output = machines.run(&script);
    assert!(!output.status.success(), "there are no certificates yet");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("Carry the folder onboard-offline"), "{said}");
    let folder = machines.at("onboard-offline");
    let csr = std::fs::read(folder.join("w1-worker.csr")).unwrap();
    pki::check_csr(&csr, None, &gangplank::step::request(&wish_of("w1", "10.0.0.11"))).unwrap();
    assert!(std::fs::read_to_string(folder.join("w1-worker.ext")).unwrap().contains("IP:10.0.0.11"));
    assert!(!machines.at("10.0.0.11").join("etc/kubernetes/ssl/worker.crt").exists());
}

fn wish_of(name: &str, address: &str) -> gangplank::plan::action::CertificateSpec {
    gangplank::plan::action::CertificateSpec {
        cn: format!("system:node:{name}"),
        organizations: vec!["system:nodes".to_owned()],
        ips: vec![address.parse().unwrap()],
        names: vec![name.to_owned()],
        client: true,
        server: true,
        days: 365,
    }
}

/// The commands of a current cluster are typed as they stand: no word of gangplank's own, and nothing of docker.
#[test]
fn the_script_of_a_current_cluster_is_in_commands_of_the_system_and_of_containerd() {
    let demo = gangplank::engine::demo::open("current", 0.0, Some(7)).unwrap();
    let world = LabWorld::new(demo.world.lab().clone(), &demo.world.home());
    let plan = plan(&demo.plan_text);
    let script = script::script(&plan, &seen(&world, &plan));
    is_clean(&script);
    let functions = gangplank::host::batch::PRELUDE.lines().filter_map(|line| line.split_once("() {"));
    let names: Vec<&str> = functions.map(|(name, _)| name).collect();
    let own: Vec<&str> = script
        .lines()
        .filter(|line| names.contains(&line.trim_start().split(' ').next().unwrap_or_default()))
        .collect();
    assert!(own.is_empty(), "{own:#?}");
    assert!(!script.to_lowercase().contains("docker"), "{script}");
    for line in [
        "\nlogs_and_exec() {\n",
        "\nlogs_and_exec worker01\nlogs_and_exec worker02",
        "ctr -n k8s.io images import",
        "config dump > /dev/null",
        "systemctl restart containerd",
    ] {
        assert!(script.contains(line), "{line}\n{script}");
    }
}
