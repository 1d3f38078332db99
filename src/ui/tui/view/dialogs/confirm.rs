//! What cannot be made again is confirmed by typing the host's name.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::window::{centred, dialog, field, hidden, say};
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::listing::{self, Listing};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// What is lost, the name that is typed, and the two buttons.
pub fn draw(frame: &mut Frame, model: &Model, confirm: &ConfirmDialog) {
    let ConfirmDialog { what, typed, yes, scroll } = confirm;
    let listed = listing::confirm(model, confirm);
    let width = 76.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    let Confirm::Replace { host, .. } = what;
    let made = "gangplank did not make these, and cannot make them again:";
    say(model, &mut lines, Role::Text, made, inside);
    list(model, &mut lines, &listed, *scroll, inside);
    let kept = "The old files are kept on the host: u on the Run screen puts them back.";
    say(model, &mut lines, Role::Dim, kept, inside);
    let title = format!("! Replace something on {host}?");
    lines.push(Line::raw(""));
    say(model, &mut lines, Role::Text, &format!("Type {host} to go on:"), inside);
    lines.push(Line::raw(""));
    lines.push(Line::raw(""));
    let right = confirm.is_right();
    lines.push(buttons(model, "Replace", right, *yes));
    let height = u16::try_from(lines.len()).unwrap_or(12).saturating_add(2);
    let rect = centred(model, width, height);
    let row = u16::try_from(lines.len()).unwrap_or(6).saturating_sub(2);
    dialog(frame, model, &title, "Esc cancels", lines, 0, rect);
    let at = Rect::new(rect.x.saturating_add(2), rect.y.saturating_add(row), width.saturating_sub(4), 1);
    field(frame, model, "", typed, at);
}

/// Actions from the first line shown, and how many are hidden.
fn list(model: &Model, lines: &mut Vec<Line<'static>>, listed: &Listing, scroll: usize, width: usize) {
    let top = listed.top(scroll);
    for line in listed.lines.iter().skip(top).take(listed.rows) {
        lines.push(Line::styled(format!(" {line}"), model.window.theme.style(Role::Code)));
    }
    hidden(model, lines, top, listed.lines.len(), listed.rows, width);
}

/// Cancel, and the button that is locked until the name stands there.
pub fn buttons(model: &Model, verb: &str, right: bool, yes: bool) -> Line<'static> {
    let theme = &model.window.theme;
    let locked = if right { verb.to_owned() } else { format!("{verb} (locked)") };
    let here = |on: bool| if on { theme.glyph(Glyph::Here) } else { " " };
    Line::from(vec![
        Span::raw("   "),
        Span::styled(
            format!("{} [ Cancel ]", here(!yes)),
            theme.style(if yes { Role::Text } else { Role::Focus }),
        ),
        Span::raw("   "),
        Span::styled(
            format!("{} [ {locked} ]", here(yes)),
            theme.style(if yes { Role::Focus } else { Role::Dim }),
        ),
    ])
}
