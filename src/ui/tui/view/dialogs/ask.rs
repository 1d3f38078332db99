//! What somebody waits for: a secret, a new host key, the next step of a guided run.

use crate::ui::wizard::progress;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::confirm::buttons;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::window::{centred, choose, choose_by_arrows, dialog, field, hidden, say};
use crate::ui::wizard::dialogs::ask::AskDialog;
use crate::ui::wizard::listing;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::question::Question;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::texts;
use crate::ui::wizard::undoing::TakeBackList;

/// The question, what is typed, and the chosen answer.
pub fn draw(frame: &mut Frame, model: &Model, ask: &AskDialog) {
    let AskDialog { question, typed, at, .. } = ask;
    let width = 78.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    match question {
        Question::Secret { .. } => {
            listed(model, &mut lines, ask, Role::Text, inside);
            let first = u16::try_from(lines.len()).unwrap_or(1).saturating_add(2);
            lines.push(Line::raw(""));
            lines.push(Line::raw(""));
            lines.push(Line::raw(""));
            say(
                model,
                &mut lines,
                Role::Dim,
                "It is kept in memory only, asked for once, and never written.",
                inside,
            );
            let height = u16::try_from(lines.len()).unwrap_or(6).saturating_add(2);
            let rect = centred(model, width, height);
            dialog(frame, model, "A secret is needed", "Enter gives it, Esc does not", lines, 0, rect);
            let at =
                Rect::new(rect.x.saturating_add(2), rect.y.saturating_add(first), width.saturating_sub(4), 1);
            field(frame, model, "", typed, at);
        }
        Question::Trust { host, kind, fingerprint, .. } => {
            say(
                model,
                &mut lines,
                Role::Text,
                &format!("{host} is not known yet. It shows the {kind} key"),
                inside,
            );
            lines.push(Line::raw(""));
            say(model, &mut lines, Role::Code, fingerprint, inside);
            lines.push(Line::raw(""));
            listed(model, &mut lines, ask, Role::Warn, inside);
            say(
                model,
                &mut lines,
                Role::Dim,
                "On that machine this prints it: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
                inside,
            );
            lines.push(Line::raw(""));
            let choices = ["It is the machine I mean: remember its key", "Only this once", "Do not connect"];
            choose_by_arrows(model, &mut lines, choices.into_iter(), *at, inside);
            let height = u16::try_from(lines.len()).unwrap_or(10).saturating_add(2);
            dialog(
                frame,
                model,
                "A new host key",
                "Enter, Esc does not connect",
                lines,
                0,
                centred(model, width, height),
            );
        }
        Question::GoOn { place, step, .. } => {
            say(
                model,
                &mut lines,
                Role::Text,
                &format!("Next on {place}: {}", progress::title(step.0)),
                inside,
            );
            let why = texts::why(*step, inside);
            for line in why.into_iter().take(4) {
                say(model, &mut lines, Role::Dim, &line, inside);
            }
            listed(model, &mut lines, ask, Role::Code, inside);
            lines.push(Line::raw(""));
            choose(model, &mut lines, ["Go on", "Stop here"].into_iter(), *at, inside);
            let height = u16::try_from(lines.len()).unwrap_or(10).saturating_add(2);
            dialog(frame, model, "Step by step", "Enter, Esc stops", lines, 0, centred(model, width, height));
        }
        Question::TakeBack(list) => take_back(frame, model, ask, list, width),
    }
}

/// What of a question may be long, from where it was read to, and how much of it is hidden.
fn listed(model: &Model, lines: &mut Vec<Line<'static>>, ask: &AskDialog, role: Role, width: usize) {
    let listed = listing::asked(model, ask);
    let top = listed.top(ask.scroll);
    for line in listed.lines.iter().skip(top).take(listed.rows) {
        lines.push(Line::styled(format!(" {line}"), model.window.theme.style(role)));
    }
    hidden(model, lines, top, listed.lines.len(), listed.rows, width);
}

/// Everything that will be done, the name that is typed, and the two buttons.
fn take_back(frame: &mut Frame, model: &Model, ask: &AskDialog, list: &TakeBackList, width: u16) {
    let inside = usize::from(width).saturating_sub(4);
    let mut lines = Vec::new();
    listed(model, &mut lines, ask, Role::Code, inside);
    lines.push(Line::raw(""));
    say(model, &mut lines, Role::Text, &format!("Type {} to go on:", list.name), inside);
    lines.push(Line::raw(""));
    lines.push(Line::raw(""));
    lines.push(buttons(model, list.what.verb(), ask.is_right(), ask.at == 1));
    let height = u16::try_from(lines.len()).unwrap_or(12).saturating_add(2);
    let rect = centred(model, width, height);
    let row = u16::try_from(lines.len()).unwrap_or(6).saturating_sub(2);
    dialog(frame, model, &format!("! {}?", list.what.title()), "Esc cancels", lines, 0, rect);
    let at = Rect::new(rect.x.saturating_add(2), rect.y.saturating_add(row), width.saturating_sub(4), 1);
    field(frame, model, "", &ask.typed, at);
}
