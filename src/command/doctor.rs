//! `gangplank doctor` and `gangplank repair`.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use gangplank::engine::doctor::Examined;
use gangplank::engine::session::version;
use gangplank::engine::{Engine, ExitCode, Front, Journal, RunOptions, Session};
use gangplank::host::Stop;
use gangplank::plan::place::Place;
use gangplank::ui;
use gangplank::ui::output::incident::{Incident, Remembering, ending, markdown};
use gangplank::ui::output::say;
use jiff::Timestamp;

use super::found::is_login;
use super::summary::{NewFile, RepairWish, show};
use crate::cli::{CommonFlags, FoundFlags};
use crate::environment::StandardFolders;
use crate::prepare::{
    agree_outside_kube, kept, let_replace, options, read_plan, run_id, said_yes, tell, world,
};

pub(super) fn doctor(
    common: &CommonFlags,
    key: Option<&Path>,
    places: &StandardFolders,
    stop: &Arc<Stop>,
) -> ExitCode {
    if is_login(&common.plan) {
        return super::found::doctor(common, key, places, stop);
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
    found: &FoundFlags,
    places: &StandardFolders,
    stop: &Arc<Stop>,
    wish: &RepairWish,
) -> ExitCode {
    if is_login(&common.plan) {
        return super::found::repair(common, found, places, stop, wish);
    }
    if found.key.is_some() || found.ca_cert.is_some() {
        say::err(format_args!(
            "--key, --ca-cert, --ca-key and --ca-host go with user@host: a plan has answers for them"
        ));
        return ExitCode::Usage;
    }
    let RepairWish { yes, drain, summary } = *wish;
    let result = (|| {
        // Before anything is changed: a summary that cannot be written is none.
        let summary = summary.map(NewFile::make).transpose()?;
        let (mut plan, text) = read_plan(common, places)?;
        let_replace(&mut plan, &found.replace)?;
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
            if drain.is_some() && (yes || std::io::stdin().is_terminal()) {
                engine.end_drain(&first.worker).map_err(|problem| tell(&problem))?;
            }
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
        let (before, began) = (first.clone(), Timestamp::now());
        let code = engine.mend_drained(first, drain);
        let Some(file) = summary else { return Ok(code) };
        let ended = Timestamp::now();
        let after = engine.examine().ok().and_then(|mut all| all.pop());
        let (changed, troubles) = front.remembered();
        let worker = &before.worker;
        let well = engine.ended_well(&Place::Worker(worker.clone()));
        let end = ending(worker, code, well, &troubles);
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
