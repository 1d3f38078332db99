//! A YAML document as the plan reader wants it: every scalar with its type *and* the text it was written
//! as, every mapping with all its entries, doubled ones too, and the place of each. Values come from
//! serde_yaml through [`Tree`], places and texts from marked-yaml; [`join`] walks both. No plan words here.

use std::fmt;

use marked_yaml::Node as Marked;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Line and column, both from 1; the column counts characters.
pub(crate) type TextPlace = (usize, usize);

/// A value without places. Unlike `serde_yaml::Value` it keeps doubled keys instead of stopping at them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number, as it reads.
    Number(String),
    /// A string.
    Text(String),
    /// A sequence.
    List(Vec<Tree>),
    /// A mapping, in order.
    Map(Vec<(Tree, Tree)>),
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct TreeNode {
    /// Where it starts.
    pub(crate) place: Option<TextPlace>,
    /// What was written, when it is a scalar.
    pub(crate) source: Option<String>,
    /// Written without quotes.
    pub(crate) plain: bool,
    /// What it is.
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// `null`, `~` or left empty.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number, as it reads.
    Number(String),
    /// A string.
    Text(String),
    /// A sequence.
    List(Vec<TreeNode>),
    /// A mapping, in order, doubled keys included.
    Map(Vec<TreeEntry>),
}

/// One line of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct TreeEntry {
    /// The key's text.
    pub(crate) key: String,
    /// Where the key was first written.
    pub(crate) place: Option<TextPlace>,
    /// The value.
    pub(crate) node: TreeNode,
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Grow)
    }
}

struct Grow;

impl<'de> Visitor<'de> for Grow {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Tree, E> {
        Ok(Tree::Flag(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Tree, E> {
        Ok(Tree::Number(v.to_string()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Tree, E> {
        Ok(Tree::Number(v.to_string()))
    }

    fn visit_i128<E>(self, v: i128) -> Result<Tree, E> {
        Ok(Tree::Number(v.to_string()))
    }

    fn visit_u128<E>(self, v: u128) -> Result<Tree, E> {
        Ok(Tree::Number(v.to_string()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Tree, E> {
        Ok(Tree::Number(v.to_string()))
    }

    fn visit_str<E>(self, v: &str) -> Result<Tree, E> {
        Ok(Tree::Text(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Tree::Map(map))
    }
}

/// Puts places to values. Where the two parsers disagree the place is left out, never guessed.
pub(crate) fn join(tree: Tree, marked: Option<&Marked>) -> TreeNode {
    let scalar = marked.and_then(Marked::as_scalar);
    let mut place = marked.and_then(place_of);
    let value = match tree {
        Tree::Null => Value::Null,
        Tree::Flag(flag) => Value::Flag(flag),
        Tree::Number(number) => Value::Number(number),
        Tree::Text(text) => Value::Text(text),
        Tree::List(items) => {
            let marks = marked.and_then(Marked::as_sequence);
            let join_item = |(at, item)| join(item, marks.and_then(|marks| marks.get_node(at)));
            Value::List(items.into_iter().enumerate().map(join_item).collect())
        }
        Tree::Map(entries) => {
            let marks = marked.and_then(Marked::as_mapping);
            let join_entry = |(key, value): (Tree, Tree)| {
                let key = key.into_text();
                let mark = marks.and_then(|marks| marks.get_key_value(key.as_str()));
                TreeEntry {
                    place: mark.and_then(|(mark, _)| start(mark.span())),
                    node: join(value, mark.map(|(_, value)| value)),
                    key,
                }
            };
            let entries: Vec<TreeEntry> = entries.into_iter().map(join_entry).collect();
            // A block mapping's own mark is not where a reader sees it begin: at its first key.
            place = entries.iter().filter_map(|entry| entry.place).min().or(place);
            Value::Map(entries)
        }
    };
    TreeNode {
        place,
        source: scalar.map(|scalar| scalar.as_str().to_owned()),
        // `prevent_coercion` makes the loader set this from the style: only plain text may coerce.
        plain: scalar.is_some_and(marked_yaml::types::MarkedScalarNode::may_coerce),
        value,
    }
}

fn place_of(node: &Marked) -> Option<TextPlace> {
    start(node.span())
}

fn start(span: &marked_yaml::Span) -> Option<TextPlace> {
    span.start().map(|mark| (mark.line(), mark.column()))
}

impl Tree {
    /// A key as text; keys are words in every file this program reads.
    fn into_text(self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(text) | Self::Text(text) => text,
            Self::List(_) => "[...]".to_owned(),
            Self::Map(_) => "{...}".to_owned(),
        }
    }
}
