//! What readers of YAML 1.1, such as Go's, see in texts that are strings in YAML 1.2.

/// What YAML 1.1 readers such as Go's make of plain text that is a string in YAML 1.2.
pub(super) fn other_kind(text: &str) -> Option<&'static str> {
    let low = text.to_ascii_lowercase();
    if matches!(low.as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false") {
        return Some("a truth value");
    }
    if matches!(low.as_str(), "null" | "~") {
        return Some("nothing");
    }
    let bare = low.replace('_', "");
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let decimal = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && bare.bytes().all(|b| b.is_ascii_digit() || b"+-.e".contains(&b))
        && bare.parse::<f64>().is_ok();
    let based = ["0x", "0o", "0b"].iter().any(|base| {
        let rest = bare.strip_prefix(base);
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    let sexagesimal = bare.contains(':')
        && bare.split(':').all(digits)
        && bare.split(':').skip(1).all(|part| part.len() <= 2 && part < "60");
    if decimal || based || sexagesimal { Some("a number") } else { None }
}

/// Whether a text needs quotes so that a YAML 1.1 reader sees a string.
pub(super) fn is_ambiguous(text: &str) -> bool {
    matches!(text, "<<" | "=") || other_kind(text).is_some() || {
        text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._:".contains(&b))
            && text.bytes().any(|b| b.is_ascii_digit())
            && text.parse::<std::net::IpAddr>().is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_other_yaml_readers_see() {
        for text in ["yes", "NO", "on", "y", "True", "~"] {
            assert_ne!(other_kind(text), None, "{text}");
        }
        for text in ["0644", "1_000", "1_0.5", "12:30", "0x1F", "685.230_15e+03", "0899"] {
            assert_eq!(other_kind(text), Some("a number"), "{text}");
        }
        for text in ["192.168.2.1", "fd00::1", "10.3.0.0/24", "worker01", "1.20.2", "yesterday", "-", "e"] {
            assert_eq!(other_kind(text), None, "{text}");
        }
    }
}
