//! Report: how it ended, what to try next, how to take it back, what was done.

use crate::engine::ExitCode;
use crate::ui::wizard::progress;
use ratatui::text::{Line, Span};

use crate::ui::tui::text::{cut, fill};
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::page::Page;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::certificates::MOST;

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'static>, width: usize) {
    let theme = &model.window.theme;
    page.space();
    let (words, role) = match model.run.code {
        Some(ExitCode::Done) => ("Every worker has joined.", Role::Ok),
        Some(ExitCode::Stopped) => {
            ("Stopped. What was done stays, and a new run goes on from there.", Role::Warn)
        }
        _ => ("Not every worker has joined; what was done stays.", Role::Bad),
    };
    page.seen(model, &[(role, words.to_owned())], width);
    page.space();
    page.say(model, Role::Key, "What to try next", width);
    let mut next: Vec<String> = model.run.next.clone();
    if let Some(plan) = model.form.planned.as_deref()
        && model.run.code == Some(ExitCode::Done)
    {
        next.push(format!(
            "dig @{} kubernetes.default.svc.{} +short        (on a worker)",
            plan.cluster.dns, plan.cluster.domain
        ));
        next.push("docker ps        (on a worker)".to_owned());
    }
    for line in next {
        page.line(Line::styled(
            format!("   {}", cut(&line, width.saturating_sub(4))),
            theme.style(Role::Code),
        ));
    }
    page.space();
    page.say(model, Role::Key, "How to take it back", width);
    page.say(
        model,
        Role::Text,
        "u takes back what was done on a worker; gangplank undo PLAN does it for all, from any computer: the record is \
         in /var/lib/gangplank on each worker.",
        width,
    );
    page.space();
    page.say(model, Role::Key, "What was done", width);
    let places = progress::places(model);
    // Of many hosts nobody reads every action; the journal and each host's record have them.
    let many = places.len() > MOST;
    for place in places {
        let end = model.run.ends.get(&place).cloned().unwrap_or_default();
        let undone = if model.run.undone.contains(&place) { "taken back" } else { end.as_str() };
        let skipped = if model.run.skipped.contains(&place) { "skipped" } else { undone };
        page.line(Line::from(vec![
            Span::styled(format!(" {} ", fill(&place.to_string(), 14)), theme.style(Role::Accent)),
            Span::raw(skipped.to_owned()),
        ]));
        let changed = model.run.changed.get(&place).map(Vec::as_slice).unwrap_or_default();
        if many && !changed.is_empty() {
            page.line(Line::raw(format!("     {} actions", changed.len())));
        }
        for line in changed.iter().filter(|_| !many) {
            page.line(Line::styled(
                format!("     {}", cut(line, width.saturating_sub(6))),
                theme.style(Role::Text),
            ));
        }
        for trouble in model.run.troubles.iter().filter(|trouble| trouble.place == place) {
            page.seen(
                model,
                &[(Role::Bad, format!("{} {}", trouble.problem.code, trouble.problem.what))],
                width,
            );
            let seen: Vec<(Role, String)> =
                trouble.problem.evidence.iter().take(3).map(|line| (Role::Dim, line.clone())).collect();
            page.seen(model, &seen, width);
        }
    }
}
