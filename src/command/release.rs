//! `gangplank release`: the pods of a machine that is off for good come up elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;

use gangplank::engine::{Engine, ExitCode, Front, Session};
use gangplank::host::Stop;
use gangplank::ui;
use gangplank::ui::output::say;

use crate::cli::CommonFlags;
use crate::environment::StandardFolders;
use crate::prepare::{answer, kept, options, read_plan, run_id, tell, world};

pub(super) fn release(
    common: &CommonFlags,
    places: &StandardFolders,
    stop: &Arc<Stop>,
    yes: bool,
) -> ExitCode {
    let result = (|| {
        let [name] = common.workers.as_slice() else {
            say::err(format_args!("say whose machine is off with --worker NAME: one at a time"));
            return Err(ExitCode::Usage);
        };
        let (plan, text) = read_plan(common, places)?;
        let Some(worker) = plan.workers.iter().find(|worker| worker.name == *name) else {
            say::err(format_args!("the plan has no worker {name}"));
            return Err(ExitCode::Usage);
        };
        if !yes {
            let question = format!(
                "If the machine of {name} still runs, two pods may write to one volume. If it is off for good, type {name}: "
            );
            if !std::io::stdin().is_terminal() || answer(&question) != *name {
                say::err(format_args!("nothing was done: say --yes to do it without being asked"));
                return Ok(ExitCode::Stopped);
            }
        }
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let session = Session::open(state, &plan, &text).map_err(|problem| tell(&problem))?;
        session.keep_origin(&common.plan);
        let world = world(common, places, &plan, kept(state, &plan), true, stop)?;
        let (lines, json) = (ui::output::lines::LineFront::new(true), ui::output::json::Json);
        let front: &dyn Front = if common.json { &json } else { &lines };
        let run = run_id();
        let engine =
            Engine::new(&plan, &world, front, options(common, (state, &plan), (&run, stop), Some(&session)));
        if !engine.release(worker).map_err(|problem| tell(&problem))? {
            say::err(format_args!("{name} was marked as out of service already: nothing was changed"));
        }
        Ok(ExitCode::Done)
    })();
    result.unwrap_or_else(|code| code)
}
