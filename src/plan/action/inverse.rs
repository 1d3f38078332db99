//! How much an action can break, and what would take it back.

use serde::Serialize;

use super::content::{Content, sha256};
use super::{Action, Verb};
use crate::plan::fact::Facts;
use crate::plan::written::{RunFolder, Written};

/// How much an action can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Adds something.
    Adds,
    /// Changes something; the old is kept.
    Changes,
    /// Cannot be taken back.
    Final,
}

impl Action {
    /// How much it can break, given what is there now.
    pub fn risk(&self, facts: &Facts) -> Risk {
        match self {
            Self::Sign { .. } => Risk::Final,
            Self::PlaceProgram { path, .. }
                if facts.programs().yes().is_some_and(|there| there.at(path).is_some()) =>
            {
                Risk::Changes
            }
            Self::Put { path, .. } | Self::Remove { path }
                if matches!(facts.file(path).yes(), Some(Some(_))) =>
            {
                Risk::Changes
            }
            Self::MakeKey { path, .. } if matches!(facts.key(path).yes(), Some(Some(_))) => Risk::Changes,
            Self::Service { verb: Verb::Restart | Verb::Stop | Verb::Disable, .. } => Risk::Changes,
            _ => Risk::Adds,
        }
    }

    /// What would take it back, given what is there now; empty when nothing needs to or nothing can.
    pub fn inverse(&self, before: &Facts) -> Vec<Action> {
        let was = |path: &str| match before.file(path).yes() {
            Some(Some(file)) => Some((file.sha256.clone(), format!("{} {}", file.mode, file.owner))),
            Some(None) | None => match before.key(path).yes() {
                Some(Some(key)) => Some((key.sha256.clone(), format!("{} {}", key.mode, key.owner))),
                Some(None) | None => None,
            },
        };
        match self {
            Self::MakeDir { path, .. } => vec![Self::UndoMakeDir { path: path.clone() }],
            Self::MakeKey { path, .. } | Self::Put { path, .. } => {
                let new = match self.content() {
                    Some(Content::Literal(bytes)) => Written::Sha256(sha256(bytes)),
                    Some(Content::File { sha256: Some(sha256), .. }) => Written::Sha256(sha256.clone()),
                    Some(Content::File { sha256: None, .. } | Content::Later(_) | Content::Secret(_))
                    | None => Written::NotYet,
                };
                match was(path) {
                    Some((old, mode)) => {
                        vec![Self::RestoreFile {
                            path: path.clone(),
                            run: RunFolder::ThisRun,
                            old,
                            new,
                            mode,
                        }]
                    }
                    None => vec![Self::UndoCreate { path: path.clone(), new }],
                }
            }
            Self::PlaceProgram { path, sha256, .. } => {
                let (path, new) = (path.clone(), Written::Sha256(sha256.clone()));
                vec![match before.programs().yes().and_then(|there| there.at(&path)) {
                    Some(there) => Self::RestoreFile {
                        path,
                        run: RunFolder::ThisRun,
                        old: there.sha256.clone(),
                        new,
                        mode: format!("{} {}", there.mode, there.owner),
                    },
                    None => Self::UndoCreate { path, new },
                }]
            }
            Self::Remove { path } => match was(path) {
                Some((old, mode)) => {
                    let (run, new) = (RunFolder::ThisRun, Written::Nothing);
                    vec![Self::RestoreFile { path: path.clone(), run, old, new, mode }]
                }
                None => Vec::new(),
            },
            Self::LoadImage { names, runtime, .. } | Self::SendImage { names, runtime, .. } => {
                let undo = |name: &String| Self::UndoLoadImage { name: name.clone(), runtime: *runtime };
                names.iter().map(undo).collect()
            }
            Self::Service { verb: Verb::Enable, unit } => {
                vec![Self::Service { verb: Verb::Disable, unit: unit.clone() }]
            }
            Self::Service { verb: Verb::Start, unit } => {
                vec![
                    Self::Service { verb: Verb::Stop, unit: unit.clone() },
                    Self::CleanPods { runtime: before.kubelets_runtime() },
                ]
            }
            Self::NoteNode { name, .. } => {
                vec![Self::KubeDelete { path: format!("/api/v1/nodes/{name}"), uid: None }]
            }
            _ => Vec::new(),
        }
    }
}
