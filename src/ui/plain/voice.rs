//! Lines in and lines out. Everything that is said but a command is at most 80 columns wide and only appended: no cursor
//! moves, no colours, no signs that a screen reader would spell out. It knows nothing of screens and answers.

use std::io::IsTerminal;
use std::sync::mpsc::{self, Receiver, Sender};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use unicode_width::UnicodeWidthStr;
use zeroize::{Zeroize, Zeroizing};

use crate::plan::clean;
use crate::ui::output::say;
use crate::ui::output::wrap::wrap;
use crate::ui::wizard::manual::command_in;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::role::Role;

/// Columns of a line.
pub const WIDTH: usize = 80;

/// Something that was heard.
pub enum PlainInput {
    /// News of the work.
    Msg(Msg),
    /// A line was typed.
    Line(Zeroizing<String>),
    /// Nobody types any more.
    End,
    /// Ctrl-C, or a wish to end.
    Signal,
}

/// Listens to the work, to the person and to signals, from now on.
pub fn listen(news: Receiver<Msg>) -> Receiver<PlainInput> {
    let (send, heard) = mpsc::channel();
    let lines = send.clone();
    std::thread::spawn(move || read(&lines));
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) {
        let send = send.clone();
        std::thread::spawn(move || {
            for _ in signals.forever() {
                if send.send(PlainInput::Signal).is_err() {
                    return;
                }
            }
        });
    }
    std::thread::spawn(move || {
        for msg in news {
            if send.send(PlainInput::Msg(msg)).is_err() {
                return;
            }
        }
    });
    heard
}

/// Reads without the library's buffer, which would keep what was typed, a password too.
fn read(send: &Sender<PlainInput>) {
    let input = std::io::stdin();
    let mut chunk = Zeroizing::new([0_u8; 4096]);
    let mut kept: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(4096));
    loop {
        let count = match rustix::io::read(&input, chunk.as_mut_slice()) {
            Ok(count) => count,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => 0,
        };
        for byte in chunk.iter().take(count) {
            if *byte == b'\n' {
                if send.send(PlainInput::Line(text(&mut kept))).is_err() {
                    return;
                }
            } else {
                kept.push(*byte);
            }
        }
        if count == 0 {
            if !kept.is_empty() {
                let _ = send.send(PlainInput::Line(text(&mut kept)));
            }
            let _ = send.send(PlainInput::End);
            return;
        }
    }
}

fn text(kept: &mut Vec<u8>) -> Zeroizing<String> {
    let line = Zeroizing::new(String::from_utf8_lossy(kept).trim_end_matches('\r').to_owned());
    kept.zeroize();
    line
}

/// While it lives, what is typed is not shown.
pub struct Hidden(Termios);

impl Hidden {
    /// Hides what is typed from now on and forgets what was typed ahead.
    pub fn begin() -> Option<Self> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        modes.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &modes).ok()?;
        Some(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// The word a role is said with.
pub fn word(role: Role) -> &'static str {
    match role {
        Role::Ok => "ok: ",
        Role::Warn => "warning: ",
        Role::Bad => "wrong: ",
        // These lines have their sign.
        Role::Added
        | Role::Removed
        | Role::Changed
        | Role::Text
        | Role::Dim
        | Role::Accent
        | Role::Focus
        | Role::Running
        | Role::Border
        | Role::BorderFocus
        | Role::Key
        | Role::Code => "",
    }
}

/// The lines of a text. A command in it that would not fit stands on a line of its own, whole: cut in two it would be
/// two commands for whoever pastes it.
fn lines_of(text: &str, width: usize) -> Vec<String> {
    let words = |text: &str| wrap(text.trim(), width);
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let Some((before, command, after)) = command_in(text)
        .and_then(|command| text.split_once(command).map(|(before, after)| (before, command, after)))
    else {
        return words(text);
    };
    let mut lines = if before.trim().is_empty() { Vec::new() } else { words(before) };
    lines.push(command.trim().to_owned());
    let after = after.trim_start_matches([',', ';']).trim();
    if !after.is_empty() {
        lines.extend(words(after));
    }
    lines
}

/// Says lines.
pub struct LineOutput {
    /// The person types at a terminal, which shows what is typed.
    pub terminal: bool,
    prompt: Option<String>,
    /// Something was said since the prompt.
    broken: bool,
}

impl LineOutput {
    /// Says lines on stdout.
    pub fn new() -> Self {
        Self { terminal: std::io::stdin().is_terminal(), prompt: None, broken: false }
    }

    fn put(text: &str) {
        // A reader that went away must not stop the work.
        say::out(text);
    }

    /// Says a text, with so many blanks before it; what is too long goes on below, two blanks further in.
    pub fn say_in(&mut self, indent: usize, text: &str) {
        if self.prompt.is_some() && !self.broken {
            Self::put("\n");
            self.broken = true;
        }
        let mut all = String::new();
        for line in text.split('\n') {
            let line = clean::line(line);
            let trimmed = line.trim_start();
            let own = line.len().saturating_sub(trimmed.len());
            let first = indent.saturating_add(own).min(WIDTH / 2);
            let more = first.saturating_add(2);
            let width = WIDTH.saturating_sub(more);
            for (at, part) in lines_of(trimmed, width).iter().enumerate() {
                all.push_str(&" ".repeat(if at == 0 { first } else { more }));
                all.push_str(part.trim_end());
                all.push('\n');
            }
        }
        // A blank line has no blanks.
        let mut lines = String::new();
        for line in all.lines() {
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
        Self::put(&lines);
    }

    /// Says a text.
    pub fn say(&mut self, text: &str) {
        self.say_in(0, text);
    }

    /// Says a text with the word of its role.
    pub fn role(&mut self, role: Role, text: &str) {
        let indent = if role == Role::Code { 4 } else { 2 };
        self.say_in(indent, &format!("{}{text}", word(role)));
    }

    /// Says something that can be run, as it is.
    pub fn shell(&mut self, text: &str) {
        for (number, line) in text.lines().enumerate() {
            self.say_in(4, &format!("{} {line}", if number == 0 { "$" } else { " " }));
        }
    }

    /// Ways on, with commas between; none is broken.
    pub fn list(&mut self, all: &[String]) {
        let mut line = String::new();
        for (number, one) in (1..).zip(all) {
            let end = if number == all.len() { "." } else { "," };
            let room = line.width().saturating_add(one.width()).saturating_add(2);
            if !line.is_empty() && room > WIDTH.saturating_sub(2) {
                self.say(&std::mem::take(&mut line));
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(one);
            line.push_str(end);
        }
        self.say(&line);
    }

    /// An empty line.
    pub fn space(&mut self) {
        self.say("");
    }

    /// Asks for a line; what does not fit is said above.
    pub fn ask(&mut self, prompt: &str) {
        let mut lines = wrap(prompt, WIDTH.saturating_sub(2));
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            self.say(&line);
        }
        let last = format!("{} ", last.trim_end());
        Self::put(&last);
        self.prompt = Some(last);
        self.broken = false;
    }

    /// Asks again, when something was said since.
    pub fn ask_again(&mut self) {
        if self.broken
            && let Some(prompt) = &self.prompt
        {
            Self::put(prompt);
            self.broken = false;
        }
    }

    /// The prompt was answered; `ahead` = before it was asked.
    pub fn answered(&mut self, line: &str, ahead: bool) {
        let prompt = self.prompt.take().unwrap_or_default();
        if !self.terminal {
            // A transcript shows what was answered, as a terminal does.
            let line = clean::line(line);
            if prompt.width().saturating_add(line.width()) > WIDTH {
                Self::put("\n");
                self.say_in(2, &line);
            } else {
                Self::put(&format!("{line}\n"));
            }
        } else if ahead {
            Self::put("\n");
        }
        self.broken = false;
    }

    /// Nobody answers the prompt any more.
    pub fn withdrawn(&mut self) {
        if self.prompt.take().is_some() && !self.broken {
            Self::put("\n");
        }
        self.broken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::lines_of;

    #[test]
    fn a_command_that_is_longer_than_a_line_stands_whole_on_its_own() {
        let path = format!("/tmp/{}", "a/".repeat(40));
        let command = format!("iconv -f UTF-16 -t UTF-8 {path}ca.crt > {path}ca.crt.pem");
        let said = lines_of(&format!("1 run on this computer: {command}"), 76);
        assert_eq!(said, ["1 run on this computer:", command.as_str()]);
        let said =
            lines_of(&format!("on the host: {command}, and look at what it says about the file there"), 76);
        assert_eq!(said[1], command);
        assert!(lines_of(&"words ".repeat(30), 76).iter().all(|line| line.len() <= 76));
    }
}
