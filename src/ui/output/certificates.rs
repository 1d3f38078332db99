//! `gangplank certs`: what ends first, on one scale.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::engine::certificates::DatedCertificate;

/// Characters of the longest bar.
const SCALE: i64 = 24;

fn places(one: &DatedCertificate) -> String {
    one.places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// An object for each certificate.
pub fn json(all: &[DatedCertificate]) -> Vec<Value> {
    all.iter()
        .map(|one| {
            let places: Vec<String> = one.places.iter().map(ToString::to_string).collect();
            match &one.life {
                Ok(life) => json!({
                    "kind": "certificate",
                    "places": places,
                    "path": one.path,
                    "subject": life.subject,
                    "ca": life.ca,
                    "not_after": life.end.to_string(),
                    "days": life.days,
                }),
                Err(why) => {
                    json!({"kind": "certificate", "places": places, "path": one.path, "unknown": why})
                }
            }
        })
        .collect()
}

/// The days at the end of the scale. A CA lives ten times as long: the scale is that of the others.
pub fn scale(all: &[DatedCertificate]) -> i64 {
    let longest = |ca: bool| {
        let lives = all.iter().filter_map(|one| one.life.as_ref().ok()).filter(|life| life.ca == ca);
        lives.map(|life| life.days).max()
    };
    longest(false).or_else(|| longest(true)).unwrap_or(0).max(1)
}

/// The days that are left, in a word.
pub fn left(days: i64) -> String {
    if days < 0 { "ended".to_owned() } else { format!("{days} d") }
}

/// The same as a bar; `most` days are so many characters, and more have a sign behind it.
pub fn bar(days: i64, most: i64, width: i64) -> String {
    let length = days.max(0).saturating_mul(width).checked_div(most).unwrap_or(0);
    let mut bar = "#".repeat(usize::try_from(length.min(width)).unwrap_or(0));
    if days > most {
        bar.push('>');
    }
    bar
}

/// For a person: a line each, those that end first at the head.
pub fn text(all: &[DatedCertificate]) -> String {
    let mut out = String::new();
    let most = scale(all);
    let wide = |length: fn(&DatedCertificate) -> usize| all.iter().map(length).max().unwrap_or(0).min(48);
    let (place, path) = (wide(|one| places(one).chars().count()), wide(|one| one.path.chars().count()));
    for one in all {
        let head = format!("{:place$}  {:path$}", places(one), one.path);
        let _ = match &one.life {
            Ok(life) => {
                let (left, bar) = (left(life.days), bar(life.days, most, SCALE));
                let day = life.end.strftime("%Y-%m-%d");
                writeln!(out, "{head}  {left:>7}  {day}  {bar:25}  {}", life.subject)
            }
            Err(why) => writeln!(out, "{head}  not known: {why}"),
        };
    }
    out
}
