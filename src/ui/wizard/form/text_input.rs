//! A text that is typed into: one line or many, open or hidden. The one file of the core that names the widget
//! which does the editing, so that every face edits alike.

use ratatui::style::{Modifier, Style};
use ratatui_textarea::{CursorMove, Input, Key as EditorKey, TextArea};
use zeroize::{Zeroize, Zeroizing};

use crate::ui::wizard::key::{Key, KeyCode};

/// What is typed. A secret is shown as stars, has no history to be taken back from, and is wiped when it goes.
pub struct TextInput {
    area: TextArea<'static>,
    lines: Lines,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
    Secret,
}

impl TextInput {
    /// One line, the cursor at its end.
    pub fn line(text: &str) -> Self {
        let mut area = TextArea::new(vec![text.to_owned()]);
        area.set_cursor_line_style(Style::new());
        area.set_cursor_style(Style::new().add_modifier(Modifier::REVERSED));
        area.move_cursor(CursorMove::End);
        Self { area, lines: Lines::One }
    }

    /// One hidden line.
    pub fn secret() -> Self {
        let mut input = Self::line("");
        input.area.set_mask_char('*');
        input.area.set_max_histories(0);
        input.lines = Lines::Secret;
        input
    }

    /// Many lines, the cursor at their end.
    pub fn many(text: &str) -> Self {
        let lines = text.lines().map(str::to_owned).collect();
        let mut area = TextArea::new(lines);
        area.set_cursor_line_style(Style::new());
        area.set_cursor_style(Style::new().add_modifier(Modifier::REVERSED));
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, lines: Lines::Many }
    }

    /// The line the cursor is on, counted from 1, and how many there are.
    pub fn at(&self) -> (usize, usize) {
        (self.area.cursor().0.saturating_add(1), self.area.lines().len())
    }

    /// Takes a key; one that would break a single line is left out.
    pub fn press(&mut self, key: Key) {
        let breaks = matches!(key.code, KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab)
            || key.control && matches!(key.code, KeyCode::Char('m' | 'j'));
        if self.lines == Lines::Many || !breaks {
            self.area.input(editor_input(key));
        }
    }

    /// Text is put in where the cursor is; a single line takes it as one.
    pub fn insert(&mut self, text: &str) {
        match self.lines {
            Lines::Many => self.area.insert_str(text),
            Lines::One => {
                self.area.insert_str(text.trim().lines().map(str::trim).collect::<Vec<_>>().join(" "))
            }
            // A secret may begin or end with a blank.
            Lines::Secret => self.area.insert_str(text.lines().next().unwrap_or_default()),
        };
    }

    /// The first line.
    pub fn first(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// All lines.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Nothing is there.
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// The line and the letter the cursor is at, counted from 0.
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.area.cursor();
        (at.0, at.1)
    }

    /// The first line, moved and not copied, so that it is wiped when it is not needed any more.
    pub fn into_secret(mut self) -> Zeroizing<String> {
        let lines = std::mem::take(&mut self.area).into_lines();
        let mut lines = lines.into_iter().map(Zeroizing::new);
        lines.next().unwrap_or_default()
    }

    /// As a face draws it.
    pub fn widget(&self) -> &TextArea<'static> {
        &self.area
    }
}

/// Its kind only: a secret may be what is typed into it.
impl std::fmt::Debug for TextInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TextInput")
    }
}

impl Drop for TextInput {
    fn drop(&mut self) {
        if self.lines == Lines::Secret {
            std::mem::take(&mut self.area).into_lines().zeroize();
        }
    }
}

fn editor_input(key: Key) -> Input {
    let code = match key.code {
        KeyCode::Char(c) => EditorKey::Char(c),
        KeyCode::F(number) => EditorKey::F(number),
        KeyCode::Enter => EditorKey::Enter,
        KeyCode::Tab => EditorKey::Tab,
        KeyCode::Esc => EditorKey::Esc,
        KeyCode::Backspace => EditorKey::Backspace,
        KeyCode::Delete => EditorKey::Delete,
        KeyCode::Up => EditorKey::Up,
        KeyCode::Down => EditorKey::Down,
        KeyCode::Left => EditorKey::Left,
        KeyCode::Right => EditorKey::Right,
        KeyCode::Home => EditorKey::Home,
        KeyCode::End => EditorKey::End,
        KeyCode::PageUp => EditorKey::PageUp,
        KeyCode::PageDown => EditorKey::PageDown,
        KeyCode::BackTab | KeyCode::Other => EditorKey::Null,
    };
    Input { key: code, ctrl: key.control, alt: key.alt, shift: key.shift }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(mut input: TextInput, text: &str) -> TextInput {
        text.chars().for_each(|c| input.press(Key::plain(KeyCode::Char(c))));
        input
    }

    #[test]
    fn a_single_line_stays_one() {
        let mut input = typed(TextInput::line("a"), "b");
        input.press(Key::plain(KeyCode::Enter));
        input.press(Key::control('j'));
        input.insert(" c\n d \n");
        assert_eq!(input.text(), "abc d");
    }

    #[test]
    fn many_lines_are_taken_as_they_are() {
        let mut input = typed(TextInput::many("one\ntwo"), "!");
        input.press(Key::plain(KeyCode::Enter));
        input.insert("three");
        assert_eq!(input.text(), "one\ntwo!\nthree");
    }

    #[test]
    fn a_secret_cannot_be_taken_back_from_a_history_and_is_named_nowhere() {
        let mut input = typed(TextInput::secret(), " word ");
        input.press(Key::control('u'));
        assert_eq!(format!("{input:?}"), "TextInput");
        assert_eq!(input.into_secret().as_str(), " word ");
    }
}
