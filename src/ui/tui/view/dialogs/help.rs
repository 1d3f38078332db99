//! Help: the keys that are possible now, and the glossary.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use crate::ui::output::wrap::wrap;
use crate::ui::tui::text::fill;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::{centred, dialog, say};
use crate::ui::wizard::dialogs::explain as texts;
use crate::ui::wizard::keymap;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// Its lines from `scroll` on.
pub fn draw(frame: &mut Frame, model: &Model, scroll: usize) {
    let theme = &model.window.theme;
    let area = centred(model, 84.min(model.window.size.0), model.window.size.1.saturating_sub(2));
    let width = usize::from(area.width).saturating_sub(4);
    let mut lines = Vec::new();
    if let Some(demo) = model.demo.as_ref().filter(|demo| !demo.about.is_empty()) {
        say(model, &mut lines, Role::Key, &format!("The demo {}", demo.name), width);
        say(model, &mut lines, Role::Text, &demo.about, width);
        lines.push(Line::raw(""));
    }
    say(model, &mut lines, Role::Key, "Keys possible now", width);
    for binding in keymap::possible(model) {
        let names: Vec<String> = binding.keys.iter().map(|key| keymap::name(*key)).collect();
        for (number, text) in wrap(binding.long, width.saturating_sub(18)).into_iter().enumerate() {
            let head = if number == 0 { names.join(", ") } else { String::new() };
            lines.push(Line::from(vec![
                Span::styled(format!(" {} ", fill(&head, 15)), theme.style(Role::Key)),
                Span::raw(text),
            ]));
        }
    }
    lines.push(Line::raw(""));
    for text in [
        "Arrows move between fields and rows; hjkl, g and G do too outside of fields.",
        "Everything is in the command menu as well (Ctrl-K or :), for terminals that eat keys.",
        "Signs: a terminal set to wide ambiguous characters (CJK locales) needs --ascii.",
    ] {
        say(model, &mut lines, Role::Dim, text, width);
    }
    lines.push(Line::raw(""));
    say(model, &mut lines, Role::Key, "Glossary", width);
    for (word, meaning) in texts::glossary() {
        for (number, text) in wrap(&meaning, width.saturating_sub(18)).into_iter().enumerate() {
            let head = if number == 0 { word.as_str() } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!(" {} ", fill(head, 15)), theme.style(Role::Accent)),
                Span::raw(text),
            ]));
        }
    }
    dialog(frame, model, "Help", "Up, Down, Esc", lines, scroll, area);
}
