//! The report: what was done where, how it is taken back, what to try next.

use super::dialogue::{Dialogue, DialogueEnd, Leave, MenuRow};
use crate::engine::ExitCode;
use crate::ui::wizard::intent::{Intent, LineFor};
use crate::ui::wizard::progress;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::validation;

impl Dialogue {
    /// The last screen.
    pub(super) fn report(&mut self) -> DialogueEnd {
        self.heading();
        self.done();
        loop {
            let mut ways: Vec<MenuRow<'_>> = vec![
                ("1", "quit"),
                ("d", "every action that was done"),
                ("u NAME", "take back what was done on a worker"),
                ("s FILE", "save the plan"),
                ("x FILE", "write a script that does the same"),
            ];
            if self.model.demo.is_some() {
                ways.push(("m", "break or mend something in the demo"));
            }
            ways.push(("b", "back"));
            let (word, rest) = self.choose(&ways, None)?;
            match word.as_str() {
                "1" => return Err(Leave::Quit),
                "d" => self.every_action(),
                "u" => {
                    self.undo(&rest)?;
                    self.done();
                }
                "s" => self.write_to(LineFor::SavePlan, &rest)?,
                "x" => self.write_to(LineFor::Export, &rest)?,
                "m" => self.faults(&rest)?,
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
        let words = match self.model.run.code {
            Some(ExitCode::Done) => "Every worker has joined.",
            Some(ExitCode::Stopped) => "Stopped. What was done stays, and a new run goes on from there.",
            _ => "Not every worker has joined; what was done stays.",
        };
        self.voice.say(words);
        for place in progress::places(&self.model) {
            let run = &self.model.run;
            let end = if run.skipped.contains(&place) {
                "skipped"
            } else if run.undone.contains(&place) {
                "taken back"
            } else {
                run.ends.get(&place).map_or("nothing to do", String::as_str)
            };
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
                self.voice.role(crate::ui::wizard::role::Role::Bad, &line);
            }
        }
        self.voice.say(
            "Undo: u here, or gangplank undo PLAN from any computer; the record is in /var/lib/gangplank on each \
             worker.",
        );
        let mut next = self.model.run.next.clone();
        if let Some(plan) = validation::plan(&self.model)
            && self.model.run.code == Some(ExitCode::Done)
        {
            let (dns, domain) = (&plan.cluster.dns, &plan.cluster.domain);
            next.push(format!("dig @{dns} kubernetes.default.svc.{domain} +short (on a worker)"));
            next.push("docker ps (on a worker)".to_owned());
        }
        if !next.is_empty() {
            self.voice.say("Try next:");
        }
        for line in next {
            self.voice.say_in(4, &line);
        }
    }

    fn every_action(&mut self) {
        let changed = self.model.run.changed.clone();
        if changed.is_empty() {
            self.voice.say("Nothing was changed.");
        }
        for (place, actions) in changed {
            self.voice.say(&format!("{place}:"));
            for action in actions {
                self.voice.say_in(2, &action);
            }
        }
    }
}
