//! Kubernetes quantities (`500Mi`, `0.1`, `100m`, `1e3`) as exact numbers. Only for comparing.

/// A quantity in billionths; `None` when the text is none or too large.
pub fn billionths(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let scale: (i128, i128) = match suffix {
        "n" => (1, 1),
        "u" => (1_000, 1),
        "m" => (1_000_000, 1),
        "" => (1, 0),
        "k" => (1_000, 0),
        "M" => (1_000_000, 0),
        "G" => (1_000_000_000, 0),
        "T" => (1_000_000_000_000, 0),
        "P" => (1_000_000_000_000_000, 0),
        "E" => (1_000_000_000_000_000_000, 0),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => return with_exponent(number, suffix),
    };
    let (factor, small) = scale;
    let value = decimal(number)?.checked_mul(factor)?;
    // The decimal is already in billionths; the small suffixes are parts of one.
    if small == 1 { exact_div(value, 1_000_000_000) } else { Some(value) }
}

fn with_exponent(number: &str, suffix: &str) -> Option<i128> {
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let factor = 10i128.checked_pow(power.unsigned_abs())?;
    let value = decimal(number)?;
    if power < 0 { exact_div(value, factor) } else { value.checked_mul(factor) }
}

/// `-12.5` in billionths.
fn decimal(number: &str) -> Option<i128> {
    let (negative, digits) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || part.len() > 9 || !plain(whole) || !plain(part) {
        return None;
    }
    let value: i128 = format!("{whole}{part:0<9}").parse().ok()?;
    Some(if negative { -value } else { value })
}

fn exact_div(value: i128, by: i128) -> Option<i128> {
    (value % by == 0).then_some(value / by)
}

#[cfg(test)]
mod tests {
    use super::billionths;

    #[test]
    fn same_amounts_are_equal() {
        for (a, b) in
            [("500Mi", "524288000"), ("0.1", "100m"), ("1", "1000m"), ("1e3", "1k"), ("1.5Gi", "1536Mi")]
        {
            assert!(billionths(a).is_some(), "{a}");
            assert_eq!(billionths(a), billionths(b), "{a} {b}");
        }
        assert_ne!(billionths("500Mi"), billionths("500M"));
        assert_eq!(billionths("-1"), Some(-1_000_000_000));
    }

    #[test]
    fn other_texts_are_none() {
        for text in
            ["", ".", "Mi", "1Mib", "1 Gi", "1-2", "1e99", "99999999999999999999999999999999999E", "0x10"]
        {
            assert_eq!(billionths(text), None, "{text}");
        }
    }
}
