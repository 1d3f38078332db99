//! Keys of what lies over a screen: menu, questions, confirms, texts; and what taking a way out means.
//!
//! It is long because every kind of overlay has its keys here.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

use crate::plan::answers::{LoginAnswers, WorkerAnswers};
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::ui::wizard::dialogs::bulk;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::input::{on_log, perform};
use crate::ui::wizard::key::{Key, KeyCode};
use crate::ui::wizard::keymap::{self, Command};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::{
    Confirm, Journey, LineFor, Model, Overlay, ProbeTarget, Question, Reply, Screen,
};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::run::{self, RunRemedy};
use crate::ui::wizard::update::{self, edit, go, show_question, start};

/// A row of the command menu.
#[derive(Debug, Clone, PartialEq)]
pub struct MenuEntry {
    /// Its word in the key bar, which is searched too.
    pub word: String,
    /// Its words.
    pub text: String,
    /// Its key, in words.
    pub key: String,
    /// What it does.
    pub does: Does,
}

/// What a row of the menu does.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    /// A command.
    Command(Command),
    /// To a screen.
    Jump(Screen),
    /// A fault of the demo.
    Throw(String, String),
}

/// Everything possible now, best match of the search first.
pub fn entries(model: &Model, search: &str) -> Vec<MenuEntry> {
    let mut all: Vec<MenuEntry> = keymap::possible(model)
        .filter(|binding| !matches!(binding.command, Command::Menu | Command::Next | Command::Previous))
        .map(|binding| MenuEntry {
            word: binding.label.to_owned(),
            text: binding.long.to_owned(),
            key: binding.keys.first().map(|key| keymap::name(*key)).unwrap_or_default(),
            does: Does::Command(binding.command),
        })
        .collect();
    all.extend(update::jumps(model).into_iter().map(|screen| MenuEntry {
        word: String::new(),
        text: format!("go to {}", screen.title()),
        key: String::new(),
        does: Does::Jump(screen),
    }));
    if let Some(demo) = &model.demo {
        all.extend(demo.faults.iter().map(|(id, worker, title)| MenuEntry {
            word: String::new(),
            text: format!("demo: {title}"),
            key: String::new(),
            does: Does::Throw(id.clone(), worker.clone()),
        }));
    }
    if search.trim().is_empty() {
        return all;
    }
    let pattern = Pattern::parse(search, CaseMatching::Ignore, Normalization::Smart);
    let texts: Vec<String> = all.iter().map(|entry| format!("{} {}", entry.word, entry.text)).collect();
    let mut matcher = Matcher::new(Config::DEFAULT);
    let found = pattern.match_list(texts.iter().enumerate().map(Searched), &mut matcher);
    found.into_iter().filter_map(|(searched, _)| all.get(searched.0.0).cloned()).collect()
}

struct Searched<'a>((usize, &'a String));

impl AsRef<str> for Searched<'_> {
    fn as_ref(&self) -> &str {
        self.0.1
    }
}

/// Text pasted into what lies on top.
pub fn paste(model: &mut Model, text: &str) {
    match model.dialogs.open.last_mut() {
        Some(
            Overlay::PasteWorkers { text: input, .. }
            | Overlay::PasteCertificates { text: input }
            | Overlay::Menu { search: input, .. }
            | Overlay::Ask { typed: input, .. }
            | Overlay::Line { text: input, .. },
        ) => input.insert(text),
        Some(Overlay::Confirm { typed, yes, .. }) => {
            typed.insert(text);
            *yes = false;
        }
        _ => {}
    }
}

/// How many answers a question has to choose from.
fn answers(question: &Question) -> usize {
    match question {
        Question::Secret { .. } => 0,
        Question::Trust { .. } => 3,
        Question::GoOn { .. } => 2,
    }
}

/// A key while something lies over the screen.
#[expect(clippy::too_many_lines, reason = "one arm for each overlay")]
pub fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    if key.control && !key.alt {
        match key.code {
            KeyCode::Char('z') => return vec![Effect::Suspend],
            KeyCode::Char('l') => return vec![Effect::Redraw],
            KeyCode::Char('c') if !matches!(model.dialogs.open.last(), Some(Overlay::Quit { .. })) => {
                model.dialogs.open.push(Overlay::Quit { at: 0 });
                return Vec::new();
            }
            _ => {}
        }
    }
    let Some(overlay) = model.dialogs.open.pop() else { return Vec::new() };
    match overlay {
        Overlay::Help { scroll } => scrolled(model, key, scroll, |scroll| Overlay::Help { scroll }),
        Overlay::Text { title, lines, scroll } => {
            let last = lines.len().saturating_sub(1);
            if key.code == KeyCode::Char('y') {
                let all: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
                let text = all.join("\n") + "\n";
                model.dialogs.open.push(Overlay::Text { title, lines, scroll });
                return vec![Effect::Copy(text)];
            }
            scrolled(model, key, scroll, |scroll| Overlay::Text { title, lines, scroll: scroll.min(last) })
        }
        Overlay::Explain => {
            match key.code {
                KeyCode::Esc | KeyCode::Enter | KeyCode::Char('e' | 'q') => {}
                KeyCode::Left => {
                    model.explain.tab = model.explain.tab.saturating_add(3) % 4;
                    model.explain.scroll = 0;
                    model.dialogs.open.push(Overlay::Explain);
                }
                KeyCode::Right | KeyCode::Tab | KeyCode::Char('E') => {
                    model.explain.tab = model.explain.tab.saturating_add(1) % 4;
                    model.explain.scroll = 0;
                    model.dialogs.open.push(Overlay::Explain);
                }
                KeyCode::Char('y') => {
                    model.dialogs.open.push(Overlay::Explain);
                    return vec![Effect::Copy(crate::ui::wizard::dialogs::explain::copy_text(model))];
                }
                code => {
                    let scroll = model.explain.scroll;
                    model.explain.scroll = moved(code, scroll, usize::MAX);
                    model.dialogs.open.push(Overlay::Explain);
                }
            }
            Vec::new()
        }
        Overlay::Menu { search, at } => menu(model, key, search, at),
        Overlay::Jump { at } => jump(model, key, at),
        Overlay::Ask { id, question, typed, at } => ask(model, key, id, question, typed, at),
        Overlay::PasteWorkers { text, wrong } => paste_workers(model, key, text, wrong),
        Overlay::PasteCertificates { mut text } => match key.code {
            KeyCode::Esc => Vec::new(),
            KeyCode::Char('d') if key.control && !key.alt => {
                vec![Effect::Certificates(text.text())]
            }
            KeyCode::Tab => vec![Effect::Certificates(text.text())],
            _ => {
                text.press(key);
                model.dialogs.open.push(Overlay::PasteCertificates { text });
                Vec::new()
            }
        },
        Overlay::Import { hosts, at } => import(model, key, hosts, at),
        Overlay::Line { what, mut text } => match key.code {
            KeyCode::Esc => Vec::new(),
            KeyCode::Enter => line_done(model, what, text.first().trim()),
            _ => {
                text.press(key);
                model.dialogs.open.push(Overlay::Line { what, text });
                Vec::new()
            }
        },
        Overlay::Confirm { what, typed, yes } => confirm(model, key, what, typed, yes),
        Overlay::Quit { at } => quit(model, key, at),
        Overlay::Problem { target, problem, at } => {
            let choices = look_choices(&problem, &target);
            match key.code {
                KeyCode::Esc => {}
                KeyCode::Enter => {
                    let act = choices.get(at).map(|choice| choice.act.clone());
                    return act.map(|act| apply_look_remedy(model, &target, &act)).unwrap_or_default();
                }
                KeyCode::Char(c) if c.is_ascii_digit() && c != '0' => {
                    let at = usize::try_from(c.to_digit(10).unwrap_or(1)).unwrap_or(1).saturating_sub(1);
                    let at = at.min(choices.len().saturating_sub(1));
                    model.dialogs.open.push(Overlay::Problem { target, problem, at });
                }
                code => {
                    let at = moved(code, at, choices.len().saturating_sub(1));
                    model.dialogs.open.push(Overlay::Problem { target, problem, at });
                }
            }
            Vec::new()
        }
        Overlay::PickWorker { chosen, at } => pick(model, key, chosen, at),
        Overlay::PickDemo { at } => {
            let labs = crate::engine::demo::names();
            match key.code {
                KeyCode::Esc => Vec::new(),
                KeyCode::Enter => labs
                    .get(at)
                    .map(|(name, _)| vec![Effect::OpenDemo((*name).to_owned())])
                    .unwrap_or_default(),
                code => {
                    model
                        .dialogs
                        .open
                        .push(Overlay::PickDemo { at: moved(code, at, labs.len().saturating_sub(1)) });
                    Vec::new()
                }
            }
        }
    }
}

fn moved(code: KeyCode, at: usize, last: usize) -> usize {
    match code {
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => at.saturating_add(1),
        KeyCode::PageUp => at.saturating_sub(10),
        KeyCode::PageDown => at.saturating_add(10),
        KeyCode::Home => 0,
        _ => at,
    }
    .min(last)
}

fn scrolled(model: &mut Model, key: Key, scroll: usize, make: impl FnOnce(usize) -> Overlay) -> Vec<Effect> {
    if !matches!(key.code, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | '?')) {
        model.dialogs.open.push(make(moved(key.code, scroll, 10_000)));
    }
    Vec::new()
}

fn menu(model: &mut Model, key: Key, mut search: TextInput, at: usize) -> Vec<Effect> {
    let text = search.first().to_owned();
    let found = entries(model, &text);
    let last = found.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc => return Vec::new(),
        KeyCode::Enter => {
            let Some(entry) = found.into_iter().nth(at.min(last)) else { return Vec::new() };
            return match entry.does {
                Does::Command(command) => perform(model, command),
                Does::Jump(screen) => jump_to(model, screen),
                Does::Throw(fault, host) => vec![Effect::Throw { fault, host }],
            };
        }
        KeyCode::Up => model.dialogs.open.push(Overlay::Menu { search, at: at.saturating_sub(1) }),
        KeyCode::Down => {
            model.dialogs.open.push(Overlay::Menu { search, at: at.saturating_add(1).min(last) })
        }
        KeyCode::PageUp | KeyCode::PageDown => {
            model.dialogs.open.push(Overlay::Menu { search, at: moved(key.code, at, last) });
        }
        _ => {
            search.press(key);
            model.dialogs.open.push(Overlay::Menu { search, at: 0 });
        }
    }
    Vec::new()
}

fn jump_to(model: &mut Model, screen: Screen) -> Vec<Effect> {
    if model.run.going_on() && screen != Screen::Run {
        model.say(Role::Warn, "the run goes on: Ctrl-C stops it");
        return Vec::new();
    }
    let mut effects = crate::ui::wizard::input::leave_field(model);
    effects.extend(go(model, screen));
    effects
}

fn jump(model: &mut Model, key: Key, at: usize) -> Vec<Effect> {
    let screens = update::jumps(model);
    match key.code {
        KeyCode::Esc => Vec::new(),
        KeyCode::Enter => {
            let Some(screen) = screens.get(at).copied() else { return Vec::new() };
            jump_to(model, screen)
        }
        KeyCode::Char(c) if c.is_ascii_digit() && c != '0' => {
            let number = usize::try_from(c.to_digit(10).unwrap_or(1)).unwrap_or(1);
            let at = screens.iter().position(|screen| screen.number() == Some(number)).unwrap_or(at);
            model.dialogs.open.push(Overlay::Jump { at });
            Vec::new()
        }
        code => {
            model.dialogs.open.push(Overlay::Jump { at: moved(code, at, screens.len().saturating_sub(1)) });
            Vec::new()
        }
    }
}

fn ask(
    model: &mut Model,
    key: Key,
    id: u64,
    question: Question,
    mut typed: TextInput,
    at: usize,
) -> Vec<Effect> {
    if matches!(question, Question::Secret { .. }) && key.code == KeyCode::Enter {
        // What was typed is moved, not copied, so that it is wiped when it is not needed any more.
        let secret = typed.into_secret();
        show_question(model);
        return vec![Effect::Reply { id, reply: Reply::Secret(Some(secret)) }];
    }
    let reply = match (&question, key.code) {
        (Question::Secret { .. }, KeyCode::Esc) => Some(Reply::Secret(None)),
        (Question::Trust { .. }, KeyCode::Enter) => Some(Reply::Trust(u8::try_from(at).unwrap_or(2))),
        (Question::Trust { .. }, KeyCode::Esc) => Some(Reply::Trust(2)),
        (Question::GoOn { .. }, KeyCode::Enter) => Some(Reply::GoOn(at == 0)),
        (Question::GoOn { .. }, KeyCode::Esc) => Some(Reply::GoOn(false)),
        _ => None,
    };
    if let Some(reply) = reply {
        show_question(model);
        return vec![Effect::Reply { id, reply }];
    }
    let last = answers(&question).saturating_sub(1);
    let at = match key.code {
        // Somebody may be typing something else while this comes up: no letter chooses here.
        KeyCode::Char(_) | KeyCode::Home | KeyCode::PageUp if matches!(question, Question::Trust { .. }) => {
            at
        }
        KeyCode::Left => at.saturating_sub(1),
        KeyCode::Right | KeyCode::Tab => at.saturating_add(1).min(last),
        KeyCode::Char(c) if answers(&question) > 0 && c.is_ascii_digit() && c != '0' => {
            usize::try_from(c.to_digit(10).unwrap_or(1)).unwrap_or(1).saturating_sub(1).min(last)
        }
        code => moved(code, at, last),
    };
    if matches!(question, Question::Secret { .. }) {
        typed.press(key);
    }
    model.dialogs.open.push(Overlay::Ask { id, question, typed, at });
    Vec::new()
}

fn paste_workers(model: &mut Model, key: Key, mut text: TextInput, wrong: String) -> Vec<Effect> {
    let done = key.code == KeyCode::Tab || key.code == KeyCode::Char('d') && key.control;
    if key.code == KeyCode::Esc {
        return Vec::new();
    }
    if !done {
        text.press(key);
        model.dialogs.open.push(Overlay::PasteWorkers { text, wrong });
        return Vec::new();
    }
    match bulk::parse(&text.text()) {
        Ok(workers) if workers.is_empty() => {
            let wrong = "nothing was written yet".to_owned();
            model.dialogs.open.push(Overlay::PasteWorkers { text, wrong });
            Vec::new()
        }
        Ok(workers) => crate::ui::wizard::input::add_many(model, workers),
        Err(wrong) => {
            model.dialogs.open.push(Overlay::PasteWorkers { text, wrong });
            Vec::new()
        }
    }
}

fn import(model: &mut Model, key: Key, mut hosts: Vec<(String, bool)>, at: usize) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => Vec::new(),
        KeyCode::Char(' ') => {
            if let Some(host) = hosts.get_mut(at) {
                host.1 = !host.1;
            }
            model.dialogs.open.push(Overlay::Import { hosts, at });
            Vec::new()
        }
        KeyCode::Enter => {
            if !hosts.iter().any(|host| host.1)
                && let Some(host) = hosts.get_mut(at)
            {
                host.1 = true;
            }
            let workers = hosts
                .into_iter()
                .filter(|host| host.1)
                .map(|(host, _)| WorkerAnswers {
                    name: Some(host.split('.').next().unwrap_or(&host).to_lowercase()),
                    ssh: LoginAnswers { host: Some(host), ..LoginAnswers::default() },
                    ..WorkerAnswers::default()
                })
                .collect();
            crate::ui::wizard::input::add_many(model, workers)
        }
        code => {
            let at = moved(code, at, hosts.len().saturating_sub(1));
            model.dialogs.open.push(Overlay::Import { hosts, at });
            Vec::new()
        }
    }
}

fn line_done(model: &mut Model, what: LineFor, text: &str) -> Vec<Effect> {
    if text.is_empty() && what != LineFor::Search {
        return Vec::new();
    }
    match what {
        LineFor::OpenPlan => vec![Effect::OpenPlan(text.into())],
        LineFor::SavePlan => vec![Effect::WritePlan(text.into())],
        LineFor::Export => vec![Effect::Export(text.into())],
        LineFor::Search => {
            let found = on_log(model, |log, rows| {
                text.clone_into(&mut log.search);
                let count = log.hits();
                log.find(true, rows);
                count
            });
            match found {
                Some(0) | None if !text.is_empty() => model.say(Role::Warn, "not found"),
                Some(count) if !text.is_empty() => {
                    model.say(Role::Ok, format!("{count} lines; n next, N before"));
                }
                _ => {}
            }
            Vec::new()
        }
    }
}

fn confirm(model: &mut Model, key: Key, what: Confirm, mut typed: TextInput, yes: bool) -> Vec<Effect> {
    let (Confirm::Replace { host, .. } | Confirm::Undo { host }) = &what;
    let right = typed.first().trim() == host;
    match key.code {
        KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => {
            let yes = right && !yes;
            model.dialogs.open.push(Overlay::Confirm { what, typed, yes });
            return Vec::new();
        }
        // Once the name stands there, Enter goes to the button, and only there it means yes.
        KeyCode::Enter if right && !yes => {
            model.dialogs.open.push(Overlay::Confirm { what, typed, yes: true });
            return Vec::new();
        }
        KeyCode::Enter if yes && right => {}
        KeyCode::Esc | KeyCode::Enter => return Vec::new(),
        _ => {
            typed.press(key);
            model.dialogs.open.push(Overlay::Confirm { what, typed, yes: false });
            return Vec::new();
        }
    }
    // It may have begun since the name was asked for.
    if model.run.going_on() {
        model.say(Role::Warn, update::AT_WORK);
        return Vec::new();
    }
    match what {
        Confirm::Undo { host } => {
            let mut effects =
                if model.nav.screen == Screen::Run { Vec::new() } else { go(model, Screen::Run) };
            let places = run::places(model);
            model.run.shown = places.iter().position(|place| place.is_worker(&host)).unwrap_or(0);
            run::clear(&mut model.run, &[Place::Worker(host.clone())]);
            model.run.going = model.run.going.saturating_add(1);
            model.run.started = Some(model.window.now);
            effects.push(Effect::Undo { host });
            effects
        }
        Confirm::Replace { host, more, .. } => {
            model.form.confirmed.insert(host);
            let replaced = crate::ui::wizard::screens::review::replaced(model);
            match more.first().and_then(|host| replaced.into_iter().find(|(one, _)| one == host)) {
                Some((host, actions)) => {
                    let more = more.into_iter().skip(1).collect();
                    let what = Confirm::Replace { host, actions, more };
                    model.dialogs.open.push(Overlay::Confirm {
                        what,
                        typed: TextInput::line(""),
                        yes: false,
                    });
                    Vec::new()
                }
                None => start(model, Vec::new()),
            }
        }
    }
}

/// What the quit dialog offers now.
pub fn quit_choices(model: &Model) -> Vec<&'static str> {
    match (model.run.going_on(), model.run.stops) {
        (false, _) if model.demo.is_some() => vec!["Stay", "Quit"],
        (false, _) => vec!["Stay", "Save and quit"],
        (true, 0) => vec!["Go on", "Stop after the current action"],
        (true, _) => vec!["Go on waiting", "Stop at once", "Quit whatever the hosts do"],
    }
}

fn quit(model: &mut Model, key: Key, at: usize) -> Vec<Effect> {
    let choices = quit_choices(model);
    let again = key.code == KeyCode::Char('c') && key.control;
    let at = match key.code {
        KeyCode::Esc => return Vec::new(),
        KeyCode::Enter => at,
        // Ctrl-C in the dialog is the answer one came for.
        _ if again => 1,
        KeyCode::Left => return requit(model, at.saturating_sub(1)),
        KeyCode::Right | KeyCode::Tab => {
            return requit(model, at.saturating_add(1).min(choices.len().saturating_sub(1)));
        }
        code => return requit(model, moved(code, at, choices.len().saturating_sub(1))),
    };
    match (model.run.going_on(), at) {
        (_, 0) => Vec::new(),
        (false, _) => {
            let code = model.run.code.unwrap_or(0);
            model.window.leaving = Some(code);
            vec![Effect::Save, Effect::Quit(code)]
        }
        (true, 2) => {
            model.window.leaving = Some(3);
            vec![Effect::Save, Effect::Stop, Effect::Quit(3)]
        }
        (true, _) => {
            model.run.stops = model.run.stops.saturating_add(1);
            let words = if model.run.stops == 1 {
                "stopping after the current action; Ctrl-C again offers to stop at once"
            } else {
                "stopping at once"
            };
            model.say(Role::Warn, words);
            vec![Effect::Stop]
        }
    }
}

fn requit(model: &mut Model, at: usize) -> Vec<Effect> {
    model.dialogs.open.push(Overlay::Quit { at });
    Vec::new()
}

fn pick(
    model: &mut Model,
    key: Key,
    mut chosen: std::collections::BTreeSet<String>,
    at: usize,
) -> Vec<Effect> {
    let names = model.worker_names();
    match key.code {
        KeyCode::Esc => Vec::new(),
        KeyCode::Char(' ') => {
            if let Some(name) = names.get(at)
                && !chosen.remove(name)
            {
                chosen.insert(name.clone());
            }
            model.dialogs.open.push(Overlay::PickWorker { chosen, at });
            Vec::new()
        }
        KeyCode::Enter => {
            if chosen.is_empty() {
                chosen.extend(names.get(at).cloned());
            }
            model.form.only = chosen.into_iter().collect();
            model.form.journey = Journey::Reonboard;
            model.preview.inspection = crate::ui::wizard::model::Inspection::None;
            if model.nav.history.is_empty() && model.nav.screen != Screen::Welcome {
                model.nav.history.push(Screen::Welcome);
            }
            // Whatever is missing is asked for first; else what differs is shown at once.
            let wrong =
                model.form.issues.iter().find(|remark| remark.stops).map(|remark| remark.field.clone());
            match wrong {
                Some(field) => go(model, crate::ui::wizard::form::screen_of(&field)),
                None => go(model, Screen::Review),
            }
        }
        code => {
            let at = moved(code, at, names.len().saturating_sub(1));
            model.dialogs.open.push(Overlay::PickWorker { chosen, at });
            Vec::new()
        }
    }
}

/// The ways out of a problem that a look found.
pub fn look_choices(problem: &crate::plan::problem::Problem, target: &ProbeTarget) -> Vec<run::RemedyChoice> {
    let place = match target {
        ProbeTarget::Ca => Place::CaHost,
        ProbeTarget::Api => Place::Cluster,
        ProbeTarget::Worker(name) => Place::Worker(name.clone()),
    };
    run::ways(problem, &place)
        .into_iter()
        // A look changes nothing, and neither do its ways.
        .filter(|choice| !matches!(choice.act, RunRemedy::Undo | RunRemedy::Repair(_)))
        .map(|choice| match (&choice.act, target) {
            (RunRemedy::Skip, ProbeTarget::Worker(name)) => {
                run::RemedyChoice { text: format!("Take {name} off this plan"), act: RunRemedy::Skip }
            }
            (RunRemedy::Retry, _) => {
                run::RemedyChoice { text: "Look again".to_owned(), act: RunRemedy::Retry }
            }
            _ => choice,
        })
        .collect()
}

fn apply_look_remedy(model: &mut Model, target: &ProbeTarget, act: &RunRemedy) -> Vec<Effect> {
    let worker = match target {
        ProbeTarget::Worker(name) => Some(name.clone()),
        ProbeTarget::Ca | ProbeTarget::Api => None,
    };
    match act {
        RunRemedy::Retry => {
            let target = target.clone();
            vec![update::look(model, target)]
        }
        RunRemedy::Skip => {
            let row = worker.and_then(|name| {
                (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name)
            });
            if let Some(row) = row {
                model.nav.row = row;
                return perform(model, Command::Remove);
            }
            Vec::new()
        }
        RunRemedy::Edit(screen, field) if *screen == model.nav.screen => {
            let row = model.nav.row;
            update::focus_on(model, &field.path(row));
            Vec::new()
        }
        RunRemedy::Replace => {
            let row = worker.and_then(|name| {
                (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name)
            });
            let Some(row) = row else { return Vec::new() };
            Field::Replace.set(&mut model.form.answers, row, "yes");
            update::validate(model);
            update::stale(model);
            model.say(Role::Ok, "it may be replaced; Apply asks for the host's name first");
            vec![Effect::Save, update::look(model, target.clone())]
        }
        _ => apply_remedy(model, act, worker.map(Place::Worker)),
    }
}

/// Takes a way out of the problem that is shown.
pub fn apply_shown_remedy(model: &mut Model, act: &RunRemedy) -> Vec<Effect> {
    let place = run::shown(model).map(|trouble| trouble.place.clone());
    apply_remedy(model, act, place)
}

/// Others' files may be replaced on this worker, and nobody has typed its name.
fn must_confirm(model: &Model, name: &str) -> bool {
    let row = (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name);
    row.is_some_and(|row| Field::Replace.get(&model.form.answers, row) == "yes")
        && !model.form.confirmed.contains(name)
}

fn changed_since(model: &Model, place: Option<&Place>) -> bool {
    let code = |trouble: &&crate::ui::wizard::model::Trouble| trouble.problem.code == ProblemCode::Review01;
    model.run.troubles.iter().filter(code).any(|trouble| Some(&trouble.place) == place)
}

fn apply_remedy(model: &mut Model, act: &RunRemedy, place: Option<Place>) -> Vec<Effect> {
    let worker = match &place {
        Some(Place::Worker(name)) => Some(name.clone()),
        Some(Place::Local | Place::CaHost | Place::Cluster) | None => None,
    };
    let changes =
        matches!(act, RunRemedy::Retry | RunRemedy::Repair(_) | RunRemedy::Replace | RunRemedy::Undo);
    if changes && model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Vec::new();
    }
    // Two runs at once would work on the same computer and the same cluster.
    if changes && model.run.going_on() {
        model.say(Role::Warn, update::AT_WORK);
        return Vec::new();
    }
    let unconfirmed = worker.as_ref().is_some_and(|name| must_confirm(model, name));
    match act {
        // What is there is another thing than what was agreed to: it is looked at and agreed to again. So it is
        // where others' files may be replaced and the host's name was not typed yet.
        RunRemedy::Retry | RunRemedy::Repair(_) if changed_since(model, place.as_ref()) || unconfirmed => {
            let mut effects = go(model, Screen::Review);
            if !effects.iter().any(|effect| matches!(effect, Effect::Inspect { .. })) {
                effects.extend(update::inspect(model));
            }
            effects
        }
        RunRemedy::Retry => match worker {
            Some(name) => start(model, vec![name]),
            None => start(model, Vec::new()),
        },
        RunRemedy::Edit(screen, field) => edit(model, *screen, Some(*field), worker.as_deref()),
        RunRemedy::Repair(actions) => {
            let Some(place) = place else { return Vec::new() };
            run::clear(&mut model.run, std::slice::from_ref(&place));
            model.run.going = model.run.going.saturating_add(1);
            vec![Effect::Repair { place, actions: actions.clone() }]
        }
        RunRemedy::Replace => {
            let Some(name) = worker else { return Vec::new() };
            let row = (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == name);
            if let Some(row) = row {
                Field::Replace.set(&mut model.form.answers, row, "yes");
                update::validate(model);
                update::stale(model);
            }
            // What others made is replaced only after its host's name was typed: the review asks for it.
            let before = std::mem::replace(&mut model.form.only, vec![name.clone()]);
            model.form.only_before.get_or_insert(before);
            let mut effects = go(model, Screen::Review);
            model.say(Role::Warn, format!("review what is replaced on {name}, then apply"));
            effects.push(Effect::Save);
            effects
        }
        RunRemedy::Skip => {
            if let Some(place) = place {
                model.run.troubles.retain(|trouble| trouble.place != place);
                model.run.card = 0;
                model.run.way = 0;
                model.say(Role::Ok, format!("{place} is left alone; what was done there stays"));
                model.run.skipped.insert(place);
            }
            vec![Effect::Save]
        }
        RunRemedy::Undo => perform(model, Command::Undo),
        RunRemedy::Shell => worker.map(|name| vec![Effect::Shell(name)]).unwrap_or_default(),
        RunRemedy::Manual(text) => vec![Effect::Copy(text.clone())],
    }
}
