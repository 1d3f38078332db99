//! From a key of the full screen to what is wanted, given what has the keys; and how keys are written.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

use crate::ui::wizard::bindings::{Binding, Press, possible};
use crate::ui::wizard::command::Command;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::menu::{Does, MenuEntry};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::{Button, Item};
use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::key::{Key, KeyCode};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::jumps;
use crate::ui::wizard::question::Question;
use crate::ui::wizard::remedy::{RunRemedy, ways};
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::review;
use crate::ui::wizard::search_words::also;

/// What a key wants now; `None` = nothing.
pub fn intent(model: &Model, key: Key) -> Option<Intent> {
    if let Some(dialog) = model.dialogs.open.last() {
        return in_dialog(dialog, key);
    }
    if model.live.open {
        return in_live(model, key);
    }
    let in_field = model.form.editor.is_some();
    if let Some(command) = command(model, key, in_field) {
        return Some(Intent::Command(command));
    }
    if in_field {
        return Some(match key.code {
            KeyCode::Up => Intent::Move(Motion::Up),
            KeyCode::Down => Intent::Move(Motion::Down),
            KeyCode::PageUp => Intent::Move(Motion::PageUp),
            KeyCode::PageDown => Intent::Move(Motion::PageDown),
            _ => Intent::Type(key),
        });
    }
    if !key.is_bare() {
        return None;
    }
    match key.code {
        KeyCode::Char(' ') => Some(Intent::Toggle),
        KeyCode::Left => Some(Intent::Move(Motion::Left)),
        KeyCode::Right => Some(Intent::Move(Motion::Right)),
        _ => key.number().map(Intent::Number).or_else(|| motion(key).map(Intent::Move)),
    }
}

/// Up and down, by arrows and by letters.
fn motion(key: Key) -> Option<Motion> {
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => Some(Motion::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Motion::Down),
        KeyCode::PageUp => Some(Motion::PageUp),
        KeyCode::PageDown => Some(Motion::PageDown),
        KeyCode::Home | KeyCode::Char('g') => Some(Motion::Home),
        KeyCode::End | KeyCode::Char('G') => Some(Motion::End),
        _ => None,
    }
}

fn in_live(model: &Model, key: Key) -> Option<Intent> {
    if let Some(command) = command(model, key, false) {
        return Some(Intent::Command(command));
    }
    match key.code {
        KeyCode::Char('q') => Some(Intent::Done),
        KeyCode::Left => Some(Intent::Move(Motion::Left)),
        KeyCode::Right => Some(Intent::Move(Motion::Right)),
        _ => motion(key).map(Intent::Move),
    }
}

fn in_dialog(dialog: &Dialog, key: Key) -> Option<Intent> {
    if key.control && !key.alt {
        match key.code {
            KeyCode::Char('z') => return Some(Intent::Command(Command::Suspend)),
            KeyCode::Char('l') => return Some(Intent::Command(Command::Redraw)),
            KeyCode::Char('c') if matches!(dialog, Dialog::Quit(_)) => return Some(Intent::Again),
            KeyCode::Char('c') => return Some(Intent::Command(Command::Quit)),
            _ => {}
        }
    }
    if key.code == KeyCode::Esc {
        return Some(Intent::Cancel);
    }
    match dialog {
        Dialog::Help(help) if help.search.is_some() => Some(match key.code {
            KeyCode::Enter => Intent::Confirm,
            KeyCode::Up
            | KeyCode::Down
            | KeyCode::PageUp
            | KeyCode::PageDown
            | KeyCode::Home
            | KeyCode::End => Intent::Move(motion(key)?),
            _ => Intent::Type(key),
        }),
        Dialog::Help(_) if key.code == KeyCode::Char('/') => Some(Intent::Toggle),
        Dialog::Help(_) | Dialog::Text(_) | Dialog::Explain(_) => reading(dialog, key),
        Dialog::Paste(_) | Dialog::Certificates(_) => Some(match key.code {
            KeyCode::Tab => Intent::Done,
            KeyCode::Char('d') if key.control => Intent::Done,
            _ => Intent::Type(key),
        }),
        _ if key.code == KeyCode::Enter => Some(Intent::Confirm),
        Dialog::Ask(ask) => answering(&ask.question, key),
        Dialog::Menu(_) => Some(match key.code {
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => Intent::Move(motion(key)?),
            _ => Intent::Type(key),
        }),
        Dialog::Line(_) => Some(Intent::Type(key)),
        Dialog::Confirm(_) => Some(match key.code {
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => Intent::Toggle,
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => Intent::Move(motion(key)?),
            _ => Intent::Type(key),
        }),
        Dialog::Apply(_) | Dialog::Quit(_) | Dialog::Mend(_) => {
            key.number().map(Intent::Number).or_else(|| beside(key))
        }
        Dialog::Jump(_) | Dialog::Problem(_) | Dialog::Where(_) | Dialog::Demos(_) => {
            key.number().map(Intent::Number).or_else(|| motion(key).map(Intent::Move))
        }
        Dialog::Import(_) | Dialog::Pick(_) if key.code == KeyCode::Char(' ') => Some(Intent::Toggle),
        Dialog::Import(_) | Dialog::Pick(_) => motion(key).map(Intent::Move),
    }
}

fn reading(dialog: &Dialog, key: Key) -> Option<Intent> {
    let explains = matches!(dialog, Dialog::Explain(_));
    match key.code {
        KeyCode::Enter | KeyCode::Char('q') => Some(Intent::Cancel),
        KeyCode::Char('?') if !explains => Some(Intent::Cancel),
        KeyCode::Char('e') if explains => Some(Intent::Cancel),
        KeyCode::Char('y') if !matches!(dialog, Dialog::Help(_)) => Some(Intent::Copy),
        KeyCode::Left if explains => Some(Intent::Move(Motion::Left)),
        KeyCode::Right | KeyCode::Tab | KeyCode::Char('E') if explains => Some(Intent::Move(Motion::Right)),
        _ => motion(key).map(Intent::Move),
    }
}

/// Answers that stand one below the other, by arrows of every direction.
fn beside(key: Key) -> Option<Intent> {
    match key.code {
        KeyCode::Left => Some(Intent::Move(Motion::Up)),
        KeyCode::Right | KeyCode::Tab => Some(Intent::Move(Motion::Down)),
        _ => motion(key).map(Intent::Move),
    }
}

fn answering(question: &Question, key: Key) -> Option<Intent> {
    match question {
        Question::Secret { .. } => Some(match key.code {
            KeyCode::PageUp | KeyCode::PageDown => Intent::Move(motion(key)?),
            _ => Intent::Type(key),
        }),
        // Somebody may be typing something else while this comes up: no letter chooses here.
        Question::Trust { .. } => match key.code {
            KeyCode::Char(_) | KeyCode::Home | KeyCode::End => None,
            _ => beside(key),
        },
        Question::GoOn { .. } => key.number().map(Intent::Number).or_else(|| beside(key)),
        // A name is typed there, whatever signs it has.
        Question::TakeBack(_) => Some(match key.code {
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right => Intent::Toggle,
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => Intent::Move(motion(key)?),
            _ => Intent::Type(key),
        }),
    }
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

/// Cells between two keys of the bar.
pub const BETWEEN: usize = 3;

/// Keys and words of the bar that fit into so many lines of a width, none of them cut; help and quit always stay.
pub fn bar(model: &Model, width: usize, lines: usize) -> Vec<(String, String)> {
    let in_field = model.form.editor.is_some();
    let mut rows: Vec<(u8, usize, String, String)> = possible(model)
        .enumerate()
        .filter_map(|(at, binding)| {
            let rank = binding.bar?;
            let key = binding.keys.iter().find(|key| !in_field || key.in_field)?;
            let word = label(model, binding);
            (!word.is_empty()).then(|| (rank, at, name(*key), word.to_owned()))
        })
        .collect();
    let needed = |rows: &[(u8, usize, String, String)]| {
        let (mut lines, mut used) = (1_usize, 0_usize);
        for (_, _, key, word) in rows {
            let length = key.chars().count().saturating_add(word.chars().count()).saturating_add(1);
            let after = if used == 0 { length } else { used.saturating_add(BETWEEN).saturating_add(length) };
            if after > width && used > 0 {
                lines = lines.saturating_add(1);
                used = length;
            } else {
                used = after;
            }
        }
        lines
    };
    while needed(&rows) > lines && rows.len() > 2 {
        let Some(last) = rows.iter().enumerate().max_by_key(|(at, row)| (row.0, *at)).map(|(at, _)| at)
        else {
            break;
        };
        rows.remove(last);
    }
    rows.into_iter().map(|(_, _, key, word)| (key, word)).collect()
}

/// Keys and words of the bar while a dialog is open: its own, and none that do nothing there.
pub fn dialog_bar(dialog: &Dialog) -> &'static [(&'static str, &'static str)] {
    match dialog {
        Dialog::Help(_) => &[("Up Down", "read"), ("End", "to its end"), ("/", "search"), ("Esc", "close")],
        Dialog::Text(_) => &[("Up Down", "read"), ("y", "copy"), ("Esc", "close")],
        Dialog::Explain(_) => &[("Up Down", "read"), ("Right", "next tab"), ("y", "copy"), ("Esc", "close")],
        Dialog::Menu(_) => &[("type", "to search"), ("Enter", "do it"), ("Esc", "close")],
        Dialog::Jump(_) => &[("1-9", "choose"), ("Enter", "go there"), ("Esc", "close")],
        Dialog::Apply(_) => &[("1-3", "choose"), ("Enter", "answer"), ("Esc", "not yet")],
        Dialog::Mend(_) => {
            &[("1 2", "choose"), ("PageDown", "read on"), ("Enter", "answer"), ("Esc", "not yet")]
        }
        Dialog::Ask(ask) => match ask.question {
            Question::Secret { .. } => &[("Enter", "give it"), ("Esc", "do not give it")],
            Question::Trust { .. } => {
                &[("Up Down", "choose"), ("Enter", "answer"), ("Esc", "do not connect")]
            }
            Question::GoOn { .. } => &[("1 2", "choose"), ("Enter", "answer"), ("Esc", "stop")],
            Question::TakeBack(_) => &[
                ("Up Down", "read"),
                ("Tab", "to the button"),
                ("Enter", "press it"),
                ("Esc", "take nothing back"),
            ],
        },
        Dialog::Paste(_) => &[("Ctrl-D", "add them"), ("Esc", "leave them")],
        Dialog::Certificates(_) => &[("Ctrl-D", "give them"), ("Esc", "leave them")],
        Dialog::Import(_) => &[("Space", "choose"), ("Enter", "add"), ("Esc", "leave them")],
        Dialog::Pick(_) => &[("Space", "choose several"), ("Enter", "go on"), ("Esc", "close")],
        Dialog::Where(_) => &[("1-9", "choose"), ("Enter", "show what will happen"), ("Esc", "close")],
        Dialog::Demos(_) => &[("1-9", "choose"), ("Enter", "open it"), ("Esc", "close")],
        Dialog::Line(_) => &[("Enter", "take it"), ("Esc", "close")],
        Dialog::Confirm(_) => &[("Tab", "to the button"), ("Enter", "press it"), ("Esc", "cancel")],
        Dialog::Quit(_) => &[("Up Down", "choose"), ("Enter", "answer"), ("Esc", "stay")],
        Dialog::Problem(_) => &[("1-9", "choose"), ("Enter", "take this way"), ("Esc", "close")],
    }
}

/// The word of a row now.
fn label(model: &Model, binding: &Binding) -> &'static str {
    if model.live.open {
        return match binding.command {
            // The log has a key with a name.
            Command::Enter if model.live.host => "",
            Command::Enter => "open host",
            Command::Back if model.live.log().is_some() => "close the log",
            Command::Back if model.live.host => "all hosts",
            Command::Live => "",
            _ => binding.label,
        };
    }
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
            Screen::Workers => "edit",
            Screen::Diagnosis => "its repair",
            Screen::Review if review::answer_of(model).is_some() => "edit",
            Screen::Review | Screen::Repair => "",
            Screen::Run if !model.run.troubles.is_empty() => "take this way",
            _ => "open",
        },
        (Command::Continue, _) if model.nav.screen == Screen::Diagnosis => "repair",
        (Command::Apply, _) if model.nav.screen == Screen::Repair => "repair it now",
        (Command::Back, _) if model.form.editor.is_some() => "leave the field",
        (Command::Quit, _) if model.run.going_on() => "stop",
        _ => binding.label,
    }
}
/// Everything possible now, best match of the search first.
pub fn entries(model: &Model, search: &str) -> Vec<MenuEntry> {
    let mut all: Vec<MenuEntry> = possible(model)
        .filter(|binding| !matches!(binding.command, Command::Menu | Command::Next | Command::Previous))
        .map(|binding| MenuEntry {
            word: format!("{} {}", binding.label, also(binding.command)),
            text: binding.long.to_owned(),
            key: binding.keys.first().map(|key| name(*key)).unwrap_or_default(),
            does: Does::Command(binding.command),
        })
        .collect();
    all.extend(jumps(model).into_iter().map(|screen| MenuEntry {
        word: String::new(),
        text: format!("go to {}", model.title(screen)),
        key: String::new(),
        does: Does::Jump(screen),
    }));
    if model.nav.screen == Screen::Run {
        for (card, trouble) in model.run.troubles.iter().enumerate() {
            let repairs = ways(&trouble.problem, &trouble.place, !trouble.done.is_empty())
                .into_iter()
                .filter(|choice| matches!(choice.act, RunRemedy::Repair(_) | RunRemedy::Replace));
            all.extend(repairs.map(|choice| MenuEntry {
                word: also(Command::Repair).to_owned(),
                text: format!("{}: {}", trouble.place, choice.text),
                key: String::new(),
                does: Does::Way(card, choice.act),
            }));
        }
    }
    if let Some(demo) = &model.demo {
        all.extend(demo.faults.iter().map(|(id, worker, title)| MenuEntry {
            word: also(Command::Repair).to_owned(),
            text: format!("demo: {title}"),
            key: String::new(),
            does: Does::Throw(id.clone(), worker.clone()),
        }));
    }
    if search.trim().is_empty() {
        return all;
    }
    let pattern = Pattern::parse(search, CaseMatching::Ignore, Normalization::Smart);
    let texts: Vec<String> = all.iter().map(|entry| format!("{} {}", entry.word, entry.text)).collect();
    let mut matcher = Matcher::new(Config::DEFAULT);
    let found = pattern.match_list(texts.iter().enumerate().map(Searched), &mut matcher);
    found.into_iter().filter_map(|(searched, _)| all.get(searched.0.0).cloned()).collect()
}

struct Searched<'a>((usize, &'a String));

impl AsRef<str> for Searched<'_> {
    fn as_ref(&self) -> &str {
        self.0.1
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ui::wizard::role::Theme;

    const SCREENS: [Screen; 12] = [
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
        Screen::Diagnosis,
        Screen::Repair,
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
                let keys = bar(&model(screen), width, 1);
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
