//! Holds the house together by reading its sources: which layer may use which, where a crate is at home,
//! and the few rules of style that can be seen in the text. It parses no Rust; it looks for paths.

use std::fs;
use std::path::Path;

/// What a layer may use of this crate; a longer path allows that much of a layer and no more.
const LAYERS: &[(&str, &[&str])] = &[
    ("plan", &["plan"]),
    ("profile", &["plan", "profile"]),
    ("pki", &["plan", "pki"]),
    ("host", &["plan", "pki", "host", "kube"]),
    ("kube", &["plan", "pki", "host", "kube"]),
    // The scripted lab names the paths a real kubelet reads.
    (
        "lab",
        &["plan", "pki", "host", "kube", "lab", "profile::KUBELET", "profile::MANIFESTS", "profile::SSL"],
    ),
    ("step", &["plan", "profile", "pki", "kube", "host::clean", "step"]),
    ("engine", &["plan", "profile", "pki", "host", "kube", "lab", "step", "engine"]),
    ("live", &["plan", "profile", "pki", "host", "kube", "step", "engine", "live"]),
];

/// Where a crate is at home: the beginnings of the files that may name it.
const HOMES: &[(&str, &[&str])] = &[
    ("ssh2", &["src/host/"]),
    ("rcgen", &["src/pki/"]),
    (
        "serde_yaml",
        &["src/plan/", "src/kube/", "src/profile/render.rs", "src/lab/", "src/engine/world/", "tests/"],
    ),
    ("ratatui", &["src/ui/", "tests/"]),
    ("crossterm", &["src/ui/", "tests/"]),
    ("directories", &["src/main.rs", "src/ui/"]),
];

const MAIN_LINES: usize = 80;
const LONG_LINES: usize = 500;
const EXCUSE: &str = "long because";
const SLEEP: &str = "thread::sleep";
const UNWRAP: &str = ".unwrap()";
/// Not read: it plants what it looks for.
const ITSELF: &str = "tests/layers.rs";
const UNSAFE: [&str; 5] = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait", "unsafe extern"];

/// A source file by its path from the root.
struct Source {
    path: String,
    text: String,
}

/// A line of code without comments, and whether only tests see it.
struct Line {
    number: usize,
    code: String,
    test: bool,
}

impl Source {
    fn layer(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|(layer, _)| layer)
    }

    /// rustfmt ends an item with a brace in the first column, so `cfg(test)` needs no parser.
    fn lines(&self) -> Vec<Line> {
        let whole = self.path.starts_with("tests/") || self.path.ends_with("tests.rs");
        let mut inside = false;
        (1..)
            .zip(self.text.lines())
            .map(|(number, line)| {
                inside |= line.starts_with("#[cfg(test)]");
                let code = if line.trim_start().starts_with("//") { "" } else { line };
                let code = code.split(" // ").next().unwrap_or_default().to_owned();
                let test = whole || inside;
                inside &= !(line == "}" || line.ends_with(';') && !line.starts_with(' '));
                Line { number, code, test }
            })
            .collect()
    }
}

/// Everything that is named below `root::` in a text, with groups taken apart, and its line.
fn paths(lines: &[Line], root: &str) -> Vec<(usize, String)> {
    let code = lines.iter().map(|line| line.code.as_str()).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, start) in code.match_indices(&format!("{root}::")) {
        let before = code.get(..at).unwrap_or_default();
        if !before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            let line = before.matches('\n').count() + 1;
            expand("", code.get(at + start.len()..).unwrap_or_default(), &mut |path| {
                found.push((line, path));
            });
        }
    }
    found
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`. Returns what follows.
fn expand<'a>(prefix: &str, text: &'a str, found: &mut impl FnMut(String)) -> &'a str {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c)).unwrap_or(text.len());
    let (word, mut rest) = text.split_at(end);
    let path = format!("{prefix}{word}");
    if !rest.starts_with('{') || !(path.is_empty() || path.ends_with("::")) {
        found(path);
        return rest;
    }
    while let Some(more) = rest.strip_prefix(['{', ',']) {
        rest = more.trim_start();
        if !rest.starts_with('}') {
            rest = expand(&path, rest, found).trim_start();
        }
    }
    rest.strip_prefix('}').unwrap_or(rest)
}

/// Whether a path is this one or goes on below it.
fn within(path: &str, allowed: &str) -> bool {
    path.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn violations(sources: &[Source]) -> Vec<String> {
    let mut all = Vec::new();
    let steps: Vec<&str> = sources
        .iter()
        .filter_map(|source| source.path.strip_prefix("src/step/")?.strip_suffix(".rs"))
        .filter(|name| *name != "mod")
        .collect();
    for source in sources {
        let lines = source.lines();
        let mut say = |line: usize, what: String| all.push(format!("{}:{line}: {what}", source.path));
        if let Some((layer, may)) = LAYERS.iter().find(|(layer, _)| source.layer() == Some(layer)) {
            for (line, path) in paths(&lines, "crate") {
                if !may.iter().any(|allowed| within(&path, allowed)) {
                    say(line, format!("{layer} may not use {path}"));
                }
            }
        }
        if source.layer() == Some("engine") {
            for (line, path) in paths(&lines, "step") {
                if steps.iter().any(|step| within(&path, step)) {
                    say(line, format!("the engine names the step {path}"));
                }
            }
        }
        for (name, homes) in HOMES {
            if homes.iter().any(|home| source.path.starts_with(home)) {
                continue;
            }
            let mut named: Vec<usize> = paths(&lines, name).into_iter().map(|(line, _)| line).collect();
            named.extend(
                lines.iter().filter(|line| line.code == format!("use {name};")).map(|line| line.number),
            );
            named.dedup();
            for line in named {
                say(line, format!("{name} is not at home here"));
            }
        }
        for line in &lines {
            if !line.test && line.code.contains(UNWRAP) {
                say(line.number, "unwrap outside tests".to_owned());
            }
            if UNSAFE.iter().any(|word| line.code.contains(word)) {
                say(line.number, "unsafe".to_owned());
            }
            if source.path.starts_with("tests/") && line.code.contains(SLEEP) {
                say(line.number, "a test sleeps; it should wait for an event".to_owned());
            }
        }
        let top: String =
            source.text.lines().map_while(|line| line.strip_prefix("//!")).collect::<Vec<_>>().concat();
        if lines.len() > LONG_LINES && !top.contains(EXCUSE) {
            say(1, format!("{} lines, and the top does not say \"{EXCUSE} ...\"", lines.len()));
        }
        if source.path == "src/main.rs" && lines.len() >= MAIN_LINES {
            say(lines.len(), format!("main has {MAIN_LINES} lines or more"));
        }
    }
    all
}

fn read(folder: &Path, root: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the folder is part of the sources") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            read(&path, root, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is UTF-8");
            let path = path.strip_prefix(root).expect("it is below").display().to_string();
            if path != ITSELF {
                sources.push(Source { path, text });
            }
        }
    }
}

#[test]
fn the_sources_keep_the_rules_of_the_house() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    read(&root.join("src"), root, &mut sources);
    read(&root.join("tests"), root, &mut sources);
    let found = violations(&sources);
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_layer_of_the_house_is_in_the_table() {
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("it is there") {
        let entry = entry.expect("it can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = name == "ui" || LAYERS.iter().any(|(layer, _)| *layer == name);
        assert!(known || !entry.path().is_dir(), "src/{name} is in no layer");
    }
}

#[test]
fn planted_violations_are_found_with_file_and_line() {
    let step = Source { path: "src/step/connect.rs".to_owned(), text: String::new() };
    let long = "\n".repeat(LONG_LINES + 1);
    let table: &[(&str, &str, &str)] = &[
        ("src/plan/a.rs", "\nuse crate::profile::Profile;", ":2: plan may not use profile::Profile"),
        ("src/profile/a.rs", "use crate::{plan::{fact, model},\n    pki};", ":1: profile may not use pki"),
        ("src/pki/a.rs", "fn a() { crate::host::clean::line(x) }", ":1: pki may not use host::clean::line"),
        ("src/kube/a.rs", "use crate::profile;", ":1: kube may not use profile"),
        ("src/step/a.rs", "use crate::host::{clean::line, Host};", ":1: step may not use host::Host"),
        ("src/engine/a.rs", "use crate::ui::tui;", ":1: engine may not use ui::tui"),
        (
            "src/engine/a.rs",
            "use crate::step::{Look, connect::Connect};",
            ":1: the engine names the step connect::Connect",
        ),
        (
            "src/engine/a.rs",
            "fn a() {\n    step::connect::b()\n}",
            ":2: the engine names the step connect::b",
        ),
        ("src/kube/a.rs", "use ssh2::Session;", ":1: ssh2 is not at home here"),
        ("src/host/a.rs", "use rcgen::{A, B};", ":1: rcgen is not at home here"),
        ("src/step/a.rs", "let a = serde_yaml::from_str(b);", ":1: serde_yaml is not at home here"),
        ("src/main.rs", "use ratatui;", ":1: ratatui is not at home here"),
        ("src/cli.rs", "use directories::BaseDirs;", ":1: directories is not at home here"),
        ("src/ui/a.rs", "a.unwrap();", ":1: unwrap outside tests"),
        ("src/ui/a.rs", "#[cfg(test)]\nmod tests;\na.unwrap();", ":3: unwrap outside tests"),
        ("src/ui/a.rs", "unsafe { a() }", ":1: unsafe"),
        ("tests/a.rs", "std::thread::sleep(a);", ":1: a test sleeps; it should wait for an event"),
        ("src/ui/a.rs", &long, ":1: 501 lines, and the top does not say \"long because ...\""),
        ("src/main.rs", long.get(..MAIN_LINES).expect("shorter"), ":80: main has 80 lines or more"),
    ];
    for (path, text, expected) in table {
        let planted = Source { path: (*path).to_owned(), text: (*text).to_owned() };
        let step = Source { path: step.path.clone(), text: step.text.clone() };
        assert_eq!(violations(&[step, planted]), [format!("{path}{expected}")]);
    }
}

#[test]
fn what_is_allowed_passes() {
    let excused = format!("//! It is long\n//! because a table is one piece.{}", "\n".repeat(LONG_LINES));
    let table: &[(&str, &str)] = &[
        ("src/step/a.rs", "use crate::host::clean::line;\nuse crate::kube::{self, Node};"),
        ("src/engine/a.rs", "use crate::step::{CATALOGUE, Look};\nuse crate::host::Host;"),
        ("src/plan/a.rs", "// use crate::host;\nuse ssh2_config::Params;\nlet a = 1; // crate::ui"),
        ("src/plan/a.rs", "#[cfg(test)]\nmod tests {\n    a.unwrap();\n}"),
        ("src/ui/a.rs", "use crate::step::connect::Connect;\nuse ratatui::Frame;"),
        ("src/ui/a.rs", &excused),
    ];
    for (path, text) in table {
        let source = Source { path: (*path).to_owned(), text: (*text).to_owned() };
        assert_eq!(violations(&[source]), Vec::<String>::new());
    }
}
