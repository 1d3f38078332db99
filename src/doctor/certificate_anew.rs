//! The certificate of a worker that no plan tells of, issued anew for the key that is there: what is done, in the order of
//! its layout. Where the key lies within a kubeconfig nothing is done: it would have to be written into another file.

use super::findings::Findings;
use super::found_paths::FoundWorker;
use super::layout::Layout;
use crate::pki::{CaInfo, San, examine};
use crate::plan::action::{Action, CertificateSpec, Content, Slot, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::Known;
use crate::plan::found::NodeIdentity;
use crate::plan::problem::Problem;
use crate::plan::record::{RecordKind, RecordLine};

/// Days that it is good for, as a cluster's own signer gives (Kubernetes 1.37, `--cluster-signing-duration`).
const DAYS: u32 = 365;

/// A certificate that is issued anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateAnew {
    /// In order; the signature comes in between.
    pub actions: Vec<Action>,
    /// The file that it lies in.
    pub cert: String,
}

fn identity<'a>(worker: &FoundWorker<'a>) -> Option<&'a NodeIdentity> {
    let kubeconfig = worker.paths.kubeconfig.as_ref()?;
    match worker.facts.identity(kubeconfig, &worker.paths.node, &worker.paths.server) {
        Known::Yes(Some(identity)) => Some(identity),
        _ => None,
    }
}

/// Whether a CA is that of the worker: it issued the certificate that is there, or is the one of the kubeconfig.
pub fn is_its_ca(worker: &FoundWorker, ca: &CaInfo) -> bool {
    let Some(identity) = identity(worker) else { return false };
    examine(identity.cert.as_bytes()).is_ok_and(|cert| ca.any_signed(&cert))
        || CaInfo::load(identity.ca.as_bytes())
            .is_ok_and(|own| own.cert.spki_sha256 == ca.cert.spki_sha256 && own.subject() == ca.subject())
}

/// Nothing is wrong with the certificate that is there: what a journal says of one was of another before it.
fn is_good(worker: &FoundWorker, identity: &NodeIdentity) -> bool {
    let Ok(cert) = examine(identity.cert.as_bytes()) else { return false };
    let signed = CaInfo::load(identity.ca.as_bytes()).is_ok_and(|ca| ca.any_signed(&cert));
    let own = identity.key_spki.as_ref().is_some_and(|key| *key == cert.spki_sha256);
    signed && own && (cert.not_before..=cert.not_after).contains(&worker.now)
}

/// How it is issued anew; `None` where that is not for gangplank to do, or nothing is wrong with the one that is there.
pub fn certificate_anew(worker: &FoundWorker, run: &str) -> Option<CertificateAnew> {
    let layout = Layout::of(worker.facts);
    let identity = identity(worker)?;
    // What is shown of a path is the path, unless it holds what nobody would write.
    let file = |what: &str| {
        let path = identity.files.get(what)?;
        Some(path.to_string()).filter(|shown| *path == shown.as_str() && shown.starts_with('/'))
    };
    let (key, cert) = (file("client-key")?, file("client-certificate")?);
    if is_good(worker, identity) {
        return None;
    }
    if worker.paths.node.is_empty() || identity.key_spki.is_none() || layout == Layout::Gangplank {
        return None;
    }
    // Who it is to the API is not for us to change.
    let cn = format!("CN=system:node:{}", worker.paths.node);
    let is_it = |subject: &str| subject.split(", ").any(|part| part == cn);
    if examine(identity.cert.as_bytes()).is_ok_and(|cert| !is_it(&cert.subject_text())) {
        return None;
    }
    let rotated = layout == Layout::Kubeadm && cert.ends_with("/kubelet-client-current.pem");
    // Key and certificate in one file, and nothing known that would put another beside it.
    if key == cert && !rotated {
        return None;
    }
    let csr = Slot("signing request of the kubelet".to_owned());
    let signed = Slot("certificate of the kubelet".to_owned());
    let wish = wish(worker, identity, &cert);
    let mut actions = vec![
        Action::MakeCsr { key: key.clone(), wish: wish.clone(), out: csr.clone() },
        Action::Sign { csr, key, wish, out: signed.clone() },
    ];
    let put = |path: String| Action::Put {
        path,
        content: Content::Later(signed.clone()),
        mode: "0644",
        owner: "root:root",
    };
    if rotated {
        let folder = cert.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = format!("{folder}/gangplank-{run}.crt");
        actions.push(put(beside.clone()));
        actions.push(Action::Script {
            title: format!(
                "put the pair beside the one before, which stays, and lead {cert} to it, as its rotation does"
            ),
            text: shell_words::join(["rotate_in", &cert, &beside]),
            secrets: Vec::new(),
        });
    } else {
        actions.push(put(cert.clone()));
    }
    actions.push(Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() });
    Some(CertificateAnew { actions, cert })
}

/// What the new one says: the node; one that serves too keeps the names that it serves.
pub(super) fn wish(worker: &FoundWorker, identity: &NodeIdentity, cert: &str) -> CertificateSpec {
    let mut sans = examine(identity.cert.as_bytes()).map(|cert| cert.sans).unwrap_or_default();
    let node = &worker.paths.node;
    if sans.is_empty() && worker.paths.files.iter().any(|path| path == cert) {
        sans.push(San::Dns(node.clone()));
        sans.extend(worker.paths.address.map(San::Ip));
    }
    let (mut ips, mut names) = (Vec::new(), Vec::new());
    for san in sans {
        match san {
            San::Ip(address) => ips.push(address),
            San::Dns(name) => names.push(name),
        }
    }
    CertificateSpec {
        cn: format!("system:node:{node}"),
        organizations: vec!["system:nodes".to_owned()],
        server: !ips.is_empty() || !names.is_empty(),
        ips,
        names,
        client: true,
        days: DAYS,
    }
}

/// A certificate that a repair of ours wrote and did not come to restart the kubelet for.
pub(super) fn unread(worker: &FoundWorker, found: &mut Findings) {
    let facts = worker.facts;
    // What a kubelet of a plan reads anew by itself, and what is not its own, the plan knows.
    if Layout::of(facts) == Layout::Gangplank {
        return;
    }
    let (Known::Yes(unit), Known::Yes(record), Known::Yes(machine)) =
        (facts.unit("kubelet"), facts.record(), facts.machine())
    else {
        return;
    };
    let up_s = unit.up_s.filter(|_| unit.active == "active").and_then(|up| i64::try_from(up).ok());
    let Some(started) = up_s.map(|up| machine.clock_ms / 1000 - up) else { return };
    let since = record.lines.iter().rev();
    let since = since.take_while(|line| !(line.kind == RecordKind::Started && line.path == "kubelet"));
    let is = |line: &&RecordLine| {
        line.kind == RecordKind::Put
            && line.path.rsplit_once('.').is_some_and(|(_, end)| end == "crt")
            && line.time > started
    };
    if let Some(line) = since.filter(is).last() {
        let restart = Action::Service { verb: Verb::Restart, unit: "kubelet".to_owned() };
        found.add(
            Problem::new(ProblemCode::Unit03, "the kubelet runs with a file as it was before")
                .seen(format!("gangplank wrote {} after the kubelet was started, by its record", line.path))
                .repair("restart it, pods go on", vec![restart]),
        );
    }
}
