//! What lies over a screen, each drawn in the file of its word; its logic is in the wizard's file of the same name.

mod ask;
mod confirm;
pub mod explain;
mod help;
mod import;
mod jump;
mod line;
mod menu;
mod paste;
mod pick;
mod problem;
mod quit;
mod text;

use ratatui::Frame;

use crate::ui::wizard::model::{Model, Overlay};

/// Draws one overlay.
pub fn draw(frame: &mut Frame, model: &Model, at: usize) {
    let Some(overlay) = model.dialogs.open.get(at) else { return };
    match overlay {
        Overlay::Help { scroll } => help::draw(frame, model, *scroll),
        Overlay::Menu { search, at } => menu::draw(frame, model, search, *at),
        Overlay::Jump { at } => jump::draw(frame, model, *at),
        Overlay::Explain => explain::over(frame, model),
        Overlay::Ask { question, typed, at, .. } => ask::draw(frame, model, question, typed, *at),
        Overlay::PasteWorkers { text, wrong } => paste::workers(frame, model, text, wrong),
        Overlay::PasteCertificates { text } => paste::certificates(frame, model, text),
        Overlay::Import { hosts, at } => import::draw(frame, model, hosts, *at),
        Overlay::PickDemo { at } => pick::demo(frame, model, *at),
        Overlay::PickWorker { chosen, at } => pick::worker(frame, model, chosen, *at),
        Overlay::Line { what, text } => line::draw(frame, model, *what, text),
        Overlay::Confirm { what, typed, yes } => confirm::draw(frame, model, what, typed, *yes),
        Overlay::Quit { at } => quit::draw(frame, model, *at),
        Overlay::Text { title, lines, scroll } => text::draw(frame, model, title, lines, *scroll),
        Overlay::Problem { target, problem, at } => problem::draw(frame, model, target, problem, *at),
    }
}
