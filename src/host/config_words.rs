//! A line of ssh_config in words, and the patterns in it: of hosts, of files, of what `ssh -G` fills in.

use std::path::{Path, PathBuf};

/// The words of a line as OpenSSH parts them: a keyword, `=` or blanks, quoted or plain values, a backslash before a
/// quote, a blank or another one, and a remark behind a blank.
pub(super) fn words(line: &str) -> Vec<String> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let (mut all, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let plain = quote.is_none();
        match c {
            '\\' => {
                let next = chars.next_if(|c| matches!(c, '"' | '\'' | '\\') || (plain && *c == ' '));
                word.push(next.unwrap_or(c));
            }
            '"' | '\'' if plain => (quote, any) = (Some(c), true),
            c if quote == Some(c) => quote = None,
            '#' if plain && word.is_empty() && !any => break,
            c if plain
                && (c.is_whitespace()
                    || (c == '=' && all.len() < 2 && (all.is_empty() || word.is_empty()))) =>
            {
                if any || !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => word.push(c),
        }
    }
    if any || !word.is_empty() {
        all.push(word);
    }
    all
}

/// The files of one `Include`: `*`, `?` and `[...]` in any part of a path.
pub(super) fn included(pattern: &str, folder: &Path, home: &Path) -> Vec<PathBuf> {
    let path = match pattern.strip_prefix("~/") {
        Some(below) => home.join(below),
        None => folder.join(pattern),
    };
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let part = part.as_os_str().to_string_lossy().into_owned();
        if !part.contains(['*', '?', '[']) {
            for path in &mut found {
                path.push(&part);
            }
            continue;
        }
        let wanted =
            |name: &str| (!name.starts_with('.') || part.starts_with('.')) && fits(&part, name, true);
        let inside = |folder: &PathBuf| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut all: Vec<PathBuf> = entries
                .filter(|entry| wanted(&entry.file_name().to_string_lossy()))
                .map(|entry| entry.path())
                .collect();
            all.sort();
            all
        };
        found = found.iter().flat_map(inside).collect();
    }
    found
}

/// Whether `ssh -G` may have printed these names so: it fills in what stands for something else.
pub(super) fn may_print(names: &[String], printed: &str) -> bool {
    let mut pattern = String::new();
    for name in names {
        let name = match name.strip_prefix("~/") {
            Some(below) => format!("*/{below}"),
            None => name.clone(),
        };
        let mut chars = name.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '%' => {
                    chars.next();
                    pattern.push('*');
                }
                '$' if chars.next_if_eq(&'{').is_some() => {
                    chars.by_ref().take_while(|c| *c != '}').for_each(drop);
                    pattern.push('*');
                }
                c => pattern.push(c),
            }
        }
        pattern.push(' ');
    }
    let pattern = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
    fits(&pattern, printed, false)
}

/// Whether a name fits a pattern of `*` and `?`, and of `[...]` where files are meant.
pub(super) fn fits(pattern: &str, name: &str, files: bool) -> bool {
    let rest = |text: &'_ str, c: char| text.get(c.len_utf8()..).unwrap_or_default().to_owned();
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            let after = pattern.trim_start_matches('*');
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.any(|at| fits(after, name.get(at..).unwrap_or_default(), files))
        }
        (Some('?'), Some(c)) => fits(&rest(pattern, '?'), &rest(name, c), files),
        (Some('['), Some(c)) if files && pattern.get(2..).is_some_and(|rest| rest.contains(']')) => {
            let (set, after) = pattern.get(1..).and_then(|rest| one_of(rest, c)).unwrap_or_default();
            set && fits(after, &rest(name, c), files)
        }
        (Some(one), Some(other)) if one == other => fits(&rest(pattern, one), &rest(name, other), files),
        _ => false,
    }
}

/// Whether a character is in `a-z!...]`, and what stands behind the bracket.
fn one_of(text: &str, c: char) -> Option<(bool, &str)> {
    let (not, text) = text.strip_prefix(['!', '^']).map_or((false, text), |rest| (true, rest));
    // A bracket right at the beginning is one of them.
    let end = text.char_indices().skip(1).find(|(_, c)| *c == ']')?.0;
    let all: Vec<char> = text.get(..end)?.chars().collect();
    let (mut at, mut is) = (0, false);
    while let Some(one) = all.get(at) {
        if let (Some('-'), Some(last)) = (all.get(at + 1), all.get(at + 2)) {
            is |= (*one..=*last).contains(&c);
            at += 3;
        } else {
            is |= *one == c;
            at += 1;
        }
    }
    Some((is != not, text.get(end + 1..)?))
}
