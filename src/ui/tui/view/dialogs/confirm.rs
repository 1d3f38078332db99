//! What cannot be made again is confirmed by typing the host's name.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::plan::place::Place;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::window::{centred, dialog, field, say};
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::model::{Confirm, Model};
use crate::ui::wizard::role::Role;

/// What is lost, the name that is typed, and the two buttons.
pub fn draw(frame: &mut Frame, model: &Model, what: &Confirm, typed: &TextInput, yes: bool) {
    let theme = &model.window.theme;
    let width = 76.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    let (title, host, verb) = match what {
        Confirm::Replace { host, actions, .. } => {
            say(
                model,
                &mut lines,
                Role::Text,
                "gangplank did not make these, and cannot make them again:",
                inside,
            );
            for action in actions.iter().take(10) {
                say(model, &mut lines, Role::Code, &format!("  {action}"), inside);
            }
            say(
                model,
                &mut lines,
                Role::Dim,
                "The old files are kept on the host for undo: u on the Run screen puts them back.",
                inside,
            );
            (format!("! Replace something on {host}?"), host, "Replace")
        }
        Confirm::Undo { host } => {
            let place = Place::Worker(host.clone());
            say(
                model,
                &mut lines,
                Role::Text,
                &format!("Everything gangplank did on {host} is taken back, newest first:"),
                inside,
            );
            match model.run.changed.get(&place).map(Vec::as_slice) {
                Some(changed) if !changed.is_empty() => {
                    for action in changed.iter().rev().take(10) {
                        say(model, &mut lines, Role::Code, &format!("  {action}"), inside);
                    }
                    let more = changed.len().saturating_sub(10);
                    if more > 0 {
                        say(model, &mut lines, Role::Dim, &format!("  and {more} more"), inside);
                    }
                }
                _ => {
                    say(
                        model,
                        &mut lines,
                        Role::Code,
                        "  what its record in /var/lib/gangplank says",
                        inside,
                    );
                }
            }
            say(
                model,
                &mut lines,
                Role::Dim,
                "Its kubelet stops, its containers and its node go. An issued certificate stays valid until it ends.",
                inside,
            );
            (format!("! Undo on {host}?"), host, "Undo")
        }
    };
    lines.push(Line::raw(""));
    say(model, &mut lines, Role::Text, &format!("Type {host} to go on:"), inside);
    lines.push(Line::raw(""));
    lines.push(Line::raw(""));
    let right = typed.first().trim() == host;
    let locked = if right { verb.to_owned() } else { format!("{verb} (locked)") };
    let cancel =
        if yes { "  [ Cancel ]".to_owned() } else { format!("{} [ Cancel ]", theme.glyph(Glyph::Here)) };
    let go =
        if yes { format!("{} [ {locked} ]", theme.glyph(Glyph::Here)) } else { format!("  [ {locked} ]") };
    lines.push(Line::from(vec![
        Span::raw("   "),
        Span::styled(cancel, theme.style(if yes { Role::Text } else { Role::Focus })),
        Span::raw("   "),
        Span::styled(go, theme.style(if yes { Role::Focus } else { Role::Dim })),
    ]));
    let height = u16::try_from(lines.len()).unwrap_or(12).saturating_add(2);
    let rect = centred(model, width, height);
    let row = u16::try_from(lines.len()).unwrap_or(6).saturating_sub(2);
    dialog(frame, model, &title, "Esc cancels", lines, 0, rect);
    let at = Rect::new(rect.x.saturating_add(2), rect.y.saturating_add(row), width.saturating_sub(4), 1);
    field(frame, model, "", typed, at);
}
