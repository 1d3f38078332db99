//! What comes of a dialog: it is told what it needs to know, and what it wants done is done.

use crate::engine::ExitCode;
use crate::ui::output::wrap::indented;
use crate::ui::wizard::commands::carry_out;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::ask::AskDialog;
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::found::{candidates, kept_workers};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::jumps;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::question::{Question, Reply};
use crate::ui::wizard::remedy::look_choices;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::repair::begin;
use crate::ui::wizard::screens::review::{self, carry_out as carry_out_plan, replaced};
use crate::ui::wizard::screens::run::AT_WORK;
use crate::ui::wizard::{keymap, layout, listing, take_back, texts};

/// The dialog on top hears an intent, and what comes of it is done.
pub fn conclude(model: &mut Model, intent: &Intent) -> Vec<Effect> {
    let Some(mut dialog) = model.dialogs.open.pop() else { return Vec::new() };
    let outcome = match &mut dialog {
        Dialog::Help(help) => {
            let area = layout::help(model.window.size);
            let lines = texts::help(model, help.searched(), layout::inside(area)).len();
            help.intent(intent, layout::pages(lines, area))
        }
        Dialog::Text(text) => {
            let area = layout::text_over(model.window.size);
            let width = layout::inside(area);
            let lines: usize = text.lines.iter().map(|(_, line)| indented(line, width).len().max(1)).sum();
            text.intent(intent, layout::pages(lines, area))
        }
        Dialog::Explain(explain) => {
            let area = layout::explain_over(model.window.size);
            let lines = texts::tab(model, model.explain.tab, layout::inside(area)).len();
            let copied = if *intent == Intent::Copy { texts::copy_text(model) } else { String::new() };
            explain.intent(intent, &mut model.explain, layout::pages_of_tab(lines, area), || copied)
        }
        Dialog::Menu(menu) => {
            let found = keymap::entries(model, menu.search.first());
            menu.intent(intent, &found)
        }
        Dialog::Jump(jump) => jump.intent(intent, &jumps(model), model.form.journey),
        Dialog::Apply(apply) => apply.intent(intent),
        Dialog::Ask(ask) => ask.intent(intent, listing::asked(model, ask).pages()),
        Dialog::Paste(paste) => paste.intent(intent),
        Dialog::Certificates(certificates) => certificates.intent(intent),
        Dialog::Import(import) => import.intent(intent),
        Dialog::Line(line) => line.intent(intent),
        Dialog::Confirm(confirm) => {
            let pages = listing::confirm(model, confirm).pages();
            confirm.intent(intent, pages)
        }
        Dialog::Quit(quit) => quit.intent(intent, quit_choices(model).len()),
        Dialog::Problem(dialog) => {
            let ways = look_choices(&dialog.problem, &dialog.target);
            let size = model.window.size;
            let found = listing::problem(size, &dialog.problem, listing::choice_lines(&ways, size));
            dialog.intent(intent, found.seen.pages())
        }
        Dialog::Demos(demos) => demos.intent(intent),
        Dialog::Pick(pick) => pick.intent(intent, &candidates(model), &kept_workers(model)),
        Dialog::Mend(mend) => {
            let pages = listing::mend(model, mend).pages();
            mend.intent(intent, pages)
        }
        Dialog::Where(place) => place.intent(intent, &take_back::offered(model, place.remove)),
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
        Outcome::Confirmed => match dialog {
            Dialog::Confirm(confirm) => confirmed(model, confirm.what),
            _ => Vec::new(),
        },
        Outcome::Leave(at) => leave(model, at),
        Outcome::Reply(id, reply) => {
            let mut effects = match (&dialog, &reply) {
                (
                    Dialog::Ask(AskDialog { question: Question::TakeBack(list), .. }),
                    Reply::TakeBack(true),
                ) => take_back::agreed(model, list),
                _ => Vec::new(),
            };
            show_question(model);
            effects.extend(carry_out(model, Outcome::Reply(id, reply)));
            effects
        }
        outcome => carry_out(model, outcome),
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

fn confirmed(model: &mut Model, what: Confirm) -> Vec<Effect> {
    match what {
        // It may have begun since the name was asked for.
        Confirm::Replace { .. } if model.run.going_on() => {
            model.say(Role::Warn, AT_WORK);
            Vec::new()
        }
        Confirm::Replace { host, more, .. } => {
            model.form.confirmed.insert(host);
            if model.form.unplanned.is_some() {
                return begin(model);
            }
            let replaced = replaced(model);
            match more.first().and_then(|host| replaced.into_iter().find(|(one, _)| one == host)) {
                Some((host, actions)) => {
                    let more = more.into_iter().skip(1).collect();
                    let what = Confirm::Replace { host, actions, more };
                    model.dialogs.open.push(Dialog::Confirm(ConfirmDialog::new(what)));
                    Vec::new()
                }
                // The last question shows what the names did not.
                None if review::outside(model).is_some() => {
                    review::ask(model);
                    Vec::new()
                }
                None => carry_out_plan(model),
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
        (true, _) => stop(model),
    }
}

/// A stop is asked for: once after the current action, twice at once.
pub fn stop(model: &mut Model) -> Vec<Effect> {
    if !model.run.going_on() {
        return Vec::new();
    }
    model.run.stops = model.run.stops.saturating_add(1);
    let words = if model.run.stops == 1 {
        "stopping after the current action; Ctrl-C again offers to stop at once"
    } else {
        "stopping at once"
    };
    model.say(Role::Warn, words);
    vec![Effect::Stop]
}
