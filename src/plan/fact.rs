//! What can be asked of a machine ([`FactQuery`]) and what was learnt ([`Fact`]): one typed fact for each kind
//! of want. Of private keys only the hash of the public half is ever read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::found::{KubeletStart, NodeIdentity};
use super::kernel_fact::KernelFact;
use super::programs::{ProgramFolder, ProgramsFact};
use super::record::Record;
use super::remote::Remote;
use super::runtime_fact::{RuntimeFact, RuntimeKind};
use super::surroundings::Surroundings;
use super::unit::{JournalFact, ManifestFact, UnitFact};

pub use super::file_fact::{FileFact, KeyFact};
pub use super::machine_fact::Machine;

/// One thing to know about a machine. The union over all steps is gathered by one exec.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FactQuery {
    /// The machine itself: system, names, clock, memory, disk, addresses.
    Machine,
    /// A file: hash, mode, owner, and its content when `content` (at most 256 KiB).
    File {
        /// Absolute path.
        path: String,
        /// Read the content too.
        content: bool,
    },
    /// A private key: mode, owner and the hash of its public half.
    Key(String),
    /// A systemd unit.
    Unit(String),
    /// What a unit that runs says in its journal: asked when something is wrong with it.
    Journal(String),
    /// Whether something answers `/healthz` on this port of the machine's loopback.
    Healthz(u16),
    /// Every file of a folder from which a kubelet makes static pods.
    Manifests(String),
    /// The container runtimes there are.
    Runtime,
    /// How the kubelet of a machine that no plan tells of is started.
    KubeletStart,
    /// The same of its kube-proxy, where that is a unit.
    ProxyStart,
    /// As whom such a kubelet talks to the API, and what that says of its node.
    Identity {
        /// Its kubeconfig, absolute path.
        kubeconfig: String,
        /// The node it should be; empty = it is a kube-proxy's.
        node: String,
        /// The URL of the API where the kubeconfig names none.
        server: String,
    },
    /// What the kernel does for pods, with the values of these settings.
    Kernel(Vec<String>),
    /// The running containers.
    Containers,
    /// The images of the runtime.
    Images,
    /// The images inside a tar.
    Tar(String),
    /// A folder of programs on the operator's computer.
    ProgramFolder(String),
    /// What lies in the places of programs, and what a unit of containerd starts.
    Programs,
    /// A kubelet binary and whether it takes our flags.
    Kubelet {
        /// Absolute path.
        path: String,
        /// The flags each profile would give it.
        flags: Vec<FlagSet>,
    },
    /// The names in a folder.
    Folder(String),
    /// Whether root alone can change what lies on the way to each of these paths, and none of them is a link.
    Ways(Vec<String>),
    /// What gangplank's earlier runs wrote down on this machine.
    Record,
    /// What a kubelet needs of its machine beside its own files; with the name of the API where it has one.
    Around(Option<String>),
    /// Addresses a name resolves to, on that machine.
    Lookup(String),
    /// What the name server at an address answers to a message over TCP, asked from that machine; the message is base64, with
    /// its length before it (RFC 1035, 4.2.2).
    #[expect(missing_docs, reason = "both are said above")]
    Dns { server: String, message: String },
    /// The TLS certificate that `host:port` shows that machine.
    Tls {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
}

/// The flags of one profile, tried with the kubelet's own parser.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlagSet {
    /// Shell pattern on the version, such as `v1.2.*`.
    pub versions: Vec<String>,
    /// As on a command line, `--flag=value`.
    pub flags: Vec<String>,
    /// What a machine with such a kubelet has: it is tried first where that is there.
    #[serde(default)]
    pub runtime: RuntimeKind,
}

impl FactQuery {
    /// A fact our own actions cannot change is asked once.
    pub fn settled(&self) -> bool {
        match self {
            Self::Machine
            | Self::Runtime
            | Self::Tar(_)
            | Self::ProgramFolder(_)
            | Self::Programs
            | Self::Lookup(_)
            | Self::Dns { .. }
            | Self::Tls { .. }
            | Self::Ways(_) => true,
            Self::File { .. }
            | Self::Key(_)
            | Self::Unit(_)
            | Self::Journal(_)
            | Self::Healthz(_)
            | Self::KubeletStart
            | Self::ProxyStart
            | Self::Identity { .. }
            | Self::Manifests(_)
            | Self::Containers
            | Self::Images
            | Self::Kubelet { .. }
            | Self::Kernel(_)
            | Self::Folder(_)
            | Self::Around(_)
            | Self::Record => false,
        }
    }
}

/// Known, not known and why, or never asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Known<T> {
    /// It was asked, and this is the answer.
    Yes(T),
    /// It was asked and could not be learnt.
    No(String),
    /// Nobody asked.
    NotAsked,
}

impl<T> Known<T> {
    /// The value, if known.
    pub fn yes(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::No(_) | Self::NotAsked => None,
        }
    }

    /// Why it is not known.
    pub fn why_not(&self) -> &str {
        match self {
            Self::Yes(_) => "",
            Self::No(why) => why,
            Self::NotAsked => "it was not asked",
        }
    }
}

/// What was learnt, one kind for each kind of [`FactQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Answer to [`FactQuery::Machine`].
    Machine(Machine),
    /// Answer to [`FactQuery::File`]; `None` = there is no such file.
    File(Option<FileFact>),
    /// Answer to [`FactQuery::Key`].
    Key(Option<KeyFact>),
    /// Answer to [`FactQuery::Unit`].
    Unit(UnitFact),
    /// Answer to [`FactQuery::Journal`].
    Journal(Box<JournalFact>),
    /// Answer to [`FactQuery::Healthz`]: `ok`, or what was said instead.
    Healthz(Remote<String>),
    /// Answer to [`FactQuery::Manifests`].
    Manifests(Vec<ManifestFact>),
    /// Answer to [`FactQuery::KubeletStart`] and [`FactQuery::ProxyStart`].
    KubeletStart(KubeletStart),
    /// Answer to [`FactQuery::Identity`]; `None` = there is no such kubeconfig.
    Identity(Option<Box<NodeIdentity>>),
    /// Answer to [`FactQuery::Runtime`].
    Runtime(Box<RuntimeFact>),
    /// Answer to [`FactQuery::Kernel`].
    Kernel(Box<KernelFact>),
    /// Answer to [`FactQuery::Containers`]: tab-separated lines of six columns, cleaned.
    Containers(Vec<Remote<String>>),
    /// Answer to [`FactQuery::Images`].
    Images(Vec<ImageFact>),
    /// Answer to [`FactQuery::Tar`].
    Tar(Vec<ImageFact>),
    /// Answer to [`FactQuery::ProgramFolder`].
    ProgramFolder(ProgramFolder),
    /// Answer to [`FactQuery::Programs`].
    Programs(ProgramsFact),
    /// Answer to [`FactQuery::Kubelet`]; `None` = there is no such file.
    Kubelet(Option<KubeletFact>),
    /// Answer to [`FactQuery::Folder`]; `None` = there is no such folder.
    Folder(Option<Vec<Remote<String>>>),
    /// Answer to [`FactQuery::Ways`]: of each path that cannot be written safely, why.
    Ways(BTreeMap<String, Remote<String>>),
    /// Answer to [`FactQuery::Record`].
    Record(Record),
    /// Answer to [`FactQuery::Around`].
    Around(Box<Surroundings>),
    /// Answer to [`FactQuery::Dns`].
    Dns(Remote<String>),
    /// Answer to [`FactQuery::Lookup`].
    Lookup(Vec<Remote<String>>),
    /// Answer to [`FactQuery::Tls`]: the presented chain, PEM, leaf first.
    Tls(String),
}

/// An image: its id and one name.
#[derive(Debug, Clone, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImageFact {
    /// As the runtime lists it, `repository:tag`.
    pub name: Remote<String>,
    /// Config digest, lower-case hex without `sha256:`.
    pub id: Remote<String>,
}

/// A kubelet binary.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KubeletFact {
    /// What `--version` printed.
    pub version: Remote<String>,
    /// Flags its parser refused, without value.
    pub refused: Vec<Remote<String>>,
    /// What it said when the flags could not be tried to the end.
    pub error: Remote<String>,
    /// Size in bytes.
    pub size: u64,
}

/// A map as a list of pairs: what was asked is no text.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Fact, FactQuery, Known};

    pub(super) fn serialize<S: Serializer>(
        known: &BTreeMap<FactQuery, Known<Fact>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(known)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<FactQuery, Known<Fact>>, D::Error> {
        Vec::deserialize(deserializer).map(|list| list.into_iter().collect())
    }
}

/// Everything known of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    #[serde(with = "pairs")]
    known: BTreeMap<FactQuery, Known<Fact>>,
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $t:ty),*) -> $out:ty, $want:expr, $variant:ident) => {
        $(#[$doc])*
        pub fn $name(&self, $($arg: $t),*) -> Known<&$out> {
            match self.known.get(&$want) {
                Some(Known::Yes(Fact::$variant(value))) => Known::Yes(value),
                Some(Known::No(why)) => Known::No(why.clone()),
                Some(Known::Yes(_) | Known::NotAsked) | None => Known::NotAsked,
            }
        }
    };
}

impl Facts {
    /// Remembers what was learnt; newer replaces older.
    pub fn learn(&mut self, want: FactQuery, fact: Known<Fact>) {
        self.known.insert(want, fact);
    }

    /// Takes over everything `newer` knows.
    pub fn update(&mut self, newer: Facts) {
        self.known.extend(newer.known);
    }

    /// All wants with what is known of them.
    pub fn iter(&self) -> impl Iterator<Item = (&FactQuery, &Known<Fact>)> {
        self.known.iter()
    }

    getter!(
        /// The machine.
        machine() -> Machine, FactQuery::Machine, Machine);
    getter!(
        /// A private key.
        key(path: &str) -> Option<KeyFact>, FactQuery::Key(path.to_owned()), Key);
    getter!(
        /// A unit.
        unit(name: &str) -> UnitFact, FactQuery::Unit(name.to_owned()), Unit);
    getter!(
        /// What a unit says in its journal.
        journal(name: &str) -> JournalFact, FactQuery::Journal(name.to_owned()), Journal);
    getter!(
        /// What answers `/healthz` on a port.
        healthz(port: u16) -> Remote<String>, FactQuery::Healthz(port), Healthz);
    getter!(
        /// The files of a folder of static pods.
        manifests(path: &str) -> Vec<ManifestFact>, FactQuery::Manifests(path.to_owned()), Manifests);
    getter!(
        /// How the kubelet is started.
        kubelet_start() -> KubeletStart, FactQuery::KubeletStart, KubeletStart);
    getter!(
        /// How kube-proxy is started.
        proxy_start() -> KubeletStart, FactQuery::ProxyStart, KubeletStart);
    getter!(
        /// As whom a kubelet talks to the API.
        identity(kubeconfig: &str, node: &str, server: &str) -> Option<Box<NodeIdentity>>,
        FactQuery::Identity { kubeconfig: kubeconfig.to_owned(), node: node.to_owned(), server: server.to_owned() }, Identity);
    /// What was found around its kubelet.
    pub fn around(&self, name: Option<&str>) -> Known<&Surroundings> {
        match self.known.get(&FactQuery::Around(name.map(str::to_owned))) {
            Some(Known::Yes(Fact::Around(value))) => Known::Yes(value),
            Some(Known::No(why)) => Known::No(why.clone()),
            Some(Known::Yes(_) | Known::NotAsked) | None => Known::NotAsked,
        }
    }

    /// Nobody but root is in the group of root; false where that was not told.
    pub fn root_group_is_root_alone(&self) -> bool {
        self.known.values().any(|known| match known {
            Known::Yes(Fact::Around(around)) => around.root_group.as_ref().is_some_and(Vec::is_empty),
            _ => false,
        })
    }

    /// The container runtimes there are.
    pub fn runtime(&self) -> Known<&RuntimeFact> {
        match self.known.get(&FactQuery::Runtime) {
            Some(Known::Yes(Fact::Runtime(value))) => Known::Yes(value),
            Some(Known::No(why)) => Known::No(why.clone()),
            Some(Known::Yes(_) | Known::NotAsked) | None => Known::NotAsked,
        }
    }

    /// What the kernel does for pods.
    pub fn kernel(&self) -> Known<&KernelFact> {
        let asked = self.known.iter().find(|(want, _)| matches!(want, FactQuery::Kernel(_)));
        match asked {
            Some((_, Known::Yes(Fact::Kernel(value)))) => Known::Yes(value),
            Some((_, Known::No(why))) => Known::No(why.clone()),
            Some((_, Known::Yes(_) | Known::NotAsked)) | None => Known::NotAsked,
        }
    }

    getter!(
        /// Running containers, tab-separated lines.
        containers() -> Vec<Remote<String>>, FactQuery::Containers, Containers);
    getter!(
        /// The images of the runtime.
        images() -> Vec<ImageFact>, FactQuery::Images, Images);
    getter!(
        /// Images in a tar.
        tar(path: &str) -> Vec<ImageFact>, FactQuery::Tar(path.to_owned()), Tar);
    getter!(
        /// A folder of programs.
        program_folder(path: &str) -> ProgramFolder, FactQuery::ProgramFolder(path.to_owned()), ProgramFolder);
    getter!(
        /// The programs of the machine.
        programs() -> ProgramsFact, FactQuery::Programs, Programs);
    getter!(
        /// Names in a folder.
        folder(path: &str) -> Option<Vec<Remote<String>>>, FactQuery::Folder(path.to_owned()), Folder);
    getter!(
        /// Earlier changes.
        record() -> Record, FactQuery::Record, Record);
    getter!(
        /// What a name resolves to.
        lookup(name: &str) -> Vec<Remote<String>>, FactQuery::Lookup(name.to_owned()), Lookup);
    getter!(
        /// What a name server answered, base64; empty = nothing in time.
        dns(server: &str, message: &str) -> Remote<String>,
        FactQuery::Dns { server: server.to_owned(), message: message.to_owned() }, Dns);
    getter!(
        /// The chain shown by an address.
        tls(host: &str, port: u16) -> String, FactQuery::Tls { host: host.to_owned(), port }, Tls);

    /// A file, asked with or without its content.
    pub fn file(&self, path: &str) -> Known<&Option<FileFact>> {
        for content in [true, false] {
            match self.known.get(&FactQuery::File { path: path.to_owned(), content }) {
                Some(Known::Yes(Fact::File(value))) => return Known::Yes(value),
                Some(Known::No(why)) => return Known::No(why.clone()),
                Some(Known::Yes(_) | Known::NotAsked) | None => {}
            }
        }
        Known::NotAsked
    }

    /// The files and keys that were looked at and are there, by their paths.
    pub fn files_there(&self) -> impl Iterator<Item = &str> {
        self.known.iter().filter_map(|(query, known)| match (query, known) {
            (FactQuery::File { path, .. }, Known::Yes(Fact::File(Some(_))))
            | (FactQuery::Key(path), Known::Yes(Fact::Key(Some(_)))) => Some(path.as_str()),
            _ => None,
        })
    }

    /// Why a path cannot be written safely, where the machine said so.
    pub fn unsafe_way(&self, path: &str) -> Option<String> {
        self.known.iter().find_map(|(want, known)| match (want, known) {
            (FactQuery::Ways(_), Known::Yes(Fact::Ways(ways))) => ways.get(path).map(ToString::to_string),
            _ => None,
        })
    }

    /// The kubelet, whatever flags were tried.
    pub fn kubelet(&self, path: &str) -> Known<&Option<KubeletFact>> {
        for (want, known) in &self.known {
            if let FactQuery::Kubelet { path: asked, .. } = want
                && asked == path
            {
                return match known {
                    Known::Yes(Fact::Kubelet(value)) => Known::Yes(value),
                    Known::No(why) => Known::No(why.clone()),
                    Known::Yes(_) | Known::NotAsked => Known::NotAsked,
                };
            }
        }
        Known::NotAsked
    }
}
