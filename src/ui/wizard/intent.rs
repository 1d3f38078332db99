//! What a person wants of whatever has the keys: the same from every face. The full screen's keys become intents in
//! the keymap, the plain lines make them of numbers and words.

use zeroize::Zeroizing;

use crate::ui::wizard::command::Command;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Button;
use crate::ui::wizard::key::Key;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::undoing::TakeBack;

/// What a line of text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFor {
    /// Open a plan file.
    OpenPlan,
    /// Save the plan.
    SavePlan,
    /// Write the script.
    Export,
    /// Write the summary of an incident.
    Summary,
    /// Search in the output.
    Search,
    /// The login of a worker that comes back.
    Login,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// A command of the table.
    Command(Command),
    /// To a screen.
    Go(Screen),
    /// An answer as a whole.
    Answer(Field, String),
    /// A line of text as a whole, such as the name of a file.
    Line(LineFor, String),
    /// A button is pressed.
    Press(Button),
    /// This is looked at, unless what was seen of it still holds or its answers are wrong.
    Look(ProbeTarget),
    /// Every worker is looked at again.
    LookAtWorkers,
    /// This is to be taken back.
    TakeBack(TakeBack),
    /// Another row, button, page or column.
    Move(Motion),
    /// The thing with this number, counted from 1.
    Number(usize),
    /// The row with this number, counted from 0, is marked.
    Choose(usize),
    /// What is marked is chosen, or no longer.
    Toggle,
    /// What is marked, or stands there, is taken.
    Confirm,
    /// It is left as it is.
    Cancel,
    /// All that was written is taken.
    Done,
    /// What is shown is copied.
    Copy,
    /// The same key that opened it, once more.
    Again,
    /// A key for the text.
    Type(Key),
    /// A whole text at once.
    Text(String),
    /// A secret as a whole.
    Secret(Zeroizing<String>),
}

/// The row that a number counted from 1 calls, of rows up to the last; one that no row has leaves the mark where it is.
pub fn called(number: usize, at: usize, last: usize) -> usize {
    number.checked_sub(1).filter(|row| *row <= last).unwrap_or(at)
}

/// Where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One up.
    Up,
    /// One down.
    Down,
    /// To the left, or one back.
    Left,
    /// To the right, or one on.
    Right,
    /// Ten up.
    PageUp,
    /// Ten down.
    PageDown,
    /// To the first.
    Home,
    /// To the last.
    End,
}

impl Motion {
    /// A row after it, of rows up to the last; to the end only where a list has one for it.
    pub fn moved(self, at: usize, last: usize) -> usize {
        match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => at.saturating_add(1),
            Self::PageUp => at.saturating_sub(10),
            Self::PageDown => at.saturating_add(10),
            Self::Home => 0,
            Self::End => last,
            Self::Left | Self::Right => at,
        }
        .min(last)
    }

    /// The first line shown after it: a page turns no further than what was shown.
    pub fn scrolled(self, top: usize, pages: PageSize) -> usize {
        let page = pages.rows.saturating_sub(1).max(1);
        match self {
            Self::PageUp => top.min(pages.last_top).saturating_sub(page),
            Self::PageDown => top.saturating_add(page).min(pages.last_top),
            _ => self.moved(top.min(pages.last_top), pages.last_top),
        }
    }
}

/// What scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// The first line of its last page.
    pub last_top: usize,
    /// Lines of a page.
    pub rows: usize,
}
