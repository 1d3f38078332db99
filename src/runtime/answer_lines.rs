//! The lines that answer one question: a key and a value each.

/// Keys and values, in the order they came.
pub type AnswerLines = [(String, String)];

/// All values of a key.
pub fn all<'a>(lines: &'a AnswerLines, key: &'a str) -> impl Iterator<Item = &'a str> {
    lines.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// The first value of a key.
pub fn first<'a>(lines: &'a AnswerLines, key: &'a str) -> Option<&'a str> {
    all(lines, key).next()
}

/// Whether a key came.
pub fn has(lines: &AnswerLines, key: &str) -> bool {
    lines.iter().any(|(name, _)| name == key)
}

/// Of each row that df printed, in the order of the paths it was asked for, what is free there, MiB.
pub fn free_mib(lines: &AnswerLines) -> Vec<Option<u64>> {
    let row = |line: &str| line.split_whitespace().nth(3)?.parse::<u64>().ok().map(|kib| kib / 1024);
    all(lines, "df").filter(|line| !line.starts_with("Filesystem")).map(row).collect()
}
