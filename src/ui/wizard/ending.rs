//! How everything has ended, as the report and the words at the bottom say it on every face.

use crate::engine::ExitCode;
use crate::plan::place::Place;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::run_state::{Repair, RepairEnd};
use crate::ui::wizard::undoing::{TakeBack, Undoing};

/// How everything has ended, in one sentence: the report begins with it.
pub fn words(model: &Model) -> (Role, String) {
    let run = &model.run;
    if let Some(Undoing { what, code: Some(code), since, .. }) = &run.undoing {
        let words = match (code, what, since) {
            (_, _, None) => "Nothing was taken back; what was done stays.".to_owned(),
            (ExitCode::Done, TakeBack::Run(Some(host)), _) => {
                format!("Taken back: what the run did on {host}.")
            }
            (ExitCode::Done, TakeBack::Run(None), _) => "Taken back: what the run did.".to_owned(),
            (ExitCode::Done, TakeBack::Worker(host), _) => format!("{host} is removed from the cluster."),
            (ExitCode::Stopped, ..) => {
                "Stopped. Not everything was taken back; the same command goes on from there.".to_owned()
            }
            _ => "Not everything was taken back; what stays is named below.".to_owned(),
        };
        return (if *code == ExitCode::Done { Role::Ok } else { Role::Bad }, words);
    }
    // After a repair alone nothing is known of who has joined.
    if let Some(Repair { place, alone: true, end, .. }) = run.repairs.last() {
        return match end {
            Some(RepairEnd::Done) => {
                (Role::Ok, format!("{place} is repaired; the plan was not carried out after it."))
            }
            _ => (Role::Bad, format!("{place} is not repaired; what was done stays.")),
        };
    }
    let names: Vec<String> = run.undone.iter().map(Place::to_string).collect();
    if let (Some(mending), true) = (&model.doctor.mending, names.is_empty()) {
        let worker = &mending.before.worker;
        return match run.code {
            Some(ExitCode::Done) => (
                Role::Ok,
                format!("{worker} is repaired: the API has heard of its kubelet since, and says Ready."),
            ),
            Some(ExitCode::Stopped) => (
                Role::Warn,
                format!("Stopped. What was done on {worker} stays; the repair goes on from there."),
            ),
            _ => {
                let place = Place::Worker(worker.clone());
                let other = run.troubles.iter().find(|trouble| trouble.place != place);
                let its = run.troubles.iter().any(|trouble| trouble.place == place);
                // Whatever is in the way elsewhere may have kept everything away from it.
                let well = run.ends.get(&place).is_some_and(|end| end == "same" || end == "changed");
                match (other, its || !well) {
                    (Some(other), false) => (
                        Role::Warn,
                        format!(
                            "{worker} is repaired: the API has heard of its kubelet since, and says Ready. Elsewhere there is a problem: \
                             {} {} ({}).",
                            other.problem.code, other.problem.what, other.place
                        ),
                    ),
                    _ => (Role::Bad, format!("{worker} is not repaired; what was done stays.")),
                }
            }
        };
    }
    match run.code {
        Some(ExitCode::Done) if names.is_empty() => (Role::Ok, "Every worker has joined.".to_owned()),
        Some(ExitCode::Done) => {
            (Role::Ok, format!("The run is done; taken back before it: {}.", names.join(", ")))
        }
        Some(ExitCode::Stopped) => {
            (Role::Warn, "Stopped. What was done stays, and a new run goes on from there.".to_owned())
        }
        _ => (Role::Bad, "Not every worker has joined; what was done stays.".to_owned()),
    }
}

/// The repairs in lines: where, what was run, when, and how it ended.
pub fn repairs(model: &Model) -> Vec<(Role, String)> {
    let line = |repair: &Repair| {
        let (role, end) = match repair.end {
            Some(end @ RepairEnd::Done) => (Role::Ok, end.to_string()),
            Some(end) => (Role::Bad, end.to_string()),
            None => (Role::Running, "goes on".to_owned()),
        };
        let when = repair.at.strftime("%Y-%m-%d %H:%M:%S");
        (role, format!("{}: {}, {when}: {end}", repair.place, repair.what))
    };
    model.run.repairs.iter().map(line).collect()
}

/// How a place has ended, in a word or two.
pub fn end_of(model: &Model, place: &Place) -> String {
    let run = &model.run;
    let removed =
        matches!(&run.undoing, Some(Undoing { what: TakeBack::Worker(host), .. }) if place.is_worker(host));
    if run.undone.contains(place) {
        return if removed { "removed from the cluster" } else { "taken back" }.to_owned();
    }
    if run.skipped.contains(place) {
        return "skipped".to_owned();
    }
    if model.form.unplanned.is_some() {
        return match run.code {
            Some(ExitCode::Done) => "repaired",
            Some(ExitCode::Stopped) => "stopped",
            Some(_) => "not repaired",
            None => "",
        }
        .to_owned();
    }
    run.ends.get(place).cloned().unwrap_or_default()
}
