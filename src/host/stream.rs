//! The live stream of a host: `docker events` says that something happened, a line written by us asks for a
//! sample, so debounce and heartbeat are ours and nothing polls on the host. End of file ends it and leaves
//! no process behind.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::wire::{Chunk, Duplex, RecvTimeout};
use crate::plan::clean;

/// One look at a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Tab-separated `docker ps` lines, cleaned.
    pub containers: Vec<String>,
    /// What docker said instead.
    pub error: String,
    /// Seconds since 1970 by the host's clock.
    pub clock: i64,
    /// `ActiveState/SubState` of the kubelet.
    pub kubelet: String,
    /// How often systemd restarted it.
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
    /// The next thing it says.
    fn next(&mut self, patience: Duration) -> Live;
}

/// The script behind a stream. The events end with the docker daemon; that is something that happened too, and
/// they are asked for again until it is back.
pub(super) fn script(nonce: &str) -> String {
    format!(
        r#"M=@{nonce}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin:$PATH LC_ALL=C; export PATH LC_ALL
trap '' TERM
( trap - TERM
  while command -v docker >/dev/null; do
    docker events 2>/dev/null | while read -r l; do case $l in *exec_*) ;; *) echo "$M event" ;; esac; done
    echo "$M event"; sleep 2
  done ) &
while read -r w a b <&3; do
  case $w in
  sample)
    echo "$M sample"
    docker ps --no-trunc --format '{{{{.ID}}}}	{{{{.Image}}}}	{{{{.Command}}}}	{{{{.CreatedAt}}}}	{{{{.Status}}}}	{{{{.Names}}}}' 2>&1
    echo "$M clock $(date +%s)"
    echo "$M kubelet $(systemctl show -p ActiveState,SubState,NRestarts kubelet 2>/dev/null | tr '\n' ' ')"
    echo "$M end" ;;
  lookup)
    t=; for x in dig nslookup host; do command -v $x >/dev/null && {{ t=$x; break; }}; done
    case $t in
    dig) o=$(dig +short +time=2 +tries=2 @"$b" "$a" A 2>&1) && [ -n "$o" ] && r=0 || r=1 ;;
    nslookup) o=$(nslookup -timeout=2 "$a" "$b" 2>&1) && r=0 || r=1 ;;
    host) o=$(host -W 2 "$a" "$b" 2>&1) && r=0 || r=1 ;;
    *) o=; r=1 ;;
    esac
    echo "$M lookup $r ${{t:--}} $(printf '%s' "$o" | tr '\n' ' ')" ;;
  esac
done
trap 'exit 0' TERM
kill -TERM 0
"#
    )
}

/// A stream over a wire.
pub struct ShellStream {
    duplex: Duplex,
    mark: String,
    partial: Vec<u8>,
    lines: std::collections::VecDeque<String>,
    sample: Option<Sample>,
}

impl ShellStream {
    pub(super) fn new(nonce: &str, duplex: Duplex) -> Self {
        Self {
            duplex,
            mark: format!("@{nonce} "),
            partial: Vec::new(),
            lines: std::collections::VecDeque::new(),
            sample: None,
        }
    }

    fn line(&mut self, line: &str) -> Option<Live> {
        let Some(rest) = line.strip_prefix(&self.mark) else {
            if let Some(sample) = &mut self.sample {
                if line.contains('\t') {
                    let row = line.split('\t').map(clean::line).collect::<Vec<_>>().join("\t");
                    sample.containers.push(row);
                } else {
                    sample.error = clean::line(line);
                }
            }
            return None;
        };
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "event" => return Some(Live::Happened),
            "sample" => self.sample = Some(Sample::default()),
            "clock" => {
                if let Some(sample) = &mut self.sample {
                    sample.clock = rest.trim().parse().unwrap_or(0);
                }
            }
            "kubelet" => {
                if let Some(sample) = &mut self.sample {
                    let value = |key: &str| {
                        rest.split_whitespace().find_map(|part| part.strip_prefix(key)).unwrap_or("unknown")
                    };
                    sample.kubelet = format!("{}/{}", value("ActiveState="), value("SubState="));
                    sample.restarts = value("NRestarts=").parse().unwrap_or(0);
                }
            }
            "end" => return self.sample.take().map(Live::Sample),
            "lookup" => {
                let mut words = rest.splitn(3, ' ');
                let answered = words.next() == Some("0");
                let tool = words.next().unwrap_or_default().trim_matches('-').to_owned();
                let said = clean::line(words.next().unwrap_or_default().trim());
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

    fn next(&mut self, patience: Duration) -> Live {
        let deadline = Instant::now() + patience;
        loop {
            while let Some(line) = self.lines.pop_front() {
                if let Some(live) = self.line(&line) {
                    return live;
                }
            }
            match self.duplex.recv(deadline.saturating_duration_since(Instant::now())) {
                Ok(Chunk::Out(bytes)) => {
                    self.partial.extend_from_slice(&bytes);
                    while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
                        let line: Vec<u8> = self.partial.drain(..=end).collect();
                        self.lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
                    }
                }
                Ok(Chunk::Err(_)) => {}
                Ok(Chunk::Exit { .. }) | Err(RecvTimeout::Ended) => {
                    return Live::Ended("the stream ended".to_owned());
                }
                Ok(Chunk::Lost(error)) => return Live::Ended(error.to_string()),
                Err(RecvTimeout::Timeout) => return Live::Quiet,
            }
        }
    }
}
