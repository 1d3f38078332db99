//! Questions: what the model laid over the screen, numbered lists, host keys, secrets, names to be typed.

use std::collections::BTreeSet;
use std::sync::mpsc::RecvTimeoutError;

use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::key::KeyCode;
use zeroize::Zeroizing;

use super::voice::{Hidden, PlainInput};
use super::{Dialogue, DialogueEnd, Leave, SILENCE, in_lines};
use crate::plan::problem::Problem;
use crate::ui::wizard::message::{Effect, Msg};
use crate::ui::wizard::model::{Confirm, LineFor, Overlay, Question, Reply};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::run;
use crate::ui::wizard::{layer, update};

impl Dialogue {
    /// Says and asks what the model laid over the screen.
    pub(super) fn overlays(&mut self) -> DialogueEnd {
        while let Some(overlay) = self.model.dialogs.open.pop() {
            match overlay {
                Overlay::Ask { id, question, .. } => self.question(id, &question)?,
                Overlay::Text { title, lines, .. } => {
                    self.voice.say(&format!("{title}:"));
                    for (role, line) in lines {
                        self.voice.role(role, &line);
                    }
                }
                Overlay::Problem { target, problem, .. } => {
                    self.problem(&problem, None);
                    let choices = layer::look_choices(&problem, &target).into_iter().map(in_lines);
                    let texts: Vec<String> = choices.map(|choice| choice.text).collect();
                    if let Some(at) = self.number(&texts, "Which way, Enter for none:")? {
                        self.model.dialogs.open.push(Overlay::Problem { target, problem, at });
                        self.key(KeyCode::Enter);
                        self.settle()?;
                    }
                }
                Overlay::PickWorker { .. } => {
                    let names = self.model.worker_names();
                    self.voice.say("Which workers come back?");
                    let rows = self.numbers(&names, "Numbers, Enter for all, b for none:")?;
                    if let Some(rows) = rows {
                        let chosen: BTreeSet<String> =
                            rows.iter().filter_map(|row| names.get(*row).cloned()).collect();
                        let chosen = if chosen.is_empty() { names.into_iter().collect() } else { chosen };
                        self.model.dialogs.open.push(Overlay::PickWorker { chosen, at: 0 });
                        self.key(KeyCode::Enter);
                    }
                }
                Overlay::PickDemo { .. } => {
                    let labs = crate::engine::demo::names();
                    let names: Vec<String> =
                        labs.iter().map(|(name, title)| format!("{name}: {title}")).collect();
                    if let Some(at) = self.number(&names, "Which demo, Enter for none:")? {
                        self.model.dialogs.open.push(Overlay::PickDemo { at });
                        self.key(KeyCode::Enter);
                        self.settle()?;
                    }
                }
                Overlay::Import { hosts, .. } => {
                    let names: Vec<String> = hosts.iter().map(|(name, _)| name.clone()).collect();
                    self.voice.say("Hosts of ssh_config:");
                    if let Some(rows) = self.numbers(&names, "Numbers, Enter for none:")?
                        && !rows.is_empty()
                    {
                        let hosts = (0..).zip(names).map(|(row, name)| (name, rows.contains(&row))).collect();
                        self.model.dialogs.open.push(Overlay::Import { hosts, at: 0 });
                        self.key(KeyCode::Enter);
                        self.settle()?;
                    }
                }
                Overlay::Confirm { what, .. } => self.confirm(what)?,
                Overlay::Line { what, text } => {
                    let default = text.first().to_owned();
                    let prompt = match what {
                        LineFor::OpenPlan => "Plan file",
                        LineFor::SavePlan => "File for the plan",
                        LineFor::Export => "File for the script",
                        LineFor::Search => "Search for",
                    };
                    let line = self.read(&format!("{prompt} [{default}]:"))?;
                    let line = if line.is_empty() { default } else { line };
                    self.file(what, &line)?;
                }
                Overlay::Help { .. }
                | Overlay::Menu { .. }
                | Overlay::Jump { .. }
                | Overlay::Explain
                | Overlay::PasteWorkers { .. }
                | Overlay::PasteCertificates { .. }
                | Overlay::Quit { .. } => {}
            }
        }
        Ok(())
    }

    /// Gives the name of a file, and waits until it is read or written.
    pub(super) fn file(&mut self, what: LineFor, name: &str) -> DialogueEnd {
        self.model.dialogs.open.push(Overlay::Line { what, text: TextInput::line(name) });
        self.key(KeyCode::Enter);
        self.answer_of_work()
    }

    /// Waits for the answer to something that was asked of the work: an opened plan, a word or a text.
    pub(super) fn answer_of_work(&mut self) -> DialogueEnd {
        loop {
            match self.heard.recv_timeout(SILENCE) {
                Ok(PlainInput::Msg(msg)) => {
                    let over = matches!(
                        msg,
                        Msg::Opened(_) | Msg::Say(..) | Msg::Text { .. } | Msg::Difference { .. }
                    );
                    self.hear(msg);
                    if over {
                        return Ok(());
                    }
                }
                Ok(PlainInput::Line(line)) => self.typed.push_back(line),
                Ok(PlainInput::End) => self.ended = true,
                Ok(PlainInput::Signal) => self.signal()?,
                // A lab takes as long as it takes.
                Err(RecvTimeoutError::Timeout) if self.works.is_opening() => {}
                Err(_) => return Ok(()),
            }
        }
    }

    /// A problem as a card; `place` is said when it is not clear.
    pub(super) fn problem(&mut self, problem: &Problem, place: Option<&str>) {
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        self.voice.say(&format!("Problem {}: {place}{}", problem.code, problem.what));
        for line in &problem.evidence {
            self.voice.say_in(2, &format!("seen: {line}"));
        }
    }

    /// One of a numbered list, from 0.
    pub(super) fn number(&mut self, texts: &[String], prompt: &str) -> DialogueEnd<Option<usize>> {
        for (number, text) in (1..).zip(texts) {
            self.voice.say_in(2, &format!("{number} {text}"));
        }
        loop {
            let line = self.read(prompt)?;
            match line.as_str() {
                "" | "b" => return Ok(None),
                "q" => return Err(Leave::Quit),
                _ => {}
            }
            match line.parse::<usize>() {
                Ok(number) if (1..=texts.len()).contains(&number) => {
                    return Ok(Some(number.saturating_sub(1)));
                }
                _ => self.voice.role(Role::Bad, &format!("write a number from 1 to {}", texts.len())),
            }
        }
    }

    /// Some of a numbered list, from 0.
    pub(super) fn numbers(&mut self, texts: &[String], prompt: &str) -> DialogueEnd<Option<Vec<usize>>> {
        for (number, text) in (1..).zip(texts) {
            self.voice.say_in(2, &format!("{number} {text}"));
        }
        loop {
            let line = self.read(prompt)?;
            match line.as_str() {
                "b" => return Ok(None),
                "q" => return Err(Leave::Quit),
                _ => {}
            }
            let words = line.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
            let rows: Option<Vec<usize>> = words
                .map(|word| word.parse::<usize>().ok().filter(|number| (1..=texts.len()).contains(number)))
                .map(|number| number.map(|number| number.saturating_sub(1)))
                .collect();
            if rows.is_some() {
                return Ok(rows);
            }
            let words = format!("write numbers from 1 to {} with commas between", texts.len());
            self.voice.role(Role::Bad, &words);
        }
    }

    fn question(&mut self, id: u64, question: &Question) -> DialogueEnd {
        let reply = match question {
            Question::Secret { prompt } => Reply::Secret(self.secret(prompt)?),
            Question::Trust { host, kind, fingerprint, note } => {
                self.typed_ahead_is_void();
                self.voice.say(&format!("{host} is not known yet. It shows the {kind} key"));
                self.voice.say_in(2, fingerprint);
                if !note.is_empty() {
                    self.voice.say_in(2, note);
                }
                let ways: Vec<String> =
                    ["trust it and remember it", "trust it once", "refuse it"].map(str::to_owned).into();
                let at =
                    if self.over() { None } else { self.number(&ways, "Is this the machine you mean [3]:")? };
                Reply::Trust(u8::try_from(at.unwrap_or(2)).unwrap_or(2))
            }
            // One no is the answer of all.
            Question::GoOn { .. } if self.told.stopped => Reply::GoOn(false),
            Question::GoOn { place, step, actions } => {
                let title = run::title(step.0).to_owned();
                self.voice.say(&format!("{place}: next is {title}, {} actions:", actions.len()));
                for action in actions {
                    self.voice.say_in(2, action);
                }
                let yes = self.go_on()?;
                self.told.stopped = !yes;
                Reply::GoOn(yes)
            }
        };
        self.works.perform(Effect::Reply { id, reply }, &self.model);
        update::show_question(&mut self.model);
        Ok(())
    }

    /// Nobody is there to be asked.
    pub(super) fn over(&self) -> bool {
        self.ended && self.typed.is_empty()
    }

    /// What was typed before a question of weight was read is no answer to it.
    pub(super) fn typed_ahead_is_void(&mut self) {
        if self.voice.terminal {
            self.typed.clear();
        }
    }

    fn go_on(&mut self) -> DialogueEnd<bool> {
        loop {
            if self.over() {
                return Ok(false);
            }
            // A stop that was asked for meanwhile is the answer.
            let line = self.line("1 go on, 2 stop [1]:", &|model| model.run.stops > 0)?;
            match line.as_deref().map(|line| line.trim()) {
                Some("" | "1") => return Ok(true),
                Some("2") | None => return Ok(false),
                Some("q") => {
                    self.voice.say("The run goes on: 2 or Ctrl-C stops it.");
                }
                Some(other) => {
                    let words = format!("\"{other}\" is no choice here; write 1 or 2");
                    self.voice.role(Role::Bad, &words);
                }
            }
        }
    }

    fn secret(&mut self, prompt: &str) -> DialogueEnd<Option<Zeroizing<String>>> {
        if !self.voice.terminal || self.ended {
            let words = format!("{prompt}: asked for, and there is no terminal; --secret gives it");
            self.voice.role(Role::Warn, &words);
            return Ok(None);
        }
        self.typed_ahead_is_void();
        let hidden = Hidden::begin();
        let line = self.line(&format!("{prompt} (not shown):"), &|_| false);
        drop(hidden);
        Ok(line?.filter(|line| !line.is_empty()))
    }

    /// Something that takes the name of a host.
    fn confirm(&mut self, what: Confirm) -> DialogueEnd {
        self.typed_ahead_is_void();
        let host = match &what {
            Confirm::Replace { host, actions, .. } => {
                self.voice.say(&format!("On {host} this replaces what others made; the old is kept there:"));
                for action in actions {
                    self.voice.say_in(2, action);
                }
                host.clone()
            }
            Confirm::Undo { host } => {
                self.voice.say(&format!("Everything gangplank did on {host} is taken back, newest first."));
                host.clone()
            }
        };
        let line = self.read(&format!("Type {host} to do it, Enter for no:"))?;
        if line == host {
            let typed = TextInput::line(&host);
            self.model.dialogs.open.push(Overlay::Confirm { what, typed, yes: true });
            self.key(KeyCode::Enter);
        } else {
            self.voice.say(if line.is_empty() {
                "Nothing is done."
            } else {
                "Another name: nothing is done."
            });
        }
        Ok(())
    }
}
