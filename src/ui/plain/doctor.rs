//! The diagnosis of the workers that come back, and the repair of one of them, as lines.

use super::dialogue::{Dialogue, DialogueEnd, MenuRow};
use crate::host::plain_action;
use crate::plan::action::Action;
use crate::ui::output::doctor;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::examination::DrainChoice;
use crate::ui::wizard::found::{found, rows, to_mend};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::repair;

impl Dialogue {
    /// What is wrong with the workers that come back.
    pub(super) fn diagnosis(&mut self) -> DialogueEnd {
        self.heading();
        loop {
            if self.model.doctor.looking {
                self.voice.say("Looking; nothing is changed.");
            }
            self.wait(&|model| !model.doctor.looking)?;
            if let Some(problem) = self.model.doctor.failed.clone() {
                self.problem(&problem, None);
            }
            let text: String =
                found(&self.model).map(|one| doctor::text(std::slice::from_ref(one))).collect();
            for line in text.lines() {
                let words = line.trim_start();
                self.voice.say_in(line.len().saturating_sub(words.len()), words);
            }
            // The first row of each worker that gangplank would change something on.
            let mut mended: Vec<(usize, String)> = Vec::new();
            for (at, row) in rows(&self.model).iter().enumerate() {
                let one = row.of();
                if !one.repair().is_empty() && mended.iter().all(|(_, name)| *name != one.worker) {
                    mended.push((at, one.worker.clone()));
                }
            }
            let words: Vec<(String, String)> = (1..)
                .zip(&mended)
                .map(|(number, (_, name))| (format!("{number}"), format!("repair {name}; it asks first")))
                .collect();
            let mut ways: Vec<MenuRow<'_>> =
                words.iter().map(|(word, does)| (word.as_str(), does.as_str())).collect();
            if self.model.form.unplanned.is_none() {
                ways.push(("r", "review every step that differs"));
            }
            ways.push(("l", "look again"));
            if self.model.demo.is_some() {
                ways.push(("m", "break or mend something in the demo"));
            }
            ways.push(("b", "back"));
            let (word, rest) = self.choose(&ways, None)?;
            match word.as_str() {
                "r" => self.intent(&Intent::Command(Command::ReviewAll)),
                "l" => self.intent(&Intent::Command(Command::Look)),
                "m" => {
                    self.faults(&rest)?;
                    self.intent(&Intent::Command(Command::Look));
                }
                "b" => self.intent(&Intent::Command(Command::Back)),
                number => {
                    let at = number.parse::<usize>().unwrap_or_default().saturating_sub(1);
                    if let Some((row, _)) = mended.get(at) {
                        self.intent(&Intent::Choose(*row));
                        self.intent(&Intent::Confirm);
                    }
                }
            }
            self.overlays()?;
            if self.model.nav.screen != Screen::Diagnosis {
                return Ok(());
            }
        }
    }

    /// The smallest change, and the word that makes it.
    pub(super) fn repair(&mut self) -> DialogueEnd {
        self.heading();
        self.wait(&|model| model.doctor.drain == DrainChoice::No || model.doctor.leaving.is_some())?;
        let told = to_mend(&self.model).map(|one| {
            let action = |action: &&Action| (action.title(), plain_action(action), repair::undo(one, action));
            let all: Vec<(String, String, String)> = one.repair().iter().map(action).collect();
            (all, repair::about(&self.model, one))
        });
        let (all, about) = told.unwrap_or_default();
        if all.is_empty() {
            self.voice.say("Nothing is left to change here.");
        }
        for (number, (title, shell, undo)) in (1..).zip(&all) {
            self.voice.say(&format!("{number} {title}"));
            self.voice.shell(shell);
            self.voice.say_in(4, &format!("undo: {undo}"));
        }
        for (role, line) in about.into_iter().filter(|_| !all.is_empty()) {
            // What the keys of the whole screen do is said by the menu below.
            if role != Role::Dim {
                self.voice.say(&line);
            }
        }
        let mut ways: Vec<MenuRow<'_>> = Vec::new();
        if !all.is_empty() && !self.model.run.read_only {
            ways.push(("a", "repair it so"));
            if self.model.form.unplanned.is_none() {
                ways.push(("d", "let its pods leave first; again: all of them; again: none"));
            }
        }
        if self.model.form.unplanned.is_none() {
            ways.push(("r", "review every step that differs"));
        }
        ways.push(("b", "back to the diagnosis"));
        let (word, _) = self.choose(&ways, None)?;
        let command = match word.as_str() {
            "a" => Command::Apply,
            "d" => Command::Drain,
            "r" => Command::ReviewAll,
            _ => Command::Back,
        };
        self.intent(&Intent::Command(command));
        self.overlays()
    }
}
