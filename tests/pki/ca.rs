//! Loading and making a CA.

use gangplank::pki::{CaInfo, CaSigner, KeyKind, NewKey, PkiError, needs_passphrase};
use zeroize::Zeroizing;

use super::support::{
    Bench, CA_EXTENSIONS, P256, PLAIN_NAME, RSA, WORKER_KEY, days, now, public, serial, worker,
};

fn load(bench: &Bench, key: &str, passphrase: Option<&str>) -> Result<CaSigner, PkiError> {
    let passphrase = passphrase.map(|text| Zeroizing::new(text.to_owned()));
    CaSigner::load(&bench.read("ca.crt"), &bench.read(key), passphrase.as_ref(), now())
}

fn assert_signs(bench: &Bench, key: &str, passphrase: Option<&str>) {
    let ca = load(bench, key, passphrase).unwrap_or_else(|error| panic!("{key}: {error}"));
    let cert = ca.sign(&public(&WORKER_KEY), &worker(), serial(), now()).unwrap();
    bench.assert_accepted(&cert, key);
}

#[test]
fn reads_every_form_of_an_rsa_key() {
    let bench = Bench::new();
    bench.ca(RSA, PLAIN_NAME, CA_EXTENSIONS);
    bench.openssl("rsa -in ca.key -traditional -out pkcs1.key");
    bench.openssl("rsa -in ca.key -traditional -aes128 -passout pass:walrus -out legacy.key");
    bench.openssl("pkcs8 -topk8 -in ca.key -passout pass:walrus -out pkcs8.key");
    bench.openssl("pkcs8 -topk8 -in ca.key -outform DER -passout pass:walrus -out enc.der");
    bench.openssl("pkey -in ca.key -outform DER -out plain.der");
    bench.write("both.pem", [bench.read("pkcs1.key"), bench.read("ca.crt")].concat());
    assert!(String::from_utf8(bench.read("pkcs1.key")).unwrap().contains("BEGIN RSA PRIVATE KEY"));
    for key in ["ca.key", "pkcs1.key", "both.pem", "plain.der"] {
        assert!(!needs_passphrase(&bench.read(key)), "{key}");
        assert_signs(&bench, key, None);
    }
    for key in ["legacy.key", "pkcs8.key", "enc.der"] {
        assert!(needs_passphrase(&bench.read(key)), "{key}");
        assert_signs(&bench, key, Some("walrus"));
        assert!(matches!(load(&bench, key, None), Err(PkiError::PassphraseNeeded)), "{key}");
        for wrong in ["seal", "", "wal\0rus"] {
            assert!(
                matches!(load(&bench, key, Some(wrong)), Err(PkiError::WrongPassphrase)),
                "{key} {wrong:?}"
            );
        }
    }
    let info = CaInfo::load(&bench.read("both.pem")).unwrap();
    assert_eq!((info.key(), info.self_signed, info.others.len()), (&KeyKind::Rsa(2048), true, 0));
}

#[test]
fn reads_sec1_keys_and_a_parameters_block_in_front() {
    let bench = Bench::new();
    bench.openssl("ecparam -name prime256v1 -genkey -out front.key");
    bench.openssl("ec -in front.key -out ca.key");
    bench.openssl("ec -in front.key -aes128 -passout pass:walrus -out legacy.key");
    bench.openssl("req -x509 -new -key front.key -subj /CN=demo-ca -days 30 -out ca.crt");
    assert!(bench.read("front.key").starts_with(b"-----BEGIN EC PARAMETERS"));
    assert!(bench.read("ca.key").starts_with(b"-----BEGIN EC PRIVATE KEY"));
    assert_signs(&bench, "front.key", None);
    assert_signs(&bench, "ca.key", None);
    assert_signs(&bench, "legacy.key", Some("walrus"));
}

#[test]
fn reads_a_der_certificate_and_one_after_its_key() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    bench.openssl("x509 -in ca.crt -outform DER -out ca.der");
    let plain = CaInfo::load(&bench.read("ca.crt")).unwrap();
    assert_eq!(plain, CaInfo::load(&bench.read("ca.der")).unwrap());
    let after_key = [bench.read("ca.key"), bench.read("ca.crt")].concat();
    assert_eq!(plain, CaInfo::load(&after_key).unwrap());
    let openssl =
        bench.openssl("x509 -in ca.crt -noout -fingerprint -sha256").replace(':', "").to_lowercase();
    assert!(openssl.trim().ends_with(&plain.cert.fingerprint), "{openssl}");
    assert_eq!(plain.subject(), "O=demo, CN=demo-ca");
}

#[test]
fn refuses_keys_that_not_everybody_verifies() {
    for (key, name) in [
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "P-521"),
        ("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "RSA-PSS"),
        ("-algorithm ED448", "Ed448"),
    ] {
        let bench = Bench::new();
        bench.ca(key, PLAIN_NAME, CA_EXTENSIONS);
        let error = load(&bench, "ca.key", None).unwrap_err();
        assert!(matches!(&error, PkiError::KeyUnsupported { kind } if kind == name), "{name}: {error}");
        assert_eq!(error.code(), "E-CA-09");
    }
}

#[test]
fn refuses_a_key_of_another_ca() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    bench.write("other.key", WORKER_KEY.as_bytes());
    let error = load(&bench, "other.key", None).unwrap_err();
    assert_eq!(error.to_string(), "the key does not belong to the CA certificate \"O=demo, CN=demo-ca\"");
    assert_eq!(error.code(), "E-CA-05");
}

#[test]
fn refuses_a_ca_outside_its_life() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    let (cert, key) = (bench.read("ca.crt"), bench.read("ca.key"));
    let late = CaSigner::load(&cert, &key, None, now() + days(3651)).unwrap_err();
    assert!(matches!(late, PkiError::CaExpired { .. }), "{late}");
    let early = CaSigner::load(&cert, &key, None, now() - days(1)).unwrap_err();
    assert!(matches!(early, PkiError::CaNotYetValid { .. }), "{early}");
}

#[test]
fn refuses_what_is_no_ca() {
    for extensions in [
        "basicConstraints=CA:FALSE",
        "keyUsage=digitalSignature",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=digitalSignature",
    ] {
        let bench = Bench::new();
        bench.ca(P256, PLAIN_NAME, extensions);
        let error = load(&bench, "ca.key", None).unwrap_err();
        assert!(matches!(error, PkiError::NotACa { .. }), "{extensions}: {error}");
    }
}

#[test]
fn refuses_what_it_cannot_read() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    let (cert, key) = (bench.read("ca.crt"), bench.read("ca.key"));
    for bytes in [&b""[..], b"hello", &key, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        assert!(matches!(CaSigner::load(bytes, &key, None, now()), Err(PkiError::CaUnreadable(_))));
    }
    for bytes in
        [&b""[..], b"hello", &cert, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    {
        assert!(matches!(CaSigner::load(&cert, bytes, None, now()), Err(PkiError::KeyUnreadable(..))));
    }
}

#[test]
fn tells_a_cipher_it_does_not_have_from_a_wrong_passphrase() {
    let bench = Bench::new();
    bench.ca(P256, PLAIN_NAME, CA_EXTENSIONS);
    bench.openssl(
        "pkcs8 -topk8 -in ca.key -v1 PBE-MD5-DES -provider legacy -provider default -passout pass:walrus -out old.key",
    );
    let error = load(&bench, "old.key", Some("walrus")).unwrap_err();
    assert!(matches!(error, PkiError::CipherUnsupported { .. }), "{error:?}");
}

#[test]
fn makes_a_ca_that_openssl_takes() {
    for (kind, name) in [(NewKey::P256, KeyKind::P256), (NewKey::Rsa2048, KeyKind::Rsa(2048))] {
        let bench = Bench::new();
        let made = CaSigner::make("new-ca", kind, 3650, serial(), now()).unwrap();
        bench.write("ca.crt", &made.cert);
        bench.write("ca.key", made.key.as_bytes());
        assert_signs(&bench, "ca.key", None);
        bench.openssl("verify -x509_strict -CAfile ca.crt ca.crt");
        let info = CaInfo::load(made.cert.as_bytes()).unwrap();
        assert_eq!((info.key(), info.subject().as_str(), info.cert.ca), (&name, "CN=new-ca", Some(true)));
        assert_eq!(info.cert.not_after, now_like(&info) + days(3650));
    }
}

/// The time it was made: its start is five minutes before.
fn now_like(info: &CaInfo) -> jiff::Timestamp {
    info.cert.not_before + jiff::SignedDuration::from_mins(5)
}

#[test]
fn takes_the_year_9999_for_no_end() {
    let bench = Bench::new();
    bench.openssl(&format!("genpkey {P256} -out ca.key"));
    bench.write(
        "ca.cnf",
        "[ca]\ndatabase=index\nserial=serial\nnew_certs_dir=.\npolicy=p\n[p]\nCN=supplied\n",
    );
    bench.write("index", "");
    bench.write("serial", "01");
    bench.write("ext", format!("[v3]\n{CA_EXTENSIONS}\n"));
    bench.openssl("req -new -key ca.key -subj /CN=forever -out ca.csr");
    bench.openssl(
        "ca -batch -config ca.cnf -name ca -selfsign -keyfile ca.key -in ca.csr -notext -md sha256 -extfile ext \
         -extensions v3 -startdate 20200101000000Z -enddate 99991231235959Z -out ca.crt",
    );
    assert_signs(&bench, "ca.key", None);
    let ca = load(&bench, "ca.key", None).unwrap();
    let cert = ca.sign(
        &public(&WORKER_KEY),
        &gangplank::pki::Request { days: 50 * 365, ..worker() },
        serial(),
        now(),
    );
    bench.assert_accepted(&cert.unwrap(), "an end after 2050");
}

#[test]
fn a_wrong_passphrase_that_decrypts_to_nonsense_is_still_wrong() {
    // One in 256 leaves valid padding; OpenSSL then says something else than "bad decrypt".
    let bench = Bench::new();
    bench.openssl("ecparam -name prime256v1 -genkey -noout -out plain.key");
    bench.openssl("ec -in plain.key -aes128 -passout pass:walrus -out legacy.key");
    bench.openssl("pkcs8 -topk8 -in plain.key -passout pass:walrus -iter 1 -out pkcs8.key");
    bench.openssl("pkcs8 -topk8 -in plain.key -passout pass:walrus -iter 1 -outform DER -out pkcs8.der");
    bench.openssl("req -x509 -new -key plain.key -subj /CN=demo-ca -days 30 -out ca.crt");
    for key in ["legacy.key", "pkcs8.key", "pkcs8.der"] {
        for number in 0..700 {
            let error = load(&bench, key, Some(&number.to_string())).unwrap_err();
            assert!(matches!(error, PkiError::WrongPassphrase), "{key} {number}: {error:?}");
        }
    }
}
