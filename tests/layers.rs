//! Holds the house together by reading its sources: which layer may use which, circles between files, where a crate
//! is at home, and the few rules of style that can be seen in the text. The rules stand in `layers/rules.rs`.

#[path = "layers/allowed.rs"]
mod allowed;
#[path = "layers/circles.rs"]
mod circles;
#[path = "layers/modules.rs"]
mod modules;
#[path = "layers/rules.rs"]
mod rules;
#[path = "layers/token.rs"]
mod token;

use std::fs;
use std::path::Path;

use modules::{Found, House, Source};
use rules::{LAYERS, LONG_LINES, MAIN_LINES, MOST_TABLES, ROOTS, TABLES, violations};

fn read(folder: &Path, root: &Path, sources: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("the folder is part of the sources")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read(&path, root, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is UTF-8");
            let path = path.strip_prefix(root).expect("it is below").display().to_string();
            sources.push(Source::new(&path, &text));
        }
    }
}

fn house() -> House {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    read(&root.join("src"), root, &mut sources);
    read(&root.join("tests"), root, &mut sources);
    House::new(sources)
}

#[test]
fn the_sources_keep_the_rules_of_the_house() {
    let found: Vec<String> = violations(&house(), TABLES)
        .iter()
        .map(|violation| format!("({}) {violation}", violation.rule))
        .collect();
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

/// A path that the rules do not understand could hide a circle.
#[test]
fn every_path_of_the_crate_leads_to_a_file() {
    let house = house();
    let lost: Vec<String> = house
        .references
        .iter()
        .filter(|reference| ROOTS.contains(&reference.path[0].as_str()))
        .filter_map(|reference| {
            let place = house.whole(reference)?;
            let file = &house.sources[reference.file].path;
            let path = reference.path.join("::");
            (house.find(&place) == Found::Nothing).then(|| format!("{file}:{}: {path}", reference.line))
        })
        .collect();
    assert!(lost.is_empty(), "{} paths lead nowhere:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn a_file_of_a_list_is_there_and_needs_to_be() {
    let house = house();
    for (place, _) in allowed::NAMES_DOCKER {
        let named = house
            .sources
            .iter()
            .any(|source| source.path.starts_with(place) && source.tokens.iter().any(rules::says_docker));
        assert!(named, "{place} needs no place in the list");
    }
}

#[test]
fn every_layer_of_the_house_is_in_the_table() {
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("it is there") {
        let name = entry.expect("it can be read").file_name().to_string_lossy().into_owned();
        let name = name.trim_end_matches(".rs");
        assert!(LAYERS.iter().any(|(layer, _)| *layer == name), "src/{name} is in no layer");
    }
}

/// The table itself forbids what goes upwards.
#[test]
fn a_layer_uses_only_what_stands_above_it_in_the_table() {
    for (at, (layer, may)) in LAYERS.iter().enumerate() {
        for path in *may {
            let path = path.replace("::", "/");
            let of = |other: &str| path == other || path.starts_with(&format!("{other}/"));
            let known = LAYERS.iter().position(|(other, _)| of(other)).expect("a layer of the table");
            let own = of(layer) || layer.starts_with(&format!("{path}/"));
            assert!(known < at || own, "{layer} may use {path}, which stands below it");
        }
    }
}

#[test]
fn at_most_three_tables_are_long() {
    assert!(TABLES.len() <= MOST_TABLES, "{TABLES:?}");
    for table in TABLES {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(table).exists(), "{table} is not there");
    }
}

/// Long by permission in what a row plants.
const PLANTED_TABLE: &str = "src/plan/table.rs";

/// What a row plants, by path and text, and what is said of it.
fn planted(files: &[(&str, &str)]) -> Vec<String> {
    let sources = files.iter().map(|(path, text)| Source::new(path, text)).collect();
    violations(&House::new(sources), &[PLANTED_TABLE]).iter().map(ToString::to_string).collect()
}

#[test]
fn planted_violations_are_found_with_file_and_line() {
    let long = "\n".repeat(LONG_LINES + 1);
    let mixed = format!("{long}fn a() {{}}");
    let table: &[(&str, &str, &str)] = &[
        ("src/plan/a.rs", "\nuse crate::profile::Profile;", ":2: plan may not use profile::Profile"),
        ("src/plan/a.rs", "use super::super::ui;", ":1: plan may not use ui"),
        ("src/profile/a.rs", "use crate::{plan::{fact, model},\n    pki};", ":2: profile may not use pki"),
        ("src/pki/a.rs", "fn a() { crate::host::clean::line(x) }", ":1: pki may not use host::clean::line"),
        ("src/pki/a.rs", "#[serde(with = \"crate::host::a\")]\nstruct A;", ":1: pki may not use host::a"),
        ("src/host/a.rs", "use crate::kube::Node;", ":1: host may not use kube::Node"),
        ("src/host/a.rs", "use crate::lab::Lab;", ":1: host may not use lab::Lab"),
        ("src/kube/a.rs", "use crate::profile;", ":1: kube may not use profile"),
        ("src/kube/a.rs", "use crate::host::Host;", ":1: kube may not use host::Host"),
        ("src/kube/a.rs", "use crate::lab::Lab;", ":1: kube may not use lab::Lab"),
        ("src/lab/a.rs", "use crate::step::Step;", ":1: lab may not use step::Step"),
        ("src/step/a.rs", "use crate::{host::Host, plan::clean::line};", ":1: step may not use host::Host"),
        ("src/step/a.rs", "use crate::lab::Lab;", ":1: step may not use lab::Lab"),
        ("src/engine/a.rs", "use crate::ui::tui;", ":1: engine may not use ui::tui"),
        ("src/engine/a.rs", "use crate::lab::Lab;", ":1: engine may not use lab::Lab"),
        ("src/live/a.rs", "use crate::lab::Lab;", ":1: live may not use lab::Lab"),
        ("src/ui/a.rs", "use crate::lab::Lab;", ":1: ui may not use lab::Lab"),
        ("src/ui/wizard/a.rs", "use crate::ui::tui::App;", ":1: ui/wizard may not use ui::tui::App"),
        ("src/ui/wizard/a/b.rs", "use super::super::super::plain;", ":1: ui/wizard may not use ui::plain"),
        ("src/ui/plain/a.rs", "use crate::ui::tui::App;", ":1: ui/plain may not use ui::tui::App"),
        (
            "src/ui/output/a.rs",
            "use crate::ui::wizard::Model;",
            ":1: ui/output may not use ui::wizard::Model",
        ),
        ("src/lib.rs", "pub use crate::plan::Plan;", ":1: lib may not use plan::Plan"),
        ("src/cli.rs", "use gangplank::plan::Plan;", ":1: cli may not use plan::Plan"),
        ("src/open.rs", "use crate::command::run;", ":1: open may not use command::run"),
        ("src/command.rs", "use crate::open;\nuse gangplank::lab::Lab;", ":2: command may not use lab::Lab"),
        (
            "src/engine/a.rs",
            "use crate::step::{Look, connect::Connect};",
            ":1: the engine names the step step::connect::Connect",
        ),
        (
            "src/engine/a.rs",
            "use crate::step;\nfn a() {\n    step::connect::b()\n}",
            ":3: the engine names the step step::connect::b",
        ),
        ("src/plan/a.rs", "pub use super::b::*;", ":1: a glob of super::b"),
        ("src/kube/a.rs", "use ssh2::Session;", ":1: ssh2 is not at home here"),
        ("src/host/a.rs", "use rcgen::{A, B};", ":1: rcgen is not at home here"),
        ("src/step/a.rs", "let a = serde_yaml::from_str(b);", ":1: serde_yaml is not at home here"),
        ("src/main.rs", "use ratatui;", ":1: ratatui is not at home here"),
        ("src/cli.rs", "use directories::BaseDirs;", ":1: directories is not at home here"),
        ("src/ui/wizard/a.rs", "use ratatui::layout::Rect;", ":1: ratatui is not at home here"),
        ("src/ui/wizard/form/a.rs", "let a = crossterm::event::read();", ":1: crossterm is not at home here"),
        ("src/ui/plain/a.rs", "use ratatui_textarea::TextArea;", ":1: ratatui_textarea is not at home here"),
        ("src/ui/tui/a.rs", "\nfn a(model: &mut Model) {}", ":2: the model is written by messages alone"),
        ("src/ui/plain/a.rs", "let a = Model::new(b);", ":1: the model is written by messages alone"),
        (
            "src/ui/gallery/a.rs",
            "use crate::ui::wizard::update;",
            ":1: the model is written by messages alone",
        ),
        ("src/ui/wizard/a.rs", "pub use crate::ui::wizard::b::C;", ":1: a name is lent"),
        ("src/ui/a.rs", "a.unwrap();", ":1: unwrap outside tests"),
        ("src/ui/a.rs", "#[cfg(test)]\nmod tests;\na.unwrap();", ":3: unwrap outside tests"),
        ("src/ui/a.rs", "unsafe { a() }", ":1: unsafe"),
        ("src/kube/a.rs", "let a = std::fs::read(b)?;", ":1: reads without a limit; src/limits reads"),
        ("src/host/a.rs", "\na.read_to_end(&mut b)?;", ":2: reads without a limit; src/limits reads"),
        ("src/ui/a.rs", "say(banner.untrusted());", ":1: the raw text of a Remote"),
        ("src/step/a.rs", "let a = \"docker ps\";", ":1: a runtime is named outside src/runtime"),
        ("src/host/a.rs", "\nfn docker() {}", ":2: a runtime is named outside src/runtime"),
        ("src/step/a.rs", "if version.minor >= 24 {}", ":1: a minor of Kubernetes outside its table"),
        ("tests/a.rs", "std::thread::sleep(a);", ":1: a test sleeps; it should wait for an event"),
        ("src/ui/a.rs", "/// Which.\nstruct A;", ":1: a doc comment of one word: Which."),
        (
            "src/ui/a.rs",
            "enum A {\n    ///\n    /// Good.\n    Good,\n}",
            ":2: a doc comment of one word: Good.",
        ),
        ("src/ui/a.rs", "//! Keys.\n/// What one is.\nstruct A;", ":1: a doc comment of one word: Keys."),
        ("src/ui/a.rs", &long, ":1: 501 lines: split it by subject"),
        ("tests/a.rs", &long, ":1: 501 lines: split it by subject"),
        (PLANTED_TABLE, &mixed, ":502: a long table holds nothing else"),
        ("src/main.rs", long.get(..MAIN_LINES).expect("shorter"), ":80: main has 80 lines or more"),
        ("src/ui/util.rs", "", ":1: the name util says nothing of what is inside"),
        ("src/ui/types/mod.rs", "", ":1: the name types says nothing of what is inside"),
        ("src/ui/input2.rs", "", ":1: the name input2 says nothing of what is inside"),
        ("src/ui/a.rs", "\nmod common {}", ":2: the name common says nothing of what is inside"),
        (
            "src/ui/a.rs",
            "struct A;\nmod b {\n    enum A {}\n}",
            ":1: the name A is also a type of src/ui/a.rs:3",
        ),
    ];
    for (path, text, expected) in table {
        let root = ("src/main.rs", "mod cli;\nmod command;\nmod open;\n");
        let step = ("src/step/connect.rs", "");
        let row = (*path, *text);
        let files = if row.0 == root.0 { vec![step, row] } else { vec![root, step, row] };
        assert_eq!(planted(&files), [format!("{path}{expected}")]);
    }
}

#[test]
fn planted_violations_between_files_are_found_with_file_and_line() {
    let table: &[(&[(&str, &str)], &str)] = &[
        (
            &[
                ("src/plan/a.rs", "use super::b::B;\npub struct A(B);"),
                ("src/plan/b.rs", "use super::a::A;\npub struct B(A);"),
            ],
            "src/plan/a.rs:1: a circle -> src/plan/b.rs (B) -> src/plan/a.rs (A)",
        ),
        (
            &[
                ("src/plan/mod.rs", "mod a;\npub use a::A;\npub enum M { N }"),
                ("src/plan/a.rs", "use super::M;\npub struct A(M);\nfn a() { crate::plan::M::N }"),
                ("src/plan/b.rs", "pub fn b() {}"),
            ],
            "",
        ),
        (
            &[
                ("src/plan/mod.rs", "mod a;\npub use a::A;\npub struct M(A);"),
                ("src/plan/a.rs", "pub struct A(super::M);"),
            ],
            "src/plan/mod.rs:3: a circle -> src/plan/a.rs (A) -> src/plan/mod.rs (M)",
        ),
        (
            &[
                ("src/plan/mod.rs", "pub mod a;\npub mod b;\npub use a::A;"),
                ("src/plan/a.rs", "use super::b;\npub struct A;\nfn a() {\n    b::b();\n}"),
                ("src/plan/b.rs", "use crate::plan::A as Other;\npub fn b() {}"),
            ],
            "src/plan/a.rs:4: a circle -> src/plan/b.rs (b) -> src/plan/a.rs (A)",
        ),
        (
            &[
                ("src/plan/a.rs", "fn a() { use super::{b::{self, B}, c}; }\npub struct A;"),
                ("src/plan/b.rs", "pub struct B(super::c::C);"),
                ("src/plan/c.rs", "pub struct C;\n#[serde(with = \"super::a::A\")]\nstruct D;"),
            ],
            "src/plan/a.rs:1: a circle -> src/plan/b.rs (B) -> src/plan/c.rs (C) -> src/plan/a.rs (A)",
        ),
        (
            &[
                ("src/plan/a.rs", "pub struct A(super::b::B);"),
                ("src/plan/b.rs", "pub struct B(super::a::A);\nfn b() { super::c::C }"),
                ("src/plan/c.rs", "pub struct C(super::a::A);"),
            ],
            "src/plan/a.rs:1: a circle -> src/plan/b.rs (B) -> src/plan/a.rs (A); 3 files reach each other:\n    \
             src/plan/a.rs -> src/plan/b.rs (B)\n    src/plan/b.rs -> src/plan/a.rs (A)\n    \
             src/plan/b.rs -> src/plan/c.rs (C)\n    src/plan/c.rs -> src/plan/a.rs (A)",
        ),
        (
            &[
                ("src/main.rs", "mod cli;\nmod open;"),
                ("src/cli.rs", "use crate::open::O;\npub struct C;"),
                ("src/open.rs", "use crate::cli::C;\npub struct O;"),
            ],
            "src/cli.rs:1: cli may not use open::O\nsrc/cli.rs:1: a circle -> src/open.rs (O) -> src/cli.rs (C)",
        ),
        (
            &[
                ("src/engine/demo.rs", "pub use crate::lab::Lab;"),
                ("src/lab/mod.rs", "pub struct Lab;"),
                ("src/live/a.rs", "use crate::engine::demo::Lab;"),
            ],
            "src/live/a.rs:1: live may not use lab::Lab",
        ),
        (
            &[
                ("src/plan/a.rs", "pub struct Seen;"),
                ("src/ui/b.rs", "\ntype Seen = ();"),
                ("src/ui/c.rs", "fn c() { enum Seen {} }"),
            ],
            "src/plan/a.rs:1: the name Seen is also a type of src/ui/b.rs:2, src/ui/c.rs:1",
        ),
        (
            &[
                (
                    "src/plan/a.rs",
                    "macro_rules! make {\n    ($($n:ident)+) => { pub enum A { $($n,)+ } };\n}\nmake! { N }",
                ),
                ("src/plan/b.rs", "use super::a::A;\npub struct B(A);"),
                ("src/ui/b.rs", "struct A;"),
            ],
            "src/plan/a.rs:2: the name A is also a type of src/ui/b.rs:1",
        ),
    ];
    for (files, expected) in table {
        assert_eq!(planted(files).join("\n"), *expected);
    }
}

#[test]
fn what_is_allowed_passes() {
    let full = "\n".repeat(LONG_LINES);
    let table_text = format!("{full}\npub const ROWS: &[(&str, u8)] = &[];");
    let table: &[&[(&str, &str)]] = &[
        &[("src/step/a.rs", "use crate::plan::clean::line;\nuse crate::kube::{self, Node};")],
        &[("src/kube/a.rs", "use crate::plan::clean::line;")],
        &[("src/engine/a.rs", "use crate::step::{CATALOGUE, Look};\nuse crate::host::Host;")],
        &[
            ("src/engine/demo.rs", "use crate::lab::Lab;"),
            ("src/engine/world/scripted.rs", "use crate::lab::Lab;"),
        ],
        &[("src/plan/a.rs", "// use crate::host;\nuse ssh2_config::Params;\nlet a = 1; // crate::ui")],
        &[("src/plan/a.rs", "/* crate::ui */ let a = \"crate::ui\"; let b = r#\"unsafe \" crate::ui\"#;")],
        &[("src/plan/a.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n    a.unwrap();\n}")],
        &[
            ("src/plan/a.rs", "#[cfg(test)]\nmod tests;"),
            ("src/plan/a/tests.rs", "use super::*;\nfn a() { b.unwrap() }"),
        ],
        &[(
            "src/ui/a.rs",
            "use crate::step::connect::Connect;\nuse ratatui::Frame;\nlet a = '\"'; let b = b'\\'';",
        )],
        &[("src/ui/wizard/form/text_input.rs", "use ratatui_textarea::TextArea;\nuse ratatui::crossterm;")],
        &[("src/ui/wizard/a.rs", "use crate::ui::output::lines;\n/// No ratatui::Frame here.\nstruct A;")],
        &[("src/ui/tui/a.rs", "use crate::ui::wizard::Model;\nuse crate::ui::panel::Grid;")],
        &[("src/ui/a.rs", &full)],
        &[(PLANTED_TABLE, &table_text)],
        &[("src/ui/a.rs", "/// Two words.\n///\n/// More.\nstruct A;\n\n// Word.\nfn a() {}")],
        &[("src/profile/v1_16.rs", ""), ("src/ui/commonly.rs", "")],
        &[
            ("src/plan/a.rs", "use super::b::B;\npub struct A;"),
            ("src/plan/b.rs", "#[cfg(test)]\nuse super::a::A;\npub struct B;"),
        ],
        &[
            ("src/plan/a.rs", "impl I for A { type Error = E; }\npub struct A;"),
            ("src/plan/b.rs", "trait T { type Error; }\nenum Error {}"),
        ],
        &[("src/plan/a.rs", "struct A;"), ("src/ui/b.rs", "#[cfg(test)]\nmod tests {\n    struct A;\n}")],
        &[
            ("src/main.rs", "mod open;"),
            ("src/open.rs", "use gangplank::ui::tui;"),
            ("src/lib.rs", "pub mod ui;"),
        ],
    ];
    for files in table {
        assert_eq!(planted(files), Vec::<String>::new(), "{files:?}");
    }
}
