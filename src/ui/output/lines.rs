//! A run as lines for a person: one line when a step ends, a card when something is wrong, a summary.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::engine::{Event, ExitCode, Front, Stamped, TaskOutcome};
use crate::host::plain_shell;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Verdict};
use crate::step::CATALOGUE;
use crate::ui::output::alike::{self, SharedProblems};
use crate::ui::output::say;

/// Prints lines.
#[derive(Default)]
pub struct LineFront {
    /// Shell text and output of every action too.
    pub verbose: bool,
    /// Tenths of an upload that were told, by place.
    tenths: Mutex<BTreeMap<Place, u64>>,
    /// How each place is reached, and the problems so far.
    told: Mutex<(BTreeMap<String, String>, SharedProblems)>,
}

impl LineFront {
    /// Lines; `verbose` shows the shell text and output of every action.
    pub fn new(verbose: bool) -> Self {
        Self { verbose, tenths: Mutex::default(), told: Mutex::default() }
    }
}

fn title(event: &Stamped) -> &'static str {
    let Some(id) = event.step else { return "" };
    CATALOGUE.iter().find(|step| step.id() == id).map_or(id.0, |step| step.title())
}

fn row(event: &Stamped, word: &str, text: &str) -> String {
    format!("{:>7.2}  {:<10} {:<22} {word:<13} {text}", event.t, event.place.to_string(), title(event))
        .trim_end()
        .to_owned()
}

impl LineFront {
    fn text(&self, stamped: &Stamped) -> Vec<String> {
        match &stamped.event {
            Event::RunStarted { hosts } => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                let name = |host: &String| {
                    let (host, name) = host.rsplit_once(" (")?;
                    Some((name.trim_end_matches(')').to_owned(), host.to_owned()))
                };
                told.0 = hosts.iter().filter_map(name).collect();
                vec![format!("run {}: contacts {}", stamped.run, alike::contacts(hosts))]
            }
            Event::Note { text } => vec![row(stamped, "note", text)],
            Event::Verdict(Verdict::Warning { about, seen, cure }) => {
                vec![row(stamped, "warning", &format!("{about}: {seen}; {cure}"))]
            }
            Event::Verdict(Verdict::Ok { about, seen }) if self.verbose => {
                vec![row(stamped, "ok", &format!("{about}: {seen}"))]
            }
            Event::ActionStarted { action, shell } if self.verbose => {
                let mut lines = vec![row(stamped, "", action)];
                lines.extend(plain_shell(shell).lines().map(|line| format!("{:>20} $ {line}", "")));
                lines
            }
            Event::Output { line, .. } if self.verbose => vec![format!("{:>20} | {line}", "")],
            Event::Progress { sent, of } => self.progress(stamped, *sent, *of),
            Event::Verdict(Verdict::Ok { .. } | Verdict::Stops(_))
            | Event::TaskStarted
            | Event::ActionStarted { .. }
            | Event::Output { .. }
            | Event::ActionEnded { .. } => Vec::new(),
            Event::TaskEnded { outcome: TaskOutcome::Failed { problem } } => {
                let mut lines = vec![row(stamped, "problem", "")];
                lines.extend(self.card(&stamped.place, problem));
                lines
            }
            Event::TaskEnded { outcome } => ended(stamped, outcome),
            Event::Trouble { problem } => self.card(&stamped.place, problem),
            Event::RunEnded { code, places, counts, next } => {
                let mut lines = vec![String::new()];
                let only_cost = counts.keys().filter(|place| !places.contains_key(*place));
                let all = places
                    .iter()
                    .map(|(place, word)| (place, word.as_str()))
                    .chain(only_cost.map(|place| (place, "")));
                lines.extend(all.map(|(place, word)| {
                    let word = if word == "same" { "already right" } else { word };
                    let cost = counts.get(place).map_or_else(String::new, |cost| {
                        let word = |count: usize, what: &str| {
                            format!("{count} {what}{}", if count == 1 { "" } else { "s" })
                        };
                        format!(
                            "   {}, {}, {}",
                            word(cost.connections, "connection"),
                            word(cost.execs, "exec"),
                            word(cost.streams, "stream")
                        )
                    });
                    format!("{place:<10} {word:<13}{cost}").trim_end().to_owned()
                }));
                lines.push(match code {
                    ExitCode::Done if places.values().all(|word| word == "same") => {
                        "nothing had to be changed".to_owned()
                    }
                    ExitCode::Done => "done".to_owned(),
                    ExitCode::Stopped => "stopped".to_owned(),
                    _ => "not every worker has joined".to_owned(),
                });
                let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                for one in told.1.shared() {
                    let (code, what) = (one.problem.code, &one.problem.what);
                    lines.push(format!(
                        "{code} on {}: {what}: {}",
                        one.places.len(),
                        alike::names(&one.places)
                    ));
                }
                lines.extend(next.iter().map(|line| format!("next: {line}")));
                lines
            }
        }
    }

    /// The card of a problem; where another place had the same before, only that.
    fn card(&self, place: &Place, problem: &Problem) -> Vec<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let host = told.0.get(&place.to_string()).cloned().unwrap_or_default();
        match told.1.add(place, &host, problem) {
            Some(first) if first != *place => {
                vec![format!("{}  the same as on {first}", problem.code)]
            }
            Some(_) | None => problem.card(place),
        }
    }

    fn progress(&self, stamped: &Stamped, sent: u64, of: u64) -> Vec<String> {
        let tenth = sent.saturating_mul(10).checked_div(of).unwrap_or(10);
        let mut tenths = self.tenths.lock().unwrap_or_else(PoisonError::into_inner);
        if tenths.insert(stamped.place.clone(), tenth) == Some(tenth) {
            return Vec::new();
        }
        vec![row(stamped, "sending", &format!("{} of {} MiB", sent >> 20, of >> 20))]
    }
}

fn ended(stamped: &Stamped, outcome: &TaskOutcome) -> Vec<String> {
    match outcome {
        TaskOutcome::Changed { actions: 1 } => vec![row(stamped, "changed", "1 action")],
        TaskOutcome::Changed { actions } => vec![row(stamped, "changed", &format!("{actions} actions"))],
        TaskOutcome::Same { evidence } => vec![row(stamped, "already right", evidence)],
        TaskOutcome::Proven { evidence } => vec![row(stamped, "proven", evidence)],
        TaskOutcome::NotProven { why } => vec![row(stamped, "unproven", why)],
        TaskOutcome::Skipped { why } => vec![row(stamped, "skipped", why)],
        TaskOutcome::Stopped => vec![row(stamped, "stopped", "")],
        TaskOutcome::Failed { problem } => {
            vec![row(stamped, "problem", &problem.code.to_string())]
        }
    }
}

impl Front for LineFront {
    fn emit(&self, event: &Stamped) {
        // A reader that went away must not stop the work.
        say::out(&self.text(event).iter().flat_map(|line| [line, "\n"]).collect::<String>());
    }
}
