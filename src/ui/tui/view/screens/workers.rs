//! Workers: the table of machines, and the answers of the chosen one.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::ui::tui::text::{cut, fill, some};
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::page::{Page, field, look};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::look::{Look, LookStatus, ProbeTarget};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::workers::WorkersScreen;

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'_>, width: usize) {
    let theme = &model.window.theme;
    let count = model.form.answers.workers.len();
    page.right = some(count, "worker");
    page.space();
    page.say(model, Role::Text, "Which machines join the cluster?", width);
    page.space();
    let on_rows = model.item() == Some(Item::Rows);
    if count == 0 {
        page.chosen = Some(page.rows.len());
        let role = if on_rows { Role::Focus } else { Role::Text };
        page.line(Line::styled(" + add a worker: Enter, or m to paste many", theme.style(role)));
        return;
    }
    let users: Vec<String> = (0..count).map(|row| user(model, row)).collect();
    let longest = |texts: &mut dyn Iterator<Item = String>, least: usize, most: usize| {
        texts.map(|text| text.width()).max().unwrap_or(0).clamp(least, most)
    };
    let narrow = width < 60;
    let rows = || 0..count;
    let names = longest(&mut rows().map(|row| model.worker_name(row)), 8, if narrow { 12 } else { 24 });
    let addresses = longest(&mut rows().map(|row| Field::Address.get(&model.form.answers, row)), 9, 16);
    let logins = longest(&mut users.iter().cloned(), 4, if narrow { 6 } else { 12 });
    let head = format!(
        "   {}{}{}LOOK",
        fill("NAME", names + 1),
        fill("ADDRESS", addresses + 1),
        fill("USER", logins + 1)
    );
    page.line(Line::styled(head, theme.style(Role::Dim)));
    // Only what can be seen is made: a list may have hundreds of rows.
    let most = 8;
    let top = model.nav.row.saturating_sub(most / 2).min(count.saturating_sub(most.min(count)));
    if top > 0 {
        page.line(Line::styled(format!("   {top} more above"), theme.style(Role::Dim)));
    }
    for row in top..count.min(top + most) {
        let chosen = row == model.nav.row;
        if chosen {
            page.chosen = Some(page.rows.len());
        }
        let name = model.worker_name(row);
        let (glyph, role, word) = match model.look_of_row(row) {
            None => (" ".to_owned(), Role::Dim, "not looked at".to_owned()),
            Some(look) => {
                let (glyph, role) = sign(model, look.mood);
                let old = if look.stale && look.mood != LookStatus::Looking { " (old)" } else { "" };
                (glyph, role, format!("{}{old}", look_words(look, &name)))
            }
        };
        let user = users.get(row).cloned().unwrap_or_default();
        let mark = if chosen { theme.glyph(Glyph::Here) } else { " " };
        let style = theme.style(if chosen && on_rows { Role::Focus } else { Role::Text });
        let wrong = model.form.issues.iter().any(|remark| {
            remark.stops && !remark.missing && remark.field.starts_with(&format!("workers[{row}]"))
        });
        let flag = if wrong { theme.glyph(Glyph::Bad) } else { " " };
        page.line(Line::from(vec![
            Span::styled(format!(" {mark}"), theme.style(Role::Accent)),
            Span::styled(flag, theme.style(Role::Bad)),
            Span::styled(
                format!(
                    "{} {} {} ",
                    fill(&name, names),
                    fill(&Field::Address.get(&model.form.answers, row), addresses),
                    fill(&user, logins)
                ),
                style,
            ),
            Span::styled(format!("{glyph} "), theme.style(role)),
            Span::styled(cut(&word, width.saturating_sub(names + addresses + logins + 8)), theme.style(role)),
        ]));
    }
    let below = count.saturating_sub(top + most);
    if below > 0 {
        page.line(Line::styled(format!("   {below} more below"), theme.style(Role::Dim)));
    }
    answers(model, page, width);
}

/// The answers of the chosen worker, and what was seen of it.
fn answers(model: &Model, page: &mut Page<'_>, width: usize) {
    let theme = &model.window.theme;
    page.space();
    let name = model.worker_name(model.nav.row);
    let dash = if theme.ascii { "-" } else { "┄" };
    let rest = dash.repeat(width.saturating_sub(name.width() + 5));
    page.line(Line::styled(format!(" {dash} {name} {rest}"), theme.style(Role::Dim)));
    for one in WorkersScreen::fields(model) {
        field(model, page, one);
    }
    page.space();
    if model.is_called_twice(model.nav.row) {
        page.say(model, Role::Dim, "It is looked at when it has a name of its own.", width);
        return;
    }
    look(
        model,
        page,
        &ProbeTarget::Worker(name),
        "It is looked at when its address is there and left.",
        width,
    );
}

fn sign(model: &Model, mood: LookStatus) -> (String, Role) {
    let (glyph, role) = match mood {
        LookStatus::Looking => (Glyph::Running, Role::Running),
        LookStatus::Good => (Glyph::Ok, Role::Ok),
        LookStatus::Doubtful => (Glyph::Warn, Role::Warn),
        LookStatus::Bad => (Glyph::Bad, Role::Bad),
    };
    (model.window.theme.glyph(glyph).to_owned(), role)
}

/// Who logs in to a worker.
fn user(model: &Model, row: usize) -> String {
    let user = Field::User.get(&model.form.answers, row);
    if user.is_empty() {
        Field::User.inherited(&model.form.answers).unwrap_or_else(|| "root".to_owned())
    } else {
        user
    }
}

/// A look in a few words for the table: what is wrong rather than its code, which stands below.
fn look_words(look: &Look, name: &str) -> String {
    let Some(problem) = &look.problem else { return look.word.clone() };
    let what = problem
        .what
        .strip_prefix(name)
        .map_or(problem.what.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    if what.contains("is not reachable") {
        return "not reachable".to_owned();
    }
    what.to_owned()
}
