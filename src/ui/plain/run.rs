//! The run: one line for each change of state, then the problems as cards with numbered ways out.

use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::remedy;
use crate::ui::wizard::{ending, progress};

use super::dialogue::{Dialogue, DialogueEnd, MenuRow};
use super::paste::Paste;
use crate::engine::{Event, ExitCode, Stamped, TaskOutcome};
use crate::plan::place::Place;
use crate::plan::problem::Verdict;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::remedy::RunRemedy;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::take_back;
use crate::ui::wizard::undoing::TakeBack;

/// A count with its noun.
pub(super) fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn seconds(time: f64) -> String {
    format!("{time:.1} s")
}

impl Dialogue {
    /// Says an event of the engine.
    pub(super) fn tell(&mut self, event: &Stamped) {
        let place = event.place.clone();
        let title = event.step.map(|step| progress::title(step.0));
        let name = match title {
            Some(title) => format!("{place}: {title}"),
            None => place.to_string(),
        };
        let key = event.step.map(|step| (place.clone(), step.0));
        match &event.event {
            Event::RunStarted { hosts } => {
                self.told.begun.clear();
                self.told.tenths.clear();
                self.told.stopped = false;
                self.voice.say(&format!("Contacts {}.", hosts.join(", ")));
            }
            Event::Note { text } => self.voice.say(&format!("{name}: note: {text}")),
            Event::Verdict(Verdict::Warning { about, seen, cure }) => {
                self.voice.say(&format!("{name}: warning: {about}: {seen}; {cure}"));
            }
            Event::TaskStarted | Event::ActionStarted { .. } => {
                if let Some(key) = key {
                    self.told.begun.entry(key).or_insert(event.t);
                }
            }
            Event::Progress { sent, of } => {
                let tenth = sent.saturating_mul(10).checked_div(*of).unwrap_or(10);
                if self.told.tenths.insert(place, tenth) != Some(tenth) {
                    self.voice.say(&format!("{name}: sending, {} of {} MiB", sent >> 20, of >> 20));
                }
            }
            Event::TaskEnded { outcome } => {
                let begun = key.and_then(|key| self.told.begun.remove(&key));
                let took = begun.map(|begun| seconds((event.t - begun).max(0.0)));
                self.voice.say(&format!("{name}: {}", ended(outcome, took.as_deref())));
            }
            Event::Trouble { problem } => {
                self.voice.say(&format!("{name}: failed: {} {}", problem.code, problem.what));
            }
            Event::Verdict(Verdict::Ok { .. } | Verdict::Stops(_))
            | Event::Output { .. }
            | Event::ActionEnded { .. }
            | Event::RunEnded { .. } => {}
        }
    }

    /// The screen of the run.
    pub(super) fn run(&mut self) -> DialogueEnd {
        self.heading();
        loop {
            self.until_done()?;
            if self.model.nav.screen != Screen::Run {
                return Ok(());
            }
            if !self.model.run.troubles.is_empty() {
                self.card()?;
            } else if self.model.run.undoing.is_some() {
                self.intent(&Intent::Go(Screen::Report));
            } else if self.model.run.code == Some(ExitCode::Done) && self.model.run.undone.is_empty() {
                let (_, words) = ending::words(&self.model);
                self.voice.say(&words);
                self.intent(&Intent::Command(Command::Continue));
            } else {
                self.after()?;
            }
            if self.model.nav.screen != Screen::Run {
                return Ok(());
            }
        }
    }

    /// Waits for the end of everything that runs; answers questions, takes certificates of an offline CA.
    pub(super) fn until_done(&mut self) -> DialogueEnd {
        while self.model.run.going_on() {
            let told = self.told.offline.clone();
            self.wait(&|model| !model.run.going_on() || model.run.offline != told)?;
            if self.model.run.going_on() {
                self.offline()?;
            }
        }
        self.told.offline = None;
        Ok(())
    }

    fn offline(&mut self) -> DialogueEnd {
        self.told.offline.clone_from(&self.model.run.offline);
        let Some(offline) = self.model.run.offline.clone() else { return Ok(()) };
        let missing: Vec<&str> =
            offline.waiting.iter().filter(|(_, come)| !come).map(|(name, _)| name.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.voice.say(&format!("Certificates are waited for: {}.", missing.join(", ")));
        self.voice.say("The requests are in this folder, and certificates may be put there:");
        self.voice.say_in(4, &offline.folder);
        self.voice.say("Where the CA's key is, run in that folder:");
        self.voice.shell(&offline.command);
        if !offline.said.is_empty() {
            self.voice.role(Role::Warn, &offline.said);
        }
        if self.over() {
            return Ok(());
        }
        self.voice.say("Or paste the certificates here; a line with a dot alone sends them.");
        let told = offline;
        let gone = move |model: &Model| {
            !model.run.going_on()
                || !model.dialogs.open.is_empty()
                || model.run.stops > 0
                || model.run.offline.as_ref() != Some(&told)
        };
        let mut paste = Paste::default();
        while !self.over() {
            match self.line("line:", &gone)? {
                None => break,
                Some(line) => match paste.take(&line) {
                    None => {}
                    Some(text) if text.trim().is_empty() => {
                        self.voice.say("Nothing was pasted; files in the folder are found by themselves.");
                    }
                    Some(text) => {
                        self.perform(vec![Effect::Certificates(text)]);
                        self.answer_of_work()?;
                        self.overlays()?;
                    }
                },
            }
        }
        Ok(())
    }

    /// One problem with its ways out.
    fn card(&mut self) -> DialogueEnd {
        let all = self.model.run.troubles.len();
        let card = self.model.run.card.min(all.saturating_sub(1));
        let Some(trouble) = self.model.run.troubles.get(card).cloned() else { return Ok(()) };
        self.voice.space();
        if all > 1 {
            self.voice.say(&format!("Problem {} of {all}.", card.saturating_add(1)));
        }
        let place = match trouble.step {
            Some(step) => format!("{}, {}", trouble.place, progress::title(step.0)),
            None => trouble.place.to_string(),
        };
        self.problem(&trouble.problem, Some(&place));
        if !trouble.done.is_empty() {
            let words = format!("done there before it: {}", count(trouble.done.len(), "action"));
            self.voice.say_in(2, &words);
        }
        let choices: Vec<remedy::RemedyChoice> =
            progress::choices(&self.model).into_iter().map(super::dialogue::in_lines).collect();
        for (number, choice) in (1..).zip(&choices) {
            self.voice.say_in(2, &format!("{number} {}", choice.text));
        }
        let numbers: Vec<String> = (1..=choices.len()).map(|number| number.to_string()).collect();
        let mut ways: Vec<MenuRow<'_>> = vec![("o", "output of this place")];
        if all > 1 {
            ways.push(("n", "next problem"));
        }
        if self.model.demo.is_some() {
            ways.push(("m", "break or mend something in the demo"));
        }
        ways.extend([("r", "report"), ("b", "back to the review")]);
        ways.extend(numbers.iter().map(|number| (number.as_str(), "")));
        let (word, rest) = self.choose(&ways, None)?;
        match word.as_str() {
            "o" => self.output(&trouble.place),
            "n" => self.intent(&Intent::Move(Motion::Right)),
            "m" => self.faults(&rest)?,
            "r" => {
                self.intent(&Intent::Go(Screen::Report));
            }
            "b" => {
                self.intent(&Intent::Command(Command::Back));
            }
            number => {
                let at = number.parse::<usize>().unwrap_or(1).saturating_sub(1);
                if let Some(choice) = choices.get(at) {
                    self.take(at, &choice.act)?;
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, at: usize, act: &RunRemedy) -> DialogueEnd {
        if let RunRemedy::Manual(_) = act {
            self.voice.say("By hand, then try again:");
        }
        self.intent(&Intent::Choose(at));
        self.intent(&Intent::Confirm);
        self.overlays()
    }

    /// What was said on a place.
    fn output(&mut self, place: &Place) {
        let text = self
            .model
            .run
            .logs
            .get(place)
            .map(crate::ui::wizard::screens::log::Log::text)
            .unwrap_or_default();
        if text.is_empty() {
            self.voice.say("No output yet.");
        }
        for line in text.lines() {
            self.voice.say_in(2, line);
        }
    }

    /// Demo: breaks or mends something.
    pub(super) fn faults(&mut self, chosen: &str) -> DialogueEnd {
        let faults = self.model.demo.as_ref().map(|demo| demo.faults.clone()).unwrap_or_default();
        let texts: Vec<String> = faults.iter().map(|(_, _, title)| title.clone()).collect();
        let at = match chosen.parse::<usize>() {
            Ok(number) if (1..=texts.len()).contains(&number) => Some(number.saturating_sub(1)),
            _ => self.number(&texts, "Which, Enter for none:")?,
        };
        if let Some((fault, host, _)) = at.and_then(|at| faults.get(at)).cloned() {
            self.perform(vec![Effect::Throw { fault, host }]);
            // It says what happened, then which faults there are now.
            let before = faults;
            let begun = std::time::Instant::now();
            while self.model.demo.as_ref().is_some_and(|demo| demo.faults == before)
                && begun.elapsed() < super::dialogue::SILENCE
            {
                self.turn(super::dialogue::SILENCE)?;
            }
        }
        Ok(())
    }

    /// A run that ended in which not every worker has joined, and without a problem left.
    fn after(&mut self) -> DialogueEnd {
        match self.model.run.code {
            Some(ExitCode::Stopped) => {
                self.voice.say("Stopped. What was done stays, and a new run goes on from there.");
            }
            _ => self.voice.say("Not every worker has joined; what was done stays."),
        }
        let ways: [MenuRow<'_>; 3] = [("1", "report"), ("2", "run it again"), ("b", "back to the review")];
        let (word, _) = self.choose(&ways, Some("1"))?;
        let what = match word.as_str() {
            "1" => Intent::Go(Screen::Report),
            "2" => Intent::Command(Command::Retry),
            _ => Intent::Command(Command::Back),
        };
        self.intent(&what);
        Ok(())
    }

    /// Takes back what the run did, or all of a worker: everything is shown first.
    pub(super) fn undo(&mut self, name: &str, remove: bool) -> DialogueEnd {
        let offered = take_back::offered(&self.model, remove);
        let titles: Vec<String> = offered.iter().map(TakeBack::title).collect();
        let at = match offered.iter().position(|what| what.host() == Some(name)) {
            Some(at) => Some(at),
            None => self.number(&titles, "Which, Enter for none:")?,
        };
        let Some(what) = at.and_then(|at| offered.get(at)).cloned() else { return Ok(()) };
        self.intent(&Intent::TakeBack(what));
        self.until_done()
    }
}

fn ended(outcome: &TaskOutcome, took: Option<&str>) -> String {
    let with = |text: &str| match (text, took) {
        ("", None) => String::new(),
        (text, None) => format!(" ({text})"),
        ("", Some(took)) => format!(" ({took})"),
        (text, Some(took)) => format!(" ({text}, {took})"),
    };
    match outcome {
        TaskOutcome::Changed { actions } => format!("changed{}", with(&count(*actions, "action"))),
        TaskOutcome::Same { evidence } => format!("already right, {evidence}"),
        TaskOutcome::Proven { evidence } => format!("proven{}, {evidence}", with("")),
        TaskOutcome::NotProven { why } => format!("not proven{}, {why}", with("")),
        TaskOutcome::Skipped { why } => format!("skipped, {why}"),
        TaskOutcome::Stopped => "stopped".to_owned(),
        TaskOutcome::Failed { problem } => format!("failed{}: {} {}", with(""), problem.code, problem.what),
    }
}
