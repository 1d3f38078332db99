//! The two files of a CA as they lie on a machine, this computer or the CA's host: one exec asks for both, and what
//! is wrong with them is said with the file's name and the command that mends it, for whoever signs and whoever only
//! looks.

use jiff::Timestamp;

use crate::host::{Batch, Host, Stop};
use crate::pki::{CaInfo, FileForm, FileRole, KeyKind, PkiError};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts, FileFact, KeyFact, Known};
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy, Verdict};

/// A CA that ends within so many days is worth a word.
const SOON_DAYS: i64 = 30;

/// Where a CA's files are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaFiles<'a> {
    /// The certificate's.
    pub(crate) cert: &'a str,
    /// The key's.
    pub(crate) key: &'a str,
    /// How their machine is reached; `None` = this computer.
    pub(crate) host: Option<&'a str>,
}

/// What was read of them.
pub(crate) struct CaRead {
    /// The public half.
    pub(crate) info: CaInfo,
    /// The key, as far as it is told.
    pub(crate) key: KeyFact,
    /// What keeps it from signing, apart from its certificate.
    pub(crate) stops: Vec<Problem>,
}

impl CaFiles<'_> {
    /// Reads both by one exec.
    pub(crate) fn read(&self, machine: &mut dyn Host, stop: &Stop) -> Result<CaRead, Problem> {
        let mut queries = vec![
            FactQuery::File { path: self.cert.to_owned(), content: true },
            FactQuery::Key(self.key.to_owned()),
        ];
        // This computer needs no openssl program. A host keeps what could be a key and tells what it looks like.
        if self.host.is_some() {
            queries.extend([FactQuery::Machine, FactQuery::Key(self.cert.to_owned())]);
        }
        let end = machine.run(&Batch { queries, ..Batch::default() }, stop, &mut |_| {});
        if let Some(trouble) = end.trouble {
            return Err(trouble.problem(&Place::CaHost));
        }
        self.judge(&end.facts)
    }

    fn judge(&self, facts: &Facts) -> Result<CaRead, Problem> {
        let file = match facts.file(self.cert) {
            Known::Yes(Some(file)) => file,
            Known::Yes(None) => return Err(self.missing(self.cert, "there is no such file")),
            other => return Err(self.missing(self.cert, other.why_not())),
        };
        let info = self.certificate(file, facts)?;
        let key = match facts.key(self.key) {
            Known::Yes(Some(key)) => key.clone(),
            Known::Yes(None) => return Err(self.missing(self.key, "there is no such file")),
            other => return Err(self.missing(self.key, other.why_not())),
        };
        let mut stops = Vec::new();
        if let Known::Yes(machine) = facts.machine()
            && machine.openssl.is_empty()
        {
            stops.push(no_openssl());
        } else if let Some(problem) = self.key_stops(&key, &info) {
            stops.push(problem);
        }
        Ok(CaRead { info, key, stops })
    }

    fn certificate(&self, file: &FileFact, facts: &Facts) -> Result<CaInfo, Problem> {
        let Some(content) = &file.content else {
            let why = format!("it has {} bytes, more than any certificate", file.size);
            return Err(self.missing(self.cert, &why));
        };
        // Its content stayed there; what it looks like from outside was asked for too.
        if file.holds_key && content.is_empty() {
            let seen = facts.key(self.cert).yes().and_then(|key| key.as_ref());
            let form = match seen {
                Some(key) if !key.signs.is_empty() => FileForm::of_signs(&key.signs),
                Some(_) | None => FileForm::PrivateKey { cipher: None, der: false },
            };
            return Err(self.unreadable(ProblemCode::Ca01, &form, FileRole::Certificate));
        }
        CaInfo::load(content).map_err(|error| self.problem(&error))
    }

    fn key_stops(&self, key: &KeyFact, info: &CaInfo) -> Option<Problem> {
        let form = FileForm::of_signs(&key.signs);
        if key.signs.iter().any(|sign| sign == "unsupported") {
            let cipher = match form {
                FileForm::PrivateKey { cipher: Some(cipher), .. } => cipher,
                _ => "an unknown cipher".to_owned(),
            };
            return Some(self.problem(&PkiError::CipherUnsupported { cipher }));
        }
        if key.encrypted {
            return None;
        }
        if key.spki_sha256.is_empty() {
            return Some(self.unreadable(ProblemCode::Ca02, &form, FileRole::Key));
        }
        (key.spki_sha256 != info.cert.spki_sha256).then(|| self.problem(&info.mismatch(&key.spki_sha256)))
    }

    fn missing(&self, path: &str, why: &str) -> Problem {
        Problem::new(ProblemCode::Ca12, format!("{path} cannot be read ({})", self.whence()))
            .seen(why.to_owned())
            .edit(PlanField::CaPlace, "ca.where, ca.cert and ca.key")
    }

    /// Where they are, in words.
    pub(crate) fn whence(&self) -> String {
        self.host.map_or_else(|| "this computer".to_owned(), |host| format!("on {host}"))
    }

    /// What is wrong with one of the files, with its name and what mends it.
    pub(crate) fn problem(&self, error: &PkiError) -> Problem {
        match error {
            PkiError::CaUnreadable(form) => self.unreadable(ProblemCode::Ca01, form, FileRole::Certificate),
            PkiError::KeyUnreadable(form, _) => self.unreadable(ProblemCode::Ca02, form, FileRole::Key),
            PkiError::CipherUnsupported { cipher } => {
                let form = FileForm::PrivateKey { cipher: Some(cipher.clone()), der: false };
                let what = format!(
                    "{} is encrypted with {cipher}, which the OpenSSL {} does not support",
                    self.key,
                    self.host.map_or("in gangplank".to_owned(), |host| format!("on {host}")),
                );
                self.with_cure(Problem::new(ProblemCode::Ca10, what), &form, FileRole::Key)
            }
            PkiError::KeyMismatch { fits, .. } => {
                let mut problem =
                    error.problem().seen(format!("{} and {} ({})", self.key, self.cert, self.whence()));
                if let Some((number, subject)) = fits {
                    problem = problem
                        .seen(format!("certificate {number} in {} fits the key: {subject}", self.cert))
                        .manual(format!("move certificate {number} to the beginning of {}", self.cert));
                }
                problem
            }
            other => other.problem(),
        }
    }

    fn unreadable(&self, code: ProblemCode, form: &FileForm, role: FileRole) -> Problem {
        let (path, what) = match role {
            FileRole::Certificate => (self.cert, "no certificate that can be read, in PEM or DER"),
            FileRole::Key => (self.key, "no private key that can be read"),
        };
        let problem = Problem::new(code, format!("{path} holds {what} ({})", self.whence()));
        self.with_cure(problem.seen(form.seen(role)), form, role)
    }

    fn with_cure(&self, mut problem: Problem, form: &FileForm, role: FileRole) -> Problem {
        let (path, field, name) = match role {
            FileRole::Certificate => (self.cert, PlanField::CaCert, "ca.cert"),
            FileRole::Key => (self.key, PlanField::CaKey, "ca.key"),
        };
        let converted = form.conversion(role, path);
        if let Some((command, _)) = &converted {
            let whence = self.host.map_or("on this computer".to_owned(), |_| self.whence());
            problem = problem.manual(format!("run {whence}: {command}"));
        }
        let advice = form.advice(role);
        if !advice.is_empty() {
            problem = problem.manual(advice);
        }
        match converted {
            Some((_, new)) => problem.edit(field, format!("{name}: {new}")),
            None => problem.edit(field, name),
        }
    }
}

/// The CA's host cannot sign.
pub(crate) fn no_openssl() -> Problem {
    Problem::new(ProblemCode::Openssl01, "openssl is not installed on the CA host")
        .manual("install the package openssl there, or name the CA's files here")
}

fn in_days(days: i64) -> String {
    format!("{days} {}", if days == 1 { "day" } else { "days" })
}

/// What is to be said of a CA's certificate alone; `days` is how long the certificates are to live.
pub(crate) fn remarks(info: &CaInfo, days: u32, now: Timestamp) -> Vec<Verdict> {
    let cert = &info.cert;
    let days_left = |end: Timestamp| end.duration_since(now).as_secs().div_euclid(24 * 3600);
    let left = days_left(info.end());
    let mut remarks = Vec::new();
    match info.check(now) {
        Err(error) => remarks.push(Verdict::Stops(error.problem())),
        Ok(()) if left < 0 => remarks.push(Verdict::warning(
            "end of the CA",
            format!("a certificate above it expired {} ago", in_days(left.saturating_neg())),
            "whoever follows the chain to its root refuses what it signs: renew that one first",
        )),
        Ok(()) if left < SOON_DAYS => remarks.push(Verdict::warning(
            "end of the CA",
            format!("{} left", in_days(left)),
            "no certificate outlives its CA: renew it soon",
        )),
        Ok(()) if left < i64::from(days) => remarks.push(Verdict::warning(
            "end of the CA",
            format!("{} left, fewer than the {days} a certificate is to live", in_days(left)),
            "no certificate outlives its CA: they expire with it",
        )),
        Ok(()) => remarks.push(Verdict::ok("end of the CA", format!("{} left", in_days(left)))),
    }
    if let KeyKind::Rsa(bits) = cert.key
        && bits < 2048
    {
        let cure = "it is too short for newer programs";
        remarks.push(Verdict::warning("key of the CA", format!("RSA {bits}"), cure));
    }
    if let (Some(hash), false) = (&cert.weak_hash, info.self_signed) {
        let cure = "newer programs do not accept it";
        remarks.push(Verdict::warning("signature of the CA", hash.clone(), cure));
    }
    if !cert.unknown_critical.is_empty() {
        let seen = format!("critical extension {}", cert.unknown_critical.join(", "));
        let cure = "a program that does not know it refuses the CA";
        remarks.push(Verdict::warning("certificate of the CA", seen, cure));
    }
    if !info.self_signed {
        let whole = info.chain.last().is_some_and(|last| last.subject_raw == last.issuer_raw);
        let cure = if whole {
            "the workers get its chain up to the root; the API must be given it as its CA too"
        } else {
            "the API and the kubelets must be given its certificate as their CA; put those above it behind it in the \
             file, and the workers get the whole chain"
        };
        remarks.push(Verdict::warning("issuer", "it is an intermediate CA", cure));
    }
    let beside = info.others.len().saturating_sub(info.chain.len());
    if beside > 0 {
        let seen = format!("{beside} more certificates in the file");
        remarks.push(Verdict::warning("certificate file", seen, "the first one counts"));
    }
    remarks
}

/// The warnings among them, a line each, for a run.
pub(crate) fn notes(info: &CaInfo, days: u32, now: Timestamp) -> Vec<String> {
    let warning = |verdict: &Verdict| match verdict {
        Verdict::Warning { about, seen, cure } => Some(format!("{about}: {seen}; {cure}")),
        Verdict::Ok { .. } | Verdict::Stops(_) => None,
    };
    remarks(info, days, now).iter().filter_map(warning).collect()
}

/// What openssl on the CA's host said of a key it could not use.
pub(crate) fn refused_cipher(said: &str) -> Option<String> {
    let unsupported = said.contains("digital envelope routines") && said.contains("unsupported");
    let unsupported = unsupported || said.contains("unsupported encryption");
    let named = || {
        let (_, rest) = said.split_once("Algorithm (")?;
        Some(rest.split([' ', ')']).next()?.to_owned())
    };
    unsupported.then(|| named().unwrap_or_else(|| "an unknown cipher".to_owned()))
}

/// The way out of a wrong passphrase.
pub(crate) fn retry(problem: Problem) -> Problem {
    problem.seen("the passphrase may be wrong").way(Remedy::Retry)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use openssl::pkcs12::Pkcs12;
    use openssl::pkey::PKey;
    use openssl::x509::X509;
    use zeroize::Zeroizing;

    use super::*;
    use crate::host::{LocalWire, ShellHost, Vault};
    use crate::plan::action::SecretRef;

    struct NoSecret;

    impl Vault for NoSecret {
        fn get(&self, _: &SecretRef) -> Option<Zeroizing<String>> {
            None
        }

        fn wrong(&self, _: &SecretRef) {}
    }

    #[test]
    fn a_key_or_store_named_as_certificate_on_a_ca_host_stays_there_and_is_told_by_its_signs() {
        let read = |name: &str| std::fs::read(format!("tests/fixtures/ca/rsa1024/{name}")).unwrap();
        let key = PKey::private_key_from_pem(&read("ca.key")).unwrap();
        let cert = X509::from_pem(&read("ca.crt")).unwrap();
        let store = Pkcs12::builder().pkey(&key).cert(&cert).build2("x").unwrap().to_der().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes, is, way) in [
            ("store", store, "PKCS#12", "openssl pkcs12"),
            ("der", key.private_key_to_pkcs8().unwrap(), "private key", "exchange ca.cert and ca.key"),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let path = path.to_str().unwrap();
            let mut host = ShellHost::new(Arc::new(LocalWire::new()), Arc::new(NoSecret), false);
            let files = CaFiles { cert: path, key: "tests/fixtures/ca/rsa1024/ca.key", host: Some("ca1") };
            let problem = files.read(&mut host, &Stop::default()).map(|_| ()).unwrap_err();
            let card = problem.card(&Place::CaHost).join("\n");
            assert_eq!(problem.code, ProblemCode::Ca01, "{card}");
            assert!(card.contains(is) && card.contains(way), "{name}: {card}");
        }
    }
}
