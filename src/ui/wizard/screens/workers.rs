//! The workers: a list, and the fields of the row that is chosen.

use crate::engine::doctor::NodeElsewhere;
use crate::plan::answers::WorkerAnswers;
use crate::plan::pasted::PastedWorkers;
use crate::ui::wizard::command::Command;
use crate::ui::wizard::dialogs::bulk;
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::editing::{answered, edit_if_text, leave_field};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::Item;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Effect;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::navigation::enter;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::probes::look;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::validation::{stale, validate};

/// What few workers have; it is on the form only where it was answered, so that the form stays short.
pub const SELDOM: [Field; 4] = [Field::Jump, Field::HostKey, Field::KubeletArgs, Field::ProxyArgs];

/// The screen.
pub struct WorkersScreen;

impl WorkersScreen {
    /// The fields of the chosen row, in the order of the Tab key.
    pub fn fields(model: &Model) -> Vec<Field> {
        if model.form.answers.workers.is_empty() {
            return Vec::new();
        }
        let mut list = vec![
            Field::Name,
            Field::Address,
            Field::User,
            Field::Port,
            Field::Host,
            Field::SshKey,
            Field::Images,
            Field::Kubelet,
            Field::KubeletHash,
            Field::Binaries,
            Field::KubeletConfig,
            Field::Replace,
        ];
        list.extend(answered(model, &SELDOM));
        list
    }

    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        match intent {
            Intent::Move(motion) if model.item() == Some(Item::Rows) => {
                match editing::on_list(*motion, model.nav.row, model.form.answers.workers.len()) {
                    Some(row) => {
                        model.nav.row = row;
                        Outcome::Stay
                    }
                    None => editing::intent(model, intent),
                }
            }
            // Whoever chooses a row by its number has the list before them, and no field.
            Intent::Choose(at) => {
                let effects = leave_field(model);
                model.nav.focus = 0;
                model.nav.row = (*at).min(model.form.answers.workers.len().saturating_sub(1));
                Outcome::Effects(effects)
            }
            _ => editing::intent(model, intent),
        }
    }

    /// Opens the chosen row: its problem, or its fields.
    pub fn open(model: &mut Model) -> Outcome {
        if model.form.answers.workers.is_empty() {
            return Outcome::Command(Command::Add);
        }
        let target = ProbeTarget::Worker(model.worker_name(model.nav.row));
        if let Some(problem) = model.look_of_row(model.nav.row).and_then(|look| look.problem.clone()) {
            return Outcome::Problem(target, problem);
        }
        model.nav.focus = 1;
        edit_if_text(model);
        Outcome::Stay
    }
}

/// Adds a worker; what it does not say it takes over from the row above.
pub fn add_worker(model: &mut Model, worker: WorkerAnswers) -> Vec<Effect> {
    let mut effects = leave_field(model);
    let taken = model.worker_names();
    let mut new = vec![worker];
    bulk::name_them(&mut new, &taken);
    // The user of the row above is the best guess.
    if let (Some(new), Some(above)) = (new.first_mut(), model.form.answers.workers.last())
        && new.ssh.user.is_none()
    {
        new.ssh.user.clone_from(&above.ssh.user);
        new.ssh.port = above.ssh.port;
        new.ssh.key.clone_from(&above.ssh.key);
        new.images.clone_from(&above.images);
        new.binaries.clone_from(&above.binaries);
    }
    model.form.answers.workers.extend(new);
    model.nav.row = model.form.answers.workers.len().saturating_sub(1);
    validate(model);
    stale(model);
    let at = model.items().iter().position(|item| *item == Item::Field(Field::Address));
    model.nav.focus = at.unwrap_or(0);
    edit_if_text(model);
    effects.push(Effect::Save);
    effects
}

/// Takes a node of the cluster into the plan; what it does not say is as for the worker above.
pub fn add_node(model: &mut Model, node: NodeElsewhere) {
    let mut worker = WorkerAnswers {
        name: Some(node.name),
        address: Some(node.address).filter(|address| !address.is_empty()),
        ..WorkerAnswers::default()
    };
    if let Some(above) = model.form.answers.workers.last() {
        worker.ssh.user.clone_from(&above.ssh.user);
        worker.ssh.port = above.ssh.port;
        worker.ssh.key.clone_from(&above.ssh.key);
    }
    model.form.answers.workers.push(worker);
    validate(model);
    stale(model);
}

/// Adds workers that were pasted or imported.
pub fn add_many(model: &mut Model, pasted: PastedWorkers) -> Vec<Effect> {
    let PastedWorkers { mut workers, mut left_out } = pasted;
    model.form.editor = None;
    bulk::name_them(&mut workers, &model.worker_names());
    let known: Vec<Option<String>> =
        model.form.answers.workers.iter().map(|worker| worker.address.clone()).collect();
    let there = |worker: &WorkerAnswers| worker.address.is_some() && known.contains(&worker.address);
    let again: Vec<&str> =
        workers.iter().filter(|one| there(one)).filter_map(|one| one.address.as_deref()).collect();
    left_out.extend((!again.is_empty()).then(|| format!("{} there already", again.join(", "))));
    workers.retain(|worker| !there(worker));
    let (first, count) = (model.form.answers.workers.len(), workers.len());
    model.form.answers.workers.extend(workers);
    model.nav.row = first.min(model.form.answers.workers.len().saturating_sub(1));
    model.nav.focus = 0;
    validate(model);
    stale(model);
    let said: Vec<String> = std::iter::once(format!("{count} added")).chain(left_out).collect();
    model.say(Role::Ok, said.join("; "));
    let mut effects = vec![Effect::Save];
    for row in first..model.form.answers.workers.len().min(first.saturating_add(40)) {
        let worker = model.form.answers.workers.get(row);
        if worker.is_some_and(|worker| worker.address.is_some()) && !model.is_called_twice(row) {
            let target = ProbeTarget::Worker(model.worker_name(row));
            effects.push(look(model, target));
        }
    }
    effects
}

/// Takes the chosen worker off the list.
pub fn remove_worker(model: &mut Model) -> Vec<Effect> {
    if model.nav.row < model.form.answers.workers.len() {
        let name = model.worker_name(model.nav.row);
        // What stands in a field belongs to the row that goes.
        model.form.editor = None;
        model.form.alias = None;
        model.form.answers.workers.remove(model.nav.row);
        let chosen = !model.form.only.is_empty();
        if !model.worker_names().contains(&name) {
            model.probes.looks.remove(&ProbeTarget::Worker(name.clone()));
            model.probes.numbers.remove(&ProbeTarget::Worker(name.clone()));
            model.form.only.retain(|one| *one != name);
        }
        let gone = model.nav.row;
        model.form.touched = std::mem::take(&mut model.form.touched)
            .into_iter()
            .filter(|(_, row)| *row != gone)
            .map(|(field, row)| (field, if row > gone { row.saturating_sub(1) } else { row }))
            .collect();
        model.form.unread = std::mem::take(&mut model.form.unread)
            .into_iter()
            .filter(|((field, row), _)| !field.is_of_worker() || *row != gone)
            .map(|((field, row), text)| {
                let moves = field.is_of_worker() && row > gone;
                ((field, if moves { row.saturating_sub(1) } else { row }), text)
            })
            .collect();
        model.nav.focus = 0;
        model.nav.row = model.nav.row.min(model.form.answers.workers.len().saturating_sub(1));
        validate(model);
        stale(model);
        model.say(Role::Ok, format!("{name} is off the list; its machine was not touched"));
        if chosen && model.form.only.is_empty() {
            // Nobody is left to come back: that must not turn into everybody.
            model.nav.history.clear();
            let mut effects = enter(model, Screen::Welcome);
            effects.push(Effect::Save);
            return effects;
        }
    }
    vec![Effect::Save]
}
