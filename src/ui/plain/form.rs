//! The screens that ask: fields as prompts, what is wrong with an answer, what was seen of it, and the way on.

use super::dialogue::{Dialogue, DialogueEnd, MenuRow};
use crate::plan::place::Place;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::{Button, Item};
use crate::ui::wizard::form::target;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::{Inspection, Look, ProbeTarget};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::certificates;
use crate::ui::wizard::screens::cluster::{self, CLUSTER_SELDOM};
use crate::ui::wizard::screens::review;

/// So many certificates are said with everything on them.
const FULL: usize = 6;

/// What a prompt ended with.
pub(super) enum PromptEnd {
    /// An answer stands.
    Answered,
    /// The person wants no more questions.
    Enough,
}

impl Dialogue {
    /// Fields of the present screen.
    pub(super) fn fields(&self) -> Vec<Field> {
        let fields = self.model.items().into_iter().filter_map(|item| match item {
            Item::Field(field) => Some(field),
            Item::Rows | Item::Button(_) => None,
        });
        // A hash belongs to a file.
        let row = self.model.nav.row;
        let kubelet = !Field::Kubelet.get(&self.model.form.answers, row).is_empty();
        fields.filter(|field| *field != Field::KubeletHash || kubelet).collect()
    }

    /// The first remark that stops, of this screen.
    fn wrong_here(&self) -> bool {
        let screen = self.model.nav.screen;
        self.model.form.issues.iter().any(|remark| remark.stops && target::screen_of(&remark.field) == screen)
    }

    /// A screen of fields.
    pub(super) fn form(&mut self) -> DialogueEnd {
        let screen = self.model.nav.screen;
        let wanted = match self.model.item() {
            Some(Item::Field(field)) if self.model.nav.return_to.is_some() => Some(field),
            _ => None,
        };
        self.heading();
        self.settle()?;
        let new = !self.opened && !self.model.nav.finished.contains(&screen);
        match wanted {
            Some(field) => {
                self.ask(field)?;
            }
            None if new || self.wrong_here() => self.ask_first()?,
            None => self.answers(),
        }
        loop {
            self.look()?;
            self.seen();
            let back = if self.model.nav.return_to.is_some() { "return" } else { "continue" };
            let mut ways: Vec<MenuRow<'_>> = vec![("1", back), ("2", "change answers"), ("3", "look again")];
            match screen {
                Screen::Kubectl => ways.push(("d", "kubeconfig before and after")),
                Screen::Certificates => ways.push(("d", "everything on the certificates")),
                _ => {}
            }
            ways.push(("b", "back"));
            let (word, _) = self.choose(&ways, Some("1"))?;
            match word.as_str() {
                "1" => self.go_on_from_form()?,
                "2" => self.ask_all()?,
                "3" => {
                    self.intent(&Intent::Command(Command::Look));
                    self.settle()?;
                }
                "d" if screen == Screen::Kubectl => {
                    self.perform(vec![Effect::KubeconfigDiff]);
                    self.answer_of_work()?;
                    self.overlays()?;
                }
                "d" => self.certificates(usize::MAX),
                _ => {
                    self.intent(&Intent::Command(Command::Back));
                }
            }
            if self.model.nav.screen != screen {
                return Ok(());
            }
        }
    }

    /// On to the next screen, or back to where an answer was wanted; what is wrong is asked again.
    pub(super) fn go_on_from_form(&mut self) -> DialogueEnd {
        let screen = self.model.nav.screen;
        let returns = self.model.nav.return_to.is_some() && !self.wrong_here();
        self.intent(&Intent::Press(if returns { Button::Return } else { Button::Continue }));
        let wrong = self.model.item();
        if self.model.nav.screen != screen {
            return Ok(());
        }
        let problem = self.model.dialogs.open.iter().any(|dialog| matches!(dialog, Dialog::Problem(_)));
        self.overlays()?;
        if let Some(Item::Field(field)) = wrong
            && !problem
            && self.model.nav.screen == screen
        {
            self.ask(field)?;
        }
        Ok(())
    }

    /// The answers of this screen, one a line.
    fn answers(&mut self) {
        for field in self.fields() {
            let value = self.shown_value(field);
            self.voice.say_in(2, &format!("{}: {value}", field.label()));
            self.remark(field);
        }
    }

    /// An answer as it reads; what is empty says what that means.
    pub(super) fn shown_value(&self, field: Field) -> String {
        let value = self.model.answer(field, self.model.nav.row);
        if let Some(choices) = field.choices() {
            let text = choices.iter().find(|(word, _)| *word == value).map(|(_, text)| (*text).to_owned());
            return text.unwrap_or(value);
        }
        if !value.is_empty() {
            return value;
        }
        let inherited = field.inherited(&self.model.form.answers);
        inherited.unwrap_or_else(|| match field.hint() {
            _ if self.missing(field) => "not answered yet".to_owned(),
            "" => "not answered".to_owned(),
            hint => hint.to_owned(),
        })
    }

    /// A plan cannot be made without it.
    fn missing(&self, field: Field) -> bool {
        self.model.missing(field, self.model.nav.row)
    }

    /// What is to be said about an answer; `true` when it stops.
    fn remark(&mut self, field: Field) -> bool {
        let words = self.model.remark_words(field, self.model.nav.row);
        let Some((stops, words)) = words else { return false };
        let role = if stops { Role::Bad } else { Role::Warn };
        self.voice.role(role, &words);
        stops
    }

    /// Asks for what every cluster has to answer; what is seldom other than usual stays, unless something is wrong.
    fn ask_first(&mut self) -> DialogueEnd {
        let row = self.model.nav.row;
        let usual =
            |field: &Field| CLUSTER_SELDOM.contains(field) && self.model.remark(*field, row).is_none();
        let left: Vec<Field> = self.fields().into_iter().filter(usual).collect();
        self.ask_but(left.clone())?;
        if !left.is_empty() {
            let labels: Vec<&str> = left.into_iter().map(Field::label).collect();
            self.voice.say(&format!("Not asked, 2 changes them: {}.", labels.join(", ")));
        }
        Ok(())
    }

    /// Asks for every field of the screen.
    fn ask_all(&mut self) -> DialogueEnd {
        self.ask_but(Vec::new())
    }

    /// Asks for every field of the screen but those that are done; which there are may change with the answers.
    fn ask_but(&mut self, mut done: Vec<Field>) -> DialogueEnd {
        self.voice.say("Enter keeps what is in brackets, - empties it, ? explains, . ends the questions.");
        while let Some(field) = self.fields().into_iter().find(|field| !done.contains(field)) {
            done.push(field);
            if matches!(self.ask(field)?, PromptEnd::Enough) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks for one field until its answer is good.
    pub(super) fn ask(&mut self, field: Field) -> DialogueEnd<PromptEnd> {
        let choices = field.choices();
        if choices.is_none() {
            self.voice.say_in(2, field.help());
        }
        if let Some(choices) = choices {
            self.voice.say(&format!("{}: {}", field.label(), field.help()));
            for (number, (_, text)) in (1..).zip(choices) {
                self.voice.say_in(2, &format!("{number} {text}"));
            }
        }
        loop {
            let value = self.model.answer(field, self.model.nav.row);
            let prompt = match choices {
                Some(choices) => {
                    let at = choices.iter().position(|(word, _)| *word == value).unwrap_or(0);
                    format!("Number [{}]:", at.saturating_add(1))
                }
                None if value.is_empty() && self.missing(field) => {
                    format!("{}, such as {}:", field.label(), field.hint())
                }
                None => format!("{} [{}]:", field.label(), self.shown_value(field)),
            };
            let line = self.read(&prompt)?;
            let new = match (line.as_str(), choices) {
                ("?", _) => {
                    self.explain(&[0, 1]);
                    continue;
                }
                (".", _) | ("b", Some(_)) => return Ok(PromptEnd::Enough),
                ("q", Some(_)) => return Err(super::dialogue::Leave::Quit),
                ("", _) => value.clone(),
                ("-", None) => String::new(),
                (word, Some(choices)) => {
                    let numbered = word.parse::<usize>().ok().and_then(|number| {
                        number.checked_sub(1).and_then(|at| choices.get(at)).map(|(value, _)| *value)
                    });
                    let named = choices.iter().map(|(value, _)| *value).find(|value| *value == word);
                    let Some(value) = numbered.or(named) else {
                        let words = format!("write a number from 1 to {}", choices.len());
                        self.voice.role(Role::Bad, &words);
                        continue;
                    };
                    value.to_owned()
                }
                (text, None) => text.to_owned(),
            };
            self.intent(&Intent::Answer(field, new));
            if !self.remark(field) {
                return Ok(PromptEnd::Answered);
            }
            if self.model.holds_secret(field, self.model.nav.row) {
                // What was not shown is not offered again, and kept nowhere.
                let rest = self.model.without_secrets(field, self.model.nav.row);
                self.intent(&Intent::Answer(field, rest));
            }
        }
    }

    /// Looks at what this screen is about, where it was not seen since its answers changed.
    pub(super) fn look(&mut self) -> DialogueEnd {
        let target = match self.model.nav.screen {
            Screen::Ca => ProbeTarget::Ca,
            Screen::Cluster => ProbeTarget::Api,
            _ => return Ok(()),
        };
        self.intent(&Intent::Look(target));
        self.settle()
    }

    /// What was seen of the things this screen is about.
    fn seen(&mut self) {
        match self.model.nav.screen {
            Screen::Ca => self.say_look(&ProbeTarget::Ca),
            Screen::Cluster => {
                self.say_look(&ProbeTarget::Api);
                for (role, line) in cluster::follows(&self.model) {
                    self.voice.role(role, &line);
                }
            }
            Screen::Certificates => self.certificates(FULL),
            Screen::Kubectl => self.steps(&Place::Local),
            Screen::Dns => self.steps(&Place::Cluster),
            Screen::Welcome
            | Screen::Workers
            | Screen::Review
            | Screen::Run
            | Screen::Report
            | Screen::Diagnosis
            | Screen::Repair => {}
        }
    }

    /// A look in lines.
    pub(super) fn say_look(&mut self, target: &ProbeTarget) {
        let Some(Look { lines, problem, .. }) = self.model.probes.looks.get(target).cloned() else { return };
        for (role, line) in lines {
            self.voice.role(role, line.trim_start());
        }
        if let Some(problem) = problem {
            self.voice.role(Role::Bad, &format!("{} {}", problem.code, problem.what));
            for line in &problem.evidence {
                self.voice.say_in(4, &format!("seen: {line}"));
            }
        }
    }

    /// What an inspection found of this computer or the cluster.
    fn steps(&mut self, place: &Place) {
        if let Inspection::Failed(problem) = &self.model.preview.inspection {
            let words = format!("{} {}", problem.code, problem.what);
            self.voice.role(Role::Bad, &words);
        }
        let lines: Vec<(Role, String)> = review::rows(&self.model)
            .iter()
            .filter(|row| row.seen.place == *place)
            .filter_map(|row| row.looked.map(|looked| super::review::step(looked, row.seen)))
            .collect();
        for (role, line) in lines {
            self.voice.role(role, &line);
        }
    }

    /// The certificates that are made or kept.
    fn certificates(&mut self, full: usize) {
        let all = certificates::cards(&self.model);
        let short = all.len() > full;
        for card in all.iter() {
            self.voice.say_in(2, &format!("{}: {}, {} days", card.title, card.word, card.days));
            if !short {
                for (name, value) in &card.lines {
                    self.voice.say_in(4, &format!("{name}: {value}"));
                }
            }
            for (role, line) in &card.differs {
                self.voice.role(*role, line);
            }
        }
        let more = certificates::without_card(&self.model);
        let more: Vec<String> = more
            .map(|worker| format!("{}: {}", worker.name, certificates::in_a_word(&self.model, worker).1))
            .collect();
        for line in more {
            self.voice.say_in(2, &line);
        }
        if let Inspection::Failed(problem) = &self.model.preview.inspection {
            let words = format!("{} {}", problem.code, problem.what);
            self.voice.role(Role::Bad, &words);
        }
    }
}
