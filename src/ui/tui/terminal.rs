//! The terminal: raw mode, the other screen, pasted text as such; and back as it was, whatever happens.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent};
use crossterm::{cursor, execute, terminal};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::engine::ExitCode;
use crate::plan::code::ProblemCode;
use crate::ui::tui::{keys, limited};
use crate::ui::wizard::message::Msg;

/// The modes the terminal had before; taken by whoever restores it first.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
/// The thread that draws: only its panic gives the terminal back.
static DRAWS: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Whether the wizard has the terminal now.
pub fn is_ours() -> bool {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Takes the terminal.
///
/// # Errors
/// It is no terminal, or it went away.
pub fn enter() -> io::Result<()> {
    let modes = tcgetattr(io::stdin())?;
    let mut raw = modes.clone();
    raw.make_raw();
    // It may be ours already, as for Ctrl-L and after `fg`: the modes of the first time are the ones to give back, and
    // raw ones are set again, for whoever had the terminal meanwhile may have taken them off.
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(modes);
    *DRAWS.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
    let taken = tcsetattr(io::stdin(), OptionalActions::Now, &raw).map_err(io::Error::from).and_then(|()| {
        execute!(
            io::stdout(),
            terminal::EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide,
            terminal::Clear(terminal::ClearType::All)
        )
    });
    if taken.is_err() {
        leave();
    }
    taken
}

/// Gives the terminal back as it was; the second time it does nothing.
pub fn leave() {
    let modes = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(modes) = modes else { return };
    // A terminal that is gone cannot be put right.
    let mut out = io::stdout();
    let _ = execute!(out, DisableBracketedPaste, cursor::Show, terminal::LeaveAlternateScreen);
    let _ = out.flush();
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
}

/// Gives the terminal back when it is dropped.
pub struct TerminalGuard;

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        leave();
    }
}

/// A panic of the drawing thread gives the terminal back before it speaks; one of another thread is told to
/// the wizard, whose screen stays.
pub fn hook_panics(told: Sender<Msg>) {
    let told = Mutex::new(told);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let draws = *DRAWS.lock().unwrap_or_else(PoisonError::into_inner);
        if draws == Some(std::thread::current().id()) || !is_ours() {
            leave();
            before(info);
            return;
        }
        let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let text =
            format!("{} a part of gangplank ended: {}{place}", ProblemCode::Bug05, words(info.payload()));
        let told = told.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = told.send(Msg::Say(crate::ui::wizard::role::Role::Bad, text));
    }));
}

/// Tests make this program fail on purpose; only where it was built for tests.
///
/// # Panics
/// When `GANGPLANK_TEST_PANIC` says so.
pub fn fail_on_purpose() {
    match std::env::var("GANGPLANK_TEST_PANIC").as_deref() {
        Ok("draw") if cfg!(debug_assertions) => panic!("asked for by a test"),
        Ok("worker") if cfg!(debug_assertions) => {
            drop(std::thread::spawn(|| panic!("asked for by a test")));
        }
        _ => {}
    }
}

fn words(payload: &dyn std::any::Any) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
}

/// Reads keys in a thread of its own; only one thread may, so whoever needs the terminal stops it first and
/// waits until it has stopped.
pub struct KeyReader {
    paused: Arc<Pause>,
}

#[derive(Default)]
struct Pause {
    wanted: AtomicBool,
    quiet: Mutex<bool>,
    changed: Condvar,
}

/// So long a key press is waited for before the wish to stop is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl KeyReader {
    /// Begins to read.
    pub fn read(send: Sender<Msg>) -> Self {
        let paused = Arc::new(Pause::default());
        let mine = Arc::clone(&paused);
        std::thread::spawn(move || {
            loop {
                if mine.wanted.load(Ordering::Acquire) {
                    *mine.quiet.lock().unwrap_or_else(PoisonError::into_inner) = true;
                    mine.changed.notify_all();
                    let mut quiet = mine.quiet.lock().unwrap_or_else(PoisonError::into_inner);
                    while mine.wanted.load(Ordering::Acquire) {
                        quiet = mine.changed.wait(quiet).unwrap_or_else(PoisonError::into_inner);
                    }
                    *quiet = false;
                }
                match event::poll(POLL_INTERVAL) {
                    Ok(false) => {}
                    Ok(true) => match event::read() {
                        Ok(event) => {
                            if !forward(event, &send) {
                                return;
                            }
                        }
                        Err(_) => return drop(send.send(Msg::Leave(ExitCode::Stopped))),
                    },
                    // The terminal is gone.
                    Err(_) => return drop(send.send(Msg::Leave(ExitCode::Stopped))),
                }
            }
        });
        Self { paused }
    }

    /// Stops reading; when this returns nobody reads.
    pub fn pause(&self) {
        self.paused.wanted.store(true, Ordering::Release);
        let mut quiet = self.paused.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        while !*quiet {
            let (next, late) = self
                .paused
                .changed
                .wait_timeout(quiet, Duration::from_secs(2))
                .unwrap_or_else(PoisonError::into_inner);
            quiet = next;
            if late.timed_out() {
                return;
            }
        }
    }

    /// Reads again.
    pub fn resume(&self) {
        self.paused.wanted.store(false, Ordering::Release);
        self.paused.changed.notify_all();
    }
}

/// Keys that come all at once with line ends among them were pasted, whatever the terminal says.
fn forward(event: Event, send: &Sender<Msg>) -> bool {
    let Event::Key(first) = event else { return one(event, send) };
    let mut pressed = vec![first];
    while matches!(first.code, KeyCode::Char(_)) && pressed.len() < 65_536 {
        // Nobody types four keys in a row at this pace: the rest of a paste may come a little later.
        let gap = if pressed.len() > 3 { 20 } else { 2 };
        match event::poll(Duration::from_millis(gap)) {
            Ok(true) => match event::read() {
                Ok(Event::Key(key)) => pressed.push(key),
                Ok(other) => return flush(&pressed, send) && one(other, send),
                Err(_) => break,
            },
            Ok(false) | Err(_) => break,
        }
    }
    flush(&pressed, send)
}

fn flush(pressed: &[KeyEvent], send: &Sender<Msg>) -> bool {
    let letter = |key: &KeyEvent| match key.code {
        KeyCode::Char(c) if key.modifiers.is_empty() || key.modifiers == event::KeyModifiers::SHIFT => {
            Some(c)
        }
        KeyCode::Enter => Some('\n'),
        KeyCode::Tab => Some('\t'),
        _ => None,
    };
    let text: Option<String> = pressed.iter().map(letter).collect();
    match text {
        Some(text) if text.len() > 3 && text.contains('\n') => send.send(Msg::Paste(text)).is_ok(),
        _ => pressed.iter().all(|key| one(Event::Key(*key), send)),
    }
}

fn one(event: Event, send: &Sender<Msg>) -> bool {
    let msg = match event {
        Event::Key(key) if key.kind != event::KeyEventKind::Release => Msg::Key(keys::key(key)),
        Event::Paste(text) => Msg::Paste(text),
        Event::Resize(width, height) => {
            let (width, height) = limited::size((width, height));
            Msg::Resize(width, height)
        }
        Event::Key(_) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) => return true,
    };
    send.send(msg).is_ok()
}
