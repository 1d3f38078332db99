//! Durations as Go reads them (`time.ParseDuration`): `1m30s`, `500ms`, `1.5h`, `0`.

use super::amount::BadText;
use crate::plan::issue::shown;

/// The units, with their nanoseconds.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];
/// Go's durations are whole nanoseconds of 64 bits: 292 years.
const LONGEST: f64 = 9.223_372_036_854_775e18;
/// What is longer is no duration that somebody mistyped.
const MOST_TEXT: usize = 20;

/// Whether a duration is less than nothing.
pub(super) fn is_negative(text: &str) -> Result<bool, BadText> {
    match nanoseconds(text) {
        Some(nanoseconds) => Ok(nanoseconds < 0.0),
        None => Err(BadText { what: format!("{} is no duration", shown(text)), cure: cure(text) }),
    }
}

fn nanoseconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() || rest == "0" {
        return (!rest.is_empty()).then_some(0.0);
    }
    let mut all = 0.0;
    while !rest.is_empty() {
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let end = rest.find(|c| !digits(c))?;
        let (number, more) = rest.split_at(end);
        let end = more.find(digits).unwrap_or(more.len());
        let (unit, more) = more.split_at(end);
        if !number.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        }
        let (_, long) = UNITS.iter().find(|(known, _)| *known == unit)?;
        all += number.parse::<f64>().ok()? * long;
        rest = more;
    }
    (all < LONGEST).then_some(sign * all)
}

/// What was meant, where that can be seen.
fn cure(text: &str) -> String {
    const LIKE: &str = "write one like 30s or 1m30s";
    if text.len() > MOST_TEXT {
        return LIKE.to_owned();
    }
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let Ok(count) = number.parse::<u32>() else { return LIKE.to_owned() };
    match unit {
        "" | "sec" | "secs" | "second" | "seconds" | "s" => format!("write {count}s"),
        "min" | "mins" | "minute" | "minutes" | "m" => format!("write {count}m"),
        "hour" | "hours" | "hr" | "hrs" | "h" => format!("write {count}h"),
        "d" | "day" | "days" => format!("write {}h", u64::from(count).saturating_mul(24)),
        _ => LIKE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        for text in ["0", "0s", "1m30s", "1.5h", ".5s", "5.s", "300ms", "1h0m0s", "+5s", "2µs", "-0"] {
            assert_eq!(is_negative(text), Ok(false), "{text}");
        }
        assert_eq!(is_negative("-1m"), Ok(true));
    }

    #[test]
    fn what_was_meant_is_said() {
        for (text, cure) in [
            ("30", "write 30s"),
            ("5 m", "write 5m"),
            ("2min", "write 2m"),
            ("1d", "write 24h"),
            ("1H", "write 1h"),
            ("", "write one like 30s or 1m30s"),
            ("-", "write one like 30s or 1m30s"),
            ("s", "write one like 30s or 1m30s"),
            (".s", "write one like 30s or 1m30s"),
            ("1.2.3s", "write one like 30s or 1m30s"),
            ("never", "write one like 30s or 1m30s"),
            ("9999999999h", "write one like 30s or 1m30s"),
        ] {
            assert_eq!(is_negative(text).unwrap_err().cure, cure, "{text:?}");
        }
    }
}
