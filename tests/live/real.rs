//! The threads over a real sshd, with a docker of the test's own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank::engine::{RealWorld, World};
use gangplank::host::TrustPolicy;
use gangplank::live::{Change, Link, Watch, WatchTarget};
use gangplank::plan::model::{ApiAddress, Login};
use tempfile::TempDir;

use crate::sshd::{LIMIT, Sshd, fingerprint_of, output};
use crate::support::{A_MOMENT, ear, place, row};

/// A machine whose docker is a script: `ps` prints the file `rows`, `events` follows the file `events`.
pub struct Machine {
    pub sshd: Sshd,
    pub dir: TempDir,
}

/// `None` where there is no sshd, or no mount namespace can be made.
pub fn machine() -> Option<Machine> {
    let dir = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).unwrap();
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    program(
        "docker",
        "#!/bin/sh\nd=${0%/*}; case $1 in events) exec tail -f -n 0 $d/events ;; ps) cat $d/rows ;; esac\n",
    );
    program("systemctl", "#!/bin/sh\nprintf 'ActiveState=active\\nSubState=running\\nNRestarts=0\\n'\n");
    for name in ["events", "rows"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    let enter = dir.path().join("enter");
    let text = format!(
        "#!/bin/sh\nexec unshare -m sh -c 'mount --bind {} /usr/local/sbin && exec sh -c \"$SSH_ORIGINAL_COMMAND\"'\n",
        dir.path().display()
    );
    program("enter", &text);
    let tried = std::process::Command::new(&enter).env("SSH_ORIGINAL_COMMAND", "true").output().unwrap();
    if !tried.status.success() {
        crate::sshd::left_out::left_out("no mount namespace can be made here");
        return None;
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let sshd = Sshd::start(&format!("ForceCommand {}", enter.display()))?;
    Some(Machine { sshd, dir })
}

impl Machine {
    pub fn login(&self) -> Login {
        let host_key = Some(fingerprint_of(&self.sshd.at("host_ed25519.pub")));
        Login { host_key, ..self.sshd.login() }
    }

    pub fn start(&self, rows: &[String]) {
        fs::write(self.dir.path().join("part"), rows.join("\n") + "\n").unwrap();
        fs::rename(self.dir.path().join("part"), self.dir.path().join("rows")).unwrap();
        let mut events = fs::OpenOptions::new().append(true).open(self.dir.path().join("events")).unwrap();
        writeln!(events, "2026-11-23T12:00:00Z container start").unwrap();
    }

    /// Command lines of everything that runs on this machine: its home folder is nobody else's.
    fn left(&self) -> Vec<String> {
        let home = format!("HOME={}\0", self.sshd.at("home").display());
        let folders = fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
        let read = |path: &Path, name: &str| {
            String::from_utf8_lossy(&fs::read(path.join(name)).unwrap_or_default()).into_owned()
        };
        folders
            .filter(|path| read(path, "environ").contains(&home))
            .map(|path| read(&path, "cmdline").replace('\0', " "))
            .filter(|line| !line.is_empty())
            .collect()
    }
}

fn world(machine: &Machine, kept: &Path) -> Arc<RealWorld> {
    let api = ApiAddress { host: "127.0.0.1".to_owned(), port: 1 };
    Arc::new(machine.sshd.world(TrustPolicy::default(), &api, kept.to_owned()))
}

#[test]
fn a_container_that_starts_is_heard_of_within_half_a_second_over_the_connection_the_work_uses() {
    let Some(machine) = machine() else { return };
    let kept = tempfile::tempdir().unwrap();
    let world = world(&machine, kept.path());
    let spots = [WatchTarget { place: place("w1"), login: machine.login(), runtime: None }];
    let (send, mut ear) = ear(&spots);
    let mut watch = Watch::new(Arc::clone(&world) as _, send);
    watch.hosts(&spots);
    ear.until("the first look", |_, change| matches!(change, Change::First(_)));
    let mut times = Vec::new();
    let mut rows = Vec::new();
    for id in ['a', 'b', 'c', 'd', 'e'] {
        rows.insert(0, row(id, "web"));
        let begun = Instant::now();
        machine.start(&rows);
        let heard = ear.until(
            "it started",
            |_, change| matches!(change, Change::Started(_, one) if one.id.starts_with(id)),
        );
        times.push(heard.duration_since(begun));
    }
    times.sort();
    println!("{times:?}");
    assert!(times[2] < A_MOMENT, "{times:?}");
    let counts = world.host(&place("w1"), &machine.login()).unwrap().counts();
    assert_eq!((counts.connections, counts.execs), (1, 1));

    // The connection is lost: it says why, and comes back by itself on a new one.
    let sessions = output(
        "pgrep",
        &["-P", &output("pgrep", &["-f", &format!("sshd.*{}", machine.sshd.at("sshd_config").display())])],
    );
    for session in sessions.lines() {
        output("kill", &["-KILL", session]);
    }
    ear.until("it is lost", |panel, _| match &panel.rows()[0].link {
        Link::Down { why, again, .. } => !why.is_empty() && again.is_some(),
        Link::Idle | Link::Connecting | Link::Up => false,
    });
    ear.until("it is back", |panel, _| panel.rows()[0].link == Link::Up);
    rows.insert(0, row('f', "web"));
    machine.start(&rows);
    ear.until(
        "news after the loss",
        |_, change| matches!(change, Change::Started(_, one) if one.id.starts_with('f')),
    );

    assert!(machine.left().iter().any(|line| line.starts_with("tail -f")), "{:?}", machine.left());
    drop(watch);
    ear.ends();
    let deadline = Instant::now() + LIMIT;
    while !machine.left().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", machine.left());
        std::thread::park_timeout(Duration::from_millis(20));
    }
    drop(world);
}
