//! Welcome: the ways on.

use crate::ui::wizard::form::editing;
use crate::ui::wizard::intent::{Intent, Motion};
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::{Journey, Screen};

/// A row of the first screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WelcomeRow {
    /// New workers.
    New,
    /// A worker that failed comes back.
    Reonboard,
    /// The newest session.
    Resume,
    /// A plan file.
    OpenPlan,
    /// A built-in lab.
    Demo,
    /// An older session, counted from 0 with the newest.
    Session(usize),
}

impl WelcomeRow {
    /// The rows that are always there.
    pub const WAYS: [Self; 5] = [Self::New, Self::Reonboard, Self::Resume, Self::OpenPlan, Self::Demo];

    /// What it is called; a session goes by its own name.
    pub fn title(self) -> &'static str {
        match self {
            Self::New => "New workers",
            Self::Reonboard => "Re-onboard a worker",
            Self::Resume | Self::Session(_) => "Resume",
            Self::OpenPlan => "Open a plan file",
            Self::Demo => "Demo",
        }
    }

    /// What it leads to.
    pub fn about(self) -> &'static str {
        match self {
            Self::New => "answer six screens; no change before Review",
            Self::Reonboard => "look at a failed one and mend only what differs",
            Self::Resume | Self::Session(_) => "go on where a session was left",
            Self::OpenPlan => "a plan.yaml of yours or of `gangplank init`",
            Self::Demo => "the same on a built-in lab, without any machine",
        }
    }
}

/// The rows, in order.
pub fn rows(model: &Model) -> Vec<WelcomeRow> {
    let older = (1..model.sessions.kept.len()).map(WelcomeRow::Session);
    WelcomeRow::WAYS.into_iter().chain(older).collect()
}

/// The first screen.
pub struct WelcomeScreen;

impl WelcomeScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        let rows = rows(model);
        match intent {
            Intent::Number(number) => {
                let at = number.saturating_sub(1);
                if at < rows.len() {
                    model.nav.row = at;
                    return Self::open(model);
                }
            }
            Intent::Choose(at) => model.nav.row = (*at).min(rows.len().saturating_sub(1)),
            // What to have at hand stands below the rows.
            Intent::Move(motion @ (Motion::PageUp | Motion::PageDown)) => editing::scroll(model, *motion),
            Intent::Move(motion) => match editing::on_list(*motion, model.nav.row, rows.len()) {
                Some(row) => {
                    model.nav.row = row;
                    model.nav.scroll = 0;
                }
                None => return editing::intent(model, intent),
            },
            _ => return editing::intent(model, intent),
        }
        Outcome::Stay
    }

    /// Takes the way of the chosen row.
    pub fn open(model: &mut Model) -> Outcome {
        let Some(row) = rows(model).get(model.nav.row).copied() else { return Outcome::Stay };
        model.form.journey = if row == WelcomeRow::Reonboard { Journey::Reonboard } else { Journey::New };
        let session = |at: usize| {
            let name = model.sessions.kept.get(at).map(|saved| saved.name.clone());
            name.map(|name| Outcome::Effect(Effect::OpenSession(name)))
        };
        match row {
            WelcomeRow::New => {
                model.form.only.clear();
                Outcome::Go(Screen::Ca)
            }
            WelcomeRow::Reonboard if !model.form.answers.workers.is_empty() => Outcome::Pick,
            WelcomeRow::Reonboard => {
                let newest = model.sessions.kept.iter().position(|saved| !saved.workers.is_empty());
                newest.and_then(session).unwrap_or(Outcome::Login)
            }
            WelcomeRow::Resume => session(0)
                .unwrap_or_else(|| Outcome::Say(Role::Warn, "there is no session to resume yet".to_owned())),
            WelcomeRow::OpenPlan => Outcome::PlanFile { proposed: "plan.yaml", why: "" },
            WelcomeRow::Demo => Outcome::Demos,
            WelcomeRow::Session(at) => session(at).unwrap_or(Outcome::Stay),
        }
    }
}
