//! The wizard as numbered lines: for screen readers, serial lines and pipes. The same answers, looks, runs and
//! sessions as on the whole screen: it sends the same messages to the same model and says what comes of them.

mod ask;
mod choice;
mod dialogue;
mod doctor;
mod form;
mod paste;
mod report;
mod review;
mod run;
mod told;
mod voice;
mod welcome;
mod workers;

use std::collections::VecDeque;

use crate::engine::ExitCode;
use crate::ui::plain::dialogue::{Dialogue, DialogueEnd, Leave};
use crate::ui::plain::told::RunTold;
use crate::ui::plain::voice::LineOutput;
use crate::ui::wizard::core::{Core, Outset};
use crate::ui::wizard::effects::{EffectRunner, session};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::start::{Opening, WizardStart};

/// Runs the wizard as lines; the exit code.
pub fn run(start: WizardStart) -> ExitCode {
    let mut works = EffectRunner::new(start.send.clone(), start.replies, start.places.clone(), start.real);
    let outset = Outset {
        base: start.places.base.clone(),
        home: Some(start.places.home.clone()),
        read_only: start.read_only,
        whole: true,
        sessions: session::list(&start.places.state),
    };
    let model = Core::new(start.theme, (80, 24), works.now(), outset);
    let opening = match start.opening {
        Opening::Welcome => None,
        Opening::Plan(path) => Some(Effect::OpenPlan(path)),
        Opening::Session(name) => Some(Effect::OpenSession(name)),
        Opening::Demo(name) => Some(Effect::OpenDemo(name)),
    };
    let given = opening.is_some();
    if let Some(effect) = opening {
        works.perform(effect, &model);
    }
    let mut talk = Dialogue {
        model,
        works,
        heard: voice::listen(start.news),
        voice: LineOutput::new(),
        typed: VecDeque::new(),
        ended: false,
        opened: false,
        leaving: None,
        told: RunTold::default(),
    };
    drop(start.send);
    let why = match talk.talk(given) {
        Ok(()) => Leave::Quit,
        Err(why) => why,
    };
    talk.leave(&why)
}

impl Dialogue {
    fn talk(&mut self, given: bool) -> DialogueEnd {
        if given {
            self.opening()?;
        }
        loop {
            match self.model.nav.screen {
                Screen::Welcome => self.welcome()?,
                Screen::Workers => self.workers()?,
                Screen::Ca | Screen::Cluster | Screen::Certificates | Screen::Kubectl | Screen::Dns => {
                    self.form()?;
                }
                Screen::Review => self.review()?,
                Screen::Run => self.run()?,
                Screen::Report => self.report()?,
                Screen::Diagnosis => self.diagnosis()?,
                Screen::Repair => self.repair()?,
            }
        }
    }
}
