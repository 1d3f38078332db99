//! What each command does, and each button, wherever it is pressed.

use crate::plan::answers::WorkerAnswers;
use crate::ui::output::preview;
use crate::ui::wizard::beside::turned;
use crate::ui::wizard::coming_back::{come_back, come_back_by};
use crate::ui::wizard::command::Command;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::explain::ExplainDialog;
use crate::ui::wizard::dialogs::help::HelpDialog;
use crate::ui::wizard::dialogs::jump::JumpDialog;
use crate::ui::wizard::dialogs::line::LineDialog;
use crate::ui::wizard::dialogs::menu::MenuDialog;
use crate::ui::wizard::dialogs::paste::{CertificatesDialog, PasteDialog};
use crate::ui::wizard::dialogs::pick::{DemosDialog, PickDialog};
use crate::ui::wizard::dialogs::problem::ProblemDialog;
use crate::ui::wizard::dialogs::quit::QuitDialog;
use crate::ui::wizard::dialogs::text::TextDialog;
use crate::ui::wizard::form::editing::{choose, edit_if_text, leave_field, move_focus, typed};
use crate::ui::wizard::form::item::{Button, Item};
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::found::{drain, examine};
use crate::ui::wizard::intent::LineFor;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::{back, edit, go, jump_to, jumps, next};
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::probes::{inspect, look};
use crate::ui::wizard::remedy::RunRemedy;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::live::LiveScreen;
use crate::ui::wizard::screens::review::{ReviewScreen, apply, begin, show_diff, turn};
use crate::ui::wizard::screens::run::{AT_WORK, RunScreen, host, on_log};
use crate::ui::wizard::screens::welcome::WelcomeScreen;
use crate::ui::wizard::screens::workers::{WorkersScreen, add_many, add_worker, remove_worker};
use crate::ui::wizard::screens::{diagnosis, repair};
use crate::ui::wizard::ways_out::{apply_look_remedy, apply_shown_remedy, ask_repair, make_repair, offered};
use crate::ui::wizard::{layout, progress, take_back, texts};

/// Carries out a command.
#[expect(clippy::too_many_lines, reason = "one arm for each command")]
pub fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(outcome) = LiveScreen::command(model, command) {
        return carry_out(model, outcome);
    }
    match command {
        Command::Enter => do_it(model),
        Command::Back => {
            if model.form.editor.is_some() {
                return leave_field(model);
            }
            if model.run.in_log {
                model.run.in_log = false;
                return Vec::new();
            }
            back(model)
        }
        Command::Continue => {
            let mut effects = leave_field(model);
            effects.extend(go_on(model));
            effects
        }
        Command::Next => tab(model, true),
        Command::Previous => tab(model, false),
        Command::Menu => {
            model.dialogs.open.push(Dialog::Menu(MenuDialog::default()));
            Vec::new()
        }
        Command::Jump => {
            let at = jumps(model).iter().position(|screen| *screen == model.nav.screen).unwrap_or(0);
            model.dialogs.open.push(Dialog::Jump(JumpDialog { at }));
            Vec::new()
        }
        Command::Help => {
            model.dialogs.open.push(Dialog::Help(HelpDialog::default()));
            Vec::new()
        }
        Command::Explain => {
            if layout::regions(model).explain_fits {
                model.explain.open = !model.explain.open;
            } else {
                model.dialogs.open.push(Dialog::Explain(ExplainDialog));
            }
            Vec::new()
        }
        Command::Functions => {
            let lines = preview::functions().lines().map(|line| (Role::Code, line.to_owned())).collect();
            lay_over(model, Dialog::Text(TextDialog::new("Shell functions that the commands use", lines)))
        }
        Command::ExplainTab => {
            if explain_scrolled(model) {
                return Vec::new();
            }
            model.explain.turn(true);
            Vec::new()
        }
        Command::Live => {
            let effects = leave_field(model);
            model.live.open = true;
            effects
        }
        Command::Copy => vec![Effect::Copy(texts::copy_text(model))],
        Command::Export => ask_line(model, LineFor::Export),
        Command::SavePlan => ask_line(model, LineFor::SavePlan),
        Command::Clear => {
            model.form.editor = Some(TextInput::line(""));
            typed(model)
        }
        Command::Diff => show_diff(model),
        Command::Diagnose => {
            let only: Vec<String> = match (model.nav.screen, host(model)) {
                (Screen::Workers | Screen::Run | Screen::Report, Some(one)) => vec![one],
                _ if model.live.open => host(model).into_iter().collect(),
                _ => model.form.only.clone(),
            };
            let whom = if only.is_empty() { "every worker".to_owned() } else { only.join(", ") };
            model.say(Role::Ok, format!("{whom}: being looked at"));
            vec![Effect::Diagnose { only }]
        }
        Command::DaysLeft => {
            model.say(Role::Ok, "every certificate is being looked at");
            vec![Effect::DaysLeft]
        }
        Command::ReviewAll => go(model, Screen::Review),
        Command::Drain => drain(model),
        Command::Summary => ask_line(model, LineFor::Summary),
        Command::Below | Command::Above => {
            let down = command == Command::Below;
            let top = model.doctor.scroll;
            match model.nav.screen {
                Screen::Diagnosis => model.doctor.scroll = turned(model, top, down, diagnosis::lines),
                Screen::Repair => model.doctor.scroll = turned(model, top, down, repair::lines),
                _ => turn(model, down),
            }
            Vec::new()
        }
        Command::Apply if model.nav.screen == Screen::Repair => repair::begin(model),
        Command::Apply => apply(model),
        Command::Look => look_again(model),
        Command::Add => add_worker(model, WorkerAnswers::default()),
        Command::Paste => {
            model.dialogs.open.push(Dialog::Paste(PasteDialog::new("")));
            Vec::new()
        }
        Command::Import => vec![Effect::FindHosts],
        Command::Remove => remove_worker(model),
        Command::Pace => {
            model.run.guided = !model.run.guided;
            let pace = if model.run.guided { "step by step: it asks before each" } else { "all at once" };
            model.say(Role::Ok, format!("pace {pace}"));
            Vec::new()
        }
        Command::Palette => {
            model.window.theme.palette = model.window.theme.palette.next();
            model.say(Role::Ok, format!("palette {}", model.window.theme.palette.name()));
            Vec::new()
        }
        Command::Quit => {
            model.dialogs.open.push(Dialog::Quit(QuitDialog::default()));
            Vec::new()
        }
        Command::Suspend => vec![Effect::Suspend],
        Command::Redraw => vec![Effect::Redraw],
        Command::Undo => take_back::ask(model, false),
        Command::RemoveWorker => take_back::ask(model, true),
        Command::Repair if model.run.read_only => {
            model.say(Role::Warn, "started with --read-only: nothing is changed");
            Vec::new()
        }
        Command::Repair if model.run.going_on() => {
            model.say(Role::Warn, AT_WORK);
            Vec::new()
        }
        Command::Shell => host(model).map(|host| vec![Effect::Shell(host)]).unwrap_or_default(),
        Command::Retry => apply_shown_remedy(model, &RunRemedy::Retry),
        Command::Skip => apply_shown_remedy(model, &RunRemedy::Skip),
        Command::Repair if model.nav.screen != Screen::Run => match offered(model) {
            Some((place, title, actions)) => ask_repair(model, place, title, actions, false),
            None => Vec::new(),
        },
        Command::Repair => match progress::repair(model) {
            Some(choice) => apply_shown_remedy(model, &choice.act),
            None => Vec::new(),
        },
        Command::Fix => {
            let edit =
                progress::choices(model).into_iter().find(|choice| matches!(choice.act, RunRemedy::Edit(..)));
            if let Some(choice) = edit {
                apply_shown_remedy(model, &choice.act)
            } else {
                model.say(Role::Warn, "no answer of the plan is the cause; see the ways on the card");
                Vec::new()
            }
        }
        Command::Certificates => {
            model.dialogs.open.push(Dialog::Certificates(CertificatesDialog::default()));
            Vec::new()
        }
        Command::Output => {
            model.run.in_log = !model.run.in_log;
            Vec::new()
        }
        Command::NextHost => {
            let count = progress::places(model).len().max(1);
            model.run.shown = model.run.shown.saturating_add(1) % count;
            Vec::new()
        }
        Command::Search => {
            model.dialogs.open.push(Dialog::Line(LineDialog::new(LineFor::Search, "")));
            Vec::new()
        }
        Command::SearchNext | Command::SearchPrevious => {
            let found = on_log(model, |log, rows| log.find(command == Command::SearchNext, rows));
            if found == Some(false) {
                model.say(Role::Warn, "not found");
            }
            Vec::new()
        }
        // Only of a log of the live panel, which took them.
        Command::Logs | Command::Journal | Command::FollowLog => Vec::new(),
        Command::Follow => {
            on_log(model, |log, _| log.end());
            Vec::new()
        }
        Command::Wrap => {
            on_log(model, |log, _| log.wrap = !log.wrap);
            Vec::new()
        }
    }
}

/// The rest of a long tab comes before the next one.
fn explain_scrolled(model: &mut Model) -> bool {
    let area = layout::regions(model).explain;
    if area.width == 0 {
        return false;
    }
    let (rows, width) =
        (usize::from(area.height.saturating_sub(4)), usize::from(area.width.saturating_sub(4)));
    let lines = texts::tab(model, model.explain.tab, width).len();
    let more = lines > model.explain.scroll.saturating_add(rows);
    if more {
        model.explain.scroll = model.explain.scroll.saturating_add(rows);
    }
    more
}

fn tab(model: &mut Model, forward: bool) -> Vec<Effect> {
    if model.nav.screen == Screen::Run && model.run.going_on() {
        model.run.in_log = !model.run.in_log;
        return Vec::new();
    }
    move_focus(model, forward)
}

fn ask_line(model: &mut Model, what: LineFor) -> Vec<Effect> {
    let effects = leave_field(model);
    let name = model.session();
    let text = match what {
        LineFor::Export => match model.form.only.as_slice() {
            [one] => format!("onboard-{one}.sh"),
            _ => format!("onboard-{name}.sh"),
        },
        LineFor::SavePlan => format!("{name}.yaml"),
        LineFor::Summary => match &model.doctor.mending {
            Some(mending) => {
                format!("incident-{}-{}.md", mending.before.worker, mending.began.strftime("%Y-%m-%d-%H%M"))
            }
            None => "incident.md".to_owned(),
        },
        LineFor::OpenPlan | LineFor::Search | LineFor::Login => String::new(),
    };
    model.dialogs.open.push(Dialog::Line(LineDialog::new(what, &text)));
    effects
}

fn do_it(model: &mut Model) -> Vec<Effect> {
    match model.item() {
        Some(Item::Field(field)) if field.choices().is_some() => choose(model, field, true),
        Some(Item::Field(_)) if model.form.editor.is_none() => {
            edit_if_text(model);
            Vec::new()
        }
        Some(Item::Field(_)) => {
            let at = model.nav.focus;
            let effects = move_focus(model, true);
            // On the last field Enter is Continue, which then has the keys.
            if let Some(Item::Button(_)) = model.item()
                && let Some(position) =
                    model.items().iter().position(|item| *item == Item::Button(Button::Continue))
                && model.nav.focus > at
            {
                model.nav.focus = position;
            }
            effects
        }
        Some(Item::Button(button)) => press(model, button),
        Some(Item::Rows) => open_row(model),
        None => Vec::new(),
    }
}

/// On from a screen.
fn go_on(model: &mut Model) -> Vec<Effect> {
    match model.nav.screen {
        Screen::Diagnosis => diagnosis::to_repair(model),
        Screen::Repair => repair::begin(model),
        _ => next(model),
    }
}

/// Presses a button.
pub fn press(model: &mut Model, button: Button) -> Vec<Effect> {
    match button {
        Button::Continue => go_on(model),
        Button::Return => {
            let screen = model.nav.screen;
            if !model.form.issues.iter().any(|remark| remark.stops && screen_of(&remark.field) == screen) {
                model.nav.finished.insert(screen);
            }
            back(model)
        }
        Button::Back => back(model),
        Button::Add => add_worker(model, WorkerAnswers::default()),
        Button::Paste => perform(model, Command::Paste),
        Button::Import => perform(model, Command::Import),
        Button::Look => look_again(model),
        Button::Apply => apply(model),
        Button::SavePlan => ask_line(model, LineFor::SavePlan),
        Button::Export => ask_line(model, LineFor::Export),
        Button::ReviewAll => perform(model, Command::ReviewAll),
        Button::Repair => repair::begin(model),
        Button::Summary => perform(model, Command::Summary),
        Button::Quit => perform(model, Command::Quit),
    }
}

fn look_again(model: &mut Model) -> Vec<Effect> {
    match model.nav.screen {
        Screen::Ca => vec![look(model, ProbeTarget::Ca)],
        Screen::Cluster => vec![look(model, ProbeTarget::Api)],
        Screen::Workers if !model.form.answers.workers.is_empty() => {
            let target = ProbeTarget::Worker(model.worker_name(model.nav.row));
            vec![look(model, target)]
        }
        Screen::Diagnosis => examine(model, model.form.only.clone()),
        _ => inspect(model),
    }
}

/// Opens the chosen row of the screen's list.
pub fn open_row(model: &mut Model) -> Vec<Effect> {
    let outcome = match model.nav.screen {
        Screen::Welcome => WelcomeScreen::open(model),
        Screen::Workers => WorkersScreen::open(model),
        Screen::Review => ReviewScreen::open(model),
        Screen::Run => RunScreen::open(model),
        Screen::Diagnosis => return diagnosis::to_repair(model),
        Screen::Ca
        | Screen::Cluster
        | Screen::Certificates
        | Screen::Kubectl
        | Screen::Dns
        | Screen::Report
        | Screen::Repair => Outcome::Stay,
    };
    carry_out(model, outcome)
}

/// Carries out what a screen or a dialog said is to come.
pub fn carry_out(model: &mut Model, outcome: Outcome) -> Vec<Effect> {
    match outcome {
        // The last two are answers to what a dialog asks, which is told with it.
        Outcome::Stay | Outcome::Close | Outcome::Confirmed | Outcome::Leave(_) => Vec::new(),
        Outcome::Copy(text) => vec![Effect::Copy(text)],
        Outcome::Effect(effect) => vec![effect],
        Outcome::Effects(effects) => effects,
        Outcome::Command(command) => perform(model, command),
        Outcome::Go(screen) => go(model, screen),
        Outcome::Jump(screen) => jump_to(model, screen),
        Outcome::Edit(screen, field, worker) => edit(model, screen, field, worker.as_deref()),
        Outcome::Mend(place, actions, again) => make_repair(model, place, actions, again),
        Outcome::TakeBack(what) => take_back::begin(model, what),
        Outcome::Pick => {
            lay_over(model, Dialog::Pick(PickDialog::default()));
            examine(model, Vec::new())
        }
        Outcome::Demos => lay_over(model, Dialog::Demos(DemosDialog::default())),
        Outcome::PlanFile { proposed, why } => {
            if !why.is_empty() {
                model.say(Role::Warn, why);
            }
            lay_over(model, Dialog::Line(LineDialog::new(LineFor::OpenPlan, proposed)))
        }
        Outcome::Login => lay_over(model, Dialog::Line(LineDialog::new(LineFor::Login, ""))),
        Outcome::ComesBackBy(login) => come_back_by(model, *login),
        Outcome::Say(role, words) => {
            model.say(role, words);
            Vec::new()
        }
        Outcome::Problem(target, problem) => {
            lay_over(model, Dialog::Problem(ProblemDialog::new(target, problem)))
        }
        Outcome::Begin { guided } => {
            model.run.guided = guided;
            begin(model)
        }
        Outcome::Search(text) => search(model, &text),
        Outcome::Workers(workers) => add_many(model, workers),
        Outcome::ComeBack(chosen) => come_back(model, chosen),
        Outcome::Remedy(target, act) => apply_look_remedy(model, &target, &act),
        Outcome::OfProblem(card, act) => {
            model.run.card = card;
            model.run.chosen = true;
            apply_shown_remedy(model, &act)
        }
        Outcome::OfCard(act) => apply_shown_remedy(model, &act),
        Outcome::Reply(id, reply) => vec![Effect::Reply { id, reply }],
    }
}

/// A dialog comes on top.
pub fn lay_over(model: &mut Model, dialog: Dialog) -> Vec<Effect> {
    model.dialogs.open.push(dialog);
    Vec::new()
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
