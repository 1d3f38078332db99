//! Events of the API: what the kubelet and the controllers say happened to a node or a pod. Of old and new servers,
//! whose times stand in different fields; it holds what is shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::node::{text, time};
use super::percent::encoded;
use crate::plan::remote::Remote;

/// So many events of one object are kept, the newest.
const MOST: usize = 50;

/// One event, as the API counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When it happened last.
    pub last: Option<Timestamp>,
    /// How often it did.
    pub count: u64,
    /// `Normal` or `Warning`.
    pub kind: Remote<String>,
    /// One word, `NodeReady`.
    pub reason: Remote<String>,
    /// What was said.
    pub message: Remote<String>,
    /// The pod it is about; empty = the node.
    pub pod: Remote<String>,
}

/// What the events are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A node of this name.
    Node(String),
    /// A pod: its namespace and its name.
    Pod(String, String),
}

impl About {
    /// The path of the list; the words of its selector are those of all servers since 1.2.
    pub(super) fn path(&self) -> String {
        let (folder, kind, name) = match self {
            Self::Node(name) => ("/api/v1/events".to_owned(), "Node", name),
            Self::Pod(space, name) => (format!("/api/v1/namespaces/{}/events", encoded(space)), "Pod", name),
        };
        let selector = format!("involvedObject.kind={kind},involvedObject.name={name}");
        format!("{folder}?fieldSelector={}", encoded(&selector))
    }
}

impl Happening {
    /// Reads one Event object; `None` = it says nothing.
    pub fn from_json(object: &Value) -> Option<Self> {
        let meta = object.get("metadata").unwrap_or(&Value::Null);
        let series = object.get("series").unwrap_or(&Value::Null);
        let about = object.get("involvedObject").unwrap_or(&Value::Null);
        let pod = about.get("kind").and_then(Value::as_str) == Some("Pod");
        let (reason, message) = (text(object, "reason"), text(object, "message"));
        if reason.is_none() && message.is_none() {
            return None;
        }
        let count = |object: &Value| object.get("count").and_then(Value::as_u64);
        Some(Self {
            last: time(object, "lastTimestamp")
                .or_else(|| time(series, "lastObservedTime"))
                .or_else(|| time(object, "eventTime"))
                .or_else(|| time(object, "firstTimestamp"))
                .or_else(|| time(meta, "creationTimestamp")),
            count: count(series).or_else(|| count(object)).unwrap_or(1).max(1),
            kind: text(object, "type").unwrap_or_default(),
            reason: reason.unwrap_or_default(),
            message: message.unwrap_or_default(),
            pod: text(about, "name").filter(|_| pod).unwrap_or_default(),
        })
    }

    /// It tells of something that is not as it should be.
    pub fn warns(&self) -> bool {
        self.kind == "Warning"
    }
}

/// The newest first, and no more of them than are shown.
pub fn newest(mut all: Vec<Happening>) -> Vec<Happening> {
    all.sort_by_key(|one| std::cmp::Reverse(one.last));
    all.truncate(MOST);
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_time_of_an_event_is_found_in_the_fields_of_old_and_new_servers() {
        let when = "2026-11-23T07:21:03Z";
        for one in [
            json!({"reason": "a", "lastTimestamp": when, "firstTimestamp": "2026-11-23T01:00:00Z", "count": 3}),
            json!({"reason": "a", "lastTimestamp": null, "eventTime": "2026-11-23T01:00:00Z",
                "series": {"count": 3, "lastObservedTime": when}}),
        ] {
            let read = Happening::from_json(&one).unwrap();
            assert_eq!((read.last.unwrap().to_string().as_str(), read.count), (when, 3));
        }
        assert_eq!(Happening::from_json(&json!({"metadata": {"name": "x"}})), None);
    }

    #[test]
    fn names_of_others_stay_words_of_a_path() {
        let path = About::Pod("kube system/..".to_owned(), "a,b&limit=1".to_owned()).path();
        assert_eq!(
            path,
            "/api/v1/namespaces/kube%20system%2F../events?fieldSelector=involvedObject.kind%3DPod%2C\
             involvedObject.name%3Da%2Cb%26limit%3D1"
        );
        assert!(About::Node("w1".to_owned()).path().starts_with("/api/v1/events?fieldSelector="));
    }
}
