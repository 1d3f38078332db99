//! What is never written where messages are: secrets, what is typed while one is asked, and contents of files. In its
//! place stands a mark, and the mark is what is read back.

const MARK: &str = "<not written>";

/// A text.
pub mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::MARK;

    /// Writes the mark.
    pub fn serialize<S: Serializer>(_: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MARK)
    }

    /// Reads the mark.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

/// A secret, or that nobody said one.
pub mod secret {
    use serde::{Deserialize, Deserializer, Serializer};
    use zeroize::Zeroizing;

    use super::MARK;

    /// Writes whether there is one.
    pub fn serialize<S: Serializer>(
        secret: &Option<Zeroizing<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match secret {
            Some(_) => serializer.serialize_some(MARK),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the mark.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Zeroizing<String>>, D::Error> {
        Option::<String>::deserialize(deserializer).map(|mark| mark.map(Zeroizing::new))
    }
}

/// A key.
pub mod key {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::MARK;
    use crate::ui::wizard::key::{Key, KeyCode};

    /// Writes the mark.
    pub fn serialize<S: Serializer>(_: &Key, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MARK)
    }

    /// Any letter takes its place.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        String::deserialize(deserializer).map(|_| Key::plain(KeyCode::Char('*')))
    }
}

/// Lines of a file, as they are shown.
pub mod lines {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::MARK;
    use crate::ui::wizard::role::Role;

    /// Writes what each line is, and the mark for what is in it.
    pub fn serialize<S: Serializer>(lines: &[(Role, String)], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(lines.iter().map(|(role, _)| (role, MARK)))
    }

    /// Reads the marks.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(Role, String)>, D::Error> {
        Vec::deserialize(deserializer)
    }
}
