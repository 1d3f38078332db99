//! How a moment is written: for a person, and for openssl.

use jiff::Timestamp;

/// To the minute, for a person.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// UTCTime up to 2049, GeneralizedTime after, as RFC 5280 wants it in the certificate.
pub(super) fn date(time: Timestamp) -> String {
    let year = time.strftime("%Y").to_string();
    let form = if year.as_str() < "2050" { "%y%m%d%H%M%SZ" } else { "%Y%m%d%H%M%SZ" };
    time.strftime(form).to_string()
}
