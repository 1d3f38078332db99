//! The pair with which the kubelet of a worker in no plan serves logs, exec and metrics: whether it is alive, belongs together,
//! is for this node, and its key is root's alone. A pair that the kubelet made for itself nobody can check.

use super::diagnosis::Cause;
use super::findings::Findings;
use super::found_api::told_nodes;
use super::found_paths::{FoundWorker, ServingPair};
use super::identity::closed;
use super::keys::others_read;
use crate::pki::{CertFacts, San, examine};
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::found::NodeIdentity;
use crate::plan::problem::Problem;

/// Whoever checks it is the API server, when somebody asks for logs.
const ASKED: &str = "kubectl logs and exec, and metrics, fail where the API server or who asks checks it; the node stays Ready";

/// Judges it; what is returned keeps no node from being Ready, so that nothing follows from it.
pub(super) fn judge(
    worker: &FoundWorker,
    identity: Option<&NodeIdentity>,
    found: &mut Findings,
) -> Vec<Cause> {
    let pair = worker.paths.serving();
    // One that it shows to the API too was judged there.
    let shows = identity.and_then(|identity| identity.files.get("client-certificate"));
    if shows.is_some_and(|path| *path == pair.cert.as_str()) {
        return Vec::new();
    }
    let Known::Yes(Some(file)) = worker.facts.file(&pair.cert) else { return Vec::new() };
    readable(worker, &pair, found);
    let Ok(cert) = examine(file.content.as_deref().unwrap_or_default()) else {
        if !pair.own && file.content.is_some() {
            found.notes.push(format!(
                "{}, with which the kubelet serves, holds no certificate that can be read",
                pair.cert
            ));
        }
        return Vec::new();
    };
    let its = format!("{}: {}, issued by {}", pair.cert, cert.subject_text(), cert.issuer_text());
    let of_key = worker.facts.key(&pair.key).yes().and_then(|key| key.as_ref());
    if of_key.is_some_and(|key| !key.spki_sha256.is_empty() && key.spki_sha256 != cert.spki_sha256) {
        found.add(
            Problem::new(
                ProblemCode::Cert07,
                format!("the certificate with which the kubelet of {} serves is for another key than the one beside it", worker.name),
            )
            .seen(its)
            .seen(format!("{}: the key", pair.key))
            .manual(if pair.own {
                format!("let the kubelet make both anew: rm {} {}; systemctl restart kubelet", pair.cert, pair.key)
            } else {
                "put the two that belong together there, then: systemctl restart kubelet".to_owned()
            }),
        );
        return Vec::new();
    }
    let life = format!("valid from {} to {}", cert.not_before, cert.not_after);
    let when = if worker.now > cert.not_after {
        Some((ProblemCode::Cert13, "has expired"))
    } else if worker.now < cert.not_before {
        Some((ProblemCode::Cert12, "is not valid yet"))
    } else {
        None
    };
    let problem = match when {
        Some((_, how)) if pair.own => {
            found.notes.push(format!(
                "{}, which the kubelet made for itself to serve with, {how}; nobody can check one that it signed itself: rm it and \
                 its key, and it makes both anew when it is restarted",
                pair.cert
            ));
            None
        }
        Some((code, how)) => Some(
            Problem::new(
                code,
                format!("the certificate with which the kubelet of {} serves {how}", worker.name),
            )
            .seen(its)
            .seen(life),
        ),
        None => names(worker, &pair, &cert, identity, found).map(|problem| problem.seen(its)),
    };
    if problem.is_none() && when.is_none() {
        found.well.push(format!("serving certificate: {}, until {}", pair.cert, cert.not_after));
    }
    let cure = if worker.paths.serving_bootstrap {
        "see what it asked the cluster for: kubectl get csr; kubectl certificate approve NAME".to_owned()
    } else {
        format!(
            "issue it anew with the cluster's CA, for its names (extendedKeyUsage=serverAuth), into {}, then: systemctl restart kubelet",
            pair.cert
        )
    };
    let cause = |problem: Problem| Cause { problem: problem.seen(ASKED).manual(cure), follows: Vec::new() };
    problem.map(cause).into_iter().collect()
}

/// Its key is root's alone.
fn readable(worker: &FoundWorker, pair: &ServingPair, found: &mut Findings) {
    let Known::Yes(Some(key)) = worker.facts.key(&pair.key) else { return };
    let owner = key.owner.to_string();
    let (user, group) = owner.split_once(':').unwrap_or((&owner, ""));
    if user != "root" || others_read(worker.facts, &key.mode, group == "root") {
        found.add(
            Problem::new(
                ProblemCode::Key02,
                format!("others than root can read the key with which the kubelet of {} serves", worker.name),
            )
            .seen(format!("{}: mode {}, {owner}", pair.key, key.mode))
            .repair("close it", vec![closed(&pair.key)]),
        );
    }
}

/// An API server asks a kubelet by the node's name first, then by its address (Kubernetes 1.37,
/// `cmd/kube-apiserver/app/options`): with neither in the certificate nobody who checks it gets through.
fn names(
    worker: &FoundWorker,
    pair: &ServingPair,
    cert: &CertFacts,
    identity: Option<&NodeIdentity>,
    found: &mut Findings,
) -> Option<Problem> {
    let node = &worker.paths.node;
    let mut addresses: Vec<std::net::IpAddr> = worker.paths.address.into_iter().collect();
    let nodes = identity.map(told_nodes).unwrap_or_default();
    let internal = nodes.first().and_then(|one| one.internal_ip.as_ref()?.read());
    addresses.extend(internal.filter(|address| !addresses.contains(address)));
    if node.is_empty() || addresses.is_empty() {
        return None;
    }
    let by_name = cert.sans.iter().any(|san| matches!(san, San::Dns(name) if name == node));
    let by_address =
        cert.sans.iter().any(|san| matches!(san, San::Ip(address) if addresses.contains(address)));
    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let has_names: Vec<String> = cert.sans.iter().map(ToString::to_string).collect();
    let sans = if has_names.is_empty() { "no name at all".to_owned() } else { has_names.join(" ") };
    match (by_name, by_address) {
        (false, false) if pair.own => {
            found.notes.push(format!(
                "{}, which the kubelet made for itself, is for {sans}, and not for {node} or {}",
                pair.cert,
                all.join(", ")
            ));
            None
        }
        (false, false) => Some(
            Problem::new(
                ProblemCode::Cert09,
                format!(
                    "the certificate with which the kubelet of {} serves is for another host",
                    worker.name
                ),
            )
            .seen(format!("it is for {sans}, and the node is {node} at {}", all.join(", "))),
        ),
        (true, false) if !pair.own => {
            found.notes.push(format!(
                "{}, with which the kubelet serves, has the name {node} and not the address {}: who asks by address and checks it \
                 is refused",
                pair.cert,
                all.join(", ")
            ));
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::found_paths::FoundPaths;
    use super::super::made::{NOW, Pair};
    use super::*;
    use crate::plan::fact::{Fact, FactQuery, Facts, FileFact, KeyFact};
    use crate::plan::found::KubeletStart;

    fn told(flags: &[(&str, &str)], config: &str) -> FoundPaths {
        let flags = flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        FoundPaths::of_flags(&KubeletStart { flags, ..KubeletStart::default() }, "w1").with_config(config)
    }

    /// The codes of causes and faults, and the notes.
    fn judged(paths: &FoundPaths, pair: &Pair, key: &KeyFact) -> (Vec<ProblemCode>, Vec<String>) {
        let mut facts = Facts::default();
        let ServingPair { cert, key: at, own: _ } = paths.serving();
        let file = FileFact { content: Some(pair.pem().into_bytes()), ..FileFact::default() };
        facts.learn(FactQuery::File { path: cert, content: true }, Known::Yes(Fact::File(Some(file))));
        facts.learn(FactQuery::Key(at), Known::Yes(Fact::Key(Some(key.clone()))));
        let now = Timestamp::from_second(NOW).expect("a time");
        let worker = FoundWorker { name: "w1", facts: &facts, asked_ms: 0, paths, now };
        let mut found = Findings::default();
        let causes = judge(&worker, None, &mut found);
        let codes = causes.iter().map(|cause| cause.problem.code);
        (codes.chain(found.faults.iter().map(|problem| problem.code)).collect(), found.notes)
    }

    fn key(pair: &Pair, mode: &str) -> KeyFact {
        KeyFact {
            mode: mode.to_owned(),
            owner: "root:root".into(),
            spki_sha256: pair.spki(),
            ..KeyFact::default()
        }
    }

    const TOLD: &str = "tlsCertFile: /k/tls.crt\ntlsPrivateKeyFile: /k/tls.key\n";
    const IP: &[(&str, &str)] = &[("node-ip", "10.0.0.5")];

    #[test]
    fn a_pair_that_it_was_told_is_a_fault_and_one_that_it_made_is_to_know() {
        let ca = Pair::ca("kubernetes");
        let (given, own) = (told(IP, TOLD), told(IP, "kind: KubeletConfiguration"));
        assert_eq!(own.serving().cert, "/var/lib/kubelet/pki/kubelet.crt");
        let subject = &[("CN", "w1")];
        let of = |sans: &[&str], life| ca.issue(subject, sans, life);
        for (sans, life, fault) in [
            (&["w1", "10.0.0.5"][..], (-1, 9), None),
            (&["w1", "10.0.0.5"][..], (-9, -1), Some(ProblemCode::Cert13)),
            (&["w1"][..], (1, 9), Some(ProblemCode::Cert12)),
            (&["w2", "10.0.0.6"][..], (-1, 9), Some(ProblemCode::Cert09)),
            (&[][..], (-1, 9), Some(ProblemCode::Cert09)),
        ] {
            let pair = of(sans, life);
            let (codes, notes) = judged(&given, &pair, &key(&pair, "600"));
            assert_eq!(codes, Vec::from_iter(fault), "{sans:?} {life:?}");
            assert!(notes.is_empty(), "{notes:?}");
            let (codes, notes) = judged(&own, &pair, &key(&pair, "600"));
            assert!(codes.is_empty(), "{codes:?}");
            assert_eq!(notes.len(), usize::from(fault.is_some()), "{notes:?}");
        }
        // An API server asks by name first: without the address it is to know, and usual where a kubelet made it.
        let named = of(&["w1"], (-1, 9));
        assert_eq!(judged(&given, &named, &key(&named, "600")).1.len(), 1);
        assert_eq!(judged(&own, &named, &key(&named, "600")), (vec![], vec![]));
    }

    #[test]
    fn a_key_of_another_certificate_and_one_that_others_read_are_faults_of_both() {
        let ca = Pair::ca("kubernetes");
        let pair = ca.issue(&[("CN", "w1")], &["w1", "10.0.0.5"], (-1, 9));
        for paths in [told(IP, TOLD), told(IP, "kind: KubeletConfiguration")] {
            assert_eq!(judged(&paths, &pair, &key(&ca, "600")).0, [ProblemCode::Cert07]);
            assert_eq!(judged(&paths, &pair, &key(&pair, "644")).0, [ProblemCode::Key02]);
            let theirs = KeyFact { owner: "eve:root".into(), ..key(&pair, "600") };
            assert_eq!(judged(&paths, &pair, &theirs).0, [ProblemCode::Key02]);
            let unread = KeyFact { spki_sha256: String::new(), ..key(&pair, "600") };
            assert!(judged(&paths, &pair, &unread).0.is_empty());
        }
        let bootstrap = told(&[], "serverTLSBootstrap: true").serving();
        assert!(bootstrap.cert == bootstrap.key && bootstrap.cert.ends_with("/kubelet-server-current.pem"));
    }
}
