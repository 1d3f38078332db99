//! The program at a terminal of its own: it looks right in every size, and it leaves the terminal as it was,
//! whatever ends it.

#[path = "pty/lent.rs"]
mod lent;
#[path = "pty/term.rs"]
mod term;

use std::process::{Command, Stdio};

use rustix::process::Signal;
use term::{Home, OURS, Term, children, lives};

/// The demo, quick and the same every time.
const DEMO: [&str; 5] = ["demo", "--speed", "20", "--seed", "1"];
/// Continue, wherever the keys are.
const CONTINUE: &str = "\x1bc";

fn demo(home: &Home) -> Term {
    let term = Term::start(home.gangplank(&DEMO), 120, 36);
    term.shows("key and certificate belong together");
    term.wait("the wizard's modes", |term| term.manners() == OURS);
    term
}

#[test]
fn the_demo_goes_to_its_end_by_keys_alone() {
    let home = Home::new();
    let mut term = demo(&home);
    term.press("c");
    term.shows("it accepts clients of our CA");
    // The focused button does the same as the letter.
    term.press("\r");
    term.shows("Which machines join the cluster?");
    term.wait("all three looked at", |term| term.text().matches("✓ ready").count() == 3);
    term.press("\t\t\x1b[Z\x1b[Z");
    term.press("c");
    term.shows("worker01 kubelet to be signed");
    term.press("c");
    term.shows("How does kubectl on this computer reach the cluster?");
    term.press("c");
    term.shows("Which DNS answers");
    term.press("c");
    term.shows_all(&["Apply on 5 places", "PLAN ONLY"]);
    term.press("a");
    term.shows("Apply?");
    term.press("\r");
    term.shows("APPLYING");
    term.shows("every worker has joined");
    term.press("c");
    term.shows_all(&["Every worker has joined.", "APPLIED", "DEMO"]);
    quit(&mut term);
}

/// The journals below a folder, with their sizes.
fn journals(folder: &std::path::Path) -> Vec<u64> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let one = |path: std::path::PathBuf| match path.extension() {
        _ if path.is_dir() => journals(&path),
        Some(end) if end == "jsonl" && folder.ends_with("runs") => {
            vec![path.metadata().map_or(0, |meta| meta.len())]
        }
        Some(_) | None => Vec::new(),
    };
    entries.filter_map(Result::ok).flat_map(|entry| one(entry.path())).collect()
}

#[test]
fn an_undo_leaves_no_journal_behind_that_would_hide_an_interrupted_run() {
    let home = Home::new();
    let mut term = demo(&home);
    for words in ["it accepts clients of our CA", "Which machines join the cluster?"] {
        term.press("c");
        term.shows(words);
    }
    term.wait("all three looked at", |term| term.text().matches("✓ ready").count() == 3);
    for words in ["to be signed", "How does kubectl", "Which DNS answers", "Apply on 5 places"] {
        term.press("c");
        term.shows(words);
    }
    term.press("a");
    term.shows("Apply?");
    term.press("\r");
    term.shows("every worker has joined");
    assert_eq!(journals(home.path()).len(), 1);
    term.press("u");
    term.shows("Undo this run: where?");
    term.press("1\r");
    term.shows("Undo this run on worker01?");
    term.press("worker01");
    term.shows("[worker01");
    term.press("\r");
    term.shows("▶ [ Undo ]");
    term.press("\r");
    term.shows("Taken back: what the run did on worker01.");
    term.shows("2 nodes, 2 Ready");
    let journals = journals(home.path());
    assert!(journals.len() == 1 && journals[0] > 0, "{journals:?}");
    term.signal(Signal::TERM);
    term.code();
}

/// Leaves by the keys of the quit dialog.
fn quit(term: &mut Term) {
    term.press("\x03");
    term.shows("Leave?");
    term.press("\x1b[B\r");
    assert_eq!(term.code(), 0);
    term.is_as_before();
}

#[test]
fn every_size_is_drawn_and_too_small_a_window_loses_nothing() {
    let home = Home::new();
    let mut term = demo(&home);
    term.press("c");
    term.shows("it accepts clients of our CA");
    term.resize(80, 24);
    term.wait("80x24", |term| {
        let text = term.text();
        text.contains("PLAN ONLY, nothing changed")
            && text.contains("Cluster")
            && text.contains("Ctrl-C quit")
    });
    term.resize(46, 8);
    term.shows_all(&["gangplank needs 60 x 16 cells; this is 46 x 8.", "Nothing is lost."]);
    term.resize(1, 1);
    term.resize(200, 60);
    term.shows("it accepts clients of our CA");
    term.resize(120, 36);
    term.wait("120x36", |term| {
        let text = term.text();
        text.contains("Which cluster do they join?")
            && text.contains("PLAN ONLY: nothing has been changed yet")
    });
    assert_eq!(term.manners(), OURS);
    term.signal(Signal::TERM);
    assert_eq!(term.code(), 3);
}

#[test]
fn signals_end_it_and_the_terminal_is_as_before() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let home = Home::new();
        let mut term = demo(&home);
        assert_ne!(term.modes(), term.before, "it takes the terminal");
        term.signal(signal);
        assert_eq!(term.code(), 3, "{signal:?}");
        term.is_as_before();
    }
}

/// The demo whose lab takes the longest to make, on its first frame: the lab is not there yet.
const OPENING: [&str; 4] = ["demo", "failed-worker", "--seed", "1"];

/// What is said of it once it is there.
const THERE: &str = "The workers were onboarded before";

fn opening(home: &Home) -> Term {
    let term = Term::start(home.gangplank(&OPENING), 120, 36);
    term.wait("the first frame", |term| term.manners() == OURS && term.text().contains("DEMO"));
    term
}

#[test]
fn while_a_demo_opens_a_signal_ends_it() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let home = Home::new();
        let mut term = opening(&home);
        term.signal(signal);
        assert_eq!(term.code(), 3, "{signal:?}");
        term.is_as_before();
    }
}

#[test]
fn while_a_demo_opens_ctrl_c_asks_and_what_opens_then_stays_below_the_question() {
    let home = Home::new();
    let mut term = opening(&home);
    term.press("\x03");
    let text = term.shows("Leave?");
    assert!(!text.contains(THERE), "it is asked before the lab is there\n{text}");
    term.shows_all(&[THERE, "Leave?"]);
    term.press("\x1b[B\r");
    assert_eq!(term.code(), 0);
    term.is_as_before();
}

#[test]
fn while_a_demo_opens_ctrl_z_gives_the_terminal_back() {
    let home = Home::new();
    let mut term = shell(&home);
    term.press(&format!("'{}' {}\r", env!("CARGO_BIN_EXE_gangplank"), OPENING.join(" ")));
    term.wait("the first frame", |term| term.manners() == OURS && term.text().contains("DEMO"));
    term.press("\x1a");
    term.shows("Stopped");
    term.wait("the prompt's modes", |term| term.modes() == term.before);
    term.press("fg\r");
    term.shows(THERE);
    term.wait("the wizard's modes", |term| term.manners() == OURS);
    let wizard = children(term.pid())[0];
    rustix::process::kill_process(wizard, Signal::TERM).unwrap();
    term.wait("the shell's terminal", |term| !term.manners().alternate && term.modes() == term.before);
}

#[test]
fn a_signal_during_a_run_ends_it_too() {
    let home = Home::new();
    let mut term = Term::start(home.gangplank(&["demo", "--seed", "1"]), 120, 36);
    term.shows("key and certificate belong together");
    for words in ["it accepts clients", "Which machines", "to be signed", "How does kubectl", "Which DNS"] {
        term.press(CONTINUE);
        term.shows(words);
    }
    term.press(CONTINUE);
    term.shows("Apply on 5 places");
    term.press("a");
    term.shows("Apply?");
    term.press("\r");
    term.shows("APPLYING");
    term.signal(Signal::TERM);
    assert_eq!(term.code(), 3);
    term.is_as_before();
}

#[test]
fn a_panic_of_the_drawing_thread_speaks_on_the_terminal_as_it_was() {
    let home = Home::new();
    let mut command = home.gangplank(&DEMO);
    command.env("GANGPLANK_TEST_PANIC", "draw");
    let mut term = Term::start(command, 120, 36);
    assert_eq!(term.code(), 4);
    term.shows("asked for by a test");
    term.is_as_before();
}

#[test]
fn a_panic_of_another_thread_is_told_and_the_wizard_goes_on() {
    let home = Home::new();
    let mut command = home.gangplank(&DEMO);
    command.env("GANGPLANK_TEST_PANIC", "worker");
    let mut term = Term::start(command, 120, 36);
    term.shows("E-BUG-05");
    assert_eq!(term.manners(), OURS);
    term.shows("key and certificate belong together");
    term.press("c");
    term.shows("Which cluster do they join?");
    quit(&mut term);
}

/// A shell with job control.
fn shell(home: &Home) -> Term {
    let mut command = home.command("bash", &["--norc", "--noprofile", "-i"]);
    command.env("PS1", "ready> ");
    command.env("HISTFILE", "");
    let mut term = Term::start(command, 120, 36);
    term.shows("ready>");
    term.wait("the prompt's modes", |term| term.modes() != term.before);
    // What the prompt needs is its own; it is what must come back.
    term.before = term.modes();
    term
}

/// A shell with job control, and the wizard in it.
fn in_a_shell(home: &Home, line: &str) -> Term {
    let mut term = shell(home);
    term.press(&format!("{line}\r"));
    term.shows("key and certificate belong together");
    term
}

#[test]
fn suspended_it_gives_the_terminal_back_and_draws_again_when_it_returns() {
    let home = Home::new();
    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_gangplank"), DEMO.join(" "));
    let mut term = in_a_shell(&home, &line);
    for _ in 0..2 {
        let ours = term.modes();
        term.press("\x1a");
        term.shows("Stopped");
        term.wait("the prompt's modes", |term| term.modes() == term.before);
        assert!(!term.manners().alternate && !term.manners().cursor_hidden);
        term.resize(100, 30);
        term.press("fg\r");
        term.shows("key and certificate belong together");
        term.wait("the wizard's modes", |term| term.modes() == ours && term.manners() == OURS);
        term.resize(120, 36);
        term.shows("Explain");
    }
    // Stopped from outside, nothing could be put right; what is given back at the end is right all the same.
    let shell = term.pid();
    let wizard = children(shell)[0];
    rustix::process::kill_process(wizard, Signal::STOP).unwrap();
    term.shows("Stopped");
    term.press("fg\r");
    term.wait("the wizard again", |term| term.manners() == OURS && term.text().contains("belong together"));
    rustix::process::kill_process(wizard, Signal::TERM).unwrap();
    term.wait("the shell's terminal", |term| !term.manners().alternate && term.modes() == term.before);
    assert!(!term.manners().cursor_hidden && !lives(wizard));
}

#[test]
fn when_its_parent_is_killed_it_leaves_the_terminal_to_the_shell() {
    let home = Home::new();
    let line = format!("sh -c \"'{}' {}; true\"", env!("CARGO_BIN_EXE_gangplank"), DEMO.join(" "));
    let mut term = in_a_shell(&home, &line);
    let parent = children(term.pid())[0];
    let wizard = children(parent)[0];
    rustix::process::kill_process(parent, Signal::KILL).unwrap();
    term.wait("the wizard's end", |_| !lives(wizard));
    term.wait("the shell's terminal", |term| !term.manners().alternate && term.modes() == term.before);
    assert!(!term.manners().cursor_hidden);
    term.press("echo $((40+2))\r");
    term.shows("42");
}

#[test]
fn when_the_window_is_closed_or_its_shell_killed_nothing_stays_behind() {
    let home = Home::new();
    let mut term = demo(&home);
    let wizard = term.pid();
    term.hang_up();
    term.code();
    assert!(!lives(wizard));

    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_gangplank"), DEMO.join(" "));
    let term = in_a_shell(&home, &line);
    let wizard = children(term.pid())[0];
    term.signal(Signal::KILL);
    term.wait("the wizard's end", |_| !lives(wizard));
}

#[test]
fn pasted_text_is_text_and_presses_no_key() {
    for (before, after) in [("\x1b[200~", "\x1b[201~"), ("", "")] {
        let home = Home::new();
        let mut term = Term::start(home.gangplank(&DEMO), 120, 36);
        for words in ["belong together", "it accepts clients"] {
            term.shows(words);
            term.press("c");
        }
        term.shows("Which machines join the cluster?");
        term.press(&format!("{before}w7 10.0.0.17\nw8 10.0.0.18\nq\n{after}"));
        term.wait("the pasted workers", |term| {
            let text = term.text();
            text.contains("w7 10.0.0.17") && text.contains("w8 10.0.0.18")
        });
        // None of its lines was a key: the wizard is where it was when this is closed.
        term.press("\x1b");
        term.wait("the workers", |term| {
            let text = term.text();
            text.contains("Which machines join the cluster?") && !text.contains("w7 10.0.0.17")
        });
        term.signal(Signal::TERM);
        assert_eq!(term.code(), 3);
        term.is_as_before();
    }
}

#[test]
fn no_color_means_no_colour_but_emphasis_stays() {
    let home = Home::new();
    let mut command = home.gangplank(&DEMO);
    command.env("NO_COLOR", "1");
    let mut term = Term::start(command, 120, 36);
    term.shows("key and certificate belong together");
    assert_eq!(term.looks(), (false, true, true));
    term.signal(Signal::TERM);
    term.code();

    let mut term = demo(&home);
    assert!(term.looks().0);
    term.signal(Signal::TERM);
    term.code();
}

#[test]
fn consoles_and_other_locales_get_ascii_only() {
    for (name, value) in [("TERM", "linux"), ("LANG", "C")] {
        let home = Home::new();
        let mut command = home.gangplank(&DEMO);
        command.env(name, value);
        let mut term = Term::start(command, 120, 36);
        for words in
            ["CN=kube-ca", "loadbalancer answers", "v ready", "to be signed", "How does", "Which DNS"]
        {
            let text = term.shows(words);
            assert!(text.is_ascii(), "{name}={value}\n{text}");
            term.press(CONTINUE);
        }
        let text = term.shows("7 Review: 83 actions");
        assert!(text.is_ascii(), "{text}");
        term.signal(Signal::TERM);
        assert_eq!(term.code(), 3);
    }
}

#[test]
fn without_a_terminal_it_names_the_command_to_use_instead() {
    let home = Home::new();
    for args in [&[][..], &["demo"][..]] {
        let done = Command::new(env!("CARGO_BIN_EXE_gangplank"))
            .args(args)
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains("--plain") && said.contains("apply PLAN"), "{said}");
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn an_accepted_answer_survives_a_kill_and_resume_opens_at_the_same_place() {
    let home = Home::new();
    let plan = home.path().join("plan.yaml");
    std::fs::write(&plan, "cluster:\n  name: harbour\nca:\n  where: new\n").unwrap();
    let mut term = Term::start(home.gangplank(&["open", plan.to_str().unwrap()]), 120, 36);
    term.shows("cluster: harbour");
    let saved = home.sessions().join("harbour/wizard.json");
    let has = |words: &str| std::fs::read_to_string(&saved).is_ok_and(|text| text.contains(words));
    term.press(CONTINUE);
    term.shows("Which cluster do they join?");
    term.wait("an empty field", |term| term.text().contains("▶ API address"));
    term.press("https://10.9.8.7:6443");
    term.shows("10.9.8.7");
    term.press("\t");
    term.wait("the answer on disk", |_| has("10.9.8.7"));
    term.signal(Signal::KILL);
    term.code();

    let mut term = Term::start(home.gangplank(&["resume"]), 120, 36);
    term.wait("the same place", |term| {
        let text = term.text();
        text.contains("Which cluster do they join?") && text.contains("10.9.8.7")
    });
    term.signal(Signal::TERM);
    assert_eq!(term.code(), 3);
    term.is_as_before();
}
