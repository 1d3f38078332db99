//! The report: what was done where, how it is taken back, what to try next.

use super::dialogue::{Dialogue, DialogueEnd, Leave, MenuRow};
use crate::engine::ExitCode;
use crate::live;
use crate::ui::wizard::intent::{Intent, LineFor};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::report::back;
use crate::ui::wizard::validation;
use crate::ui::wizard::{ending, progress};

impl Dialogue {
    /// The last screen.
    pub(super) fn report(&mut self) -> DialogueEnd {
        self.heading();
        self.done();
        loop {
            let mut ways: Vec<MenuRow<'_>> = vec![("1", "quit"), ("d", "every action that was done")];
            if self.model.form.unplanned.is_none() {
                ways.extend([
                    ("u", "undo this run, on one worker or everywhere"),
                    ("k", "remove a worker from the cluster"),
                    ("s FILE", "save the plan"),
                    ("x FILE", "write a script that does the same"),
                ]);
            }
            if self.model.doctor.mending.is_some() {
                ways.push(("i FILE", "write a summary of the incident"));
            }
            if self.model.demo.is_some() {
                ways.push(("m", "break or mend something in the demo"));
            }
            ways.push(("b", "back"));
            let (word, rest) = self.choose(&ways, None)?;
            match word.as_str() {
                "1" => return Err(Leave::Quit),
                "d" => self.every_action(),
                "u" | "k" => {
                    self.undo(&rest, word == "k")?;
                    if self.model.nav.screen == Screen::Report {
                        self.done();
                    }
                }
                "s" => self.write_to(LineFor::SavePlan, &rest)?,
                "x" => self.write_to(LineFor::Export, &rest)?,
                "i" => self.write_to(LineFor::Summary, &rest)?,
                "m" => self.faults(&rest)?,
                _ if self.model.form.unplanned.is_some() => {
                    self.intent(&Intent::Go(Screen::Diagnosis));
                }
                _ => {
                    self.intent(&Intent::Go(Screen::Review));
                }
            }
            if self.model.nav.screen != Screen::Report {
                return Ok(());
            }
        }
    }

    fn done(&mut self) {
        let (role, words) = ending::words(&self.model);
        // What went well is said without a word before it.
        let role = if role == Role::Ok { Role::Text } else { role };
        self.voice.role(role, &words);
        for (role, line) in ending::repairs(&self.model) {
            let role = if role == Role::Ok { Role::Text } else { role };
            self.voice.role(role, &format!("repair on {line}"));
        }
        for place in progress::places(&self.model) {
            let run = &self.model.run;
            let end = ending::end_of(&self.model, &place);
            let end = if end.is_empty() { "nothing to do".to_owned() } else { end };
            let count = run.changed.get(&place).map_or(0, Vec::len);
            let mut words = format!("{place}: {end}");
            if count > 0 {
                words = format!("{words}, {} done", super::run::count(count, "action"));
            }
            let troubles: Vec<String> = run
                .troubles
                .iter()
                .filter(|trouble| trouble.place == place)
                .flat_map(|trouble| {
                    let first = format!("{} {}", trouble.problem.code, trouble.problem.what);
                    let seen = trouble.problem.evidence.iter().take(3).map(|line| format!("seen: {line}"));
                    std::iter::once(first).chain(seen).collect::<Vec<_>>()
                })
                .collect();
            self.voice.say_in(2, &words);
            for line in troubles {
                self.voice.role(Role::Bad, &line);
            }
        }
        if self.model.form.unplanned.is_some() {
            self.voice.say("To take it back:");
            for line in back(&self.model) {
                self.voice.say_in(2, &line);
            }
            return;
        }
        self.voice.say(
            "Undo: u here, or gangplank undo PLAN from any computer; k, or gangplank remove PLAN --worker NAME, \
             removes a worker from the cluster. The record is in /var/lib/gangplank on each worker.",
        );
        let taken = self.model.run.undoing.is_some();
        let mut next = if taken { Vec::new() } else { self.model.run.next.clone() };
        if let Some(plan) = validation::plan(&self.model)
            && self.model.run.code == Some(ExitCode::Done)
            && !taken
        {
            let (dns, domain) = (&plan.cluster.dns, &plan.cluster.domain);
            next.push(format!("dig @{dns} kubernetes.default.svc.{domain} +short (on a worker)"));
            let commands = self.model.live.panel.iter().flat_map(live::Panel::commands);
            next.extend(commands.map(|command| format!("{command} (on a worker)")));
        }
        if !next.is_empty() {
            self.voice.say("Try next:");
        }
        for line in next {
            self.voice.say_in(4, &line);
        }
    }

    fn every_action(&mut self) {
        let (changed, taken) = (self.model.run.changed.clone(), self.model.run.taken.clone());
        if changed.is_empty() && taken.is_empty() {
            self.voice.say("Nothing was changed.");
        }
        for (place, actions) in taken {
            self.voice.say(&format!("{place}, taken back:"));
            for action in actions {
                self.voice.say_in(2, &action);
            }
        }
        for (place, actions) in changed {
            self.voice.say(&format!("{place}:"));
            for action in actions {
                let why = self.model.run.why.get(&(place.clone(), action.clone()));
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                self.voice.say_in(2, &format!("{action}{why}"));
            }
        }
    }
}
