//! What lies over a screen, each drawn in the file of its word; its logic is in the wizard's file of the same name.

mod apply;
mod ask;
mod confirm;
pub mod explain;
mod help;
mod import;
mod jump;
mod line;
mod mend;
mod menu;
mod paste;
mod pick;
mod problem;
mod quit;
mod text;

use ratatui::Frame;

use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::model::Model;

/// Draws one of them.
pub fn draw(frame: &mut Frame, model: &Model, at: usize) {
    let Some(dialog) = model.dialogs.open.get(at) else { return };
    match dialog {
        Dialog::Help(help) => help::draw(frame, model, help),
        Dialog::Menu(menu) => menu::draw(frame, model, &menu.search, menu.at),
        Dialog::Jump(jump) => jump::draw(frame, model, jump.at),
        Dialog::Explain(_) => explain::over(frame, model),
        Dialog::Apply(apply) => apply::draw(frame, model, apply.at),
        Dialog::Ask(ask) => ask::draw(frame, model, ask),
        Dialog::Paste(paste) => paste::workers(frame, model, &paste.text, &paste.wrong),
        Dialog::Certificates(certificates) => paste::certificates(frame, model, &certificates.text),
        Dialog::Import(import) => import::draw(frame, model, &import.hosts, import.at),
        Dialog::Demos(demos) => pick::demo(frame, model, demos.at),
        Dialog::Pick(pick) => pick::worker(frame, model, &pick.chosen, pick.at),
        Dialog::Mend(mend) => mend::draw(frame, model, mend),
        Dialog::Where(place) => pick::place(frame, model, place),
        Dialog::Line(line) => line::draw(frame, model, line.what, &line.text),
        Dialog::Confirm(confirm) => confirm::draw(frame, model, confirm),
        Dialog::Quit(quit) => quit::draw(frame, model, quit.at),
        Dialog::Text(text) => text::draw(frame, model, &text.title, &text.lines, text.scroll),
        Dialog::Problem(problem) => problem::draw(frame, model, problem),
    }
}
