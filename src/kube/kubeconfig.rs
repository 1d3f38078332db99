//! Reads kubeconfig files as kubectl does: several files, relative paths, contexts. It never writes and
//! runs no credential plug-in; secrets stay out of `Debug` and errors.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};
use zeroize::Zeroizing;

use crate::limits;
use crate::plan::clean;
use crate::plan::yaml_weight::{MOST_VALUES, is_bearable};

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
    /// It is not YAML we understand; the place is named, not the text, which may hold a secret.
    #[error("{} is not a kubeconfig: {why}", file.display())]
    NotKubeconfig {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
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
        let wrong = |why: String| KubeconfigError::NotKubeconfig { file: file.to_owned(), why };
        if !is_bearable(text) {
            return Err(wrong(format!(
                "it holds more than {MOST_VALUES} values when its aliases are followed"
            )));
        }
        let mut value: Value = serde_yaml::from_str(text).map_err(|error| {
            let at = error.location().map_or_else(String::new, |at| format!(" in line {}", at.line()));
            wrong(format!("not valid YAML{at}"))
        })?;
        // Go resolves `<<` by itself, serde_yaml does not.
        value.apply_merge().map_err(|_| wrong("a << that cannot be resolved".to_owned()))?;
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let map = match value {
            Value::Null => return Ok(Self::default()),
            Value::Mapping(map) => map,
            _ => return Err(wrong("it is not a map".to_owned())),
        };
        let list =
            |plural: &'static str, one: &'static str| entries(&map, plural, one, &folder).map_err(&wrong);
        Ok(Self {
            current: string(&map, "current-context").map_err(&wrong)?.filter(|name| !name.is_empty()),
            clusters: list("clusters", "cluster")?,
            users: list("users", "user")?,
            contexts: list("contexts", "context")?,
        })
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

fn entries(map: &Mapping, plural: &str, one: &str, folder: &Path) -> Result<Vec<KubeconfigEntry>, String> {
    let list = match map.get(plural) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Sequence(list)) => list,
        Some(_) => return Err(format!("{plural} is not a list")),
    };
    let mut out = Vec::with_capacity(list.len());
    for entry in list {
        let entry = entry.as_mapping().ok_or_else(|| format!("an entry of {plural} is not a map"))?;
        let name = string(entry, "name")?.ok_or_else(|| format!("an entry of {plural} has no name"))?;
        let body = match entry.get(one) {
            None | Some(Value::Null) => Mapping::new(),
            Some(Value::Mapping(body)) => body.clone(),
            Some(_) => return Err(format!("{one} of {} is not a map", clean::words(&name))),
        };
        out.push(KubeconfigEntry { name, body, folder: folder.to_owned() });
    }
    Ok(out)
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
