//! Single values: a typed text to what it means, or what is wrong with it and what to write. Each knows
//! only its own text; what values say about each other is in `check`. Long because it is a plain list of
//! small functions, with the table of good and bad texts of each at the end.

use std::{
    net::{IpAddr, Ipv6Addr},
    path::PathBuf,
};

use ipnet::IpNet;

use super::model::{ApiAddress, ImageTar, Version};
use super::range::Refusal;
use crate::plan::clean::is_invisible;
use crate::plan::issue::shown;
use crate::plan::redact::has_login_password;

/// The directories that paths in a plan start from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathBases {
    /// Where relative paths start: the plan file's directory.
    pub base: PathBuf,
    /// What `~` stands for, when known.
    pub home: Option<PathBuf>,
}

type Validated<T> = Result<T, Refusal>;

fn no<T>(text: &str, what: &str, cure: impl Into<String>) -> Validated<T> {
    Err((format!("{} {what}", shown(text)), cure.into()))
}

/// A DNS label as of RFC 1123: lower-case letters, digits and hyphens.
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_dns_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn looks_like_ipv4(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The name of the cluster.
pub(crate) fn label(text: &str) -> Validated<String> {
    if is_label(text) {
        return Ok(text.to_owned());
    }
    no(text, "is not a DNS label", "write at most 63 lower-case letters, digits and hyphens, like demo")
}

/// A node's name; dots are allowed.
pub(crate) fn node_name(text: &str) -> Validated<String> {
    if looks_like_ipv4(text) {
        return no(text, "is an address, not a name", "write a name like worker1");
    }
    if is_dns_name(text) {
        return Ok(text.to_owned());
    }
    if is_dns_name(&text.to_lowercase()) {
        return no(text, "has capital letters", format!("write {}", text.to_lowercase()));
    }
    if let Some(part) = text.split('.').find(|part| part.len() > 63) {
        let count = part.chars().count();
        return no(text, &format!("has {count} characters without a dot"), "write at most 63 of them");
    }
    if text.len() > 253 {
        return no(text, &format!("has {} characters", text.chars().count()), "write at most 253");
    }
    let better = text.trim_matches('.').to_lowercase().replace('_', "-");
    let like =
        if is_dns_name(&better) { format!("write {better}") } else { "write one like worker1".to_owned() };
    no(text, "is not a node name of lower-case letters, digits, hyphens and dots", like)
}

/// The cluster's DNS domain.
pub(crate) fn domain(text: &str) -> Validated<String> {
    if is_dns_name(text) && !looks_like_ipv4(text) {
        return Ok(text.to_owned());
    }
    let better = text.trim_matches('.').to_lowercase();
    let cure = if is_dns_name(&better) { better } else { "cluster.local".to_owned() };
    no(text, "is not a DNS domain", format!("write {cure}"))
}

/// An IP address.
pub(crate) fn ip(text: &str, like: &str) -> Validated<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = inner.and_then(|inner| inner.parse::<Ipv6Addr>().ok()) {
        return no(text, "has brackets", format!("write {address}"));
    }
    if let Some((address, _)) = text.split_once('/')
        && address.parse::<IpAddr>().is_ok()
    {
        return no(text, "is a range, not an address", format!("write {address}"));
    }
    text.parse().or_else(|_| no(text, "is not an IP address", format!("write one like {like}")))
}

/// A worker's address: one the kubelet takes as a node's.
pub(crate) fn node_address(text: &str) -> Validated<IpAddr> {
    let address = ip(text, "192.168.2.1")?;
    let kind = match address {
        ip if ip.is_unspecified() => "is no machine's address",
        ip if ip.is_loopback() => "is the loopback address",
        ip if ip.is_multicast() => "is a multicast address",
        IpAddr::V4(ip) if ip.is_broadcast() => "is the broadcast address",
        IpAddr::V4(ip) if ip.is_link_local() => "is a link-local address",
        IpAddr::V6(ip) if ip.is_unicast_link_local() => "is a link-local address",
        IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => "is an IPv4 address in IPv6 form",
        IpAddr::V4(_) | IpAddr::V6(_) => return Ok(address),
    };
    no(text, kind, "write the address the other machines reach it at, like 192.168.2.1")
}

/// A range of addresses without host bits.
pub(crate) fn net(text: &str, like: &str) -> Validated<IpNet> {
    let Ok(net) = text.parse::<IpNet>() else {
        let cure = if text.parse::<IpAddr>().is_ok() { format!("{text}/24") } else { like.to_owned() };
        return no(text, "is not an address range", format!("write one like {cure}"));
    };
    if net.addr() == net.network() {
        return Ok(net);
    }
    no(text, "has bits behind its prefix", format!("write {}", net.trunc()))
}

/// The API's address: https, host, port; nothing else.
pub(crate) fn api(text: &str) -> Validated<ApiAddress> {
    const LIKE: &str = "write one like https://loadbalancer.example.com:443";
    let Some((scheme, rest)) = text.split_once("://") else {
        let cure = if host_port(text).is_ok() { format!("write https://{text}") } else { LIKE.to_owned() };
        return no(text, "does not begin with https://", cure);
    };
    if rest.contains('@') {
        return no(text, "has a user in it", LIKE);
    }
    let (authority, behind) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if scheme != "https" {
        return no(text, "is not https", format!("write https://{authority} (the kubelet logs in by TLS)"));
    }
    if !behind.is_empty() {
        return no(text, "has a path", format!("write https://{authority}"));
    }
    match host_port(authority) {
        Ok((host, port)) => Ok(ApiAddress { host: host.to_lowercase(), port: port.unwrap_or(443) }),
        Err(what) => no(text, what, LIKE),
    }
}

/// `host`, `host:port`, `[v6]:port`; a DNS name or an address.
fn host_port(text: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = split_port(text)?;
    let is_ip = host.parse::<IpAddr>().is_ok();
    let is_name = !looks_like_ipv4(&host) && is_dns_name(&host.to_lowercase());
    if is_ip || is_name { Ok((host, port)) } else { Err("has no valid host name or address") }
}

fn split_port(text: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, behind) = rest.split_once(']').ok_or("has a \"[\" without \"]\"")?;
        let _: Ipv6Addr = host.parse().map_err(|_| "has no IPv6 address in its brackets")?;
        match behind.strip_prefix(':') {
            None if behind.is_empty() => (host, None),
            None => return Err("has something behind its brackets that is no port"),
            Some(port) => (host, Some(port)),
        }
    } else if text.parse::<Ipv6Addr>().is_ok() {
        return Err("has an IPv6 address without brackets");
    } else {
        text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    };
    let port = port.map(|text| port_of(text).ok_or("has no valid port (1 to 65535)")).transpose()?;
    Ok((host.to_owned(), port))
}

fn port_of(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| *port != 0 && digits)
}

/// A TCP port as typed.
pub(crate) fn port(number: u32) -> Validated<u16> {
    match u16::try_from(number) {
        Ok(port) if port != 0 => Ok(port),
        _ => Err((format!("{number} is not a port"), "write 1 to 65535; SSH has 22".to_owned())),
    }
}

/// `auto` (none) or a version.
pub(crate) fn version(text: &str) -> Validated<Option<Version>> {
    if text == "auto" {
        return Ok(None);
    }
    let bare = text.strip_prefix('v').unwrap_or(text);
    let parts: Vec<&str> = bare.split('.').collect();
    let digits = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let shape = matches!(parts.len(), 2 | 3) && parts.iter().all(digits);
    match Version::parse(text).filter(|_| shape) {
        Some(version) => Ok(Some(version)),
        None => no(text, "is not a version", "write auto or one like 1.20.2"),
    }
}

/// What SSH is told as a host: a name, an alias or an address; never something ssh would take for a flag.
pub(crate) fn ssh_host(text: &str) -> Validated<String> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
        && inner.parse::<Ipv6Addr>().is_ok()
    {
        return Ok(inner.to_owned());
    }
    let ok = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    // A link-local address has the name of the interface behind it.
    if let Some((address, zone)) = text.split_once('%')
        && address.parse::<Ipv6Addr>().is_ok()
        && !zone.is_empty()
        && zone.bytes().all(ok)
    {
        return Ok(text.to_owned());
    }
    let is_name = !text.is_empty() && text.len() <= 253 && !text.starts_with('-') && text.bytes().all(ok);
    let bad_ip = looks_like_ipv4(text) && text.parse::<IpAddr>().is_err();
    if text.parse::<Ipv6Addr>().is_ok() || is_name && !bad_ip {
        return Ok(text.to_owned());
    }
    no(
        text,
        "is not a host",
        "write a name, an address or an ssh_config alias; user and port have their own keys",
    )
}

/// An SSH user.
pub(crate) fn ssh_user(text: &str) -> Validated<String> {
    // A user of a directory service is `CORP\jdoe` or `jdoe@corp.example.com`.
    let ok = |c: char| !c.is_whitespace() && !is_invisible(c) && !":/'\"`$".contains(c);
    let ends = |c: char| c == '@' || c == '\\';
    let whole = !text.starts_with(ends) && !text.ends_with(ends);
    if !text.is_empty() && text.len() <= 64 && !text.starts_with('-') && whole && text.chars().all(ok) {
        return Ok(text.to_owned());
    }
    if let Some((user, _)) = text.split_once(':') {
        return no(
            user,
            "has something behind it, which may be a password",
            "write the user alone: secrets are never in a plan",
        );
    }
    no(text, "is not a user name", "write one like root")
}

/// The fingerprint of a host's key.
pub(crate) fn fingerprint(text: &str) -> Validated<String> {
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let hash = text.strip_prefix("SHA256:").unwrap_or_default();
    if hash.len() == 43 && hash.bytes().all(base64) {
        return Ok(text.to_owned());
    }
    let cure = "write SHA256: and 43 characters, as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows";
    no(text, "is not a SHA256 fingerprint", cure)
}

/// A login in one text: user, host, port.
pub(crate) type InOne = (Option<String>, String, Option<u16>);

/// Reads `user@host:port`, also with `ssh://` before it; user and port may be left out.
pub(crate) fn login(text: &str) -> Validated<InOne> {
    const LIKE: &str = "write user@host:port; user and port may be left out";
    let bare = without_scheme(text);
    if bare.contains("://") {
        return no(text, "is not an SSH login", LIKE);
    }
    let (user, rest) = bare.rsplit_once('@').map_or((None, bare), |(user, rest)| (Some(user), rest));
    if user.is_some_and(|user| user.contains(':')) {
        return no(text, "has a password in it", "remove it: secrets are never in a plan");
    }
    let user = user.map(ssh_user).transpose().or_else(|_| no(text, "has no valid user", LIKE))?;
    let (host, port) = split_port(rest).or_else(|what| no(text, what, LIKE))?;
    let host = ssh_host(&host).or_else(|_| no(text, "has no valid host", LIKE))?;
    Ok((user, host, port))
}

/// `user@host:port` of `ssh://user@host:port/`.
pub(crate) fn without_scheme(text: &str) -> &str {
    text.strip_prefix("ssh://").map_or(text, |rest| rest.strip_suffix('/').unwrap_or(rest))
}

/// `ssh://user@host:port/dir`: the login and the directory, without a slash at its end.
pub(crate) fn ssh_place(rest: &str) -> Validated<(InOne, String)> {
    let whole = format!("ssh://{rest}");
    let (authority, dir) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let login = login(authority).map_err(|(_, cure)| {
        let cure = if cure.contains("secrets") { cure } else { "write ssh://user@host:port/dir".to_owned() };
        (format!("{} is not an SSH place", shown(&whole)), cure)
    })?;
    let name = dir.trim_end_matches('/');
    if dir.is_empty() {
        return no(&whole, "has no directory", format!("write ssh://{authority}/root"));
    }
    if name.starts_with("/~") {
        return no(&whole, "has a ~", "write the whole path of the directory");
    }
    Ok((
        login,
        host_path(name).or_else(|error| if name.is_empty() { Ok(String::new()) } else { Err(error) })?,
    ))
}

/// A SHA-256 in hex.
pub(crate) fn sha256(text: &str) -> Validated<String> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    no(text, "is not a SHA-256", "write its 64 hexadecimal digits, as `sha256sum` shows")
}

/// A path here: `~` is the home directory, relative starts at the base.
pub(crate) fn path(text: &str, places: &PathBases) -> Validated<PathBuf> {
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    if text.contains("-----BEGIN") || (text.len() > 255 && text.bytes().all(base64)) {
        let what = "is the content of a file, not its path (not shown)";
        return no("it", what, "keep it in a file that others cannot read, and write the path of that");
    }
    if text.trim().is_empty() || text.chars().any(is_invisible) {
        return no(text, "is not a path", "write the path of a file");
    }
    if let Some(rest) = text.strip_prefix('~') {
        let inside = rest.strip_prefix('/').or_else(|| rest.is_empty().then_some(""));
        return match (inside, &places.home) {
            (Some(inside), Some(home)) => Ok(home.join(inside)),
            (Some(_), None) => {
                no(text, "begins with ~, but the home directory is not known", "write the whole path")
            }
            (None, _) => no(text, "begins with another user's home", "write the whole path"),
        };
    }
    if let Some(name) = variable(text) {
        let cure = match text.strip_prefix("$HOME/").or_else(|| text.strip_prefix("${HOME}/")) {
            Some(rest) => format!("write ~/{rest}"),
            None => "write the whole path, or one that begins with ~/".to_owned(),
        };
        return no(text, &format!("has ${name}, which is not replaced in a plan"), cure);
    }
    Ok(places.base.join(text))
}

/// The shell variable a path begins with or has behind a slash.
fn variable(text: &str) -> Option<&str> {
    let mut parts = text.split('/');
    parts.find_map(|part| {
        let name = part.strip_prefix('$')?;
        let name =
            name.strip_prefix('{').and_then(|name| name.split_once('}')).map_or(name, |(name, _)| name);
        let word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (word && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
    })
}

/// A path on a host: absolute.
pub(crate) fn host_path(text: &str) -> Validated<String> {
    if text.chars().any(is_invisible) {
        return no(text, "is not a path", "write the whole path");
    }
    if text.starts_with('/') && text.len() > 1 {
        return Ok(text.to_owned());
    }
    no(text, "is not an absolute path", "write the whole path, beginning with /")
}

/// `here:tar` or `host:/tar`.
pub(crate) fn image_tar(text: &str, places: &PathBases) -> Validated<ImageTar> {
    match text.split_once(':') {
        Some(("here", file)) => path(file, places).map(ImageTar::Local),
        Some(("host", file)) => host_path(file).map(ImageTar::Host),
        _ => no(text, "does not say where the tar is", "write here:images.tar or host:/path/images.tar"),
    }
}

/// The name of an image.
pub(crate) fn image_name(text: &str) -> Validated<String> {
    let ok = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b);
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    if bytes.len() <= 512 && bytes.iter().copied().all(ok) && ends(bytes.first()) && ends(bytes.last()) {
        return Ok(text.to_owned());
    }
    no(text, "is not an image name", "write one like quay.io/coreos/hyperkube:v1.2.2_coreos.0")
}

/// A name in a kubeconfig: of what kubectl takes, all that no shell and no YAML reads as something else. The names
/// that the large providers write are among them.
pub(crate) fn entry_name(text: &str) -> Validated<String> {
    let plain = |c: char| c.is_alphanumeric() || "-_.:/@+".contains(c);
    if text.starts_with('-') {
        return no(text, "begins with -, as a flag does", "write one like demo");
    }
    if !text.is_empty() && text.len() <= 253 && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    let better: String = text.chars().filter(|c| plain(*c)).collect();
    let better = better.trim_start_matches('-');
    let like = if better.is_empty() { "demo" } else { better };
    no(text, "is not a name", format!("write letters, digits and -_.:/@+ alone, like {like}"))
}

/// A flag whose value is a secret itself, not the name of a file or a time.
fn is_secret_flag(name: &str) -> bool {
    let last = name.rsplit(['-', '_']).next().unwrap_or_default();
    ["token", "password", "passwd", "pass", "passphrase", "secret"].contains(&last)
}

/// `--flag=value`, of a flag that is not ours.
pub(crate) fn argument(text: &str, ours: &[(&str, &str)]) -> Validated<String> {
    let (flag, value) = text.split_once('=').map_or((text, None), |(flag, value)| (flag, Some(value)));
    let Some(name) = flag.strip_prefix("--") else {
        return no(text, "does not begin with --", "write it as --flag=value");
    };
    if text.chars().any(is_invisible) {
        return no(text, "has a control character", "remove it");
    }
    let first = name.split(' ').next().unwrap_or_default();
    let login = value.is_some_and(|value| value.contains("://") && has_login_password(value));
    if is_secret_flag(first) || login {
        let cure = "secrets are never in a plan: name a file that holds it, where there is such a flag";
        return no(&format!("--{first}"), "would be given a secret", cure);
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        let cure = match flag.split_once(' ') {
            Some((flag, rest)) if value.is_none() => format!("write {flag}={}", rest.trim()),
            _ => "write it as --flag=value".to_owned(),
        };
        return no(text, "is not one flag", cure);
    }
    // The flag parser of Kubernetes takes underscores for hyphens.
    let plain = name.replace('_', "-");
    match ours.iter().find(|(flag, _)| *flag == plain) {
        Some((_, instead)) => no(text, "sets a flag that gangplank writes itself", *instead),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
#[path = "value/tests.rs"]
mod tests;
