//! Contents of files where messages are written down: in their place stands a mark with their length and hash, so
//! that no key and no token that somebody's file holds gets anywhere else.

use serde::{Deserialize, Deserializer, Serializer};

use super::action::sha256;

const BEGIN: &str = "<contents: ";

/// The mark of these bytes; of a mark, itself.
fn of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with(BEGIN) && text.ends_with('>') && text.len() < 120 => text.to_owned(),
        Ok(_) | Err(_) => format!("{BEGIN}{} bytes, SHA-256 {}>", bytes.len(), sha256(bytes)),
    }
}

/// For `#[serde(with)]` on bytes.
///
/// # Errors
/// As the serializer has them.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&of(bytes))
}

/// The mark itself takes the place of the bytes.
///
/// # Errors
/// It is no text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    String::deserialize(deserializer).map(String::into_bytes)
}

/// The same for bytes that may not be there.
pub mod option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// For `#[serde(with)]` on bytes that may not be there.
    ///
    /// # Errors
    /// As the serializer has them.
    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(super::of).serialize(serializer)
    }

    /// The mark itself takes the place of the bytes.
    ///
    /// # Errors
    /// It is no text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        Option::<String>::deserialize(deserializer).map(|text| text.map(String::into_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_its_own_mark_and_shows_nothing_of_what_it_stands_for() {
        let mark = of(b"canary");
        assert!(!mark.contains("canary") && mark.contains("6 bytes"), "{mark}");
        assert_eq!(of(mark.as_bytes()), mark);
    }
}
