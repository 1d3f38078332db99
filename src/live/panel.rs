//! The panel's state: rows in the order of the plan, the nodes, the API. Updates change it and nothing else
//! does; each says what changed, for those who print lines.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::row::{HostReading, HostRow, Link, NEW, NodeSeen, within};
use super::thread::WatchTarget;
use super::update::{ApiNews, HostNews, Update};
use crate::kube::{Happening, Node, NodeEvent, NodeNews, ReadyState};
use crate::plan::place::Place;
use crate::plan::remote::Remote;
use crate::runtime::Lister;
use crate::runtime::ps::Container;

/// What is known of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiState {
    /// Nobody has tried yet.
    Idle,
    /// Somebody is logging in.
    SigningIn,
    /// The nodes are watched.
    Watching {
        /// Since when.
        since: Timestamp,
    },
    /// The nodes are listed again and again.
    Listing {
        /// Why there is no watch.
        why: String,
    },
    /// Nothing is known of the nodes now.
    Down {
        /// Why, in one sentence.
        why: String,
        /// When it is tried next.
        again: Timestamp,
    },
}

/// What an update changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A host's connection.
    Link(Place),
    /// The first look at a host since it is connected.
    First(Place),
    /// A container came.
    Started(Place, Container),
    /// A container went.
    Ended(Place, Container),
    /// The kubelet's unit is in another state, or was restarted.
    Kubelet(Place),
    /// What lists the containers complains, or no longer does.
    Runtime(Place),
    /// A node came or is in another state.
    Node(String),
    /// A node was deleted.
    NodeGone(String),
    /// The API.
    Api,
}

/// How many hosts and nodes are how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowCounts {
    /// Hosts with an open stream.
    pub up: usize,
    /// Hosts without, and why is known.
    pub down: usize,
    /// Hosts nobody knows of yet.
    pub connecting: usize,
    /// Containers running.
    pub containers: usize,
    /// Nodes the API knows.
    pub nodes: usize,
    /// Of these, ready.
    pub ready: usize,
}

/// The panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    rows: Vec<HostRow>,
    nodes: BTreeMap<String, NodeSeen>,
    api: ApiState,
    /// When the API was last heard.
    heard: Option<Timestamp>,
    /// Events of a node and its pods, the newest first, or why they could not be asked for; and when.
    happenings: BTreeMap<String, (Timestamp, EventsSaid)>,
}

/// Events, the newest first, or why they could not be asked for.
pub type EventsSaid = Result<Vec<Happening>, String>;

impl Default for Panel {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            nodes: BTreeMap::new(),
            api: ApiState::Idle,
            heard: None,
            happenings: BTreeMap::new(),
        }
    }
}

impl Panel {
    /// A panel of these hosts.
    pub fn new(spots: &[WatchTarget]) -> Self {
        let mut panel = Self::default();
        panel.hosts(spots);
        panel
    }

    /// From now on it shows these hosts, in this order; what is known of them stays.
    pub fn hosts(&mut self, spots: &[WatchTarget]) {
        let mut old = std::mem::take(&mut self.rows);
        for spot in spots {
            let known = old.iter().position(|row| row.place == spot.place);
            self.rows.push(known.map_or_else(|| HostRow::new(spot.place.clone()), |at| old.swap_remove(at)));
        }
    }

    /// The hosts.
    pub fn rows(&self) -> &[HostRow] {
        &self.rows
    }

    /// One host.
    pub fn row(&self, place: &Place) -> Option<&HostRow> {
        self.rows.iter().find(|row| row.place == *place)
    }

    /// The node of a host.
    pub fn node(&self, place: &Place) -> Option<&NodeSeen> {
        match place {
            Place::Worker(name) => self.nodes.get(name),
            Place::Local | Place::CaHost | Place::Cluster => None,
        }
    }

    /// The events of a host's node and its pods, and when they were told; `None` = they were not yet.
    pub fn happenings(&self, place: &Place) -> Option<&(Timestamp, EventsSaid)> {
        match place {
            Place::Worker(name) => self.happenings.get(name),
            Place::Local | Place::CaHost | Place::Cluster => None,
        }
    }

    /// All nodes the API knows, by name.
    pub fn nodes(&self) -> &BTreeMap<String, NodeSeen> {
        &self.nodes
    }

    /// The API.
    pub fn api(&self) -> &ApiState {
        &self.api
    }

    /// When the API was last heard.
    pub fn heard(&self) -> Option<Timestamp> {
        self.heard
    }

    /// What is said of nodes is of an earlier time: the API is not heard now.
    pub fn nodes_stale(&self) -> bool {
        !matches!(self.api, ApiState::Watching { .. } | ApiState::Listing { .. })
    }

    /// What one would type on the workers to see their containers, each command once.
    pub fn commands(&self) -> Vec<&'static str> {
        self.each_once(Lister::command)
    }

    /// Of the programs that list the containers, in the order of the hosts, each once.
    fn each_once(&self, of: impl Fn(Lister) -> &'static str) -> Vec<&'static str> {
        let mut found: Vec<&str> = Vec::new();
        for one in self.rows.iter().filter_map(HostRow::lister).map(of) {
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found
    }

    /// Which programs list the containers, in the order of the hosts, each once; in words for a title.
    pub fn listers(&self) -> String {
        let titles = self.each_once(Lister::title);
        if titles.is_empty() { "containers".to_owned() } else { titles.join(", ") }
    }

    /// How many are how.
    pub fn counts(&self) -> RowCounts {
        let mut counts = RowCounts { nodes: self.nodes.len(), ..RowCounts::default() };
        for row in &self.rows {
            match row.link {
                Link::Up => counts.up += 1,
                Link::Down { .. } => counts.down += 1,
                Link::Idle | Link::Connecting => counts.connecting += 1,
            }
            counts.containers += row.running();
        }
        counts.ready = self.nodes.values().filter(|seen| seen.node.ready.state == ReadyState::Ready).count();
        counts
    }

    /// Takes an update in and says what it changed; one of a host it does not show changes nothing.
    pub fn apply(&mut self, update: Update) -> Vec<Change> {
        match update {
            Update::Host { place, at, news } => self
                .rows
                .iter_mut()
                .find(|row| row.place == place)
                .map_or_else(Vec::new, |row| host(row, at, news)),
            Update::Api { at, news } => self.api_news(at, news),
            // It is shown by whoever opened it.
            Update::Log { .. } => Vec::new(),
        }
    }

    fn api_news(&mut self, at: Timestamp, news: ApiNews) -> Vec<Change> {
        let api = match news {
            ApiNews::SigningIn if matches!(self.api, ApiState::Down { .. }) => return Vec::new(),
            ApiNews::SigningIn => ApiState::SigningIn,
            ApiNews::Listing { why } => ApiState::Listing { why },
            ApiNews::Down { why, again } => ApiState::Down { why, again },
            ApiNews::Nodes(news) => return self.node_news(at, news),
            ApiNews::Happenings { node, said } => {
                self.happenings.insert(node, (at, said));
                return Vec::new();
            }
        };
        let same = std::mem::discriminant(&api) == std::mem::discriminant(&self.api)
            && words(&api) == words(&self.api);
        self.api = api;
        if same { Vec::new() } else { vec![Change::Api] }
    }

    fn node_news(&mut self, at: Timestamp, news: NodeNews) -> Vec<Change> {
        // An empty bookmark is our own: the watch lasted, nothing was heard.
        if news != NodeNews::One(Box::new(NodeEvent::Bookmark(Remote::default()))) {
            self.heard = Some(at);
        }
        let mut changes = Vec::new();
        match news {
            NodeNews::All(nodes) => {
                let first = self.nodes.is_empty();
                // A server that only lists is listing still, whatever list comes.
                if !matches!(self.api, ApiState::Watching { .. } | ApiState::Listing { .. }) {
                    self.api = ApiState::Watching { since: at };
                    changes.push(Change::Api);
                }
                let gone: Vec<String> = self
                    .nodes
                    .keys()
                    .filter(|name| !nodes.iter().any(|node| node.name == **name))
                    .cloned()
                    .collect();
                for name in gone {
                    self.nodes.remove(&name);
                    changes.push(Change::NodeGone(name));
                }
                for node in nodes {
                    changes.extend(self.put(at, node, first));
                }
            }
            NodeNews::One(event) => {
                if matches!(self.api, ApiState::Listing { .. }) {
                    self.api = ApiState::Watching { since: at };
                    changes.push(Change::Api);
                }
                match *event {
                    NodeEvent::Put(node) => changes.extend(self.put(at, node, false)),
                    NodeEvent::Gone(node) => {
                        let name = node.name.to_string();
                        if self.nodes.remove(&name).is_some() {
                            changes.push(Change::NodeGone(name));
                        }
                    }
                    NodeEvent::Bookmark(_) | NodeEvent::TooOld => {}
                }
            }
        }
        changes
    }

    /// `first` = it was there before anybody looked, so it is not new.
    fn put(&mut self, at: Timestamp, node: Node, first: bool) -> Option<Change> {
        let name = node.name.to_string();
        let mut seen = NodeSeen { node, at, changed: None };
        let old = self.nodes.get(&name);
        let same = old.is_some_and(|old| old.words() == seen.words() && old.node.uid == seen.node.uid);
        seen.changed = if same { old.and_then(|old| old.changed) } else { (!first).then_some(at) };
        self.nodes.insert(name.clone(), seen);
        (!same).then_some(Change::Node(name))
    }
}

fn words(api: &ApiState) -> &str {
    match api {
        ApiState::Listing { why } | ApiState::Down { why, .. } => why,
        ApiState::Idle | ApiState::SigningIn | ApiState::Watching { .. } => "",
    }
}

fn host(row: &mut HostRow, at: Timestamp, news: HostNews) -> Vec<Change> {
    let link = match news {
        // Why it is down is worth more than that it is tried again.
        HostNews::Connecting if matches!(row.link, Link::Down { .. }) => return Vec::new(),
        HostNews::Connecting => Link::Connecting,
        HostNews::Up { login } => {
            row.login = login;
            Link::Up
        }
        HostNews::Down { why, code, again } => Link::Down { why, code, again },
        HostNews::Detail(detail) => {
            row.detail = Some((at, detail));
            return Vec::new();
        }
        HostNews::Sample(sample) => return look(row, HostReading::read(at, &sample)),
    };
    let changed = match (&link, &row.link) {
        (Link::Down { why, .. }, Link::Down { why: before, .. }) => why != before,
        (new, old) => new != old,
    };
    row.link = link;
    if changed { vec![Change::Link(row.place.clone())] } else { Vec::new() }
}

fn look(row: &mut HostRow, seen: HostReading) -> Vec<Change> {
    let (at, place) = (seen.at, row.place.clone());
    let mut changes = Vec::new();
    row.came.retain(|_, came| within(at, *came, NEW));
    row.went.retain(|(went, _)| within(at, *went, NEW));
    let Some(old) = row.seen.replace(seen) else { return vec![Change::First(place)] };
    let Some(seen) = &row.seen else { return changes };
    if old.error != seen.error {
        changes.push(Change::Runtime(place.clone()));
    }
    if (&old.kubelet, old.restarts) != (&seen.kubelet, seen.restarts) {
        changes.push(Change::Kubelet(place.clone()));
    }
    // When nobody lists them, containers did not go; nor are they new when somebody does again.
    let silent = |seen: &HostReading| !seen.error.is_empty() && seen.containers.is_empty();
    if silent(seen) || silent(&old) {
        return changes;
    }
    let runs =
        |seen: &HostReading, id: &str| seen.containers.iter().any(|one| one.id == id && !one.is_idle());
    for container in old.containers.iter().filter(|one| !one.is_idle() && !runs(seen, &one.id)) {
        row.came.remove(&container.id);
        // One that stays in the list says there how it ended.
        if !seen.containers.iter().any(|one| one.id == container.id) {
            row.went.push((at, container.clone()));
        }
        changes.push(Change::Ended(place.clone(), container.clone()));
    }
    for container in seen.containers.iter().rev().filter(|one| !one.is_idle() && !runs(&old, &one.id)) {
        row.came.insert(container.id.clone(), at);
        changes.push(Change::Started(place.clone(), container.clone()));
    }
    changes
}
