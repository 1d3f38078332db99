//! What `gangplank explain` prints; the explain pane's texts: `assets/explain` taken apart into What, Why, Commands
//! and Undo, as lines of a width with no Markdown left; and the glossary. Commands of the wizard's own screens
//! have places for the answers given so far.

use std::collections::BTreeMap;

use crate::plan::code::{ProblemCode, ProblemGroup};
use crate::plan::runtime_fact::RuntimeKind;
use crate::step::{CATALOGUE, Step};
use crate::ui::output::for_runtime::for_runtime;
use crate::ui::output::wrap::hanging;

/// A text in its four parts, as lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tabs {
    /// What it is.
    pub what: Vec<String>,
    /// Why it is done, and what goes wrong without it.
    pub why: Vec<String>,
    /// The same by hand.
    pub commands: Vec<String>,
    /// How it is taken back.
    pub undo: Vec<String>,
}

/// The wizard's screens that have a text, in order.
pub const SCREENS: [(&str, &str); 12] = [
    ("welcome", include_str!("../../../assets/explain/screen-welcome.md")),
    ("ca", include_str!("../../../assets/explain/screen-ca.md")),
    ("cluster", include_str!("../../../assets/explain/screen-cluster.md")),
    ("workers", include_str!("../../../assets/explain/screen-workers.md")),
    ("certificates", include_str!("../../../assets/explain/screen-certificates.md")),
    ("kubectl", include_str!("../../../assets/explain/screen-kubectl.md")),
    ("skydns", include_str!("../../../assets/explain/screen-skydns.md")),
    ("review", include_str!("../../../assets/explain/screen-review.md")),
    ("run", include_str!("../../../assets/explain/screen-run.md")),
    ("report", include_str!("../../../assets/explain/screen-report.md")),
    ("diagnosis", include_str!("../../../assets/explain/screen-diagnosis.md")),
    ("repair", include_str!("../../../assets/explain/screen-repair.md")),
];

/// The places in the screens' texts and what each is filled with.
pub const PLACES: [(&str, &str); 18] = [
    ("plan", "the plan file"),
    ("cluster", "name of the cluster"),
    ("api", "URL of the API, https://host:port"),
    ("api_host", "its host"),
    ("api_port", "its port"),
    ("service_range", "the service range"),
    ("dns", "address of cluster DNS"),
    ("domain", "DNS domain of the cluster"),
    ("ca_cert", "the CA's certificate file"),
    ("ca_key", "the CA's key file"),
    ("ca_login", "login of the CA's host, user@host"),
    ("days", "life of a certificate in days"),
    ("worker", "name of the worker that is looked at"),
    ("address", "its address"),
    ("login", "its login, user@host"),
    ("port", "its SSH port"),
    ("kubeconfig", "the kubeconfig file"),
    ("context", "the context's name"),
];

const GLOSSARY: &str = include_str!("../../../assets/glossary.md");

/// A step's text for a runtime, of both where that is not known, wrapped to a width.
pub fn tabs(step: &dyn Step, runtime: Option<RuntimeKind>, width: usize) -> Tabs {
    split(&for_runtime(step.explain(), runtime), width)
}

/// A screen's text for a runtime, its places filled with the answers; one without an answer shows `<name>`. A screen
/// that has no text gives empty parts.
pub fn screen(
    name: &str,
    values: &BTreeMap<&str, String>,
    runtime: Option<RuntimeKind>,
    width: usize,
) -> Tabs {
    let text = SCREENS.iter().find(|(screen, _)| *screen == name).map_or("", |(_, text)| text);
    split(&fill(&for_runtime(text, runtime), values), width)
}

/// What `gangplank explain` knows, each with a few words: the steps in order, then each group of problem codes and
/// its codes.
pub fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    let steps = CATALOGUE.iter().map(|step| (step.id().0, step.title()));
    let codes = ProblemGroup::ALL.iter().flat_map(|group| {
        let codes = group.codes().map(|code| (code.as_str(), code.title()));
        std::iter::once((group.as_str(), group.about())).chain(codes)
    });
    steps.chain(codes)
}

/// The steps and the groups of problem codes, a line each.
pub fn list() -> String {
    let names =
        CATALOGUE.iter().map(|step| step.id().0).chain(ProblemGroup::ALL.iter().map(|one| one.as_str()));
    let wide = names.map(str::len).max().unwrap_or_default();
    let line = |name: &str, words: &str| format!("{name:<wide$}  {words}\n");
    let steps = CATALOGUE.iter().map(|step| line(step.id().0, step.title()));
    let groups = ProblemGroup::ALL.iter().map(|group| line(group.as_str(), group.about()));
    steps.chain(std::iter::once("\n".to_owned())).chain(groups).collect()
}

/// A step's text, the page of a group of problem codes, or the paragraph of one code, as Markdown. Capitals do not
/// matter. `None` when it is neither. It is for one runtime, or tells of both.
pub fn topic(wanted: &str, runtime: Option<RuntimeKind>) -> Option<String> {
    raw_topic(wanted).map(|text| for_runtime(&text, runtime))
}

fn raw_topic(wanted: &str) -> Option<String> {
    if let Some(step) = CATALOGUE.iter().find(|step| step.id().0.eq_ignore_ascii_case(wanted)) {
        return Some(format!("# {}\n\n{}", step.title(), step.explain()));
    }
    if let Ok(group) = wanted.parse::<ProblemGroup>() {
        return Some(group.page().to_owned());
    }
    let code = wanted.parse::<ProblemCode>().ok()?;
    Some(format!("# {code}: {}\n\n{}\n", code.title(), code.paragraph()))
}

/// The words a first-time builder meets, in the order of the alphabet, each with one or two sentences; those of one
/// runtime, or of both.
pub fn glossary(runtime: Option<RuntimeKind>) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in for_runtime(GLOSSARY, runtime).lines() {
        if let Some(term) = line.strip_prefix("## ") {
            all.push((term.to_owned(), String::new()));
        } else if let Some((_, text)) = all.last_mut()
            && !line.trim().is_empty()
        {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&plain(line.trim()));
        }
    }
    all
}

/// `{name}` replaced; other braces, such as those of a format, stay.
fn fill(text: &str, values: &BTreeMap<&str, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let place = after.split_once('}').filter(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        let Some((name, after)) = place else {
            out.push('{');
            rest = after;
            continue;
        };
        match values.get(name).filter(|value| !value.is_empty()) {
            // An answer is one line, whatever was pasted.
            Some(value) => out.push_str(&crate::plan::clean::line(value)),
            None => out.extend(["<", name, ">"]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn split(text: &str, width: usize) -> Tabs {
    let mut tabs = Tabs::default();
    for part in text.split("## ").skip(1) {
        let (name, body) = part.split_once('\n').unwrap_or((part, ""));
        let lines = wrap(body, width.max(1));
        match name.trim() {
            "What" => tabs.what = lines,
            "Why" => tabs.why = lines,
            "Commands" => tabs.commands = lines,
            "Undo" => tabs.undo = lines,
            _ => {}
        }
    }
    tabs
}

/// Words without Markdown's marks.
fn plain(text: &str) -> String {
    text.replace("**", "").replace('`', "")
}

/// Paragraphs flow, list items hang, code lines stay as they are.
fn wrap(body: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut paragraph = String::new();
    let flush = |paragraph: &mut String, out: &mut Vec<String>| {
        if !paragraph.is_empty() {
            flow(&plain(paragraph), width, out);
            paragraph.clear();
        }
    };
    for line in body.lines() {
        if let Some(code) = line.strip_prefix("    ")
            && (paragraph.is_empty() || !paragraph.starts_with("* "))
        {
            flush(&mut paragraph, &mut out);
            out.push(format!("  {code}"));
        } else if line.trim().is_empty() {
            flush(&mut paragraph, &mut out);
            if out.last().is_some_and(|last| !last.is_empty()) {
                out.push(String::new());
            }
        } else {
            if line.starts_with("* ") {
                flush(&mut paragraph, &mut out);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(&mut paragraph, &mut out);
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    out
}

/// One paragraph as lines; an item of a list hangs.
fn flow(text: &str, width: usize, out: &mut Vec<String>) {
    let hang = if text.starts_with("* ") { "  " } else { "" };
    out.extend(hanging(text, width, hang));
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn words_flow_items_hang_and_code_stays() {
        let text = "## What\n\nOne `two` **three**\nfour.\n\n* an item that is\n  long\n* b\n\n    code   {{.Names}} that is far too long to fit\n\n## Why\n\nb\n";
        let tabs = split(text, 16);
        assert_eq!(
            tabs.what,
            [
                "One two three",
                "four.",
                "",
                "* an item that",
                "  is long",
                "* b",
                "",
                "  code   {{.Names}} that is far too long to fit",
            ]
        );
        assert_eq!(tabs.why, ["b"]);
        assert!(tabs.undo.is_empty());
    }

    #[test]
    fn the_list_is_aligned_and_capitals_do_not_matter() {
        let list = list();
        let column =
            |line: &str| line.find("  ").map(|at| at + line[at..].len() - line[at..].trim_start().len());
        let columns: std::collections::BTreeSet<_> =
            list.lines().filter(|line| !line.is_empty()).map(column).collect();
        assert_eq!(columns.len(), 1, "{list}");
        for (name, _) in topics() {
            let found = [name.to_lowercase(), name.to_uppercase(), name.to_owned()]
                .map(|name| topic(&name, None).is_some());
            assert_eq!(found, [true; 3], "{name}");
        }
    }

    #[test]
    fn a_word_longer_than_the_line_is_cut_and_nothing_is_lost() {
        for width in 1..12 {
            let mut lines = Vec::new();
            flow("a loooooooooooooong word", width, &mut lines);
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), "aloooooooooooooongword");
        }
    }

    #[test]
    fn places_take_answers_and_other_braces_stay() {
        let values = BTreeMap::from([("api", "https://a:6443\nrm".to_owned()), ("user", String::new())]);
        assert_eq!(
            fill("curl {api} {user} {no_such} {{.Names}} {A} {", &values),
            "curl https://a:6443rm <user> <no_such> {{.Names}} {A} {"
        );
    }
}
