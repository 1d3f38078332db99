//! What is known of one host and of one node.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::host::{HostDetail, HostFigures, Sample};
use crate::kube::{Node, ReadyState};
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::remote::Remote;
use crate::runtime::Lister;
use crate::runtime::ps::{Container, KubeletName};

/// So long something is marked as new.
pub const NEW: Duration = Duration::from_secs(10);
/// A sample older than this is stale: the host has not answered the last two times.
pub const STALE: Duration = Duration::from_secs(25);

/// The connection to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody has tried yet.
    Idle,
    /// It is being connected to.
    Connecting,
    /// The stream is open.
    Up,
    /// There is none.
    Down {
        /// Why, in one sentence.
        why: String,
        /// The stable code, where there is one.
        code: Option<ProblemCode>,
        /// When it is tried next; `None` = when somebody says so.
        again: Option<Timestamp>,
    },
}

/// A look at a host, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostReading {
    /// When, by this computer's clock.
    pub at: Timestamp,
    /// Which program listed the containers; `None` = none was asked.
    pub lister: Option<Lister>,
    /// As it lists them, newest first.
    pub containers: Vec<Container>,
    /// What it said instead, or a line of it nobody understands.
    pub error: String,
    /// How much of the machine is in use; `None` = it did not say.
    pub figures: Option<HostFigures>,
    /// The unit's ActiveState and SubState, `active/running`.
    pub kubelet: String,
    /// How often systemd restarted the kubelet.
    pub restarts: u32,
    /// Seconds the host's clock is ahead.
    pub ahead: i64,
}

impl HostReading {
    pub(super) fn read(at: Timestamp, sample: &Sample) -> Self {
        let mut seen = Self {
            at,
            lister: sample.lister,
            figures: sample.figures.clone(),
            containers: Vec::with_capacity(sample.containers.len()),
            error: sample.error.clone(),
            kubelet: sample.kubelet.clone(),
            restarts: sample.restarts,
            ahead: sample.clock.saturating_sub(at.as_second()),
        };
        for line in &sample.containers {
            match Container::parse(line) {
                Ok(container) => seen.containers.push(container),
                Err(error) => seen.error = error.to_string(),
            }
        }
        seen
    }
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// The worker it is.
    pub place: Place,
    /// Its connection.
    pub link: Link,
    /// `root@10.0.0.1:22`, once it was connected to.
    pub login: String,
    /// The last look at it.
    pub seen: Option<HostReading>,
    /// Its journal and its certificates, and when they were told.
    pub detail: Option<(Timestamp, HostDetail)>,
    /// Since when a container is there, for those that came while somebody looked.
    pub(super) came: BTreeMap<String, Timestamp>,
    /// Containers that went, and when.
    pub(super) went: Vec<(Timestamp, Container)>,
}

/// One name on a row: a container, or a pod with its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerGroup {
    /// Container or pod name.
    pub name: Remote<String>,
    /// Containers it stands for.
    pub count: usize,
    /// One of them is new.
    pub new: bool,
    /// What is to say about the state of one of them, `restarting`.
    pub remark: Option<&'static str>,
}

impl ContainerGroup {
    /// Its name, with what is to say about it.
    pub fn words(&self) -> String {
        let count = if self.count > 1 { format!(" ({})", self.count) } else { String::new() };
        let remark = self.remark.map(|remark| format!(" [{remark}]")).unwrap_or_default();
        format!("{}{count}{remark}", self.name)
    }
}

pub(super) fn within(now: Timestamp, at: Timestamp, time: Duration) -> bool {
    age(now, at) <= time
}

/// How old something is; what is in the future is new.
pub fn age(now: Timestamp, at: Timestamp) -> Duration {
    now.duration_since(at).try_into().unwrap_or(Duration::ZERO)
}

impl HostRow {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            link: Link::Idle,
            login: String::new(),
            seen: None,
            detail: None,
            came: BTreeMap::new(),
            went: Vec::new(),
        }
    }

    /// Its containers, newest first.
    pub fn containers(&self) -> &[Container] {
        self.seen.as_ref().map_or(&[], |seen| &seen.containers)
    }

    /// Which program listed them; `None` = none was asked yet.
    pub fn lister(&self) -> Option<Lister> {
        self.seen.as_ref().and_then(|seen| seen.lister)
    }

    /// How many of them run now.
    pub fn running(&self) -> usize {
        self.containers().iter().filter(|one| one.is_up()).count()
    }

    /// How old the last look is.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.seen.as_ref().map(|seen| age(now, seen.at))
    }

    /// The last look says nothing about now: there is no stream, or no answer.
    pub fn stale(&self, now: Timestamp) -> bool {
        self.link != Link::Up || self.age(now).is_some_and(|age| age > STALE)
    }

    /// The container came within the last ten seconds.
    pub fn is_new(&self, id: &str, now: Timestamp) -> bool {
        self.came.get(id).is_some_and(|at| within(now, *at, NEW))
    }

    /// Containers that went within the last ten seconds, newest first.
    pub fn gone(&self, now: Timestamp) -> impl Iterator<Item = &Container> {
        self.went.iter().rev().filter(move |(at, _)| within(now, *at, NEW)).map(|(_, container)| container)
    }

    /// Whether it is worth a word: it has not ended well, and no later try of the same runs.
    fn is_told(&self, one: &Container) -> bool {
        let Some(name) = &one.kubelet else { return !one.is_done() };
        let later = |other: &&Container| {
            let same = |other: &KubeletName| other.uid == name.uid && other.container == name.container;
            other.is_up() && other.kubelet.as_ref().is_some_and(same)
        };
        !one.is_pause()
            && !one.is_done()
            && (!one.is_idle() || !self.containers().iter().any(|other| later(&other)))
    }

    /// Names for one line, newest first: a pod's containers are one, and those that hold its network are left out, as
    /// are those that have ended well.
    pub fn names(&self, now: Timestamp) -> Vec<ContainerGroup> {
        let mut pods: Vec<(Option<Remote<String>>, ContainerGroup)> = Vec::new();
        for container in self.containers().iter().filter(|one| self.is_told(one)) {
            let new = self.is_new(&container.id, now);
            let pod = container.kubelet.as_ref().map(|name| name.uid.clone());
            let known = pods.iter_mut().find(|(uid, _)| uid.is_some() && *uid == pod);
            if let Some((_, shown)) = known {
                shown.count += 1;
                shown.new |= new;
                shown.remark = shown.remark.or(container.remark());
                if let Some(name) = &container.kubelet {
                    shown.name.clone_from(&name.pod);
                }
                continue;
            }
            let name = container.kubelet.as_ref().map_or(&container.name, |name| &name.container);
            pods.push((
                pod,
                ContainerGroup { name: name.clone(), count: 1, new, remark: container.remark() },
            ));
        }
        pods.into_iter().map(|(_, shown)| shown).collect()
    }
}

/// A node as the API told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSeen {
    /// As the API last told it, event or list.
    pub node: Node,
    /// When it was told.
    pub at: Timestamp,
    /// When its state changed while somebody looked.
    pub(super) changed: Option<Timestamp>,
}

/// A node's state in a word, as kubectl says it.
pub fn ready_word(state: ReadyState) -> &'static str {
    match state {
        ReadyState::Ready => "Ready",
        ReadyState::NotReady => "NotReady",
        ReadyState::Silent => "Unknown",
        ReadyState::NotSaid => "no state",
    }
}

impl NodeSeen {
    /// All that is to say: `Ready`, `NotReady,MemoryPressure,cordoned`.
    pub fn words(&self) -> String {
        let mut words = vec![ready_word(self.node.ready.state).to_owned()];
        words.extend(self.node.pressures.iter().map(ToString::to_string));
        if self.node.unschedulable {
            words.push("cordoned".to_owned());
        }
        words.join(",")
    }

    /// Its state changed within the last ten seconds.
    pub fn is_new(&self, now: Timestamp) -> bool {
        self.changed.is_some_and(|at| within(now, at, NEW))
    }
}
