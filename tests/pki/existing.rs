//! Certificates found on a worker: which still do their job, and what is said of the others.

use gangplank::pki::{CertFacts, CertificateDifference, Request, Usages, compare, describe, examine};

use super::support::{
    Bench, CA_EXTENSIONS, P256, PLAIN_NAME, WORKER_KEY, days, made_ca, now, public, serial, worker,
    worker_spki,
};

fn signed(request: &Request) -> (gangplank::pki::CaSigner, CertFacts) {
    let ca = made_ca();
    let cert = ca.sign(&public(&WORKER_KEY), request, serial(), now()).unwrap();
    (ca, examine(cert.as_bytes()).unwrap())
}

#[test]
fn nothing_is_said_of_a_good_one() {
    let (ca, facts) = signed(&worker());
    assert_eq!(compare(&facts, &worker(), Some(&worker_spki()), ca.info(), now()), []);
}

#[test]
fn says_when_it_ends_soon() {
    let (ca, facts) = signed(&worker());
    let at = |days_left: i64| compare(&facts, &worker(), None, ca.info(), facts.not_after - days(days_left));
    assert_eq!(at(31), []);
    assert_eq!(at(30), []);
    assert_eq!(at(29), [CertificateDifference::ExpiresSoon { days: 29 }]);
    assert_eq!(at(0), [CertificateDifference::ExpiresSoon { days: 0 }]);
    assert_eq!(at(-1), [CertificateDifference::Expired { when: facts.not_after }]);
    assert_eq!(at(29)[0].to_string(), "it expires in 29 days");

    let short = Request { days: 10, ..worker() };
    let (ca, facts) = signed(&short);
    let at = |days_left: i64| compare(&facts, &short, None, ca.info(), facts.not_after - days(days_left));
    assert_eq!(at(3), []);
    assert_eq!(at(1), [CertificateDifference::ExpiresSoon { days: 1 }]);
}

#[test]
fn does_not_ask_for_what_the_ca_cannot_give() {
    let long = Request { days: 9999, ..worker() };
    let (ca, facts) = signed(&long);
    assert_eq!(facts.not_after, ca.info().cert.not_after);
    assert_eq!(compare(&facts, &long, None, ca.info(), facts.not_after - days(2)), []);
}

#[test]
fn says_what_is_different() {
    let (ca, facts) = signed(&worker());
    let one = |request: &Request| {
        let found = compare(&facts, request, None, ca.info(), now());
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].code()
    };
    assert_eq!(one(&Request { cn: "x".to_owned(), ..worker() }), "E-CERT-08");
    assert_eq!(one(&Request { sans: vec![], ..worker() }), "E-CERT-09");
    let other_key = compare(&facts, &worker(), Some("00"), ca.info(), now());
    assert!(matches!(other_key.as_slice(), [CertificateDifference::OtherKey { .. }]), "{other_key:?}");
    let other_ca = compare(&facts, &worker(), None, made_ca().info(), now());
    assert_eq!(other_ca, [CertificateDifference::SignatureBad]);
    let early = compare(&facts, &worker(), None, ca.info(), now() - days(1));
    assert!(matches!(early.as_slice(), [CertificateDifference::NotYetValid { .. }]), "{early:?}");
}

#[test]
fn more_usage_is_enough_and_less_is_not() {
    let less =
        Request { client: false, usages: Usages { key_encipherment: false, ..worker().usages }, ..worker() };
    let (ca, full) = signed(&worker());
    assert_eq!(compare(&full, &less, None, ca.info(), now()), []);
    let (ca, lacking) = signed(&less);
    let found = compare(&lacking, &worker(), None, ca.info(), now());
    assert_eq!(found.iter().map(CertificateDifference::code).collect::<Vec<_>>(), ["E-CERT-10", "E-CERT-10"]);
    let none = Request { client: false, server: false, usages: Usages::default(), ..worker() };
    let (ca, open) = signed(&none);
    assert_eq!(compare(&open, &worker(), None, ca.info(), now()), [], "no limit allows everything");
}

#[test]
fn knows_the_certificates_of_the_post() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    bench.write("w.key", WORKER_KEY.as_bytes());
    bench.write(
        "w.cnf",
        "[v3_req]\nbasicConstraints=CA:FALSE\nkeyUsage=nonRepudiation,digitalSignature,keyEncipherment\n\
         subjectAltName=@n\n[n]\nIP.1=192.168.2.1\n",
    );
    bench.openssl("req -new -key w.key -subj /CN=worker-1 -out w.csr");
    let sign = "x509 -req -in w.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out w.crt";
    bench.openssl(&format!("{sign} -extensions v3_req -extfile w.cnf"));
    let ca = gangplank::pki::CaInfo::load(&bench.read("ca.crt")).unwrap();
    let post = Request {
        cn: "worker-1".to_owned(),
        organizations: vec![],
        sans: vec![gangplank::pki::San::Ip("192.168.2.1".parse().unwrap())],
        ..worker()
    };
    let facts = examine(&bench.read("w.crt")).unwrap();
    assert_eq!(compare(&facts, &post, Some(&worker_spki()), &ca, now()), []);
    bench.openssl(sign);
    let plain = compare(&examine(&bench.read("w.crt")).unwrap(), &post, None, &ca, now());
    assert_eq!(plain.iter().map(CertificateDifference::code).collect::<Vec<_>>(), ["E-CERT-03", "E-CERT-09"]);
}

#[test]
fn describes_a_certificate() {
    let (_, facts) = signed(&worker());
    let lines = describe(&facts, facts.not_after - days(40));
    let value = |label: &str| lines.iter().find(|(name, _)| *name == label).unwrap().1.as_str();
    assert_eq!(value("Subject"), "O=system:nodes, CN=system:node:worker-1");
    assert_eq!(value("Issuer"), "CN=demo-ca");
    assert_eq!(value("Names"), "DNS:worker-1, IP:192.168.2.1, IP:2001:db8::1");
    assert_eq!(value("Key usage"), "digitalSignature, nonRepudiation, keyEncipherment");
    assert_eq!(value("Good for"), "clientAuth, serverAuth");
    assert_eq!((value("CA"), value("Key")), ("no", "P-256"));
    assert!(value("Valid to").ends_with(" UTC (40 days left)"), "{}", value("Valid to"));
    assert_eq!(value("SHA-256").len(), 64);
    let after = describe(&facts, facts.not_after + days(1));
    assert!(after.iter().any(|(_, value)| value.ends_with("(expired)")));
}
