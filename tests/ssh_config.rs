//! What people write into ssh_config gets in against a real sshd, with the ssh program and without it; what is not
//! followed is named with its line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sshd;

use std::path::Path;

use gangplank::host::{SshEnvironment, TrustAnswer, resolve};
use gangplank::plan::model::Login;
use sshd::{Person, Sshd, connect, keygen, output, run};

/// An environment of its own whose ssh_config has these lines for `worker`, with the ssh program or without it.
fn here(sshd: &Sshd, ssh: bool, lines: &str) -> SshEnvironment {
    let config = format!(
        "Host worker # the one\n  HostName=127.0.0.1 # here\n  Port {} # a test's\n  User {}\n  \
         GlobalKnownHostsFile none\n{lines}\n",
        sshd.port, sshd.user
    );
    std::fs::write(sshd.at("home/.ssh/config"), config).unwrap();
    SshEnvironment {
        ssh: ssh.then(|| "ssh".into()),
        config: Some(sshd.at("home/.ssh/config")),
        ..sshd.here()
    }
}

fn worker() -> Login {
    Login { host: "worker".to_owned(), ..Login::default() }
}

/// Logs in as `worker` twice: the second time the host is known.
fn gets_in(sshd: &Sshd, lines: &str) {
    for ssh in [true, false] {
        let target =
            resolve(&worker(), &here(sshd, ssh, lines)).unwrap_or_else(|error| panic!("{lines}: {error}"));
        let person = Person::judging(TrustAnswer::Remember);
        let wire = connect(&target, &person).unwrap_or_else(|error| panic!("ssh {ssh}: {lines}: {error}"));
        assert_eq!(run(&wire, "echo in").out, b"in\n");
        drop(wire);
        connect(&target, &Person::default()).unwrap_or_else(|error| panic!("{lines}: known: {error}"));
    }
}

fn from_root(path: &Path) -> String {
    // The one variable that every test has; `..` leads from it to anywhere.
    format!("${{CARGO_MANIFEST_DIR}}/../../../../../../../../../../..{}", path.display())
}

#[test]
fn keys_and_known_hosts_in_every_spelling_get_in() {
    let Some(sshd) = Sshd::start("") else { return };
    let key = sshd.at("id");
    std::fs::create_dir(sshd.at("my keys")).unwrap();
    std::fs::copy(&key, sshd.at("my keys/id of lab")).unwrap();
    std::fs::copy(&key, sshd.at("home/.ssh/id_lab")).unwrap();
    let quoted = sshd.at("my keys/id of lab");
    for lines in [
        format!("  IdentityFile {}", from_root(&key)),
        format!("  IdentityFile=\"{}\"", quoted.display()),
        "  IdentityFile ~/.ssh/id_lab".to_owned(),
        "  IdentityFile %d/.ssh/id_lab".to_owned(),
        format!("  IdentityFile {}\n  ConnectTimeout 5s", key.display()),
        format!("  IdentityFile {}\n  ConnectTimeout 1m30s\n  ServerAliveInterval 10s", key.display()),
        format!("  IdentityFile {}\n  UserKnownHostsFile \"~/.ssh/lab hosts\" ~/.ssh/other", key.display()),
        format!(
            "  IdentityFile {}\n  UserKnownHostsFile \"{}\"",
            key.display(),
            sshd.at("my keys/hosts").display()
        ),
        format!(
            "Match originalhost worker\n  IdentityFile {}\nMatch host 127.0.0.1\n  ConnectTimeout 9",
            key.display()
        ),
    ] {
        // The usual names of keys hold nothing here, so only what the line says can get in.
        gets_in(&sshd, &lines);
    }
    assert!(sshd.at("home/.ssh/lab hosts").exists() && sshd.at("my keys/hosts").exists());
}

#[test]
fn a_user_certificate_gets_in_as_stated_and_beside_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca");
    keygen(&ca, &["-t", "ed25519"], "");
    let Some(sshd) = Sshd::start(&format!("TrustedUserCAKeys {}.pub", ca.display())) else { return };
    // Only the certificate is allowed in, not the key.
    for (kind, name) in [("ed25519", "one"), ("ecdsa", "two"), ("rsa", "three")] {
        let key = sshd.at(name);
        keygen(&key, &["-t", kind], "");
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let public = format!("{}.pub", text(&key));
        output("ssh-keygen", &["-q", "-s", &text(&ca), "-I", "test", "-n", &sshd.user, &public]);
        // KEY-cert.pub, as ssh-keygen names it.
        gets_in(&sshd, &format!("  IdentityFile {}\n  IdentitiesOnly yes", key.display()));
        std::fs::rename(sshd.at(&format!("{name}-cert.pub")), sshd.at(&format!("signed-{name}.pub")))
            .unwrap();
        let certificate = sshd.at(&format!("signed-{name}.pub"));
        gets_in(
            &sshd,
            &format!("  IdentityFile {}\n  CertificateFile \"{}\"", key.display(), certificate.display()),
        );
    }
}

#[test]
fn ssh_w_is_a_jump() {
    let (Some(bastion), Some(sshd)) = (Sshd::start(""), Sshd::start("")) else { return };
    let known = sshd.at("home/.ssh/known_hosts");
    for (command, host) in [
        ("ssh -W %h:%p bastion".to_owned(), "bastion"),
        (format!("exec ssh -q -W [%h]:%p -p {} -l {} 127.0.0.1", bastion.port, bastion.user), "127.0.0.1"),
        (format!("ssh -o Port={} {}@127.0.0.1 -W %h:%p", bastion.port, bastion.user), "127.0.0.1"),
    ] {
        let lines = format!(
            "  IdentityFile {}\n  ProxyCommand {command}\nHost bastion 127.0.0.1\n  HostName 127.0.0.1\n  IdentityFile {}\n  \
             UserKnownHostsFile {}\nHost bastion\n  Port {}\n  User {}\n",
            sshd.at("id").display(),
            bastion.at("id").display(),
            known.display(),
            bastion.port,
            bastion.user,
        );
        gets_in(&sshd, &lines);
        let target = resolve(&worker(), &here(&sshd, true, &lines)).unwrap();
        assert_eq!(target.jump.unwrap().port, bastion.port, "{host}");
    }
}

#[test]
fn what_is_not_followed_is_named_with_its_line() {
    let Some(sshd) = Sshd::start("") else { return };
    for ssh in [true, false] {
        let lines = "  ProxyCommand nc -X connect -x proxy:3128 %h %p";
        let error = resolve(&worker(), &here(&sshd, ssh, lines)).unwrap_err().to_string();
        assert!(error.contains("config line 6: ProxyCommand nc"), "{error}");
    }
    let missing =
        "  IdentityFile ~/.ssh/nowhere\n  IdentityFile ${NO_SUCH_NAME}/id\n  CertificateFile ~/no-cert.pub";
    let target = resolve(&worker(), &here(&sshd, false, missing)).unwrap();
    let error = connect(&target, &Person::trusting()).unwrap_err().to_string();
    for part in [".ssh/nowhere (no such file)", "NO_SUCH_NAME is not set here", "no-cert.pub (no such file)"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
    let target = resolve(&worker(), &here(&sshd, true, "  PKCS11Provider /usr/lib/card.so")).unwrap();
    let error = connect(&target, &Person::trusting()).unwrap_err().to_string();
    assert!(error.contains("config line 6: PKCS11Provider is not used here"), "{error}");
}

#[test]
fn users_of_a_directory_service_reach_the_server_as_written() {
    let Some(sshd) = Sshd::start("") else { return };
    for user in ["CORP\\jdoe", "jdoe@corp.example.com"] {
        let login = Login { user: Some(user.to_owned()), ..sshd.login() };
        let target = resolve(&login, &SshEnvironment { ssh: Some("ssh".into()), ..sshd.here() }).unwrap();
        assert_eq!(target.user, user);
        // No such user is here: the server says so for this very name.
        let error = connect(&target, &Person::trusting()).unwrap_err().to_string();
        assert!(error.contains(&format!("refused the login of {user}")), "{error}");
    }
}
