//! What a run leaves on this computer: the session's folder and the journal in it.

pub mod folder;
pub mod journal;
pub mod version;
