//! What a key pair on a machine needs: nothing, a certificate, or a key as well. Shared by the steps that
//! make keys, sign and install, so that all three agree.

use super::changed::with_story;
use super::daemons;
use super::input::StepInput;
use crate::pki::{self, Request, San, Usages};
use crate::plan::action::{Action, CertificateSpec, Slot};
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::problem::{Problem, Remedy, Verdict};
use crate::profile::Identity;

/// What is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: how long it is still good.
    Nothing(String),
    /// A certificate for the key that is there; why.
    Certificate(String),
    /// A key and a certificate; why.
    Both(String),
}

/// What the certificate must say, for the PKI.
pub fn request(wish: &CertificateSpec) -> Request {
    let ips = wish.ips.iter().map(|ip| San::Ip(*ip));
    let names = wish.names.iter().map(|name| San::Dns(name.clone()));
    Request {
        cn: wish.cn.clone(),
        organizations: wish.organizations.clone(),
        sans: names.chain(ips).collect(),
        usages: Usages { digital_signature: true, key_encipherment: true, content_commitment: false },
        client: wish.client,
        server: wish.server,
        days: wish.days,
    }
}

/// Where the CSR of an identity goes.
pub(super) fn csr_slot(owner: &str, identity: &Identity) -> Slot {
    Slot(format!("signing request of {owner} {}", identity.name))
}

/// Where its certificate goes.
pub(super) fn cert_slot(owner: &str, identity: &Identity) -> Slot {
    Slot(format!("certificate of {owner} {}", identity.name))
}

/// What closes a key that others than its owner can read, or that somebody else than root owns.
pub(super) fn restricted(cx: &StepInput, path: &str) -> Option<Action> {
    let Known::Yes(Some(key)) = cx.facts.key(path) else { return None };
    let mode = u32::from_str_radix(&key.mode, 8).unwrap_or_default();
    let (open, world) = (mode & 0o077 != 0, mode & 0o007 != 0);
    let owner = key.owner.to_string();
    let user = owner.split(':').next().unwrap_or_default();
    let theirs = !["", "-", "root"].contains(&user);
    let was = match (open, theirs) {
        (false, false) => return None,
        (_, true) => format!("it belongs to {user}, mode {}", key.mode),
        (true, false) => {
            format!("{} can read it, mode {}", if world { "others" } else { "its group" }, key.mode)
        }
    };
    Some(Action::Script {
        title: format!("close {path} ({was})"),
        text: format!("restrict {}", shell_words::quote(path)),
        secrets: Vec::new(),
    })
}

/// Looks at an identity.
pub(super) fn need(cx: &StepInput, identity: &Identity) -> Result<Need, Problem> {
    let ca = cx.ca()?;
    let key = match cx.facts.key(&identity.key) {
        Known::Yes(key) => key,
        other => return Err(super::state::unknown(&identity.key, other.why_not())),
    };
    let cert = match cx.facts.file(&identity.cert) {
        Known::Yes(cert) => cert,
        other => return Err(super::state::unknown(&identity.cert, other.why_not())),
    };
    let spki = match key {
        None => None,
        Some(key) if key.spki_sha256.is_empty() => {
            if !cx.may_replace(&identity.key, &key.sha256) {
                let what = format!("{} cannot be read as a private key", identity.key);
                return Err(with_story(Problem::new(ProblemCode::Key01, what), cx.facts, &identity.key)
                    .seen(if key.encrypted {
                        "it wants a passphrase, and the kubelet has none"
                    } else {
                        "openssl cannot read it"
                    })
                    .replace("and a new key is made; the old file is kept for undo")
                    .manual(format!("move {} away on the host", identity.key)));
            }
            None
        }
        Some(key) => Some(key.spki_sha256.as_str()),
    };
    let wish = request(&identity.wish);
    let Some(file) = cert else {
        ca.may_sign(&wish, cx.now).map_err(|error| error.problem())?;
        let why = format!("{} is not there", identity.cert);
        return Ok(if spki.is_some() { Need::Certificate(why) } else { Need::Both(why) });
    };
    let content = file.content.as_deref().unwrap_or_default();
    let differences = match pki::examine(content) {
        Ok(facts) => {
            let mut differences = match cx.renew {
                Some(soon) => pki::compare_within(&facts, &wish, spki, ca, (cx.now, soon)),
                None => pki::compare(&facts, &wish, spki, ca, cx.now),
            };
            if spki.is_none() {
                // A certificate without its key proves nothing.
                differences.retain(|difference| {
                    !matches!(difference, pki::CertificateDifference::ExpiresSoon { .. })
                });
            }
            if differences.is_empty() && spki.is_some() {
                let left = facts.not_after.duration_since(cx.now).as_hours() / 24;
                return Ok(Need::Nothing(format!("good for {left} more days")));
            }
            differences
        }
        Err(_) => vec![pki::CertificateDifference::Unreadable],
    };
    let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
    // An expired or soon expiring one of our CA is renewed whoever installed it: nothing is lost.
    let only_age = !differences.is_empty()
        && differences.iter().all(|difference| {
            matches!(
                difference,
                pki::CertificateDifference::Expired { .. } | pki::CertificateDifference::ExpiresSoon { .. }
            )
        });
    if !only_age && !differences.is_empty() && !cx.may_replace(&identity.cert, &file.sha256) {
        let code = differences.first().map_or(ProblemCode::Cert01, pki::CertificateDifference::code);
        let mut problem = Problem::new(
            code,
            format!("{} is there already and is not the certificate this plan wants", identity.cert),
        );
        problem = with_story(problem, cx.facts, &identity.cert);
        for line in words {
            problem = problem.seen(line);
        }
        problem = problem.replace("and it is replaced; the old file is kept on the host for undo");
        if matches!(code, ProblemCode::Cert04 | ProblemCode::Cert05) {
            problem = problem.manual("use the CA that signed it: change ca in the plan");
        }
        return Err(problem.way(Remedy::Skip));
    }
    ca.may_sign(&wish, cx.now).map_err(|error| error.problem())?;
    let why = if words.is_empty() { format!("{} has no key", identity.cert) } else { words.join("; ") };
    Ok(if spki.is_some() { Need::Certificate(why) } else { Need::Both(why) })
}

/// Why a certificate that is there is not kept; `None` = it is kept, or there is none yet.
pub(super) fn reissue(cx: &StepInput, identity: &Identity) -> Option<Verdict> {
    let there = matches!(cx.facts.file(&identity.cert), Known::Yes(Some(_)))
        || matches!(cx.facts.key(&identity.key), Known::Yes(Some(_)));
    match need(cx, identity).ok()? {
        Need::Certificate(why) if there => Some(Verdict::warning(
            &format!("certificate of {}", identity.name),
            why,
            "a new one is signed for the key that is there",
        )),
        Need::Both(why) if there => Some(Verdict::warning(
            &format!("certificate of {}", identity.name),
            why,
            "a new key is made, and a certificate signed for it",
        )),
        Need::Nothing(_) | Need::Certificate(_) | Need::Both(_) => None,
    }
}

/// What is wrong with the key pairs of a worker, a problem for each; what only comes to its end soon is no fault yet.
pub fn faults(cx: &StepInput) -> Vec<Problem> {
    let (Some(worker), Ok(profile)) = (cx.worker, cx.profile()) else { return Vec::new() };
    let all = daemons::identities(cx, profile, worker);
    all.iter()
        .filter_map(|identity| match need(cx, identity) {
            Err(problem) => Some(problem),
            Ok(Need::Nothing(_)) => None,
            Ok(Need::Certificate(why) | Need::Both(why)) => {
                let code = code_of(cx, identity)?;
                let path = if code == ProblemCode::Key03 { &identity.key } else { &identity.cert };
                let title = match code {
                    ProblemCode::Key03 => "is gone".to_owned(),
                    ProblemCode::Cert01 => "is gone or cannot be read".to_owned(),
                    code => format!("cannot be used: {}", code.title()),
                };
                Some(with_story(Problem::new(code, format!("{path} {title}")), cx.facts, path).seen(why))
            }
        })
        .collect()
}

/// The code for a pair that is not as it must be; `None` = nothing is wrong with it.
fn code_of(cx: &StepInput, identity: &Identity) -> Option<ProblemCode> {
    let Known::Yes(Some(key)) = cx.facts.key(&identity.key) else { return Some(ProblemCode::Key03) };
    let Known::Yes(Some(file)) = cx.facts.file(&identity.cert) else { return Some(ProblemCode::Cert01) };
    let Ok(facts) = pki::examine(file.content.as_deref().unwrap_or_default()) else {
        return Some(ProblemCode::Cert01);
    };
    let differences = pki::compare(&facts, &request(&identity.wish), Some(&key.spki_sha256), cx.ca?, cx.now);
    let faults = differences.iter().map(pki::CertificateDifference::code);
    faults.filter(|code| *code != ProblemCode::Cert14).min_by_key(|code| match code {
        // Age is told by every client first.
        ProblemCode::Cert13 | ProblemCode::Cert12 => 1,
        _ => 0,
    })
}
