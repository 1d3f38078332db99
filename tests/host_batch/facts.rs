//! Facts of this very machine, next to what Rust reads itself.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use gangplank::host::{BatchEnd, LocalWire};
use gangplank::pki::FileForm;
use gangplank::plan::action::sha256;
use gangplank::plan::fact::{FactQuery, FlagSet, Known};
use gangplank::plan::runtime_fact::RuntimeKind;
use openssl::base64;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::X509;

use crate::sshd::{Sshd, output};
use crate::support::{Run, Wrapped, done, local, over, program, with_programs};

fn ask(queries: Vec<FactQuery>) -> BatchEnd {
    let end = done(&mut local(), &Run::new().batch(Vec::new(), queries));
    assert_eq!(end.trouble, None, "{end:?}");
    end
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn the_machine_is_the_one_rust_sees() {
    let Some(sshd) = Sshd::start("") else { return };
    for mut host in [local(), over(Arc::new(sshd.connect()))] {
        let end = done(&mut host, &Run::new().batch(Vec::new(), vec![FactQuery::Machine]));
        let machine = end.facts.machine().yes().copied().cloned().unwrap();
        assert_eq!(machine.hostname, fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim());
        assert_eq!(machine.kernel, fs::read_to_string("/proc/sys/kernel/osrelease").unwrap().trim());
        assert_eq!(machine.arch, std::env::consts::ARCH);
        assert_eq!(
            usize::try_from(machine.cpus).unwrap(),
            std::thread::available_parallelism().unwrap().get()
        );
        assert_eq!(machine.uid, fs::metadata("/proc/self").unwrap().uid());
        assert_eq!(machine.systemd, Path::new("/run/systemd/system").is_dir());
        let forward = fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
        assert_eq!(machine.ip_forward, forward.trim() == "1");
        let memory = fs::read_to_string("/proc/meminfo").unwrap();
        let kib: u64 = memory.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert_eq!(machine.memory_mib, kib / 1024);
        assert!(machine.listening.contains(&sshd.port), "{:?}", machine.listening);
        assert!(machine.openssl.starts_with("OpenSSL"), "{}", machine.openssl);
        assert!(machine.free_mib.contains_key("/"), "{:?}", machine.free_mib);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        assert!(i64::try_from(now).unwrap() - machine.clock_ms < 30_000);
    }
}

#[test]
fn files_come_with_hash_mode_owner_and_content_if_asked() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = crate::support::pattern(70_000);
    let (file, link, empty) =
        (dir.path().join("it's a file"), dir.path().join("link"), dir.path().join("empty"));
    fs::write(&file, &bytes).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(&empty, "").unwrap();
    symlink(&file, &link).unwrap();
    let large = dir.path().join("large");
    fs::write(&large, vec![7; 300_000]).unwrap();
    let want = |path: &Path, content| FactQuery::File { path: text(path), content };
    let end = ask(vec![
        want(&file, true),
        want(&link, false),
        want(&empty, true),
        want(&large, true),
        want(dir.path(), false),
        want(&dir.path().join("none"), true),
    ]);
    let fact = |path: &Path| end.facts.file(&text(path)).yes().copied().cloned().unwrap().unwrap();
    let owner = format!("{}:{}", output("id", &["-un"]), output("id", &["-gn"]));
    assert_eq!(fact(&file).content, Some(bytes.clone()));
    for path in [&file, &link] {
        let fact = fact(path);
        assert_eq!((fact.sha256, fact.mode, fact.size), (sha256(&bytes), "640".to_owned(), 70_000));
        assert_eq!(fact.owner, owner);
    }
    assert_eq!(fact(&link).content, None);
    assert_eq!((fact(&empty).content, fact(&empty).sha256), (Some(Vec::new()), sha256(b"")));
    assert_eq!((fact(&large).content, fact(&large).size), (None, 300_000));
    assert_eq!(end.facts.file(&text(dir.path())).why_not(), format!("{} is not a file", text(dir.path())));
    assert_eq!(end.facts.file(&text(&dir.path().join("none"))).yes().copied(), Some(&None));
}

#[test]
fn a_file_that_cannot_be_read_does_not_get_the_hash_of_the_one_before() {
    if !crate::root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (open, closed) = (dir.path().join("open"), dir.path().join("closed"));
    fs::write(&open, "open").unwrap();
    fs::write(&closed, "closed").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o600)).unwrap();
    let wire = Wrapped {
        wire: LocalWire::new(),
        before: "exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -c".to_owned(),
    };
    let queries = [&open, &closed].map(|path| FactQuery::File { path: text(path), content: false });
    let end = done(&mut over(Arc::new(wire)), &Run::new().batch(Vec::new(), queries.to_vec()));
    assert_eq!(
        end.facts.file(&text(&open)).yes().copied().cloned().unwrap().unwrap().sha256,
        sha256(b"open")
    );
    assert_eq!(end.facts.file(&text(&closed)).why_not(), format!("{} could not be read", text(&closed)));
}

fn rsa() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

#[test]
fn keys_are_known_by_the_hash_of_their_public_half() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let (rsa, ec) = (rsa(), PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap());
    fs::write(at("rsa"), rsa.rsa().unwrap().private_key_to_pem().unwrap()).unwrap();
    fs::write(at("ec"), ec.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let locked = rsa.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"word").unwrap();
    fs::write(at("locked"), locked).unwrap();
    fs::write(at("broken"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    fs::set_permissions(at("ec"), fs::Permissions::from_mode(0o600)).unwrap();
    let queries = ["rsa", "ec", "locked", "broken", "none"].map(|name| FactQuery::Key(text(&at(name))));
    let end = ask(queries.to_vec());
    let fact = |name: &str| end.facts.key(&text(&at(name))).yes().copied().cloned().unwrap();
    let public = |key: &PKey<Private>| sha256(&key.public_key_to_der().unwrap());
    assert_eq!(fact("rsa").unwrap().spki_sha256, public(&rsa));
    assert_eq!((fact("ec").unwrap().spki_sha256, fact("ec").unwrap().mode), (public(&ec), "600".to_owned()));
    assert_eq!(fact("ec").unwrap().sha256, sha256(&fs::read(at("ec")).unwrap()));
    assert!(fact("locked").unwrap().encrypted && fact("locked").unwrap().spki_sha256.is_empty());
    assert!(!fact("broken").unwrap().encrypted && fact("broken").unwrap().spki_sha256.is_empty());
    assert_eq!(fact("none"), None);
}

#[test]
fn a_key_that_is_not_one_shows_the_same_signs_to_a_shell_as_to_rust() {
    let dir = tempfile::tempdir().unwrap();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in fs::read_dir("tests/fixtures/ca").unwrap().map(Result::unwrap) {
        for name in ["ca.crt", "ca.key"] {
            let path = entry.path().join(name);
            files.push((format!("{}-{name}", entry.file_name().display()), fs::read(path).unwrap()));
        }
    }
    let pem = String::from_utf8(fs::read("tests/fixtures/ca/rsa1024/ca.crt").unwrap()).unwrap();
    let key = rsa();
    let der = key.private_key_to_pkcs8().unwrap();
    let public = key.public_key_to_der().unwrap();
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("blank", b" \n\n".to_vec()),
        ("marked", [b"\xef\xbb\xbf".to_vec(), pem.clone().into_bytes()].concat()),
        ("indented", format!("  {}", pem.trim_end().replace('\n', "\n  ")).into_bytes()),
        ("escaped", pem.replace('\n', "\\n").into_bytes()),
        ("returns", pem.replace('\n', "\r").into_bytes()),
        ("public-der", public),
        ("ssh", b"ssh-ed25519 AAAA somebody\n".to_vec()),
        ("putty", b"PuTTY-User-Key-File-3: ssh-rsa\n".to_vec()),
        ("page", b"<!DOCTYPE html>\n<p>\n".to_vec()),
        ("java", b"\xfe\xed\xfe\xed\x00\x00".to_vec()),
        ("cut-der", der[..der.len() / 2].to_vec()),
        ("words", b"hello\n".to_vec()),
    ] {
        files.push((name.to_owned(), bytes));
    }
    let queries: Vec<FactQuery> = files
        .iter()
        .map(|(name, bytes)| {
            fs::write(dir.path().join(name), bytes).unwrap();
            FactQuery::Key(text(&dir.path().join(name)))
        })
        .collect();
    let end = ask(queries);
    for (name, bytes) in &files {
        let fact = end.facts.key(&text(&dir.path().join(name))).yes().copied().cloned().unwrap().unwrap();
        let (theirs, ours) = (FileForm::of_signs(&fact.signs), FileForm::of(bytes));
        if fact.spki_sha256.is_empty() {
            assert_eq!(theirs, ours, "{name}: {:?}", fact.signs);
        }
        let unsupported = fact.signs.iter().any(|sign| sign == "unsupported");
        assert_eq!(
            unsupported,
            ["key-des-cbc-ca.key", "key-pkcs8-rc2-ca.key"].contains(&name.as_str()),
            "{name}"
        );
    }
}

#[test]
fn a_private_key_in_a_file_that_is_looked_at_stays_on_its_machine() {
    let dir = tempfile::tempdir().unwrap();
    let cert = fs::read("tests/fixtures/ca/rsa1024/ca.crt").unwrap();
    let key = fs::read("tests/fixtures/ca/rsa1024/ca.key").unwrap();
    fs::write(dir.path().join("both"), [key.clone(), cert.clone()].concat()).unwrap();
    fs::write(dir.path().join("key"), &key).unwrap();
    let query = |name: &str| FactQuery::File { path: text(&dir.path().join(name)), content: true };
    let end = ask(vec![query("both"), query("key")]);
    let fact =
        |name: &str| end.facts.file(&text(&dir.path().join(name))).yes().copied().cloned().unwrap().unwrap();
    assert_eq!((fact("both").holds_key, fact("both").content), (true, Some(cert.clone())));
    assert_eq!((fact("key").holds_key, fact("key").content), (true, Some(Vec::new())));
    let pem = PKey::private_key_from_pem(&key).unwrap();
    let sealed = pem.private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), b"x").unwrap();
    let wide: Vec<u8> = key.iter().flat_map(|byte| [*byte, 0]).collect();
    let der = X509::from_pem(&cert).unwrap().to_der().unwrap();
    let store = Pkcs12::builder().pkey(&pem).cert(&X509::from_pem(&cert).unwrap()).build2("x").unwrap();
    let hidden = [
        ("der", pem.private_key_to_der().unwrap()),
        ("pkcs8", pem.private_key_to_pkcs8().unwrap()),
        ("pkcs12", store.to_der().unwrap()),
        ("bare", base64::encode_block(&sealed).into_bytes()),
        ("sealed", sealed),
        ("utf16", [&[0xff, 0xfe][..], &wide].concat()),
        ("utf16 without a mark", wide.clone()),
        ("base64", base64::encode_block(&key).into_bytes()),
        ("java", b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec()),
    ];
    let told = [
        ("cert der", der.clone()),
        ("cert base64", base64::encode_block(&cert).into_bytes()),
        ("cert bare", base64::encode_block(&der).into_bytes()),
        ("text", b"0 1 2\n- - -\nMI5 is a text\n".to_vec()),
        ("unit", b"[Service]\nExecStart=/usr/bin/kubelet\n".to_vec()),
    ];
    for (name, bytes) in hidden.iter().chain(&told) {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let end = ask(hidden.iter().chain(&told).map(|(name, _)| query(name)).collect());
    let fact =
        |name: &str| end.facts.file(&text(&dir.path().join(name))).yes().copied().cloned().unwrap().unwrap();
    for (name, _) in &hidden {
        assert_eq!((fact(name).holds_key, fact(name).content), (true, Some(Vec::new())), "{name}");
    }
    for (name, bytes) in told {
        assert_eq!((fact(name).holds_key, fact(name).content), (false, Some(bytes)), "{name}");
    }
}

#[test]
fn folders_names_and_lookups_are_what_rust_finds() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", ".b", "c d"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    let missing = text(&dir.path().join("none"));
    let end = ask(vec![
        FactQuery::Folder(text(dir.path())),
        FactQuery::Folder(missing.clone()),
        FactQuery::Lookup("localhost".to_owned()),
        FactQuery::Lookup("nowhere.invalid".to_owned()),
        FactQuery::Record,
    ]);
    let mut found = end.facts.folder(&text(dir.path())).yes().copied().cloned().unwrap().unwrap();
    found.sort();
    assert_eq!(found, [".b", "a", "c d"]);
    assert_eq!(end.facts.folder(&missing).yes().copied(), Some(&None));
    let local = end.facts.lookup("localhost").yes().copied().cloned().unwrap();
    assert!(local.iter().any(|address| address == "127.0.0.1" || address == "::1"), "{local:?}");
    assert_eq!(end.facts.lookup("nowhere.invalid").yes().copied(), Some(&Vec::new()));
    assert!(end.facts.record().yes().is_some());
}

#[test]
fn units_are_known_or_the_reason_is_said() {
    let (existing, missing) = ("systemd-journald.service", "gangplank-no-such.service");
    let end = ask(vec![FactQuery::Unit(existing.to_owned()), FactQuery::Unit(missing.to_owned())]);
    if Path::new("/run/systemd/system").is_dir() {
        assert_eq!(end.facts.unit(existing).yes().unwrap().load, "loaded");
        assert_eq!(end.facts.unit(missing).yes().unwrap().load, "not-found");
    } else {
        for name in [existing, missing] {
            assert!(matches!(end.facts.unit(name), Known::No(why) if !why.is_empty()));
        }
    }
}

#[test]
fn a_tls_server_shows_its_certificate() {
    let key = rsa();
    let mut name = openssl::x509::X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "the test").unwrap();
    let name = name.build();
    let mut builder = openssl::x509::X509::builder().unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&openssl::asn1::Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&openssl::asn1::Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.sign(&key, openssl::hash::MessageDigest::sha256()).unwrap();
    let certificate = builder.build();
    let mut acceptor =
        openssl::ssl::SslAcceptor::mozilla_intermediate_v5(openssl::ssl::SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    let acceptor = acceptor.build();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut stream = acceptor.accept(listener.accept().unwrap().0).unwrap();
        let _ = stream.shutdown();
    });
    let closed = crate::sshd::free_port();
    let want = |port| FactQuery::Tls { host: "127.0.0.1".to_owned(), port };
    let end = ask(vec![want(port), want(closed)]);
    server.join().unwrap();
    let shown = end.facts.tls("127.0.0.1", port).yes().copied().cloned().unwrap();
    assert_eq!(openssl::x509::X509::from_pem(shown.as_bytes()).unwrap(), certificate);
    assert!(!end.facts.tls("127.0.0.1", closed).why_not().is_empty());
}

/// manifest.json as several tools write it: with and without a last newline, and with a very long line.
#[test]
fn tars_side_by_side_give_their_images_whatever_their_last_byte() {
    let dir = tempfile::tempdir().unwrap();
    let id = "a".repeat(64);
    let layers = |count: usize| (0..count).map(|at| format!("{at:064}/layer.tar")).collect::<Vec<_>>();
    let entry = |config: &str, tag: &str, count| {
        serde_json::json!([{ "Config": config, "RepoTags": [tag], "Layers": layers(count) }]).to_string()
    };
    let mut queries = Vec::new();
    for (name, manifest) in [
        ("old", entry(&format!("{id}.json"), "old:1", 3) + "\n"),
        ("oci", entry(&format!("blobs/sha256/{id}"), "oci:1", 3)),
        ("long", entry(&format!("blobs/sha256/{id}"), "long:1", 400)),
        ("longer", entry(&format!("blobs/sha256/{id}"), "longer:1", 400)),
        ("odd", "no json".to_owned()),
    ] {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("manifest.json"), manifest).unwrap();
        let tar = dir.path().join(format!("{name}.tar"));
        output("tar", &["-cf", &text(&tar), "-C", &text(&folder), "manifest.json"]);
        queries.push(FactQuery::Tar(text(&tar)));
    }
    queries.push(FactQuery::Tar(text(&dir.path().join("none.tar"))));
    let end = ask(queries);
    let tar = |name: &str| text(&dir.path().join(format!("{name}.tar")));
    for name in ["old", "oci", "long", "longer"] {
        let images = end.facts.tar(&tar(name));
        let images = images.yes().unwrap_or_else(|| panic!("{name}: {}", images.why_not()));
        assert_eq!(
            (images[0].name.untrusted(), images[0].id.untrusted()),
            (format!("{name}:1").as_str(), id.as_str())
        );
    }
    assert!(end.facts.tar(&tar("odd")).why_not().contains("is no tar of images"));
    assert!(end.facts.tar(&tar("none")).why_not().contains("is not there"));
}

#[test]
fn the_kubelet_says_its_version_and_which_flags_it_refuses() {
    let dir = tempfile::tempdir().unwrap();
    // Refuses like pflag of 1.2.2: usage to stderr, the word last, exit 2.
    program(
        dir.path(),
        "kubelet",
        "#!/bin/sh\nfor a; do case $a in --register-node*|--api-servers=*) ;; \
         --version) v=1 ;; --bad-value=*) echo \"invalid argument for $a: no\" >&2; exit 2 ;; \
         *) printf 'Usage of %s:\\n  --x\\nunknown flag: %s\\n' \"$0\" \"${a%%=*}\" >&2; exit 2 ;; esac; done\n\
         [ -z \"$v\" ] || echo Kubernetes v1.2.2\n",
    );
    let path = text(&dir.path().join("kubelet"));
    let set = |versions: &str, flags: &[&str]| FlagSet {
        versions: vec![versions.to_owned()],
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        runtime: RuntimeKind::Docker,
    };
    let asked = |flags| FactQuery::Kubelet { path: path.clone(), flags };
    let fact = |flags| ask(vec![asked(flags)]).facts.kubelet(&path).yes().copied().cloned().unwrap().unwrap();
    let kubelet = fact(vec![
        set("v1.16.*", &["--never=1"]),
        set("v1.2.*", &["--new=it's", "--api-servers=https://a", "--register-node", "--other"]),
    ]);
    assert_eq!(kubelet.version, "Kubernetes v1.2.2");
    assert_eq!(kubelet.refused, ["--new", "--other"]);
    assert_eq!(kubelet.error, "");
    assert_eq!(kubelet.size, fs::metadata(&path).unwrap().len());
    let kubelet = fact(vec![set("v1.*", &["--new", "--bad-value=3"])]);
    assert_eq!(kubelet.refused, ["--new"]);
    assert_eq!(kubelet.error, "invalid argument for --bad-value=3: no");
    let missing = text(&dir.path().join("none"));
    let end = ask(vec![FactQuery::Kubelet { path: missing.clone(), flags: Vec::new() }]);
    assert_eq!(end.facts.kubelet(&missing).yes().copied(), Some(&None));
}

#[test]
fn a_docker_that_does_not_answer_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = fs::File::create(dir.path().join("docker")).unwrap();
    // Without a last newline, as some do.
    write!(file, "#!/bin/sh\nprintf 'Cannot connect to the Docker daemon' >&2; exit 1\n").unwrap();
    drop(file);
    fs::set_permissions(dir.path().join("docker"), fs::Permissions::from_mode(0o755)).unwrap();
    let Some(wire) = with_programs(dir.path()) else { return };
    let queries = vec![FactQuery::Runtime, FactQuery::Containers, FactQuery::Images];
    let end = done(&mut over(Arc::new(wire)), &Run::new().batch(Vec::new(), queries));
    let docker = end.facts.docker().yes().copied().cloned().unwrap();
    assert_eq!(
        (docker.version.untrusted(), docker.error.untrusted()),
        ("", "Cannot connect to the Docker daemon")
    );
    assert_eq!(end.facts.containers().why_not(), "Cannot connect to the Docker daemon");
}

#[test]
fn listening_ports_are_known_where_ss_is_too_old() {
    let dir = tempfile::tempdir().unwrap();
    program(dir.path(), "ss", "#!/bin/sh\necho \"ss: invalid option -- 'H'\" >&2; exit 255\n");
    let Some(wire) = with_programs(dir.path()) else { return };
    let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let end = done(&mut over(Arc::new(wire)), &Run::new().batch(Vec::new(), vec![FactQuery::Machine]));
    let machine = end.facts.machine().yes().copied().cloned().unwrap();
    assert!(machine.listening.contains(&open.local_addr().unwrap().port()), "{:?}", machine.listening);
}
