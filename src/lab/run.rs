//! A lab machine as a host: batches are carried out action by action, with the marks, answers and troubles
//! that a script at the end of a wire would give.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::host::batch::named_by;
use crate::host::{ActionEnd, Batch, BatchEnd, BatchProgress, CompileError};
use crate::host::{
    Host, HostTrouble, LiveStream, LogSource, LogStream, Pipe, Stop, WireCounts, WireError, answer,
};
use crate::lab::act::{Carried, Doer};
use crate::lab::container_log::LabLog;
use crate::lab::dns::DnsPipe;
use crate::lab::faults::{Cut, Fault};
use crate::lab::machine::{LabMachine, LabTar, lost};
use crate::lab::outcome::Failed;
use crate::lab::state::{HERE, Lab, LabState};
use crate::lab::stream::LabStream;
use crate::pki::{self, PkiError};
use crate::plan::action::{Action, Content, KeyAlgorithm, SecretRef, Verb, sha256};
use crate::plan::clean;
use crate::plan::fact::Facts;
use crate::plan::runtime_fact::RuntimeKind;

/// How long a connection to nowhere is tried.
const SYN_TIMEOUT: Duration = Duration::from_secs(3);

/// A machine of the lab, connected.
pub struct LabHost {
    pub(in crate::lab) lab: Lab,
    pub(in crate::lab) name: String,
    pub(in crate::lab) describe: String,
    generation: u64,
    /// Whose lock it holds.
    pub(in crate::lab) token: Option<String>,
    /// A shell is there that did a batch before; the next one goes to it too.
    shell: bool,
}

/// What happened to one action.
struct ActOutcome {
    cut: Option<Cut>,
    done: Result<String, Failed>,
    out: String,
    left_alone: bool,
}

impl Lab {
    /// Connects to a machine by name or address, as the login of a plan names it.
    pub fn connect(&self, host: &str) -> Result<LabHost, WireError> {
        let unreachable =
            |why: &str| WireError::Unreachable { addr: format!("{host}:22"), why: why.to_owned() };
        let name = self.find(host).ok_or_else(|| unreachable("Name or service not known"))?;
        self.clock().advance(Duration::from_millis(300));
        let mut state = self.state();
        let dead = state.dead;
        let machine = state.machines.get_mut(&name).ok_or_else(|| unreachable("no route to host"))?;
        if machine.faults.has(&Fault::Unreachable) {
            let addr = format!("{host}:{}", machine.build.port);
            drop(state);
            self.clock().advance(SYN_TIMEOUT);
            return Err(WireError::Unreachable {
                addr,
                why: "Connection timed out (os error 110)".to_owned(),
            });
        }
        if dead {
            return Err(WireError::Cut);
        }
        if !machine.connected {
            machine.connected = true;
            machine.counts.connections = machine.counts.connections.saturating_add(1);
        }
        let (generation, describe) = (machine.generation, machine.describe());
        drop(state);
        Ok(LabHost::new(self.clone(), name, describe, generation))
    }

    /// The operator's computer as a host.
    pub fn here(&self) -> LabHost {
        LabHost::new(self.clone(), HERE.to_owned(), "this computer".to_owned(), 0)
    }
}

impl LabHost {
    pub(crate) fn new(lab: Lab, name: String, describe: String, generation: u64) -> Self {
        Self { lab, name, describe, generation, token: None, shell: false }
    }

    /// An exec begins: the connection is there and we are root.
    fn exec(&self, again: bool) -> Result<(), HostTrouble> {
        self.lab.clock().advance(Duration::from_millis(100));
        let (asks, wrong) = {
            let mut state = self.lab.state();
            let dead = state.dead;
            let Some(machine) = state.machines.get_mut(&self.name) else {
                return Err(HostTrouble::Unable(format!("the lab has no machine {}", self.name)));
            };
            if machine.here {
                return if dead { Err(HostTrouble::Wire(WireError::Cut)) } else { Ok(()) };
            }
            if dead || self.generation != machine.generation {
                let why = "the connection was closed by the other side".to_owned();
                return Err(HostTrouble::Wire(if dead { WireError::Cut } else { WireError::Lost { why } }));
            }
            machine.left = false;
            if again {
                return Ok(());
            }
            machine.counts.execs = machine.counts.execs.saturating_add(1);
            if machine.faults.has(&Fault::NoSudo) {
                let said = format!("{} is not in the sudoers file.", machine.build.user);
                return Err(HostTrouble::NoRoot { host: self.describe.clone(), said });
            }
            let wrong = machine.faults.has(&Fault::WrongSudoPassword);
            let asks = machine.build.sudo_password.clone().filter(|_| machine.build.user != "root");
            (asks, wrong)
        };
        if asks.is_none() && !wrong {
            return Ok(());
        }
        let (name, host) = (SecretRef::Sudo(self.describe.clone()), self.describe.clone());
        let vault = self.lab.vault();
        let given = vault.as_ref().and_then(|vault| vault.get(&name));
        match given {
            Some(given) if !wrong && asks.as_deref() == Some(given.as_str()) => Ok(()),
            None if !wrong || vault.is_some() => Err(HostTrouble::SudoPasswordWanted { host }),
            Some(_) | None => {
                if let Some(vault) = vault {
                    vault.wrong(&name);
                }
                Err(HostTrouble::SudoPasswordWrong { host })
            }
        }
    }

    fn secret(&self, name: &SecretRef) -> Result<Zeroizing<String>, CompileError> {
        let found = self.lab.vault().and_then(|vault| vault.get(name));
        found.ok_or_else(|| CompileError::NoSecret(name.clone()))
    }

    /// What an action carries, or why the batch cannot be sent.
    fn fetch(&self, action: &Action) -> Result<Carried, CompileError> {
        if let Action::Sign { csr, .. } = action {
            return Err(CompileError::NotYet(csr.0.clone()));
        }
        if let Action::Script { secrets, .. } = action {
            let mut lines = Vec::new();
            for name in secrets {
                lines.extend_from_slice(self.secret(name)?.as_bytes());
                lines.push(b'\n');
            }
            return Ok(Carried::Bytes(lines));
        }
        match action.content() {
            None => Ok(Carried::Nothing),
            Some(Content::Literal(bytes)) => Ok(Carried::Bytes(bytes.clone())),
            Some(Content::Later(slot)) => Err(CompileError::NotYet(slot.0.clone())),
            Some(Content::Secret(name)) => Ok(Carried::Bytes(self.secret(name)?.as_bytes().to_vec())),
            Some(Content::File { path, sha256: want }) => {
                let path = path.display().to_string();
                let tar = self.lab.machine(HERE, |here| here.tars.get(&path).cloned()).flatten();
                if let Some(tar) = tar {
                    return Ok(Carried::Tar(tar));
                }
                let Some(bytes) = self.lab.read_here(&path) else {
                    let why = "No such file or directory (os error 2)".to_owned();
                    return Err(CompileError::Unreadable { field: named_by(action), path, why });
                };
                let is = sha256(&bytes);
                match want {
                    Some(want) if *want != is => {
                        Err(CompileError::OtherHash { field: named_by(action), path, want: want.clone(), is })
                    }
                    Some(_) | None => Ok(Carried::Bytes(bytes.to_vec())),
                }
            }
        }
    }

    /// A key to be made, drawn without holding the lab up.
    fn draw(&self, action: &Action) -> Option<Result<Zeroizing<String>, PkiError>> {
        let Action::MakeKey { path, kind } = action else { return None };
        let (draw, fast) = {
            let mut state = self.lab.state();
            // What is drawn for this computer is drawn under the name of its place.
            let name = if self.name == HERE { "here" } else { &self.name };
            (state.seed.next(&format!("key {name} {path}")), state.fast_keys)
        };
        Some(draw.key(match kind {
            KeyAlgorithm::Rsa2048 if !fast => pki::NewKey::Rsa2048,
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::P256 => pki::NewKey::P256,
        }))
    }

    /// The action takes its time; what is sent is told meanwhile. `false` = the connection was lost.
    fn pass(&self, action: &Action, sends: Sends, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> bool {
        let clock = self.lab.clock();
        let whole = takes(action, sends.now).mul_f64(pace(&self.name));
        let mut gone = Duration::ZERO;
        let cut = sends.is_large() && self.cuts_sending();
        while let Some(slice) = clock.in_lab(SLICE).filter(|_| gone < whole) {
            let slice = slice.min(whole.saturating_sub(gone));
            clock.advance(slice);
            gone = gone.saturating_add(slice);
            if !self.connected() {
                return false;
            }
            if sends.is_large() && gone < whole {
                let part = u128::from(sends.now) * gone.as_millis() / whole.as_millis().max(1);
                let part = u64::try_from(part).unwrap_or(sends.now);
                hear(BatchProgress::Sent(sends.before.saturating_add(part), sends.total));
            }
            if cut && gone >= whole / 2 {
                return false;
            }
            if stop.level() > 1 {
                break;
            }
        }
        if gone.is_zero() {
            clock.advance(whole);
        }
        if cut || !self.connected() {
            return false;
        }
        if sends.is_large() {
            hear(BatchProgress::Sent(sends.before.saturating_add(sends.now), sends.total));
        }
        true
    }

    /// The connection is to be lost now that something large is sent; asked once.
    fn cuts_sending(&self) -> bool {
        let take = |machine: &mut LabMachine| {
            let before = machine.faults.set.len();
            machine.faults.set.retain(|fault| *fault != Fault::CutWhileSending);
            machine.faults.set.len() < before
        };
        self.lab.machine(&self.name, take).unwrap_or_default()
    }

    /// Nobody pulled the cable since this connection was made.
    fn connected(&self) -> bool {
        let mut state = self.lab.state();
        let is = |machine: &mut LabMachine| machine.here || machine.generation == self.generation;
        !state.dead && state.machines.get_mut(&self.name).is_some_and(is)
    }

    fn carry_out(&self, run: &str, action: &Action, carried: &Carried) -> ActOutcome {
        let key = self.draw(action);
        let now_ms = self.lab.clock().now().as_millisecond();
        let latest = self.lab.clock().latest_ms();
        let mut state = self.lab.state();
        let lost = || ActOutcome {
            cut: Some(Cut::Before),
            done: Ok(String::new()),
            out: String::new(),
            left_alone: false,
        };
        let LabState { machines, seed, .. } = &mut *state;
        let Some(machine) = machines.get_mut(&self.name) else { return lost() };
        let cut = machine.faults.next_action();
        if cut == Some(Cut::Before) {
            return lost();
        }
        let seconds = now_ms.saturating_add(machine.faults.clock_off()) / 1000;
        let mut doer =
            Doer { machine, run, seconds, latest, seed, key, out: String::new(), left_alone: false };
        let done = doer.act(action, carried);
        let left_alone = doer.left_alone;
        let out = std::mem::take(&mut doer.out);
        state.work(latest);
        ActOutcome { cut, done, out, left_alone }
    }

    /// The connection is gone.
    fn lose(&self, all: bool) -> HostTrouble {
        let mut state = self.lab.state();
        state.dead |= all;
        let why = lost(state.machines.get(&self.name));
        if let Some(machine) = state.machines.get_mut(&self.name)
            && !machine.here
        {
            machine.generation = machine.generation.saturating_add(1);
            machine.connected = false;
        }
        HostTrouble::Wire(if all { WireError::Cut } else { WireError::Lost { why: why.to_owned() } })
    }

    fn answers(&self, batch: &Batch, ask: bool) -> Facts {
        let mut facts = Facts::default();
        if ask && !batch.queries.is_empty() {
            self.lab.clock().advance(Duration::from_millis(200));
        }
        let now_ms = self.lab.clock().now().as_millisecond();
        let latest = self.lab.clock().latest_ms();
        let state = self.lab.state();
        let off = state.machines.get(&self.name).map_or(0, |machine| machine.faults.clock_off());
        for want in &batch.queries {
            let fact = if ask {
                crate::lab::facts::ask(&state, &self.name, want, now_ms.saturating_add(off), latest)
            } else {
                answer::read(want, &[])
            };
            facts.learn(want.clone(), fact);
        }
        facts
    }
}

/// How often somebody looks up from an action that takes long, of real time.
const SLICE: Duration = Duration::from_millis(200);
/// Bytes below which nothing is said about how far the sending is.
const LARGE: u64 = 1 << 20;

/// What a batch sends.
#[derive(Clone, Copy)]
struct Sends {
    /// Before this action.
    before: u64,
    /// With this action.
    now: u64,
    /// With all actions of the batch.
    total: u64,
}

impl Sends {
    fn is_large(&self) -> bool {
        self.now > 0 && self.total > LARGE
    }
}

/// How long an action takes.
fn takes(action: &Action, bytes: u64) -> Duration {
    Duration::from_millis(match action {
        Action::MakeKey { kind: KeyAlgorithm::Rsa2048, .. } => 400,
        Action::LoadImage { .. } => 2_200,
        // 16 MB a second, and docker load.
        Action::SendImage { .. } => bytes / 16_000 + 1_500,
        Action::Service { verb: Verb::Start | Verb::Restart | Verb::Stop, .. } => 900,
        Action::Service { .. } => 250,
        Action::RestartPod { .. } | Action::CleanPods { .. } => 1_000,
        Action::MakeKey { .. } | Action::MakeCsr { .. } | Action::Script { .. } => 120,
        _ => 50,
    })
}

/// No two machines are equally fast: what is taken times this, the same on every take.
fn pace(machine: &str) -> f64 {
    let sum = machine.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    0.85 + f64::from(sum % 8) * 0.06
}

fn size(carried: &Carried) -> u64 {
    match carried {
        Carried::Nothing => 0,
        Carried::Bytes(bytes) => bytes.len() as u64,
        Carried::Tar(LabTar { size, .. }) => *size,
    }
}

impl Host for LabHost {
    fn describe(&self) -> String {
        self.describe.clone()
    }

    fn run(&mut self, batch: &Batch, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> BatchEnd {
        let failed = |trouble| BatchEnd { trouble: Some(trouble), ..BatchEnd::default() };
        let carried = batch.actions.iter().map(|action| self.fetch(action)).collect::<Result<Vec<_>, _>>();
        let carried = match carried {
            Ok(carried) => carried,
            Err(error) => return failed(HostTrouble::Compile(error)),
        };
        if let Err(trouble) = self.exec(self.shell).and_then(|()| self.claim(batch)) {
            return failed(trouble);
        }
        let total: u64 = carried.iter().map(size).sum();
        let mut end = BatchEnd::default();
        let mut sent = 0_u64;
        for (index, (action, carried)) in batch.actions.iter().zip(&carried).enumerate() {
            if stop.wanted() {
                end.stopped = true;
                break;
            }
            hear(BatchProgress::Began(index));
            end.actions.insert(index, ActionEnd::default());
            let sends = Sends { before: sent, now: size(carried), total };
            sent = sent.saturating_add(sends.now);
            if !self.pass(action, sends, stop, hear) {
                end.trouble = Some(self.lose(false));
                break;
            }
            let outcome = self.carry_out(&batch.run, action, carried);
            if outcome.cut == Some(Cut::Before) {
                end.trouble = Some(self.lose(false));
                break;
            }
            let left_alone = outcome.left_alone;
            if left_alone {
                hear(BatchProgress::LeftAlone(index));
            }
            let (status, out, err) = match outcome.done {
                Ok(out) => (0, out, String::new()),
                Err(Failed(status, err)) => (status, outcome.out, err),
            };
            for (is_err, text) in [(false, &out), (true, &err)] {
                for line in text.lines().filter(|line| !line.is_empty()) {
                    hear(BatchProgress::Said(index, is_err, clean::line(line)));
                }
            }
            if outcome.cut == Some(Cut::After) {
                end.actions.insert(index, ActionEnd { status: None, out, err, left_alone });
                end.trouble = Some(self.lose(false));
                break;
            }
            hear(BatchProgress::Ended(index, status));
            end.actions.insert(index, ActionEnd { status: Some(status), out, err, left_alone });
            if outcome.cut == Some(Cut::Kill) {
                end.trouble = Some(self.lose(true));
                break;
            }
            if status != 0 {
                break;
            }
        }
        end.stopped |= stop.wanted() && end.trouble.is_none() && self.name != HERE;
        end.complete = end.trouble.is_none();
        self.shell = end.complete && !end.stopped;
        end.facts = self.answers(batch, end.complete && (!end.stopped || self.name == HERE));
        end
    }

    fn release(&mut self) {
        self.let_go();
    }

    fn of_runtime(&mut self, runtime: Option<RuntimeKind>) {
        self.lab.machine(&self.name, |machine| machine.stream_runtime = runtime);
    }

    fn stream(&mut self) -> Result<Box<dyn LiveStream>, HostTrouble> {
        if self.name == HERE {
            return Err(HostTrouble::Unable("this computer has no live stream".to_owned()));
        }
        self.exec(false)?;
        self.lab.machine(&self.name, |machine| machine.streams = machine.streams.saturating_add(1));
        Ok(Box::new(LabStream::new(self.lab.clone(), self.name.clone(), self.generation)))
    }

    fn log(&mut self, what: &LogSource) -> Result<Box<dyn LogStream>, HostTrouble> {
        self.exec(false)?;
        self.lab.machine(&self.name, |machine| machine.streams = machine.streams.saturating_add(1));
        let (lab, name) = (self.lab.clone(), self.name.clone());
        Ok(Box::new(LabLog::new(lab, name, self.generation, what.clone())))
    }

    fn tcp(&mut self, host: &str, port: u16) -> Result<Box<dyn Pipe>, HostTrouble> {
        self.lab.clock().advance(Duration::from_millis(20));
        let latest = self.lab.clock().latest_ms();
        let mut state = self.lab.state();
        let ready = state.cluster.dns_ready(latest);
        let at = |(path, live): (&String, &serde_json::Value)| {
            path.ends_with("/services/kube-dns")
                && live.pointer("/spec/clusterIP").and_then(serde_json::Value::as_str) == Some(host)
        };
        let there = state.cluster.objects.iter().any(at);
        let (dead, generation) = (state.dead, self.generation);
        let refused = |why: &str| {
            let to = format!("{host}:{port}");
            HostTrouble::Wire(WireError::NoTcp { host: self.describe.clone(), to, why: why.to_owned() })
        };
        let Some(machine) = state.machines.get_mut(&self.name) else {
            return Err(refused("no such machine"));
        };
        if dead || generation != machine.generation {
            return Err(HostTrouble::Wire(WireError::Lost { why: "connection reset by peer".to_owned() }));
        }
        machine.counts.tcp = machine.counts.tcp.saturating_add(1);
        let proxied =
            machine.rules && machine.containers.iter().any(|one| one.name.starts_with("k8s_kube-proxy"));
        if port == 53 && ready && there && proxied {
            drop(state);
            return Ok(Box::new(DnsPipe::new(self.lab.clone())));
        }
        Err(refused(if there && proxied { "Connection refused" } else { "No route to host" }))
    }

    fn counts(&self) -> WireCounts {
        self.lab.machine(&self.name, |machine| machine.counts).unwrap_or_default()
    }

    fn streams(&self) -> usize {
        self.lab.machine(&self.name, |machine| machine.streams).unwrap_or_default()
    }
}
