//! What the wizard hears and what it wants done. Both are data: whatever happened can be written down and played
//! again, without the secrets and the contents of files in it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::doctor::{Examined, NodeElsewhere};
use crate::engine::drain::DrainWish;
use crate::engine::{ExitCode, PlacePreview, Stamped};
use crate::live::{self, LogWish};
use crate::plan::action::Action;
use crate::plan::answers::Answers;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::ui::wizard::key::Key;
use crate::ui::wizard::look::{Look, ProbeTarget};
use crate::ui::wizard::opening::{Demo, Saved};
use crate::ui::wizard::question::{Question, Reply};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::Offline;
use crate::ui::wizard::undoing::TakeBack;
use crate::ui::wizard::unwritten;

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// A key of a secret was pressed.
    HiddenKey(#[serde(with = "unwritten::key")] Key),
    /// A secret, or what lies in a file, was pasted.
    HiddenPaste(#[serde(with = "unwritten::text")] String),
    /// The window has another size.
    Resize(u16, u16),
    /// How many rows the page has that a face draws, so that it scrolls to its end and no further.
    Page {
        /// Rows in all.
        rows: usize,
    },
    /// Half a second went by.
    Tick(Timestamp),
    /// The terminal is ours again.
    Resumed,
    /// A look is over: its number and what was seen.
    Looked {
        /// What was looked at.
        target: ProbeTarget,
        /// Its number.
        number: u64,
        /// What was seen.
        look: Look,
    },
    /// The inspection is over.
    Inspected {
        /// Its number.
        number: u64,
        /// The places, or what stops everything.
        #[serde(with = "shared")]
        seen: Previews,
    },
    /// The doctor has looked.
    Examined {
        /// The number of the look.
        number: u64,
        /// The workers, or what stops everything.
        #[serde(with = "shared")]
        seen: Examinations,
    },
    /// The nodes of the cluster that are no workers of the plan.
    Elsewhere(Vec<NodeElsewhere>),
    /// The API was asked for the pods of a worker.
    Leaving {
        /// The worker.
        worker: String,
        /// What of them was asked.
        wish: DrainWish,
        /// What becomes of them, in lines.
        lines: Result<Vec<String>, Problem>,
    },
    /// The engine tells.
    Run(Stamped),
    /// A run or an undo has ended.
    RunOver {
        /// With what it ended.
        code: ExitCode,
        /// It was an undo of these places.
        undone: Vec<Place>,
    },
    /// The live panel has news.
    Live(live::Update),
    /// Somebody waits for an answer.
    Ask {
        /// The question's number.
        id: u64,
        /// The question.
        question: Question,
    },
    /// Nobody waits for that answer any more.
    Unasked {
        /// The question's number.
        id: u64,
    },
    /// CSRs wait for an offline CA.
    Offline(Offline),
    /// Something is worth a word at the bottom.
    Say(Role, String),
    /// A text to show.
    Text {
        /// Its title.
        title: String,
        /// Its lines.
        lines: Vec<(Role, String)>,
    },
    /// A file before and after, to show.
    Difference {
        /// Its title.
        title: String,
        /// Its lines.
        #[serde(with = "unwritten::lines")]
        lines: Vec<(Role, String)>,
    },
    /// The session was saved: when, in words.
    Saved(String),
    /// A session or a plan was opened.
    Opened(Box<Opened>),
    /// Hosts of ssh_config.
    Hosts(Vec<(String, Option<String>)>),
    /// Sessions that can be gone on with.
    Sessions(Vec<Saved>),
    /// Demo: the words below while it plays by itself.
    Caption(Option<String>),
    /// Demo: it stands still.
    Paused(bool),
    /// Demo: what can be broken or mended now.
    Faults(Vec<(String, String, String)>),
    /// A demo is being opened: the screen says so already.
    Announced(Demo),
    /// What stands at the bottom was told: it need not stay.
    Told,
    /// A signal asks to stop what runs.
    Interrupted,
    /// A face talks about the dialog on top in its own way: it is off the screen until it comes back.
    LaidAside,
    /// The dialog that was laid aside last is on top again, with whatever is wanted of it to come.
    PutBack,
    /// The dialog that was laid aside last is not needed any more.
    LetGo,
    /// A signal asks to leave.
    Leave(ExitCode),
}

/// The places that were looked at, or what stops everything.
pub type Previews = Result<Arc<Vec<PlacePreview>>, Problem>;

/// The workers that were examined, or what stops everything.
pub type Examinations = Result<Arc<Vec<Examined>>, Problem>;

/// What is shared while it is shown is written as itself.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Problem;

    type Shared<T> = Result<Arc<Vec<T>>, Problem>;

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        seen: &Shared<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        seen.as_ref().map(AsRef::as_ref).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Shared<T>, D::Error> {
        let seen = Result::<Vec<T>, Problem>::deserialize(deserializer)?;
        Ok(seen.map(Arc::new))
    }
}

/// An opened session, plan or demo.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Opened {
    /// Its answers.
    pub answers: Answers,
    /// The folder relative paths start from.
    pub base: PathBuf,
    /// The screen it was left on.
    pub screen: String,
    /// The chosen row.
    pub row: usize,
    /// Workers it was about.
    pub only: Vec<String>,
    /// Screens that were finished.
    pub finished: Vec<String>,
    /// Its workers were aboard before: which one comes back is asked.
    pub reonboard: bool,
    /// A demo came with it.
    pub demo: Option<Demo>,
    /// Words for the bottom.
    pub note: String,
}

/// Something to be done outside of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Effect {
    /// Leave with an exit code.
    Quit(ExitCode),
    /// Save the session.
    Save,
    /// Look at something.
    Look {
        /// The CA, the API or one worker.
        target: ProbeTarget,
        /// Number of the look.
        number: u64,
    },
    /// Look at everything.
    Inspect {
        /// Number of the inspection.
        number: u64,
    },
    /// Let the doctor look at workers.
    Examine {
        /// Number of the look.
        number: u64,
        /// Only these; empty = all.
        only: Vec<String>,
    },
    /// Ask the API for the pods of a worker, and what would become of them.
    Leaving {
        /// The worker.
        worker: String,
        /// What of them is asked.
        wish: DrainWish,
    },
    /// Repair this worker as the diagnosis says, and prove it.
    Mend(String),
    /// Write what was wrong, what was changed and how it is now to a file.
    WriteSummary(PathBuf),
    /// Carry the plan out.
    Run {
        /// Only these workers; empty = all of the journey.
        only: Vec<String>,
    },
    /// Stop: once after the current action, twice at once.
    Stop,
    /// Look up what taking this back will do, ask, and do it.
    Undo(TakeBack),
    /// Do something small on a place.
    Repair {
        /// The place that has the problem.
        place: Place,
        /// What mends it, in order.
        actions: Vec<Action>,
        /// Then the place is run again.
        again: bool,
    },
    /// Answer a question.
    Reply {
        /// Its number.
        id: u64,
        /// The answer.
        reply: Reply,
    },
    /// Give certificates of an offline CA.
    Certificates(#[serde(with = "unwritten::text")] String),
    /// Show hosts live from now on.
    Live,
    /// Of this host more is asked for from now on, as it is opened; `None` = no host is.
    LookInto(Option<Place>),
    /// This log is followed from now on and no other; `None` = none is.
    Follow(Option<LogWish>),
    /// Put into the clipboard and a file.
    Copy(#[serde(with = "unwritten::text")] String),
    /// Write the script to a file.
    Export(PathBuf),
    /// Write the plan to a file.
    WritePlan(PathBuf),
    /// Show the kubeconfig before and after.
    KubeconfigDiff,
    /// Say what is wrong with workers.
    Diagnose {
        /// Only these; empty = all.
        only: Vec<String>,
    },
    /// Say how long each certificate is still good.
    DaysLeft,
    /// A shell on a worker.
    Shell(String),
    /// Stop this program as Ctrl-Z does.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Go on with a session.
    OpenSession(String),
    /// Open a session for the way back of one of its workers.
    OpenSessionFor {
        /// The session.
        name: String,
        /// The worker.
        worker: String,
    },
    /// Open a plan file.
    OpenPlan(PathBuf),
    /// Open a demo lab.
    OpenDemo(String),
    /// Find the hosts of ssh_config.
    FindHosts,
    /// Demo: break something, or mend it when it is broken.
    Throw {
        /// Which fault.
        fault: String,
        /// On which worker; empty = wherever it belongs.
        host: String,
    },
}
