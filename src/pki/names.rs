//! Names as they stand in certificates and signing requests, as text: subjects on one line, alternative names.

use std::net::IpAddr;

use openssl::x509::X509NameRef;
use x509_parser::extensions::GeneralName;

use super::san::San;
use crate::plan::clean::is_invisible;
use crate::plan::hex;
use crate::plan::remote::Remote;

/// Entries of a name in order: short name of the type, value as text.
pub type Name = Vec<(String, Remote<String>)>;

/// Only what names of hosts are made of (RFC 1123, with `*` and `_` as met in certificates): nothing that a screen or a
/// shell reads otherwise.
fn is_host_name(name: &str) -> bool {
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '*');
    (1..=253).contains(&name.len()) && name.chars().all(usual)
}

/// An address or a name; anything else as text.
pub(super) fn san(name: &GeneralName<'_>) -> Result<San, Remote<String>> {
    let other = match name {
        GeneralName::DNSName(name) if is_host_name(name) => return Ok(San::Dns(name.to_ascii_lowercase())),
        GeneralName::DNSName(name) => format!("DNS:{name}"),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            match four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)) {
                Ok(address) => return Ok(San::Ip(address)),
                Err(_) => format!("IP:{}", hex::encode(bytes)),
            }
        }
        GeneralName::RFC822Name(address) => format!("email:{address}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        GeneralName::OtherName(kind, _) => format!("otherName:{kind}"),
        GeneralName::RegisteredID(id) => format!("RID:{id}"),
        GeneralName::DirectoryName(name) => format!("DirName:{name}"),
        GeneralName::X400Address(_) => "X400".to_owned(),
        GeneralName::EDIPartyName(_) => "EDIParty".to_owned(),
        GeneralName::Invalid(_, bytes) => format!("unreadable:{}", hex::encode(bytes)),
    };
    Err(other.into())
}

pub(super) fn entries(name: &X509NameRef) -> Name {
    let entry = |entry: &openssl::x509::X509NameEntryRef| {
        let object = entry.object();
        let kind = object.nid().short_name().map_or_else(|_| object.to_string(), ToOwned::to_owned);
        let value = entry.data().to_string().unwrap_or_else(|_| hex::encode(entry.data().as_slice()));
        (kind, value.into())
    };
    name.entries().map(entry).collect()
}

/// Invisible characters do not reach the screen, and what separates entries is escaped.
pub(super) fn one_line(name: &[(String, Remote<String>)]) -> String {
    let clean = |value: &str| -> String {
        value.chars().map(|c| if is_invisible(c) { '?' } else { c }).collect::<String>().replace(',', "\\,")
    };
    name.iter()
        .map(|(kind, value)| format!("{kind}={}", clean(value.untrusted())))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Two entries that OpenSSL takes for the same: capitals and blanks at the ends do not count.
pub(super) fn same_entry(one: &(String, Remote<String>), other: &(String, Remote<String>)) -> bool {
    let value = |entry: &(String, Remote<String>)| entry.1.untrusted().trim().to_ascii_lowercase();
    one.0 == other.0 && value(one) == value(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_host_has_is_told_as_text_and_taken_for_no_name() {
        for name in ["worker01", "*.example.com", "a_b.C"] {
            assert_eq!(san(&GeneralName::DNSName(name)), Ok(San::Dns(name.to_ascii_lowercase())));
        }
        let long = "a".repeat(254);
        for name in ["", "a b", "a\n", "\u{1b}[2J", "$(id)", "b\u{fc}cher", &long] {
            let told = san(&GeneralName::DNSName(name)).unwrap_err();
            assert!(told.to_string().starts_with("DNS:") && !told.to_string().contains('\u{1b}'), "{told}");
        }
    }
}
