//! Every odd name and kind of CA: what is signed here and what `openssl ca` signs there is accepted.

use der::asn1::{Any, BitString};
use der::{Decode, Encode, Tag};
use gangplank::pki::openssl_ca::{RemoteCa, Task, read_output, script};
use gangplank::pki::{CaInfo, CaSigner, Request, San, check_csr, examine, make_csr, verify_issued};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use proptest::prelude::*;

use super::support::{
    Bench, CA_EXTENSIONS, P256, PLAIN_NAME, RSA, WORKER_KEY, made_ca, now, public, serial, worker,
    worker_spki,
};

/// Signs both ways with the CA in the folder and lets openssl judge.
fn assert_both_ways(bench: &Bench, why: &str) {
    let (request, spki, now) = (worker(), worker_spki(), now());
    let csr = make_csr(&WORKER_KEY, "anything").unwrap();
    let key = check_csr(csr.as_bytes(), Some(&spki), &request).unwrap().key;
    let ca = CaSigner::load(&bench.read("ca.crt"), &bench.read("ca.key"), None, now).unwrap();
    let here = ca.sign(&key, &request, serial(), now).unwrap_or_else(|error| panic!("{why}: {error}"));
    bench.assert_accepted(&here, why);

    let info = CaInfo::load(&bench.read("ca.crt")).unwrap();
    let key = bench.text_path("ca.key");
    let place = RemoteCa { key: &key, info: &info, passphrase_fd: None };
    let task = Task { id: "worker-1", csr: &csr, request: &request };
    let output = bench.dash(&script(&[task], &place, now).unwrap(), "", None);
    assert!(output.status.success(), "{why}: {}", String::from_utf8_lossy(&output.stderr));
    let found = read_output(&String::from_utf8(output.stdout).unwrap());
    let [(id, Some(there))] = found.as_slice() else { panic!("{why}: {found:?}") };
    assert_eq!(id, "worker-1");
    bench.assert_accepted(there, why);
    let there =
        verify_issued(there, &request, &spki, &info, now, now).unwrap_or_else(|all| panic!("{why}: {all:?}"));
    let here = examine(here.as_bytes()).unwrap();
    assert_eq!(here.issuer_raw, info.cert.subject_raw, "{why}");
    assert_eq!(
        (here.subject_raw, here.sans, here.usage, here.purposes, here.not_before, here.not_after),
        (
            there.facts.subject_raw,
            there.facts.sans,
            there.facts.usage,
            there.facts.purposes,
            there.facts.not_before,
            there.facts.not_after
        ),
        "{why}: both ways give the same"
    );
    assert_eq!(there.facts.serial.len(), 16, "{why}");
}

fn assert_odd_name(name: &str, shown: &str, type_in_der: &str) {
    let bench = Bench::new();
    bench.ca(P256, name, CA_EXTENSIONS);
    assert_eq!(CaInfo::load(&bench.read("ca.crt")).unwrap().subject(), shown);
    let der = bench.openssl("asn1parse -in ca.crt");
    assert!(der.contains(type_in_der), "{type_in_der}: {der}");
    assert_both_ways(&bench, shown);
}

#[test]
fn keeps_two_organizational_units() {
    assert_odd_name("[dn]\nO=x\n0.OU=a\n1.OU=b\nCN=ca", "O=x, OU=a, OU=b, CN=ca", "organizationalUnitName");
}

#[test]
fn keeps_domain_components() {
    assert_odd_name("[dn]\n0.DC=com\n1.DC=example\nCN=ca", "DC=com, DC=example, CN=ca", "domainComponent");
}

#[test]
fn keeps_a_name_of_two_parts() {
    assert_odd_name("[dn]\nO=x\nCN=ca\n+UID=b", "O=x, CN=ca, UID=b", "userId");
    assert_odd_name("[dn]\nC=DE\nL=a, b\nCN=ca", "C=DE, L=a\\, b, CN=ca", "PRINTABLESTRING");
}

#[test]
fn keeps_t61_bytes() {
    assert_odd_name("string_mask=nombstr\n[dn]\nCN=M\u{e9}tro", "CN=M\u{c3}\u{a9}tro", "T61STRING");
}

#[test]
fn keeps_bmp_bytes() {
    assert_odd_name("string_mask=MASK:0x800\nutf8=yes\n[dn]\nCN=M\u{e9}tro", "CN=M\u{e9}tro", "BMPSTRING");
}

#[test]
fn keeps_an_email_address() {
    assert_odd_name(
        "[dn]\nCN=ca\nemailAddress=ca@example.com",
        "CN=ca, emailAddress=ca@example.com",
        "IA5STRING",
    );
}

/// One element with a short body.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[tag, u8::try_from(body.len()).unwrap()], &body[..]].concat()
}

/// One attribute: the last number of its type below 2.5.4, the tag of its string, the string.
fn attribute(kind: u8, tag: u8, value: &[u8]) -> Vec<u8> {
    element(0x30, &[&element(0x06, &[&[0x55, 4, kind]]), &element(tag, &[value])])
}

/// No openssl writes the values of one entry in the wrong order, so the name is put into a CA made there,
/// which signs itself again.
fn rename_ca(bench: &Bench, name: &[u8]) {
    bench.openssl("x509 -in ca.crt -outform DER -out ca.der");
    let mut parts = Vec::<Any>::from_der(&bench.read("ca.der")).unwrap();
    let mut tbs = parts[0].decode_as::<Vec<Any>>().unwrap();
    tbs[3] = Any::from_der(name).unwrap();
    tbs[5] = tbs[3].clone();
    let tbs = tbs.to_der().unwrap();
    let key = PKey::private_key_from_pem(&bench.read("ca.key")).unwrap();
    let signature = Signer::new(MessageDigest::sha256(), &key).unwrap().sign_oneshot_to_vec(&tbs).unwrap();
    parts[0] = Any::from_der(&tbs).unwrap();
    parts[2] = Any::encode_from(&BitString::from_bytes(&signature).unwrap()).unwrap();
    assert_eq!(parts[2].header().tag(), Tag::BitString);
    bench.write("ca.der", parts.to_der().unwrap());
    bench.openssl("x509 -inform DER -in ca.der -out ca.crt");
}

#[test]
fn the_issuer_is_the_cas_subject_byte_for_byte() {
    let (country, unit, common) = (6, 11, 3);
    let (utf8, printable, t61) = (0x0c, 0x13, 0x14);
    let name = element(
        0x30,
        &[
            &element(0x31, &[&attribute(country, printable, b"DE")]),
            &element(0x31, &[&attribute(unit, utf8, b"second")]),
            &element(0x31, &[&attribute(unit, t61, b"M\xe9tro")]),
            // DER wants 2.5.4.3 before 2.5.4.11 here.
            &element(0x31, &[&attribute(unit, printable, b"z"), &attribute(common, t61, b"c\xe0")]),
        ],
    );
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    rename_ca(&bench, &name);
    let ca = CaSigner::load(&bench.read("ca.crt"), &bench.read("ca.key"), None, now()).unwrap();
    assert_eq!(ca.info().subject(), "C=DE, OU=second, OU=M\u{e9}tro, OU=z, CN=c\u{e0}");
    assert!(ca.info().self_signed);
    assert_eq!(ca.info().subject_raw(), name);
    let cert = ca.sign(&public(&WORKER_KEY), &worker(), serial(), now()).unwrap();
    let bytes = openssl::x509::X509::from_pem(cert.as_bytes()).unwrap().to_der().unwrap();
    let tbs = Vec::<Any>::from_der(&bytes).unwrap()[0].decode_as::<Vec<Any>>().unwrap();
    assert_eq!(tbs[3].to_der().unwrap(), name);
    assert_both_ways(&bench, "a name out of order");
}

#[test]
fn signs_with_a_ca_of_version_1() {
    let bench = Bench::new();
    bench.openssl(&format!("genpkey {P256} -out ca.key"));
    bench.openssl("req -new -key ca.key -subj /CN=old-ca -out ca.csr");
    bench.openssl("x509 -req -in ca.csr -signkey ca.key -days 30 -out ca.crt");
    assert_eq!(CaInfo::load(&bench.read("ca.crt")).unwrap().cert.version, 1);
    assert_both_ways(&bench, "version 1");
}

#[test]
fn signs_with_a_ca_without_key_identifier() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none");
    assert_eq!(CaInfo::load(&bench.read("ca.crt")).unwrap().cert.ski, None);
    assert_both_ways(&bench, "no key identifier");
}

#[test]
fn signs_with_every_kind_of_key() {
    for key in [RSA, "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "-algorithm ED25519"] {
        let bench = Bench::new();
        bench.ca(key, PLAIN_NAME, CA_EXTENSIONS);
        assert_both_ways(&bench, key);
    }
}

#[test]
fn signs_with_an_intermediate() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    bench.openssl(&format!("genpkey {P256} -out mid.key"));
    bench.openssl("req -new -key mid.key -subj /CN=mid -out mid.csr");
    bench.write("mid.ext", CA_EXTENSIONS);
    bench.openssl("x509 -req -in mid.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -extfile mid.ext -out mid.crt");
    let chain = [bench.read("mid.crt"), bench.read("ca.crt")].concat();
    let ca = CaSigner::load(&chain, &bench.read("mid.key"), None, now()).unwrap();
    assert_eq!((ca.info().self_signed, ca.info().others.len()), (false, 1));
    let cert = ca.sign(&public(&WORKER_KEY), &worker(), serial(), now()).unwrap();
    assert_eq!(examine(cert.as_bytes()).unwrap().not_after, ca.info().cert.not_after, "cut at the CA's end");
    bench.write("leaf.crt", &cert);
    bench.openssl("verify -CAfile ca.crt -untrusted mid.crt leaf.crt");
}

#[test]
fn refuses_values_that_no_certificate_carries() {
    let ca = made_ca();
    let dns = |name: &str| Request { sans: vec![San::Dns(name.to_owned())], ..worker() };
    let unfit = [
        Request { cn: String::new(), ..worker() },
        Request { cn: "x".repeat(65), ..worker() },
        Request { cn: "a\nb".to_owned(), ..worker() },
        Request { organizations: vec![" ".to_owned()], ..worker() },
        Request { days: 0, ..worker() },
        dns(""),
        dns("a b"),
        dns("a..b"),
        dns("-a"),
        dns("a\nbasicConstraints=CA:TRUE"),
        dns("m\u{fc}ller"),
    ];
    for request in unfit {
        let error = ca.sign(&public(&WORKER_KEY), &request, serial(), now()).unwrap_err();
        assert_eq!(error.code(), "E-SIGN-01", "{request:?}: {error}");
    }
}

fn any_san() -> impl Strategy<Value = San> {
    prop_oneof![
        any::<std::net::IpAddr>().prop_map(San::Ip),
        "[a-zA-Z0-9]{1,20}([.-][a-z0-9]{1,10}){0,4}".prop_map(San::Dns),
    ]
}

prop_compose! {
    fn any_request()(
        cn in "[^\\p{C}\\p{Z}][^\\p{C}]{0,40}",
        organizations in prop::collection::vec("[^\\p{C}\\p{Z}][^\\p{C}]{0,30}", 0..4),
        sans in prop::collection::vec(any_san(), 0..8),
        flags in any::<[bool; 5]>(),
        days in 1_u32..40_000,
    ) -> Request {
        let [digital_signature, key_encipherment, content_commitment, client, server] = flags;
        let usages = gangplank::pki::Usages { digital_signature, key_encipherment, content_commitment };
        Request { cn, organizations, sans, usages, client, server, days }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_signed_is_what_was_wanted(request in any_request()) {
        let (ca, now) = (made_ca(), now());
        let cert = ca.sign(&public(&WORKER_KEY), &request, serial(), now).unwrap();
        let issued = verify_issued(&cert, &request, &worker_spki(), ca.info(), now, now).unwrap();
        prop_assert_eq!(issued.facts.not_after, request.not_after(now, ca.info()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn openssl_ca_signs_what_was_wanted(request in any_request()) {
        let bench = Bench::new();
        bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
        let now = now();
        let info = CaInfo::load(&bench.read("ca.crt")).unwrap();
        let key = bench.text_path("ca.key");
        let csr = make_csr(&WORKER_KEY, "x").unwrap();
        let place = RemoteCa { key: &key, info: &info, passphrase_fd: None };
        let task = Task { id: "w", csr: &csr, request: &request };
        let output = bench.dash(&script(&[task], &place, now).unwrap(), "", None);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let found = read_output(&String::from_utf8(output.stdout).unwrap());
        let cert = found[0].1.clone().expect(&said);
        verify_issued(&cert, &request, &worker_spki(), &info, now, now).unwrap();
    }
}
