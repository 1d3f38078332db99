//! Words in lines of so many cells, for every face and for texts that are printed.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

fn options(width: usize) -> Options<'static> {
    Options::new(width.max(1))
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(true)
}

/// A text in lines of at most so many cells, broken at spaces where there are some. Spaces at the ends of a line
/// are left out.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let options = options(width);
    text.lines()
        .flat_map(|part| textwrap::wrap(part.trim_start_matches(' '), &options))
        .map(std::borrow::Cow::into_owned)
        .collect()
}

/// One paragraph in lines of at most so many cells; from the second on they begin with `hang`.
pub fn hanging(text: &str, width: usize, hang: &str) -> Vec<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return Vec::new();
    }
    textwrap::wrap(&words, options(width).subsequent_indent(hang))
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

    use super::*;

    #[test]
    fn wraps_at_spaces_and_breaks_what_is_too_long() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), Vec::<String>::new());
        assert_eq!(wrap("  a\n\nb", 3), ["a", "", "b"]);
        assert_eq!(hanging("* one two three", 9, "  "), ["* one two", "  three"]);
    }

    /// The word wrap that stood here before.
    fn old(text: &str, width: usize) -> Vec<String> {
        let width = width.max(1);
        let mut lines = Vec::new();
        for part in text.lines() {
            let mut line = String::new();
            let mut used = 0;
            for word in part.split(' ') {
                let length = word.width();
                if used > 0 && used + 1 + length > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                if used > 0 {
                    line.push(' ');
                    used += 1;
                }
                for c in word.chars() {
                    let cells = c.width().unwrap_or(0);
                    if used + cells > width {
                        lines.push(std::mem::take(&mut line));
                        used = 0;
                    }
                    line.push(c);
                    used += cells;
                }
            }
            lines.push(line);
        }
        lines
    }

    /// The paragraphs of the explain pane as they flowed before.
    fn old_flow(text: &str, width: usize, hang: &str) -> Vec<String> {
        let mut out = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let mut word = word.to_owned();
            let fits = |line: &str, word: &str| line.width().saturating_add(word.width()) < width;
            if !line.trim().is_empty() && !fits(&line, &word) {
                out.push(std::mem::replace(&mut line, hang.to_owned()));
            }
            while line.width().saturating_add(word.width()) > width && width > hang.len() {
                let mut room = width.saturating_sub(line.width());
                let mut head = String::new();
                for c in word.chars() {
                    let wide = c.width().unwrap_or(0);
                    if wide > room && !head.is_empty() {
                        break;
                    }
                    room = room.saturating_sub(wide);
                    head.push(c);
                }
                if head.len() >= word.len() {
                    break;
                }
                word = word.split_off(head.len());
                line.push_str(&head);
                out.push(std::mem::replace(&mut line, hang.to_owned()));
            }
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        if !line.trim().is_empty() {
            out.push(line);
        }
        out
    }

    proptest! {
        #[test]
        fn lines_are_as_they_were(text in "([a-z日本é.·-]{1,9}[ ]{1}){0,12}[a-z日本é.·-]{0,14}(\n[a-z 日]{0,9})?", width in 2_usize..24) {
            let trimmed = |lines: Vec<String>| -> Vec<String> {
                lines.into_iter().map(|line| line.trim_end_matches(' ').to_owned()).collect()
            };
            let text = text.trim_end_matches(' ').replace(" \n", "\n");
            prop_assert_eq!(wrap(&text, width), trimmed(old(&text, width)));
        }

        #[test]
        fn paragraphs_are_as_they_were(text in "(\\* )?([a-zé.-]{1,9}[ \n]{1,2}){0,12}[a-zé.-]{0,9}", width in 11_usize..40) {
            let hang = if text.starts_with("* ") { "  " } else { "" };
            prop_assert_eq!(hanging(&text, width, hang), old_flow(&text, width, hang));
        }
    }
}
