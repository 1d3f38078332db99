//! The modules of the sources, what each one defines and names, and where a path leads: imports and re-exports are
//! followed to the file that defines the item.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::token::{Token, Word, past_attributes, past_group, past_item, tokens};

/// A path from the root of the crate, and whether that is the program's crate and not the library's.
pub type Place = (bool, Vec<String>);

/// A source file by its path from the root of the repository.
pub struct Source {
    pub path: String,
    pub lines: usize,
    pub tokens: Vec<Token>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), lines: text.lines().count(), tokens: tokens(text) }
    }
}

#[derive(Default)]
struct Module {
    file: Option<usize>,
    place: Place,
    test: bool,
    items: BTreeSet<String>,
    uses: Vec<(String, Vec<String>)>,
    globs: Vec<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Use,
    /// `pub use`, `pub(crate) use`.
    Reexport,
    /// `use a::*`.
    Glob,
    /// A path of two words or more.
    Path,
    /// One word: of interest only where a re-export brought it in.
    Word,
}

/// A path that a file names.
pub struct Reference {
    pub file: usize,
    pub line: usize,
    pub test: bool,
    pub kind: Kind,
    pub path: Vec<String>,
    module: usize,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The file that defines it, and its name there.
    Item(usize, String),
    Module,
    /// To another crate, by an import of ours.
    Outside,
    /// Below a module of ours, but nothing there has the name.
    Nothing,
}

/// A struct, enum, trait or alias.
pub struct Type {
    pub name: String,
    pub file: usize,
    pub line: usize,
}

#[derive(Default)]
pub struct House {
    pub sources: Vec<Source>,
    pub references: Vec<Reference>,
    pub types: Vec<Type>,
    modules: Vec<Module>,
    places: HashMap<Place, usize>,
    reexports: HashSet<(usize, String)>,
    /// Files that are modules for tests and nothing else.
    hidden: BTreeSet<usize>,
}

impl House {
    pub fn new(sources: Vec<Source>) -> Self {
        let program = sources.iter().find(|source| source.path == "src/main.rs").map(declared);
        let program = program.unwrap_or_default();
        let mut house = Self { sources, ..Self::default() };
        let mut files = Vec::new();
        for file in 0..house.sources.len() {
            if let Some(place) = place(&house.sources[file].path, &program) {
                let module = house.module(&place);
                house.modules[module].file = Some(file);
                files.push((file, module));
            }
        }
        for (file, module) in files {
            let end = house.sources[file].tokens.len();
            house.items(file, module, 0, end);
        }
        let tests: Vec<bool> = (0..house.modules.len()).map(|module| house.only_for_tests(module)).collect();
        for reference in &mut house.references {
            reference.test |= tests[reference.module];
        }
        let files = |test: bool| -> BTreeSet<usize> {
            let modules = house.modules.iter().zip(&tests);
            modules.filter(|(_, only)| **only == test).filter_map(|(module, _)| module.file).collect()
        };
        house.hidden = files(true).difference(&files(false)).copied().collect();
        let hidden = &house.hidden;
        house.types.retain(|item| !hidden.contains(&item.file));
        house
    }

    pub fn only_tests_see(&self, path: &str) -> bool {
        self.hidden.iter().any(|file| self.sources[*file].path == path)
    }

    /// The module of a place, made with all that are above it.
    fn module(&mut self, place: &Place) -> usize {
        if let Some(known) = self.places.get(place) {
            return *known;
        }
        if let Some((_, above)) = place.1.split_last() {
            self.module(&(place.0, above.to_vec()));
        }
        self.modules.push(Module { place: place.clone(), ..Module::default() });
        self.places.insert(place.clone(), self.modules.len() - 1);
        self.modules.len() - 1
    }

    fn only_for_tests(&self, module: usize) -> bool {
        let (program, path) = &self.modules[module].place;
        (0..=path.len()).any(|length| {
            let above = (*program, path.get(..length).unwrap_or_default().to_vec());
            self.places.get(&above).is_some_and(|above| self.modules[*above].test)
        })
    }

    fn items(&mut self, file: usize, module: usize, mut at: usize, end: usize) {
        while at < end {
            let tokens = &self.sources[file].tokens;
            let body = past_attributes(tokens, at);
            if body >= end {
                return;
            }
            let stop = past_item(tokens, body).clamp(body + 1, end);
            let attributes = tokens.get(at..body).unwrap_or_default();
            let public = attributes.iter().any(|token| token.named("pub"));
            let moved = attributes.iter().position(|token| token.named("path"));
            let moved = moved.and_then(|at| attributes.get(at + 2)).and_then(|token| match &token.word {
                Word::Text(text) => Some(text.clone()),
                _ => None,
            });
            let test = tokens[body].test;
            let (keyword, name) = keyword(tokens, body);
            match keyword.as_str() {
                "use" => self.import(file, module, body, stop, public),
                "mod" => {
                    let opens = tokens.get(body + 2).is_some_and(|token| token.is('{'));
                    let mut place = self.modules[module].place.clone();
                    place.1.push(name);
                    let child = match moved.and_then(|moved| self.file_beside(file, &moved)) {
                        Some(module) => {
                            self.modules[module].place = place.clone();
                            self.places.insert(place, module);
                            module
                        }
                        None => self.module(&place),
                    };
                    self.modules[child].test |= test;
                    if opens {
                        self.modules[child].file = Some(file);
                        self.items(file, child, body + 3, stop - 1);
                    }
                }
                _ => {
                    if ["struct", "enum", "union", "trait", "type"].contains(&keyword.as_str()) && !test {
                        let line = tokens[body].line;
                        self.types.push(Type { name: name.clone(), file, line });
                    }
                    if !name.is_empty() {
                        self.modules[module].items.insert(name);
                    }
                    if keyword == "macro_rules" {
                        self.made(file, module, body + 1, stop);
                    }
                    self.body(file, module, at, stop, body);
                }
            }
            at = stop;
        }
    }

    /// The types that a macro makes by a name of its own are items of the module it stands in.
    fn made(&mut self, file: usize, module: usize, from: usize, to: usize) {
        let tokens = &self.sources[file].tokens;
        let types =
            (from..to).filter(|at| ["struct", "enum"].iter().any(|keyword| tokens[*at].named(keyword)));
        let names = types.filter_map(|at| tokens.get(at + 1)?.name());
        self.modules[module].items.extend(names.map(ToOwned::to_owned));
    }

    /// The module of a file that `#[path]` names.
    fn file_beside(&self, file: usize, name: &str) -> Option<usize> {
        let folder = self.sources[file].path.rsplit_once('/')?.0;
        let path = format!("{folder}/{name}");
        self.modules.iter().position(|module| module.file.is_some_and(|file| self.sources[file].path == path))
    }

    fn refer(
        &mut self,
        module: usize,
        (file, line, test): (usize, usize, bool),
        kind: Kind,
        path: Vec<String>,
    ) {
        self.references.push(Reference { file, line, test, kind, path, module });
    }

    /// What the words of an item name. `item` is where it begins behind its attributes.
    fn body(&mut self, file: usize, module: usize, from: usize, to: usize, item: usize) {
        let mut at = from;
        while at < to {
            let tokens = &self.sources[file].tokens;
            let token = &tokens[at];
            let here = (file, token.line, token.test);
            let next = tokens.get(at + 1);
            let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
            if let Word::Text(text) = &token.word
                && before(1).is_some_and(|token| token.is('='))
                && before(2)
                    .and_then(Token::name)
                    .is_some_and(|name| name == "default" || name.ends_with("with"))
            {
                let path: Vec<String> = text.split("::").map(str::to_owned).collect();
                self.refer(module, here, Kind::Path, path);
                at += 1;
                continue;
            }
            let Some(name) = token.name() else {
                at += 1;
                continue;
            };
            if name == "use" && next.is_some_and(|next| !next.is('<')) {
                let stop = past_item(tokens, at);
                self.import(file, module, at, stop, false);
                at = stop;
                continue;
            }
            if ["struct", "enum", "trait"].contains(&name) && at > item && !token.test {
                if let Some(name) = next.and_then(Token::name).map(str::to_owned) {
                    self.types.push(Type { name, file, line: here.1 });
                }
                at += 2;
                continue;
            }
            let range = before(1).is_some_and(|t| t.is('.')) && before(2).is_some_and(|t| t.is('.'));
            let goes_on = before(1).is_some_and(|token| {
                token.word == Word::Colons && before(2).is_some_and(|token| !token.is('$'))
                    || token.is('.')
                    || token.named("fn")
            });
            let mut path = vec![name.to_owned()];
            let mut end = at + 1;
            while let [colons, name, ..] = tokens.get(end..).unwrap_or_default()
                && colons.word == Word::Colons
                && let Some(name) = name.name()
            {
                path.push(name.to_owned());
                end += 2;
            }
            if !goes_on || range {
                let called = tokens.get(end).is_some_and(|token| token.is('('));
                let kind = if path.len() > 1 { Kind::Path } else { Kind::Word };
                if kind == Kind::Path || called || name.starts_with(char::is_uppercase) {
                    self.refer(module, here, kind, path);
                }
            }
            at = end;
        }
    }

    fn import(&mut self, file: usize, module: usize, from: usize, to: usize, public: bool) {
        let mut leaves = Vec::new();
        tree(self.sources[file].tokens.get(from + 1..to).unwrap_or_default(), &[], &mut leaves);
        let test = self.sources[file].tokens[from].test;
        for Leaf { path, name, line } in leaves {
            let kind = match (name.as_deref(), public) {
                (Some("*"), _) => Kind::Glob,
                (_, true) => Kind::Reexport,
                (_, false) => Kind::Use,
            };
            match name {
                Some(star) if star == "*" => self.modules[module].globs.push(path.clone()),
                Some(name) => {
                    if public {
                        self.reexports.insert((module, name.clone()));
                    }
                    self.modules[module].uses.push((name, path.clone()));
                }
                None => {}
            }
            self.refer(module, (file, line, test), kind, path);
        }
    }

    /// The whole path from a root of ours, or none where it leads to another crate.
    pub fn whole(&self, reference: &Reference) -> Option<Place> {
        self.absolute(reference.module, &reference.path, 0)
    }

    fn absolute(&self, module: usize, path: &[String], depth: usize) -> Option<Place> {
        let here = &self.modules[module];
        let (head, rest) = path.split_first()?;
        let below = |mut place: Place, rest: &[String]| {
            place.1.extend_from_slice(rest);
            place
        };
        match head.as_str() {
            "crate" => return Some((here.place.0, rest.to_vec())),
            "gangplank" if here.place.0 => return Some((false, rest.to_vec())),
            "self" => return Some(below(here.place.clone(), rest)),
            "super" => {
                let mut place = here.place.clone();
                place.1.pop()?;
                let mut rest = rest;
                while rest.first().is_some_and(|word| word == "super") {
                    place.1.pop()?;
                    rest = rest.get(1..)?;
                }
                return Some(below(place, rest));
            }
            _ => {}
        }
        if depth > 8 {
            return None;
        }
        let child = below(here.place.clone(), std::slice::from_ref(head));
        if here.items.contains(head) || self.places.contains_key(&child) {
            return Some(below(child, rest));
        }
        let mut imported =
            here.uses.iter().filter(|(name, path)| name == head && path.as_slice() != [head.clone()]);
        if let Some(place) = imported.find_map(|(_, path)| self.absolute(module, path, depth + 1)) {
            return Some(below(place, rest));
        }
        here.globs.iter().find_map(|glob| {
            let place = below(self.absolute(module, glob, depth + 1)?, std::slice::from_ref(head));
            (self.definition(&place, depth + 1) != Found::Nothing).then(|| below(place, rest))
        })
    }

    /// Whether one word of a module comes from somewhere else by a re-export.
    pub fn is_reexported(&self, word: &Reference) -> bool {
        word.path.first().is_some_and(|name| self.reexports.contains(&(word.module, name.clone())))
    }

    pub fn find(&self, place: &Place) -> Found {
        self.definition(place, 0)
    }

    fn definition(&self, (program, path): &Place, depth: usize) -> Found {
        let mut at = (*program, Vec::new());
        for (index, word) in path.iter().enumerate() {
            let rest = path.get(index + 1..).unwrap_or_default();
            let mut child = at.clone();
            child.1.push(word.clone());
            let Some(module) = self.places.get(&at).map(|module| (*module, &self.modules[*module])) else {
                return Found::Nothing;
            };
            let is_module = self.places.contains_key(&child);
            if is_module && !rest.is_empty() {
                at = child;
                continue;
            }
            if let Some(file) = module.1.file.filter(|_| module.1.items.contains(word)) {
                return Found::Item(file, word.clone());
            }
            let mut outside = false;
            if depth < 8 {
                let imported = module
                    .1
                    .uses
                    .iter()
                    .filter(|(name, path)| name == word && (path.as_slice() != [word.clone()]));
                let globs = module.1.globs.iter().map(|path| (path, Some(word)));
                for (path, more) in imported.map(|(_, path)| (path, None)).chain(globs) {
                    let Some(mut place) = self.absolute(module.0, path, depth + 1) else {
                        outside |= more.is_none();
                        continue;
                    };
                    place.1.extend(more.into_iter().chain(rest).cloned());
                    match self.definition(&place, depth + 1) {
                        Found::Nothing => {}
                        found => return found,
                    }
                }
            }
            return match (is_module, outside) {
                (true, _) => Found::Module,
                (false, true) => Found::Outside,
                (false, false) => Found::Nothing,
            };
        }
        Found::Module
    }
}

/// Where a source stands: `src/a/b.rs` and `src/a/b/mod.rs` are `a::b`.
fn place(path: &str, program: &BTreeSet<String>) -> Option<Place> {
    let path = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut words: Vec<String> = path.split('/').map(str::to_owned).collect();
    match words.last().map(String::as_str) {
        Some("main") if words.len() == 1 => return Some((true, Vec::new())),
        Some("lib") if words.len() == 1 => return Some((false, Vec::new())),
        Some("mod") => {
            words.pop();
        }
        _ => {}
    }
    Some((words.first().is_some_and(|first| program.contains(first)), words))
}

/// The modules that a file declares.
fn declared(source: &Source) -> BTreeSet<String> {
    let pairs = source.tokens.windows(2).filter(|pair| pair[0].named("mod"));
    pairs.filter_map(|pair| pair[1].name().map(str::to_owned)).collect()
}

/// What kind of item begins here, and its name: `const unsafe fn a` is `fn`, `a`.
fn keyword(tokens: &[Token], at: usize) -> (String, String) {
    let names: Vec<&str> =
        tokens.iter().skip(at).take_while(|token| !token.is('{')).filter_map(Token::name).take(6).collect();
    let mut names = names.as_slice();
    while let [modifier, rest @ ..] = names
        && (["unsafe", "async", "extern"].contains(modifier)
            || *modifier == "const" && matches!(rest.first(), Some(&"fn" | &"unsafe" | &"async" | &"extern")))
    {
        names = rest;
    }
    let names: Vec<&str> = names.iter().copied().filter(|name| *name != "mut").collect();
    let keyword = names.first().copied().unwrap_or_default();
    let known =
        ["struct", "enum", "union", "trait", "type", "fn", "const", "static", "mod", "use", "macro_rules"];
    let name = if known.contains(&keyword) { names.get(1).copied().unwrap_or_default() } else { "" };
    (keyword.to_owned(), name.to_owned())
}

struct Leaf {
    path: Vec<String>,
    /// The name it has from now on; a star for a glob.
    name: Option<String>,
    line: usize,
}

/// `a::{self, b as c, d::*}` is `a`, `a::b` by the name of `c`, and all of `a::d`.
fn tree(tokens: &[Token], prefix: &[String], leaves: &mut Vec<Leaf>) {
    let mut at = 0;
    while at < tokens.len() {
        let (mut path, mut name, line) = (prefix.to_vec(), None, tokens[at].line);
        let mut group = false;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match &token.word {
                Word::Name(word) if word == "as" => {
                    name = tokens.get(at).and_then(Token::name).map(str::to_owned);
                    at += 1;
                }
                Word::Name(word) if word == "self" && !path.is_empty() => {}
                Word::Name(word) => path.push(word.clone()),
                Word::Sign('*') => name = Some("*".to_owned()),
                Word::Sign('{') => {
                    let end = past_group(tokens, at - 1);
                    tree(tokens.get(at..end - 1).unwrap_or_default(), &path, leaves);
                    at = end;
                    group = true;
                }
                Word::Sign(',' | ';') => break,
                _ => {}
            }
        }
        if !group && !path.is_empty() {
            let name = name.or_else(|| path.last().cloned()).filter(|name| name != "_");
            leaves.push(Leaf { path, name, line });
        }
    }
}
