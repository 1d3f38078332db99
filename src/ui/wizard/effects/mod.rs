//! Carries out effects: looks, runs, undo, files. Each in a thread of its own, telling the wizard by messages, so
//! that the screen never waits. It reads the model and never writes it.
//!
//! It is long because every effect is carried out here.

pub mod demo;
pub mod describe;
pub mod session;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::demo::DemoLab;
use crate::engine::review::Reviewed;
use crate::engine::signing::offline::{Bundle, OfflineCerts};
use crate::engine::{
    Engine, ExitCode, Front, Journal, PlacePreview, RealWorld, RunOptions, Session, SharedWorld, Stamped,
    World, probe,
};
use crate::host::{HostKeyQuestion, Stop, TrustAnswer};
use crate::live;
use crate::pki::CaInfo;
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::model::{ApiAddress, Plan};
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::plan::yaml;
use crate::step::StepId;
use crate::ui::credentials::prompt::Prompt;
use crate::ui::script;
use crate::ui::tui::clipboard;
use crate::ui::tui::theme::Role;
use crate::ui::wizard::message::{Effect, Msg, Opened};
use crate::ui::wizard::model::{Model, Offline, ProbeTarget, Question, Reply};
use crate::ui::wizard::update;
use demo::DemoOpening;

/// What the wizard stands on.
#[derive(Clone)]
pub enum Ground {
    /// Machines.
    Real(Arc<RealWorld>),
    /// A lab in memory.
    Demo(Arc<DemoLab>),
}

/// Questions that somebody waits for.
#[derive(Clone, Default)]
pub struct Replies(Arc<Mutex<PendingReplies>>);

#[derive(Default)]
struct PendingReplies {
    asked: HashMap<u64, Sender<Reply>>,
    /// Nobody answers any more.
    closed: bool,
}

/// Numbers of questions.
static QUESTIONS: AtomicU64 = AtomicU64::new(0);

impl Replies {
    fn ask(&self, send: &Sender<Msg>, question: Question) -> Option<Reply> {
        let id = QUESTIONS.fetch_add(1, Ordering::Relaxed);
        let (give, take) = mpsc::channel();
        {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.closed {
                return None;
            }
            waiting.asked.insert(id, give);
        }
        send.send(Msg::Ask { id, question }).ok()?;
        take.recv().ok()
    }

    fn give(&self, id: u64, reply: Reply) {
        let waits = self.0.lock().unwrap_or_else(PoisonError::into_inner).asked.remove(&id);
        if let Some(waits) = waits {
            // Whoever asked may be gone.
            let _ = waits.send(reply);
        }
    }

    /// Nobody answers any more: whoever waits, or asks later, goes on without.
    pub fn close(&self) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.closed = true;
        waiting.asked.clear();
    }
}

/// Asks by dialogs of the wizard.
pub struct Dialogs {
    /// Where questions go.
    pub send: Sender<Msg>,
    /// Where answers come from.
    pub replies: Replies,
}

impl Prompt for DialogsShared {
    fn there(&self) -> bool {
        true
    }

    fn secret(&self, prompt: &str) -> Option<Zeroizing<String>> {
        let dialogs = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone_parts();
        match dialogs.1.ask(&dialogs.0, Question::Secret { prompt: prompt.to_owned() }) {
            Some(Reply::Secret(secret)) => secret,
            _ => None,
        }
    }

    fn trust(&self, question: &HostKeyQuestion) -> TrustAnswer {
        let dialogs = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone_parts();
        let question = Question::Trust {
            host: question.host.clone(),
            kind: question.kind.clone(),
            fingerprint: question.fingerprint.clone(),
            note: question.note.clone(),
        };
        match dialogs.1.ask(&dialogs.0, question) {
            Some(Reply::Trust(0)) => TrustAnswer::Remember,
            Some(Reply::Trust(1)) => TrustAnswer::Once,
            _ => TrustAnswer::Refuse,
        }
    }
}

impl Dialogs {
    fn clone_parts(&self) -> (Sender<Msg>, Replies) {
        (self.send.clone(), self.replies.clone())
    }

    /// As the vault takes it.
    pub fn prompt(self) -> Box<dyn Prompt> {
        Box::new(DialogsShared(Mutex::new(self)))
    }
}

/// A sender is not shared between threads by itself.
struct DialogsShared(Mutex<Dialogs>);

/// Shows a run on the wizard's screen.
struct ScreenFront {
    send: Mutex<Sender<Msg>>,
    replies: Replies,
}

impl ScreenFront {
    fn send(&self) -> Sender<Msg> {
        self.send.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Front for ScreenFront {
    fn emit(&self, event: &Stamped) {
        let _ = self.send().send(Msg::Run(event.clone()));
    }

    fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        let actions = actions.iter().map(Action::title).collect();
        let question = Question::GoOn { place: place.clone(), step, actions };
        matches!(self.replies.ask(&self.send(), question), Some(Reply::GoOn(true)))
    }

    fn offline(&self, bundle: &Bundle) {
        let come = bundle.arrived.iter().map(|name| (name.clone(), true));
        let said = bundle.refused.iter().map(|(name, problem)| format!("{name}: {}", problem.what));
        let offline = Offline {
            folder: bundle.folder.display().to_string(),
            command: bundle.command.clone(),
            waiting: bundle.waiting.iter().map(|one| (one.name.clone(), false)).chain(come).collect(),
            said: said.collect::<Vec<_>>().join("; "),
        };
        let _ = self.send().send(Msg::Offline(offline));
    }
}

/// What the wizard was started with.
#[derive(Clone)]
pub struct WizardFolders {
    /// Where sessions are kept.
    pub state: PathBuf,
    /// The operator's home.
    pub home: PathBuf,
    /// Where relative paths start.
    pub base: PathBuf,
    /// Hosts worked on at once.
    pub jobs: usize,
    /// Speed of a demo.
    pub speed: f64,
    /// Seed of a demo.
    pub seed: Option<u64>,
}

/// Carries out effects.
pub struct EffectRunner {
    send: Sender<Msg>,
    replies: Replies,
    places: WizardFolders,
    ground: Ground,
    real: Arc<RealWorld>,
    watch: Option<live::Watch>,
    stops: Vec<Arc<Stop>>,
    session: Option<Arc<Session>>,
    offline: OfflineCerts,
    ca: Arc<Mutex<Option<CaInfo>>>,
    saver: Option<(Sender<session::Draft>, std::thread::JoinHandle<()>)>,
    demo_folder: Option<PathBuf>,
    opening: Option<DemoOpening>,
}

impl EffectRunner {
    /// Works on machines until a demo is opened.
    pub fn new(send: Sender<Msg>, replies: Replies, places: WizardFolders, real: RealWorld) -> Self {
        let real = Arc::new(real);
        let (saves, drafts) = mpsc::channel::<session::Draft>();
        let (state, told) = (places.state.clone(), send.clone());
        let thread = std::thread::spawn(move || {
            while let Ok(mut draft) = drafts.recv() {
                // Only the newest counts.
                while let Ok(newer) = drafts.try_recv() {
                    draft = newer;
                }
                let msg = match draft.write(&state) {
                    Ok(()) => Msg::Saved(
                        Timestamp::now()
                            .to_zoned(jiff::tz::TimeZone::system())
                            .strftime("%H:%M:%S")
                            .to_string(),
                    ),
                    Err(error) => Msg::Say(
                        Role::Bad,
                        format!("{} the session cannot be saved: {error}", ProblemCode::Session01),
                    ),
                };
                let _ = told.send(msg);
            }
        });
        Self {
            send,
            replies,
            places,
            ground: Ground::Real(Arc::clone(&real)),
            real,
            watch: None,
            stops: Vec::new(),
            session: None,
            offline: OfflineCerts::default(),
            ca: Arc::default(),
            saver: Some((saves, thread)),
            demo_folder: None,
            opening: None,
        }
    }

    /// The clock of the ground.
    pub fn now(&self) -> Timestamp {
        match &self.ground {
            Ground::Real(_) => Timestamp::now(),
            Ground::Demo(demo) => demo.world.now(),
        }
    }

    /// The demo, when there is one.
    pub fn demo(&self) -> Option<&Arc<DemoLab>> {
        match &self.ground {
            Ground::Demo(demo) => Some(demo),
            Ground::Real(_) => None,
        }
    }

    /// Whether a demo's lab is being made, or is there and nobody has heard of it yet.
    pub fn is_opening(&self) -> bool {
        self.opening.as_ref().is_some_and(DemoOpening::goes_on)
    }

    /// Hears a message before the model does: with answers comes the ground under them. `false` = it is of a demo
    /// that nobody waits for any more, and is not for the model.
    pub fn hears(&mut self, msg: &Msg) -> bool {
        let Msg::Opened(opened) = msg else { return true };
        let Some(demo) = &opened.demo else {
            self.leave_demo();
            return true;
        };
        let Some(lab) = self.opening.as_ref().and_then(|opening| opening.lab(&demo.name)) else {
            return false;
        };
        self.opening = None;
        self.watch = None;
        self.session = None;
        self.demo_folder = Some(demo::folder());
        self.ground = Ground::Demo(lab);
        true
    }

    fn world(&self, api: &ApiAddress, cluster: &str) -> SharedWorld {
        match &self.ground {
            Ground::Real(real) => {
                Arc::new(real.for_api(api).keeping(self.places.state.join(cluster).join("kept")))
            }
            Ground::Demo(demo) => Arc::clone(&demo.world) as SharedWorld,
        }
    }

    /// Time and process, so that runs sort by time; in a demo the same on every take.
    fn run_id(&self) -> String {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let more = if number == 0 { String::new() } else { format!("-{number}") };
        match &self.ground {
            Ground::Real(_) => {
                format!("{}-{}{more}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), std::process::id())
            }
            Ground::Demo(demo) => {
                format!("{}-{}{more}", demo.world.now().strftime("%Y%m%dT%H%MZ"), demo.name)
            }
        }
    }

    fn state(&self) -> PathBuf {
        self.demo_folder.clone().unwrap_or_else(|| self.places.state.clone())
    }

    /// Carries out one effect; quitting, drawing and giving the terminal away are the loop's.
    pub fn perform(&mut self, effect: Effect, model: &Model) {
        // Nothing is done to machines by a wizard that says that it is a demo.
        if self.opening.is_some() && stands_on_the_ground(&effect) {
            return;
        }
        match effect {
            Effect::Quit(_) | Effect::Redraw | Effect::Suspend | Effect::Shell(_) | Effect::Copy(_) => {}
            Effect::Save => {
                if let (None, Some((saver, _))) = (self.demo(), &self.saver) {
                    let _ = saver.send(session::draft(model));
                }
            }
            Effect::Look { target, number } => self.look(target, number, model),
            Effect::Inspect { number } => self.inspect(number, model),
            Effect::Run { only } => self.run(only, model),
            Effect::Stop => self.stops.iter().for_each(|stop| stop.press()),
            Effect::Undo { host } => self.undo(host, model),
            Effect::Repair { place, actions } => self.repair(place, actions, model),
            Effect::Reply { id, reply } => self.replies.give(id, reply),
            Effect::Certificates(pem) => self.certificates(&pem),
            Effect::Live => self.live(model),
            Effect::Export(path) => self.export(&path, model),
            Effect::WritePlan(path) => self.write_plan(&path, model),
            Effect::KubeconfigDiff => self.kubeconfig(model),
            Effect::OpenSession(name) => {
                let msg = match session::open(&self.places.state, &name) {
                    // Paths in it are whole; what is typed from now on starts where the person is.
                    Ok(opened) => Msg::Opened(Box::new(Opened { base: self.places.base.clone(), ..opened })),
                    Err(why) => Msg::Say(Role::Bad, why),
                };
                let _ = self.send.send(msg);
            }
            Effect::OpenPlan(path) => self.open_plan(&path),
            Effect::OpenDemo(name) => {
                let WizardFolders { speed, seed, .. } = self.places;
                self.opening = Some(DemoOpening::begin(&name, speed, seed, self.send.clone()));
            }
            Effect::FindHosts => {
                let _ = self.send.send(Msg::Hosts(crate::host::config_hosts(&self.places.home)));
            }
            Effect::Throw { fault, host } => {
                for msg in self.demo().map(|lab| demo::throw(lab, &fault, &host)).into_iter().flatten() {
                    let _ = self.send.send(msg);
                }
            }
        }
    }

    fn plan(model: &Model) -> Option<Arc<Plan>> {
        update::plan(model).map(Arc::new)
    }

    /// A plan for looks while not everything is answered: what is missing is made up.
    pub fn rough_plan(model: &Model) -> Option<Plan> {
        if let Some(plan) = update::plan(model) {
            return Some(plan);
        }
        let mut model_answers = model.form.answers.clone();
        let cluster = &mut model_answers.cluster;
        cluster.name.get_or_insert_with(|| "unnamed".to_owned());
        cluster.api.get_or_insert_with(|| "https://127.0.0.1:1".to_owned());
        cluster.service_range.get_or_insert_with(|| "10.3.0.0/24".to_owned());
        cluster.dns.get_or_insert_with(|| "10.3.0.2".to_owned());
        let ca = &mut model_answers.ca;
        ca.place.get_or_insert_with(|| "files".to_owned());
        ca.cert.get_or_insert_with(|| "ca.crt".to_owned());
        // The key of an offline CA is nowhere near.
        if ca.place.as_deref() != Some("offline") {
            ca.key.get_or_insert_with(|| "ca.key".to_owned());
        }
        if model_answers.workers.is_empty() {
            model_answers.workers.push(crate::plan::answers::WorkerAnswers {
                name: Some("nobody".to_owned()),
                address: Some("192.0.2.1".to_owned()),
                ..Default::default()
            });
        }
        let places =
            crate::plan::check::PathBases { base: model.form.base.clone(), home: model.form.home.clone() };
        crate::plan::check::finish(&model_answers, &places).ok()
    }

    fn look(&self, target: ProbeTarget, number: u64, model: &Model) {
        let send = self.send.clone();
        // What is looked at alone is not kept from it by mistakes in the workers, or in the other workers.
        let workers = match &target {
            ProbeTarget::Worker(name) => {
                let row = (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == *name);
                Some(row.and_then(|row| model.form.answers.workers.get(row).cloned()).into_iter().collect())
            }
            ProbeTarget::Ca | ProbeTarget::Api => update::plan(model).is_none().then(Vec::new),
        };
        let alone = workers.map(|workers| {
            let mut one = Model::new(model.window.theme, model.window.size, model.window.now);
            one.form.answers = model.form.answers.clone();
            one.form.base.clone_from(&model.form.base);
            one.form.home.clone_from(&model.form.home);
            one.form.answers.workers = workers;
            one
        });
        let rough = Self::rough_plan(alone.as_ref().unwrap_or(model));
        let Some(plan) = rough else {
            let problem = Problem::new(ProblemCode::Plan01, "the answers above are not complete yet");
            let _ = send.send(Msg::Looked { target, number, look: describe::failed(&problem) });
            return;
        };
        let world = self.world(&plan.cluster.api, &plan.cluster.name);
        let kept = Arc::clone(&self.ca);
        std::thread::spawn(move || {
            let look = match &target {
                ProbeTarget::Ca => {
                    let seen = probe::ca(&plan.ca.place, world.as_ref());
                    if let Ok(seen) = &seen {
                        kept.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&seen.info);
                    }
                    describe::ca(&seen)
                }
                ProbeTarget::Api => {
                    let ca = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    describe::api(&probe::api(world.as_ref(), ca.as_ref()))
                }
                ProbeTarget::Worker(name) => match plan.workers.iter().find(|worker| worker.name == *name) {
                    Some(worker) => describe::worker(&probe::worker(&plan, worker, world.as_ref())),
                    None => describe::failed(&Problem::new(
                        ProblemCode::Plan01,
                        "its name and address are not complete yet",
                    )),
                },
            };
            let _ = send.send(Msg::Looked { target, number, look });
        });
    }

    fn inspect(&self, number: u64, model: &Model) {
        let send = self.send.clone();
        let Some(plan) = Self::plan(model) else {
            let problem = Problem::new(ProblemCode::Plan01, "not everything is answered yet");
            let _ = send.send(Msg::Inspected { number, seen: Err(problem) });
            return;
        };
        let world = self.world(&plan.cluster.api, &plan.cluster.name);
        let (only, jobs, state) = (model.form.only.clone(), self.places.jobs, self.state());
        let (replies, run) = (self.replies.clone(), self.run_id());
        std::thread::spawn(move || {
            let stop = Stop::default();
            let shows = ScreenFront { send: Mutex::new(send.clone()), replies };
            let parts = Parts {
                plan: &plan,
                world: world.as_ref(),
                front: &shows,
                stop: &stop,
                session: None,
                jobs,
                only,
                run,
            };
            let engine = parts.engine(&state, Journal::none(), false, None, OfflineCerts::default());
            let seen = engine.preview().map(Arc::new);
            let _ = send.send(Msg::Inspected { number, seen });
        });
    }

    /// The session's folder is ours from the first run on.
    fn session(&mut self, plan: &Plan, model: &Model) -> Result<Arc<Session>, Problem> {
        let folder = self.state().join(&plan.cluster.name);
        let text = yaml::write(&session::portable(&model.form.answers, &model.form.base));
        if let Some(session) = self.session.as_ref().filter(|session| session.folder == folder) {
            session.keep_plan(&text)?;
            return Ok(Arc::clone(session));
        }
        // One at a time: the lock of another cluster's session goes first.
        self.session = None;
        let session = Arc::new(Session::open(&self.state(), plan, &text)?);
        self.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Begins something that writes; a problem with the session ends it at once.
    fn begin(&mut self, model: &Model, open: OpenJournal) -> Option<Begun> {
        let Some(plan) = Self::plan(model).filter(|_| self.opening.is_none()) else {
            // The run was counted already: without its end the wizard would wait for it for ever.
            let text = format!("{} not everything is answered well: nothing was begun", ProblemCode::Plan01);
            let _ = self.send.send(Msg::Say(Role::Bad, text));
            let _ = self.send.send(Msg::RunOver { code: 1, undone: Vec::new() });
            return None;
        };
        let world = self.world(&plan.cluster.api, &plan.cluster.name);
        let run = self.run_id();
        let opened = self.session(&plan, model).and_then(|session| {
            let journal = open(&session.folder, &run)?;
            Ok((session, journal))
        });
        match opened {
            Ok((session, journal)) => {
                let stop = Arc::new(Stop::default());
                self.stops.retain(|stop| Arc::strong_count(stop) > 1);
                self.stops.push(Arc::clone(&stop));
                Some((plan, world, session, journal, stop, run))
            }
            Err(problem) => {
                let text = format!("{} {}: {}", problem.code, problem.what, problem.evidence.join("; "));
                let _ = self.send.send(Msg::Say(Role::Bad, text));
                let _ = self.send.send(Msg::RunOver { code: 1, undone: Vec::new() });
                None
            }
        }
    }

    fn run(&mut self, only: Vec<String>, model: &Model) {
        let Some((plan, world, session, journal, stop, run)) = self.begin(model, Journal::open) else {
            return;
        };
        let all = only.is_empty();
        let only = if all { model.form.only.clone() } else { only };
        // A retry looks again by itself; the first run does what was reviewed and nothing else.
        let reviewed = model.preview.inspection.seen().filter(|_| all).map(Reviewed::of);
        let (send, replies, jobs, state) =
            (self.send.clone(), self.replies.clone(), self.places.jobs, self.state());
        let (guided, offline) = (model.run.guided, self.offline.clone());
        std::thread::spawn(move || {
            let shows = ScreenFront { send: Mutex::new(send.clone()), replies };
            let parts = Parts {
                plan: &plan,
                world: world.as_ref(),
                front: &shows,
                stop: &stop,
                session: Some(&session),
                jobs,
                only,
                run,
            };
            let engine = parts.engine(&state, journal, guided, reviewed, offline);
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.apply()))
                .unwrap_or(ExitCode::Bug);
            let _ = send.send(Msg::RunOver { code: code.number(), undone: Vec::new() });
        });
    }

    fn undo(&mut self, host: String, model: &Model) {
        // An undo has no journal: an empty one would hide what an interrupted run left open.
        let none: OpenJournal = |_, _| Ok(Journal::none());
        let Some((plan, world, session, journal, stop, run)) = self.begin(model, none) else { return };
        let (send, replies, jobs, state) =
            (self.send.clone(), self.replies.clone(), self.places.jobs, self.state());
        std::thread::spawn(move || {
            let shows = ScreenFront { send: Mutex::new(send.clone()), replies };
            let parts = Parts {
                plan: &plan,
                world: world.as_ref(),
                front: &shows,
                stop: &stop,
                session: Some(&session),
                jobs,
                only: vec![host.clone()],
                run,
            };
            let engine = parts.engine(&state, journal, false, None, OfflineCerts::default());
            // What it takes back was confirmed by typing the host's name.
            let undo = || engine.undo(&|_| true);
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(undo)).unwrap_or(ExitCode::Bug);
            let _ = send.send(Msg::RunOver { code: code.number(), undone: vec![Place::Worker(host)] });
        });
    }

    fn repair(&mut self, place: Place, actions: Vec<Action>, model: &Model) {
        let Some((plan, world, session, journal, stop, run)) = self.begin(model, Journal::open) else {
            return;
        };
        let (send, replies, jobs, state) =
            (self.send.clone(), self.replies.clone(), self.places.jobs, self.state());
        let only = match &place {
            Place::Worker(name) => vec![name.clone()],
            Place::Local | Place::CaHost | Place::Cluster => Vec::new(),
        };
        let offline = self.offline.clone();
        std::thread::spawn(move || {
            let shows = ScreenFront { send: Mutex::new(send.clone()), replies };
            let parts = Parts {
                plan: &plan,
                world: world.as_ref(),
                front: &shows,
                stop: &stop,
                session: Some(&session),
                jobs,
                only,
                run,
            };
            let engine = parts.engine(&state, journal, false, None, offline);
            let mend = || match engine.repair(&place, &actions) {
                ExitCode::Done => engine.apply(),
                code => code,
            };
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(mend)).unwrap_or(ExitCode::Bug);
            let _ = send.send(Msg::RunOver { code: code.number(), undone: Vec::new() });
        });
    }

    fn certificates(&self, pem: &str) {
        let msg = match self.offline.give(pem, self.now()) {
            Ok(names) if names.is_empty() => {
                Msg::Say(Role::Warn, "no certificate was found in that text".to_owned())
            }
            Ok(names) => Msg::Say(Role::Ok, format!("taken: {}", names.join(", "))),
            Err(problem) => {
                let mut lines = vec![(Role::Bad, format!("{} {}", problem.code, problem.what))];
                lines.extend(problem.evidence.iter().map(|line| (Role::Text, line.clone())));
                Msg::Text { title: "That certificate does not fit".to_owned(), lines }
            }
        };
        let _ = self.send.send(msg);
    }

    fn live(&mut self, model: &Model) {
        let Some(plan) = Self::plan(model) else { return };
        let world = self.world(&plan.cluster.api, &plan.cluster.name);
        let send = Mutex::new(self.send.clone());
        let tell: live::Send = Box::new(move |update| {
            let _ = send.lock().unwrap_or_else(PoisonError::into_inner).send(Msg::Live(update));
        });
        // Nothing is signed for looking on: until the admin's certificate is there the API's row says so.
        self.watch = Some(live::start(world, &plan, false, tell));
    }

    /// The live panel tries again what it could not do.
    pub fn live_again(&self) {
        if let Some(watch) = &self.watch {
            watch.again();
        }
    }

    fn export(&self, path: &Path, model: &Model) {
        let Some(plan) = Self::plan(model) else {
            let _ = self.send.send(Msg::Say(Role::Warn, "not everything is answered yet".to_owned()));
            return;
        };
        let Some(seen) = model.preview.inspection.seen() else {
            let words = "the hosts were not looked at yet: Review does, then export".to_owned();
            let _ = self.send.send(Msg::Say(Role::Warn, words));
            return;
        };
        let text = match model.form.only.as_slice() {
            [one] => script::one_worker(&plan, seen, one).unwrap_or_else(|| script::script(&plan, seen)),
            _ => script::script(&plan, seen),
        };
        self.write(path, &text, 0o755, "a script that does the same by hand");
    }

    fn write_plan(&self, path: &Path, model: &Model) {
        let text = yaml::write(&session::portable(&model.form.answers, &model.form.base));
        self.write(path, &text, 0o644, "for gangplank apply");
    }

    /// Writes a new file where the person wants it; what is there is not replaced.
    fn write(&self, path: &Path, text: &str, mode: u32, what: &str) {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let path = match path.strip_prefix("~") {
            Ok(rest) => self.places.home.join(rest),
            Err(_) => self.places.base.join(path),
        };
        let written = std::fs::OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(mode)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        let msg = match written {
            Ok(()) => Msg::Say(Role::Ok, format!("wrote {}: {what}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Msg::Say(Role::Warn, format!("{} is there already: give another name", path.display()))
            }
            Err(error) => Msg::Say(Role::Bad, format!("{} cannot be written: {error}", path.display())),
        };
        let _ = self.send.send(msg);
    }

    fn kubeconfig(&self, model: &Model) {
        let mut lines = Vec::new();
        let here = model
            .preview
            .inspection
            .seen()
            .and_then(|all| all.iter().find(|seen| seen.place == Place::Local));
        for looked in
            here.into_iter().flat_map(|seen| &seen.looked).filter(|one| one.step.id().0 == "context")
        {
            for action in crate::ui::wizard::screens::review::actions(looked) {
                lines.push((Role::Accent, action.title()));
                if let (Some(path), Some(crate::plan::action::Content::Literal(bytes)), Some(seen)) =
                    (action.path(), action.content(), here)
                {
                    let there = match seen.facts.file(path).yes() {
                        Some(Some(file)) => file.content.clone().unwrap_or_default(),
                        Some(None) | None => Vec::new(),
                    };
                    let (old, new) = (String::from_utf8_lossy(&there), String::from_utf8_lossy(bytes));
                    for line in crate::kube::kubeconfig_write::difference(&old, &new) {
                        let role = match line.chars().next() {
                            Some('+') => Role::Added,
                            Some('-') => Role::Removed,
                            _ => Role::Dim,
                        };
                        lines.push((role, line));
                    }
                } else {
                    lines.push((Role::Code, format!("  {}", action.shell())));
                }
            }
        }
        if lines.is_empty() {
            lines.push((Role::Dim, "nothing would be changed, or it was not looked at yet".to_owned()));
        }
        let _ = self.send.send(Msg::Text { title: "kubeconfig before and after".to_owned(), lines });
    }

    fn open_plan(&self, path: &Path) {
        let path = match path.strip_prefix("~") {
            Ok(rest) => self.places.home.join(rest),
            Err(_) => self.places.base.join(path),
        };
        let read = std::fs::read(&path).map_err(|error| vec![format!("{}: {error}", path.display())]);
        let answers = read.and_then(|bytes| {
            let text = yaml::text(&bytes, &path).map_err(words)?;
            yaml::read(text, &path).map_err(words)
        });
        let msg = match answers {
            Ok((answers, _)) => Msg::Opened(Box::new(Opened {
                answers,
                base: path.parent().map(Path::to_path_buf).unwrap_or_default(),
                note: format!("opened {}", path.display()),
                ..Opened::default()
            })),
            Err(lines) => Msg::Text {
                title: "That plan cannot be opened".to_owned(),
                lines: lines.into_iter().map(|line| (Role::Bad, line)).collect(),
            },
        };
        let _ = self.send.send(msg);
    }

    /// Machines again.
    fn leave_demo(&mut self) {
        self.opening = None;
        if self.demo().is_some() {
            self.watch = None;
            self.session = None;
            if let Some(folder) = self.demo_folder.take() {
                let _ = std::fs::remove_dir_all(folder);
            }
            self.ground = Ground::Real(Arc::clone(&self.real));
        }
    }

    /// Copies to the clipboard and a file; the words for the toast.
    pub fn copy(&self, text: &str) -> String {
        if text.is_empty() {
            return "there is nothing to copy here".to_owned();
        }
        let state = self.state();
        let _ = std::fs::create_dir_all(&state);
        clipboard::copy(&mut std::io::stdout(), &state, text, std::env::var_os("TMUX").is_some())
    }

    /// The words of a shell on a worker, as arguments of ssh.
    pub fn shell(&self, name: &str, model: &Model) -> Result<Vec<String>, String> {
        if self.demo().is_some() {
            return Err("a demo has no machine to log in to".to_owned());
        }
        let plan = Self::rough_plan(model).ok_or("the answers are not complete yet")?;
        let worker =
            plan.workers.iter().find(|worker| worker.name == name).ok_or("there is no such worker")?;
        let login = &worker.ssh;
        let mut words = vec!["ssh".to_owned(), "-t".to_owned()];
        if let Some(port) = login.port {
            words.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(key) = &login.key {
            words.extend(["-i".to_owned(), key.display().to_string()]);
        }
        if !login.jump.is_empty() {
            words.extend(["-J".to_owned(), login.jump.join(",")]);
        }
        let host = if login.host.is_empty() { worker.address.to_string() } else { login.host.clone() };
        words.push(login.user.as_ref().map_or_else(|| host.clone(), |user| format!("{user}@{host}")));
        Ok(words)
    }

    /// Whoever waits for an answer goes on without.
    pub fn answer_nobody(&self) {
        self.replies.close();
    }

    /// Everything ends: what is saved last is on disk when this returns.
    pub fn close(&mut self) {
        self.replies.close();
        // Whoever waits for a clock that stands still would wait for ever.
        if let Some(demo) = self.demo() {
            demo.pause(false);
        }
        self.watch = None;
        if let Some((saver, thread)) = self.saver.take() {
            drop(saver);
            let _ = thread.join();
        }
        if let Some(folder) = &self.demo_folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Whether an effect is of no use on another ground than the one it was wished for.
fn stands_on_the_ground(effect: &Effect) -> bool {
    match effect {
        Effect::Save
        | Effect::Look { .. }
        | Effect::Inspect { .. }
        | Effect::Certificates(_)
        | Effect::Live
        | Effect::Export(_)
        | Effect::WritePlan(_)
        | Effect::KubeconfigDiff
        | Effect::Throw { .. } => true,
        // Whoever waits for the end of a run is told that nothing was begun.
        Effect::Run { .. }
        | Effect::Undo { .. }
        | Effect::Repair { .. }
        | Effect::Quit(_)
        | Effect::Stop
        | Effect::Reply { .. }
        | Effect::Copy(_)
        | Effect::Shell(_)
        | Effect::Suspend
        | Effect::Redraw
        | Effect::OpenSession(_)
        | Effect::OpenPlan(_)
        | Effect::OpenDemo(_)
        | Effect::FindHosts => false,
    }
}

fn words(remarks: Vec<crate::plan::issue::PlanIssue>) -> Vec<String> {
    remarks.into_iter().map(|remark| remark.to_string()).collect()
}

/// How what is begun gets its journal.
type OpenJournal = fn(&Path, &str) -> Result<Journal, Problem>;

/// What a run that writes stands on: plan, world, session, journal, the wish to stop, its id.
type Begun = (Arc<Plan>, SharedWorld, Arc<Session>, Journal, Arc<Stop>, String);

/// What an engine is made of.
struct Parts<'a> {
    plan: &'a Plan,
    world: &'a dyn World,
    front: &'a dyn Front,
    stop: &'a Stop,
    session: Option<&'a Session>,
    jobs: usize,
    only: Vec<String>,
    run: String,
}

impl<'a> Parts<'a> {
    fn engine(
        self,
        state: &Path,
        journal: Journal,
        guided: bool,
        reviewed: Option<Reviewed>,
        offline: OfflineCerts,
    ) -> Engine<'a> {
        let made: BTreeSet<String> = crate::engine::undo::made(&state.join(&self.plan.cluster.name))
            .into_iter()
            .map(|(_, uid)| uid)
            .collect();
        let options = RunOptions {
            jobs: self.jobs,
            guided,
            only: self.only,
            session: self.session,
            journal,
            made,
            reviewed,
            offline,
            ..RunOptions::new(&self.run, self.stop)
        };
        Engine::new(self.plan, self.world, self.front, options)
    }
}

/// What an inspection found, for those who only look.
pub type Inspected = Arc<Vec<PlacePreview>>;
