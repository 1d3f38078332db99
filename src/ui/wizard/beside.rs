//! Two parts of one screen: a list at the left, or above where the window is narrow, and what is known of its chosen
//! row beside it.

use crate::ui::output::wrap::wrap;
use crate::ui::wizard::intent::{Motion, PageSize};
use crate::ui::wizard::layout::{self, Area};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLine {
    /// The row that it belongs to, counted from 0; `None` = a heading.
    pub row: Option<usize>,
    /// It is the first line of its row.
    pub first: bool,
    /// How it is meant.
    pub role: Role,
    /// The words.
    pub text: String,
}

/// The list and what is beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The list.
    pub list: Vec<ListLine>,
    /// What is known of the chosen row.
    pub detail: Vec<(Role, String)>,
}

/// Where both parts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BesideAreas {
    /// The list.
    pub list: Area,
    /// What is beside it.
    pub detail: Area,
    /// The second is at the right, not below.
    pub right: bool,
}

/// Cells from which on both are side by side.
const WIDE: u16 = 100;

/// How the screen is shared out: its frame and its buttons have their lines.
pub fn areas(model: &Model) -> BesideAreas {
    let main = layout::regions(model).main;
    let (x, y) = (main.x.saturating_add(1), main.y.saturating_add(1));
    let (width, height) = (main.width.saturating_sub(2), main.height.saturating_sub(3));
    if width >= WIDE {
        let list = Area::new(x, y, width.saturating_mul(2) / 5, height);
        let left = list.right().saturating_add(1);
        let detail = Area::new(left, y, width.saturating_sub(list.width).saturating_sub(1), height);
        return BesideAreas { list, detail, right: true };
    }
    let above = (height.saturating_mul(2) / 5).max(3).min(height);
    let list = Area::new(x, y, width, above);
    let below = list.bottom().saturating_add(1);
    let detail = Area::new(x, below, width, height.saturating_sub(above).saturating_sub(1));
    BesideAreas { list, detail, right: false }
}

impl Beside {
    /// A heading of the list.
    pub fn heading(&mut self, text: &str, width: usize) {
        for text in wrap(text, width) {
            self.list.push(ListLine { row: None, first: false, role: Role::Accent, text });
        }
    }

    /// A row of the list.
    pub fn row(&mut self, row: usize, role: Role, text: &str, width: usize) {
        // Its mark and its sign stand before it.
        for (number, text) in wrap(text, width.saturating_sub(5)).into_iter().enumerate() {
            self.list.push(ListLine { row: Some(row), first: number == 0, role, text });
        }
    }

    /// Words about the chosen row.
    pub fn say(&mut self, role: Role, text: &str, indent: usize, width: usize) {
        let room = width.saturating_sub(indent).max(1);
        for line in wrap(text, room) {
            self.detail.push((role, format!("{}{line}", " ".repeat(indent))));
        }
    }

    /// The first line of the list that is shown where it has so many rows: the chosen row is among them.
    pub fn top(&self, chosen: usize, rows: usize) -> usize {
        let last = self.list.iter().rposition(|line| line.row == Some(chosen)).unwrap_or(0);
        last.saturating_add(1).saturating_sub(rows)
    }

    /// The pages of what is beside the list.
    pub fn pages(&self, rows: usize) -> PageSize {
        PageSize { last_top: layout::last_top(self.detail.len(), rows), rows }
    }
}

/// What a screen shows in parts of these widths.
pub type BesideLines = fn(&Model, usize, usize) -> Beside;

/// The whole screen now.
pub fn shown(model: &Model, lines: BesideLines) -> Beside {
    let areas = areas(model);
    // A blank at either side of what is beside the list.
    let inside = |area: Area| usize::from(area.width).saturating_sub(2);
    lines(model, inside(areas.list), inside(areas.detail))
}

/// Turns what is beside the list a page; `top` is the first line shown, and so is what comes of it.
pub fn turned(model: &Model, top: usize, down: bool, lines: BesideLines) -> usize {
    let pages = shown(model, lines).pages(usize::from(areas(model).detail.height));
    (if down { Motion::PageDown } else { Motion::PageUp }).scrolled(top, pages)
}
