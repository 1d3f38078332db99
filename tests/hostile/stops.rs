//! Ctrl-C while something hostile holds the program still: it answers within a second, in every phase that can be held.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::sshd::Sshd;
use crate::stage::{Sent, Stage, interrupt, listen, silence};
use crate::{api, files, shells};

/// The first answer to Ctrl-C, on a machine that has other work too.
const ANSWERS: Duration = Duration::from_millis(1500);

/// A phase and what holds it.
struct Phase {
    name: &'static str,
    /// What is started.
    commands: &'static [&'static str],
    /// How often Ctrl-C is pressed: what is being changed ends at the second, as the first says.
    presses: usize,
    /// Within how many seconds after the last of them an `apply` ends; a `plan` ends at once.
    ends: u64,
    /// What it says once it stands there; else it is given a moment.
    stands: Option<&'static str>,
    make: fn(&mut Stage) -> Option<Sent>,
}

const BOTH: &[&str] = &["plan", "apply"];
const APPLY: &[&str] = &["apply"];

fn looks(name: &'static str, ends: u64, make: fn(&mut Stage) -> Option<Sent>) -> Phase {
    Phase { name, commands: BOTH, presses: 1, ends, stands: None, make }
}

fn looks_of_apply(name: &'static str, ends: u64, make: fn(&mut Stage) -> Option<Sent>) -> Phase {
    Phase { commands: APPLY, ..looks(name, ends, make) }
}

fn changes(name: &'static str, make: fn(&mut Stage) -> Option<Sent>) -> Phase {
    Phase { name, commands: APPLY, presses: 2, ends: 4, stands: None, make }
}

fn phases() -> Vec<Phase> {
    vec![
        looks("ssh_config", 1, |stage| {
            stage.write(".ssh/config", "Match exec \"sleep 300\"\n  User root\n");
            stage.plan(None, "{host: 127.0.0.1, port: 1, user: root}", "");
            Some(Sent::plan(stage))
        }),
        looks("connect", 1, |stage| {
            // Nobody accepts, and nobody more fits into the queue: the next one waits.
            let full = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let at = full.local_addr().unwrap();
            let mut queue = Vec::new();
            while let Ok(one) = TcpStream::connect_timeout(&at, Duration::from_millis(300)) {
                queue.push(one);
            }
            stage.plan(None, &format!("{{host: 127.0.0.1, port: {}, user: root}}", at.port()), "");
            stage.keep((full, queue));
            Some(Sent::plan(stage))
        }),
        looks("banner", 1, |stage| Some(stage.raw_host(|socket| silence(&socket)))),
        looks("banner flood", 1, |stage| {
            Some(stage.raw_host(
                |mut socket| {
                    while std::io::Write::write_all(&mut socket, &[b'a'; 16_384]).is_ok() {}
                },
            ))
        }),
        looks("login", 1, |stage| {
            let sent = shells::host(
                stage,
                "exit 0",
                "AuthorizedKeysCommand /bin/sleep 900\nAuthorizedKeysCommandUser root",
            );
            // The key stands in no file: the command is asked.
            let sshd = stage.kept::<Sshd>()?;
            std::fs::write(sshd.at("authorized"), "").unwrap();
            sent
        }),
        looks("agent", 1, |stage| {
            let mut sent = shells::host(stage, "exit 0", "")?;
            let key = stage.kept::<Sshd>()?.at("id.pub");
            sent.env.push(("SSH_AUTH_SOCK", files::still_agent(stage, &key)));
            Some(sent)
        }),
        looks("facts", 2, |stage| shells::host(stage, "exec sleep 900", "")),
        looks("facts flood", 2, |stage| shells::host(stage, "while :; do echo a; sleep 0.1; done", "")),
        looks("facts of the CA's host", 2, |stage| shells::ca_host(stage, "exec sleep 900", None)),
        looks("API", 2, |stage| Some(api::still(stage))),
        looks("API handshake", 2, |stage| {
            let port = listen(|socket| silence(&socket));
            stage.plan(Some(port), "{host: 127.0.0.1, port: 1, user: root}", "");
            Some(Sent::plan(stage))
        }),
        looks_of_apply("proof: kubectl", 1, |stage| {
            stage.program("kubectl", "case \"$*\" in *get*) exec sleep 900;; esac");
            let port = api::empty(stage);
            stage.plan(Some(port), "{host: 127.0.0.1, port: 1, user: root}", "");
            Some(Sent::plan(stage))
        }),
        changes("batch", |stage| worker(stage, "exec sleep 900")),
        changes("upload", |stage| worker(stage, "printf '\\n%s c 0\\n' \"$m\" >&2; exec sleep 900")),
        changes("signing: the CA's host", |stage| {
            let (api, text) = (api::knows_nobody(stage), shells::real(stage, &[], shells::BEGUN));
            shells::ca_host(stage, &text, Some(api))
        }),
        changes("signing: openssl", |stage| {
            let api = api::knows_nobody(stage);
            let never = "case $1 in ca) exec sleep 900;; esac; exec /usr/bin/openssl \"$@\"";
            let text = shells::real(stage, &[("openssl", never.to_owned())], "");
            shells::ca_host(stage, &text, Some(api))
        }),
    ]
}

/// A stand-in for a worker that lacks a kubelet, whose first action goes thus: nothing of this computer is changed, and its
/// lock is not taken.
fn worker(stage: &mut Stage, then: &str) -> Option<Sent> {
    let programs = [
        ("uname", "echo w1 5.10.0 x86_64"),
        ("ip", "echo '2: eth0    inet 192.168.2.1/24 brd 192.168.2.255 scope global eth0'"),
        (
            "docker",
            "case $1 in info) printf 'Server Version: 19.03.15\\nStorage Driver: overlay2\\nCgroup Driver: cgroupfs\\n';; esac",
        ),
        ("systemctl", "echo LoadState=loaded; echo ActiveState=active; echo SubState=running"),
    ];
    let programs = programs.map(|(name, text)| (name, text.to_owned()));
    let first = format!(
        "s=$(printf %s. \"$s\" | sed 's|-d /run/systemd/system|-d /|; s|^claim .*|mark u|'); s=${{s%.}}\n{}",
        shells::BEGUN.replace("exec sleep 900", then)
    );
    let text = shells::real(stage, &programs, &first);
    let sent = shells::host(stage, &text, "")?;
    let kubelet = vec![b'k'; 40 << 20];
    let sha256: String = openssl::sha::sha256(&kubelet).iter().map(|byte| format!("{byte:02x}")).collect();
    stage.write("kubelet", kubelet);
    let plan = std::fs::read_to_string(stage.at("plan.yaml")).unwrap();
    stage.write("plan.yaml", format!("{plan}    kubelet: {{file: kubelet, sha256: {sha256}}}\n"));
    Some(sent)
}

/// Starts it, presses Ctrl-C once it stands where it is held; when it first answered after that, when it ended after
/// the last one, and what it said.
fn pressed(stage: &Stage, sent: &Sent, phase: &Phase) -> (Option<Duration>, Duration, String) {
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", stage.at("bin").display());
    let mut child = Command::new(env!("CARGO_BIN_EXE_gangplank"))
        .args(&sent.args)
        .env_clear()
        .env("HOME", stage.home.path())
        .env("PATH", path)
        .envs(sent.env.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (say, hear) = channel();
    let pipes: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stderr.take().unwrap()), Box::new(child.stdout.take().unwrap())];
    for pipe in pipes {
        let say = say.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if say.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
    }
    drop(say);
    let mut said = String::new();
    // By then it stands where it is held, where nothing tells.
    let held = Instant::now() + Duration::from_secs(if phase.stands.is_some() { 40 } else { 3 });
    while let Ok((_, line)) = hear.recv_timeout(held.saturating_duration_since(Instant::now())) {
        said.push_str(&line);
        said.push('\n');
        if phase.stands.is_some_and(|stands| line.contains(stands)) {
            break;
        }
    }
    assert!(child.try_wait().unwrap().is_none(), "{} was not held: {said}", phase.name);
    interrupt(child.id());
    let (mut at, begun) = (Instant::now(), Instant::now());
    let (mut first, mut presses) = (None, 1);
    while let Ok((when, line)) = hear.recv_timeout(Duration::from_secs(40)) {
        if line.contains("stop") {
            first.get_or_insert(when.saturating_duration_since(begun));
            if presses < phase.presses {
                presses += 1;
                interrupt(child.id());
                at = Instant::now();
            }
        }
        said.push_str(&line);
        said.push('\n');
    }
    let _ = child.kill();
    let ended = at.elapsed();
    let _ = child.wait();
    (first, ended, said)
}

pub fn try_all() -> Vec<String> {
    let only = std::env::var("HOSTILE").unwrap_or_default();
    let broken = std::sync::Mutex::new(Vec::new());
    let phases = phases();
    std::thread::scope(|scope| {
        for phase in phases.iter().filter(|phase| phase.name.contains(&only)) {
            for command in phase.commands {
                let (broken, only) = (&broken, &only);
                scope.spawn(move || {
                    let mut stage = Stage::new();
                    let Some(mut sent) = (phase.make)(&mut stage) else { return };
                    (*command).clone_into(&mut sent.args[0]);
                    let (first, ended, said) = pressed(&stage, &sent, phase);
                    let ends = if *command == "plan" { 1 } else { phase.ends };
                    if !only.is_empty() {
                        crate::tell(&format!("{command}, {}: {first:?}, {ended:?}\n{said}", phase.name));
                    }
                    let wrong = |what: String| {
                        broken.lock().unwrap().push(format!("{command}, {}: {what}: {said:?}", phase.name))
                    };
                    match first {
                        Some(after) if after <= ANSWERS => {}
                        other => wrong(format!("it answered after {other:?}")),
                    }
                    if ended > Duration::from_secs(ends) + ANSWERS {
                        wrong(format!("it ended after {ended:?}"));
                    }
                    if said.contains("E-BUG") || said.contains("panicked") {
                        wrong("a bug".to_owned());
                    }
                });
            }
        }
    });
    broken.into_inner().unwrap()
}
