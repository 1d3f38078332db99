//! A machine that has hardly time for the program: what its own threads wait is not the silence of hosts.

use std::process::{Child, Command, Stdio};

use crate::shells;
use crate::sshd::Sshd;
use crate::stage::{HostileAnswer, Sent, Stage};

/// As many hosts as a screen of workers has many times over.
const HOSTS: u8 = 60;
/// One sshd listens on no more than 16 addresses.
const EACH: u8 = 15;

/// Works for nothing until it is dropped.
struct Burner(Child);

impl Burner {
    fn start() -> Self {
        let child = Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn();
        Self(child.unwrap())
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is told of so many hosts by a program that every other one goes before; `None` = it cannot be had here.
pub fn told() -> Option<String> {
    let mut stage = Stage::new();
    let text = shells::real(&stage, &[], "");
    stage.program("shell", &text);
    stage.plan(None, "{host: 127.0.0.1, port: 1, user: root}", "");
    let plan = std::fs::read_to_string(stage.at("plan.yaml")).unwrap();
    let mut plan = plan.split("  - name").next().unwrap().to_owned();
    for server in 0..HOSTS / EACH {
        let mut extra = format!("ForceCommand {}\nMaxStartups 200\n", stage.at("bin/shell").display());
        let hosts: Vec<u8> = (1..=EACH).map(|host| server * EACH + host).collect();
        for host in &hosts {
            extra.push_str(&format!("ListenAddress 127.0.1.{host}\n"));
        }
        let sshd = Sshd::start(&extra)?;
        let (port, user, key) = (sshd.port, sshd.user.clone(), sshd.at("id").display().to_string());
        for host in hosts {
            plan.push_str(&format!(
                "  - name: w{host}\n    address: 192.168.2.{host}\n    ssh: {{host: 127.0.1.{host}, port: {port}, user: \
                 {user}, key: {key}}}\n"
            ));
        }
        stage.keep(sshd);
    }
    stage.write("plan.yaml", plan);
    let mut sent = Sent::plan(&stage);
    sent.args.extend(["--jobs".to_owned(), HOSTS.to_string()]);
    sent.by = vec!["nice".to_owned(), "-n".to_owned(), "19".to_owned()];
    let _burners = [Burner::start(), Burner::start()];
    let patient = HostileAnswer::new("a starved machine", 600, &[], |_| None).real();
    Some(stage.run(&sent, &patient).text)
}

/// What is told of a few hosts by a program that stands still for longer than any of its deadlines, each time at another
/// moment; nobody is silent meanwhile.
pub fn told_after_standing_still() -> Vec<String> {
    let moments = [100, 300, 600, 1000, 1500];
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            moments.map(|moment| scope.spawn(move || stood_still(moment))).into_iter().collect();
        runs.into_iter().filter_map(|run| run.join().unwrap()).collect()
    })
}

fn stood_still(moment: u64) -> Option<String> {
    let mut stage = Stage::new();
    let text = shells::real(&stage, &[], "");
    let sent = shells::host(&mut stage, &text, "")?;
    let mut child = Command::new(env!("CARGO_BIN_EXE_gangplank"))
        .args(&sent.args)
        .env_clear()
        .env("HOME", stage.home.path())
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", stage.at("bin").display()))
        .env("GANGPLANK_TEST_HASTE", "5")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let (_bell, ticks) = std::sync::mpsc::channel::<()>();
    let wait = |ms| ticks.recv_timeout(std::time::Duration::from_millis(ms));
    let _ = wait(moment);
    let _ = rustix::process::kill_process(process, rustix::process::Signal::STOP);
    let _ = wait(STANDS_MS);
    let _ = rustix::process::kill_process(process, rustix::process::Signal::CONT);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    let _ = child.wait();
    Some(said)
}

/// A fifth of a login or look is 12 s.
const STANDS_MS: u64 = 14_000;
