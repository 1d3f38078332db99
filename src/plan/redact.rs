//! What may hold a secret and is shown all the same: files of others next to ours, keys of a plan, logins. A key
//! stays, its value does not; whether two values differ is still seen.

use std::ops::Range;

use zeroize::Zeroizing;

use super::clean;

/// A line or key with one of these words may hold a secret; compared in lower case.
const WORDS: [&str; 8] =
    ["password", "passwd", "passphrase", "token", "secret", "credential", "key-data", "private"];

/// Whether a line or key sounds as if a secret were there.
pub fn sounds_secret(text: &str) -> bool {
    let text = text.to_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether a text may be a login with its password, `user:password@host`, with or without a scheme.
pub fn has_login_password(text: &str) -> bool {
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    after_scheme.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'))
}

/// Hides the secrets of texts that are compared: the same value gets the same number in all of them, another
/// value another one, and nothing of the value itself is shown, not even a hash that could be guessed at.
#[derive(Default)]
pub struct Redactor {
    /// Hidden so far; a value's number is its place, from 1.
    seen: Vec<Zeroizing<String>>,
}

impl Redactor {
    /// The text with each line that sounds secret as `key: (hidden) 1`, together with what belongs to it: what is
    /// further in below it, the list below a key without a value, the rest of a private key.
    pub fn text(&mut self, text: &str) -> Zeroizing<String> {
        let lines: Vec<&str> = text.lines().collect();
        let mut out = Zeroizing::new(String::with_capacity(text.len()));
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            if sounds_secret(line) || sounds_secret(&clean::line(line)) {
                let block = block(&lines, at);
                at = block.end;
                let value = Zeroizing::new(lines.get(block).unwrap_or_default().join("\n"));
                let number = self.number(value).to_string();
                let key = key(line.trim_start());
                let indent = line.get(..depth(line)).unwrap_or_default();
                out.extend([indent, key.as_str(), "(hidden) ", number.as_str()]);
            } else {
                at = at.saturating_add(1);
                out.push_str(line);
            }
            out.push('\n');
        }
        out
    }

    fn number(&mut self, value: Zeroizing<String>) -> usize {
        let known = self.seen.iter().position(|seen| *seen == value);
        let at = known.unwrap_or_else(|| {
            self.seen.push(value);
            self.seen.len().saturating_sub(1)
        });
        at.saturating_add(1)
    }
}

/// The lines that are one with the secret one at `first`.
fn block(lines: &[&str], first: usize) -> Range<usize> {
    let line = lines.get(first).copied().unwrap_or_default();
    let below = || lines.iter().enumerate().skip(first.saturating_add(1));
    if line.contains("-----BEGIN") {
        let last = below().find(|(_, line)| line.contains("-----END")).map(|(at, _)| at);
        return first..last.map_or(lines.len(), |last| last.saturating_add(1));
    }
    let (top, bare) = (depth(line), line.trim_end().ends_with(':'));
    let mut end = first.saturating_add(1);
    for (at, line) in below() {
        // A blank line belongs to it only when more of it follows.
        if line.trim().is_empty() {
            continue;
        }
        let item = bare && depth(line) == top && line.trim_start().starts_with('-');
        if depth(line) <= top && !item {
            break;
        }
        end = at.saturating_add(1);
    }
    first..end
}

fn depth(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start().len())
}

/// What stands before a value, when it is nothing but a key.
fn key(line: &str) -> String {
    let is_key = |key: &str| {
        let key = key.strip_prefix("- ").unwrap_or(key).trim().trim_matches(['"', '\'']);
        key.starts_with(char::is_alphanumeric)
            && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match line.split_once([':', '=']) {
        Some((key, _)) if is_key(key) => format!("{}: ", key.trim_end()),
        Some(_) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_may_be_secret_is_hidden_and_its_key_stays() {
        for (text, shown) in [
            ("name: w1\n", "name: w1\n"),
            ("client-certificate-data: QUJD\n", "client-certificate-data: QUJD\n"),
            ("    client-key-data: canary\nz: 1\n", "    client-key-data: (hidden) 1\nz: 1\n"),
            ("token: canary", "token: (hidden) 1\n"),
            ("\"token\" : canary", "\"token\": (hidden) 1\n"),
            ("- id-token: canary", "- id-token: (hidden) 1\n"),
            ("bearerToken: canary", "bearerToken: (hidden) 1\n"),
            ("password=canary", "password: (hidden) 1\n"),
            // As a block, a list, in one line.
            ("token: >\n  canary\n\n  canary\n\nz: 1", "token: (hidden) 1\n\nz: 1\n"),
            ("tokens:\n- canary\n- canary\nz: 1", "tokens: (hidden) 1\nz: 1\n"),
            ("user: {name: a, token: canary}", "user: (hidden) 1\n"),
            // Where something else than a key stands before the value, nothing of it is shown.
            ("ExecStart=/bin/kubelet --token=canary", "ExecStart: (hidden) 1\n"),
            ("  curl --token canary http://a", "  (hidden) 1\n"),
            ("token canary", "(hidden) 1\n"),
            ("tok\u{200b}en: canary", "(hidden) 1\n"),
            ("x\rtoken: canary", "(hidden) 1\n"),
            (
                "a\n-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----\nb",
                "a\n(hidden) 1\nb\n",
            ),
            ("-----BEGIN PRIVATE KEY-----\ncanary\ncanary", "(hidden) 1\n"),
        ] {
            let hidden = Redactor::default().text(text);
            assert_eq!(hidden.as_str(), shown, "{text:?}");
            assert!(!hidden.contains("canary"), "{text:?}");
        }
    }

    #[test]
    fn the_same_value_has_the_same_number_in_all_texts() {
        let mut hide = Redactor::default();
        let before = hide.text("token: a\npassword: b\n");
        let after = hide.text("token: a\npassword: c\n");
        assert_eq!(before.as_str(), "token: (hidden) 1\npassword: (hidden) 2\n");
        assert_eq!(after.as_str(), "token: (hidden) 1\npassword: (hidden) 3\n");
        let (one, other) = (hide.text("token: |\n  a\n  b\n"), hide.text("token: |\n  a\n  c\n"));
        assert_ne!(one.as_str(), other.as_str(), "a value of several lines");
    }

    #[test]
    fn keys_and_logins_that_hold_a_secret_are_told_from_others() {
        for (key, secret) in [
            ("password", true),
            ("sudo_Passwd", true),
            ("ca-passphrase", true),
            ("accessToken", true),
            ("client-secret", true),
            ("credentials", true),
            ("client-key-data", true),
            ("private_key", true),
            ("host_key", false),
            ("client-key", false),
        ] {
            assert_eq!(sounds_secret(key), secret, "{key}");
        }
        for (login, secret) in [
            ("ssh://root:hunter2@host/dir", true),
            ("root:hunter2@host", true),
            ("root@host:22", false),
            ("ssh://root@host:22/dir", false),
            ("host:22", false),
        ] {
            assert_eq!(has_login_password(login), secret, "{login}");
        }
    }
}
