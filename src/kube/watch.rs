//! The lines of a node watch as events. It neither lists nor starts again: who reads it does.

use std::fmt;
use std::io::{BufReader, Read};

use serde_json::Value;

use super::node::NodeEvent;
use crate::limits::API_OBJECT;
use crate::limits::lines::next_line;

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
            // Broken, ended and endless are the same to who watches; half a line is no event.
            let line = next_line(&mut self.lines, &API_OBJECT).ok()??;
            let event: Option<Value> = serde_json::from_slice(&line).ok();
            if let Some(event) = event.and_then(|event| NodeEvent::from_json(&event)) {
                return Some(event);
            }
        }
    }
}
