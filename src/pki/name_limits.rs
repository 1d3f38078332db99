//! Name constraints: which names a CA may sign.

use std::net::IpAddr;

use openssl::x509::X509Name;
use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};

use super::names::{Name, entries, one_line, same_entry, san as other_name};
use super::san::San;

/// The names that a CA may sign: none of these two lists = all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameLimits {
    /// Of each kind that stands here, only these.
    permitted: Vec<NameLimit>,
    /// Never these.
    excluded: Vec<NameLimit>,
}

/// A part of all names of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NameLimit {
    /// A domain and what is below it; with a dot in front only what is below it.
    Dns(String),
    /// An address and its mask.
    Ip(Vec<u8>, Vec<u8>),
    /// How a subject begins.
    Subject(Name),
    /// Of a kind that is not signed here.
    Other(String),
}

impl NameLimits {
    pub(super) fn of(constraints: &NameConstraints<'_>) -> Self {
        let all = |list: &Option<Vec<GeneralSubtree<'_>>>| {
            list.iter().flatten().map(|subtree| NameLimit::of(&subtree.base)).collect()
        };
        Self {
            permitted: all(&constraints.permitted_subtrees),
            excluded: all(&constraints.excluded_subtrees),
        }
    }

    /// Each name that may not be signed, with the reason.
    pub(super) fn refusals(&self, sans: &[San], subject: &Name) -> Vec<String> {
        let names = sans.iter().map(|san| (Some(san), san.to_string()));
        let all = names.chain([(None, one_line(subject))]);
        let mut why = Vec::new();
        for (name, text) in all {
            let holds = |limit: &&NameLimit| limit.holds(name, subject);
            let same: Vec<&NameLimit> = self.permitted.iter().filter(|limit| limit.is_kind(name)).collect();
            if !same.is_empty() && !same.iter().any(holds) {
                let only: Vec<String> = same.iter().map(|limit| limit.text()).collect();
                why.push(format!("{text} is outside its name constraints, which permit {}", only.join(", ")));
            } else if let Some(never) = self.excluded.iter().find(holds) {
                why.push(format!("{text} is excluded by its name constraints ({})", never.text()));
            }
        }
        why
    }
}

impl NameLimit {
    fn of(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Dns(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) if matches!(bytes.len(), 8 | 32) => {
                let (address, mask) = bytes.split_at(bytes.len() / 2);
                Self::Ip(address.to_vec(), mask.to_vec())
            }
            GeneralName::DirectoryName(name) => match X509Name::from_der(name.as_raw()) {
                Ok(name) => Self::Subject(entries(&name)),
                Err(_) => Self::Other("an unreadable subject".to_owned()),
            },
            other => Self::Other(other_name(other).map_or_else(Into::into, |san| san.to_string())),
        }
    }

    /// Whether it is about names of this kind; `None` = the subject.
    fn is_kind(&self, name: Option<&San>) -> bool {
        matches!(
            (self, name),
            (Self::Dns(_), Some(San::Dns(_))) | (Self::Ip(..), Some(San::Ip(_))) | (Self::Subject(_), None)
        )
    }

    fn holds(&self, name: Option<&San>, subject: &Name) -> bool {
        match (self, name) {
            (Self::Dns(limit), Some(San::Dns(name))) => below(&name.to_ascii_lowercase(), limit),
            (Self::Ip(network, mask), Some(San::Ip(address))) => {
                let bytes = match address {
                    IpAddr::V4(address) => address.octets().to_vec(),
                    IpAddr::V6(address) => address.octets().to_vec(),
                };
                bytes.len() == network.len()
                    && bytes
                        .iter()
                        .zip(network)
                        .zip(mask)
                        .all(|((one, other), mask)| one & mask == other & mask)
            }
            (Self::Subject(start), None) => {
                start.len() <= subject.len()
                    && start.iter().zip(subject).all(|(one, other)| same_entry(one, other))
            }
            _ => false,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Dns(name) => format!("DNS:{name}"),
            Self::Ip(network, mask) => {
                let bits: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
                let address = <[u8; 4]>::try_from(network.as_slice())
                    .map(IpAddr::from)
                    .or_else(|_| <[u8; 16]>::try_from(network.as_slice()).map(IpAddr::from));
                address.map_or_else(|_| "IP".to_owned(), |address| format!("IP:{address}/{bits}"))
            }
            Self::Subject(start) => one_line(start),
            Self::Other(text) => text.clone(),
        }
    }
}

/// `example.com` holds itself and all below it, `.example.com` only what is below it, an empty one everything.
fn below(name: &str, limit: &str) -> bool {
    match limit.strip_prefix('.') {
        Some(_) => name.len() > limit.len() && name.ends_with(limit),
        None if limit.is_empty() => true,
        None => {
            name == limit
                || name.strip_suffix(limit).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
        }
    }
}
