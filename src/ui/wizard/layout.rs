//! Where everything is on the screen: one pure function of the window's size and what is open.

use crate::ui::wizard::intent::PageSize;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::progress;
use crate::ui::wizard::screen::Screen;

/// The smallest window anything is drawn in.
pub const LEAST: (u16, u16) = (60, 16);

/// A part of the window: where it begins, in cells from the upper left, and how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Cells to the left of it.
    pub x: u16,
    /// Rows above it.
    pub y: u16,
    /// Cells from left to right.
    pub width: u16,
    /// Rows from top to bottom.
    pub height: u16,
}

impl Area {
    /// A part of this place and size.
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self { x, y, width, height }
    }

    /// The first cell to the right of it.
    pub const fn right(self) -> u16 {
        self.x.saturating_add(self.width)
    }

    /// The first row below it.
    pub const fn bottom(self) -> u16 {
        self.y.saturating_add(self.height)
    }
}

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Regions {
    /// The window is too small for anything else.
    pub too_small: bool,
    /// First line: program, cluster, plan only or applying.
    pub title: Area,
    /// The steps: a column, or one line.
    pub rail: Area,
    /// The steps are a column.
    pub rail_column: bool,
    /// The screen itself.
    pub main: Area,
    /// Explanations beside it; empty = none.
    pub explain: Area,
    /// There is room for explanations beside the screen.
    pub explain_fits: bool,
    /// The live panel; one line high in a low window, empty when no host is known.
    pub live: Area,
    /// Words: saved, toast, caption.
    pub status: Area,
    /// The keys that do something here.
    pub keys: Area,
}

/// Lays the window out.
pub fn regions(model: &Model) -> Regions {
    lay_out(
        model.window.size,
        model.nav.screen,
        model.explain.open,
        model.live.panel.is_some(),
        model.demo.is_some(),
    )
}

/// The same from what it depends on.
pub fn lay_out(size: (u16, u16), screen: Screen, explain: bool, live: bool, demo: bool) -> Regions {
    let (width, height) = size;
    if width < LEAST.0 || height < LEAST.1 {
        return Regions { too_small: true, title: Area::new(0, 0, width, height), ..Regions::default() };
    }
    let wide = width >= 110;
    let column =
        width >= 90 && !matches!(screen, Screen::Run | Screen::Welcome | Screen::Diagnosis | Screen::Repair);
    let title = Area::new(0, 0, width, 1);
    let keys_rows = if width < 90 && height >= 22 { 2 } else { 1 };
    let status_rows = if demo && height >= 22 { 2 } else { 1 };
    let keys = Area::new(0, height.saturating_sub(keys_rows), width, keys_rows);
    let status = Area::new(0, keys.y.saturating_sub(status_rows), width, status_rows);
    let live_rows = match (live, height) {
        (false, _) => 0,
        (true, 44..) => 12,
        (true, 32..) => 8,
        (true, 26..) => 5,
        (true, _) => 1,
    };
    let live = Area::new(0, status.y.saturating_sub(live_rows), width, live_rows);
    let mut top = 1;
    let rail = if column {
        Area::new(0, top, 24, live.y.saturating_sub(top))
    } else if screen == Screen::Welcome {
        Area::default()
    } else {
        let steps = Area::new(0, top, width, 1);
        top = 2;
        steps
    };
    let left = if column { rail.width } else { 0 };
    // These need the whole width.
    let whole = matches!(screen, Screen::Review | Screen::Run | Screen::Diagnosis | Screen::Repair);
    let fits = wide && !whole;
    let beside = fits && explain;
    let share = if width >= 160 { width / 3 } else { 40 };
    let right = if beside { share } else { 0 };
    let body = live.y.saturating_sub(top);
    let main = Area::new(left, top, width.saturating_sub(left).saturating_sub(right), body);
    let explain = if beside { Area::new(main.right(), top, right, body) } else { Area::default() };
    Regions {
        too_small: false,
        title,
        rail,
        rail_column: column,
        main,
        explain,
        explain_fits: fits,
        live,
        status,
        keys,
    }
}

/// The parts of the run screen: matrix, output, problem card.
pub fn run_parts(model: &Model) -> (Area, Area, Area) {
    let main = regions(model).main;
    let card_rows = match (model.run.troubles.is_empty(), main.height) {
        (true, _) => 0,
        (false, height) if height < 18 => height,
        (false, height) => 15.min(height.saturating_sub(8)),
    };
    let card = Area::new(main.x, main.bottom().saturating_sub(card_rows), main.width, card_rows);
    let rest = main.height.saturating_sub(card_rows);
    if main.width >= 110 {
        let places = u16::try_from(progress::place_count(model)).unwrap_or(u16::MAX);
        let wanted = places.saturating_mul(12).saturating_add(28);
        let matrix = wanted.clamp(60, main.width.saturating_mul(5) / 8);
        let left = Area::new(main.x, main.y, matrix, rest);
        let right = Area::new(left.right(), main.y, main.width.saturating_sub(matrix), rest);
        (left, right, card)
    } else {
        let rows = if model.run.in_log { rest.min(6) } else { (rest.saturating_mul(3) / 5).min(22) };
        let top = Area::new(main.x, main.y, main.width, rows);
        let bottom = Area::new(main.x, top.bottom(), main.width, rest.saturating_sub(rows));
        (top, bottom, card)
    }
}

/// The live panel while it has the window. The steps stay where they are one line; beside it they would shine through.
pub fn live(model: &Model) -> Area {
    let regions = regions(model);
    let top = if regions.rail_column { regions.rail.y } else { regions.rail.bottom() }.max(1);
    Area::new(0, top, model.window.size.0, regions.status.y.saturating_sub(top))
}

/// Rows a log has in it.
pub fn live_rows(model: &Model) -> usize {
    usize::from(live(model).height.saturating_sub(2))
}

/// Rows the output has.
pub fn log_rows(model: &Model) -> usize {
    usize::from(run_parts(model).1.height.saturating_sub(2))
}

/// A window over the screen of this size, or as much of it as fits, in the middle.
pub fn centred(size: (u16, u16), width: u16, height: u16) -> Area {
    let (all_width, all_height) = size;
    let width = width.min(all_width);
    let height = height.min(all_height.saturating_sub(2)).max(3);
    Area::new(
        all_width.saturating_sub(width) / 2,
        (all_height.saturating_sub(height) / 2).max(1),
        width,
        height.min(all_height.saturating_sub(1)),
    )
}

/// Where the help is.
pub fn help(size: (u16, u16)) -> Area {
    centred(size, 84.min(size.0), size.1.saturating_sub(2))
}

/// Where the explanations are that lie over the screen.
pub fn explain_over(size: (u16, u16)) -> Area {
    centred(size, 76, size.1.saturating_sub(4))
}

/// Where a long text is.
pub fn text_over(size: (u16, u16)) -> Area {
    centred(size, size.0.saturating_sub(8).min(130), size.1.saturating_sub(4))
}

/// Cells of a line in a framed part with a blank at either side.
pub fn inside(area: Area) -> usize {
    usize::from(area.width).saturating_sub(4)
}

/// The first line of the last page: so far one can scroll.
pub fn last_top(lines: usize, rows: usize) -> usize {
    lines.saturating_sub(rows)
}

fn framed_rows(area: Area) -> usize {
    usize::from(area.height.saturating_sub(2))
}

fn pages_of(lines: usize, rows: usize) -> PageSize {
    PageSize { last_top: last_top(lines, rows), rows }
}

/// The pages of the present screen: so far it scrolls.
pub fn page_size(model: &Model) -> PageSize {
    let bar = usize::from(!model.buttons().is_empty());
    pages_of(model.nav.page_rows, framed_rows(regions(model).main).saturating_sub(bar))
}

/// The pages of lines that lie over the screen in a part of it.
pub fn pages(lines: usize, area: Area) -> PageSize {
    pages_of(lines, framed_rows(area))
}

/// The pages of a tab; two rows are its head.
pub fn pages_of_tab(lines: usize, area: Area) -> PageSize {
    pages_of(lines, framed_rows(area).saturating_sub(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_leaves_the_window_whatever_its_size() {
        let screens = [Screen::Welcome, Screen::Workers, Screen::Review, Screen::Run, Screen::Diagnosis];
        for width in 0..=210 {
            for height in 0..=70 {
                for screen in screens {
                    let regions = lay_out((width, height), screen, true, true, true);
                    for part in [
                        regions.title,
                        regions.main,
                        regions.live,
                        regions.status,
                        regions.keys,
                        regions.explain,
                    ] {
                        let inside = part.right() <= width && part.bottom() <= height;
                        assert!(inside, "{width}x{height} {screen:?}");
                    }
                    if !regions.too_small {
                        assert!(regions.main.height >= 8 && regions.main.width >= 40, "{width}x{height}");
                    }
                }
            }
        }
    }
}
