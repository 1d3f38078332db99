//! A lab with a session, and runs of the real engine over it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gangplank::engine::Cost;
use gangplank::engine::certificates::DatedCertificate;
use gangplank::engine::doctor::Examined;
use gangplank::engine::drain::DrainWish;
use gangplank::engine::renew::DueCertificates;
use gangplank::engine::session::journal::left_open;
use gangplank::engine::undo::{UndoList, UndoScope};
use gangplank::engine::world::scripted::LabWorld;
use gangplank::engine::{
    Bundle, Engine, Event, ExitCode, Front, Journal, OfflineCerts, PlacePreview, Reviewed, RunOptions,
    Session, Stamped, TaskOutcome, World,
};
use gangplank::host::Stop;
use gangplank::lab::Lab;
use gangplank::lab::setup::{FIRST_CLUSTER, FIRST_CLUSTER_PLAN};
use gangplank::plan::action::Action;
use gangplank::plan::model::Plan;
use gangplank::plan::place::Place;
use gangplank::plan::problem::{Problem, Verdict};
use gangplank::plan::yaml;
use gangplank::step::StepId;
use tempfile::TempDir;

pub const ALL: [&str; 3] = ["w1", "w2", "w3"];

/// A lab, its plan, and a place for the session.
pub struct Bench {
    pub world: LabWorld,
    pub plan: Plan,
    pub text: String,
    state: TempDir,
    runs: AtomicUsize,
}

/// How a run is made.
pub struct How<'h> {
    pub only: Vec<String>,
    pub jobs: usize,
    pub guided: bool,
    pub stop: &'h Stop,
    pub seen: &'h (dyn Fn(&Stamped) + Send + Sync),
    /// Answers at the guided pace.
    pub go_on: &'h GoOn<'h>,
    /// Sees the requests that wait for an offline CA.
    pub bundle: &'h (dyn Fn(&Bundle) + Send + Sync),
    pub certs: OfflineCerts,
    pub reviewed: Option<Reviewed>,
    pub renew: Option<jiff::SignedDuration>,
}

pub type GoOn<'h> = dyn Fn(&Place, StepId, &[Action]) -> bool + Send + Sync + 'h;

/// What came of a run.
pub struct Ran {
    pub code: u8,
    pub run: String,
    pub events: Vec<Stamped>,
}

/// Keeps the events and shows each to the test.
struct Watch<'w> {
    events: Mutex<Vec<Stamped>>,
    how: &'w How<'w>,
}

impl Front for Watch<'_> {
    fn emit(&self, event: &Stamped) {
        (self.how.seen)(event);
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }

    fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        (self.how.go_on)(place, step, actions)
    }

    fn offline(&self, bundle: &Bundle) {
        (self.how.bundle)(bundle);
    }
}

pub fn plan(text: &str) -> Plan {
    yaml::load(text.as_bytes(), Path::new("/home/op/plan.yaml"), Some(Path::new("/home/op"))).unwrap().plan
}

impl Bench {
    pub fn new(lab: &str, text: &str) -> Self {
        let world = LabWorld::read(lab).unwrap();
        world.lab().set_fast_keys();
        Self::over(world, text)
    }

    /// A world that is there already.
    pub fn over(world: LabWorld, text: &str) -> Self {
        let state = tempfile::tempdir().unwrap();
        Self { world, plan: plan(text), text: text.to_owned(), state, runs: AtomicUsize::new(0) }
    }

    pub fn first() -> Self {
        Self::new(FIRST_CLUSTER, FIRST_CLUSTER_PLAN)
    }

    /// Another plan for the same lab and session.
    pub fn replan(&mut self, text: &str) {
        self.plan = plan(text);
        text.clone_into(&mut self.text);
    }

    pub fn lab(&self) -> &Lab {
        self.world.lab()
    }

    pub fn session(&self) -> std::path::PathBuf {
        self.state.path().join(&self.plan.cluster.name)
    }

    fn go(&self, how: &How, does: &dyn Fn(&Engine) -> ExitCode) -> Ran {
        let number = self.runs.fetch_add(1, Ordering::SeqCst);
        let run = format!("20261123T0900{number:02}Z-1");
        let session = Session::open(self.state.path(), &self.plan, &self.text).unwrap();
        let watch = Watch { events: Mutex::default(), how };
        let options = RunOptions {
            jobs: how.jobs,
            guided: how.guided,
            only: how.only.clone(),
            session: Some(&session),
            journal: Journal::open(&session.folder, &run).unwrap(),
            made: gangplank::engine::session::objects::uids(&session.folder),
            reviewed: how.reviewed.clone(),
            offline: how.certs.clone(),
            renew: how.renew,
            ..RunOptions::new(&run, how.stop)
        };
        let engine = Engine::new(&self.plan, &self.world, &watch, options);
        let code = does(&engine).number();
        drop(engine);
        let events = watch.events.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ran { code, run, events }
    }

    /// What a review shows now.
    pub fn preview(&self) -> Vec<PlacePreview> {
        self.preview_over(&self.world, 8)
    }

    /// The same through another world, so many hosts at a time.
    pub fn preview_over(&self, world: &dyn World, jobs: usize) -> Vec<PlacePreview> {
        let stop = Stop::default();
        let how = how(&stop);
        let watch = Watch { events: Mutex::default(), how: &how };
        let options = RunOptions { jobs, ..RunOptions::new("review", &stop) };
        let engine = Engine::new(&self.plan, world, &watch, options);
        engine.preview().unwrap()
    }

    pub fn apply_with(&self, how: &How) -> Ran {
        self.go(how, &|engine| engine.apply())
    }

    pub fn apply(&self) -> Ran {
        self.apply_only(&[])
    }

    pub fn apply_only(&self, only: &[&str]) -> Ran {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        self.apply_with(&How { only, ..how(&Stop::default()) })
    }

    pub fn repair(&self, place: &Place, actions: &[Action]) -> Ran {
        self.go(&how(&Stop::default()), &|engine| engine.repair(place, actions))
    }

    /// What the doctor finds now.
    pub fn examine(&self, only: &[&str]) -> Vec<Examined> {
        let stop = Stop::default();
        let how = how(&stop);
        let watch = Watch { events: Mutex::default(), how: &how };
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        let options = RunOptions { jobs: 8, only, ..RunOptions::new("doctor", &stop) };
        Engine::new(&self.plan, &self.world, &watch, options).examine().unwrap()
    }

    /// Every certificate.
    pub fn certificates(&self) -> Vec<DatedCertificate> {
        let stop = Stop::default();
        let how = how(&stop);
        let watch = Watch { events: Mutex::default(), how: &how };
        Engine::new(&self.plan, &self.world, &watch, RunOptions::new("certs", &stop)).certificates()
    }

    /// Issues anew what ends within a time.
    pub fn renew(&self, worker: &str, within: jiff::SignedDuration) -> Ran {
        let only = vec![worker.to_owned()];
        self.apply_with(&How { only, renew: Some(within), ..how(&Stop::default()) })
    }

    /// Whom a renewal of what ends within so many days is for.
    pub fn due(&self, within: u32) -> DueCertificates {
        let stop = Stop::default();
        let how = how(&stop);
        let watch = Watch { events: Mutex::default(), how: &how };
        let session = Session::open(self.state.path(), &self.plan, &self.text).unwrap();
        let options = RunOptions { session: Some(&session), ..RunOptions::new("due", &stop) };
        Engine::new(&self.plan, &self.world, &watch, options).due(within)
    }

    /// Releases the pods of a worker whose machine is off; whether its node was not marked before, or why not.
    pub fn release(&self, worker: &str, how: &How) -> (Ran, Result<bool, Problem>) {
        let ended = Mutex::new(None);
        let worker = self.plan.workers.iter().find(|one| one.name == worker).unwrap();
        let ran = self.go(how, &|engine| {
            let done = engine.release(worker);
            let code = if done.is_ok() { ExitCode::Done } else { ExitCode::Problem };
            *ended.lock().unwrap() = Some(done);
            code
        });
        (ran, ended.into_inner().unwrap().unwrap())
    }

    /// Looks at a worker and repairs it.
    pub fn mend(&self, worker: &str) -> Ran {
        self.mend_with(&How { only: vec![worker.to_owned()], ..how(&Stop::default()) }, None)
    }

    /// The same, its pods first where that is wished.
    pub fn mend_with(&self, how: &How, drain: Option<DrainWish>) -> Ran {
        self.go(how, &|engine| {
            let Ok(mut examined) = engine.examine() else { return ExitCode::Problem };
            let first = examined.pop().unwrap();
            if first.healthy() {
                let ended = drain.map_or(Ok(()), |_| engine.end_drain(&first.worker));
                return if ended.is_ok() { ExitCode::Done } else { ExitCode::Problem };
            }
            engine.mend_drained(first, drain)
        })
    }

    pub fn undo(&self) -> Ran {
        self.undo_with(&how(&Stop::default()))
    }

    pub fn undo_with(&self, how: &How) -> Ran {
        self.go(how, &|engine| engine.undo(&UndoScope::Everything, &|_| true))
    }

    /// Says no to what is shown.
    pub fn refuse_undo(&self, how: &How) -> Ran {
        self.go(how, &|engine| engine.undo(&UndoScope::LastRun, &|_| false))
    }

    /// Takes one run back; what was shown before.
    pub fn undo_run(&self, scope: &UndoScope, how: &How) -> (Ran, UndoList) {
        let shown = Mutex::new(UndoList::default());
        let ran = self.go(how, &|engine| {
            engine.undo(scope, &|list| {
                shown.lock().unwrap().clone_from(list);
                true
            })
        });
        (ran, shown.into_inner().unwrap())
    }

    /// What the next run says the last one left unknown, had that one ended at its last end mark.
    pub fn left_open_had_it_died(&self, run: &str) -> Vec<(String, String)> {
        let file = self.session().join(format!("runs/{run}.jsonl"));
        let text = std::fs::read_to_string(&file).unwrap();
        let alive: String =
            text.lines().filter(|line| !line.contains("\"over\"")).flat_map(|line| [line, "\n"]).collect();
        std::fs::write(&file, alive).unwrap();
        let open = left_open(&self.session());
        std::fs::write(&file, text).unwrap();
        open
    }
}

/// A run of all workers, straight, watched by nobody.
pub fn how(stop: &Stop) -> How<'_> {
    How {
        only: Vec::new(),
        jobs: 8,
        guided: false,
        stop,
        seen: &|_| {},
        go_on: &|_, _, _| true,
        bundle: &|_| {},
        certs: OfflineCerts::default(),
        reviewed: None,
        renew: None,
    }
}

impl Ran {
    pub fn at<'r>(&'r self, place: &'r str) -> impl Iterator<Item = &'r Stamped> {
        self.events.iter().filter(move |one| one.place.to_string() == place)
    }

    /// The same; of the two proofs that are waited for side by side the containers come first, whichever was first.
    pub fn in_order<'r>(&'r self, place: &'r str) -> Vec<&'r Stamped> {
        let mut all: Vec<&Stamped> = self.at(place).collect();
        let of = |one: &Stamped, step: &str| one.step.is_some_and(|id| id.0 == step);
        let is = |one: &&Stamped| of(one, "containers") || of(one, "ready");
        let proofs: Vec<usize> = (0..all.len()).filter(|at| is(&all[*at])).collect();
        let mut told: Vec<&Stamped> = proofs.iter().map(|at| all[*at]).collect();
        told.sort_by_key(|one| of(one, "ready"));
        for (at, one) in proofs.into_iter().zip(told) {
            all[at] = one;
        }
        all
    }

    /// The problems told of a place.
    pub fn problems(&self, place: &str) -> Vec<Problem> {
        let problem = |one: &Stamped| match &one.event {
            Event::TaskEnded { outcome: TaskOutcome::Failed { problem } } | Event::Trouble { problem } => {
                Some(problem.clone())
            }
            _ => None,
        };
        self.at(place).filter_map(problem).collect()
    }

    pub fn codes(&self, place: &str) -> Vec<String> {
        self.problems(place).into_iter().map(|problem| problem.code.to_string()).collect()
    }

    /// Titles of the actions that were begun.
    pub fn actions(&self, place: &str) -> Vec<String> {
        let title = |one: &Stamped| match &one.event {
            Event::ActionStarted { action, .. } => Some(action.clone()),
            _ => None,
        };
        self.at(place).filter_map(title).collect()
    }

    /// Steps with their outcomes.
    pub fn outcomes(&self, place: &str) -> Vec<(String, &'static str)> {
        let outcome = |one: &Stamped| match &one.event {
            Event::TaskEnded { outcome } => {
                Some((one.step.map(|step| step.0.to_owned()).unwrap_or_default(), word(outcome)))
            }
            _ => None,
        };
        self.at(place).filter_map(outcome).collect()
    }

    fn over(
        &self,
    ) -> (&std::collections::BTreeMap<String, String>, &std::collections::BTreeMap<String, Cost>) {
        match &self.events.last().unwrap().event {
            Event::RunEnded { places, counts, code, .. } => {
                assert_eq!(code.number(), self.code);
                (places, counts)
            }
            other => panic!("the last event is {other:?}"),
        }
    }

    /// How a place ended.
    pub fn end(&self, place: &str) -> &str {
        self.over().0.get(place).map_or("absent", String::as_str)
    }

    /// Connections, execs and streams of a place.
    pub fn cost(&self, place: &str) -> (usize, usize, usize) {
        self.over().1.get(place).map_or((0, 0, 0), |cost| (cost.connections, cost.execs, cost.streams))
    }

    /// What went wrong anywhere, for a failing test.
    pub fn trouble(&self) -> String {
        let line = |one: &Stamped| match &one.event {
            Event::TaskEnded { outcome: TaskOutcome::Failed { problem } } | Event::Trouble { problem } => {
                Some(format!(
                    "{} {:?} {} {} {:?}",
                    one.place, one.step, problem.code, problem.what, problem.evidence
                ))
            }
            Event::TaskEnded { outcome: TaskOutcome::Skipped { why } } => {
                Some(format!("{} {:?} skipped: {why}", one.place, one.step))
            }
            _ => None,
        };
        self.events.iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.trouble());
        self
    }

    /// The events of a place without times, in words; signing runs side by side, so its lines are sorted.
    pub fn lines(&self, place: &str) -> Vec<String> {
        let mut lines: Vec<(bool, String)> = Vec::new();
        for one in self.in_order(place) {
            let step = one.step.map_or("-", |step| step.0);
            let text = match &one.event {
                Event::RunStarted { hosts } => format!("run-started {}", hosts.join(", ")),
                Event::Note { text } => format!("note {text}"),
                Event::Verdict(Verdict::Ok { about, .. }) => format!("verdict ok: {about}"),
                Event::Verdict(Verdict::Warning { about, .. }) => format!("verdict warning: {about}"),
                Event::Verdict(Verdict::Stops(problem)) => format!("verdict stops: {}", problem.code),
                Event::TaskStarted => "task-started".to_owned(),
                Event::ActionStarted { action, .. } => format!("action-started {action}"),
                Event::Output { line, err } => format!("output {}{line}", if *err { "err " } else { "" }),
                Event::Progress { sent, of } => format!("progress {sent} of {of}"),
                Event::ActionEnded { action, status, .. } => format!("action-ended {status} {action}"),
                Event::TaskEnded { outcome } => format!("task-ended {}", word(outcome)),
                Event::Trouble { problem } => format!("trouble {}", problem.code),
                Event::RunEnded { code, places, .. } => format!("run-ended {code} {places:?}"),
            };
            let sign = matches!(one.event, Event::ActionStarted { .. } | Event::ActionEnded { .. });
            lines.push((sign && step == "sign", format!("{place} {step} {text}")));
        }
        for block in lines.chunk_by_mut(|a, b| a.0 && b.0) {
            block.sort();
        }
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

pub fn word(outcome: &TaskOutcome) -> &'static str {
    match outcome {
        TaskOutcome::Changed { .. } => "changed",
        TaskOutcome::Same { .. } => "same",
        TaskOutcome::Proven { .. } => "proven",
        TaskOutcome::NotProven { .. } => "not-proven",
        TaskOutcome::Skipped { .. } => "skipped",
        TaskOutcome::Failed { .. } => "failed",
        TaskOutcome::Stopped => "stopped",
    }
}

/// Runs it, and fails instead of hanging when its threads wait for each other for ever.
#[track_caller]
pub fn in_time<T: Send + 'static>(does: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(does()));
    receive.recv_timeout(Duration::from_secs(30)).expect("it ends and does not panic")
}
