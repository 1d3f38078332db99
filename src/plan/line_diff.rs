//! The difference of two texts, line by line. Texts come from elsewhere and may be made to be compared for long: after a
//! while a coarser difference, which is a right one too, has to do.

use std::time::Duration;

use similar::TextDiff;

/// So long the smallest difference is looked for.
const PATIENCE: Duration = Duration::from_millis(200);

/// Compares two texts.
pub fn lines<'a>(old: &'a str, new: &'a str) -> TextDiff<'a, 'a, 'a, str> {
    TextDiff::configure().timeout(PATIENCE).diff_lines(old, new)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_text_that_is_made_to_be_compared_for_long_is_compared_within_its_time() {
        let old: String = (0..130_000).map(|n| if n % 3 == 0 { "a\n" } else { "b\n" }).collect();
        let new: String = (0..130_000).map(|n| if n % 2 == 0 { "b\n" } else { "c\n" }).collect();
        let begun = Instant::now();
        let diff = lines(&old, &new);
        let inserted = diff.iter_all_changes().filter(|change| change.tag() == similar::ChangeTag::Insert);
        assert!(inserted.count() > 0);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
