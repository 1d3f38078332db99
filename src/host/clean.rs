//! Remote text is cleaned at the door: it cannot move the cursor, change the title or colour anything.

/// A line for a person: escapes and controls out, tabs to a blank, `\r` progress to its last state, at
/// most 2000 characters.
pub fn line(text: &str) -> String {
    let text = text.trim_end_matches(['\r', '\n']);
    let text = text.rsplit('\r').next().unwrap_or(text);
    let bytes = strip_ansi_escapes::strip(text.replace('\t', " "));
    String::from_utf8_lossy(&bytes)
        .chars()
        .filter(|c| {
            !c.is_control()
                && !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .take(2000)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn escapes_controls_and_progress_are_removed() {
        assert_eq!(line("\x1b]0;title\x07\x1b[31mred\x1b[0m\tx\x08"), "red x");
        assert_eq!(line("10%\r50%\r100% done\r"), "100% done");
        assert_eq!(line("a\u{202e}b"), "ab");
    }
}
