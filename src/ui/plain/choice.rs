//! Some rows of a numbered list, as a line says them: `1,3-4`, `all`.

/// The rows, from 0; nothing where a word is no number of the list.
pub(super) fn rows(line: &str, count: usize) -> Option<Vec<usize>> {
    if line.trim().eq_ignore_ascii_case("all") {
        return Some((0..count).collect());
    }
    let number = |text: &str| {
        let number = text.parse::<usize>().ok().filter(|number| (1..=count).contains(number))?;
        Some(number.saturating_sub(1))
    };
    let mut all = Vec::new();
    for word in line.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return None;
        }
        all.extend((first..=last).filter(|row| !all.contains(row)).collect::<Vec<_>>());
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn numbers_ranges_and_all_are_rows_of_the_list() {
        assert_eq!(rows("", 3), Some(vec![]));
        assert_eq!(rows("2", 3), Some(vec![1]));
        assert_eq!(rows("1, 3", 3), Some(vec![0, 2]));
        assert_eq!(rows("1-3", 3), Some(vec![0, 1, 2]));
        assert_eq!(rows("2-3,1-2", 3), Some(vec![1, 2, 0]));
        assert_eq!(rows("all", 2), Some(vec![0, 1]));
        for wrong in ["0", "4", "1-4", "3-1", "x", "1-", "-"] {
            assert_eq!(rows(wrong, 3), None, "{wrong}");
        }
    }
}
