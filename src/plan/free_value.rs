//! Values of any shape in a plan file: mappings whose keys are another program's. Every text in them follows the rules
//! of all texts of a plan, so that other readers of YAML see the same.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::field::{Map, Shape};
use super::kubelet_fields::{KubeletFields, below, number};
use super::tree::{TreeEntry, TreeNode, Value};
use crate::plan::issue::PlanIssue;

impl Shape {
    /// A mapping of any keys; what cannot be kept as it is becomes a remark.
    pub(crate) fn fields(&mut self, map: &mut Map, key: &str, cure: &str) -> Option<KubeletFields> {
        let (field, node) = map.take(key)?;
        let Value::Map(entries) = node.value else {
            self.wrong_type(&field, &node, "a mapping", cure);
            return None;
        };
        Some(self.entries(&field, entries))
    }

    fn entries(&mut self, field: &str, entries: Vec<TreeEntry>) -> KubeletFields {
        let mut all = KubeletFields::new();
        let mut twice = BTreeSet::new();
        for TreeEntry { key, place, node } in entries {
            let field = below(field, &key);
            if let Some(place) = node.place.or(place) {
                self.lines.places.insert(field.clone(), place);
            }
            let value = self.value(&field, node);
            if all.insert(key, value).is_some() && twice.insert(field.clone()) {
                let first = place.map_or(String::new(), |(line, _)| format!("; the first is on line {line}"));
                let what = format!("is written more than once{first}");
                self.issues.push(PlanIssue::wrong(field, what, "keep one"));
            }
        }
        all
    }

    fn value(&mut self, field: &str, node: TreeNode) -> Json {
        match node.value {
            Value::Null => Json::Null,
            Value::Flag(flag) => Json::Bool(flag),
            Value::Number(ref text) => {
                let kept = number(text);
                if kept.is_none() {
                    let wanted = "a number that can be kept";
                    self.wrong_type(field, &node, wanted, "write it in quotes, or smaller");
                }
                kept.map_or(Json::Null, Json::Number)
            }
            Value::Text(_) => self.text_of(field, &node).map_or(Json::Null, Json::String),
            Value::List(items) => {
                let item = |(at, node): (usize, TreeNode)| {
                    let field = format!("{field}[{at}]");
                    if let Some(place) = node.place {
                        self.lines.places.insert(field.clone(), place);
                    }
                    self.value(&field, node)
                };
                Json::Array(items.into_iter().enumerate().map(item).collect())
            }
            Value::Map(entries) => Json::Object(self.entries(field, entries)),
        }
    }
}
