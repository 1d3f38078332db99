//! Demos that play by themselves, to their end: the same loop, model and engine as at a terminal, on a screen in
//! memory.

#[path = "support/nowhere.rs"]
mod nowhere;

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gangplank::engine::ExitCode;
use gangplank::plan::place::Place;
use gangplank::ui::gallery::cast::Recorder;
use gangplank::ui::tui::app::{LoopAction, WizardLoop};
use gangplank::ui::wizard::autoplay::{self, Player};
use gangplank::ui::wizard::cells::CellState;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::key::{Key, KeyCode};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::start::{Opening, WizardStart};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZE: (u16, u16) = (80, 24);

/// Shows are played in real time: many at once would starve each other, and their keys come at the wrong moment then.
static STAGE: Mutex<()> = Mutex::new(());

fn wizard(lab: &str, folder: &Path, record: Option<&Path>) -> WizardLoop {
    wizard_with_keys(lab, folder, record).0
}

/// The same, and where keys are pressed.
#[expect(clippy::unwrap_used, reason = "a test")]
fn wizard_with_keys(lab: &str, folder: &Path, record: Option<&Path>) -> (WizardLoop, Sender<Msg>) {
    let start = WizardStart {
        opening: Opening::Demo(lab.to_owned()),
        player: Some(Player::new(lab).hurried()),
        ..nowhere::start(folder)
    };
    let recorder = record.map(|file| Recorder::new(file, SIZE.0, SIZE.1, lab).unwrap());
    let send = start.send.clone();
    (WizardLoop::new(start, recorder, SIZE), send)
}

#[expect(clippy::unwrap_used, reason = "a test")]
fn play(lab: &str, record: Option<&Path>) -> WizardLoop {
    let _stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut wizard = wizard(lab, folder.path(), record);
    let deadline = Instant::now() + Duration::from_secs(150);
    while !wizard.player.as_ref().is_none_or(Player::over) || wizard.model.run.going_on() {
        assert!(Instant::now() < deadline, "{lab}: {}", screen.backend());
        assert!(matches!(wizard.turn(&mut screen).unwrap(), LoopAction::On));
        let shown = screen.backend().to_string();
        assert!(shown.contains("DEMO"), "the screen always says that it is a demo: {shown}");
    }
    wizard.close().unwrap();
    assert!(!folder.path().join("state").exists(), "nothing of a demo is kept");
    wizard
}

fn state(wizard: &WizardLoop, worker: &str, step: &str) -> Option<CellState> {
    let step = gangplank::step::CATALOGUE.iter().map(|one| one.id().0).find(|id| *id == step)?;
    wizard.model.run.cells.get(&Place::Worker(worker.to_owned()), step).map(|cell| cell.state)
}

#[test]
fn first_cluster_plays_to_its_report_and_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("talk.cast");
    let wizard = play("first-cluster", Some(&file));
    assert_eq!((wizard.model.run.code, wizard.model.nav.screen), (Some(ExitCode::Done), Screen::Report));
    for worker in ["worker01", "worker02", "worker03"] {
        assert_eq!(state(&wizard, worker, "ready"), Some(CellState::Proven), "{worker}");
    }
    let cast = std::fs::read_to_string(file).unwrap();
    let header: serde_json::Value = serde_json::from_str(cast.lines().next().unwrap()).unwrap();
    assert_eq!((&header["width"], &header["height"]), (&80.into(), &24.into()));
    assert!(cast.lines().count() > 30, "every frame that changed something is in it");
}

#[test]
fn failed_worker_brings_back_two_and_says_what_keeps_the_third() {
    let wizard = play("failed-worker", None);
    for worker in ["worker02", "worker03"] {
        let ready = state(&wizard, worker, "ready");
        let run = &wizard.model.run;
        assert!(
            matches!(ready, Some(CellState::Proven | CellState::Same)),
            "{worker}: {ready:?} {:?} {:?} {:?}",
            run.code,
            run.repairs,
            run.troubles.iter().map(|one| (&one.place, one.problem.code)).collect::<Vec<_>>()
        );
    }
    assert_eq!(wizard.model.run.code, Some(ExitCode::Problem), "one host still has a problem");
    let codes: Vec<&str> = wizard.model.run.troubles.iter().map(|one| one.problem.code.as_str()).collect();
    assert_eq!(codes, ["E-CLOCK-01"]);
}

#[test]
fn current_ends_aboard_on_containerd_without_a_word_of_docker() {
    let wizard = play("current", None);
    assert_eq!((wizard.model.run.code, wizard.model.nav.screen), (Some(ExitCode::Done), Screen::Report));
    for worker in ["worker01", "worker02", "worker03"] {
        assert_eq!(state(&wizard, worker, "ready"), Some(CellState::Proven), "{worker}");
    }
}

#[test]
fn cable_pull_ends_aboard_after_a_retry() {
    let wizard = play("cable-pull", None);
    assert!(wizard.model.run.troubles.is_empty(), "{:?}", wizard.model.run.troubles);
    assert_eq!(wizard.model.run.code, Some(ExitCode::Done));
    for worker in ["worker01", "worker02", "worker03"] {
        assert_eq!(state(&wizard, worker, "ready"), Some(CellState::Proven), "{worker}");
    }
}

/// A cable that somebody pulls during the show: it ends otherwise, and says so.
#[test]
fn a_show_that_went_otherwise_does_not_claim_that_every_node_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut wizard = wizard("first-cluster", folder.path(), None);
    let deadline = Instant::now() + Duration::from_secs(150);
    let (mut pulled, mut captions) = (false, Vec::new());
    while !wizard.player.as_ref().is_none_or(Player::over) || wizard.model.run.going_on() {
        assert!(Instant::now() < deadline, "{}", screen.backend());
        assert!(matches!(wizard.turn(&mut screen).unwrap(), LoopAction::On));
        if wizard.model.run.going_on() && !pulled {
            let fault = Effect::Throw { fault: "cable".to_owned(), host: "worker02".to_owned() };
            wizard.works.perform(fault, &wizard.model);
            pulled = true;
        }
        captions.extend(wizard.model.demo.as_ref().and_then(|demo| demo.caption.clone()));
        captions.dedup();
    }
    wizard.close().unwrap();
    assert!(pulled && !wizard.model.run.troubles.is_empty(), "{captions:?}");
    assert!(!captions.iter().any(|words| words.contains("Every node is Ready")), "{captions:?}");
    assert!(captions.iter().any(|words| words.contains("another way")), "{captions:?}");
}

/// While somebody else has the keys the screen says that the show is paused, and it goes on where it was.
#[test]
fn a_show_that_is_held_says_paused_on_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut wizard = wizard("first-cluster", folder.path(), None);
    let mut until = |wizard: &mut WizardLoop, words: &str, there: bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            assert!(matches!(wizard.turn(&mut screen).unwrap(), LoopAction::On));
            let shown = screen.backend().to_string();
            if shown.contains(words) == there {
                return;
            }
            assert!(Instant::now() < deadline, "{words}: {there}\n{shown}");
        }
    };
    until(&mut wizard, "A demo: three blank machines", true);
    for key in [Key::plain(KeyCode::Char('.')), Key::control('l'), Key::alt('o')] {
        let player = wizard.player.as_mut().unwrap();
        player.key(key, &wizard.model);
        until(&mut wizard, "PAUSED", true);
        let player = wizard.player.as_mut().unwrap();
        player.key(Key::plain(KeyCode::Char('.')), &wizard.model);
        until(&mut wizard, "PAUSED", false);
    }
    wizard.close().unwrap();
}

#[test]
fn a_plan_that_cannot_be_opened_leaves_the_demo_under_its_answers() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut wizard = wizard("first-cluster", folder.path(), None);
    wizard.player = None;
    let mut until = |wizard: &mut WizardLoop, is: &dyn Fn(&WizardLoop) -> bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is(wizard) {
            assert!(Instant::now() < deadline, "{}", screen.backend());
            assert!(matches!(wizard.turn(&mut screen).unwrap(), LoopAction::On));
        }
    };
    until(&mut wizard, &|wizard| wizard.works.demo().is_some());
    wizard.works.perform(Effect::OpenPlan("nowhere.yaml".into()), &wizard.model);
    until(&mut wizard, &|wizard| matches!(wizard.model.dialogs.open.last(), Some(Dialog::Text(_))));
    assert!(wizard.model.demo.is_some() && wizard.works.demo().is_some());
    let plan = folder.path().join("plan.yaml");
    std::fs::write(&plan, "cluster:\n  name: harbour\n").unwrap();
    wizard.works.perform(Effect::OpenPlan(plan), &wizard.model);
    until(&mut wizard, &|wizard| wizard.model.demo.is_none());
    assert!(wizard.works.demo().is_none());
    wizard.close().unwrap();
}

/// From the list of workers to the report by keys alone, and what is written of it.
#[test]
fn a_failed_worker_is_picked_diagnosed_repaired_and_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let (mut wizard, send) = wizard_with_keys("failed-worker", folder.path(), None);
    wizard.player = None;
    let mut until = |wizard: &mut WizardLoop, what: &str, is: &dyn Fn(&WizardLoop) -> bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is(wizard) {
            assert!(Instant::now() < deadline, "{what}\n{}", screen.backend());
            assert!(matches!(wizard.turn(&mut screen).unwrap(), LoopAction::On));
        }
    };
    let keys =
        |text: &str| autoplay::keys(text).into_iter().for_each(|key| send.send(Msg::Key(key)).unwrap());
    until(&mut wizard, "the reasons", &|wizard| {
        wizard.model.doctor.seen.is_some()
            && matches!(wizard.model.dialogs.open.last(), Some(Dialog::Pick(_)))
    });
    keys("<down><enter>");
    let on = |screen: Screen| move |wizard: &WizardLoop| wizard.model.nav.screen == screen;
    until(&mut wizard, "the diagnosis", &on(Screen::Diagnosis));
    keys("<enter>");
    until(&mut wizard, "the repair", &on(Screen::Repair));
    assert_eq!(wizard.model.run.code, None, "nothing was changed yet");
    keys("a");
    until(&mut wizard, "the end", &|wizard| wizard.model.run.ended.is_some());
    assert_eq!(wizard.model.run.code, Some(ExitCode::Done), "{:?}", wizard.model.run.troubles);
    until(&mut wizard, "the look after it", &|wizard| {
        wizard.model.doctor.mending.as_ref().is_some_and(|mending| mending.after.is_some())
    });
    keys("cI<enter>");
    let summary = || {
        let all = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        all.into_iter().find(|path| path.extension().is_some_and(|end| end == "md"))
    };
    until(&mut wizard, "the summary", &|_| {
        summary().is_some_and(|file| std::fs::metadata(file).is_ok_and(|meta| meta.len() > 0))
    });
    let file = summary().unwrap();
    let said = std::fs::read_to_string(&file).unwrap();
    for words in [
        "# Incident: worker02",
        "**E-CERT-13** ",
        "systemctl restart kubelet",
        "worker02 is repaired",
        "Nothing is wrong with it.",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    wizard.close().unwrap();
}

#[test]
fn the_wizard_says_what_is_wrong_with_a_worker_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut wizard = wizard("failed-worker", folder.path(), None);
    wizard.player = None;
    let mut until = |wizard: &mut WizardLoop, is: &dyn Fn(&WizardLoop) -> bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is(wizard) {
            assert!(Instant::now() < deadline, "{}", screen.backend());
            assert!(matches!(wizard.turn(&mut screen).unwrap(), LoopAction::On));
        }
    };
    until(&mut wizard, &|wizard| wizard.works.demo().is_some());
    for (only, title, wanted) in [
        (vec!["worker03".to_owned()], "Diagnosis of worker03", vec!["E-DOCKER-01", "systemctl start docker"]),
        (vec![], "Diagnosis", vec!["E-CLOCK-01", "E-CERT-13", "E-DOCKER-01"]),
    ] {
        wizard.works.perform(Effect::Diagnose { only }, &wizard.model);
        let shown = |wizard: &WizardLoop| match wizard.model.dialogs.open.last() {
            Some(Dialog::Text(text)) if text.title == title => {
                Some(text.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n"))
            }
            _ => None,
        };
        until(&mut wizard, &|wizard| shown(wizard).is_some());
        let said = shown(&wizard).unwrap();
        for words in wanted {
            assert!(said.contains(words), "{words}\n{said}");
        }
    }
    assert_eq!(wizard.model.run.code, None, "nothing was run");
    wizard.close().unwrap();
}
