//! The path back of a worker that failed: picked with its reason beside it, diagnosed, repaired, reported.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::Arc;

use gangplank::doctor::Diagnosis;
use gangplank::engine::doctor::{Examined, NodeElsewhere};
use gangplank::engine::drain::DrainWish;
use gangplank::engine::{Event, ExitCode, Stamped};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::step::StepId;
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::dialogs::pick::PickDialog;
use gangplank::ui::wizard::found::{chosen, rows};
use gangplank::ui::wizard::keymap::{bar, entries};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::screens::report::summary;
use gangplank::ui::wizard::update::update;
use jiff::{SignedDuration, Timestamp};

use super::random::text;
use super::setup::{press, writes};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

fn examines(effects: &[Effect]) -> Vec<(u64, Vec<String>)> {
    let of = |effect: &Effect| match effect {
        Effect::Examine { number, only } => Some((*number, only.clone())),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

#[test]
fn beside_each_worker_that_may_come_back_stands_what_is_wrong_with_it() {
    for size in SIZES {
        let shown = text(&scene("pick", size).unwrap());
        for words in ["worker01", "E-CLOCK-01", "worker02", "E-CERT-13", "worker03", "E-DOCKER-01"] {
            assert!(shown.contains(words), "{words} {size:?}\n{shown}");
        }
    }
    // Before the answer is there it is being looked at, and nothing is claimed.
    let mut model = scene("pick", (120, 36)).unwrap();
    (model.doctor.seen, model.doctor.looking) = (None, true);
    let shown = text(&model);
    assert_eq!(shown.matches("is being looked at").count(), 3, "{shown}");
}

#[test]
fn the_diagnosis_has_causes_at_the_left_and_evidence_ways_and_journal_of_the_chosen_one() {
    for size in SIZES {
        let mut model = scene("diagnosis", size).unwrap();
        assert_eq!(model.nav.screen, Screen::Diagnosis);
        let codes: Vec<_> = rows(&model).iter().map(|row| row.problem().unwrap().code).collect();
        let wanted = [ProblemCode::Clock01, ProblemCode::Cert13, ProblemCode::Cert13, ProblemCode::Docker01];
        assert_eq!(codes, wanted);
        press(&mut model, "<down>");
        let mut shown = text(&model);
        for _ in 0..4 {
            press(&mut model, "J");
            shown += &text(&model);
        }
        for words in ["it expired on 2026-11-14", "from it comes E-NODE-04", "1 Open a shell", "journal"] {
            assert!(shown.contains(words), "{words} {size:?}\n{shown}");
        }
        assert!(shown.contains("3 of 3 workers") || size.0 < 100, "{shown}");
    }
}

#[test]
fn only_what_can_be_repaired_leads_to_a_repair() {
    let mut model = scene("diagnosis", (120, 36)).unwrap();
    // A clock is somebody's to set.
    press(&mut model, "<enter>");
    assert_eq!(model.nav.screen, Screen::Diagnosis);
    let said = model.window.toast.clone().unwrap().text;
    assert!(said.contains("worker01") && said.contains("for you to take"), "{said}");
    press(&mut model, "<end><enter>");
    assert_eq!((model.nav.screen, model.doctor.worker.as_deref()), (Screen::Repair, Some("worker03")));
    press(&mut model, "<esc>");
    assert_eq!(model.nav.screen, Screen::Diagnosis);
    assert_eq!(chosen(&model).unwrap().of().worker, "worker03", "the row is where it was");
}

#[test]
fn the_repair_shows_every_command_its_undo_and_what_restarts_and_begins_by_one_key() {
    let mut model = scene("repair", (120, 36)).unwrap();
    assert_eq!(model.nav.screen, Screen::Repair);
    let shown = text(&model);
    for words in ["1 systemctl start docker", "$ systemctl start docker", "undo: ", "restarted: docker"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    assert!(bar(&model, 400, 2).iter().any(|(key, word)| key == "a" && word == "repair it now"));
    assert!(!writes(&press(&mut model, "<enter><enter>")), "Enter on the list begins nothing");
    let effects = press(&mut model, "a");
    assert!(effects.iter().any(|one| matches!(one, Effect::Mend(name) if name == "worker03")), "{effects:?}");
    assert_eq!(model.nav.screen, Screen::Run);
    assert!(text(&model).contains("REPAIRING"), "{}", text(&model));
    // Two at once would work on the same host.
    assert!(!writes(&press(&mut model, "a")));
}

#[test]
fn a_wizard_that_only_looks_offers_no_repair() {
    let mut model = scene("repair", (120, 36)).unwrap();
    model.run.read_only = true;
    assert!(!text(&model).contains("Repair it now"), "{}", text(&model));
    assert!(entries(&model, "repair it now").iter().all(|entry| !entry.text.contains("carry the plan out")));
    assert!(!writes(&press(&mut model, "a<end><enter>")));
}

fn told(event: Event) -> Msg {
    let place = Place::Worker("worker03".to_owned());
    let step = Some(StepId("repair"));
    Msg::Run(Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place, step, event })
}

/// The repair of worker03 has ended.
fn ended(code: ExitCode) -> (Model, Vec<Effect>) {
    let mut model = scene("repair", (120, 36)).unwrap();
    press(&mut model, "a");
    let later = model.window.now.saturating_add(SignedDuration::from_secs(9)).unwrap();
    update(&mut model, Msg::Tick(later));
    let action = "systemctl start docker".to_owned();
    update(&mut model, told(Event::ActionEnded { action, status: 0, ms: 40 }));
    let effects = update(&mut model, Msg::RunOver { code, undone: Vec::new() });
    (model, effects)
}

fn healthy(worker: &str, model: &Model) -> Examined {
    let seen = model.doctor.seen.as_ref().unwrap();
    let one = seen.iter().find(|one| one.worker == worker).unwrap().clone();
    let found = Diagnosis { well: vec!["node Ready".to_owned()], ..Diagnosis::default() };
    Examined { found: Ok(found), actions: Vec::new(), ..one }
}

#[test]
fn after_the_repair_it_is_looked_at_again_and_the_report_and_the_summary_say_before_and_after() {
    let (mut model, effects) = ended(ExitCode::Done);
    let asked = examines(&effects);
    assert_eq!(asked.len(), 1, "{effects:?}");
    assert_eq!(asked[0].1, ["worker03"]);
    assert!(summary(&model).unwrap().contains("Nobody has looked again since."));
    press(&mut model, "c");
    assert_eq!(model.nav.screen, Screen::Report);
    assert!(text(&model).contains("is being looked at"), "{}", text(&model));
    let one = healthy("worker03", &model);
    update(&mut model, Msg::Examined { number: asked[0].0, seen: Ok(Arc::new(vec![one])) });
    let shown = text(&model);
    for words in ["worker03 is repaired", "What was wrong", "E-DOCKER-01", "nothing is wrong with worker03"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let said = summary(&model).unwrap();
    for words in [
        "# Incident: worker03",
        "| repair ended | 2026-11-23 09:00:",
        ", after 9 s |",
        "**E-DOCKER-01** docker is stopped",
        "1. systemctl start docker",
        "Nothing is wrong with it.",
        "- node Ready",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let effects = press(&mut model, "I<enter>");
    let written = |one: &Effect| matches!(one, Effect::WriteSummary(path) if path.ends_with("incident-worker03-2026-11-23-0900.md"));
    assert!(effects.iter().any(written), "{effects:?}");
}

#[test]
fn a_repair_that_fails_is_not_called_one_and_another_try_is_of_the_same_incident() {
    let (mut model, _) = ended(ExitCode::Problem);
    let end = |place: Place| (place, "changed".to_owned());
    let elsewhere = Place::Cluster;
    model.nav.screen = Screen::Report;
    assert!(
        text(&model).contains("worker03 is not repaired"),
        "nobody has said how it ended: {}",
        text(&model)
    );
    // What the cluster has is no fault of the worker.
    model.run.ends.extend([end(Place::Worker("worker03".to_owned()))]);
    let dns = gangplank::plan::problem::Problem::new(ProblemCode::Dns03, "no DNS pod is ready");
    let cluster = Stamped {
        v: 1,
        seq: 0,
        t: 2.0,
        run: "r".to_owned(),
        place: elsewhere,
        step: Some(StepId("dns-pods")),
        event: Event::Trouble { problem: dns },
    };
    update(&mut model, Msg::Run(cluster));
    let said = summary(&model).unwrap();
    assert!(said.contains("worker03 is repaired") && said.contains("E-DNS-03"), "{said}");
    // What is wrong elsewhere may have kept everything away from it, such as a CA that is not there.
    model.run.ends.insert(Place::Worker("worker03".to_owned()), "problem".to_owned());
    assert!(summary(&model).unwrap().contains("worker03 is not repaired"));
    model.run.ends.extend([end(Place::Worker("worker03".to_owned()))]);
    model.run.troubles.clear();
    assert!(summary(&model).unwrap().contains("worker03 is not repaired"));
    model.nav.screen = Screen::Run;
    let problem = gangplank::plan::problem::Problem::new(ProblemCode::Node01, "it is not Ready");
    update(&mut model, told(Event::Trouble { problem }));
    let effects = press(&mut model, "r");
    assert!(effects.iter().any(|one| matches!(one, Effect::Run { only } if only == &["worker03"])));
    assert!(summary(&model).is_none(), "it goes on");
    update(&mut model, Msg::RunOver { code: ExitCode::Done, undone: Vec::new() });
    assert!(summary(&model).unwrap().contains("worker03 is repaired"));
}

#[test]
fn the_diagnosis_is_looked_at_again_by_itself_and_the_row_that_is_read_stays() {
    let mut model = scene("diagnosis", (120, 36)).unwrap();
    press(&mut model, "<end>");
    let tick = Msg::Tick(Timestamp::UNIX_EPOCH);
    let mut asked = Vec::new();
    for _ in 0..40 {
        asked.extend(examines(&update(&mut model, tick.clone())));
    }
    assert_eq!(asked.len(), 1, "once, until it is answered");
    assert_eq!(asked[0].1, ["worker01", "worker02", "worker03"]);
    // worker01 was mended meanwhile: its row is another one now.
    let (one, number) = (healthy("worker01", &model), asked[0].0);
    let mut all: Vec<Examined> = model.doctor.seen.as_ref().unwrap().to_vec();
    all[0] = one;
    let old = Msg::Examined { number: number.wrapping_sub(1), seen: Ok(Arc::new(Vec::new())) };
    update(&mut model, old);
    assert_eq!(rows(&model).len(), 4, "what an older look saw does not count");
    update(&mut model, Msg::Examined { number, seen: Ok(Arc::new(all)) });
    assert_eq!(chosen(&model).unwrap().of().worker, "worker03");
    assert!(text(&model).contains("something is wrong with 2 of 3 workers"), "{}", text(&model));
    // With a dialog over it, or on another screen, nobody looks.
    press(&mut model, "?");
    let quiet: Vec<_> = (0..40).flat_map(|_| examines(&update(&mut model, tick.clone()))).collect();
    assert_eq!(quiet, []);
}

#[test]
fn what_was_found_is_old_where_an_answer_is_another_since() {
    let mut model = scene("repair", (120, 36)).unwrap();
    press(&mut model, "<esc><c-g>");
    gangplank::ui::wizard::validation::stale(&mut model);
    press(&mut model, "<esc><end><enter>");
    assert_eq!(model.nav.screen, Screen::Repair);
    let effects = press(&mut model, "a");
    assert!(!writes(&effects), "{effects:?}");
    assert_eq!(examines(&effects).len(), 1, "it is looked at again first: {effects:?}");
    assert_eq!(model.nav.screen, Screen::Diagnosis);
}

#[test]
fn all_that_differs_can_be_reviewed_instead() {
    for name in ["diagnosis", "repair"] {
        let mut model = scene(name, (120, 36)).unwrap();
        let effects = press(&mut model, "r");
        assert_eq!(model.nav.screen, Screen::Review, "{name}");
        assert!(effects.iter().any(|one| matches!(one, Effect::Inspect { .. })), "{effects:?}");
    }
}

#[test]
fn of_two_causes_of_one_code_the_one_that_is_read_stays_chosen() {
    let mut model = scene("diagnosis", (120, 36)).unwrap();
    press(&mut model, "<down><down>R");
    let what = chosen(&model).unwrap().problem().unwrap().what.clone();
    assert!(what.contains("kube-proxy.crt"), "{what}");
    let (number, all) = (model.doctor.number, model.doctor.seen.clone().unwrap());
    update(&mut model, Msg::Examined { number, seen: Ok(all) });
    assert_eq!(chosen(&model).unwrap().problem().unwrap().what, what);
}

#[test]
fn a_look_that_was_on_its_way_changes_nothing_of_a_repair_that_is_read() {
    let mut model = scene("diagnosis", (120, 36)).unwrap();
    press(&mut model, "<end>R<enter>");
    assert_eq!(model.nav.screen, Screen::Repair);
    let one = healthy("worker03", &model);
    let number = model.doctor.number.wrapping_sub(1);
    update(&mut model, Msg::Examined { number, seen: Ok(Arc::new(vec![one])) });
    assert!(text(&model).contains("1 systemctl start docker"), "{}", text(&model));
    assert!(writes(&press(&mut model, "a")));
}

fn leaving(effects: &[Effect]) -> Vec<(String, DrainWish)> {
    let of = |effect: &Effect| match effect {
        Effect::Leaving { worker, wish } => Some((worker.clone(), *wish)),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

#[test]
fn pods_leave_before_a_repair_only_where_somebody_wants_that_and_has_seen_which() {
    let mut model = scene("repair", (120, 36)).unwrap();
    assert!(text(&model).contains("d lets them leave first"), "{}", text(&model));
    let asked = leaving(&press(&mut model, "d"));
    assert_eq!((asked.len(), asked[0].0.as_str(), asked[0].1.lost), (1, "worker03", false));
    // Before the answer is there nothing begins.
    assert!(!writes(&press(&mut model, "a")));
    assert_eq!(model.nav.screen, Screen::Repair);
    let answer = |wish, text: &str| Msg::Leaving {
        worker: "worker03".to_owned(),
        wish,
        lines: Ok(vec![text.to_owned()]),
    };
    let all = leaving(&press(&mut model, "d"))[0].1;
    assert!(all.lost);
    // What was asked for the choice before counts no more.
    update(&mut model, answer(asked[0].1, "default/old leaves"));
    assert_eq!(model.doctor.leaving, None);
    update(&mut model, answer(all, "default/web leaves"));
    press(&mut model, "JJJJJJJJ");
    assert!(text(&model).contains("default/web leaves"), "{}", text(&model));
    let effects = press(&mut model, "a");
    assert!(effects.iter().any(|one| matches!(one, Effect::Mend(_))), "{effects:?}");
    assert_eq!(model.doctor.drain.wish(), Some(all));
    // The next repair begins without.
    let mut model = scene("repair", (120, 36)).unwrap();
    press(&mut model, "ddd");
    assert_eq!(model.doctor.drain.wish(), None);
    press(&mut model, "d<esc><enter>");
    assert_eq!((model.nav.screen, model.doctor.drain.wish()), (Screen::Repair, None));
}

#[test]
fn the_mark_waits_on_the_first_worker_that_fails_unless_somebody_moved_it() {
    let fresh = |moved: bool| {
        let mut model = scene("pick", (120, 36)).unwrap();
        let seen = model.doctor.seen.clone().unwrap();
        let mut all: Vec<Examined> = seen.iter().cloned().collect();
        all[0] = healthy(&all[0].worker.clone(), &model);
        model.dialogs.open = vec![Dialog::Pick(PickDialog::default())];
        if moved {
            press(&mut model, "<end>");
        }
        let number = model.doctor.number;
        update(&mut model, Msg::Examined { number, seen: Ok(Arc::new(all)) });
        match model.dialogs.open.as_slice() {
            [Dialog::Pick(pick)] => pick.at,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((fresh(false), fresh(true)), (1, 3));
}

#[test]
fn a_node_of_the_cluster_that_is_in_no_plan_can_be_chosen_and_comes_into_the_plan() {
    let mut model = scene("pick", (120, 36)).unwrap();
    let nodes = vec![NodeElsewhere { name: "worker09".into(), address: "192.0.2.9".into(), ready: false }];
    update(&mut model, Msg::Elsewhere(nodes));
    let shown = text(&model);
    assert!(shown.contains("worker09") && shown.contains("in no plan"), "{shown}");
    let planned = model.worker_names();
    assert!(!planned.contains(&"worker09".to_owned()));
    press(&mut model, "<end><up><enter>");
    assert_eq!(model.form.only, ["worker09"]);
    let worker = model.form.answers.workers.last().unwrap();
    assert_eq!((worker.name.as_deref(), worker.address.as_deref()), (Some("worker09"), Some("192.0.2.9")));
    let above = &model.form.answers.workers[planned.len() - 1];
    assert_eq!(worker.ssh.user, above.ssh.user);
    assert_eq!(model.worker_names().len(), planned.len() + 1);
}
