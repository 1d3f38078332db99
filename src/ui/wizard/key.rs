//! A key as the wizard's core knows it. Which face it came from, and how that one names it, is not its business.

use serde::{Deserialize, Serialize};

/// What is written on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyCode {
    /// A letter, a digit, a sign or a blank.
    Char(char),
    /// A function key, counted from 1.
    F(u8),
    /// Enter or Return.
    Enter,
    /// The tabulator.
    Tab,
    /// The tabulator with Shift.
    BackTab,
    /// The key Esc.
    Esc,
    /// The letter before the cursor goes.
    Backspace,
    /// The letter under the cursor goes.
    Delete,
    /// An arrow up.
    Up,
    /// An arrow down.
    Down,
    /// An arrow to the left.
    Left,
    /// An arrow to the right.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Any other: it means nothing here.
    Other,
}

/// A key that was pressed, and what was held with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What is written on it.
    pub code: KeyCode,
    /// Control was held.
    pub control: bool,
    /// Alt was held.
    pub alt: bool,
    /// Shift was held; a letter says so itself.
    pub shift: bool,
}

impl Key {
    /// A key with nothing held.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, control: false, alt: false, shift: false }
    }

    /// A letter with Control.
    pub const fn control(c: char) -> Self {
        Self { code: KeyCode::Char(c), control: true, alt: false, shift: false }
    }

    /// A letter with Alt.
    pub const fn alt(c: char) -> Self {
        Self { code: KeyCode::Char(c), control: false, alt: true, shift: false }
    }

    /// Neither Control nor Alt was held.
    pub const fn is_bare(self) -> bool {
        !self.control && !self.alt
    }

    /// The same key, whatever Shift does with it.
    pub fn same(self, other: Self) -> bool {
        (self.code, self.control, self.alt) == (other.code, other.control, other.alt)
    }

    /// The number that is written on it, from 1 to 9, when nothing is held.
    pub fn number(self) -> Option<usize> {
        match self.code {
            KeyCode::Char(c @ '1'..='9') if self.is_bare() => {
                c.to_digit(10).and_then(|digit| usize::try_from(digit).ok())
            }
            _ => None,
        }
    }
}
