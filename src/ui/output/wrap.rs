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

/// A line in as many as it takes, each as far in as the first, and no further than half of the width.
pub fn indented(line: &str, width: usize) -> Vec<String> {
    let text = line.trim_start_matches(' ');
    let indent = " ".repeat(line.len().saturating_sub(text.len()).min(width / 2));
    wrap(text, width.saturating_sub(indent.len())).into_iter().map(|part| format!("{indent}{part}")).collect()
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
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn wraps_at_spaces_and_breaks_what_is_too_long() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), Vec::<String>::new());
        assert_eq!(wrap("  a\n\nb", 3), ["a", "", "b"]);
        assert_eq!(hanging("* one two three", 9, "  "), ["* one two", "  three"]);
    }

    /// What both ways of wrapping keep: nothing is lost, no line is wider than it may be, and the first word of a
    /// line did not fit on the line before.
    fn well_wrapped(words: &str, lines: &[String], width: usize, hang: usize) -> Result<(), TestCaseError> {
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(letters(&lines.concat()), letters(words));
        prop_assert!(lines.iter().all(|line| line.width() <= width));
        for pair in lines.windows(2) {
            let next = pair[1].split_whitespace().next().unwrap_or_default();
            let whole = words.split_whitespace().any(|word| word == next);
            let long = next.width() > width - hang;
            prop_assert!(!whole || long || pair[0].width() + 1 + next.width() > width, "{lines:?}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn lines_are_full_and_nothing_is_lost(
            text in "([a-z日本é.·-]{1,9} ){0,12}[a-z日本é.·-]{0,14}",
            width in 2_usize..24,
        ) {
            well_wrapped(&text, &wrap(&text, width), width, 0)?;
        }

        #[test]
        fn paragraphs_are_full_and_items_hang(
            text in "(\\* )?([a-zé.-]{1,9}[ \n]{1,2}){0,12}[a-zé.-]{0,14}",
            width in 6_usize..40,
        ) {
            let hang = if text.starts_with("* ") { "  " } else { "" };
            let lines = hanging(&text, width, hang);
            well_wrapped(&text, &lines, width, hang.len())?;
            prop_assert!(lines.iter().skip(1).all(|line| line.starts_with(hang)));
        }
    }
}
