//! Questions: what the model laid over the screen, numbered lists, host keys, secrets, names to be typed.

use std::sync::mpsc::RecvTimeoutError;

use zeroize::Zeroizing;

use super::dialogue::{Dialogue, DialogueEnd, Leave, SILENCE, in_lines};
use super::voice::{Hidden, PlainInput};
use crate::plan::problem::Problem;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::ask::AskDialog;
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::dialogs::line::{LineDialog, LineFor};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::progress;
use crate::ui::wizard::question::Question;
use crate::ui::wizard::remedy::look_choices;
use crate::ui::wizard::role::Role;

impl Dialogue {
    /// Says and asks what the model laid over the screen.
    pub(super) fn overlays(&mut self) -> DialogueEnd {
        while let Some(dialog) = self.model.dialogs.open.pop() {
            match dialog {
                Dialog::Ask(ask) => self.question(ask)?,
                Dialog::Text(text) => {
                    self.voice.say(&format!("{}:", text.title));
                    for (role, line) in text.lines {
                        self.voice.role(role, &line);
                    }
                }
                Dialog::Problem(problem) => {
                    self.problem(&problem.problem, None);
                    let choices = look_choices(&problem.problem, &problem.target).into_iter().map(in_lines);
                    let texts: Vec<String> = choices.map(|choice| choice.text).collect();
                    if let Some(at) = self.number(&texts, "Which way, Enter for none:")? {
                        self.taken(Dialog::Problem(problem), [Intent::Choose(at)]);
                        self.settle()?;
                    }
                }
                Dialog::Pick(pick) => {
                    let names = self.model.worker_names();
                    self.voice.say("Which workers come back?");
                    let rows = self.numbers(&names, "Numbers, Enter for all, b for none:")?;
                    if let Some(rows) = rows {
                        let rows = if rows.is_empty() { (0..names.len()).collect() } else { rows };
                        self.taken(Dialog::Pick(pick), each(rows));
                    }
                }
                Dialog::Demos(demos) => {
                    let labs = crate::engine::demo::names();
                    let names: Vec<String> =
                        labs.iter().map(|(name, title)| format!("{name}: {title}")).collect();
                    if let Some(at) = self.number(&names, "Which demo, Enter for none:")? {
                        self.taken(Dialog::Demos(demos), [Intent::Choose(at)]);
                        self.settle()?;
                    }
                }
                Dialog::Import(import) => {
                    let names: Vec<String> = import.hosts.iter().map(|(name, _)| name.clone()).collect();
                    self.voice.say("Hosts of ssh_config:");
                    if let Some(rows) = self.numbers(&names, "Numbers, Enter for none:")?
                        && !rows.is_empty()
                    {
                        self.taken(Dialog::Import(import), each(rows));
                        self.settle()?;
                    }
                }
                Dialog::Confirm(confirm) => self.confirm(confirm)?,
                Dialog::Line(line) => {
                    let default = line.text.first().to_owned();
                    let prompt = match line.what {
                        LineFor::OpenPlan => "Plan file",
                        LineFor::SavePlan => "File for the plan",
                        LineFor::Export => "File for the script",
                        LineFor::Search => "Search for",
                    };
                    let given = self.read(&format!("{prompt} [{default}]:"))?;
                    let given = if given.is_empty() { default } else { given };
                    self.file(line.what, &given)?;
                }
                Dialog::Help(_)
                | Dialog::Menu(_)
                | Dialog::Jump(_)
                | Dialog::Explain(_)
                | Dialog::Paste(_)
                | Dialog::Certificates(_)
                | Dialog::Quit(_) => {}
            }
        }
        Ok(())
    }

    /// What is on top hears these, and is taken.
    fn taken(&mut self, dialog: Dialog, intents: impl IntoIterator<Item = Intent>) {
        self.model.dialogs.open.push(dialog);
        for intent in intents {
            self.intent(&intent);
        }
        self.intent(&Intent::Confirm);
    }

    /// Gives the name of a file, and waits until it is read or written.
    pub(super) fn file(&mut self, what: LineFor, name: &str) -> DialogueEnd {
        self.taken(Dialog::Line(LineDialog::new(what, name)), []);
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

    fn question(&mut self, ask: AskDialog) -> DialogueEnd {
        let answer = match &ask.question {
            Question::Secret { prompt } => {
                let prompt = prompt.clone();
                self.secret(&prompt)?.map(Intent::Secret)
            }
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
                Some(Intent::Choose(at.unwrap_or(2)))
            }
            // One no is the answer of all.
            Question::GoOn { .. } if self.told.stopped => None,
            Question::GoOn { place, step, actions } => {
                let title = progress::title(step.0).to_owned();
                self.voice.say(&format!("{place}: next is {title}, {} actions:", actions.len()));
                for action in actions {
                    self.voice.say_in(2, action);
                }
                let yes = self.go_on()?;
                self.told.stopped = !yes;
                yes.then_some(Intent::Choose(0))
            }
        };
        self.model.dialogs.open.push(Dialog::Ask(ask));
        match answer {
            // Nobody says; whoever waits goes on without.
            None => self.intent(&Intent::Cancel),
            Some(Intent::Choose(at)) => {
                self.intent(&Intent::Choose(at));
                self.intent(&Intent::Confirm);
            }
            Some(whole) => self.intent(&whole),
        }
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
    fn confirm(&mut self, confirm: ConfirmDialog) -> DialogueEnd {
        self.typed_ahead_is_void();
        let host = match &confirm.what {
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
            // The name stands there, and the button is pressed.
            self.taken(Dialog::Confirm(confirm), [Intent::Text(host), Intent::Confirm]);
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

/// Each of these rows is chosen.
fn each(rows: Vec<usize>) -> Vec<Intent> {
    rows.into_iter().flat_map(|row| [Intent::Choose(row), Intent::Toggle]).collect()
}
