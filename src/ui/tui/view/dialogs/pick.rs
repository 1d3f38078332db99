//! One of several: a demo lab, the workers that come back, or where something is taken back.

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::engine::demo;
use crate::ui::tui::text::{cut, fill};
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::window::{centred, choose_within, dialog};
use crate::ui::wizard::dialogs::pick::{ANOTHER, WhereDialog};
use crate::ui::wizard::found;
use crate::ui::wizard::listing::window;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::take_back;
use crate::ui::wizard::undoing::TakeBack;

/// The demo labs.
pub fn demo(frame: &mut Frame, model: &Model, at: usize) {
    let width = 72.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let labs: Vec<String> = demo::names().iter().map(|(name, title)| format!("{name}: {title}")).collect();
    let mut lines = Vec::new();
    let rows = usize::from(model.window.size.1).saturating_sub(5);
    choose_within(model, &mut lines, labs.iter().map(String::as_str), at, inside, rows);
    let height = u16::try_from(lines.len()).unwrap_or(5).saturating_add(2);
    let area = centred(model, width, height);
    dialog(frame, model, "Which demo?", "Enter, Esc", lines, 0, area);
}

/// The workers of the plan, the chosen ones ticked.
pub fn worker(frame: &mut Frame, model: &Model, chosen: &BTreeSet<String>, at: usize) {
    let theme = &model.window.theme;
    let names = found::candidates(model);
    let kept = found::kept_workers(model);
    let all = names.iter().chain(kept.iter().map(|one| &one.worker));
    let wide = all.map(|name| name.width()).max().unwrap_or_default().min(24);
    let width = model.window.size.0.saturating_sub(4).min(120);
    let room = usize::from(width).saturating_sub(wide).saturating_sub(14);
    let mark = |number| if number == at { theme.glyph(Glyph::Here) } else { " " };
    let mut lines: Vec<Line> = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let here = number == at;
            let mark = mark(number);
            let tick = if chosen.contains(name) { "[x]" } else { "[ ]" };
            let (role, words) = found::standing(model, name);
            let sign = match role {
                Role::Ok => theme.glyph(Glyph::Ok),
                Role::Bad => theme.glyph(Glyph::Bad),
                Role::Warn => theme.glyph(Glyph::Warn),
                _ => " ",
            };
            Line::from(vec![
                Span::styled(format!(" {mark} {tick} "), theme.style(Role::Accent)),
                Span::styled(fill(name, wide), theme.style(if here { Role::Focus } else { Role::Text })),
                Span::styled(format!("  {sign} {}", cut(&words, room)), theme.style(role)),
            ])
        })
        .collect();
    lines.extend((names.len()..).zip(&kept).map(|(number, one)| {
        let role = if number == at { Role::Focus } else { Role::Text };
        Line::from(vec![
            Span::styled(format!(" {}     ", mark(number)), theme.style(Role::Accent)),
            Span::styled(fill(&one.worker, wide), theme.style(role)),
            Span::styled(format!("    {}", cut(&one.standing(), room)), theme.style(Role::Dim)),
        ])
    }));
    let last = names.len().saturating_add(kept.len());
    let role = if at == last { Role::Focus } else { Role::Text };
    lines.push(Line::from(vec![
        Span::styled(format!(" {}     ", mark(last)), theme.style(Role::Accent)),
        Span::styled(cut(ANOTHER, usize::from(width).saturating_sub(12)), theme.style(role)),
    ]));
    let most = model.window.size.1.saturating_sub(4);
    let height = u16::try_from(lines.len()).unwrap_or(10).saturating_add(2).min(most);
    let top = window(at, lines.len(), usize::from(height.saturating_sub(2)).max(1));
    let area = centred(model, width, height);
    dialog(
        frame,
        model,
        "Which worker comes back?",
        "Space chooses several, Enter goes on",
        lines,
        top,
        area,
    );
}

/// Where something is taken back.
pub fn place(frame: &mut Frame, model: &Model, place: &WhereDialog) {
    let width = 72.min(model.window.size.0.saturating_sub(4));
    let inside = usize::from(width).saturating_sub(4);
    let offered: Vec<String> = take_back::offered(model, place.remove).iter().map(TakeBack::title).collect();
    let mut lines = Vec::new();
    let rows = usize::from(model.window.size.1).saturating_sub(5);
    choose_within(model, &mut lines, offered.iter().map(String::as_str), place.at, inside, rows);
    let height = u16::try_from(lines.len()).unwrap_or(5).saturating_add(2);
    let title = if place.remove { "Which worker leaves the cluster?" } else { "Undo this run: where?" };
    dialog(frame, model, title, "Enter shows it all first", lines, 0, centred(model, width, height));
}
