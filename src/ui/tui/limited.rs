//! A terminal that is never larger than any real one: what it says of its size is a text from elsewhere, and for each
//! of its cells there is memory.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// Columns that are drawn at most.
const WIDEST: u16 = 800;
/// Rows that are drawn at most.
const TALLEST: u16 = 300;

/// The part of a window that is drawn.
pub fn size((width, height): (u16, u16)) -> (u16, u16) {
    (width.min(WIDEST), height.min(TALLEST))
}

/// The terminal.
pub struct LimitedBackend<W: Write>(CrosstermBackend<W>);

impl<W: Write> LimitedBackend<W> {
    /// Draws there.
    pub fn new(out: W) -> Self {
        Self(CrosstermBackend::new(out))
    }
}

impl<W: Write> Backend for LimitedBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.0.draw(content)
    }

    fn append_lines(&mut self, n: u16) -> io::Result<()> {
        self.0.append_lines(n)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.0.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let whole = self.0.size()?;
        let (width, height) = size((whole.width, whole.height));
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let columns_rows = self.size()?;
        Ok(WindowSize { columns_rows, ..self.0.window_size()? })
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_window_that_no_screen_has_is_drawn_in_part() {
        assert_eq!(size((20_000, 20_000)), (800, 300));
        assert_eq!(size((200, 60)), (200, 60));
        assert_eq!(size((u16::MAX, 10)), (800, 10));
    }
}
