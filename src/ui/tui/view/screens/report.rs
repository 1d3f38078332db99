//! Report: how it ended, what to try next, how to take it back, what was done.

use crate::engine::ExitCode;
use crate::engine::doctor::Examined;
use crate::live;
use crate::ui::wizard::{ending, progress};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::ui::tui::text::{cut, fill};
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::page::Page;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::Trouble;
use crate::ui::wizard::screens::certificates::MOST;
use crate::ui::wizard::screens::report;

/// What was wrong with the worker that was repaired, and how it is now.
fn incident(model: &Model, page: &mut Page<'_>, width: usize) {
    let Some(mending) = &model.doctor.mending else { return };
    let causes = |one: &Examined| match &one.found {
        Ok(found) => found.causes.iter().map(|cause| cause.problem.clone()).collect::<Vec<_>>(),
        Err(problem) => vec![problem.clone()],
    };
    page.say(model, Role::Key, "What was wrong", width);
    for problem in causes(&mending.before) {
        page.seen(model, &[(Role::Bad, format!("{} {}", problem.code, problem.what))], width);
        let first = problem.evidence.first().map(|line| (Role::Dim, line.clone()));
        page.seen(model, first.as_slice(), width);
    }
    page.space();
    page.say(model, Role::Key, "How it is now", width);
    match &mending.after {
        None if model.doctor.looking => {
            page.seen(model, &[(Role::Dim, "is being looked at".to_owned())], width);
        }
        None => page.seen(model, &[(Role::Dim, "nobody has looked again".to_owned())], width),
        Some(one) if one.healthy() => {
            page.seen(model, &[(Role::Ok, format!("nothing is wrong with {}", one.worker))], width);
        }
        Some(one) => {
            for problem in causes(one) {
                page.seen(model, &[(Role::Bad, format!("{} {}", problem.code, problem.what))], width);
            }
            let unknown = one.found.iter().flat_map(|found| &found.unknown);
            for problem in unknown {
                page.seen(
                    model,
                    &[(Role::Warn, format!("not known: {} {}", problem.code, problem.what))],
                    width,
                );
            }
        }
    }
    page.space();
}

/// Its rows.
pub fn rows<'a>(model: &'a Model, page: &mut Page<'a>, width: usize) {
    let theme = &model.window.theme;
    page.space();
    let ended = ending::words(model);
    page.seen(model, &[ended], width);
    page.space();
    incident(model, page, width);
    let mut next = if model.run.undoing.is_some() { Vec::new() } else { model.run.next.clone() };
    let planned = model.form.planned.as_deref().filter(|_| model.form.unplanned.is_none());
    if let Some(plan) = planned
        && model.run.code == Some(ExitCode::Done)
        && model.run.undoing.is_none()
    {
        next.push(format!(
            "dig @{} kubernetes.default.svc.{} +short  (on a worker)",
            plan.cluster.dns, plan.cluster.domain
        ));
        let commands = model.live.panel.iter().flat_map(live::Panel::commands);
        next.extend(commands.map(|command| format!("{command}  (on a worker)")));
    }
    if !next.is_empty() {
        page.say(model, Role::Key, "What to try next", width);
    }
    let some = !next.is_empty();
    for line in next {
        // A command that is cut is none.
        page.say(model, Role::Code, &format!("  {line}"), width);
    }
    if some {
        page.space();
    }
    page.say(model, Role::Key, "How to take it back", width);
    for line in report::back(model) {
        page.say(model, Role::Text, &line, width);
    }
    page.space();
    let repairs = ending::repairs(model);
    if !repairs.is_empty() {
        page.say(model, Role::Key, "What was repaired", width);
        page.seen(model, &repairs, width);
        page.space();
    }
    page.say(model, Role::Key, "What was done", width);
    let places = progress::places(model);
    // Of many hosts nobody reads every action; the journal and each host's record have them.
    let many = places.len() > MOST;
    for place in places {
        // What was taken back is told as that, and not as what the run did.
        let told = if model.run.undone.contains(&place) { &model.run.taken } else { &model.run.changed };
        let changed = told.get(&place).map(Vec::as_slice).unwrap_or_default();
        let troubles = model.run.troubles.iter().filter(|trouble| trouble.place == place);
        let troubles: Vec<&Trouble> = troubles.collect();
        let undone = model.run.undone.contains(&place);
        let key = place.clone();
        page.later(move || {
            Line::from(vec![
                Span::styled(format!(" {} ", fill(&place.to_string(), 14)), theme.style(Role::Accent)),
                Span::raw(ending::end_of(model, &place)),
            ])
        });
        if many && !changed.is_empty() {
            page.later(|| Line::raw(format!("     {} actions", changed.len())));
        }
        for line in changed.iter().filter(|_| !many) {
            let why = model.run.why.get(&(key.clone(), line.clone())).filter(|_| !undone);
            let room = width.saturating_sub(6);
            let fits = why.is_some_and(|why| line.width() + why.width() + 4 <= room);
            page.later(move || {
                let beside = why.filter(|_| fits).map(|why| format!("  ({why})")).unwrap_or_default();
                Line::from(vec![
                    Span::raw(format!("     {}", cut(line, room))),
                    Span::styled(beside, theme.style(Role::Dim)),
                ])
            });
            if let Some(why) = why.filter(|_| !fits) {
                page.later(move || {
                    let words = cut(&format!("({why})"), room.saturating_sub(2));
                    Line::styled(format!("       {words}"), theme.style(Role::Dim))
                });
            }
        }
        for trouble in troubles {
            page.seen(
                model,
                &[(Role::Bad, format!("{} {}", trouble.problem.code, trouble.problem.what))],
                width,
            );
            let seen: Vec<(Role, String)> =
                trouble.problem.evidence.iter().take(3).map(|line| (Role::Dim, line.clone())).collect();
            page.seen(model, &seen, width);
            let more = trouble.problem.evidence.len().saturating_sub(seen.len());
            if more > 0 {
                let words = format!("{more} more on its card in Run");
                page.seen(model, &[(Role::Dim, words)], width);
            }
        }
    }
}
