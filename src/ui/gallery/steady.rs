//! What depends on the machine a scene is staged on, made the same on every take: the order and the times of events,
//! the clocks of hosts, the ages of containers and nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::engine::{Event, Front, Stamped};
use crate::host::{HostDetail, Sample};
use crate::kube::{Happening, Node};
use crate::plan::place::Place;
use crate::plan::remote::Remote;

/// The hour of every scene.
const START: i64 = 1_795_424_400;

/// The hour of every scene, as a time.
pub fn start() -> Timestamp {
    Timestamp::from_second(START).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Keeps events.
#[derive(Default)]
pub struct RecordingFront(Mutex<Vec<Stamped>>);

impl Front for RecordingFront {
    fn emit(&self, event: &Stamped) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

/// Adds a run to those before it: of what every run does on a place, the one that did most is shown.
pub fn join(all: &mut Vec<Stamped>, keeps: RecordingFront) {
    let new = keeps.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    let ends = |events: &[Stamped]| {
        events.iter().find_map(|event| match &event.event {
            Event::RunEnded { places, .. } => Some(places.clone()),
            _ => None,
        })
    };
    let before = ends(all).unwrap_or_default();
    all.retain(|event| !matches!(event.event, Event::RunEnded { .. }));
    let places: BTreeSet<Place> = new.iter().map(|event| event.place.clone()).collect();
    let (mut end, mut rest): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|event| matches!(event.event, Event::RunEnded { .. }));
    for place in places {
        let did = |events: &[Stamped]| {
            let of =
                |event: &&Stamped| event.place == place && matches!(event.event, Event::ActionEnded { .. });
            events.iter().filter(of).count()
        };
        if did(all) > did(&rest) {
            rest.retain(|event| event.place != place);
        } else {
            all.retain(|event| event.place != place);
        }
    }
    for event in &mut end {
        if let Event::RunEnded { places, .. } = &mut event.event {
            for (place, word) in before.clone() {
                let now = places.entry(place).or_insert_with(|| word.clone());
                if now == "same" {
                    *now = word;
                }
            }
        }
    }
    all.extend(rest);
    all.extend(end);
}

/// The events with times that are the same on every take: each is made of what came before it on its place.
pub fn timed(mut all: Vec<Stamped>) -> Vec<Stamped> {
    let mut clocks: BTreeMap<Place, f64> = BTreeMap::new();
    for event in &mut all {
        // The cluster's steps wait for a worker, and no two workers are equally fast.
        let (begin, pace) = match &event.place {
            Place::Cluster => (14.0, 1.0),
            Place::Worker(name) if name.ends_with('2') => (0.6, 1.35),
            Place::Worker(name) if name.ends_with('3') => (0.4, 0.8),
            _ => (0.2, 1.0),
        };
        let clock = clocks.entry(event.place.clone()).or_insert(begin);
        *clock += pace
            * match &mut event.event {
                Event::ActionEnded { ms, .. } => {
                    *ms = if pace > 1.0 { 320 } else { 240 };
                    0.24
                }
                Event::TaskEnded { .. } => 0.35,
                Event::ActionStarted { .. } => 0.03,
                _ => 0.01,
            };
        event.t = (*clock * 100.0).round() / 100.0;
    }
    // What ends the run comes last.
    all.sort_by(|one, other| {
        let end = |event: &Stamped| matches!(event.event, Event::RunEnded { .. });
        end(one).cmp(&end(other)).then(one.t.total_cmp(&other.t)).then_with(|| one.place.cmp(&other.place))
    });
    all
}

/// When what a run made is said to have been made.
pub fn made() -> Timestamp {
    start().saturating_add(SignedDuration::from_secs(19)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// How long ago a moment of the lab was depends on the machine; what is older than the lab stays as it is.
pub fn steady(sample: &mut Sample, now: Timestamp, at: Timestamp) {
    let off = sample.clock.saturating_sub(now.as_second());
    sample.clock = at.as_second().saturating_add(if off.abs() < 600 { 0 } else { off / 600 * 600 });
    for line in &mut sample.containers {
        let mut fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if let [_, _, _, created, status, _] = fields.as_mut_slice()
            && created.starts_with(&start().strftime("%Y-%m-%d %H").to_string())
        {
            *created = made().strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string();
            "Up 27 seconds".clone_into(status);
        }
        *line = fields.join("\t");
    }
}

/// The same for the lines of a journal: what comes again and again is left out.
pub fn steady_detail(detail: &mut HostDetail) {
    let at = made().strftime("%b %d %H:%M:%S").to_string();
    detail.journal.retain(|line| !line.contains("container_manager.go"));
    for line in &mut detail.journal {
        let text = line.to_string();
        let rest: String = text.chars().skip(at.len()).collect();
        *line = Remote::new(format!("{at}{rest}"));
    }
}

/// The same for events, whose order is that of their times.
pub fn steady_happenings(all: &mut [Happening]) {
    for one in all.iter_mut().filter(|one| one.last.is_some_and(|at| at >= start())) {
        one.last = Some(made());
    }
    all.sort_by(|a, b| (&a.pod, &a.reason, &a.message).cmp(&(&b.pod, &b.reason, &b.message)));
}

/// The same for the times of a node.
pub fn steady_node(node: &mut Node) {
    for time in [&mut node.created, &mut node.ready.since].into_iter().flatten() {
        if *time >= start() {
            *time = made();
        }
    }
    for time in node.conditions.iter_mut().filter_map(|one| one.since.as_mut()) {
        if *time >= start() {
            *time = made();
        }
    }
}
