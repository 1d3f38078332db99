//! The plan file as text: reading with every mistake at once, and writing so that YAML 1.1 readers see the
//! same strings. The only place in `plan` that knows serde_yaml; nothing here opens a file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use marked_yaml::{LoadError, LoaderOptions};

use super::answers::Answers;
use super::check::{PathBases, check, finish};
use super::field::{MOST_ISSUES, Shape};
use super::model::Plan;
use super::other_yaml::is_ambiguous;
use super::tree::{self, TextPlace, Tree};
use super::yaml_weight::{MOST_VALUES, TooMuch, weigh};
use crate::limits::PLAN;
use crate::plan::issue::PlanIssue;

pub use super::field::FieldPlaces;

/// A plan file that makes a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// The answers it was made of.
    pub answers: Answers,
    /// What is doubtful, in the order of the file.
    pub warnings: Vec<PlanIssue>,
}

/// The folder that relative paths of a plan start from: its own. It is told whole, so that a path that is shown is the
/// same for whoever works in another folder.
pub fn folder_of(file: &Path) -> PathBuf {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    whole.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// From the bytes of a file to a plan, or everything that is wrong with it, in the order of the file.
/// Relative paths in the plan start at the file.
pub fn load(bytes: &[u8], file: &Path, home: Option<&Path>) -> Result<Loaded, Vec<PlanIssue>> {
    let text = text(bytes, file)?;
    let (answers, lines, shape) = parse(text, file)?;
    let places = PathBases { base: folder_of(file), home: home.map(Path::to_owned) };
    let found = match finish(&answers, &places) {
        Ok(plan) if shape.is_empty() => {
            let warnings = in_order(check(&answers), &lines);
            return Ok(Loaded { plan, answers, warnings });
        }
        Ok(_) => check(&answers),
        Err(found) => found,
    };
    // A field of a wrong type or under a misspelt key was not read, so that it also seems to be missing:
    // say it once.
    let meant: HashSet<String> = shape
        .iter()
        .filter_map(|said| {
            let parent = said.field.rfind('.').map_or("", |at| said.field.get(..=at).unwrap_or_default());
            said.cure.strip_prefix("write ").map(|key| format!("{parent}{key}"))
        })
        .collect();
    let told = |issue: &PlanIssue| {
        issue.missing && meant.contains(&issue.field)
            || shape.iter().any(|said| {
                let inside = issue.field.strip_prefix(said.field.as_str());
                said.field.is_empty()
                    || inside.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            })
    };
    let found: Vec<PlanIssue> = found.into_iter().filter(|issue| !told(issue)).collect();
    Err(in_order(shape.into_iter().chain(found).collect(), &lines))
}

/// The answers in a text and where each was written. What the answers mean is not looked at.
pub fn read(text: &str, file: &Path) -> Result<(Answers, FieldPlaces), Vec<PlanIssue>> {
    let (answers, lines, issues) = parse(text, file)?;
    if issues.is_empty() { Ok((answers, lines)) } else { Err(in_order(issues, &lines)) }
}

/// The text of a file: UTF-8 and not too large.
pub fn text<'a>(bytes: &'a [u8], file: &Path) -> Result<&'a str, Vec<PlanIssue>> {
    if bytes.len() > PLAN.count() {
        return Err(whole(file, None, "is larger than 1 MiB", "use ranges and defaults"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        whole(file, Some((line, column)), "is not UTF-8 text", "save it as UTF-8")
    })
}

/// Answers as a plan file.
#[expect(clippy::missing_panics_doc, reason = "answers hold nothing that YAML cannot say")]
pub fn write(answers: &Answers) -> String {
    let value =
        serde_yaml::to_value(answers).expect("answers are mappings with text keys, lists and scalars");
    let mut out = "# A gangplank plan. Secrets are never in it.\n".to_owned();
    // serde_yaml leaves `yes` and `1_000` bare and has no way to ask for quotes: such texts travel as
    // tokens and get their quotes afterwards.
    let mut tokens = NumberTokens { mark: mark_not_in(&format!("{answers:?}")), quoted: Vec::new() };
    let value = tokens.replace(value);
    let mut text = serde_yaml::to_string(&value).expect("a value that was just built can be written");
    for (at, quoted) in tokens.quoted.iter().enumerate().rev() {
        text = text.replace(&tokens.token(at), quoted);
    }
    out.push_str(&text);
    out
}

type Parsed = (Answers, FieldPlaces, Vec<PlanIssue>);

fn parse(text: &str, file: &Path) -> Result<Parsed, Vec<PlanIssue>> {
    if text.len() > PLAN.count() {
        return Err(whole(file, None, "is larger than 1 MiB", "use ranges and defaults"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Err(much) = weigh(text) {
        let (what, cure) = match much {
            TooMuch::Depth => ("is nested too deeply".to_owned(), "start from the example"),
            TooMuch::Directives => ("has more directives (lines of %) than one".to_owned(), "remove them"),
            TooMuch::Values => (
                format!("holds more than {MOST_VALUES} values when its aliases are followed"),
                "write the workers as a range, or without aliases of aliases",
            ),
        };
        return Err(whole(file, None, &what, cure));
    }
    // serde_yaml goes first: its limits on depth and repetition protect the recursive parser below.
    let tree = match serde_yaml::from_str::<Option<Tree>>(text) {
        Ok(tree) => tree.unwrap_or(Tree::Map(Vec::new())),
        Err(error) => return Err(vec![syntax(&error, text, file)]),
    };
    let options = LoaderOptions::default().prevent_coercion(true);
    let marked = match marked_yaml::parse_yaml_with_options(0, text, options) {
        Ok(marked) => Some(marked),
        Err(LoadError::UnexpectedAnchor(mark)) => {
            let cure = "write the value out; what all workers share goes below defaults";
            return Err(whole(file, Some((mark.line(), mark.column())), "has an anchor (&name)", cure));
        }
        Err(LoadError::UnexpectedTag(mark)) => {
            return Err(whole(
                file,
                Some((mark.line(), mark.column())),
                "has a tag (!name)",
                "remove the tag",
            ));
        }
        // Anything else serde_yaml has accepted: then there are no lines, but the answers are good.
        Err(_) => None,
    };
    let root = tree::join(tree, marked.as_ref());
    let lines = FieldPlaces { file: file.display().to_string(), ..FieldPlaces::default() };
    let mut shape = Shape { lines, issues: Vec::new() };
    let answers = shape.answers(root);
    let more = shape.issues.len().saturating_sub(MOST_ISSUES);
    if more > 0 {
        shape.issues.truncate(MOST_ISSUES);
        shape.issues.push(PlanIssue::wrong(
            "",
            format!("has {more} more such mistakes"),
            "correct these first",
        ));
    }
    Ok((answers, shape.lines, shape.issues))
}

fn in_order(issues: Vec<PlanIssue>, lines: &FieldPlaces) -> Vec<PlanIssue> {
    let mut issues: Vec<PlanIssue> = issues.into_iter().map(|issue| lines.place(issue)).collect();
    issues.sort_by_key(|issue| (issue.line.unwrap_or(usize::MAX), issue.column));
    issues
}

fn whole(file: &Path, place: Option<TextPlace>, what: &str, cure: &str) -> Vec<PlanIssue> {
    let mut issue = PlanIssue::wrong("", what, cure);
    issue.file = file.display().to_string();
    (issue.line, issue.column) = place.unzip();
    vec![issue]
}

/// serde_yaml's words for what is no YAML, or too much of it, in ours.
fn syntax(error: &serde_yaml::Error, text: &str, file: &Path) -> PlanIssue {
    let said = error.to_string();
    let mut place = error.location().map(|at| (at.line(), at.column()));
    let line = place.and_then(|(line, _)| text.lines().nth(line.saturating_sub(1))).unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    let (what, cure) = if said.contains("more than one document") {
        place = second_document(text);
        ("has more than one YAML document".to_owned(), "keep one and remove the line ---".to_owned())
    } else if said.contains("repetition limit") {
        let cure = "write the values out; what all workers share goes below defaults";
        ("repeats itself through aliases too often".to_owned(), cure.to_owned())
    } else if said.contains("recursion limit") {
        ("is nested too deeply".to_owned(), "start from the example".to_owned())
    } else if said.contains("expected a value without a tag") {
        ("has a tag (!name)".to_owned(), "remove the tag".to_owned())
    } else if said.contains("control characters") {
        place = text.lines().zip(1..).find_map(|(line, at)| {
            let column = line.chars().position(|c| c.is_control() && c != '\t')?;
            Some((at, column + 1))
        });
        ("has a control character".to_owned(), "remove it".to_owned())
    } else if indent.contains('\t') {
        place = place.map(|(line, _)| (line, indent.chars().take_while(|c| *c != '\t').count() + 1));
        ("has a tab in the indentation".to_owned(), "indent with spaces".to_owned())
    } else {
        let at = said.find(" at line ").unwrap_or(said.len());
        let reason: String =
            said[..at].chars().filter(|c| !crate::plan::clean::is_invisible(*c)).take(160).collect();
        (format!("is not YAML: {reason}"), String::new())
    };
    let mut issue = PlanIssue::wrong("", what, cure);
    issue.file = file.display().to_string();
    (issue.line, issue.column) = place.unzip();
    issue
}

fn second_document(text: &str) -> Option<TextPlace> {
    let mut content = false;
    for (at, line) in text.lines().enumerate() {
        let marker = line.starts_with("---") || line.starts_with("...");
        if marker && content {
            return Some((at + 1, 1));
        }
        content |= marker || !(line.trim().is_empty() || line.starts_with(['#', '%']));
    }
    None
}

fn mark_not_in(text: &str) -> String {
    let mut mark = "quoted".to_owned();
    while text.contains(&mark) {
        mark.push('q');
    }
    mark
}

struct NumberTokens {
    mark: String,
    quoted: Vec<String>,
}

impl NumberTokens {
    fn token(&self, at: usize) -> String {
        format!("{}{at}x", self.mark)
    }

    fn replace(&mut self, value: serde_yaml::Value) -> serde_yaml::Value {
        use serde_yaml::Value;
        match value {
            Value::String(text) if is_ambiguous(&text) => {
                self.quoted.push(serde_json::Value::from(text).to_string());
                Value::String(self.token(self.quoted.len() - 1))
            }
            Value::Sequence(items) => {
                Value::Sequence(items.into_iter().map(|item| self.replace(item)).collect())
            }
            Value::Mapping(map) => Value::Mapping(
                map.into_iter().map(|(key, value)| (self.replace(key), self.replace(value))).collect(),
            ),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_surprising_texts_in_quotes() {
        let mut answers = Answers::default();
        answers.cluster.name = Some("yes".to_owned());
        answers.cluster.domain = Some("quoted0x".to_owned());
        answers.cluster.kubernetes = Some("1.20".to_owned());
        answers.cluster.dns = Some("10.3.0.2".to_owned());
        let text = write(&answers);
        assert!(text.contains("name: \"yes\"\n"), "{text}");
        assert!(text.contains("kubernetes: \"1.20\"\n"), "{text}");
        assert!(text.contains("dns: 10.3.0.2\n"), "{text}");
        assert_eq!(read(&text, Path::new("plan.yaml")).unwrap().0, answers);
    }

    #[test]
    fn an_empty_file_is_no_answers() {
        for text in ["", "# nothing\n", "---\n", "\u{feff}", "{}"] {
            assert_eq!(read(text, Path::new("p")).unwrap().0, Answers::default(), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_is_too_large_or_not_utf8() {
        let big = vec![b'#'; PLAN.count() + 1];
        assert!(load(&big, Path::new("p"), None).unwrap_err()[0].what.contains("1 MiB"));
        let issue = &load(b"cluster:\n  name: \xff", Path::new("p"), None).unwrap_err()[0];
        assert_eq!((issue.line, issue.column), (Some(2), Some(9)));
        assert!(issue.what.contains("UTF-8"));
    }
}
