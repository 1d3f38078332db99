//! Text from elsewhere (another machine, a file, a program) made safe for a screen: it cannot move the
//! cursor, change a title, colour anything, turn its direction or hide a part of itself. What is shown
//! changes, so nothing cleaned may be compared, hashed or sent back.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// A line is not longer, in columns.
const LONGEST: usize = 2000;

/// Characters that move the cursor, turn the direction of a text or are not seen: with them a text could
/// look like another one.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Text as it may go to a terminal whatever it came from: what moves the cursor or is not seen stands there as JSON
/// writes it (`\u001b`), so a line of JSON stays the same line of JSON. Line ends and tabs stay.
pub fn shown(text: &str) -> Cow<'_, str> {
    let raw = |c: char| is_invisible(c) && c != '\n' && c != '\t';
    if !text.chars().any(raw) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(64));
    for c in text.chars() {
        if raw(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A line as it is kept: as [`line()`], but tabs stay and it has no end. What a host answers passes here once, at the
/// door, whatever becomes of it.
pub fn kept(text: &str) -> Cow<'_, str> {
    let raw = |c: char| is_invisible(c) && c != '\t';
    if !text.chars().any(raw) {
        return Cow::Borrowed(text);
    }
    let text = text.trim_end_matches(['\r', '\n']);
    let text = text.rsplit('\r').next().unwrap_or(text);
    let fields = text.split('\t').map(|field| {
        let plain = strip_ansi_escapes::strip_str(with_long_escapes(field));
        plain.chars().filter(|c| !is_invisible(*c)).collect::<String>()
    });
    Cow::Owned(fields.collect::<Vec<_>>().join("\t"))
}

/// One line of output as a terminal would have shown it in the end: escapes and invisible characters out,
/// a tab is a blank, what was written over after a carriage return does not count, at most 2000 columns.
/// Blanks stay, so columns and indents do.
pub fn line(text: &str) -> String {
    let text = text.trim_end_matches(['\r', '\n']);
    visible(text.rsplit('\r').next().unwrap_or(text))
}

/// Words on one line, for a sentence: as [`line()`], but line ends are blanks too, several blanks are one
/// and none stands at the ends.
pub fn words(text: &str) -> String {
    let text = visible(&text.replace(['\n', '\r'], " "));
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// As [`words()`], cut to so many columns with a mark at the end.
pub fn short(text: &str, most: usize) -> String {
    let text = words(text);
    if text.chars().map(columns).sum::<usize>() <= most {
        return text;
    }
    let mut cut = within(text.chars(), most.saturating_sub(1));
    cut.push('…');
    cut
}

fn visible(text: &str) -> String {
    if !text.chars().any(is_invisible) {
        // No character has more columns than bytes.
        return if text.len() <= LONGEST { text.to_owned() } else { within(text.chars(), LONGEST) };
    }
    let text = text.replace('\t', " ");
    let plain = strip_ansi_escapes::strip_str(with_long_escapes(&text));
    within(plain.chars().filter(|c| !is_invisible(*c)), LONGEST)
}

/// A terminal takes each control character of C1 for its longer form, `ESC` and a letter.
fn with_long_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(c) {
            Ok(byte @ 0x80..=0x9f) => out.extend(['\u{1b}', char::from(byte - 0x40)]),
            Ok(_) | Err(_) => out.push(c),
        }
    }
    out
}

/// Marks over a letter count as well: a heap of them is long, though it is not wide.
fn columns(c: char) -> usize {
    c.width().unwrap_or(0).max(1)
}

fn within(text: impl Iterator<Item = char>, most: usize) -> String {
    let mut left = most;
    let fits = |c: &char| {
        let rest = left.checked_sub(columns(*c));
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    text.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LONGEST, columns, is_invisible, kept, line, short, shown, words};

    /// What was said, as a line and as words.
    const SAID: &[(&str, &str, &str)] = &[
        ("\u{1b}]0;title\u{7}\u{1b}[31mred\u{1b}[0m\tx\u{8}", "red x", "red x"),
        ("\u{1b}[31mred\u{1b}[0m\tand\r\n  \u{7}blue\u{202e}", "  blue", "red and blue"),
        ("10%\r50%\r100% done\r", "100% done", "10% 50% 100% done"),
        ("a\u{202e}b", "ab", "ab"),
        ("\u{1b}]52;c;aGk=\u{1b}\\b", "b", "b"),
        ("\u{1b}[2J\u{1b}[H\u{9b}5;5Hc", "c", "c"),
        ("\u{9d}0;title\u{9c}a\u{85}b", "ab", "ab"),
        ("\u{90}1;2q\u{9c}a\u{98}b\u{9c}c", "ac", "ac"),
        ("\u{1b}", "", ""),
        ("\u{1b}]0;never ends", "", ""),
        ("  a   b\t\tc  ", "  a   b  c  ", "a b c"),
        ("plain ✓ ü 名", "plain ✓ ü 名", "plain ✓ ü 名"),
        ("first\nsecond\n", "firstsecond", "first second"),
        ("\u{2068}paypal\u{2069}.\u{61c}com\u{feff}", "paypal.com", "paypal.com"),
    ];

    #[test]
    fn escapes_controls_and_progress_are_removed() {
        for (said, one_line, in_words) in SAID {
            assert_eq!(
                (line(said), words(said)),
                ((*one_line).to_owned(), (*in_words).to_owned()),
                "{said:?}"
            );
        }
    }

    #[test]
    fn no_invisible_character_is_left() {
        let ranges = [
            0..=0x1f_u32,
            0x7f..=0x9f,
            0xad..=0xad,
            0x61c..=0x61c,
            0x180e..=0x180e,
            0x200b..=0x200f,
            0x2028..=0x202e,
            0x2060..=0x206f,
            0xfeff..=0xfeff,
            0xfff9..=0xfffb,
            0xe0000..=0xe007f,
        ];
        for c in ranges.into_iter().flatten().filter_map(char::from_u32) {
            assert!(is_invisible(c), "{c:?}");
            assert!(!line(&format!("a{c}b")).contains(c), "{c:?}");
            assert!(!words(&format!("a{c}b")).contains(c), "{c:?}");
        }
        for c in " aä名\u{301}✓\u{a0}\u{fe0f}🚢".chars() {
            assert!(!is_invisible(c), "{c:?}");
        }
    }

    #[test]
    fn what_is_shown_raw_stands_there_as_json_writes_it() {
        assert_eq!(shown("a\tb\nc ü"), "a\tb\nc ü");
        let evil = "\u{1b}[2J\u{9b}\u{202e}\u{61c}\r\u{e0041}";
        assert_eq!(shown(evil), r"\u001b[2J\u009b\u202e\u061c\u000d\udb40\udc41");
        let json = serde_json::to_string(evil).unwrap();
        assert_eq!(serde_json::from_str::<String>(&shown(&json)).unwrap(), evil);
    }

    #[test]
    fn what_is_kept_has_its_tabs_and_nothing_that_acts() {
        assert_eq!(kept("a\tb  c"), "a\tb  c");
        assert_eq!(kept("\u{1b}[31ma\u{1b}[0m\tb\u{202e}\u{61c}\tc\r"), "a\tb\tc");
        assert_eq!(kept("10%\r100%\tdone"), "100%\tdone");
        assert_eq!(kept("\u{1b}]0;t\u{7}\tb"), "\tb");
        let long = "x".repeat(LONGEST + 9);
        assert_eq!(kept(&long), long);
    }

    #[test]
    fn cuts_by_columns() {
        assert_eq!(short("ääää", 3), "ää…");
        assert_eq!(short("äää", 3), "äää");
        assert_eq!(short("名名", 3), "名…");
        assert_eq!(short("名名", 4), "名名");
        assert_eq!(short("a\u{301}\u{301}b", 3), "a\u{301}…");
        assert_eq!(short("ab", 0), "…");
    }

    #[test]
    fn a_line_has_an_end() {
        assert_eq!(line(&"x".repeat(LONGEST + 1)), "x".repeat(LONGEST));
        assert_eq!(line(&"名".repeat(LONGEST)), "名".repeat(LONGEST / 2));
        assert_eq!(words(&"a\u{301}".repeat(LONGEST)).chars().count(), LONGEST);
    }

    fn any_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[a-z \t\r\n]{0,8}",
            prop::sample::select(vec![
                "\u{1b}[", "\u{1b}]", "\u{9b}", "\u{9d}", "\u{1b}\\", "\u{7}", "\u{202e}", "名"
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_clean_is_visible_and_stays_as_it_is(text in any_text(), most in 1_usize..60) {
            for clean in [line(&text), words(&text), short(&text, most)] {
                prop_assert!(!clean.chars().any(is_invisible), "{:?}", clean);
                prop_assert_eq!(line(&clean), clean.clone());
            }
            prop_assert_eq!(words(&words(&text)), words(&text));
            prop_assert!(short(&text, most).chars().map(columns).sum::<usize>() <= most);
        }
    }
}
