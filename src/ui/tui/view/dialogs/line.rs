//! One line to type, such as a file name.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::ui::tui::view::window::{centred, dialog, field, say};
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::intent::LineFor;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// What it is for, and the line.
pub fn draw(frame: &mut Frame, model: &Model, what: LineFor, text: &TextInput) {
    let (title, words) = match what {
        LineFor::OpenPlan => ("Open a plan file", "The path of a plan.yaml."),
        LineFor::SavePlan => {
            ("Save the plan", "It is the same file that `gangplank apply` takes. No secret is in it.")
        }
        LineFor::Export => ("Export a script", "A readable shell script that does the same by hand."),
        LineFor::Summary => {
            ("Save a summary", "Markdown: what was wrong, the evidence, what was changed, and how it is now.")
        }
        LineFor::Login => (
            "Which worker comes back?",
            "What is there is read; no plan is needed. Its login as for ssh: root@10.0.0.11, core@host:22.",
        ),
        LineFor::Search => ("Search in the output", "Case counts only with upper-case letters."),
    };
    let width = 78.min(model.window.size.0.saturating_sub(4));
    let mut lines = Vec::new();
    say(model, &mut lines, Role::Dim, words, usize::from(width).saturating_sub(4));
    let rect = centred(model, width, 5);
    dialog(frame, model, title, "Enter, Esc", lines, 0, rect);
    let at = Rect::new(rect.x.saturating_add(1), rect.y.saturating_add(3), width.saturating_sub(2), 1);
    field(frame, model, "", text, at);
}
