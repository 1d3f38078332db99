//! Names as they stand in certificates and signing requests, as text: subjects on one line, alternative names.

use std::net::IpAddr;

use openssl::x509::X509NameRef;
use x509_parser::extensions::GeneralName;

use super::san::San;
use crate::plan::clean::is_invisible;
use crate::plan::hex;

/// An address or a name; anything else as text.
pub(super) fn san(name: &GeneralName<'_>) -> Result<San, String> {
    match name {
        GeneralName::DNSName(name) => Ok(San::Dns(name.to_ascii_lowercase())),
        GeneralName::IPAddress(bytes) => <[u8; 4]>::try_from(*bytes)
            .map(IpAddr::from)
            .or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
            .map(San::Ip)
            .map_err(|_| format!("IP:{}", hex::encode(bytes))),
        GeneralName::RFC822Name(address) => Err(format!("email:{address}")),
        GeneralName::URI(uri) => Err(format!("URI:{uri}")),
        GeneralName::OtherName(kind, _) => Err(format!("otherName:{kind}")),
        GeneralName::RegisteredID(id) => Err(format!("RID:{id}")),
        GeneralName::DirectoryName(name) => Err(format!("DirName:{name}")),
        GeneralName::X400Address(_) => Err("X400".to_owned()),
        GeneralName::EDIPartyName(_) => Err("EDIParty".to_owned()),
        GeneralName::Invalid(_, bytes) => Err(format!("unreadable:{}", hex::encode(bytes))),
    }
}

pub(super) fn entries(name: &X509NameRef) -> Vec<(String, String)> {
    let entry = |entry: &openssl::x509::X509NameEntryRef| {
        let object = entry.object();
        let kind = object.nid().short_name().map_or_else(|_| object.to_string(), ToOwned::to_owned);
        let value = entry.data().to_string().unwrap_or_else(|_| hex::encode(entry.data().as_slice()));
        (kind, value)
    };
    name.entries().map(entry).collect()
}

/// Invisible characters do not reach the screen, and what separates entries is escaped.
pub(super) fn one_line(name: &[(String, String)]) -> String {
    let clean = |value: &str| -> String {
        value.chars().map(|c| if is_invisible(c) { '?' } else { c }).collect::<String>().replace(',', "\\,")
    };
    name.iter().map(|(kind, value)| format!("{kind}={}", clean(value))).collect::<Vec<_>>().join(", ")
}
