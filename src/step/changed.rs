//! A file that is in the way: somebody else's, of which nothing is shown, or one that gangplank wrote and somebody has
//! changed since. Of that one it is said when it was written, by which run, and what was changed, by its parts.

use jiff::Timestamp;

use crate::plan::action::{Action, sha256};
use crate::plan::clean;
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, FileFact, Known};
use crate::plan::parts::differences;
use crate::plan::problem::Problem;
use crate::plan::record::{RecordKind, RecordLine};
use crate::profile::DesiredFile;

/// The problem of a file that differs from the wanted one and may not be replaced; `put` writes the wanted one.
pub(super) fn in_the_way(
    facts: &Facts,
    wanted: &DesiredFile,
    file: &FileFact,
    put: Option<Action>,
) -> Problem {
    match written(facts, &wanted.path) {
        Some(line) => changed(wanted, file, line, put),
        None => Problem::new(
            ProblemCode::File01,
            format!("{} was not written by gangplank and differs", wanted.path),
        )
        .seen(format!(
            "{}, mode {}, {} bytes, sha256 {}{}",
            file.owner,
            file.mode,
            file.size,
            file.sha256,
            file.written_s
                .and_then(minute)
                .map_or_else(String::new, |at| format!(", written last on {at} UTC"))
        ))
        .seen("what is in it is not shown: it may be secret"),
    }
}

/// The line of the record that tells of the last time gangplank wrote a file, when it did.
pub(super) fn written<'a>(facts: &'a Facts, path: &str) -> Option<&'a RecordLine> {
    let Known::Yes(record) = facts.record() else { return None };
    let mut lines = record.lines.iter().rev().filter(|line| line.path == path);
    lines
        .find(|line| matches!(line.kind, RecordKind::Put | RecordKind::Key))
        .filter(|line| !line.new.is_empty())
}

/// Says of a file that is in the way when gangplank wrote it, if it did, and whether it is still that.
pub(super) fn with_story(problem: Problem, facts: &Facts, path: &str) -> Problem {
    let Some(line) = written(facts, path) else { return problem };
    let since = match facts.file(path) {
        Known::Yes(Some(file)) if file.sha256 == line.new => ", and it is still that",
        Known::Yes(Some(file)) => return problem.seen(by(line, file)),
        Known::Yes(None) | Known::No(_) | Known::NotAsked => "",
    };
    problem.seen(format!("{}{since}", wrote(line)))
}

/// That it was changed since it was written, which must be known, and when that was; who did it no file tells.
pub(super) fn by(line: &RecordLine, file: &FileFact) -> String {
    // Whoever copies a file, or puts it back from a backup, may keep an older time.
    let since = file.written_s.filter(|at| *at > line.time).and_then(minute);
    let last = since.map_or_else(String::new, |at| format!(", last on {at} UTC"));
    format!("{}, and it was changed since{last}", wrote(line))
}

/// A time of that machine's clock, in words.
fn minute(seconds: i64) -> Option<String> {
    let at = Timestamp::from_second(seconds).ok().filter(|_| seconds > 0)?;
    Some(at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// When and by which run, in words.
fn wrote(line: &RecordLine) -> String {
    let when = minute(line.time).map(|at| format!("on {at} UTC ")).unwrap_or_default();
    format!("gangplank wrote it {when}in run {}", clean::words(&line.run))
}

fn changed(wanted: &DesiredFile, file: &FileFact, line: &RecordLine, put: Option<Action>) -> Problem {
    let path = &wanted.path;
    let mut problem = Problem::new(ProblemCode::File03, format!("{path} is not as gangplank wrote it"))
        .seen(by(line, file));
    let same = sha256(wanted.text.as_bytes()) == line.new;
    if same {
        let theirs = file.content.as_deref().map(String::from_utf8_lossy);
        for seen in theirs.map_or_else(Vec::new, |theirs| differences(path, &wanted.text, &theirs)) {
            problem = problem.seen(seen);
        }
    } else {
        problem = problem.seen("the plan wants another version by now, so what was changed is not told");
    }
    let title = if same { "write it again as it was" } else { "write it as the plan wants it now" };
    if let Some(put) = put {
        problem = problem.repair(format!("{title} (the changed file is kept for undo)"), vec![put]);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let away = shell_words::join(["mv", path, &format!("/root/{name}.changed")]);
    problem.manual(format!("or take it away, and the next run writes it: {away}"))
}
