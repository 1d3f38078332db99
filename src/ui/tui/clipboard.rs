//! Copies a text out of the program: through the terminal where it is short enough for one (OSC 52), and
//! always into a file, because no terminal says whether it took it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// Terminals cut longer ones off, some without a word.
const MOST: usize = 4096;
/// The file's name in the folder for state.
const FILE: &str = "copied.txt";

/// Copies; the words to show for a moment. `folder` is there or is made; `tmux` = it runs inside tmux.
pub fn copy(terminal: &mut dyn Write, folder: &Path, text: &str, tmux: bool) -> String {
    let sent = text.len() <= MOST && send(terminal, text).is_ok();
    let path = folder.join(FILE);
    let kept = keep(folder, &path, text).map(|()| path.display().to_string());
    match (sent, kept) {
        (true, Ok(file)) if tmux => {
            format!("sent to tmux, which passes it on with: set -g set-clipboard on; also in {file}")
        }
        (true, Ok(file)) => format!("sent to the terminal; also in {file}"),
        (true, Err(error)) => {
            format!("sent to the terminal; {} cannot be written: {error}", path.display())
        }
        (false, Ok(file)) if text.len() > MOST => format!("too long for the terminal; it is in {file}"),
        (false, Ok(file)) => format!("the terminal did not take it; it is in {file}"),
        (false, Err(error)) => format!("not copied: {} cannot be written: {error}", path.display()),
    }
}

fn send(terminal: &mut dyn Write, text: &str) -> std::io::Result<()> {
    let mut ansi = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut ansi).map_err(std::io::Error::other)?;
    terminal.write_all(ansi.as_bytes())?;
    terminal.flush()
}

/// A new file each time, for its owner only: one that stood open to others would stay so.
fn keep(folder: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(folder: &Path) -> (String, u32) {
        let path = folder.join(FILE);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        (std::fs::read_to_string(&path).unwrap(), mode)
    }

    #[test]
    fn a_short_text_goes_to_the_terminal_and_into_a_closed_file() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("state");
        let mut terminal = Vec::new();
        let said = copy(&mut terminal, &below, "kubectl get nodes", false);
        assert_eq!(String::from_utf8(terminal).unwrap(), "\x1b]52;c;a3ViZWN0bCBnZXQgbm9kZXM=\x1b\\");
        assert_eq!(file(&below), ("kubectl get nodes".to_owned(), 0o600));
        assert_eq!(said, format!("sent to the terminal; also in {}", below.join(FILE).display()));
        let said = copy(&mut Vec::new(), &below, "again", true);
        assert!(said.contains("set -g set-clipboard on"), "{said}");
        assert_eq!(file(&below).0, "again");
    }

    #[test]
    fn a_long_text_is_only_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = Vec::new();
        let text = "x".repeat(MOST + 1);
        let said = copy(&mut terminal, folder.path(), &text, false);
        assert!(terminal.is_empty());
        assert_eq!(file(folder.path()).0, text);
        assert!(said.starts_with("too long"), "{said}");
    }

    #[test]
    fn a_file_that_stood_open_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        copy(&mut Vec::new(), folder.path(), "new", false);
        assert_eq!(file(folder.path()), ("new".to_owned(), 0o600));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::write(&path, "").unwrap();
        let said = copy(&mut Vec::new(), &path, "text", false);
        assert!(said.contains("cannot be written"), "{said}");
    }
}
