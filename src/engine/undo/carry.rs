//! What is taken back goes out: a batch to each machine, a deletion for each object.

use super::{UNDO, UndoHost, deletion, not_believed, not_understood};
use crate::engine::event::{Event, TaskOutcome};
use crate::engine::run::Engine;
use crate::host::{Batch, BatchProgress};
use crate::plan::action::Action;
use crate::plan::code::ProblemCode;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

impl Engine<'_> {
    /// Takes a place's actions back and tells how it ended; `true` when it is as it was.
    pub(super) fn take_back(&self, machine: &mut UndoHost) -> bool {
        let actions = std::mem::take(&mut machine.back.actions);
        let unread = std::mem::take(&mut machine.back.not_understood);
        let strange = std::mem::take(&mut machine.strange);
        let whole = unread.is_empty() && strange.is_empty();
        let mut outcome = match (actions.is_empty(), whole) {
            (true, true) if machine.back.forget.is_empty() => {
                TaskOutcome::Same { evidence: "gangplank changed nothing here".to_owned() }
            }
            (true, false) => TaskOutcome::Changed { actions: 0 },
            _ => self.send_back(machine, &actions),
        };
        if outcome.good() && !strange.is_empty() {
            if !unread.is_empty() {
                let problem = not_understood(&machine.place, &unread);
                self.events.tell(&machine.place, None, Event::Trouble { problem });
            }
            outcome = TaskOutcome::Failed { problem: not_believed(&machine.place, &strange) };
        } else if outcome.good() && !unread.is_empty() {
            outcome = TaskOutcome::Failed { problem: not_understood(&machine.place, &unread) };
        }
        let good = outcome.good();
        self.events.tell(&machine.place, Some(UNDO), Event::TaskEnded { outcome });
        good
    }

    /// Removes the record; a failure is told.
    pub(super) fn forget(&self, machine: &mut UndoHost) -> bool {
        let actions = std::mem::take(&mut machine.back.forget);
        if actions.is_empty() {
            return true;
        }
        let outcome = self.send_back(machine, &actions);
        let good = outcome.good();
        if !good {
            self.events.tell(&machine.place, Some(UNDO), Event::TaskEnded { outcome });
        }
        good
    }

    fn send_back(&self, machine: &mut UndoHost, actions: &[Action]) -> TaskOutcome {
        let place = &machine.place;
        self.events.tell(place, Some(UNDO), Event::TaskStarted);
        let (run, lock) = (self.options.run.clone(), self.lock_on(place));
        let batch = Batch { actions: actions.to_vec(), run, lock, ..Batch::default() };
        let mut left = false;
        let end = machine.host.run(&batch, self.options.stop, &mut |heard| match heard {
            BatchProgress::Began(index) => {
                if let Some(action) = actions.get(index) {
                    let shell = action.shell().to_string();
                    self.events.tell(
                        place,
                        Some(UNDO),
                        Event::ActionStarted { action: action.title(), shell },
                    );
                }
            }
            BatchProgress::LeftAlone(_) => left = true,
            BatchProgress::Said(_, err, line) => {
                self.events.tell(place, Some(UNDO), Event::Output { line, err });
            }
            BatchProgress::Ended(index, status) => {
                if let Some(action) = actions.get(index) {
                    self.events.tell(
                        place,
                        Some(UNDO),
                        Event::ActionEnded { action: action.title(), status, ms: 0 },
                    );
                }
            }
            BatchProgress::Sent(..) => {}
        });
        if left {
            // What was there before lies beside the record, and somebody may want it yet.
            machine.back.forget.clear();
            let text = "the record and the old files stay on this machine, because something was left alone"
                .to_owned();
            self.events.tell(place, Some(UNDO), Event::Note { text });
        }
        if end.stopped {
            return TaskOutcome::Stopped;
        }
        if let Some(trouble) = end.trouble {
            return TaskOutcome::Failed { problem: trouble.problem(place) };
        }
        let failed = actions
            .iter()
            .enumerate()
            .find(|(index, _)| end.actions.get(index).is_none_or(|done| done.status != Some(0)));
        match failed {
            None => TaskOutcome::Changed { actions: actions.len() },
            Some((index, action)) => {
                let said = end.actions.get(&index).map(|done| done.err.clone()).unwrap_or_default();
                let mut problem =
                    Problem::new(ProblemCode::Undo01, format!("{place}: {} failed", action.title()));
                for line in said.lines().take(4) {
                    problem = problem.seen(crate::plan::redact::said(line));
                }
                TaskOutcome::Failed {
                    problem: problem.seen("the record stays, so undo can be run again").way(Remedy::Retry),
                }
            }
        }
    }

    /// Deletes API objects that are still the ones that were made; `true` when none was refused.
    pub(super) fn delete(&self, made: &[(String, String)]) -> bool {
        if made.is_empty() {
            return true;
        }
        let place = Place::Cluster;
        self.events.tell(&place, Some(UNDO), Event::TaskStarted);
        let actions = made.len();
        let mut outcome = TaskOutcome::Changed { actions };
        for (path, uid) in made {
            let action = deletion(&(path.clone(), uid.clone()));
            let started = Event::ActionStarted { action: action.title(), shell: action.shell().to_string() };
            self.events.tell(&place, Some(UNDO), started);
            let result = self.world.cluster().delete(path, uid);
            let status = i32::from(result.is_err());
            self.events.tell(
                &place,
                Some(UNDO),
                Event::ActionEnded { action: action.title(), status, ms: 0 },
            );
            match result {
                Ok(_) => {}
                Err(crate::kube::ApiError::Conflict(_)) => {
                    let text = format!("{path} is another object by now: left alone");
                    self.events.tell(&place, Some(UNDO), Event::Note { text });
                }
                Err(error) => {
                    let problem = Problem::new(error.code(), format!("{path} could not be deleted"))
                        .seen(error.to_string())
                        .way(Remedy::Retry);
                    outcome = TaskOutcome::Failed { problem };
                }
            }
        }
        let good = outcome.good();
        self.events.tell(&place, Some(UNDO), Event::TaskEnded { outcome });
        good
    }
}
