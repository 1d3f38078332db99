//! The list of workers: numbered, with what was seen of each.

use super::dialogue::{Dialogue, DialogueEnd, MenuRow};
use super::form::PromptEnd;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::{LookStatus, ProbeTarget};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;

/// Asked for when a worker is new; the others have good defaults and are in its list.
const FIRST: [Field; 3] = [Field::Name, Field::Address, Field::User];

impl Dialogue {
    /// The screen of workers.
    pub(super) fn workers(&mut self) -> DialogueEnd {
        self.heading();
        if self.model.nav.return_to.is_some()
            && let Some(Item::Field(field)) = self.model.item()
        {
            let name = self.model.worker_name(self.model.nav.row);
            self.voice.say(&format!("{name}:"));
            self.ask(field)?;
        }
        let mut list = true;
        loop {
            if list {
                self.look_at_all()?;
                self.list();
            }
            list = true;
            let on = if self.model.nav.return_to.is_some() { "return" } else { "continue" };
            let mut ways: Vec<MenuRow<'_>> =
                vec![("1", on), ("a", "add a worker"), ("p", "paste many"), ("i", "import from ssh_config")];
            if !self.model.form.answers.workers.is_empty() {
                ways.extend([
                    ("e N", "edit worker N"),
                    ("r N", "remove it"),
                    ("d N", "what was seen of it"),
                    ("w N", "ways out of its problem"),
                    ("l", "look again"),
                ]);
            }
            ways.push(("b", "back"));
            let default = if self.model.form.answers.workers.is_empty() { "a" } else { "1" };
            let (word, rest) = self.choose(&ways, Some(default))?;
            match word.as_str() {
                "1" => self.on_from_workers()?,
                "a" => self.add()?,
                "p" => self.paste()?,
                "i" => {
                    self.intent(&Intent::Command(Command::Import));
                    // Lines that were typed ahead may come before the list.
                    self.answer_of_work()?;
                    self.overlays()?;
                }
                "l" => {
                    self.intent(&Intent::LookAtWorkers);
                }
                "b" => {
                    self.intent(&Intent::Command(Command::Back));
                }
                _ => list = self.on_row(&word, &rest)?,
            }
            if self.model.nav.screen != Screen::Workers {
                return Ok(());
            }
        }
    }

    /// What is done with one worker; `true` = the list has changed.
    fn on_row(&mut self, word: &str, rest: &str) -> DialogueEnd<bool> {
        let Some(row) = self.row(rest)? else { return Ok(false) };
        self.intent(&Intent::Choose(row));
        let target = ProbeTarget::Worker(self.model.worker_name(row));
        match word {
            "e" => self.edit_worker()?,
            "r" => {
                self.intent(&Intent::Command(Command::Remove));
            }
            "d" if self.model.is_called_twice(row) => {
                self.voice.say("It is looked at when it has a name of its own.");
                return Ok(false);
            }
            "d" => {
                self.say_look(&target);
                return Ok(false);
            }
            _ => {
                let look = self.model.look_of_row(row);
                if look.is_none_or(|look| look.problem.is_none()) {
                    self.voice.say("It has no problem.");
                    return Ok(false);
                }
                self.intent(&Intent::Confirm);
                self.overlays()?;
                if self.model.nav.screen == Screen::Workers
                    && let Some(Item::Field(field)) = self.model.item()
                {
                    // The way was to change this answer.
                    self.ask(field)?;
                }
            }
        }
        Ok(true)
    }

    /// The row of a number; asked for when it is not given.
    fn row(&mut self, text: &str) -> DialogueEnd<Option<usize>> {
        let count = self.model.form.answers.workers.len();
        let mut text = text.to_owned();
        if text.is_empty() && count == 1 {
            return Ok(Some(0));
        }
        loop {
            if let Ok(number) = text.parse::<usize>()
                && (1..=count).contains(&number)
            {
                return Ok(Some(number.saturating_sub(1)));
            }
            if let Some(row) = (0..count).find(|row| self.model.worker_name(*row) == text) {
                return Ok(Some(row));
            }
            if !text.is_empty() {
                self.voice.role(Role::Bad, &format!("write a number from 1 to {count}"));
            }
            text = self.read("Which worker, Enter for none:")?;
            if text.is_empty() {
                return Ok(None);
            }
        }
    }

    fn look_at_all(&mut self) -> DialogueEnd {
        for row in 0..self.model.form.answers.workers.len() {
            let worker = self.model.form.answers.workers.get(row);
            if worker.is_some_and(|worker| worker.address.is_some()) && !self.model.is_called_twice(row) {
                let target = ProbeTarget::Worker(self.model.worker_name(row));
                self.intent(&Intent::Look(target));
            }
        }
        self.settle()
    }

    fn list(&mut self) {
        if self.model.form.answers.workers.is_empty() {
            self.voice.say("There is no worker yet.");
        }
        for row in 0..self.model.form.answers.workers.len() {
            let name = self.model.worker_name(row);
            let address = Field::Address.get(&self.model.form.answers, row);
            let user = Field::User.get(&self.model.form.answers, row);
            let look = self.model.look_of_row(row).cloned();
            let mut words = format!("{} {name}", row.saturating_add(1));
            if !address.is_empty() {
                words.push_str(", ");
                words.push_str(&address);
            }
            if !user.is_empty() {
                words.push_str(", user ");
                words.push_str(&user);
            }
            if !self.model.chosen(&name) {
                words.push_str(", not of this journey");
            }
            let seen = match &look {
                Some(look) => {
                    let role = match look.mood {
                        LookStatus::Good | LookStatus::Looking => Role::Ok,
                        LookStatus::Doubtful => Role::Warn,
                        LookStatus::Bad => Role::Bad,
                    };
                    format!("{}{}", super::voice::word(role), look.word.replace("  ", ", "))
                }
                None => "not looked at".to_owned(),
            };
            self.voice.say(&format!("{words}: {seen}"));
            if let Some(look) = look {
                for (role, line) in look.lines {
                    if matches!(role, Role::Warn | Role::Bad) {
                        self.voice.role(role, &line);
                    }
                }
            }
            let prefix = format!("workers[{row}]");
            let wrong: Vec<String> = self
                .model
                .form
                .issues
                .iter()
                .filter(|remark| remark.stops && remark.field.starts_with(&prefix))
                .map(|remark| {
                    format!("{} {}; {}", self.model.field_name(&remark.field), remark.what, remark.cure)
                })
                .collect();
            for line in wrong {
                self.voice.role(Role::Bad, &line);
            }
        }
    }

    fn on_from_workers(&mut self) -> DialogueEnd {
        self.go_on_from_form()
    }

    fn add(&mut self) -> DialogueEnd {
        self.intent(&Intent::Command(Command::Add));
        self.voice.say("Enter keeps what is in brackets, - empties it, ? explains, . ends the questions.");
        for field in FIRST {
            if matches!(self.ask(field)?, PromptEnd::Enough) {
                break;
            }
        }
        self.voice.say("Port, key, images, kubelet and others are changed with e.");
        Ok(())
    }

    fn paste(&mut self) -> DialogueEnd {
        self.voice.say(
            "One worker a line, such as w1 10.0.0.11 or core@10.0.0.[12-14]:2222; a line with . alone ends the list.",
        );
        loop {
            let text = self.lines()?;
            if text.is_empty() {
                return Ok(());
            }
            self.intent(&Intent::Command(Command::Paste));
            self.intent(&Intent::Text(text));
            self.intent(&Intent::Done);
            let Some(Dialog::Paste(paste)) = self.model.dialogs.open.last() else { return Ok(()) };
            let wrong = paste.wrong.clone();
            self.intent(&Intent::Cancel);
            for line in wrong {
                self.voice.role(Role::Bad, &line);
            }
            self.voice.say("Nothing was added: paste the list again, or . alone for none.");
        }
    }

    /// The answers of one worker, numbered.
    fn edit_worker(&mut self) -> DialogueEnd {
        loop {
            let name = self.model.worker_name(self.model.nav.row);
            let fields = self.fields();
            let texts: Vec<String> = fields
                .iter()
                .map(|field| format!("{}: {}", field.label(), self.shown_value(*field)))
                .collect();
            self.voice.say(&format!("{name}:"));
            let Some(at) = self.number(&texts, "Which answer is changed, Enter for none:")? else {
                return Ok(());
            };
            if let Some(field) = fields.get(at) {
                self.ask(*field)?;
            }
        }
    }
}
