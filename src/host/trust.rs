//! Is this the machine we mean? The plan's own fingerprint decides first, then known_hosts, then a person or
//! the policy given on the command line. A changed or revoked key is always refused.

use std::path::PathBuf;

use openssl::base64;
use openssl::sha::sha256;
use ssh2::Session;

use super::ask::{Ask, HostKeyQuestion, TrustAnswer};
use super::error::WireError;
use super::known_hosts::{self, Records, Says};
use super::target::{SshTarget, join};

/// What the command line says about host keys nobody knows yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustPolicy {
    /// Fingerprints accepted and remembered (`--trust SHA256:...`).
    pub accept: Vec<String>,
    /// What happens to all others.
    pub new: NewKeys,
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

/// The host key algorithms in the order to ask for: those whose key is known first. Another type would have
/// nothing to be compared with.
pub(crate) fn preference(target: &SshTarget, supported: &[&str]) -> Result<String, WireError> {
    let (name, without_port) = names(target);
    let files = files(target);
    let mut records = known_hosts::look_up(&files, &name)?.records;
    if let Some(plain) = without_port {
        records.extend(known_hosts::look_up(&files, &plain)?.records);
    }
    let mut order: Vec<&str> = Vec::new();
    let known = records.iter().filter(|record| record.says == Says::Key);
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

/// Judges the key the session was made with.
pub(crate) fn check(
    session: &Session,
    target: &SshTarget,
    policy: &TrustPolicy,
    ask: &dyn Ask,
) -> Result<(), WireError> {
    let Some((blob, _)) = session.host_key() else {
        return Err(WireError::lost("the machine has shown no host key"));
    };
    let blob = blob.to_vec();
    judge(&blob, target, policy, ask)
}

fn judge(blob: &[u8], target: &SshTarget, policy: &TrustPolicy, ask: &dyn Ask) -> Result<(), WireError> {
    let shown = fingerprint(blob);
    let kind = kind_of(blob);
    let (host, without_port) = names(target);
    let files = files(target);
    let found = known_hosts::look_up(&files, &host)?;
    let plain = match &without_port {
        Some(name) => known_hosts::look_up(&files, name)?,
        None => Records::default(),
    };

    let mut all = found.records.iter().chain(&plain.records);
    if let Some(record) = all.find(|record| record.says == Says::Revoked && record.blob == blob) {
        let (file, line) = (record.file.clone(), record.line);
        return Err(WireError::HostKeyRevoked { host, fingerprint: shown, file, line });
    }
    if let Some(stated) = &target.host_key {
        if same_fingerprint(stated, &shown) {
            return Ok(());
        }
        return Err(WireError::HostKeyNotStated { host, shown, stated: stated.clone() });
    }
    let is_key = |records: &Records| records.records.iter().any(|r| r.says == Says::Key && r.blob == blob);
    if is_key(&found) {
        return Ok(());
    }
    if let Some(record) = found.records.iter().find(|r| r.says == Says::Key && r.kind == kind) {
        return Err(WireError::HostKeyChanged {
            host,
            shown,
            known: fingerprint(&record.blob),
            file: record.file.clone(),
            line: record.line,
        });
    }
    // As OpenSSH does: a line without the port may vouch for the key, but never speaks against it.
    if is_key(&plain) {
        return Ok(());
    }

    let note = note(&found);
    let file = target.known_hosts.first().filter(|file| !file.starts_with("/dev")).cloned();
    let remember = || match &file {
        Some(file) => known_hosts::remember(file, &host, &kind, blob, target.hash_names),
        None => Ok(()),
    };
    if policy.new == NewKeys::Accept || policy.accept.iter().any(|one| same_fingerprint(one, &shown)) {
        return remember();
    }
    let question = HostKeyQuestion {
        host: host.clone(),
        kind: kind.clone(),
        fingerprint: shown.clone(),
        note: note.clone(),
        file: file.clone(),
    };
    match ask.trust(&question) {
        TrustAnswer::Remember => remember(),
        TrustAnswer::Once => Ok(()),
        TrustAnswer::Refuse => Err(WireError::HostKeyUnknown { host, kind, fingerprint: shown, note }),
    }
}

/// The type a key blob begins with.
fn kind_of(blob: &[u8]) -> String {
    let length = blob.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4);
    String::from_utf8_lossy(blob.get(4..end).unwrap_or_default()).into_owned()
}

fn note(found: &Records) -> String {
    let mut parts = Vec::new();
    if let Some(record) = found.records.iter().find(|record| record.says == Says::Authority) {
        let (file, line) = (record.file.display(), record.line);
        parts.push(format!(
            "{file}:{line} names a certificate authority for it, host certificates are not supported"
        ));
    }
    if let Some(record) = found.records.iter().find(|record| record.says == Says::Key) {
        parts.push(format!(
            "its {} key is known, see {}:{}",
            record.kind,
            record.file.display(),
            record.line
        ));
    }
    if !found.bad.is_empty() {
        parts.push(format!("lines that cannot be read: {}", found.bad.join(", ")));
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
