//! What the model looks like. Every function here only reads; where a thing goes is decided in `layout`.

mod bars;
mod beside;
mod dialogs;
mod form;
mod log;
mod page;
mod pane;
mod rail;
pub mod screens;
mod window;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::plan::clean::is_invisible;
use crate::ui::tui::text::some;
use crate::ui::tui::unwrapped::Unwrapped;
use crate::ui::wizard::layout::{Area, LEAST, Regions, live, regions};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screen::Screen;

impl From<Area> for Rect {
    fn from(area: Area) -> Self {
        Self::new(area.x, area.y, area.width, area.height)
    }
}

/// Draws everything.
pub fn draw(frame: &mut Frame, model: &Model) {
    everything(frame, model);
    safe(frame.buffer_mut(), model.window.theme.ascii);
}

/// Nothing that moves a cursor or turns the direction gets to the terminal, whoever said it; where signs are ASCII
/// only, so is everything.
fn safe(buffer: &mut Buffer, ascii: bool) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.len() == 1 && symbol.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            continue;
        }
        if symbol.chars().any(is_invisible) {
            cell.set_symbol(" ");
        } else if ascii && !symbol.is_empty() && !symbol.is_ascii() {
            cell.set_symbol(match symbol {
                "…" => "~",
                "│" | "┃" | "┆" => "|",
                "─" | "━" | "┄" | "–" | "—" => "-",
                "·" | "•" | "┈" => ".",
                "→" => ">",
                _ => "?",
            });
        }
    }
}

fn everything(frame: &mut Frame, model: &Model) {
    let regions = regions(model);
    if regions.too_small {
        return too_small(frame, model);
    }
    bars::title(frame, model, regions.title.into());
    if regions.rail_column && !model.live.open {
        rail::column(frame, model, regions.rail.into());
    } else if regions.rail.height > 0 && !regions.rail_column {
        rail::line(frame, model, regions.rail.into());
    }
    if model.live.open {
        screens::live::full(frame, model, live(model).into());
    } else {
        screen(frame, model, &regions);
    }
    bars::status(frame, model, regions.status.into());
    bars::keys(frame, model, regions.keys.into());
    for (at, _) in model.dialogs.open.iter().enumerate() {
        dialogs::draw(frame, model, at);
    }
}

fn screen(frame: &mut Frame, model: &Model, regions: &Regions) {
    match model.nav.screen {
        Screen::Review => screens::review::draw(frame, model, regions.main.into()),
        Screen::Run => screens::run::draw(frame, model),
        Screen::Diagnosis => screens::diagnosis::draw(frame, model, regions.main.into()),
        Screen::Repair => screens::repair::draw(frame, model, regions.main.into()),
        _ => {
            let page = screens::page(model, regions.main.width);
            form::draw(frame, model, &page, regions.main.into());
        }
    }
    if regions.explain.width > 0 {
        dialogs::explain::draw(frame, model, regions.explain.into(), "e hide");
    }
    if regions.live.height > 0 {
        screens::live::strip(frame, model, regions.live.into());
    }
}

fn too_small(frame: &mut Frame, model: &Model) {
    let area = frame.area();
    let (width, height) = LEAST;
    let mut lines = vec![format!(
        "gangplank needs {width} x {height} cells; this is {} x {}.",
        model.window.size.0, model.window.size.1
    )];
    if model.run.going_on() {
        let troubles = model.run.troubles.len();
        let (done, bad) = (some(model.run.actions.1, "action"), some(troubles, "problem"));
        lines.push(format!("The run goes on: {done} done, {bad}."));
    } else {
        lines.push("Nothing is lost.".to_owned());
    }
    lines.push(String::new());
    lines.push("Enlarge the window, or press Ctrl-C.".to_owned());
    lines.push("gangplank --plain works at any size.".to_owned());
    let lines: Vec<Line> = lines.into_iter().map(Line::from).collect();
    frame.render_widget(Unwrapped::new(lines), area);
}
