//! The program at a terminal: a pseudo terminal, what is on its screen, keys.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A program with a screen of its own.
pub struct Screen {
    parser: Arc<Mutex<vt100::Parser>>,
    changed: std::sync::mpsc::Receiver<()>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    // The terminal is there as long as this is.
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    /// Starts it in a window of this size.
    pub fn start(command: CommandBuilder, width: u16, height: u16) -> Self {
        let size = PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
        let child = pair.slave.spawn_command(command).expect("it starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("it can be read");
        let writer = pair.master.take_writer().expect("it can be written");
        let parser = Arc::new(Mutex::new(vt100::Parser::new(height, width, 0)));
        let (told, changed) = std::sync::mpsc::channel();
        let seen = Arc::clone(&parser);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).process(&bytes[..count]);
                if told.send(()).is_err() {
                    return;
                }
            }
        });
        Self { parser, changed, writer, child, _master: pair.master }
    }

    /// What is on the screen now.
    pub fn text(&self) -> String {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    /// Waits until the screen is so; it panics with the screen when it does not become so.
    pub fn until(&mut self, what: &str, seconds: u64, is: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            let text = self.text();
            if is(&text) {
                return text;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what}: not within {seconds} s. The screen:\n{text}");
            let _ = self.changed.recv_timeout(left.min(Duration::from_millis(500)));
        }
    }

    /// Waits until these words are on the screen.
    pub fn shows(&mut self, words: &str) -> String {
        self.until(words, 90, |text| text.contains(words))
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("it takes keys");
        self.writer.flush().expect("it takes keys");
    }

    /// Waits until it has ended; its exit code.
    pub fn code(&mut self) -> u32 {
        self.child.wait().expect("it can be waited for").exit_code()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A scenario that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
