//! What repairs of a worker in no plan did is taken back, from the record that they left there: a certificate that was replaced,
//! the link of one that renews itself.

use super::doctor::Examined;
use super::event::{Event, TaskOutcome};
use super::exit::ExitCode;
use super::found::look;
use super::found_repair::{Broken, FoundRepair};
use super::undo::{
    ConfirmUndo, UndoList, UndoScope, back, believe_found, built_upon, no_run, not_believed, not_understood,
    of_run, runs_of,
};
use crate::doctor::{FoundPaths, Layout};
use crate::host::Host;
use crate::plan::action::{Action, Verb};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{Facts, Known};
use crate::plan::problem::Problem;
use crate::plan::record::{self, Record};
use crate::step::StepId;

impl FoundRepair<'_> {
    /// Takes back the last run, or the one that is named; the exit code, and how the worker is then. `confirm` sees everything
    /// first.
    pub fn take_back(&self, run: Option<&str>, confirm: &ConfirmUndo) -> (ExitCode, Option<Examined>) {
        let mut facts = Facts::default();
        let undone = match self.visit.world.host(&self.place, self.visit.login) {
            Ok(mut host) => self.undo_on(host.as_mut(), &mut facts, run, confirm),
            Err(trouble) => Err(Broken::Failed(trouble.problem(&self.place))),
        };
        let ended = |outcome| self.events.tell(&self.place, Some(StepId::UNDO), Event::TaskEnded { outcome });
        match undone {
            Ok((code, examined)) => (code, examined),
            Err(Broken::Stopped) => {
                ended(TaskOutcome::Stopped);
                (ExitCode::Stopped, None)
            }
            Err(Broken::Failed(problem)) => {
                ended(TaskOutcome::Failed { problem });
                (ExitCode::Problem, None)
            }
        }
    }

    fn undo_on(
        &self,
        host: &mut dyn Host,
        facts: &mut Facts,
        run: Option<&str>,
        confirm: &ConfirmUndo,
    ) -> Result<(ExitCode, Option<Examined>), Broken> {
        look(&self.visit, host, facts).map_err(Broken::Failed)?;
        if Layout::of(facts) == Layout::Gangplank {
            let what = format!("{} was set up by a plan", self.place);
            return Err(Broken::Failed(
                Problem::new(ProblemCode::Undo09, what)
                    .seen("by its record gangplank wrote the unit of its kubelet")
                    .manual("gangplank undo PLAN --worker NAME, with the plan that made it"),
            ));
        }
        let (record, strange) = self.record(facts).map_err(Broken::Failed)?;
        let runs = runs_of(&record);
        let scope = run.map_or(UndoScope::LastRun, |run| UndoScope::Run(run.to_owned()));
        if let Some(problem) = no_run(&scope, false, &runs) {
            return Err(Broken::Failed(problem));
        }
        let Some(run) = run.or_else(|| runs.last().map(String::as_str)) else {
            confirm(&UndoList::default());
            return if strange.is_empty() {
                Ok((ExitCode::Done, None))
            } else {
                Err(Broken::Failed(not_believed(&self.place, &strange)))
            };
        };
        let later: Vec<&String> = runs.iter().filter(|other| other.as_str() > run).collect();
        if !later.is_empty() {
            return Err(Broken::Failed(built_upon(&self.place, run, &later)));
        }
        let mut back = back(&of_run(&record, run), None);
        let restarts = |action: &Action| matches!(action, Action::Service { verb: Verb::Restart, .. });
        if !strange.is_empty() {
            back.forget.clear();
        }
        if !back.forget.is_empty() && back.actions.iter().any(restarts) {
            // A restart is written down too.
            back.forget.push(Action::DeleteRecord { run: self.visit.run.to_owned() });
        }
        let stays: Vec<String> = strange.iter().chain(&back.not_understood).cloned().collect();
        let list = UndoList {
            run: Some(run.to_owned()),
            places: vec![(self.place.clone(), back.actions.iter().chain(&back.forget).cloned().collect())],
            stays: stays.iter().map(|line| (self.place.clone(), crate::plan::clean::line(line))).collect(),
        };
        if !confirm(&list) {
            return Ok((ExitCode::Stopped, None));
        }
        self.carry_out(host, &back.actions, None)?;
        if self.left.get() {
            let text = "the record and the old files stay on this machine, because something was left alone";
            self.events.tell(&self.place, Some(StepId::UNDO), Event::Note { text: text.to_owned() });
        } else if !back.forget.is_empty() {
            self.carry_out(host, &back.forget, None)?;
        }
        if !strange.is_empty() {
            return Err(Broken::Failed(not_believed(&self.place, &strange)));
        }
        if !back.not_understood.is_empty() {
            return Err(Broken::Failed(not_understood(&self.place, &back.not_understood)));
        }
        *facts = Facts::default();
        let found = look(&self.visit, host, facts).map(|look| look.diagnosis);
        Ok((ExitCode::Done, Some(self.visit.examined(found, facts.clone()))))
    }

    /// What of its record is believed, and in words what is not.
    fn record(&self, facts: &Facts) -> Result<(Record, Vec<String>), Problem> {
        let record = match facts.record() {
            Known::Yes(Record { newer: Some(v), .. }) => {
                return Err(Problem::new(
                    ProblemCode::Undo03,
                    format!("{}: a newer gangplank wrote the record there", self.place),
                )
                .seen(format!("its format is {v}, this program reads up to {}", record::VERSION))
                .seen("nothing was taken back on this machine, and the record stays as it is")
                .manual("undo it with the gangplank that made the last run"));
            }
            Known::Yes(record) => record,
            other => return Err(Problem::unknown("the record of what was done there", other.why_not())),
        };
        let cert = certificate(facts);
        if cert.is_empty() && !record.lines.is_empty() {
            return Err(Problem::unknown(
                "what a repair may have replaced there",
                "the kubeconfig of its kubelet names no certificate file that could be read",
            )
            .seen("nothing was taken back"));
        }
        Ok(believe_found(record, &self.place, &cert))
    }
}

/// The certificate that the kubeconfig of its kubelet names; empty = none is known.
fn certificate(facts: &Facts) -> String {
    let hostname = facts.machine().yes().map(|machine| machine.hostname.to_string()).unwrap_or_default();
    let start = facts.kubelet_start().yes().copied().cloned().unwrap_or_default();
    let paths = FoundPaths::of_flags(&start, &hostname);
    let identity = paths.kubeconfig.as_ref().map(|path| facts.identity(path, &paths.node, &paths.server));
    match identity {
        Some(Known::Yes(Some(identity))) => {
            identity.files.get("client-certificate").map(ToString::to_string).unwrap_or_default()
        }
        _ => String::new(),
    }
}
