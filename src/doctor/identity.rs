//! As whom a worker talks to the API that no plan tells of: its kubeconfig, certificate and key, and how the certificate is
//! issued anew in its layout.

use jiff::SignedDuration;

use super::certificate_anew::wish;
use super::findings::Findings;
use super::found_paths::FoundWorker;
use super::keys::others_read;
use super::layout::Layout;
use crate::pki::{CaInfo, CertFacts, examine};
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::found::NodeIdentity;
use crate::plan::problem::Problem;

/// Nobody has to hurry for a certificate that has longer to go, days.
const SOON: i64 = 30;

/// Its kubeconfig, certificate and key; `None` where nobody can be asked as it.
pub(super) fn identity<'a>(
    worker: &FoundWorker<'a>,
    layout: Layout,
    found: &mut Findings,
) -> Option<&'a NodeIdentity> {
    let Some(path) = &worker.paths.kubeconfig else {
        found.add(Problem::unknown(
            "with which kubeconfig the kubelet talks to the API",
            "neither its process nor its unit names one",
        ));
        return None;
    };
    let identity = match worker.facts.identity(path, &worker.paths.node, &worker.paths.server) {
        Known::Yes(Some(identity)) => identity,
        Known::Yes(None) => {
            let problem = gone(path, "the kubelet's kubeconfig", "a backup");
            found.add(match layout {
                Layout::Kubeadm => problem.manual(
                    "or give it a bootstrap file: on a control-plane node kubeadm token create --print-join-command, then join again",
                ),
                _ => problem,
            });
            return None;
        }
        other => {
            found.add(Problem::unknown(path, other.why_not()));
            return None;
        }
    };
    let named = |what: &str| identity.files.get(what).map_or_else(|| path.clone(), ToString::to_string);
    for what in &identity.gone {
        let (at, why) = (named(what), format!("{path} names it"));
        found.add(match what.as_str() {
            "certificate-authority" => gone(&at, &why, SHARED),
            "client-key" => Problem::new(ProblemCode::Key03, format!("the key {at} is gone"))
                .seen(why)
                .manual(format!(
                    "put it back from a backup, or: openssl genrsa -out {at} 2048, and the certificate anew for it"
                ))
                .manual(anew(worker, layout, identity)),
            _ => Problem::new(ProblemCode::File05, format!("{at} is gone"))
                .seen(why)
                .manual(anew(worker, layout, identity)),
        });
    }
    let (cert_at, key_at) = (named("client-certificate"), named("client-key"));
    let by_mode = others_read(worker.facts, &identity.key_mode, identity.key_group == Some(0));
    let owner = identity.key_owner.filter(|owner| *owner != 0);
    if identity.has("client-key") && (by_mode || owner.is_some()) {
        let whose = owner.map_or_else(String::new, |owner| format!(", it belongs to user {owner}"));
        found.add(
            Problem::new(ProblemCode::Key02, format!("others than root can read the key of {}", worker.name))
                .seen(format!("{key_at}: mode {}{whose}", identity.key_mode))
                .repair("close it", vec![closed(&key_at)]),
        );
    }
    if !identity.has("client-certificate") {
        let how = if identity.token { "a token" } else { "neither a certificate nor a token" };
        found.add(Problem::unknown(
            "whether the API knows it",
            &format!("{path} has {how}, and the API is asked with a certificate alone"),
        ));
        return None;
    }
    if identity.key_spki.is_none() && !identity.gone.iter().any(|what| what == "client-key") {
        found.add(
            Problem::new(ProblemCode::Key01, format!("the key of {} cannot be read", worker.name))
                .seen(format!("openssl finds none in {key_at}"))
                .manual(anew(worker, layout, identity)),
        );
    }
    certificate(worker, layout, identity, &cert_at, found);
    Some(identity)
}

/// Root alone may read a file; a link is followed.
pub(super) fn closed(path: &str) -> Action {
    Action::Script {
        title: format!("close {path}"),
        text: shell_words::join(["closed", path]),
        secrets: Vec::new(),
    }
}

fn certificate(
    worker: &FoundWorker,
    layout: Layout,
    identity: &NodeIdentity,
    at: &str,
    found: &mut Findings,
) {
    if identity.gone.iter().any(|what| what == "client-certificate") {
        return;
    }
    let anew = anew(worker, layout, identity);
    let fault = |code, what: String| Problem::new(code, what).manual(anew.clone());
    let Ok(cert) = examine(identity.cert.as_bytes()) else {
        found.add(fault(ProblemCode::Cert01, format!("there is no certificate in {at} that can be read")));
        return;
    };
    let name = format!("the certificate of {}", worker.name);
    let its = format!("{at}: {}, issued by {}", cert.subject_text(), cert.issuer_text());
    let life = format!("valid from {} to {}", cert.not_before, cert.not_after);
    let mut good = true;
    let mut add = |problem: Problem| {
        good = false;
        found.add(problem.seen(its.clone()));
    };
    if identity.key_spki.as_ref().is_some_and(|key| *key != cert.spki_sha256) {
        add(fault(ProblemCode::Cert07, format!("{name} is for another key than the one beside it")));
    }
    if worker.now > cert.not_after {
        add(fault(ProblemCode::Cert13, format!("{name} has expired")).seen(life.clone()));
    } else if worker.now < cert.not_before {
        add(fault(ProblemCode::Cert12, format!("{name} is not valid yet")).seen(life.clone()));
    }
    if let Ok(ca) = CaInfo::load(identity.ca.as_bytes())
        && !ca.any_signed(&cert)
    {
        let same_name = ca.cert.subject_raw == cert.issuer_raw;
        // The CA that the API takes clients of may be another than the one that its own certificate is of.
        let refused = identity.node.status == Some(401);
        let (code, what) = if same_name {
            (ProblemCode::Cert05, format!("{name} names the CA of its kubeconfig, whose key did not sign it"))
        } else {
            (ProblemCode::Cert04, format!("{name} was issued by another CA than that of its kubeconfig"))
        };
        if refused {
            add(fault(code, what).seen("the API answers 401 to it"));
        } else if identity.node.status.is_none() {
            found.add(Problem::unknown("whether the API takes its certificate", &what));
        } else {
            found.notes.push(format!("{what}; the API takes it"));
        }
    }
    if !good {
        return;
    }
    let days = cert.not_after.duration_since(worker.now).as_hours() / 24;
    found.well.push(format!("certificate: {}, good for {days} more days", cert.subject_text()));
    if SignedDuration::from_hours(24 * SOON) > cert.not_after.duration_since(worker.now) {
        found.notes.push(format!("{name} ends in {days} days"));
    }
}

/// Why a certificate is not that of this node: a node is the user `system:node:NAME` in the group `system:nodes`, and anything
/// else is none to the API (Kubernetes 1.37, `pkg/auth/nodeidentifier/default.go`); `None` = it is, or its name is not known.
pub(super) fn stranger(cert: &CertFacts, node: &str) -> Option<String> {
    let values = |kind: &'static str| cert.subject.iter().filter(move |(own, _)| own == kind);
    let user = format!("system:node:{node}");
    if node.is_empty() {
        return None;
    }
    // Of several the last counts (Go, `crypto/x509/pkix`).
    if values("CN").next_back().is_none_or(|(_, name)| *name != user.as_str()) {
        return Some(format!("its CN is not {user}"));
    }
    (!values("O").any(|(_, group)| *group == "system:nodes")).then(|| "it has no O=system:nodes".to_owned())
}

/// How the certificate is issued anew for the key that is there, as the layout has it: three moves, two of them on the host.
pub(super) fn anew(worker: &FoundWorker, layout: Layout, identity: &NodeIdentity) -> String {
    if layout == Layout::Gangplank {
        return "gangplank repair, with the plan that this worker was made by".to_owned();
    }
    let node = if worker.paths.node.is_empty() { "NAME" } else { &worker.paths.node };
    let file =
        |what: &str| identity.files.get(what).map(|path| shell_words::quote(&path.to_string()).into_owned());
    let kubeconfig = worker.paths.kubeconfig.as_deref().map_or("KUBECONFIG".into(), shell_words::quote);
    let subject = format!("-subj /O=system:nodes/CN=system:node:{node} >{node}.csr");
    let request = match file("client-key") {
        Some(key) => format!("openssl req -new -key {key} {subject}"),
        None => format!(
            "sed -n 's/.*client-key-data: *//p' {kubeconfig} | base64 -d | openssl req -new -key /dev/stdin {subject}"
        ),
    };
    let put = match (layout, file("client-certificate")) {
        (Layout::Kubeadm, Some(cert)) => format!(
            "p=/var/lib/kubelet/pki/kubelet-client-$(date +%F-%H-%M-%S).pem; (umask 077; {{ cat {node}.crt; openssl pkey -in {cert}; }} >$p); ln -sfn $p {cert}"
        ),
        (_, Some(cert)) => format!("cp {node}.crt {cert}"),
        (_, None) => format!(
            "sed -i \"s/client-certificate-data: .*/client-certificate-data: $(base64 -w0 {node}.crt)/\" {kubeconfig}"
        ),
    };
    let at = identity.files.get("client-certificate").map(ToString::to_string).unwrap_or_default();
    let wish = wish(worker, identity, &at);
    let extensions = if wish.server {
        format!("extendedKeyUsage=clientAuth,serverAuth subjectAltName={}", wish.san())
    } else {
        "extendedKeyUsage=clientAuth".to_owned()
    };
    format!(
        "on the host: {request}; where the cluster's CA is: printf '%s\\n' {extensions} >{node}.ext; openssl x509 -req -in \
         {node}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile {node}.ext -out {node}.crt; on the host \
         again: {put}; systemctl restart kubelet"
    )
}

/// Where a file can be taken from that is the same on all workers; any other is only in a backup.
pub(super) const SHARED: &str = "a backup or another worker";

/// A file that it needs is not there; `from` says where it can be taken from.
pub(super) fn gone(path: &str, what: &str, from: &str) -> Problem {
    Problem::new(ProblemCode::File05, format!("{path} is gone"))
        .seen(what.to_owned())
        .manual(format!("put {path} back from {from}, then: systemctl restart kubelet"))
}
