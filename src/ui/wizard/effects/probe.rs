//! Looks: at the CA, the API, one worker, and at every host before a review. Each in a thread of its own.

use crate::engine::session::nodes;
use crate::ui::wizard::validation;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::drain::DrainWish;
use crate::engine::found::{FoundVisit, examine_found, wants_a_certificate};
use crate::engine::{Engine, RunOptions, probe};
use crate::host::Stop;
use crate::pki::CaInfo;
use crate::plan::answers::WorkerAnswers;
use crate::plan::check::{PathBases, finish};
use crate::plan::code::ProblemCode;
use crate::plan::model::{Login, Plan};
use crate::plan::problem::Problem;
use crate::ui::output::drain::lines;
use crate::ui::wizard::effects::describe;
use crate::ui::wizard::effects::ground::{Ground, made};
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// A plan for looks while not everything is answered: what is missing is made up.
pub fn rough_plan(model: &Model) -> Option<Plan> {
    if let Some(plan) = validation::plan(model) {
        return Some(plan);
    }
    let mut model_answers = model.form.answers.clone();
    let cluster = &mut model_answers.cluster;
    cluster.name.get_or_insert_with(|| "unnamed".to_owned());
    cluster.api.get_or_insert_with(|| "https://127.0.0.1:1".to_owned());
    cluster.service_range.get_or_insert_with(|| "10.3.0.0/24".to_owned());
    cluster.dns.get_or_insert_with(|| "10.3.0.2".to_owned());
    let ca = &mut model_answers.ca;
    ca.place.get_or_insert_with(|| "files".to_owned());
    ca.cert.get_or_insert_with(|| "ca.crt".to_owned());
    // The key of an offline CA is nowhere near.
    if ca.place.as_deref() != Some("offline") {
        ca.key.get_or_insert_with(|| "ca.key".to_owned());
    }
    if model_answers.workers.is_empty() {
        model_answers.workers.push(WorkerAnswers {
            name: Some("nobody".to_owned()),
            address: Some("192.0.2.1".to_owned()),
            ..Default::default()
        });
    }
    let places = PathBases { base: model.form.base.clone(), home: model.form.home.clone() };
    finish(&model_answers, &places).ok()
}

/// What looks learn from one another.
#[derive(Default)]
pub struct ProbeThreads {
    /// The CA that was seen last: the API's chain is held against it.
    ca: Arc<Mutex<Option<CaInfo>>>,
}

impl ProbeThreads {
    /// Looks at the CA, the API or one worker; the end of it is [`Msg::Looked`].
    pub fn look(&self, ground: &Ground, target: ProbeTarget, number: u64, model: &Model) {
        let send = ground.send.clone();
        // What is looked at alone is not kept from it by mistakes in the workers, or in the other workers.
        let workers = match &target {
            ProbeTarget::Worker(name) => {
                let row = (0..model.form.answers.workers.len()).find(|row| model.worker_name(*row) == *name);
                Some(row.and_then(|row| model.form.answers.workers.get(row).cloned()).into_iter().collect())
            }
            ProbeTarget::Ca | ProbeTarget::Api => validation::plan(model).is_none().then(Vec::new),
        };
        let alone = workers.map(|workers| {
            let mut one = Model::new(model.window.theme, model.window.size, model.window.now);
            one.form.answers = model.form.answers.clone();
            one.form.base.clone_from(&model.form.base);
            one.form.home.clone_from(&model.form.home);
            one.form.answers.workers = workers;
            one
        });
        let rough = rough_plan(alone.as_ref().unwrap_or(model));
        let Some(plan) = rough else {
            let problem = Problem::new(ProblemCode::Plan01, "the answers above are not complete yet");
            let _ = send.send(Msg::Looked { target, number, look: describe::failed(&problem) });
            return;
        };
        let world = ground.looking(&plan.cluster.api, &plan.cluster.name);
        let kept = Arc::clone(&self.ca);
        std::thread::spawn(move || {
            let look = match &target {
                ProbeTarget::Ca => {
                    let seen = probe::ca(&plan.ca.place, world.as_ref());
                    if let Ok(seen) = &seen {
                        kept.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&seen.info);
                    }
                    describe::ca(&seen)
                }
                ProbeTarget::Api => {
                    let ca = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    describe::api(&probe::api(world.as_ref(), ca.as_ref()))
                }
                ProbeTarget::Worker(name) => match plan.workers.iter().find(|worker| worker.name == *name) {
                    Some(worker) => describe::worker(&probe::worker(&plan, worker, world.as_ref())),
                    None => describe::failed(&Problem::new(
                        ProblemCode::Plan01,
                        "its name and address are not complete yet",
                    )),
                },
            };
            let _ = send.send(Msg::Looked { target, number, look });
        });
    }
}

/// Looks at hosts in a thread of its own, and tells what was seen; changes nothing.
fn look_on(
    ground: &Ground,
    plan: Plan,
    only: Vec<String>,
    look: impl FnOnce(&Engine<'_>) -> Msg + Send + 'static,
) {
    let send = ground.send.clone();
    let world = ground.looking(&plan.cluster.api, &plan.cluster.name);
    let (jobs, state) = (ground.folders.jobs, ground.state());
    let (front, run) = (ground.front(), ground.run_id());
    std::thread::spawn(move || {
        let stop = Stop::default();
        let made = made(&state, &plan);
        let seen = nodes::seen(&state.join(&plan.cluster.name));
        let options = RunOptions { jobs, only, made, seen, ..RunOptions::new(&run, &stop) };
        let told = look(&Engine::new(&plan, world.as_ref(), &front, options));
        let _ = send.send(told);
    });
}

/// Looks at every host; the end of it is [`Msg::Inspected`].
pub fn inspect(ground: &Ground, number: u64, model: &Model) {
    let Some(plan) = ground.plan_to_look(model) else {
        let problem = Problem::new(ProblemCode::Plan01, "not everything is answered yet");
        ground.tell(Msg::Inspected { number, seen: Err(problem) });
        return;
    };
    let only = model.form.only.clone();
    look_on(ground, plan, only, move |engine| Msg::Inspected {
        number,
        seen: engine.preview().map(Arc::new),
    });
}

/// Asks for the pods of a worker; the end of it is [`Msg::Leaving`].
pub fn leaving(ground: &Ground, worker: String, wish: DrainWish, model: &Model) {
    let Some(plan) = validation::plan(model) else {
        let problem = Problem::new(ProblemCode::Plan01, "not everything is answered yet");
        ground.tell(Msg::Leaving { worker, wish, lines: Err(problem) });
        return;
    };
    look_on(ground, plan, vec![worker.clone()], move |engine| {
        let lines = engine.drain_list(&worker).map(|list| lines(&worker, list.as_ref(), wish));
        Msg::Leaving { worker, wish, lines }
    });
}

/// The same for a worker in no plan. Where its certificate is at fault, the CA that was answered is asked for too.
fn examine_unplanned(ground: &Ground, number: u64, login: Login, model: &Model) {
    let (world, run, send) = (ground.unplanned(&login), ground.run_id(), ground.send.clone());
    let ca = validation::plan(model).map(|plan| plan.ca.place);
    std::thread::spawn(move || {
        let stop = Stop::default();
        let look = |ca| {
            examine_found(&FoundVisit { world: world.as_ref(), login: &login, run: &run, stop: &stop, ca })
        };
        let first = look(None);
        let info = match &ca {
            Some(place) if wants_a_certificate(&first) => probe::ca(place, world.as_ref()).ok(),
            _ => None,
        };
        let info = info.and_then(|seen| seen.info);
        let seen = if info.is_some() { look(info.as_ref()) } else { first };
        let _ = send.send(Msg::Examined { number, seen: Ok(Arc::new(vec![seen])) });
    });
}

/// Lets the doctor look at workers; the end of it is [`Msg::Examined`].
pub fn examine(ground: &Ground, number: u64, only: Vec<String>, model: &Model) {
    if let Some(login) = model.form.unplanned.clone() {
        return examine_unplanned(ground, number, *login, model);
    }
    let Some(plan) = ground.plan_to_look(model) else {
        let problem = Problem::new(ProblemCode::Plan01, "not everything is answered yet");
        ground.tell(Msg::Examined { number, seen: Err(problem) });
        return;
    };
    let send = ground.send.clone();
    look_on(ground, plan, only, move |engine| {
        let seen = engine.examine_with_nodes().map(|(examined, nodes)| {
            let _ = send.send(Msg::Elsewhere(nodes));
            Arc::new(examined)
        });
        Msg::Examined { number, seen }
    });
}

/// Says how long each certificate is still good; the end of it is [`Msg::Text`].
pub fn days_left(ground: &Ground, model: &Model) {
    let Some(plan) = ground.plan_to_look(model) else {
        ground.tell(Msg::Say(Role::Warn, "not everything is answered yet".to_owned()));
        return;
    };
    look_on(ground, plan, Vec::new(), |engine| Msg::Text {
        title: "Certificates, and the days that they have left".to_owned(),
        lines: describe::days_left(&engine.certificates()),
    });
}

/// Says what is wrong with workers; the end of it is [`Msg::Text`].
pub fn diagnose(ground: &Ground, only: Vec<String>, model: &Model) {
    let title = match only.as_slice() {
        [] => "Diagnosis".to_owned(),
        some => format!("Diagnosis of {}", some.join(", ")),
    };
    let Some(plan) = ground.plan_to_look(model) else {
        ground.tell(Msg::Say(
            Role::Warn,
            "the doctor needs the whole plan: not everything is answered yet".to_owned(),
        ));
        return;
    };
    look_on(ground, plan, only, move |engine| Msg::Text {
        title,
        lines: describe::diagnosis(&engine.examine()),
    });
}
