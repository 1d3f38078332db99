//! The review: every action by place and step, in detail by its number, and the word that carries it out.

use super::dialogue::{Dialogue, DialogueEnd, Leave, MenuRow};
use crate::engine::PlacePreview;
use crate::engine::inspect::StepOutcome;
use crate::host::plain_action;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Verdict};
use crate::step::StepState;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::form::{by_label, target};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::intent::LineFor;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::review_table;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::review;
use crate::ui::wizard::validation;

/// A step as a line.
pub(super) fn step(looked: &StepOutcome, seen: &PlacePreview) -> (Role, String) {
    let title = looked.step.title();
    if let Some(problem) = looked.blocked() {
        return (Role::Bad, format!("{title}: {} {}", problem.code, problem.what));
    }
    match &looked.state {
        StepState::Done(evidence) => (Role::Ok, format!("{title}: already right, {evidence}")),
        StepState::Await(_) => (Role::Text, format!("{title}: is waited for")),
        // It is in the way, which was said above.
        StepState::Blocked(_) => (Role::Bad, title.to_owned()),
        StepState::Todo(actions) => {
            let (sign, _) = review::sign(looked, seen);
            let risk = match sign {
                "! replaces" => "replaces what others made",
                "! cannot be revoked" => "cannot be revoked",
                "~ restarts" => "restarts what runs",
                "~ copy kept" => "changes, the old is kept",
                _ => "adds",
            };
            let count = actions.len();
            (Role::Text, format!("{title}: {}, {risk}", super::run::count(count, "action")))
        }
    }
}

/// What the menu does next.
enum Next {
    /// Say everything again.
    Again,
    /// Only ask again.
    Ask,
}

impl Dialogue {
    /// The screen of all actions.
    pub(super) fn review(&mut self) -> DialogueEnd {
        self.heading();
        loop {
            self.settle()?;
            self.plan_in_lines();
            loop {
                let next = self.review_menu()?;
                if self.model.nav.screen != Screen::Review {
                    return Ok(());
                }
                if matches!(next, Next::Again) {
                    break;
                }
            }
        }
    }

    fn plan_in_lines(&mut self) {
        let problem = match &self.model.preview.inspection {
            Inspection::Failed(problem) => Some(problem.clone()),
            Inspection::None | Inspection::Looking | Inspection::Seen { .. } => None,
        };
        if let Some(problem) = problem {
            self.problem(&problem, None);
            return;
        }
        let Inspection::Seen { at, .. } = &self.model.preview.inspection else {
            self.voice.say("Not everything is answered yet:");
            let missing: Vec<String> = self
                .model
                .form
                .issues
                .iter()
                .filter(|remark| remark.stops)
                .map(|remark| {
                    format!("{} {}; {}", self.model.field_name(&remark.field), remark.what, remark.cure)
                })
                .collect();
            for line in missing {
                self.voice.role(Role::Bad, &line);
            }
            return;
        };
        self.voice.say(&format!("Looked at {at}."));
        let mut lines: Vec<(usize, Role, String)> = Vec::new();
        let mut place: Option<&Place> = None;
        let mut same: Vec<&str> = Vec::new();
        let flush = |same: &mut Vec<&str>, lines: &mut Vec<(usize, Role, String)>| {
            if !same.is_empty() {
                lines.push((2, Role::Text, format!("already right: {}", same.join(", "))));
                same.clear();
            }
        };
        let rows = review::rows(&self.model);
        for (number, row) in (1..).zip(rows.iter()) {
            if place != Some(&row.seen.place) {
                flush(&mut same, &mut lines);
                place = Some(&row.seen.place);
                lines.push((0, Role::Text, format!("{} ({})", row.seen.place, row.seen.host)));
                if let Some(problem) = &row.seen.problem {
                    lines.push((2, Role::Bad, format!("{} {}", problem.code, problem.what)));
                }
            }
            let Some(looked) = row.looked else { continue };
            let warnings = looked.verdicts.iter().filter_map(|verdict| match verdict {
                Verdict::Warning { about, seen, cure } => Some(format!("{about}: {seen}; {cure}")),
                Verdict::Ok { .. } | Verdict::Stops(_) => None,
            });
            lines.extend(warnings.map(|line| (2, Role::Warn, line)));
            if matches!(looked.state, StepState::Done(_)) && looked.blocked().is_none() {
                same.push(looked.step.title());
            } else {
                let (role, text) = step(looked, row.seen);
                lines.push((2, Role::Text, format!("{number} {}{text}", super::voice::word(role))));
            }
        }
        flush(&mut same, &mut lines);
        let count = review::counted(&self.model);
        for (indent, role, line) in lines {
            let line = format!("{}{line}", super::voice::word(role));
            self.voice.say_in(indent, &line);
        }
        self.voice.say(&format!(
            "{} on {}, {} with a problem; {} as they should be.",
            super::run::count(count.actions, "action"),
            super::run::count(count.places, "place"),
            count.problems,
            super::run::count(count.same, "step"),
        ));
    }

    fn review_menu(&mut self) -> DialogueEnd<Next> {
        let seen = self.model.preview.inspection.seen().is_some();
        let ready = validation::plan(&self.model).is_some();
        let pace = if self.model.run.guided {
            "pace: step by step, it asks before each"
        } else {
            "pace: all at once"
        };
        let mut ways: Vec<MenuRow<'_>> = Vec::new();
        if seen && !self.model.run.read_only {
            ways.push(("a", "apply"));
        }
        if seen {
            ways.extend([
                ("d N", "line N in full"),
                ("e N", "change the answer behind it"),
                ("x FILE", "write a script that does the same"),
            ]);
        }
        if !ready {
            ways.push(("1", "to what is missing"));
        }
        ways.extend([("s FILE", "save the plan"), ("l", "look again"), ("g", pace), ("b", "back")]);
        let (word, rest) = self.choose(&ways, None)?;
        match word.as_str() {
            "a" => return self.apply(),
            "d" => {
                if let Some(row) = self.review_row(&rest)? {
                    self.intent(&Intent::Choose(row));
                    self.detail();
                }
            }
            "e" => {
                if let Some(row) = self.review_row(&rest)? {
                    self.intent(&Intent::Choose(row));
                    self.intent(&Intent::Confirm);
                }
            }
            "x" => self.write_to(LineFor::Export, &rest)?,
            "s" => self.write_to(LineFor::SavePlan, &rest)?,
            "g" => {
                self.intent(&Intent::Command(Command::Pace));
            }
            "l" => {
                self.intent(&Intent::Command(Command::Look));
                return Ok(Next::Again);
            }
            "1" => {
                let field = self.model.form.issues.iter().find(|remark| remark.stops);
                if let Some(screen) = field.map(|remark| target::screen_of(&remark.field)) {
                    self.intent(&Intent::Go(screen));
                }
            }
            _ => {
                self.intent(&Intent::Command(Command::Back));
            }
        }
        Ok(Next::Ask)
    }

    /// Writes a file; a name that is not given is asked for.
    pub(super) fn write_to(&mut self, what: LineFor, name: &str) -> DialogueEnd {
        if name.is_empty() {
            let command = match what {
                LineFor::Export => Command::Export,
                LineFor::Summary => Command::Summary,
                _ => Command::SavePlan,
            };
            self.intent(&Intent::Command(command));
            return self.overlays();
        }
        self.file(what, name)
    }

    fn review_row(&mut self, text: &str) -> DialogueEnd<Option<usize>> {
        let count = review::rows(&self.model).len();
        let mut text = text.to_owned();
        loop {
            if let Ok(number) = text.parse::<usize>()
                && (1..=count).contains(&number)
            {
                return Ok(Some(number.saturating_sub(1)));
            }
            if !text.is_empty() {
                self.voice.role(Role::Bad, &format!("write a number from 1 to {count}"));
            }
            text = self.read("Which line, Enter for none:")?;
            if text.is_empty() {
                return Ok(None);
            }
        }
    }

    /// A line of the review with everything that is run and how it is taken back.
    fn detail(&mut self) {
        /// What one action says.
        struct Told {
            title: String,
            shell: String,
            undo: String,
        }
        let mut head = String::new();
        let mut told: Vec<Told> = Vec::new();
        let mut problem: Option<(Place, Problem)> = None;
        if let Some(row) = review::rows(&self.model).get(self.model.preview.row) {
            head = row.seen.place.to_string();
            let place = row.seen.place.clone();
            problem = row.seen.problem.clone().map(|problem| (place.clone(), problem));
            if let Some(looked) = row.looked {
                let (role, text) = step(looked, row.seen);
                head = format!("{head}: {}{text}", super::voice::word(role));
                problem = looked.blocked().cloned().map(|problem| (place, problem));
                told = review_table::actions(looked)
                    .iter()
                    .map(|action| Told {
                        title: action.title(),
                        shell: plain_action(action),
                        undo: review::undo_words(action, row.seen),
                    })
                    .collect();
            }
        }
        self.voice.say(&head);
        if let Some((place, problem)) = problem {
            self.problem(&problem, None);
            for way in &problem.ways {
                self.voice.say_in(2, &format!("a way out: {}", by_label::way(way, &place)));
            }
        }
        for (number, one) in (1..).zip(told) {
            self.voice.say_in(2, &format!("{number} {}", one.title));
            self.voice.shell(&one.shell);
            self.voice.say_in(4, &format!("undo: {}", one.undo));
        }
        for (role, line) in review::diff(&self.model) {
            self.voice.role(role, &line);
        }
    }

    fn apply(&mut self) -> DialogueEnd<Next> {
        self.intent(&Intent::Command(Command::Apply));
        self.overlays()?;
        if let Some(code) = self.leaving {
            return Err(Leave::Code(code));
        }
        Ok(if matches!(self.model.preview.inspection, Inspection::Looking) { Next::Again } else { Next::Ask })
    }
}
