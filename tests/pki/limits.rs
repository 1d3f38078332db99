//! What a CA may not sign is what openssl refuses to verify.

use std::process::Command;

use gangplank::pki::{CaInfo, PkiError, Request, San};

use super::support::{Bench, P256, now, worker};

const BASE: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash";

/// Whether openssl verifies a certificate that was signed without asking.
fn verifies(bench: &Bench, request: &Request) -> bool {
    let names: Vec<String> = request.sans.iter().map(ToString::to_string).collect();
    bench.write(
        "leaf.cnf",
        format!("subjectAltName={}\nextendedKeyUsage=clientAuth,serverAuth\n", names.join(",")),
    );
    bench.openssl(&format!("genpkey {P256} -out leaf.key"));
    let subject = format!("/O={}/CN={}", request.organizations.join("/O="), request.cn);
    bench.openssl(&format!("req|-new|-key|leaf.key|-subj|{subject}|-out|leaf.csr"));
    bench.openssl("x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile leaf.cnf -out leaf.crt");
    ["sslclient", "sslserver"].iter().all(|purpose| {
        let path = |name| bench.text_path(name);
        let line =
            ["verify", "-CAfile", &path("ca.crt"), "-purpose", purpose, &path("leaf.crt")].map(str::to_owned);
        Command::new("openssl").args(line).output().unwrap().status.success()
    })
}

fn asks(sans: &[&str]) -> Request {
    let san = |text: &&str| match text.parse() {
        Ok(address) => San::Ip(address),
        Err(_) => San::Dns((*text).to_owned()),
    };
    Request { sans: sans.iter().map(san).collect(), ..worker() }
}

#[test]
fn name_constraints_and_purposes_are_judged_as_openssl_does() {
    let names = |value: &str| format!("nameConstraints=critical,{value}");
    for (limit, sans, right) in [
        (String::new(), &["w1", "10.0.0.1"][..], true),
        (names("permitted;DNS:.cluster.example"), &["w1"], false),
        (names("permitted;DNS:.cluster.example"), &["w1.cluster.example"], true),
        (names("permitted;DNS:cluster.example"), &["a.W1.Cluster.Example"], true),
        (names("permitted;DNS:cluster.example"), &["notcluster.example"], false),
        (names("permitted;DNS:cluster.example"), &["cluster.example", "10.0.0.1"], true),
        (names("permitted;IP:10.0.0.0/255.0.0.0"), &["w1", "10.9.9.9"], true),
        (names("permitted;IP:10.0.0.0/255.0.0.0"), &["192.168.77.11"], false),
        (names("permitted;IP:10.0.0.0/255.0.0.0"), &["2001:db8::1"], false),
        (
            names("permitted;IP:10.0.0.0/255.0.0.0,permitted;IP:192.168.77.0/255.255.255.0"),
            &["192.168.77.11"],
            true,
        ),
        (names("excluded;DNS:w1"), &["w1"], false),
        (names("excluded;DNS:w1"), &["w2"], true),
        (names("excluded;IP:10.0.0.0/255.0.0.0"), &["10.1.2.3"], false),
        (names("permitted;email:example.com"), &["w1", "10.0.0.1"], true),
        (names("permitted;dirName:who"), &["w1"], true),
        (names("permitted;dirName:other"), &["w1"], false),
        ("extendedKeyUsage=clientAuth,serverAuth".to_owned(), &["w1"], true),
        ("extendedKeyUsage=clientAuth".to_owned(), &["w1"], false),
        ("extendedKeyUsage=codeSigning".to_owned(), &["w1"], false),
    ] {
        let bench = Bench::new();
        let sections = "[who]\nO=system:nodes\n[other]\nO=somebody\n";
        bench.ca(P256, "[dn]\nCN=demo-ca", &format!("{BASE}\n{limit}\n{sections}"));
        let info = CaInfo::load(&bench.read("ca.crt")).unwrap();
        let request = asks(sans);
        let ours = info.may_sign(&request, now());
        assert_eq!(ours.is_ok(), right, "{limit} {sans:?}: {ours:?}");
        assert_eq!(verifies(&bench, &request), right, "{limit} {sans:?}: openssl");
    }
}

#[test]
fn a_path_length_or_an_end_above_is_a_limit_too() {
    for (above, days, right) in
        [("CA:TRUE", "3650", true), ("CA:TRUE,pathlen:0", "3650", false), ("CA:TRUE,pathlen:1", "3650", true)]
    {
        let bench = Bench::new();
        bench.ca(
            P256,
            "[dn]\nCN=root",
            &format!("basicConstraints=critical,{above}\nkeyUsage=keyCertSign\nsubjectKeyIdentifier=hash"),
        );
        bench.openssl(&format!("genpkey {P256} -out sub.key"));
        bench.openssl("req -new -key sub.key -subj /CN=sub -out sub.csr");
        bench.write("sub.cnf", BASE);
        bench.openssl(&format!("x509 -req -in sub.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days {days} -extfile sub.cnf -out sub.crt"));
        let file = [bench.read("sub.crt"), bench.read("ca.crt")].concat();
        let info = CaInfo::load(&file).unwrap();
        assert_eq!(info.chain.len(), 1);
        let ours = info.may_sign(&worker(), now());
        assert_eq!(ours.is_ok(), right, "{above}: {ours:?}");
        if let Err(error @ PkiError::BeyondCa { .. }) = ours {
            assert_eq!(error.code(), "E-CA-17");
            assert!(error.to_string().contains("path length"), "{error}");
        }
    }
}

#[test]
fn nothing_outlives_whatever_stands_above_its_ca() {
    let bench = Bench::new();
    bench.openssl(&format!("genpkey {P256} -out ca.key"));
    bench.openssl("req -x509 -new -key ca.key -subj /CN=root -days 20 -out ca.crt");
    bench.openssl(&format!("genpkey {P256} -out sub.key"));
    bench.openssl("req -new -key sub.key -subj /CN=sub -out sub.csr");
    bench.write("sub.cnf", BASE);
    bench.openssl("x509 -req -in sub.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 900 -extfile sub.cnf -out sub.crt");
    let info = CaInfo::load(&[bench.read("sub.crt"), bench.read("ca.crt")].concat()).unwrap();
    assert_eq!(worker().not_after(now(), &info), info.chain[0].not_after);
    let later = info.chain[0].not_after.saturating_add(jiff::SignedDuration::from_hours(1)).unwrap();
    let error = info.may_sign(&worker(), later).unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}
