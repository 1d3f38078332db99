//! The wizard as its faces hold it: everybody may read the model, and only messages and intents write it.

use std::ops::Deref;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::message::{Effect, Msg};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::opening::Saved;
use crate::ui::wizard::role::Theme;
use crate::ui::wizard::update;
use crate::ui::wizard::validation::validate;

/// What a wizard knows before anything happens.
#[derive(Debug, Clone, Default)]
pub struct Outset {
    /// The folder relative paths start from.
    pub base: PathBuf,
    /// The operator's home.
    pub home: Option<PathBuf>,
    /// Only looks.
    pub read_only: bool,
    /// Its face gives answers as a whole: no field is typed into.
    pub whole: bool,
    /// Sessions that can be gone on with, the newest first.
    pub sessions: Vec<Saved>,
}

/// The model behind its door.
#[derive(Debug)]
pub struct Core(Model);

impl Core {
    /// Nothing has happened yet.
    pub fn new(theme: Theme, size: (u16, u16), now: Timestamp, outset: Outset) -> Self {
        let mut model = Model::new(theme, size, now);
        model.form.base = outset.base;
        model.form.home = outset.home;
        model.form.whole = outset.whole;
        model.run.read_only = outset.read_only;
        model.sessions.kept = outset.sessions;
        validate(&mut model);
        Self(model)
    }

    /// Takes a message in; what it asks for is to be carried out.
    #[must_use]
    pub fn hear(&mut self, msg: Msg) -> Vec<Effect> {
        update::update(&mut self.0, msg)
    }

    /// Takes in what a person wants; what it asks for is to be carried out.
    #[must_use]
    pub fn intent(&mut self, what: &Intent) -> Vec<Effect> {
        update::intent(&mut self.0, what)
    }

    /// The same from its beginning: only what it was started with is kept.
    pub fn restart(&mut self, theme: Theme, now: Timestamp) {
        let outset = Outset {
            base: std::mem::take(&mut self.0.form.base),
            home: self.0.form.home.take(),
            read_only: self.0.run.read_only,
            whole: self.0.form.whole,
            sessions: std::mem::take(&mut self.0.sessions.kept),
        };
        *self = Self::new(theme, self.0.window.size, now, outset);
    }

    /// What it knows, for whoever only looks at it from now on.
    pub fn into_model(self) -> Model {
        self.0
    }
}

impl From<Model> for Core {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl Deref for Core {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.0
    }
}
