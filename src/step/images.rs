//! Images: what the node must run before it can reach a registry, loaded from tars the operator names. An
//! image is present when its id equals the config digest inside the tar; a name alone proves nothing.

use super::definition::{Step, StepId};
use super::input::StepInput;
use super::state::{StepState, state, todo, unknown};
use crate::plan::action::{Action, Content};
use crate::plan::code::ProblemCode;
use crate::plan::fact::{FactQuery, ImageFact, Known};
use crate::plan::model::{ImageTar, Plan, Worker};
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Verdict};
use crate::profile::{self, Profile};
use crate::runtime::containerd::DEFAULT_REGISTRY;
use crate::runtime::of_facts;
use crate::runtime::typed::makes_tar;

/// The step.
pub struct LoadImages;

/// The images of a tar, wherever it is.
pub(super) fn in_tar<'a>(cx: &StepInput<'a>, tar: &ImageTar) -> Known<&'a Vec<ImageFact>> {
    match tar {
        ImageTar::Local(path) => cx.local.facts.tar(&path.display().to_string()),
        ImageTar::Host(path) => cx.facts.tar(path),
    }
}

/// Whether an image is there. Where the runtime makes ids of its own the name has to do.
fn present(cx: &StepInput, there: &[ImageFact], image: &ImageFact) -> bool {
    let by_name = of_facts::names_alone(cx.facts);
    there.iter().any(|one| same_name(one, image) && (by_name || one.id == image.id))
}

/// Some runtimes write the registry that is meant where a name has none.
fn same_name(one: &ImageFact, other: &ImageFact) -> bool {
    fn short(image: &ImageFact) -> &str {
        let name = image.name.untrusted();
        let name = name.strip_prefix(DEFAULT_REGISTRY).unwrap_or(name);
        name.strip_prefix("library/").unwrap_or(name)
    }
    short(one) == short(other)
}

/// What the operator's computer is asked for: the tars that are here.
pub(super) fn wants_here(plan: &Plan) -> Vec<FactQuery> {
    let tars = plan.workers.iter().flat_map(|worker| &worker.images);
    tars.filter_map(|tar| match tar {
        ImageTar::Local(path) => Some(FactQuery::Tar(path.display().to_string())),
        ImageTar::Host(_) => None,
    })
    .collect()
}

impl Step for LoadImages {
    fn id(&self) -> StepId {
        StepId("images")
    }

    fn title(&self) -> &'static str {
        "Images"
    }

    fn needs(&self) -> &'static [&'static str] {
        &["runtime"]
    }

    fn queries(&self, _: &Plan, worker: Option<&Worker>, _: &str) -> Vec<FactQuery> {
        let mut wants = vec![FactQuery::Images];
        for tar in worker.into_iter().flat_map(|worker| &worker.images) {
            if let ImageTar::Host(path) = tar {
                wants.push(FactQuery::Tar(path.clone()));
            }
        }
        wants
    }

    fn look(&self, cx: &StepInput) -> StepState {
        state((|| {
            let worker = cx.the_worker()?;
            if worker.images.is_empty() {
                return Ok(StepState::Done("no tars are named".to_owned()));
            }
            let Known::Yes(there) = cx.facts.images() else {
                return Err(unknown("the images", cx.facts.images().why_not()));
            };
            let runtime = cx.profile().ok().map(Profile::runtime);
            let mut actions = Vec::new();
            for tar in &worker.images {
                let Known::Yes(inside) = in_tar(cx, tar) else {
                    let (field, path) = match tar {
                        ImageTar::Local(path) => ("here:", path.display().to_string()),
                        ImageTar::Host(path) => ("host:", path.clone()),
                    };
                    return Err(Problem::new(
                        ProblemCode::Image01,
                        format!("the image tar {field}{path} cannot be read"),
                    )
                    .seen(in_tar(cx, tar).why_not().to_owned())
                    .edit(PlanField::ImageTars, "workers[].images")
                    .manual(format!("make it with: {}", makes_tar(runtime.unwrap_or_default(), &path))));
                };
                let missing: Vec<String> = inside
                    .iter()
                    .filter(|image| !present(cx, there, image))
                    .map(|image| image.name.to_string())
                    .collect();
                if missing.is_empty() {
                    continue;
                }
                actions.push(match tar {
                    ImageTar::Local(path) => Action::SendImage {
                        tar: Content::File { path: path.clone(), sha256: None },
                        names: missing,
                        runtime,
                    },
                    ImageTar::Host(path) => Action::LoadImage { tar: path.clone(), names: missing, runtime },
                });
            }
            Ok(todo(actions, format!("all images of {} tars are loaded", worker.images.len())))
        })())
    }

    fn verdicts(&self, cx: &StepInput) -> Vec<Verdict> {
        let (Ok(worker), Ok(profile), Some(version)) = (cx.the_worker(), cx.profile(), cx.kubelet_version())
        else {
            return Vec::new();
        };
        let Known::Yes(there) = cx.facts.images() else { return Vec::new() };
        let brought: Vec<&ImageFact> =
            worker.images.iter().filter_map(|tar| in_tar(cx, tar).yes().copied()).flatten().collect();
        profile
            .images(cx.plan, version)
            .into_iter()
            .chain(
                profile::dns_images(cx.plan, cx.cluster.version.or(Some(version)))
                    .into_iter()
                    .map(|(_, image)| image),
            )
            .filter(|name| !there.iter().chain(brought.iter().copied()).any(|image| image.name == *name))
            .map(|name| {
                Verdict::warning(
                    "images",
                    format!("{name} is neither on the worker nor in a tar of the plan"),
                    "the kubelet will try to pull it; or name a tar that holds it in the plan",
                )
            })
            .collect()
    }

    fn explain(&self) -> &'static str {
        include_str!("../../assets/explain/images.md")
    }
}
