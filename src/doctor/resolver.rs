//! The name servers that a kubelet hands to its pods, and those that the machine itself asks.

use super::findings::Findings;
use super::found_paths::{FoundPaths, RESOLV_CONF};
use crate::kube::dns::{self, AddressKind};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, Facts, Known};
use crate::plan::found::KubeletStart;
use crate::plan::model::Worker;
use crate::plan::problem::Problem;
use crate::profile::KUBELET_CONFIG;

/// The files that are looked at on every worker: the machine's own, and the one that systemd-resolved makes.
pub const FILES: [&str; 2] = [RESOLV_CONF, "/run/systemd/resolve/resolv.conf"];

/// The question for such a file.
pub fn resolver_query(path: &str) -> FactQuery {
    FactQuery::File { path: path.to_owned(), content: true }
}

/// The question to the cluster's own name server, for the name that every cluster has; `None` = its domain is none.
pub fn dns_query(server: &str, domain: &str) -> Option<FactQuery> {
    let message = dns::question(&own_name(domain), AddressKind::A, OWN_ID).ok()?;
    let length = u16::try_from(message.len()).ok()?;
    let framed = [&length.to_be_bytes()[..], &message].concat();
    Some(FactQuery::Dns { server: server.to_owned(), message: openssl::base64::encode_block(&framed) })
}

/// Of a message over a connection of its own nobody has to guess it.
const OWN_ID: u16 = 1;

fn own_name(domain: &str) -> String {
    format!("kubernetes.default.svc.{domain}")
}

/// What came of it, where it was asked. It is no fault of the worker by itself: the pods of the name server may be elsewhere;
/// and where something else is wrong with the worker that may well be the reason, so nothing is said of it then.
pub(super) fn cluster_dns(facts: &Facts, server: &str, domain: &str, found: &mut Findings) {
    let Some(FactQuery::Dns { server, message }) = dns_query(server, domain) else { return };
    let Known::Yes(reply) = facts.dns(&server, &message) else { return };
    let name = own_name(domain);
    let bytes = openssl::base64::decode_block(&reply.to_string()).unwrap_or_default();
    let told = dns::answer(&bytes, &name, OWN_ID);
    if !found.faults.is_empty() && !told.as_ref().is_ok_and(|answer| !answer.addresses.is_empty()) {
        return;
    }
    match told {
        Ok(answer) if !answer.addresses.is_empty() => {
            let told: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
            found.well.push(format!("cluster DNS: {server} has {} for {name}", told.join(", ")));
        }
        Ok(answer) => found.notes.push(format!(
            "the cluster DNS ({server}) was asked from this worker for {name}, and has no address for it ({})",
            answer.rcode
        )),
        Err(_) => found.notes.push(format!(
            "the cluster DNS ({server}) gave this worker no answer when it was asked for {name}: pods here may find no names; \
             whether it answers elsewhere was not asked"
        )),
    }
}

/// What such a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Servers {
    /// It is not there.
    Gone,
    /// It names none.
    Nobody,
    /// It names this machine alone.
    Itself,
    /// It names another one.
    Another,
}

/// `None` = it was not read.
fn servers(facts: &Facts, path: &str) -> Option<Servers> {
    let Known::Yes(file) = facts.file(path) else { return None };
    let Some(file) = file else { return Some(Servers::Gone) };
    let text = String::from_utf8_lossy(file.content.as_deref().filter(|_| !file.holds_key)?);
    let named: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next())?
        })
        .collect();
    Some(match named.as_slice() {
        [] => Servers::Nobody,
        all if all.iter().all(|one| one.starts_with("127.") || *one == "::1") => Servers::Itself,
        _ => Servers::Another,
    })
}

/// The file that the kubelet of a worker of a plan uses; `None` = not known, or it uses none.
pub(super) fn of_plan(worker: &Worker, facts: &Facts) -> Option<String> {
    let flags = worker.kubelet_args.iter().filter_map(|arg| arg.strip_prefix("--")?.split_once('='));
    let flags = flags.map(|(name, value)| (name.to_owned(), value.into())).collect();
    let paths = FoundPaths::of_flags(&KubeletStart { flags, ..KubeletStart::default() }, &worker.name);
    let paths = match facts.file(KUBELET_CONFIG) {
        Known::Yes(None) => paths,
        Known::Yes(Some(file)) => paths.with_config(&String::from_utf8_lossy(file.content.as_deref()?)),
        Known::No(_) | Known::NotAsked => return None,
    };
    paths.resolver().map(str::to_owned)
}

/// Judges the file that the kubelet hands to pods; what is wrong with the machine's own is evidence where it finds no address
/// for the API's name.
pub(super) fn judge(facts: &Facts, worker: &str, path: Option<&str>, found: &mut Findings) {
    let own = match servers(facts, RESOLV_CONF) {
        Some(Servers::Gone) => Some(format!("{RESOLV_CONF} is not there")),
        Some(Servers::Nobody) => Some(format!("{RESOLV_CONF} names no name server")),
        Some(Servers::Itself | Servers::Another) | None => None,
    };
    let unresolved = [ProblemCode::Name02, ProblemCode::Api20];
    let told = own.is_some() && found.has(&unresolved);
    for problem in &mut found.faults {
        problem.evidence.extend(own.clone().filter(|_| unresolved.contains(&problem.code)));
    }
    let Some(path) = path else { return };
    match servers(facts, path) {
        Some(Servers::Gone) => found.add(
            Problem::new(
                ProblemCode::Name03,
                format!("{path}, which the kubelet of {worker} reads for every pod, is not there"),
            )
            .seen("the file of resolvConf: without it a kubelet makes no sandbox of a pod")
            .manual(if path == RESOLV_CONF {
                "put it there again, with a line nameserver ADDRESS"
            } else if FILES.contains(&path) {
                "on the host: systemctl enable --now systemd-resolved, which makes it; or name another file in resolvConf, \
                 then: systemctl restart kubelet"
            } else {
                "put it there again; or name another file in resolvConf, then: systemctl restart kubelet"
            }),
        ),
        Some(Servers::Nobody) if !(told && path == RESOLV_CONF) => found.notes.push(format!(
            "{path}, which the kubelet hands to pods that resolve as the machine does, names no name server: a CoreDNS pod \
             here that forwards to it has nobody to ask"
        )),
        // The steps of a plan say the same of the machine's own file.
        Some(Servers::Itself) if !found.notes.iter().any(|note| note.starts_with("name servers: ")) => {
            found.notes.push(format!(
                "{path}, which the kubelet hands to pods that resolve as the machine does, names this machine alone: a CoreDNS \
                 pod here that forwards to it asks itself, finds the loop and ends"
            ));
        }
        Some(Servers::Nobody | Servers::Itself | Servers::Another) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fact::{Fact, FileFact};

    fn facts(files: &[(&str, Option<&str>)]) -> Facts {
        let mut facts = Facts::default();
        for (path, text) in files {
            let file =
                text.map(|text| FileFact { content: Some(text.as_bytes().to_vec()), ..FileFact::default() });
            facts.learn(resolver_query(path), Known::Yes(Fact::File(file)));
        }
        facts
    }

    fn start(flags: &[(&str, &str)]) -> FoundPaths {
        let flags = flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        FoundPaths::of_flags(&KubeletStart { flags, ..KubeletStart::default() }, "w1")
    }

    fn judged(facts: &Facts, path: Option<&str>) -> (Vec<ProblemCode>, usize) {
        let mut found = Findings::default();
        judge(facts, "w1", path, &mut found);
        (found.faults.iter().map(|problem| problem.code).collect(), found.notes.len())
    }

    #[test]
    fn the_file_is_the_one_that_the_kubelet_is_told() {
        let read = [("config", "/c")];
        assert_eq!(start(&[]).resolver(), Some("/etc/resolv.conf"));
        assert_eq!(start(&read).resolver(), None, "its configuration was not read");
        assert_eq!(start(&read).with_config("kind: x").resolver(), Some("/etc/resolv.conf"));
        assert_eq!(start(&read).with_config("resolvConf: /r").resolver(), Some("/r"));
        assert_eq!(start(&read).with_config("resolvConf: \"\"").resolver(), None, "it uses none");
        let flag = [("config", "/c"), ("resolv-conf", "")];
        assert_eq!(start(&flag).with_config("resolvConf: /r").resolver(), None);
        let more = [("config", "/c"), ("config-dir", "/d")];
        assert_eq!(start(&more).with_config("resolvConf: /r").resolver(), None);
    }

    #[test]
    fn only_a_file_that_is_not_there_is_a_fault() {
        let own = Some(RESOLV_CONF);
        assert_eq!(judged(&facts(&[]), own), (vec![], 0), "nobody looked");
        assert_eq!(judged(&facts(&[(RESOLV_CONF, None)]), own), (vec![ProblemCode::Name03], 0));
        assert_eq!(judged(&facts(&[(RESOLV_CONF, None)]), None), (vec![], 0));
        for (text, notes) in [
            ("", 1),
            ("# nameserver 10.0.0.1\nsearch a\nnameserver\n", 1),
            ("nameserver 127.0.0.53\noptions edns0\n", 1),
            ("nameserver ::1\nnameserver 127.0.0.1\n", 1),
            ("nameserver 127.0.0.1\n  nameserver\t10.0.0.1\n", 0),
        ] {
            assert_eq!(judged(&facts(&[(RESOLV_CONF, Some(text))]), own), (vec![], notes), "{text}");
        }
    }

    #[test]
    fn where_the_name_of_the_api_is_not_found_an_empty_file_is_evidence_and_no_note() {
        let mut found = Findings::default();
        found.add(Problem::new(ProblemCode::Name02, "w1 finds no address"));
        judge(&facts(&[(RESOLV_CONF, Some("search a\n"))]), "w1", Some(RESOLV_CONF), &mut found);
        assert_eq!(found.faults[0].evidence, ["/etc/resolv.conf names no name server"]);
        assert!(found.notes.is_empty());
    }
}
