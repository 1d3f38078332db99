//! The texts of `assets/explain` and the glossary: every step and screen has one, and each is short enough to be read. And the
//! README's table of problem codes: none is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gangplank::step::CATALOGUE;
use gangplank::ui::output::explain;

const SECTIONS: [&str; 4] = ["## What", "## Why", "## Commands", "## Undo"];
const LINES: usize = 60;
const COLUMNS: usize = 100;

/// What is wrong with a text.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    if headings != SECTIONS {
        faults.push(format!("sections are {headings:?}"));
    }
    let mut lengths = text.split("## ").skip(1).map(|part| part.lines().skip(1).collect::<String>());
    if lengths.any(|body| body.trim().is_empty()) {
        faults.push("a section is empty".to_owned());
    }
    let lines = text.lines().count();
    if lines > LINES {
        faults.push(format!("{lines} lines"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if line.chars().count() > COLUMNS {
            faults.push(format!("line {number} is longer than {COLUMNS} columns"));
        }
        if line.contains('!') {
            faults.push(format!("line {number} has an exclamation mark"));
        }
    }
    faults
}

#[test]
fn every_step_has_a_text_of_four_sections() {
    let faults: Vec<String> = CATALOGUE
        .iter()
        .flat_map(|step| faults(step.explain()).into_iter().map(|fault| format!("{}: {fault}", step.id())))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_screen_has_a_text_of_four_sections_whose_places_are_known() {
    let known: BTreeMap<&str, String> =
        explain::PLACES.iter().map(|(name, _)| (*name, format!("ANSWER-{name}"))).collect();
    let mut used = BTreeSet::new();
    for (screen, text) in explain::SCREENS {
        assert_eq!(faults(text), Vec::<String>::new(), "{screen}");
        let filled = explain::screen(screen, &known, 200);
        for part in [&filled.what, &filled.why, &filled.commands, &filled.undo] {
            assert!(!part.is_empty(), "{screen}");
            for line in part {
                assert!(!line.contains('`') && !line.contains('#'), "{screen}: {line}");
                assert!(
                    !line.contains('{') && !line.contains('<') || line.contains("< /dev"),
                    "{screen}: {line}"
                );
                used.extend(known.keys().filter(|name| line.contains(&format!("ANSWER-{name}"))).copied());
            }
        }
    }
    let unused: Vec<&&str> = known.keys().filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "no text has {unused:?}");
}

#[test]
fn an_answer_that_is_missing_is_shown_by_its_name() {
    let none = explain::screen("cluster", &BTreeMap::new(), 80);
    assert!(none.commands.iter().any(|line| line.contains("<api>/version")), "{:?}", none.commands);
    let api = BTreeMap::from([("api", "https://10.0.0.5:6443".to_owned())]);
    let some = explain::screen("cluster", &api, 80);
    assert!(some.commands.iter().any(|line| line.contains("https://10.0.0.5:6443/version")));
    assert_eq!(explain::screen("nowhere", &api, 80), explain::Tabs::default());
}

#[test]
fn texts_fit_the_width_they_are_wrapped_to() {
    let long = |width: usize| {
        let fits = move |lines: &[String]| {
            lines.iter().all(|line| line.starts_with("  ") || line.chars().count() <= width)
        };
        CATALOGUE.iter().filter(move |step| {
            let tabs = explain::tabs(**step, width);
            ![&tabs.what, &tabs.why, &tabs.undo].into_iter().all(|part| fits(part))
                || tabs.commands.is_empty()
        })
    };
    for width in [24, 38, 76] {
        let wrong: Vec<_> = long(width).map(|step| step.id()).collect();
        assert!(wrong.is_empty(), "{width}: {wrong:?}");
    }
}

#[test]
fn the_glossary_explains_its_words_once_in_order_and_shortly() {
    let all = explain::glossary();
    assert!(all.len() >= 30);
    let key = |term: &str| term.to_lowercase();
    assert!(all.is_sorted_by(|(one, _), (two, _)| key(one) < key(two)), "{all:?}");
    for (term, text) in &all {
        assert!((20..=200).contains(&text.len()), "{term}: {text}");
        assert!(text.ends_with('.') && !text.contains(['!', '`', '*']), "{term}: {text}");
    }
    for word in
        ["node", "worker", "kubelet", "static pod", "csr", "san", "issuer", "context", "known_hosts", "pause"]
    {
        assert!(all.iter().any(|(term, _)| key(term) == word), "{word}");
    }
}

#[test]
fn every_text_belongs_to_a_step_of_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/explain");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is part of the sources")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    let screens = explain::SCREENS.iter().map(|(screen, _)| format!("screen-{screen}.md"));
    let mut steps: Vec<String> =
        CATALOGUE.iter().map(|step| format!("{}.md", step.id())).chain(screens).collect();
    files.sort();
    steps.sort();
    assert_eq!(files, steps);
    for step in CATALOGUE {
        let text = std::fs::read_to_string(format!("{folder}/{}.md", step.id())).expect("it is listed");
        assert_eq!(step.explain(), text, "{} shows another step's text", step.id());
    }
}

#[test]
fn a_bad_text_is_found() {
    let good = "## What\n\na\n\n## Why\n\nb\n\n## Commands\n\nc\n\n## Undo\n\nd\n";
    assert!(faults(good).is_empty());
    for bad in [
        good.replace("## Undo", "## Back"),
        good.replace("\nb\n", "\n"),
        good.replace('a', "stop!"),
        good.replace('a', &"x".repeat(COLUMNS + 1)),
        good.replace('a', &"x\n".repeat(LINES)),
    ] {
        assert!(!faults(&bad).is_empty(), "{bad}");
    }
}

/// The codes in a text without their numbers: `E-CERT-04` is `E-CERT`.
fn codes(text: &str, found: &mut BTreeSet<String>) {
    for (at, _) in text.match_indices("\"E-") {
        let code = text.get(at + 1..).unwrap_or_default().split('"').next().unwrap_or_default();
        if let Some((prefix, number)) = code.rsplit_once('-')
            && number.len() == 2
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            found.insert(prefix.to_owned());
        }
    }
}

fn codes_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder is part of the sources") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            codes_below(&path, found);
        } else {
            codes(&std::fs::read_to_string(&path).expect("a source is UTF-8"), found);
        }
    }
}

#[test]
fn the_readme_has_every_problem_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("it is there");
    let mut found = BTreeSet::new();
    codes_below(&root.join("src"), &mut found);
    assert!(found.contains("E-CERT"), "the sources were read");
    let missing: Vec<&String> =
        found.iter().filter(|code| !readme.contains(&format!("| `{code}` |"))).collect();
    assert!(missing.is_empty(), "not in the README's table: {missing:?}");
}
