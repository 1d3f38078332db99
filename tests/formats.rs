//! Formats that are written are read: sessions and records of an earlier gangplank load, are resumed and undone;
//! what a later one wrote is refused in words and not written over.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[expect(dead_code, reason = "each test file uses its own part")]
#[path = "engine/bench.rs"]
mod bench;
#[path = "formats/fixtures.rs"]
mod fixtures;
#[path = "support/left_out.rs"]
mod left_out;
#[path = "formats/records.rs"]
mod records;
#[path = "support/rewritten.rs"]
mod rewritten;
#[path = "formats/sessions.rs"]
mod sessions;
#[expect(dead_code, reason = "each test file uses its own part")]
#[path = "pty/term.rs"]
mod term;
