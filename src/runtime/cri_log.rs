//! The lines of a container's log as CRI has them written below /var/log/pods: time, stream, tags, text; a line that was
//! cut for its length says `P` and goes on with the next one of the same stream (`docs/cri` and
//! `internal/cri/io/logger.go` of containerd; kubelet `pkg/kubelet/kuberuntime/logs`).

/// What belongs together is no longer than this, in bytes; the rest of it is left out.
const LONGEST: usize = 16 * 1024;

/// Reads one log.
#[derive(Debug, Default)]
pub struct CriLog {
    /// The beginnings of lines that go on, of stdout and of stderr.
    begun: [Option<String>; 2],
}

impl CriLog {
    /// What was written, when this line ends it; a line of another form is told as it is.
    pub fn line(&mut self, line: &str) -> Option<String> {
        let Some((stream, partial, text)) = parts(line) else { return Some(line.to_owned()) };
        let begun = self.begun.get_mut(stream)?;
        let mut whole = begun.take().unwrap_or_default();
        let mut room = LONGEST.saturating_sub(whole.len()).min(text.len());
        while !text.is_char_boundary(room) {
            room -= 1;
        }
        whole.push_str(text.get(..room).unwrap_or_default());
        if partial {
            *begun = Some(whole);
            return None;
        }
        Some(whole)
    }
}

/// The number of its stream, whether it goes on, and what was written.
fn parts(line: &str) -> Option<(usize, bool, &str)> {
    let mut words = line.splitn(4, ' ');
    let (time, stream, tags) = (words.next()?, words.next()?, words.next()?);
    time.parse::<jiff::Timestamp>().ok()?;
    let stream = ["stdout", "stderr"].iter().position(|name| *name == stream)?;
    let partial = match tags.split(':').next()? {
        "P" => true,
        "F" => false,
        _ => return None,
    };
    Some((stream, partial, words.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::{CriLog, LONGEST};

    #[test]
    fn what_was_cut_is_joined_by_stream_and_other_lines_stay() {
        let mut log = CriLog::default();
        let at = "2026-11-29T13:28:13.067434541Z";
        let told: Vec<Option<String>> = [
            "stdout F started",
            "stdout P a long ",
            "stderr F of stderr",
            "stderr P b",
            "stdout F line",
            "stdout F ",
            "stderr F:x  c",
            "stdout F",
            "stdin F x",
            "stdout X x",
        ]
        .iter()
        .map(|rest| log.line(&format!("{at} {rest}")))
        .collect();
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                said("started"),
                None,
                said("of stderr"),
                None,
                said("a long line"),
                said(""),
                said("b c"),
                said(""),
                said(&format!("{at} stdin F x")),
                said(&format!("{at} stdout X x")),
            ]
        );
        assert_eq!(log.line("no time of it"), said("no time of it"));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut log = CriLog::default();
        let piece = format!("2026-11-29T13:28:13Z stdout P {}", "\u{e9}".repeat(5_000));
        assert!((0..100).all(|_| log.line(&piece).is_none()));
        let whole = log.line("2026-11-29T13:28:13Z stdout F end").unwrap_or_default();
        assert!(whole.len() <= LONGEST && whole.len() > LONGEST - 2, "{}", whole.len());
    }
}
