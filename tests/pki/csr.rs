//! Signing requests made by the real openssl: what is taken, what is refused, what is told.

use gangplank::pki::{
    CheckedCsr, NewKey, Note, PkiError, check_csr, examine, make_csr, make_key, spki_sha256,
};

use super::support::{Bench, P256, made_ca, now, serial, worker, worker_spki};

const OURS: &str = "/O=system:nodes/CN=system:node:worker-1";

/// A request by a P-256 key with these lines in the section of extensions.
fn csr(bench: &Bench, extensions: &str, more: &str) -> String {
    bench.openssl(&format!("genpkey {P256} -out w.key"));
    let config = format!(
        "[req]\nprompt=no\ndistinguished_name=dn\n{extensions}\n[dn]\nO=system:nodes\nCN=system:node:worker-1\n"
    );
    bench.write("w.cnf", config);
    bench.openssl(&format!("req -new -key w.key -config w.cnf {more} -out w.csr"));
    String::from_utf8(bench.read("w.csr")).unwrap()
}

fn checked(csr: &str) -> CheckedCsr {
    check_csr(csr.as_bytes(), None, &worker()).unwrap()
}

#[test]
fn hashes_a_public_key_as_the_worker_does() {
    let bench = Bench::new();
    for key in [P256, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-algorithm ED25519"] {
        bench.openssl(&format!("genpkey {key} -out w.key"));
        bench.openssl(&format!("req -new -key w.key -subj {OURS} -out w.csr"));
        bench.openssl("pkey -in w.key -pubout -outform DER -out w.der");
        bench.openssl("pkey -in w.key -pubout -out w.pem");
        let hash = bench.openssl("dgst -sha256 -r w.der");
        let hash = hash.split(' ').next().unwrap();
        assert_eq!(spki_sha256(&bench.read("w.der")).unwrap(), hash);
        assert_eq!(spki_sha256(&bench.read("w.pem")).unwrap(), hash);
        let checked = check_csr(&bench.read("w.csr"), Some(hash), &worker()).unwrap();
        assert_eq!((checked.key.sha256().as_str(), checked.notes), (hash, vec![]));
    }
}

#[test]
fn refuses_a_request_for_another_key() {
    let bench = Bench::new();
    let csr = csr(&bench, "", "");
    let error = check_csr(csr.as_bytes(), Some(&worker_spki()), &worker()).unwrap_err();
    assert!(matches!(&error, PkiError::CsrOtherKey { want, .. } if *want == worker_spki()), "{error}");
}

#[test]
fn refuses_a_bad_signature() {
    let bench = Bench::new();
    csr(&bench, "", "");
    bench.openssl("req -in w.csr -outform DER -out w.der");
    let mut der = bench.read("w.der");
    let at = der.windows(8).position(|part| part == b"worker-1").unwrap();
    der[at + 7] = b'2';
    bench.write("w.der", der);
    bench.openssl("asn1parse -inform DER -in w.der");
    let pem = {
        let text = openssl::base64::encode_block(&bench.read("w.der"));
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!(
            "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
            lines.join("\n")
        )
    };
    assert!(matches!(check_csr(pem.as_bytes(), None, &worker()), Err(PkiError::CsrSignature)));
}

#[test]
fn refuses_weak_and_unusual_keys() {
    let bench = Bench::new();
    for (key, code) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "E-CSR-04"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "E-CA-09"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "E-CA-09"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "E-CA-09"),
        ("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "E-CA-09"),
    ] {
        bench.openssl(&format!("genpkey {key} -out w.key"));
        bench.openssl(&format!("req -new -key w.key -subj {OURS} -out w.csr"));
        let error = check_csr(&bench.read("w.csr"), None, &worker()).unwrap_err();
        assert_eq!(error.code(), code, "{key}: {error}");
    }
}

#[test]
fn refuses_what_is_no_request() {
    for text in
        ["", "hello", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
    {
        assert!(
            matches!(check_csr(text.as_bytes(), None, &worker()), Err(PkiError::CsrUnreadable)),
            "{text}"
        );
    }
}

#[test]
fn tells_what_it_leaves_out() {
    let extensions = "req_extensions=v3\nattributes=a\n[a]\nchallengePassword=hello123\n[v3]\n\
        basicConstraints=critical,CA:TRUE\n\
        subjectAltName=DNS:worker-1,DNS:evil.example,IP:192.168.2.1,IP:10.9.9.9,email:a@b.c\n\
        nsComment=hello\ntlsfeature=status_request\nextendedKeyUsage=1.2.3.4\nsubjectKeyIdentifier=hash";
    let bench = Bench::new();
    let csr = csr(&bench, extensions, "");
    let checked = checked(&csr);
    let foreign = ["DNS:evil.example", "IP:10.9.9.9", "email:a@b.c"].map(ToOwned::to_owned).to_vec();
    for note in [
        Note::AsksCa,
        Note::ForeignSan(foreign),
        Note::OtherAttribute("challengePassword".to_owned()),
        Note::OtherExtension("1.3.6.1.5.5.7.1.24".to_owned()),
        Note::OtherExtension("2.16.840.1.113730.1.13".to_owned()),
    ] {
        assert!(checked.notes.contains(&note), "{note:?} in {:?}", checked.notes);
    }
    assert_eq!(checked.notes.len(), 5, "{:?}", checked.notes);
    let cert = made_ca().sign(&checked.key, &worker(), serial(), now()).unwrap();
    let facts = examine(cert.as_bytes()).unwrap();
    assert_eq!((facts.ca, facts.sans.len(), facts.other_sans.len()), (Some(false), 3, 0));
}

#[test]
fn tells_another_subject() {
    let key = make_key(NewKey::P256).unwrap();
    let checked = checked(&make_csr(&key, "system:masters").unwrap());
    assert_eq!(checked.notes, [Note::OtherSubject("CN=system:masters".to_owned())]);
}

#[test]
fn takes_the_key_kind_from_the_key_not_from_the_signature() {
    let (bench, ca) = (Bench::new(), made_ca());
    let sha384 = checked(&csr(&bench, "", "-sha384"));
    let cert = ca.sign(&sha384.key, &worker(), serial(), now()).unwrap();
    bench.write("ca.crt", ca.info().pem().unwrap());
    bench.assert_accepted(&cert, "P-256 with SHA-384");
    let hash = bench.openssl("x509 -in leaf.crt -noout -pubkey");
    assert_eq!(spki_sha256(hash.as_bytes()).unwrap(), sha384.key.sha256());
}

#[test]
fn takes_old_headers_and_text_in_front() {
    let bench = Bench::new();
    let plain = csr(&bench, "", "");
    let old = plain.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    assert_eq!(
        checked(&format!("Certificate Request:\n    Data:\n{old}")).key.sha256(),
        checked(&plain).key.sha256()
    );
}

#[test]
fn openssl_takes_the_requests_made_here() {
    let bench = Bench::new();
    for kind in [NewKey::P256, NewKey::Rsa2048] {
        let key = make_key(kind).unwrap();
        bench.write("w.csr", make_csr(&key, "worker/1").unwrap());
        let text = bench.openssl("req -in w.csr -verify -noout -subject");
        assert!(text.contains("CN = worker/1"), "{text}");
    }
}
