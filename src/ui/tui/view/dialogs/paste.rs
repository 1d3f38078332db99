//! Texts of many lines that are pasted: workers, or certificates of an offline CA.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::tui::view::pane::block;
use crate::ui::tui::view::window::{centred, say};
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// So many lines that cannot be read are named at once.
const WRONG: usize = 4;

/// Workers, with what is wrong with the lines.
pub fn workers(frame: &mut Frame, model: &Model, text: &TextInput, wrong: &[String]) {
    let words = "One worker a line: 192.168.2.[1-3], worker[1-3] 192.168.2.[1-3], user@host:port, or lines \
                 of /etc/hosts. Ctrl-D adds them, Esc leaves them.";
    area(frame, model, "Paste many workers", words, text, wrong);
}

/// Certificates that an offline CA signed.
pub fn certificates(frame: &mut Frame, model: &Model, text: &TextInput) {
    let words = "Paste the certificates (PEM), any number of them, in any order. Each is checked against the \
                 key it is for. Ctrl-D gives them.";
    area(frame, model, "Certificates of the offline CA", words, text, &[]);
}

fn area(frame: &mut Frame, model: &Model, title: &str, words: &str, text: &TextInput, wrong: &[String]) {
    let theme = &model.window.theme;
    let rect = centred(
        model,
        90.min(model.window.size.0.saturating_sub(4)),
        model.window.size.1.saturating_sub(6).min(22),
    );
    frame.render_widget(Clear, rect);
    let (line, all) = text.at();
    let right = if all > 1 { format!("line {line} of {all}") } else { String::new() };
    let pane = block(*theme, title, &right, true, rect.width);
    let inner = pane.inner(rect);
    frame.render_widget(pane, rect);
    let width = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    say(model, &mut lines, Role::Dim, words, width);
    // What is mended first makes room for the rest.
    for line in wrong.iter().take(WRONG) {
        say(model, &mut lines, Role::Bad, line, width);
    }
    if wrong.len() > WRONG {
        let more = format!("and {} more lines that cannot be read", wrong.len().saturating_sub(WRONG));
        say(model, &mut lines, Role::Bad, &more, width);
    }
    let used = u16::try_from(lines.len()).unwrap_or(0);
    frame.render_widget(Unwrapped::new(lines), inner);
    let below = Rect::new(
        inner.x.saturating_add(1),
        inner.y.saturating_add(used).saturating_add(1),
        inner.width.saturating_sub(2),
        inner.height.saturating_sub(used).saturating_sub(1),
    )
    .intersection(inner);
    frame.render_widget(text.widget(), below);
}
