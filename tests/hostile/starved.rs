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
