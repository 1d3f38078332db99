//! A terminal buffer as an SVG: one text for each run of equal style, rectangles behind them. The same
//! buffer gives the same bytes.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// Width of a cell in pixels: DejaVu Sans Mono at 14 px.
const CELL_WIDTH: f64 = 8.43;
/// Height of a cell; at this one vertical box lines have no gaps.
const CELL_HEIGHT: f64 = 16.3;
/// Size of the letters in pixels.
const SIZE: u32 = 14;
/// From the top of a cell to the line the letters stand on.
const BASELINE: f64 = 12.4;
/// Around the cells.
const MARGIN: f64 = 10.0;
/// The bar with the title.
const BAR: f64 = 26.0;
const FONTS: &str = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace";

/// Red, green, blue.
type Rgb = (u8, u8, u8);

/// What the 16 colours of a terminal look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureStyle {
    /// Letters without a colour.
    pub text: Rgb,
    /// The background.
    pub ground: Rgb,
    /// The title's bar.
    pub bar: Rgb,
    /// Black, red, green, yellow, blue, magenta, cyan, grey; then the bright ones.
    pub ansi: [Rgb; 16],
}

const fn rgb(hex: u32) -> Rgb {
    let [_, red, green, blue] = hex.to_be_bytes();
    (red, green, blue)
}

const fn palette(hex: [u32; 16]) -> [Rgb; 16] {
    let mut all = [(0, 0, 0); 16];
    let mut at = 0;
    while at < 16 {
        all[at] = rgb(hex[at]);
        at += 1;
    }
    all
}

impl PictureStyle {
    /// A dark terminal.
    pub const DARK: Self = Self {
        text: rgb(0x00d6_dbe3),
        ground: rgb(0x0014_181f),
        bar: rgb(0x0022_2831),
        ansi: palette([
            0x002b_303b,
            0x00f0_7178,
            0x008c_cf7e,
            0x00e5_c07b,
            0x006c_b6ff,
            0x00d2_a8ff,
            0x0056_d4dd,
            0x00b4_bcc8,
            0x0068_7180,
            0x00ff_8b92,
            0x00a6_e3a1,
            0x00f2_d399,
            0x008f_c8ff,
            0x00e2_c5ff,
            0x007c_e9f0,
            0x00ff_ffff,
        ]),
    };

    /// A light terminal.
    pub const LIGHT: Self = Self {
        text: rgb(0x0024_292f),
        ground: rgb(0x00ff_ffff),
        bar: rgb(0x00ea_eef2),
        ansi: palette([
            0x0024_292f,
            0x00b3_1d28,
            0x0011_6329,
            0x007d_4e00,
            0x0005_50ae,
            0x0082_50df,
            0x001b_7c83,
            0x0057_606a,
            0x006e_7781,
            0x00cf_222e,
            0x001a_7f37,
            0x0096_6600,
            0x0009_69da,
            0x00a4_75f9,
            0x0031_92aa,
            0x008c_959f,
        ]),
    };

    fn color(&self, color: Color, otherwise: Rgb) -> Rgb {
        let ansi = |index: usize| self.ansi.get(index).copied().unwrap_or(otherwise);
        match color {
            Color::Reset => otherwise,
            Color::Black => ansi(0),
            Color::Red => ansi(1),
            Color::Green => ansi(2),
            Color::Yellow => ansi(3),
            Color::Blue => ansi(4),
            Color::Magenta => ansi(5),
            Color::Cyan => ansi(6),
            Color::Gray => ansi(7),
            Color::DarkGray => ansi(8),
            Color::LightRed => ansi(9),
            Color::LightGreen => ansi(10),
            Color::LightYellow => ansi(11),
            Color::LightBlue => ansi(12),
            Color::LightMagenta => ansi(13),
            Color::LightCyan => ansi(14),
            Color::White => ansi(15),
            Color::Rgb(red, green, blue) => (red, green, blue),
            Color::Indexed(index) => self.indexed(index),
        }
    }

    /// The 256 colours: 16, a cube of six steps a side, 24 greys.
    fn indexed(&self, index: u8) -> Rgb {
        let step = |at: u8| if at == 0 { 0 } else { at.saturating_mul(40).saturating_add(55) };
        match index {
            0..=15 => self.ansi.get(usize::from(index)).copied().unwrap_or(self.text),
            16..=231 => {
                let cube = index.saturating_sub(16);
                (step(cube / 36), step(cube / 6 % 6), step(cube % 6))
            }
            232..=255 => {
                let grey = index.saturating_sub(232).saturating_mul(10).saturating_add(8);
                (grey, grey, grey)
            }
        }
    }
}

/// How a cell looks in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Style {
    fore: Rgb,
    back: Rgb,
    marks: Modifier,
}

/// Half way to the background, a little nearer to the letters.
fn dimmed(fore: Rgb, back: Rgb) -> Rgb {
    let mix = |one: u8, two: u8| {
        let sum = u16::from(one).saturating_mul(6).saturating_add(u16::from(two).saturating_mul(4));
        u8::try_from(sum / 10).unwrap_or(u8::MAX)
    };
    (mix(fore.0, back.0), mix(fore.1, back.1), mix(fore.2, back.2))
}

impl Style {
    fn of(cell: &Cell, look: &PictureStyle) -> Self {
        let (mut fore, mut back) = (look.color(cell.fg, look.text), look.color(cell.bg, look.ground));
        if cell.modifier.contains(Modifier::DIM) {
            fore = dimmed(fore, back);
        }
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut fore, &mut back);
        }
        let shown = Modifier::BOLD
            | Modifier::ITALIC
            | Modifier::UNDERLINED
            | Modifier::CROSSED_OUT
            | Modifier::HIDDEN;
        Self { fore, back, marks: cell.modifier & shown }
    }

    /// A blank that shows nothing but its background.
    fn has_line(self) -> bool {
        self.marks.intersects(Modifier::UNDERLINED | Modifier::CROSSED_OUT)
    }

    fn attributes(self) -> String {
        let mut out = format!(" fill=\"{}\"", hex(self.fore));
        if self.marks.contains(Modifier::BOLD) {
            out.push_str(" font-weight=\"bold\"");
        }
        if self.marks.contains(Modifier::ITALIC) {
            out.push_str(" font-style=\"italic\"");
        }
        match (self.marks.contains(Modifier::UNDERLINED), self.marks.contains(Modifier::CROSSED_OUT)) {
            (true, true) => out.push_str(" text-decoration=\"underline line-through\""),
            (true, false) => out.push_str(" text-decoration=\"underline\""),
            (false, true) => out.push_str(" text-decoration=\"line-through\""),
            (false, false) => {}
        }
        out
    }
}

fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A number with at most two digits behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no place for them.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Cells of one style side by side.
struct TextRun {
    from: u16,
    cells: u16,
    text: String,
    style: Style,
    /// A wide character stands alone, so that one of another font moves nothing else.
    alone: bool,
}

fn runs(buffer: &Buffer, row: u16, look: &PictureStyle) -> Vec<TextRun> {
    let mut runs: Vec<TextRun> = Vec::new();
    let mut column = 0;
    while column < buffer.area.width {
        let at = (buffer.area.x.saturating_add(column), buffer.area.y.saturating_add(row));
        let Some(cell) = buffer.cell(at) else { break };
        let symbol = if cell.symbol().is_empty() { " " } else { cell.symbol() };
        let width = u16::try_from(symbol.width()).unwrap_or(1).max(1);
        let (style, alone) = (Style::of(cell, look), width > 1);
        match runs.last_mut() {
            Some(run) if run.style == style && !run.alone && !alone => {
                run.text.push_str(symbol);
                run.cells = run.cells.saturating_add(1);
            }
            _ => runs.push(TextRun { from: column, cells: width, text: symbol.to_owned(), style, alone }),
        }
        column = column.saturating_add(width);
    }
    runs
}

/// The buffer as an SVG with a title above it.
pub fn svg(buffer: &Buffer, title: &str, look: &PictureStyle) -> String {
    let columns = f64::from(buffer.area.width) * CELL_WIDTH;
    let rows = f64::from(buffer.area.height) * CELL_HEIGHT;
    let (width, height) = (columns + 2.0 * MARGIN, rows + 2.0 * MARGIN + BAR);
    let (w, h) = (number(width), number(height));
    let mut out = String::new();
    // Writing to a string does not fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"{FONTS}\" font-size=\"{SIZE}\">"
    ));
    line(format!("<title>{}</title>", escape(title)));
    line(format!("<rect width=\"{w}\" height=\"{h}\" rx=\"6\" fill=\"{}\"/>", hex(look.bar)));
    line(format!(
        "<rect y=\"{}\" width=\"{w}\" height=\"{}\" fill=\"{}\"/>",
        number(BAR),
        number(rows + MARGIN),
        hex(look.ground)
    ));
    // The lower corners are round, the upper ones of this one are hidden by the one before.
    line(format!(
        "<rect y=\"{}\" width=\"{w}\" height=\"{}\" rx=\"6\" fill=\"{}\"/>",
        number(BAR + MARGIN),
        number(height - BAR - MARGIN),
        hex(look.ground)
    ));
    line(format!(
        "<text x=\"{}\" y=\"17.5\" text-anchor=\"middle\" font-size=\"12\" fill=\"{}\">{}</text>",
        number(width / 2.0),
        hex(dimmed(look.text, look.bar)),
        escape(title)
    ));
    let (mut backs, mut texts) = (Vec::new(), Vec::new());
    for row in 0..buffer.area.height {
        let top = f64::from(row) * CELL_HEIGHT + MARGIN + BAR;
        for run in runs(buffer, row, look) {
            let left = f64::from(run.from) * CELL_WIDTH + MARGIN;
            if run.style.back != look.ground {
                backs.push(format!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                    number(left),
                    number(top),
                    number(f64::from(run.cells) * CELL_WIDTH),
                    number(CELL_HEIGHT),
                    hex(run.style.back)
                ));
            }
            texts.extend(text(&run, left, top));
        }
    }
    line("<g shape-rendering=\"crispEdges\">".to_owned());
    backs.into_iter().for_each(&mut line);
    line("</g>".to_owned());
    texts.into_iter().for_each(&mut line);
    // On a page of the same colour the window would have no edge.
    line(format!(
        "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"none\" stroke=\"{}\"/>",
        number(width - 1.0),
        number(height - 1.0),
        hex(look.bar)
    ));
    line("</svg>".to_owned());
    out
}

fn text(run: &TextRun, left: f64, top: f64) -> Option<String> {
    if run.style.marks.contains(Modifier::HIDDEN) {
        return None;
    }
    let (mut words, mut skipped, mut cells) = (run.text.as_str(), 0, run.cells);
    if !run.style.has_line() {
        let blanks = words.len().saturating_sub(words.trim_start_matches(' ').len());
        let end = words.len().saturating_sub(words.trim_end_matches(' ').len());
        words = words.trim_matches(' ');
        skipped = u16::try_from(blanks).unwrap_or(0);
        cells = cells.saturating_sub(skipped).saturating_sub(u16::try_from(end).unwrap_or(0));
    }
    if words.is_empty() {
        return None;
    }
    Some(format!(
        "<text xml:space=\"preserve\" x=\"{}\" y=\"{}\" textLength=\"{}\"{}>{}</text>",
        number(f64::from(skipped) * CELL_WIDTH + left),
        number(top + BASELINE),
        number(f64::from(cells) * CELL_WIDTH),
        run.style.attributes(),
        escape(words)
    ))
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style as Ink;

    use super::*;

    fn draw(words: &[(&str, Ink)]) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        let mut column = 0;
        for (text, ink) in words {
            buffer.set_string(column, 0, text, *ink);
            column += u16::try_from(text.width()).unwrap();
        }
        svg(&buffer, "a <title>", &PictureStyle::DARK)
    }

    fn texts(svg: &str) -> Vec<&str> {
        svg.lines().filter(|line| line.starts_with("<text xml")).collect()
    }

    #[test]
    fn equal_styles_are_one_text_of_their_exact_length() {
        let svg = draw(&[("ab", Ink::new()), ("cd", Ink::new().fg(Color::Red))]);
        assert_eq!(
            texts(&svg),
            [
                "<text xml:space=\"preserve\" x=\"10\" y=\"48.4\" textLength=\"16.86\" fill=\"#d6dbe3\">ab</text>",
                "<text xml:space=\"preserve\" x=\"26.86\" y=\"48.4\" textLength=\"16.86\" fill=\"#f07178\">cd</text>",
            ]
        );
        assert!(svg.contains("<title>a &lt;title&gt;</title>"));
    }

    #[test]
    fn reverse_takes_the_default_colours_too_and_dim_is_nearer_to_the_ground() {
        let svg = draw(&[("x", Ink::new().add_modifier(Modifier::REVERSED))]);
        assert!(svg.contains("height=\"16.3\" fill=\"#d6dbe3\"/>"), "{svg}");
        assert!(texts(&svg)[0].contains("fill=\"#14181f\""));
        let svg = draw(&[("x", Ink::new().add_modifier(Modifier::DIM))]);
        assert!(texts(&svg)[0].contains(&format!(
            "fill=\"{}\"",
            hex(dimmed(PictureStyle::DARK.text, PictureStyle::DARK.ground))
        )));
    }

    #[test]
    fn bold_italic_and_underline_are_said() {
        let all = Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED;
        let svg = draw(&[("x y", Ink::new().add_modifier(all))]);
        let text = texts(&svg)[0];
        for word in ["bold", "italic", "underline"] {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_wide_character_takes_two_cells_and_moves_nothing() {
        let svg = draw(&[("a漢b", Ink::new())]);
        let lengths: Vec<&str> = texts(&svg)
            .iter()
            .map(|text| text.split("textLength=\"").nth(1).unwrap().split('"').next().unwrap())
            .collect();
        assert_eq!(lengths, ["8.43", "16.86", "8.43"]);
        assert!(texts(&svg)[2].contains("x=\"35.29\""), "{}", texts(&svg)[2]);
    }

    #[test]
    fn what_has_a_meaning_in_xml_is_escaped() {
        let svg = draw(&[("<&>\"", Ink::new())]);
        assert!(texts(&svg)[0].ends_with(">&lt;&amp;&gt;&quot;</text>"), "{svg}");
    }

    #[test]
    fn the_256_colours_are_those_of_every_terminal() {
        assert_eq!(PictureStyle::DARK.indexed(16), (0, 0, 0));
        assert_eq!(PictureStyle::DARK.indexed(196), (255, 0, 0));
        assert_eq!(PictureStyle::DARK.indexed(67), (95, 135, 175));
        assert_eq!(PictureStyle::DARK.indexed(232), (8, 8, 8));
        assert_eq!(PictureStyle::DARK.indexed(255), (238, 238, 238));
        assert_eq!(PictureStyle::LIGHT.indexed(1), PictureStyle::LIGHT.ansi[1]);
    }
}
