//! The rules of the house as tables, and what breaks them in a set of sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use crate::allowed::{BOUNDED, MINORS, NAMES_DOCKER};
use crate::circles::{Edges, circles, edges};
use crate::modules::{Found, House, Kind, Source};
use crate::token::{Token, Word};

/// What a part of the sources may use of this crate, from the lowest layer up: the beginning of a file's path below
/// `src`, of which the longest counts. A longer path allows that much of a layer and no more.
pub const LAYERS: &[(&str, &[&str])] = &[
    ("limits", &["limits"]),
    ("plan", &["limits", "plan"]),
    ("profile", &["limits", "plan", "profile"]),
    ("runtime", &["limits", "plan", "runtime"]),
    ("pki", &["limits", "plan", "pki"]),
    ("host", &["limits", "plan", "runtime", "pki", "host"]),
    ("kube", &["limits", "plan", "pki", "kube"]),
    // A world beside the real one: only two files of the engine know that it is there. It names the paths a real
    // kubelet reads.
    (
        "lab",
        &[
            "limits",
            "plan",
            "runtime",
            "pki",
            "host",
            "kube",
            "lab",
            "profile::KUBELET",
            "profile::MANIFESTS",
            "profile::SSL",
        ],
    ),
    ("step", &["limits", "plan", "profile", "runtime", "pki", "kube", "step"]),
    ("doctor", &["limits", "plan", "profile", "runtime", "pki", "kube", "step", "doctor"]),
    // Tests: a recorded journal comes to the doctor as a host hands it on.
    ("doctor/journal/tapes", &["plan", "host", "doctor"]),
    ("engine", &["limits", "plan", "profile", "runtime", "pki", "host", "kube", "step", "doctor", "engine"]),
    (
        "engine/world/scripted",
        &["limits", "plan", "profile", "runtime", "pki", "host", "kube", "lab", "step", "engine"],
    ),
    (
        "engine/demo",
        &["limits", "plan", "profile", "runtime", "pki", "host", "kube", "lab", "step", "engine"],
    ),
    ("live", &["limits", "plan", "profile", "runtime", "pki", "host", "kube", "step", "engine", "live"]),
    ("ui/output", &["limits", "plan", "profile", "pki", "host", "kube", "step", "engine", "ui::output"]),
    (
        "ui/script",
        &["limits", "plan", "profile", "runtime", "pki", "host", "kube", "step", "engine", "ui::script"],
    ),
    ("ui/credentials", &["limits", "plan", "host", "engine", "ui::credentials"]),
    // The wizard's core knows none of its faces.
    (
        "ui/wizard",
        &[
            "limits",
            "plan",
            "profile",
            "runtime",
            "pki",
            "host",
            "kube",
            "step",
            "engine",
            "live",
            "ui::credentials",
            "ui::output",
            "ui::script",
            "ui::wizard",
        ],
    ),
    (
        "ui/plain",
        &[
            "limits",
            "plan",
            "profile",
            "runtime",
            "pki",
            "host",
            "kube",
            "step",
            "engine",
            "live",
            "ui::credentials",
            "ui::output",
            "ui::script",
            "ui::wizard",
            "ui::plain",
        ],
    ),
    ("ui", &["limits", "plan", "profile", "runtime", "pki", "host", "kube", "step", "engine", "live", "ui"]),
    ("lib", &[]),
    ("cli", &["cli"]),
    ("environment", &["limits", "host", "environment"]),
    ("signals", &["host", "signals"]),
    (
        "open",
        &[
            "limits",
            "plan",
            "profile",
            "host",
            "kube",
            "step",
            "engine",
            "live",
            "ui",
            "cli",
            "environment",
            "signals",
            "open",
        ],
    ),
    ("prepare", &["limits", "plan", "profile", "host", "engine", "ui", "cli", "environment", "prepare"]),
    (
        "command",
        &[
            "limits",
            "plan",
            "profile",
            "host",
            "kube",
            "step",
            "engine",
            "live",
            "ui",
            "cli",
            "environment",
            "signals",
            "open",
            "prepare",
            "command",
        ],
    ),
    ("main", &["host", "engine", "ui", "cli", "environment", "signals", "open", "command", "main"]),
];

/// Where a crate is at home: the beginnings of the files that may name it.
const HOMES: &[(&str, &[&str])] = &[
    ("ssh2", &["src/host/"]),
    ("rcgen", &["src/pki/"]),
    ("der", &["src/pki/", "tests/"]),
    ("x509_cert", &["src/pki/"]),
    (
        "serde_yaml",
        &["src/plan/", "src/kube/", "src/profile/render.rs", "src/lab/", "src/engine/world/", "tests/"],
    ),
    ("ratatui", &["src/ui/", "tests/"]),
    ("crossterm", &["src/ui/", "tests/"]),
    ("ratatui_textarea", &["src/ui/"]),
    ("directories", &["src/environment.rs"]),
];

/// Where no terminal is known, though the folder above it may be the home of one.
const BLIND: &[&str] = &["src/ui/wizard/", "src/ui/plain/"];
const SEEING: &str = "src/ui/wizard/form/text_input.rs";
const TERMINALS: [&str; 3] = ["ratatui", "crossterm", "ratatui_textarea"];

pub const MAIN_LINES: usize = 80;
pub const LONG_LINES: usize = 500;

/// Longer files: tables and nothing else.
pub const TABLES: &[&str] = &[];
pub const MOST_TABLES: usize = 3;

/// What reads to an end that may never come.
const ENDLESS: [&str; 4] = ["read_to_end", "read_to_string", "read_until", "read_line"];

/// Who has the raw text of `Remote`, and why: everybody else shows it cleaned.
const RAW: &[(&str, &str)] = &[
    ("src/plan/remote.rs", "it is defined there"),
    ("src/pki/names.rs", "what is not seen in a name becomes a question mark there"),
    ("src/plan/found.rs", "values of flags are paths and names that are compared"),
    ("src/plan/unit.rs", "the state of a process is compared with the kernel's letters"),
    ("src/runtime/containerd.rs", "texts of files are parsed, states of the unit are compared"),
    ("src/runtime/containerd_change.rs", "the text of the file is parsed and written again"),
    ("src/runtime/docker.rs", "states of the unit are compared, docker's version is read"),
    ("src/runtime/of_facts.rs", "the configuration of containerd is read"),
    ("src/runtime/pod_network.rs", "the texts of files are parsed, names of plugins are compared"),
    ("src/doctor/journal/mod.rs", "lines are compared with what their authors write"),
    ("src/doctor/judge.rs", "rows of docker ps go to the step that splits them"),
    ("src/step/containers.rs", "rows of docker ps are split at their tabs"),
    ("src/step/images.rs", "names of images are compared without the registry that is meant"),
    ("src/step/input.rs", "the kubelet's version is read"),
    ("src/step/runtime.rs", "the configuration of containerd is read, changed and written back"),
    ("src/step/start.rs", "the state of a process is compared"),
];

/// Where a path of ours begins; any other is an imported name or another crate.
pub const ROOTS: [&str; 4] = ["crate", "self", "super", "gangplank"];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 8] = ["common", "util", "utils", "types", "misc", "helper", "helpers", "stuff"];

/// A rule that the sources break, and where.
pub struct Violation {
    pub rule: &'static str,
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

struct Report {
    found: Vec<Violation>,
}

impl Report {
    fn say(&mut self, rule: &'static str, source: &Source, line: usize, what: String) {
        let path = source.path.clone();
        self.found.push(Violation { rule, path, line, what });
    }
}

/// `tables` may be long.
pub fn violations(house: &House, tables: &[&str]) -> Vec<Violation> {
    let mut report = Report { found: Vec::new() };
    layers(house, &mut report);
    all_circles(house, &mut report);
    names_of_types(house, &mut report);
    for source in &house.sources {
        homes(source, &mut report);
        writers(source, &mut report);
        words(source, house.only_tests_see(&source.path), &mut report);
        docs(source, &mut report);
        length(source, tables.contains(&source.path.as_str()), &mut report);
        file_name(source, &mut report);
    }
    report.found
}

/// Whether a path is this one or goes on below it.
fn within(path: &str, allowed: &str) -> bool {
    path.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The layer of a source and what it may use.
fn layer(source: &Source) -> Option<(&'static str, &'static [&'static str])> {
    let path = source.path.strip_prefix("src/")?;
    let inside = |layer: &str| path.strip_prefix(layer).is_some_and(|rest| rest.starts_with(['/', '.']));
    LAYERS.iter().filter(|(layer, _)| inside(layer)).max_by_key(|(layer, _)| layer.len()).copied()
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are `a::b`.
fn module_path(source: &Source) -> String {
    let path = source.path.strip_prefix("src/").unwrap_or(&source.path);
    let path = path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs")).unwrap_or(path);
    path.replace('/', "::")
}

fn layers(house: &House, report: &mut Report) {
    let steps: Vec<String> = house
        .sources
        .iter()
        .filter_map(|source| source.path.strip_prefix("src/step/")?.strip_suffix(".rs"))
        .filter(|name| *name != "mod")
        .map(|name| format!("step::{name}"))
        .collect();
    let mut said = BTreeSet::new();
    for reference in house.references.iter().filter(|reference| reference.kind != Kind::Word) {
        let source = &house.sources[reference.file];
        let mut say = |what: String, report: &mut Report| {
            if said.insert((reference.file, reference.line, what.clone())) {
                report.say("layer", source, reference.line, what);
            }
        };
        if reference.kind == Kind::Glob && !reference.test {
            say(format!("a glob of {}", reference.path.join("::")), report);
        }
        let Some(place) = house.whole(reference) else { continue };
        let Some((layer, may)) = layer(source) else { continue };
        let path = place.1.join("::");
        // A word of the same file, or the whole crate, is no use of a layer.
        let forbidden = |path: &str| !path.is_empty() && !may.iter().any(|allowed| within(path, allowed));
        // What an imported name leads to was said of the import.
        let direct = ROOTS.contains(&reference.path[0].as_str());
        let own = within(&path, &module_path(source));
        if forbidden(&path) {
            if direct && !own {
                say(format!("{layer} may not use {path}"), report);
            }
        } else if let Found::Item(file, name) = house.find(&place)
            && file != reference.file
        {
            let defined = format!("{}::{name}", module_path(&house.sources[file]));
            // What a layer re-exports of its own is named by the name it has there.
            let elsewhere = defined.split("::").next() != path.split("::").next();
            if elsewhere && forbidden(&defined) {
                say(format!("{layer} may not use {defined}"), report);
            }
        }
        if layer.starts_with("engine") && steps.iter().any(|step| within(&path, step)) {
            say(format!("the engine names the step {path}"), report);
        }
    }
}

fn all_circles(house: &House, report: &mut Report) {
    let edges = edges(house);
    for circle in circles(&edges) {
        let path = |file: usize| house.sources[file].path.as_str();
        let first = circle.files.last().copied().unwrap_or_default();
        let mut text = String::new();
        let mut from = first;
        for file in &circle.files {
            let _ = write!(text, " -> {} ({})", path(*file), names(&edges, from, *file));
            from = *file;
        }
        if circle.all.len() > circle.files.len() {
            let _ = write!(text, "; {} files reach each other:", circle.all.len());
            for (from, to) in edges.keys().filter(|(a, b)| circle.all.contains(a) && circle.all.contains(b)) {
                let _ =
                    write!(text, "\n    {} -> {} ({})", path(*from), path(*to), names(&edges, *from, *to));
            }
        }
        let line = circle.files.first().and_then(|next| edges.get(&(first, *next))).map_or(1, |edge| edge.1);
        report.say("circle", &house.sources[first], line, format!("a circle{text}"));
    }
}

fn names(edges: &Edges, from: usize, to: usize) -> String {
    edges
        .get(&(from, to))
        .map_or(String::new(), |(names, _)| names.iter().cloned().collect::<Vec<_>>().join(", "))
}

fn names_of_types(house: &House, report: &mut Report) {
    let mut by_name: BTreeMap<&str, Vec<(&str, usize, usize)>> = BTreeMap::new();
    for item in &house.types {
        let path = house.sources[item.file].path.as_str();
        by_name.entry(&item.name).or_default().push((path, item.line, item.file));
    }
    for (name, mut places) in by_name {
        places.sort_unstable();
        let Some((first, more)) = places.split_first().filter(|(_, more)| !more.is_empty()) else { continue };
        let others: Vec<String> = more.iter().map(|(path, line, _)| format!("{path}:{line}")).collect();
        let what = format!("the name {name} is also a type of {}", others.join(", "));
        report.say("type", &house.sources[first.2], first.1, what);
    }
}

/// The lines on which a crate is named, by a path or by itself in a `use`.
fn named(tokens: &[Token], name: &str) -> BTreeSet<usize> {
    let at = |index: usize| tokens.get(index).map(|token| &token.word);
    (0..tokens.len())
        .filter(|index| tokens[*index].named(name))
        .filter(|index| {
            let before = index.checked_sub(1).and_then(at);
            let imported = before.is_some_and(|word| *word == Word::Name("use".to_owned()));
            let path = at(index + 1) == Some(&Word::Colons);
            imported || path && before != Some(&Word::Colons)
        })
        .map(|index| tokens[index].line)
        .collect()
}

fn homes(source: &Source, report: &mut Report) {
    for (name, homes) in HOMES {
        let blind = BLIND.iter().any(|folder| source.path.starts_with(folder)) && source.path != SEEING;
        let home = homes.iter().any(|home| source.path.starts_with(home));
        if !home || blind && TERMINALS.contains(name) {
            for line in named(&source.tokens, name) {
                report.say("home", source, line, format!("{name} is not at home here"));
            }
        }
    }
}

/// The wizard's model is written by its core alone: the faces hold it behind `Core`, which hears messages and intents.
/// The core's own files lend no names that are defined elsewhere.
fn writers(source: &Source, report: &mut Report) {
    let core = source.path.starts_with("src/ui/wizard/");
    let face = source.path.starts_with("src/") && !core;
    let after = |index: usize, more: usize| source.tokens.get(index + more);
    for (index, token) in source.tokens.iter().enumerate() {
        let next = |name: &str| after(index, 1).is_some_and(|next| next.named(name));
        let inside = |name: &str| {
            after(index, 1).is_some_and(|next| next.word == Word::Colons)
                && after(index, 2).is_some_and(|next| next.named(name))
        };
        let writes = token.named("mut") && next("Model")
            || token.named("Model") && inside("new")
            || token.named("wizard") && inside("update");
        if face && writes {
            report.say("writer", source, token.line, "the model is written by messages alone".to_owned());
        }
        if core && token.named("pub") && next("use") {
            report.say("writer", source, token.line, "a name is lent".to_owned());
        }
    }
}

fn words(source: &Source, hidden: bool, report: &mut Report) {
    let tests = source.path.starts_with("tests/");
    for (index, token) in source.tokens.iter().enumerate() {
        let after = |more: usize| source.tokens.get(index + more);
        if token.named("unwrap") && !tests && !hidden && !token.test {
            let before = index.checked_sub(1).and_then(|before| source.tokens.get(before));
            if before.is_some_and(|before| before.is('.')) && after(1).is_some_and(|next| next.is('(')) {
                report.say("word", source, token.line, "unwrap outside tests".to_owned());
            }
        }
        let bounded = BOUNDED.iter().any(|(place, _)| source.path.starts_with(place));
        if !tests && !hidden && !token.test && !bounded {
            let whole = token.named("fs") && after(2).is_some_and(|word| word.named("read"));
            if whole || ENDLESS.iter().any(|name| token.named(name)) {
                report.say("word", source, token.line, "reads without a limit; src/limits reads".to_owned());
            }
        }
        if token.named("untrusted") && !tests && !RAW.iter().any(|(place, _)| source.path == *place) {
            report.say("word", source, token.line, "the raw text of a Remote".to_owned());
        }
        let of_a_version = token.named("minor") && index > 0 && source.tokens[index - 1].is('.');
        if of_a_version && !tests && !token.test && !MINORS.iter().any(|(place, _)| source.path == *place) {
            report.say("word", source, token.line, "a minor of Kubernetes outside its table".to_owned());
        }
        let at_home = source.path.starts_with("src/runtime/") || source.path.starts_with("src/profile/");
        let may = NAMES_DOCKER.iter().any(|(place, _)| source.path.starts_with(place));
        if !tests && !hidden && !token.test && !at_home && !may && says_docker(token) {
            report.say("word", source, token.line, "a runtime is named outside src/runtime".to_owned());
        }
        if token.named("unsafe") {
            report.say("word", source, token.line, "unsafe".to_owned());
        }
        let sleeps = token.named("thread") && after(2).is_some_and(|word| word.named("sleep"));
        if tests && sleeps {
            report.say("word", source, token.line, "a test sleeps; it should wait for an event".to_owned());
        }
    }
}

/// Whether a word, a text or documentation names the older runtime. `cri-dockerd` is another program.
pub fn says_docker(token: &Token) -> bool {
    let text = match &token.word {
        Word::Name(text) | Word::Text(text) | Word::Doc(text, _) => text,
        Word::Colons | Word::Sign(_) | Word::Other => return false,
    };
    text.to_lowercase().replace("cri-dockerd", "").replace("cri_dockerd", "").contains("docker")
}

/// Lines of documentation that follow each other are one comment.
fn docs(source: &Source, report: &mut Report) {
    let mut tokens = source.tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        let Word::Doc(text, inner) = &token.word else { continue };
        let mut text = text.clone();
        while let Some(Word::Doc(more, same)) = tokens.peek().map(|token| &token.word)
            && same == inner
        {
            text.push(' ');
            text.push_str(more);
            tokens.next();
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        if let [word] = words.as_slice() {
            report.say("doc", source, token.line, format!("a doc comment of one word: {word}"));
        }
    }
}

fn length(source: &Source, table: bool, report: &mut Report) {
    if source.path == "src/main.rs" && source.lines >= MAIN_LINES {
        report.say("length", source, source.lines, format!("main has {MAIN_LINES} lines or more"));
    }
    if table {
        if let Some(token) = source.tokens.iter().find(|token| token.named("fn") || token.named("impl")) {
            report.say("length", source, token.line, "a long table holds nothing else".to_owned());
        }
    } else if source.lines > LONG_LINES {
        report.say("length", source, 1, format!("{} lines: split it by subject", source.lines));
    }
}

/// The names of the file, of its folders and of the modules that it declares.
fn file_name(source: &Source, report: &mut Report) {
    let path = source.path.strip_suffix(".rs").unwrap_or(&source.path);
    let files = path.split('/').map(|name| (name, 1));
    let modules = source.tokens.windows(2).filter(|pair| pair[0].named("mod"));
    let modules = modules.filter_map(|pair| pair[1].name().map(|name| (name, pair[1].line)));
    for (name, line) in files.chain(modules) {
        let plain = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = plain != name && plain.ends_with(char::is_alphabetic) && plain != "v";
        if EMPTY_NAMES.contains(&name) || numbered {
            report.say("name", source, line, format!("the name {name} says nothing of what is inside"));
        }
    }
}
