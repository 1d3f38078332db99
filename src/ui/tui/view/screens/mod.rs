//! The screens, each drawn in the file of its word; its logic is in the wizard's file of the same name.

mod ca;
mod certificates;
mod cluster;
pub mod diagnosis;
mod kubectl;
pub mod live;
pub mod repair;
mod report;
pub mod review;
pub mod run;
mod skydns;
mod welcome;
mod workers;

use super::page::Page;
use crate::ui::wizard::layout;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screen::Screen;

/// The page of the present screen.
pub fn page(model: &Model, width: u16) -> Page<'_> {
    let width = usize::from(width).saturating_sub(4).max(20);
    let mut page = Page { title: String::new(), right: String::new(), width, rows: Vec::new(), chosen: None };
    page.title = match model.form.journey.number(model.nav.screen) {
        Some(number) => format!("{number} {}", model.title(model.nav.screen)),
        None => model.title(model.nav.screen).to_owned(),
    };
    match model.nav.screen {
        Screen::Welcome => welcome::rows(model, &mut page, width),
        Screen::Ca => ca::rows(model, &mut page, width),
        Screen::Cluster => cluster::rows(model, &mut page, width),
        Screen::Workers => workers::rows(model, &mut page, width),
        Screen::Certificates => certificates::rows(model, &mut page, width),
        Screen::Kubectl => kubectl::rows(model, &mut page, width),
        Screen::Dns => skydns::rows(model, &mut page, width),
        Screen::Report => report::rows(model, &mut page, width),
        Screen::Review | Screen::Run | Screen::Diagnosis | Screen::Repair => {}
    }
    page
}

/// How many rows the present page has; it scrolls where they do not fit into the window.
pub fn page_rows(model: &Model) -> usize {
    let width = layout::regions(model).main.width;
    match model.nav.screen {
        Screen::Review if model.preview.inspection.seen().is_none() => {
            review::nothing(model, width.saturating_sub(2)).len()
        }
        _ => page(model, width).rows.len(),
    }
}
