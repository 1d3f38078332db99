//! Host keys and ssh_config against a real sshd on loopback.

#![expect(clippy::format_push_string, clippy::unwrap_used, reason = "small texts and helpers of tests")]

mod sshd;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use gangplank::engine::World;
use gangplank::host::target::{KeyFile, KeyFrom};
use gangplank::host::{
    Deadlines, NewKeys, SshEnvironment, SshWire, TrustAnswer, TrustPolicy, Wire, WireError, resolve,
};
use gangplank::plan::model::Login;
use gangplank::plan::place::Place;
use sshd::{Person, Sshd, connect, connect_with, fingerprint_of, keygen, output, run};

#[test]
fn a_new_key_is_remembered_as_ssh_itself_reads_it() {
    for hashed in [false, true] {
        let Some(sshd) = Sshd::start("") else { return };
        let mut target = sshd.target();
        target.hash_names = hashed;
        // No line end before ours.
        std::fs::write(sshd.known_hosts(), "# kept").unwrap();
        let person = Person::judging(TrustAnswer::Remember);
        connect(&target, &person).unwrap();
        let question = person.questions().remove(0);
        assert_eq!(question.fingerprint, fingerprint_of(&sshd.at("host_ed25519.pub")));
        assert_eq!(question.kind, "ssh-ed25519");
        let text = std::fs::read_to_string(sshd.known_hosts()).unwrap();
        assert!(text.starts_with("# kept\n"), "{text}");
        assert_eq!(text.contains("127.0.0.1"), !hashed);

        connect(&target, &Person::default()).unwrap();
        let file = sshd.known_hosts();
        let name = format!("[127.0.0.1]:{}", sshd.port);
        output("ssh-keygen", &["-F", &name, "-f", file.to_str().unwrap()]);
        let own = format!("UserKnownHostsFile={}", file.display());
        let port = sshd.port.to_string();
        let key = sshd.at("id");
        let (own, key) = (own.as_str(), key.to_str().unwrap());
        let words = output(
            "ssh",
            &[
                "-F",
                "none",
                "-o",
                own,
                "-o",
                "StrictHostKeyChecking=yes",
                "-o",
                "BatchMode=yes",
                "-o",
                "GlobalKnownHostsFile=none",
                "-i",
                key,
                "-p",
                &port,
                "127.0.0.1",
                "echo fine",
            ],
        );
        assert_eq!(words, "fine");
    }
}

#[test]
fn makes_the_known_hosts_file_for_its_owner_only() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    target.known_hosts = vec![sshd.at("fresh/.ssh/known_hosts")];
    connect(&target, &Person::judging(TrustAnswer::Remember)).unwrap();
    let mode = |name| std::fs::metadata(sshd.at(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("fresh/.ssh"), mode("fresh/.ssh/known_hosts")), (0o700, 0o600));
}

#[test]
fn a_new_key_is_trusted_once_refused_or_by_policy() {
    let Some(sshd) = Sshd::start("") else { return };
    let target = sshd.target();
    let print = fingerprint_of(&sshd.at("host_ed25519.pub"));
    connect(&target, &Person::trusting()).unwrap();
    assert!(!sshd.known_hosts().exists());
    let error = connect(&target, &Person::judging(TrustAnswer::Refuse)).unwrap_err();
    assert!(
        matches!(&error, WireError::HostKeyUnknown { fingerprint, .. } if *fingerprint == print),
        "{error}"
    );
    assert!(connect_with(&target, &["SHA256:other"], NewKeys::Ask).is_err());
    connect_with(&target, &[&print], NewKeys::Ask).unwrap();
    std::fs::remove_file(sshd.known_hosts()).unwrap();
    connect_with(&target, &[], NewKeys::Accept).unwrap();
    connect(&target, &Person::default()).unwrap();
}

#[test]
fn the_plans_fingerprint_decides_first() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    let print = fingerprint_of(&sshd.at("host_ed25519.pub"));
    target.host_key = Some(print.clone());
    connect(&target, &Person::default()).unwrap();
    target.host_key = Some("SHA256:AAAA".into());
    let error = connect_with(&target, &[&print], NewKeys::Accept).unwrap_err();
    let WireError::HostKeyNotStated { shown, stated, .. } = error else { panic!("{error}") };
    assert_eq!((shown, stated.as_str()), (print, "SHA256:AAAA"));
}

/// A known_hosts line for `host` with another sshd's key of that kind.
fn foreign_line(host: &str, kind: &str) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    keygen(&file, &["-t", kind], "");
    let public = file.with_extension("pub");
    let text = std::fs::read_to_string(&public).unwrap();
    (format!("{host} {text}"), fingerprint_of(&public))
}

#[test]
fn a_changed_key_is_always_refused_with_both_fingerprints() {
    let Some(sshd) = Sshd::start("") else { return };
    let (line, old) = foreign_line(&format!("[127.0.0.1]:{}", sshd.port), "ed25519");
    std::fs::write(sshd.known_hosts(), format!("# one\n\n{line}")).unwrap();
    let print = fingerprint_of(&sshd.at("host_ed25519.pub"));
    for error in [
        connect(&sshd.target(), &Person::judging(TrustAnswer::Remember)).unwrap_err(),
        connect_with(&sshd.target(), &[&print], NewKeys::Accept).unwrap_err(),
    ] {
        let WireError::HostKeyChanged { shown, known, file, line, .. } = error else { panic!("{error}") };
        assert_eq!((shown, known, file, line), (print.clone(), old.clone(), sshd.known_hosts(), 3));
    }
}

#[test]
fn known_hosts_is_read_like_openssh_does() {
    let Some(sshd) = Sshd::with_host_keys(&["ed25519", "ecdsa", "rsa"], "") else { return };
    let host = format!("[127.0.0.1]:{}", sshd.port);
    let (ed, ec, rsa) = (sshd.host_public("ed25519"), sshd.host_public("ecdsa"), sshd.host_public("rsa"));
    let (changed, _) = foreign_line(&host, "ed25519");
    let (other_portless, _) = foreign_line("127.0.0.1", "ed25519");
    let (revoked_other, _) = foreign_line(&format!("@revoked {host}"), "ed25519");
    let bad = "this line is no good\n[x ssh-ed25519 AAAA\n";
    for (name, text, code) in [
        ("plain", format!("{host} {ed}\n"), ""),
        ("comment and tabs", format!("{host}\t{} me # note\n", ed.replace(' ', "\t")), ""),
        ("carriage returns", format!("{host} {ed}\r\n"), ""),
        ("bad lines before", format!("{bad}{host} {ed}\n"), ""),
        ("bad lines do not hide a change", format!("{bad}{changed}"), "E-SSH-06"),
        ("several names", format!("a.example,{host},b {ed}\n"), ""),
        ("only ecdsa known", format!("{host} {ec}\n"), ""),
        ("only rsa known", format!("{host} {rsa}\n"), ""),
        ("wildcard", format!("[127.0.0.*]:{} {ed}\n", sshd.port), ""),
        ("star", format!("* {ed}\n"), ""),
        ("negated", format!("*,!{host},!127.0.0.1 {ed}\n"), "E-SSH-05"),
        ("without port", format!("127.0.0.1 {ed}\n"), ""),
        ("without port, other key", other_portless, "E-SSH-05"),
        ("other host", format!("10.9.9.9 {ed}\n"), "E-SSH-05"),
        ("revoked", format!("{host} {ed}\n@revoked * {ed}\n"), "E-SSH-08"),
        ("another key revoked", format!("{revoked_other}{host} {ed}\n"), ""),
        ("authority", format!("@cert-authority * {ed}\n"), "E-SSH-05"),
        ("two keys", format!("{changed}{host} {ed}\n"), ""),
        ("empty", String::new(), "E-SSH-05"),
    ] {
        std::fs::write(sshd.known_hosts(), text).unwrap();
        let result = connect(&sshd.target(), &Person::judging(TrustAnswer::Refuse));
        let found = result.as_ref().err().map_or("", |error| error.code().as_str());
        assert_eq!(found, code, "{name}: {result:?}");
        if name == "authority" {
            assert!(result.unwrap_err().to_string().contains("certificates are not supported"));
        }
    }
    let line = format!("{host} {ed}\n");
    std::fs::write(sshd.known_hosts(), &line).unwrap();
    output("ssh-keygen", &["-q", "-H", "-f", sshd.known_hosts().to_str().unwrap()]);
    assert!(!std::fs::read_to_string(sshd.known_hosts()).unwrap().contains("127.0.0.1"));
    connect(&sshd.target(), &Person::default()).unwrap();

    let mut target = sshd.target();
    target.host_key_alias = Some("Alias".into());
    std::fs::write(sshd.known_hosts(), format!("alias {ed}\n")).unwrap();
    connect(&target, &Person::default()).unwrap();
    target = sshd.target();
    target.global_known_hosts = std::mem::take(&mut target.known_hosts);
    std::fs::write(sshd.known_hosts(), line).unwrap();
    connect(&target, &Person::default()).unwrap();
}

#[test]
fn a_host_of_which_any_key_is_known_is_never_new_whatever_its_type() {
    let Some(sshd) = Sshd::with_host_keys(&["ecdsa"], "") else { return };
    let host = format!("[127.0.0.1]:{}", sshd.port);
    let print = fingerprint_of(&sshd.at("host_ecdsa.pub"));
    let (ed, old) = foreign_line(&host, "ed25519");
    let hashed = sshd.at("hashed");
    std::fs::write(&hashed, &ed).unwrap();
    output("ssh-keygen", &["-q", "-H", "-f", hashed.to_str().unwrap()]);
    let hashed = std::fs::read_to_string(hashed).unwrap();
    // A type that this program has never heard of.
    let other = openssl::base64::encode_block(b"\0\0\0\x07ssh-new\0\0\0\x04abcd");
    for (name, text) in [
        ("plain", ed.clone()),
        ("hashed", hashed),
        ("several names", ed.replace(&host, &format!("w1,{host},10.0.0.1"))),
        ("wildcard", ed.replace(&host, &format!("[127.0.0.*]:{}", sshd.port))),
        ("of an unknown type", format!("{host} ssh-new {other}\n")),
    ] {
        std::fs::write(sshd.known_hosts(), &text).unwrap();
        let person = Person::judging(TrustAnswer::Remember);
        for error in [
            connect_with(&sshd.target(), &[], NewKeys::Accept).unwrap_err(),
            connect_with(&sshd.target(), &[&print], NewKeys::Accept).unwrap_err(),
            connect(&sshd.target(), &person).unwrap_err(),
        ] {
            let WireError::HostKeyChanged { shown, known, line, .. } = &error else {
                panic!("{name}: {error}")
            };
            assert_eq!((shown, *line), (&print, 1), "{name}");
            assert!(name == "of an unknown type" || *known == old, "{name}: {error}");
            assert!(error.to_string().contains("ecdsa-sha2-nistp256"), "{name}: {error}");
        }
        assert!(person.questions().is_empty(), "{name}: nobody is asked");
        assert_eq!(
            std::fs::read_to_string(sshd.known_hosts()).unwrap(),
            text,
            "{name}: no second key is written"
        );
    }
    // OpenSSH says the same.
    std::fs::write(sshd.known_hosts(), &ed).unwrap();
    let (known, key, port) = (sshd.known_hosts(), sshd.at("id"), sshd.port.to_string());
    let ssh = std::process::Command::new("ssh")
        .args(["-F", "none", "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes"])
        .args(["-o", &format!("UserKnownHostsFile={}", known.display()), "-o", "GlobalKnownHostsFile=none"])
        .args(["-i", key.to_str().unwrap(), "-p", &port, "127.0.0.1", "true"])
        .output()
        .unwrap();
    assert!(!ssh.status.success(), "{}", String::from_utf8_lossy(&ssh.stderr));
}

#[test]
fn a_key_in_any_of_several_files_makes_the_host_known() {
    let Some(sshd) = Sshd::with_host_keys(&["ecdsa"], "") else { return };
    let (line, _) = foreign_line(&format!("[127.0.0.1]:{}", sshd.port), "ed25519");
    let (global, second) = (sshd.at("global"), sshd.at("known_hosts2"));
    for file in [&global, &second] {
        let mut target = sshd.target();
        target.known_hosts.push(second.clone());
        target.global_known_hosts = vec![sshd.at("none"), global.clone()];
        std::fs::write(file, &line).unwrap();
        let error = connect_with(&target, &[], NewKeys::Accept).unwrap_err();
        assert!(matches!(&error, WireError::HostKeyChanged { file: at, .. } if at == file), "{error}");
        assert!(!sshd.known_hosts().exists());
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_new_name_of_an_address_that_is_known_with_another_key_is_not_new() {
    let Some(sshd) = Sshd::start("") else { return };
    let mut target = sshd.target();
    target.host = "localhost".to_owned();
    let address = format!("[127.0.0.1]:{}", sshd.port);
    for kind in ["ed25519", "ecdsa"] {
        let (line, _) = foreign_line(&address, kind);
        std::fs::write(sshd.known_hosts(), &line).unwrap();
        let error = connect_with(&target, &[], NewKeys::Accept).unwrap_err();
        assert!(
            matches!(&error, WireError::HostKeyChanged { host, line: 1, .. } if *host == address),
            "{kind}: {error}"
        );
    }
    // The same machine under another name is asked about, and that is said.
    let same = format!("{address} {}\n", sshd.host_public("ed25519"));
    std::fs::write(sshd.known_hosts(), &same).unwrap();
    let person = Person::judging(TrustAnswer::Once);
    connect(&target, &person).unwrap();
    assert!(person.questions()[0].note.contains("its address"), "{:?}", person.questions());
    connect_with(&target, &[], NewKeys::Accept).unwrap();
    let both = std::fs::read_to_string(sshd.known_hosts()).unwrap();
    assert!(both.starts_with(&same) && both.contains("localhost"), "{both}");
    // A key that is revoked for the address is refused by the name too.
    std::fs::write(sshd.known_hosts(), format!("@revoked {same}")).unwrap();
    assert_eq!(connect_with(&target, &[], NewKeys::Accept).unwrap_err().code(), "E-SSH-08");
    // An alias stands for the machine, wherever it is.
    let (line, _) = foreign_line(&address, "ed25519");
    std::fs::write(sshd.known_hosts(), line).unwrap();
    target.host_key_alias = Some("w1".to_owned());
    connect_with(&target, &[], NewKeys::Accept).unwrap();
}

#[test]
fn a_host_that_an_authority_stands_for_is_not_taken_unseen() {
    let Some(sshd) = Sshd::start("") else { return };
    let ed = sshd.host_public("ed25519");
    let text = format!("@cert-authority [127.0.0.1]:{} {ed}\n", sshd.port);
    std::fs::write(sshd.known_hosts(), &text).unwrap();
    let error = connect_with(&sshd.target(), &[], NewKeys::Accept).unwrap_err();
    assert_eq!(error.code(), "E-SSH-05", "{error}");
    assert_eq!(std::fs::read_to_string(sshd.known_hosts()).unwrap(), text);
    let print = fingerprint_of(&sshd.at("host_ed25519.pub"));
    connect_with(&sshd.target(), &[&print], NewKeys::Ask).unwrap();
}

#[test]
fn who_only_looks_writes_no_key_and_whoever_changes_something_later_does() {
    let Some(sshd) = Sshd::start("") else { return };
    let api = gangplank::plan::model::ApiAddress { host: "127.0.0.1".to_owned(), port: 1 };
    let new = TrustPolicy { new: NewKeys::Accept, ..TrustPolicy::default() };
    let world = sshd.world(new, &api, sshd.at("kept"));
    // The usual files: the one of the sshd's own home is written.
    let login = Login { host: "127.0.0.1".to_owned(), ..sshd.login() };
    let place = Place::Worker("w1".to_owned());
    let looking = world.looking();
    drop(looking.host(&place, &login).unwrap());
    assert!(!sshd.known_hosts().exists(), "a look writes nothing");
    drop(world.host(&place, &login).unwrap());
    let text = std::fs::read_to_string(sshd.known_hosts()).unwrap();
    assert!(text.contains(&sshd.host_public("ed25519")), "{text}");
    drop(world.host(&place, &login).unwrap());
    assert_eq!(std::fs::read_to_string(sshd.known_hosts()).unwrap(), text, "once");
    // What the person chose in the question is written by a look too.
    std::fs::remove_file(sshd.known_hosts()).unwrap();
    let policy = TrustPolicy { only_looks: true, ..TrustPolicy::default() };
    let person = Person::judging(TrustAnswer::Remember);
    SshWire::connect(&sshd.target(), &policy, &person, Deadlines::default()).unwrap();
    assert!(sshd.known_hosts().exists());
}

fn login(host: &str) -> Login {
    Login { host: host.to_owned(), ..Login::default() }
}

fn here(dir: &Path, ssh: bool, config: &str) -> SshEnvironment {
    std::fs::create_dir_all(dir.join(".ssh")).unwrap();
    let file = dir.join(".ssh/config");
    std::fs::write(&file, config).unwrap();
    SshEnvironment {
        home: dir.to_owned(),
        user: "me".into(),
        agent: Some("/agent".into()),
        ssh: ssh.then(|| "ssh".into()),
        config: Some(file),
    }
}

#[test]
fn both_readers_of_ssh_config_agree() {
    let dir = tempfile::tempdir().unwrap();
    let config = "Host w*\n  HostName 10.0.0.7\n  User core\n  Port 2200\n  IdentityFile ~/.ssh/work\n  \
                  ProxyJump op@bastion:2222\n  ConnectTimeout 3\n  HostKeyAlias alias1\n  IdentitiesOnly yes\n\
                  Host bastion\n  HostName 10.0.0.1\n";
    for ssh in [true, false] {
        let target = resolve(&login("w1"), &here(dir.path(), ssh, config)).unwrap();
        assert_eq!(
            (target.host.as_str(), target.port, target.user.as_str()),
            ("10.0.0.7", 2200, "core"),
            "{ssh}"
        );
        assert_eq!(target.keys[0], KeyFile { path: dir.path().join(".ssh/work"), from: KeyFrom::Config });
        assert_eq!(target.connect_timeout, Some(Duration::from_secs(3)), "{ssh}");
        assert_eq!(target.host_key_alias.as_deref(), Some("alias1"), "{ssh}");
        assert!(target.identities_only, "{ssh}");
        let jump = target.jump.unwrap();
        assert_eq!((jump.host.as_str(), jump.port, jump.user.as_str()), ("10.0.0.1", 2222, "op"), "{ssh}");
        assert!(jump.jump.is_none());

        let stated = Login {
            port: Some(22),
            user: Some("root".into()),
            key: Some("~/k".into()),
            jump: vec!["one".into(), "two".into()],
            host_key: Some("SHA256:x".into()),
            ..login("w1")
        };
        let target = resolve(&stated, &here(dir.path(), ssh, config)).unwrap();
        assert_eq!((target.port, target.user.as_str()), (22, "root"));
        assert_eq!(target.keys[0], KeyFile { path: dir.path().join("k"), from: KeyFrom::Plan });
        assert_eq!(target.host_key.as_deref(), Some("SHA256:x"));
        let two = target.jump.unwrap();
        assert_eq!((two.host.as_str(), two.jump.unwrap().host.as_str()), ("two", "one"));
    }
}

#[test]
fn unsupported_configuration_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    for (ssh, config, word) in [
        (true, "Host w1\n  ProxyCommand nc %h %p\n", "ProxyCommand"),
        (false, "Host w*\n  ProxyCommand nc %h %p\n", "ProxyCommand"),
        (false, "Match exec true\n  User y\n", "Match"),
        (true, "Host w1\n  ProxyJump w1\n", "loop"),
        (false, "Host w1\n  ProxyJump w2\nHost w2\n  ProxyJump w1\n", "loop"),
        (true, "Nonsense yes\n", "onsense"),
    ] {
        let error = resolve(&login("w1"), &here(dir.path(), ssh, config)).unwrap_err();
        assert_eq!(error.code(), "E-SSH-20", "{config}");
        assert!(error.to_string().contains(word), "{error}");
    }
    for host in ["-oProxyCommand=x", "", "a b"] {
        assert_eq!(resolve(&login(host), &here(dir.path(), true, "")).unwrap_err().code(), "E-SSH-20");
    }
}

#[test]
fn the_operators_ssh_config_leads_through_two_jump_hosts() {
    let (Some(first), Some(second), Some(worker)) = (Sshd::start(""), Sshd::start(""), Sshd::start(""))
    else {
        return;
    };
    let mut config = String::from("GlobalKnownHostsFile none\n");
    for (name, sshd, jump) in [
        ("first", &first, ""),
        ("second", &second, "ProxyJump first\n"),
        ("worker", &worker, "ProxyJump second\n"),
    ] {
        config.push_str(&format!(
            "Host {name}\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  \
             UserKnownHostsFile {}\n  {jump}",
            sshd.port,
            sshd.user,
            sshd.at("id").display(),
            sshd.known_hosts().display(),
        ));
    }
    let mut here = here(&worker.at("home"), true, &config);
    here.agent = None;
    let target = resolve(&login("worker"), &here).unwrap();
    let person = Person::judging(TrustAnswer::Remember);
    let wire = connect(&target, &person).unwrap();
    assert_eq!(run(&wire, "echo there").out, b"there\n");
    assert_eq!(wire.counts().connections, 3);
    for sshd in [&first, &second, &worker] {
        assert!(sshd.known_hosts().exists());
    }
    drop(wire);
    connect(&target, &Person::default()).unwrap();
}
