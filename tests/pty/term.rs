//! A terminal to start the program in: what is on its screen, which modes it has, keys, signals.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal};

/// So long everything may take; the machine may have other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// Folders of one test.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where sessions are kept.
    pub fn sessions(&self) -> PathBuf {
        self.path().join("state/gangplank/sessions")
    }

    /// A program with these folders and nothing else of the environment.
    pub fn command(&self, program: &str, args: &[&str]) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        let path = self.path();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("USER", "op")]
        {
            command.env(name, value);
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", path);
        command.env("XDG_STATE_HOME", path.join("state"));
        command.env("XDG_CONFIG_HOME", path.join("config"));
        command.env("XDG_CACHE_HOME", path.join("cache"));
        command.env("XDG_DATA_HOME", path.join("data"));
        command.env("TMPDIR", path);
        command.cwd(path);
        command
    }

    /// The program itself.
    pub fn gangplank(&self, args: &[&str]) -> CommandBuilder {
        self.command(env!("CARGO_BIN_EXE_gangplank"), args)
    }
}

/// A terminal and what was started in it.
pub struct Term {
    screen: Arc<Mutex<vt100::Parser>>,
    changed: Receiver<()>,
    closed: Arc<AtomicBool>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    /// The modes before anything was started.
    pub before: String,
}

/// What a program can leave behind in a terminal.
#[derive(Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "modes of a terminal, each its own")]
pub struct Manners {
    pub alternate: bool,
    pub cursor_hidden: bool,
    pub bracketed: bool,
    pub mouse: bool,
}

/// A terminal nobody has changed.
pub const CLEAN: Manners = Manners { alternate: false, cursor_hidden: false, bracketed: false, mouse: false };
/// A terminal that the wizard has.
pub const OURS: Manners = Manners { alternate: true, cursor_hidden: true, bracketed: true, mouse: false };

impl Term {
    pub fn start(command: CommandBuilder, width: u16, height: u16) -> Self {
        let size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
        let before = format!("{:?}", pair.master.get_termios().expect("it has modes"));
        let child = pair.slave.spawn_command(command).expect("it starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("it can be read");
        let writer = pair.master.take_writer().expect("it can be written");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(height, width, 0)));
        let (told, changed) = channel();
        let seen = Arc::clone(&screen);
        let closed = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&closed);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..count]);
                if told.send(()).is_err() || over.load(Ordering::Acquire) {
                    return;
                }
            }
        });
        Self { screen, changed, closed, writer, child, master: Some(pair.master), before }
    }

    fn see<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen())
    }

    pub fn text(&self) -> String {
        self.see(vt100::Screen::contents)
    }

    pub fn manners(&self) -> Manners {
        self.see(|screen| Manners {
            alternate: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            bracketed: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
        })
    }

    /// Colours and emphases of all cells: whether a colour is there, and bold or reverse.
    pub fn looks(&self) -> (bool, bool, bool) {
        self.see(|screen| {
            let (rows, columns) = screen.size();
            let cells =
                (0..rows).flat_map(|row| (0..columns).filter_map(move |column| screen.cell(row, column)));
            let (mut colour, mut bold, mut reverse) = (false, false, false);
            for cell in cells {
                colour |= cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default;
                bold |= cell.bold();
                reverse |= cell.inverse();
            }
            (colour, bold, reverse)
        })
    }

    /// The terminal's modes now.
    pub fn modes(&self) -> String {
        let master = self.master.as_ref().expect("the terminal is there");
        format!("{:?}", master.get_termios().expect("it has modes"))
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, mut is: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is(self) {
            assert!(
                Instant::now() < deadline,
                "{what}: not within {PATIENCE:?}. The screen:\n{}",
                self.text()
            );
            let _ = self.changed.recv_timeout(Duration::from_millis(100));
        }
    }

    /// Waits until these words are on the screen; the screen.
    pub fn shows(&self, words: &str) -> String {
        self.wait(words, |term| term.text().contains(words));
        self.text()
    }

    /// Waits until all of these words are on the screen at once: a frame may arrive in parts.
    pub fn shows_all(&self, words: &[&str]) {
        self.wait(&words.join(", "), |term| {
            let text = term.text();
            words.iter().all(|words| text.contains(words))
        });
    }

    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("it takes keys");
        self.writer.flush().expect("it takes keys");
    }

    pub fn resize(&self, width: u16, height: u16) {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen_mut().set_size(height, width);
        let size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the terminal is there").resize(size).expect("it takes a size");
    }

    pub fn pid(&self) -> Pid {
        let pid = self.child.process_id().expect("it runs");
        Pid::from_raw(i32::try_from(pid).expect("a number")).expect("it runs")
    }

    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).expect("it takes a signal");
    }

    /// The window is closed.
    pub fn hang_up(&mut self) {
        // Whoever reads waits for something drawn, and then lets go of its end.
        self.closed.store(true, Ordering::Release);
        self.resize(100, 30);
        self.master = None;
        self.writer = Box::new(std::io::sink());
    }

    /// Waits until it has ended; its exit code.
    pub fn code(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                // Whoever is killed by a signal has no code of its own.
                let crashed =
                    status.signal().is_some_and(|signal| signal != "Killed" && signal != "Terminated");
                assert!(!crashed, "it ended by a signal: {status}\n{}", self.text());
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "it does not end. The screen:\n{}", self.text());
            let _ = self.changed.recv_timeout(Duration::from_millis(50));
        }
    }

    /// The terminal is as it was before the program.
    pub fn is_as_before(&self) {
        self.wait("the terminal as it was", |term| term.manners() == CLEAN);
        assert_eq!(self.modes(), self.before);
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processes that a process has started.
pub fn children(pid: Pid) -> Vec<Pid> {
    let pid = pid.as_raw_nonzero();
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).filter_map(Pid::from_raw).collect()
}

/// Whether a process is there still, and not only its exit code.
pub fn lives(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    !matches!(stat.rsplit(") ").next().and_then(|rest| rest.chars().next()), None | Some('Z' | 'X'))
}
