//! Files that may name what is at home elsewhere, each with its reason.

/// Who names the older runtime outside `src/runtime` and `src/profile`, where it is at home, and why.
pub const NAMES_DOCKER: &[(&str, &str)] = &[
    ("src/lab/", "workers of the scripted lab have it"),
    ("src/engine/demo.rs", "demos on that lab are told"),
    ("src/engine/demo/faults.rs", "faults of that lab are named"),
    ("src/ui/wizard/beats.rs", "captions of the demo on that lab"),
    ("src/plan/minors.rs", "the table: which kubelets have dockershim"),
    ("src/plan/minors/", "rows of the table: names of flags"),
    ("src/plan/runtime_fact.rs", "the two runtimes are defined there"),
    ("src/plan/wishes.rs", "a word of the plan"),
    ("src/plan/code.rs", "the codes E-DOCKER"),
    ("src/ui/wizard/form/field.rs", "the same word of the plan in the form"),
    ("src/ui/tui/view/screens/welcome.rs", "versions and runtimes are named to who begins"),
    ("src/doctor/journal/", "texts of old kubelets about it, and the codes E-DOCKER"),
    ("src/host/batch.rs", "the host's words of each runtime are put together"),
    ("src/host/answer.rs", "the answers of each runtime are read"),
    ("src/host/journal.rs", "what daemons say when they end"),
    ("src/step/runtime.rs", "each runtime is asked for its verdict"),
];

/// Who looks at the minor of a version, and why: what differs between minors stands in the table.
pub const MINORS: &[(&str, &str)] = &[
    ("src/plan/minors.rs", "the table"),
    ("src/plan/minors/tests.rs", "the tests of the table"),
    ("src/plan/model.rs", "a version is written and read there"),
];

/// Where what reads to an end that may never come stands outside tests, and why.
pub const BOUNDED: &[(&str, &str)] = &[
    ("src/limits/", "the limits themselves"),
    ("src/lab/", "a world in memory"),
    ("src/ui/gallery/", "pictures that this program drew, in a folder of its own"),
    ("src/ui/credentials/vault.rs", "a descriptor that the caller hands over, taken to a length"),
    ("src/engine/session/folder.rs", "the holder's line of the lock, taken to a length"),
];
