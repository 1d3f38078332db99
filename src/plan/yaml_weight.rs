//! What a YAML document grows to when its aliases are followed: ten lines can make gigabytes. It is weighed without
//! being held, before a reader that holds it.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// Values of a document at most, aliases followed: a plan of a thousand workers has twenty thousand.
pub const MOST_VALUES: usize = 100_000;

/// Bytes of text at most, aliases followed.
pub const MOST_TEXT: usize = 8 * 1024 * 1024;

/// Lines of directives (`%TAG`) at most: the readers compare each with all before it, and a document has none or one.
const MOST_DIRECTIVES: usize = 16;

/// Brackets may be so deep: the readers refuse more than 128, but their scanner looks at all that are open for each
/// word it reads.
const DEEPEST: usize = 500;

/// What there is too much of in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// Brackets in brackets.
    Depth,
    /// Directives (`%TAG`).
    Directives,
    /// Values or text, aliases followed.
    Values,
}

/// Whether a document has no more than it may.
pub fn is_bearable(text: &str) -> bool {
    weigh(text).is_ok()
}

/// What a document has too much of. What is no YAML passes: its reader says what is wrong with it.
pub fn weigh(text: &str) -> Result<(), TooMuch> {
    look_over(text)?;
    let (values, bytes) = (Cell::new(0_usize), Cell::new(0_usize));
    for document in serde_yaml::Deserializer::from_str(text) {
        let scale = Scale { values: &values, bytes: &bytes };
        if scale.deserialize(document).is_err() {
            break;
        }
    }
    if values.get() > MOST_VALUES || bytes.get() > MOST_TEXT { Err(TooMuch::Values) } else { Ok(()) }
}

/// What costs a reader more than its length, seen before one begins: brackets are counted alone, for in texts and
/// comments they are few.
fn look_over(text: &str) -> Result<(), TooMuch> {
    let (mut depth, mut directives, mut begins) = (0_usize, 0_usize, true);
    for c in text.chars() {
        match c {
            '[' | '{' => depth = depth.saturating_add(1),
            ']' | '}' => depth = depth.saturating_sub(1),
            '%' if begins => directives = directives.saturating_add(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(TooMuch::Depth);
        }
        if directives > MOST_DIRECTIVES {
            return Err(TooMuch::Directives);
        }
        begins = matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Scale<'a> {
    values: &'a Cell<usize>,
    bytes: &'a Cell<usize>,
}

impl Scale<'_> {
    fn add<E: Error>(self, bytes: usize) -> Result<(), E> {
        self.values.set(self.values.get().saturating_add(1));
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        if self.values.get() > MOST_VALUES || self.bytes.get() > MOST_TEXT {
            return Err(E::custom("too much"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Scale<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scale<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.add(0)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.add(0)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.add(0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.add(0)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.add(0)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.add(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.add(0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.add(text.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.add(0)?;
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.add(0)?;
        while map.next_key_seed(self)?.is_some() {
            map.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let ((), value) = tagged.variant_seed(self)?;
        value.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Each line names the one before it ten times.
    fn laughs(lines: usize, first: &str) -> String {
        let mut text = format!("a0: &a0 {first}\n");
        for line in 1..lines {
            let before = format!("*a{}", line - 1);
            let _ = writeln!(text, "a{line}: &a{line} [{}]", vec![before; 10].join(", "));
        }
        text
    }

    #[test]
    fn aliases_that_multiply_are_too_heavy_and_the_honest_ones_are_not() {
        // What serde_yaml's own limit on repetition ends is no weight.
        let refused =
            |text: &str| !is_bearable(text) || serde_yaml::from_str::<serde_yaml::Value>(text).is_err();
        assert!(refused(&laughs(9, "x")));
        let texts = format!("a: &a {}\nall: [{}]\n", "x".repeat(10_000), vec!["*a"; 1000].join(", "));
        assert!(!is_bearable(&texts), "text counts too");
        assert!(!is_bearable(&format!("!tag\n{texts}")), "under a tag");
        assert!(!is_bearable(&format!("b: 1\n---\n{texts}")), "in a later document");
        assert!(is_bearable(&laughs(3, "x")));
        let list = format!("base: &base {{a: 1, b: [2, 3]}}\nall:\n{}", "- <<: *base\n".repeat(2000));
        assert!(is_bearable(&list));
        assert!(is_bearable("a: [1, x"), "no YAML is for its reader");
        assert!(is_bearable(""));
    }

    #[test]
    fn directives_and_brackets_without_end_are_told_before_a_reader_begins() {
        for begin in ["", "\u{feff}", "# x\r"] {
            let tags = "%TAG !t! t\n".repeat(40_000);
            assert_eq!(weigh(&format!("{begin}{tags}--- 1\n")), Err(TooMuch::Directives));
        }
        let (one, other) = ("[{".repeat(500_000), "a: 100%\n".repeat(100));
        assert_eq!(weigh(&one), Err(TooMuch::Depth));
        assert_eq!(weigh(&format!("%YAML 1.1\n%TAG ! x\n---\n{other}")), Ok(()));
    }

    #[test]
    fn a_document_of_half_a_megabyte_that_grows_to_gigabytes_is_told_quickly() {
        let list = format!("a: &a [{}]\n", vec!["x"; 100_000].join(","));
        let text = format!("{list}{}", "- *a\n".repeat(80_000));
        let begin = std::time::Instant::now();
        assert!(!is_bearable(&text));
        assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
    }
}
