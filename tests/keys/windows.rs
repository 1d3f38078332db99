//! Every screen and every dialog in a low window, with two hundred of whatever it lists: what is hidden is said, and
//! keys reach the last of it. Lists of rows stand in `lists.rs`, the rest here; a screen or dialog that is in neither
//! makes this fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use gangplank::doctor::{Cause, Diagnosis};
use gangplank::host::Sample;
use gangplank::live::{HostNews, Panel, Update, watch_targets};
use gangplank::plan::action::Action;
use gangplank::plan::answers::WorkerAnswers;
use gangplank::plan::code::ProblemCode;
use gangplank::plan::fact::Facts;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::wizard::autoplay;
use gangplank::ui::wizard::dialogs::Dialog;
use gangplank::ui::wizard::dialogs::explain::ExplainDialog;
use gangplank::ui::wizard::dialogs::mend::MendDialog;
use gangplank::ui::wizard::dialogs::paste::CertificatesDialog;
use gangplank::ui::wizard::dialogs::pick::DemosDialog;
use gangplank::ui::wizard::layout;
use gangplank::ui::wizard::look::{Inspection, Look, LookStatus, ProbeTarget};
use gangplank::ui::wizard::message::Msg;
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::question::Question;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::texts;
use gangplank::ui::wizard::update::update;
use gangplank::ui::wizard::validation::validate;
use std::sync::Arc;

use super::choices::{KINDS, kind};
use super::lists::{self, LOW, ROWS, many, row, rows};
use super::random::text;
use super::setup::{answered, press, secret};

/// What is opened, the keys that lead to its end, and what its last row says.
type Window = (&'static str, Model, String, String);

const LAST: &str = "row200";

fn pages() -> String {
    "<pgdn>".repeat(ROWS)
}

fn low(screen: &str) -> Model {
    let mut model = answered(screen);
    model.window.size = LOW;
    model
}

fn over(dialog: Dialog) -> Model {
    let mut model = low("cluster");
    model.dialogs.open.push(dialog);
    model
}

fn hearing(mut model: Model, msg: Msg) -> Model {
    update(&mut model, msg);
    model
}

fn after(mut model: Model, keys: &str) -> Model {
    press(&mut model, keys);
    model
}

fn problem() -> Problem {
    let evidence = (1..=ROWS).map(|number| format!("seen{number:03}")).collect();
    let ways = rows().into_iter().map(Remedy::Manual).collect();
    Problem { evidence, ways, ..Problem::new(ProblemCode::Action01, "it does not work") }
}

/// A screen of fields below which stands what was found of something, and that is long.
fn looked_at(screen: &str, target: ProbeTarget) -> Model {
    let mut model = low(screen);
    let look = Look { mood: LookStatus::Bad, problem: Some(problem()), ..Look::begun() };
    model.probes.looks.insert(target, look);
    model
}

fn failed(screen: &str) -> Model {
    let mut model = low(screen);
    let mut problem = problem();
    (problem.evidence, problem.ways) = (rows(), Vec::new());
    model.preview.inspection = Inspection::Failed(problem);
    model
}

fn cause(evidence: Vec<String>) -> Cause {
    let problem = Problem { evidence, ..Problem::new(ProblemCode::Action01, "it does not work") };
    Cause { problem, follows: Vec::new() }
}

/// As many causes as there are rows, each with its own words.
fn causes() -> Vec<Cause> {
    let named =
        |what: String| Cause { problem: Problem::new(ProblemCode::Action01, what), follows: Vec::new() };
    rows().into_iter().map(named).collect()
}

fn found(causes: Vec<Cause>) -> Model {
    let mut model = scene("diagnosis", LOW).unwrap();
    let all = model.doctor.seen.as_ref().unwrap();
    let mut one = all.iter().find(|one| one.worker == "worker03").unwrap().clone();
    one.found = Ok(Diagnosis { causes, ..Diagnosis::default() });
    one.facts = Facts::default();
    model.doctor.seen = Some(Arc::new(vec![one]));
    (model.doctor.row, model.doctor.scroll) = (0, 0);
    model
}

fn repair() -> Model {
    let mut model = scene("repair", LOW).unwrap();
    let mut one = model.doctor.seen.as_ref().unwrap()[2].clone();
    one.found = Ok(Diagnosis { causes: causes(), ..Diagnosis::default() });
    one.actions =
        rows().into_iter().map(|container| Action::RestartPod { container, runtime: None }).collect();
    model.doctor.seen = Some(Arc::new(vec![one]));
    model
}

fn live_host() -> Model {
    let mut model = many("live");
    let line = |number: usize| {
        let id = format!("{number:064x}");
        format!("{id}\timage\t\"/run\"\t2026-11-23 08:00:00 +0000 UTC\tUp 30 minutes\t{}", row(number))
    };
    let containers = (1..=ROWS).map(line).collect();
    let sample = Sample { containers, clock: model.window.now.as_second(), ..Sample::default() };
    let mut panel = Panel::new(&watch_targets(model.form.planned.as_deref().unwrap()));
    let place = panel.rows()[0].place.clone();
    panel.apply(Update::Host { place, at: model.window.now, news: HostNews::Sample(sample) });
    model.live.open = true;
    model.live.panel = Some(panel);
    press(&mut model, "<home><enter>");
    model
}

/// All of a text that is longer than any window, and what asks for it.
fn prompts() -> [Model; 2] {
    let long = rows().join(&format!(" {} ", "x".repeat(60)));
    let prompt = Question::Secret { prompt: long.clone() };
    let key = Question::Trust {
        host: "10.0.0.11".to_owned(),
        kind: "ed25519".to_owned(),
        fingerprint: "SHA256:x".to_owned(),
        note: long,
    };
    [prompt, key].map(|question| hearing(low("cluster"), Msg::Ask { id: 1, question }))
}

fn windows() -> Vec<Window> {
    let place = || Place::Worker(row(1));
    let name = |text: &str| text.to_owned();
    let [prompt, key] = prompts();
    let actions =
        rows().into_iter().map(|container| Action::RestartPod { container, runtime: None }).collect();
    let mut certificates = over(Dialog::Certificates(CertificatesDialog::default()));
    update(&mut certificates, Msg::Paste(rows().join("\n")));
    let mut line = after(low("cluster"), "S");
    update(&mut line, Msg::Paste("x/".repeat(200) + LAST));
    let mut paste = low("workers");
    update(&mut paste, Msg::Paste(rows().join("\n")));
    let mut skydns = failed("skydns");
    skydns.form.answers.dns.deploy = Some(name("none"));
    validate(&mut skydns);
    let mut unanswered = low("review");
    let named = |name| WorkerAnswers { name: Some(name), ..WorkerAnswers::default() };
    unanswered.form.answers.workers = rows().into_iter().map(named).collect();
    unanswered.preview.inspection = Inspection::None;
    validate(&mut unanswered);
    vec![
        ("jump", after(scene("run-done", LOW).unwrap(), "<c-g>"), String::new(), name("Report")),
        ("quit", after(low("cluster"), "<c-c>"), String::new(), name("Save and quit")),
        ("demos", over(Dialog::Demos(DemosDialog::default())), String::new(), name("cable-pull")),
        ("apply", after(many("review"), "a"), String::new(), name("Not yet")),
        (
            "explain",
            over(Dialog::Explain(ExplainDialog)),
            String::new(),
            last_of_tab(&low("cluster"), 0, LOW),
        ),
        ("secret", hearing(low("cluster"), secret(1)), String::new(), name("never written")),
        ("secret, long", prompt, pages(), name(LAST)),
        ("host key, long", key, pages(), name(LAST)),
        (
            "mend",
            over(Dialog::Mend(MendDialog::new(place(), name("it"), actions, false))),
            pages(),
            name(LAST),
        ),
        ("where", after(many("run-done"), "D"), name("<end>"), name(LAST)),
        ("certificates", certificates, name("<up><down>"), name(LAST)),
        ("paste", paste, name("<up><down>"), name(LAST)),
        ("line", line, String::new(), name(LAST)),
        ("ca", looked_at("ca", ProbeTarget::Ca), pages(), name(LAST)),
        ("cluster", looked_at("cluster", ProbeTarget::Api), pages(), name(LAST)),
        (
            "workers, one",
            after(looked_at("workers", ProbeTarget::Worker("worker1".to_owned())), "<tab>"),
            pages(),
            name(LAST),
        ),
        ("certificates", many("certificates"), pages(), name(LAST)),
        ("certificates, failed", failed("certificates"), pages(), name(LAST)),
        ("kubectl, failed", failed("kubectl"), pages(), name(LAST)),
        ("skydns, failed", skydns, pages(), name("none: what answers already")),
        ("review, failed", failed("review"), pages(), name(LAST)),
        ("review, unanswered", unanswered, pages(), name(LAST)),
        ("live host", live_host(), name("<end>"), name(LAST)),
        ("diagnosis, causes", found(causes()), name("<end>"), name(LAST)),
        ("diagnosis, evidence", found(vec![cause(rows())]), "J".repeat(ROWS), name(LAST)),
        ("repair", repair(), name("<end>"), name(LAST)),
    ]
}

/// The last words of a tab of the explanations in a window over the screen.
fn last_of_tab(model: &Model, tab: usize, size: (u16, u16)) -> String {
    let lines = texts::tab(model, tab, layout::inside(layout::explain_over(size)));
    lines.into_iter().rev().map(|(_, line)| line).find(|line| !line.trim().is_empty()).unwrap()
}

/// The lines of a dialog alone: those that look otherwise without it.
fn alone(model: &mut Model) -> String {
    let all = text(model);
    let Some(dialog) = model.dialogs.open.pop() else { return all };
    let below = text(model);
    model.dialogs.open.push(dialog);
    all.lines()
        .zip(below.lines())
        .filter(|(line, other)| line != other)
        .fold(String::new(), |seen, (line, _)| seen + line + "\n")
}

fn says_what_is_hidden(shown: &str) -> bool {
    ["more", " of 200", "of 201", "…"].iter().any(|words| shown.contains(words))
}

#[test]
fn whatever_is_longer_than_its_window_says_what_is_hidden_and_is_read_to_its_end() {
    let mut wrong = Vec::new();
    let listed =
        lists::lists().into_iter().map(|(name, model, keys, last)| (name, model, keys, last.to_owned()));
    for (name, mut model, keys, last) in listed.chain(windows()) {
        let rows = gangplank::ui::tui::view::screens::page_rows(&model);
        update(&mut model, Msg::Page { rows });
        let before = alone(&mut model);
        let whole = keys.is_empty();
        if whole != before.contains(&last) && !says_what_is_hidden(&before) {
            wrong.push(format!("{name} does not say that there is more:\n{before}"));
        }
        let (mut seen, mut after) = (before.clone(), before);
        for key in autoplay::keys(&keys) {
            update(&mut model, Msg::Key(key));
            let now = alone(&mut model);
            if now != after {
                seen += &now;
                after = now;
            } else if keys == pages() {
                break;
            }
        }
        // A page turns no further than what was shown.
        if keys == pages()
            && let Some(word) = last.strip_suffix("200")
        {
            let skipped: Vec<usize> =
                (1..=ROWS).filter(|number| !seen.contains(&format!("{word}{number:03}"))).collect();
            if !skipped.is_empty() {
                wrong.push(format!("{name} turns past {skipped:?}"));
            }
        }
        if !after.contains(&last) {
            wrong.push(format!("{name} does not come to {last}:\n{after}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_screen_and_no_dialog_is_left_out() {
    let listed = lists::lists().into_iter().map(|(_, model, ..)| model);
    let all: Vec<Model> = listed.chain(windows().into_iter().map(|(_, model, ..)| model)).collect();
    let dialogs: Vec<&str> =
        all.iter().filter_map(|model| model.dialogs.open.last()).map(|dialog| kind(dialog).0).collect();
    for name in KINDS {
        assert!(dialogs.contains(name), "{name} is nowhere");
    }
    let screens: Vec<Screen> =
        all.iter().filter(|model| model.dialogs.open.is_empty()).map(|model| model.nav.screen).collect();
    for screen in SCREENS {
        assert!(screens.contains(screen), "{screen:?} is nowhere");
    }
}

macro_rules! screens {
    ($($screen:ident,)*) => {
        const SCREENS: &[Screen] = &[$(Screen::$screen),*];

        /// It does not compile while one is missing.
        const fn _complete(screen: Screen) {
            match screen { $(Screen::$screen => (),)* }
        }
    };
}

screens! { Welcome, Ca, Cluster, Workers, Certificates, Kubectl, Dns, Review, Run, Report, Diagnosis, Repair, }

/// Each tab of the explanations of each screen, over it and, where there is room, beside it.
#[test]
fn every_tab_of_the_explanations_is_read_to_its_end() {
    let names = [
        "ca",
        "cluster",
        "workers",
        "certificates",
        "kubectl",
        "skydns",
        "review",
        "run-done",
        "report",
        "diagnosis",
        "repair",
    ];
    for name in names {
        let mut model = scene(name, LOW).unwrap();
        model.form.editor = None;
        press(&mut model, "e");
        assert!(matches!(model.dialogs.open.last(), Some(Dialog::Explain(_))), "{name}\n{}", text(&model));
        for tab in 0..4 {
            assert_eq!(model.explain.tab, tab);
            let last = last_of_tab(&model, tab, LOW);
            press(&mut model, &pages());
            let shown = text(&model);
            assert!(shown.contains(last.trim()), "{name}, {tab}: {last}\n{shown}");
            press(&mut model, "<right>");
        }
        let mut model = scene(name, (120, 36)).unwrap();
        if !layout::regions(&model).explain_fits {
            continue;
        }
        (model.form.editor, model.explain.open) = (None, true);
        for tab in 0..4 {
            assert_eq!(model.explain.tab, tab, "{name}");
            let width = layout::inside(layout::regions(&model).explain);
            let mut lines = texts::tab(&model, tab, width).into_iter().map(|(_, line)| line);
            let last = lines.rfind(|line| !line.trim().is_empty()).unwrap();
            let mut seen = String::new();
            while model.explain.tab == tab {
                seen += &text(&model);
                press(&mut model, "E");
            }
            assert!(seen.contains(last.trim()), "{name}, {tab}: {last}\n{seen}");
        }
    }
}
