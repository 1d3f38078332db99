//! The wizard on the whole screen. One loop hears messages, changes the model, carries out effects and draws: at
//! once after a key, else at most thirty times a second.

pub mod bulk;
pub mod cards;
pub mod describe;
pub mod explain;
pub mod field;
pub mod form;
pub mod input;
pub mod keys;
pub mod layer;
pub mod log;
pub mod model;
pub mod msg;
pub mod regions;
pub mod review;
pub mod run;
pub mod save;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod work;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use crate::engine::RealWorld;
use model::Model;
use msg::{Effect, Msg};
use theme::{Role, Theme};
use work::{Places, Replies, Works};

/// The shortest time between two frames that no key asked for.
const FRAME: Duration = Duration::from_millis(34);
/// Time between ticks.
const TICK: Duration = Duration::from_millis(500);
/// So long messages are taken in before something is drawn.
const DRAIN: Duration = Duration::from_millis(8);

/// What the wizard opens with.
#[derive(Debug, Clone, Default)]
pub enum Opening {
    /// The welcome screen.
    #[default]
    Welcome,
    /// A plan file.
    Plan(PathBuf),
    /// A session.
    Session(String),
    /// A demo lab.
    Demo(String),
}

/// What the wizard is started with.
pub struct Start {
    /// Colours and signs.
    pub theme: Theme,
    /// Where things are.
    pub places: Places,
    /// Machines.
    pub real: RealWorld,
    /// Where messages go.
    pub send: Sender<Msg>,
    /// Where messages come from.
    pub news: Receiver<Msg>,
    /// Questions that wait.
    pub replies: Replies,
    /// Only looks.
    pub read_only: bool,
    /// What to open.
    pub opening: Opening,
    /// A demo that plays by itself.
    pub autoplay: Option<Autoplay>,
}

/// Follows a demo that plays by itself.
pub struct Autoplay {
    /// Begins to play, once everything stands.
    pub play: Box<dyn FnOnce(Sender<Msg>) + Send>,
    /// Keeps every frame.
    pub frame: Box<dyn FnMut(&ratatui::buffer::Buffer)>,
}

/// Runs the wizard on the terminal; the exit code.
///
/// # Errors
/// The terminal cannot be used.
pub fn run(mut start: Start) -> io::Result<u8> {
    let before = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    drop(before);
    terminal::hook_panics(start.send.clone());
    // Colours are ours to leave out: crossterm's own way of it loses bold and reverse.
    crossterm::style::force_color_output(true);
    terminal::enter()?;
    let _guard = terminal::Guard;
    signals(start.send.clone());
    let keys = terminal::Keys::read(start.send.clone());
    let mut screen = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let size = screen.size()?;
    let autoplay = start.autoplay.take();
    let mut wizard = Wizard::new(start, (size.width, size.height));
    let (play, mut frame) = match autoplay {
        Some(autoplay) => (Some(autoplay.play), Some(autoplay.frame)),
        None => (None, None),
    };
    if let Some(play) = play {
        play(wizard.send.clone());
    }
    let code = loop {
        match wizard.turn(&mut screen, &mut frame)? {
            Turn::On => {}
            Turn::Leave(code) => break code,
            Turn::Suspend => {
                keys.pause();
                terminal::leave();
                // Whoever started this program has the terminal until `fg`.
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
                terminal::enter()?;
                keys.resume();
                screen.clear()?;
                wizard.redraw();
            }
            Turn::Shell(words) => {
                keys.pause();
                terminal::leave();
                let note = shell(&words);
                terminal::enter()?;
                keys.resume();
                screen.clear()?;
                wizard.model.say(Role::Ok, note);
                wizard.redraw();
            }
            Turn::Clear => {
                terminal::enter()?;
                screen.clear()?;
                wizard.redraw();
            }
        }
    };
    wizard.works.close();
    Ok(code)
}

fn shell(words: &[String]) -> String {
    let Some((program, args)) = words.split_first() else { return String::new() };
    println!("{}", shell_words::join(words));
    match std::process::Command::new(program).args(args).status() {
        Ok(status) => format!("the shell ended with {}", status.code().unwrap_or(-1)),
        Err(error) => format!("ssh cannot be started: {error}"),
    }
}

fn signals(send: Sender<Msg>) {
    let Ok(mut signals) = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let msg = match signal {
                SIGTSTP => Msg::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL)),
                SIGCONT => Msg::Resumed,
                _ => Msg::Leave(3),
            };
            if send.send(msg).is_err() {
                return;
            }
        }
    });
}

/// What the loop is to do with the terminal.
#[derive(Debug)]
pub enum Turn {
    /// Nothing: go on.
    On,
    /// Leave with this code.
    Leave(u8),
    /// Stop this program for a while.
    Suspend,
    /// Give the terminal to this command.
    Shell(Vec<String>),
    /// Draw everything anew.
    Clear,
}

/// The wizard without a terminal of its own: any backend will do, so tests drive it too.
pub struct Wizard {
    /// Everything it knows.
    pub model: Model,
    /// Carries out effects.
    pub works: Works,
    send: Sender<Msg>,
    news: Receiver<Msg>,
    ticked: Instant,
    drawn: Option<Instant>,
    dirty: bool,
    at_once: bool,
    /// Frames drawn so far.
    pub frames: u64,
}

impl Wizard {
    /// A wizard in a window of this size.
    pub fn new(start: Start, size: (u16, u16)) -> Self {
        let mut works = Works::new(start.send.clone(), start.replies, start.places.clone(), start.real);
        let mut model = Model::new(start.theme, size, works.now());
        model.base.clone_from(&start.places.base);
        model.home = Some(start.places.home.clone());
        model.read_only = start.read_only;
        model.sessions = save::list(&start.places.state);
        let opening = match start.opening {
            Opening::Welcome => None,
            Opening::Plan(path) => Some(Effect::OpenPlan(path)),
            Opening::Session(name) => Some(Effect::OpenSession(name)),
            Opening::Demo(name) => Some(Effect::OpenDemo(name)),
        };
        if let Some(effect) = opening {
            works.perform(effect, &model);
        }
        update::judge(&mut model);
        Self {
            model,
            works,
            send: start.send,
            news: start.news,
            ticked: Instant::now(),
            drawn: None,
            dirty: true,
            at_once: true,
            frames: 0,
        }
    }

    /// The next frame is drawn at once.
    pub fn redraw(&mut self) {
        self.at_once = true;
    }

    /// One turn: hears what there is, draws when it is time.
    ///
    /// # Errors
    /// The backend cannot draw.
    pub fn turn<B: Backend>(
        &mut self,
        screen: &mut Terminal<B>,
        frame: &mut Option<Box<dyn FnMut(&ratatui::buffer::Buffer)>>,
    ) -> io::Result<Turn>
    where
        B::Error: Into<io::Error> + Send + Sync + 'static,
    {
        let since = self.drawn.map_or(FRAME, |at| at.elapsed());
        if self.at_once || self.dirty && since >= FRAME {
            let model = &self.model;
            let done = screen.draw(|frame| view::draw(frame, model)).map_err(Into::into)?;
            if let Some(frame) = frame {
                frame(done.buffer);
            }
            (self.drawn, self.dirty, self.at_once) = (Some(Instant::now()), false, false);
            self.frames = self.frames.saturating_add(1);
            return Ok(Turn::On);
        }
        let tick = TICK.saturating_sub(self.ticked.elapsed());
        let patience = if self.dirty { tick.min(FRAME.saturating_sub(since)) } else { tick };
        let mut next = match self.news.recv_timeout(patience) {
            Ok(msg) => Some(msg),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(Turn::Leave(4)),
        };
        if self.ticked.elapsed() >= TICK {
            self.ticked = Instant::now();
            let now = self.works.now();
            update::update(&mut self.model, Msg::Tick(now));
            self.dirty = true;
        }
        let begun = Instant::now();
        while let Some(msg) = next {
            if let Some(turn) = self.hear(msg) {
                return Ok(turn);
            }
            next = if self.at_once || begun.elapsed() > DRAIN { None } else { self.news.try_recv().ok() };
        }
        Ok(Turn::On)
    }

    /// Takes a message in and carries out what it asks for; what concerns the terminal is returned.
    pub fn hear(&mut self, msg: Msg) -> Option<Turn> {
        match msg {
            Msg::Key(_) | Msg::Paste(_) | Msg::Resize(..) => self.at_once = true,
            _ => self.dirty = true,
        }
        let live = matches!(msg, Msg::Live(_));
        if live && self.model.live.is_none() {
            return None;
        }
        let mut turn = None;
        for effect in update::update(&mut self.model, msg) {
            match effect {
                Effect::Quit(code) => turn = Some(Turn::Leave(code)),
                Effect::Redraw => turn = Some(Turn::Clear),
                Effect::Suspend => turn = Some(Turn::Suspend),
                Effect::Copy(text) => {
                    let words = self.works.copy(&text);
                    self.model.say(Role::Ok, words);
                }
                Effect::Shell(name) => match self.works.shell(&name, &self.model) {
                    Ok(words) => turn = Some(Turn::Shell(words)),
                    Err(why) => self.model.say(Role::Warn, why),
                },
                Effect::Live => {
                    if let Some(plan) = update::plan(&self.model) {
                        let spots = crate::live::spots(&plan);
                        self.model.live.get_or_insert_with(crate::live::Panel::default).hosts(&spots);
                        self.works.perform(Effect::Live, &self.model);
                    }
                }
                effect => self.works.perform(effect, &self.model),
            }
        }
        turn
    }
}
