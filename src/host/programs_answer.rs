//! Turns what was asked of a worker's programs into a fact.

use crate::plan::clean;
use crate::plan::fact::{Fact, Known};
use crate::plan::programs::{PlacedProgram, ProgramsFact, WAITING, is_place};
use crate::plan::remote::Remote;
use crate::runtime::answer_lines::{AnswerLines, all, first, free_mib, has};

/// What the unit of containerd starts is not longer, in columns.
const LONG: usize = 300;

/// A path with its hash, as sha256sum or `openssl dgst -r` writes it.
fn sum(line: &str) -> Option<(&str, &str)> {
    let (hash, path) = line.split_once("  ").or_else(|| line.split_once(" *"))?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some((path, hash))
}

/// What lies at a path: `755 root:root 1234 /usr/local/bin/kubelet`.
fn placed(line: &str, sums: &[(&str, &str)]) -> Option<PlacedProgram> {
    let mut words = line.splitn(4, ' ');
    let (mode, owner, size, path) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (_, hash) = sums.iter().find(|(at, _)| *at == path)?;
    is_place(path).then(|| PlacedProgram {
        path: path.to_owned(),
        sha256: (*hash).to_owned(),
        mode: clean::short(mode, 5),
        owner: clean::short(owner, 80).into(),
        size: size.parse().unwrap_or(0),
    })
}

/// The programs of a worker.
pub(super) fn programs(lines: &AnswerLines) -> Known<Fact> {
    if has(lines, "late") {
        return Known::No("its programs could not be hashed within 45 s".to_owned());
    }
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    let sums: Vec<(&str, &str)> = all(lines, "sum").filter_map(sum).collect();
    // The folder of one that waits is named by its hash, which is believed only when it is so.
    let waits = |(path, hash): &(&str, &str)| {
        let folder = path.strip_prefix(WAITING)?.strip_prefix('/')?.split('/').next()?;
        (folder == *hash).then(|| folder.to_owned())
    };
    let word =
        |key: &str| -> Remote<String> { clean::short(first(lines, key).unwrap_or_default(), LONG).into() };
    Known::Yes(Fact::Programs(ProgramsFact {
        there: all(lines, "stat").filter_map(|line| placed(line, &sums)).collect(),
        waiting: sums.iter().filter_map(waits).collect(),
        unit: has(lines, "unit"),
        active: has(lines, "active"),
        starts: word("starts"),
        runc: word("runc"),
        free_mib: free_mib(lines).first().copied().flatten(),
    }))
}
