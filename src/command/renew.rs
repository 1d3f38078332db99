//! `gangplank renew`: certificates that end soon are issued anew, worker after worker or several at once.

use std::io::IsTerminal;
use std::sync::Arc;

use gangplank::engine::renew::in_turn;
use gangplank::engine::{Engine, ExitCode, Front, Journal, RunOptions, Session};
use gangplank::host::Stop;
use gangplank::ui;
use gangplank::ui::output::say;

use crate::cli::CommonFlags;
use crate::environment::StandardFolders;
use crate::prepare::{agree_outside_kube, kept, options, read_plan, run_id, said_yes, tell, world};

pub(super) fn renew(
    common: &CommonFlags,
    places: &StandardFolders,
    stop: &Arc<Stop>,
    (within, yes): (u32, bool),
) -> ExitCode {
    let result = (|| {
        let (mut plan, text) = read_plan(common, places)?;
        if within >= plan.ca.days {
            say::err(format_args!(
                "--within {within}d: what this plan issues lives {} days (ca.days)",
                plan.ca.days
            ));
            return Err(ExitCode::Usage);
        }
        agree_outside_kube(&mut plan, common, &places.home)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let session = Session::open(state, &plan, &text).map_err(|problem| tell(&problem))?;
        session.keep_origin(&common.plan);
        let world = world(common, places, &plan, kept(state, &plan), true, stop)?;
        let (lines, json) = (ui::output::lines::LineFront::new(false), ui::output::json::Json);
        let front: &dyn Front = if common.json { &json } else { &lines };
        let run = run_id();
        let asked = options(common, (state, &plan), (&run, stop), Some(&session));
        // To look is not to renew: it goes as fast as elsewhere.
        let jobs = asked.jobs.max(RunOptions::new(&run, stop).jobs);
        let asked = RunOptions { jobs, ..asked };
        let found = Engine::new(&plan, &world, front, asked).due(within);
        let table = ui::output::certificates::text;
        say::err(format_args!("{}", format!("{}{}", table(&found.unknown), table(&found.due)).trim_end()));
        let left = if found.unknown.is_empty() { ExitCode::Done } else { ExitCode::Problem };
        if found.unfinished > 0 {
            let begun = found.workers.get(..found.unfinished).unwrap_or_default().join(", ");
            say::err(format_args!("the last renewal began with {begun} and did not end well there"));
        }
        if found.workers.is_empty() {
            say::err(format_args!("none of what was looked at ends within {within} days"));
            return Ok(left);
        }
        let (each, at_once) = (found.workers.join(", "), common.access.jobs.max(1));
        let pace = match at_once {
            1 => "one after another".to_owned(),
            _ if at_once >= found.workers.len() => "all at once".to_owned(),
            some => format!("{some} at once"),
        };
        let anew = if found.due.is_empty() { "" } else { ", with these issued anew" };
        let question = format!("Run apply on {each}, {pace}{anew}? yes or no [no]: ");
        if !(yes || std::io::stdin().is_terminal() && said_yes(&question)) {
            say::err(format_args!("nothing was done: say --yes to do it without being asked"));
            return Ok(ExitCode::Stopped);
        }
        let renewed = in_turn::<ExitCode>(&found.workers, at_once, |number, names| {
            let run = if number == 0 { run.clone() } else { format!("{run}-{number:03}") };
            let journal = Journal::open(&session.folder, &run).map_err(|problem| tell(&problem))?;
            let renew = Some(jiff::SignedDuration::from_hours(i64::from(within) * 24));
            let asked = options(common, (state, &plan), (&run, stop), Some(&session));
            let asked = RunOptions { journal, only: names.to_vec(), renew, ..asked };
            Ok(Engine::new(&plan, &world, front, asked).apply())
        })?;
        if renewed.code == ExitCode::Done {
            return Ok(left);
        }
        if !renewed.left.is_empty() {
            say::err(format_args!(
                "the run on {} did not end well, so these were left alone: {}",
                renewed.last.join(", "),
                renewed.left.join(", ")
            ));
        }
        Ok(renewed.code)
    })();
    result.unwrap_or_else(|code| code)
}
