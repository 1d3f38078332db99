//! The diagnosis: causes, and what is known of the chosen one.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::ui::tui::text::some;
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::beside::{self, Heads};
use crate::ui::wizard::beside as beside_list;
use crate::ui::wizard::found;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::diagnosis;

/// Draws the diagnosis.
pub fn draw(frame: &mut Frame, model: &Model, area: Rect) {
    let doctor = &model.doctor;
    let number = model.form.journey.number(Screen::Diagnosis);
    let number = number.map_or_else(String::new, |number| format!("{number} "));
    let count = found::found(model).count();
    let bad = found::found(model).filter(|one| !one.healthy()).count();
    let title = match (count, bad) {
        (0, _) => format!("{number}Diagnosis"),
        (_, 0) => format!("{number}Diagnosis: nothing is wrong with {}", some(count, "worker")),
        _ => format!("{number}Diagnosis: something is wrong with {bad} of {}", some(count, "worker")),
    };
    let at = doctor.at.map(|at| format!("looked at {}", at.strftime("%H:%M:%S")));
    let right = match (at, doctor.looking) {
        (Some(at), true) => format!("{at}, looking again"),
        (Some(at), false) if doctor.stale => format!("{at}, answers changed since"),
        (Some(at), false) => at,
        (None, true) => "looking".to_owned(),
        (None, false) => String::new(),
    };
    let mut both = beside_list::shown(model, diagnosis::lines);
    let width = usize::from(beside_list::areas(model).list.width).saturating_sub(2);
    if let Some(problem) = &doctor.failed {
        both.heading(&format!("not looked at: {} {}", problem.code, problem.what), width);
        both.detail.extend(problem.evidence.iter().map(|line| (Role::Text, line.clone())));
    } else if both.list.is_empty() && doctor.looking {
        let dots = ".".repeat(usize::try_from(model.window.ticks % 4).unwrap_or(0));
        let words =
            format!("{} looking at everything at once{dots}", model.window.theme.glyph(Glyph::Running));
        both.heading(&words, width);
    } else if both.list.is_empty() {
        both.heading("Not everything is answered yet, so nobody was looked at.", width);
    }
    let heads = Heads { title: &title, right: &right, row: doctor.row, scroll: doctor.scroll };
    beside::draw(frame, model, area, &heads, both);
}
