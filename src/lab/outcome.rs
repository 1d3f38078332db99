//! How an action ended: what it printed, or its status and what it complained.

/// How an action failed: its status and what it complained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed(pub i32, pub String);

pub(crate) type ActResult = Result<String, Failed>;

pub(crate) fn failed<T>(why: impl Into<String>) -> Result<T, Failed> {
    Err(Failed(1, why.into()))
}
