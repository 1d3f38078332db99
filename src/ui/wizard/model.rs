//! Everything the wizard knows. `update` is its only writer and the views only read it, so whatever is on the
//! screen can be made by a list of messages.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::engine::ExitCode;
use crate::live::{self, LogWish};
use crate::plan::answers::Answers;
use crate::plan::issue::{NEVER_IN_A_PLAN, PlanIssue};
use crate::plan::model::{Login, Plan};
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::redact::has_login_password;
use crate::ui::wizard::cards::{Card, Kept, Manifest};
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::explain::ExplainPane;
use crate::ui::wizard::examination::Examination;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::form::target::screen_of;
use crate::ui::wizard::form::text_input::TextInput;
use crate::ui::wizard::look::{Inspection, Look, ProbeTarget};
use crate::ui::wizard::opening::{Demo, Saved};
use crate::ui::wizard::question::Question;
use crate::ui::wizard::role::{Role, Theme};
use crate::ui::wizard::run_state::Run;
use crate::ui::wizard::screen::{Journey, Screen};
use crate::ui::wizard::screens::log::Log;

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
    /// The chosen container of that host.
    pub row: usize,
    /// The log that is followed.
    pub log: Option<LiveLog>,
    /// How many logs were opened.
    pub logs: u64,
}

/// A log that is followed.
#[derive(Debug)]
pub struct LiveLog {
    /// What was wished for.
    pub wish: LogWish,
    /// What it is of, `kube-proxy of pod kube-system/kube-proxy-w1`.
    pub title: String,
    /// Its lines.
    pub lines: Log,
    /// How it is.
    pub state: LogState,
}

/// How a log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogState {
    /// It is being asked for.
    Asked,
    /// It is open, and what is written comes.
    Open,
    /// Nothing more will come.
    Ended,
}

impl LivePane {
    /// The host whose row is chosen.
    pub fn chosen(&self) -> Option<&Place> {
        self.panel.as_ref()?.rows().get(self.at).map(|row| &row.place)
    }

    /// The host that is opened.
    pub fn opened(&self) -> Option<&Place> {
        self.chosen().filter(|_| self.open && self.host)
    }

    /// The log that has the window.
    pub fn log(&self) -> Option<&LiveLog> {
        self.log.as_ref().filter(|log| self.opened() == Some(&log.wish.place))
    }
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
    pub leaving: Option<ExitCode>,
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
    /// How many rows the page has that is drawn, as the face said.
    pub page_rows: usize,
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
    /// The worker in no plan that this journey is about instead, and how one logs in to it.
    pub unplanned: Option<Box<Login>>,
    /// What it was about before one host was taken out of it to be replaced.
    pub only_before: Option<Vec<String>>,
    /// Hosts whose name was typed: what others made there may be replaced.
    pub confirmed: BTreeSet<String>,
    /// The kubeconfig outside `~/.kube` that was shown and agreed to.
    pub agreed_outside: Option<std::path::PathBuf>,
    /// Everything there is to say about the answers.
    pub issues: Vec<PlanIssue>,
    /// The plan the answers make, for what is drawn: made once for each change of an answer.
    pub planned: Option<Arc<Plan>>,
    /// The folder relative paths start from.
    pub base: std::path::PathBuf,
    /// The operator's home.
    pub home: Option<std::path::PathBuf>,
    /// Answers come as a whole: no field is typed into.
    pub whole: bool,
    /// What was typed into fields of numbers and is none: it stands there, is wrong, and is no answer.
    pub unread: BTreeMap<(Field, usize), String>,
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
    /// The first line shown of what the chosen row does, counted from 0.
    pub scroll: usize,
    /// All of it was carried out and proven since, and no answer was changed after.
    pub done: bool,
    /// The cards of the certificates that it makes, and what they were made of.
    pub cards: Option<Kept<Vec<Card>>>,
    /// The manifest of the cluster DNS, and what it was made of.
    pub manifest: Option<Kept<Manifest>>,
}

/// What lies over the screen or waits to.
#[derive(Debug, Default)]
pub struct OpenDialogs {
    /// Over the screen, the last one on top.
    pub open: Vec<Dialog>,
    /// Taken off the screen while a face talks about them in a way of its own, the last one first to come back.
    pub aside: Vec<Dialog>,
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
    /// What the doctor found on the workers that come back.
    pub doctor: Examination,
    /// The run.
    pub run: Run,
    /// Over the screen.
    pub dialogs: OpenDialogs,
    /// The explain pane.
    pub explain: ExplainPane,
    /// The live panel.
    pub live: LivePane,
    /// Sessions that are kept, and when this one was.
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
                page_rows: 0,
            },
            form: Form::default(),
            probes: Probes::default(),
            preview: Preview::default(),
            doctor: Examination::default(),
            run: Run::default(),
            dialogs: OpenDialogs::default(),
            explain: ExplainPane { open: true, tab: 0, scroll: 0 },
            live: LivePane::default(),
            sessions: Sessions::default(),
            demo: None,
        }
    }

    /// What has the keys.
    pub fn item(&self) -> Option<Item> {
        self.items().get(self.nav.focus).copied()
    }

    /// An answer as it stands in its field: what was typed there, even where it cannot be read.
    pub fn answer(&self, field: Field, row: usize) -> String {
        let row = if field.is_of_worker() { row } else { 0 };
        let unread = self.form.unread.get(&(field, row));
        unread.cloned().unwrap_or_else(|| field.get(&self.form.answers, row))
    }

    /// The name of a worker row, or what stands for it.
    pub fn worker_name(&self, row: usize) -> String {
        self.worker_called(row).into_owned()
    }

    /// What a worker row is called, lent where it has a name or an address.
    pub fn worker_called(&self, row: usize) -> Cow<'_, str> {
        let worker = self.form.answers.workers.get(row);
        match worker.and_then(|worker| worker.name.as_ref().or(worker.address.as_ref())) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("worker {}", row.saturating_add(1))),
        }
    }

    /// What was seen of a worker row; of the second of two with one name nothing was, for it is looked at by its name.
    pub fn look_of_row(&self, row: usize) -> Option<&Look> {
        if self.is_called_twice(row) {
            return None;
        }
        self.probes.looks.get(&ProbeTarget::Worker(self.worker_name(row)))
    }

    /// A row before it has its name.
    pub fn is_called_twice(&self, row: usize) -> bool {
        let name = self.worker_called(row);
        (0..row).any(|before| self.worker_called(before) == name)
    }

    /// The workers that this journey is about, by name.
    pub fn journey_names(&self) -> Vec<String> {
        match &self.form.unplanned {
            Some(login) => vec![login.host.clone()],
            None => self.worker_names().into_iter().filter(|name| self.chosen(name)).collect(),
        }
    }

    /// What was found and done is of another journey, of which this one says nothing.
    pub fn forget_found_and_done(&mut self) {
        let number = self.doctor.number.saturating_add(1);
        self.doctor = Examination { number, ..Examination::default() };
        if !self.run.going_on() {
            let (guided, read_only) = (self.run.guided, self.run.read_only);
            self.run = Run { guided, read_only, ..Run::default() };
        }
    }

    /// Names of all workers with a name.
    pub fn worker_names(&self) -> Vec<String> {
        (0..self.form.answers.workers.len()).map(|row| self.worker_name(row)).collect()
    }

    /// No plan can be made without an answer in this field, and there is none.
    pub fn missing(&self, field: Field, row: usize) -> bool {
        let path = field.path(row);
        self.form.issues.iter().any(|remark| remark.missing && remark.stops && remark.field == path)
    }

    /// What the field of a remark is called on the screen; a worker's with its name. Where no field has that key of
    /// the plan it is the screen that it is about, or what only a plan file has.
    pub fn field_name(&self, path: &str) -> String {
        let row = path
            .strip_prefix("workers[")
            .and_then(|rest| rest.split_once(']'))
            .and_then(|(number, _)| number.parse::<usize>().ok());
        let at = row.unwrap_or(0);
        let own = |field: &Field| path == field.path(at) || path.starts_with(&format!("{}[", field.path(at)));
        let within = |field: &Field| path.starts_with(&format!("{}.", field.path(at)));
        let mut fields = PlanField::ALL.iter().map(|field| Field::of(*field));
        let field = fields.clone().find(own).or_else(|| fields.find(within));
        let label = field.map(|field| match part_of(path, field, at) {
            Some(part) => format!("{} {part}", field.label()),
            None => field.label().to_owned(),
        });
        match (row, label) {
            (Some(row), Some(label)) => format!("{}: {label}", self.worker_name(row)),
            (None, Some(label)) => label,
            (Some(row), None) if path.ends_with(']') => self.worker_name(row),
            (Some(_), None) => path.to_owned(),
            (None, None) => match path.split_once('.').map_or(path, |(top, _)| top) {
                "workers" => "a worker".to_owned(),
                top @ ("defaults" | "images") => format!("{top} of the plan file"),
                _ => screen_of(path).title().to_owned(),
            },
        }
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
        matches!(top, Some(Dialog::Ask(ask)) if matches!(ask.question, Question::Secret { .. }))
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
                    || part_of(&remark.field, field, row).is_some()
            })
            .collect();
        found.sort_by_key(|remark| !remark.stops);
        found.into_iter().find(|remark| !remark.missing || self.form.touched.contains(&(field, row)))
    }

    /// An answer is refused and may hold a secret, so that it is kept nowhere.
    pub fn holds_secret(&self, field: Field, row: usize) -> bool {
        let refused = self.remark(field, row).filter(|remark| remark.stops);
        refused.is_some_and(|remark| {
            remark.cure.contains(NEVER_IN_A_PLAN) || has_login_password(&self.answer(field, row))
        })
    }

    /// What is left of an answer that holds a secret, when that is taken out: of the kubelet's configuration all fields
    /// but those that were refused for it, else nothing.
    pub fn without_secrets(&self, field: Field, row: usize) -> String {
        if field != Field::KubeletConfig || self.form.unread.contains_key(&(field, row)) {
            return String::new();
        }
        let refused: Vec<String> = self
            .form
            .issues
            .iter()
            .filter(|remark| remark.stops && remark.cure.contains(NEVER_IN_A_PLAN))
            .filter_map(|remark| part_of(&remark.field, field, row))
            .collect();
        let mut answers = self.form.answers.clone();
        if let Some(fields) = answers.workers.get_mut(row).and_then(|one| one.kubelet_config.as_mut()) {
            fields.retain(|name, _| {
                !refused.iter().any(|part| {
                    let rest = part.strip_prefix(name.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                })
            });
        }
        field.get(&answers, row)
    }

    /// The same in words: the part of the answer that it is about, what is so, and what to write instead.
    pub fn remark_words(&self, field: Field, row: usize) -> Option<(bool, String)> {
        let remark = self.remark(field, row)?;
        let part = part_of(&remark.field, field, row).map_or(String::new(), |part| format!("{part} "));
        let cure = if remark.cure.is_empty() { "" } else { "; " };
        Some((remark.stops, format!("{part}{}{cure}{}", remark.what, remark.cure)))
    }
}

/// The part of an answer that a remark is about, where a field holds parts that have names of their own.
fn part_of(path: &str, field: Field, row: usize) -> Option<String> {
    let rest = path.strip_prefix(&field.path(row))?.strip_prefix('.')?;
    (field == Field::KubeletConfig).then(|| rest.to_owned())
}
