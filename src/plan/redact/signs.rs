//! By what a secret is told.

/// A line or key with one of these may hold a secret; compared in lower case.
const PARTS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "credential",
    "key-data",
    "private",
    "bearer",
    "apikey",
    "api-key",
];
/// The same of a whole word of a key: `registry-pass`, `DB_PWD`, `auth`.
const WHOLE: [&str; 5] = ["pass", "pwd", "auth", "authorization", "cookie"];
/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// Whether a line or key sounds as if a secret were there.
pub fn sounds_secret(text: &str) -> bool {
    let text = text.to_lowercase();
    PARTS.iter().any(|part| text.contains(part))
        || text.split(|c: char| !c.is_alphanumeric()).any(|word| WHOLE.contains(&word))
}

/// Whether a text may be a login with its password, `user:password@host`, with or without a scheme.
pub fn has_login_password(text: &str) -> bool {
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    after_scheme.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'))
}
