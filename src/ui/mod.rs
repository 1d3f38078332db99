//! L6: people. What a run looks like as lines or as JSON, what a plan looks like before it runs, and who is
//! asked for secrets and about host keys.

pub mod credentials;
pub mod gallery;
pub mod output;
pub mod panel;
pub mod plain;
pub mod script;
pub mod tui;
pub mod wizard;
