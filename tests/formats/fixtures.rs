//! Where the fixtures lie, and how they get to where they are read.

use std::fs;
use std::path::{Path, PathBuf};

use gangplank::lab::{HERE, Lab, LabMachine};

/// The folder `tests/fixtures/82fdae4/NAME`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/82fdae4").join(name)
}

/// The files below a folder, by their path from it.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                all.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

/// Copies all files of a folder into another one.
pub fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn write(machine: &mut LabMachine, from: &Path, to: &str) {
    for (name, bytes) in files(from) {
        machine.write(&format!("{to}/{name}"), &bytes, "644", "root:root");
    }
}

/// The lab's machines as a fixture has them: `w1` with its record, this computer with what it kept.
pub fn settle(lab: &Lab, name: &str) {
    lab.machine("w1", |machine| write(machine, &fixture(name).join("w1"), "")).unwrap();
    lab.machine(HERE, |here| {
        write(here, &fixture(name).join("op"), "/home/op");
        let state = here.state.clone();
        write(here, &fixture(name).join("sessions/first/kept"), &state);
    })
    .unwrap();
}
