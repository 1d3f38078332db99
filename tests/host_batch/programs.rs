//! Programs: sent once, tried where they wait, put in place only when all are as wanted, and brought back by their record.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gangplank::host::{BatchProgress, Host, LocalHost, Stop};
use gangplank::plan::action::{Action, Content, ProgramTrial, sha256};
use gangplank::plan::fact::{FactQuery, Known};
use gangplank::plan::programs::{ProgramFolder, ProgramForm, WAITING};
use gangplank::plan::record::RecordKind;
use gangplank::plan::written::{RunFolder, Written};

use crate::support::{Run, all_well, done, local, names, over, with_programs};

/// What waits lies in one folder, whoever sent it.
static WAITS: Mutex<()> = Mutex::new(());

/// A program that says this version, and as much more as makes it large.
fn saying(words: &str, more: usize) -> Vec<u8> {
    format!("#!/bin/sh\necho '{words}'\nexit 0\n{}\n", "#".repeat(more)).into_bytes()
}

struct Sent {
    name: &'static str,
    source: PathBuf,
    bytes: Vec<u8>,
}

impl Sent {
    fn new(folder: &Path, name: &'static str, bytes: Vec<u8>) -> Self {
        let source = folder.join(format!("source-{name}"));
        fs::write(&source, &bytes).unwrap();
        Self { name, source, bytes }
    }

    fn hash(&self) -> String {
        sha256(&self.bytes)
    }

    fn waits(&self) -> PathBuf {
        Path::new(WAITING).join(self.hash()).join(self.name)
    }

    fn send(&self) -> Action {
        Action::SendProgram {
            name: self.name.to_owned(),
            program: Content::File { path: self.source.clone(), sha256: Some(self.hash()) },
            size: self.bytes.len() as u64,
        }
    }

    fn trial(&self, pattern: &str) -> ProgramTrial {
        let takes = vec![pattern.to_owned()];
        ProgramTrial {
            name: self.name.to_owned(),
            sha256: self.hash(),
            wanted: format!("one of {pattern}"),
            takes,
        }
    }

    fn place(&self, to: &Path) -> Action {
        Action::PlaceProgram {
            name: self.name.to_owned(),
            sha256: self.hash(),
            path: to.display().to_string(),
            effect: String::new(),
        }
    }
}

fn trying(programs: Vec<ProgramTrial>) -> Action {
    Action::TryPrograms { programs, config: None }
}

#[test]
fn programs_are_tried_where_they_wait_and_put_in_place_with_the_old_one_kept() {
    if !crate::root() {
        return;
    }
    let _one = WAITS.lock().unwrap_or_else(PoisonError::into_inner);
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let kubelet = Sent::new(dir.path(), "kubelet", saying("Kubernetes v1.37.2", 2 << 20));
    let runc = Sent::new(dir.path(), "runc", saying("runc version 1.1.5+ds1", 10));
    let plugin = Sent::new(
        dir.path(),
        "bridge",
        saying(r#"{"cniVersion":"1.1.0","supportedVersions":["1.0.0","1.1.0"]}"#, 10),
    );
    let places = dir.path().join("deep/bin");
    let old = places.join("kubelet");
    fs::create_dir_all(&places).unwrap();
    fs::write(&old, "the old one").unwrap();
    let batch = run.batch(
        vec![
            kubelet.send(),
            runc.send(),
            plugin.send(),
            trying(vec![kubelet.trial("v1.37.*"), runc.trial("*"), plugin.trial("*")]),
            kubelet.place(&old),
            runc.place(&places.join("runc")),
            plugin.place(&dir.path().join("cni/bin/bridge")),
        ],
        Vec::new(),
    );
    let end = done(&mut local(), &batch);
    all_well(&end, 7);
    assert_eq!(end.actions[&3].out.trim(), "kubelet v1.37.2\nrunc 1.1.5+ds1\nbridge 1.0.0,1.1.0");
    let meta = fs::metadata(&old).unwrap();
    assert_eq!(
        (fs::read(&old).unwrap(), meta.mode() & 0o7777, meta.nlink()),
        (kubelet.bytes.clone(), 0o755, 1)
    );
    assert_eq!(fs::read(dir.path().join("cni/bin/bridge")).unwrap(), plugin.bytes);
    assert!(!Path::new(WAITING).exists(), "nothing waits any more");
    assert_eq!(names(&places), ["kubelet", "runc"]);
    let line = run.record().into_iter().find(|line| line.path == old.display().to_string()).unwrap();
    assert_eq!(
        (line.kind, line.old.as_str(), line.new.as_str()),
        (RecordKind::Put, sha256(b"the old one").as_str(), kubelet.hash().as_str())
    );
    let back = Action::RestoreFile {
        path: old.display().to_string(),
        run: RunFolder::Of(run.0.clone()),
        old: line.old,
        new: Written::Sha256(kubelet.hash()),
        mode: line.mode,
    };
    all_well(&done(&mut local(), &run.batch(vec![back], Vec::new())), 1);
    assert_eq!(fs::read(&old).unwrap(), b"the old one");
}

#[test]
fn one_that_is_not_as_wanted_keeps_all_from_their_places_and_only_it_is_sent_again() {
    if !crate::root() {
        return;
    }
    let _one = WAITS.lock().unwrap_or_else(PoisonError::into_inner);
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let good = Sent::new(
        dir.path(),
        "containerd",
        saying("containerd github.com/containerd/containerd/v2 v2.4.2 abc", 2 << 20),
    );
    let newer = Sent::new(dir.path(), "kubelet", saying("Kubernetes v1.38.0", 10));
    let deaf = Sent::new(dir.path(), "ctr", b"#!/bin/sh\necho 'no such machine' >&2\nexit 126\n".to_vec());
    let place = dir.path().join("containerd");
    let batch = |programs: Vec<&Sent>| {
        let trials =
            programs.iter().map(|one| one.trial(if one.name == "kubelet" { "v1.37.*" } else { "*" }));
        let mut actions: Vec<Action> = programs.iter().map(|one| one.send()).collect();
        actions.push(trying(trials.collect()));
        actions.push(good.place(&place));
        run.batch(actions, vec![FactQuery::Programs])
    };
    let end = done(&mut local(), &batch(vec![&good, &newer, &deaf]));
    let tried = &end.actions[&3];
    assert_eq!(tried.status, Some(1));
    assert_eq!(tried.out.trim(), "containerd 2.4.2");
    assert_eq!(
        tried.err.trim().lines().collect::<Vec<_>>(),
        [
            "kubelet is v1.38.0, wanted: one of v1.37.*",
            "ctr does not say its version on this machine: no such machine",
            "nothing was put in place"
        ]
    );
    assert!(!end.actions.contains_key(&4) && !place.exists() && !run.folder().exists());
    assert!(good.waits().exists() && !newer.waits().exists() && !deaf.waits().exists());
    let waiting = end.facts.programs().yes().map(|there| there.waiting.clone());
    assert_eq!(waiting, Some(vec![good.hash()]));
    // A run that was cut off before its places goes on with what waits, without sending.
    let other = Sent::new(dir.path(), "loopback", saying(r#"{"supportedVersions":["1.0.0"]}"#, 10));
    all_well(&done(&mut local(), &run.batch(vec![other.send()], Vec::new())), 1);
    let rest = run.batch(
        vec![trying(vec![good.trial("2.*"), other.trial("*")]), other.place(&dir.path().join("loopback"))],
        Vec::new(),
    );
    let end = done(&mut local(), &rest);
    all_well(&end, 2);
    assert_eq!(end.actions[&0].out.trim(), "containerd 2.4.2\nloopback 1.0.0");
    // The next one finds it there: two megabytes are not sent again.
    let sent = Mutex::new(0);
    let end = local().run(&batch(vec![&good]), &Stop::default(), &mut |heard| {
        if let BatchProgress::Sent(bytes, _) = heard {
            *sent.lock().unwrap() = bytes;
        }
    });
    all_well(&end, 3);
    assert!(*sent.lock().unwrap() < 1 << 20, "{} bytes", sent.lock().unwrap());
    assert_eq!(fs::read(&place).unwrap(), good.bytes);
}

#[test]
fn one_that_changed_on_the_way_or_while_it_waited_is_not_taken() {
    if !crate::root() {
        return;
    }
    let _one = WAITS.lock().unwrap_or_else(PoisonError::into_inner);
    let (dir, run) = (tempfile::tempdir().unwrap(), Run::new());
    let kubelet = Sent::new(dir.path(), "kubelet", saying("Kubernetes v1.37.2", 10));
    all_well(&done(&mut local(), &run.batch(vec![kubelet.send()], Vec::new())), 1);
    fs::write(kubelet.waits(), "another").unwrap();
    let end = done(&mut local(), &run.batch(vec![trying(vec![kubelet.trial("*")])], Vec::new()));
    assert_eq!(end.actions[&0].status, Some(1));
    assert!(end.actions[&0].err.contains("it does not wait there any more"), "{end:?}");
    // It is sent over what is wrong there.
    all_well(&done(&mut local(), &run.batch(vec![kubelet.send()], Vec::new())), 1);
    assert_eq!(fs::read(kubelet.waits()).unwrap(), kubelet.bytes);
    fs::write(&kubelet.source, "another").unwrap();
    let end = done(&mut local(), &run.batch(vec![kubelet.send()], Vec::new()));
    assert!(format!("{:?}", end.trouble).contains("OtherHash"), "{end:?}");
    fs::remove_dir_all(WAITING).unwrap();
}

#[test]
fn what_lies_in_the_places_of_programs_is_told_with_its_hash() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    crate::support::program(dir.path(), "runc", "#!/bin/sh\n");
    let Some(wire) = with_programs(dir.path()) else { return };
    let run = Run::new();
    let end = done(&mut over(Arc::new(wire)), &run.batch(Vec::new(), vec![FactQuery::Programs]));
    let Known::Yes(there) = end.facts.programs() else { panic!("{end:?}") };
    let runc = there.at("/usr/local/sbin/runc").unwrap();
    assert_eq!((runc.sha256.clone(), runc.size, runc.mode.as_str()), (sha256(b"#!/bin/sh\n"), 10, "755"));
    assert!(runc.owner == "root:root" && there.free_mib.is_some(), "{there:?}");
}

fn folder(path: &Path) -> Result<ProgramFolder, String> {
    let want = FactQuery::ProgramFolder(path.display().to_string());
    let batch = gangplank::host::Batch { queries: vec![want], ..Default::default() };
    let end = LocalHost::new(path.join("state")).run(&batch, &Stop::default(), &mut |_| ());
    match end.facts.program_folder(&path.display().to_string()) {
        Known::Yes(folder) => Ok(folder.clone()),
        other => Err(other.why_not().to_owned()),
    }
}

/// The beginning of a program of ELF.
fn elf(machine: u16, class: u8, order: u8) -> Vec<u8> {
    let two = |number: u16| if order == 2 { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut bytes = vec![0x7f, b'E', b'L', b'F', class, order, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(two(2));
    bytes.extend(two(machine));
    bytes.extend([0; 100]);
    bytes
}

#[test]
fn each_file_of_a_folder_is_named_by_what_it_begins_with() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("kubelet", b"kubelet, to be downloaded\n");
    write("worker/containerd", &elf(183, 2, 1));
    write("worker/runc", &elf(22, 2, 2));
    write("worker/ctr", &elf(62, 2, 1));
    write("worker/kube-proxy", &elf(62, 2, 1));
    write("worker/crictl", b"#!/bin/sh\nexit 0\n");
    write("cni-plugins/bridge", &[0x1f, 0x8b, 8, 0]);
    write("cni-plugins/loopback", b"");
    write("cni-plugins/portmap", b"<!DOCTYPE html><html>404");
    write("client/kubectl", &elf(62, 2, 1));
    std::os::unix::fs::symlink("worker/ctr", dir.path().join("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("cni-plugins/vlan")).unwrap();
    std::os::unix::fs::symlink("../worker/ctr", dir.path().join("cni-plugins/host-local")).unwrap();
    let found = folder(dir.path()).unwrap();
    let told: Vec<(&str, String)> = found
        .programs
        .iter()
        .map(|one| {
            let form = match &one.form {
                ProgramForm::Elf(arch) => format!("{arch} {}", one.sha256.len()),
                ProgramForm::Other(what) => what.clone(),
                ProgramForm::Unreadable(why) => format!("? {why}"),
            };
            (one.name.as_str(), form)
        })
        .collect();
    let wanted = [
        ("kubelet", "a text file (it begins: kubelet, to be downloaded)"),
        ("containerd", "aarch64 64"),
        ("crictl", "a script (#!/bin/sh)"),
        ("ctr", "x86_64 64"),
        ("runc", "s390x 64"),
        ("bridge", "an archive (gzip): unpack it first"),
        ("host-local", "x86_64 64"),
        ("loopback", "an empty file"),
        ("portmap", "a web page, such as a download that failed"),
        ("vlan", "? No such file or directory (os error 2)"),
    ];
    assert_eq!(told, wanted.map(|(name, form)| (name, form.to_owned())));
    assert_eq!(found.others, ["client", "link", "worker/kube-proxy"]);
}

#[test]
fn a_folder_that_is_none_is_said_to_be_none() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    assert_eq!(folder(&file).unwrap_err(), format!("{} is a file, no folder", file.display()));
    let missing = dir.path().join("missing");
    assert_eq!(
        folder(&missing).unwrap_err(),
        format!("{}: No such file or directory (os error 2)", missing.display())
    );
    assert_eq!(folder(dir.path()).unwrap().programs, []);
}
