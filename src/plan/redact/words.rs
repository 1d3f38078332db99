//! What a machine or a program says, word by word.

use super::signs::{HIDDEN, has_login_password, sounds_secret};
use crate::plan::clean;

/// Whether a word looks like a token, whatever stands before it: one to join a cluster, a signed one (JWT), or a
/// heap of letters and digits that no name is.
fn is_token(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'', ',', ';', ')', '(']);
    let lower = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if let Some((id, secret)) = word.split_once('.')
        && (id.len(), secret.len()) == (6, 16)
        && lower(id)
        && lower(secret)
    {
        return true;
    }
    if word.starts_with("eyJ") && word.matches('.').count() == 2 {
        return true;
    }
    let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b));
    word.len() >= 24
        && plain
        && !word.starts_with('/')
        && word.matches(['/', '-']).count() <= 2
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
}

/// What a machine or a program said, as it may be shown: one clean line without its secrets.
pub fn said(text: &str) -> String {
    clean::line(&line(text))
}

/// A line of what a machine or a program says, without the secrets in it: the password of a login in an address, what
/// follows a word that sounds secret, also as JSON, tokens, and bytes that Go printed as numbers. The rest stays as it
/// is.
pub fn line(text: &str) -> String {
    let text = without_json_secrets(text);
    let mut out = String::with_capacity(text.len());
    let mut hide_next = NextWord::Shown;
    let mut numbers = 0_usize;
    for piece in text.split_inclusive([' ', '\t']) {
        let word = piece.trim_end_matches([' ', '\t']);
        let blanks = piece.get(word.len()..).unwrap_or_default();
        numbers = if is_number(word) { numbers.saturating_add(1) } else { 0 };
        if numbers > MOST_NUMBERS {
            continue;
        }
        if hide_next.hides(word) && !["", "\\", "="].contains(&word) && word != ":" && !is_scheme(word) {
            out.push_str(HIDDEN);
            hide_next = NextWord::Shown;
        } else {
            let (shown, open) = one_word(word);
            out.push_str(&shown);
            hide_next = match (open, hide_next) {
                (true, _) => NextWord::Secret,
                (false, NextWord::Secret) if word.is_empty() || !word.starts_with("--") => NextWord::Secret,
                (false, before) if word.is_empty() => before,
                (false, _) => named_by(word),
            };
        }
        out.push_str(blanks);
    }
    out
}

/// More numbers in a row are bytes of a text.
const MOST_NUMBERS: usize = 5;

fn is_number(word: &str) -> bool {
    let word = word.trim_matches(|c: char| "[](){},:".contains(c));
    !word.is_empty() && word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq)]
enum NextWord {
    /// Nothing that is hidden.
    Shown,
    /// A secret, whatever it looks like.
    Secret,
    /// A password was spoken of, without a sign that it follows.
    Password,
    /// So was a token.
    Token,
}

impl NextWord {
    fn hides(self, word: &str) -> bool {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        match self {
            Self::Shown => false,
            Self::Secret => true,
            Self::Password => !bare.is_empty() && !AFTER_PASSWORD.contains(&bare.to_lowercase().as_str()),
            Self::Token => bare.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()),
        }
    }
}

/// Words that follow "password" in a sentence.
const AFTER_PASSWORD: [&str; 26] = [
    "and",
    "are",
    "auth",
    "authentication",
    "change",
    "expired",
    "failed",
    "field",
    "file",
    "for",
    "from",
    "given",
    "hash",
    "in",
    "is",
    "login",
    "method",
    "must",
    "not",
    "of",
    "on",
    "or",
    "prompt",
    "required",
    "to",
    "was",
];

/// What may follow a bare noun.
fn named_by(word: &str) -> NextWord {
    match word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().as_str() {
        _ if word.ends_with([',', '.', ';', ')']) => NextWord::Shown,
        "password" | "passwd" | "passphrase" => NextWord::Password,
        "token" | "secret" | "credential" | "credentials" => NextWord::Token,
        _ => NextWord::Shown,
    }
}

/// Hides the values of JSON whose keys sound secret, `"auth":"..."`, also where their quotes are escaped.
fn without_json_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = rest.split_at(colon);
        let after = after.get(1..).unwrap_or_default();
        out.push_str(before);
        out.push(':');
        let quote = ["\\\"", "\"", "'"].into_iter().find(|quote| before.trim_end().ends_with(quote));
        let key = quote.and_then(|quote| {
            let inner = before.trim_end().strip_suffix(quote)?;
            Some(inner.get(inner.rfind(quote)?..)?.to_owned())
        });
        rest = after;
        let (Some(quote), Some(key)) = (quote, key) else { continue };
        let value = after.trim_start();
        if !sounds_secret(&key) || value.starts_with(['{', '[']) {
            continue;
        }
        out.push_str(after.get(..after.len().saturating_sub(value.len())).unwrap_or_default());
        out.push_str(HIDDEN);
        rest = match value.strip_prefix(quote) {
            Some(inner) => inner.split_once(quote).map_or("", |(_, rest)| rest),
            None => value.find([',', '}', ' ']).and_then(|end| value.get(end..)).unwrap_or_default(),
        };
    }
    out.push_str(rest);
    out
}

/// `Bearer` and `Basic` stand before what is secret.
fn is_scheme(word: &str) -> bool {
    ["bearer", "basic"].contains(&word.to_lowercase().as_str())
}

/// A word without its secret; and whether the next one is it.
fn one_word(word: &str) -> (String, bool) {
    if let Some((before, rest)) = word.split_once("://")
        && has_login_password(&format!("x://{}", rest.split(['/', '?']).next().unwrap_or_default()))
        && let Some((_, host)) = rest.split_once('@')
    {
        return (format!("{before}://{HIDDEN}@{host}"), false);
    }
    // The same without a scheme; the digest of an image has a colon behind the sign.
    if !word.contains("://")
        && let Some((login, host)) = word.rsplit_once('@')
        && let Some((user, _)) = login.split_once(':')
        && !host.is_empty()
        && !login.contains('/')
        && !user.contains('=')
    {
        return (format!("{HIDDEN}@{host}"), false);
    }
    match word.split_once('=') {
        Some((key, value)) if sounds_secret(key) && !value.is_empty() => {
            return (format!("{key}={HIDDEN}"), false);
        }
        // NAME="X=Y" and such: the value is a word of its own.
        Some((key, value)) if !value.is_empty() => {
            let (value, open) = one_word(value);
            return (format!("{key}={value}"), open);
        }
        Some(_) | None => {}
    }
    if let Some((key, value)) = word.split_once(':')
        && sounds_secret(key)
        && !value.is_empty()
        && !value.starts_with("//")
    {
        return (format!("{key}:{HIDDEN}"), false);
    }
    if is_token(word) {
        return (HIDDEN.to_owned(), false);
    }
    // As mysql takes it, `-pWORD`.
    if let Some(value) = word.strip_prefix("-p")
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
    {
        return (format!("-p{HIDDEN}"), false);
    }
    let names = word.starts_with("--") || word.ends_with(':') || word.ends_with('=') || is_scheme(word);
    (word.to_owned(), names && sounds_secret(word))
}
