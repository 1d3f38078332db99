//! `gangplank doctor` and `gangplank repair`.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use gangplank::engine::doctor::Examined;
use gangplank::engine::found::examine_found;
use gangplank::engine::session::version;
use gangplank::engine::{Engine, ExitCode, Front, Journal, RunOptions, Session};
use gangplank::host::Stop;
use gangplank::plan::check::typed_login;
use gangplank::plan::model::{ApiAddress, Login};
use gangplank::ui;
use gangplank::ui::output::say;

use crate::cli::CommonFlags;
use crate::environment::StandardFolders;
use crate::prepare::{
    agree_outside_kube, asker, kept, options, read_plan, run_id, said_yes, tell, world, world_with,
};

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
    yes: bool,
) -> ExitCode {
    let result = (|| {
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
        let front: &dyn Front = if common.json { &json } else { &lines };
        let asked = options(common, (state, &plan), (&run, stop), Some(&session));
        let engine = Engine::new(&plan, &world, front, RunOptions { journal, ..asked });
        let mut examined = engine.examine().map_err(|problem| tell(&problem))?;
        show(&examined, common.json);
        let Some(first) = examined.pop() else { return Ok(ExitCode::Done) };
        if first.healthy() {
            return Ok(ExitCode::Done);
        }
        let agreed = yes || std::io::stdin().is_terminal() && said_yes("Repair it so? yes or no [no]: ");
        if !agreed {
            say::err(format_args!("nothing was done: say --yes to do it without being asked"));
            return Ok(ExitCode::Stopped);
        }
        Ok(engine.mend(first))
    })();
    result.unwrap_or_else(|code| code)
}
