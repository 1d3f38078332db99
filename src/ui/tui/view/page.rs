//! What stands on a form screen, as rows: words, fields, what was seen.

use crate::ui::wizard::progress;
use ratatui::text::{Line, Span};

use crate::plan::place::Place;
use crate::step::StepState;
use crate::ui::output::wrap::wrap;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::wizard::form::by_label;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::look::{Inspection, Look, LookStatus, ProbeTarget};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// A row of a page.
pub enum PageRow<'a> {
    /// Words in a line of their own.
    Text(Line<'a>),
    /// The same, made only where it is seen: a list may have thousands.
    Later(Box<dyn Fn() -> Line<'a> + 'a>),
    /// A field.
    Field(Field),
    /// An empty row.
    Space,
}

/// A form.
pub struct Page<'a> {
    /// Its title.
    pub title: String,
    /// Words at the right end of the title.
    pub right: String,
    /// Cells of its lines.
    pub width: usize,
    /// Its rows.
    pub rows: Vec<PageRow<'a>>,
    /// The row of the chosen line of a list.
    pub chosen: Option<usize>,
}

impl<'a> Page<'a> {
    /// Words in a role, wrapped.
    pub fn say(&mut self, model: &Model, role: Role, text: &str, width: usize) {
        for line in wrap(text, width) {
            self.rows.push(PageRow::Text(Line::styled(format!(" {line}"), model.window.theme.style(role))));
        }
    }

    /// A line.
    pub fn line(&mut self, line: impl Into<Line<'a>>) {
        self.rows.push(PageRow::Text(line.into()));
    }

    /// A line that is made when it is seen.
    pub fn later(&mut self, line: impl Fn() -> Line<'a> + 'a) {
        self.rows.push(PageRow::Later(Box::new(line)));
    }

    /// An empty row.
    pub fn space(&mut self) {
        self.rows.push(PageRow::Space);
    }

    /// Lines with a sign by their role, as looks give them.
    pub fn seen(&mut self, model: &Model, lines: &[(Role, String)], width: usize) {
        for (role, text) in lines {
            let sign = match role {
                Role::Ok => model.window.theme.glyph(Glyph::Ok),
                Role::Bad => model.window.theme.glyph(Glyph::Bad),
                Role::Warn => model.window.theme.glyph(Glyph::Warn),
                _ => " ",
            };
            for (number, line) in wrap(text, width.saturating_sub(3)).into_iter().enumerate() {
                let sign = if number == 0 { sign } else { " " };
                let style = if matches!(role, Role::Ok) {
                    model.window.theme.style(Role::Text)
                } else {
                    model.window.theme.style(*role)
                };
                self.rows.push(PageRow::Text(Line::from(vec![
                    Span::styled(format!(" {sign} "), model.window.theme.style(*role)),
                    Span::styled(line, style),
                ])));
            }
        }
    }
}

/// A field, and below it what is wrong with its answer.
pub fn field(model: &Model, page: &mut Page<'_>, field: Field) {
    page.rows.push(PageRow::Field(field));
    if model.item() == Some(Item::Field(field)) {
        for line in wrap(field.help(), page.width.saturating_sub(4)) {
            page.line(Line::styled(format!("     {line}"), model.window.theme.style(Role::Dim)));
        }
    }
    if let Some((stops, words)) = model.remark_words(field, model.nav.row) {
        let role = if stops { Role::Bad } else { Role::Warn };
        let sign = model.window.theme.glyph(if stops { Glyph::Bad } else { Glyph::Warn });
        let lines = wrap(&words, page.width.saturating_sub(22));
        for (number, line) in lines.into_iter().enumerate() {
            let sign = if number == 0 { sign } else { " " };
            page.line(Line::styled(
                format!("{}{sign} {line}", " ".repeat(21)),
                model.window.theme.style(role),
            ));
        }
    }
}

/// What a look saw, with the way to the ways out.
pub fn look(model: &Model, page: &mut Page<'_>, target: &ProbeTarget, none: &str, width: usize) {
    let Some(look) = model.probes.looks.get(target) else {
        page.say(model, Role::Dim, none, width);
        return;
    };
    let Look { mood, lines, problem, stale, .. } = look;
    if *mood == LookStatus::Looking {
        let dots = ".".repeat(usize::try_from(model.window.ticks % 4).unwrap_or(0));
        page.say(
            model,
            Role::Running,
            &format!("{} looking{dots}", model.window.theme.glyph(Glyph::Running)),
            width,
        );
    } else if *stale {
        page.say(model, Role::Dim, "the answers have changed since this was seen; R looks again", width);
    }
    page.seen(model, lines, width);
    if let Some(problem) = problem {
        page.seen(model, &[(Role::Bad, format!("{} {}", problem.code, problem.what))], width);
        let evidence: Vec<(Role, String)> =
            problem.evidence.iter().map(|line| (Role::Dim, line.clone())).collect();
        page.seen(model, &evidence, width);
        for (number, way) in (1..).zip(&problem.ways) {
            page.seen(
                model,
                &[(Role::Text, format!("{number} {}", by_label::way(way, &Place::Local)))],
                width,
            );
        }
    }
}

/// The inspection's words when there is nothing to show of it.
pub fn inspection_words(model: &Model) -> Option<(Role, String)> {
    match &model.preview.inspection {
        Inspection::None => {
            Some((Role::Dim, "Not everything is answered yet, so the hosts were not looked at.".to_owned()))
        }
        Inspection::Looking => {
            let dots = ".".repeat(usize::try_from(model.window.ticks % 4).unwrap_or(0));
            Some((
                Role::Running,
                format!("{} looking at every host{dots}", model.window.theme.glyph(Glyph::Running)),
            ))
        }
        Inspection::Failed(problem) => Some((Role::Bad, format!("{} {}", problem.code, problem.what))),
        Inspection::Seen { .. } => None,
    }
}

/// What the inspection of every host says of itself, if anything.
pub fn inspection_note(model: &Model, page: &mut Page<'_>, width: usize) {
    if let Some((role, words)) = inspection_words(model) {
        page.seen(model, &[(role, words)], width);
        if let Inspection::Failed(problem) = &model.preview.inspection {
            let lines: Vec<(Role, String)> =
                problem.evidence.iter().map(|line| (Role::Dim, line.clone())).collect();
            page.seen(model, &lines, width);
        }
    } else if matches!(model.preview.inspection, Inspection::Seen { stale: true, .. }) {
        page.say(model, Role::Dim, "the answers have changed since; R looks again", width);
    }
}

/// What was seen of these steps on a place.
pub fn states(model: &Model, page: &mut Page<'_>, place: &Place, ids: &[&str], width: usize) {
    let Some(seen) = model.preview.inspection.seen() else { return };
    let Some(seen) = seen.iter().find(|seen| seen.place == *place) else { return };
    for id in ids {
        let Some(state) = seen.looked.iter().find(|one| one.step.id().0 == *id).map(|one| &one.state) else {
            continue;
        };
        let title = progress::title(id).to_owned();
        match state {
            StepState::Done(evidence) => {
                page.seen(model, &[(Role::Ok, format!("{title}: already right, {evidence}"))], width);
            }
            StepState::Todo(actions) => {
                page.seen(model, &[(Role::Changed, format!("{title}: {} to do", actions.len()))], width);
                for action in actions {
                    page.seen(model, &[(Role::Added, format!("  + {}", action.title()))], width);
                }
            }
            StepState::Blocked(problem) => {
                page.seen(model, &[(Role::Bad, format!("{} {}", problem.code, problem.what))], width);
                let lines: Vec<(Role, String)> =
                    problem.evidence.iter().map(|line| (Role::Dim, line.clone())).collect();
                page.seen(model, &lines, width);
            }
            StepState::Await(_) => page.seen(model, &[(Role::Dim, format!("{title}: proven in Run"))], width),
        }
    }
    if let Some(problem) = &seen.problem {
        page.seen(model, &[(Role::Warn, format!("{} {}", problem.code, problem.what))], width);
    }
}
