//! What somebody needs who is called at night: problems first, their words, and no key that does nothing.

use gangplank::plan::code::ProblemCode;
use gangplank::plan::place::Place;
use gangplank::plan::problem::Remedy;
use gangplank::ui::gallery::scenes::{scene, scenes};
use gangplank::ui::wizard::form::field::Field;
use gangplank::ui::wizard::keymap::{bar, dialog_bar, entries};
use gangplank::ui::wizard::look::LookStatus;
use gangplank::ui::wizard::manual;
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::screens::review::rows;
use gangplank::ui::wizard::standing;
use gangplank::ui::wizard::update::update;

use super::random::text;
use super::setup::{answered, press, running, trouble, writes};

const SIZES: [(u16, u16); 3] = [(80, 24), (100, 30), (120, 36)];

#[test]
fn review_begins_with_the_problem_and_its_reason() {
    for size in SIZES {
        let model = scene("review-reonboard", size).unwrap();
        let rows = rows(&model);
        assert_eq!(model.preview.row, 0);
        let first = rows.get(0).unwrap().looked.and_then(|looked| looked.blocked()).unwrap();
        assert_eq!(first.code, ProblemCode::Clock01);
        let places: Vec<bool> = rows.iter().map(|row| row.seen.blocked().is_some()).collect();
        assert!(places.is_sorted_by(|one, next| one >= next), "places with a problem come first: {places:?}");
        let shown = text(&model);
        for words in
            ["E-CLOCK-01 the worker's clock is 3.0 h behind the API", "1 set the clock on the worker"]
        {
            assert!(shown.contains(words), "{words}\n{shown}");
        }
    }
}

#[test]
fn enter_is_offered_on_a_row_only_where_an_answer_is_behind_it() {
    let mut model = scene("review-reonboard", (120, 36)).unwrap();
    let enter = |model: &_| bar(model, 200, 2).iter().any(|(key, _)| key == "Enter");
    assert!(!enter(&model), "a clock is no answer");
    press(&mut model, "<enter>");
    assert_eq!(model.nav.screen, Screen::Review);
    let sign = rows(&model).iter().position(|row| row.looked.is_some_and(|one| one.step.id().0 == "sign"));
    model.preview.row = sign.unwrap();
    assert!(enter(&model));
    press(&mut model, "<enter>");
    assert_eq!(model.nav.screen, Screen::Certificates);
}

/// The title says whole whether anything is changed, and no key of the footer is cut.
#[test]
fn header_and_footer_are_whole_and_the_footer_is_that_of_the_open_dialog() {
    for size in SIZES {
        let all = scenes().iter().filter(|name| **name != "too-small");
        // The low window is where there is least room; the others are tried on what is widest.
        let tried =
            all.filter(|name| size == (80, 24) || ["review-reonboard", "run-problem", "help"].contains(name));
        for name in tried {
            let model = scene(name, size).unwrap();
            let shown = text(&model);
            let lines: Vec<&str> = shown.lines().map(|line| line.trim_matches('"').trim_end()).collect();
            let state = ["nothing changed", "has been changed yet", "APPLIED", "IN PART", "actions"];
            assert!(state.iter().any(|words| lines[0].ends_with(words)), "{name} {size:?}: {}", lines[0]);
            assert!(lines[0].starts_with(" gangplank"), "{}", lines[0]);
            let footer = lines[lines.len() - 2..].join("\n");
            if let Some(dialog) = model.dialogs.open.last() {
                for (key, word) in dialog_bar(dialog) {
                    assert!(footer.contains(&format!("{key} {word}")), "{name} {size:?}: {footer}");
                }
                assert!(!footer.contains("Ctrl-C"), "{name} {size:?}: {footer}");
            } else if !model.live.open {
                let rows = if size.0 < 90 { 2 } else { 1 };
                for (key, word) in bar(&model, usize::from(size.0) - 2, rows) {
                    assert!(
                        footer.contains(&format!("{key} {word}")),
                        "{name} {size:?}: {key} {word}\n{footer}"
                    );
                }
            }
        }
    }
}

#[test]
fn help_goes_to_its_end_and_is_searched() {
    let mut model = scene("help", (80, 24)).unwrap();
    press(&mut model, "<end>");
    assert!(!text(&model).contains("more below"), "{}", text(&model));
    press(&mut model, "/kube-proxy");
    let shown = text(&model);
    assert!(shown.contains("kube-proxy") && !shown.contains("Keys possible now"), "{shown}");
    press(&mut model, "<esc>");
    assert!(text(&model).contains("Keys possible now"), "the first Esc shows all again");
    press(&mut model, "/zzzz");
    assert!(text(&model).contains("No key and no word of the glossary"), "{}", text(&model));
    press(&mut model, "<esc><esc>");
    assert!(model.dialogs.open.is_empty());
}

#[test]
fn the_menu_finds_repairs_of_every_problem_by_whatever_they_are_called() {
    let mut model = answered("review");
    model.nav.screen = Screen::Run;
    for (name, title) in [("worker1", "start the runtime"), ("worker2", "put the unit back")] {
        let repair = Remedy::Repair { title: title.to_owned(), actions: Vec::new() };
        update(&mut model, trouble(Place::Worker(name.to_owned()), vec![repair]));
    }
    for word in ["mend", "fix", "fault", "restart", "repair"] {
        for title in ["worker1: Repair it: start the runtime", "worker2: Repair it: put the unit back"] {
            assert!(entries(&model, word).iter().any(|entry| entry.text == title), "{word}: {title}");
        }
    }
    assert!(!writes(&press(&mut model, "<c-k>put the unit back<enter>")), "it asks first");
    let effects = press(&mut model, "1<enter>");
    let second = |effect: &Effect| matches!(effect, Effect::Repair { place, .. } if *place == Place::Worker("worker2".to_owned()));
    assert!(effects.iter().any(second), "{effects:?}");
    let demo = scene("run-problem", (80, 24)).unwrap();
    assert!(
        entries(&demo, "mend").iter().any(|entry| entry.text.contains("docker")),
        "worker03's own repair"
    );
}

#[test]
fn apply_asks_once_and_says_what_cannot_be_taken_back() {
    let mut model = scene("review", (80, 24)).unwrap();
    assert!(!writes(&press(&mut model, "a")));
    let shown = text(&model);
    for words in ["83 actions on 5 places.", "certificates signed: that cannot be taken back or revoked."] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    assert!(!writes(&press(&mut model, "<esc>")) && model.nav.screen == Screen::Review);
    assert!(!writes(&press(&mut model, "a3<enter>")), "not yet");
    assert!(writes(&press(&mut model, "a<enter>")));
}

#[test]
fn a_kubeconfig_outside_kube_is_agreed_to_where_apply_shows_its_path() {
    let mut model = scene("review", (80, 24)).unwrap();
    model.form.home = Some("/home/op".into());
    Field::ContextFile.set(&mut model.form.answers, 0, "~/.bash_profile");
    gangplank::ui::wizard::validation::validate(&mut model);
    press(&mut model, "a");
    let shown = text(&model);
    for words in ["/home/op/.bash_profile", "outside ~/.kube", "whatever reads that file"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    press(&mut model, "<esc>");
    assert_eq!(model.form.agreed_outside, None, "nothing was answered");
    assert!(writes(&press(&mut model, "a<enter>")));
    assert_eq!(model.form.agreed_outside, Some("/home/op/.bash_profile".into()));
    // In ~/.kube there is nothing to agree to.
    let mut model = scene("review", (80, 24)).unwrap();
    press(&mut model, "a");
    assert!(!text(&model).contains("outside"), "{}", text(&model));
}

#[test]
fn live_over_a_screen_shows_nothing_of_what_is_below() {
    for size in SIZES {
        let mut model = scene("certificates", size).unwrap();
        model.live.open = true;
        let shown = text(&model);
        for below in ["Steps", "Ctrl-G", "Valid for days", "7 Review"] {
            assert!(!shown.contains(below), "{below} at {size:?}\n{shown}");
        }
        assert!(shown.contains("worker03"), "{shown}");
    }
}

#[test]
fn a_field_is_emptied_at_once_and_an_empty_one_cannot_be_taken_for_answered() {
    let mut model = answered("cluster");
    while !matches!(model.item(), Some(gangplank::ui::wizard::form::item::Item::Field(Field::Cluster))) {
        press(&mut model, "<tab>");
    }
    assert_eq!(model.answer(Field::Cluster, 0), "prod");
    press(&mut model, "<c-u>");
    assert_eq!(model.answer(Field::Cluster, 0), "");
    for (name, words) in
        [("cluster", "empty: cluster.local"), ("workers", "empty: 22"), ("workers", "as for all: ")]
    {
        let shown = text(&scene(name, (120, 36)).unwrap());
        assert!(shown.contains(words), "{words}\n{shown}");
    }
}

#[test]
fn a_tick_is_for_what_was_found_good() {
    let mut model = scene("review", (120, 36)).unwrap();
    let good = [Screen::Ca, Screen::Cluster, Screen::Workers, Screen::Certificates, Screen::Review];
    for screen in good {
        assert_eq!(standing::of(&model, screen), Some(LookStatus::Good), "{screen:?}");
    }
    // An answer that was changed since was looked at by nobody.
    press(&mut model, "<c-g>4<enter><backtab><backtab>7<esc>");
    assert_eq!(standing::of(&model, Screen::Certificates), None);
    assert_eq!(standing::of(&model, Screen::Ca), Some(LookStatus::Good));
    // The workers stand in no order, and of one that came since nothing is known.
    let mut model = scene("review", (120, 36)).unwrap();
    model.form.answers.workers.reverse();
    assert_eq!(standing::of(&model, Screen::Workers), Some(LookStatus::Good));
    let mut new = model.form.answers.workers[0].clone();
    new.name = Some("a-new-one".to_owned());
    model.form.answers.workers.insert(1, new);
    assert_eq!(standing::of(&model, Screen::Workers), None);
    let model = scene("review-reonboard", (120, 36)).unwrap();
    assert_eq!(standing::of(&model, Screen::Review), Some(LookStatus::Bad));
    let mut model = answered("review");
    update(&mut model, Msg::Tick(jiff::Timestamp::UNIX_EPOCH));
    assert_ne!(standing::of(&model, Screen::Ca), Some(LookStatus::Good), "nobody has seen it");
}

/// Words that were found to mean nothing to whoever reads them first.
#[test]
fn plain_words_are_used_in_what_is_read() {
    for name in scenes() {
        let shown = text(&scene(name, (120, 36)).unwrap());
        for word in [
            "is aboard",
            "signed for good",
            "straight",
            "nothing was said here",
            "takes them",
            "stands still",
        ] {
            assert!(!shown.contains(word), "{name}: {word}\n{shown}");
        }
    }
}

#[test]
fn a_repair_is_offered_where_the_problem_is_shown_and_is_a_run_of_its_own() {
    let mut model = scene("review-reonboard", (80, 24)).unwrap();
    let docker = rows(&model).iter().position(|row| {
        let problem = row.looked.and_then(|looked| looked.blocked());
        problem.is_some_and(|one| one.ways.iter().any(|way| matches!(way, Remedy::Repair { .. })))
    });
    model.preview.row = docker.expect("worker03's docker is stopped");
    assert!(bar(&model, 400, 2).iter().any(|(key, word)| key == "p" && word == "repair"));
    assert!(!writes(&press(&mut model, "p")), "it asks first");
    let shown = text(&model);
    for words in ["Repair worker03", "systemctl start docker", "undo: ", "Repair it now", "Not yet"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    assert!(!shown.contains("the kubelet's containers"), "undo of docker leaves them: {shown}");
    assert!(!writes(&press(&mut model, "<enter>")), "what harms nothing is marked");
    let effects = press(&mut model, "p1<enter>");
    let alone = |effect: &Effect| matches!(effect, Effect::Repair { again: false, .. });
    assert!(effects.iter().any(alone), "{effects:?}");
    assert_eq!(model.nav.screen, Screen::Run);
    assert!(text(&model).contains("REPAIRING"), "{}", text(&model));
    let over = Msg::RunOver { code: gangplank::engine::ExitCode::Done, undone: Vec::new() };
    let effects = update(&mut model, over);
    assert_eq!(model.nav.screen, Screen::Review);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Inspect { .. })), "{effects:?}");
    assert!(!text(&model).contains("has joined"), "{}", text(&model));
}

#[test]
fn what_is_copied_of_a_way_by_hand_is_the_bare_command_through_ssh_where_it_is_for_a_host() {
    let text = "on the host: journalctl -u kubelet -n 50 --no-pager";
    let copied = |place: Place, text: &str| {
        let mut model = running();
        update(&mut model, trouble(place, vec![Remedy::Manual(text.to_owned())]));
        model.run.going = 0;
        let effects = press(&mut model, "1<enter>");
        let copy = |effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        };
        effects.into_iter().find_map(copy).unwrap_or_default()
    };
    let name = |row| Place::Worker(answered("review").worker_name(row));
    let first = copied(name(0), text);
    assert!(first.starts_with("ssh -t core@10.0.0.11 "), "{first}");
    assert!(first.contains("sudo sh -c ") && !first.contains("on the host"), "{first}");
    let second = copied(name(1), text);
    assert!(second.starts_with("ssh -t core@10.0.0.12 "), "{second}");
    let mut root = answered("review");
    Field::User.set(&mut root.form.answers, 0, "root");
    let place = name(0);
    let here = manual::command(&root, Some(&place), text);
    assert_eq!(here, "ssh root@10.0.0.11 'journalctl -u kubelet -n 50 --no-pager'");
    assert_eq!(copied(Place::Local, "look: kubectl get nodes"), "kubectl get nodes");
    assert_eq!(copied(name(0), "it is gone: kubectl delete node w1"), "kubectl delete node w1");
}
