//! What the wizard is started with, whatever face it has.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};

use crate::engine::RealWorld;
use crate::ui::wizard::autoplay::Player;
use crate::ui::wizard::effects::ground::WizardFolders;
use crate::ui::wizard::effects::questions::Replies;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::role::Theme;

/// What the wizard opens with.
#[derive(Debug, Clone, Default)]
pub enum Opening {
    /// The welcome screen.
    #[default]
    Welcome,
    /// A plan file.
    Plan(PathBuf),
    /// A session.
    Session(String),
    /// A demo lab.
    Demo(String),
}

/// What the wizard is started with.
pub struct WizardStart {
    /// Colours and signs.
    pub theme: Theme,
    /// Where things are.
    pub places: WizardFolders,
    /// The world of machines; a demo has its own.
    pub real: RealWorld,
    /// Where messages go.
    pub send: Sender<Msg>,
    /// Where messages come from.
    pub news: Receiver<Msg>,
    /// Questions that wait.
    pub replies: Replies,
    /// Only looks.
    pub read_only: bool,
    /// What to open.
    pub opening: Opening,
    /// A demo that plays by itself.
    pub player: Option<Player>,
}
