//! What the threads say: plain data, each with the time it was true.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::host::{HostDetail, Sample};
use crate::kube::{Happening, NodeNews};
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;

/// One thing that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Update {
    /// From or about a host.
    Host {
        /// The worker it is.
        place: Place,
        /// When, by this computer's clock.
        at: Timestamp,
        /// What its thread learnt.
        news: HostNews,
    },
    /// Of the log that is followed.
    Log {
        /// Its number, so that what an earlier one said is told apart.
        number: u64,
        /// What its thread learnt.
        news: LogNews,
    },
    /// About the API.
    Api {
        /// When, by this computer's clock.
        at: Timestamp,
        /// What the API's thread learnt.
        news: ApiNews,
    },
}

/// What is heard of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostNews {
    /// It is being connected to.
    Connecting,
    /// Its stream is open.
    Up {
        /// User, address and port, `root@10.0.0.1:22`.
        login: String,
    },
    /// A look at it.
    Sample(Sample),
    /// Its journal and its certificates, asked for while it is opened.
    Detail(HostDetail),
    /// There is no stream.
    Down {
        /// Why, in one sentence.
        why: String,
        /// The stable code, where there is one.
        code: Option<ProblemCode>,
        /// When it is tried next; `None` = when somebody says so.
        again: Option<Timestamp>,
    },
}

/// What is heard of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogNews {
    /// It is open.
    Open,
    /// Lines, cleaned.
    Lines(Vec<String>),
    /// Nothing more will come, and why.
    Ended(String),
}

/// What is heard of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiNews {
    /// Somebody is logging in.
    SigningIn,
    /// Something about the nodes.
    Nodes(NodeNews),
    /// The events of a node and its pods, asked for while its host is opened.
    Happenings {
        /// The node.
        node: String,
        /// The newest first, or why they could not be asked for.
        said: Result<Vec<Happening>, String>,
    },
    /// The nodes are listed again and again, as there is no watch.
    Listing {
        /// Why there is none.
        why: String,
    },
    /// Nothing is known of the nodes now.
    Down {
        /// Why, in one sentence.
        why: String,
        /// When it is tried next.
        again: Timestamp,
    },
}
