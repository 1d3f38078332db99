//! Words that people read: what was found to mean nothing, or something else, to whoever reads it first stands in
//! nothing that is shown. `--json` keeps its own words.

use std::path::Path;

use crate::token::{Word, tokens};

/// What is not said, and what is said instead.
const WORDS: [(&str, &str); 28] = [
    ("aboard", "joined"),
    ("signed for good", "cannot be revoked"),
    ("straight", "all at once"),
    ("guided", "step by step"),
    ("stands still", "stopped"),
    ("stand still", "stop"),
    ("nobody knows whether", "unknown whether this finished"),
    ("nothing was said here", "no output yet"),
    ("tab takes them", "ctrl-d adds them"),
    // Of certificates.
    ("certificate ended", "expired"),
    ("certificates ended", "expired"),
    ("certificate has ended", "expired"),
    ("certificate of it has ended", "expired"),
    ("certificate ends", "expires"),
    ("certificates end", "expire"),
    ("what has ended or ends", "expired"),
    ("ca has ended", "expired"),
    ("ca ends", "expires"),
    ("it ends by itself", "it expires by itself"),
    ("it ends by", "it expires by itself"),
    ("it ends on", "it expires on"),
    ("it ends soon", "it expires soon"),
    ("it ends at another time", "it expires at another time"),
    ("it ends more than a day", "it expires more than a day"),
    ("{name} ended {date}", "{name} expired {date}"),
    ("until it ends", "until it expires"),
    ("which ends on", "which expires on"),
    ("they end with it", "they expire with it"),
];

/// Where one of them is right all the same, and why.
const RIGHT: [(&str, &str); 3] = [
    ("walks worker nodes aboard a kubernetes cluster", "the slogan of the product"),
    ("guided", "as straight"),
    ("straight", "what `--pace` took before is still taken, and shown nowhere"),
];

fn files(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("the folder is part of the sources") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|one| one == ending) {
            let text = std::fs::read_to_string(&path).expect("it is UTF-8");
            found.push((path.display().to_string(), text));
        }
    }
}

/// One line, in small letters.
fn flat(text: &str) -> String {
    text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Everything that is shown, with where it stands: the texts, and what stands between quotes. What the lab says is
/// what kubelets and docker said, and is not ours.
fn shown() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut all, mut sources) = (Vec::new(), Vec::new());
    files(&root.join("assets/explain"), "md", &mut all);
    files(&root.join("src"), "rs", &mut sources);
    all.push(("assets/glossary.md".to_owned(), include_str!("../../assets/glossary.md").to_owned()));
    for (path, text) in sources.iter().filter(|(path, _)| !path.contains("/src/lab/")) {
        // The help of the command line is made of documentation.
        let help = path.ends_with("src/cli.rs");
        for token in tokens(text).into_iter().filter(|token| !token.test) {
            match token.word {
                Word::Text(text) => all.push((format!("{path}:{}", token.line), text)),
                Word::Doc(text, false) if help => all.push((format!("{path}:{}", token.line), text)),
                _ => {}
            }
        }
    }
    all.into_iter().map(|(place, text)| (place, flat(&text))).collect()
}

/// The word as a whole: `straightforward` is another.
fn has(text: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        !letter(text[..at].chars().next_back()) && !letter(text[at + word.len()..].chars().next())
    })
}

fn wrong(text: &str) -> Option<(&'static str, &'static str)> {
    let rest = RIGHT.iter().fold(text.to_owned(), |text, (right, _)| {
        // A word that is right alone is right only where nothing stands beside it.
        if right.contains(' ') {
            text.replace(right, "")
        } else if text == *right {
            String::new()
        } else {
            text
        }
    });
    WORDS.into_iter().find(|(word, _)| has(&rest, word))
}

#[test]
fn what_is_shown_is_said_in_the_words_people_use() {
    let found: Vec<String> = shown()
        .iter()
        .filter_map(|(place, text)| wrong(text).map(|(word, say)| format!("{place}: {word}; say {say}")))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_word_that_nobody_uses_is_found() {
    for bad in ["w1 is aboard", "pace: straight or not", "Guided stops", "its certificate ended at 9"] {
        assert!(wrong(&flat(bad)).is_some(), "{bad}");
    }
    for good in
        ["gangplank walks worker nodes aboard a Kubernetes cluster.", "straight", "a straightforward step"]
    {
        assert_eq!(wrong(&flat(good)), None, "{good}");
    }
}
