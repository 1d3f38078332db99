//! The files of a CA, on this computer and on a CA host alike: what is wrong with them is said with the file's name
//! and the command that mends it, and what the CA may not sign is said before a key is made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gangplank::engine::signing::signer::Signer;
use gangplank::engine::{World, probe};
use gangplank::host::Vault;
use gangplank::lab::HERE;
use gangplank::pki::CaInfo;
use gangplank::plan::action::SecretRef;
use gangplank::plan::model::CaPlace;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Verdict};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder, X509Extension};
use zeroize::Zeroizing;

use super::bench::Bench;

/// Whoever is asked for a passphrase ends the test.
struct NobodyIsAsked;

impl Vault for NobodyIsAsked {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        panic!("{name:?} was asked for")
    }

    fn wrong(&self, name: &SecretRef) {
        panic!("{name:?} did not fit");
    }
}

fn bytes(case: &str, file: &str) -> Vec<u8> {
    std::fs::read(Path::new("tests/fixtures/ca").join(case).join(file)).unwrap()
}

/// The lab with these files as its CA's, on this computer and on the CA's host; both hold the same.
fn both(cert: &[u8], key: &[u8]) -> [Bench; 2] {
    [false, true].map(|on_host| {
        let mut bench = Bench::first();
        bench.lab().leap_to("2026-12-24T09:00:00Z".parse().unwrap());
        bench.lab().set_vault(Arc::new(NobodyIsAsked));
        let (machine, folder) = if on_host { ("root-ca-host", "/root") } else { (HERE, "/home/op") };
        bench.lab().machine(machine, |machine| {
            machine.write(&format!("{folder}/ca.crt"), cert, "644", "root:root");
            machine.write(&format!("{folder}/ca.key"), key, "600", "root:root");
        });
        if !on_host {
            let files = CaPlace::Files { cert: "/home/op/ca.crt".into(), key: "/home/op/ca.key".into() };
            bench.plan.ca.place = files;
        }
        bench
    })
}

fn stopped(bench: &Bench) -> Problem {
    Signer::open(&bench.plan, &bench.world, false).err().unwrap()
}

fn text(problem: &Problem) -> String {
    problem.card(&Place::CaHost).join("\n")
}

/// What the screen says of it.
fn seen(bench: &Bench) -> String {
    let stops = |remarks: &[Verdict]| -> Option<Problem> {
        remarks.iter().find_map(|one| match one {
            Verdict::Stops(problem) => Some(problem.clone()),
            Verdict::Ok { .. } | Verdict::Warning { .. } => None,
        })
    };
    match probe::ca(&bench.plan.ca.place, &bench.world) {
        Err(problem) => text(&problem),
        Ok(seen) => text(&stops(&seen.remarks).unwrap()),
    }
}

/// Its name, the two files, the code, what it says it is, and the command.
type Case<'c> = (&'c str, Vec<u8>, Vec<u8>, &'c str, &'c str, &'c str);

#[test]
fn a_file_that_cannot_be_used_says_what_it_is_and_how_it_is_converted_here_and_on_a_ca_host() {
    let good = bytes("key-des-cbc", "ca.crt");
    let key = bytes("utf16", "ca.key");
    let pem = String::from_utf8(good.clone()).unwrap();
    let key_pem = String::from_utf8(key.clone()).unwrap();
    let indent = |text: &str| format!("    {}", text.trim_end().replace('\n', "\n    "));
    let bare = pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n");
    let request = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
    let cut = &pem[..pem.len() / 2];
    let openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let fixture = |name: &str| (bytes(name, "ca.crt"), bytes(name, "ca.key"));
    let mut cases: Vec<Case> = Vec::new();
    for (name, code, is, command) in [
        (
            "key-des-cbc",
            "E-CA-10",
            "DES-CBC",
            "openssl pkey -provider legacy -provider default -in F.key -aes256",
        ),
        ("key-pkcs8-rc2", "E-CA-10", "pbeWithSHA1And40BitRC2-CBC", "openssl pkey -provider legacy"),
        ("utf16", "E-CA-01", "UTF-16", "iconv -f UTF-16 -t UTF-8 F.crt > F.crt.pem"),
        ("p7b", "E-CA-01", "PKCS#7", "openssl pkcs7 -print_certs -in F.crt -out F.crt.pem"),
        ("key-pfx", "E-CA-02", "PKCS#12", "openssl pkcs12 -in F.key -nocerts -out F.key.pem"),
        ("base64-of-pem", "E-CA-01", "base64 of a PEM", "base64 -d F.crt > F.crt.pem"),
        ("key-public", "E-CA-02", "public key", "name the private key"),
    ] {
        let (cert, key) = fixture(name);
        cases.push((name, cert, key, code, is, command));
    }
    let pkcs12 = bytes("key-pfx", "ca.key");
    for (name, cert, key, code, is, command) in [
        ("exchanged", key.clone(), good.clone(), "E-CA-01", "private key", "exchange ca.cert and ca.key"),
        ("certificate as key", good.clone(), good.clone(), "E-CA-02", "it is a certificate", "exchange"),
        ("empty", Vec::new(), key.clone(), "E-CA-01", "empty", "name a file that holds something"),
        ("empty key", good.clone(), b" \n".to_vec(), "E-CA-02", "empty", "name a file that holds something"),
        (
            "indented",
            indent(&pem).into_bytes(),
            key.clone(),
            "E-CA-01",
            "blanks before",
            "sed 's/^[[:space:]]*//'",
        ),
        ("one line", pem.replace('\n', "\\n").into(), key.clone(), "E-CA-01", "one line", "printf '%b"),
        (
            "bare",
            bare.into_bytes(),
            key.clone(),
            "E-CA-01",
            "without the BEGIN",
            "base64 -di F.crt | openssl x509 -inform DER",
        ),
        (
            "returns",
            pem.replace('\n', "\r").into(),
            key.clone(),
            "E-CA-01",
            "carriage return",
            "tr '\\r' '\\n'",
        ),
        (
            "request",
            request.into(),
            key.clone(),
            "E-CA-01",
            "CSR",
            "certificate that was made of this request",
        ),
        ("cut", cut.into(), key.clone(), "E-CA-01", "cannot be read", "ca.cert"),
        ("store", pkcs12.clone(), key.clone(), "E-CA-01", "PKCS#12", "openssl pkcs12 -in F.crt -nokeys"),
        ("openssh", good.clone(), openssh.into(), "E-CA-02", "OpenSSH", "ssh-keygen -p -m PKCS8"),
        ("page", b"<!DOCTYPE html>".to_vec(), key.clone(), "E-CA-01", "web page", "ca.cert"),
        ("utf16 key", good.clone(), utf16(&key_pem), "E-CA-02", "UTF-16", "iconv"),
        ("indented key", good.clone(), indent(&key_pem).into_bytes(), "E-CA-02", "blanks before", "sed"),
    ] {
        cases.push((name, cert, key, code, is, command));
    }
    for (name, cert, key, code, is, command) in cases {
        for (bench, folder) in both(&cert, &key).iter().zip(["/home/op", "/root"]) {
            let problem = stopped(bench);
            let (said, shown) = (text(&problem), seen(bench));
            let command = command.replace("F.", &format!("{folder}/ca."));
            assert_eq!(problem.code, code, "{name} in {folder}: {said}");
            for said in [&said, &shown] {
                assert!(said.contains(is) && said.contains(&command), "{name} in {folder}: {said}");
                assert!(said.contains(&format!("{folder}/ca.")), "{name} names its file: {said}");
            }
        }
    }
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_trusted_certificate_and_one_with_a_byte_order_mark_are_taken() {
    let key = bytes("trusted-certificate", "ca.key");
    let marked = [b"\xef\xbb\xbf".to_vec(), bytes("key-des-cbc", "ca.crt")].concat();
    for cert in [bytes("trusted-certificate", "ca.crt"), marked] {
        for bench in both(&cert, &key) {
            let signer = Signer::open(&bench.plan, &bench.world, false).unwrap();
            assert_eq!(signer.info().subject(), "CN=kubernetes");
        }
    }
}

#[test]
fn of_a_bundle_the_certificate_that_fits_the_key_is_named() {
    let (cert, key) = (bytes("bundle-root-first", "ca.crt"), bytes("bundle-root-first", "ca.key"));
    for bench in both(&cert, &key) {
        let problem = stopped(&bench);
        assert_eq!(problem.code, "E-CA-05");
        let said = text(&problem);
        assert!(said.contains("certificate 2 in") && said.contains("fits the key"), "{said}");
        assert_eq!(seen(&bench), said);
    }
}

#[test]
fn an_intermediate_ca_is_warned_of_in_a_plan_and_the_workers_get_its_chain() {
    let name = "bundle-intermediate-first";
    let (cert, key) = (bytes(name, "ca.crt"), bytes(name, "ca.key"));
    let info = CaInfo::load(&cert).unwrap();
    assert_eq!(
        (info.chain.len(), X509::stack_from_pem(info.bundle().unwrap().as_bytes()).unwrap().len()),
        (1, 2)
    );
    for bench in both(&cert, &key) {
        bench.lab().cluster_state(|cluster| cluster.ca = CaInfo::load(&cert).unwrap());
        let notes = notes(&bench);
        assert!(notes.contains("issuer: it is an intermediate CA"), "{notes}");
    }
}

fn notes(bench: &Bench) -> String {
    bench.preview().iter().flat_map(|place| place.notes.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_short_key_and_a_short_life_are_told_by_a_plan_as_by_the_screen() {
    let (cert, key) = (bytes("rsa1024", "ca.crt"), bytes("rsa1024", "ca.key"));
    for bench in both(&cert, &key) {
        bench.lab().cluster_state(|cluster| cluster.ca = CaInfo::load(&cert).unwrap());
        assert!(notes(&bench).contains("key of the CA: RSA 1024"), "{}", notes(&bench));
        bench.lab().leap_to("2036-06-01T00:00:00Z".parse().unwrap());
        assert!(notes(&bench).contains("fewer than the 365 a certificate is to live"), "{}", notes(&bench));
    }
}

/// The lab's own CA with other extensions.
fn limited(bench: &Bench, extension: X509Extension) {
    let (cert, key) = bench
        .lab()
        .machine("root-ca-host", |host| {
            (host.files["/root/ca.crt"].bytes.clone(), host.files["/root/ca.key"].bytes.clone())
        })
        .unwrap();
    let (cert, key) = (X509::from_pem(&cert).unwrap(), PKey::private_key_from_pem(&key).unwrap());
    let mut new = X509Builder::new().unwrap();
    new.set_version(2).unwrap();
    new.set_serial_number(&BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap()).unwrap();
    new.set_subject_name(cert.subject_name()).unwrap();
    new.set_issuer_name(cert.subject_name()).unwrap();
    new.set_pubkey(&key).unwrap();
    new.set_not_before(cert.not_before()).unwrap();
    new.set_not_after(&Asn1Time::from_str("20351231000000Z").unwrap()).unwrap();
    new.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    new.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap()).unwrap();
    let ski = SubjectKeyIdentifier::new().build(&new.x509v3_context(None, None)).unwrap();
    new.append_extension(ski).unwrap();
    new.append_extension(extension).unwrap();
    new.sign(&key, MessageDigest::sha256()).unwrap();
    let pem = new.build().to_pem().unwrap();
    bench.lab().cluster_state(|cluster| cluster.ca = CaInfo::load(&pem).unwrap());
    bench.lab().machine("root-ca-host", |host| host.write("/root/ca.crt", &pem, "644", "root:root"));
}

/// By the extension's name in OpenSSL, as its own configuration writes it.
fn extension(name: &str, value: &str) -> X509Extension {
    #[expect(deprecated, reason = "the only way to write an extension as OpenSSL's configuration does")]
    X509Extension::new(None, None, name, value).unwrap()
}

#[test]
fn what_the_ca_may_not_sign_stops_before_a_key_is_made() {
    let permitted = "critical,permitted;DNS:.cluster.example,permitted;IP:10.99.0.0/255.255.0.0";
    for (name, value, why) in [
        ("nameConstraints", permitted, "IP:10.0.0.11 is outside its name constraints"),
        ("nameConstraints", "critical,excluded;IP:10.0.0.0/255.255.255.0", "IP:10.0.0.11 is excluded"),
        ("extendedKeyUsage", "clientAuth", "without serverAuth"),
    ] {
        let bench = Bench::first();
        limited(&bench, extension(name, value));
        let seen = bench.preview();
        let w1 = seen.iter().find(|place| place.place == Place::Worker("w1".to_owned())).unwrap();
        let problem = w1.blocked().unwrap();
        assert_eq!(problem.code, "E-CA-17", "{value}");
        assert!(text(problem).contains(why), "{}", text(problem));
        let ran = bench.apply();
        assert_eq!(ran.code, 1);
        let made = bench.lab().machine("w1", |w1| {
            w1.files.keys().filter(|path| path.rsplit('.').next() == Some("key")).count()
        });
        assert_eq!(made, Some(0), "no key was made");
    }
}

#[test]
fn a_ca_whose_limits_hold_the_workers_signs_them() {
    let bench = Bench::first();
    let permitted =
        "critical,permitted;DNS:w1,permitted;DNS:w2,permitted;DNS:w3,permitted;IP:10.0.0.0/255.0.0.0";
    limited(&bench, extension("nameConstraints", permitted));
    assert_eq!(bench.apply().code, 0);
}

#[test]
fn a_world_names_its_ca_files_alike_for_whoever_looks_and_whoever_signs() {
    let bench = Bench::first();
    let place =
        CaPlace::Files { cert: PathBuf::from("/home/op/no.crt"), key: PathBuf::from("/home/op/no.key") };
    let problem = probe::ca(&place, &bench.world as &dyn World).unwrap_err();
    assert_eq!(problem.code, "E-CA-12");
    assert!(problem.what.contains("/home/op/no.crt"), "{}", problem.what);
}
