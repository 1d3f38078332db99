//! L0: pure data. What the operator decided (answers, plan), what is known of a machine (fact), what
//! would be done (action), what went wrong and the ways out (problem). Nothing here reads or writes.

pub mod model;
