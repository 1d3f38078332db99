//! The program itself: `gangplank watch` on a terminal, as lines, as JSON, and without a terminal.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;

use crate::real::{Machine, machine};
use crate::sshd::{LIMIT, fingerprint_of};
use crate::support::row;

const PROGRAM: &str = env!("CARGO_BIN_EXE_gangplank");

fn plan(machine: &Machine, home: &Path) -> PathBuf {
    let sshd = &machine.sshd;
    let text = format!(
        "cluster: {{name: here, api: 'https://127.0.0.1:1', service_range: 10.3.0.0/24, dns: 10.3.0.2}}\n\
         ca: {{where: files, cert: ca.crt, key: ca.key}}\n\
         workers:\n- {{name: w1, address: 192.0.2.1, ssh: {{host: 127.0.0.1, port: {}, user: {}, key: {}, host_key: '{}'}}}}\n",
        sshd.port,
        sshd.user,
        sshd.at("id").display(),
        fingerprint_of(&sshd.at("host_ed25519.pub")),
    );
    let file = home.join("plan.yaml");
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn without_a_terminal_it_says_which_flags_to_use() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM)
        .args(["watch", "plan.yaml"])
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("--plain") && said.contains("--json"), "{said}");
}

#[test]
fn json_lines_tell_a_start_and_end_with_the_reader() {
    let Some(machine) = machine() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(PROGRAM)
        .arg("watch")
        .arg(plan(&machine, home.path()))
        .arg("--json")
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |wanted: &dyn Fn(&Value) -> bool| {
        lines
            .by_ref()
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .find(|value| wanted(value))
            .unwrap()
    };
    let sample: Value = until(&|value| value["kind"] == "sample");
    assert_eq!(
        (&sample["place"], &sample["kubelet"], &sample["v"]),
        (&"w1".into(), &"active/running".into(), &1.into())
    );
    machine.start(&[row('a', "web")]);
    let started: Value = until(&|value| value["kind"] == "container-started");
    assert_eq!(started["container"]["names"], "web");
    assert_eq!(started["container"]["created"], "2026-11-23T11:30:00Z");
    drop(lines);
    // The next line meets a closed pipe.
    machine.start(&[]);
    let deadline = Instant::now() + LIMIT;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it goes on without a reader");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A terminal somebody looks at.
struct Seen {
    parser: Arc<Mutex<vt100::Parser>>,
}

impl Seen {
    fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let text = self.text();
            if holds(&text) {
                return;
            }
            assert!(Instant::now() < deadline, "not on the screen: {what}\n{text}");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

#[test]
fn on_a_terminal_a_container_appears_a_host_is_opened_and_the_terminal_comes_back() {
    let Some(machine) = machine() else { return };
    let home = tempfile::tempdir().unwrap();
    let size = PtySize { rows: 20, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(["watch".as_ref(), plan(&machine, home.path()).as_os_str()]);
    command.env_clear();
    for (name, value) in [("TERM", "xterm"), ("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin")] {
        command.env(name, value);
    }
    command.env("HOME", home.path());
    let before = pair.master.get_termios().unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    let seen = Seen { parser: Arc::new(Mutex::new(vt100::Parser::new(20, 80, 0))) };
    let (parser, mut reader) = (Arc::clone(&seen.parser), pair.master.try_clone_reader().unwrap());
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count) = reader.read(&mut buffer) {
            if count == 0 {
                return;
            }
            parser.lock().unwrap().process(&buffer[..count]);
        }
    });
    let mut keys = pair.master.take_writer().unwrap();
    seen.until("the host and what the API said", |text| text.contains("● up") && text.contains("0 running"));
    assert!(seen.parser.lock().unwrap().screen().alternate_screen());
    let begun = Instant::now();
    machine.start(&[row('a', "web")]);
    seen.until("the new container", |text| text.contains("1 running  web new"));
    println!("on the screen after {:?}", begun.elapsed());
    keys.write_all(b"\r").unwrap();
    seen.until("the table", |text| text.contains("CONTAINER ID") && text.contains("new  aaaaaaaaaaaa"));
    keys.write_all(b"\x0c").unwrap();
    seen.until("the table again", |text| text.contains("CONTAINER ID"));
    keys.write_all(b"\x1b").unwrap();
    seen.until("all hosts", |text| text.contains("HOST") && text.contains("▶ w1"));
    keys.write_all(b"q").unwrap();
    let deadline = Instant::now() + LIMIT;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "q does not end it");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(child.wait().unwrap().success());
    seen.until("the terminal as it was", |text| text.contains("connecting"));
    assert!(!seen.parser.lock().unwrap().screen().alternate_screen());
    assert_eq!(pair.master.get_termios().unwrap(), before);
}
