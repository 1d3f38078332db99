//! L0: pure data. What the operator decided (answers, plan), what is known of a machine (fact), what
//! would be done (action), what went wrong and the ways out (problem). Nothing here reads or writes.

pub mod action;
pub mod answers;
pub mod check;
pub mod clean;
pub mod code;
pub mod containerd_fact;
pub mod fact;
mod field;
pub mod hex;
pub mod issue;
pub mod line_diff;
pub mod mark;
pub mod minors;
pub mod model;
pub mod object_path;
mod other_yaml;
pub mod parts;
pub mod pasted;
pub mod place;
pub mod plan_field;
pub mod problem;
pub mod range;
pub mod record;
pub mod redact;
pub mod remote;
pub mod runtime_fact;
mod shape;
pub mod static_pod;
mod tree;
pub mod unit;
mod value;
pub mod written;
pub mod yaml;
pub mod yaml_weight;
