//! A name server that means no good: it says that its answer is too long for a packet, and then a byte every three
//! seconds.

use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::Duration;

use crate::stage::{HostileAnswer, Sent, Stage, rest};

/// Where resolvers ask; nobody else is there.
const SERVER: &str = "127.66.6.6:53";

/// Serves until the tests end, once for all of them; `false` = that takes root.
fn serves() -> bool {
    static BEGUN: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *BEGUN.get_or_init(|| {
        let (Ok(udp), Ok(tcp)) = (UdpSocket::bind(SERVER), TcpListener::bind(SERVER)) else { return false };
        std::thread::spawn(move || {
            let mut asked = [0; 1500];
            while let Ok((count, from)) = udp.recv_from(&mut asked) {
                // Names that begin with `silent` get no answer at all.
                if count > 12 && !asked[..count].windows(6).any(|word| word == b"silent") {
                    asked[2] = 0x83;
                    asked[3] = 0x80;
                    let _ = udp.send_to(&asked[..count], from);
                }
            }
        });
        std::thread::spawn(move || {
            for mut socket in tcp.incoming().flatten() {
                std::thread::spawn(move || {
                    let _ = socket.write_all(&[0x10, 0]);
                    while rest(&socket, Duration::from_secs(3)) && socket.write_all(&[0]).is_ok() {}
                });
            }
        });
        true
    })
}

/// The plan with this name in it, run where that server is the only one.
fn asks(stage: &Stage, api: &str, host: &str) -> Option<Sent> {
    let resolver = stage.write("resolv.conf", "nameserver 127.66.6.6\n");
    stage.plan(None, &format!("{{host: {host}, port: 1, user: root}}"), "");
    let plan = std::fs::read_to_string(stage.at("plan.yaml")).unwrap();
    stage.write("plan.yaml", plan.replace("127.0.0.1:1\n", &format!("{api}:1\n")));
    let mount = format!("mount --bind {} /etc/resolv.conf && exec \"$@\"", resolver.display());
    let by: Vec<String> = ["unshare", "-m", "sh", "-c", &mount, "sh"].map(str::to_owned).to_vec();
    let tried = Command::new("unshare").args(&by[1..]).arg("true").status();
    if !serves() || !tried.is_ok_and(|status| status.success()) {
        crate::sshd::left_out::left_out("no name server and no mount namespace can be had here");
        return None;
    }
    let mut sent = Sent::plan(stage);
    sent.by = by;
    Some(sent)
}

pub fn all() -> Vec<HostileAnswer> {
    let lost: &[&str] = &["looking up", "not known", "E-SSH-03"];
    vec![
        HostileAnswer::new("DNS: a host's name at a byte every 3 s", 12, lost, |stage| {
            asks(stage, "127.0.0.1", "slow.example.org")
        }),
        HostileAnswer::new("DNS: a host's name, silence", 12, lost, |stage| {
            asks(stage, "127.0.0.1", "silent.example.org")
        }),
        HostileAnswer::new("DNS: the API's name at a byte every 3 s", 30, lost, |stage| {
            asks(stage, "slow.example.org", "127.0.0.1")
        }),
        HostileAnswer::new("DNS: the API's name, silence", 30, lost, |stage| {
            asks(stage, "silent.example.org", "127.0.0.1")
        }),
    ]
}
