//! What somebody needs who does this for the first time: what is served, what each field is for, why and with which
//! commands something is done.

use gangplank::engine::{Event, Stamped};
use gangplank::plan::place::Place;
use gangplank::plan::plan_field::PlanField;
use gangplank::step::StepId;
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::wizard::form::field::Field;
use gangplank::ui::wizard::form::item::Item;
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::question::Question;
use gangplank::ui::wizard::update::update;

use super::random::text;
use super::setup::{answered, press};

#[test]
fn welcome_says_which_versions_are_served_that_masters_must_run_and_what_the_post_is() {
    let mut model = scene("welcome", (120, 60)).unwrap();
    let shown = text(&model);
    for words in [
        "masters run already",
        "Kubernetes 1.2 or 1.16 to 1.23",
        "docker",
        "How to set up a HA",
        "epages.com",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    // The lowest row can be read in a low window too.
    model.window.size = (80, 24);
    update(&mut model, Msg::Page { rows: 34 });
    press(&mut model, &"<pgdn>".repeat(9));
    assert!(text(&model).contains("epages.com"), "{}", text(&model));
}

#[test]
fn every_field_says_where_it_stands_what_it_is_for() {
    for field in PlanField::ALL.iter().map(|field| Field::of(*field)) {
        let help = field.help();
        assert!((10..=76).contains(&help.chars().count()), "{}: {help}", field.label());
    }
    for screen in ["ca", "cluster", "workers", "certificates", "kubectl", "skydns"] {
        let mut model = answered(screen);
        model.window.size = (120, 40);
        for _ in 0..model.items().len() {
            if let Some(Item::Field(field)) = model.item() {
                let shown = text(&model);
                let begins: String = field.help().chars().take(24).collect();
                assert!(shown.contains(&begins), "{}: {}\n{shown}", field.label(), field.help());
            }
            press(&mut model, "<tab>");
        }
    }
}

#[test]
fn step_by_step_is_offered_where_apply_asks_and_shows_why_and_the_commands() {
    let mut model = scene("review", (80, 24)).unwrap();
    press(&mut model, "a");
    assert!(text(&model).contains("step by step"), "{}", text(&model));
    let effects = press(&mut model, "2<enter>");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Run { .. })) && model.run.guided);
    let actions = vec!["make folder /etc/kubernetes\nmake_dir /etc/kubernetes 0755".to_owned()];
    let question =
        Question::GoOn { place: Place::Worker("worker01".to_owned()), step: StepId("keys"), actions };
    update(&mut model, Msg::Ask { id: 1, question });
    let shown = text(&model);
    for words in
        ["A key that was never anywhere else", "1 make folder", "make_dir /etc/kubernetes 0755", "Go on"]
    {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
}

#[test]
fn the_run_explains_the_step_that_runs_and_shows_the_functions() {
    for size in [(80, 24), (120, 36)] {
        let mut model = scene("run-middle", size).unwrap();
        let place = Place::Worker("worker01".to_owned());
        let step = Some(StepId("kubelet"));
        let event = Event::TaskStarted;
        update(
            &mut model,
            Msg::Run(Stamped { v: 1, seq: 0, t: 1.0, run: "r".to_owned(), place, step, event }),
        );
        model.run.shown = 1;
        press(&mut model, "e");
        let shown = text(&model);
        assert!(shown.contains("Kubelet:") && shown.contains("What"), "{shown}");
        press(&mut model, "<right>");
        press(&mut model, "<esc>v");
        press(&mut model, "<down>");
        assert!(text(&model).contains("Shell functions that the commands use"), "{}", text(&model));
        let Some(gangplank::ui::wizard::dialogs::Dialog::Text(dialog)) = model.dialogs.open.last() else {
            panic!()
        };
        assert!(dialog.lines.iter().any(|(_, line)| line.starts_with("put()") || line.starts_with("put ()")));
    }
}

#[test]
fn the_report_says_why_each_change_was_made() {
    let mut model = scene("report", (120, 60)).unwrap();
    let shown = text(&model);
    assert!(shown.contains("(it was not there)"), "{shown}");
    let why = &mut model.run.why;
    let key = (Place::Worker("worker02".to_owned()), "sign it".to_owned());
    why.insert(key.clone(), "expired 9 days ago".to_owned());
    model.run.changed.insert(key.0, vec![key.1]);
    press(&mut model, "<pgdn>");
    model.window.size = (120, 200);
    assert!(text(&model).contains("sign it  (expired 9 days ago)"), "{}", text(&model));
}

#[test]
fn the_dns_screen_says_what_it_deploys_and_review_cuts_no_word_of_its_title() {
    let shown = text(&scene("skydns", (120, 36)).unwrap());
    assert!(
        shown.lines().any(|line| line.contains("6 SkyDNS") && line.contains("deploys CoreDNS")),
        "{shown}"
    );
    for size in [(80, 24), (100, 30), (120, 36)] {
        let shown = text(&scene("review", size).unwrap());
        let title = shown.lines().find(|line| line.contains("7 Review: ")).unwrap();
        assert!(!title.contains('…') && title.contains("16 steps right"), "{title}");
    }
}
