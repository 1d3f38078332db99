//! Texts measured in cells: cut, filled, counted.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A count with its word: `1 place`, `2 places`.
pub fn some(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A text cut to a width, with a sign that there is more.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    if width == 0 { String::new() } else { out }
}

/// A text filled with spaces or cut to exactly so many cells.
pub fn fill(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let more = width.saturating_sub(text.width());
    text + &" ".repeat(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_cells_not_by_letters() {
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(fill("日", 4).width(), 4);
        assert_eq!(cut("abc", 0), "");
    }
}
