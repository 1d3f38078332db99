//! The commands: from flags to an engine, a front and an exit code.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser};
use gangplank::engine::session::journal::left_open;
use gangplank::engine::session::version;
use gangplank::engine::{Engine, ExitCode, Front, Journal, RealWorld, RunOptions, Session};
use gangplank::host::{NewKeys, Stop, TrustPolicy};
use gangplank::plan::answers::EXAMPLE;
use gangplank::plan::check::check_differences;
use gangplank::plan::code::ProblemCode;
use gangplank::plan::model::Plan;
use gangplank::plan::place::Place;
use gangplank::plan::problem::Problem;
use gangplank::plan::yaml;
use gangplank::profile::DIFFERENCES;
use gangplank::ui;
use gangplank::ui::credentials::prompt::CredentialPrompt;
use gangplank::ui::wizard::start::Opening;

use crate::cli::{CliCommand, CommonFlags, Pace};
use crate::environment::{StandardFolders, ssh_environment};

/// Runs a command; the exit code.
pub fn run(command: CliCommand, places: &StandardFolders, stop: &Arc<Stop>) -> ExitCode {
    let wizard = matches!(command, CliCommand::Open { .. } | CliCommand::Resume { .. } | CliCommand::Demo(_));
    if !wizard {
        crate::signals::listen(stop, !matches!(command, CliCommand::Watch { .. }));
    }
    match command {
        CliCommand::Open { plan, wizard } => crate::open::open(&wizard, Opening::Plan(plan), places),
        CliCommand::Resume { name, wizard } => crate::open::resume(name, &wizard, places),
        CliCommand::Demo(demo) => crate::open::open_demo(&demo, places),
        CliCommand::Init => {
            print(EXAMPLE);
            ExitCode::Done
        }
        CliCommand::Completions { shell } => completions(shell),
        CliCommand::Shots { folder, check } => shots(&folder, check),
        CliCommand::Explain { topic } => explain(topic.as_deref()),
        CliCommand::Plan { common, script: true, .. } => plan(&common, places, stop, PlanForm::Script),
        CliCommand::Plan { common, files, functions, script: false } => {
            plan(&common, places, stop, PlanForm::Text { files, functions })
        }
        CliCommand::Apply { common, pace, verbose } => apply(&common, places, stop, pace, verbose),
        CliCommand::Watch { common, plain } => watch(&common, places, stop, plain),
        CliCommand::Undo { common, yes } => undo(&common, places, stop, yes),
    }
}

fn print(text: &str) {
    // A reader that went away is no reason to fail.
    let _ = std::io::stdout().write_all(text.as_bytes());
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
                println!("{name}: {word}");
            }
            if check && !old.is_empty() { ExitCode::Problem } else { ExitCode::Done }
        }
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::Usage
        }
    }
}

fn completions(shell: clap_complete::Shell) -> ExitCode {
    let values = ui::output::explain::topics().map(|(name, about)| PossibleValue::new(name).help(about));
    let values = PossibleValuesParser::new(values);
    let mut command = <crate::cli::Cli as clap::CommandFactory>::command()
        .mut_subcommand("explain", |explain| explain.mut_arg("topic", |topic| topic.value_parser(values)));
    clap_complete::generate(shell, &mut command, "gangplank", &mut std::io::stdout());
    if shell == clap_complete::Shell::Fish {
        // For fish clap completes commands and flags only.
        for (name, about) in ui::output::explain::topics() {
            let about = about.replace('\'', "\\'");
            print(&format!(
                "complete -c gangplank -n \"__fish_gangplank_using_subcommand explain\" -f -a \"{name}\" -d '{about}'\n"
            ));
        }
    }
    ExitCode::Done
}

fn explain(topic: Option<&str>) -> ExitCode {
    let Some(wanted) = topic else {
        print(&ui::output::explain::list());
        return ExitCode::Done;
    };
    if let Some(text) = ui::output::explain::topic(wanted) {
        print(&text);
        ExitCode::Done
    } else {
        eprintln!("there is no step and no problem code {wanted}; `gangplank explain` lists them");
        ExitCode::Usage
    }
}

/// Reads the plan, telling every remark.
fn read_plan(common: &CommonFlags, places: &StandardFolders) -> Result<(Plan, String), ExitCode> {
    let bytes = std::fs::read(&common.plan).map_err(|error| {
        eprintln!("{}: {error}", common.plan.display());
        ExitCode::Usage
    })?;
    let loaded = yaml::load(&bytes, &common.plan, Some(&places.home)).map_err(|remarks| {
        for remark in &remarks {
            eprintln!("{remark}");
        }
        ExitCode::Usage
    })?;
    let ids: Vec<&str> = DIFFERENCES.iter().map(|difference| difference.id).collect();
    let mut remarks = loaded.warnings;
    remarks.extend(check_differences(&loaded.answers, &ids));
    for remark in &remarks {
        eprintln!("{remark}");
    }
    if remarks.iter().any(|remark| remark.stops) {
        return Err(ExitCode::Usage);
    }
    for name in &common.workers {
        if !loaded.plan.workers.iter().any(|worker| worker.name == *name) {
            eprintln!("--worker {name}: the plan has no worker of this name");
            return Err(ExitCode::Usage);
        }
    }
    Ok((loaded.plan, String::from_utf8_lossy(&bytes).into_owned()))
}

fn watch(common: &CommonFlags, places: &StandardFolders, stop: &Stop, lines: bool) -> ExitCode {
    let screen = !lines && !common.json;
    if screen && !std::io::stdout().is_terminal() {
        eprintln!("the panel needs a terminal: say --plain for lines or --json for JSON lines");
        return ExitCode::Usage;
    }
    let result = (|| {
        let (mut plan, _) = read_plan(common, places)?;
        if !common.workers.is_empty() {
            plan.workers.retain(|worker| common.workers.contains(&worker.name));
        }
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let terminal = Arc::new(asker(common, true)?);
        let world = world_with(common, places, &plan, kept(state, &plan), true, Arc::clone(&terminal));
        let world: gangplank::engine::SharedWorld = Arc::new(world);
        let plan = Arc::new(plan);
        if !screen {
            ui::panel::watch::lines(&world, &plan, stop, common.json);
            return Ok(ExitCode::Done);
        }
        eprintln!("connecting; whatever has to be asked is asked before the screen opens");
        ui::panel::watch::screen(&world, &plan, stop, &|| terminal.close()).map_err(|error| {
            eprintln!("the terminal cannot be used: {error}; say --plain for lines");
            ExitCode::Usage
        })?;
        Ok(ExitCode::Done)
    })();
    result.unwrap_or_else(|code| code)
}

fn asker(common: &CommonFlags, remember: bool) -> Result<CredentialPrompt, ExitCode> {
    CredentialPrompt::new(&common.access.secrets, remember, &common.access.trust, common.access.trust_new)
        .map_err(|error| {
            eprintln!("{error}");
            ExitCode::Usage
        })
}

fn world(
    common: &CommonFlags,
    places: &StandardFolders,
    plan: &Plan,
    kept: PathBuf,
    remember: bool,
) -> Result<RealWorld, ExitCode> {
    let terminal = Arc::new(asker(common, remember)?);
    Ok(world_with(common, places, plan, kept, remember, terminal))
}

fn world_with(
    common: &CommonFlags,
    places: &StandardFolders,
    plan: &Plan,
    kept: PathBuf,
    remember: bool,
    terminal: Arc<CredentialPrompt>,
) -> RealWorld {
    let policy = if remember {
        let new = if common.access.trust_new { NewKeys::Accept } else { NewKeys::Ask };
        TrustPolicy { accept: common.access.trust.clone(), new }
    } else {
        TrustPolicy::default()
    };
    RealWorld::new(ssh_environment(&places.home), policy, terminal, &plan.cluster.api, kept)
}

/// Time and process, so that runs sort by time.
fn run_id() -> String {
    format!("{}-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), std::process::id())
}

/// What a run is asked by flags; uids of what earlier runs made are read from the session's folder.
fn options<'a>(
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
        ..RunOptions::new(run, stop)
    }
}

fn kept(state: &Path, plan: &Plan) -> PathBuf {
    state.join(&plan.cluster.name).join("kept")
}

/// Uids of the API objects that earlier runs made.
fn made(state: &Path, plan: &Plan) -> std::collections::BTreeSet<String> {
    let objects = gangplank::engine::session::objects::made(&state.join(&plan.cluster.name));
    objects.into_iter().map(|(_, uid)| uid).collect()
}

fn tell(problem: &Problem) -> ExitCode {
    for line in problem.card(&Place::Local) {
        eprintln!("{line}");
    }
    ExitCode::Problem
}

/// How a plan is shown when it is not JSON.
#[derive(Clone, Copy)]
enum PlanForm {
    /// For a person.
    Text { files: bool, functions: bool },
    /// The same by hand.
    Script,
}

fn plan(common: &CommonFlags, places: &StandardFolders, stop: &Stop, form: PlanForm) -> ExitCode {
    let result = (|| {
        let (plan, _) = read_plan(common, places)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        version::check(&state.join(&plan.cluster.name)).map_err(|problem| tell(&problem))?;
        let world = world(common, places, &plan, kept(state, &plan), false)?;
        let front = ui::output::json::Json;
        let run = run_id();
        let engine = Engine::new(&plan, &world, &front, options(common, (state, &plan), (&run, stop), None));
        let contacts = format!("contacts {}; nothing is changed anywhere", engine.contacted().join(", "));
        match form {
            // The script alone is what may be sent into a file.
            PlanForm::Script => eprintln!("{contacts}"),
            PlanForm::Text { .. } if common.json => {}
            PlanForm::Text { .. } => print(&format!("{contacts}\n")),
        }
        let seen = engine.preview().map_err(|problem| {
            if let (PlanForm::Script, ProblemCode::Ca11, Some(text)) =
                (form, problem.code, ui::script::new_ca(&plan))
            {
                print(&text);
            }
            tell(&problem)
        })?;
        match form {
            PlanForm::Text { .. } if common.json => {
                for line in ui::output::preview::json(&seen) {
                    print(&format!("{line}\n"));
                }
            }
            PlanForm::Text { files, functions } => {
                print(&ui::output::preview::text(&seen, files));
                if functions {
                    print(&format!("\n{}", ui::output::preview::functions()));
                }
            }
            PlanForm::Script => print(&ui::script::script(&plan, &seen)),
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

fn apply(common: &CommonFlags, places: &StandardFolders, stop: &Stop, pace: Pace, verbose: bool) -> ExitCode {
    let result = (|| {
        let (plan, text) = read_plan(common, places)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let session = Session::open(state, &plan, &text).map_err(|problem| tell(&problem))?;
        if !common.json {
            for (place, action) in left_open(&session.folder) {
                print(&format!(
                    "the last run ended in the middle of this, so it is looked at again: {place}: {action}\n"
                ));
            }
        }
        let run = run_id();
        let journal = Journal::open(&session.folder, &run).map_err(|problem| tell(&problem))?;
        let world = world(common, places, &plan, kept(state, &plan), true)?;
        let (lines, json) = (ui::output::lines::LineFront::new(verbose), ui::output::json::Json);
        let front: &dyn Front = if common.json { &json } else { &lines };
        let asked = options(common, (state, &plan), (&run, stop), Some(&session));
        let asked = RunOptions { journal, guided: pace == Pace::Guided, ..asked };
        Ok(Engine::new(&plan, &world, front, asked).apply())
    })();
    result.unwrap_or_else(|code| code)
}

fn undo(common: &CommonFlags, places: &StandardFolders, stop: &Stop, yes: bool) -> ExitCode {
    let result = (|| {
        let (plan, text) = read_plan(common, places)?;
        let state = common.access.state.as_ref().unwrap_or(&places.state);
        let session = Session::open(state, &plan, &text).map_err(|problem| tell(&problem))?;
        let world = world(common, places, &plan, kept(state, &plan), true)?;
        let (lines, json) = (ui::output::lines::LineFront::new(true), ui::output::json::Json);
        let front: &dyn Front = if common.json { &json } else { &lines };
        let run = run_id();
        let asked = options(common, (state, &plan), (&run, stop), Some(&session));
        Ok(Engine::new(&plan, &world, front, asked).undo(&|all| {
            let mut err = std::io::stderr().lock();
            for (place, actions) in all {
                let _ = writeln!(err, "{place}: {} actions", actions.len());
                for action in actions {
                    let _ = writeln!(err, "  {}", action.title());
                }
            }
            if yes {
                return true;
            }
            if !std::io::stdin().is_terminal() {
                let _ = writeln!(err, "nothing was done: say --yes to undo without being asked");
                return false;
            }
            let _ = write!(err, "Undo all this? yes or no [no]: ");
            let _ = err.flush();
            let mut answer = String::new();
            let _ = std::io::stdin().read_line(&mut answer);
            answer.trim() == "yes"
        }))
    })();
    result.unwrap_or_else(|code| code)
}
