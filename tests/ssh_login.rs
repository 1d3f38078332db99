//! Logins against a real sshd on loopback.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

mod sshd;

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use gangplank::host::target::{KeyFile, KeyFrom};
use gangplank::host::{Deadlines, SecretWanted, SshTarget, SshWire, Stop, TrustPolicy, WireError};
use sshd::left_out::left_out;
use sshd::{Person, Sshd, connect, keygen, output, run};

fn with_key(sshd: &Sshd, path: &Path, from: KeyFrom) -> SshTarget {
    let mut target = sshd.target();
    target.keys = vec![KeyFile { path: path.to_owned(), from }];
    target
}

fn add_key(sshd: &Sshd, name: &str, args: &[&str], passphrase: &str) -> PathBuf {
    let path = sshd.at(name);
    keygen(&path, args, passphrase);
    sshd.allow(&sshd.at(&format!("{name}.pub")));
    path
}

#[test]
fn logs_in_with_every_kind_of_key() {
    let Some(sshd) = Sshd::start("") else { return };
    for (name, args) in [
        ("ed25519", &["-t", "ed25519"][..]),
        ("ecdsa256", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa521", &["-t", "ecdsa", "-b", "521"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("pkcs1", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8"]),
    ] {
        let path = add_key(&sshd, name, args, "");
        let person = Person::trusting();
        let wire = connect(&with_key(&sshd, &path, KeyFrom::Plan), &person);
        assert!(wire.is_ok(), "{name}: {}", wire.unwrap_err());
        assert_eq!(person.asked(), [], "{name}");
    }
}

#[test]
fn asks_for_the_passphrase_of_every_kind_of_encrypted_key() {
    let Some(sshd) = Sshd::start("") else { return };
    for (name, args) in [
        ("ed25519", &["-t", "ed25519"][..]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("pkcs1", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
        ("pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8"]),
    ] {
        let path = add_key(&sshd, name, args, "open sesame");
        let _ = std::fs::remove_file(sshd.at(&format!("{name}.pub")));
        let target = with_key(&sshd, &path, KeyFrom::Plan);
        let person = Person::saying(&["open sesame"]);
        let wire = connect(&target, &person);
        assert!(wire.is_ok(), "{name}: {}", wire.unwrap_err());
        assert_eq!(person.asked(), [SecretWanted::Passphrase { file: path.clone(), again: false }]);

        let person = Person::saying(&["wrong", "open sesame"]);
        assert!(connect(&target, &person).is_ok(), "{name}");
        assert_eq!(person.asked()[1], SecretWanted::Passphrase { file: path.clone(), again: true });

        let error = connect(&target, &Person::saying(&["a", "b", "c", "d"])).unwrap_err();
        assert_eq!(error, WireError::PassphraseWrong { file: path.clone() }, "{name}");
    }
}

#[test]
fn tells_key_files_apart_before_the_network() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    target.port = sshd::free_port();
    let mut reason = |path: PathBuf| {
        target.keys = vec![KeyFile { path, from: KeyFrom::Plan }];
        match connect(&target, &Person::default()).unwrap_err() {
            WireError::KeyUnreadable { why, .. } => why,
            other => panic!("{other}"),
        }
    };
    assert_eq!(reason(sshd.at("nowhere")), "no such file");
    assert!(reason(sshd.at("id.pub")).contains("public half and no agent has its key"));
    std::fs::write(sshd.at("ppk"), "PuTTY-User-Key-File-3: ssh-ed25519\n").unwrap();
    assert!(reason(sshd.at("ppk")).contains("PuTTY"));
    std::fs::write(sshd.at("text"), "hello\n").unwrap();
    assert_eq!(reason(sshd.at("text")), "this is not a PEM or OpenSSH key file");
}

#[test]
fn a_broken_key_is_named_and_a_refused_one_listed() {
    let Some(sshd) = Sshd::start("") else { return };
    let broken = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    std::fs::write(sshd.at("broken"), broken).unwrap();
    let error =
        connect(&with_key(&sshd, &sshd.at("broken"), KeyFrom::Plan), &Person::trusting()).unwrap_err();
    assert!(matches!(error, WireError::KeyUnreadable { .. }), "{error}");

    keygen(&sshd.at("foreign"), &["-t", "ed25519"], "");
    let error =
        connect(&with_key(&sshd, &sshd.at("foreign"), KeyFrom::Plan), &Person::trusting()).unwrap_err();
    let WireError::LoginRefused { user, tried, accepts, .. } = error else { panic!("{error}") };
    assert_eq!(user, sshd.user);
    assert_eq!(tried, [format!("key {}", sshd.at("foreign").display())]);
    assert_eq!(accepts, ["publickey"]);
}

#[test]
fn too_many_tries_are_named() {
    let Some(sshd) = Sshd::start("MaxAuthTries 2") else { return };
    let mut target = sshd.target();
    target.keys.clear();
    for name in ["k1", "k2", "k3", "k4"] {
        keygen(&sshd.at(name), &["-t", "ed25519"], "");
        target.keys.push(KeyFile { path: sshd.at(name), from: KeyFrom::Config });
    }
    let error = connect(&target, &Person::trusting()).unwrap_err();
    assert!(matches!(&error, WireError::TooManyFailures { .. }), "{error}");
}

/// An ssh-agent of the test.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(socket: PathBuf) -> Self {
        let child =
            Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
        Self { child, socket }
    }

    fn add(&self, key: &Path) {
        let status =
            Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn logs_in_through_the_agent_and_prefers_the_stated_key() {
    let Some(sshd) = Sshd::start("MaxAuthTries 2") else { return };
    let agent = Agent::start(sshd.at("agent"));
    for name in ["f1", "f2", "f3"] {
        keygen(&sshd.at(name), &["-t", "ed25519"], "");
        agent.add(&sshd.at(name));
    }
    let rsa = add_key(&sshd, "rsa", &["-t", "rsa", "-b", "2048"], "");
    agent.add(&rsa);
    // Encrypted now, but the agent holds it open: nobody is asked.
    output("ssh-keygen", &["-q", "-p", "-N", "secret", "-f", rsa.to_str().unwrap()]);
    let mut target = with_key(&sshd, &rsa, KeyFrom::Plan);
    target.agent = Some(agent.socket.clone());
    let person = Person::trusting();
    connect(&target, &person).unwrap();
    assert_eq!(person.asked(), []);

    // Without a stated key the three foreign ones come first and use the tries up.
    target.keys.clear();
    let error = connect(&target, &Person::trusting()).unwrap_err();
    assert!(matches!(error, WireError::TooManyFailures { .. }), "{error}");

    target.keys = vec![KeyFile { path: rsa, from: KeyFrom::Config }];
    target.identities_only = true;
    connect(&target, &Person::trusting()).unwrap();
}

#[test]
fn a_dead_agent_is_passed_over() {
    let Some(sshd) = Sshd::start("") else { return };
    let socket = sshd.at("agent");
    drop(Agent::start(socket.clone()));
    let mut target = sshd.target();
    target.agent = Some(socket);
    connect(&target, &Person::trusting()).unwrap();
    target.agent = Some("/nowhere/agent".into());
    connect(&target, &Person::trusting()).unwrap();
}

/// An agent that lists its one key, if it has one, and answers nothing else; it tells when it is asked in vain.
fn still_agent(sshd: &Sshd, public: Option<&Path>) -> (PathBuf, Receiver<()>) {
    let socket = sshd.at("still-agent");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let blob = public.map(|public| {
        let text = std::fs::read_to_string(public).unwrap();
        openssl::base64::decode_block(text.split_whitespace().nth(1).unwrap()).unwrap()
    });
    let (tell, asked) = channel();
    std::thread::spawn(move || {
        for mut one in listener.incoming().flatten() {
            let (blob, tell) = (blob.clone(), tell.clone());
            std::thread::spawn(move || {
                let mut request = [0; 5];
                while one.read_exact(&mut request).is_ok() {
                    let Some(blob) = blob.as_ref().filter(|_| request == [0, 0, 0, 1, 11]) else {
                        let _ = tell.send(());
                        break;
                    };
                    let text =
                        |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
                    let body = [&[12, 0, 0, 0, 1], text(blob).as_slice(), &text(b"its key")].concat();
                    one.write_all(&text(&body)).unwrap();
                }
                // Until whoever asks goes away.
                let _ = std::io::copy(&mut one, &mut std::io::sink());
            });
        }
    });
    (socket, asked)
}

#[test]
fn an_agent_that_lists_nothing_is_named_and_the_other_ways_are_tried() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    target.agent = Some(still_agent(&sshd, None).0);
    connect(&target, &Person::trusting()).unwrap();
    target.keys.clear();
    let error = connect(&target, &Person::trusting()).unwrap_err().to_string();
    assert!(error.contains("still-agent did not list its keys within 3 s"), "{error}");
}

#[test]
fn an_agent_that_never_signs_is_named_and_asked_no_more() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    target.agent = Some(still_agent(&sshd, Some(&sshd.at("id.pub"))).0);
    let began = Instant::now();
    let error = connect(&target, &Person::trusting()).unwrap_err();
    assert!(matches!(error, WireError::LoginRefused { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("agent key its key (the agent at "), "{error}");
    assert!(error.contains("still-agent did not sign within 30 s)"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[test]
fn who_stops_does_not_wait_for_an_agent() {
    let Some(sshd) = Sshd::start("") else { return };
    let public = sshd.at("id.pub");
    let mut target = sshd.target();
    for agent in [None, Some(public.as_path())] {
        let _ = std::fs::remove_file(sshd.at("still-agent"));
        let (socket, asked) = still_agent(&sshd, agent);
        target.agent = Some(socket);
        let stop = Arc::new(Stop::default());
        let person = Arc::clone(&stop);
        let pressed = std::thread::spawn(move || {
            asked.recv().unwrap();
            person.press();
            Instant::now()
        });
        let policy = TrustPolicy::default();
        let nobody = Person::trusting();
        let gone = SshWire::connect_unless(&target, &policy, &nobody, Deadlines::default(), Some(&stop));
        assert!(matches!(gone, Err(WireError::Cut)), "{gone:?}");
        let after = pressed.join().unwrap().elapsed();
        assert!(after < Duration::from_secs(1), "{after:?}");
    }
}

/// A system user that is removed with the test.
struct User(String);

impl User {
    /// `None`, with a word, where no user can be made.
    fn make(name: &str, password: &str, home: &Path) -> Option<Self> {
        if output("id", &["-u"]) != "0" || Command::new("useradd").arg("--help").output().is_err() {
            left_out("making a user needs root and useradd");
            return None;
        }
        let name = format!("gp{name}{}", std::process::id() % 100_000);
        let hash = output("openssl", &["passwd", "-6", password]);
        output("useradd", &["-M", "-s", "/bin/bash", "-d", home.to_str().unwrap(), "-p", &hash, &name]);
        Some(Self(name))
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = Command::new("userdel").arg("-f").arg(&self.0).output();
    }
}

#[test]
fn logs_in_with_a_password() {
    let Some(sshd) = Sshd::start("PasswordAuthentication yes") else { return };
    let Some(user) = User::make("p", "pass word", &sshd.at("home")) else { return };
    let mut target = sshd.target();
    target.user.clone_from(&user.0);
    target.keys.clear();
    let wanted =
        |again| SecretWanted::Password { user: user.0.clone(), host: sshd.target().address(), again };
    let person = Person::saying(&["pass word"]);
    let wire = connect(&target, &person).unwrap();
    assert_eq!(String::from_utf8(run(&wire, "id -un").out).unwrap().trim(), user.0);
    assert_eq!(person.asked(), [wanted(false)]);

    let person = Person::saying(&["wrong", "pass word"]);
    connect(&target, &person).unwrap();
    assert_eq!(person.asked(), [wanted(false), wanted(true)]);

    let error = connect(&target, &Person::saying(&["wrong"])).unwrap_err();
    let WireError::LoginRefused { tried, accepts, .. } = error else { panic!("{error}") };
    assert_eq!(tried, ["password"]);
    assert!(accepts.iter().any(|one| *one == "password"));
}

#[test]
fn logs_in_by_answering_questions() {
    if !Path::new("/etc/pam.d/sshd").exists() {
        left_out("there is no PAM service for sshd");
        return;
    }
    let Some(sshd) = Sshd::start("UsePAM yes\nKbdInteractiveAuthentication yes") else { return };
    let Some(user) = User::make("k", "pass word", &sshd.at("home")) else { return };
    let mut target = sshd.target();
    target.user.clone_from(&user.0);
    target.keys.clear();
    let person = Person::saying(&["pass word"]);
    let wire = connect(&target, &person).unwrap();
    assert_eq!(String::from_utf8(run(&wire, "id -un").out).unwrap().trim(), user.0);
    assert!(matches!(person.asked()[..], [SecretWanted::Password { again: false, .. }]));

    let person = Person::saying(&["wrong"]);
    let error = connect(&target, &person).unwrap_err();
    assert!(
        matches!(&error, WireError::LoginRefused { tried, .. } if tried[0] == "keyboard-interactive"),
        "{error}"
    );
}

#[test]
fn a_secret_that_was_refused_is_not_sent_again() {
    let Some(sshd) = Sshd::start("UsePAM yes\nKbdInteractiveAuthentication yes") else { return };
    let Some(user) = User::make("q", "pass word", &sshd.at("home")) else { return };
    let mut target = sshd.target();
    target.user.clone_from(&user.0);
    target.keys.clear();
    // A secret from a file is the same however often it is asked for.
    let error = connect(&target, &Person::saying(&["wrong", "wrong", "wrong"])).unwrap_err();
    let WireError::LoginRefused { tried, .. } = error else { panic!("{error}") };
    assert_eq!(tried, ["keyboard-interactive"; 2]);
    let said = sshd.until_log_has("Connection closed by authenticating user");
    let failed = said.matches("Failed keyboard-interactive/pam").count();
    assert_eq!(failed, 1, "no empty answer is sent after it:\n{said}");
    // Another one is.
    connect(&target, &Person::saying(&["wrong", "pass word"])).unwrap();
    let Some(sshd) = Sshd::start("PasswordAuthentication yes") else { return };
    let Some(user) = User::make("r", "pass word", &sshd.at("home")) else { return };
    let mut target = sshd.target();
    target.user.clone_from(&user.0);
    target.keys.clear();
    let error = connect(&target, &Person::saying(&["wrong", "wrong", "wrong"])).unwrap_err();
    let WireError::LoginRefused { tried, .. } = error else { panic!("{error}") };
    assert_eq!(tried, ["password"]);
    connect(&target, &Person::saying(&["wrong", "pass word"])).unwrap();
}

#[test]
fn a_key_and_then_a_password_are_both_given() {
    let Some(sshd) = Sshd::start("PasswordAuthentication yes\nAuthenticationMethods publickey,password")
    else {
        return;
    };
    let Some(user) = User::make("b", "pass word", &sshd.at("home")) else { return };
    let mut target = sshd.target();
    target.user.clone_from(&user.0);
    connect(&target, &Person::saying(&["pass word"])).unwrap();
}

#[test]
fn a_noisy_bashrc_is_only_noise() {
    let Some(sshd) = Sshd::start("") else { return };
    let Some(user) = User::make("n", "x", &sshd.at("home")) else { return };
    std::fs::write(sshd.at("home/.bashrc"), "echo NOISE; echo noise >&2\n").unwrap();
    std::fs::set_permissions(sshd.at("home/.bashrc"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut target = sshd.target();
    target.user.clone_from(&user.0);
    let wire = connect(&target, &Person::trusting()).unwrap();
    let ran = run(&wire, "echo word; exit 3");
    assert_eq!((ran.out.as_slice(), ran.last), (b"NOISE\nword\n".as_slice(), sshd::exited(3)));
}

#[test]
fn a_key_that_only_the_agent_has_is_named_by_its_public_half() {
    let Some(sshd) = Sshd::start("MaxAuthTries 1") else { return };
    let agent = Agent::start(sshd.at("agent"));
    keygen(&sshd.at("foreign"), &["-t", "ed25519"], "");
    let key = add_key(&sshd, "card", &["-t", "ed25519"], "");
    for key in [&sshd.at("foreign"), &key] {
        agent.add(key);
    }
    std::fs::remove_file(&key).unwrap();
    let usual = sshd.at("home/.ssh/id_ed25519");
    std::fs::copy(sshd.at("card.pub"), usual.with_extension("pub")).unwrap();
    for (name, from) in [
        ("card", KeyFrom::Plan),
        ("card.pub", KeyFrom::Plan),
        ("card", KeyFrom::Config),
        ("card.pub", KeyFrom::Config),
        ("home/.ssh/id_ed25519", KeyFrom::Usual),
    ] {
        let mut target = with_key(&sshd, &sshd.at(name), from);
        (target.agent, target.identities_only) = (Some(agent.socket.clone()), true);
        connect(&target, &Person::trusting()).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Named twice it is one key.
        target.keys.push(KeyFile { path: sshd.at("card.pub"), from: KeyFrom::Config });
        connect(&target, &Person::trusting()).unwrap_or_else(|error| panic!("{name}: {error}"));
        target.agent = None;
        target.keys.pop();
        let error = connect(&target, &Person::trusting()).unwrap_err().to_string();
        assert!(from == KeyFrom::Usual || error.contains(name), "{name}: {error}");
        assert!(from == KeyFrom::Usual || error.contains("no agent has"), "{name}: {error}");
    }
}

#[test]
fn the_sixth_key_gets_in_and_those_never_tried_are_named() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    target.keys.clear();
    for name in ["k1", "k2", "k3", "k4", "k5"] {
        keygen(&sshd.at(name), &["-t", "ed25519"], "");
        target.keys.push(KeyFile { path: sshd.at(name), from: KeyFrom::Config });
    }
    let right = KeyFile { path: sshd.at("id"), from: KeyFrom::Config };
    target.keys.push(right.clone());
    connect(&target, &Person::trusting()).unwrap();
    target.keys.insert(0, KeyFile { path: sshd.at("k6"), from: KeyFrom::Config });
    keygen(&sshd.at("k6"), &["-t", "ed25519"], "");
    let error = connect(&target, &Person::trusting()).unwrap_err();
    assert_eq!(error.code(), "E-SSH-13", "{error}");
    assert!(error.to_string().ends_with(&format!("key {} (not tried)", right.path.display())), "{error}");
}
