//! Text from another machine, made safe for one line on a screen. It changes looks only and must not
//! be used on text that is compared, hashed or sent back.

/// Removes escape sequences, control and direction characters; tabs and line ends become blanks.
pub fn line(text: &str) -> String {
    let plain = strip_ansi_escapes::strip_str(text.replace(['\n', '\r', '\t'], " "));
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars().filter(|c| !c.is_control() && !turns_direction(*c)) {
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

/// As [`line()`], cut to `most` characters with a mark at the end.
pub fn short(text: &str, most: usize) -> String {
    let text = line(text);
    if text.chars().count() <= most {
        return text;
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Characters that change the direction or are invisible: a name could show as another one.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{line, short};

    #[test]
    fn takes_out_escapes_and_keeps_words() {
        assert_eq!(line("\u{1b}[31mred\u{1b}[0m\tand\r\n  \u{7}blue\u{202e}"), "red and blue");
    }

    #[test]
    fn cuts_by_characters() {
        assert_eq!(short("ääää", 3), "ää…");
        assert_eq!(short("äää", 3), "äää");
    }
}
