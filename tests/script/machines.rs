//! Folders that stand for machines, and the small programs in PATH that stand for ssh, sudo and what they start.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use gangplank::engine::world::scripted::LabWorld;
use gangplank::lab::HERE;
use gangplank::plan::model::Plan;
use tempfile::TempDir;

const SSH: &str = r#"#!/bin/sh
# ssh [-t] [-p N] [-i FILE] [-J HOPS] DESTINATION COMMAND: runs it in the folder of that machine
while :; do
  case $1 in -t) shift ;; -p | -i | -J) echo "$1 $2" >> "$MACHINES/ssh.log"; shift 2 ;; *) break ;; esac
done
user=${1%@*} host=${1#*@}; shift
echo "$user@$host: $*" >> "$MACHINES/ssh.log"
ROOT=$MACHINES/$host; export ROOT
mkdir -p "$ROOT/home" && cd "$ROOT/home" || exit 1
map() { LC_ALL=C sed -e "s#/etc/#$ROOT/etc/#g" -e "s#/var/lib/#$ROOT/var/lib/#g" -e "s#/root/#$ROOT/root/#g" -e "s#/usr/local/bin/#$ROOT/usr/local/bin/#g"; }
command=$(printf '%s\n' "$*" | map)
map | sh -c "$command"
"#;

const SUDO: &str = "#!/bin/sh\ntouch \"$ROOT/sudo\"\nexec \"$@\"\n";

const SYSTEMCTL: &str = "#!/bin/sh\necho \"systemctl $*\" >> \"$ROOT/log\"\n";

const DOCKER: &str = "#!/bin/sh\necho \"docker $*\" >> \"$ROOT/log\"\ncase $1 in ps) echo 0123abcd ;; load) [ -s \"$3\" ] ;; esac\n";

const DIG: &str = "#!/bin/sh\necho 10.3.0.1\n";

const KUBECTL: &str = r#"#!/bin/sh
echo "kubectl $*" >> "$MACHINES/kubectl.log"
case $* in
  *apply*) cat >> "$MACHINES/applied.json" ;;
  *'get pods'*) printf 'True\nTrue\n' ;;
  *'get node'*) echo True ;;
esac
"#;

/// Files belong to whoever runs the tests when that is not root.
const INSTALL: &str = r#"#!/bin/sh
n=$#
while [ "$n" -gt 0 ]; do
  case $1 in -o | -g) shift 2; n=$((n - 2)); continue ;; esac
  set -- "$@" "$1"; shift; n=$((n - 1))
done
exec /usr/bin/install "$@"
"#;

fn pair(name: &str) -> (String, String) {
    (name.to_owned(), name.to_owned())
}

/// Workers and this computer: the lab's name and the SSH host.
pub fn places(plan: &Plan) -> Vec<(String, String)> {
    let workers = plan.workers.iter().map(|worker| (worker.name.clone(), worker.ssh.host.clone()));
    workers.chain([pair(HERE)]).collect()
}

/// Folders that stand for machines.
pub struct Machines {
    pub folder: TempDir,
}

impl Machines {
    /// As the lab has them now, each named by its SSH host.
    pub fn of(world: &LabWorld, plan: &Plan) -> Self {
        let machines = Self { folder: TempDir::new().unwrap() };
        let bin = machines.folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let mut programs = vec![
            ("ssh", SSH),
            ("sudo", SUDO),
            ("systemctl", SYSTEMCTL),
            ("docker", DOCKER),
            ("kubectl", KUBECTL),
            ("dig", DIG),
        ];
        if !rustix::process::geteuid().is_root() {
            programs.push(("install", INSTALL));
        }
        for (name, text) in programs {
            std::fs::write(bin.join(name), text).unwrap();
            std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        for (name, host) in places(plan).iter().chain(&[pair("root-ca-host")]) {
            world.lab().machine(name, |machine| {
                for path in machine.folders.keys() {
                    std::fs::create_dir_all(machines.at(host).join(path.trim_start_matches('/'))).unwrap();
                }
                for (path, file) in &machine.files {
                    machines.write(host, path, &file.bytes);
                }
                for path in machine.tars.keys() {
                    machines.write(host, path, b"a tar");
                }
            });
        }
        machines
    }

    pub fn at(&self, machine: &str) -> PathBuf {
        // A shell takes the blank in the lab's name of this computer for two words.
        self.folder.path().join(if machine == HERE { "here" } else { machine })
    }

    pub fn write(&self, machine: &str, path: &str, bytes: &[u8]) {
        let path = self.at(machine).join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Runs the script; paths of this computer are below the folder too.
    pub fn run(&self, script: &str) -> Output {
        let home = self.at(HERE).join("home/op").display().to_string();
        let file = self.folder.path().join("onboard.sh");
        std::fs::write(&file, script.replace("/home/op", &home)).unwrap();
        let path = format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display());
        Command::new("sh")
            .arg(&file)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("MACHINES", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    pub fn run_well(&self, script: &str) -> String {
        let output = self.run(script);
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{err}\n{script}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn read(&self, machine: &str, path: &str) -> Vec<u8> {
        let file = self.at(machine).join(path.trim_start_matches('/'));
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    pub fn log(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    /// Every file of a machine by its path there, with mode and content.
    pub fn tree(&self, machine: &str) -> BTreeMap<String, (String, Vec<u8>)> {
        fn walk(root: &Path, folder: &Path, all: &mut BTreeMap<String, (String, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(root, &path, all);
                    continue;
                }
                let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
                let name = format!("/{}", path.strip_prefix(root).unwrap().display());
                let bytes = std::fs::read(&path).unwrap();
                // What ssh moved below the folder is moved back.
                let bytes = match String::from_utf8(bytes) {
                    Ok(text) => text.replace(&root.display().to_string(), "").into_bytes(),
                    Err(error) => error.into_bytes(),
                };
                all.insert(name, (format!("{mode:o}"), bytes));
            }
        }
        let mut all = BTreeMap::new();
        walk(&self.at(machine), &self.at(machine), &mut all);
        all
    }
}
