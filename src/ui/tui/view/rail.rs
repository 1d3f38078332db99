//! The steps of the path with what was answered: a column, or a line where the window is narrow.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::pane::block;
use crate::engine::ExitCode;
use crate::ui::output::wrap::wrap;
use crate::ui::tui::text::some;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::wizard::form::answer;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::found;
use crate::ui::wizard::look::{Inspection, LookStatus, ProbeTarget};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::{PATH, Screen};
use crate::ui::wizard::screens::skydns::deploys;
use crate::ui::wizard::standing;

/// How a screen of the path is marked.
fn mark(model: &Model, screen: Screen) -> (Glyph, Role) {
    if model.nav.invalidated.contains_key(&screen) {
        (Glyph::Warn, Role::Warn)
    } else if model.nav.screen == screen {
        (Glyph::Here, Role::Accent)
    } else if screen == Screen::Run && model.run.ended.is_some() {
        if model.run.code == Some(ExitCode::Done) { (Glyph::Ok, Role::Ok) } else { (Glyph::Bad, Role::Bad) }
    } else if model.nav.finished.contains(&screen) {
        match standing::of(model, screen) {
            Some(LookStatus::Good) => (Glyph::Ok, Role::Ok),
            Some(LookStatus::Doubtful) => (Glyph::Warn, Role::Warn),
            Some(LookStatus::Bad) => (Glyph::Bad, Role::Bad),
            Some(LookStatus::Looking) | None => (Glyph::Same, Role::Dim),
        }
    } else {
        (Glyph::Waiting, Role::Dim)
    }
}

/// A line for the rail below a screen that was finished.
fn summary(model: &Model, screen: Screen) -> Option<String> {
    let answers = &model.form.answers;
    let text = match screen {
        Screen::Ca => match answer::ca_place(answers) {
            "ssh" => Field::CaHost.get(answers, 0),
            place => format!("{place} {}", Field::CaCert.get(answers, 0)),
        },
        Screen::Cluster => Field::Api.get(answers, 0).trim_start_matches("https://").to_owned(),
        Screen::Workers => {
            let bad = model
                .probes
                .looks
                .iter()
                .filter(|(target, look)| {
                    matches!(target, ProbeTarget::Worker(_)) && look.mood == LookStatus::Bad
                })
                .count();
            let count = answers.workers.len();
            match (count, bad) {
                (0, _) => return None,
                (_, 0) => some(count, "worker"),
                _ => format!("{}, {bad} with a problem", some(count, "worker")),
            }
        }
        Screen::Dns => deploys(model).to_owned(),
        Screen::Diagnosis => match found::found(model).filter(|one| !one.healthy()).count() {
            0 => return None,
            bad => format!("{} with something wrong", some(bad, "worker")),
        },
        Screen::Run if model.run.started.is_some() => {
            let troubles = model.run.troubles.len();
            if troubles > 0 { some(troubles, "problem") } else { some(model.run.actions.1, "action") }
        }
        Screen::Review => match &model.preview.inspection {
            Inspection::Seen { table, .. } => some(table.count.actions, "action"),
            Inspection::None | Inspection::Looking | Inspection::Failed(_) => return None,
        },
        _ => return None,
    };
    let shown = model.nav.finished.contains(&screen) || screen == model.nav.screen || screen == Screen::Run;
    (shown && !text.trim().is_empty()).then_some(text)
}

/// The path from top to bottom, with a summary of each step.
pub fn column(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.window.theme;
    let block = block(*theme, "Steps", "", false, area.width);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut lines = vec![Line::raw("")];
    let journey = model.form.journey;
    let path = journey.path();
    // On the path back the answers are beside the path: they are seen where one of them is open.
    let planned = model.form.unplanned.is_none();
    let beside = PATH.iter().filter(|screen| planned && !path.contains(screen));
    let all = path.iter().chain(beside.clone()).count();
    for screen in path.iter().chain(beside).copied() {
        let (glyph, role) = mark(model, screen);
        let number = journey.number(screen).map_or_else(String::new, |number| format!("{number} "));
        if number.is_empty() && screen == Screen::Ca {
            lines.push(Line::styled(" its plan", theme.style(Role::Dim)));
        }
        let style = if screen == model.nav.screen { theme.style(Role::Accent) } else { Style::new() };
        lines.push(Line::from(vec![
            Span::styled(format!(" {} ", theme.glyph(glyph)), theme.style(role)),
            Span::styled(format!("{number}{}", model.title(screen)), style),
        ]));
        if let Some(words) = summary(model, screen) {
            for line in wrap(&words, usize::from(inner.width).saturating_sub(5)).into_iter().take(2) {
                lines.push(Line::styled(format!("     {line}"), theme.style(Role::Dim)));
            }
        }
        if let Some(why) = model.nav.invalidated.get(&screen) {
            for line in wrap(why, usize::from(inner.width).saturating_sub(5)).into_iter().take(3) {
                lines.push(Line::styled(format!("     {line}"), theme.style(Role::Warn)));
            }
        }
        if usize::from(inner.height) > all.saturating_mul(3) {
            lines.push(Line::raw(""));
        }
    }
    frame.render_widget(Unwrapped::new(lines), inner);
    if inner.height > 20 {
        let hint = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        let text = Line::styled(" Ctrl-G jump to a step", theme.style(Role::Dim));
        frame.render_widget(Unwrapped::new(text), hint);
    }
}

/// The path as one line of signs and short titles.
pub fn line(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = &model.window.theme;
    let mut spans = vec![Span::raw(" ")];
    for screen in model.form.journey.path().iter().copied() {
        let (glyph, role) = mark(model, screen);
        spans.push(Span::styled(theme.glyph(glyph), theme.style(role)));
        let style = if screen == model.nav.screen { theme.style(Role::Accent) } else { Style::new() };
        spans.push(Span::styled(model.short_title(screen), style));
        spans.push(Span::raw(" "));
    }
    frame.render_widget(Unwrapped::new(Line::from(spans)), area);
}
