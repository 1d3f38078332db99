//! Where something happens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place: one queue of work each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The operator's computer; `here` in files and events.
    #[serde(rename = "here")]
    Local,
    /// The host that holds the CA's key.
    CaHost,
    /// The cluster, through its API.
    Cluster,
    /// A worker, by node name.
    Worker(String),
}

/// What the places that are no workers are called in files and events.
const RESERVED: [&str; 3] = ["here", "ca-host", "cluster"];

impl Place {
    /// The place that is written so in files and events.
    pub fn of_word(word: &str) -> Self {
        match word {
            "here" => Self::Local,
            "ca-host" => Self::CaHost,
            "cluster" => Self::Cluster,
            name => Self::Worker(name.strip_prefix("worker/").unwrap_or(name).to_owned()),
        }
    }

    /// Whether it is the worker of this name; a place that is called so is none.
    pub fn is_worker(&self, name: &str) -> bool {
        matches!(self, Self::Worker(worker) if worker == name)
    }
}

/// No two places are written alike: a worker that is called like another place gets `worker/` before its name, and
/// no node's name has a slash in it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("here"),
            Self::CaHost => f.write_str("ca-host"),
            Self::Cluster => f.write_str("cluster"),
            Self::Worker(name) if RESERVED.contains(&name.as_str()) => write!(f, "worker/{name}"),
            Self::Worker(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_called_like_a_place_is_written_as_a_worker() {
        let places = [Place::Local, Place::CaHost, Place::Cluster];
        for place in places {
            let name = place.to_string();
            let worker = Place::Worker(name.clone());
            assert_eq!(worker.to_string(), format!("worker/{name}"));
            assert!(worker.is_worker(&name) && !place.is_worker(&name));
        }
        assert_eq!(Place::Worker("w1".to_owned()).to_string(), "w1");
    }

    #[test]
    fn a_place_is_found_again_by_the_word_it_is_written_as() {
        let workers = ["here", "ca-host", "cluster", "w1"].map(|name| Place::Worker(name.to_owned()));
        for place in [Place::Local, Place::CaHost, Place::Cluster].into_iter().chain(workers) {
            assert_eq!(Place::of_word(&place.to_string()), place);
        }
    }
}
