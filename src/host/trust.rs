//! Is this the machine we mean? The plan's own fingerprint decides first, then known_hosts, then a person or
//! the policy given on the command line. A changed or revoked key is always refused.

use std::net::IpAddr;
use std::path::PathBuf;

use openssl::base64;
use openssl::sha::sha256;
use ssh2::Session;

use super::ask::{Ask, HostKeyQuestion, TrustAnswer};
use super::error::WireError;
use super::known_hosts::{self, HostKeyRecord, Records, Says};
use super::revoked;
use super::target::{SshTarget, join};

/// What the command line says about host keys nobody knows yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustPolicy {
    /// Fingerprints accepted and remembered (`--trust SHA256:...`).
    pub accept: Vec<String>,
    /// What happens to all others.
    pub new: NewKeys,
    /// Nothing is changed anywhere: what is accepted by this policy is not written into known_hosts.
    pub only_looks: bool,
}

/// What happens to a host key nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewKeys {
    /// A person is asked.
    #[default]
    Ask,
    /// Accept and remember (`--trust-new`).
    Accept,
}

/// `SHA256:` and base64 without padding, as OpenSSH writes it.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", base64::encode_block(&sha256(blob)).trim_end_matches('='))
}

fn same_fingerprint(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let text = text.trim();
        text.strip_prefix("SHA256:").unwrap_or(text).trim_end_matches('=').to_owned()
    };
    plain(one) == plain(other)
}

/// The name in known_hosts, and the one without port that OpenSSH tries after it.
fn names(target: &SshTarget) -> (String, Option<String>) {
    if let Some(alias) = &target.host_key_alias {
        return (alias.to_ascii_lowercase(), None);
    }
    let host = target.host.to_ascii_lowercase();
    if target.port == 22 {
        (host, None)
    } else if host.contains(':') {
        (join(&host, target.port), Some(host))
    } else {
        (format!("[{host}]:{}", target.port), Some(host))
    }
}

fn files(target: &SshTarget) -> Vec<PathBuf> {
    target.known_hosts.iter().chain(&target.global_known_hosts).cloned().collect()
}

/// The address that answered, as known_hosts may hold it beside the name: a name that is new may be an old machine.
/// An alias stands for the machine itself, and behind a jump host the address is not seen.
fn address(target: &SshTarget, peer: Option<IpAddr>) -> Option<String> {
    if target.host_key_alias.is_some() {
        return None;
    }
    let host = peer?.to_canonical().to_string();
    let name = names(&SshTarget { host: host.clone(), ..target.clone() }).0;
    (name != names(target).0).then_some(name)
}

/// What known_hosts says of a machine.
struct KnownKeys {
    /// By its name, with the port.
    named: Records,
    /// By its name alone; such a line may vouch for a key, but never speaks against it, as with OpenSSH.
    plain: Records,
    /// By its address.
    address: Records,
}

impl KnownKeys {
    fn of(target: &SshTarget, peer: Option<IpAddr>) -> Result<Self, WireError> {
        let files = files(target);
        let (name, without_port) = names(target);
        let look_up = |name: Option<String>| match name {
            Some(name) => known_hosts::look_up(&files, &name),
            None => Ok(Records::default()),
        };
        Ok(Self {
            named: look_up(Some(name))?,
            plain: look_up(without_port)?,
            address: look_up(address(target, peer))?,
        })
    }

    fn all(&self) -> impl Iterator<Item = &HostKeyRecord> {
        self.named.records.iter().chain(&self.plain.records).chain(&self.address.records)
    }
}

/// The host key algorithms in the order to ask for: those whose key is known first. Another type would have
/// nothing to be compared with.
pub(crate) fn preference(
    target: &SshTarget,
    peer: Option<IpAddr>,
    supported: &[&str],
) -> Result<String, WireError> {
    let known = KnownKeys::of(target, peer)?;
    let mut order: Vec<&str> = Vec::new();
    let known = known.all().filter(|record| record.says == Says::Key);
    for kind in known.map(|record| record.kind.as_str()) {
        let spellings: &[&str] = if kind == "ssh-rsa" { &["rsa-sha2-512", "rsa-sha2-256"] } else { &[kind] };
        order.extend(supported.iter().filter(|name| spellings.contains(name)));
    }
    // A certificate as host key could not be compared with a plain one.
    order.extend(supported.iter().filter(|name| !name.contains("-cert-")));
    let mut seen = std::collections::HashSet::new();
    order.retain(|name| seen.insert(*name));
    Ok(order.join(","))
}

/// A key that was taken for a new one and is not written down yet.
#[derive(Debug)]
pub(crate) struct NewHostKey {
    file: PathBuf,
    host: String,
    kind: String,
    blob: Vec<u8>,
    hashed: bool,
}

impl NewHostKey {
    pub fn remember(&self) -> Result<(), WireError> {
        known_hosts::remember(&self.file, &self.host, &self.kind, &self.blob, self.hashed)
    }
}

/// Judges the key the session was made with. What comes back is to be remembered when something is changed there.
pub(crate) fn check(
    session: &Session,
    target: &SshTarget,
    peer: Option<IpAddr>,
    policy: &TrustPolicy,
    ask: &dyn Ask,
) -> Result<Option<NewHostKey>, WireError> {
    let Some((blob, _)) = session.host_key() else {
        return Err(WireError::lost("the machine has shown no host key"));
    };
    let blob = blob.to_vec();
    judge(&blob, target, peer, policy, ask)
}

fn judge(
    blob: &[u8],
    target: &SshTarget,
    peer: Option<IpAddr>,
    policy: &TrustPolicy,
    ask: &dyn Ask,
) -> Result<Option<NewHostKey>, WireError> {
    let shown = fingerprint(blob);
    let kind = kind_of(blob);
    let (host, _) = names(target);
    let known = KnownKeys::of(target, peer)?;

    if let Some(record) = known.all().find(|record| record.says == Says::Revoked && record.blob == blob) {
        let (file, line) = (record.file.clone(), record.line);
        return Err(WireError::HostKeyRevoked { host, fingerprint: shown, file, line });
    }
    if let Some((file, line)) = revoked::find(target, blob)? {
        return Err(WireError::HostKeyRevoked { host, fingerprint: shown, file, line });
    }
    if let Some(stated) = &target.host_key {
        if same_fingerprint(stated, &shown) {
            return Ok(None);
        }
        return Err(WireError::HostKeyNotStated { host, shown, stated: stated.clone() });
    }
    let is_key = |records: &Records| records.records.iter().any(|r| r.says == Says::Key && r.blob == blob);
    if is_key(&known.named) {
        return Ok(None);
    }
    // Of whatever type the known key is: a machine of which one is known is not new.
    if let Some(changed) = changed(&known.named, &host, &kind, &shown) {
        return Err(changed);
    }
    if is_key(&known.plain) {
        return Ok(None);
    }
    if !is_key(&known.address)
        && let Some(address) = address(target, peer)
        && let Some(changed) = changed(&known.address, &address, &kind, &shown)
    {
        return Err(changed);
    }

    let note = note(&known);
    let file = target.known_hosts.first().filter(|file| !file.starts_with("/dev")).cloned();
    let new = file.clone().map(|file| NewHostKey {
        file,
        host: host.clone(),
        kind: kind.clone(),
        blob: blob.to_vec(),
        hashed: target.hash_names,
    });
    // A line that names an authority for the host speaks of it: then it is not taken unseen.
    let spoken_of = known.all().any(|record| record.says == Says::Authority);
    let unseen = policy.new == NewKeys::Accept && !spoken_of;
    if unseen || policy.accept.iter().any(|one| same_fingerprint(one, &shown)) {
        if policy.only_looks {
            return Ok(new);
        }
        return new.map_or(Ok(()), |new| new.remember()).map(|()| None);
    }
    let question = HostKeyQuestion {
        host: host.clone(),
        kind: kind.clone(),
        fingerprint: shown.clone(),
        note: note.clone(),
        file,
    };
    match ask.trust(&question) {
        TrustAnswer::Remember => new.map_or(Ok(()), |new| new.remember()).map(|()| None),
        TrustAnswer::Once => Ok(None),
        TrustAnswer::Refuse => Err(WireError::HostKeyUnknown { host, kind, fingerprint: shown, note }),
    }
}

/// The refusal of a key when another one is on record; that of the same type is named before others.
fn changed(records: &Records, host: &str, kind: &str, shown: &str) -> Option<WireError> {
    let keys = || records.records.iter().filter(|record| record.says == Says::Key);
    let record = keys().find(|record| record.kind == kind).or_else(|| keys().next())?;
    let types = if record.kind == kind {
        String::new()
    } else {
        format!("; that is its {} key, shown is a {kind} key", record.kind)
    };
    Some(WireError::HostKeyChanged {
        host: host.to_owned(),
        shown: shown.to_owned(),
        known: fingerprint(&record.blob),
        file: record.file.clone(),
        line: record.line,
        types: types.into(),
    })
}

/// The type a key blob begins with.
fn kind_of(blob: &[u8]) -> String {
    let length = blob.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4);
    String::from_utf8_lossy(blob.get(4..end).unwrap_or_default()).into_owned()
}

fn note(known: &KnownKeys) -> String {
    let mut parts = Vec::new();
    if let Some(record) = known.all().find(|record| record.says == Says::Authority) {
        let (file, line) = (record.file.display(), record.line);
        parts.push(format!(
            "{file}:{line} names a certificate authority for it, host certificates are not supported"
        ));
    }
    if let Some(record) = known.plain.records.iter().find(|record| record.says == Says::Key) {
        parts.push(format!(
            "another key is known for its name without the port, see {}:{}",
            record.file.display(),
            record.line
        ));
    }
    if let Some(record) = known.address.records.iter().find(|record| record.says == Says::Key) {
        parts.push(format!(
            "this key is known for its address, see {}:{}",
            record.file.display(),
            record.line
        ));
    }
    if !known.named.bad.is_empty() {
        parts.push(format!("lines that cannot be read: {}", known.named.bad.join(", ")));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_compare_with_and_without_prefix_and_padding() {
        assert!(same_fingerprint("SHA256:abc", "abc="));
        assert!(!same_fingerprint("SHA256:abc", "SHA256:abd"));
    }
}
