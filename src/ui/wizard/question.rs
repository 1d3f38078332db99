//! What somebody waits for, and the answer.

use serde::{Deserialize, Serialize};

use crate::host::TrustAnswer;
use crate::plan::place::Place;
use crate::step::StepId;
use crate::ui::wizard::undoing::TakeBackList;
use crate::ui::wizard::unwritten;

/// A question somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// A password or passphrase.
    Secret {
        /// In words.
        prompt: String,
    },
    /// An unknown host key.
    Trust {
        /// Which host.
        host: String,
        /// Kind of key.
        kind: String,
        /// Its fingerprint, `SHA256:...`.
        fingerprint: String,
        /// What else is known.
        note: String,
    },
    /// Guided pace: the next step.
    GoOn {
        /// Whose step it is.
        place: Place,
        /// Which step.
        step: StepId,
        /// Its actions, titles.
        actions: Vec<String>,
    },
    /// All this is taken back, once a name is typed.
    TakeBack(TakeBackList),
}

/// The answer to a question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// A secret; `None` = nobody says.
    Secret(#[serde(with = "unwritten::secret")] Option<zeroize::Zeroizing<String>>),
    /// What becomes of an unknown host key.
    Trust(TrustAnswer),
    /// Go on.
    GoOn(bool),
    /// It may be taken back.
    TakeBack(bool),
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret(given) => write!(f, "Secret({})", if given.is_some() { "given" } else { "none" }),
            Self::Trust(word) => write!(f, "Trust({word:?})"),
            Self::GoOn(yes) => write!(f, "GoOn({yes})"),
            Self::TakeBack(yes) => write!(f, "TakeBack({yes})"),
        }
    }
}
