//! Certificates: a card for each worker, with the lives of the old and the new one.

use std::sync::Arc;

use ratatui::text::{Line, Span};

use crate::plan::model::Worker;
use crate::ui::tui::text::cut;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::page::{Page, field, inspection_note};
use crate::ui::wizard::cards::Card;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::certificates::{CertificatesScreen, cards, in_a_word, without_card};

/// Its rows.
pub fn rows<'a>(model: &'a Model, page: &mut Page<'a>, width: usize) {
    let theme = &model.window.theme;
    page.space();
    page.say(
        model,
        Role::Text,
        "Each worker gets a key that never leaves it, and a certificate of the CA.",
        width,
    );
    page.space();
    for one in CertificatesScreen::fields() {
        field(model, page, one);
    }
    page.space();
    inspection_note(model, page, width);
    let all = cards(model);
    let longest = all.iter().map(|card| card.days.max(card.there.unwrap_or(0))).max().unwrap_or(1).max(1);
    for at in 0..all.len() {
        let Some(card) = all.get(at) else { continue };
        let of = {
            let all = Arc::clone(&all);
            move |part: &dyn Fn(&Card) -> Line<'static>| all.get(at).map(part).unwrap_or_default()
        };
        let one = of.clone();
        page.later(move || {
            one(&|card| {
                Line::from(vec![
                    Span::styled(format!(" {} ", card.title), theme.style(Role::Accent)),
                    Span::styled(card.word.clone(), theme.style(card.role)),
                ])
            })
        });
        for line in 0..card.lines.len() {
            let one = of.clone();
            page.later(move || {
                one(&|card| {
                    let Some((name, value)) = card.lines.get(line) else { return Line::default() };
                    Line::from(vec![
                        Span::styled(format!("   {name:<10}"), theme.style(Role::Dim)),
                        Span::raw(cut(value, width.saturating_sub(14))),
                    ])
                })
            });
        }
        let room = width.saturating_sub(36).clamp(8, 60);
        if let Some(there) = card.there {
            page.later(move || bar(model, "there", there, longest, room, Role::Changed));
        }
        let days = card.days;
        page.later(move || bar(model, "new", days, longest, room, Role::Ok));
        for (role, words) in &card.differs {
            page.seen(model, &[(*role, words.clone())], width);
        }
        page.space();
    }
    let more: Vec<&Worker> = without_card(model).collect();
    if !more.is_empty() {
        let words = format!("{} more workers get the like; Review has each:", more.len());
        page.say(model, Role::Dim, &words, width);
    }
    for worker in more {
        page.later(move || {
            let (role, word) = in_a_word(model, worker);
            Line::from(vec![
                Span::styled(format!("   {} ", worker.name), theme.style(Role::Accent)),
                Span::styled(word, theme.style(role)),
            ])
        });
    }
}

/// A life as a bar on the scale that all cards share.
fn bar(model: &Model, name: &str, days: i64, longest: i64, room: usize, role: Role) -> Line<'static> {
    let theme = &model.window.theme;
    let part = |days: i64| {
        let share = days.max(0).saturating_mul(i64::try_from(room).unwrap_or(0)) / longest.max(1);
        usize::try_from(share).unwrap_or(0).min(room)
    };
    let full = part(days).max(usize::from(days > 0));
    let words = if days < 0 { format!("expired {} days ago", -days) } else { format!("{days} days") };
    Line::from(vec![
        Span::styled(format!("   {name:<10}"), theme.style(Role::Dim)),
        Span::styled(
            theme.glyph(Glyph::Full).repeat(full),
            theme.style(if days < 0 { Role::Bad } else { role }),
        ),
        Span::styled(theme.glyph(Glyph::Empty).repeat(room.saturating_sub(full)), theme.style(Role::Dim)),
        Span::styled(format!(" {words}"), theme.style(if days < 0 { Role::Bad } else { Role::Text })),
    ])
}
