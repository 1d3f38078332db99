//! The wizard on the whole screen. One loop hears messages, changes the model, carries out effects and draws: at
//! once after a key, else at most thirty times a second.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::{Backend, TestBackend};
use ratatui::layout::Rect;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use crate::engine::{Event, ExitCode};
use crate::plan::place::Place;
use crate::ui::gallery::cast::Recorder;
use crate::ui::tui::limited::{self, LimitedBackend};
use crate::ui::tui::{clipboard, lent, terminal, view};
use crate::ui::wizard::autoplay::{self, Player};
use crate::ui::wizard::core::{Core, Outset};
use crate::ui::wizard::effects::EffectRunner;
use crate::ui::wizard::effects::demo::announced;
use crate::ui::wizard::effects::session;
use crate::ui::wizard::key::Key;
use crate::ui::wizard::message::{Effect, Msg};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::{Role, Theme};
use crate::ui::wizard::start::{Opening, WizardStart};

/// The shortest time between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(34);
/// Time between ticks.
const TICK: Duration = Duration::from_millis(500);
/// How often the player of a demo looks up.
const BEAT: Duration = Duration::from_millis(40);
/// So long a message is waited for while another program has the terminal.
const HEARS: Duration = Duration::from_millis(100);
/// So long messages are taken in before something is drawn.
const DRAIN: Duration = Duration::from_millis(8);

/// The window's size.
pub fn window() -> Option<(u16, u16)> {
    crossterm::terminal::size().ok().map(limited::size)
}

/// Runs the wizard on the terminal; the exit code. A recorder keeps every frame.
///
/// # Errors
/// The terminal cannot be used.
pub fn run(start: WizardStart, recorder: Option<Recorder>) -> io::Result<ExitCode> {
    let before = Terminal::new(LimitedBackend::new(io::stdout()))?;
    drop(before);
    terminal::hook_panics(start.send.clone());
    // Colours are ours to leave out: crossterm's own way of it loses bold and reverse.
    crossterm::style::force_color_output(true);
    signals(start.send.clone());
    terminal::enter()?;
    let _guard = terminal::TerminalGuard;
    let keys = terminal::KeyReader::read(start.send.clone());
    let mut screen = Terminal::new(LimitedBackend::new(io::stdout()))?;
    let size = screen.size()?;
    let mut wizard = WizardLoop::new(start, recorder, (size.width, size.height));
    let parent = rustix::process::getppid();
    let code = loop {
        // Whoever started this program is gone, and with it the right to the terminal.
        if rustix::process::getppid() != parent {
            break ExitCode::Stopped;
        }
        let first = wizard.frames == 0;
        match wizard.turn(&mut screen)? {
            LoopAction::On if first => terminal::fail_on_purpose(),
            LoopAction::On => {}
            LoopAction::Leave(code) => break code,
            LoopAction::Suspend => {
                keys.pause();
                terminal::leave();
                // Whoever started this program has the terminal until `fg`.
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
                terminal::enter()?;
                keys.resume();
                wizard.anew(&mut screen)?;
            }
            LoopAction::Shell(words) => {
                keys.pause();
                terminal::leave();
                let note = lent::lend(&words, || wizard.hear_on());
                terminal::enter()?;
                keys.resume();
                wizard.say(Role::Ok, note);
                wizard.anew(&mut screen)?;
            }
            LoopAction::Clear => {
                terminal::enter()?;
                wizard.anew(&mut screen)?;
            }
        }
    };
    wizard.close()?;
    Ok(code)
}

/// Plays a demo without a terminal, for a recording; the exit code.
///
/// # Errors
/// The recording cannot be written.
pub fn run_unseen(start: WizardStart, recorder: Option<Recorder>, size: (u16, u16)) -> io::Result<ExitCode> {
    let mut screen = Terminal::new(TestBackend::new(size.0, size.1)).map_err(io::Error::other)?;
    let mut wizard = WizardLoop::new(start, recorder, size);
    let mut over: Option<Instant> = None;
    let code = loop {
        match wizard.turn(&mut screen)? {
            LoopAction::Leave(code) => break code,
            LoopAction::On | LoopAction::Suspend | LoopAction::Shell(_) | LoopAction::Clear => {}
        }
        let done = wizard.player.as_ref().is_none_or(Player::over);
        // The last screen is read too.
        if done && over.get_or_insert_with(Instant::now).elapsed() > autoplay::CAPTION {
            break wizard.model.run.code.unwrap_or(ExitCode::Done);
        }
    };
    wizard.close()?;
    Ok(code)
}

/// Copies to the clipboard and a file below `state`; the words about it.
fn copied(state: &Path, text: &str) -> String {
    if text.is_empty() {
        return "there is nothing to copy here".to_owned();
    }
    // Where the folder cannot be made, the file cannot be written, which is told.
    let _ = std::fs::create_dir_all(state);
    clipboard::copy(&mut io::stdout(), state, text, std::env::var_os("TMUX").is_some())
}

fn signals(send: Sender<Msg>) {
    let Ok(mut signals) = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if lent::is_lent() && matches!(signal, SIGINT | SIGTSTP) {
                continue;
            }
            let msg = match signal {
                SIGTSTP => Msg::Key(Key::control('z')),
                SIGCONT => Msg::Resumed,
                _ => Msg::Leave(ExitCode::Stopped),
            };
            if send.send(msg).is_err() {
                return;
            }
        }
    });
}

/// What the loop is to do with the terminal.
#[derive(Debug)]
pub enum LoopAction {
    /// Nothing: go on.
    On,
    /// Leave with this code.
    Leave(ExitCode),
    /// Stop this program for a while.
    Suspend,
    /// Give the terminal to this command.
    Shell(Vec<String>),
    /// Draw everything anew.
    Clear,
}

/// The wizard without a terminal of its own: any backend will do, so tests drive it too.
pub struct WizardLoop {
    /// Everything it knows.
    pub model: Core,
    /// Carries out effects.
    pub works: EffectRunner,
    news: Receiver<Msg>,
    ticked: Instant,
    drawn: Option<Instant>,
    dirty: bool,
    at_once: bool,
    /// Frames drawn so far.
    pub frames: u64,
    /// A demo that plays by itself.
    pub player: Option<Player>,
    recorder: Option<Recorder>,
    begun: Instant,
    theme: Theme,
    /// What the loop is to do before anything else.
    due: Option<LoopAction>,
}

impl WizardLoop {
    /// A wizard in a window of this size; a recorder keeps every frame.
    pub fn new(start: WizardStart, recorder: Option<Recorder>, size: (u16, u16)) -> Self {
        let works = EffectRunner::new(start.send.clone(), start.replies, start.places.clone(), start.real);
        let outset = Outset {
            base: start.places.base.clone(),
            home: Some(start.places.home.clone()),
            read_only: start.read_only,
            whole: false,
            sessions: session::list(&start.places.state),
        };
        let model = Core::new(start.theme, size, works.now(), outset);
        let mut wizard = Self {
            model,
            works,
            news: start.news,
            ticked: Instant::now(),
            drawn: None,
            dirty: true,
            at_once: true,
            frames: 0,
            player: start.player,
            recorder,
            begun: Instant::now(),
            theme: start.theme,
            due: None,
        };
        match start.opening {
            Opening::Welcome => {}
            Opening::Plan(path) => wizard.works.perform(Effect::OpenPlan(path), &wizard.model),
            Opening::Session(name) => wizard.works.perform(Effect::OpenSession(name), &wizard.model),
            Opening::Demo(name) => wizard.open_demo(name),
        }
        // What is opened is there on the first frame.
        while let (None, Ok(msg)) = (&wizard.due, wizard.news.try_recv()) {
            wizard.due = wizard.take(msg);
        }
        wizard
    }

    /// Everything ends; a recording is complete when this returns.
    ///
    /// # Errors
    /// The recording cannot be written.
    pub fn close(&mut self) -> io::Result<()> {
        self.works.close();
        match self.recorder.take() {
            Some(recorder) => recorder.finish(self.begun.elapsed()).map(drop),
            None => Ok(()),
        }
    }

    /// The demo from its start.
    fn replay(&mut self) {
        let Some(player) = &self.player else { return };
        let theme = self.theme;
        let lab = player.lab().to_owned();
        for _ in 0..2 {
            self.works.perform(Effect::Stop, &self.model);
        }
        self.works.answer_nobody();
        self.model.restart(theme, self.works.now());
        self.player = Some(Player::new(&lab));
        self.open_demo(lab);
        self.at_once = true;
    }

    /// The first frame does not wait for the lab, and says that it is a demo.
    fn open_demo(&mut self, name: String) {
        let _ = self.model.hear(Msg::Announced(announced(&name)));
        self.works.perform(Effect::OpenDemo(name), &self.model);
    }

    /// Says something at the bottom.
    fn say(&mut self, role: Role, words: String) {
        let _ = self.model.hear(Msg::Say(role, words));
    }

    /// Lets the player press what it wants to press now.
    fn play(&mut self) -> Option<LoopAction> {
        if self.works.is_opening() {
            return None;
        }
        let player = self.player.as_mut()?;
        let was_over = player.over();
        let mut msgs = player.poll(&self.model, Instant::now());
        if player.over() && !was_over {
            let words = "That was all. Home plays it again; every key is yours.";
            msgs.push(Msg::Caption(Some(words.to_owned())));
        }
        msgs.into_iter().find_map(|msg| self.take(msg))
    }

    /// Everything is drawn anew at once, in the size that the window has now.
    fn anew<B: Backend>(&mut self, screen: &mut Terminal<B>) -> io::Result<()>
    where
        B::Error: Send + Sync + 'static,
    {
        let size = screen.size().map_err(io::Error::other)?;
        let _ = self.model.hear(Msg::Resize(size.width, size.height));
        // `clear` would ask the terminal where its cursor is, and the answer would be read as keys.
        screen.resize(Rect::new(0, 0, size.width, size.height)).map_err(io::Error::other)?;
        self.at_once = true;
        Ok(())
    }

    /// One turn: hears what there is, draws when it is time.
    ///
    /// # Errors
    /// The backend cannot draw.
    pub fn turn<B: Backend>(&mut self, screen: &mut Terminal<B>) -> io::Result<LoopAction>
    where
        B::Error: Send + Sync + 'static,
    {
        if let Some(turn) = self.due.take() {
            return Ok(turn);
        }
        let since = self.drawn.map_or(FRAME, |at| at.elapsed());
        if self.at_once || self.dirty && since >= FRAME {
            let model: &Model = &self.model;
            let done = screen.draw(|frame| view::draw(frame, model)).map_err(io::Error::other)?;
            if let Some(recorder) = &mut self.recorder {
                recorder.record(self.begun.elapsed(), done.buffer)?;
            }
            (self.drawn, self.dirty, self.at_once) = (Some(Instant::now()), false, false);
            self.frames = self.frames.saturating_add(1);
            return Ok(LoopAction::On);
        }
        if let Some(turn) = self.play() {
            return Ok(turn);
        }
        let tick = TICK.saturating_sub(self.ticked.elapsed());
        let tick =
            if self.player.as_ref().is_some_and(|player| !player.over()) { tick.min(BEAT) } else { tick };
        let patience = if self.dirty { tick.min(FRAME.saturating_sub(since)) } else { tick };
        let mut next = match self.news.recv_timeout(patience) {
            Ok(msg) => Some(msg),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(LoopAction::Leave(ExitCode::Bug)),
        };
        if self.ticked.elapsed() >= TICK {
            self.ticked = Instant::now();
            let now = self.works.now();
            for effect in self.model.hear(Msg::Tick(now)) {
                self.works.perform(effect, &self.model);
            }
            self.dirty = true;
        }
        let begun = Instant::now();
        while let Some(msg) = next {
            if let Some(turn) = self.hear(msg) {
                return Ok(turn);
            }
            next = if self.at_once || begun.elapsed() > DRAIN { None } else { self.news.try_recv().ok() };
        }
        Ok(LoopAction::On)
    }

    /// Hears what there is while another program has the terminal: nothing piles up, and nothing is drawn. The end that
    /// somebody wishes comes when the terminal is ours again.
    fn hear_on(&mut self) {
        let begun = Instant::now();
        let mut next = self.news.recv_timeout(HEARS).ok();
        while let Some(msg) = next {
            if let Some(turn @ LoopAction::Leave(_)) = self.take(msg) {
                self.due = Some(turn);
            }
            next = if begun.elapsed() > HEARS { None } else { self.news.try_recv().ok() };
        }
    }

    /// Hears a message: keys go to the player first, when there is one.
    pub fn hear(&mut self, msg: Msg) -> Option<LoopAction> {
        if let (Msg::Key(key), Some(player), false) = (&msg, &mut self.player, self.works.is_opening()) {
            match player.key(*key, &self.model) {
                autoplay::PlayerReaction::Mine => {
                    self.at_once = true;
                    return None;
                }
                autoplay::PlayerReaction::Again => {
                    self.replay();
                    return None;
                }
                autoplay::PlayerReaction::Yours => {}
            }
        }
        self.take(msg)
    }

    /// Takes a message in and carries out what it asks for; what concerns the terminal is returned.
    fn take(&mut self, msg: Msg) -> Option<LoopAction> {
        let msg = msg.guarded(&self.model);
        if !self.works.hears(&msg) {
            return None;
        }
        match msg {
            Msg::Key(_) | Msg::HiddenKey(_) | Msg::Paste(_) | Msg::HiddenPaste(_) | Msg::Resize(..) => {
                self.at_once = true;
            }
            _ => self.dirty = true,
        }
        // Whoever was unknown to the API may be known now.
        if matches!(&msg, Msg::Run(event) if event.place == Place::Local && matches!(event.event, Event::TaskEnded { .. }))
        {
            self.works.live_again();
        }
        if let (Msg::Paused(paused), Some(demo)) = (&msg, self.works.demo()) {
            demo.pause(*paused);
        }
        let live = matches!(msg, Msg::Live(_));
        if live && self.model.live.panel.is_none() {
            return None;
        }
        if let Msg::Key(_) = msg {
            let rows = view::screens::page_rows(&self.model);
            let _ = self.model.hear(Msg::Page { rows });
        }
        let mut turn = None;
        for effect in self.model.hear(msg) {
            match effect {
                Effect::Quit(code) => turn = Some(LoopAction::Leave(code)),
                Effect::Redraw => turn = Some(LoopAction::Clear),
                Effect::Suspend => turn = Some(LoopAction::Suspend),
                Effect::Copy(text) => {
                    let words = copied(&self.works.state(), &text);
                    self.say(Role::Ok, words);
                }
                Effect::Shell(name) => match self.works.shell(&name, &self.model) {
                    Ok(words) => turn = Some(LoopAction::Shell(words)),
                    Err(why) => self.say(Role::Warn, why),
                },
                effect => self.works.perform(effect, &self.model),
            }
        }
        turn
    }
}
