//! Lines as they are: nothing is wrapped, each is cut at the edge. Most of the screen is drawn by it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Text;
use ratatui::widgets::Widget;

/// Lines that fit their width already. A `Paragraph` would look for the place of the cut in each, letter by letter.
pub struct Unwrapped<'a>(Text<'a>);

impl<'a> Unwrapped<'a> {
    /// Lines from the top of an area; those below its end are left out.
    pub fn new(lines: impl Into<Text<'a>>) -> Self {
        Self(lines.into())
    }
}

impl Widget for Unwrapped<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        for (line, y) in self.0.lines.iter().zip(area.top()..area.bottom()) {
            buffer.set_line(area.x, y, line, area.width);
        }
    }
}
