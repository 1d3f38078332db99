//! Lists of the API, read item by item: what a list weighs as a tree is many times its text, so an item is made into
//! what is kept of it before the next one is read. Fields of the list other than `metadata` and `items` are passed
//! over without being held.

use std::cell::Cell;
use std::io::{BufReader, Error, ErrorKind, Read};
use std::rc::Rc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::ByteLimit;

/// Items of a list that are read at most: Kubernetes itself serves 5,000 nodes.
pub const MOST_ITEMS: usize = 5_000;

/// Reads `{"metadata": {...}, "items": [...]}` and hands each item to `keep`. Returns the list's resource version,
/// `None` when it names none. Errors: text that is no such object, an item over `item`, a whole over `whole`, more
/// than [`MOST_ITEMS`] items.
pub fn each_item(
    stream: impl Read,
    whole: &ByteLimit,
    item: &ByteLimit,
    mut keep: impl FnMut(Value),
) -> Result<Option<String>, serde_json::Error> {
    let left = Rc::new(Cell::new(item.bytes));
    let stream = Metered { stream, whole: whole.bytes, piece: Rc::clone(&left), told: (*whole, *item) };
    let mut reader = serde_json::Deserializer::from_reader(BufReader::with_capacity(16 * 1024, stream));
    let version = reader.deserialize_map(ListFields { keep: &mut keep, left, item: item.bytes })?;
    reader.end()?;
    Ok(version)
}

/// Counts what goes by; `piece` is given anew for each item.
struct Metered<R> {
    stream: R,
    whole: u64,
    piece: Rc<Cell<u64>>,
    told: (ByteLimit, ByteLimit),
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.stream.read(buffer)?;
        let length = count as u64;
        let over =
            |limit: &ByteLimit| Error::new(ErrorKind::FileTooLarge, format!("it {}", limit.exceeded()));
        self.whole = self.whole.checked_sub(length).ok_or_else(|| over(&self.told.0))?;
        let left = self.piece.get().checked_sub(length).ok_or_else(|| over(&self.told.1))?;
        self.piece.set(left);
        Ok(count)
    }
}

struct ListFields<'a, K> {
    keep: &'a mut K,
    left: Rc<Cell<u64>>,
    item: u64,
}

impl<'de, K: FnMut(Value)> Visitor<'de> for ListFields<'_, K> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of the API")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut version = None;
        while let Some(field) = map.next_key::<String>()? {
            match field.as_str() {
                "items" => {
                    map.next_value_seed(Items { keep: self.keep, left: &self.left, item: self.item })?;
                }
                "metadata" => {
                    let meta: Option<ListMetadata> = map.next_value()?;
                    version = meta.and_then(|meta| meta.resource_version);
                }
                _ => {
                    let _: IgnoredAny = map.next_value()?;
                }
            }
            self.left.set(self.item);
        }
        Ok(version)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    resource_version: Option<String>,
}

struct Items<'a, K> {
    keep: &'a mut K,
    left: &'a Cell<u64>,
    item: u64,
}

impl<'de, K: FnMut(Value)> DeserializeSeed<'de> for Items<'_, K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // An empty list of Go may be null.
        deserializer.deserialize_option(self)
    }
}

impl<'de, K: FnMut(Value)> Visitor<'de> for Items<'_, K> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the items of a list")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(one) = items.next_element::<Value>()? {
            count += 1;
            if count > MOST_ITEMS {
                return Err(A::Error::custom(format!("it holds more than {MOST_ITEMS} items")));
            }
            (self.keep)(one);
            self.left.set(self.item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::repeat;

    use super::*;
    use crate::limits::{API_LIST, API_OBJECT};

    fn read(stream: impl Read) -> Result<(Option<String>, Vec<Value>), serde_json::Error> {
        let mut all = Vec::new();
        let version = each_item(stream, &API_LIST, &API_OBJECT, |one| all.push(one))?;
        Ok((version, all))
    }

    #[test]
    fn a_list_gives_its_items_in_order_and_its_version() {
        let text = br#"{"kind":"NodeList","metadata":{"selfLink":"x","resourceVersion":"7"},"items":[{"a":1},{"b":2}]}"#;
        let (version, all) = read(text.as_slice()).unwrap();
        assert_eq!(version.as_deref(), Some("7"));
        assert_eq!(all, [serde_json::json!({"a": 1}), serde_json::json!({"b": 2})]);
        for empty in [r#"{"items":null}"#, r#"{"items":[]}"#, "{}", r#"{"metadata":null}"#] {
            assert_eq!(read(empty.as_bytes()).unwrap(), (None, Vec::new()));
        }
        for wrong in ["[]", "7", r#"{"items":{}}"#, r#"{"items":[1"#, "{} {}", ""] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn many_items_pass_that_together_are_larger_than_one_may_be() {
        let item = format!(r#"{{"pad":"{}"}},"#, "x".repeat(30 * 1024));
        let begin = br#"{"items":["#.as_slice().chain(std::io::Cursor::new(item.repeat(999)));
        let stream = begin.chain(br#"{}],"metadata":{"resourceVersion":"9"}}"#.as_slice());
        let mut count = 0;
        let version = each_item(stream, &API_LIST, &API_OBJECT, |_| count += 1).unwrap();
        assert_eq!((count, version.as_deref()), (1000, Some("9")));
    }

    #[test]
    fn an_endless_item_field_or_list_ends_with_an_error() {
        for begin in [r#"{"items":[{"a":""#, r#"{"other":""#, r#"{"metadata":{"a":""#, r#"{""#] {
            let error = read(begin.as_bytes().chain(repeat(b'x'))).unwrap_err().to_string();
            assert!(error.contains("more than 4 MiB"), "{error}");
        }
        let small = ByteLimit { what: "a test", bytes: 1000, why: "it is one" };
        let stream = br#"{"items":["#.as_slice().chain(std::io::Cursor::new("{},".repeat(1000)));
        assert!(each_item(stream, &small, &API_OBJECT, |_| {}).unwrap_err().to_string().contains("a test"));
        let stream = br#"{"items":["#.as_slice().chain(std::io::Cursor::new("{},".repeat(5001)));
        assert!(read(stream).unwrap_err().to_string().contains("more than 5000 items"));
    }
}
