//! Explanations over the screen, where the window has no room for a pane beside it: what, why, commands, undo.

use crate::ui::wizard::intent::{Intent, Motion, PageSize};
use crate::ui::wizard::outcome::Outcome;

/// How many tabs there are.
const TABS: usize = 4;

/// The explain pane, beside a screen or over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainPane {
    /// It is shown where there is room.
    pub open: bool,
    /// Which tab, counted from 0.
    pub tab: usize,
    /// First line shown, counted from 0.
    pub scroll: usize,
}

impl ExplainPane {
    /// To the next tab, or the one before, from its beginning.
    pub fn turn(&mut self, forward: bool) {
        let step = if forward { 1 } else { TABS.saturating_sub(1) };
        self.tab = self.tab.saturating_add(step) % TABS;
        self.scroll = 0;
    }
}

/// The pane lies over the screen.
#[derive(Debug, Default)]
pub struct ExplainDialog;

impl ExplainDialog {
    /// `pages` are those of the tab, `copied` is what a copy takes.
    pub fn intent(
        &mut self,
        intent: &Intent,
        pane: &mut ExplainPane,
        pages: PageSize,
        copied: impl FnOnce() -> String,
    ) -> Outcome {
        match intent {
            Intent::Cancel | Intent::Confirm => return Outcome::Close,
            Intent::Copy => return Outcome::Copy(copied()),
            Intent::Move(Motion::Left) => pane.turn(false),
            Intent::Move(Motion::Right) => pane.turn(true),
            Intent::Move(motion) => pane.scroll = motion.scrolled(pane.scroll, pages),
            _ => {}
        }
        Outcome::Stay
    }
}
