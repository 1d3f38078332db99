//! The talk with the person: news are taken in, lines are read, a choice is offered, and why it ends.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::paste::Paste;
use super::told::RunTold;
use super::voice::{self, LineOutput, PlainInput};
use crate::engine::ExitCode;
use crate::ui::wizard::core::Core;
use crate::ui::wizard::effects::EffectRunner;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::{Inspection, LookStatus};
use crate::ui::wizard::message::{Effect, Msg};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::remedy::{RemedyChoice, RunRemedy};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::texts;

/// So long nothing is heard before it is said that the work goes on.
pub(super) const SILENCE: Duration = Duration::from_secs(20);

/// So long nothing comes before a prompt is said again.
pub(super) const REPROMPT_DELAY: Duration = Duration::from_millis(150);

/// Why the talk ends.
pub(super) enum Leave {
    /// The person said so.
    Quit,
    /// Nobody types any more.
    End,
    /// A signal.
    Signal,
    /// Something that was asked for ended it.
    Code(ExitCode),
}

pub(super) type DialogueEnd<T = ()> = Result<T, Leave>;

/// A way on of a menu: what is typed, and what it does.
pub(super) type MenuRow<'a> = (&'a str, &'a str);

/// Talks with the person.
pub(super) struct Dialogue {
    pub(super) model: Core,
    pub(super) works: EffectRunner,
    pub(super) heard: Receiver<PlainInput>,
    pub(super) voice: LineOutput,
    pub(super) typed: VecDeque<Zeroizing<String>>,
    pub(super) ended: bool,
    /// The answers came from a plan, a session or a demo.
    pub(super) opened: bool,
    pub(super) leaving: Option<ExitCode>,
    pub(super) told: RunTold,
}

/// A way out in the words of lines: there is no terminal to give away.
pub(super) fn in_lines(choice: RemedyChoice) -> RemedyChoice {
    match choice.act {
        RunRemedy::Shell => {
            RemedyChoice { text: "Say how to log in there from another terminal".to_owned(), ..choice }
        }
        _ => choice,
    }
}

impl Dialogue {
    pub(super) fn leave(&mut self, why: &Leave) -> ExitCode {
        self.voice.withdrawn();
        let code = match why {
            Leave::Quit | Leave::End => self.model.run.code.unwrap_or(ExitCode::Done),
            Leave::Signal => ExitCode::Stopped,
            Leave::Code(code) => *code,
        };
        if matches!(why, Leave::End) {
            self.voice.say("There is no more input.");
        }
        let demo = self.model.demo.is_some();
        if !demo {
            self.works.perform(Effect::Save, &self.model);
        }
        self.works.close();
        if demo {
            self.voice.say("The demo ends; it keeps nothing.");
        } else if self.model.nav.screen != Screen::Welcome {
            let name = self.model.session();
            self.voice.say(&format!("Saved as \"{name}\". It goes on with: gangplank resume {name} --plain"));
        }
        code
    }

    /// Takes news in and says what comes of it.
    pub(super) fn hear(&mut self, msg: Msg) {
        if matches!(msg, Msg::Live(_)) {
            return;
        }
        if !self.works.hears(&msg) {
            return;
        }
        if let Msg::Run(event) = &msg {
            self.tell(event);
        }
        self.opened |= matches!(msg, Msg::Opened(_));
        let over = matches!(msg, Msg::RunOver { .. });
        let now = self.works.now();
        let mut effects = self.model.hear(Msg::Tick(now));
        effects.extend(self.model.hear(msg));
        if over {
            // Said in the words of lines by the run.
            effects.extend(self.model.hear(Msg::Told));
        }
        self.perform(effects);
    }

    pub(super) fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit(code) => self.leaving = Some(code),
                // There is no screen to draw, and `gangplank watch --plain` shows the hosts.
                Effect::Redraw | Effect::Suspend | Effect::Live => {}
                Effect::Copy(text) => self.voice.shell(&text),
                Effect::Shell(name) => match self.works.shell(&name, &self.model) {
                    Ok(words) => {
                        self.voice.say("In another terminal:");
                        self.voice.shell(&shell_words::join(&words));
                    }
                    Err(why) => self.voice.role(Role::Warn, &why),
                },
                effect => self.works.perform(effect, &self.model),
            }
        }
        if let Some(toast) = self.model.window.toast.clone() {
            self.voice.role(toast.role, &toast.text);
            self.let_know(Msg::Told);
        }
    }

    /// Lets the core know what is wanted, and does what comes of it.
    pub(super) fn intent(&mut self, what: &Intent) {
        let effects = self.model.intent(what);
        self.perform(effects);
    }

    /// Lets the core know what happened here, and does what comes of it.
    pub(super) fn let_know(&mut self, what: Msg) {
        let effects = self.model.hear(what);
        if !effects.is_empty() {
            self.perform(effects);
        }
    }

    /// Takes one thing in; `false` when nothing came in time.
    pub(super) fn turn(&mut self, patience: Duration) -> DialogueEnd<bool> {
        match self.heard.recv_timeout(patience) {
            Ok(PlainInput::Msg(msg)) => self.hear(msg),
            Ok(PlainInput::Line(line)) => self.typed.push_back(line),
            Ok(PlainInput::End) => self.ended = true,
            Ok(PlainInput::Signal) => self.signal()?,
            Err(RecvTimeoutError::Timeout) => return Ok(false),
            Err(RecvTimeoutError::Disconnected) => return Err(Leave::Code(ExitCode::Bug)),
        }
        match self.leaving {
            Some(code) => Err(Leave::Code(code)),
            None => Ok(true),
        }
    }

    pub(super) fn signal(&mut self) -> DialogueEnd {
        if !self.model.run.going_on() {
            return Err(Leave::Signal);
        }
        // Its words are about keys; here they are about signals.
        let mut effects = self.model.hear(Msg::Interrupted);
        effects.extend(self.model.hear(Msg::Told));
        match self.model.run.stops {
            1 => self.voice.say("Stopping after the current action; Ctrl-C once more stops at once."),
            2 => self.voice.say("Stopping at once; once more ends this program whatever the hosts do."),
            _ => return Err(Leave::Signal),
        }
        self.perform(effects);
        Ok(())
    }

    /// Waits for something, and answers what is asked meanwhile.
    pub(super) fn wait(&mut self, until: &dyn Fn(&Model) -> bool) -> DialogueEnd {
        let begun = Instant::now();
        loop {
            self.overlays()?;
            if until(&self.model) {
                return Ok(());
            }
            if !self.turn(SILENCE)? {
                self.voice.say(&format!("still at work, {} s", begun.elapsed().as_secs()));
            }
        }
    }

    /// Waits until nothing is being looked at.
    pub(super) fn settle(&mut self) -> DialogueEnd {
        let looking = |model: &Model| {
            matches!(model.preview.inspection, Inspection::Looking)
                || model.probes.looks.values().any(|look| look.mood == LookStatus::Looking)
        };
        if looking(&self.model) {
            self.voice.say("Looking; nothing is changed.");
        }
        self.wait(&|model| !looking(model))
    }

    /// A line of the person; `None` when it is no longer wanted.
    pub(super) fn line(
        &mut self,
        prompt: &str,
        gone: &dyn Fn(&Model) -> bool,
    ) -> DialogueEnd<Option<Zeroizing<String>>> {
        self.voice.ask(prompt);
        let mut ahead = true;
        loop {
            if let Some(line) = self.typed.pop_front() {
                self.voice.answered(&line, ahead);
                return Ok(Some(line));
            }
            ahead = false;
            if gone(&self.model) {
                self.voice.withdrawn();
                return Ok(None);
            }
            if self.ended && self.model.run.going_on() {
                // What runs is not left alone: it comes to its end without answers.
                self.voice.withdrawn();
                return Ok(None);
            }
            if self.ended {
                return Err(Leave::End);
            }
            self.turn(Duration::from_secs(3600))?;
            // What comes in one go is said before the prompt is said again.
            while self.typed.is_empty() && !self.ended && !gone(&self.model) && self.turn(REPROMPT_DELAY)? {}
            self.voice.ask_again();
        }
    }

    /// A line of the person, without blanks around it.
    pub(super) fn read(&mut self, prompt: &str) -> DialogueEnd<String> {
        let line = self.line(prompt, &|_| false)?;
        Ok(line.map(|line| line.trim().to_owned()).unwrap_or_default())
    }

    /// Lines until one with a dot alone: what is pasted may have empty ones. The end of the input ends them too.
    pub(super) fn lines(&mut self) -> DialogueEnd<String> {
        let mut paste = Paste::default();
        loop {
            let line = match self.read("line:") {
                Err(Leave::End) => return paste.rest().ok_or(Leave::End),
                line => line?,
            };
            if let Some(all) = paste.take(&line) {
                return Ok(all);
            }
        }
    }

    /// A choice of a menu and what was typed behind it. Explanations and leaving are answered here.
    pub(super) fn choose(
        &mut self,
        ways: &[MenuRow<'_>],
        default: Option<&str>,
    ) -> DialogueEnd<(String, String)> {
        let always = [("?", "explain"), ("c", "commands"), ("q", "save and quit")];
        let shown = ways.iter().chain(&always).filter(|(_, does)| !does.is_empty());
        let all: Vec<String> = shown.map(|(word, does)| format!("{word} {does}")).collect();
        self.voice.space();
        self.voice.list(&all);
        loop {
            let prompt = match default {
                Some(default) => format!("Your choice [{default}]:"),
                None => "Your choice:".to_owned(),
            };
            let line = self.read(&prompt)?;
            let line = if line.is_empty() { default.unwrap_or_default().to_owned() } else { line };
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            match word {
                "?" => self.explain(&[0, 1, 2, 3]),
                "c" => self.explain(&[2]),
                "q" => return Err(Leave::Quit),
                _ if ways.iter().any(|(way, _)| way.split(' ').next() == Some(word)) => {
                    return Ok((word.to_owned(), rest.trim().to_owned()));
                }
                "" => {}
                _ => {
                    self.voice.role(Role::Bad, &format!("\"{word}\" is no choice here; these are:"));
                    self.voice.list(&all);
                }
            }
        }
    }

    /// Parts of the explanation of this screen.
    pub(super) fn explain(&mut self, tabs: &[usize]) {
        for tab in tabs {
            let title = texts::TABS.get(*tab).copied().unwrap_or_default();
            self.voice.say(&format!("{title}:"));
            for (role, line) in texts::tab(&self.model, *tab, voice::WIDTH.saturating_sub(6)) {
                self.voice.say_in(if role == Role::Code { 4 } else { 2 }, &line);
            }
        }
    }

    /// The heading of a screen and its sentence.
    pub(super) fn heading(&mut self) {
        let screen = self.model.nav.screen;
        self.voice.space();
        let journey = self.model.form.journey;
        match journey.number(screen) {
            Some(number) => {
                let of = journey.path().len();
                self.voice.say(&format!("{number} of {of} {}", self.model.title(screen)));
            }
            None => self.voice.say(self.model.title(screen)),
        }
        self.voice.say(match screen {
            Screen::Welcome => {
                "gangplank walks worker nodes aboard a Kubernetes cluster; nothing is changed before Review."
            }
            Screen::Ca => "Who signs the certificates of the workers?",
            Screen::Cluster => "Which cluster do the workers join, and which addresses does it use?",
            Screen::Workers => "Which machines join the cluster?",
            Screen::Certificates => "What is signed for whom; keys are made on the workers and stay there.",
            Screen::Kubectl => "How kubectl on this computer reaches the cluster.",
            Screen::Dns => "How names are answered in the cluster.",
            Screen::Review => "Every action before it is done; nothing has been changed yet.",
            Screen::Run => "The plan is carried out; Ctrl-C stops after the current action.",
            Screen::Diagnosis => "What is wrong with them, in the order of mending; nothing is changed.",
            Screen::Repair => "The smallest change that mends it; nothing has been changed yet.",
            Screen::Report => "What was done, how it is taken back, and what to try next.",
        });
    }
}
