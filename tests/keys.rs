//! The keys of the wizard, pressed one after the other and with no machine: messages go into `update`, effects are
//! collected and carried out by nobody. Keys that come at random are
//! judged in `keys/random.rs`.

#[path = "keys/back.rs"]
mod back;
#[path = "keys/choices.rs"]
mod choices;
#[path = "keys/first.rs"]
mod first;
#[path = "keys/labels.rs"]
mod labels;
#[path = "keys/lists.rs"]
mod lists;
#[path = "keys/night.rs"]
mod night;
#[path = "keys/numbers.rs"]
mod numbers;
#[path = "keys/opened.rs"]
mod opened;
#[path = "keys/places.rs"]
mod places;
#[path = "keys/random.rs"]
mod random;
#[path = "keys/reading.rs"]
mod reading;
#[path = "keys/repairs.rs"]
mod repairs;
#[path = "keys/setup.rs"]
mod setup;
#[path = "keys/taken.rs"]
mod taken;
#[path = "layers/token.rs"]
mod token;
#[path = "keys/told.rs"]
mod told;
#[path = "keys/truth.rs"]
mod truth;
#[path = "keys/unplanned.rs"]
mod unplanned;
#[path = "keys/windows.rs"]
mod windows;

use gangplank::host::TrustAnswer;
use gangplank::plan::place::Place;
use gangplank::plan::problem::Remedy;
use gangplank::ui::wizard::bindings::TABLE;
use gangplank::ui::wizard::command::Command;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::dialogs::ask::AskDialog;
use gangplank::ui::wizard::dialogs::menu::Does;
use gangplank::ui::wizard::dialogs::pick::PickDialog;
use gangplank::ui::wizard::key::Key;
use gangplank::ui::wizard::keymap::entries;
use gangplank::ui::wizard::look::{Inspection, ProbeTarget};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::question::Reply;
use gangplank::ui::wizard::run_state::Offline;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::update::update;
use std::sync::Arc;

use setup::{
    WALK, answered, confirm, looks, model, press, replace, running, saves, secret, seen, trouble, trust,
    writes,
};

#[test]
fn a_whole_plan_is_typed_from_welcome_to_review() {
    let mut model = model();
    let effects = press(&mut model, WALK);
    assert_eq!(model.nav.screen, Screen::Review, "{:?} {:?}", model.window.toast, model.form.issues);
    assert_eq!(model.form.answers.ca.cert.as_deref(), Some("ca.crt"));
    assert_eq!(model.form.answers.ca.key.as_deref(), Some("ca.key"));
    assert_eq!(model.form.answers.cluster.name.as_deref(), Some("prod"));
    assert_eq!(model.form.answers.cluster.api.as_deref(), Some("https://10.0.0.1:6443"));
    assert_eq!(model.form.answers.cluster.dns.as_deref(), Some("10.3.0.2"));
    let addresses: Vec<_> = model.form.answers.workers.iter().map(|one| one.address.as_deref()).collect();
    assert_eq!(addresses, [Some("10.0.0.11"), Some("10.0.0.12")]);
    // The second worker takes over the user of the first.
    assert!(model.form.answers.workers.iter().all(|one| one.ssh.user.as_deref() == Some("core")));
    assert!(!writes(&effects));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Inspect { .. })));
}

#[test]
fn esc_leads_to_welcome_from_everywhere_never_quits_and_loses_no_answer() {
    for screen in ["ca", "cluster", "workers", "certificates", "kubectl", "skydns", "review"] {
        let mut model = answered(screen);
        let before = model.form.answers.clone();
        let effects = press(&mut model, &"<esc>".repeat(30));
        assert_eq!(model.nav.screen, Screen::Welcome, "{screen}");
        assert!(model.window.leaving.is_none() && model.dialogs.open.is_empty());
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Quit(_))));
        assert_eq!(model.form.answers, before, "{screen}");
    }
}

#[test]
fn jumping_about_does_not_make_the_way_back_longer() {
    let mut model = answered("review");
    for _ in 0..20 {
        press(&mut model, "<c-g>1<enter><c-g>2<enter><c-g>7<enter>");
    }
    press(&mut model, &"<esc>".repeat(20));
    assert_eq!(model.nav.screen, Screen::Welcome);
}

#[test]
fn what_was_typed_is_the_answer_even_when_the_field_is_left_with_esc() {
    let mut model = answered("cluster");
    press(&mut model, "<c-g>2<enter>");
    while model.form.editor.is_none() {
        press(&mut model, "<tab>");
    }
    press(&mut model, "x");
    let typed = model.form.answers.clone();
    press(&mut model, "<esc><esc>");
    assert_eq!(model.form.answers, typed);
}

#[test]
fn leaving_a_field_saves_and_looks_at_what_it_is_about_once() {
    let mut model = model();
    press(&mut model, "<enter>ca.crt");
    let effects = press(&mut model, "<tab>");
    assert!(saves(&effects));
    assert!(looks(&effects).len() <= 1);
    let effects = press(&mut model, "ca.key<tab>");
    assert_eq!(looks(&effects), [&ProbeTarget::Ca]);

    let mut model = answered("workers");
    press(&mut model, "<enter>");
    assert!(model.form.editor.is_some());
    let effects = press(&mut model, "x<tab>");
    assert!(saves(&effects));
    assert_eq!(looks(&effects), [&ProbeTarget::Worker("worker1x".to_owned())]);

    let mut model = answered("cluster");
    press(&mut model, "<c-g>2<enter>");
    while model.item()
        != Some(gangplank::ui::wizard::form::item::Item::Field(
            gangplank::ui::wizard::form::field::Field::Api,
        ))
    {
        press(&mut model, "<tab>");
    }
    let effects = press(&mut model, "3<tab>");
    assert!(saves(&effects));
    assert_eq!(looks(&effects), [&ProbeTarget::Api]);
}

#[test]
fn an_answer_that_became_wrong_marks_its_screen_and_says_why() {
    let mut model = model();
    press(&mut model, WALK);
    assert!(model.nav.invalidated.is_empty());
    press(&mut model, "<c-g>3<enter><enter><tab>x");
    let why = model.nav.invalidated.get(&Screen::Workers).unwrap();
    assert!(why.starts_with("worker1: Address "), "{why}");
    let screen = model.nav.screen;
    press(&mut model, "<esc>c");
    assert_eq!(model.nav.screen, screen, "a wrong answer stops Continue");
}

#[test]
fn an_answer_changed_from_review_comes_back_to_a_stale_review() {
    let mut model = answered("review");
    let effects = gangplank::ui::wizard::navigation::edit(&mut model, Screen::Cluster, None, None);
    assert!(effects.iter().all(|effect| !matches!(effect, Effect::Run { .. })));
    assert_eq!(model.nav.return_to, Some(Screen::Review));
    press(&mut model, "<c-g>");
    press(&mut model, "<esc>");
    while model.form.editor.is_none() {
        press(&mut model, "<tab>");
    }
    press(&mut model, "2<esc>");
    assert!(matches!(model.preview.inspection, Inspection::Seen { stale: true, .. }));
    let effects = press(&mut model, "<esc>");
    assert_eq!(model.nav.screen, Screen::Review);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Inspect { .. })), "{effects:?}");
    assert!(!writes(&press(&mut model, "a")));
}

#[test]
fn apply_with_a_stale_survey_looks_first_and_runs_nothing() {
    let mut model = answered("review");
    if let Inspection::Seen { stale, .. } = &mut model.preview.inspection {
        *stale = true;
    }
    let effects = press(&mut model, "a");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Inspect { .. })));
    assert!(!writes(&effects));
    assert!(!writes(&press(&mut model, "a<enter>")), "while it is looked at nothing runs");
}

#[test]
fn a_survey_that_ends_after_an_answer_changed_is_not_taken_for_new() {
    let mut model = answered("certificates");
    assert!(matches!(model.preview.inspection, Inspection::Looking));
    let number = model.preview.number;
    press(&mut model, "<backtab>");
    press(&mut model, "<backtab>");
    if model.form.editor.is_none() {
        press(&mut model, "<enter>");
    }
    press(&mut model, "30");
    assert_eq!(model.form.answers.ca.days, Some(30));
    update(&mut model, Msg::Inspected { number, seen: Ok(Arc::new(Vec::new())) });
    assert!(
        !matches!(model.preview.inspection, Inspection::Seen { stale: false, .. }),
        "{:?}",
        model.preview.inspection
    );
}

#[test]
fn files_of_others_are_replaced_only_after_the_hosts_name() {
    for wrong in [
        "<enter>",
        "<enter><enter>",
        "<tab><enter>",
        "worker<enter><enter>",
        "worker2<tab><enter>",
        "worker1<esc>",
    ] {
        let mut model = confirm(replace());
        assert!(!writes(&press(&mut model, wrong)), "{wrong}");
        assert!(!model.run.going_on());
    }
    let mut model = confirm(replace());
    assert!(writes(&press(&mut model, "worker1<enter><enter>")));
}

#[test]
fn a_paste_after_the_name_takes_the_yes_back() {
    let mut model = confirm(replace());
    press(&mut model, "worker1<enter>");
    update(&mut model, Msg::Paste("23".to_owned()));
    assert!(!writes(&press(&mut model, "<enter>")));
}

#[test]
fn read_only_never_writes_whatever_is_pressed() {
    let mut model = answered("review");
    model.run.read_only = true;
    let mut effects = press(&mut model, "a");
    for binding in TABLE {
        for key in binding.keys {
            effects.extend(update(&mut model, Msg::Key(key.key)));
            effects.extend(press(&mut model, "worker1<enter><enter><enter>"));
        }
    }
    assert!(!writes(&effects));
    // Even where a problem is told and its card offers ways.
    let mut model = answered("review");
    model.run.read_only = true;
    model.nav.screen = Screen::Run;
    let repair = Remedy::Repair { title: "start docker".to_owned(), actions: Vec::new() };
    update(&mut model, trouble(Place::Worker("worker1".to_owned()), vec![repair]));
    for keys in ["p", "r", "u", "1<enter>", "2<enter>", "3<enter>", "4<enter>", "<enter>"] {
        let effects = press(&mut model, &format!("{keys}worker1<enter><enter>"));
        assert!(!writes(&effects), "{keys}");
        model.dialogs.open.clear();
        model.nav.screen = Screen::Run;
        model.nav.focus = 0;
    }
}

#[test]
fn control_c_stops_once_and_then_at_once() {
    let stops = |effects: &[Effect]| effects.iter().filter(|one| matches!(one, Effect::Stop)).count();
    let mut model = running();
    assert_eq!(stops(&press(&mut model, "<c-c>")), 0, "it asks first");
    assert_eq!(stops(&press(&mut model, "<esc>")), 0);
    assert_eq!(stops(&press(&mut model, "<c-c><c-c>")), 1);
    assert_eq!(model.run.stops, 1);
    assert_eq!(stops(&press(&mut model, "<c-c><right><enter>")), 1);
    assert_eq!(model.run.stops, 2);
    assert!(model.window.leaving.is_none(), "what runs is not left by stopping it");
}

#[test]
fn while_it_runs_no_way_leads_to_a_second_run_of_everything() {
    let mut model = running();
    press(&mut model, "<esc>");
    assert_eq!(model.nav.screen, Screen::Run);
    press(&mut model, "<c-k>go to Review<enter>");
    assert_eq!(model.nav.screen, Screen::Run, "the menu jumps no farther than Ctrl-G");
    // An answer can be changed meanwhile, and Esc comes back to what runs.
    gangplank::ui::wizard::navigation::edit(&mut model, Screen::Cluster, None, None);
    press(&mut model, "<esc><esc><esc>");
    assert_eq!(model.nav.screen, Screen::Run);
    gangplank::ui::wizard::navigation::edit(&mut model, Screen::Review, None, None);
    seen(&mut model);
    assert!(!writes(&press(&mut model, "a")));
}

#[test]
fn questions_wait_for_each_other_and_each_gets_its_answer() {
    let mut model = answered("workers");
    for msg in [secret(7), trust(8), secret(9)] {
        update(&mut model, msg);
    }
    assert_eq!(model.dialogs.open.len(), 1);
    let effects = press(&mut model, "one<enter><esc>three<enter>");
    let replies: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Reply { id, reply } => Some((*id, reply.clone())),
            _ => None,
        })
        .collect();
    let word = |text: &str| Reply::Secret(Some(zeroize::Zeroizing::new(text.to_owned())));
    assert!(
        replies == [(7, word("one")), (8, Reply::Trust(TrustAnswer::Refuse)), (9, word("three"))],
        "{replies:?}"
    );
    assert!(model.dialogs.open.is_empty());
}

#[test]
fn a_question_nobody_waits_for_goes_away_and_the_next_one_comes() {
    let mut model = answered("workers");
    update(&mut model, secret(1));
    update(&mut model, trust(2));
    update(&mut model, secret(3));
    update(&mut model, Msg::Unasked { id: 2 });
    update(&mut model, Msg::Unasked { id: 1 });
    assert!(matches!(model.dialogs.open.as_slice(), [Dialog::Ask(AskDialog { id: 3, .. })]));
}

#[test]
fn an_unknown_key_is_trusted_by_no_reflex() {
    // Enter alone, and whatever somebody was typing when the question came up.
    for keys in ["<enter>", "worker1<enter>", "10.0.0.11<enter>", "jk12<tab><enter>"] {
        let mut model = answered("workers");
        update(&mut model, trust(1));
        let effects = press(&mut model, keys);
        assert!(
            effects
                .iter()
                .any(|one| matches!(one, Effect::Reply { id: 1, reply: Reply::Trust(TrustAnswer::Refuse) })),
            "{keys}: {effects:?}"
        );
    }
    let mut model = answered("workers");
    update(&mut model, trust(1));
    let effects = press(&mut model, "<up><up><enter>");
    assert!(matches!(effects.as_slice(), [Effect::Reply { reply: Reply::Trust(TrustAnswer::Remember), .. }]));
}

#[test]
fn the_menu_has_every_possible_command() {
    let models = vec![
        model(),
        answered("ca"),
        answered("workers"),
        answered("kubectl"),
        answered("review"),
        running(),
    ];
    for model in models {
        let all = entries(&model, "");
        for binding in gangplank::ui::wizard::bindings::possible(&model) {
            let listed = all.iter().any(|entry| entry.does == Does::Command(binding.command));
            let without = matches!(binding.command, Command::Menu | Command::Next | Command::Previous);
            assert_eq!(listed, !without, "{:?}", binding.command);
        }
    }
}

#[test]
fn help_tells_every_possible_key() {
    for mut model in [model(), answered("workers"), answered("review"), running()] {
        model.window.size = (200, 70);
        model.form.editor = None;
        let wanted: Vec<&str> =
            gangplank::ui::wizard::bindings::possible(&model).map(|binding| binding.long).collect();
        let mut left: Vec<String> =
            wanted.iter().map(|long| long.chars().take(30).collect::<String>().trim().to_owned()).collect();
        press(&mut model, "<c-k>");
        press(&mut model, "<esc>?");
        for _ in 0..40 {
            let shown = random::text(&model);
            left.retain(|long| !shown.contains(long.as_str()));
            press(&mut model, "<pgdn>");
        }
        assert!(left.is_empty(), "{:?}: {left:?}", model.nav.screen);
    }
}

#[test]
fn many_pasted_lines_open_the_dialog_and_escapes_are_taken_out() {
    let mut model = answered("workers");
    let count = model.form.answers.workers.len();
    update(&mut model, Msg::Paste("\u{1b}[31m10.0.0.21\u{1b}[0m\r\n10.0.0.22\u{7}\r\n".to_owned()));
    assert!(matches!(model.dialogs.open.last(), Some(Dialog::Paste(_))));
    let effects = press(&mut model, "<tab>");
    let new: Vec<_> =
        model.form.answers.workers.iter().skip(count).filter_map(|one| one.address.clone()).collect();
    assert_eq!(new, ["10.0.0.21", "10.0.0.22"]);
    assert_eq!(looks(&effects).len(), 2);
}

#[test]
fn certificates_of_an_offline_ca_are_given_with_c() {
    let mut model = running();
    let waiting = vec![("worker1".to_owned(), false)];
    update(&mut model, Msg::Offline(Offline { waiting, ..Offline::default() }));
    press(&mut model, "c");
    assert!(matches!(model.dialogs.open.last(), Some(Dialog::Certificates(_))));
    update(&mut model, Msg::Paste("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n".to_owned()));
    let effects = press(&mut model, "<tab>");
    assert!(matches!(effects.as_slice(), [Effect::Certificates(text)] if text.lines().count() >= 3));
    assert_eq!(model.nav.screen, Screen::Run);
}

#[test]
fn a_name_typed_past_another_workers_name_takes_nothing_of_it() {
    let mut model = answered("workers");
    model.form.only = vec!["worker1".to_owned()];
    // The second worker's name on its way from worker2 to worker12 is worker1 for a moment.
    press(&mut model, "<down><enter><backspace>12<esc>");
    assert_eq!(model.worker_name(1), "worker12");
    assert_eq!(model.form.only, ["worker1"]);
    let mut model = answered("workers");
    model.form.only = vec!["worker2".to_owned()];
    press(&mut model, "<down><enter><backspace>12<esc>");
    assert_eq!(model.form.only, ["worker12"], "the chosen one is still the chosen one");
}

#[test]
fn a_look_at_a_worker_that_was_renamed_meanwhile_is_still_its_look() {
    let mut model = answered("workers");
    let number = model.probes.numbers[&ProbeTarget::Worker("worker1".to_owned())];
    press(&mut model, "<enter>x");
    let look = gangplank::ui::wizard::look::Look {
        word: "fine".to_owned(),
        ..gangplank::ui::wizard::look::Look::begun()
    };
    update(&mut model, Msg::Looked { target: ProbeTarget::Worker("worker1".to_owned()), number, look });
    assert_eq!(model.probes.looks[&ProbeTarget::Worker("worker1x".to_owned())].word, "fine");
}

#[test]
fn a_worker_removed_while_its_field_is_typed_into_leaves_the_next_one_alone() {
    let mut model = answered("workers");
    let second = model.form.answers.workers[1].clone();
    press(&mut model, "<enter><c-k>off the list<enter>");
    assert_eq!(model.form.answers.workers, std::slice::from_ref(&second));
    press(&mut model, "x");
    assert_eq!(model.form.answers.workers, [second]);
}

#[test]
fn other_choices_and_back_again_keep_what_was_typed() {
    let mut model = model();
    press(&mut model, "<enter><backtab>");
    press(&mut model, "<right><tab>root@ca/root<esc><backtab>");
    assert_eq!(model.form.answers.ca.place.as_deref(), Some("ssh://root@ca/root"));
    press(&mut model, "<right><right><right><right>");
    assert_eq!(model.form.answers.ca.place.as_deref(), Some("ssh://root@ca/root"));
}

#[test]
fn control_and_alt_letters_do_nothing_a_letter_does() {
    let mut model = answered("review");
    for key in [Key::control('a'), Key::alt('a')] {
        let effects = update(&mut model, Msg::Key(key));
        assert!(effects.is_empty());
    }
}

#[test]
fn space_chooses_the_worker_under_the_mark_and_leaves_the_mark_there() {
    let mut model = answered("welcome");
    model.dialogs.open.clear();
    model.dialogs.open.push(Dialog::Pick(PickDialog::default()));
    let names = model.worker_names();
    press(&mut model, "<space><down><space><space><space>");
    let [Dialog::Pick(PickDialog { chosen, at: 1, .. })] = model.dialogs.open.as_slice() else {
        panic!("{:?}", model.dialogs.open)
    };
    assert!(names.len() > 1 && chosen.iter().eq(&names[..2]), "{chosen:?} of {names:?}");
}

#[test]
fn nothing_is_undone_while_a_run_goes_on() {
    let mut model = running();
    let effects = press(&mut model, "u1<enter>");
    assert!(!writes(&effects), "{effects:?}");
    assert!(model.window.toast.is_some(), "it is said why");
}
