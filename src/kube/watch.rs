//! The lines of a node watch as events. It neither lists nor starts again: who reads it does.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use super::node::NodeEvent;

/// Events of a watch, in order.
pub struct NodeWatch {
    lines: BufReader<Box<dyn Read + Send>>,
}

impl NodeWatch {
    pub(super) fn over(reader: impl Read + Send + 'static) -> Self {
        Self { lines: BufReader::new(Box::new(reader)) }
    }
}

impl fmt::Debug for NodeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeWatch(..)")
    }
}

impl Iterator for NodeWatch {
    type Item = NodeEvent;

    fn next(&mut self) -> Option<NodeEvent> {
        loop {
            let mut line = Vec::new();
            // Broken and ended are the same to who watches; half a line is no event.
            if self.lines.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            let event: Option<Value> = serde_json::from_slice(&line).ok();
            if let Some(event) = event.and_then(|event| NodeEvent::from_json(&event)) {
                return Some(event);
            }
        }
    }
}
