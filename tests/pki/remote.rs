//! The script for `openssl ca` on another host: several requests, a passphrase, refusals, what is left.

use std::os::unix::fs::PermissionsExt;

use gangplank::pki::openssl_ca::{RemoteCa, Task, read_output, script};
use gangplank::pki::{CaInfo, Request, San, make_csr, verify_issued};

use super::support::{Bench, CA_EXTENSIONS, P256, PLAIN_NAME, WORKER_KEY, days, now, worker, worker_spki};

const PASSPHRASE: &str = "wal rus'\"$x\\n";

struct Host {
    bench: Bench,
    info: CaInfo,
    csr: String,
}

impl Host {
    fn new() -> Self {
        let bench = Bench::new();
        bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
        bench.openssl(&format!("pkcs8|-topk8|-in|ca.key|-passout|pass:{PASSPHRASE}|-out|enc '.key"));
        bench.openssl("x509 -in ca.crt -outform DER -out ca.der");
        let info = CaInfo::load(&bench.read("ca.crt")).unwrap();
        Self { info, csr: make_csr(&WORKER_KEY, "worker").unwrap(), bench }
    }

    /// Standard output taken apart, standard error, exit code.
    fn run(&self, cert: &str, key: &str, fd: Option<u32>, tasks: &[(&str, &str, &Request)]) -> Ran {
        let text = self.text(cert, key, fd, tasks);
        let output = self.bench.dash(&text, &format!("{PASSPHRASE}\nmore\n"), None);
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(self.bench.left_in_tmp(), 0, "nothing is left behind");
        Ran { found: read_output(&stdout), stderr, code: output.status.code() }
    }

    fn text(&self, cert: &str, key: &str, fd: Option<u32>, tasks: &[(&str, &str, &Request)]) -> String {
        let info = CaInfo::load(&self.bench.read(cert)).unwrap();
        let key = self.bench.text_path(key);
        let place = RemoteCa { key: &key, info: &info, passphrase_fd: fd };
        let tasks: Vec<Task<'_>> = tasks.iter().map(|(id, csr, request)| Task { id, csr, request }).collect();
        script(&tasks, &place, now()).unwrap()
    }

    fn assert_good(&self, cert: &str, request: &Request) {
        verify_issued(cert, request, &worker_spki(), &self.info, now(), now()).unwrap();
        self.bench.assert_accepted(cert, &request.cn);
    }

    /// A folder with an openssl that runs these lines and then the real one, to stand first in PATH.
    fn spy(&self, lines: &str) -> String {
        std::fs::create_dir(self.bench.path("bin")).unwrap();
        self.bench.write("bin/openssl", format!("#!/bin/sh\n{lines}\nexec /usr/bin/openssl \"$@\"\n"));
        std::fs::set_permissions(self.bench.path("bin/openssl"), PermissionsExt::from_mode(0o755)).unwrap();
        format!("{}:{}", self.bench.text_path("bin"), std::env::var("PATH").unwrap())
    }
}

struct Ran {
    found: Vec<(String, Option<String>)>,
    stderr: String,
    code: Option<i32>,
}

#[test]
fn signs_several_with_one_passphrase() {
    let host = Host::new();
    let other = Request {
        cn: "a/b+c\\d=e, 'f' \"g\" $HOME `id` m\u{fc}ller".to_owned(),
        organizations: vec!["one".to_owned(), "two".to_owned(), "one".to_owned()],
        sans: vec![San::Dns("*.example.org".to_owned())],
        days: 4000,
        ..worker()
    };
    for cert in ["ca.crt", "ca.der"] {
        let ran = host.run(
            cert,
            "enc '.key",
            Some(4),
            &[("w-1", &host.csr, &worker()), ("w-2", &host.csr, &other)],
        );
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        let [(first, Some(one)), (second, Some(two))] = ran.found.as_slice() else {
            panic!("{:?}", ran.found)
        };
        assert_eq!((first.as_str(), second.as_str()), ("w-1", "w-2"));
        host.assert_good(one, &worker());
        host.assert_good(two, &other);
    }
}

#[test]
fn goes_on_after_a_refused_request() {
    let host = Host::new();
    let broken = host.csr.replace("MI", "MJ");
    let tasks = [("bad", broken.as_str(), &worker()), ("good", host.csr.as_str(), &worker())];
    let ran = host.run("ca.crt", "ca.key", None, &tasks);
    assert_eq!((ran.code, ran.found[0].clone()), (Some(1), ("bad".to_owned(), None)));
    assert!(!ran.stderr.is_empty());
    host.assert_good(ran.found[1].1.as_deref().unwrap(), &worker());
}

#[test]
fn a_wrong_or_missing_passphrase_ends_without_a_question() {
    let host = Host::new();
    host.bench.openssl("pkcs8 -topk8 -in ca.key -passout pass:other -out other.key");
    for (key, fd) in [("other.key", Some(4)), ("enc '.key", None)] {
        let ran = host.run("ca.crt", key, fd, &[("w", &host.csr, &worker())]);
        assert_eq!((ran.code, ran.found), (Some(1), vec![("w".to_owned(), None)]), "{key}");
        assert!(!ran.stderr.contains(PASSPHRASE), "{}", ran.stderr);
    }
}

#[test]
fn a_missing_key_is_told() {
    let host = Host::new();
    let ran = host.run("ca.crt", "none.key", None, &[("w", &host.csr, &worker())]);
    assert_eq!((ran.code, ran.found), (Some(1), vec![("w".to_owned(), None)]));
    assert!(ran.stderr.contains("none.key"), "{}", ran.stderr);
}

#[test]
fn copies_nothing_from_the_request() {
    let host = Host::new();
    host.bench.write("w.key", WORKER_KEY.as_bytes());
    host.bench.write(
        "w.cnf",
        "[req]\nprompt=no\ndistinguished_name=dn\nreq_extensions=v3\n[dn]\nO=system:masters\nCN=root\n[v3]\n\
         basicConstraints=critical,CA:TRUE\nsubjectAltName=DNS:evil.example\nnsComment=x\n",
    );
    host.bench.openssl("req -new -key w.key -config w.cnf -out w.csr");
    let csr = String::from_utf8(host.bench.read("w.csr")).unwrap();
    let bare = Request { sans: vec![], ..worker() };
    for request in [&worker(), &bare] {
        let ran = host.run("ca.crt", "ca.key", None, &[("w", &csr, request)]);
        host.assert_good(ran.found[0].1.as_deref().unwrap(), request);
    }
}

#[test]
fn the_passphrase_is_in_no_argument_no_file_and_no_text() {
    let host = Host::new();
    let seen = host.bench.text_path("seen");
    let spy = format!(
        "{{ tr '\\0' '\\n' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ; cat ./* 2>/dev/null; }} >>{seen}"
    );
    let path = host.spy(&spy);
    let text = host.text("ca.crt", "enc '.key", Some(4), &[("w", &host.csr, &worker())]);
    assert!(!text.contains(PASSPHRASE));
    let output = host.bench.dash(&text, &format!("{PASSPHRASE}\n"), Some(&path));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = String::from_utf8_lossy(&host.bench.read("seen")).into_owned();
    assert!(seen.contains("-keyfile") && seen.contains("default_ca"), "the spy looked");
    assert!(!seen.contains("wal rus"), "{seen}");
}

#[test]
fn nothing_is_left_after_a_signal() {
    let host = Host::new();
    let path = host.spy("[ \"$1\" != ca ] || { ls >../../files; kill -TERM $PPID; }");
    let text = host.text("ca.crt", "ca.key", None, &[("w", &host.csr, &worker())]);
    let output = host.bench.dash(&text, "", Some(&path));
    assert_eq!(output.status.code(), Some(143));
    let files = String::from_utf8(host.bench.read("files")).unwrap();
    assert!(files.contains("csr"), "it was killed while the files were there: {files}");
    assert_eq!(host.bench.left_in_tmp(), 0);
}

#[test]
fn writes_years_after_2049_in_full() {
    let host = Host::new();
    let text = host.text("ca.crt", "ca.key", None, &[("w", &host.csr, &Request { days: 1, ..worker() })]);
    let end = (now() + days(1)).strftime("-enddate %y%m%d").to_string();
    assert!(text.contains(&end), "{end} in {text}");
    let mut far = host.info.clone();
    far.cert.not_after = jiff::Timestamp::MAX;
    let place = RemoteCa { key: "/k", info: &far, passphrase_fd: None };
    let request = Request { days: 36_500, ..worker() };
    let task = Task { id: "w", csr: &host.csr, request: &request };
    let end = (now() + days(36_500)).strftime("-enddate %Y%m%d").to_string();
    assert!(script(&[task], &place, now()).unwrap().contains(&end), "{end}");
}

#[test]
fn refuses_what_the_shell_cannot_carry() {
    let host = Host::new();
    let build = |id: &str, fd: Option<u32>, at: jiff::Timestamp, request: &Request| {
        let place = RemoteCa { key: "/k", info: &host.info, passphrase_fd: fd };
        script(&[Task { id, csr: &host.csr, request }], &place, at).map_err(|error| error.code().as_str())
    };
    assert!(build("w", Some(3), now(), &worker()).is_ok());
    assert_eq!(build("a b", None, now(), &worker()), Err("E-SIGN-01"));
    assert_eq!(build("w", Some(10), now(), &worker()), Err("E-SIGN-01"));
    assert_eq!(build("w", Some(0), now(), &worker()), Err("E-SIGN-01"));
    assert_eq!(build("w", None, now() + days(4000), &worker()), Err("E-CA-06"));
    let newline = San::Dns("a\nbasicConstraints=CA:TRUE".to_owned());
    assert_eq!(build("w", None, now(), &Request { sans: vec![newline], ..worker() }), Err("E-SIGN-01"));
}
