//! Lists in parts of the window that may be too small for them: their lines, how many of them fit, and which are
//! shown. Whatever scrolls is counted in lines, so that a long entry hides nothing.

use crate::plan::problem::Problem;
use crate::ui::output::wrap::{indented, wrap};
use crate::ui::wizard::dialogs::ask::AskDialog;
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::dialogs::mend::MendDialog;
use crate::ui::wizard::intent::PageSize;
use crate::ui::wizard::layout::{centred, run_parts};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::progress;
use crate::ui::wizard::question::Question;
use crate::ui::wizard::remedy::RemedyChoice;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::Trouble;

/// Lines, and how many of them fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// All of them, wrapped.
    pub lines: Vec<String>,
    /// So many are shown at once.
    pub rows: usize,
}

impl Listing {
    /// The first line of the last page.
    pub fn last_top(&self) -> usize {
        self.lines.len().saturating_sub(self.rows)
    }

    /// Its pages.
    pub fn pages(&self) -> PageSize {
        PageSize { last_top: self.last_top(), rows: self.rows }
    }

    /// The first line shown, when this one was asked for.
    pub fn top(&self, asked: usize) -> usize {
        asked.min(self.last_top())
    }
}

/// How many are hidden above and below, in words; `None` = all is shown.
pub fn hidden_words(top: usize, all: usize, rows: usize) -> Option<String> {
    let below = all.saturating_sub(top.saturating_add(rows));
    match (top, below) {
        (0, 0) => None,
        (0, below) => Some(format!("{below} more below")),
        (above, 0) => Some(format!("{above} more above")),
        (above, below) => Some(format!("{above} more above, {below} more below")),
    }
}

/// The first of so many rows that are shown, given which has the keys: it is in view, and as little moves as can be.
pub fn window(at: usize, all: usize, rows: usize) -> usize {
    at.saturating_add(1).saturating_sub(rows).min(all.saturating_sub(rows))
}

/// Rows inside a window over the screen that is as high as it may be.
fn inside(size: (u16, u16)) -> usize {
    usize::from(centred(size, 0, u16::MAX).height.saturating_sub(2))
}

/// The width of words in a window over the screen of so many cells.
fn width(size: (u16, u16), wanted: u16) -> usize {
    usize::from(wanted.min(size.0.saturating_sub(4))).saturating_sub(4)
}

fn wrapped(texts: &[String], indent: &str, width: usize) -> Vec<String> {
    texts.iter().flat_map(|text| wrap(&format!("{indent}{text}"), width)).collect()
}

/// What a confirm lists: what is replaced.
pub fn confirm(model: &Model, dialog: &ConfirmDialog) -> Listing {
    let Confirm::Replace { actions, .. } = &dialog.what;
    let lines = wrapped(actions, "  ", width(model.window.size, 76));
    // Its question, its hint, the name to type and the buttons stay.
    Listing { lines, rows: inside(model.window.size).saturating_sub(12).clamp(1, 10) }
}

/// What a repair runs.
pub fn mend(model: &Model, dialog: &MendDialog) -> Listing {
    let width = width(model.window.size, 78);
    let lines = dialog.lines().iter().flat_map(|line| indented(line, width)).collect();
    Listing { lines, rows: inside(model.window.size).saturating_sub(6).clamp(1, 16) }
}

/// What a question says that may be long: what is asked for, what is known of a host key, the actions of the next step
/// at the guided pace, or everything that is taken back.
pub fn asked(model: &Model, ask: &AskDialog) -> Listing {
    let width = width(model.window.size, 78);
    let inside = inside(model.window.size);
    match &ask.question {
        Question::GoOn { actions, .. } => {
            let lines = (1..).zip(actions).flat_map(|(number, action)| {
                let mut lines = action.lines();
                let title = lines.next().unwrap_or_default().to_owned();
                let shell = lines.map(|line| format!("    {line}"));
                std::iter::once(format!("{number} {title}")).chain(shell).collect::<Vec<_>>()
            });
            let lines = lines.flat_map(|line| indented(&line, width)).collect();
            Listing { lines, rows: inside.saturating_sub(11).clamp(1, 12) }
        }
        Question::TakeBack(list) => {
            let lines = list.lines.iter().flat_map(|line| indented(line, width)).collect();
            // What stays, the name to type, the field and the buttons have their rows.
            Listing { lines, rows: inside.saturating_sub(9).clamp(1, 22) }
        }
        Question::Secret { prompt } => {
            // The field, what becomes of it, and what is hidden stay.
            Listing { lines: wrap(prompt, width), rows: inside.saturating_sub(6).max(1) }
        }
        Question::Trust { note, .. } => {
            // The host, its key, where it can be compared and the answers stay.
            Listing { lines: wrap(note, width), rows: inside.saturating_sub(13).max(1) }
        }
    }
}

/// What was found, and the ways out below it: both lists may be long, and each leaves room for the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// What was seen.
    pub seen: Listing,
    /// So many lines the ways have.
    pub ways: usize,
}

/// The problem of a look, given how many lines its ways take.
pub fn problem(size: (u16, u16), problem: &Problem, ways: usize) -> Found {
    let width = width(size, 76);
    let mut lines = wrap(&problem.what, width);
    lines.extend(wrapped(&problem.evidence, "  ", width));
    // An empty line between, and what is hidden of each.
    split(lines, ways, inside(size).saturating_sub(3))
}

fn split(lines: Vec<String>, ways: usize, room: usize) -> Found {
    let ways = ways.min(room.saturating_sub(lines.len()).max(room / 2).max(1));
    let rows = room.saturating_sub(ways).max(1);
    Found { seen: Listing { lines, rows }, ways }
}

/// Lines that numbered choices take, at most so wide.
pub fn choice_lines(choices: &[RemedyChoice], size: (u16, u16)) -> usize {
    let width = width(size, 76).saturating_sub(6);
    choices.iter().map(|choice| wrap(&choice.text, width).len()).sum()
}

/// Cells of the words beside their names on the card of a problem.
pub fn card_width(width: u16) -> usize {
    usize::from(width).saturating_sub(4).saturating_sub(16)
}

/// What happened, in lines, on the card of a problem.
pub fn what_happened(trouble: &Trouble, width: usize) -> Vec<String> {
    let step =
        trouble.step.map_or_else(String::new, |step| format!("Step \"{}\": ", progress::title(step.0)));
    wrap(&format!("{step}{}", trouble.problem.what), width)
}

/// Lines of what happened that the card always shows; the rest comes before the evidence.
pub const HAPPENED: usize = 3;

/// The evidence on the card of the problem that is shown, after what of it has no room above.
pub fn card(model: &Model) -> Found {
    let Some(trouble) = progress::shown(model) else { return Found::default() };
    let (_, _, area) = run_parts(model);
    let width = card_width(area.width);
    let what = what_happened(trouble, width);
    let mut lines: Vec<String> = what.iter().skip(HAPPENED).cloned().collect();
    lines.extend(wrapped(&trouble.problem.evidence, "", width));
    // What happened, what was done already, and what is hidden of each list stay.
    let room =
        usize::from(area.height).saturating_sub(2).saturating_sub(what.len().min(HAPPENED)).saturating_sub(3);
    split(lines, progress::choices(model).len().saturating_add(1), room)
}

/// What stands below the matrix of the run: what an offline CA waits for, and what is waited for with its deadline.
pub fn notes(model: &Model, width: usize) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    if let Some(offline) = &model.run.offline {
        let come = offline.waiting.iter().filter(|(_, come)| *come).count();
        let words = format!(
            "{} of {} certificates have come from the offline CA. There: {}",
            come,
            offline.waiting.len(),
            offline.command
        );
        let room = width.saturating_sub(2);
        lines.push((Role::Text, String::new()));
        lines.extend(wrap(&words, room).into_iter().map(|line| (Role::Warn, format!(" {line}"))));
        lines.push((Role::Code, format!(" requests: {}", offline.folder)));
        lines.extend(wrap(&offline.said, room).into_iter().map(|line| (Role::Bad, format!(" {line}"))));
        lines.push((Role::Key, " c gives certificates; y copies the command".to_owned()));
    }
    let running = model.run.cells.running().filter(|(.., cell)| !cell.words.is_empty());
    for (place, id, cell) in running.take(4_usize.saturating_sub(lines.len())) {
        lines.push((Role::Dim, format!(" {place}, {}: {}", progress::title(id), cell.words)));
    }
    if !model.buttons().is_empty() {
        lines.push((Role::Text, String::new()));
    }
    lines
}

/// The first step of the run that is shown: where the person moved it, else the rows that matter now are in view.
pub fn matrix_top(model: &Model) -> usize {
    let (all, rows) = (progress::steps(model).count(), matrix_rows(model));
    let usual = || {
        let active = model.run.cells.active_steps();
        let at = progress::steps(model).position(|step| active.contains(step.id().0));
        let end = if model.run.ended.is_some() { all } else { 0 };
        at.unwrap_or(end).saturating_sub(rows / 2)
    };
    model.run.top.unwrap_or_else(usual).min(all.saturating_sub(rows))
}

/// Steps of the run that are shown at once.
pub fn matrix_rows(model: &Model) -> usize {
    let (area, _, _) = run_parts(model);
    let below = notes(model, usize::from(area.width.saturating_sub(2))).len();
    usize::from(area.height).saturating_sub(3).saturating_sub(below)
}
