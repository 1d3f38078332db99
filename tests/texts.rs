//! The texts of `assets/explain`: every step has one, and each is short enough to be read. And the
//! README's table of problem codes: none is missing.

use std::collections::BTreeSet;
use std::path::Path;

use gangplank::step::CATALOGUE;

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
fn every_text_belongs_to_a_step_of_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/explain");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is part of the sources")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    let mut steps: Vec<String> = CATALOGUE.iter().map(|step| format!("{}.md", step.id())).collect();
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
