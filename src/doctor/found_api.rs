//! What the API says to the own identity of a worker that no plan tells of, and of its node.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::findings::Findings;
use super::found_paths::FoundWorker;
use super::identity::{anew, stranger};
use super::layout::Layout;
use super::node::{self, Heard};
use crate::kube::heartbeat::join_leases;
use crate::kube::{Node, ReadyState};
use crate::pki::{CaInfo, San, examine};
use crate::plan::check::typed_api;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::found::NodeIdentity;
use crate::plan::problem::Problem;
use crate::step::ClusterFacts;

/// What the API says to the worker's own identity.
pub(super) fn api(worker: &FoundWorker, identity: &NodeIdentity, found: &mut Findings) {
    let server = identity.server.to_string();
    let name = worker.name;
    let node = &worker.paths.node;
    let body = identity.node.body.to_string();
    // With these nobody could ask as it.
    let unasked = found.has(&[
        ProblemCode::Cert01,
        ProblemCode::Cert07,
        ProblemCode::Key01,
        ProblemCode::Key03,
        ProblemCode::File05,
    ]);
    let refused =
        found.has(&[ProblemCode::Cert04, ProblemCode::Cert05, ProblemCode::Cert12, ProblemCode::Cert13]);
    if identity.node.status.is_some() {
        served(worker, identity, found);
    }
    let look = "from the worker, with its own certificate:";
    let cert = examine(identity.cert.as_bytes()).ok();
    let stranger = cert.as_ref().and_then(|cert| stranger(cert, node));
    if let (Some(why), Some(cert), Some(200 | 404) | None) = (&stranger, &cert, identity.node.status) {
        let said = match identity.node.status {
            Some(_) => "the API takes it all the same, as one without Node authorizer does",
            None => "the API was not reached, which would say whether it takes it",
        };
        found.notes.push(format!(
            "the certificate of {name} says {}, which is not that of the node {node} ({why}); {said}",
            cert.subject_text()
        ));
    }
    match identity.node.status {
        // What is wrong with the certificate was said.
        Some(401) | None if unasked => {}
        Some(401) if refused => {}
        None if refused && body.contains("alert") => {}
        None => found.add(
            Problem::new(ProblemCode::Api24, format!("{name} cannot reach the API at {server}"))
                .seen(format!("{look} {body}"))
                .manual("look at the kubeconfig's server, at routes, firewall and load balancer between them"),
        ),
        Some(401) => found.add(
            Problem::new(ProblemCode::Api05, format!("the API does not know {name}"))
                .seen(format!("{look} {server} answers 401"))
                .seen(stranger.clone().unwrap_or_default())
                .seen("its certificate is alive and for its key: the API trusts another CA, or the cluster is another one")
                .manual("compare the CA of the cluster with the issuer of the certificate"),
        ),
        Some(403) => {
            let problem = match &stranger {
                Some(why) => Problem::new(
                    ProblemCode::Cert08,
                    format!("the certificate of {name} is not that of the node {node}: {why}"),
                ),
                None => Problem::new(
                    ProblemCode::Api06,
                    format!("the API does not let {name} see the node {node}"),
                ),
            };
            let mut problem = problem.seen(format!("{look} {server} answers 403"));
            if let Some(cert) = &cert {
                problem = problem.seen(format!("it says that it is {}", cert.subject_text()));
            }
            let problem = problem
                .seen(format!("by its flags, or else its host name, the kubelet is to be the node {node}"))
                .manual(format!("a node's certificate says O=system:nodes and CN=system:node:{node}"));
            found.add(match &stranger {
                Some(_) => problem
                    .manual(anew(worker, Layout::of(worker.facts), identity))
                    .manual("or, if the certificate is right and the name is not: mend hostname-override, or the host name, then: systemctl restart kubelet"),
                None => problem,
            });
        }
        // Something else may answer there, such as the balancer itself.
        Some(404) if !is_status(identity) => found.add(
            Problem::new(ProblemCode::Api04, format!("what answers at {server} is no Kubernetes API"))
                .seen(format!("{look} 404, and not in the words of an API server"))
                .manual("mend the kubeconfig's server, or the load balancer, then: systemctl restart kubelet"),
        ),
        Some(200 | 404) => the_node(worker, identity, found),
        Some(other) => {
            let mut why = format!("{server} answers {other}");
            let _ = write!(why, ": {body}");
            found.add(Problem::unknown(&format!("the node {node}"), &why));
        }
    }
}

/// The answer is a `Status`, as an API server of any version says that there is no such object.
fn is_status(identity: &NodeIdentity) -> bool {
    identity.node.body.read::<Value>().is_some_and(|body| body.get("kind") == Some(&json!("Status")))
}

/// The certificate that the API shows there, by the CA and the address of the kubeconfig.
fn served(worker: &FoundWorker, identity: &NodeIdentity, found: &mut Findings) {
    let kubeconfig = worker.paths.kubeconfig.as_deref().unwrap_or_default();
    let Ok(address) = typed_api(&identity.server.to_string()) else { return };
    let Ok(ca) = CaInfo::load(identity.ca.as_bytes()) else {
        if !identity.has("certificate-authority") {
            // Those of the system count then.
            let why = format!("{kubeconfig} names no CA, and those of the system were not asked");
            found.add(Problem::unknown("whether the kubelet trusts the API's certificate", &why));
        }
        let gone = identity.gone.iter().any(|what| what == "certificate-authority");
        if identity.has("certificate-authority") && !gone {
            found.add(
                Problem::new(ProblemCode::Ca01, format!("the CA of {kubeconfig} cannot be read"))
                    .seen("the kubelet trusts no API without it")
                    .manual(format!(
                        "put the cluster's CA certificate there: certificate-authority-data: $(base64 -w0 ca.crt) in {kubeconfig}, then: \
                         systemctl restart kubelet"
                    )),
            );
        }
        return;
    };
    let Known::Yes(pem) = worker.facts.tls(&address.host, address.port) else { return };
    let Ok(shown) = examine(pem.as_bytes()) else { return };
    // Whoever sends more than one certificate may have another CA between.
    let alone = pem.matches("BEGIN CERTIFICATE").count() == 1;
    let its = format!("{}, issued by {}", shown.subject_text(), shown.issuer_text());
    if alone && !ca.any_signed(&shown) {
        found.add(
            Problem::new(
                ProblemCode::Api21,
                format!("{} is shown a certificate that the CA of its kubeconfig did not sign", worker.name),
            )
            .seen(format!("{}: {its}", address.url()))
            .seen(format!("the CA in {kubeconfig}: {}", ca.subject()))
            .manual(format!(
                "put the cluster's CA certificate into {kubeconfig}, or mend its server, then: systemctl restart kubelet"
            )),
        );
    } else if !fits(&shown.sans, &address.host) {
        let names: Vec<String> = shown.sans.iter().map(ToString::to_string).collect();
        found.add(
            Problem::new(ProblemCode::Api22, format!("the API's certificate is not for {}", address.host))
                .seen(format!("{}: {its}, for {}", address.url(), names.join(" ")))
                .manual(format!(
                    "name the API in {kubeconfig} as its certificate does, or give that the name"
                )),
        );
    } else if worker.now > shown.not_after {
        found.add(
            Problem::new(ProblemCode::Api22, "the API's certificate has expired")
                .seen(format!("{}: {its}, until {}", address.url(), shown.not_after))
                .manual("renew it on the masters"),
        );
    }
}

/// Whether one of the names is the host's; a star stands for its first part.
pub(super) fn fits(names: &[San], host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    names.iter().any(|name| match (name, address) {
        (San::Ip(own), Some(address)) => *own == address,
        (San::Dns(own), None) => {
            let rest = |name: &str| name.split_once('.').map(|(_, rest)| rest.to_owned());
            own == host || own.strip_prefix("*.").is_some_and(|own| rest(host).as_deref() == Some(own))
        }
        _ => false,
    })
}

/// When the API heard of a kubelet, by the kubelet's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeHeard {
    /// The API says that the node is Ready.
    pub ready: bool,
    /// When the kubelet wrote the status.
    pub status: Option<Timestamp>,
    /// When it was heard of last, by its status or its Lease.
    pub last: Option<Timestamp>,
}

/// What the API said of the node when it was asked as the worker; `None` = it did not tell of it.
pub fn heard_of(worker: &FoundWorker) -> Option<NodeHeard> {
    let kubeconfig = worker.paths.kubeconfig.as_ref()?;
    let identity = worker.facts.identity(kubeconfig, &worker.paths.node, &worker.paths.server);
    let Known::Yes(Some(identity)) = identity else { return None };
    let nodes = told_nodes(identity);
    let node = nodes.first().filter(|_| identity.node.status == Some(200))?;
    let ready = node.ready.state == ReadyState::Ready;
    Some(NodeHeard { ready, status: node.ready.heartbeat, last: node.heard() })
}

/// The node that the API told of, with its Lease; empty = it told of none.
pub(super) fn told_nodes(identity: &NodeIdentity) -> Vec<Node> {
    let told = identity.node.body.read::<Value>();
    let mut nodes: Vec<Node> = told.as_ref().and_then(Node::from_json).into_iter().collect();
    if let (Some(200), Some(lease)) = (identity.lease.status, identity.lease.body.read::<Value>()) {
        join_leases(&mut nodes, &json!({"items": [lease]}));
    }
    nodes
}

fn the_node(worker: &FoundWorker, identity: &NodeIdentity, found: &mut Findings) {
    let mut nodes = told_nodes(identity);
    if identity.node.status == Some(200) && nodes.is_empty() {
        found.add(Problem::unknown("the node", "what the API answered is no node"));
        return;
    }
    if identity.node.status == Some(404) {
        nodes.clear();
    }
    let unit = worker.facts.unit("kubelet").yes().copied();
    let up_s = unit.filter(|unit| unit.active == "active").and_then(|unit| unit.up_s);
    // It was asked for the unit first, and then the API.
    let clock = worker.facts.machine().yes().map(|machine| machine.clock_ms);
    let since = identity.asked_ms.zip(clock).map_or(0, |(asked, clock)| asked.saturating_sub(clock).max(0));
    let up_s = up_s.map(|up| up.saturating_add(u64::try_from(since).unwrap_or(0).div_ceil(1000)));
    let heard = nodes.first().and_then(Node::heard).zip(identity.asked_ms);
    let heard = Heard { ago_ms: heard.map(|(at, asked)| asked.saturating_sub(at.as_millisecond())), up_s };
    found.heard_s = heard.seconds();
    let cluster = ClusterFacts { nodes: Some(nodes), ..ClusterFacts::default() };
    let word = node::read(&cluster, &worker.paths.node, heard);
    found.notes.extend(word.notes);
    found.well.extend(word.well);
    for problem in word.faults {
        found.add(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::super::found_paths::FoundPaths;
    use super::super::made::{NOW, Pair};
    use super::*;
    use crate::plan::fact::Facts;
    use crate::plan::found::ApiAnswer;

    fn judged(subject: &[(&str, &str)], status: Option<u16>) -> Findings {
        let ca = Pair::ca("kubernetes");
        let identity = NodeIdentity {
            server: "https://10.0.0.1:6443".into(),
            cert: ca.issue(subject, &[], (-1, 9)).pem(),
            embeds: vec!["client-certificate".to_owned()],
            node: ApiAnswer { status, body: "{\"kind\":\"Status\"}".into() },
            ..NodeIdentity::default()
        };
        let facts = Facts::default();
        let paths = FoundPaths {
            node: "w1".to_owned(),
            kubeconfig: Some("/etc/kubernetes/kubelet.conf".to_owned()),
            ..FoundPaths::default()
        };
        let now = Timestamp::from_second(NOW).expect("a time");
        let worker = FoundWorker { name: "w1", facts: &facts, asked_ms: 0, paths: &paths, now };
        let mut found = Findings::default();
        api(&worker, &identity, &mut found);
        found
    }

    #[test]
    fn a_certificate_of_another_node_is_named_where_the_api_refuses_it_and_to_know_where_it_does_not() {
        let own = &[("O", "system:nodes"), ("CN", "system:node:w1")][..];
        let wrong = [
            (&[("O", "system:nodes"), ("CN", "system:node:w2")][..], "its CN is not system:node:w1"),
            (&[("CN", "system:node:w1")][..], "it has no O=system:nodes"),
            (&[("O", "system:masters"), ("CN", "admin")][..], "its CN is not system:node:w1"),
        ];
        assert!(judged(own, Some(403)).has(&[ProblemCode::Api06]));
        for (subject, why) in wrong {
            let found = judged(subject, Some(403));
            assert!(
                found.has(&[ProblemCode::Cert08]) && found.faults[0].what.contains(why),
                "{:?}",
                found.faults
            );
            let told = |found: &Findings| found.notes.iter().any(|note| note.contains(why));
            let taken = judged(subject, Some(404));
            assert!(told(&taken) && !taken.has(&[ProblemCode::Cert08]), "{:?}", taken.notes);
            assert!(told(&judged(subject, None)));
        }
        assert!(judged(own, Some(404)).notes.is_empty() && judged(own, None).notes.is_empty());
    }
}
