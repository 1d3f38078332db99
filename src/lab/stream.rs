//! The live stream of a lab machine: says that something happened when its containers changed, and answers
//! a request with the same sample the real stream gives.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::host::HostFigures;
use crate::host::stream::{Live, LiveStream, Sample};
use crate::lab::faults::Fault;
use crate::lab::machine::{LabMachine, lost};
use crate::lab::state::Lab;
use crate::plan::clean;
use crate::runtime::Lister;

/// How often an idle stream looks at its machine, of real time.
const LOOK: Duration = Duration::from_millis(150);

/// The shortest time to wait for something, of real time.
const SHORT: Duration = Duration::from_millis(50);

/// One stream.
pub(crate) struct LabStream {
    lab: Lab,
    name: String,
    generation: u64,
    waiting: VecDeque<Live>,
    seen: Vec<(String, u64)>,
}

impl LabStream {
    pub fn new(lab: Lab, name: String, generation: u64) -> Self {
        Self { lab, name, generation, waiting: VecDeque::new(), seen: Vec::new() }
    }

    /// The containers, or `None` when the connection is gone.
    fn containers(&self) -> Option<Vec<(String, u64)>> {
        let state = self.lab.state();
        let machine = state.machines.get(&self.name)?;
        if state.dead || machine.generation != self.generation {
            return None;
        }
        let latest = self.lab.clock().latest_ms();
        let there = machine.containers.iter().filter(|one| one.created <= latest);
        Some(there.map(|one| (one.id.clone(), one.started)).collect())
    }

    /// What has become of it since it was looked at last.
    fn look_up(&mut self) -> Option<Live> {
        match self.containers() {
            Some(now) if now != self.seen => {
                self.seen = now;
                Some(Live::Happened)
            }
            Some(_) => None,
            None => {
                let why = lost(self.lab.state().machines.get(&self.name));
                Some(Live::Ended(format!("the connection was lost: {why}")))
            }
        }
    }

    /// Real time passes; an idle lab is looked at a few times a second.
    fn watch(&mut self, patience: Duration) -> Live {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Live::Quiet;
            }
            self.lab.clock().rest(left.min(LOOK));
            if let Some(live) = self.look_up() {
                return live;
            }
        }
    }

    fn look(&self) -> Option<Sample> {
        let latest = self.lab.clock().latest_ms();
        let now = self.lab.clock().now().as_second();
        let state = self.lab.state();
        let machine = state.machines.get(&self.name)?;
        let unit = machine.look_unit("kubelet", latest);
        let mut sample = Sample {
            clock: now.saturating_add(machine.faults.clock_off() / 1000),
            kubelet: format!("{}/{}", unit.active, unit.sub),
            restarts: unit.restarts.unwrap_or(0),
            lister: Some(lister(machine)),
            figures: Some(figures(machine)),
            ..Sample::default()
        };
        for row in crate::lab::facts::rows(&state, machine, latest) {
            if row == "= 124" {
                sample.error = format!("{} did not answer within 8 s", lister(machine).program());
            } else if row.contains('\t') {
                sample.containers.push(row.split('\t').map(clean::line).collect::<Vec<_>>().join("\t"));
            } else {
                sample.error = clean::line(&row);
            }
        }
        Some(sample)
    }
}

/// Which program lists the containers of a machine.
fn lister(machine: &LabMachine) -> Lister {
    match (machine.has_containerd(), machine.build.crictl) {
        (false, _) => Lister::Docker,
        (true, true) => Lister::Crictl,
        (true, false) => Lister::Ctr,
    }
}

/// A small machine, whose containers take a little of it each.
fn figures(machine: &LabMachine) -> HostFigures {
    let count = u32::try_from(machine.containers.len()).unwrap_or(u32::MAX).min(100);
    let (memory_kib, disk_kib) = (4 << 20, 40 << 20);
    let full = machine.has_fault(|fault| *fault == Fault::NoSpace);
    let disk_used_kib = (7 << 20) + u64::from(count) * (80 << 10);
    HostFigures {
        load: 8 + count * 7,
        processors: 2,
        memory_kib,
        memory_free_kib: memory_kib - (700 << 10) - u64::from(count) * (24 << 10),
        folder: if machine.has_containerd() { "/var/lib/containerd" } else { "/var/lib/docker" }.into(),
        disk_used_kib: if full { disk_kib } else { disk_used_kib },
        disk_free_kib: if full { 0 } else { disk_kib - disk_used_kib },
    }
}

impl LiveStream for LabStream {
    fn sample(&mut self) {
        if let Some(sample) = self.look() {
            self.waiting.push_back(Live::Sample(sample));
        }
    }

    fn lookup(&mut self, name: &str, _: &str) {
        let tool = self.lab.machine(&self.name, |machine| machine.build.dns_tools.first().cloned()).flatten();
        let ready = self.lab.cluster_state(|cluster| cluster.service(name));
        let answers = self.lab.state().cluster.dns_ready(self.lab.clock().latest_ms());
        let found = ready.filter(|_| answers && tool.is_some()).map(|address| address.to_string());
        self.waiting.push_back(Live::Lookup {
            tool: tool.unwrap_or_default(),
            answered: found.is_some(),
            said: found.unwrap_or_default(),
        });
    }

    fn detail(&mut self, certificates: &[&str]) {
        let latest = self.lab.clock().latest_ms();
        let paths: Vec<String> = certificates.iter().map(|path| (*path).to_owned()).collect();
        let state = self.lab.state();
        if let Some(machine) = state.machines.get(&self.name) {
            let detail = crate::lab::journal::detail(&state, machine, latest, &paths);
            drop(state);
            self.waiting.push_back(Live::Detail(detail));
        }
    }

    fn next(&mut self, patience: Duration) -> Live {
        if self.containers().is_some()
            && let Some(live) = self.waiting.pop_front()
        {
            return live;
        }
        if let Some(live) = self.look_up() {
            return live;
        }
        let clock = self.lab.clock();
        if let Some(real) = clock.in_real(patience) {
            // A time of the lab, but no shorter than what is worth waking up for.
            return self.watch(real.max(SHORT).min(patience));
        }
        clock.advance(patience);
        // A panel asks for ever: without this the lab's years would fly by and take a processor with them.
        clock.rest(patience.min(Duration::from_millis(1)));
        self.look_up().unwrap_or(Live::Quiet)
    }
}
