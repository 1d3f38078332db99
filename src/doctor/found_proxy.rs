//! kube-proxy of a worker that no plan tells of, where it is a unit or a static pod: whether its unit runs, and as whom it talks
//! to the API. One of a DaemonSet has a service account, of which there is nothing to look at here.

use super::diagnosis::Cause;
use super::findings::Findings;
use super::found_paths::FoundWorker;
use super::identity::closed;
use super::keys::others_read;
use super::layout::Layout;
use crate::pki::{CaInfo, CertFacts, examine};
use crate::plan::action::{Action, Verb};
use crate::plan::check::typed_api;
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::found::NodeIdentity;
use crate::plan::problem::Problem;
use crate::plan::remote::Remote;

/// What is wrong with it; `reached` = the API answered its kubelet. No other cause is one of its causes here: a unit of its own
/// does not end with the kubelet.
pub(super) fn causes(
    worker: &FoundWorker,
    layout: Layout,
    reached: bool,
    found: &mut Findings,
) -> Vec<Cause> {
    let unit = unit(worker, layout, found);
    let mut causes: Vec<Cause> = identity(worker, reached, found)
        .map(|problem| Cause { problem, follows: Vec::new() })
        .into_iter()
        .collect();
    match (unit, causes.first_mut()) {
        // That it cannot show who it is ends it, or its own log says another reason; the file is mended first.
        (Some(unit), Some(cause)) => cause.follows.push(unit),
        (Some(unit), None) => causes.push(Cause { problem: unit, follows: Vec::new() }),
        (None, _) => {}
    }
    causes
}

fn unit(worker: &FoundWorker, layout: Layout, found: &mut Findings) -> Option<Problem> {
    let unit = worker.facts.unit("kube-proxy").yes().copied()?;
    if unit.load == "not-found" {
        if layout == Layout::HardWay {
            found.notes.push(
                "there is no unit kube-proxy: whether something else does its work was not asked".to_owned(),
            );
        }
        return None;
    }
    if unit.active == "active" && unit.stands_still().is_none() {
        found.well.push("kube-proxy: its unit runs".to_owned());
        return None;
    }
    let mut problem =
        Problem::new(ProblemCode::Container02, format!("kube-proxy does not run on {}", worker.name))
            .seen(format!("systemd says {} ({})", unit.active, unit.sub));
    for line in &unit.journal {
        problem = problem.seen(line.clone());
    }
    let service = |verb| vec![Action::Service { verb, unit: "kube-proxy".to_owned() }];
    let stopped = unit.active == "inactive" && unit.load == "loaded";
    let frozen = unit.active == "active" && (unit.state == "T" || unit.state == "Z");
    Some(if stopped {
        problem.repair("start it", service(Verb::Start))
    } else if frozen {
        problem.repair("restart it", service(Verb::Restart))
    } else {
        problem.manual("on the host: systemctl restart kube-proxy; journalctl -u kube-proxy -n 30 --no-pager")
    })
}

/// How it is started again, so that it reads its files.
fn again(worker: &FoundWorker) -> &'static str {
    match worker.facts.unit("kube-proxy") {
        Known::Yes(unit) if unit.load != "not-found" => "systemctl restart kube-proxy",
        _ => {
            "end its container, which its kubelet starts again: crictl ps --name kube-proxy -q | xargs crictl stop"
        }
    }
}

/// Its kubeconfig, certificate and key, and what the API answers to them.
fn identity(worker: &FoundWorker, reached: bool, found: &mut Findings) -> Option<Problem> {
    let path = worker.paths.proxy.as_ref()?;
    // Of a file that both read, what is wrong is told of the kubelet.
    if worker.paths.kubeconfig.as_ref() == Some(path) {
        return None;
    }
    let is = |what: String| Problem::new(ProblemCode::Container04, what);
    let again = again(worker);
    let identity = match worker.facts.identity(path, "", &worker.paths.proxy_server) {
        Known::Yes(Some(identity)) => identity,
        Known::Yes(None) => {
            return Some(
                is(format!("{path}, with which kube-proxy would talk to the API, is gone"))
                    .seen("kube-proxy is told to read it")
                    .manual(format!("put {path} back from a backup, then: {again}")),
            );
        }
        Known::No(why) => {
            found.notes.push(format!("kube-proxy's kubeconfig {path} was not judged: {why}"));
            return None;
        }
        Known::NotAsked => return None,
    };
    let named = |what: &str| identity.files.get(what).map_or_else(|| path.clone(), ToString::to_string);
    readable(worker, identity, &named("client-key"), found);
    if let Some(problem) = files(worker, identity, path, again) {
        return Some(problem);
    }
    answer(worker, identity, path, reached, found)
}

/// The key of its kubeconfig is root's alone.
fn readable(worker: &FoundWorker, identity: &NodeIdentity, at: &str, found: &mut Findings) {
    let by_mode = others_read(worker.facts, &identity.key_mode, identity.key_group == Some(0));
    let owner = identity.key_owner.filter(|owner| *owner != 0);
    if identity.has("client-key") && (by_mode || owner.is_some()) {
        let whose = owner.map_or_else(String::new, |owner| format!(", it belongs to user {owner}"));
        found.add(
            Problem::new(
                ProblemCode::Key02,
                format!("others than root can read the key of kube-proxy on {}", worker.name),
            )
            .seen(format!("{at}: mode {}{whose}", identity.key_mode))
            .repair("close it", vec![closed(at)]),
        );
    }
}

/// How its certificate is issued anew: as the same user, for the key that is there.
fn anew(identity: &NodeIdentity, cert: Option<&CertFacts>, path: &str, again: &str) -> String {
    let file =
        |what: &str| identity.files.get(what).map(|path| shell_words::quote(&path.to_string()).into_owned());
    let kubeconfig = shell_words::quote(path);
    let entry =
        |(kind, value): &(String, Remote<String>)| format!("{kind}={}", clean::words(&value.to_string()));
    let subject: Vec<String> = cert.map_or_else(
        || vec!["CN=system:kube-proxy".to_owned()],
        |cert| cert.subject.iter().map(entry).collect(),
    );
    let subject = format!("/{}", subject.join("/"));
    let subject = shell_words::quote(&subject).into_owned();
    let request = match file("client-key") {
        Some(key) => format!("openssl req -new -key {key} -subj {subject} >kube-proxy.csr"),
        None => format!(
            "sed -n 's/.*client-key-data: *//p' {kubeconfig} | base64 -d | openssl req -new -key /dev/stdin -subj {subject} \
             >kube-proxy.csr"
        ),
    };
    let put = match file("client-certificate") {
        Some(cert) => format!("cp kube-proxy.crt {cert}"),
        None => format!(
            "sed -i \"s/client-certificate-data: .*/client-certificate-data: $(base64 -w0 kube-proxy.crt)/\" {kubeconfig}"
        ),
    };
    format!(
        "on the host: {request}; where the cluster's CA is: openssl x509 -req -in kube-proxy.csr -CA ca.crt -CAkey ca.key \
         -CAcreateserial -days 365 -out kube-proxy.crt; on the host again: {put}; {again}"
    )
}

/// What is wrong with its files, whatever the API says.
fn files(worker: &FoundWorker, identity: &NodeIdentity, path: &str, again: &str) -> Option<Problem> {
    let is = |what: String| Problem::new(ProblemCode::Container04, what);
    let named = |what: &str| identity.files.get(what).map_or_else(|| path.to_owned(), ToString::to_string);
    if let Some(what) = identity.gone.first() {
        let at = named(what);
        return Some(
            is(format!("{at}, which kube-proxy needs to talk to the API, is gone"))
                .seen(format!("{path} names it"))
                .manual(format!("put {at} back from a backup, then: {again}")),
        );
    }
    if identity.server.is_empty() {
        return Some(
            is(format!("{path} names no API server for kube-proxy"))
                .seen("it has no server, and no flag --master stands in for it")
                .manual(format!("write server: https://ADDRESS:6443 below its cluster, then: {again}")),
        );
    }
    if identity.has("certificate-authority") && CaInfo::load(identity.ca.as_bytes()).is_err() {
        return Some(
            is(format!("the CA of kube-proxy's kubeconfig {path} cannot be read"))
                .seen("kube-proxy trusts no API without it")
                .manual(format!("put the cluster's CA certificate there, then: {again}")),
        );
    }
    if !identity.has("client-certificate") {
        // A token is not looked into.
        return None;
    }
    let at = named("client-certificate");
    let Ok(cert) = examine(identity.cert.as_bytes()) else {
        return Some(
            is(format!("there is no certificate of kube-proxy in {at} that can be read"))
                .manual(anew(identity, None, path, again)),
        );
    };
    let its = format!("{at}: {}, issued by {}", cert.subject_text(), cert.issuer_text());
    let fault = |what: String| is(what).seen(its.clone()).manual(anew(identity, Some(&cert), path, again));
    let life = format!("valid from {} to {}", cert.not_before, cert.not_after);
    match &identity.key_spki {
        None => {
            return Some(
                is(format!("the key of kube-proxy on {} cannot be read", worker.name))
                    .seen(format!("openssl finds none in {}", named("client-key")))
                    .manual("put it back from a backup, or make another one and issue the certificate anew for it"),
            );
        }
        Some(key) if *key != cert.spki_sha256 => {
            return Some(fault(format!(
                "the certificate of kube-proxy on {} is for another key than the one beside it",
                worker.name
            )));
        }
        Some(_) => {}
    }
    if worker.now > cert.not_after {
        return Some(
            fault(format!("the certificate of kube-proxy on {} has expired", worker.name)).seen(life),
        );
    }
    if worker.now < cert.not_before {
        return Some(
            fault(format!("the certificate of kube-proxy on {} is not valid yet", worker.name)).seen(life),
        );
    }
    None
}

/// What the API answers to it.
fn answer(
    worker: &FoundWorker,
    identity: &NodeIdentity,
    path: &str,
    reached: bool,
    found: &mut Findings,
) -> Option<Problem> {
    let (name, server) = (worker.name, identity.server.to_string());
    let cert = examine(identity.cert.as_bytes()).ok();
    let who = cert.as_ref().map(CertFacts::subject_text).unwrap_or_default();
    let body = identity.more.body.to_string();
    if let Some(problem) = shown(worker, identity, path) {
        return Some(problem);
    }
    // One without TLS is asked by nobody.
    if !server.starts_with("https://") {
        return None;
    }
    if !identity.has("client-certificate") {
        found.notes.push(format!(
            "kube-proxy's kubeconfig {path} has no certificate: the API is asked with a certificate alone, so what it says to \
             kube-proxy is not known"
        ));
        return None;
    }
    let look = format!("from the worker, with kube-proxy's certificate ({who}):");
    let rights = "kubectl get clusterrolebinding -o wide | grep node-proxier";
    match identity.more.status {
        Some(200) => {
            found.well.push(format!("kube-proxy's kubeconfig: the API lets {who} list services"));
            None
        }
        Some(401) => {
            let mut problem = Problem::new(
                ProblemCode::Container04,
                format!("the API does not take the certificate of kube-proxy on {name}"),
            )
            .seen(format!("{look} {server} answers 401"));
            let signed = cert.as_ref().zip(CaInfo::load(identity.ca.as_bytes()).ok());
            if let Some((cert, ca)) = signed {
                problem = problem.seen(if ca.any_signed(cert) {
                    "the CA of its kubeconfig signed it: the API takes clients of another CA, or it is another cluster".to_owned()
                } else {
                    format!("the CA of its kubeconfig, {}, did not sign it", ca.subject())
                });
            }
            Some(problem.manual(anew(identity, cert.as_ref(), path, again(worker))))
        }
        Some(403) => Some(
            Problem::new(ProblemCode::Api28, "kube-proxy may not see the services of the cluster")
                .seen(format!("{look} {server} answers 403"))
                .seen(message(identity))
                .manual(format!(
                    "usual is the user system:kube-proxy, bound to the ClusterRole system:node-proxier: {rights}"
                )),
        ),
        // The kubelet's own way to the API is told there.
        None if !reached => None,
        None => Some(
            Problem::new(ProblemCode::Api24, format!("kube-proxy of {name} cannot reach the API at {server}"))
                .seen(format!("{look} {body}"))
                .seen("the kubelet's kubeconfig leads to an API that answers")
                .manual(format!("mend the server in {path}, then: {}", again(worker))),
        ),
        Some(other) => {
            found.notes.push(format!("{look} {server} answers {other} when it is asked for services"));
            None
        }
    }
}

/// Why the API says no, in its own words.
fn message(identity: &NodeIdentity) -> String {
    let told = identity.more.body.read::<serde_json::Value>();
    let told = told.as_ref().and_then(|body| body.get("message")?.as_str().map(clean::line));
    clean::short(&told.unwrap_or_default(), 300)
}

/// The API shows a certificate there that the CA of its kubeconfig did not sign.
fn shown(worker: &FoundWorker, identity: &NodeIdentity, path: &str) -> Option<Problem> {
    let address = typed_api(&identity.server.to_string()).ok()?;
    let ca = CaInfo::load(identity.ca.as_bytes()).ok()?;
    let Known::Yes(pem) = worker.facts.tls(&address.host, address.port) else { return None };
    let shown = examine(pem.as_bytes()).ok()?;
    // Whoever sends more than one certificate may have another CA between.
    let alone = pem.matches("BEGIN CERTIFICATE").count() == 1;
    (alone && !ca.any_signed(&shown)).then(|| {
        Problem::new(
            ProblemCode::Container04,
            format!(
                "kube-proxy of {} is shown a certificate that the CA of its kubeconfig did not sign",
                worker.name
            ),
        )
        .seen(format!("{}: {}, issued by {}", address.url(), shown.subject_text(), shown.issuer_text()))
        .seen(format!("the CA in {path}: {}", ca.subject()))
        .manual(format!("put the cluster's CA certificate into {path}, then: {}", again(worker)))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use serde_json::json;

    use super::super::found_paths::FoundPaths;
    use super::super::made::{NOW, Pair};
    use super::*;
    use crate::plan::fact::{Fact, FactQuery, Facts};
    use crate::plan::found::{ApiAnswer, KubeletStart};
    use crate::plan::unit::UnitFact;

    const PATH: &str = "/var/lib/kube-proxy/kubeconfig";
    const USER: &[(&str, &str)] = &[("O", "system:node-proxier"), ("CN", "system:kube-proxy")];

    fn embedded(ca: &Pair, cert: &Pair, status: Option<u16>) -> NodeIdentity {
        let message = json!({"kind": "Status", "message": "services is forbidden: User \"x\" cannot list resource \"services\""});
        let said =
            if status.is_some() { message.to_string() } else { "connect: Connection refused".to_owned() };
        let embeds = ["certificate-authority", "client-certificate", "client-key"];
        NodeIdentity {
            server: "https://10.0.0.1:6443".into(),
            ca: ca.pem(),
            cert: cert.pem(),
            embeds: embeds.map(str::to_owned).to_vec(),
            key_mode: "600".to_owned(),
            key_owner: Some(0),
            key_spki: Some(cert.spki()),
            more: ApiAnswer { status, body: said.into() },
            ..NodeIdentity::default()
        }
    }

    /// The codes of what is found, and what is said.
    fn judged(
        identity: Option<NodeIdentity>,
        unit: &str,
        shown: Option<&Pair>,
    ) -> (Vec<ProblemCode>, String) {
        let mut facts = Facts::default();
        let want =
            FactQuery::Identity { kubeconfig: PATH.to_owned(), node: String::new(), server: String::new() };
        facts.learn(want, Known::Yes(Fact::Identity(identity.map(Box::new))));
        let of_unit = UnitFact { load: "loaded".into(), active: unit.into(), ..UnitFact::default() };
        facts.learn(FactQuery::Unit("kube-proxy".to_owned()), Known::Yes(Fact::Unit(of_unit)));
        if let Some(pair) = shown {
            let want = FactQuery::Tls { host: "10.0.0.1".to_owned(), port: 6443 };
            facts.learn(want, Known::Yes(Fact::Tls(pair.pem())));
        }
        let paths = FoundPaths { proxy: Some(PATH.to_owned()), ..FoundPaths::default() };
        let now = Timestamp::from_second(NOW).expect("a time");
        let worker = FoundWorker { name: "w1", facts: &facts, asked_ms: 0, paths: &paths, now };
        let mut found = Findings::default();
        let causes = causes(&worker, Layout::HardWay, true, &mut found);
        // What follows from the first stands behind it.
        let told = causes.iter().flat_map(|cause| std::iter::once(&cause.problem).chain(&cause.follows));
        let mut codes: Vec<ProblemCode> = told.map(|problem| problem.code).collect();
        codes.extend(found.faults.iter().map(|problem| problem.code));
        (codes, format!("{causes:?} {:?} {:?}", found.well, found.notes))
    }

    #[test]
    fn its_certificate_is_judged_and_the_api_is_believed() {
        let ca = Pair::ca("kubernetes");
        let good = || ca.issue(USER, &[], (-1, 30));
        let (codes, said) =
            judged(Some(embedded(&ca, &good(), Some(200))), "active", Some(&ca.issue(USER, &[], (-1, 3))));
        assert!(
            codes.is_empty() && said.contains("lets O=system:node-proxier, CN=system:kube-proxy list"),
            "{said}"
        );
        let code = ProblemCode::Container04;
        for (life, words) in [((-9, -1), "has expired"), ((1, 9), "is not valid yet")] {
            let (codes, said) =
                judged(Some(embedded(&ca, &ca.issue(USER, &[], life), Some(401))), "active", None);
            assert_eq!(codes, [code]);
            assert!(
                said.contains(words) && said.contains("/O=system:node-proxier/CN=system:kube-proxy"),
                "{said}"
            );
        }
        let mut other = embedded(&ca, &good(), Some(200));
        other.key_spki = Some(good().spki());
        let (codes, said) = judged(Some(other), "active", None);
        assert!(codes == [code] && said.contains("another key"), "{said}");
        // Alive and for its key: only the API says no.
        let (codes, said) =
            judged(Some(embedded(&Pair::ca("kubernetes"), &good(), Some(401))), "active", None);
        assert!(codes == [code] && said.contains("did not sign it"), "{said}");
        let (codes, said) = judged(Some(embedded(&ca, &good(), Some(403))), "active", None);
        assert!(codes == [ProblemCode::Api28] && said.contains("cannot list resource"), "{said}");
        let (codes, said) = judged(Some(embedded(&ca, &good(), None)), "active", None);
        assert!(codes == [ProblemCode::Api24] && said.contains("Connection refused"), "{said}");
        let (codes, said) =
            judged(Some(embedded(&ca, &good(), Some(200))), "active", Some(&Pair::ca("other")));
        assert!(codes == [code] && said.contains("is shown a certificate"), "{said}");
    }

    #[test]
    fn a_file_that_is_gone_explains_a_unit_that_ends_and_a_token_is_no_fault() {
        let both = [ProblemCode::Container04, ProblemCode::Container02];
        assert_eq!(judged(None, "failed", None).0, both);
        let ca = Pair::ca("kubernetes");
        let mut gone = embedded(&ca, &ca.issue(USER, &[], (-1, 30)), None);
        gone.files = BTreeMap::from([("client-key".to_owned(), "/var/lib/kube-proxy/key".into())]);
        gone.gone = vec!["client-key".to_owned()];
        let (codes, said) = judged(Some(gone), "failed", None);
        assert!(codes == both && said.contains("/var/lib/kube-proxy/key, which"), "{said}");
        let token =
            NodeIdentity { server: "https://10.0.0.1:6443".into(), token: true, ..NodeIdentity::default() };
        let (codes, said) = judged(Some(token), "active", None);
        assert!(codes.is_empty() && said.contains("is not known"), "{said}");
        let open = NodeIdentity {
            key_mode: "644".to_owned(),
            ..embedded(&ca, &ca.issue(USER, &[], (-1, 30)), Some(200))
        };
        assert_eq!(judged(Some(open), "active", None).0, [ProblemCode::Key02]);
    }

    #[test]
    fn its_kubeconfig_is_the_one_that_it_is_told_by_file_flag_or_pod() {
        let start = |flags: &[(&str, &str)]| KubeletStart {
            flags: flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            ..KubeletStart::default()
        };
        let told = |start: &KubeletStart, config: Option<&str>, pod: Option<&str>| {
            FoundPaths::default().with_proxy(start, config, pod.map(str::to_owned)).proxy
        };
        let config =
            "kind: KubeProxyConfiguration\nclientConnection:\n  kubeconfig: \"/a\"\nmode: iptables\n";
        let by_file = start(&[("config", "/c"), ("kubeconfig", "/b")]);
        assert_eq!(told(&by_file, Some(config), Some("/p")).as_deref(), Some("/a"));
        assert_eq!(told(&by_file, None, None), None, "the file was not read");
        assert_eq!(told(&start(&[("kubeconfig", "/b")]), None, None).as_deref(), Some("/b"));
        assert_eq!(told(&start(&[("master", "http://a:8080")]), None, None), None);
        assert_eq!(told(&start(&[]), None, Some("/p")).as_deref(), Some("/p"));
    }
}
