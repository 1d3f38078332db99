//! Whatever writes: a run, an undo, a repair. All three begin here, with the session's lock, and end with
//! [`Msg::RunOver`].

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::engine::doctor::Examined;
use crate::engine::drain::DrainWish;
use crate::engine::found::FoundVisit;
use crate::engine::found_repair::FoundRepair;
use crate::engine::review::Reviewed;
use crate::engine::signing::offline::OfflineCerts;
use crate::engine::signing::signer::Signer;
use crate::engine::undo::UndoScope;
use crate::engine::{Engine, ExitCode, Journal, RunOptions, Session};
use crate::host::Stop;
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::model::{Login, Plan};
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::plan::yaml;
use crate::ui::wizard::effects::ground::{Ground, made};
use crate::ui::wizard::effects::session::portable;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::undoing::{TakeBack, TakeBackList};
use crate::ui::wizard::validation;

/// What is to be done.
enum Work {
    Apply {
        /// Nothing else is sent; `None` = nobody reviewed.
        reviewed: Option<Reviewed>,
        guided: bool,
    },
    /// It asks before it changes anything.
    Undo(TakeBack),
    /// These actions, and then, where it is wanted, a run.
    Repair(Place, Vec<Action>, bool),
    /// What the doctor found on a worker is mended and proven.
    Mend(Box<Examined>, Option<DrainWish>),
}

/// What goes on and what it is kept in.
#[derive(Default)]
pub struct Runs {
    stops: Vec<Arc<Stop>>,
    session: Option<Arc<Session>>,
    offline: OfflineCerts,
}

impl Runs {
    /// Carries the plan out; `only` empty = all of the journey.
    pub fn apply(&mut self, ground: &Ground, only: Vec<String>, model: &Model) {
        let all = only.is_empty();
        let only = if all { model.form.only.clone() } else { only };
        // A retry looks again by itself; the first run does what was reviewed and nothing else.
        let reviewed = model.preview.inspection.seen().filter(|_| all).map(Reviewed::of);
        self.begin(ground, only, Work::Apply { reviewed, guided: model.run.guided }, model);
    }

    /// Looks up what taking this back will do, asks, and does it.
    pub fn undo(&mut self, ground: &Ground, what: TakeBack, model: &Model) {
        let only = what.host().map(str::to_owned).into_iter().collect();
        self.begin(ground, only, Work::Undo(what), model);
    }

    /// Does something small on a place, and then, where that is wanted, runs it again.
    pub fn repair(&mut self, ground: &Ground, place: Place, what: (Vec<Action>, bool), model: &Model) {
        let only = match &place {
            Place::Worker(name) => vec![name.clone()],
            Place::Local | Place::CaHost | Place::Cluster => Vec::new(),
        };
        self.begin(ground, only, Work::Repair(place, what.0, what.1), model);
    }

    /// Mends what the doctor found on a worker, and proves it.
    pub fn mend(&mut self, ground: &Ground, worker: &str, model: &Model) {
        let mending = model.doctor.mending.as_ref().filter(|mending| mending.before.worker == worker);
        let Some(mending) = mending else {
            return Self::refuse(ground, format!("nothing was found on {worker} that could be mended"));
        };
        if let Some(login) = model.form.unplanned.clone() {
            return self.mend_unplanned(ground, *login, mending.before.clone(), model);
        }
        let work = Work::Mend(Box::new(mending.before.clone()), model.doctor.drain.wish());
        self.begin(ground, vec![worker.to_owned()], work, model);
    }

    /// The same for a worker in no plan: no session is kept of it.
    fn mend_unplanned(&mut self, ground: &Ground, login: Login, before: Examined, model: &Model) {
        let stop = self.new_stop();
        let world = ground.unplanned(&login);
        let world = world.heeding(&stop).unwrap_or(world);
        let (front, send, run) = (ground.front(), ground.send.clone(), ground.run_id());
        let ca = validation::plan(model).map(|plan| plan.ca.place);
        std::thread::spawn(move || {
            let done = || {
                let signs = before.repair().iter().any(|action| matches!(action, Action::Sign { .. }));
                let open = |place| {
                    let signer = Signer::at(&place, world.as_ref())?;
                    signer.check(world.now()).map(|()| signer)
                };
                let signer = match ca.filter(|_| signs).map(open) {
                    None => None,
                    Some(Ok(signer)) => Some(signer),
                    Some(Err(problem)) => {
                        let why = format!("{} {}: nothing was begun", problem.code, problem.what);
                        let _ = send.send(Msg::Say(Role::Bad, why));
                        return ExitCode::Problem;
                    }
                };
                let ca = signer.as_ref().map(Signer::info);
                let visit = FoundVisit { world: world.as_ref(), login: &login, run: &run, stop: &stop, ca };
                FoundRepair::new(visit, &front, signer.as_ref()).mend(&before).0
            };
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(done)).unwrap_or(ExitCode::Bug);
            let _ = send.send(Msg::RunOver { code, undone: Vec::new() });
        });
    }

    /// What a run that begins now heeds.
    fn new_stop(&mut self) -> Arc<Stop> {
        let stop = Arc::new(Stop::default());
        self.stops.retain(|stop| Arc::strong_count(stop) > 1);
        self.stops.push(Arc::clone(&stop));
        stop
    }

    /// Stops what goes on: once after the present action, twice at once.
    pub fn stop(&self) {
        self.stops.iter().for_each(|stop| stop.press());
    }

    /// The session of another ground is let go of.
    pub fn forget_session(&mut self) {
        self.session = None;
    }

    /// Takes the certificates of an offline CA.
    pub fn certificates(&self, ground: &Ground, pem: &str) {
        let msg = match self.offline.give(pem, ground.now()) {
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
        ground.tell(msg);
    }

    /// The session's folder is ours from the first run on.
    fn session(&mut self, ground: &Ground, plan: &Plan, model: &Model) -> Result<Arc<Session>, Problem> {
        let folder = ground.state().join(&plan.cluster.name);
        let text = yaml::write(&portable(&model.form.answers, &model.form.base));
        if let Some(session) = self.session.as_ref().filter(|session| session.folder == folder) {
            session.keep_plan(&text)?;
            return Ok(Arc::clone(session));
        }
        // One at a time: the lock of another cluster's session goes first.
        self.session = None;
        let session = Arc::new(Session::open(&ground.state(), plan, &text)?);
        self.session = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Nothing was begun. The run was counted already: without its end the wizard would wait for it for ever.
    fn refuse(ground: &Ground, why: String) {
        ground.tell(Msg::Say(Role::Bad, why));
        ground.tell(Msg::RunOver { code: ExitCode::Problem, undone: Vec::new() });
    }

    /// Nothing is begun on answers that are no plan.
    pub fn refuse_answers(ground: &Ground) {
        let code = ProblemCode::Plan01;
        Self::refuse(ground, format!("{code} not everything is answered well: nothing was begun"));
    }

    fn begin(&mut self, ground: &Ground, only: Vec<String>, work: Work, model: &Model) {
        let Some(plan) = ground.plan(model) else {
            return Self::refuse_answers(ground);
        };
        let run = ground.run_id();
        let opened = self.session(ground, &plan, model).and_then(|session| {
            let journal = match work {
                // An undo keeps no journal: an empty one would hide the run that was interrupted before it.
                Work::Undo(_) => Journal::none(),
                Work::Apply { .. } | Work::Repair(..) | Work::Mend(..) => {
                    Journal::open(&session.folder, &run)?
                }
            };
            Ok((session, journal))
        });
        let (session, journal) = match opened {
            Ok(opened) => opened,
            Err(problem) => {
                let why = format!("{} {}: {}", problem.code, problem.what, problem.evidence.join("; "));
                return Self::refuse(ground, why);
            }
        };
        let stop = self.new_stop();
        let world = ground.world(&plan.cluster.api, &plan.cluster.name);
        let world = world.heeding(&stop).unwrap_or(world);
        let (front, send) = (ground.front(), ground.send.clone());
        let (jobs, state, offline) = (ground.folders.jobs, ground.state(), self.offline.clone());
        let (ask, told) = (ground.replies.clone(), ground.send.clone());
        std::thread::spawn(move || {
            let (reviewed, guided) = match &work {
                Work::Apply { reviewed, guided } => (reviewed.clone(), *guided),
                Work::Undo(_) | Work::Repair(..) | Work::Mend(..) => (None, false),
            };
            let undone = RefCell::new(Vec::new());
            let options = RunOptions {
                jobs,
                guided,
                only,
                session: Some(&session),
                journal,
                made: made(&state, &plan),
                reviewed,
                offline,
                ..RunOptions::new(&run, &stop)
            };
            let engine = Engine::new(&plan, world.as_ref(), &front, options);
            let done = || match &work {
                Work::Apply { .. } => engine.apply(),
                Work::Undo(what) => {
                    let scope = match what {
                        TakeBack::Run(_) => UndoScope::LastRun,
                        TakeBack::Worker(_) => UndoScope::Everything,
                    };
                    let nothing = Cell::new(false);
                    let code = engine.undo(&scope, &|all| {
                        let list = TakeBackList::of(what.clone(), all, &plan.cluster.name);
                        if all.is_empty() {
                            nothing.set(true);
                            if !all.stays.is_empty() {
                                let lines = list.lines.into_iter().map(|line| (Role::Text, line)).collect();
                                let _ = told.send(Msg::Text { title: what.title(), lines });
                            }
                            return false;
                        }
                        undone.borrow_mut().clone_from(&list.places);
                        ask.take_back(&told, list)
                    });
                    if nothing.get() && code == ExitCode::Stopped { ExitCode::Done } else { code }
                }
                Work::Mend(found, drain) => engine.mend_drained(found.as_ref().clone(), *drain),
                Work::Repair(place, actions, again) => match engine.repair(place, actions) {
                    ExitCode::Done if *again => engine.apply(),
                    code => code,
                },
            };
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(done)).unwrap_or(ExitCode::Bug);
            let _ = send.send(Msg::RunOver { code, undone: undone.take() });
        });
    }
}
