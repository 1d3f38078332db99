//! What a machine of the lab tells of a kubelet that no plan tells of: how its unit starts it and as whom it talks to the
//! API; and the few things that a repair does there. A link is a file with the same content.

use std::path::Path;

use openssl::base64::encode_block;
use openssl::pkey::PKey;
use serde_json::{Value, json};

use crate::kube::kubeconfig::{Kubeconfig, Material};
use crate::lab::act::Doer;
use crate::lab::cluster::{ApiClient, ClusterState};
use crate::lab::faults::Fault;
use crate::lab::machine::{LabFile, LabMachine, parent};
use crate::lab::outcome::{ActResult, failed};
use crate::lab::state::LabState;
use crate::pki;
use crate::plan::action::sha256;
use crate::profile::KUBELET;

/// How its unit starts the kubelet.
pub(crate) fn start_lines(machine: &LabMachine, say: &mut impl FnMut(&str, String)) {
    if let Some(text) = machine.unit_file("kubelet") {
        let text = String::from_utf8_lossy(&text).replace("\\\n", " ");
        let line = text.lines().find_map(|line| line.trim().strip_prefix("ExecStart=")).unwrap_or_default();
        let words = shell_words::split(line).unwrap_or_default();
        let program = words.first().cloned().unwrap_or_default();
        say("show", format!("ExecStart={{ path={program} ; argv[]={} ; flags= }}", words.join(" ")));
        if program == KUBELET && machine.kubelet().is_none() {
            say("absent", program);
        }
    }
    say("done", String::new());
}

/// The certificates of a PEM file, and the SHA-256 of the public half of its key.
fn halves(bytes: &[u8]) -> (Vec<String>, Option<String>) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut inside = false;
    let certificates = text.lines().filter(|line| {
        inside |= line.contains("-BEGIN CERT");
        let is = inside;
        inside &= !line.contains("-END CERT");
        is
    });
    let certificates = certificates.map(str::to_owned).collect();
    let public =
        PKey::private_key_from_pem_callback(bytes, |_| Ok(0)).and_then(|key| key.public_key_to_der());
    (certificates, public.ok().map(|der| sha256(&der)))
}

/// As whom a kubelet talks to the API: its kubeconfig, the node it should be, and the server where that names none.
pub(crate) fn identity_lines(
    state: &LabState,
    machine: &LabMachine,
    (path, node, server): (&str, &str, &str),
    (wall_ms, latest): (i64, u64),
    say: &mut impl FnMut(&str, String),
) {
    let parsed = machine.files.get(path).map(|file| {
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        (file, Kubeconfig::parse(&text, Path::new(path)).and_then(|parsed| parsed.find(None)))
    });
    let Some((file, Ok(target))) = parsed else {
        say(if parsed.is_some() { "several" } else { "none" }, String::new());
        return say("done", String::new());
    };
    say("stat", file.mode.clone());
    let server = target.server.clone().unwrap_or_else(|| server.to_owned());
    say("server", server.clone());
    let mut half = |name: &str, material: Option<&Material>| match material {
        None => (Vec::new(), None),
        Some(Material::Data(bytes)) => {
            say("embeds", name.to_owned());
            halves(bytes)
        }
        Some(Material::File(at)) => {
            let at = at.display().to_string();
            say("names", format!("{name} {at}"));
            let Some(file) = machine.files.get(&at) else {
                say("gone", name.to_owned());
                return (Vec::new(), None);
            };
            if name == "client-key" {
                let owner = if file.owner == "root:root" { "0:0" } else { "1000:1000" };
                say("key_stat", format!("{} {owner}", file.mode));
            }
            halves(&file.bytes)
        }
    };
    let (ca, _) = half("certificate-authority", target.ca.as_ref());
    let (cert, _) = half("client-certificate", target.cert.as_ref());
    let (_, spki) = half("client-key", target.key.as_ref());
    for line in ca {
        say("ca", line);
    }
    let pem = cert.join("\n");
    for line in cert {
        say("cert", line);
    }
    let asks = spki.is_some() && !pem.is_empty();
    if let Some(spki) = spki {
        say("spki", spki);
    }
    say("clock", wall_ms.to_string());
    let said = if asks {
        answered(state, machine, (&server, &pem, node), latest)
    } else {
        "Could not read the certificate or its key\n".to_owned()
    };
    if node.is_empty() {
        say("more", encode_block(said.as_bytes()));
        return say("done", String::new());
    }
    say("node", encode_block(said.as_bytes()));
    if said.starts_with("HTTP/") {
        say("lease", encode_block(http(404, &status(404, "leases are not of this lab")).as_bytes()));
        let items = if said.contains(" 200 ") { state.cluster.pods_on(node, latest) } else { Vec::new() };
        say("more", encode_block(http(200, &json!({"kind": "PodList", "items": items})).as_bytes()));
    }
    say("done", String::new());
}

fn http(code: u16, body: &Value) -> String {
    format!("HTTP/1.0 {code} Said\r\nContent-Type: application/json\r\n\r\n{body}")
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})
}

/// What whoever has this certificate is told of a node, or of the services where it is none's.
fn answered(
    state: &LabState,
    machine: &LabMachine,
    (server, pem, node): (&str, &str, &str),
    latest: u64,
) -> String {
    let cluster = &state.cluster;
    if machine.faults.has(&Fault::NoApi) {
        return "BIO_lookup_ex: Temporary failure in name resolution\n".to_owned();
    }
    let cut = machine.faults.has(&Fault::NoRoute) || cluster.calls_left == Some(0);
    if cut || server.trim_end_matches('/') != cluster.api.url() {
        return "BIO_connect: Connection refused\nconnect:errno=111\n".to_owned();
    }
    let Ok(cert) = pki::examine(pem.as_bytes()) else { return "no certificate\n".to_owned() };
    match ClusterState::who(&cert, cluster.ca.signed(&cert), state.at(latest)) {
        Err(_) | Ok(ApiClient::Anonymous) => http(401, &status(401, "Unauthorized")),
        Ok(ApiClient::User(name, _)) if node.is_empty() => {
            if cluster.rbac() && name != "system:kube-proxy" {
                http(403, &status(403, &format!("User \"{name}\" cannot list resource \"services\"")))
            } else {
                http(200, &json!({"kind": "ServiceList", "items": []}))
            }
        }
        Ok(ApiClient::User(name, groups))
            if cluster.rbac()
                && (name != format!("system:node:{node}")
                    || !groups.iter().any(|group| group == "system:nodes")) =>
        {
            http(403, &status(403, &format!("User \"{name}\" cannot get resource \"nodes\"")))
        }
        Ok(ApiClient::User(..)) => match cluster.node(node) {
            Some(known) => http(200, &cluster.node_object(node, known, latest, &|ms| state.at(ms))),
            None => http(404, &status(404, &format!("nodes \"{node}\" not found"))),
        },
    }
}

impl Doer<'_> {
    /// `closed PATH` and `rotate_in LINK CERT`; `None` = it is another script.
    pub(crate) fn of_found(&mut self, text: &str) -> Option<ActResult> {
        let words = shell_words::split(text).unwrap_or_default();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["closed", path] => {
                if let Some(file) = self.machine.files.get_mut(*path) {
                    "600".clone_into(&mut file.mode);
                    "root:root".clone_into(&mut file.owner);
                }
                Some(Ok(String::new()))
            }
            ["rotate_in", link, cert] => Some(self.rotate_in(link, cert)),
            _ => None,
        }
    }

    fn rotate_in(&mut self, link: &str, cert: &str) -> ActResult {
        let read = |path: &str| self.machine.files.get(path).map(|file| file.bytes.clone());
        let (Some(mut pair), Some(old)) = (read(cert), read(link)) else {
            return failed(format!("cat: {cert}: No such file or directory"));
        };
        let key = PKey::private_key_from_pem_callback(&old, |_| Ok(0))
            .and_then(|key| key.private_key_to_pem_pkcs8());
        let Ok(key) = key else { return failed(format!("Could not find private key from {link}")) };
        self.room()?;
        pair.extend_from_slice(&key);
        let file = LabFile { bytes: pair, mode: "600".to_owned(), owner: "root:root".to_owned() };
        let folder = parent(link).to_owned();
        self.machine.files.insert(format!("{folder}/kubelet-client-{}.pem", self.seconds), file.clone());
        self.machine.files.insert(link.to_owned(), file);
        let beside = format!("{folder}/gangplank-");
        self.machine.files.retain(|path, _| !path.starts_with(&beside));
        Ok(String::new())
    }
}
