//! What becomes of each file that was looked at, when a worker is repaired.

use std::collections::BTreeMap;

use serde::Serialize;

use super::diagnosis::Diagnosis;
use crate::plan::action::{Action, Content, sha256};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known};
use crate::plan::record::{RecordKind, RecordLine};

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileVerdict {
    /// It was not there, and is written.
    Anew,
    /// gangplank wrote it, somebody changed it since, and it becomes what it was.
    PutBack,
    /// gangplank wrote it, and something else is to be in it now.
    Renewed,
    /// Somebody else's, which is written over.
    Replaced,
    /// Its mode or owner is changed.
    Closed,
    /// A link that leads to another file afterwards.
    Led,
    /// It is not as the plan wants it, is not gangplank's, and stays.
    Differs,
    /// It stays as it is.
    Kept,
}

impl FileVerdict {
    /// It stays as it is, whatever that is.
    pub fn is_left(self) -> bool {
        matches!(self, Self::Kept | Self::Differs)
    }

    /// There is nothing to say of it.
    pub fn is_kept(self) -> bool {
        self == Self::Kept
    }

    /// In words, behind the file's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Anew => "was not there",
            Self::PutBack => "put back: gangplank wrote it, and it was changed since",
            Self::Renewed => "gangplank's own, written anew",
            Self::Replaced => "not gangplank's: written over, and kept for undo",
            Self::Closed => "only its mode or owner",
            Self::Led => "a link, which leads to the new pair; the one before stays",
            Self::Differs => "differs, and is not gangplank's: it stays",
            Self::Kept => "stays as it is",
        }
    }
}

/// The verdict on each file, by its path; `actions` are those of the repair, as far as they are known now.
pub fn file_verdicts(facts: &Facts, actions: &[&Action], found: &Diagnosis) -> BTreeMap<String, FileVerdict> {
    let mut all: BTreeMap<String, FileVerdict> =
        facts.files_there().map(|path| (path.to_owned(), FileVerdict::Kept)).collect();
    let causes = found.causes.iter().flat_map(|cause| [&cause.problem].into_iter().chain(&cause.follows));
    for problem in causes.filter(|problem| problem.code == ProblemCode::File01) {
        let name = problem.what.split(' ').next().unwrap_or_default();
        if let Some(verdict) = all.get_mut(name) {
            *verdict = FileVerdict::Differs;
        }
    }
    for action in actions {
        let verdict = match action {
            Action::Put { path, content, .. } => Some((path, written(facts, path, content))),
            Action::MakeKey { path, .. } | Action::PlaceProgram { path, .. } => {
                let is_program = facts.programs().yes().is_some_and(|programs| programs.at(path).is_some());
                Some((path, whose(facts, path, all.contains_key(path) || is_program)))
            }
            _ => None,
        };
        if let Some((path, verdict)) = verdict {
            let gone = format!("{path} is gone");
            let is_gone = found.causes.iter().any(|cause| cause.problem.what == gone);
            all.insert(path.clone(), if is_gone { FileVerdict::Anew } else { verdict });
        }
        let Action::Script { text, .. } = action else { continue };
        match shell_words::split(text).unwrap_or_default().as_slice() {
            [word, path] if word == "restrict" || word == "closed" => {
                all.insert(path.clone(), FileVerdict::Closed);
            }
            [word, link, beside] if word == "rotate_in" => {
                // It is there in between alone.
                all.remove(beside);
                all.insert(link.clone(), FileVerdict::Led);
            }
            _ => {}
        }
    }
    all
}

/// What a file is that is written.
fn written(facts: &Facts, path: &str, content: &Content) -> FileVerdict {
    let there = match facts.file(path) {
        Known::Yes(Some(file)) => Some(&file.sha256),
        Known::Yes(None) => return FileVerdict::Anew,
        Known::No(_) | Known::NotAsked => None,
    };
    let Some(line) = own(facts, path) else { return FileVerdict::Replaced };
    let changed = there.is_some_and(|there| *there != line.new);
    let same = matches!(content, Content::Literal(bytes) if sha256(bytes) == line.new);
    if changed && same { FileVerdict::PutBack } else { FileVerdict::Renewed }
}

/// What a file is that is made, by whether one is there.
fn whose(facts: &Facts, path: &str, there: bool) -> FileVerdict {
    match (there, own(facts, path)) {
        (false, _) => FileVerdict::Anew,
        (true, Some(_)) => FileVerdict::Renewed,
        (true, None) => FileVerdict::Replaced,
    }
}

/// The line of the record that tells of the last time gangplank wrote it.
fn own<'f>(facts: &'f Facts, path: &str) -> Option<&'f RecordLine> {
    let record = facts.record();
    let lines = &record.yes()?.lines;
    let is = |line: &&RecordLine| line.path == path && matches!(line.kind, RecordKind::Put | RecordKind::Key);
    lines.iter().rev().find(is).filter(|line| !line.new.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{FileVerdict, file_verdicts};
    use crate::doctor::{Cause, Diagnosis};
    use crate::plan::action::{Action, Content, sha256};
    use crate::plan::code::ProblemCode;
    use crate::plan::fact::{Fact, FactQuery, Facts, FileFact, Known};
    use crate::plan::problem::Problem;
    use crate::plan::record::{Record, RecordKind, RecordLine};

    #[test]
    fn each_file_has_its_verdict() {
        let mut facts = Facts::default();
        let mut file = |path: &str, text: Option<&str>| {
            let fact = text.map(|text| FileFact {
                sha256: sha256(text.as_bytes()),
                mode: "644".into(),
                ..FileFact::default()
            });
            let query = FactQuery::File { path: path.to_owned(), content: true };
            facts.learn(query, Known::Yes(Fact::File(fact)));
        };
        file("/kept", Some("a"));
        file("/gone", None);
        file("/changed", Some("b"));
        file("/outdated", Some("old"));
        file("/theirs", Some("c"));
        file("/differs", Some("d"));
        let line = |path: &str, text: &str| RecordLine {
            kind: RecordKind::Put,
            path: path.to_owned(),
            new: sha256(text.as_bytes()),
            ..RecordLine::default()
        };
        let record =
            Record { lines: vec![line("/changed", "ours"), line("/outdated", "old")], ..Record::default() };
        facts.learn(FactQuery::Record, Known::Yes(Fact::Record(record)));
        let put = |path: &str, text: &str| Action::Put {
            path: path.to_owned(),
            content: Content::Literal(text.as_bytes().to_vec()),
            mode: "0644",
            owner: "root:root",
        };
        let actions =
            [put("/gone", "x"), put("/changed", "ours"), put("/outdated", "new"), put("/theirs", "x")];
        let problem = Problem::new(ProblemCode::File01, "/differs was not written by gangplank and differs");
        let found =
            Diagnosis { causes: vec![Cause { problem, follows: Vec::new() }], ..Diagnosis::default() };
        let all = file_verdicts(&facts, &actions.iter().collect::<Vec<_>>(), &found);
        let told: Vec<(&str, FileVerdict)> =
            all.iter().map(|(path, verdict)| (path.as_str(), *verdict)).collect();
        assert_eq!(
            told,
            [
                ("/changed", FileVerdict::PutBack),
                ("/differs", FileVerdict::Differs),
                ("/gone", FileVerdict::Anew),
                ("/kept", FileVerdict::Kept),
                ("/outdated", FileVerdict::Renewed),
                ("/theirs", FileVerdict::Replaced),
            ]
        );
    }

    #[test]
    fn a_script_says_what_becomes_of_its_file() {
        let script =
            |text: &str| Action::Script { title: String::new(), text: text.to_owned(), secrets: Vec::new() };
        let beside = Action::Put {
            path: "/pki/gangplank-1.crt".to_owned(),
            content: Content::Literal(Vec::new()),
            mode: "0644",
            owner: "root:root",
        };
        let rotate = script("rotate_in /pki/current.pem /pki/gangplank-1.crt");
        let all = file_verdicts(
            &Facts::default(),
            &[&script("closed /a.key"), &beside, &rotate],
            &Diagnosis::default(),
        );
        let told: Vec<(&str, FileVerdict)> =
            all.iter().map(|(path, verdict)| (path.as_str(), *verdict)).collect();
        assert_eq!(told, [("/a.key", FileVerdict::Closed), ("/pki/current.pem", FileVerdict::Led)]);
    }
}
