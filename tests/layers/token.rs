//! Words of Rust: what is left of a source when comments, strings and spaces are told from code.

/// A word of a source, where it stands, and whether only tests see it.
#[derive(Debug, Clone)]
pub struct Token {
    pub word: Word,
    pub line: usize,
    pub test: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Name(String),
    /// `::`, the only sign of more than one character that matters here.
    Colons,
    Sign(char),
    /// What stands between the quotes, escapes as they are written.
    Text(String),
    /// A number, a character or a lifetime: never part of a path.
    Other,
    /// One line of documentation, and whether it belongs to what is around it (`//!`).
    Doc(String, bool),
}

impl Token {
    pub fn name(&self) -> Option<&str> {
        match &self.word {
            Word::Name(name) => Some(name),
            _ => None,
        }
    }

    pub fn is(&self, sign: char) -> bool {
        self.word == Word::Sign(sign)
    }

    pub fn named(&self, name: &str) -> bool {
        self.name() == Some(name)
    }
}

/// The words of a source; what stands behind `cfg(test)` is marked.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Reader { chars: text.chars().collect(), at: 0, line: 1, found: Vec::new() }.read();
    mark_tests(&mut found);
    found
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    found: Vec<Token>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn next(&mut self) -> char {
        let char = self.peek(0);
        self.at += 1;
        self.line += usize::from(char == '\n');
        char
    }

    fn done(&self) -> bool {
        self.at >= self.chars.len()
    }

    fn push(&mut self, line: usize, word: Word) {
        self.found.push(Token { word, line, test: false });
    }

    fn read(mut self) -> Vec<Token> {
        while !self.done() {
            let line = self.line;
            match (self.peek(0), self.peek(1)) {
                (char, _) if char.is_whitespace() => {
                    self.next();
                }
                ('/', '/') => self.line_comment(),
                ('/', '*') => self.block_comment(),
                (':', ':') => {
                    self.at += 2;
                    self.push(line, Word::Colons);
                }
                ('"', _) => self.string(),
                ('\'', _) => self.quote(),
                (char, _) if char.is_ascii_digit() => self.number(),
                (char, _) if char.is_alphabetic() || char == '_' => self.name(),
                (char, _) => {
                    self.next();
                    self.push(line, Word::Sign(char));
                }
            }
        }
        self.found
    }

    fn line_comment(&mut self) {
        let mut text = String::new();
        let line = self.line;
        while !self.done() && self.peek(0) != '\n' {
            text.push(self.next());
        }
        if let Some(inner) = text.strip_prefix("//!") {
            self.push(line, Word::Doc(inner.to_owned(), true));
        } else if let Some(outer) = text.strip_prefix("///").filter(|rest| !rest.starts_with('/')) {
            self.push(line, Word::Doc(outer.to_owned(), false));
        }
    }

    fn block_comment(&mut self) {
        let (mut depth, mut text, line) = (0_usize, String::new(), self.line);
        while !self.done() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    text.push(self.next());
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                break;
            }
        }
        if text.len() > 1 && text.starts_with(['*', '!']) && !text.starts_with("**") {
            let inner = text.starts_with('!');
            self.push(line, Word::Doc(text.split_off(1), inner));
        }
    }

    fn string(&mut self) {
        let (mut text, line) = (String::new(), self.line);
        self.next();
        while !self.done() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                text.push(self.next());
            }
            text.push(self.next());
        }
        self.next();
        self.push(line, Word::Text(text));
    }

    /// Behind `r`: as many `#` as it began with end it.
    fn raw_string(&mut self) {
        let (mut text, line, mut signs) = (String::new(), self.line, 0);
        while self.peek(0) == '#' {
            self.next();
            signs += 1;
        }
        self.next();
        while !self.done() {
            if self.peek(0) == '"' && (1..=signs).all(|ahead| self.peek(ahead) == '#') {
                self.at += 1 + signs;
                break;
            }
            text.push(self.next());
        }
        self.push(line, Word::Text(text));
    }

    /// A character or a lifetime.
    fn quote(&mut self) {
        let line = self.line;
        self.next();
        if self.peek(0) == '\\' {
            self.next();
            self.next();
            while !self.done() && self.peek(0) != '\'' {
                self.next();
            }
            self.next();
        } else if self.peek(1) == '\'' {
            self.next();
            self.next();
        } else {
            while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
                self.next();
            }
        }
        self.push(line, Word::Other);
    }

    fn number(&mut self) {
        let line = self.line;
        while self.peek(0).is_alphanumeric()
            || self.peek(0) == '_'
            || self.peek(0) == '.' && self.peek(1).is_ascii_digit()
        {
            self.next();
        }
        self.push(line, Word::Other);
    }

    fn name(&mut self) {
        let (mut name, line) = (String::new(), self.line);
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            name.push(self.next());
        }
        match (name.as_str(), self.peek(0), self.peek(1)) {
            ("r" | "br" | "cr", '"', _) | ("r" | "br" | "cr", '#', '"' | '#') => self.raw_string(),
            ("b" | "c", '"', _) => self.string(),
            ("b", '\'', _) => self.quote(),
            ("r", '#', _) => {
                self.next();
                self.name();
            }
            _ => self.push(line, Word::Name(name)),
        }
    }
}

/// Past the bracket that closes the one at `open`.
pub fn past_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.word {
            Word::Sign('(' | '[' | '{') => depth += 1,
            Word::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Past the attributes, documentation and `pub(..)` that begin at `at`.
pub fn past_attributes(tokens: &[Token], mut at: usize) -> usize {
    loop {
        let Some(token) = tokens.get(at) else { return at };
        let next = tokens.get(at + 1);
        if token.is('#') && next.is_some_and(|next| next.is('[')) {
            at = past_group(tokens, at + 1);
        } else if token.is('#') && next.is_some_and(|next| next.is('!')) {
            at = past_group(tokens, at + 2);
        } else if matches!(token.word, Word::Doc(..)) {
            at += 1;
        } else if token.named("pub") {
            at = if next.is_some_and(|next| next.is('(')) { past_group(tokens, at + 1) } else { at + 1 };
        } else {
            return at;
        }
    }
}

const ITEMS: [&str; 15] = [
    "use",
    "mod",
    "struct",
    "enum",
    "union",
    "trait",
    "impl",
    "fn",
    "const",
    "static",
    "type",
    "unsafe",
    "async",
    "extern",
    "macro_rules",
];

/// Past the item, field, arm or statement that begins at `at`, behind its attributes.
pub fn past_item(tokens: &[Token], at: usize) -> usize {
    let word = tokens.get(at).and_then(Token::name).unwrap_or_default();
    let function = tokens.iter().skip(at + 1).take(3).any(|token| token.named("fn"));
    let to_semicolon = ["use", "static", "type", "let"].contains(&word) || word == "const" && !function;
    let item = ITEMS.contains(&word);
    let mut end = at;
    while let Some(token) = tokens.get(end) {
        match token.word {
            Word::Sign('{') if !to_semicolon => return past_group(tokens, end),
            Word::Sign('(' | '[' | '{') => {
                end = past_group(tokens, end);
            }
            Word::Sign(')' | ']' | '}') => return end,
            Word::Sign(';') => return end + 1,
            Word::Sign(',') if !item => return end + 1,
            _ => end += 1,
        }
    }
    end
}

/// Whether `#[cfg(test)]` or `#[cfg(all(test, ..))]` begins here.
fn only_for_tests(tokens: &[Token]) -> bool {
    let names: Vec<&str> = tokens.iter().take(8).filter_map(Token::name).collect();
    let begins = tokens.first().is_some_and(|token| token.is('#'))
        && tokens.get(2).is_some_and(|token| token.named("cfg"));
    begins && matches!(names.as_slice(), ["cfg", "test", ..] | ["cfg", "all", "test", ..])
}

fn mark_tests(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        if only_for_tests(tokens.get(at..).unwrap_or_default()) {
            let end = past_item(tokens, past_attributes(tokens, at));
            for token in tokens.get_mut(at..end).unwrap_or_default() {
                token.test = true;
            }
            at = end.max(at + 1);
        } else {
            at += 1;
        }
    }
}
