//! The problem of a look, with its ways.

use crate::ui::wizard::remedy;
use ratatui::Frame;
use ratatui::text::Line;

use crate::ui::tui::view::window::{centred, choose, dialog, say};
use crate::ui::wizard::dialogs::problem::ProblemDialog;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// What, evidence, and the numbered ways.
pub fn draw(frame: &mut Frame, model: &Model, dialog_of: &ProblemDialog) {
    let ProblemDialog { target, problem, at } = dialog_of;
    let width = 76.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    say(model, &mut lines, Role::Text, &problem.what, inside);
    for line in &problem.evidence {
        say(model, &mut lines, Role::Dim, &format!("  {line}"), inside);
    }
    lines.push(Line::raw(""));
    let choices = remedy::look_choices(problem, target);
    choose(model, &mut lines, choices.iter().map(|choice| choice.text.as_str()), *at, inside);
    let height = u16::try_from(lines.len()).unwrap_or(20).saturating_add(2);
    let rect = centred(model, width, height);
    dialog(frame, model, problem.code.as_str(), "Enter takes the way, Esc closes", lines, 0, rect);
}
