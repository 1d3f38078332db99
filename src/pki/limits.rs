//! What a CA may not sign, by its own certificate and by those above it in its file: names outside its name
//! constraints, purposes outside its extended key usage, more CAs in a row than a path length allows.

use jiff::Timestamp;

use super::ca_info::CaInfo;
use super::dates::day;
use super::error::PkiError;
use super::facts::CertFacts;
use super::request::Request;

/// Whether an extended key usage leaves room for these purposes; none at all = it does.
fn lacking(cert: &CertFacts, request: &Request) -> Vec<&'static str> {
    let Some(allowed) = &cert.purposes else { return Vec::new() };
    if allowed.iter().any(|one| one == "any") {
        return Vec::new();
    }
    let wanted = [(request.client, "clientAuth"), (request.server, "serverAuth")];
    let lacks = |(set, name): &(bool, &'static str)| *set && !allowed.iter().any(|one| one == name);
    wanted.into_iter().filter(lacks).map(|(_, name)| name).collect()
}

impl CaInfo {
    /// Refuses what this CA may not sign, before anything is signed: whoever verifies would refuse it later.
    pub fn may_sign(&self, request: &Request, now: Timestamp) -> Result<(), PkiError> {
        let mut why = Vec::new();
        for (above, cert) in std::iter::once(&self.cert).chain(&self.chain).enumerate() {
            let whose = if above == 0 { String::new() } else { format!(" ({})", cert.subject_text()) };
            let names = cert.name_limits.refusals(&request.sans, &request.entries());
            why.extend(names.into_iter().map(|text| text + &whose));
            let lacks = lacking(cert, request);
            if !lacks.is_empty() {
                let only = cert.purposes.as_deref().unwrap_or_default().join(", ");
                why.push(format!("its extended key usage is {only}, without {}{whose}", lacks.join(", ")));
            }
            // One signed by itself does not count.
            let under = std::iter::once(&self.cert).chain(&self.chain).take(above);
            let between = under.filter(|cert| cert.subject_raw != cert.issuer_raw).count();
            if let Some(most) = cert.path_length
                && usize::try_from(most).is_ok_and(|most| between > most)
            {
                why.push(format!(
                    "its path length allows {most} CAs below it, and here are {between}{whose}"
                ));
            }
            if above > 0 && now > cert.not_after {
                why.push(format!("the certificate above it expired on {}{whose}", day(cert.not_after)));
            }
        }
        if why.is_empty() { Ok(()) } else { Err(PkiError::BeyondCa { subject: self.subject(), why }) }
    }

    /// The last second of whatever it signs: its own, or an earlier one above it.
    pub fn end(&self) -> Timestamp {
        self.chain.iter().map(|cert| cert.not_after).fold(self.cert.not_after, Timestamp::min)
    }
}
