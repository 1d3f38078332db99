//! What people write into ssh_config gets in against a real sshd, with the ssh program and without it; what is not
//! followed is named with its line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sshd;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gangplank::host::{SshEnvironment, TrustAnswer, resolve};
use gangplank::plan::model::Login;
use sshd::{Person, Sshd, connect, keygen, output, run};

/// An environment of its own whose ssh_config has these lines for `worker`, with the ssh program or without it.
fn here(sshd: &Sshd, ssh: bool, lines: &str) -> SshEnvironment {
    let config = format!(
        "Host worker # the one\n  HostName=127.0.0.1 # here\n  Port {} # a test's\n  User {}\n  \
         GlobalKnownHostsFile none\n{lines}\nHost *\n  UserKnownHostsFile \"{}\"\n",
        sshd.port,
        sshd.user,
        sshd.known_hosts().display()
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

/// Whether the real ssh logs in as `worker` with these lines.
fn ssh_gets_in(sshd: &Sshd, lines: &str) -> bool {
    let here = here(sshd, true, lines);
    let ssh = std::process::Command::new("ssh")
        .arg("-F")
        .arg(here.config.unwrap())
        .args(["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "worker", "true"])
        .output()
        .unwrap();
    ssh.status.success()
}

/// What comes of logging in as `worker`, whom nobody is asked about: the error, or nothing.
fn refusal(sshd: &Sshd, ssh: bool, lines: &str) -> String {
    let target = match resolve(&worker(), &here(sshd, ssh, lines)) {
        Ok(target) => target,
        Err(error) => return format!("{} {error}", error.code()),
    };
    connect(&target, &Person::default())
        .err()
        .map_or_else(String::new, |error| format!("{} {error}", error.code()))
}

/// Known to known_hosts, and let in with its key.
fn known(sshd: &Sshd) -> String {
    let line = format!("[127.0.0.1]:{} {}\n", sshd.port, sshd.host_public("ed25519"));
    std::fs::write(sshd.known_hosts(), line).unwrap();
    format!(
        "  IdentityFile {}\n  UserKnownHostsFile {}\n",
        sshd.at("id").display(),
        sshd.known_hosts().display()
    )
}

#[test]
fn a_host_key_in_a_file_of_revoked_keys_is_refused_as_ssh_refuses_it() {
    let Some(sshd) = Sshd::start("") else { return };
    let own = sshd.host_public("ed25519");
    keygen(&sshd.at("other"), &["-t", "ed25519"], "");
    let other = std::fs::read_to_string(sshd.at("other.pub")).unwrap();
    let (text, file) = (|path: &Path| path.to_str().unwrap().to_owned(), sshd.at("revoked keys"));
    output("ssh-keygen", &["-q", "-k", "-f", &text(&sshd.at("krl")), &text(&sshd.at("other.pub"))]);
    let lines = format!("{}  RevokedHostKeys \"{}\"", known(&sshd), file.display());
    let config = "config line 8: RevokedHostKeys";
    for (name, content, says) in [
        ("its key", Some(format!("# gone\n\n{other}  {own} old\n").into_bytes()), vec!["E-SSH-08", "keys:4"]),
        ("another key", Some(format!("# gone\n\n{other}").into_bytes()), vec![]),
        ("nothing", Some(Vec::new()), vec![]),
        ("no such file", None, vec!["E-SSH-20", config, "No such file"]),
        ("no key", Some(format!("{other}hello\n").into_bytes()), vec!["E-SSH-20", config, "its line 2"]),
        ("a KRL", Some(std::fs::read(sshd.at("krl")).unwrap()), vec!["E-SSH-20", config, "KRL"]),
    ] {
        match &content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        for ssh in [true, false] {
            let error = refusal(&sshd, ssh, &lines);
            assert_eq!(error.is_empty(), says.is_empty(), "{name}: {error}");
            assert!(says.iter().all(|part| error.contains(part)), "{name}: {error}");
        }
        // It reads a KRL; one that is not read here is refused.
        assert!(name == "a KRL" || ssh_gets_in(&sshd, &lines) == says.is_empty(), "{name}");
    }
    std::fs::write(&file, &own).unwrap();
    let mut target = resolve(&worker(), &here(&sshd, true, &lines)).unwrap();
    target.host_key = Some(sshd::fingerprint_of(&sshd.at("host_ed25519.pub")));
    assert_eq!(connect(&target, &Person::trusting()).unwrap_err().code(), "E-SSH-08", "stated in the plan");
    assert_eq!(refusal(&sshd, true, &format!("{}  RevokedHostKeys none", known(&sshd))), "");
}

#[test]
fn of_a_command_in_ssh_config_only_the_programs_name_is_said() {
    let Some(sshd) = Sshd::start("") else { return };
    for (command, program) in [
        ("sshpass -p Geheim123 ssh -W %h:%p b", "sshpass"),
        ("/usr/bin/ncat --proxy p:1 --proxy-auth ops:Geheim123 %h %p", "ncat"),
        ("connect -H http://ops:Geheim123@proxy:3128 %h %p", "connect"),
        ("exec env X_PASSWORD=Geheim123 nc %h %p", "env"),
        ("X_PASSWORD=Geheim123 nc %h %p", "nc"),
        ("X_PASSWORD='a Geheim123' exec nc %h %p", "nc"),
        ("(curl -u ops:Geheim123 x)", ""),
        ("$(Geheim123) x", ""),
        ("sh -c 'nc -u Geheim123'", "sh"),
        ("ssh -W %h:%p -o ProxyCommand=Geheim123 b", "ssh"),
    ] {
        for ssh in [true, false] {
            let error = refusal(&sshd, ssh, &format!("  ProxyCommand {command}"));
            let said = format!("config line 6: ProxyCommand {program}");
            assert!(error.contains("E-SSH-20") && error.contains(said.trim_end()), "{ssh} {error}");
            assert!(!error.contains("Geheim") && !error.contains("ops"), "{ssh} {command}: {error}");
        }
    }
    let matched = "Match exec \"vault login -password Geheim123\"\n  Port 1";
    let error = refusal(&sshd, false, matched);
    assert!(error.contains("line 6: Match exec") && !error.contains("Geheim"), "{error}");
}

#[test]
fn a_known_hosts_file_with_a_blank_below_the_home_is_read_and_written_there() {
    let Some(sshd) = Sshd::start("") else { return };
    let host = format!("[127.0.0.1]:{}", sshd.port);
    let file = sshd.at("home/.ssh/lab hosts");
    keygen(&sshd.at("other"), &["-t", "ed25519"], "");
    let other = std::fs::read_to_string(sshd.at("other.pub")).unwrap();
    for names in ["\"~/.ssh/lab hosts\"", "\"~/.ssh/lab hosts\" ~/.ssh/more", "\"%d/.ssh/lab hosts\" /no/%h"]
    {
        let key = sshd.at("id");
        let lines = format!("  IdentityFile {}\n  UserKnownHostsFile {names}", key.display());
        for ssh in [true, false] {
            std::fs::write(&file, format!("{host} {}\n", sshd.host_public("ed25519"))).unwrap();
            assert_eq!(refusal(&sshd, ssh, &lines), "", "{ssh} {names}");
            std::fs::write(&file, format!("{host} {other}")).unwrap();
            let error = refusal(&sshd, ssh, &lines);
            assert!(error.contains("E-SSH-06"), "{ssh} {names}: {error}");
        }
    }
}

#[test]
fn a_time_out_of_zero_is_none_of_its_own() {
    let Some(sshd) = Sshd::start("") else { return };
    let lines = format!("{}  ConnectTimeout 0", known(&sshd));
    assert!(ssh_gets_in(&sshd, &lines));
    for ssh in [true, false] {
        assert_eq!(refusal(&sshd, ssh, &lines), "", "{ssh}");
    }
}

/// The way to `worker` by both readers, who must agree: user, host and port of each hop, the last one first.
fn way(sshd: &Sshd, lines: &str) -> Result<Vec<String>, String> {
    let both = [true, false].map(|ssh| {
        let target = resolve(&worker(), &here(sshd, ssh, lines)).map_err(|error| error.to_string())?;
        let mut hops = Vec::new();
        let mut next = target.jump.as_deref();
        while let Some(hop) = next {
            hops.push(format!("{}@{}", hop.user, hop.address()));
            next = hop.jump.as_deref();
        }
        Ok(hops)
    });
    assert_eq!(both[0], both[1], "{lines}");
    both.into_iter().next().unwrap()
}

#[test]
fn a_jump_host_may_be_named_with_tokens() {
    let Some(sshd) = Sshd::start("") else { return };
    let user = &sshd.user;
    for (jump, hops) in [
        ("%r@b1".to_owned(), vec![format!("{user}@b1:22")]),
        ("%r@b1:2222,x%%@%n-b2".to_owned(), vec![format!("x%@worker-b2:22"), format!("{user}@b1:2222")]),
        ("%r@[fe80::1%eth0]:23".to_owned(), vec![format!("{user}@[fe80::1%eth0]:23")]),
    ] {
        assert_eq!(way(&sshd, &format!("  ProxyJump {jump}")), Ok(hops), "{jump}");
    }
}

#[test]
fn none_ends_the_search_for_a_way_through() {
    let Some(sshd) = Sshd::start("") else { return };
    let (jump, command) = ("  ProxyJump b1", "  ProxyCommand ssh -W %h:%p b1");
    let end = "Host b1\n  ProxyCommand none\n";
    for (own, later, hops) in [
        ("  ProxyJump none", jump, 0),
        ("  ProxyJump NONE", jump, 0),
        ("  ProxyJump none", command, 1),
        ("  ProxyCommand none", jump, 0),
        ("  ProxyCommand=none", command, 0),
        ("  ProxyCommand none", "  ProxyCommand nc %h %p", 0),
    ] {
        let way = way(&sshd, &format!("{own}\n{end}Host *\n{later}"));
        assert_eq!(way.map(|hops| hops.len()), Ok(hops), "{own} {later}");
    }
    let lines = "  ProxyCommand ssh -W %h:%p b1\nHost worker\n  ProxyJump b2";
    assert_eq!(way(&sshd, lines), Ok(vec![format!("{}@b1:22", sshd.user)]));
    // The plan's word for it.
    for ssh in [true, false] {
        let login = Login { jump: vec!["none".to_owned()], ..worker() };
        let target = resolve(&login, &here(&sshd, ssh, "  ProxyCommand nc %h %p")).unwrap();
        assert_eq!(target.jump, None);
    }
}

#[test]
fn both_readers_read_the_same_whatever_the_spelling() {
    let Some(sshd) = Sshd::start("") else { return };
    let dir = sshd.at("sub1");
    for name in ["sub1", "sub2", "no1", "sub1/c"] {
        std::fs::create_dir(sshd.at(name)).unwrap();
    }
    for (name, key) in
        [("sub1/a.conf", "one"), ("sub2/b.conf", "two"), ("sub2/x.conf", "x"), ("no1/a.conf", "n")]
    {
        std::fs::write(sshd.at(name), format!("IdentityFile /keys/{key}\n")).unwrap();
    }
    let root = dir.parent().unwrap().display();
    for lines in [
        format!("  Include {root}/sub?/[ab].conf"),
        format!("  Include {root}/*/[!x].conf {root}/sub[2-9]/x.conf"),
        format!("  Include \"{root}/sub1/a.conf\""),
        "  IdentityFile '/keys/my key'".to_owned(),
        "  IdentityFile /keys/my\\ key".to_owned(),
        "  IdentityFile \"/keys/my \\\"key\\\"\"".to_owned(),
        "  IdentityFile '/keys/it\\'s \"#1\"' # mine".to_owned(),
        "  IdentityFile /keys/a#b".to_owned(),
        "  IdentityFile /k\n  IdentitiesOnly no\nHost *\n  IdentitiesOnly yes\n  HashKnownHosts yes"
            .to_owned(),
        "  IdentityFile /k\n  HashKnownHosts no\nHost *\n  HashKnownHosts yes".to_owned(),
        "  IdentityFile /k\nHost *\n  HostKeyAlias a\\b".to_owned(),
    ] {
        let [one, other] = [true, false].map(|ssh| resolve(&worker(), &here(&sshd, ssh, &lines)).unwrap());
        // Usual files are said by ssh and not by the file.
        assert_eq!((&one.keys, one.identities_only), (&other.keys, other.identities_only), "{lines}");
        assert_eq!((one.hash_names, one.host_key_alias), (other.hash_names, other.host_key_alias), "{lines}");
    }
    // A host's first HostName wins: these speak of another one.
    for (name, host) in [("%%h", "%h"), ("%h.lab", "other.lab"), ("a%%%h", "a%other")] {
        let lines = format!("Host other\n  HostName {name}");
        for ssh in [true, false] {
            let login = Login { host: "other".to_owned(), ..Login::default() };
            assert_eq!(resolve(&login, &here(&sshd, ssh, &lines)).unwrap().host, host, "{ssh} {name}");
        }
    }
}

#[test]
fn a_command_that_is_a_jump_is_one_whatever_stands_around_it() {
    let Some(sshd) = Sshd::start("") else { return };
    let config = sshd.at("home/.ssh/config");
    let one = Ok(vec![format!("{}@b1:22", sshd.user)]);
    for command in [
        "ssh -q -W %h:%p b1 2>/dev/null".to_owned(),
        "ssh -q -W %h:%p b1 2> /dev/null".to_owned(),
        format!("ssh -F {} -W %h:%p b1", config.display()),
        "ssh -o ProxyCommand=none -W %h:%p b1".to_owned(),
        "ssh -oProxyJump=none b1 -W [%h]:%p".to_owned(),
        "sh -c 'ssh -W %h:%p b1'".to_owned(),
        "exec /bin/bash -c \"exec ssh -q -W '%h:%p' b1 2>/dev/null\"".to_owned(),
    ] {
        assert_eq!(way(&sshd, &format!("  ProxyCommand {command}")), one, "{command}");
    }
    for command in ["ssh -W %h:%p -l %r -p 22 gw-%n.%h", "ssh -o User=%r -W [%h]:%p ssh://gw-%n.%h"] {
        let hop = format!("{}@gw-worker.127.0.0.1:22", sshd.user);
        assert_eq!(way(&sshd, &format!("  ProxyCommand {command}")), Ok(vec![hop]), "{command}");
    }
    let beyond = "  ProxyCommand ssh -o ProxyCommand=none -W %h:%p b1\nHost b1\n  ProxyJump b2";
    assert_eq!(way(&sshd, beyond), one);
    for command in
        ["ssh -F other -W %h:%p b1", "ssh -W %h:%p b1; true", "ssh -W %h:%p b1 >x", "ssh -W %h:%p $X"]
    {
        assert!(way(&sshd, &format!("  ProxyCommand {command}")).is_err(), "{command}");
    }
}

#[test]
fn a_command_that_passes_a_socket_is_refused_and_a_jump_passes_none() {
    let Some(sshd) = Sshd::start("") else { return };
    for ssh in [true, false] {
        let error = refusal(&sshd, ssh, "  ProxyCommand ssh -W %h:%p b1\n  ProxyUseFdpass yes");
        assert!(
            error.contains("E-SSH-20") && error.contains("config line 7: ProxyUseFdpass"),
            "{ssh} {error}"
        );
    }
    let jump = "  ProxyUseFdpass yes\n  ProxyJump b1";
    assert_eq!(way(&sshd, jump), Ok(vec![format!("{}@b1:22", sshd.user)]));
}

#[test]
fn ways_that_ssh_config_forbids_are_not_tried() {
    let Some(sshd) = Sshd::start("PasswordAuthentication yes") else { return };
    let lines = known(&sshd);
    for (line, in_with_key) in [
        ("", true),
        ("  PubkeyAuthentication no", false),
        ("  PreferredAuthentications password,keyboard-interactive", false),
        ("  PreferredAuthentications publickey", true),
        ("  PubkeyAuthentication yes\nHost *\n  PubkeyAuthentication no", true),
    ] {
        let lines = format!("{lines}{line}");
        assert_eq!(ssh_gets_in(&sshd, &lines), in_with_key, "{line}");
        for ssh in [true, false] {
            let error = refusal(&sshd, ssh, &lines);
            assert_eq!(error.is_empty(), in_with_key, "{ssh} {line}: {error}");
            let says = in_with_key || error.contains("keys not tried:") && error.contains("config line 8:");
            assert!(says, "{ssh} {line}: {error}");
        }
    }
    // Nobody is asked for a password that is not to be tried.
    let other = "  IdentityFile /nowhere\n";
    for (line, asks) in
        [("", true), ("  PasswordAuthentication no", false), ("  PreferredAuthentications publickey", false)]
    {
        for ssh in [true, false] {
            let target = resolve(&worker(), &here(&sshd, ssh, &format!("{other}{line}"))).unwrap();
            let person = Person::trusting();
            connect(&target, &person).unwrap_err();
            assert_eq!(!person.asked().is_empty(), asks, "{ssh} {line}");
        }
    }
    // The plan's own key is the plan's word.
    let login = Login { key: Some(sshd.at("id")), ..worker() };
    let target = resolve(&login, &here(&sshd, true, "  PubkeyAuthentication no")).unwrap();
    connect(&target, &Person::trusting()).unwrap();
}

#[test]
fn a_key_that_others_may_read_is_not_used() {
    let Some(sshd) = Sshd::start("") else { return };
    let lines = known(&sshd);
    for (mode, used) in [(0o644, false), (0o640, false), (0o604, false), (0o400, true), (0o600, true)] {
        std::fs::set_permissions(sshd.at("id"), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(ssh_gets_in(&sshd, &lines), used, "{mode:o}");
        let error = refusal(&sshd, true, &lines);
        assert_eq!(error.is_empty(), used, "{mode:o}: {error}");
        let plan = Login { key: Some(sshd.at("id")), ..worker() };
        let plan = connect(&resolve(&plan, &here(&sshd, true, &lines)).unwrap(), &Person::default());
        assert_eq!(plan.is_ok(), used, "{mode:o}");
        for error in [error, plan.err().map_or_else(String::new, |error| error.to_string())] {
            assert!(used || error.contains(&format!("mode is {mode:03o}")), "{error}");
            assert!(used || error.contains("chmod 600 "), "{error}");
        }
    }
}
