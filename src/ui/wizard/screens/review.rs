//! The review: one row for each step of each place, what it would do, what it would replace.

use std::path::{Path, PathBuf};

use crate::engine::PlacePreview;
use crate::engine::inspect::StepOutcome;
use crate::host::plain_action;
use crate::plan::action::{Action, Content, Risk};
use crate::plan::fact::Facts;
use crate::plan::place::Place;
use crate::plan::problem::{Remedy, Verdict};
use crate::plan::redact::difference;
use crate::step::{Proof, StepState};
use crate::ui::output::wrap::wrap;
use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::dialogs::apply::ApplyDialog;
use crate::ui::wizard::dialogs::confirm::{Confirm, ConfirmDialog};
use crate::ui::wizard::dialogs::text::TextDialog;
use crate::ui::wizard::form::by_label;
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::form::target::edit_target;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::layout;
use crate::ui::wizard::look::Inspection;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::probes::inspect;
use crate::ui::wizard::review_table::{Count, ReviewRows, actions};
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::run::start;

/// All rows, in their order.
pub fn rows(model: &Model) -> ReviewRows<'_> {
    let inspection = &model.preview.inspection;
    let seen = inspection.seen().unwrap_or_default();
    inspection.table().map_or_else(ReviewRows::default, |table| table.rows(seen))
}

/// The counts of what was inspected; of nothing they are 0.
pub fn counted(model: &Model) -> Count {
    model.preview.inspection.table().map(|table| table.count).unwrap_or_default()
}

/// What an action replaces that gangplank did not make.
fn foreign(action: &Action, seen: &PlacePreview) -> bool {
    if action.risk(&seen.facts) != Risk::Changes {
        return false;
    }
    let Some(path) = action.path() else { return false };
    let there = match seen.facts.file(path).yes() {
        Some(Some(file)) => file.sha256.clone(),
        Some(None) | None => match seen.facts.key(path).yes() {
            Some(Some(key)) => key.sha256.clone(),
            Some(None) | None => return false,
        },
    };
    !seen.facts.is_ours(path, &there)
}

/// Hosts on which something of others is replaced, with what.
pub fn replaced(model: &Model) -> Vec<(String, Vec<String>)> {
    let Some(seen) = model.preview.inspection.seen() else { return Vec::new() };
    seen.iter()
        .filter_map(|place| {
            let Place::Worker(name) = &place.place else { return None };
            let list: Vec<String> = place
                .looked
                .iter()
                .flat_map(actions)
                .filter(|action| foreign(action, place))
                .map(Action::title)
                .collect();
            (!list.is_empty()).then(|| (name.clone(), list))
        })
        .collect()
}

/// The sign of a step: what it does at worst.
pub fn sign(looked: &StepOutcome, seen: &PlacePreview) -> (&'static str, Role) {
    let list = actions(looked);
    if list.iter().any(|action| foreign(action, seen)) {
        return ("! replaces", Role::Warn);
    }
    // Of what is only stopped or started there is no copy.
    let mut changes = list.iter().filter(|action| action.risk(&seen.facts) == Risk::Changes);
    match list.iter().map(|action| action.risk(&seen.facts)).max() {
        Some(Risk::Adds) => ("+", Role::Added),
        Some(Risk::Changes) if changes.all(|action| matches!(action, Action::Service { .. })) => {
            ("~ restarts", Role::Changed)
        }
        Some(Risk::Changes) => ("~ copy kept", Role::Changed),
        Some(Risk::Final) => ("! cannot be revoked", Role::Warn),
        None => ("", Role::Dim),
    }
}

/// The words under which an action can be taken back.
pub fn undo_words(action: &Action, seen: &PlacePreview) -> String {
    let inverse = action.inverse(&seen.facts);
    match action {
        Action::Sign { .. } => "cannot be taken back: an issued certificate expires by itself".to_owned(),
        Action::Kubectl { .. } => "the copy kept before is put back".to_owned(),
        Action::KubeApply { .. } => "an object this run made is deleted; a changed one stays".to_owned(),
        _ if inverse.is_empty() => "nothing to take back".to_owned(),
        _ => inverse.iter().map(Action::title).collect::<Vec<_>>().join(", "),
    }
}

/// The difference of the chosen row's files: what is there against what would be.
pub fn diff(model: &Model) -> Vec<(Role, String)> {
    let rows = rows(model);
    let Some(row) = rows.get(model.preview.row) else { return Vec::new() };
    let Some(looked) = row.looked else { return Vec::new() };
    let mut lines = Vec::new();
    for action in actions(looked) {
        let (Some(path), Some(Content::Literal(bytes))) = (action.path(), action.content()) else { continue };
        lines.push((Role::Accent, path.to_owned()));
        lines.extend(changes(&row.seen.facts, path, bytes, None));
        lines.push((Role::Text, String::new()));
    }
    lines
}

/// What is waited for, in words.
pub fn proof_words(proof: &Proof) -> String {
    match proof {
        Proof::Containers { wanted, within, .. } => {
            let pause = wanted.iter().any(|(container, _)| container == "POD");
            let what = if pause { "kube-proxy and pause" } else { "kube-proxy" };
            format!("waits for {what}, at most {within} s")
        }
        Proof::NodeReady { within, .. } => format!("waits until it is Ready, at most {within} s"),
        Proof::Pods { count, within, .. } => format!("waits for {count} ready pods, at most {within} s"),
        Proof::Dns { server, .. } => format!("asks {server}"),
        Proof::Reach { .. } => "asks the API for a log and a command".to_owned(),
        Proof::Kubectl { context, .. } => format!("runs kubectl get nodes with {context}"),
    }
}

/// Lines of the screen: the table with its head, and what the chosen row does below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewParts {
    /// Lines of the table, its head included.
    pub table: usize,
    /// Lines below it.
    pub detail: usize,
}

/// How the screen is shared out.
pub fn parts(model: &Model) -> ReviewParts {
    // Its frame and its buttons stay.
    let height = usize::from(layout::regions(model).main.height).saturating_sub(3);
    let table = (height.saturating_mul(11) / 20).max(4).min(rows(model).len().saturating_add(1)).min(height);
    ReviewParts { table, detail: height.saturating_sub(table) }
}

/// What the chosen row does, in lines of at most so many cells: ways out first, then the exact actions in order, each
/// with its undo.
pub fn detail(model: &Model, width: usize) -> Vec<(Role, String)> {
    let rows = rows(model);
    let Some(row) = rows.get(model.preview.row) else { return Vec::new() };
    let (dash, ok) = if model.window.theme.ascii { ("-", "v") } else { ("┄", "✓") };
    let title = row.looked.map_or("", |looked| looked.step.title());
    let head = format!(" {dash} {}: {title} ", row.seen.place);
    let rest = width.saturating_sub(head.chars().count()).saturating_sub(1);
    let mut lines = vec![(Role::Dim, head + &dash.repeat(rest))];
    let mut say = |role: Role, text: &str, indent: usize| {
        for line in wrap(text, width.saturating_sub(indent + 2)) {
            lines.push((role, format!(" {}{line}", " ".repeat(indent))));
        }
    };
    let problems = row.seen.problem.iter().chain(row.looked.and_then(|looked| looked.blocked()));
    for problem in problems {
        say(Role::Bad, &format!("{} {}", problem.code, problem.what), 0);
        for (number, way) in (1..).zip(&problem.ways) {
            say(Role::Key, &format!("{number} {}", by_label::way(way, &row.seen.place)), 2);
        }
        for line in &problem.evidence {
            say(Role::Text, line, 2);
        }
    }
    let Some(looked) = row.looked else { return lines };
    for verdict in &looked.verdicts {
        match verdict {
            Verdict::Ok { about, seen } => say(Role::Dim, &format!("{ok} {about}: {seen}"), 0),
            Verdict::Warning { about, seen, cure } => {
                say(Role::Warn, &format!("! {about}: {seen}; {cure}"), 0);
            }
            Verdict::Stops(_) => {}
        }
    }
    match &looked.state {
        StepState::Done(evidence) => say(Role::Ok, &format!("already right: {evidence}"), 0),
        StepState::Await(proof) => say(Role::Text, &proof_words(proof), 0),
        StepState::Blocked(_) => {}
        StepState::Todo(actions) => {
            for (number, action) in (1..).zip(actions) {
                let size = match action.content() {
                    Some(Content::Literal(bytes)) => format!("   {} B", bytes.len()),
                    _ => String::new(),
                };
                say(Role::Key, &format!("{number} {}{size}", action.title()), 0);
                for line in plain_action(action).lines() {
                    say(Role::Code, line, 3);
                }
                say(Role::Dim, &format!("undo: {}", undo_words(action, row.seen)), 3);
            }
        }
    }
    lines
}

/// What would change in a file, as lines: against what is there when that is gangplank's own, so many unchanged lines
/// around each change (`None` = all); of what somebody else wrote nothing is shown.
pub fn changes(facts: &Facts, path: &str, bytes: &[u8], around: Option<usize>) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    let there = match facts.file(path).yes() {
        Some(Some(file)) if facts.is_ours(path, &file.sha256) => file.content.clone().unwrap_or_default(),
        Some(Some(file)) => {
            let what = format!(
                "- {} bytes that gangplank did not write, sha256 {}: not shown, they may hold a secret",
                file.size, file.sha256
            );
            lines.push((Role::Removed, what));
            Vec::new()
        }
        Some(None) | None => Vec::new(),
    };
    let text = String::from_utf8_lossy;
    for (sign, line) in difference(&text(&there), &text(bytes), around) {
        let role = match sign {
            '-' => Role::Removed,
            '+' => Role::Added,
            _ => Role::Dim,
        };
        lines.push((role, format!("{sign} {line}")));
    }
    lines
}

/// Turns what the chosen row does, a page down or up.
pub fn turn(model: &mut Model, down: bool) {
    let width = usize::from(layout::regions(model).main.width.saturating_sub(2));
    let rows = parts(model).detail;
    let last = detail(model, width).len().saturating_sub(rows);
    let step = rows.saturating_sub(1).max(1);
    let top = model.preview.scroll.min(last);
    model.preview.scroll = if down { top.saturating_add(step).min(last) } else { top.saturating_sub(step) };
}

/// The screen.
pub struct ReviewScreen;

impl ReviewScreen {
    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        let count = rows(model).len();
        match intent {
            Intent::Choose(at) => choose(model, (*at).min(count.saturating_sub(1))),
            Intent::Move(motion) if model.item() == Some(Item::Rows) && count > 0 => {
                match editing::on_list(*motion, model.preview.row, count) {
                    Some(row) => choose(model, row),
                    None => return editing::intent(model, intent),
                }
            }
            _ => return editing::intent(model, intent),
        }
        Outcome::Stay
    }

    /// To the answer that the chosen row is made of, and straight back.
    pub fn open(model: &Model) -> Outcome {
        match answer_of(model) {
            Some((screen, field, worker)) => Outcome::Edit(screen, field, worker),
            None => Outcome::Say(Role::Dim, "no answer of yours is behind this row".to_owned()),
        }
    }
}

/// A screen, its field and the worker it is of.
pub type AnswerBehind = (Screen, Option<Field>, Option<String>);

/// The answer that the chosen row is made of, when there is one.
pub fn answer_of(model: &Model) -> Option<AnswerBehind> {
    let rows = rows(model);
    let Some(row) = rows.get(model.preview.row) else {
        let Inspection::Failed(problem) = &model.preview.inspection else { return None };
        // Before anything could be looked at it is the CA, unless the problem names the answer.
        let wrong = problem.ways.iter().find_map(|way| match way {
            Remedy::Edit { field, .. } => Some(edit_target(*field)),
            _ => None,
        });
        return Some(wrong.map_or((Screen::Ca, None, None), |(screen, field)| (screen, Some(field), None)));
    };
    let worker = match &row.seen.place {
        Place::Worker(name) => Some(name.clone()),
        Place::Local | Place::CaHost | Place::Cluster => None,
    };
    // Where a problem names the answer that is wrong, that is it.
    let problem = row.looked.map_or(row.seen.problem.as_ref(), |looked| looked.blocked());
    let wrong = problem.into_iter().flat_map(|problem| &problem.ways).find_map(|way| match way {
        Remedy::Edit { field, .. } => Some(edit_target(*field)),
        _ => None,
    });
    if let Some((screen, field)) = wrong {
        return Some((screen, Some(field), worker));
    }
    let (screen, field) = match row.looked.map(|looked| looked.step.id().0) {
        Some("keys" | "sign" | "certificates" | "admin") => (Screen::Certificates, Some(Field::Days)),
        Some("context" | "kubectl") => (Screen::Kubectl, None),
        Some("namespace" | "dns" | "dns-pods" | "dns-lookup") => (Screen::Dns, None),
        Some("images") => (Screen::Workers, Some(Field::Images)),
        Some("connect") | None if worker.is_some() => (Screen::Workers, Some(Field::Address)),
        _ => return None,
    };
    Some((screen, field, worker))
}

fn choose(model: &mut Model, row: usize) {
    model.preview.row = row;
    model.preview.scroll = 0;
}

/// Something is in the way of carrying the plan out: it is said, and what is old is looked at again.
fn not_now(model: &mut Model) -> Option<Vec<Effect>> {
    if model.run.read_only {
        model.say(Role::Warn, "started with --read-only: nothing is changed");
        return Some(Vec::new());
    }
    if model.run.going_on() {
        model.say(Role::Warn, "a run goes on: two at once would work on the same hosts");
        return Some(Vec::new());
    }
    match &model.preview.inspection {
        Inspection::Seen { stale: false, .. } => {}
        Inspection::Seen { .. } | Inspection::None | Inspection::Failed(_) => {
            model.say(Role::Warn, "answers have changed: the hosts are looked at again first");
            return Some(inspect(model));
        }
        Inspection::Looking => {
            model.say(Role::Warn, "the hosts are still being looked at");
            return Some(Vec::new());
        }
    }
    None
}

/// Asks whether the plan is carried out, when it was seen as it is now; what others made is asked for by name.
pub fn apply(model: &mut Model) -> Vec<Effect> {
    if let Some(effects) = not_now(model) {
        return effects;
    }
    let replaced = replaced(model);
    if let Some((host, actions)) = replaced.first().cloned() {
        let more = replaced.iter().skip(1).map(|(host, _)| host.clone()).collect();
        let what = Confirm::Replace { host, actions, more };
        model.dialogs.open.push(Dialog::Confirm(ConfirmDialog::new(what)));
        return Vec::new();
    }
    ask(model);
    Vec::new()
}

/// The last question before a run.
pub fn ask(model: &mut Model) {
    model.dialogs.open.push(Dialog::Apply(ApplyDialog { at: usize::from(model.run.guided) }));
}

/// The answer was yes.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    not_now(model).unwrap_or_else(|| carry_out(model))
}

/// The run begins; why each change is in the plan is kept for the report.
pub fn carry_out(model: &mut Model) -> Vec<Effect> {
    model.form.agreed_outside = outside(model);
    model.run.why = reasons(model).into_iter().collect();
    start(model, Vec::new())
}

/// The kubeconfig that would be written outside `~/.kube`.
pub fn outside(model: &Model) -> Option<PathBuf> {
    let kubectl = model.form.planned.as_ref()?.kubectl.as_ref()?;
    kubectl.outside(model.form.home.as_deref()?).map(Path::to_path_buf)
}

/// What Apply would do: how much, where, and what of it cannot be taken back.
pub fn in_words(model: &Model) -> Vec<(Role, String)> {
    let Some(seen) = model.preview.inspection.seen() else { return Vec::new() };
    let some = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let count = counted(model);
    let mut words = vec![match count.actions {
        0 => (Role::Text, "No action is left: what is there is proven.".to_owned()),
        actions => {
            let (actions, places) = (some(actions, "action"), some(count.places, "place"));
            (Role::Text, format!("{actions} on {places}."))
        }
    }];
    let issued = seen
        .iter()
        .flat_map(|place| place.looked.iter().flat_map(actions).map(|action| action.risk(&place.facts)))
        .filter(|risk| *risk == Risk::Final)
        .count();
    if issued > 0 {
        let issued = some(issued, "certificate");
        words.push((Role::Warn, format!("{issued} signed: that cannot be taken back or revoked.")));
    }
    if let Some(file) = outside(model) {
        let said = format!(
            "The kubeconfig goes to {}, outside ~/.kube: whatever reads that file reads it too.",
            file.display()
        );
        words.push((Role::Warn, said));
    }
    if count.problems > 0 {
        let places = some(count.problems, "place");
        words.push((Role::Warn, format!("{places} with a problem: nothing is done there.")));
    }
    words
}

/// Why each action is in the plan, by place and title: what is not there, what differs, what has expired.
fn reasons(model: &Model) -> Vec<((Place, String), String)> {
    let Some(seen) = model.preview.inspection.seen() else { return Vec::new() };
    let mut all = Vec::new();
    for place in seen {
        let verdicts = place.looked.iter().flat_map(|one| &one.verdicts);
        let renewed: Vec<(&str, &str)> = verdicts
            .filter_map(|verdict| match verdict {
                Verdict::Warning { about, seen, .. } => {
                    about.strip_prefix("certificate of ").map(|name| (name, seen.as_str()))
                }
                Verdict::Ok { .. } | Verdict::Stops(_) => None,
            })
            .collect();
        for action in place.looked.iter().flat_map(actions) {
            let title = action.title();
            let is_key =
                matches!(action, Action::MakeKey { .. } | Action::MakeCsr { .. } | Action::Sign { .. })
                    || action.path().is_some_and(|path| path.rsplit('.').next() == Some("crt"));
            let name = if title.contains("proxy") { "kube-proxy" } else { "kubelet" };
            let old = renewed.iter().find(|(one, _)| is_key && *one == name);
            let there = |path| matches!(place.facts.file(path).yes(), Some(Some(_)));
            let why = match (old, action, action.path()) {
                (Some((_, why)), ..) => (*why).to_owned(),
                (None, Action::Put { .. }, Some(path)) if there(path) => "what was there differed".to_owned(),
                (None, Action::Put { .. } | Action::MakeKey { .. } | Action::MakeDir { .. }, Some(_)) => {
                    "it was not there".to_owned()
                }
                (None, Action::LoadImage { .. } | Action::SendImage { .. }, _) => {
                    "the worker did not have it".to_owned()
                }
                _ => continue,
            };
            all.push(((place.place.clone(), title), why));
        }
    }
    all
}

/// Shows the difference of the chosen row, or of the kubeconfig.
pub fn show_diff(model: &mut Model) -> Vec<Effect> {
    if model.nav.screen == Screen::Kubectl {
        return vec![Effect::KubeconfigDiff];
    }
    let lines = diff(model);
    if lines.is_empty() {
        model.say(Role::Dim, "this step changes no file");
    } else {
        model.dialogs.open.push(Dialog::Text(TextDialog::new("Difference", lines)));
    }
    Vec::new()
}
