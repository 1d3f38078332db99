//! Names of others as words of a path.

/// Percent-encodes a part of a path or query.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&crate::plan::hex::encode(&[byte]).to_ascii_uppercase());
        }
    }
    out
}
