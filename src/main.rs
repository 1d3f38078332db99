//! The binary: flags, front, exit code.
fn main() {}
