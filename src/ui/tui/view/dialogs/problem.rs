//! The problem of a look, with its ways.

use crate::ui::wizard::remedy;
use ratatui::Frame;
use ratatui::text::Line;

use crate::ui::output::wrap::wrap;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::{centred, choose_within, dialog, hidden};
use crate::ui::wizard::dialogs::problem::ProblemDialog;
use crate::ui::wizard::listing;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// What, evidence, and the numbered ways.
pub fn draw(frame: &mut Frame, model: &Model, dialog_of: &ProblemDialog) {
    let ProblemDialog { target, problem, at, scroll } = dialog_of;
    let width = 76.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let choices = remedy::look_choices(problem, target);
    let size = model.window.size;
    let found = listing::problem(size, problem, listing::choice_lines(&choices, size));
    let what = wrap(&problem.what, inside).len();
    let top = found.seen.top(*scroll);
    let mut lines = Vec::new();
    for (number, line) in found.seen.lines.iter().enumerate().skip(top).take(found.seen.rows) {
        let role = if number < what { Role::Text } else { Role::Dim };
        lines.push(Line::styled(format!(" {line}"), model.window.theme.style(role)));
    }
    hidden(model, &mut lines, top, found.seen.lines.len(), found.seen.rows, inside);
    lines.push(Line::raw(""));
    let texts = choices.iter().map(|choice| choice.text.as_str());
    choose_within(model, &mut lines, texts, *at, inside, found.ways);
    let height = u16::try_from(lines.len()).unwrap_or(20).saturating_add(2);
    let rect = centred(model, width, height);
    dialog(frame, model, problem.code.as_str(), "Enter takes the way, Esc closes", lines, 0, rect);
}
