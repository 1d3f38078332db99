//! Everything the wizard knows. `update` is its only writer and the views only read it, so whatever is on the
//! screen can be made by a list of messages.
//!
//! It is long because the whole state stands in one place.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::PlacePreview;
use crate::live;
use crate::plan::answers::Answers;
use crate::plan::issue::PlanIssue;
use crate::plan::model::Plan;
use crate::plan::place::Place;
use crate::plan::problem::Problem;
use crate::step::StepId;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::role::{Role, Theme};
use crate::ui::wizard::screens::log::Log;
use crate::ui::wizard::unwritten;

/// The screens, in the order of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// What to have at hand and the ways on.
    Welcome,
    /// Where the CA is.
    Ca,
    /// The cluster.
    Cluster,
    /// The workers.
    Workers,
    /// What is signed for whom.
    Certificates,
    /// The context on this computer.
    Kubectl,
    /// Cluster DNS.
    Dns,
    /// Every action before it is done.
    Review,
    /// Doing it.
    Run,
    /// What was done.
    Report,
}

/// The numbered steps of the path.
pub const PATH: [Screen; 8] = [
    Screen::Ca,
    Screen::Cluster,
    Screen::Workers,
    Screen::Certificates,
    Screen::Kubectl,
    Screen::Dns,
    Screen::Review,
    Screen::Run,
];

impl Screen {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Welcome => "Welcome",
            Self::Ca => "Certificate CA",
            Self::Cluster => "Cluster",
            Self::Workers => "Workers",
            Self::Certificates => "Certificates",
            Self::Kubectl => "kubectl context",
            Self::Dns => "SkyDNS",
            Self::Review => "Review",
            Self::Run => "Run",
            Self::Report => "Report",
        }
    }

    /// A short title for narrow windows.
    pub fn short(self) -> &'static str {
        match self {
            Self::Ca => "CA",
            Self::Certificates => "Certs",
            Self::Kubectl => "kubectl",
            _ => self.title(),
        }
    }

    /// Its name in files and texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Ca => "ca",
            Self::Cluster => "cluster",
            Self::Workers => "workers",
            Self::Certificates => "certificates",
            Self::Kubectl => "kubectl",
            Self::Dns => "skydns",
            Self::Review => "review",
            Self::Run => "run",
            Self::Report => "report",
        }
    }

    /// The screen of a name.
    pub fn parse(name: &str) -> Option<Self> {
        PATH.into_iter().chain([Self::Welcome, Self::Report]).find(|screen| screen.name() == name)
    }

    /// Its number on the path, from 1.
    pub fn number(self) -> Option<usize> {
        PATH.iter().position(|screen| *screen == self).map(|at| at.saturating_add(1))
    }
}

/// What the person came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Journey {
    /// New workers.
    #[default]
    New,
    /// A worker that failed comes back.
    Reonboard,
}

/// What can have the keys on a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// A list of rows: ways on, workers, places, steps.
    Rows,
    /// A field.
    Field(Field),
    /// A button.
    Button(Button),
}

/// Buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Button {
    /// On to the next screen.
    Continue,
    /// To the screen before.
    Back,
    /// Another worker.
    Add,
    /// Many at once.
    Paste,
    /// Hosts of ssh_config.
    Import,
    /// Look at it again.
    Look,
    /// Carry the plan out.
    Apply,
    /// Save the plan as a file.
    SavePlan,
    /// Write the shell script.
    Export,
    /// Back to the review or the problem one came from.
    Return,
    /// Leave.
    Quit,
}

impl Button {
    /// Its verb.
    pub fn label(self) -> &'static str {
        match self {
            Self::Continue => "Continue",
            Self::Back => "Back",
            Self::Add => "Add",
            Self::Paste => "Paste many",
            Self::Import => "Import",
            Self::Look => "Look again",
            Self::Apply => "Apply",
            Self::SavePlan => "Save plan",
            Self::Export => "Export script",
            Self::Return => "Return",
            Self::Quit => "Quit",
        }
    }
}

/// How a look at something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookStatus {
    /// It goes on.
    Looking,
    /// Fine.
    Good,
    /// Works, but look.
    Doubtful,
    /// Something is in the way.
    Bad,
}

/// A look at the CA, the API or a worker, in lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// How it went.
    pub mood: LookStatus,
    /// A few words for a table.
    pub word: String,
    /// What was seen.
    pub lines: Vec<(Role, String)>,
    /// What is in the way, with the ways out.
    pub problem: Option<Problem>,
    /// The answers it was made of have changed since.
    pub stale: bool,
}

impl Look {
    /// One that has just begun.
    pub fn begun() -> Self {
        Self {
            mood: LookStatus::Looking,
            word: "looking".to_owned(),
            lines: Vec::new(),
            problem: None,
            stale: false,
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProbeTarget {
    /// The CA.
    Ca,
    /// The API.
    Api,
    /// A worker, by name.
    Worker(String),
}

/// A cell of the matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// How far it is.
    pub state: CellState,
    /// Actions done.
    pub done: usize,
    /// Of how many; 0 = not known.
    pub of: usize,
    /// Words about the end.
    pub words: String,
    /// Seconds of the run at which the waiting began, and the deadline in seconds, when there is one.
    pub since: Option<f64>,
    /// Bytes sent and in all, while a file is on its way.
    pub sent: Option<(u64, u64)>,
}

/// How far a step is on a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellState {
    /// Not begun.
    #[default]
    Waiting,
    /// Going on.
    Running,
    /// Something was done.
    Changed,
    /// As it was.
    Same,
    /// It became true.
    Proven,
    /// Could not be shown.
    Unproven,
    /// Left alone.
    Skipped,
    /// Failed.
    Failed,
    /// Held back by a failure or the person.
    Held,
}

/// The problem a place has.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// In which step.
    pub step: Option<StepId>,
    /// What.
    pub problem: Problem,
    /// What was done before it, in words.
    pub done: Vec<String>,
}

/// The run as it is seen.
#[derive(Debug, Default)]
pub struct Run {
    /// Cells by place and step.
    pub cells: BTreeMap<(Place, &'static str), Cell>,
    /// Output by place.
    pub logs: BTreeMap<Place, Log>,
    /// Problems that wait for somebody.
    pub troubles: Vec<Trouble>,
    /// Runs going on now.
    pub going: usize,
    /// A stop was asked for so often.
    pub stops: u8,
    /// When the first one began.
    pub started: Option<Timestamp>,
    /// When the last one ended.
    pub ended: Option<Timestamp>,
    /// Worst exit code so far.
    pub code: Option<u8>,
    /// Actions begun and ended.
    pub actions: (usize, usize),
    /// How each place ended.
    pub ends: BTreeMap<String, String>,
    /// What to try next.
    pub next: Vec<String>,
    /// Files and other things changed, by place, in words.
    pub changed: BTreeMap<Place, Vec<String>>,
    /// Places the person skips.
    pub skipped: BTreeSet<Place>,
    /// The place whose output is shown.
    pub shown: usize,
    /// The problem whose card is shown.
    pub card: usize,
    /// The person has chosen a card or a way: it is not changed under their eyes.
    pub chosen: bool,
    /// The chosen way on the card.
    pub way: usize,
    /// The output has the keys.
    pub in_log: bool,
    /// What was undone, by place.
    pub undone: BTreeSet<Place>,
    /// CSRs that wait for an offline CA.
    pub offline: Option<Offline>,
    /// One batch for each step, asked before each.
    pub guided: bool,
    /// Only looks; Apply is not there.
    pub read_only: bool,
}

impl Run {
    /// Something is being done now.
    pub fn going_on(&self) -> bool {
        self.going > 0
    }
}

/// Waiting signing requests of a CA that is offline.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Offline {
    /// Where the requests are.
    pub folder: String,
    /// What to run there.
    pub command: String,
    /// Who waits, and whether its certificate has come.
    pub waiting: Vec<(String, bool)>,
    /// What was said about the last certificates.
    pub said: String,
}

/// A question somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// A password or passphrase.
    Secret {
        /// In words.
        prompt: String,
    },
    /// An unknown host key.
    Trust {
        /// Which host.
        host: String,
        /// Kind of key.
        kind: String,
        /// Fingerprint.
        fingerprint: String,
        /// What else is known.
        note: String,
    },
    /// Guided pace: the next step.
    GoOn {
        /// Where.
        place: Place,
        /// Which step.
        step: StepId,
        /// Its actions, titles.
        actions: Vec<String>,
    },
}

/// The answer to a question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// A secret; `None` = nobody says.
    Secret(#[serde(with = "unwritten::secret")] Option<zeroize::Zeroizing<String>>),
    /// Trust: remember, once, refuse.
    Trust(u8),
    /// Go on.
    GoOn(bool),
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret(given) => write!(f, "Secret({})", if given.is_some() { "given" } else { "none" }),
            Self::Trust(word) => write!(f, "Trust({word})"),
            Self::GoOn(yes) => write!(f, "GoOn({yes})"),
        }
    }
}

/// What lies over the screen.
pub enum Overlay {
    /// Keys and glossary.
    Help {
        /// First line shown.
        scroll: usize,
    },
    /// All commands.
    Menu {
        /// What is searched.
        search: TextInput,
        /// The chosen one.
        at: usize,
    },
    /// Steps to jump to.
    Jump {
        /// The chosen one.
        at: usize,
    },
    /// Explanations, where the window has no room for a pane.
    Explain,
    /// A question.
    Ask {
        /// Its number.
        id: u64,
        /// What is asked.
        question: Question,
        /// What is typed, hidden for secrets.
        typed: TextInput,
        /// The chosen answer.
        at: usize,
    },
    /// Many workers at once.
    PasteWorkers {
        /// What is typed or pasted.
        text: TextInput,
        /// What is wrong with it.
        wrong: String,
    },
    /// Hosts of ssh_config.
    Import {
        /// Names, and whether they are chosen.
        hosts: Vec<(String, bool)>,
        /// The row.
        at: usize,
    },
    /// Certificates of an offline CA.
    PasteCertificates {
        /// What is pasted.
        text: TextInput,
    },
    /// A line of text that something needs, such as a file name.
    Line {
        /// What it is for.
        what: LineFor,
        /// What is typed.
        text: TextInput,
    },
    /// Something cannot be rebuilt: its name must be typed.
    Confirm {
        /// What is confirmed.
        what: Confirm,
        /// What is typed.
        typed: TextInput,
        /// `false` = Cancel has the keys.
        yes: bool,
    },
    /// Leave, or stop what runs.
    Quit {
        /// The chosen answer.
        at: usize,
    },
    /// A difference or other long text.
    Text {
        /// Its title.
        title: String,
        /// Its lines.
        lines: Vec<(Role, String)>,
        /// First line shown.
        scroll: usize,
    },
    /// The problem of a look, with its ways.
    Problem {
        /// Whose.
        target: ProbeTarget,
        /// The problem.
        problem: Problem,
        /// The chosen way.
        at: usize,
    },
    /// A demo lab to open.
    PickDemo {
        /// The row.
        at: usize,
    },
    /// A worker to re-onboard.
    PickWorker {
        /// Chosen ones by name.
        chosen: BTreeSet<String>,
        /// The row.
        at: usize,
    },
}

/// Its kind only: a secret may be what is typed into it.
impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Help { .. } => "Help",
            Self::Menu { .. } => "Menu",
            Self::Jump { .. } => "Jump",
            Self::Explain => "Explain",
            Self::Ask { .. } => "Ask",
            Self::PasteWorkers { .. } => "PasteWorkers",
            Self::Import { .. } => "Import",
            Self::PasteCertificates { .. } => "PasteCertificates",
            Self::Line { .. } => "Line",
            Self::Confirm { .. } => "Confirm",
            Self::Quit { .. } => "Quit",
            Self::Text { .. } => "Text",
            Self::Problem { .. } => "Problem",
            Self::PickDemo { .. } => "PickDemo",
            Self::PickWorker { .. } => "PickWorker",
        })
    }
}

/// What a line of text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFor {
    /// Open a plan file.
    OpenPlan,
    /// Save the plan.
    SavePlan,
    /// Write the script.
    Export,
    /// Search in the output.
    Search,
}

/// What is confirmed by typing a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// Carry out a plan that replaces what others made on these hosts.
    Replace {
        /// The host whose name is typed now.
        host: String,
        /// The actions, in words.
        actions: Vec<String>,
        /// Hosts still to confirm after it.
        more: Vec<String>,
    },
    /// Take back what was done.
    Undo {
        /// The host.
        host: String,
    },
}

/// A session that can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Name of the cluster.
    pub name: String,
    /// Where it was left.
    pub screen: String,
    /// When.
    pub when: String,
    /// What it is about, in words.
    pub about: String,
}

/// The demo that is open, or is being opened: which lab it is, and what the screen says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// Which lab.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What is seen there, in two or three sentences.
    pub about: String,
    /// Faults that can be thrown or mended now: id, worker and title.
    pub faults: Vec<(String, String, String)>,
    /// What is said while it plays by itself.
    pub caption: Option<String>,
    /// It plays by itself and stands still.
    pub paused: bool,
}

/// The explain pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explain {
    /// It is shown where there is room.
    pub open: bool,
    /// Which tab.
    pub tab: usize,
    /// First line shown.
    pub scroll: usize,
}

/// The live panel and how it is shown.
#[derive(Debug, Default)]
pub struct LivePane {
    /// What is watched; `None` = no host is known yet.
    pub panel: Option<live::Panel>,
    /// It has the keys and the whole window.
    pub open: bool,
    /// The chosen row.
    pub at: usize,
    /// One host is shown as a table.
    pub host: bool,
    /// First row shown.
    pub scroll: usize,
}

/// A word at the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The words.
    pub text: String,
    /// How it is meant.
    pub role: Role,
    /// Ticks it still stays.
    pub ticks: u8,
}

/// An inspection of all places: what review, certificates and the others show.
#[derive(Debug, Clone, Default)]
pub enum Inspection {
    /// None yet.
    #[default]
    None,
    /// It goes on.
    Looking,
    /// Seen; `stale` when answers have changed since.
    Seen {
        /// The places.
        seen: Arc<Vec<PlacePreview>>,
        /// When, in words.
        at: String,
        /// Answers have changed since.
        stale: bool,
    },
    /// The CA or the API stops everything.
    Failed(Problem),
}

impl std::fmt::Debug for PlacePreview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen({}, {} steps)", self.place, self.looked.len())
    }
}

impl Inspection {
    /// What was seen, old or new.
    pub fn seen(&self) -> Option<&[PlacePreview]> {
        match self {
            Self::Seen { seen, .. } => Some(seen),
            Self::None | Self::Looking | Self::Failed(_) => None,
        }
    }
}

/// The window and what the whole of it shows.
#[derive(Debug)]
pub struct Window {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Colours and signs.
    pub theme: Theme,
    /// The clock.
    pub now: Timestamp,
    /// Half-seconds since the start, for what moves.
    pub ticks: u64,
    /// A word at the bottom.
    pub toast: Option<Toast>,
    /// The exit code with which the wizard is being left.
    pub leaving: Option<u8>,
}

/// Where the person is on the path, and what has the keys there.
#[derive(Debug)]
pub struct Navigation {
    /// The present screen.
    pub screen: Screen,
    /// The screens Esc leads back to, the last one first.
    pub history: Vec<Screen>,
    /// Where a visit to change one answer returns to.
    pub return_to: Option<Screen>,
    /// Screens that were finished.
    pub finished: BTreeSet<Screen>,
    /// Screens whose answers became wrong, with the reason.
    pub invalidated: BTreeMap<Screen, String>,
    /// Which item has the keys, counted from 0.
    pub focus: usize,
    /// The chosen row of the screen's list, counted from 0.
    pub row: usize,
    /// First line of a screen longer than the window.
    pub scroll: usize,
}

/// The answers and how they are typed.
#[derive(Debug, Default)]
pub struct Form {
    /// What is wanted.
    pub journey: Journey,
    /// What was answered so far.
    pub answers: Answers,
    /// Workers this journey is about; empty = all.
    pub only: Vec<String>,
    /// What it was about before one host was taken out of it to be replaced.
    pub only_before: Option<Vec<String>>,
    /// Hosts whose name was typed: what others made there may be replaced.
    pub confirmed: BTreeSet<String>,
    /// Everything there is to say about the answers.
    pub issues: Vec<PlanIssue>,
    /// The plan the answers make, for what is drawn: made once for each change of an answer.
    pub planned: Option<Arc<Plan>>,
    /// The folder relative paths start from.
    pub base: std::path::PathBuf,
    /// The operator's home.
    pub home: Option<std::path::PathBuf>,
    /// The field is being typed into.
    pub editor: Option<TextInput>,
    /// Ticks since something was typed into the field.
    pub typed: u8,
    /// Fields that were left once: only those are told what is wrong.
    pub touched: BTreeSet<(Field, usize)>,
    /// The name under which a row is known while what is typed is another worker's name.
    pub alias: Option<(usize, String)>,
    /// Where the CA's host and the context were, while another choice stands there.
    pub laid_by: (Option<String>, Option<crate::plan::answers::ContextAnswers>),
}

/// Looks at the CA, the API and the workers.
#[derive(Debug, Default)]
pub struct Probes {
    /// The newest look at each.
    pub looks: BTreeMap<ProbeTarget, Look>,
    /// The number of the newest look at each, so that older answers are dropped.
    pub numbers: BTreeMap<ProbeTarget, u64>,
    /// How many looks were begun.
    pub counter: u64,
}

/// What the plan would do, as Review shows it.
#[derive(Debug, Default)]
pub struct Preview {
    /// The inspection of all places.
    pub inspection: Inspection,
    /// The number of the newest inspection.
    pub number: u64,
    /// The chosen row, counted from 0.
    pub row: usize,
}

/// What lies over the screen or waits to.
#[derive(Debug, Default)]
pub struct OpenDialogs {
    /// Over the screen, the last one on top.
    pub open: Vec<Overlay>,
    /// Questions that wait behind the one shown.
    pub waiting: VecDeque<(u64, Question)>,
}

/// The sessions on the disk.
#[derive(Debug, Default)]
pub struct Sessions {
    /// When this one was saved last, in words.
    pub saved: Option<String>,
    /// Those that can be gone on with, the newest first.
    pub kept: Vec<Saved>,
}

/// Everything the wizard knows.
#[derive(Debug)]
pub struct Model {
    /// The window.
    pub window: Window,
    /// Where the person is.
    pub nav: Navigation,
    /// The answers.
    pub form: Form,
    /// What was seen of single things.
    pub probes: Probes,
    /// What was seen of everything.
    pub preview: Preview,
    /// The run.
    pub run: Run,
    /// Over the screen.
    pub dialogs: OpenDialogs,
    /// The explain pane.
    pub explain: Explain,
    /// The live panel.
    pub live: LivePane,
    /// Sessions.
    pub sessions: Sessions,
    /// A demo, when one is open.
    pub demo: Option<Demo>,
}

impl Model {
    /// Nothing is answered yet.
    pub fn new(theme: Theme, size: (u16, u16), now: Timestamp) -> Self {
        Self {
            window: Window { size, theme, now, ticks: 0, toast: None, leaving: None },
            nav: Navigation {
                screen: Screen::Welcome,
                history: Vec::new(),
                return_to: None,
                finished: BTreeSet::new(),
                invalidated: BTreeMap::new(),
                focus: 0,
                row: 0,
                scroll: 0,
            },
            form: Form::default(),
            probes: Probes::default(),
            preview: Preview::default(),
            run: Run::default(),
            dialogs: OpenDialogs::default(),
            explain: Explain { open: true, tab: 0, scroll: 0 },
            live: LivePane::default(),
            sessions: Sessions::default(),
            demo: None,
        }
    }

    /// What can have the keys on this screen, in order.
    pub fn items(&self) -> Vec<Item> {
        crate::ui::wizard::form::items(self)
    }

    /// What has the keys.
    pub fn item(&self) -> Option<Item> {
        self.items().get(self.nav.focus).copied()
    }

    /// The name of a worker row, or what stands for it.
    pub fn worker_name(&self, row: usize) -> String {
        let worker = self.form.answers.workers.get(row);
        worker
            .and_then(|worker| worker.name.clone().or_else(|| worker.address.clone()))
            .unwrap_or_else(|| format!("worker {}", row.saturating_add(1)))
    }

    /// Names of all workers with a name.
    pub fn worker_names(&self) -> Vec<String> {
        (0..self.form.answers.workers.len()).map(|row| self.worker_name(row)).collect()
    }

    /// Workers this journey is about.
    pub fn chosen(&self, name: &str) -> bool {
        self.form.only.is_empty() || self.form.only.iter().any(|one| one == name)
    }

    /// The name of the session.
    pub fn session(&self) -> String {
        self.form.answers.cluster.name.clone().unwrap_or_else(|| "unnamed".to_owned())
    }

    /// What is typed and pasted now is a secret.
    pub fn asks_secret(&self) -> bool {
        let top = self.dialogs.open.last();
        matches!(top, Some(Overlay::Ask { question: Question::Secret { .. }, .. }))
    }

    /// Something on hosts may have been changed.
    pub fn applying(&self) -> bool {
        self.run.going_on()
    }

    /// Says something at the bottom.
    pub fn say(&mut self, role: Role, text: impl Into<String>) {
        self.window.toast = Some(Toast { text: text.into(), role, ticks: 12 });
    }

    /// The remark on a field, when the field was left or the whole is being finished.
    pub fn remark(&self, field: Field, row: usize) -> Option<&PlanIssue> {
        let path = field.path(row);
        let mut found: Vec<&PlanIssue> = self
            .form
            .issues
            .iter()
            .filter(|remark| {
                remark.field == path
                    || remark.field.strip_prefix(&path).is_some_and(|rest| rest.starts_with('['))
            })
            .collect();
        found.sort_by_key(|remark| !remark.stops);
        found.into_iter().find(|remark| !remark.missing || self.form.touched.contains(&(field, row)))
    }
}
