//! Quantities and percentages as a kubelet reads them: `10Mi`, `1.5G`, `500m`, `1e3`, `10%`
//! (`ParseQuantity` in `pkg/api/resource` of k8s.io/apimachinery v0.37.2).

use crate::plan::issue::shown;

/// Why a text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadText {
    /// What is so.
    pub(super) what: String,
    /// What to write.
    pub(super) cure: String,
}

/// A quantity, as far as a kubelet looks at it before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QuantityText<'a> {
    negative: bool,
    /// Digits before the point, without zeros at the front.
    whole: &'a str,
    /// Digits behind it.
    part: &'a str,
    suffix: &'a str,
}

/// Suffixes of powers of ten, with the power; those of two are in [`BINARY`].
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
/// Suffixes of powers of two, and how many decimal digits of the number fit beside each.
const BINARY: [(&str, usize); 6] = [("Ki", 11), ("Mi", 8), ("Gi", 5), ("Ti", 2), ("Pi", 0), ("Ei", 0)];
/// So many digits are reckoned with, and so many does a whole number of 64 bits have at most.
const MOST_DIGITS: usize = 18;
const MOST_PLACES: usize = 19;

/// Reads a quantity; more than one sign, a blank or another suffix is refused.
pub(super) fn quantity(text: &str) -> Result<QuantityText<'_>, BadText> {
    let wrong = || BadText { what: format!("{} is no quantity", shown(text)), cure: cure(text) };
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + part.len() == 0 || part.contains('.') || exponent(suffix).is_none() && !is_binary(suffix)
    {
        return Err(wrong());
    }
    Ok(QuantityText { negative, whole: whole.trim_start_matches('0'), part, suffix })
}

fn is_binary(suffix: &str) -> bool {
    BINARY.iter().any(|(known, _)| *known == suffix)
}

/// The power of ten of a suffix, `k`, `e3` or nothing.
fn exponent(suffix: &str) -> Option<i32> {
    DECIMAL.iter().find(|(known, _)| *known == suffix).map(|(_, power)| *power).or_else(|| {
        let digits = suffix.strip_prefix(['e', 'E'])?;
        digits.parse().ok()
    })
}

impl QuantityText<'_> {
    /// It is nothing, whatever stands behind it.
    pub(super) fn is_zero(self) -> bool {
        self.whole.is_empty() && self.part.bytes().all(|digit| digit == b'0')
    }

    /// It is less than nothing.
    pub(super) fn is_negative(self) -> bool {
        self.negative && !self.is_zero()
    }

    /// `m` is a thousandth, where somebody who writes memory may mean a million.
    pub(super) fn is_thousandths(self) -> bool {
        self.suffix == "m"
    }

    /// A whole number, as a kubelet takes the size of a log: it does not reckon with parts.
    pub(super) fn is_whole(self) -> bool {
        let digits = self.whole.len().saturating_add(self.part.len());
        if let Some((_, room)) = BINARY.iter().find(|(suffix, _)| *suffix == self.suffix) {
            return self.part.is_empty() && self.whole.len() <= *room;
        }
        let power = exponent(self.suffix).and_then(|power| usize::try_from(power).ok());
        power.is_some_and(|power| {
            let places = digits.saturating_add(power).saturating_sub(self.part.len());
            digits <= MOST_DIGITS && self.part.len() <= power && places <= MOST_PLACES
        })
    }
}

/// What was meant, where that can be seen.
fn cure(text: &str) -> String {
    const LIKE: &str = "write a number with one of k, M, G, Ki, Mi, Gi behind it, like 100Mi";
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(40).collect();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let suffix = suffix.to_ascii_lowercase();
    let unit = ["bytes", "byte", "b"].iter().find_map(|word| suffix.strip_suffix(word)).unwrap_or(&suffix);
    let (letter, binary) = (unit.get(..1).unwrap_or_default(), unit.get(1..).unwrap_or_default());
    if !number.starts_with(|c: char| c.is_ascii_digit()) || number.matches('.').count() > 1 {
        return LIKE.to_owned();
    }
    let Some(upper) = ["K", "M", "G", "T", "P", "E"].iter().find(|upper| upper.eq_ignore_ascii_case(letter))
    else {
        return if unit.is_empty() { format!("write {number}") } else { LIKE.to_owned() };
    };
    let lower = if *upper == "K" { "k" } else { upper };
    match binary {
        "" => format!("write {number}{upper}i or {number}{lower}"),
        "i" => format!("write {number}{upper}i"),
        _ => LIKE.to_owned(),
    }
}

/// Reads `10%`, as a number of percent. An eviction threshold may have parts of one.
pub(super) fn percent(text: &str) -> Result<f32, BadText> {
    let number = text.trim_end_matches('%');
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    number.parse().ok().filter(|_| plain).filter(|number: &f32| number.is_finite()).ok_or_else(|| BadText {
        what: format!("{} is no percentage", shown(text)),
        cure: "write one like 10%".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kubelet_reads_is_read() {
        for text in [
            "0", "1", "-1", "+1.5", "1.", ".5", "100Mi", "10M", "1e3", "1E3", "2E", "500m", "1.5Gi", "007k",
            "1e-3",
        ] {
            assert!(quantity(text).is_ok(), "{text}");
        }
        assert!(quantity("0.00Gi").unwrap().is_zero() && !quantity("0.01").unwrap().is_zero());
        assert!(quantity("-1").unwrap().is_negative() && !quantity("-0").unwrap().is_negative());
    }

    #[test]
    fn what_was_meant_is_said() {
        for (text, cure) in [
            ("10MB", "write 10Mi or 10M"),
            ("10mb", "write 10Mi or 10M"),
            ("100MiB", "write 100Mi"),
            ("1 Gi", "write 1Gi"),
            ("1gi", "write 1Gi"),
            ("10K", "write 10Ki or 10k"),
            ("10 kB", "write 10Ki or 10k"),
            ("512 bytes", "write 512"),
            ("1.5g", "write 1.5Gi or 1.5G"),
            ("", "write a number with one of k, M, G, Ki, Mi, Gi behind it, like 100Mi"),
            ("Mi", "write a number with one of k, M, G, Ki, Mi, Gi behind it, like 100Mi"),
            ("10%", "write a number with one of k, M, G, Ki, Mi, Gi behind it, like 100Mi"),
            ("1.2.3", "write a number with one of k, M, G, Ki, Mi, Gi behind it, like 100Mi"),
        ] {
            assert_eq!(quantity(text).unwrap_err().cure, cure, "{text:?}");
        }
        assert_eq!(quantity("10MB").unwrap_err().what, "\"10MB\" is no quantity");
        assert!(quantity("1名i").is_err());
    }

    #[test]
    fn the_size_of_a_log_is_a_whole_number_of_bytes() {
        for text in ["10Mi", "10M", "1.5M", "5e3", "0", "-1", "1000000", "99999Gi", "1e18"] {
            assert!(quantity(text).unwrap().is_whole(), "{text}");
        }
        for text in ["1.5Gi", "1.5", "500m", "1.0", "1e-1", "999999Gi", "1e19", "0.0000000000000000001E"] {
            assert!(!quantity(text).unwrap().is_whole(), "{text}");
        }
    }

    #[test]
    fn percentages_may_have_parts() {
        for (text, number) in [("10%", 10.0), ("0.5%", 0.5), ("-1%", -1.0), ("1e1%", 10.0)] {
            assert_eq!(percent(text), Ok(number), "{text}");
        }
        for text in ["%", "ten%", "nan%", "inf%", "1 %", "0x1%"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
