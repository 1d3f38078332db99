//! Questions: what the model laid over the screen, numbered lists, host keys, secrets, names to be typed.

use std::sync::mpsc::RecvTimeoutError;

use zeroize::Zeroizing;

use super::choice;
use super::dialogue::{Dialogue, DialogueEnd, Leave, SILENCE, in_lines};
use super::voice::{Hidden, PlainInput};
use crate::plan::problem::Problem;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::confirm::Confirm;
use crate::ui::wizard::dialogs::pick::ANOTHER;
use crate::ui::wizard::found::{candidates, kept_workers, standing};
use crate::ui::wizard::intent::{Intent, LineFor};
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::progress;
use crate::ui::wizard::question::Question;
use crate::ui::wizard::remedy::look_choices;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::review;
use crate::ui::wizard::take_back;
use crate::ui::wizard::undoing::{TakeBack, TakeBackList};

impl Dialogue {
    /// The workers of the plan with how each stands, and which of them come back.
    fn who_comes_back(&mut self) -> DialogueEnd {
        if self.model.doctor.looking {
            self.voice.say("Looking at every worker; nothing is changed.");
        }
        self.wait(&|model| !model.doctor.looking)?;
        let names = candidates(&self.model);
        let stands = |name: &String| format!("{name}: {}", standing(&self.model, name).1);
        let mut told: Vec<String> = names.iter().map(stands).collect();
        let kept = kept_workers(&self.model);
        told.extend(kept.iter().map(|one| format!("{}: {}", one.worker, one.standing())));
        told.push(ANOTHER.to_owned());
        self.voice.say("Which workers come back?");
        let (rows, alone) = loop {
            let rows = self.numbers(&told, "Numbers, Enter for all, b for none:")?;
            // All are those of this plan.
            let all = |rows: &[usize]| rows.is_empty() || rows.len() == told.len();
            let rows = rows.map(|rows| if all(&rows) { (0..names.len()).collect() } else { rows });
            let alone = rows.iter().flatten().copied().find(|row| *row >= names.len());
            match alone.filter(|_| rows.as_ref().is_some_and(|rows| rows.len() > 1)) {
                Some(row) => {
                    let words = format!("{} comes alone: write it, or the others", row.saturating_add(1));
                    self.voice.role(Role::Bad, &words);
                }
                None => break (rows, alone),
            }
        };
        self.put_back(rows.map(|rows| alone.map_or_else(|| each(rows), |row| vec![Intent::Choose(row)])));
        Ok(())
    }

    /// Says and asks what the model laid over the screen.
    pub(super) fn overlays(&mut self) -> DialogueEnd {
        while !self.model.dialogs.open.is_empty() {
            // What comes meanwhile is laid over the screen as well, and must not hear what is meant for this one.
            self.let_know(Msg::LaidAside);
            match self.model.dialogs.aside.last() {
                Some(Dialog::Apply(_)) => self.whether_to_apply()?,
                Some(Dialog::Ask(ask)) => {
                    let question = ask.question.clone();
                    self.question(&question)?;
                }
                Some(Dialog::Text(text)) => {
                    let (title, lines) = (text.title.clone(), text.lines.clone());
                    self.let_know(Msg::LetGo);
                    self.voice.say(&format!("{title}:"));
                    for (role, line) in lines {
                        self.voice.role(role, &line);
                    }
                }
                Some(Dialog::Problem(dialog)) => {
                    let (problem, target) = (dialog.problem.clone(), dialog.target.clone());
                    self.problem(&problem, None);
                    let choices = look_choices(&problem, &target).into_iter().map(in_lines);
                    let texts: Vec<String> = choices.map(|choice| choice.text).collect();
                    let at = self.number(&texts, "Which way, Enter for none:")?;
                    self.taken(at.map(|at| [Intent::Choose(at)]))?;
                }
                Some(Dialog::Pick(_)) => self.who_comes_back()?,
                Some(Dialog::Mend(mend)) => {
                    let (title, lines) = (mend.title.clone(), mend.lines());
                    self.typed_ahead_is_void();
                    self.voice.say(&format!("{title}:"));
                    for line in lines {
                        let text = line.trim_start();
                        self.voice.say_in(2 + line.len() - text.len(), text);
                    }
                    if self.read("Type yes to do it, Enter for no:")? == "yes" {
                        self.put_back(Some([Intent::Choose(0)]));
                    } else {
                        self.let_know(Msg::LetGo);
                        self.voice.say("Nothing is done.");
                    }
                }
                Some(Dialog::Where(place)) => {
                    let offered = take_back::offered(&self.model, place.remove);
                    let titles: Vec<String> = offered.iter().map(TakeBack::title).collect();
                    let at = self.number(&titles, "Which, Enter for none:")?;
                    self.taken(at.map(|at| [Intent::Choose(at)]))?;
                }
                Some(Dialog::Demos(_)) => {
                    let labs = crate::engine::demo::names();
                    let names: Vec<String> =
                        labs.iter().map(|(name, title)| format!("{name}: {title}")).collect();
                    let at = self.number(&names, "Which demo, Enter for none:")?;
                    self.taken(at.map(|at| [Intent::Choose(at)]))?;
                }
                Some(Dialog::Import(import)) => {
                    let names: Vec<String> = import.hosts.iter().map(|(name, _)| name.clone()).collect();
                    self.voice.say("Hosts of ssh_config:");
                    let rows = self.numbers(&names, "Numbers, Enter for none:")?;
                    self.taken(rows.filter(|rows| !rows.is_empty()).map(each))?;
                }
                Some(Dialog::Confirm(confirm)) => {
                    let what = confirm.what.clone();
                    self.confirm(&what)?;
                }
                Some(Dialog::Line(line)) => {
                    let (what, default) = (line.what, line.text.first().to_owned());
                    self.let_know(Msg::LetGo);
                    let prompt = match what {
                        LineFor::OpenPlan => "Plan file",
                        LineFor::SavePlan => "File for the plan",
                        LineFor::Export => "File for the script",
                        LineFor::Summary => "File for the summary",
                        LineFor::Search => "Search for",
                        LineFor::Login => "Login of the worker that comes back, such as root@10.0.0.11",
                    };
                    let given = self.read(&format!("{prompt} [{default}]:"))?;
                    let given = if given.is_empty() { default } else { given };
                    self.file(what, &given)?;
                }
                Some(
                    Dialog::Help(_)
                    | Dialog::Menu(_)
                    | Dialog::Jump(_)
                    | Dialog::Explain(_)
                    | Dialog::Paste(_)
                    | Dialog::Certificates(_)
                    | Dialog::Quit(_),
                )
                | None => self.let_know(Msg::LetGo),
            }
        }
        Ok(())
    }

    /// What was laid aside hears these and is taken, or is let go of.
    fn put_back(&mut self, intents: Option<impl IntoIterator<Item = Intent>>) {
        let Some(intents) = intents else {
            self.let_know(Msg::LetGo);
            return;
        };
        self.let_know(Msg::PutBack);
        for intent in intents {
            self.intent(&intent);
        }
        self.intent(&Intent::Confirm);
    }

    /// The same, and what is looked at then is waited for.
    fn taken(&mut self, intents: Option<impl IntoIterator<Item = Intent>>) -> DialogueEnd {
        let taken = intents.is_some();
        self.put_back(intents);
        if taken { self.settle() } else { Ok(()) }
    }

    /// Gives the name of a file, and waits until it is read or written.
    pub(super) fn file(&mut self, what: LineFor, name: &str) -> DialogueEnd {
        self.intent(&Intent::Line(what, name.to_owned()));
        // A login is no file: nobody else answers.
        if what == LineFor::Login { Ok(()) } else { self.answer_of_work() }
    }

    /// Waits for the answer to something that was asked of the work: an opened plan, a word or a text.
    pub(super) fn answer_of_work(&mut self) -> DialogueEnd {
        loop {
            match self.heard.recv_timeout(SILENCE) {
                Ok(PlainInput::Msg(msg)) => {
                    let over = matches!(
                        msg,
                        Msg::Opened(_)
                            | Msg::Say(..)
                            | Msg::Text { .. }
                            | Msg::Difference { .. }
                            | Msg::Hosts(_)
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
            if let Some(rows) = choice::rows(&line, texts.len()) {
                return Ok(Some(rows));
            }
            let words = format!("write numbers from 1 to {}, such as 1,3-4, or all", texts.len());
            self.voice.role(Role::Bad, &words);
        }
    }

    fn question(&mut self, question: &Question) -> DialogueEnd {
        let answer = match question {
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
            Question::TakeBack(list) => self.whether_to_take_back(list)?,
        };
        self.let_know(Msg::PutBack);
        match answer {
            // The name stands there, and the button is pressed.
            Some(Intent::Text(name)) => {
                for intent in [Intent::Text(name), Intent::Confirm, Intent::Confirm] {
                    self.intent(&intent);
                }
            }
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

    /// The last question before the plan is carried out.
    fn whether_to_apply(&mut self) -> DialogueEnd {
        self.typed_ahead_is_void();
        let count = review::counted(&self.model);
        for (role, words) in review::in_words(&self.model).into_iter().skip(1) {
            self.voice.role(role, &words);
        }
        let prompt = match count.actions {
            0 => "No action is left; type yes to have it proven:".to_owned(),
            actions => format!(
                "Type yes to carry out {} on {}:",
                super::run::count(actions, "action"),
                super::run::count(count.places, "place")
            ),
        };
        if self.read(&prompt)? == "yes" {
            self.put_back(Some([Intent::Choose(usize::from(self.model.run.guided))]));
        } else {
            self.let_know(Msg::LetGo);
            self.voice.say("Nothing is done.");
        }
        Ok(())
    }

    /// Everything that will be taken back, and the name that says yes.
    fn whether_to_take_back(&mut self, list: &TakeBackList) -> DialogueEnd<Option<Intent>> {
        self.typed_ahead_is_void();
        self.voice.say(&format!("{}:", list.what.title()));
        for line in &list.lines {
            let indent = 2 + line.len() - line.trim_start().len();
            self.voice.say_in(indent, line.trim_start());
        }
        if self.over() {
            return Ok(None);
        }
        let prompt = format!("Type {} to do it, Enter for no:", list.name);
        let line = self.line(&prompt, &|model| model.run.stops > 0)?;
        let line = line.map(|line| line.trim().to_owned()).unwrap_or_default();
        if line == list.name {
            return Ok(Some(Intent::Text(line)));
        }
        self.voice.say(if line.is_empty() { "Nothing is done." } else { "Another name: nothing is done." });
        Ok(None)
    }

    /// Something that takes the name of a host.
    fn confirm(&mut self, what: &Confirm) -> DialogueEnd {
        self.typed_ahead_is_void();
        let host = match what {
            Confirm::Replace { host, actions, .. } => {
                self.voice.say(&format!("On {host} this replaces what others made; the old is kept there:"));
                for action in actions {
                    self.voice.say_in(2, action);
                }
                host.clone()
            }
        };
        let line = self.read(&format!("Type {host} to do it, Enter for no:"))?;
        if line == host {
            // The name stands there, and the button is pressed.
            self.put_back(Some([Intent::Text(host), Intent::Confirm]));
        } else {
            self.let_know(Msg::LetGo);
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
