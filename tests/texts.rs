//! The texts of `assets/explain` and the glossary: every step, every screen and every problem code has one, and each is
//! short enough to be read. The registry of problem codes is the only place of them, and the README's table is its own.

#[path = "layers/token.rs"]
mod token;
#[path = "texts/words.rs"]
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use gangplank::plan::code::{ProblemCode, ProblemGroup};
use gangplank::plan::runtime_fact::RuntimeKind;
use gangplank::profile::Profile;
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
        let filled = explain::screen(screen, &known, None, 200);
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
    let none = explain::screen("cluster", &BTreeMap::new(), None, 80);
    assert!(none.commands.iter().any(|line| line.contains("<api>/version")), "{:?}", none.commands);
    let api = BTreeMap::from([("api", "https://10.0.0.5:6443".to_owned())]);
    let some = explain::screen("cluster", &api, None, 80);
    assert!(some.commands.iter().any(|line| line.contains("https://10.0.0.5:6443/version")));
    assert_eq!(explain::screen("nowhere", &api, None, 80), explain::Tabs::default());
}

#[test]
fn texts_fit_the_width_they_are_wrapped_to() {
    let long = |width: usize| {
        let fits = move |lines: &[String]| {
            lines.iter().all(|line| line.starts_with("  ") || line.chars().count() <= width)
        };
        CATALOGUE.iter().filter(move |step| {
            let tabs = explain::tabs(**step, None, width);
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
    let all = explain::glossary(None);
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
        .filter(|name| name != "problems")
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

/// What is wrong with the page of a group of problem codes.
fn page_faults(group: ProblemGroup, page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).collect();
    let mut wanted = vec![format!("# {group}")];
    wanted.extend(group.codes().map(|code| format!("## {code}")));
    if headings != wanted {
        faults.push(format!("{group}: the headings are {headings:?}"));
    }
    for section in page.split("\n## ") {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        if text.trim().is_empty() {
            faults.push(format!("{heading}: there is no paragraph"));
        } else if text.trim().contains("\n\n") {
            faults.push(format!("{heading}: there is more than a paragraph"));
        } else if !text.trim().ends_with('.') {
            faults.push(format!("{heading}: it ends in the middle of a sentence"));
        }
    }
    for (number, line) in (1..).zip(page.lines()) {
        if line.chars().count() > COLUMNS || line.contains('!') {
            faults.push(format!("{group}: line {number} is too long or has an exclamation mark"));
        }
    }
    faults
}

#[test]
fn every_problem_code_has_a_paragraph_and_every_paragraph_a_code() {
    let faults: Vec<String> =
        ProblemGroup::ALL.iter().flat_map(|group| page_faults(*group, group.page())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for code in ProblemCode::ALL {
        assert!(code.paragraph().len() > 60, "{code}: {}", code.paragraph());
        assert!(!code.paragraph().contains('#'), "{code}");
        let rest = code.as_str().strip_prefix(code.group().as_str());
        assert!(rest.is_some_and(|rest| rest.len() == 3), "{code} is not in its group");
    }
}

#[test]
fn every_group_of_problem_codes_has_its_page() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/explain/problems");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is part of the sources")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let groups: Vec<String> = ProblemGroup::ALL.iter().map(|group| format!("{group}.md")).collect();
    assert_eq!(files, groups);
}

#[test]
fn a_bad_page_of_problem_codes_is_found() {
    let group = ProblemGroup::Swap;
    let good = "# E-SWAP\n\nOn the group.\n\n## E-SWAP-01\n\nOn the code.\n";
    assert_eq!(page_faults(group, good), Vec::<String>::new());
    for bad in [
        good.replace("On the code.", ""),
        good.replace("On the group.", ""),
        good.replace("-01", "-02"),
        good.replace("code.", "code.\n\nAnd more."),
        good.replace("code.", "code"),
        good.replace("code.", "code!"),
        format!("{good}\n## E-SWAP-02\n\nOn a code that is not in the registry.\n"),
    ] {
        assert!(!page_faults(group, &bad).is_empty(), "{bad}");
    }
}

#[test]
fn the_readme_has_a_row_for_every_group_of_problem_codes() {
    let readme = include_str!("../README.md");
    let mut table = "| code | about |\n|---|---|\n".to_owned();
    for group in ProblemGroup::ALL {
        let page = format!("assets/explain/problems/{group}.md");
        let _ = writeln!(table, "| [`{group}`]({page}) | {} |", group.about());
    }
    assert!(readme.contains(&format!("{table}\n")), "the README's table should be\n{table}");
}

#[test]
fn every_file_that_contributing_names_is_there() {
    let text = include_str!("../.github/CONTRIBUTING.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // What stands for a name is cut off; the folder before it must be there.
    let paths: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| ["src/", "assets/", "tests/"].iter().any(|folder| word.starts_with(folder)))
        .filter_map(|word| word.split(' ').next())
        .map(|word| {
            word.split_once('<').and_then(|(path, _)| path.rsplit_once('/')).map_or(word, |(path, _)| path)
        })
        .collect();
    assert!(paths.len() > 40, "{paths:?}");
    let gone: Vec<&&str> = paths.iter().filter(|path| !root.join(path).exists()).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

/// The sources but the registry: path and text.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("the folder is part of the sources") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if !path.ends_with("plan/code.rs") {
            let text = std::fs::read_to_string(&path).expect("a source is UTF-8");
            found.push((path.display().to_string(), text));
        }
    }
}

/// The codes that are written as text on lines of code.
fn written_out(text: &str) -> Vec<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.match_indices("E-").filter_map(|(at, _)| line.get(at..)))
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
            rest.get(..end).filter(|word| word.parse::<ProblemCode>().is_ok())
        })
        .collect()
}

#[test]
fn every_problem_code_is_used_and_none_is_written_as_text() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let texts: Vec<String> = found
        .iter()
        .flat_map(|(path, text)| written_out(text).into_iter().map(move |code| format!("{path}: {code}")))
        .collect();
    assert!(texts.is_empty(), "written as text: {texts:?}");
    let used: BTreeSet<&str> = found
        .iter()
        .map(|(_, text)| text.split("#[cfg(test)]").next().unwrap_or_default())
        .flat_map(|text| text.split("ProblemCode::").skip(1))
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default())
        .collect();
    let unused: Vec<&ProblemCode> =
        ProblemCode::ALL.iter().filter(|code| !used.contains(format!("{code:?}").as_str())).collect();
    assert!(unused.is_empty(), "nothing has {unused:?}");
}

#[test]
fn a_code_written_as_text_is_found() {
    let text =
        "// as in E-CERT-04\nlet code = \"E-SSH-01 is gone\"; // E-CERT-05\nlet other = \"E-NONE-01\";\n";
    assert_eq!(written_out(text), ["E-SSH-01", "E-CERT-05"]);
}

#[test]
fn codes_are_read_back_in_capitals_or_not() {
    for code in ProblemCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert_eq!(code.as_str().to_lowercase().parse(), Ok(*code));
        let json = serde_json::to_string(code).expect("it is a word");
        assert_eq!(json, format!("\"{code}\""));
        assert_eq!(serde_json::from_str::<ProblemCode>(&json).ok(), Some(*code));
    }
    assert_eq!(
        "E-CERT-99".parse::<ProblemCode>().map_err(|error| error.to_string()),
        Err("there is no problem code E-CERT-99".to_owned())
    );
}

#[test]
fn every_topic_is_explained() {
    let names: Vec<&str> = explain::topics().map(|(name, _)| name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name has two meanings");
    assert_eq!(names.len(), CATALOGUE.len() + ProblemGroup::ALL.len() + ProblemCode::ALL.len());
    for name in names {
        let text = explain::topic(name, None).expect("it is listed");
        assert!(text.starts_with("# ") && text.ends_with('\n') && text.len() > 100, "{name}: {text}");
        assert_eq!(explain::topic(&name.to_lowercase(), None), Some(text));
    }
    assert!(
        explain::topic("e-cert-04", None)
            .is_some_and(|text| text.starts_with("# E-CERT-04: it was issued by another CA\n"))
    );
    assert!(
        explain::topic("E-CERT", None)
            .is_some_and(|text| text.contains("## E-CERT-04") && text.contains("## E-CERT-16"))
    );
    assert_eq!(explain::topic("E-CERT-99", None), None);
}

/// A group of problem codes that is of one runtime alone carries that runtime's name.
fn is_of(topic: &str, runtime: RuntimeKind) -> bool {
    let group = topic.parse::<ProblemCode>().map(ProblemCode::group).or_else(|_| topic.parse());
    group.is_ok_and(|group: ProblemGroup| group.as_str() == format!("E-{}", runtime.name().to_uppercase()))
}

#[test]
fn no_page_for_one_runtime_names_the_commands_of_the_other() {
    let other = |runtime: RuntimeKind| match runtime {
        RuntimeKind::Docker => (RuntimeKind::Containerd, ["crictl p", "ctr -n", "containerd config"]),
        RuntimeKind::Containerd => (RuntimeKind::Docker, ["docker", "dockershim", "daemon.json"]),
    };
    for profile in Profile::ALL {
        let runtime = profile.runtime();
        let (stranger, words) = other(runtime);
        let mut pages: Vec<(String, String)> = explain::topics()
            .filter(|(topic, _)| !is_of(topic, stranger))
            .map(|(topic, _)| (topic.to_owned(), explain::topic(topic, Some(runtime)).expect("it is listed")))
            .collect();
        for (screen, _) in explain::SCREENS {
            let tabs = explain::screen(screen, &BTreeMap::new(), Some(runtime), 100);
            let all = [tabs.what, tabs.why, tabs.commands, tabs.undo].concat().join("\n");
            pages.push((format!("screen {screen}"), all));
        }
        for (word, text) in explain::glossary(Some(runtime)) {
            pages.push((format!("glossary {word}"), format!("{word}: {text}")));
        }
        for (page, text) in pages {
            // That is the name of another program, which is recognised and refused.
            let text = text.to_lowercase().replace("cri-dockerd", "");
            let found: Vec<&&str> = words.iter().filter(|word| text.contains(**word)).collect();
            assert!(found.is_empty(), "{}: {page} has {found:?}:\n{text}", profile.name());
            assert!(!text.contains("{runtime}") && !text.contains("[end]"), "{page}: {text}");
        }
    }
}

#[test]
fn a_page_without_a_plan_tells_of_both_runtimes() {
    let both = explain::topic("images", None).expect("it is a step");
    assert!(both.contains("docker load") && both.contains("ctr -n k8s.io images import"), "{both}");
    assert!(!both.contains("[docker]") && both.contains("into the container runtime from tars"), "{both}");
}
