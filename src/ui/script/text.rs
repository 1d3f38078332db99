//! Small pieces of shell text: a quoted word, a comment, a here-document.

use crate::plan::clean;

/// Columns of a comment.
pub(super) const WIDTH: usize = 98;

/// One word of shell, whatever is in it.
pub(super) fn quote(text: &str) -> String {
    // A quote inside quotes is hard to read; between double ones it stands for itself.
    if text.contains('\'') && !text.contains(['"', '$', '`', '\\', '!', '\n']) {
        return format!("\"{text}\"");
    }
    shell_words::quote(text).into_owned()
}

/// A name for a file: letters, digits, dots and dashes.
pub(super) fn base(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '-' }).collect()
}

/// Words on lines that start with `#`; what a machine said cannot leave them.
pub(super) fn comment(text: &str) -> String {
    let start = text.len().saturating_sub(text.trim_start().len());
    let indent = " ".repeat(start);
    let mut lines = vec![format!("#{indent}")];
    for word in clean::words(text).split_whitespace() {
        let long = |line: &String| line.chars().count().saturating_add(word.chars().count()) >= WIDTH;
        if lines.last().is_some_and(long) {
            lines.push(format!("#{indent}"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// A word that is no line of the text.
pub(super) fn delimiter(word: &str, text: &str) -> String {
    let mut end = word.to_owned();
    while text.lines().any(|line| line == end) {
        end.push('_');
    }
    end
}

/// A command with a content on its input.
pub(super) fn here_doc(command: &str, rest: &str, bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.ends_with('\n') && !text.contains('\0'));
    if let Some(text) = text {
        let end = delimiter("EOF", text);
        return vec![
            format!("{command} <<'{end}'{rest}"),
            text.strip_suffix('\n').unwrap_or(text).to_owned(),
            end,
        ];
    }
    // A here-document ends with a newline and holds text only.
    let encoded = openssl::base64::encode_block(bytes);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).filter_map(|chunk| std::str::from_utf8(chunk).ok()).collect();
    vec![format!("base64 -d <<'EOF' | {command}{rest}"), lines.join("\n"), "EOF".to_owned()]
}
