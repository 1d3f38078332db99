//! What the commands print: lines, JSON, a plan before it runs, explanations.

pub mod alike;
pub mod certificates;
pub mod doctor;
pub mod drain;
pub mod explain;
pub mod for_runtime;
pub mod incident;
pub mod json;
pub mod lines;
pub mod preview;
pub mod say;
pub mod undo;
pub mod wrap;
