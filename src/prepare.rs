//! What most commands begin with: the plan, the world, what a run is asked by flags, and a yes.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gangplank::engine::{ExitCode, RealWorld, RunOptions, Session};
use gangplank::host::{NewKeys, Stop, TrustPolicy};
use gangplank::limits;
use gangplank::plan::check::check_differences;
use gangplank::plan::model::{ApiAddress, Plan};
use gangplank::plan::place::Place;
use gangplank::plan::problem::Problem;
use gangplank::plan::yaml;
use gangplank::profile::{DIFFERENCES, needed_differences};
use gangplank::ui::credentials::prompt::CredentialPrompt;
use gangplank::ui::output::say;

use crate::cli::CommonFlags;
use crate::environment::{StandardFolders, ssh_environment};

/// Agrees to a kubeconfig outside `~/.kube`: by the flag, or by a person who saw the path. A plan may be another's.
pub fn agree_outside_kube(plan: &mut Plan, common: &CommonFlags, home: &Path) -> Result<(), ExitCode> {
    let Some(kubectl) = &mut plan.kubectl else { return Ok(()) };
    kubectl.outside_agreed = common.access.write_outside_kube;
    if let Some(file) = kubectl.outside(home).filter(|_| !kubectl.outside_agreed)
        && std::io::stdin().is_terminal()
        && !common.json
    {
        let file = shell_words::quote(&file.display().to_string()).into_owned();
        say::err(format_args!("The plan writes the kubeconfig outside ~/.kube, to {file}"));
        if !said_yes("Write it there? yes or no [no]: ") {
            say::err(format_args!("nothing was done"));
            return Err(ExitCode::Stopped);
        }
        kubectl.outside_agreed = true;
    }
    Ok(())
}

/// Asks at the terminal; only the whole word is a yes.
pub fn said_yes(question: &str) -> bool {
    answer(question) == "yes"
}

/// Asks at the terminal; what was typed, without the spaces around it.
pub fn answer(question: &str) -> String {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{question}");
    let _ = err.flush();
    limits::lines::typed().trim().to_owned()
}

/// Reads the plan, telling every remark.
pub fn read_plan(common: &CommonFlags, places: &StandardFolders) -> Result<(Plan, String), ExitCode> {
    let bytes = limits::file::read(&common.plan, &limits::PLAN).map_err(|error| {
        say::err(format_args!("{}: {error}", common.plan.display()));
        ExitCode::Usage
    })?;
    let loaded = yaml::load(&bytes, &common.plan, Some(&places.home)).map_err(|remarks| {
        for remark in &remarks {
            say::err(format_args!("{remark}"));
        }
        ExitCode::Usage
    })?;
    let ids: Vec<&str> = DIFFERENCES.iter().map(|difference| difference.id).collect();
    let mut remarks = loaded.warnings;
    remarks.extend(check_differences(&loaded.answers, &ids, &needed_differences()));
    for remark in &remarks {
        say::err(format_args!("{remark}"));
    }
    if remarks.iter().any(|remark| remark.stops) {
        return Err(ExitCode::Usage);
    }
    for name in &common.workers {
        if !loaded.plan.workers.iter().any(|worker| worker.name == *name) {
            say::err(format_args!("--worker {name}: the plan has no worker of this name"));
            return Err(ExitCode::Usage);
        }
    }
    Ok((loaded.plan, String::from_utf8_lossy(&bytes).into_owned()))
}

pub fn world(
    common: &CommonFlags,
    places: &StandardFolders,
    plan: &Plan,
    kept: PathBuf,
    remember: bool,
    stop: &Arc<Stop>,
) -> Result<RealWorld, ExitCode> {
    let terminal = Arc::new(asker(common, remember)?);
    Ok(world_with(common, places, &plan.cluster.api, kept, !remember, terminal).with_stop(stop))
}

pub fn world_with(
    common: &CommonFlags,
    places: &StandardFolders,
    api: &ApiAddress,
    kept: PathBuf,
    only_looks: bool,
    terminal: Arc<CredentialPrompt>,
) -> RealWorld {
    let new = if common.access.trust_new { NewKeys::Accept } else { NewKeys::Ask };
    let policy = TrustPolicy { accept: common.access.trust.clone(), new, only_looks };
    RealWorld::new(ssh_environment(&places.home), policy, terminal, api, kept)
        .with_kubeconfig(std::env::var_os("KUBECONFIG"))
}

/// Time and process, so that runs sort by time.
pub fn run_id() -> String {
    format!("{}-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), std::process::id())
}

/// What others made may be replaced on these workers, for this run.
pub fn let_replace(plan: &mut Plan, names: &[String]) -> Result<(), ExitCode> {
    for name in names {
        let Some(worker) = plan.workers.iter_mut().find(|worker| worker.name == *name) else {
            say::err(format_args!("--replace {name}: the plan has no worker of that name"));
            return Err(ExitCode::Usage);
        };
        worker.replace = true;
    }
    Ok(())
}

/// What a run is asked by flags; uids of what earlier runs made are read from the session's folder.
pub fn options<'a>(
    common: &CommonFlags,
    (state, plan): (&Path, &Plan),
    (run, stop): (&str, &'a Stop),
    session: Option<&'a Session>,
) -> RunOptions<'a> {
    RunOptions {
        jobs: common.access.jobs,
        only: common.workers.clone(),
        session,
        made: made(state, plan),
        seen: gangplank::engine::session::nodes::seen(&state.join(&plan.cluster.name)),
        ..RunOptions::new(run, stop)
    }
}

pub fn kept(state: &Path, plan: &Plan) -> PathBuf {
    state.join(&plan.cluster.name).join("kept")
}

/// Uids of the API objects that earlier runs made.
pub fn made(state: &Path, plan: &Plan) -> std::collections::BTreeSet<String> {
    let objects = gangplank::engine::session::objects::made(&state.join(&plan.cluster.name));
    objects.into_iter().map(|(_, uid)| uid).collect()
}

pub fn tell(problem: &Problem) -> ExitCode {
    for line in problem.card(&Place::Local) {
        say::err(format_args!("{line}"));
    }
    ExitCode::Problem
}

/// Asks for secrets at the terminal.
pub fn asker(common: &CommonFlags, remember: bool) -> Result<CredentialPrompt, ExitCode> {
    CredentialPrompt::new(&common.access.secrets, remember).map_err(|error| {
        say::err(format_args!("{error}"));
        ExitCode::Usage
    })
}
