//! The log of one container, or the kubelet's journal, line by line as it grows. It is a command of its own over the
//! connection there is; end of file ends it and leaves no process behind.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::wire::{Chunk, Duplex, RecvTimeout};
use crate::plan::{clean, redact};
use crate::runtime::cri_log::CriLog;
use crate::runtime::typed::follows_log;

/// So many lines that are there already come first.
const TAIL: usize = 1_000;
/// A line is cut at so many bytes.
const LONGEST: usize = 16 * 1024;
/// So many lines are handed over at once; the rest waits on the host.
const AT_ONCE: usize = 1_000;
/// Lines that come close together are handed over together.
const TOGETHER: Duration = Duration::from_millis(20);

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogSource {
    /// A container of a runtime without CRI, by its full id.
    Container(String),
    /// A container that containerd runs for a kubelet, by its full id.
    Cri(String),
    /// The kubelet's unit.
    Kubelet,
}

/// What a log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogHeard {
    /// Lines, cleaned.
    Lines(Vec<String>),
    /// Nothing more will come, and why.
    Ended(String),
    /// Nothing in the time given.
    Quiet,
}

/// A log that is followed; dropping it ends it.
pub trait LogStream: Send {
    /// The next thing it says.
    fn next(&mut self, patience: Duration) -> LogHeard;
}

impl LogSource {
    /// The command; `None` = that is no container's id. The log of CRI is told by crictl, or it is the file that the
    /// kubelet's link names (`pkg/kubelet/kuberuntime/legacy.go`), or else the one that containerd was told.
    pub fn command(&self) -> Option<String> {
        match self {
            Self::Container(id) => is_id(id).then(|| follows_log(id, TAIL)),
            Self::Cri(id) => is_id(id).then(|| {
                include_str!("../../assets/host/cri_log.sh")
                    .replace("$ID", id)
                    .replace("$TAIL", &TAIL.to_string())
            }),
            Self::Kubelet => Some(format!("journalctl -u kubelet -n {TAIL} --no-pager -o short -f")),
        }
    }
}

fn is_id(id: &str) -> bool {
    (12..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The script behind a log. Whoever goes away, whether something is on its way or not, leaves no process behind.
pub(super) fn script(nonce: &str, command: &str) -> String {
    format!(
        r#"M=@{nonce}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin:$PATH LC_ALL=C; export PATH LC_ALL
trap '' TERM
( trap - TERM; {{ {command}
}} 2>&1; printf '\n%s ended %s\n' "$M" $? ) &
leave() {{ trap 'exit 0' TERM; kill -TERM 0; }}
trap leave PIPE
while read -r l <&3; do :; done
leave
"#
    )
}

/// A log over a wire.
pub struct ShellLog {
    duplex: Duplex,
    mark: String,
    /// What marks that lines from here on are as CRI writes them.
    cri_mark: String,
    cri: Option<CriLog>,
    partial: Vec<u8>,
    /// The rest of a line that was cut is still to come.
    cut: bool,
    /// An empty line that may be the one before the mark of the end.
    empty: bool,
    lines: Vec<String>,
    ended: Option<String>,
}

impl ShellLog {
    pub(super) fn new(nonce: &str, duplex: Duplex) -> Self {
        Self {
            duplex,
            mark: format!("@{nonce} ended "),
            cri_mark: format!("@{nonce} cri"),
            cri: None,
            partial: Vec::new(),
            cut: false,
            empty: false,
            lines: Vec::new(),
            ended: None,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let whole = piece.ends_with(b"\n");
            if !self.cut {
                let room = LONGEST.saturating_sub(self.partial.len());
                self.partial.extend(piece.iter().take(room));
                if piece.len() > room && !whole {
                    self.cut = true;
                }
            }
            if whole {
                let line = std::mem::take(&mut self.partial);
                self.cut = false;
                self.line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
            }
        }
    }

    fn line(&mut self, line: &str) {
        if let Some(status) = line.strip_prefix(&self.mark) {
            self.ended = Some(match status.trim() {
                "0" => "nothing more is written to it".to_owned(),
                "127" => "that program is not installed".to_owned(),
                status => format!("it ended with status {}", clean::line(status)),
            });
            self.empty = false;
            return;
        }
        if line == self.cri_mark {
            self.cri = Some(CriLog::default());
            return;
        }
        if let Some(cri) = &mut self.cri {
            // The mark of the end has an empty line before it, which is none of CRI.
            self.lines
                .extend((!line.is_empty()).then(|| cri.line(line)).flatten().map(|line| redact::said(&line)));
            return;
        }
        if std::mem::take(&mut self.empty) {
            self.lines.push(String::new());
        }
        if line.is_empty() {
            self.empty = true;
        } else {
            self.lines.push(redact::said(line));
        }
    }
}

impl LogStream for ShellLog {
    fn next(&mut self, patience: Duration) -> LogHeard {
        let mut deadline = Instant::now() + patience;
        while self.ended.is_none() && self.lines.len() < AT_ONCE {
            match self.duplex.recv(deadline.saturating_duration_since(Instant::now())) {
                Ok(Chunk::Out(bytes)) => {
                    self.take(&bytes);
                    if !self.lines.is_empty() {
                        deadline = deadline.min(Instant::now() + TOGETHER);
                    }
                }
                Ok(Chunk::Err(_)) => {}
                Ok(Chunk::Exit { .. }) | Err(RecvTimeout::Ended) => {
                    self.ended = Some("the connection ended".to_owned());
                }
                Ok(Chunk::Lost(error)) => self.ended = Some(error.to_string()),
                Err(RecvTimeout::Timeout) => break,
            }
        }
        if !self.lines.is_empty() {
            return LogHeard::Lines(std::mem::take(&mut self.lines));
        }
        match &self.ended {
            Some(why) => LogHeard::Ended(why.clone()),
            None => LogHeard::Quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LogSource;

    #[test]
    fn only_an_id_is_followed() {
        let command = |id: &str| LogSource::Container(id.to_owned()).command();
        assert_eq!(command("0123456789ab").as_deref(), Some("docker logs --tail 1000 --follow 0123456789ab"));
        for id in ["", "web", "0123456789ag", "--help", "0123456789ab; reboot", "$(reboot)aaaaaa"] {
            assert_eq!(command(id), None, "{id}");
        }
        assert_eq!(command(&"a".repeat(65)), None);
        assert_eq!(LogSource::Cri("$(reboot)aaaaaa".to_owned()).command(), None);
    }
}
