//! What lies over a screen.

pub mod bulk;
pub mod explain;
