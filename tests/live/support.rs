//! Updates as a host and an API would make them, and a panel that hears threads.

use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use gangplank::host::Sample;
use gangplank::kube::{Node, NodeEvent, NodeNews};
use gangplank::live::{ApiNews, Change, HostNews, Panel, Update, WatchTarget};
use gangplank::plan::code::ProblemCode;
use gangplank::plan::model::Login;
use gangplank::plan::place::Place;
use jiff::Timestamp;
use serde_json::json;

use crate::sshd::LIMIT;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_435_200 + second).unwrap()
}

pub fn place(name: &str) -> Place {
    Place::Worker(name.to_owned())
}

pub fn spots(names: &[&str]) -> Vec<WatchTarget> {
    let spot = |name: &&str| WatchTarget {
        place: place(name),
        login: Login { host: (*name).to_owned(), ..Login::default() },
        runtime: None,
    };
    names.iter().map(spot).collect()
}

/// A `docker ps` line; the id is the letter 64 times.
pub fn row(id: char, name: &str) -> String {
    let id = id.to_string().repeat(64);
    format!(
        "{id}\tregistry/{name}:1\t\"/bin/{name} --all\"\t2026-11-23 11:30:00 +0000 UTC\tUp 30 minutes\t{name}"
    )
}

/// One the kubelet made.
pub fn pod_row(id: char, container: &str, pod: &str) -> String {
    row(id, container)
        .replace(&format!("\t{container}").repeat(1), &format!("\t{container}"))
        .rsplit_once('\t')
        .map(|(rest, _)| format!("{rest}\tk8s_{container}_{pod}_kube-system_uid-{pod}_0"))
        .unwrap()
}

pub fn host(name: &str, second: i64, news: HostNews) -> Update {
    Update::Host { place: place(name), at: at(second), news }
}

pub fn sample(name: &str, second: i64, rows: &[String]) -> Update {
    let sample = Sample {
        containers: rows.to_vec(),
        clock: at(second).as_second(),
        kubelet: "active/running".to_owned(),
        ..Sample::default()
    };
    host(name, second, HostNews::Sample(sample))
}

pub fn up(name: &str, second: i64) -> Update {
    host(name, second, HostNews::Up { login: format!("root@{name}:22") })
}

pub fn down(name: &str, second: i64, why: &str, again: Option<i64>) -> Update {
    let again = again.map(at);
    host(name, second, HostNews::Down { why: why.to_owned(), code: Some(ProblemCode::Ssh01), again })
}

pub fn node(name: &str, status: &str, made: i64) -> Node {
    Node::from_json(&json!({
        "metadata": {"name": name, "uid": name, "creationTimestamp": at(made).to_string()},
        "status": {"nodeInfo": {"kubeletVersion": "v1.20.2"},
            "conditions": [{"type": "Ready", "status": status, "reason": "KubeletReady",
                "message": "kubelet is posting ready status", "lastTransitionTime": at(made).to_string()}]},
    }))
    .unwrap()
}

pub fn nodes(second: i64, all: Vec<Node>) -> Update {
    Update::Api { at: at(second), news: ApiNews::Nodes(NodeNews::All(all)) }
}

pub fn node_event(second: i64, event: NodeEvent) -> Update {
    Update::Api { at: at(second), news: ApiNews::Nodes(NodeNews::One(Box::new(event))) }
}

/// A panel at the end of the threads' wire.
pub struct Ear {
    pub panel: Panel,
    pub news: Receiver<Update>,
}

pub fn ear(spots: &[WatchTarget]) -> (gangplank::live::Send, Ear) {
    let (send, news) = mpsc::channel();
    (Box::new(move |update| drop(send.send(update))), Ear { panel: Panel::new(spots), news })
}

impl Ear {
    /// Takes updates in until one changes what is wanted; says when that was.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&Panel, &Change) -> bool) -> Instant {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(update) = self.news.recv_timeout(left) else {
                panic!("not heard: {what}\n{:#?}", self.panel)
            };
            let heard = Instant::now();
            let changes = self.panel.apply(update);
            if changes.iter().any(|change| wanted(&self.panel, change)) {
                return heard;
            }
        }
    }

    /// Takes updates in until the panel is as wanted.
    pub fn panel_until(&mut self, what: &str, wanted: impl Fn(&Panel) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !wanted(&self.panel) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(update) = self.news.recv_timeout(left) else {
                panic!("not heard: {what}\n{:#?}", self.panel)
            };
            self.panel.apply(update);
        }
    }

    /// Nothing is heard any more once the threads had time to notice.
    pub fn ends(self) {
        let deadline = Instant::now() + LIMIT;
        while let Ok(_late) = self.news.recv_timeout(deadline.saturating_duration_since(Instant::now())) {}
        // The sender is gone with the last thread; a timeout would be as long as the deadline.
        assert!(Instant::now() < deadline, "threads still speak or live");
    }
}

pub const A_MOMENT: Duration = Duration::from_millis(500);
