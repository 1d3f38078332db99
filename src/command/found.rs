//! `gangplank doctor` and `gangplank repair` of user@host: a worker that no plan tells of.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use gangplank::engine::doctor::Examined;
use gangplank::engine::found::{FoundVisit, examine_found};
use gangplank::engine::found_repair::{FoundRepair, replaced};
use gangplank::engine::signing::signer::Signer;
use gangplank::engine::{ExitCode, Front, RealWorld, World};
use gangplank::host::Stop;
use gangplank::plan::check::typed_login;
use gangplank::plan::model::{ApiAddress, CaPlace, Login};
use gangplank::plan::problem::{Problem, Remedy};
use gangplank::ui;
use gangplank::ui::output::incident::{Incident, Remembering, ending, markdown};
use gangplank::ui::output::say;
use jiff::Timestamp;

use super::agree::may_undo;
use super::summary::{NewFile, RepairWish, show};
use crate::cli::{CommonFlags, FoundFlags};
use crate::environment::StandardFolders;
use crate::prepare::{answer, asker, run_id, said_yes, tell, world_with};

/// `user@host` where no such file is.
pub(super) fn is_login(plan: &Path) -> bool {
    let typed = plan.to_string_lossy();
    (typed.starts_with("ssh://") || typed.contains('@') && !typed.contains('/')) && !plan.exists()
}

/// A login that was typed.
fn login(typed: &str) -> Result<Login, ExitCode> {
    typed_login(typed).map_err(|(what, cure)| {
        say::err(format_args!("{what}: {cure}"));
        ExitCode::Usage
    })
}

/// What stands behind user@host.
fn reach(
    common: &CommonFlags,
    key: Option<&Path>,
    places: &StandardFolders,
    (only_looks, stop): (bool, &Arc<Stop>),
) -> Result<(Login, RealWorld), ExitCode> {
    let login = login(&common.plan.to_string_lossy())?;
    if !common.workers.is_empty() {
        say::err(format_args!("--worker chooses from a plan, and {login} is none"));
        return Err(ExitCode::Usage);
    }
    let login = Login { key: key.map(Path::to_path_buf), ..login };
    let state = common.access.state.as_ref().unwrap_or(&places.state);
    // The API is asked from the worker alone, as the kubelet asks it.
    let nowhere = ApiAddress { host: login.host.clone(), port: 443 };
    let terminal = Arc::new(asker(common, false)?);
    let world = world_with(common, places, &nowhere, state.join("kept"), only_looks, terminal);
    Ok((login, world.with_stop(stop)))
}

pub(super) fn doctor(
    common: &CommonFlags,
    key: Option<&Path>,
    places: &StandardFolders,
    stop: &Arc<Stop>,
) -> ExitCode {
    let result = (|| {
        let (login, world) = reach(common, key, places, (true, stop))?;
        let run = run_id();
        let visit = FoundVisit { world: &world, login: &login, run: &run, stop, ca: None };
        let examined = [examine_found(&visit)];
        show(&examined, common.json);
        Ok(if examined.iter().all(Examined::healthy) { ExitCode::Done } else { ExitCode::Problem })
    })();
    result.unwrap_or_else(|code| code)
}

/// There is no plan that could be changed.
fn by_flags(mut problem: Problem) -> Problem {
    for way in &mut problem.ways {
        if let Remedy::Edit { .. } = way {
            *way = Remedy::Manual("name others with --ca-host, --ca-cert, --ca-key and --key".to_owned());
        }
    }
    problem
}

/// The CA that was named, open.
fn ca(found: &FoundFlags, world: &RealWorld) -> Result<Option<Signer>, ExitCode> {
    let (Some(cert), Some(key)) = (&found.ca_cert, &found.ca_key) else { return Ok(None) };
    let there = |path: &Path| path.to_string_lossy().into_owned();
    let place = match &found.ca_host {
        Some(host) => {
            let login = Login { key: found.key.clone(), ..login(host)? };
            CaPlace::Host { login, cert: there(cert), key: there(key) }
        }
        None => CaPlace::Files { cert: cert.clone(), key: key.clone() },
    };
    let signer = Signer::at(&place, world).map_err(|problem| tell(&by_flags(problem)))?;
    signer.check(world.now()).map_err(|problem| tell(&by_flags(problem)))?;
    Ok(Some(signer))
}

/// Whoever repairs says for each file of somebody else that it may be written over.
fn may_replace(examined: &Examined, found: &FoundFlags, asks: bool) -> bool {
    let host = &examined.worker;
    for path in replaced(examined) {
        let question = format!("{path} is not gangplank's. To let it be written over, type {host}: ");
        if found.replace.contains(path) || asks && answer(&question) == *host {
            continue;
        }
        say::err(format_args!(
            "nothing was done: {path} is not gangplank's; to let it be written over: --replace {}",
            shell_words::quote(path)
        ));
        return false;
    }
    true
}

/// What repairs of user@host did is taken back.
pub(super) fn undo(
    common: &CommonFlags,
    (key, places, stop): (Option<&Path>, &StandardFolders, &Arc<Stop>),
    named: Option<&str>,
    yes: bool,
) -> ExitCode {
    let result = (|| {
        let (login, world) = reach(common, key, places, (false, stop))?;
        let run = run_id();
        let visit = FoundVisit { world: &world, login: &login, run: &run, stop, ca: None };
        let (lines, json) = (ui::output::lines::LineFront::new(true), ui::output::json::Json);
        let front: &dyn Front = if common.json { &json } else { &lines };
        let host = vec![login.host.clone()];
        let (code, after) =
            FoundRepair::back(visit, front).take_back(named, &|all| may_undo(all, &host, yes));
        show(after.as_slice(), common.json);
        Ok(code)
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
    let result = (|| {
        if wish.drain.is_some() {
            say::err(format_args!("--drain asks the API as an admin, which needs a plan"));
            return Err(ExitCode::Usage);
        }
        let summary = wish.summary.map(NewFile::make).transpose()?;
        let (login, world) = reach(common, found.key.as_deref(), places, (false, stop))?;
        let signer = ca(found, &world)?;
        let run = run_id();
        let ca = signer.as_ref().map(Signer::info);
        let visit = FoundVisit { world: &world, login: &login, run: &run, stop, ca };
        let before = examine_found(&visit);
        let seen_at = Timestamp::now();
        show(std::slice::from_ref(&before), common.json);
        if before.healthy() {
            return Ok(ExitCode::Done);
        }
        if before.repair().is_empty() {
            return Ok(ExitCode::Problem);
        }
        let asks = !wish.yes && std::io::stdin().is_terminal();
        if !may_replace(&before, found, asks) {
            return Ok(ExitCode::Stopped);
        }
        if !(wish.yes || asks && said_yes("Repair it so? yes or no [no]: ")) {
            say::err(format_args!("nothing was done: say --yes to do it without being asked"));
            return Ok(ExitCode::Stopped);
        }
        let (lines, json) = (ui::output::lines::LineFront::new(true), ui::output::json::Json);
        let shown: &dyn Front = if common.json { &json } else { &lines };
        let front = Remembering::over(shown);
        let began = Timestamp::now();
        let (code, after) = FoundRepair::new(visit, &front, signer.as_ref()).mend(&before);
        show(std::slice::from_ref(&after), common.json);
        let Some(file) = summary else { return Ok(code) };
        let (changed, troubles) = front.remembered();
        let worker = &before.worker;
        let end = ending(worker, code, false, &troubles);
        file.write(&markdown(&Incident {
            cluster: "in no plan",
            before: &before,
            seen_at,
            began,
            ended: Timestamp::now(),
            changed: &changed,
            end: &end,
            troubles: &troubles.iter().map(|(_, problem)| problem).collect::<Vec<_>>(),
            after: Some(&after),
        }))?;
        Ok(code)
    })();
    result.unwrap_or_else(|code| code)
}
