//! How everything has ended, as the report and the words at the bottom say it on every face.

use crate::engine::ExitCode;
use crate::plan::place::Place;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
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
    let names: Vec<String> = run.undone.iter().map(Place::to_string).collect();
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
    run.ends.get(place).cloned().unwrap_or_default()
}
