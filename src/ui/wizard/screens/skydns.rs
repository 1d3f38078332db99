//! Cluster DNS.

use std::sync::Arc;

use crate::engine::PlacePreview;
use crate::plan::action::{Action, object_name};
use crate::plan::answers::Answers;
use crate::plan::fact::Known;
use crate::plan::minors;
use crate::plan::model::Version;
use crate::profile::KUBELET;
use crate::ui::wizard::cards::{Kept, Manifest};
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::review_table::actions;
use crate::ui::wizard::screens::certificates::made_of;

/// The screen.
pub struct DnsScreen;

impl DnsScreen {
    /// Its fields, in the order of the Tab key.
    pub fn fields(model: &Model) -> Vec<Field> {
        match Field::Deploy.get(&model.form.answers, 0).as_str() {
            "none" => vec![Field::Deploy],
            _ => vec![Field::Deploy, Field::Replicas],
        }
    }

    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        editing::intent(model, intent)
    }
}

/// What is deployed, whatever the screen is called.
pub fn deploys(answers: &Answers) -> &'static str {
    match Field::Deploy.get(answers, 0).as_str() {
        "coredns" => "deploys CoreDNS",
        "none" => "deploys nothing",
        _ => "deploys kube-dns v11",
    }
}

/// The manifest of what is deployed.
pub fn manifest(model: &Model) -> Arc<Manifest> {
    Kept::still(model.preview.manifest.as_ref(), made_of(model).as_ref())
        .unwrap_or_else(|| Arc::new(made(model)))
}

/// Makes the manifest again where what it is made of has changed, so that a frame need not.
pub fn keep(model: &mut Model) {
    let of = made_of(model);
    if Kept::still(model.preview.manifest.as_ref(), of.as_ref()).is_none() {
        model.preview.manifest = of.map(|of| Kept { of, made: Arc::new(made(model)) });
    }
}

fn made(model: &Model) -> Manifest {
    let Some(plan) = model.form.planned.as_deref() else { return Ok(Vec::new()) };
    let objects = crate::profile::dns_objects(plan, api(model)).map_err(|error| error.to_string())?;
    Ok(objects.iter().map(|object| (object_name(object), crate::kube::yaml(object))).collect())
}

/// The API's version, as far as the manifest depends on it: without accounts among the objects that would be applied it is
/// the post's, else it is taken for that of the newest kubelet, which no API is older than.
pub fn api(model: &Model) -> Option<Version> {
    let seen = model.preview.inspection.seen()?;
    let steps = seen.iter().flat_map(|place| &place.looked);
    let applied: Vec<&serde_json::Value> = steps
        .filter(|one| one.step.id().0 == "dns")
        .flat_map(actions)
        .filter_map(|action| match action {
            Action::KubeApply { object } => Some(object),
            _ => None,
        })
        .collect();
    if !applied.is_empty() && !applied.iter().any(|object| object["kind"] == "ServiceAccount") {
        return Some(minors::THE_POST.first());
    }
    let found = |place: &PlacePreview| match place.facts.kubelet(KUBELET) {
        Known::Yes(Some(kubelet)) => Version::parse(&kubelet.version.to_string()),
        Known::Yes(None) | Known::No(_) | Known::NotAsked => None,
    };
    seen.iter().filter_map(found).max()
}
