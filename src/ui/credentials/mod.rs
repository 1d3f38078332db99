//! Who is asked for secrets and about host keys.

pub mod prompt;
