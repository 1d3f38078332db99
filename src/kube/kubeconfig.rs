//! Reads kubeconfig files as kubectl does: several files, relative paths, contexts. It never writes and
//! runs no credential plug-in; secrets stay out of `Debug` and errors.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use zeroize::Zeroizing;

use super::kubeconfig_shape;
use crate::limits;
use crate::plan::clean;
use crate::plan::yaml_weight::{MOST_VALUES, TooMuch, weigh};

/// A kubeconfig, one file or several laid together.
#[derive(Debug, Clone, Default)]
pub struct Kubeconfig {
    current: Option<String>,
    clusters: Vec<KubeconfigEntry>,
    users: Vec<KubeconfigEntry>,
    contexts: Vec<KubeconfigEntry>,
}

/// A named entry and the folder its relative paths start from.
#[derive(Clone)]
struct KubeconfigEntry {
    name: String,
    body: Mapping,
    folder: PathBuf,
}

impl fmt::Debug for KubeconfigEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.name)
    }
}

/// What a context points to.
#[derive(Debug, Clone, PartialEq)]
pub struct KubeconfigTarget {
    /// Context name.
    pub context: String,
    /// Cluster entry.
    pub cluster: String,
    /// User entry.
    pub user: String,
    /// API address, as written.
    pub server: Option<String>,
    /// CA certificate.
    pub ca: Option<Material>,
    /// Client certificate.
    pub cert: Option<Material>,
    /// Its key.
    pub key: Option<Material>,
    /// The server's certificate is not checked.
    pub insecure: bool,
    /// Namespace, when set.
    pub namespace: Option<String>,
    /// Other ways to log in that the user entry holds: `token`, `exec` ...
    pub other_login: Vec<&'static str>,
}

/// A certificate or key: a file, or the PEM itself.
#[derive(Clone, PartialEq)]
pub enum Material {
    /// A file; relative paths are made absolute from the kubeconfig's folder.
    File(PathBuf),
    /// PEM, base64 already taken off.
    Data(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Data(bytes) => write!(f, "Data({} bytes)", bytes.len()),
        }
    }
}

/// A kubeconfig cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// The file cannot be read.
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It cannot be used, by kubectl or safely; the place is named, not the text, which may hold a secret.
    #[error("{} is not a kubeconfig that can be used: {why}{}", file.display(), in_line(*line))]
    NotKubeconfig {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
        /// Where, from 1.
        line: Option<usize>,
    },
    /// There is no such context, or none is set as current.
    #[error("there is no context {wanted}; there is {}", listed(known))]
    NoContext {
        /// Its name.
        wanted: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The context names a cluster or user that is not there.
    #[error("context {context} names the {what} {name}, which is not there")]
    Dangling {
        /// The context.
        context: String,
        /// `cluster` or `user`.
        what: &'static str,
        /// The missing name.
        name: String,
    },
}

/// The files kubectl would read: those of `KUBECONFIG`, else `~/.kube/config`.
pub fn files(kubeconfig: Option<&OsStr>, home: &Path) -> Vec<PathBuf> {
    let listed = kubeconfig.filter(|list| !list.is_empty()).map(|list| {
        let mut files: Vec<PathBuf> = Vec::new();
        for file in std::env::split_paths(list).filter(|file| !file.as_os_str().is_empty()) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    });
    listed.unwrap_or_else(|| vec![home.join(".kube").join("config")])
}

/// Reads files in order; one that does not exist is left out, as kubectl does.
pub fn load(files: &[PathBuf]) -> Result<Kubeconfig, KubeconfigError> {
    let mut all = Kubeconfig::default();
    for file in files {
        match limits::file::read_text(file, &limits::KUBECONFIG) {
            Ok(text) => all.add(Kubeconfig::parse(&text, file)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(KubeconfigError::Unreadable(file.clone(), error)),
        }
    }
    Ok(all)
}

impl Kubeconfig {
    /// Reads the text of one file; `file` is where it lies.
    pub fn parse(text: &str, file: &Path) -> Result<Self, KubeconfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let at = |why: String, line| KubeconfigError::NotKubeconfig { file: file.to_owned(), why, line };
        let wrong = |(why, line): ReadFault| at(why, line);
        let plain = |why: &str| at(why.to_owned(), None);
        if text.contains('\0') {
            return Err(plain("it is not text in UTF-8; UTF-16 perhaps"));
        }
        match weigh(text) {
            Ok(()) => {}
            Err(TooMuch::Depth) => return Err(plain("its brackets are nested too deeply")),
            Err(TooMuch::Directives) => return Err(plain("it has too many directives (lines of %)")),
            Err(TooMuch::Values) => {
                let what = format!("it holds more than {MOST_VALUES} values when its aliases are followed");
                return Err(plain(&what));
            }
        }
        // As kubectl: of several documents the first counts.
        let first = serde_yaml::Deserializer::from_str(text).next();
        let mut value = match first.map(Value::deserialize) {
            None => Value::Null,
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(wrong(not_yaml(text, &error))),
        };
        // Go resolves `<<` by itself, serde_yaml does not.
        value.apply_merge().map_err(|_| plain("a << that cannot be resolved"))?;
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let map = match value {
            Value::Null => return Ok(Self::default()),
            Value::Mapping(map) => map,
            _ => return Err(plain("it is not a map")),
        };
        if let Some((key, why)) = kubeconfig_shape::of_file(&map) {
            return Err(at(why, line_of(text, key, &Wanted::Key)));
        }
        let list = |plural: &'static str, one: &'static str| {
            let list = entries(&map, plural, one, &folder);
            list.map_err(|(why, wanted)| at(why, line_of(text, plural, &wanted)))
        };
        let current = string(&map, "current-context");
        Ok(Self {
            current: current
                .map_err(|why| at(why, line_of(text, "current-context", &Wanted::Key)))?
                .filter(|name| !name.is_empty()),
            clusters: list("clusters", "cluster")?,
            users: list("users", "user")?,
            contexts: list("contexts", "context")?,
        })
    }

    /// Whether the text has a second document, and the line it begins in: kubectl reads only the first, and writes
    /// only that one back.
    pub fn second_document(text: &str) -> Option<usize> {
        let several = serde_yaml::Deserializer::from_str(text).take(2).count() > 1;
        let marker = |line: &str| line == "---" || line.starts_with("--- ");
        let content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
        let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        // A marker before anything else begins the first document, which may be empty.
        let first = lines.iter().position(|line| content(line)).filter(|_| several)?;
        let rest = lines.iter().enumerate().skip(first.saturating_add(1));
        let second = rest.filter(|(_, line)| marker(line)).map(|(at, _)| at).next();
        Some(second.unwrap_or(first).saturating_add(1))
    }

    /// Lays another file under this one: what is there already wins.
    pub fn add(&mut self, other: Self) {
        let lay = |ours: &mut Vec<KubeconfigEntry>, theirs: Vec<KubeconfigEntry>| {
            for entry in theirs {
                if !ours.iter().any(|known| known.name == entry.name) {
                    ours.push(entry);
                }
            }
        };
        lay(&mut self.clusters, other.clusters);
        lay(&mut self.users, other.users);
        lay(&mut self.contexts, other.contexts);
        self.current = self.current.take().or(other.current);
    }

    /// The current context's name.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Names of all contexts, in order.
    pub fn contexts(&self) -> Vec<&str> {
        self.contexts.iter().map(|entry| entry.name.as_str()).collect()
    }

    /// Is there a cluster entry of this name?
    pub fn has_cluster(&self, name: &str) -> bool {
        find(&self.clusters, name).is_some()
    }

    /// Is there a user entry of this name?
    pub fn has_user(&self, name: &str) -> bool {
        find(&self.users, name).is_some()
    }

    /// What a context points to; `None` = the current one.
    pub fn find(&self, context: Option<&str>) -> Result<KubeconfigTarget, KubeconfigError> {
        let wanted = context.or(self.current()).unwrap_or_default();
        let entry = find(&self.contexts, wanted).ok_or_else(|| KubeconfigError::NoContext {
            wanted: if wanted.is_empty() { "set as current".to_owned() } else { clean::words(wanted) },
            known: self.contexts().into_iter().map(clean::words).collect(),
        })?;
        let named = |key: &'static str, list: &[KubeconfigEntry]| {
            let name = entry.text(key).unwrap_or_default();
            let found = find(list, &name).cloned();
            found.ok_or_else(|| KubeconfigError::Dangling { context: wanted.to_owned(), what: key, name })
        };
        let (cluster, user) = (named("cluster", &self.clusters)?, named("user", &self.users)?);
        let logins = ["token", "tokenFile", "username", "exec", "auth-provider"];
        Ok(KubeconfigTarget {
            context: entry.name.clone(),
            server: cluster.text("server"),
            ca: cluster.material("certificate-authority"),
            cert: user.material("client-certificate"),
            key: user.material("client-key"),
            insecure: cluster.is_on("insecure-skip-tls-verify"),
            namespace: entry.text("namespace"),
            other_login: logins.into_iter().filter(|key| user.body.contains_key(key)).collect(),
            cluster: cluster.name,
            user: user.name,
        })
    }
}

impl KubeconfigEntry {
    fn text(&self, key: &str) -> Option<String> {
        self.body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Go reads YAML 1.1: `yes` and `on` are true there, and strings to us.
    fn is_on(&self, key: &str) -> bool {
        match self.body.get(key) {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(text)) => {
                matches!(text.to_ascii_lowercase().as_str(), "yes" | "on" | "y" | "true")
            }
            _ => false,
        }
    }

    /// `<key>-data` wins over `<key>`, as in kubectl.
    fn material(&self, key: &str) -> Option<Material> {
        let data = self.text(&format!("{key}-data"));
        let data = data.and_then(|text| {
            let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            openssl::base64::decode_block(&text).ok()
        });
        match data {
            Some(data) => Some(Material::Data(Zeroizing::new(data))),
            None => self.text(key).map(|path| Material::File(self.folder.join(path))),
        }
    }
}

fn find<'a>(list: &'a [KubeconfigEntry], name: &str) -> Option<&'a KubeconfigEntry> {
    list.iter().find(|entry| entry.name == name)
}

/// What is wrong, and in which line.
type ReadFault = (String, Option<usize>);

/// What a line is looked for by.
enum Wanted {
    /// The key itself.
    Key,
    /// Its entry with this number, from 0.
    Entry(usize),
    /// The second entry of this name.
    Second(String),
}

fn entries(
    map: &Mapping,
    plural: &str,
    one: &str,
    folder: &Path,
) -> Result<Vec<KubeconfigEntry>, (String, Wanted)> {
    let list = match map.get(plural) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Sequence(list)) => list,
        Some(_) => return Err((format!("{plural} is not a list"), Wanted::Key)),
    };
    let mut out: Vec<KubeconfigEntry> = Vec::with_capacity(list.len());
    for (at, entry) in list.iter().enumerate() {
        let here = |why: String| (why, Wanted::Entry(at));
        let entry = entry.as_mapping().ok_or_else(|| here(format!("an entry of {plural} is not a map")))?;
        let name = string(entry, "name")
            .map_err(|why| here(format!("{why} ({plural})")))?
            .ok_or_else(|| here(format!("an entry of {plural} has no name")))?;
        let body = match entry.get(one) {
            None | Some(Value::Null) => Mapping::new(),
            Some(Value::Mapping(body)) => body.clone(),
            Some(_) => return Err(here(format!("{one} of {} is not a map", clean::words(&name)))),
        };
        if let Some(why) = kubeconfig_shape::of_entry(one, &body) {
            return Err(here(format!("{one} {}: {why}", clean::words(&name))));
        }
        // Go refuses the whole file.
        if find(&out, &name).is_some() {
            let why = format!("two {plural} {}: kubectl refuses the file", clean::words(&name));
            return Err((why, Wanted::Second(name)));
        }
        out.push(KubeconfigEntry { name, body, folder: folder.to_owned() });
    }
    Ok(out)
}

/// Why a text is no YAML, in the parser's words as far as they quote nothing of it.
fn not_yaml(text: &str, error: &serde_yaml::Error) -> ReadFault {
    let line = error.location().map(|at| at.line());
    let at = line.and_then(|line| text.lines().nth(line.saturating_sub(1)));
    if at.is_some_and(|line| line.trim_start_matches(' ').starts_with('\t')) {
        return ("not valid YAML, a tab stands where blanks must".to_owned(), line);
    }
    let said = error.to_string();
    let said = said.split(" at line").next().unwrap_or_default();
    let why = if said.starts_with("duplicate entry") {
        "not valid YAML, a key is written twice".to_owned()
    } else if said.contains(['"', '\'', '`']) {
        "not valid YAML".to_owned()
    } else {
        format!("not valid YAML, {said}")
    };
    (why, line)
}

/// The line of something below a key of the file, as people write it; `None` when it is written otherwise.
fn line_of(text: &str, plural: &str, wanted: &Wanted) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let key = lines
        .iter()
        .position(|line| line.strip_prefix(plural).is_some_and(|rest| rest.trim_start().starts_with(':')))?;
    let block = |line: &&str| line.starts_with([' ', '-', '#']) || line.trim().is_empty();
    let below = || lines.iter().enumerate().skip(key.saturating_add(1)).take_while(|(_, line)| block(line));
    if let Wanted::Key = wanted {
        return Some(key.saturating_add(1));
    }
    let first = below().find(|(_, line)| line.trim_start().starts_with('-'))?.1;
    let depth = first.len().saturating_sub(first.trim_start().len());
    let starts = || {
        below().filter(move |(_, line)| {
            line.len().saturating_sub(line.trim_start().len()) == depth && line.trim_start().starts_with('-')
        })
    };
    let at = match wanted {
        Wanted::Key => None,
        Wanted::Entry(number) => starts().nth(*number).map(|(at, _)| at),
        Wanted::Second(name) => {
            let named = below().filter(|(_, line)| {
                let line = line.trim_start().trim_start_matches("- ").trim();
                line.strip_prefix("name:").is_some_and(|value| value.trim().trim_matches(['"', '\'']) == name)
            });
            named.map(|(at, _)| at).nth(1)
        }
    };
    at.map(|at| at.saturating_add(1))
}

fn in_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

/// A name must be a string for kubectl as well: `name: 2016` or `name: yes` without quotes is refused
/// by Go. The quotes cannot be seen here, so `yes` is taken for the string it may be.
fn string(map: &Mapping, key: &str) -> Result<Option<String>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{key} must be text: put it in quotes")),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
