//! A temporary folder in which the real openssl and sh run.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use gangplank::pki::{CaSigner, NewKey, PublicKey, Request, San, Serial, Usages, make_key, spki_sha256};
use jiff::Timestamp;
use openssl::pkey::PKey;
use zeroize::Zeroizing;

pub struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text_path(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs openssl with words split at blanks (or at `|` when there is one); it has to succeed.
    pub fn openssl(&self, line: &str) -> String {
        let words: Vec<&str> =
            if line.contains('|') { line.split('|').collect() } else { line.split_whitespace().collect() };
        let output = Command::new("openssl").args(&words).current_dir(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A CA from the lines of a `req` configuration; `ca.key` and `ca.crt`.
    pub fn ca(&self, key: &str, name: &str, extensions: &str) {
        self.openssl(&format!("genpkey {key} -out ca.key"));
        let config = format!(
            "[req]\nprompt=no\ndistinguished_name=dn\nx509_extensions=v3\n{name}\n[v3]\n{extensions}\n"
        );
        self.write("ca.cnf", config);
        self.openssl("req -x509 -new -key ca.key -config ca.cnf -days 3650 -out ca.crt");
    }

    /// Whether openssl takes the certificate for both ends of a TLS connection.
    pub fn assert_accepted(&self, cert: &str, why: &str) {
        self.write("leaf.crt", cert);
        for purpose in ["sslclient", "sslserver"] {
            let line = ["verify", "-CAfile", "ca.crt", "-purpose", purpose, "leaf.crt"];
            let output = Command::new("openssl").args(line).current_dir(self.dir.path()).output().unwrap();
            assert!(output.status.success(), "{why}, {purpose}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    /// Runs a script in dash with `TMPDIR=tmp`; `stdin` becomes descriptor 4.
    pub fn dash(&self, script: &str, stdin: &str, path: Option<&str>) -> Output {
        std::fs::create_dir_all(self.path("tmp")).unwrap();
        let mut command = Command::new("dash");
        command.arg("-c").arg(format!("exec 4<&0 </dev/null\n{script}")).current_dir(self.dir.path());
        command.env("TMPDIR", self.path("tmp")).env("LC_ALL", "C");
        if let Some(path) = path {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub fn left_in_tmp(&self) -> usize {
        std::fs::read_dir(self.path("tmp")).unwrap().count()
    }
}

pub const PLAIN_NAME: &str = "[dn]\nO=demo\nCN=demo-ca";
pub const CA_EXTENSIONS: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash";
pub const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
pub const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";

pub fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_second(i64::try_from(now.as_secs()).unwrap()).unwrap()
}

pub fn days(days: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(24 * days)
}

/// The certificate of a kubelet, as the plan wants it.
pub fn worker() -> Request {
    Request {
        cn: "system:node:worker-1".to_owned(),
        organizations: vec!["system:nodes".to_owned()],
        sans: vec![
            San::Dns("worker-1".to_owned()),
            San::Ip("192.168.2.1".parse().unwrap()),
            San::Ip("2001:db8::1".parse().unwrap()),
        ],
        usages: Usages { digital_signature: true, key_encipherment: true, content_commitment: true },
        client: true,
        server: true,
        days: 365,
    }
}

pub fn serial() -> Serial {
    Serial::random().unwrap()
}

/// The public half of a key made here.
pub fn public(key: &Zeroizing<String>) -> PublicKey {
    let key = PKey::private_key_from_pem(key.as_bytes()).unwrap();
    PublicKey::read(&key.public_key_to_pem().unwrap()).unwrap()
}

/// One key of a worker for all tests.
pub static WORKER_KEY: LazyLock<Zeroizing<String>> = LazyLock::new(|| make_key(NewKey::P256).unwrap());

pub fn worker_spki() -> String {
    let key = PKey::private_key_from_pem(WORKER_KEY.as_bytes()).unwrap();
    spki_sha256(&key.public_key_to_der().unwrap()).unwrap()
}

/// A CA made here.
pub fn made_ca() -> CaSigner {
    let made = CaSigner::make("demo-ca", NewKey::P256, 3650, serial(), now()).unwrap();
    CaSigner::load(made.cert.as_bytes(), made.key.as_bytes(), None, now()).unwrap()
}
