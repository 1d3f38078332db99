//! The end state of a lab without what differs from run to run: keys, serial numbers, run ids, times.

use std::collections::BTreeMap;

use gangplank::lab::{HERE, LabMachine, Picture};
use gangplank::pki;
use gangplank::plan::action::sha256;

use super::bench::{ALL, Bench};

/// What the kubelet reads only when it starts.
const INPUTS: [&str; 5] = [
    "/etc/systemd/system/kubelet.service",
    "/var/lib/kubelet/config.yaml",
    "/etc/kubernetes/worker-kubeconfig.yaml",
    "/etc/kubernetes/ssl/worker.crt",
    "/etc/kubernetes/ssl/worker.key",
];

pub fn is_key(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == "key")
}

fn file(machine: &LabMachine, path: &str) -> String {
    let file = &machine.files[path];
    let kind = if path.ends_with("pem") {
        let key =
            openssl::pkey::PKey::private_key_from_pem(&file.bytes).unwrap().public_key_to_der().unwrap();
        let cert = pki::examine(&file.bytes).unwrap();
        format!("pair of {}, its certificate fits: {}", cert.subject_text(), cert.spki_sha256 == sha256(&key))
    } else if is_key(path) {
        let public =
            openssl::pkey::PKey::private_key_from_pem(&file.bytes).unwrap().public_key_to_der().unwrap();
        let cert = pki::examine(&machine.files[&path.replace(".key", ".crt")].bytes);
        let fits = cert.is_ok_and(|cert| cert.spki_sha256 == sha256(&public));
        format!("key, its certificate fits: {fits}")
    } else if let (true, Ok(cert)) =
        (path.rsplit_once('.').is_some_and(|(_, end)| end == "crt"), pki::examine(&file.bytes))
    {
        format!("certificate {} {:?} {:?}", cert.subject_text(), cert.sans, cert.purposes)
    } else {
        String::from_utf8_lossy(&file.bytes).into_owned()
    };
    format!("{} {} {kind}", file.mode, file.owner)
}

/// What the kubelet runs with that is not what lies there now.
pub fn stale(machine: &LabMachine) -> Vec<&'static str> {
    let is = |path: &&str| {
        machine.kubelet_read(path) != machine.files.get(*path).map(|file| file.bytes.as_slice())
    };
    let loaded = machine.units.get("kubelet").and_then(|unit| unit.loaded.clone());
    let unit = loaded == machine.files.get(INPUTS[0]).map(|file| file.bytes.clone());
    let mut stale: Vec<&str> = INPUTS.into_iter().filter(|path| is(path)).collect();
    if !unit {
        stale.push("the unit as systemd read it");
    }
    stale
}

/// Everything, line by line.
pub fn state(bench: &Bench) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let workers = bench.lab().workers();
    for name in workers.iter().map(String::as_str).chain([HERE, "root-ca-host"]) {
        bench.lab().machine(name, |machine| {
            let kept = format!("{}/", machine.state);
            for path in machine.files.keys().filter(|path| !path.starts_with(&kept)) {
                // One that was rotated in has its time in its name.
                let shown = path.trim_end_matches(|c: char| c.is_ascii_digit() || ".pem".contains(c));
                let dated = path.ends_with("pem") && shown.ends_with("kubelet-client-");
                let shown = if dated { format!("{shown}*.pem") } else { path.clone() };
                all.insert(format!("{name} {shown}"), file(machine, path));
            }
            for (path, mode) in machine.folders.iter().filter(|(path, _)| !path.starts_with(&machine.state)) {
                all.insert(format!("{name} {path}/"), mode.clone());
            }
            for (unit, state) in &machine.units {
                all.insert(format!("{name} unit {unit}"), format!("{} {}", state.enabled, state.active));
            }
            all.insert(format!("{name} images"), format!("{:?}", machine.images));
            let mut rows: Vec<&str> = machine
                .containers
                .iter()
                .filter(|one| one.manifest != "cluster")
                .map(|one| one.name.as_str())
                .collect();
            rows.sort_unstable();
            all.insert(format!("{name} containers"), format!("{rows:?} rules: {}", machine.rules));
            if machine.units.get("kubelet").is_some_and(|unit| unit.active) {
                all.insert(format!("{name} kubelet has not read"), format!("{:?}", stale(machine)));
            }
        });
    }
    bench.lab().cluster_state(|cluster| {
        all.insert("nodes".to_owned(), cluster.node_names().join(" "));
        for (path, object) in &cluster.objects {
            let mut object = object.clone();
            for field in ["uid", "resourceVersion"] {
                object["metadata"].as_object_mut().unwrap().remove(field);
            }
            all.insert(path.clone(), object.to_string());
        }
    });
    all
}

/// All machines as undo must bring them back; this computer's session folder stays.
pub fn pictures(bench: &Bench) -> Vec<(&'static str, Picture)> {
    ALL.into_iter()
        .chain(["root-ca-host", HERE])
        .map(|name| {
            let picture = bench.lab().machine(name, |machine| {
                let mut machine = machine.clone();
                if machine.here {
                    let state = machine.state.clone();
                    machine.folders.remove(&state);
                }
                machine.picture()
            });
            (name, picture.unwrap())
        })
        .collect()
}

/// All machines are as they were.
#[track_caller]
pub fn assert_as_before(bench: &Bench, before: &[(&'static str, Picture)], about: &str) {
    for ((name, is), (_, was)) in pictures(bench).iter().zip(before) {
        if is != was {
            let (is, was) = (format!("{is:#?}"), format!("{was:#?}"));
            let diff = similar::TextDiff::from_lines(was.as_str(), is.as_str());
            let diff = diff.unified_diff().context_radius(2).to_string();
            panic!("{about}: {name} is not as before:\n{}", diff.get(..4000).unwrap_or(&diff));
        }
    }
}

#[track_caller]
pub fn assert_same_state(is: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>, about: &str) {
    let differs = |key: &&String| is.get(*key) != wanted.get(*key);
    let keys: std::collections::BTreeSet<&String> = is.keys().chain(wanted.keys()).collect();
    let lines: Vec<String> = keys
        .iter()
        .filter(|key| differs(key))
        .map(|key| format!("{key}\n  is     {:?}\n  wanted {:?}", is.get(*key), wanted.get(*key)))
        .collect();
    assert!(lines.is_empty(), "{about}:\n{}", lines.join("\n"));
}
