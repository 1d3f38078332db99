//! The table of keys. The key bar, the help and the command menu are printed from it, so they cannot lie; what is
//! not possible now is not in them. No command is behind one key combination only: the menu has them all.

use crate::ui::wizard::command::Command;
use crate::ui::wizard::key::{Key, KeyCode};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::when::{
    always, can_apply, can_continue, can_copy, can_diagnose, can_drain, can_look, can_look_at_certificates,
    can_remove, can_review, can_sum_up, can_undo, has_diff, has_explanation, has_fix, has_host, has_live,
    has_repair, has_rows, has_trouble, has_worker, in_live, on_form, on_live_host, on_live_log, on_output,
    on_review, on_run, on_workers, shows_shell, typing, waits_for_certificates, with_plan,
};

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
        command: Command::Clear,
        keys: &[ctrl('u')],
        label: "empty",
        long: "empty the field that is typed into",
        bar: Some(4),
        when: typing,
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
        command: Command::Below,
        keys: &[letter('J')],
        label: "on",
        long: "on in what is said of the chosen row",
        bar: None,
        when: has_rows,
    },
    Binding {
        command: Command::Above,
        keys: &[letter('K')],
        label: "back in it",
        long: "back in what is said of the chosen row",
        bar: None,
        when: has_rows,
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
        when: has_fix,
    },
    Binding {
        command: Command::Repair,
        keys: &[letter('p')],
        label: "repair",
        long: "repair what the problem is about; shows what is run and its undo, and asks once",
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
        long: "undo this run: take back what the last run did that changed something; shows all of it first",
        bar: Some(8),
        when: can_undo,
    },
    Binding {
        command: Command::RemoveWorker,
        keys: &[letter('D')],
        label: "remove worker",
        long: "remove a worker from the cluster: all that was ever done on it, and its node; shows all of it first",
        bar: None,
        when: can_remove,
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
        when: on_output,
    },
    Binding {
        command: Command::Search,
        keys: &[letter('/')],
        label: "search",
        long: "search in the output",
        bar: Some(11),
        when: on_output,
    },
    Binding {
        command: Command::SearchNext,
        keys: &[letter('n')],
        label: "next hit",
        long: "to the next hit of the search",
        bar: None,
        when: on_output,
    },
    Binding {
        command: Command::SearchPrevious,
        keys: &[letter('N')],
        label: "hit before",
        long: "to the hit before",
        bar: None,
        when: on_output,
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
        command: Command::Diagnose,
        keys: &[letter('H')],
        label: "diagnose",
        long: "say what is wrong with the chosen worker, or with all, and what mends it; changes nothing",
        bar: None,
        when: can_diagnose,
    },
    Binding {
        command: Command::DaysLeft,
        keys: &[letter('C')],
        label: "days left",
        long: "every certificate of the workers, of the CA and of our login, and the days that it has left; changes nothing",
        bar: None,
        when: can_look_at_certificates,
    },
    Binding {
        command: Command::ReviewAll,
        keys: &[letter('r')],
        label: "review all",
        long: "review every step that differs, not only what mends it",
        bar: Some(7),
        when: can_review,
    },
    Binding {
        command: Command::Drain,
        keys: &[letter('d')],
        label: "drain",
        long: "let its pods leave first, as their disruption budgets allow; again: all of them; again: none",
        bar: Some(8),
        when: can_drain,
    },
    Binding {
        command: Command::Summary,
        keys: &[letter('I')],
        label: "summary",
        long: "write a summary of the incident: what was wrong, what was changed, how it is now (Markdown)",
        bar: Some(8),
        when: can_sum_up,
    },
    Binding {
        command: Command::Copy,
        keys: &[letter('y')],
        label: "copy",
        long: "copy the commands or the log that is shown, into the clipboard and a file",
        bar: Some(10),
        when: can_copy,
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
        long: "pace: all at once, or step by step (it asks before each)",
        bar: None,
        when: on_review,
    },
    Binding {
        command: Command::Explain,
        keys: &[letter('e'), alt('e')],
        label: "explain",
        long: "explanations on and off",
        bar: Some(6),
        when: has_explanation,
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
        command: Command::Functions,
        keys: &[letter('v')],
        label: "functions",
        long: "show the shell functions that are sent for these commands, such as put",
        bar: None,
        when: shows_shell,
    },
    Binding {
        command: Command::Logs,
        keys: &[letter('l')],
        label: "logs",
        long: "the log of the chosen container, as it grows",
        bar: Some(3),
        when: on_live_host,
    },
    Binding {
        command: Command::Journal,
        keys: &[letter('J')],
        label: "journal",
        long: "the kubelet's journal of this host, as it grows",
        bar: Some(4),
        when: on_live_host,
    },
    Binding {
        command: Command::FollowLog,
        keys: &[letter('f')],
        label: "follow",
        long: "follow the log as it grows, or stay where it is",
        bar: Some(4),
        when: on_live_log,
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
    let here = |command| !model.live.open || in_live(model, command);
    TABLE.iter().filter(move |binding| here(binding.command) && (binding.when)(model))
}
