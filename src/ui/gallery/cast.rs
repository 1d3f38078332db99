//! A recording as asciicast version 2: a header, then what changed on the screen and when. It is told the
//! time and holds no date, so the same run gives the same file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use serde_json::json;

/// Writes a recording.
pub struct Recorder<W: Write = BufWriter<File>> {
    out: W,
    last: Option<Buffer>,
}

impl Recorder {
    /// A recording into a file.
    pub fn new(path: &Path, width: u16, height: u16, title: &str) -> std::io::Result<Self> {
        Self::into_writer(BufWriter::new(File::create(path)?), width, height, title)
    }
}

impl<W: Write> Recorder<W> {
    /// A recording into anything.
    pub fn into_writer(mut out: W, width: u16, height: u16, title: &str) -> std::io::Result<Self> {
        let header = json!({
            "version": 2,
            "width": width,
            "height": height,
            "title": title,
            "env": {"TERM": "xterm-256color"},
        });
        writeln!(out, "{header}")?;
        Ok(Self { out, last: None })
    }

    fn event(&mut self, at: Duration, kind: &str, data: &str) -> std::io::Result<()> {
        // A number's text, so that no rounding differs from machine to machine.
        writeln!(self.out, "[{}.{:06}, \"{kind}\", {}]", at.as_secs(), at.subsec_micros(), json!(data))
    }

    /// A screen; what is as before is not written.
    pub fn record(&mut self, at: Duration, buffer: &Buffer) -> std::io::Result<()> {
        let mut text = String::new();
        match &self.last {
            Some(last) if last.area == buffer.area => paint(&mut text, &last.diff(buffer), buffer.area),
            other => {
                if other.is_some() {
                    self.event(at, "r", &format!("{}x{}", buffer.area.width, buffer.area.height))?;
                }
                text.push_str("\x1b[?25l\x1b[0m\x1b[2J");
                paint(&mut text, &Buffer::empty(buffer.area).diff(buffer), buffer.area);
            }
        }
        self.last = Some(buffer.clone());
        if text.is_empty() {
            return Ok(());
        }
        self.event(at, "o", &text)
    }

    /// The end: the last screen is shown until then.
    pub fn finish(mut self, at: Duration) -> std::io::Result<W> {
        self.event(at, "o", "\x1b[0m\x1b[?25h")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Cells as escape sequences; the cursor is moved only where it is not already.
fn paint(out: &mut String, cells: &[(u16, u16, &Cell)], area: Rect) {
    let mut next = None;
    let mut ink = None;
    for (x, y, cell) in cells {
        let (column, row) = (x.saturating_sub(area.x), y.saturating_sub(area.y));
        // At the right edge terminals differ in where the cursor is.
        if next != Some((column, row)) {
            let _ = write!(out, "\x1b[{};{}H", row.saturating_add(1), column.saturating_add(1));
        }
        let style = (cell.fg, cell.bg, cell.modifier);
        if ink != Some(style) {
            out.push_str(&sgr(cell));
            ink = Some(style);
        }
        let symbol: String = cell.symbol().chars().filter(|c| !c.is_control()).collect();
        let width = u16::try_from(unicode_width::UnicodeWidthStr::width(symbol.as_str())).unwrap_or(1);
        out.push_str(if symbol.is_empty() { " " } else { &symbol });
        let after = column.saturating_add(width.max(1));
        next = (after < area.width).then_some((after, row));
    }
}

/// Everything about a cell's style, from nothing.
fn sgr(cell: &Cell) -> String {
    let mut codes = vec!["0".to_owned()];
    let marks = [
        (Modifier::BOLD, "1"),
        (Modifier::DIM, "2"),
        (Modifier::ITALIC, "3"),
        (Modifier::UNDERLINED, "4"),
        (Modifier::SLOW_BLINK, "5"),
        (Modifier::RAPID_BLINK, "6"),
        (Modifier::REVERSED, "7"),
        (Modifier::HIDDEN, "8"),
        (Modifier::CROSSED_OUT, "9"),
    ];
    codes.extend(
        marks.iter().filter(|(mark, _)| cell.modifier.contains(*mark)).map(|(_, code)| (*code).to_owned()),
    );
    codes.extend(color(cell.fg, 30));
    codes.extend(color(cell.bg, 40));
    format!("\x1b[{}m", codes.join(";"))
}

/// `base` is 30 for letters, 40 for the background.
fn color(color: Color, base: u8) -> Option<String> {
    let dark = |index: u8| Some(base.saturating_add(index).to_string());
    let bright = |index: u8| Some(base.saturating_add(60).saturating_add(index).to_string());
    let long = base.saturating_add(8);
    match color {
        Color::Reset => None,
        Color::Black => dark(0),
        Color::Red => dark(1),
        Color::Green => dark(2),
        Color::Yellow => dark(3),
        Color::Blue => dark(4),
        Color::Magenta => dark(5),
        Color::Cyan => dark(6),
        Color::Gray => dark(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(index) => Some(format!("{long};5;{index}")),
        Color::Rgb(red, green, blue) => Some(format!("{long};2;{red};{green};{blue}")),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn screens() -> Vec<Buffer> {
        let area = Rect::new(0, 0, 24, 4);
        let mut one = Buffer::empty(area);
        one.set_string(0, 0, "┌ gangplank ┐", Style::new().fg(Color::Blue));
        one.set_string(3, 1, "漢字 wide", Style::new().add_modifier(Modifier::REVERSED));
        one.set_string(0, 3, "to the right edge of it.", Style::new());
        let mut two = one.clone();
        two.set_string(5, 1, "x", Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD));
        two.set_string(20, 3, "same", Style::new().bg(Color::Indexed(67)));
        let mut three = two.clone();
        three.set_style(Rect::new(0, 0, 24, 2), Style::new().add_modifier(Modifier::UNDERLINED));
        three.set_string(0, 2, "a\u{301}bc", Style::new().fg(Color::Rgb(1, 2, 3)));
        vec![one, two.clone(), two, three]
    }

    fn record(screens: &[Buffer]) -> String {
        let mut recorder = Recorder::into_writer(Vec::new(), 24, 4, "test").unwrap();
        for (number, screen) in (0..).zip(screens) {
            recorder.record(Duration::from_millis(1500 * number), screen).unwrap();
        }
        String::from_utf8(recorder.finish(Duration::from_secs(9)).unwrap()).unwrap()
    }

    fn lines(cast: &str) -> Vec<serde_json::Value> {
        cast.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn same(screen: &vt100::Screen, buffer: &Buffer) {
        let mut hidden = 0;
        for y in 0..buffer.area.height {
            for x in 0..buffer.area.width {
                // The second half of a wide character is not drawn.
                if hidden > 0 {
                    hidden -= 1;
                    continue;
                }
                let (is, want) = (screen.cell(y, x).unwrap(), buffer.cell((x, y)).unwrap());
                hidden = unicode_width::UnicodeWidthStr::width(want.symbol()).saturating_sub(1);
                let text = if is.contents().is_empty() { " " } else { is.contents() };
                assert_eq!(text, want.symbol(), "{x} {y}");
                assert_eq!(is.bold(), want.modifier.contains(Modifier::BOLD), "{x} {y}");
                assert_eq!(is.inverse(), want.modifier.contains(Modifier::REVERSED), "{x} {y}");
                assert_eq!(is.underline(), want.modifier.contains(Modifier::UNDERLINED), "{x} {y}");
                let color = match want.fg {
                    Color::Blue => vt100::Color::Idx(4),
                    Color::LightRed => vt100::Color::Idx(9),
                    Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
                    _ => vt100::Color::Default,
                };
                assert_eq!(is.fgcolor(), color, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_recording_played_back_ends_with_the_last_screen() {
        let screens = screens();
        for count in 1..=screens.len() {
            let mut terminal = vt100::Parser::new(4, 24, 0);
            for event in lines(&record(&screens[..count])).iter().skip(1) {
                terminal.process(event[2].as_str().unwrap().as_bytes());
            }
            same(terminal.screen(), &screens[count - 1]);
        }
    }

    #[test]
    fn only_what_changed_is_written_and_nothing_when_nothing_did() {
        let cast = record(&screens());
        let events = lines(&cast);
        assert_eq!(events[0]["version"], 2);
        let times: Vec<f64> = events[1..].iter().map(|event| event[0].as_f64().unwrap()).collect();
        assert_eq!(times, [0.0, 1.5, 4.5, 9.0], "the third screen was the second again");
        assert!(!events[2][2].as_str().unwrap().contains("gangplank"));
    }

    #[test]
    fn the_same_screens_are_the_same_bytes() {
        assert_eq!(record(&screens()), record(&screens()));
    }

    #[test]
    fn a_new_size_is_told_and_drawn_anew() {
        let (small, large) = (Buffer::with_lines(["a"]), Buffer::with_lines(["bb", "cc"]));
        let events = lines(&record(&[small, large]));
        assert_eq!((events[2][1].as_str(), events[2][2].as_str()), (Some("r"), Some("2x2")));
        assert!(events[3][2].as_str().unwrap().contains("\x1b[2J"));
    }
}
