//! What comes of an intent on a screen or in a dialog. Neither carries anything out: what each wants done beyond its own
//! rows and fields is said here. A dialog knows nothing of the model either.

use std::collections::BTreeSet;

use crate::plan::action::Action;
use crate::plan::model::Login;
use crate::plan::pasted::PastedWorkers;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::question::Reply;
use crate::ui::wizard::remedy::RunRemedy;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::undoing::TakeBack;

/// What comes of it; of a dialog it is the end where nothing else is said.
#[derive(Debug)]
pub enum Outcome {
    /// It stays as it is, and a dialog stays open.
    Stay,
    /// A dialog stays open, and this is copied.
    Copy(String),
    /// A dialog is over.
    Close,
    /// This is carried out.
    Effect(Effect),
    /// These are carried out, in order.
    Effects(Vec<Effect>),
    /// This command follows.
    Command(Command),
    /// On to a screen, from the one that is shown.
    Go(Screen),
    /// To a screen of the path.
    Jump(Screen),
    /// To an answer, of this worker where it is one's, and back again.
    Edit(Screen, Option<Field>, Option<String>),
    /// These are run on a place to repair it, and then, where that is wanted, the plan.
    Mend(Place, Vec<Action>, bool),
    /// What taking this back will do is looked up and shown.
    TakeBack(TakeBack),
    /// The person is asked which workers come back.
    Pick,
    /// The person is asked which demo is opened.
    Demos,
    /// The person is asked for a plan file, with this proposed; the words say why, where that is not clear.
    PlanFile {
        /// What stands in the line.
        proposed: &'static str,
        /// Said at the bottom; empty = nothing is.
        why: &'static str,
    },
    /// The person is asked for the login of the worker that comes back.
    Login,
    /// The worker with this login comes back, whether a plan tells of it or not.
    ComesBackBy(Box<Login>),
    /// This is said at the bottom.
    Say(Role, String),
    /// The problem of a look is shown with its ways out.
    Problem(ProbeTarget, Problem),
    /// This is searched in the output.
    Search(String),
    /// Workers to add, and what was left out of a paste.
    Workers(PastedWorkers),
    /// The workers that come back.
    ComeBack(BTreeSet<String>),
    /// The name was typed.
    Confirmed,
    /// The plan is carried out as it was reviewed.
    Begin {
        /// Before each step it is asked.
        guided: bool,
    },
    /// A way out of what a look found.
    Remedy(ProbeTarget, RunRemedy),
    /// A way out of the problem whose card is shown.
    OfCard(RunRemedy),
    /// A way out of one of the problems of the run, counted from 0: its card is shown.
    OfProblem(usize, RunRemedy),
    /// A question is answered.
    Reply(u64, Reply),
    /// The answer to leaving, counted from 0.
    Leave(usize),
}
