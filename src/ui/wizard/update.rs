//! From a message to a new state and a list of effects. Pure: nothing is read, written or asked here.

use crate::live;
use crate::plan::clean;
use crate::ui::wizard::commands::{carry_out, open_row, perform, press};
use crate::ui::wizard::conclusion::{conclude, show_question, stop};
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::bulk::expand_ranges;
use crate::ui::wizard::dialogs::import::ImportDialog;
use crate::ui::wizard::dialogs::line::LineDialog;
use crate::ui::wizard::dialogs::paste::PasteDialog;
use crate::ui::wizard::dialogs::pick::PickDialog;
use crate::ui::wizard::dialogs::text::TextDialog;
use crate::ui::wizard::examination::Examination;
use crate::ui::wizard::form::editing::{leave_field, rested};
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::found::{examine, examine_by_itself, examined, leaving};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::message::{Effect, Msg, Opened};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::{enter, go};
use crate::ui::wizard::probes::{look_at_workers, look_unless_fresh, looked};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::{Journey, Screen};
use crate::ui::wizard::screens::ca::CaScreen;
use crate::ui::wizard::screens::certificates::{self, CertificatesScreen};
use crate::ui::wizard::screens::cluster::ClusterScreen;
use crate::ui::wizard::screens::diagnosis::DiagnosisScreen;
use crate::ui::wizard::screens::kubectl::KubectlScreen;
use crate::ui::wizard::screens::live::LiveScreen;
use crate::ui::wizard::screens::repair::RepairScreen;
use crate::ui::wizard::screens::report::ReportScreen;
use crate::ui::wizard::screens::review::ReviewScreen;
use crate::ui::wizard::screens::run::{RunScreen, run_over};
use crate::ui::wizard::screens::skydns::{self, DnsScreen};
use crate::ui::wizard::screens::welcome::WelcomeScreen;
use crate::ui::wizard::screens::workers::WorkersScreen;
use crate::ui::wizard::validation::validate;
use crate::ui::wizard::{keymap, progress, take_back};

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let opened = model.live.opened().cloned();
    let followed = model.live.log().map(|log| log.wish.clone());
    let mut effects = dispatch(model, msg);
    if model.live.opened() != opened.as_ref() {
        effects.push(Effect::LookInto(model.live.opened().cloned()));
    }
    if model.live.log().is_none() {
        model.live.log = None;
    }
    let now_followed = model.live.log().map(|log| &log.wish);
    if now_followed != followed.as_ref() {
        effects.push(Effect::Follow(now_followed.cloned()));
    }
    match model.nav.screen {
        Screen::Certificates => certificates::keep(model),
        Screen::Dns => skydns::keep(model),
        _ => {}
    }
    effects
}

#[expect(clippy::too_many_lines, reason = "one arm for each message")]
fn dispatch(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) | Msg::HiddenKey(key) => {
            keymap::intent(model, key).map(|what| intent(model, &what)).unwrap_or_default()
        }
        Msg::Paste(text) | Msg::HiddenPaste(text) => paste(model, &text),
        Msg::Resize(width, height) => {
            model.window.size = (width, height);
            Vec::new()
        }
        Msg::Tick(now) => {
            tick(model, now);
            let mut effects = rested(model);
            effects.extend(examine_by_itself(model));
            effects
        }
        Msg::Page { rows } => {
            model.nav.page_rows = rows;
            Vec::new()
        }
        Msg::Resumed => vec![Effect::Redraw],
        Msg::Looked { target, number, look } => {
            looked(model, &target, number, look);
            Vec::new()
        }
        Msg::Inspected { number, seen } => {
            if number == model.preview.number {
                model.preview.done = false;
                model.preview.inspection = match seen {
                    Ok(seen) => {
                        let at = model.window.now.strftime("%H:%M:%S").to_string();
                        Inspection::of(seen, at)
                    }
                    Err(problem) => Inspection::Failed(problem),
                };
                model.preview.row = 0;
                model.preview.scroll = 0;
            }
            Vec::new()
        }
        Msg::Examined { number, seen } => {
            examined(model, number, seen);
            Vec::new()
        }
        Msg::Elsewhere(nodes) => {
            model.doctor.elsewhere = nodes;
            Vec::new()
        }
        Msg::Leaving { worker, wish, lines } => {
            leaving(model, &worker, wish, lines);
            Vec::new()
        }
        Msg::Run(event) => {
            progress::event(model, &event);
            Vec::new()
        }
        Msg::RunOver { code, undone } => {
            if model.run.undoing.as_ref().is_some_and(|undoing| undoing.code.is_none()) {
                take_back::over(model, code, &undone)
            } else {
                run_over(model, code)
            }
        }
        Msg::Live(live::Update::Log { number, news }) => {
            LiveScreen::hear(model, number, news);
            Vec::new()
        }
        Msg::Live(update) => {
            if let Some(panel) = &mut model.live.panel {
                panel.apply(update);
            }
            Vec::new()
        }
        Msg::Ask { id, question } => {
            model.dialogs.waiting.push_back((id, question));
            show_question(model);
            Vec::new()
        }
        Msg::Unasked { id } => {
            model.dialogs.waiting.retain(|(one, _)| *one != id);
            model.dialogs.open.retain(|dialog| !matches!(dialog, Dialog::Ask(ask) if ask.id == id));
            show_question(model);
            Vec::new()
        }
        Msg::Offline(offline) => {
            model.run.offline = (!offline.waiting.is_empty()).then_some(offline);
            Vec::new()
        }
        Msg::Say(role, text) => {
            model.say(role, text);
            Vec::new()
        }
        Msg::Text { title, lines } | Msg::Difference { title, lines } => {
            model.dialogs.open.push(Dialog::Text(TextDialog::new(title, lines)));
            Vec::new()
        }
        Msg::Saved(when) => {
            model.sessions.saved = Some(when);
            Vec::new()
        }
        Msg::Opened(opened) => open(model, *opened),
        Msg::Hosts(hosts) => {
            if hosts.is_empty() {
                model.say(Role::Warn, "ssh_config names no hosts");
            } else {
                model.dialogs.open.push(Dialog::Import(ImportDialog::with_addresses(hosts)));
            }
            Vec::new()
        }
        Msg::Sessions(sessions) => {
            model.sessions.kept = sessions;
            Vec::new()
        }
        Msg::Caption(caption) => {
            if let Some(demo) = &mut model.demo {
                demo.caption = caption;
            }
            Vec::new()
        }
        Msg::Paused(paused) => {
            if let Some(demo) = &mut model.demo {
                demo.paused = paused;
            }
            Vec::new()
        }
        Msg::Faults(faults) => {
            if let Some(demo) = &mut model.demo {
                demo.faults = faults;
            }
            Vec::new()
        }
        Msg::Announced(demo) => {
            model.demo = Some(demo);
            Vec::new()
        }
        Msg::Told => {
            model.window.toast = None;
            Vec::new()
        }
        Msg::Interrupted => stop(model),
        Msg::LaidAside => {
            model.dialogs.aside.extend(model.dialogs.open.pop());
            Vec::new()
        }
        Msg::PutBack => {
            model.dialogs.open.extend(model.dialogs.aside.pop());
            Vec::new()
        }
        Msg::LetGo => {
            model.dialogs.aside.pop();
            Vec::new()
        }
        Msg::Leave(code) => {
            model.window.leaving = Some(code);
            vec![Effect::Save, Effect::Quit(code)]
        }
    }
}

/// Takes in what a person wants, from whichever face: what has the keys hears it.
pub fn intent(model: &mut Model, what: &Intent) -> Vec<Effect> {
    if let Intent::Command(command) = what {
        return perform(model, *command);
    }
    if let Intent::Go(screen) = what {
        return go(model, *screen);
    }
    if let Intent::Line(for_what, text) = what {
        model.dialogs.open.push(Dialog::Line(LineDialog::new(*for_what, text)));
        return conclude(model, &Intent::Confirm);
    }
    if !model.dialogs.open.is_empty() {
        return conclude(model, what);
    }
    if model.live.open {
        let outcome = LiveScreen::intent(model, what);
        return carry_out(model, outcome);
    }
    match what {
        Intent::Confirm => return open_row(model),
        Intent::Press(button) => return press(model, *button),
        Intent::Look(target) => return look_unless_fresh(model, target.clone()),
        Intent::LookAtWorkers => return look_at_workers(model),
        Intent::TakeBack(what) => return take_back::begin(model, what.clone()),
        _ => {}
    }
    let outcome = match model.nav.screen {
        Screen::Welcome => WelcomeScreen::intent(model, what),
        Screen::Ca => CaScreen::intent(model, what),
        Screen::Cluster => ClusterScreen::intent(model, what),
        Screen::Workers => WorkersScreen::intent(model, what),
        Screen::Certificates => CertificatesScreen::intent(model, what),
        Screen::Kubectl => KubectlScreen::intent(model, what),
        Screen::Dns => DnsScreen::intent(model, what),
        Screen::Review => ReviewScreen::intent(model, what),
        Screen::Run => RunScreen::intent(model, what),
        Screen::Report => ReportScreen::intent(model, what),
        Screen::Diagnosis => DiagnosisScreen::intent(model, what),
        Screen::Repair => RepairScreen::intent(model, what),
    };
    carry_out(model, outcome)
}

/// Text was pasted: into what is typed into, or many workers at once.
fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let clean = text.replace("\r\n", "\n").replace('\r', "\n");
    let clean = clean.split('\n').map(clean::line).collect::<Vec<_>>().join("\n");
    if let Some(dialog) = model.dialogs.open.last_mut() {
        if let Dialog::Confirm(confirm) = dialog {
            confirm.yes = false;
        }
        if let Some(input) = dialog.input() {
            input.insert(&clean);
        }
        return Vec::new();
    }
    if model.nav.screen == Screen::Workers && clean.trim().lines().count() > 1 {
        let effects = leave_field(model);
        model.dialogs.open.push(Dialog::Paste(PasteDialog::new(clean.trim())));
        return effects;
    }
    intent(model, &Intent::Text(clean))
}

fn tick(model: &mut Model, now: jiff::Timestamp) {
    model.window.now = now;
    model.window.ticks = model.window.ticks.wrapping_add(1);
    if let Some(toast) = &mut model.window.toast {
        toast.ticks = toast.ticks.saturating_sub(1);
        if toast.ticks == 0 {
            model.window.toast = None;
        }
    }
}

fn open(model: &mut Model, opened: Opened) -> Vec<Effect> {
    model.form.answers = opened.answers;
    expand_ranges(&mut model.form.answers);
    model.form.base = opened.base;
    model.form.only = opened.only;
    if model.form.unplanned.take().is_some() {
        model.forget_found_and_done();
    }
    if opened.reonboard || !model.form.only.is_empty() {
        model.form.journey = Journey::Reonboard;
    }
    model.nav.finished = opened.finished.iter().filter_map(|name| Screen::parse(name)).collect();
    model.demo = opened.demo;
    model.live.panel = None;
    model.form.confirmed.clear();
    model.form.agreed_outside = None;
    model.probes.looks.clear();
    model.probes.numbers.clear();
    model.form.editor = None;
    model.form.unread.clear();
    model.nav.return_to = None;
    model.preview.inspection = Inspection::None;
    model.doctor = Examination { number: model.doctor.number, ..Examination::default() };
    model.nav.history = vec![Screen::Welcome];
    validate(model);
    if !opened.note.is_empty() {
        model.say(Role::Ok, opened.note);
    }
    if model.form.journey == Journey::Reonboard
        && model.form.only.is_empty()
        && !model.form.answers.workers.is_empty()
    {
        // Whatever was asked while it opened is answered first.
        model.dialogs.open.insert(0, Dialog::Pick(PickDialog::default()));
        return examine(model, Vec::new());
    }
    // A run is never opened by itself: what is there is looked at and reviewed again.
    let screen = match Screen::parse(&opened.screen) {
        Some(Screen::Diagnosis | Screen::Repair) if model.form.journey == Journey::Reonboard => {
            Screen::Diagnosis
        }
        Some(Screen::Run | Screen::Report | Screen::Diagnosis | Screen::Repair) => Screen::Review,
        Some(Screen::Welcome) | None => Screen::Ca,
        Some(screen) => screen,
    };
    // What is missing is asked for before anybody is looked at.
    let wrong = model.form.issues.iter().find(|remark| remark.stops).filter(|_| screen == Screen::Diagnosis);
    let screen = wrong.map_or(screen, |remark| screen_of(&remark.field));
    let mut effects = enter(model, screen);
    model.nav.row = opened.row.min(model.form.answers.workers.len().saturating_sub(1));
    effects.push(Effect::Save);
    effects
}
