//! `gangplank doctor` and `gangplank repair`.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gangplank::engine::doctor::Examined;
use gangplank::engine::drain::DrainWish;
use gangplank::engine::found::examine_found;
use gangplank::engine::session::version;
use gangplank::engine::signing::offline::Bundle;
use gangplank::engine::{Engine, Event, ExitCode, Front, Journal, RunOptions, Session, Stamped, TaskOutcome};
use gangplank::host::Stop;
use gangplank::plan::action::Action;
use gangplank::plan::check::typed_login;
use gangplank::plan::model::{ApiAddress, Login};
use gangplank::plan::place::Place;
use gangplank::plan::problem::Problem;
use gangplank::step::StepId;
use gangplank::ui;
use gangplank::ui::output::incident::{Incident, markdown};
use gangplank::ui::output::say;

use jiff::Timestamp;

use crate::cli::CommonFlags;
use crate::environment::StandardFolders;
use crate::prepare::{
    agree_outside_kube, asker, kept, options, read_plan, run_id, said_yes, tell, world, world_with,
};

/// A file that was not there before.
struct NewFile {
    path: PathBuf,
    file: File,
    written: bool,
}

impl NewFile {
    fn make(path: &Path) -> Result<Self, ExitCode> {
        let file = File::create_new(path).map_err(|error| {
            say::err(format_args!("--summary {}: {error}; name a file that is not there", path.display()));
            ExitCode::Usage
        })?;
        Ok(Self { path: path.to_owned(), file, written: false })
    }

    fn write(mut self, text: &str) -> Result<(), ExitCode> {
        self.written = true;
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all()).map_err(|error| {
            say::err(format_args!("--summary {}: {error}", self.path.display()));
            ExitCode::Problem
        })
    }
}

impl Drop for NewFile {
    /// Where nothing came of it no empty file stays.
    fn drop(&mut self) {
        if !self.written {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What was changed, in words, and what stood in the way, each with its place.
type WhatHappened = (Vec<String>, Vec<(Place, Problem)>);

/// Shows a run, and remembers what was changed and what stood in the way.
struct Remembering<'a> {
    shown: &'a dyn Front,
    kept: Mutex<WhatHappened>,
}

impl<'a> Remembering<'a> {
    fn over(shown: &'a dyn Front) -> Self {
        Self { shown, kept: Mutex::default() }
    }

    fn remembered(&self) -> WhatHappened {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Front for Remembering<'_> {
    fn emit(&self, event: &Stamped) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &event.event {
            Event::ActionEnded { action, status: 0, .. } => kept.0.push(format!("{}: {action}", event.place)),
            Event::Trouble { problem } | Event::TaskEnded { outcome: TaskOutcome::Failed { problem } }
                if !kept.1.iter().any(|(_, one)| one.code == problem.code) =>
            {
                kept.1.push((event.place.clone(), problem.clone()));
            }
            _ => {}
        }
        drop(kept);
        self.shown.emit(event);
    }

    fn go_on(&self, place: &Place, step: StepId, actions: &[Action]) -> bool {
        self.shown.go_on(place, step, actions)
    }

    fn offline(&self, bundle: &Bundle) {
        self.shown.offline(bundle);
    }
}

/// Shows what was found on workers.
fn show(examined: &[Examined], json: bool) {
    if json {
        for line in ui::output::doctor::json(examined) {
            say::out(&format!("{line}\n"));
        }
    } else {
        say::out(&ui::output::doctor::text(examined));
    }
}

/// A worker that no plan tells of, by its login.
fn doctor_of_host(
    common: &CommonFlags,
    key: Option<&Path>,
    places: &StandardFolders,
    stop: &Arc<Stop>,
) -> ExitCode {
    let result = (|| {
        let typed = common.plan.to_string_lossy();
        let login = typed_login(&typed).map_err(|(what, cure)| {
            say::err(format_args!("{what}: {cure}"));
            ExitCode::Usage
        })?;
        if !common.workers.is_empty() {
            say::err(format_args!("--worker chooses from a plan, and {login} is none"));
            return Err(ExitCode::Usage);
        }
        let login = Login { key: key.map(Path::to_path_buf), ..login };
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        // The API is asked from the worker alone, as the kubelet asks it.
        let nowhere = ApiAddress { host: login.host.clone(), port: 443 };
        let terminal = Arc::new(asker(common, false)?);
        let world = world_with(common, places, &nowhere, state.join("kept"), true, terminal).with_stop(stop);
        let examined = [examine_found(&world, &login, &run_id(), stop)];
        show(&examined, common.json);
        Ok(if examined.iter().all(Examined::healthy) { ExitCode::Done } else { ExitCode::Problem })
    })();
    result.unwrap_or_else(|code| code)
}

/// `user@host` where no such file is.
fn is_login(plan: &Path) -> bool {
    let typed = plan.to_string_lossy();
    (typed.starts_with("ssh://") || typed.contains('@') && !typed.contains('/')) && !plan.exists()
}

pub(super) fn doctor(
    common: &CommonFlags,
    key: Option<&Path>,
    places: &StandardFolders,
    stop: &Arc<Stop>,
) -> ExitCode {
    if is_login(&common.plan) {
        return doctor_of_host(common, key, places, stop);
    }
    let typed = common.plan.to_string_lossy();
    if !common.plan.exists() && !typed.contains(['/', '.']) {
        say::err(format_args!(
            "{typed}: there is no such plan file; a worker in no plan is user@host, or ssh://{typed} for a name of ssh_config"
        ));
        return ExitCode::Usage;
    }
    if key.is_some() {
        say::err(format_args!("--key goes with user@host: a plan names the key of its workers"));
        return ExitCode::Usage;
    }
    let result = (|| {
        let (mut plan, _) = read_plan(common, places)?;
        // Who only looks writes nowhere.
        if let Some(kubectl) = &mut plan.kubectl {
            kubectl.outside_agreed = true;
        }
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        version::check(&state.join(&plan.cluster.name)).map_err(|problem| tell(&problem))?;
        let world = world(common, places, &plan, kept(state, &plan), false, stop)?;
        let (front, run) = (ui::output::json::Json, run_id());
        let engine = Engine::new(&plan, &world, &front, options(common, (state, &plan), (&run, stop), None));
        let examined = engine.examine().map_err(|problem| tell(&problem))?;
        show(&examined, common.json);
        Ok(if examined.iter().all(Examined::healthy) { ExitCode::Done } else { ExitCode::Problem })
    })();
    result.unwrap_or_else(|code| code)
}

pub(super) fn repair(
    common: &CommonFlags,
    places: &StandardFolders,
    stop: &Arc<Stop>,
    (yes, drain, summary): (bool, Option<DrainWish>, Option<&Path>),
) -> ExitCode {
    let result = (|| {
        // Before anything is changed: a summary that cannot be written is none.
        let summary = summary.map(NewFile::make).transpose()?;
        let (mut plan, text) = read_plan(common, places)?;
        let only = if common.workers.is_empty() { plan.workers.len() } else { common.workers.len() };
        if only != 1 {
            say::err(format_args!("say which worker is repaired with --worker NAME: one at a time"));
            return Err(ExitCode::Usage);
        }
        agree_outside_kube(&mut plan, common, &places.home)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let session = Session::open(state, &plan, &text).map_err(|problem| tell(&problem))?;
        session.keep_origin(&common.plan);
        let run = run_id();
        let journal = Journal::open(&session.folder, &run).map_err(|problem| tell(&problem))?;
        let world = world(common, places, &plan, kept(state, &plan), true, stop)?;
        let (lines, json) = (ui::output::lines::LineFront::new(true), ui::output::json::Json);
        let shown: &dyn Front = if common.json { &json } else { &lines };
        let front = Remembering::over(shown);
        let asked = options(common, (state, &plan), (&run, stop), Some(&session));
        let engine = Engine::new(&plan, &world, &front, RunOptions { journal, ..asked });
        let mut examined = engine.examine().map_err(|problem| tell(&problem))?;
        let seen_at = Timestamp::now();
        show(&examined, common.json);
        let Some(first) = examined.pop() else { return Ok(ExitCode::Done) };
        if first.healthy() {
            return Ok(ExitCode::Done);
        }
        if let Some(wish) = drain {
            let lines =
                super::drain::announced(&engine, &first.worker, wish).map_err(|problem| tell(&problem))?;
            say::err(format_args!("{}", lines.trim_end()));
        }
        let agreed = yes || std::io::stdin().is_terminal() && said_yes("Repair it so? yes or no [no]: ");
        if !agreed {
            say::err(format_args!("nothing was done: say --yes to do it without being asked"));
            return Ok(ExitCode::Stopped);
        }
        let workers = [first.worker.clone()];
        let drained = drain.map(|wish| super::drain::drain(&engine, &workers, wish)).transpose();
        let cordoned = drained.map_err(|problem| tell(&problem))?.unwrap_or_default();
        let (before, began) = (first.clone(), Timestamp::now());
        let code = engine.mend(first);
        for worker in cordoned {
            // Whoever cannot be proven to work takes no new pods.
            if code != ExitCode::Done {
                say::err(format_args!(
                    "{worker} stays cordoned, as it is not repaired: kubectl uncordon {worker}"
                ));
            } else if let Err(problem) = engine.uncordon(&worker) {
                tell(&problem);
                say::err(format_args!("{worker} stays cordoned: kubectl uncordon {worker}"));
            }
        }
        let Some(file) = summary else { return Ok(code) };
        let ended = Timestamp::now();
        let after = engine.examine().ok().and_then(|mut all| all.pop());
        let (changed, troubles) = front.remembered();
        let worker = &before.worker;
        let end = match code {
            ExitCode::Done => format!("{worker} is repaired: the API says that its node is Ready."),
            ExitCode::Stopped => "Stopped. What was done stays.".to_owned(),
            _ => match troubles.first() {
                Some((place, problem)) if troubles.iter().all(|(place, _)| !place.is_worker(worker)) => {
                    format!(
                        "{worker} is repaired: the API says that its node is Ready. Elsewhere there is a problem: {} {} ({place}).",
                        problem.code, problem.what
                    )
                }
                _ => format!("{worker} is not repaired; what was done stays."),
            },
        };
        let text = markdown(&Incident {
            cluster: &plan.cluster.name,
            before: &before,
            seen_at,
            began,
            ended,
            changed: &changed,
            end: &end,
            troubles: &troubles.iter().map(|(_, problem)| problem).collect::<Vec<_>>(),
            after: after.as_ref(),
        });
        file.write(&text)?;
        Ok(code)
    })();
    result.unwrap_or_else(|code| code)
}
