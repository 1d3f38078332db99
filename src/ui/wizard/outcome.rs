//! What comes of an intent in a dialog. A dialog knows nothing of the model: what it wants done there is said here.

use std::collections::BTreeSet;

use crate::plan::answers::WorkerAnswers;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::question::Reply;
use crate::ui::wizard::remedy::RunRemedy;
use crate::ui::wizard::screen::Screen;

/// What comes of it.
#[derive(Debug)]
pub enum Outcome {
    /// It stays open.
    Stay,
    /// It stays open, and this is copied.
    Copy(String),
    /// It is over.
    Close,
    /// It is over, and this is carried out.
    Effect(Effect),
    /// It is over, and this command follows.
    Command(Command),
    /// To a screen of the path.
    Jump(Screen),
    /// This is searched in the output.
    Search(String),
    /// Workers to add.
    Workers(Vec<WorkerAnswers>),
    /// The workers that come back.
    ComeBack(BTreeSet<String>),
    /// The name was typed.
    Confirmed,
    /// A way out of what a look found.
    Remedy(ProbeTarget, RunRemedy),
    /// A question is answered.
    Reply(u64, Reply),
    /// The answer to leaving, counted from 0.
    Leave(usize),
}
