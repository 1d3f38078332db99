//! Reads what the script of a batch prints: its marks become the ends of actions, its answers become facts. Only a
//! mark says that something was done.

use std::collections::BTreeMap;

use super::answer;
use super::trouble::HostTrouble;
use crate::limits::ANSWERS;
use crate::plan::fact::{FactQuery, Facts};
use crate::plan::{clean, redact};

/// What is heard while a batch runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchProgress {
    /// An action began.
    Began(usize),
    /// It said something: a cleaned line; `true` = on stderr.
    Said(usize, bool, String),
    /// It ended with this status; 0 = done.
    Ended(usize, i32),
    /// It left something as it is, because that is no longer what gangplank wrote.
    LeftAlone(usize),
    /// Bytes of the payload sent, of how many.
    Sent(u64, u64),
}

/// How an action of a batch ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionEnd {
    /// Exit status; `None` = no end mark came, so nobody knows.
    pub status: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained.
    pub err: String,
    /// It left something as it is, because that is no longer what gangplank wrote.
    pub left_alone: bool,
}

/// How a batch ended.
#[derive(Debug, Clone, Default)]
pub struct BatchEnd {
    /// One for each action that began, by index.
    pub actions: BTreeMap<usize, ActionEnd>,
    /// Answers to the wants.
    pub facts: Facts,
    /// It was asked to stop and did.
    pub stopped: bool,
    /// The last mark came: nothing was cut off.
    pub complete: bool,
    /// Text outside of any action: stderr, and what came before the first mark; the reason when no mark came.
    pub noise: String,
    /// Why it was cut off.
    pub trouble: Option<HostTrouble>,
}

/// A longer line is taken apart, bytes.
const LONGEST: usize = 1 << 20;
/// What keeping a line costs beside its bytes: many short ones are as much as a long one.
const LINE_COST: u64 = 64;

/// Reads what a script prints.
pub struct Reader {
    mark: String,
    queries: Vec<FactQuery>,
    streams: [MarkReader; 2],
    answers: BTreeMap<usize, Vec<(String, String)>>,
    started: bool,
    wanted: Option<usize>,
    holder: Option<(i64, String)>,
    unlocked: bool,
    actions: usize,
    /// What was taken so far, of what is taken at most.
    taken: u64,
    /// Marks that tell of something done.
    marks: usize,
    end: BatchEnd,
}

#[derive(Default)]
struct MarkReader {
    partial: Vec<u8>,
    at: Option<usize>,
    over: bool,
}

impl Reader {
    /// A reader for a batch compiled with this nonce.
    pub fn new(nonce: &str, queries: &[FactQuery], actions: usize) -> Self {
        Self {
            mark: format!("@{nonce} "),
            queries: queries.to_vec(),
            streams: [MarkReader::default(), MarkReader::default()],
            answers: BTreeMap::new(),
            started: false,
            wanted: None,
            holder: None,
            unlocked: false,
            actions,
            taken: 0,
            marks: 0,
            end: BatchEnd::default(),
        }
    }

    /// More came than is taken of one batch; the rest is not looked at.
    pub fn too_much(&self) -> bool {
        self.taken > ANSWERS.bytes
    }

    /// Grows with each action that begins or ends.
    pub fn marks(&self) -> usize {
        self.marks
    }

    /// An action has begun and not ended.
    pub fn acting(&self) -> bool {
        self.streams[0].at.is_some()
    }

    /// Takes bytes of stdout or stderr.
    pub fn feed(&mut self, is_err: bool, bytes: &[u8], hear: &mut dyn FnMut(BatchProgress)) {
        self.taken = self.taken.saturating_add(bytes.len() as u64);
        if self.too_much() {
            return;
        }
        let stream = &mut self.streams[usize::from(is_err)];
        let before = stream.partial.len();
        stream.partial.extend_from_slice(bytes);
        let end = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => before + end + 1,
            None if stream.partial.len() > LONGEST => stream.partial.len(),
            None => return,
        };
        let rest = stream.partial.split_off(end);
        let whole = std::mem::replace(&mut stream.partial, rest);
        for line in whole.split(|byte| *byte == b'\n') {
            self.taken = self.taken.saturating_add(LINE_COST);
            if self.too_much() {
                return;
            }
            let line = String::from_utf8_lossy(line);
            self.line(is_err, &line, hear);
        }
    }

    fn line(&mut self, is_err: bool, line: &str, hear: &mut dyn FnMut(BatchProgress)) {
        let stream = &mut self.streams[usize::from(is_err)];
        if let Some(rest) = line.strip_prefix(&self.mark) {
            self.started = true;
            let mut words = rest.splitn(3, ' ');
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            match first {
                "b" => {
                    stream.at = second.parse().ok().filter(|at| *at < self.actions);
                    if let (false, Some(at)) = (is_err, stream.at) {
                        self.end.actions.entry(at).or_default();
                        self.marks += 1;
                        hear(BatchProgress::Began(at));
                    }
                }
                "e" => {
                    if let (Ok(at), Some(status)) =
                        (second.parse(), words.next().and_then(|word| word.trim().parse().ok()))
                        && !is_err
                        && at < self.actions
                    {
                        self.marks += 1;
                        self.end.actions.entry(at).or_default().status = Some(status);
                        hear(BatchProgress::Ended(at, status));
                    }
                    stream.at = None;
                }
                "l" => {
                    if let (Ok(at), false) = (second.parse(), is_err)
                        && at < self.actions
                    {
                        self.end.actions.entry(at).or_default().left_alone = true;
                        hear(BatchProgress::LeftAlone(at));
                    }
                }
                "c" => self.wanted = second.parse().ok(),
                "k" if !is_err => {
                    self.holder = Some((
                        second.parse().unwrap_or_default(),
                        clean::words(words.next().unwrap_or_default()),
                    ));
                }
                "u" => self.unlocked = true,
                "z" => {
                    stream.over = true;
                    if !is_err {
                        self.end.complete = true;
                        self.end.stopped = second == "1";
                    }
                }
                number => {
                    if let Ok(question) = number.parse()
                        && question < self.queries.len()
                    {
                        let value = clean::kept(words.next().unwrap_or_default()).into_owned();
                        let answer = self.answers.entry(question).or_default();
                        answer.push((second.to_owned(), value));
                        if second == "clock" {
                            // Other questions of the batch may take their time: a clock is compared with now.
                            let now = jiff::Timestamp::now().as_millisecond().to_string();
                            answer.push(("heard".to_owned(), now));
                        }
                    }
                }
            }
            return;
        }
        if line.is_empty() {
            return;
        }
        match stream.at {
            Some(at) => {
                let entry = self.end.actions.entry(at).or_default();
                let text = if is_err { &mut entry.err } else { &mut entry.out };
                if text.len() < 1 << 20 {
                    text.push_str(&clean::kept(line));
                    text.push('\n');
                }
                hear(BatchProgress::Said(at, is_err, redact::said(line)));
            }
            None => {
                // A shell that runs nothing, such as nologin, says why on stdout.
                if (is_err || !self.started) && self.end.noise.len() < 4096 {
                    self.end.noise.push_str(&redact::said(line));
                    self.end.noise.push('\n');
                }
            }
        }
    }

    /// The action that asks for its large content, once.
    pub fn wanted(&mut self) -> Option<usize> {
        self.wanted.take()
    }

    /// Who else works on this machine, and since when, seconds since 1970 by its clock.
    pub fn holder(&self) -> Option<(i64, String)> {
        self.holder.clone()
    }

    /// No lock can be had on this machine.
    pub fn unlocked(&self) -> bool {
        self.unlocked
    }

    /// It was asked to stop and did.
    pub fn stopped(&self) -> bool {
        self.end.stopped
    }

    /// Whether any mark came: the script itself runs.
    pub fn started(&self) -> bool {
        self.started
    }

    /// Whether the last mark came on both streams.
    pub fn complete(&self) -> bool {
        self.streams.iter().all(|stream| stream.over)
    }

    /// What was learnt.
    pub fn finish(mut self) -> BatchEnd {
        for (index, want) in self.queries.iter().enumerate() {
            let lines = self.answers.remove(&index).unwrap_or_default();
            let fact = answer::read(want, &lines);
            self.end.facts.learn(want.clone(), fact);
        }
        self.end
    }
}
