//! Who is asked for secrets and about host keys, and where secrets are kept.

pub mod prompt;
pub mod vault;
