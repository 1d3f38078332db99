//! Carries out effects, each in a thread of its own where it takes time, telling the wizard by messages, so that the
//! screen never waits. It reads the model and never writes it.

pub mod demo;
pub mod describe;
mod export;
pub mod ground;
mod login;
pub mod probe;
pub mod questions;
mod runs;
pub mod session;

use crate::ui::wizard::validation;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::engine::RealWorld;
use crate::engine::demo::DemoLab;
use crate::live;
use crate::ui::wizard::message::{Effect, Msg, Opened};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use demo::DemoOpening;
use ground::{Ground, WizardFolders};
use probe::ProbeThreads;
use questions::Replies;
use runs::Runs;
use session::Saver;

/// Carries out effects.
pub struct EffectRunner {
    ground: Ground,
    probes: ProbeThreads,
    runs: Runs,
    watch: Option<live::Watch>,
    saver: Option<Saver>,
    opening: Option<DemoOpening>,
}

impl EffectRunner {
    /// Works on machines until a demo is opened.
    pub fn new(send: Sender<Msg>, replies: Replies, folders: WizardFolders, real: RealWorld) -> Self {
        let saver = Saver::new(folders.state.clone(), send.clone());
        Self {
            ground: Ground::new(send, replies, folders, real),
            probes: ProbeThreads::default(),
            runs: Runs::default(),
            watch: None,
            saver: Some(saver),
            opening: None,
        }
    }

    /// The clock of the ground.
    pub fn now(&self) -> Timestamp {
        self.ground.now()
    }

    /// The demo, when there is one.
    pub fn demo(&self) -> Option<&Arc<DemoLab>> {
        self.ground.demo()
    }

    /// Where sessions and copies are kept.
    pub fn state(&self) -> PathBuf {
        self.ground.state()
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
        self.runs.forget_session();
        self.ground.enter(lab, demo::folder());
        true
    }

    /// Carries out one effect; quitting, drawing and giving the terminal away are the loop's.
    pub fn perform(&mut self, effect: Effect, model: &Model) {
        // Nothing is done to machines by a wizard that says that it is a demo.
        if self.opening.is_some() && stands_on_the_ground(&effect) {
            return;
        }
        match effect {
            Effect::Quit(_) | Effect::Redraw | Effect::Suspend | Effect::Shell(_) | Effect::Copy(_) => {}
            // Of a worker in no plan there are no answers to be kept.
            Effect::Save if model.form.unplanned.is_some() => {}
            Effect::Save => {
                if let (None, Some(saver)) = (self.ground.demo(), &self.saver) {
                    saver.save(session::draft(model));
                }
            }
            Effect::Look { target, number } => self.probes.look(&self.ground, target, number, model),
            Effect::Inspect { number } => probe::inspect(&self.ground, number, model),
            Effect::Examine { number, only } => probe::examine(&self.ground, number, only, model),
            Effect::Run { .. } | Effect::Undo(_) | Effect::Repair { .. } | Effect::Mend(_)
                if self.opening.is_some() =>
            {
                Runs::refuse_answers(&self.ground);
            }
            Effect::Leaving { worker, wish } => probe::leaving(&self.ground, worker, wish, model),
            Effect::Run { only } => self.runs.apply(&self.ground, only, model),
            Effect::Stop => self.runs.stop(),
            Effect::Undo(what) => self.runs.undo(&self.ground, what, model),
            Effect::Repair { place, actions, again } => {
                self.runs.repair(&self.ground, place, (actions, again), model);
            }
            Effect::Mend(worker) => self.runs.mend(&self.ground, &worker, model),
            Effect::Reply { id, reply } => self.ground.replies.give(id, reply),
            Effect::Certificates(pem) => self.runs.certificates(&self.ground, &pem),
            Effect::Live => self.live(model),
            Effect::LookInto(place) => {
                if let Some(watch) = &mut self.watch {
                    watch.open(place.as_ref());
                }
            }
            Effect::Follow(wish) => {
                if let Some(watch) = &mut self.watch {
                    watch.log(wish.as_ref());
                }
            }
            Effect::Export(path) => export::export(&self.ground, &path, model),
            Effect::WritePlan(path) => export::write_plan(&self.ground, &path, model),
            Effect::WriteSummary(path) => export::write_summary(&self.ground, &path, model),
            Effect::KubeconfigDiff => self.ground.tell(export::kubeconfig(model)),
            Effect::DaysLeft => probe::days_left(&self.ground, model),
            Effect::Diagnose { only } => probe::diagnose(&self.ground, only, model),
            Effect::OpenSession(name) => {
                let msg = match session::open(&self.ground.folders.state, &name) {
                    // Paths in it are whole; what is typed from now on starts where the person is.
                    Ok(opened) => {
                        Msg::Opened(Box::new(Opened { base: self.ground.folders.base.clone(), ..opened }))
                    }
                    Err(why) => Msg::Say(Role::Bad, why),
                };
                self.ground.tell(msg);
            }
            Effect::OpenSessionFor { name, worker } => {
                let msg = match session::open(&self.ground.folders.state, &name) {
                    Ok(opened) => Msg::Opened(Box::new(Opened {
                        base: self.ground.folders.base.clone(),
                        screen: Screen::Diagnosis.name().to_owned(),
                        only: vec![worker],
                        ..opened
                    })),
                    Err(why) => Msg::Say(Role::Bad, why),
                };
                self.ground.tell(msg);
            }
            Effect::OpenPlan(path) => self.ground.tell(session::open_plan(&self.ground.path(&path))),
            Effect::OpenDemo(name) => {
                let WizardFolders { speed, seed, .. } = self.ground.folders;
                // Only the demo that was asked for so is one.
                let surprise = std::mem::take(&mut self.ground.folders.surprise);
                let send = self.ground.send.clone();
                self.opening = Some(DemoOpening::begin(&name, (speed, seed), surprise, send));
            }
            Effect::FindHosts => {
                self.ground.tell(Msg::Hosts(crate::host::config_hosts(&self.ground.folders.home)));
            }
            Effect::Throw { fault, host } => {
                for msg in self.ground.demo().map(|lab| demo::throw(lab, &fault, &host)).into_iter().flatten()
                {
                    self.ground.tell(msg);
                }
            }
        }
    }

    fn live(&mut self, model: &Model) {
        let Some(plan) = validation::plan(model) else { return };
        let world = self.ground.looking(&plan.cluster.api, &plan.cluster.name);
        let send = Mutex::new(self.ground.send.clone());
        let tell: live::Send = Box::new(move |update| {
            let _ = send.lock().unwrap_or_else(PoisonError::into_inner).send(Msg::Live(update));
        });
        // Nothing is signed for looking on: until the admin's certificate is there the API's row says so.
        let mut watch = live::start(world, &Arc::new(plan), false, tell);
        watch.open(model.live.opened());
        watch.log(model.live.log().map(|log| &log.wish));
        self.watch = Some(watch);
    }

    /// The live panel tries again what it could not do.
    pub fn live_again(&self) {
        if let Some(watch) = &self.watch {
            watch.again();
        }
    }

    /// Machines again.
    fn leave_demo(&mut self) {
        self.opening = None;
        if self.demo().is_some() {
            self.watch = None;
            self.runs.forget_session();
            self.ground.leave_demo();
        }
    }

    /// The words of a shell on a worker, as arguments of ssh; or why there is none.
    pub fn shell(&self, name: &str, model: &Model) -> Result<Vec<String>, String> {
        if self.demo().is_some() {
            return Err("a demo has no machine to log in to".to_owned());
        }
        login::shell(name, model)
    }

    /// Whoever waits for an answer goes on without.
    pub fn answer_nobody(&self) {
        self.ground.replies.dismiss();
    }

    /// Everything ends: what is saved last is on disk when this returns.
    pub fn close(&mut self) {
        self.ground.replies.close();
        // Whoever waits for a clock that stands still would wait for ever.
        if let Some(demo) = self.demo() {
            demo.pause(false);
        }
        self.watch = None;
        if let Some(saver) = self.saver.take() {
            saver.close();
        }
        self.ground.forget_folder();
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
        | Effect::LookInto(_)
        | Effect::Follow(_)
        | Effect::Export(_)
        | Effect::WritePlan(_)
        | Effect::WriteSummary(_)
        | Effect::Examine { .. }
        | Effect::Leaving { .. }
        | Effect::KubeconfigDiff
        | Effect::Diagnose { .. }
        | Effect::DaysLeft
        | Effect::Throw { .. } => true,
        // Whoever waits for the end of a run is told that nothing was begun.
        Effect::Run { .. }
        | Effect::Undo(_)
        | Effect::Repair { .. }
        | Effect::Mend(_)
        | Effect::Quit(_)
        | Effect::Stop
        | Effect::Reply { .. }
        | Effect::Copy(_)
        | Effect::Shell(_)
        | Effect::Suspend
        | Effect::Redraw
        | Effect::OpenSession(_)
        | Effect::OpenSessionFor { .. }
        | Effect::OpenPlan(_)
        | Effect::OpenDemo(_)
        | Effect::FindHosts => false,
    }
}
