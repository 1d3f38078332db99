//! The CA: its files here, with and without a passphrase, the wrong one, renewal.

use serde_yaml::Value as Yaml;

use super::Scenario;
use super::lab::{Lab, only, until};
use super::made_certificate::{Made, certificate};
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
    let address = lab.get(&format!("LAB_{}_IP", worker.to_uppercase()));
    let names = san.then_some((worker, address));
    let made = Made { life: (-366, -1), cn: None, names, server: san, stranger: false };
    certificate(lab, worker, path, &made)
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
