//! What comes of a dialog: it is told what it needs to know, and what it wants done is done.

use std::collections::BTreeSet;

use crate::engine::ExitCode;
use crate::plan::place::Place;
use crate::ui::output::wrap::wrap;
use crate::ui::wizard::commands::perform;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::ask::AskDialog;
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::{go, jump_to, jumps};
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::{Journey, Screen};
use crate::ui::wizard::screens::review::replaced;
use crate::ui::wizard::screens::run::{AT_WORK, on_log, start, undo};
use crate::ui::wizard::screens::workers::add_many;
use crate::ui::wizard::ways_out::apply_look_remedy;
use crate::ui::wizard::{keymap, layout, texts};

/// The dialog on top hears an intent, and what comes of it is done.
pub fn conclude(model: &mut Model, intent: &Intent) -> Vec<Effect> {
    let Some(mut dialog) = model.dialogs.open.pop() else { return Vec::new() };
    let outcome = match &mut dialog {
        Dialog::Help(help) => {
            let area = layout::help(model.window.size);
            help.intent(intent, layout::last_line(texts::help(model, layout::inside(area)).len(), area))
        }
        Dialog::Text(text) => {
            let area = layout::text_over(model.window.size);
            let width = layout::inside(area);
            let lines: usize = text.lines.iter().map(|(_, line)| wrap(line, width).len().max(1)).sum();
            text.intent(intent, layout::last_line(lines, area))
        }
        Dialog::Explain(explain) => {
            let area = layout::explain_over(model.window.size);
            let lines = texts::tab(model, model.explain.tab, layout::inside(area)).len();
            let copied = if *intent == Intent::Copy { texts::copy_text(model) } else { String::new() };
            explain.intent(intent, &mut model.explain, layout::last_of_tab(lines, area), || copied)
        }
        Dialog::Menu(menu) => {
            let found = keymap::entries(model, menu.search.first());
            menu.intent(intent, &found)
        }
        Dialog::Jump(jump) => jump.intent(intent, &jumps(model)),
        Dialog::Ask(ask) => ask.intent(intent),
        Dialog::Paste(paste) => paste.intent(intent),
        Dialog::Certificates(certificates) => certificates.intent(intent),
        Dialog::Import(import) => import.intent(intent),
        Dialog::Line(line) => line.intent(intent),
        Dialog::Confirm(confirm) => {
            let listed = confirmed_actions(model, &confirm.what).len();
            confirm.intent(intent, listed)
        }
        Dialog::Quit(quit) => quit.intent(intent, quit_choices(model).len()),
        Dialog::Problem(problem) => problem.intent(intent),
        Dialog::Demos(demos) => demos.intent(intent),
        Dialog::Pick(pick) => pick.intent(intent, &model.worker_names()),
    };
    match outcome {
        Outcome::Stay => {
            model.dialogs.open.push(dialog);
            Vec::new()
        }
        Outcome::Copy(text) => {
            model.dialogs.open.push(dialog);
            vec![Effect::Copy(text)]
        }
        Outcome::Close => Vec::new(),
        Outcome::Effect(effect) => vec![effect],
        Outcome::Command(command) => perform(model, command),
        Outcome::Jump(screen) => jump_to(model, screen),
        Outcome::Search(text) => search(model, &text),
        Outcome::Workers(workers) => add_many(model, workers),
        Outcome::ComeBack(chosen) => come_back(model, chosen),
        Outcome::Confirmed => match dialog {
            Dialog::Confirm(confirm) => confirmed(model, confirm.what),
            _ => Vec::new(),
        },
        Outcome::Remedy(target, act) => apply_look_remedy(model, &target, &act),
        Outcome::Reply(id, reply) => {
            show_question(model);
            vec![Effect::Reply { id, reply }]
        }
        Outcome::Leave(at) => leave(model, at),
    }
}

/// Brings the next question on top, when none is shown.
pub fn show_question(model: &mut Model) {
    if model.dialogs.open.iter().any(|dialog| matches!(dialog, Dialog::Ask(_))) {
        return;
    }
    let Some((id, question)) = model.dialogs.waiting.pop_front() else { return };
    model.dialogs.open.push(Dialog::Ask(AskDialog::new(id, question)));
}

fn search(model: &mut Model, text: &str) -> Vec<Effect> {
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

/// What a confirm lists: what is replaced, or what is taken back, newest first.
pub fn confirmed_actions(model: &Model, what: &Confirm) -> Vec<String> {
    match what {
        Confirm::Replace { actions, .. } => actions.clone(),
        Confirm::Undo { host } => {
            let place = Place::Worker(host.clone());
            model.run.changed.get(&place).into_iter().flatten().rev().cloned().collect()
        }
    }
}

fn confirmed(model: &mut Model, what: Confirm) -> Vec<Effect> {
    match what {
        Confirm::Undo { host } => undo(model, host),
        // It may have begun since the name was asked for.
        Confirm::Replace { .. } if model.run.going_on() => {
            model.say(Role::Warn, AT_WORK);
            Vec::new()
        }
        Confirm::Replace { host, more, .. } => {
            model.form.confirmed.insert(host);
            let replaced = replaced(model);
            match more.first().and_then(|host| replaced.into_iter().find(|(one, _)| one == host)) {
                Some((host, actions)) => {
                    let more = more.into_iter().skip(1).collect();
                    let what = Confirm::Replace { host, actions, more };
                    model.dialogs.open.push(Dialog::Confirm(ConfirmDialog::new(what)));
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

fn leave(model: &mut Model, at: usize) -> Vec<Effect> {
    match (model.run.going_on(), at) {
        (_, 0) => Vec::new(),
        (false, _) => {
            let code = model.run.code.unwrap_or(ExitCode::Done);
            model.window.leaving = Some(code);
            vec![Effect::Save, Effect::Quit(code)]
        }
        (true, 2) => {
            model.window.leaving = Some(ExitCode::Stopped);
            vec![Effect::Save, Effect::Stop, Effect::Quit(ExitCode::Stopped)]
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

/// These workers come back: what is missing is asked for first, else what differs is shown at once.
fn come_back(model: &mut Model, chosen: BTreeSet<String>) -> Vec<Effect> {
    model.form.only = chosen.into_iter().collect();
    model.form.journey = Journey::Reonboard;
    model.preview.inspection = Inspection::None;
    if model.nav.history.is_empty() && model.nav.screen != Screen::Welcome {
        model.nav.history.push(Screen::Welcome);
    }
    // Whatever is missing is asked for first; else what differs is shown at once.
    let wrong = model.form.issues.iter().find(|remark| remark.stops).map(|remark| remark.field.clone());
    match wrong {
        Some(field) => go(model, screen_of(&field)),
        None => go(model, Screen::Review),
    }
}
