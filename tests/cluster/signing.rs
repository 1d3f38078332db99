//! The CA: its files here, with and without a passphrase, the wrong one, renewal.

use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::x509::extension::{ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder};
use serde_yaml::Value as Yaml;

use super::Scenario;
use super::lab::{Lab, only, until};
use super::program::Home;

pub const ALL: &[Scenario] = &[
    ("a_ca_here_signs_and_expired_certificates_are_renewed", here),
    ("an_encrypted_ca_key_here_wants_its_passphrase", encrypted_here),
    ("an_encrypted_ca_key_on_its_host_wants_its_passphrase", encrypted_there),
    ("a_ca_key_of_another_ca_is_refused", other_key),
    ("a_ca_the_api_does_not_know_is_refused_before_any_login", unknown_ca),
];

const DAY: i64 = 86_400;

/// The certificate with another life: a year that ended yesterday.
pub fn expired(lab: &Lab, worker: &str, path: &str, san: bool) -> Vec<u8> {
    let read = |name| std::fs::read(lab.get(name)).expect("the lab wrote it");
    let ca = X509::from_pem(&read("LAB_CA_CERT")).expect("a certificate");
    let key = PKey::private_key_from_pem(&read("LAB_CA_KEY")).expect("a key");
    let old = X509::from_pem(lab.on(worker, &format!("cat {path}")).as_bytes()).expect("a certificate");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let now = i64::try_from(now).expect("it fits");
    let make = || -> Result<Vec<u8>, openssl::error::ErrorStack> {
        let mut new = X509Builder::new()?;
        new.set_version(2)?;
        let serial = BigNum::from_u32(77)?.to_asn1_integer()?;
        new.set_serial_number(&serial)?;
        new.set_issuer_name(ca.subject_name())?;
        new.set_subject_name(old.subject_name())?;
        let public = old.public_key()?;
        new.set_pubkey(&public)?;
        let (start, end) = (Asn1Time::from_unix(now - 366 * DAY)?, Asn1Time::from_unix(now - DAY)?);
        new.set_not_before(&start)?;
        new.set_not_after(&end)?;
        let mut usages = ExtendedKeyUsage::new();
        usages.client_auth();
        if san {
            usages.server_auth();
            let mut names = SubjectAlternativeName::new();
            let names = names
                .dns(worker)
                .ip(lab.get(&format!("LAB_{}_IP", worker.to_uppercase())))
                .build(&new.x509v3_context(Some(&ca), None))?;
            new.append_extension(names)?;
        }
        new.append_extension(usages.build()?)?;
        new.append_extension(KeyUsage::new().digital_signature().key_encipherment().build()?)?;
        new.sign(&key, MessageDigest::sha256())?;
        new.build().to_pem()
    };
    make().expect("openssl signs")
}

fn here(lab: &Lab) {
    lab.reset(&["w1"]);
    let (home, plan) = (Home::new(), lab.small_plan(&["w1"]));
    let run = home.aboard(&plan);
    assert_eq!(run.cost("w1"), [1, 1, 1]);
    assert_eq!(lab.nodes().get("w1"), Some(&true));
    let started = || lab.on("w1", "systemctl show kubelet -p ExecMainStartTimestampMonotonic");
    for (path, san) in
        [("/etc/kubernetes/ssl/worker.crt", true), ("/etc/kubernetes/ssl/kube-proxy.crt", false)]
    {
        lab.write("w1", path, &expired(lab, "w1", path, san));
        let before = started();
        let run = home.aboard(&plan);
        let actions = run.actions("w1");
        assert!(actions.len() <= 6, "more than the renewal: {actions:#?}");
        assert!(actions.iter().any(|action| action.contains(path)), "{actions:#?}");
        assert!(!actions.iter().any(|action| action.contains("make key")), "the key was good: {actions:#?}");
        lab.on("w1", &format!("openssl x509 -in {path} -noout -checkend {}", 300 * DAY));
        if san {
            assert_ne!(started(), before, "the kubelet still has the old certificate");
        }
        assert_eq!(lab.nodes().get("w1"), Some(&true));
        let again = home.aboard(&plan);
        assert_eq!(again.actions("w1"), Vec::<String>::new());
    }
}

fn encrypted_here(lab: &Lab) {
    lab.reset(&["w1"]);
    let mut plan = lab.small_plan(&["w1"]);
    plan["ca"]["key"] = lab.get("LAB_CA_KEY_ENCRYPTED").into();
    let none = Home::new().run("apply", &plan, &["--json"]);
    none.refused(1, "here", "E-CA-03", &["passphrase", "--secret ca=fd:3"]);
    let wrong = Home::new().secret("ca", "not-the-passphrase").run("apply", &plan, &["--json"]);
    wrong.refused(1, "here", "E-CA-04", &["passphrase", "nothing was signed"]);
    assert!(!wrong.said.contains("not-the-passphrase"), "the passphrase was printed");
    let good = Home::new().secret("ca", lab.get("LAB_CA_PASSPHRASE")).aboard(&plan);
    assert!(!good.said.contains(lab.get("LAB_CA_PASSPHRASE")), "the passphrase was printed");
    assert_eq!(lab.nodes().get("w1"), Some(&true));
}

fn encrypted_there(lab: &Lab) {
    lab.reset(&["w1"]);
    let key = std::fs::read(lab.get("LAB_CA_KEY_ENCRYPTED")).expect("the lab wrote it");
    lab.write("ca", "/root/ca/ca-encrypted.key", &key);
    let mut plan = lab.plan("LAB_PLAN");
    only(&mut plan, &["w1"]);
    plan["dns"]["deploy"] = "none".into();
    plan["ca"]["key"] = "ca-encrypted.key".into();
    let wrong = Home::new().secret("ca", "not-the-passphrase").run("apply", &plan, &["--json"]);
    wrong.refused(1, "here", "E-CA-04", &["passphrase may be wrong"]);
    let before = lab.on("ca", "find /root /tmp | sort");
    let good = Home::new().secret("ca", lab.get("LAB_CA_PASSPHRASE")).aboard(&plan);
    assert!(!good.said.contains(lab.get("LAB_CA_PASSPHRASE")), "the passphrase was printed");
    assert_eq!(lab.nodes().get("w1"), Some(&true));
    assert_eq!(lab.on("ca", "find /root /tmp | sort"), before, "something is left on the CA host");
    lab.on("ca", "rm /root/ca/ca-encrypted.key");
}

/// Nobody may have knocked at the worker's sshd.
fn without_login(lab: &Lab, work: impl FnOnce()) {
    let words = || lab.on("w1", "journalctl -u ssh -o cat | wc -l");
    until("sshd is quiet", 20, || {
        let before = words();
        before == words()
    });
    let before = words();
    work();
    assert_eq!(words(), before, "somebody came to the worker's sshd");
}

fn refuse_ca(lab: &Lab, cert: &str, key: &str, code: &str, words: &[&str]) {
    let mut plan: Yaml = lab.small_plan(&["w1"]);
    plan["ca"]["cert"] = lab.get(cert).into();
    plan["ca"]["key"] = lab.get(key).into();
    without_login(lab, || {
        Home::new().run("apply", &plan, &["--json"]).refused(1, "here", code, words);
    });
}

fn other_key(lab: &Lab) {
    refuse_ca(lab, "LAB_CA_CERT", "LAB_OTHER_CA_KEY", "E-CA-05", &["ca.key or ca.cert"]);
}

fn unknown_ca(lab: &Lab) {
    refuse_ca(lab, "LAB_OTHER_CA_CERT", "LAB_OTHER_CA_KEY", "E-API-22", &["our CA is"]);
}
