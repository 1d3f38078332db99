//! A certificate in words, for screens: label and value, one line each.

use jiff::Timestamp;

use super::dates::day;
use super::facts::CertFacts;
use super::verify::{purpose_text, usage_text};

/// What a person wants to know of a certificate, in the order of reading.
pub fn describe(cert: &CertFacts, now: Timestamp) -> Vec<(&'static str, String)> {
    let names: Vec<String> = cert
        .sans
        .iter()
        .map(ToString::to_string)
        .chain(cert.other_sans.iter().map(ToString::to_string))
        .collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    vec![
        ("Subject", cert.subject_text()),
        ("Issuer", cert.issuer_text()),
        ("Names", names),
        ("Key usage", usage_text(cert.usage)),
        ("Good for", purpose_text(cert.purposes.as_ref())),
        ("CA", if cert.ca == Some(true) { "yes" } else { "no" }.to_owned()),
        ("Valid from", day(cert.not_before)),
        ("Valid to", format!("{} ({})", day(cert.not_after), left(cert, now))),
        ("Key", cert.key.to_string()),
        ("SHA-256", cert.fingerprint.clone()),
    ]
}

fn left(cert: &CertFacts, now: Timestamp) -> String {
    if now < cert.not_before {
        return "not valid yet".to_owned();
    }
    let left = cert.not_after.duration_since(now);
    match left.as_hours() / 24 {
        _ if left.is_negative() => "expired".to_owned(),
        0 => "less than a day left".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}
