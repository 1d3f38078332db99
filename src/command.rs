//! The commands: from flags to an engine, a front and an exit code.

mod agree;
mod doctor;
mod drain;
mod found;
mod release;
mod renew;
mod summary;

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser};
use gangplank::engine::certificates::DatedCertificate;
use gangplank::engine::drain::DrainWish;
use gangplank::engine::session::journal::left_open;
use gangplank::engine::session::version;
use gangplank::engine::undo::{UndoScope, is_run};
use gangplank::engine::{Engine, ExitCode, Front, Journal, RunOptions, Session};
use gangplank::host::Stop;
use gangplank::plan::answers::EXAMPLE;
use gangplank::plan::code::ProblemCode;
use gangplank::plan::problem::Problem;
use gangplank::ui;
use gangplank::ui::output::preview::PlanDetail;
use gangplank::ui::output::say;
use gangplank::ui::wizard::start::Opening;

use self::agree::may_undo;
use self::doctor::{doctor, repair};
use self::summary::RepairWish;
use crate::cli::{CliCommand, CommonFlags, Pace};
use crate::environment::StandardFolders;
use crate::prepare::{
    agree_outside_kube, asker, kept, let_replace, options, read_plan, run_id, tell, world, world_with,
};
use crate::signals::FirstPress;

/// Runs a command; the exit code.
pub fn run(command: CliCommand, places: &StandardFolders, stop: &Arc<Stop>) -> ExitCode {
    let wizard = matches!(command, CliCommand::Open { .. } | CliCommand::Resume { .. } | CliCommand::Demo(_));
    if !wizard {
        crate::signals::listen(
            stop,
            match command {
                CliCommand::Watch { .. } => FirstPress::Stops,
                CliCommand::Plan { .. } | CliCommand::Doctor { .. } | CliCommand::Certs { .. } => {
                    FirstPress::Ends
                }
                _ => FirstPress::Tells,
            },
        );
    }
    match command {
        CliCommand::Open { plan, wizard } => crate::open::open(&wizard, Opening::Plan(plan), places),
        CliCommand::Resume { name, wizard } => crate::open::resume(name, &wizard, places),
        CliCommand::Demo(demo) => crate::open::open_demo(&demo, places),
        CliCommand::Init => {
            say::out(EXAMPLE);
            ExitCode::Done
        }
        CliCommand::Completions { shell } => completions(shell),
        CliCommand::Shots { folder, check } => shots(&folder, check),
        CliCommand::Explain { topic } => explain(topic.as_deref()),
        CliCommand::Plan { common, script: true, .. } => plan(&common, places, stop, PlanForm::Script),
        CliCommand::Plan { common, files, functions, script: false } => {
            plan(&common, places, stop, PlanForm::Text(PlanDetail { files, functions }))
        }
        CliCommand::Apply { common, pace, verbose, replace } => {
            apply(&common, places, stop, (pace, verbose), &replace)
        }
        CliCommand::Watch { common, plain } => watch(&common, places, stop, plain),
        CliCommand::Certs { common, within } => certs(&common, places, stop, within),
        CliCommand::Renew { common, within, yes } => renew::renew(&common, places, stop, (within, yes)),
        CliCommand::Doctor { common, key } => doctor(&common, key.as_deref(), places, stop),
        CliCommand::Repair { common, found, yes, drain, summary } => {
            let wish = RepairWish { yes, drain: drain::wish(&drain), summary: summary.as_deref() };
            repair(&common, &found, places, stop, &wish)
        }
        CliCommand::Release { common, yes } => release::release(&common, places, stop, yes),
        CliCommand::Undo { common, run, key, yes } => {
            take_back(&common, places, stop, Wish { run, yes }, key.as_deref())
        }
        CliCommand::Remove { common, .. } if common.workers.is_empty() => {
            say::err(format_args!(
                "say which worker leaves the cluster with --worker NAME; undo takes back one run"
            ));
            ExitCode::Usage
        }
        CliCommand::Remove { common, yes, drain } => {
            undo(&common, places, stop, &UndoScope::Everything, (yes, drain::wish(&drain)))
        }
    }
}

fn shots(folder: &Path, check: bool) -> ExitCode {
    match ui::gallery::pictures::write(folder, check) {
        Ok(old) => {
            for name in &old {
                let word = if check { "differs" } else { "drawn" };
                let word = if !check
                    && !cfg!(feature = "png")
                    && Path::new(name).extension().is_some_and(|end| end == "png")
                {
                    "needs a build with --features png"
                } else {
                    word
                };
                say::out(&format!("{name}: {word}\n"));
            }
            if check && !old.is_empty() { ExitCode::Problem } else { ExitCode::Done }
        }
        Err(error) => {
            say::err(format_args!("{}: {error}", folder.display()));
            ExitCode::Usage
        }
    }
}

fn completions(shell: clap_complete::Shell) -> ExitCode {
    let values = ui::output::explain::topics().map(|(name, about)| PossibleValue::new(name).help(about));
    let values = PossibleValuesParser::new(values);
    let mut command = <crate::cli::Cli as clap::CommandFactory>::command()
        .mut_subcommand("explain", |explain| explain.mut_arg("topic", |topic| topic.value_parser(values)));
    // The generator panics where it cannot write: it writes into memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "gangplank", &mut script);
    say::out(&String::from_utf8_lossy(&script));
    if shell == clap_complete::Shell::Fish {
        // For fish clap completes commands and flags only.
        for (name, about) in ui::output::explain::topics() {
            let about = about.replace('\'', "\\'");
            say::out(&format!(
                "complete -c gangplank -n \"__fish_gangplank_using_subcommand explain\" -f -a \"{name}\" -d '{about}'\n"
            ));
        }
    }
    ExitCode::Done
}

fn explain(topic: Option<&str>) -> ExitCode {
    let Some(wanted) = topic else {
        say::out(&ui::output::explain::list());
        return ExitCode::Done;
    };
    if let Some(text) = ui::output::explain::topic(wanted, None) {
        say::out(&text);
        ExitCode::Done
    } else {
        say::err(format_args!(
            "there is no step and no problem code {wanted}; `gangplank explain` lists them"
        ));
        ExitCode::Usage
    }
}

fn watch(common: &CommonFlags, places: &StandardFolders, stop: &Arc<Stop>, lines: bool) -> ExitCode {
    let screen = !lines && !common.json;
    if screen && !std::io::stdout().is_terminal() {
        say::err(format_args!("the panel needs a terminal: say --plain for lines or --json for JSON lines"));
        return ExitCode::Usage;
    }
    let result = (|| {
        let (mut plan, _) = read_plan(common, places)?;
        if !common.workers.is_empty() {
            plan.workers.retain(|worker| common.workers.contains(&worker.name));
        }
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let terminal = Arc::new(asker(common, true)?);
        let world =
            world_with(common, places, &plan.cluster.api, kept(state, &plan), true, Arc::clone(&terminal))
                .with_stop(stop);
        let world: gangplank::engine::SharedWorld = Arc::new(world);
        let plan = Arc::new(plan);
        if !screen {
            ui::panel::watch::lines(&world, &plan, stop, common.json);
            return Ok(ExitCode::Done);
        }
        say::err(format_args!("connecting; whatever has to be asked is asked before the screen opens"));
        ui::panel::watch::screen(&world, &plan, stop, &|| terminal.close()).map_err(|error| {
            say::err(format_args!("the terminal cannot be used: {error}; say --plain for lines"));
            ExitCode::Usage
        })?;
        Ok(ExitCode::Done)
    })();
    result.unwrap_or_else(|code| code)
}

/// How a plan is shown when it is not JSON.
#[derive(Clone, Copy)]
enum PlanForm {
    /// For a person.
    Text(PlanDetail),
    /// The same by hand.
    Script,
}

fn plan(common: &CommonFlags, places: &StandardFolders, stop: &Arc<Stop>, form: PlanForm) -> ExitCode {
    let result = (|| {
        let (mut plan, _) = read_plan(common, places)?;
        // Who only looks writes nowhere; what will be asked is told as a remark.
        if let Some(kubectl) = &mut plan.kubectl {
            kubectl.outside_agreed = true;
        }
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        version::check(&state.join(&plan.cluster.name)).map_err(|problem| tell(&problem))?;
        let world = world(common, places, &plan, kept(state, &plan), false, stop)?;
        let front = ui::output::json::Json;
        let run = run_id();
        let engine = Engine::new(&plan, &world, &front, options(common, (state, &plan), (&run, stop), None));
        let contacts = format!(
            "contacts {}; nothing is changed anywhere",
            ui::output::alike::contacts(&engine.contacted())
        );
        match form {
            // The script alone is what may be sent into a file.
            PlanForm::Script => say::err(format_args!("{contacts}")),
            PlanForm::Text(_) if common.json => {}
            PlanForm::Text(_) => say::out(&format!("{contacts}\n")),
        }
        let seen = engine.preview().map_err(|problem| {
            if let (PlanForm::Script, ProblemCode::Ca11, Some(text)) =
                (form, problem.code, ui::script::new_ca(&plan))
            {
                say::out(&text);
            }
            tell(&problem)
        })?;
        match form {
            PlanForm::Text(_) if common.json => {
                for line in ui::output::preview::json(&seen) {
                    say::out(&format!("{line}\n"));
                }
            }
            PlanForm::Text(detail) => {
                say::out(&ui::output::preview::text(&seen, detail));
                if detail.functions {
                    say::out(&format!("\n{}", ui::output::preview::functions()));
                }
            }
            PlanForm::Script => say::out(&ui::script::script(&plan, &seen)),
        }
        let found = ui::output::preview::found(&seen);
        Ok(match (found.problems, found.actions) {
            (0, 0) => ExitCode::Done,
            (0, _) => ExitCode::Differences,
            _ => ExitCode::Problem,
        })
    })();
    result.unwrap_or_else(|code| code)
}

fn apply(
    common: &CommonFlags,
    places: &StandardFolders,
    stop: &Arc<Stop>,
    (pace, verbose): (Pace, bool),
    replace: &[String],
) -> ExitCode {
    let result = (|| {
        let (mut plan, text) = read_plan(common, places)?;
        let_replace(&mut plan, replace)?;
        agree_outside_kube(&mut plan, common, &places.home)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let session = Session::open(state, &plan, &text).map_err(|problem| tell(&problem))?;
        session.keep_origin(&common.plan);
        if !common.json {
            for (place, action) in left_open(&session.folder) {
                say::out(&format!(
                    "the last run ended in the middle of this, so it is looked at again: {place}: {action}\n"
                ));
            }
        }
        let run = run_id();
        let journal = Journal::open(&session.folder, &run).map_err(|problem| tell(&problem))?;
        let world = world(common, places, &plan, kept(state, &plan), true, stop)?;
        let (lines, json) = (ui::output::lines::LineFront::new(verbose), ui::output::json::Json);
        let front: &dyn Front = if common.json { &json } else { &lines };
        let asked = options(common, (state, &plan), (&run, stop), Some(&session));
        let asked = RunOptions { journal, guided: pace == Pace::StepByStep, ..asked };
        Ok(Engine::new(&plan, &world, front, asked).apply())
    })();
    result.unwrap_or_else(|code| code)
}

fn certs(common: &CommonFlags, places: &StandardFolders, stop: &Arc<Stop>, within: u32) -> ExitCode {
    let result = (|| {
        let (plan, _) = read_plan(common, places)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let world = world(common, places, &plan, kept(state, &plan), false, stop)?;
        let (front, run) = (ui::output::json::Json, run_id());
        let engine = Engine::new(&plan, &world, &front, options(common, (state, &plan), (&run, stop), None));
        let all = engine.certificates();
        if common.json {
            for line in ui::output::certificates::json(&all) {
                say::out(&format!("{line}\n"));
            }
        } else {
            say::out(&ui::output::certificates::text(&all));
        }
        let good =
            |one: &DatedCertificate| one.life.as_ref().is_ok_and(|life| life.days >= i64::from(within));
        Ok(if all.iter().all(good) { ExitCode::Done } else { ExitCode::Problem })
    })();
    result.unwrap_or_else(|code| code)
}

/// What an undo is asked by flags.
struct Wish {
    /// Another run than the last.
    run: Option<String>,
    /// Nobody is asked.
    yes: bool,
}

fn take_back(
    common: &CommonFlags,
    places: &StandardFolders,
    stop: &Arc<Stop>,
    wish: Wish,
    key: Option<&Path>,
) -> ExitCode {
    if let Some(run) = wish.run.as_deref().filter(|run| !is_run(run)) {
        say::err(format_args!("--run {}: that is no run's id", gangplank::plan::clean::words(run)));
        return ExitCode::Usage;
    }
    if found::is_login(&common.plan) {
        return found::undo(common, (key, places, stop), wish.run.as_deref(), wish.yes);
    }
    if key.is_some() {
        say::err(format_args!("--key goes with user@host: a plan names the key of its workers"));
        return ExitCode::Usage;
    }
    let scope = wish.run.map_or(UndoScope::LastRun, UndoScope::Run);
    undo(common, places, stop, &scope, (wish.yes, None))
}

fn undo(
    common: &CommonFlags,
    places: &StandardFolders,
    stop: &Arc<Stop>,
    scope: &UndoScope,
    (yes, wished): (bool, Option<DrainWish>),
) -> ExitCode {
    let result = (|| {
        let (plan, text) = read_plan(common, places)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let session = Session::open(state, &plan, &text).map_err(|problem| tell(&problem))?;
        session.keep_origin(&common.plan);
        let world = world(common, places, &plan, kept(state, &plan), true, stop)?;
        let (lines, json) = (ui::output::lines::LineFront::new(true), ui::output::json::Json);
        let front: &dyn Front = if common.json { &json } else { &lines };
        let run = run_id();
        let asked = options(common, (state, &plan), (&run, stop), Some(&session));
        let engine = Engine::new(&plan, &world, front, asked);
        // Where the drain fails nothing of the rest is done.
        let failed = Cell::new(None);
        let cordoned = RefCell::new(Vec::new());
        let code = engine.undo(scope, &|all| {
            let told = |problem: &Problem| {
                failed.set(Some(tell(problem)));
                false
            };
            let wish = wished.filter(|_| !all.is_empty());
            for worker in wish.iter().flat_map(|_| &common.workers) {
                match wish.map(|wish| drain::announced(&engine, worker, wish)) {
                    Some(Ok(lines)) => say::err(format_args!("{}", lines.trim_end())),
                    Some(Err(problem)) => return told(&problem),
                    None => {}
                }
            }
            may_undo(all, &common.workers, yes)
                && match wish.map(|wish| drain::drain(&engine, &common.workers, wish)) {
                    Some(Err(problem)) => told(&problem),
                    Some(Ok(done)) => {
                        cordoned.replace(done);
                        true
                    }
                    None => true,
                }
        });
        if code != ExitCode::Done {
            for worker in cordoned.take() {
                say::err(format_args!(
                    "{worker} was cordoned for this: kubectl uncordon {worker} lets new pods come to it"
                ));
            }
        }
        Ok(failed.get().unwrap_or(code))
    })();
    result.unwrap_or_else(|code| code)
}
