//! The configuration of containerd: what a file says, what containerd makes of it, and the smallest change after which
//! a kubelet can use it. Nothing is edited by position: a file is parsed, changed and written with its comments.
//!
//! Facts: containerd 1.6 reads files of version 1 and 2, 2.0 of version 3, 2.3 of version 4, each all the older ones
//! (`version/version.go` of each); the tables of CRI by version stand in its `docs/cri/config.md`.

use toml_edit::{Array, Document, DocumentMut, Item, Table, TableLike, TomlError, Value};

/// CRI as one plugin: files of version 2, and honoured in later ones.
const ONE: &str = "io.containerd.grpc.v1.cri";
/// Since version 3 CRI is two plugins.
const RUNTIME: &str = "io.containerd.cri.v1.runtime";
const IMAGES: &str = "io.containerd.cri.v1.images";
/// Since version 4 the socket is a plugin's.
const SERVER: &str = "io.containerd.server.v1.grpc";
/// What CRI is called in `disabled_plugins` of a file of version 1, as Docker's package ships it; a later file that
/// says it is refused.
const SHORT: &str = "cri";
/// The shim that takes `SystemdCgroup`.
const SHIM: &str = "io.containerd.runc.v2";
/// A file has a version that is known.
const NEWEST: i64 = 4;

/// A release of containerd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// The 1 of 1.6.20.
    pub major: u16,
    /// The 6 of 1.6.20.
    pub point: u16,
}

impl Release {
    /// Reads what `containerd --version` prints, `containerd github.com/containerd/containerd v2.4.2 HASH`, and
    /// versions of Debian, `1.6.20~ds1`.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.split_whitespace().find(|word| {
            let word = word.trim_start_matches('v');
            word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')
        })?;
        let mut parts = word.trim_start_matches('v').split('.');
        Some(Self { major: parts.next()?.parse().ok()?, point: parts.next()?.parse().ok()? })
    }

    /// The newest version of a file that it reads.
    pub fn newest_file(self) -> i64 {
        match (self.major, self.point) {
            (..=1, _) => 2,
            (2, ..=2) => 3,
            _ => NEWEST,
        }
    }

    /// It tells a kubelet that asks (`RuntimeConfig` of CRI) how it makes cgroups, since 2.0.
    pub fn tells_driver(self) -> bool {
        self.major >= 2
    }

    /// Files that are imported are merged setting by setting, since 2.0; before, a table of a plugin replaces that of the
    /// file before as a whole (`mergeConfig` of `cmd/containerd/server/config`).
    pub fn merges_deep(self) -> bool {
        self.major >= 2
    }

    /// Folders of CNI plugins are a list in the tables of version 3 and on (2.1; the single one has no effect from 2.3
    /// on: RELEASES.md).
    fn lists_folders(self) -> bool {
        self >= Self { major: 2, point: 1 }
    }
}

/// What a kubelet needs of it; `None` = whatever it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeletNeeds {
    /// Cgroups are made through systemd.
    pub systemd_cgroup: Option<bool>,
    /// The image that every pod begins with.
    pub sandbox_image: Option<String>,
    /// The folder of the CNI plugins.
    pub cni_bin_dir: Option<String>,
}

/// Why a file is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no TOML.
    #[error("line {line}, column {column}: {why}")]
    NotToml {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What the parser says.
        why: String,
    },
    /// A version that nothing is known of.
    #[error("line {line}: version {version} of the configuration is not known")]
    UnknownVersion {
        /// From 1.
        line: usize,
        /// What it says.
        version: i64,
    },
}

/// Something in a file that containerd refuses or that does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// From 1; `None` = it has no line of its own.
    pub line: Option<usize>,
    /// What is so.
    pub what: String,
    /// What to write instead.
    pub cure: String,
    /// containerd, or its CRI, does not start with it.
    pub stops: bool,
}

/// A file that could be read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    text: String,
    document: DocumentMut,
    version: i64,
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    (line, column)
}

fn not_toml(text: &str, error: &TomlError) -> Unreadable {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    let why = error.message().lines().next().unwrap_or_default().to_owned();
    Unreadable::NotToml { line, column, why }
}

impl ConfigFile {
    /// Reads a file; an empty one is good.
    ///
    /// # Errors
    /// It is no TOML, or of a version that is not known.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let parsed = Document::parse(text.to_owned()).map_err(|error| not_toml(text, &error))?;
        // A file without a version is of the first.
        let version = parsed.get("version").and_then(Item::as_integer).unwrap_or(1).max(1);
        if version > NEWEST {
            let span = parsed.get("version").and_then(Item::span);
            let line = place(text, span.map_or(0, |span| span.start)).0;
            return Err(Unreadable::UnknownVersion { line, version });
        }
        Ok(Self { text: text.to_owned(), document: parsed.into_mut(), version })
    }

    /// Its version, 1 to 4.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// It says nothing but a version and that CRI is off, as the file of Docker's package, or nothing at all: it may be
    /// written as a whole.
    pub fn says_nothing(&self) -> bool {
        self.document.iter().all(|(key, item)| match key {
            "version" => true,
            "disabled_plugins" => names(item).iter().all(|name| is_cri(name)),
            _ => false,
        })
    }

    /// It imports what lies in this folder, by its absolute path or from beside itself: `path` is its own.
    pub fn imports(&self, path: &str, folder: &str) -> bool {
        let beside = path.rsplit_once('/').map_or("", |(beside, _)| beside);
        let all = self.document.get("imports").map(names).unwrap_or_default();
        all.iter().any(|import| {
            let whole = if import.starts_with('/') { import.clone() } else { format!("{beside}/{import}") };
            whole == format!("{folder}/*.toml")
        })
    }

    /// Something of CRI is set in it.
    pub fn sets_cri(&self) -> bool {
        [SHORT, ONE, RUNTIME, IMAGES].iter().any(|plugin| self.plugin(plugin).is_some())
    }

    /// CRI, or a part of it, is among the plugins that it takes off.
    pub fn takes_cri_off(&self) -> bool {
        self.document.get("disabled_plugins").map(names).unwrap_or_default().iter().any(|name| is_cri(name))
    }

    /// The line on which a text first stands, from 1.
    fn line_of(&self, text: &str) -> Option<usize> {
        let at =
            self.text.lines().position(|line| !line.trim_start().starts_with('#') && line.contains(text))?;
        Some(at.saturating_add(1))
    }

    /// What containerd refuses, and what has no effect where it stands.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut all = Vec::new();
        let disabled = self.document.get("disabled_plugins").map(names).unwrap_or_default();
        if self.version >= 2 && disabled.iter().any(|name| !name.contains('.')) {
            all.push(Remark {
                line: self.line_of("disabled_plugins"),
                what: format!(
                    "a file of version {} names plugins in full: containerd does not start",
                    self.version
                ),
                cure: format!("write \"{ONE}\", or take it out: a kubelet needs it"),
                stops: true,
            });
        } else if disabled.iter().any(|name| is_cri(name)) {
            all.push(Remark {
                line: self.line_of("disabled_plugins"),
                what: "CRI is off, as the package of Docker ships it: a kubelet cannot use this containerd"
                    .to_owned(),
                cure: "take it out of disabled_plugins".to_owned(),
                stops: true,
            });
        }
        for plugin in [SHORT, ONE, IMAGES] {
            let registry = self.plugin(plugin).and_then(|table| child(table, "registry"));
            let Some(registry) = registry else { continue };
            let folder =
                registry.get("config_path").and_then(Item::as_str).is_some_and(|path| !path.is_empty());
            let mirrors = child(registry, "mirrors").is_some_and(|mirrors| !mirrors.is_empty());
            if folder && mirrors {
                all.push(Remark {
                    line: self.line_of("config_path"),
                    what: "registry.mirrors beside registry.config_path: CRI does not load with both"
                        .to_owned(),
                    cure: "move the mirrors into files of config_path, one hosts.toml for each registry"
                        .to_owned(),
                    stops: true,
                });
            }
        }
        if self.version >= 4 && self.plugin(ONE).is_some_and(|old| !old.is_empty()) {
            all.push(Remark {
                line: self.line_of(ONE),
                what: format!("settings of {ONE} have no effect in a file of version {}", self.version),
                cure: format!("they belong into {RUNTIME} and {IMAGES}"),
                stops: false,
            });
        }
        for plugin in [SHORT, ONE, RUNTIME] {
            let runtimes = self.plugin(plugin).and_then(|table| deep(table, &["containerd", "runtimes"]));
            for (name, runtime) in runtimes.into_iter().flat_map(TableLike::iter) {
                if runtime.as_table_like().is_some_and(|runtime| runtime.contains_key("SystemdCgroup")) {
                    all.push(Remark {
                        line: self.line_of("SystemdCgroup"),
                        what: format!("SystemdCgroup of the runtime {name} has no effect where it stands"),
                        cure: format!("it belongs into the table {name}.options"),
                        stops: false,
                    });
                }
            }
        }
        all
    }

    fn plugin(&self, name: &str) -> Option<&dyn TableLike> {
        child(child(self.document.as_table(), "plugins")?, name)
    }

    /// Of version 1 with settings of plugins, whose names are short there.
    fn is_short(&self) -> bool {
        self.version == 1 && self.document.contains_key("plugins")
    }

    /// The plugin whose table holds a setting. In a file of version 3 the one of version 2 is still honoured.
    fn home<'n>(&self, new: &'n str) -> &'n str {
        if self.is_short() {
            SHORT
        } else if self.version < 3
            || (self.version == 3 && self.plugin(new).is_none() && self.plugin(ONE).is_some())
        {
            ONE
        } else {
            new
        }
    }

    /// The file with what is wanted in it, for this containerd; what others wrote stays, comments and order too.
    pub fn with(&self, wanted: &KubeletNeeds, release: Release) -> String {
        let mut document = self.document.clone();
        if let Some(item) = document.get_mut("disabled_plugins")
            && let Some(array) = item.as_array_mut()
        {
            array.retain(|name| !name.as_str().is_some_and(is_cri));
        }
        if self.version == 1 && !self.is_short() && !wanted.is_empty() {
            // Plugins are named in full from version 2 on, which every containerd since 1.3 reads.
            document.insert("version", toml_edit::value(2));
        }
        let plugins = document.as_table_mut();
        let runtime = self.home(RUNTIME);
        if let Some(systemd) = wanted.systemd_cgroup {
            let path = ["plugins", runtime, "containerd", "runtimes", "runc"];
            if let Some(runc) = table(plugins, &path) {
                // Without its type the entry would be taken for one of another kind: a table replaces the default.
                if !runc.contains_key("runtime_type") {
                    runc.insert("runtime_type", toml_edit::value(SHIM));
                }
                if let Some(options) = table(runc, &["options"]) {
                    options.insert("SystemdCgroup", toml_edit::value(systemd));
                }
            }
        }
        if let Some(folder) = &wanted.cni_bin_dir
            && let Some(cni) = table(plugins, &["plugins", runtime, "cni"])
        {
            let several = runtime == RUNTIME && (release.lists_folders() || cni.contains_key("bin_dirs"));
            if several {
                let mut folders = Array::new();
                folders.push(folder.as_str());
                cni.insert("bin_dirs", Item::Value(Value::Array(folders)));
                cni.remove("bin_dir");
            } else {
                cni.insert("bin_dir", toml_edit::value(folder.as_str()));
            }
        }
        if let Some(image) = &wanted.sandbox_image {
            let images = self.home(IMAGES);
            if images != IMAGES {
                if let Some(cri) = table(plugins, &["plugins", images]) {
                    cri.insert("sandbox_image", toml_edit::value(image.as_str()));
                }
            } else if let Some(pinned) = table(plugins, &["plugins", IMAGES, "pinned_images"]) {
                pinned.insert("sandbox", toml_edit::value(image.as_str()));
            }
        }
        document.to_string()
    }
}

impl KubeletNeeds {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A whole file that says it, for a worker where nobody configured anything.
    pub fn whole(&self, release: Release) -> String {
        self.alone(release.newest_file(), release)
    }

    /// A file of this version that says it and nothing else, to be imported by another.
    pub fn alone(&self, version: i64, release: Release) -> String {
        let text = format!("version = {version}\n");
        ConfigFile::read(&text).map_or(text, |file| file.with(self, release))
    }
}

fn is_cri(name: &str) -> bool {
    [SHORT, ONE, RUNTIME, IMAGES].contains(&name)
}

fn names(item: &Item) -> Vec<String> {
    let array = item.as_array().into_iter().flat_map(Array::iter);
    array.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn child<'t>(table: &'t dyn TableLike, name: &str) -> Option<&'t dyn TableLike> {
    table.get(name)?.as_table_like()
}

fn deep<'t>(table: &'t dyn TableLike, path: &[&str]) -> Option<&'t dyn TableLike> {
    path.iter().try_fold(table, |table, name| child(table, name))
}

/// The table at the end of this path, made where it is not there; `None` = something else stands on the way.
fn table<'t>(from: &'t mut dyn TableLike, path: &[&str]) -> Option<&'t mut dyn TableLike> {
    let Some((first, rest)) = path.split_first() else { return Some(from) };
    if !from.contains_key(first) {
        let mut new = Table::new();
        new.set_implicit(!rest.is_empty());
        from.insert(first, Item::Table(new));
    }
    table(from.get_mut(first)?.as_table_like_mut()?, rest)
}

/// What `containerd config dump` makes of all its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// CRI is among the plugins that are off.
    pub cri_off: bool,
    /// The files that were read.
    pub imports: Vec<String>,
    /// Cgroups of the runtime that pods get by default are made through systemd.
    pub systemd_cgroup: Option<bool>,
    /// The image that every pod begins with.
    pub sandbox_image: Option<String>,
    /// How images are unpacked.
    pub snapshotter: Option<String>,
    /// Folders of the CNI plugins.
    pub cni_bin_dirs: Vec<String>,
    /// Folder of the CNI configuration.
    pub cni_conf_dir: Option<String>,
    /// The loopback device of pods is brought up without a plugin.
    pub own_loopback: bool,
    /// The socket that it listens at.
    pub socket: Option<String>,
}

impl Merged {
    /// Reads the dump, which is of the newest version that this containerd knows.
    ///
    /// # Errors
    /// It is no TOML, or of a version that is not known.
    pub fn read(dump: &str) -> Result<Self, Unreadable> {
        let file = ConfigFile::read(dump)?;
        let either = |new: &str| file.plugin(new).or_else(|| file.plugin(ONE));
        let text = |table: Option<&dyn TableLike>, key: &str| {
            table?.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let runtime = either(RUNTIME);
        let containerd = runtime.and_then(|table| child(table, "containerd"));
        let name = text(containerd, "default_runtime_name").unwrap_or_else(|| "runc".to_owned());
        let options = containerd.and_then(|table| deep(table, &["runtimes", &name, "options"]));
        let cni = runtime.and_then(|table| child(table, "cni"));
        let several = cni.and_then(|cni| cni.get("bin_dirs")).map(names).unwrap_or_default();
        let bins = if several.is_empty() { text(cni, "bin_dir").into_iter().collect() } else { several };
        let images = file.plugin(IMAGES);
        Ok(Self {
            cri_off: file
                .document
                .get("disabled_plugins")
                .map(names)
                .unwrap_or_default()
                .iter()
                .any(|one| is_cri(one)),
            imports: file.document.get("imports").map(names).unwrap_or_default(),
            systemd_cgroup: options.and_then(|table| table.get("SystemdCgroup")?.as_bool()),
            sandbox_image: text(images.and_then(|table| child(table, "pinned_images")), "sandbox")
                .or_else(|| text(file.plugin(ONE), "sandbox_image")),
            snapshotter: text(images, "snapshotter").or_else(|| text(containerd, "snapshotter")),
            cni_bin_dirs: bins,
            cni_conf_dir: text(cni, "conf_dir"),
            own_loopback: cni.and_then(|cni| cni.get("use_internal_loopback")?.as_bool()).unwrap_or(false),
            // Version 4 has made a plugin of it.
            socket: text(file.plugin(SERVER), "address")
                .or_else(|| text(child(file.document.as_table(), "grpc"), "address")),
        })
    }

    /// What is wanted is so already.
    pub fn has(&self, wanted: &KubeletNeeds) -> bool {
        !self.cri_off
            && wanted.systemd_cgroup.is_none_or(|systemd| self.systemd_cgroup.unwrap_or(false) == systemd)
            && wanted.sandbox_image.as_ref().is_none_or(|image| self.sandbox_image.as_ref() == Some(image))
            && wanted.cni_bin_dir.as_ref().is_none_or(|folder| self.cni_bin_dirs.contains(folder))
    }
}

/// The value behind a name in a line as containerd logs it.
fn logged(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    let quoted = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
    Some(quoted.or_else(|| rest.split_whitespace().next())?.to_owned())
}

/// Keys that `config dump` of containerd 2 names as without effect, by its complaints: plugin and key.
pub fn ignored(complaints: &str) -> Vec<(String, String)> {
    complaints
        .lines()
        .filter(|line| line.contains("Ignoring unknown key in TOML for plugin"))
        .filter_map(|line| Some((logged(line, "plugin")?, logged(line, "key")?)))
        .collect()
}

/// Keys outside of plugins that it does not know: file, line and key.
pub fn unknown_keys(complaints: &str) -> Vec<(String, usize, String)> {
    complaints
        .lines()
        .filter(|line| line.contains("Ignoring unknown key in TOML\""))
        .filter_map(|line| {
            Some((logged(line, "file")?, logged(line, "row")?.parse().ok()?, logged(line, "key")?))
        })
        .collect()
}
