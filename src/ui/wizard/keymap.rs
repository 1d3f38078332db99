//! The table of keys. The key bar, the help and the command menu are printed from it, so they cannot lie; what is
//! not possible now is not in them. No command is behind one key combination only: the menu has them all.
//!
//! It is long because the table of all keys is one piece.

use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::key::{Key, KeyCode};
use crate::ui::wizard::model::{Button, Inspection, Item, Model, Screen};

/// What a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// The focused thing.
    Enter,
    /// On to the next screen.
    Continue,
    /// One level back.
    Back,
    /// The next item.
    Next,
    /// The item before.
    Previous,
    /// All commands.
    Menu,
    /// To a step.
    Jump,
    /// Help.
    Help,
    /// Explain pane on and off.
    Explain,
    /// Its next tab.
    ExplainTab,
    /// Live panel.
    Live,
    /// Output of the run.
    Output,
    /// Copy what explain shows.
    Copy,
    /// Write the shell script.
    Export,
    /// Save the plan.
    SavePlan,
    /// The difference.
    Diff,
    /// Carry out.
    Apply,
    /// Look again.
    Look,
    /// Add a worker.
    Add,
    /// Paste many.
    Paste,
    /// Import from ssh_config.
    Import,
    /// Remove the worker of this row.
    Remove,
    /// Pace: straight or guided.
    Pace,
    /// Try again.
    Retry,
    /// Change the answer.
    Fix,
    /// The repair.
    Repair,
    /// Leave the host alone.
    Skip,
    /// Undo on the host.
    Undo,
    /// A shell on the host.
    Shell,
    /// Certificates of an offline CA.
    Certificates,
    /// The next host's output.
    NextHost,
    /// Search in the output.
    Search,
    /// The next hit.
    SearchNext,
    /// The hit before.
    SearchPrevious,
    /// Follow the output.
    Follow,
    /// Break long lines.
    Wrap,
    /// Another palette.
    Palette,
    /// Stop or leave.
    Quit,
    /// Stop this program for a while.
    Suspend,
    /// Draw anew.
    Redraw,
}

/// A key of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// The key.
    pub key: Key,
    /// It works while a field is typed into too.
    pub in_field: bool,
}

/// A row of the table.
pub struct Binding {
    /// What it does.
    pub command: Command,
    /// Its keys, the first one is shown.
    pub keys: &'static [Press],
    /// A word for the bar.
    pub label: &'static str,
    /// A sentence for help and menu.
    pub long: &'static str,
    /// Shown in the bar: lower numbers stay longest when it is narrow.
    pub bar: Option<u8>,
    /// Possible now.
    pub when: fn(&Model) -> bool,
}

const fn plain(code: KeyCode) -> Press {
    Press { key: Key::plain(code), in_field: false }
}

const fn letter(c: char) -> Press {
    plain(KeyCode::Char(c))
}

const fn everywhere(code: KeyCode) -> Press {
    Press { key: Key::plain(code), in_field: true }
}

const fn ctrl(c: char) -> Press {
    Press { key: Key::control(c), in_field: true }
}

const fn alt(c: char) -> Press {
    Press { key: Key::alt(c), in_field: true }
}

fn always(_: &Model) -> bool {
    true
}

fn on_form(model: &Model) -> bool {
    !matches!(model.nav.screen, Screen::Run | Screen::Welcome)
}

fn with_plan(model: &Model) -> bool {
    model.nav.screen != Screen::Welcome
}

fn can_continue(model: &Model) -> bool {
    crate::ui::wizard::form::buttons(model).contains(&Button::Continue) && model.run.offline.is_none()
}

fn on_workers(model: &Model) -> bool {
    model.nav.screen == Screen::Workers
}

fn has_worker(model: &Model) -> bool {
    on_workers(model) && !model.form.answers.workers.is_empty()
}

fn on_review(model: &Model) -> bool {
    model.nav.screen == Screen::Review
}

fn can_apply(model: &Model) -> bool {
    on_review(model) && !model.run.read_only && matches!(model.preview.inspection, Inspection::Seen { .. })
}

fn on_run(model: &Model) -> bool {
    model.nav.screen == Screen::Run
}

fn has_trouble(model: &Model) -> bool {
    on_run(model) && !model.run.troubles.is_empty()
}

fn has_repair(model: &Model) -> bool {
    has_trouble(model) && crate::ui::wizard::screens::run::repair(model).is_some()
}

fn has_host(model: &Model) -> bool {
    on_run(model) || model.nav.screen == Screen::Report || has_worker(model)
}

fn can_undo(model: &Model) -> bool {
    has_host(model) && !model.run.read_only && model.form.planned.is_some()
}

fn can_look(model: &Model) -> bool {
    matches!(
        model.nav.screen,
        Screen::Ca
            | Screen::Cluster
            | Screen::Workers
            | Screen::Certificates
            | Screen::Kubectl
            | Screen::Dns
            | Screen::Review
    )
}

fn has_diff(model: &Model) -> bool {
    matches!(model.nav.screen, Screen::Review | Screen::Kubectl)
}

fn has_live(model: &Model) -> bool {
    model.live.panel.is_some()
}

fn waits_for_certificates(model: &Model) -> bool {
    model.run.offline.is_some()
}

/// All keys.
pub const TABLE: &[Binding] = &[
    Binding {
        command: Command::Enter,
        keys: &[everywhere(KeyCode::Enter)],
        label: "do it",
        long: "do the focused thing; in a field: on to the next",
        bar: Some(2),
        when: always,
    },
    Binding {
        command: Command::Next,
        keys: &[everywhere(KeyCode::Tab)],
        label: "next",
        long: "to the next field or pane",
        bar: Some(4),
        when: always,
    },
    Binding {
        command: Command::Previous,
        keys: &[everywhere(KeyCode::BackTab)],
        label: "previous",
        long: "to the field or pane before",
        bar: None,
        when: always,
    },
    Binding {
        command: Command::Back,
        keys: &[everywhere(KeyCode::Esc)],
        label: "back",
        long: "close what is open, leave the field, or go one screen back; no answer is lost",
        bar: Some(3),
        when: always,
    },
    Binding {
        command: Command::Continue,
        keys: &[letter('c'), alt('c')],
        label: "continue",
        long: "on to the next screen",
        bar: Some(5),
        when: can_continue,
    },
    Binding {
        command: Command::Apply,
        keys: &[letter('a')],
        label: "apply",
        long: "carry the plan out",
        bar: Some(5),
        when: can_apply,
    },
    Binding {
        command: Command::Add,
        keys: &[letter('+')],
        label: "add",
        long: "add a worker",
        bar: Some(7),
        when: on_workers,
    },
    Binding {
        command: Command::Paste,
        keys: &[letter('m')],
        label: "paste many",
        long: "paste many workers: one a line, ranges, user@host:port, /etc/hosts lines",
        bar: Some(8),
        when: on_workers,
    },
    Binding {
        command: Command::Import,
        keys: &[letter('i')],
        label: "import",
        long: "import hosts from ssh_config",
        bar: None,
        when: on_workers,
    },
    Binding {
        command: Command::Remove,
        keys: &[plain(KeyCode::Delete)],
        label: "remove row",
        long: "take the worker of this row off the list; its machine is not touched",
        bar: None,
        when: has_worker,
    },
    Binding {
        command: Command::Retry,
        keys: &[letter('r')],
        label: "retry",
        long: "run this host again: what is done stays",
        bar: Some(5),
        when: has_trouble,
    },
    Binding {
        command: Command::Fix,
        keys: &[letter('f')],
        label: "fix answer",
        long: "change the answer that is wrong, and come back here",
        bar: Some(6),
        when: has_trouble,
    },
    Binding {
        command: Command::Repair,
        keys: &[letter('p')],
        label: "repair",
        long: "do what the problem card offers, then run the host again",
        bar: Some(6),
        when: has_repair,
    },
    Binding {
        command: Command::Skip,
        keys: &[letter('s')],
        label: "skip host",
        long: "leave this host alone and go on with the others",
        bar: Some(7),
        when: has_trouble,
    },
    Binding {
        command: Command::Undo,
        keys: &[letter('u')],
        label: "undo",
        long: "take back what gangplank did on a host; asks for its name first",
        bar: Some(8),
        when: can_undo,
    },
    Binding {
        command: Command::Shell,
        keys: &[letter('t')],
        label: "shell",
        long: "open a shell on the host; leaving it comes back here",
        bar: Some(9),
        when: has_host,
    },
    Binding {
        command: Command::Certificates,
        keys: &[letter('c')],
        label: "certificates",
        long: "give the certificates that the offline CA has signed",
        bar: Some(5),
        when: waits_for_certificates,
    },
    Binding {
        command: Command::Output,
        keys: &[letter('o'), alt('o')],
        label: "output",
        long: "to the output of the run and back",
        bar: Some(7),
        when: on_run,
    },
    Binding {
        command: Command::NextHost,
        keys: &[letter('h')],
        label: "next host",
        long: "show the output of the next host",
        bar: Some(8),
        when: on_run,
    },
    Binding {
        command: Command::Follow,
        keys: &[letter('F')],
        label: "follow",
        long: "follow the output again",
        bar: None,
        when: on_run,
    },
    Binding {
        command: Command::Wrap,
        keys: &[letter('w')],
        label: "wrap",
        long: "break long lines of the output, or not",
        bar: None,
        when: on_run,
    },
    Binding {
        command: Command::Search,
        keys: &[letter('/')],
        label: "search",
        long: "search in the output",
        bar: None,
        when: on_run,
    },
    Binding {
        command: Command::SearchNext,
        keys: &[letter('n')],
        label: "next hit",
        long: "to the next hit of the search",
        bar: None,
        when: on_run,
    },
    Binding {
        command: Command::SearchPrevious,
        keys: &[letter('N')],
        label: "hit before",
        long: "to the hit before",
        bar: None,
        when: on_run,
    },
    Binding {
        command: Command::Look,
        keys: &[letter('R')],
        label: "look again",
        long: "look at it again",
        bar: Some(9),
        when: can_look,
    },
    Binding {
        command: Command::Diff,
        keys: &[letter('d')],
        label: "diff",
        long: "show what is there and what would be there",
        bar: Some(8),
        when: has_diff,
    },
    Binding {
        command: Command::Copy,
        keys: &[letter('y')],
        label: "copy",
        long: "copy the commands that are shown, into the clipboard and a file",
        bar: Some(10),
        when: with_plan,
    },
    Binding {
        command: Command::Export,
        keys: &[letter('x')],
        label: "export script",
        long: "write a shell script that does the same by hand",
        bar: Some(10),
        when: with_plan,
    },
    Binding {
        command: Command::SavePlan,
        keys: &[letter('S')],
        label: "save plan",
        long: "save the answers as a plan file for `gangplank apply`",
        bar: None,
        when: with_plan,
    },
    Binding {
        command: Command::Pace,
        keys: &[letter('G')],
        label: "pace",
        long: "pace: straight (all at once) or guided (asks before each step)",
        bar: None,
        when: on_review,
    },
    Binding {
        command: Command::Explain,
        keys: &[letter('e'), alt('e')],
        label: "explain",
        long: "explanations on and off",
        bar: Some(6),
        when: on_form,
    },
    Binding {
        command: Command::ExplainTab,
        keys: &[letter('E')],
        label: "next tab",
        long: "next tab of the explanations: what, why, commands, undo",
        bar: None,
        when: on_form,
    },
    Binding {
        command: Command::Live,
        keys: &[letter('l'), alt('l')],
        label: "live",
        long: "the live panel on the whole window and back",
        bar: Some(6),
        when: has_live,
    },
    Binding {
        command: Command::Jump,
        keys: &[ctrl('g')],
        label: "jump",
        long: "jump to a step",
        bar: None,
        when: always,
    },
    Binding {
        command: Command::Palette,
        keys: &[letter('P')],
        label: "colours",
        long: "another palette: ansi, blue-orange, contrast, mono",
        bar: None,
        when: always,
    },
    Binding {
        command: Command::Suspend,
        keys: &[ctrl('z')],
        label: "suspend",
        long: "stop this program for a while; fg brings it back",
        bar: None,
        when: always,
    },
    Binding {
        command: Command::Redraw,
        keys: &[ctrl('l')],
        label: "redraw",
        long: "draw the window anew",
        bar: None,
        when: always,
    },
    Binding {
        command: Command::Menu,
        keys: &[ctrl('k'), letter(':')],
        label: "all commands",
        long: "everything possible now, with search",
        bar: Some(4),
        when: always,
    },
    Binding {
        command: Command::Help,
        keys: &[letter('?'), everywhere(KeyCode::F(1))],
        label: "help",
        long: "the keys of this screen and a glossary",
        bar: Some(0),
        when: always,
    },
    Binding {
        command: Command::Quit,
        keys: &[ctrl('c')],
        label: "quit",
        long: "stop what runs, or leave; the session is saved",
        bar: Some(1),
        when: always,
    },
];

/// Rows that are possible now.
pub fn possible(model: &Model) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().filter(|binding| (binding.when)(model))
}

/// The command of a key now; while a field is typed into, only keys that work there.
pub fn command(model: &Model, key: Key, in_field: bool) -> Option<Command> {
    possible(model)
        .find(|binding| binding.keys.iter().any(|one| one.key.same(key) && (!in_field || one.in_field)))
        .map(|binding| binding.command)
}

/// How a key is written.
pub fn name(press: Press) -> String {
    let key = press.key;
    let word = match key.code {
        KeyCode::Enter => "Enter".to_owned(),
        KeyCode::Tab => "Tab".to_owned(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        KeyCode::Esc => "Esc".to_owned(),
        KeyCode::Delete => "Del".to_owned(),
        KeyCode::F(number) => format!("F{number}"),
        KeyCode::Char(c) if key.control => c.to_uppercase().to_string(),
        KeyCode::Char(c) => c.to_string(),
        _ => String::new(),
    };
    match (key.control, key.alt) {
        (true, _) => format!("Ctrl-{word}"),
        (_, true) => format!("Alt-{word}"),
        (false, false) => word,
    }
}

/// Keys and words of the bar that fit into a width; help and quit always stay.
pub fn bar(model: &Model, width: usize) -> Vec<(String, String)> {
    let in_field = model.form.editor.is_some();
    let mut rows: Vec<(u8, usize, String, String)> = possible(model)
        .enumerate()
        .filter_map(|(at, binding)| {
            let rank = binding.bar?;
            let key = binding.keys.iter().find(|key| !in_field || key.in_field)?;
            Some((rank, at, name(*key), label(model, binding).to_owned()))
        })
        .collect();
    let length = |rows: &[(u8, usize, String, String)]| {
        rows.iter().map(|(_, _, key, word)| key.chars().count() + word.chars().count() + 4).sum::<usize>()
    };
    while length(&rows) > width && rows.len() > 2 {
        let Some(last) = rows.iter().enumerate().max_by_key(|(at, row)| (row.0, *at)).map(|(at, _)| at)
        else {
            break;
        };
        rows.remove(last);
    }
    rows.into_iter().map(|(_, _, key, word)| (key, word)).collect()
}

/// The word of a row now.
fn label(model: &Model, binding: &Binding) -> &'static str {
    match (binding.command, model.item()) {
        (Command::Enter, Some(Item::Field(field)))
            if model.form.editor.is_none() && field.choices().is_none() =>
        {
            "edit"
        }
        (Command::Enter, Some(Item::Field(field))) if field.choices().is_some() => "next choice",
        (Command::Enter, Some(Item::Field(Field::Days))) => "next",
        (Command::Enter, Some(Item::Field(_))) => "next field",
        (Command::Enter, Some(Item::Button(button))) => match button {
            Button::Continue => "continue",
            Button::Back => "back",
            _ => "do it",
        },
        (Command::Enter, Some(Item::Rows)) => match model.nav.screen {
            Screen::Welcome => "choose",
            Screen::Workers | Screen::Review => "edit",
            Screen::Run if !model.run.troubles.is_empty() => "take this way",
            _ => "open",
        },
        (Command::Back, _) if model.form.editor.is_some() => "leave the field",
        (Command::Quit, _) if model.run.going_on() => "stop",
        _ => binding.label,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ui::wizard::role::Theme;

    const SCREENS: [Screen; 10] = [
        Screen::Welcome,
        Screen::Ca,
        Screen::Cluster,
        Screen::Workers,
        Screen::Certificates,
        Screen::Kubectl,
        Screen::Dns,
        Screen::Review,
        Screen::Run,
        Screen::Report,
    ];

    fn model(screen: Screen) -> Model {
        let mut model = Model::new(Theme::default(), (120, 36), Timestamp::UNIX_EPOCH);
        model.nav.screen = screen;
        model.form.answers.workers.push(crate::plan::answers::WorkerAnswers::default());
        model
    }

    #[test]
    fn no_key_means_two_things_on_a_screen() {
        for screen in SCREENS {
            let model = model(screen);
            let mut seen: Vec<Key> = Vec::new();
            for key in possible(&model).flat_map(|binding| binding.keys) {
                assert!(!seen.contains(&key.key), "{screen:?}: {}", name(*key));
                seen.push(key.key);
            }
        }
    }

    #[test]
    fn the_bar_keeps_help_and_quit_however_narrow() {
        for screen in SCREENS {
            for width in 0..130 {
                let keys = bar(&model(screen), width);
                assert!(keys.iter().any(|(key, _)| key == "?"), "{screen:?} {width}");
                assert!(keys.iter().any(|(key, _)| key == "Ctrl-C"), "{screen:?} {width}");
            }
        }
    }

    #[test]
    fn while_typing_letters_are_text() {
        let model = model(Screen::Cluster);
        let key = |c| Key::plain(KeyCode::Char(c));
        assert_eq!(command(&model, key('e'), false), Some(Command::Explain));
        assert_eq!(command(&model, key('e'), true), None);
        let control = Key::control('k');
        assert_eq!(command(&model, control, true), Some(Command::Menu));
    }
}
