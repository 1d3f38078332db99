//! In the wizard a problem names the fields of the form; the keys of a plan file are for those who edit one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::path::Path;

use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::plan_field::PlanField;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::dialogs::problem::ProblemDialog;
use gangplank::ui::wizard::form::by_label::{answer, by_hand, by_label};
use gangplank::ui::wizard::form::field::Field;
use gangplank::ui::wizard::look::{Inspection, Look, LookStatus, ProbeTarget};
use gangplank::ui::wizard::update::update;
use gangplank::ui::wizard::validation::validate;

use crate::token::{Token, Word, tokens};

use super::random::text;
use super::setup::{answered, running, trouble};

/// What a plan file has and no form: keys, lists of nobody in particular, values as YAML.
fn left_of_yaml(text: &str) -> Option<String> {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-');
    let key = |key: &&str| {
        text.match_indices(*key)
            .any(|(at, _)| !text[..at].ends_with(in_word) && !text[at + key.len()..].starts_with(in_word))
    };
    let keys = PlanField::ALL.iter().map(|field| field.path());
    let yaml = ["[]", "{", ": true", ": false", " .", "in the plan", "ca:"];
    keys.clone().find(key).or_else(|| yaml.into_iter().find(|sign| text.contains(*sign))).map(str::to_owned)
}

fn sources(folder: &Path, found: &mut Vec<(String, Vec<Token>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let words = tokens(&std::fs::read_to_string(&path).unwrap());
            found.push((path.display().to_string(), words.into_iter().filter(|word| !word.test).collect()));
        }
    }
}

/// The sources of what finds problems.
fn finders() -> Vec<(String, Vec<Token>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for folder in ["engine", "host", "kube", "pki", "plan/check", "profile", "step"] {
        sources(&root.join(folder), &mut found);
    }
    found.retain(|(path, _)| !path.ends_with("tests.rs"));
    found
}

/// Answers to change, as the sources have them: the field, and the text beside it.
fn answers() -> Vec<(String, PlanField, String)> {
    let mut all = Vec::new();
    for (path, words) in finders() {
        for (at, word) in words.iter().enumerate() {
            let Some(field) = PlanField::ALL.iter().find(|field| word.named(&format!("{field:?}"))) else {
                continue;
            };
            let of_plan = words[..at].iter().rev().nth(1).is_some_and(|word| word.named("PlanField"));
            let mut after = words[at + 1..]
                .iter()
                .skip_while(|word| word.is(',') || word.named("format") || word.is('!') || word.is('('));
            if let Some(Word::Text(text)) = after.next().map(|word| &word.word)
                && of_plan
            {
                all.push((path.clone(), *field, text.clone()));
            }
        }
    }
    all
}

#[test]
fn every_answer_that_a_problem_asks_to_change_is_named_as_the_form_names_it() {
    let all = answers();
    assert!(all.len() >= 30, "only {} are found", all.len());
    let mut wrong = Vec::new();
    for (path, field, text) in all {
        let words = answer(field, &text);
        let own = [Field::of(field).label(), Field::CaHost.label()];
        if !own.iter().any(|label| words.contains(label)) {
            wrong.push(format!("{path}: {words} does not name {}", own[0]));
        }
        // What is filled in comes behind a colon.
        if let Some(left) = left_of_yaml(&words.replace("{theirs}", "").replace("{new}", "")) {
            wrong.push(format!("{path}: {words} has {left}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a problem says besides is shown as it is, but for a few phrases.
#[test]
fn no_other_text_of_a_problem_or_remark_names_a_key() {
    let asked: Vec<String> = answers().into_iter().map(|(.., text)| text).collect();
    let mut wrong = Vec::new();
    for (path, words) in finders() {
        let is_check = path.contains("/plan/check/");
        for word in words {
            let Word::Text(text) = word.word else { continue };
            let blank = text.contains(' ') && !text.starts_with(' ');
            if !blank || asked.contains(&text) {
                continue;
            }
            let words = if is_check { by_label(&text) } else { by_hand(&text) };
            let key = PlanField::ALL.iter().map(|field| field.path()).find(|key| {
                words.match_indices(key).any(|(at, _)| {
                    let before = words[..at].chars().next_back().unwrap_or(' ');
                    let after = words[at + key.len()..].chars().next().unwrap_or(' ');
                    // A file may be called `ca.key` in a command.
                    before != '/'
                        && !before.is_alphanumeric()
                        && matches!(after, ' ' | ',' | ':' | ';')
                        && !words.contains("-CAkey")
                })
            });
            wrong.extend(key.map(|key| format!("{path}:{}: {words} has {key}", word.line)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn missing_ca() -> Problem {
    Problem::new(ProblemCode::Ca12, "ca.crt cannot be read")
        .edit(PlanField::CaCert, "ca.cert and ca.key")
        .edit(PlanField::SshHost, "workers[].ssh.host or .port")
        .replace("and so on")
}

#[test]
fn the_ways_out_are_in_the_words_of_the_form_wherever_a_problem_is_shown() {
    let look = || Look { mood: LookStatus::Bad, problem: Some(missing_ca()), ..Look::begun() };
    let mut on_form = answered("ca");
    on_form.probes.looks.insert(ProbeTarget::Ca, look());
    let mut dialog = answered("ca");
    dialog.dialogs.open.push(Dialog::Problem(ProblemDialog::new(ProbeTarget::Ca, missing_ca())));
    let mut review = answered("review");
    review.preview.inspection = Inspection::Failed(missing_ca());
    let mut run = running();
    update(&mut run, trouble(Place::Worker("worker1".to_owned()), missing_ca().ways));
    for model in [on_form, dialog, review, run] {
        let shown = text(&model);
        assert!(shown.contains("hange Certificate and Key"), "{shown}");
        assert!(shown.contains("hange SSH host or SSH port"), "{shown}");
        for yaml in ["ca.cert", "workers[]", "in the plan", "replace: true"] {
            assert!(!shown.contains(yaml), "{yaml}\n{shown}");
        }
    }
}

#[test]
fn a_remark_names_no_key_of_a_file() {
    let mut model = answered("workers");
    let worker = &mut model.form.answers.workers[0];
    worker.kubelet_args = Some(vec!["--cluster-dns=10.0.0.1".to_owned(), "--api-servers=x".to_owned()]);
    model.form.answers.ca.key.clone_from(&model.form.answers.ca.cert);
    model.form.answers.ca.ssh.key = Some("x".to_owned());
    model.form.answers.cluster.pod_range = Some("10.3.0.0/24".to_owned());
    validate(&mut model);
    assert!(model.form.issues.len() >= 4, "{:?}", model.form.issues);
    for remark in &model.form.issues {
        let words = format!("{} {}; {}", model.field_name(&remark.field), remark.what, remark.cure);
        assert_eq!(left_of_yaml(&words), None, "{words}");
    }
    for (path, name) in [
        ("cluster.differences.hostname-override", "Against the post"),
        ("workers", "a worker"),
        ("ca.ssh", "Certificate CA"),
        ("defaults.ssh.port", "defaults of the plan file"),
        ("workers[1].ssh.jump[0]", "worker2: Jump hosts"),
    ] {
        assert_eq!(model.field_name(path), name);
    }
}

/// Without the wizard somebody edits the file.
#[test]
fn without_the_wizard_keys_are_told() {
    let card = missing_ca().card(&Place::CaHost).join("\n");
    assert!(card.contains("change ca.cert and ca.key in the plan"), "{card}");
    let told = missing_ca().told().to_string();
    assert!(told.contains("ca.cert and ca.key") && told.contains(r#""field":"ca.cert""#), "{told}");
    assert!(matches!(missing_ca().ways[0], Remedy::Edit { .. }));
}
