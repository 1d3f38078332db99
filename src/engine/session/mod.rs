//! What a run leaves on this computer: the session's folder, and in it the journal and what was made in the cluster.

pub mod folder;
pub mod journal;
pub mod nodes;
pub mod objects;
pub mod version;
