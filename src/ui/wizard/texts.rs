//! What the explain pane says: what, why, commands and undo of the screen or of the step that is chosen. The
//! commands are made of the present answers, so they change while somebody types.

use std::collections::BTreeMap;

use crate::engine::PlacePreview;
use crate::host::{pasteable, plain_action};
use crate::plan::place::Place;
use crate::plan::runtime_fact::RuntimeKind;
use crate::step::{Step, StepId, runtime_of};
use crate::ui::output::explain;
use crate::ui::output::explain::Tabs;
use crate::ui::output::wrap::wrap;
use crate::ui::wizard::bindings::possible;
use crate::ui::wizard::cells::CellState;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::review_table;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::log::Log;
use crate::ui::wizard::screens::run::host;
use crate::ui::wizard::screens::{diagnosis, repair, review};
use crate::ui::wizard::{keymap, progress};

/// The tabs.
pub const TABS: [&str; 4] = ["What", "Why", "Commands", "Undo"];

/// One tab as lines of at most so many cells.
pub fn tab(model: &Model, tab: usize, width: usize) -> Vec<(Role, String)> {
    let tabs = tabs(model, width);
    let (lines, role) = match tab {
        0 => (&tabs.what, Role::Text),
        1 => (&tabs.why, Role::Text),
        2 => (&tabs.commands, Role::Code),
        _ => (&tabs.undo, Role::Text),
    };
    let mut out = Vec::new();
    for line in lines {
        let role = if line.starts_with("    ") { Role::Code } else { role };
        let line = line.strip_prefix("    ").unwrap_or(line);
        if line.is_empty() {
            out.push((role, String::new()));
        }
        out.extend(wrap(line, width).into_iter().map(|part| (role, part)));
    }
    out
}

/// Why a step is there: the first paragraph of its explanation.
pub fn why(step: StepId, width: usize) -> Vec<String> {
    let Some(step) = progress::step(step) else { return Vec::new() };
    explain::tabs(step, None, width).why.into_iter().take_while(|line| !line.is_empty()).collect()
}

/// The step that the run is about now: the one that runs where the output is from, or has the problem, or was last.
pub fn step_now(model: &Model) -> Option<&'static dyn Step> {
    let place = match progress::shown(model) {
        Some(trouble) => trouble.place.clone(),
        None => progress::places(model).get(model.run.shown).cloned()?,
    };
    let state = |step: &dyn Step| model.run.cells.get(&place, step.id().0).map(|cell| cell.state);
    let is = |wanted: &[CellState]| {
        progress::steps(model).filter(|step| state(*step).is_some_and(|state| wanted.contains(&state))).last()
    };
    is(&[CellState::Failed]).or_else(|| is(&[CellState::Running])).or_else(|| {
        progress::steps(model)
            .filter(|step| state(*step).is_some_and(|state| state != CellState::Waiting))
            .last()
    })
}

/// The runtime that the texts are for: that of the worker which is shown, or the one that all workers have; `None` = it
/// is not known, or there are two.
pub fn runtime(model: &Model) -> Option<RuntimeKind> {
    let of = |seen: &PlacePreview| runtime_of(&seen.facts);
    let seen = model.preview.inspection.seen()?;
    let shown = match model.nav.screen {
        Screen::Run => progress::places(model).get(model.run.shown).cloned(),
        Screen::Diagnosis | Screen::Repair => host(model).map(Place::Worker),
        _ => Some(Place::Worker(model.worker_name(model.nav.row))),
    };
    let shown = seen.iter().find(|one| Some(&one.place) == shown.as_ref()).and_then(of);
    let mut all = seen.iter().filter_map(of);
    let first = all.next();
    shown.or_else(|| first.filter(|first| all.all(|other| other == *first)))
}

fn tabs(model: &Model, width: usize) -> Tabs {
    if model.nav.screen == Screen::Run
        && let Some(step) = step_now(model)
    {
        let mut tabs = explain::tabs(step, runtime(model), width);
        tabs.what.insert(0, format!("{}:", step.title()));
        return tabs;
    }
    explain::screen(model.nav.screen.name(), &values(model), runtime(model), width)
}

/// What the names in braces in the texts mean with the present answers; what is not answered yet is left out.
pub fn values(model: &Model) -> BTreeMap<&'static str, String> {
    let answers = &model.form.answers;
    let row = model.nav.row;
    let or = |value: String, default: &str| if value.is_empty() { default.to_owned() } else { value };
    let user = or(
        Field::User.get(answers, row),
        &Field::User.inherited(answers).unwrap_or_else(|| "root".to_owned()),
    );
    let port =
        or(Field::Port.get(answers, row), &Field::Port.inherited(answers).unwrap_or_else(|| "22".to_owned()));
    let api = Field::Api.get(answers, 0);
    let host = api.trim_start_matches("https://").to_owned();
    let (api_host, api_port) = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => (name.to_owned(), port.to_owned()),
        _ if host.is_empty() => (String::new(), String::new()),
        _ => (host.clone(), "443".to_owned()),
    };
    let ca_login = Field::CaHost.get(answers, 0);
    let ca_login = ca_login.split('/').next().unwrap_or_default().to_owned();
    let ssh_host = or(Field::Host.get(answers, row), &Field::Address.get(answers, row));
    let login = if ssh_host.is_empty() { String::new() } else { format!("{user}@{ssh_host}") };
    let cluster = or(Field::Cluster.get(answers, 0), "default-cluster");
    let pairs = [
        ("plan", format!("{cluster}.yaml")),
        ("context", or(Field::Context.get(answers, 0), &cluster)),
        ("cluster", cluster),
        ("api", api),
        ("api_host", api_host),
        ("api_port", api_port),
        ("service_range", Field::ServiceRange.get(answers, 0)),
        ("dns", Field::Dns.get(answers, 0)),
        ("domain", or(Field::Domain.get(answers, 0), "cluster.local")),
        ("ca_cert", or(Field::CaCert.get(answers, 0), "ca.crt")),
        ("ca_key", or(Field::CaKey.get(answers, 0), "ca.key")),
        ("ca_login", ca_login),
        ("days", or(Field::Days.get(answers, 0), "365")),
        ("worker", model.worker_name(row)),
        ("address", Field::Address.get(answers, row)),
        ("login", login),
        ("port", port),
        ("kubeconfig", Field::ContextFile.get(answers, 0)),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// What `y` copies: the exact actions of the chosen row, or the tab that is shown.
pub fn copy_text(model: &Model) -> String {
    if let Some(offline) = model.run.offline.as_ref().filter(|_| model.nav.screen == Screen::Run) {
        return offline.command.clone();
    }
    if model.nav.screen == Screen::Review
        && let Some(looked) = review::rows(model).get(model.preview.row).and_then(|row| row.looked)
    {
        let shell: Vec<String> = review_table::actions(looked).iter().map(plain_action).collect();
        if !shell.is_empty() {
            return pasteable(&shell.join("\n")) + "\n";
        }
    }
    match model.nav.screen {
        Screen::Diagnosis => return diagnosis::copy_text(model),
        Screen::Repair => return repair::copy_text(model),
        _ => {}
    }
    if model.nav.screen == Screen::Run {
        let place = progress::places(model).get(model.run.shown).cloned();
        return place.and_then(|place| model.run.logs.get(&place)).map(Log::text).unwrap_or_default();
    }
    let tabs = tabs(model, usize::from(u16::MAX));
    let lines = match model.explain.tab {
        0 => tabs.what,
        1 => tabs.why,
        2 => tabs.commands,
        _ => tabs.undo,
    };
    let lines: Vec<&str> = lines.iter().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    lines.join("\n") + "\n"
}

/// The glossary, of every runtime.
pub fn glossary() -> Vec<(String, String)> {
    explain::glossary(None)
}

/// A line of the help.
pub struct HelpLine {
    /// How its head is meant, or the whole of it where it has none.
    pub role: Role,
    /// A key or a word; empty below the first line of its text, `None` where there are no columns.
    pub head: Option<String>,
    /// What it says.
    pub text: String,
}

/// The help, in lines of at most so many cells: all of it, or what has the searched words.
pub fn help(model: &Model, search: &str, width: usize) -> Vec<HelpLine> {
    let search = search.trim().to_lowercase();
    let found = |head: &str, text: &str| {
        search.is_empty() || format!("{head} {text}").to_lowercase().contains(&search)
    };
    let keys: Vec<(String, &str)> = possible(model)
        .map(|binding| {
            let names: Vec<String> = binding.keys.iter().map(|key| keymap::name(*key)).collect();
            (names.join(", "), binding.long)
        })
        .filter(|(keys, long)| found(keys, long))
        .collect();
    let words: Vec<(String, String)> =
        glossary().into_iter().filter(|(word, meaning)| found(word, meaning)).collect();
    let mut lines = Vec::new();
    if let Some(demo) = model.demo.as_ref().filter(|demo| !demo.about.is_empty() && search.is_empty()) {
        say(&mut lines, Role::Key, &format!("The demo {}", demo.name), width);
        say(&mut lines, Role::Text, &demo.about, width);
        empty(&mut lines);
    }
    if !keys.is_empty() {
        say(&mut lines, Role::Key, "Keys possible now", width);
    }
    for (keys, long) in keys {
        columns(&mut lines, Role::Key, &keys, long, width);
    }
    if search.is_empty() {
        empty(&mut lines);
        for text in [
            "Arrows move between fields and rows; hjkl, g and G do too outside of fields.",
            "Everything is in the command menu as well (Ctrl-K or :), for terminals that eat keys.",
            "Signs: a terminal set to wide ambiguous characters (CJK locales) needs --ascii.",
        ] {
            say(&mut lines, Role::Dim, text, width);
        }
        empty(&mut lines);
    }
    if !words.is_empty() {
        say(&mut lines, Role::Key, "Glossary", width);
    }
    for (word, meaning) in words {
        columns(&mut lines, Role::Accent, &word, &meaning, width);
    }
    if lines.is_empty() {
        say(&mut lines, Role::Dim, "No key and no word of the glossary has that in it.", width);
    }
    lines
}

fn say(lines: &mut Vec<HelpLine>, role: Role, text: &str, width: usize) {
    lines.extend(wrap(text, width).into_iter().map(|text| HelpLine { role, head: None, text }));
}

fn empty(lines: &mut Vec<HelpLine>) {
    lines.push(HelpLine { role: Role::Text, head: None, text: String::new() });
}

fn columns(lines: &mut Vec<HelpLine>, role: Role, head: &str, text: &str, width: usize) {
    for (number, text) in wrap(text, width.saturating_sub(18)).into_iter().enumerate() {
        let head = if number == 0 { head.to_owned() } else { String::new() };
        lines.push(HelpLine { role, head: Some(head), text });
    }
}
