//! Every scene as text and, for some, in every palette; the words without colours and signs; the pictures of the
//! README against a fresh drawing. A missing snapshot fails: it is accepted by hand with INSTA_UPDATE=always.

use gangplank::ui::wizard::form::editing;
use std::fmt::Write;
use std::path::PathBuf;

use gangplank::plan::action::sha256;
use gangplank::plan::plan_field::PlanField;
use gangplank::ui::gallery::pictures::{SHOTS, draw};
use gangplank::ui::gallery::png::svg_hash_in;
use gangplank::ui::gallery::scenes;
use gangplank::ui::wizard::autoplay::keys as keys_of;
use gangplank::ui::wizard::form::field::Field;
use gangplank::ui::wizard::form::item::Item;
use gangplank::ui::wizard::message::Msg;
use gangplank::ui::wizard::role::Palette;
use gangplank::ui::wizard::update;
use ratatui::buffer::Buffer;

const MAIN: [&str; 10] = [
    "welcome",
    "ca",
    "cluster",
    "workers-problem",
    "certificates",
    "review",
    "run-middle",
    "run-problem",
    "report",
    "live",
];

fn buffer(name: &str, size: (u16, u16)) -> Buffer {
    scenes::picture(&scenes::scene(name, size).expect("a scene of this name"))
}

/// The lines without blanks at their ends; the version is the same for all versions.
fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let version = concat!("gangplank ", env!("CARGO_PKG_VERSION"));
    let mut out = String::new();
    for row in buffer.content.chunks(width) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        out.push_str(line.replace(version, "gangplank X.Y.Z").trim_end());
        out.push('\n');
    }
    out
}

/// Runs of equal style, a line for each.
fn styles(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut out = String::new();
    for (number, row) in buffer.content.chunks(width).enumerate() {
        let mut runs: Vec<(String, String)> = Vec::new();
        for cell in row {
            let style = format!("{:?} {:?} {:?}", cell.fg, cell.bg, cell.modifier);
            match runs.last_mut() {
                Some((last, text)) if *last == style => text.push_str(cell.symbol()),
                _ => runs.push((style, cell.symbol().to_owned())),
            }
        }
        for (style, text) in runs.iter().filter(|(_, text)| !text.trim().is_empty()) {
            let _ = writeln!(out, "{number:2} {style}: {}", text.trim());
        }
    }
    out
}

fn snapshots(size: (u16, u16), names: &[&str]) {
    let mut bad = Vec::new();
    for name in names {
        let seen = text(&buffer(name, size));
        let file = format!("{name}-{}x{}", size.0, size.1);
        let kept = std::panic::catch_unwind(|| insta::assert_snapshot!(file.clone(), seen));
        if kept.is_err() {
            bad.push(file);
        }
    }
    assert!(bad.is_empty(), "not as kept: {bad:?}");
}

#[test]
fn every_scene_is_as_kept_at_120x36() {
    snapshots((120, 36), scenes::scenes());
}

#[test]
fn every_scene_is_as_kept_at_80x24() {
    snapshots((80, 24), scenes::scenes());
}

#[test]
fn the_main_scenes_are_as_kept_at_200x60() {
    snapshots((200, 60), &MAIN);
}

#[test]
fn styles_are_as_kept_in_every_palette() {
    for palette in [Palette::Ansi, Palette::BlueOrange, Palette::Contrast, Palette::Mono] {
        let mut all = String::new();
        for name in ["workers-problem", "review", "run-problem"] {
            let mut model = scenes::scene(name, (80, 24)).unwrap();
            model.window.theme.palette = palette;
            let _ = writeln!(all, "# {name}\n{}", styles(&scenes::picture(&model)));
        }
        insta::assert_snapshot!(format!("styles-{}", palette.name()), all);
    }
}

/// Nobody needs colours or signs to tell how something is: its word stands beside it.
#[test]
fn states_are_told_in_words_too() {
    let said = |name: &str, size| {
        let mut model = scenes::scene(name, size).unwrap();
        model.window.theme.palette = Palette::Mono;
        let all = text(&scenes::picture(&model));
        all.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect::<String>()
    };
    for size in [(120, 36), (80, 24)] {
        for (name, words) in [
            ("workers", vec!["ready"]),
            ("workers-problem", vec!["ready", "not reachable"]),
            ("run-problem", vec!["E-CLOCK-01", "is 3.0 h behind"]),
            ("run-middle", vec!["changed", "done"]),
            ("run-done", vec!["changed"]),
            ("pick", vec!["E-CLOCK-01", "E-DOCKER-01"]),
            ("diagnosis", vec!["something is wrong", "E-CLOCK-01"]),
            ("repair", vec!["undo: ", "restarted: docker"]),
            ("review-reonboard", vec!["already right", "E-CLOCK-01"]),
            ("report", vec!["changed", "Every worker has joined"]),
        ] {
            let all = said(name, size);
            for word in words {
                assert!(all.contains(word), "{name} at {size:?} does not say {word}:\n{all}");
            }
        }
    }
}

#[test]
fn a_large_matrix_says_failed_and_right() {
    let all = text(&buffer("run-problem", (120, 36)));
    assert!(all.contains("failed  ") && all.contains("right  ") && all.contains("changed"), "{all}");
}

#[test]
fn a_scene_is_the_same_on_every_take() {
    for name in ["run-middle", "run-problem", "report", "live-host"] {
        let (one, two) = (text(&buffer(name, (120, 36))), text(&buffer(name, (120, 36))));
        assert_eq!(one, two, "{name}");
    }
}

#[test]
fn there_is_no_other_scene() {
    assert!(scenes::scene("nowhere", (80, 24)).is_none());
}

#[test]
fn pictures_are_as_they_would_be_drawn_now() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    for shot in &SHOTS {
        let svg = draw(shot).unwrap();
        let kept = std::fs::read_to_string(folder.join(format!("{}.svg", shot.name))).unwrap_or_default();
        assert!(kept == svg, "{}.svg is old: gangplank shots draws it anew", shot.name);
        let png = std::fs::read(folder.join(format!("{}.png", shot.name))).unwrap_or_default();
        assert_eq!(
            svg_hash_in(&png),
            Some(sha256(svg.as_bytes())),
            "{}.png is of another picture: gangplank shots of a build with --features png draws it anew",
            shot.name
        );
    }
}

/// A key that was answered before the CA was said to be offline stops the plan: its field must be there to empty it.
#[test]
fn a_key_that_an_offline_ca_must_not_have_can_be_emptied() {
    let mut model = scenes::scene("ca", (120, 36)).unwrap();
    let _ = editing::answer(&mut model, Field::CaPlace, "offline");
    assert!(model.items().contains(&Item::Field(Field::CaKey)));
    let _ = editing::answer(&mut model, Field::CaKey, "");
    assert!(!model.items().contains(&Item::Field(Field::CaKey)));
    assert!(!model.form.issues.iter().any(|remark| remark.field == "ca.key"), "{:?}", model.form.issues);
}

/// The last line of a page longer than the window is reached, and the first one again.
#[test]
fn long_pages_turn() {
    for (name, last) in [("report", "kube-dns"), ("skydns", "clusterIP"), ("certificates", "new")] {
        let mut model = scenes::scene(name, (80, 24)).unwrap();
        let first = text(&scenes::picture(&model));
        let mut press = |keys: &str| {
            for key in keys_of(keys) {
                // A face says how long the page is that it draws.
                let rows = gangplank::ui::tui::view::screens::page_rows(&model);
                let _ = update::update(&mut model, Msg::Page { rows });
                let _ = update::update(&mut model, Msg::Key(key));
            }
            text(&scenes::picture(&model))
        };
        let end = press(&"<pgdn>".repeat(20));
        assert!(end.contains(last) && !end.contains("more below"), "{name}:\n{end}");
        assert_eq!(press(&"<pgup>".repeat(20)), first, "{name}");
    }
}

/// Whatever can have the keys on a form is seen when it has them.
#[test]
fn every_field_that_has_the_keys_is_drawn() {
    let mut wrong = Vec::new();
    for size in [(120, 36), (80, 24)] {
        for name in ["ca", "cluster", "workers", "certificates", "kubectl", "skydns"] {
            let scene = scenes::scene(name, size).unwrap();
            let first = scene.items().into_iter().find_map(|item| match item {
                Item::Field(field) => field.choices().map(|choices| (field, choices)),
                Item::Rows | Item::Button(_) => None,
            });
            let values = first.map_or(vec![""], |(_, choices)| choices.iter().map(|one| one.0).collect());
            for value in values {
                let mut model = scenes::scene(name, size).unwrap();
                for field in PlanField::ALL {
                    let field = Field::of(*field);
                    if field.choices().is_none() && field.get(&model.form.answers, 0).is_empty() {
                        field.set(&mut model.form.answers, 0, "7");
                    }
                }
                if let Some((field, _)) = first.filter(|_| !value.is_empty()) {
                    field.set(&mut model.form.answers, 0, value);
                }
                for (at, item) in model.items().into_iter().enumerate() {
                    let Item::Field(field) = item else { continue };
                    model.nav.focus = at;
                    let shown = text(&scenes::picture(&model));
                    let label: String = field.label().chars().take(16).collect();
                    if !shown.lines().any(|line| line.contains(&format!("▶ {label}"))) {
                        wrong.push(format!("{name} {value} at {size:?}: {field:?}\n{shown}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
