//! The ways out of a problem: what each is called, and what taking it means.

use crate::plan::action::Action;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};
use crate::ui::wizard::form::by_label;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::target::edit_target;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::screen::Screen;

/// A way out that can be taken on the problem card.
#[derive(Debug, Clone, PartialEq)]
pub struct RemedyChoice {
    /// The words.
    pub text: String,
    /// What taking it means.
    pub act: RunRemedy,
}

/// What a way means.
#[derive(Debug, Clone, PartialEq)]
pub enum RunRemedy {
    /// Run the place again.
    Retry,
    /// Change an answer.
    Edit(Screen, Field),
    /// Do this, then run the place again.
    Repair(Vec<Action>),
    /// Others' files on this worker may be replaced.
    Replace,
    /// Leave the place alone.
    Skip,
    /// Take back what was done on the place.
    Undo,
    /// A shell there.
    Shell,
    /// Something to be done by hand; taking it copies the words.
    Manual(String),
}

impl RunRemedy {
    /// It can be taken on a worker that no plan tells of.
    pub fn needs_no_plan(&self) -> bool {
        matches!(self, Self::Retry | Self::Shell | Self::Manual(_))
    }
}

/// The ways out of a problem on a place; `done` = something was done there that can be taken back.
pub fn ways(problem: &Problem, place: &Place, done: bool) -> Vec<RemedyChoice> {
    let mut choices: Vec<RemedyChoice> = problem.ways.iter().map(|way| from_way(way, place)).collect();
    let has = |choices: &[RemedyChoice], act: &RunRemedy| choices.iter().any(|choice| choice.act == *act);
    if !has(&choices, &RunRemedy::Retry) {
        choices
            .push(RemedyChoice { text: "Try again: what is done stays".to_owned(), act: RunRemedy::Retry });
    }
    if let Place::Worker(name) = place {
        if !has(&choices, &RunRemedy::Skip) {
            let text = format!("Skip {name} and finish the others");
            choices.push(RemedyChoice { text, act: RunRemedy::Skip });
        }
        if done {
            let text = format!("Undo this run on {name}: shows first what will happen");
            choices.push(RemedyChoice { text, act: RunRemedy::Undo });
        }
        choices.push(RemedyChoice {
            text: format!("Open a shell on {name}; it comes back here"),
            act: RunRemedy::Shell,
        });
    }
    choices
}

fn from_way(way: &Remedy, place: &Place) -> RemedyChoice {
    match way {
        Remedy::Retry => {
            RemedyChoice { text: "Try again: what is done stays".to_owned(), act: RunRemedy::Retry }
        }
        Remedy::Replace(what) => RemedyChoice {
            text: format!("Replace on {place}: {}", what.strip_prefix("and ").unwrap_or(what)),
            act: RunRemedy::Replace,
        },
        Remedy::Repair { title, actions } => {
            RemedyChoice { text: format!("Repair it: {title}"), act: RunRemedy::Repair(actions.clone()) }
        }
        Remedy::Edit { field, text } => {
            let words = by_label::answer(*field, text);
            let (screen, field) = edit_target(*field);
            RemedyChoice { text: format!("Change {words}"), act: RunRemedy::Edit(screen, field) }
        }
        Remedy::Manual(text) => {
            let text = by_label::by_hand(text);
            RemedyChoice { text: text.clone(), act: RunRemedy::Manual(text) }
        }
        Remedy::Skip => {
            RemedyChoice { text: format!("Skip {place} and finish the others"), act: RunRemedy::Skip }
        }
    }
}

/// The ways out of a problem that a look found.
pub fn look_choices(problem: &Problem, target: &ProbeTarget) -> Vec<RemedyChoice> {
    let place = match target {
        ProbeTarget::Ca => Place::CaHost,
        ProbeTarget::Api => Place::Cluster,
        ProbeTarget::Worker(name) => Place::Worker(name.clone()),
    };
    ways(problem, &place, false)
        .into_iter()
        .map(|choice| match (&choice.act, target) {
            (RunRemedy::Skip, ProbeTarget::Worker(name)) => {
                RemedyChoice { text: format!("Take {name} off this plan"), act: RunRemedy::Skip }
            }
            (RunRemedy::Retry, _) => RemedyChoice { text: "Look again".to_owned(), act: RunRemedy::Retry },
            _ => choice,
        })
        .collect()
}
