//! The live stream of a host: its runtime says that something happened, a line written by us asks for a sample, so
//! debounce and heartbeat are ours and nothing on the host looks by itself. End of file ends it and leaves no process
//! behind.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::detail::{self, DetailLines, HostDetail};
use super::figures::HostFigures;
use super::wire::{Chunk, Duplex, RecvTimeout};
use crate::limits::SAMPLE;
use crate::plan::runtime_fact::RuntimeKind;
use crate::plan::{clean, redact};
use crate::runtime::Lister;
use crate::runtime::cri_rows::CriReader;
use crate::runtime::ps;
use crate::runtime::said::Said;

/// What keeping a line costs beside its bytes.
const LINE_COST: usize = 64;

/// One look at a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Which program listed the containers; `None` = none was asked yet.
    pub lister: Option<Lister>,
    /// A line of six columns for each container, tabs between them, of what the runtime lists; cleaned.
    pub containers: Vec<String>,
    /// What that program said instead.
    pub error: String,
    /// Of containers that are new more is told with the next sample.
    pub more: bool,
    /// How much of the machine is in use; `None` = it did not say.
    pub figures: Option<HostFigures>,
    /// Seconds since 1970 by the host's clock.
    pub clock: i64,
    /// `ActiveState/SubState` of the kubelet.
    pub kubelet: String,
    /// How often systemd restarted it; where systemd does not count, as often as this stream saw it.
    pub restarts: u32,
}

/// What a stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// A container started, stopped or died: ask for a sample.
    Happened,
    /// The answer to `sample`.
    Sample(Sample),
    /// The answer to `lookup`: what the tool printed, and whether it was content.
    Lookup {
        /// Which tool; empty = there is none.
        tool: String,
        /// Its output in one line.
        said: String,
        /// It exited with 0.
        answered: bool,
    },
    /// The answer to `detail`.
    Detail(HostDetail),
    /// The stream ended, and why.
    Ended(String),
    /// Nothing in the time given.
    Quiet,
}

/// A live stream.
pub trait LiveStream: Send {
    /// Asks for a sample.
    fn sample(&mut self);
    /// Asks for a DNS lookup over UDP with whichever tool the host has.
    fn lookup(&mut self, name: &str, server: &str);
    /// Asks for the newest lines of the kubelet's journal, and how long the certificates in these files last.
    fn detail(&mut self, certificates: &[&str]);
    /// The next thing it says.
    fn next(&mut self, patience: Duration) -> Live;
}

/// The script behind a stream, of the runtime that is named or of the one that holds containers of a kubelet. The events
/// end with the daemon; that is something that happened too, and they are asked for again until it is back. Who goes away,
/// also while a sample is on its way (that is a broken pipe), leaves no process behind.
pub(super) fn script(nonce: &str, runtime: Option<RuntimeKind>) -> String {
    let wanted = runtime.map_or("auto", RuntimeKind::name);
    let (lines, columns) = (detail::JOURNAL_LINES, detail::LONGEST);
    format!(
        "M=@{nonce} WANTED={wanted} JOURNAL={lines} LONGEST={columns}\n{}",
        include_str!("../../assets/host/watch.sh")
    )
}

/// A stream over a wire.
pub struct ShellStream {
    duplex: Duplex,
    mark: String,
    partial: Vec<u8>,
    /// Bytes of the sample that is under way.
    taken: usize,
    lines: std::collections::VecDeque<String>,
    sample: Option<Sample>,
    /// What the runtime said for it, as it came.
    said: Vec<String>,
    /// The same where CRI was asked, and what is known of its containers.
    cri: CriReader,
    /// The answer to `detail` that is under way.
    detail: Option<DetailLines>,
    /// Restarts of the kubelet that were seen, for a systemd that does not count them.
    seen: SeenRestarts,
}

/// Restarts as they are seen from outside: another start, or a unit that waits for its next one.
#[derive(Debug, Default)]
struct SeenRestarts {
    started: Option<String>,
    count: u32,
}

impl SeenRestarts {
    /// Takes what a look saw; how many restarts that makes.
    fn look(&mut self, started: Option<&str>, waits: bool) -> u32 {
        let known = started.filter(|one| !one.is_empty() && *one != "0");
        let again = match (known, &self.started) {
            (Some(now), Some(before)) => now != before,
            (Some(_), None) => false,
            (None, _) => waits,
        };
        if again {
            self.count = self.count.saturating_add(1);
        }
        if let Some(now) = known {
            self.started = Some(now.to_owned());
        }
        self.count
    }
}

impl ShellStream {
    pub(super) fn new(nonce: &str, duplex: Duplex) -> Self {
        Self {
            duplex,
            mark: format!("@{nonce} "),
            partial: Vec::new(),
            taken: 0,
            lines: std::collections::VecDeque::new(),
            sample: None,
            said: Vec::new(),
            cri: CriReader::default(),
            detail: None,
            seen: SeenRestarts::default(),
        }
    }

    /// What has no end is given up: nothing more of it is kept.
    fn too_much(&mut self) -> Live {
        self.duplex.finish();
        (self.partial, self.said, self.sample, self.detail) = (Vec::new(), Vec::new(), None, None);
        self.cri = CriReader::default();
        self.lines.clear();
        Live::Ended(format!("what it sends {}", SAMPLE.exceeded()))
    }

    fn line(&mut self, line: &str) -> Option<Live> {
        let Some(rest) = line.strip_prefix(&self.mark) else {
            if let Some(sample) = &self.sample {
                self.taken = self.taken.saturating_add(line.len()).saturating_add(LINE_COST);
                match sample.lister {
                    Some(lister) if lister.is_cri() => self.cri.line(line),
                    Some(_) | None => self.said.push(line.to_owned()),
                }
            }
            return None;
        };
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "event" => return Some(Live::Happened),
            "sample" => {
                self.said.clear();
                self.taken = 0;
                self.cri.begin();
                self.sample = Some(Sample::default());
            }
            "lister" | "machine" | "more" => {
                if let Some(sample) = &mut self.sample {
                    match word {
                        "lister" => sample.lister = Lister::named(rest.trim()),
                        "machine" => sample.figures = HostFigures::parse(rest),
                        _ => sample.more = true,
                    }
                }
            }
            "part" => {
                self.taken = self.taken.saturating_add(rest.len()).saturating_add(LINE_COST);
                self.cri.part(rest.trim());
            }
            "clock" => {
                if let Some(sample) = &mut self.sample {
                    sample.clock = rest.trim().parse().unwrap_or(0);
                }
            }
            "kubelet" => {
                if let Some(sample) = &mut self.sample {
                    let value = |key: &str| rest.split_whitespace().find_map(|part| part.strip_prefix(key));
                    let word = |key: &str| clean::line(value(key).unwrap_or("unknown"));
                    sample.kubelet = format!("{}/{}", word("ActiveState="), word("SubState="));
                    let seen = self.seen.look(
                        value("ExecMainStartTimestampMonotonic="),
                        value("SubState=") == Some("auto-restart"),
                    );
                    sample.restarts =
                        value("NRestarts=").and_then(|count| count.parse().ok()).unwrap_or(seen);
                }
            }
            "end" => {
                let mut sample = self.sample.take()?;
                (sample.containers, sample.error) = match sample.lister {
                    Some(lister) if lister.is_cri() => self.cri.rows(lister, sample.clock),
                    lister => {
                        let said = Said::read(self.said.iter().map(String::as_str));
                        let rows = said.rows.iter().filter(|line| line.contains('\t'));
                        let rows = rows.map(|line| ps::cleaned(line)).collect();
                        (rows, said.failure(lister.unwrap_or_default().program()).unwrap_or_default())
                    }
                };
                return Some(Live::Sample(sample));
            }
            "detail" => {
                self.taken = 0;
                self.detail = Some(DetailLines::default());
            }
            "cert" | "journal" => {
                self.taken = self.taken.saturating_add(rest.len()).saturating_add(LINE_COST);
                match &mut self.detail {
                    Some(detail) if word == "cert" => detail.certificate(rest),
                    Some(detail) => detail.journal(rest),
                    None => {}
                }
            }
            "told" => return self.detail.take().map(|detail| Live::Detail(detail.finish())),
            "lookup" => {
                let mut words = rest.splitn(3, ' ');
                let answered = words.next() == Some("0");
                let tool = words.next().unwrap_or_default().trim_matches('-').to_owned();
                let said = redact::said(words.next().unwrap_or_default().trim());
                return Some(Live::Lookup { tool, said, answered });
            }
            _ => {}
        }
        None
    }
}

impl LiveStream for ShellStream {
    fn sample(&mut self) {
        // A stream that is gone says so in `next`.
        let _ = self.duplex.send(b"sample\n".to_vec().into());
    }

    fn lookup(&mut self, name: &str, server: &str) {
        let _ = self.duplex.send(format!("lookup {name} {server}\n").into_bytes().into());
    }

    fn detail(&mut self, certificates: &[&str]) {
        let plain: Vec<&str> = certificates.iter().copied().filter(|path| detail::is_plain(path)).collect();
        let _ = self.duplex.send(format!("detail {}\n", plain.join(" ")).into_bytes().into());
    }

    fn next(&mut self, patience: Duration) -> Live {
        let deadline = Instant::now() + patience;
        let mut heard = false;
        loop {
            while let Some(line) = self.lines.pop_front() {
                if let Some(live) = self.line(&line) {
                    return live;
                }
                if self.taken > SAMPLE.count() {
                    return self.too_much();
                }
            }
            if heard && Instant::now() >= deadline {
                return Live::Quiet;
            }
            match self.duplex.recv(deadline.saturating_duration_since(Instant::now())) {
                Ok(Chunk::Out(bytes)) => {
                    heard = true;
                    self.partial.extend_from_slice(&bytes);
                    while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
                        let line: Vec<u8> = self.partial.drain(..=end).collect();
                        self.lines.push_back(
                            String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
                        );
                    }
                    if self.partial.len() > SAMPLE.count() {
                        return self.too_much();
                    }
                }
                Ok(Chunk::Err(_)) => heard = true,
                Ok(Chunk::Exit { .. }) | Err(RecvTimeout::Ended) => {
                    return Live::Ended("the stream ended".to_owned());
                }
                Ok(Chunk::Lost(error)) => return Live::Ended(error.to_string()),
                Err(RecvTimeout::Timeout) => return Live::Quiet,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SeenRestarts;

    #[test]
    fn restarts_are_counted_by_what_is_seen_where_systemd_does_not_count() {
        let mut seen = SeenRestarts::default();
        // By the time of the start, however often it is looked at.
        let looks = ["100", "100", "200", "200", "300"].map(|at| seen.look(Some(at), false));
        assert_eq!(looks, [0, 0, 1, 1, 2]);
        // Without such a time, by a unit that waits for its next start.
        let mut seen = SeenRestarts::default();
        assert_eq!([false, true, true, false, true].map(|waits| seen.look(None, waits)), [0, 1, 2, 2, 3]);
    }
}
