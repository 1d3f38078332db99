//! Files of this computer that mean no good: a plan of somebody else, a CA, a kubeconfig, what SSH reads, an image tar.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::api_server::ca;
use crate::hosts::EVIL;
use crate::stage::{HostileAnswer, Sent, Stage, silence};

/// What needs no host needs no time.
const HERE: u64 = 5;
/// A host that is not there, and what SSH reads before.
const SSH: u64 = 15;

const NOBODY: &str = "{host: 127.0.0.1, port: 1, user: root}";

fn fifo(path: &Path) {
    let _ = std::fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn link(stage: &Stage, name: &str, to: &str) {
    let path = stage.at(name);
    let _ = std::fs::remove_file(&path);
    std::os::unix::fs::symlink(to, path).unwrap();
}

/// YAML whose aliases grow without end.
fn bomb() -> String {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for at in 1..12 {
        let before = vec![format!("*a{}", at - 1); 9].join(",");
        text.push_str(&format!("a{at}: &a{at} [{before}]\n"));
    }
    text
}

fn keys(count: usize) -> String {
    (0..count).map(|at| format!("key{at}: 1\n")).collect()
}

/// Each is compared with all before it.
fn directives(count: usize) -> String {
    let tags: String = (0..count).map(|at| format!("%TAG !t{at}! t{at}\n")).collect();
    format!("{tags}--- 1\n")
}

fn plain(stage: &Stage, more: &str) -> Sent {
    stage.plan(None, NOBODY, more);
    Sent::plan(stage)
}

type Put = fn(&Stage) -> Sent;

fn plans() -> Vec<(&'static str, u64, &'static [&'static str], Put)> {
    vec![
        ("plan: never ends", HERE, &["only regular files"], |stage| {
            link(stage, "plan.yaml", "/dev/zero");
            Sent::plan(stage)
        }),
        ("plan: a FIFO", HERE, &["only regular files"], |stage| {
            fifo(&stage.at("plan.yaml"));
            Sent::plan(stage)
        }),
        (
            "plan: aliases that grow",
            HERE,
            &["holds more than 100000 values when its aliases are followed"],
            |stage| {
                plain(stage, &bomb());
                Sent::plan(stage)
            },
        ),
        (
            "plan: only aliases",
            HERE,
            &["holds more than 100000 values when its aliases are followed"],
            |stage| {
                stage.write("plan.yaml", bomb());
                Sent::plan(stage)
            },
        ),
        ("plan: 100 MB", HERE, &["1 MiB"], |stage| {
            stage.write("plan.yaml", vec![b'#'; 100_000_000]);
            Sent::plan(stage)
        }),
        ("plan: brackets without end", HERE, &["is nested too deeply"], |stage| {
            stage.write("plan.yaml", "[".repeat(900_000));
            Sent::plan(stage)
        }),
        ("plan: keys without end", HERE, &["holds more than 100000 values"], |stage| {
            stage.write("plan.yaml", keys(60_000));
            Sent::plan(stage)
        }),
        ("plan: as many keys as may be", HERE, &["has 48500 more such mistakes"], |stage| {
            stage.write("plan.yaml", keys(49_000));
            Sent::plan(stage)
        }),
        ("plan: one key without end", HERE, &["is an unknown key"], |stage| {
            stage.write("plan.yaml", format!("? {}\n: 1\n", "a ".repeat(500_000)));
            Sent::plan(stage)
        }),
        ("plan: a difference without end", HERE, &["is not the id of a difference"], |stage| {
            stage.plan(None, NOBODY, "");
            let plan = std::fs::read_to_string(stage.at("plan.yaml")).unwrap();
            let longest = format!("  differences:\n    ? {}\n    : on\nca:", "a ".repeat(500_000));
            stage.write("plan.yaml", plan.replacen("ca:", &longest, 1));
            Sent::plan(stage)
        }),
        ("plan: directives without end", HERE, &["has more directives"], |stage| {
            stage.write("plan.yaml", directives(40_000));
            Sent::plan(stage)
        }),
        ("plan: escapes raw", HERE, &["has a control character"], |stage| {
            stage.write("plan.yaml", format!("cluster: {{name: \"{EVIL}\"}}\n"));
            Sent::plan(stage)
        }),
        ("plan: escapes in YAML's words", HERE, &["is an unknown key"], |stage| {
            let evil = r"\e[2J\e]0;owned\a\u202Elia\u061Cm\x9B31m\rE-FAKE";
            stage.write(
                "plan.yaml",
                format!("cluster: {{name: \"{evil}\", \"{evil}\": 1}}\nworkers: [\"{evil}\"]\n"),
            );
            Sent::plan(stage)
        }),
        ("plan: its name has escapes", HERE, &["x: is an unknown key"], |stage| {
            let name = format!("plan{}", EVIL.replace('/', ""));
            stage.write(&name, "x: 1\n");
            Sent::with(&["plan", stage.at(&name).to_str().unwrap()])
        }),
        ("plan: noise", HERE, &["is not UTF-8 text"], |stage| {
            stage.write("plan.yaml", (0..=255_u8).cycle().take(65_536).collect::<Vec<u8>>());
            Sent::plan(stage)
        }),
    ]
}

fn cas() -> Vec<(&'static str, u64, &'static [&'static str], Put)> {
    vec![
        ("CA: its certificate never ends", HERE, &["only regular files"], |stage| {
            link(stage, "ca.crt", "/dev/zero");
            plain(stage, "")
        }),
        ("CA: its certificate is a FIFO", HERE, &["only regular files"], |stage| {
            fifo(&stage.at("ca.crt"));
            plain(stage, "")
        }),
        ("CA: its key never ends", HERE, &["only regular files"], |stage| {
            link(stage, "ca.key", "/dev/zero");
            plain(stage, "")
        }),
        ("CA: its key is a FIFO", HERE, &["only regular files"], |stage| {
            fifo(&stage.at("ca.key"));
            plain(stage, "")
        }),
        ("CA: a certificate of 100 MB", HERE, &["ca.crt cannot be read"], |stage| {
            stage.write("ca.crt", vec![b'A'; 100_000_000]);
            plain(stage, "")
        }),
        ("CA: a certificate of escapes", HERE, &["holds no certificate that can be read"], |stage| {
            stage.write("ca.crt", format!("{EVIL}\n-----BEGIN CERTIFICATE-----\n{EVIL}\n"));
            plain(stage, "")
        }),
        ("CA: its subject has escapes", SSH, &["E-SSH-01"], |stage| {
            let pair = ca("\u{1b}[2J\u{202e}a\u{61c}");
            stage.write("ca.crt", pair.pem());
            stage.write("ca.key", pair.key.private_key_to_pem_pkcs8().unwrap());
            plain(stage, "")
        }),
        ("CA: ten thousand certificates", SSH, &["E-SSH-01"], |stage| {
            stage.write("ca.crt", stage.ca.pem().repeat(1500));
            plain(stage, "")
        }),
    ]
}

fn kubectl(stage: &Stage) -> Sent {
    plain(stage, "kubectl: {file: ~/.kube/config, context: here, merge: true}\n")
}

fn kubeconfigs() -> Vec<(&'static str, u64, &'static [&'static str], Put)> {
    vec![
        ("kubeconfig: never ends", SSH, &["config is not a file"], |stage| {
            std::fs::create_dir_all(stage.at(".kube")).unwrap();
            link(stage, ".kube/config", "/dev/zero");
            kubectl(stage)
        }),
        ("kubeconfig: a FIFO", SSH, &["config is not a file"], |stage| {
            std::fs::create_dir_all(stage.at(".kube")).unwrap();
            fifo(&stage.at(".kube/config"));
            kubectl(stage)
        }),
        (
            "kubeconfig: aliases that grow",
            SSH,
            &["holds more than 100000 values when its aliases are followed"],
            |stage| {
                std::fs::create_dir_all(stage.at(".kube")).unwrap();
                stage.write(".kube/config", bomb());
                kubectl(stage)
            },
        ),
        ("kubeconfig: a list without end", SSH, &["holds more than 100000 values"], |stage| {
            std::fs::create_dir_all(stage.at(".kube")).unwrap();
            stage.write(".kube/config", format!("a: [{}]\n", "x,".repeat(120_000)));
            kubectl(stage)
        }),
        ("kubeconfig: directives without end", SSH, &["too many directives"], |stage| {
            std::fs::create_dir_all(stage.at(".kube")).unwrap();
            stage.write(".kube/config", directives(10_000));
            kubectl(stage)
        }),
        ("kubeconfig: 3 MB", SSH, &["larger than 256 KiB and was not looked at"], |stage| {
            std::fs::create_dir_all(stage.at(".kube")).unwrap();
            stage.write(".kube/config", vec![b'#'; 3_000_000]);
            kubectl(stage)
        }),
        ("kubeconfig: 100 MB", SSH, &["config: it holds more than 4 MiB"], |stage| {
            std::fs::create_dir_all(stage.at(".kube")).unwrap();
            stage.write(".kube/config", vec![b'#'; 100_000_000]);
            kubectl(stage)
        }),
        ("kubeconfig: names with escapes", SSH, &["E-KUBECTL-03"], |stage| {
            std::fs::create_dir_all(stage.at(".kube")).unwrap();
            let evil = r"\e[2J\e]0;owned\a\u202Elia\u061Cm\rE-FAKE";
            let text = format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: \"{evil}\"\nclusters: [{{name: \"{evil}\", cluster: {{server: \
                 \"{evil}\"}}}}]\nusers: [{{name: \"{evil}\", user: {{}}}}]\ncontexts: [{{name: here, context: {{cluster: \
                 \"{evil}\", user: \"{evil}\"}}}}]\n"
            );
            stage.write(".kube/config", text);
            kubectl(stage)
        }),
    ]
}

fn keyed(stage: &Stage) -> Sent {
    let key = stage.at(".ssh/id").display().to_string();
    stage.plan(None, &format!("{{host: 127.0.0.1, port: 1, user: root, key: {key}}}"), "");
    Sent::plan(stage)
}

fn ssh() -> Vec<(&'static str, u64, &'static [&'static str], Put)> {
    vec![
        ("ssh: a key that never ends", SSH, &["E-SSH-11"], |stage| {
            link(stage, ".ssh/id", "/dev/zero");
            keyed(stage)
        }),
        ("ssh: a key that is a FIFO", SSH, &["E-SSH-11"], |stage| {
            fifo(&stage.at(".ssh/id"));
            keyed(stage)
        }),
        ("ssh: a certificate that is a FIFO", SSH, &["E-SSH-01"], |stage| {
            fifo(&stage.at(".ssh/id_rsa-cert.pub"));
            plain(stage, "")
        }),
        ("ssh_config: runs what never ends", SSH, &["E-SSH-20"], |stage| {
            stage.write(".ssh/config", "Match exec \"sleep 300\"\n  User root\n");
            plain(stage, "")
        }),
        ("ssh_config: runs what never stops talking", SSH, &["E-SSH-20"], |stage| {
            stage.write(".ssh/config", "Match exec \"yes\"\n  User root\n");
            plain(stage, "")
        }),
        ("ssh_config: includes itself", SSH, &["Too many recursive"], |stage| {
            stage.write(".ssh/config", format!("Include {}\n", stage.at(".ssh/config").display()));
            plain(stage, "")
        }),
        ("ssh_config: a FIFO", SSH, &["E-SSH-"], |stage| {
            fifo(&stage.at(".ssh/config"));
            plain(stage, "")
        }),
        ("ssh_config: ssh prints without end", SSH, &["E-SSH-"], |stage| {
            stage.program("ssh", "exec yes 'user root'");
            plain(stage, "")
        }),
        ("ssh_config: ssh complains without end", SSH, &["E-SSH-"], |stage| {
            stage.program("ssh", "exec yes >&2");
            plain(stage, "")
        }),
        ("ssh_config: ssh complains with escapes", SSH, &["E-SSH-20"], |stage| {
            let evil: String = EVIL.bytes().map(|byte| format!("\\{byte:03o}")).collect();
            stage.program("ssh", &format!("printf '{evil}\\n' >&2; exit 255"));
            plain(stage, "")
        }),
        ("ssh_config: values with escapes", SSH, &["E-SSH-"], |stage| {
            stage.write(".ssh/config", format!("ProxyCommand nc {}\n", EVIL.replace('\r', "")));
            plain(stage, "")
        }),
        ("ssh-agent: silence", SSH, &["E-SSH-"], |stage| agent(stage, |_| {})),
        ("ssh-agent: an answer without end", SSH, &["E-SSH-"], |stage| {
            agent(stage, |mut socket| {
                let _ = socket.write_all(&[0xff, 0xff, 0xff, 0xff, 12, 0, 0, 0xff, 0xff]);
                while socket.write_all(&[0; 16_384]).is_ok() {}
            })
        }),
        ("kubectl: prints without end", SSH, &["E-", "w1"], |stage| {
            stage.program("kubectl", "exec yes");
            kubectl(stage)
        }),
        ("kubectl: never ends", 45, &["E-SSH-01"], |stage| {
            stage.program("kubectl", "exec sleep 900");
            kubectl(stage)
        }),
    ]
}

/// An agent that lists this key and signs nothing.
pub fn still_agent(stage: &Stage, public: &Path) -> String {
    let text = std::fs::read_to_string(public).unwrap();
    let blob = openssl::base64::decode_block(text.split_whitespace().nth(1).unwrap()).unwrap();
    let long = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let list = long(&[&[12, 0, 0, 0, 1], long(&blob).as_slice(), &long(b"a key")].concat());
    let path = stage.at("agent");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let list = list.clone();
            std::thread::spawn(move || {
                let mut request = [0; 5];
                while socket.read_exact(&mut request).is_ok() && request == [0, 0, 0, 1, 11] {
                    socket.write_all(&list).unwrap();
                }
                // Until the client goes away.
                let _ = std::io::copy(&mut socket, &mut std::io::sink());
            });
        }
    });
    path.display().to_string()
}

fn agent(stage: &Stage, serve: fn(std::os::unix::net::UnixStream)) -> Sent {
    let path = stage.at("agent");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            serve(socket.try_clone().unwrap());
            // Until the client goes away.
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
        }
    });
    let mut sent = plain(stage, "");
    sent.env.push(("SSH_AUTH_SOCK", path.display().to_string()));
    sent
}

fn tar(stage: &Stage, name: &str) -> Sent {
    plain(stage, &format!("    images: [\"here:{}\"]\n", stage.at(name).display()))
}

/// A tar of one file.
fn packed(stage: &Stage, manifest: &[u8], gzip: bool) -> Sent {
    stage.write("manifest.json", manifest);
    let flags = if gzip { "-czf" } else { "-cf" };
    let home = stage.home.path();
    let packed = Command::new("tar").args([flags, "images.tar", "manifest.json"]).current_dir(home).status();
    assert!(packed.unwrap().success());
    self::tar(stage, "images.tar")
}

fn tars() -> Vec<(&'static str, u64, &'static [&'static str], Put)> {
    vec![
        ("tar: never ends", SSH, &["E-SSH-01"], |stage| {
            link(stage, "images.tar", "/dev/zero");
            tar(stage, "images.tar")
        }),
        ("tar: a FIFO", SSH, &["E-SSH-01"], |stage| {
            fifo(&stage.at("images.tar"));
            tar(stage, "images.tar")
        }),
        ("tar: a gzip of 300 MB of nothing", SSH, &["E-SSH-01"], |stage| {
            packed(stage, &vec![b' '; 300_000_000], true)
        }),
        ("tar: a manifest of 20 MB", SSH, &["E-SSH-01"], |stage| {
            packed(stage, &vec![b' '; 20_000_000], false)
        }),
        ("tar: a manifest of brackets", SSH, &["E-SSH-01"], |stage| {
            packed(stage, &vec![b'['; 3_000_000], false)
        }),
        ("tar: names with escapes and newlines", SSH, &["E-SSH-01"], |stage| {
            let evil = serde_json::Value::from(format!("a:{EVIL}\nE-FAKE ok"));
            packed(
                stage,
                format!("[{{\"Config\":{evil},\"RepoTags\":[{evil}],\"Layers\":[]}}]").as_bytes(),
                false,
            )
        }),
    ]
}

pub fn all() -> Vec<HostileAnswer> {
    let known: Vec<(&'static str, fn(&Stage))> = vec![
        ("known_hosts: a FIFO", |stage| fifo(&stage.at(".ssh/known_hosts"))),
        ("known_hosts: never ends", |stage| link(stage, ".ssh/known_hosts", "/dev/zero")),
        ("known_hosts: 100 MB", |stage| {
            stage.write(".ssh/known_hosts", "h ssh-ed25519 AAAA\n".repeat(5_000_000));
        }),
        ("known_hosts: lines of escapes", |stage| {
            stage.write(".ssh/known_hosts", format!("127.0.0.1 {EVIL} {EVIL}\n{EVIL}\n"));
        }),
    ];
    let mut all: Vec<HostileAnswer> = [plans(), cas(), kubeconfigs(), ssh(), tars()]
        .into_iter()
        .flatten()
        .map(|(name, deadline, says, put)| {
            HostileAnswer::new(name, deadline, says, move |stage| Some(put(stage))).real()
        })
        .collect();
    for (name, put) in known {
        all.push(HostileAnswer::new(
            name,
            20,
            if name.contains("escapes") { &["the SSH greeting of"] } else { &["E-SSH-09"] },
            move |stage| {
                put(stage);
                let known = stage.at(".ssh/known_hosts").display().to_string();
                stage.write(".ssh/config", format!("UserKnownHostsFile {known}\n"));
                Some(stage.raw_host(|s| silence(&s)))
            },
        ));
    }
    all
}
