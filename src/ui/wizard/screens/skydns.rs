//! Cluster DNS.

use std::sync::Arc;

use crate::engine::PlacePreview;
use crate::plan::action::{Action, object_name};
use crate::plan::fact::Known;
use crate::plan::minors;
use crate::plan::model::{DnsKind, Version};
use crate::profile::KUBELET;
use crate::ui::wizard::cards::{Kept, Manifest};
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::{AUTO, Field};
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::{Look, ProbeTarget};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::review_table::actions;
use crate::ui::wizard::role::Role;
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
pub fn deploys(model: &Model) -> &'static str {
    match kind(model) {
        Some(DnsKind::CoreDns) => "deploys CoreDNS",
        Some(DnsKind::None) => "deploys nothing",
        Some(DnsKind::KubeDnsV11) => "deploys kube-dns v11",
        None => "as the version has it",
    }
}

/// What it is called; `None` = that follows from the API's version, which is not known.
pub fn name(kind: Option<DnsKind>) -> &'static str {
    match kind {
        Some(DnsKind::CoreDns) => "CoreDNS",
        Some(DnsKind::KubeDnsV11) => "kube-dns v11",
        Some(DnsKind::None) => "of others",
        None => "by the version",
    }
}

/// What is deployed: what the plan says, else what fits the version; `None` = that is not known yet.
pub fn kind(model: &Model) -> Option<DnsKind> {
    match Field::Deploy.get(&model.form.answers, 0).as_str() {
        "coredns" => Some(DnsKind::CoreDns),
        "none" => Some(DnsKind::None),
        "kube-dns-v11" => Some(DnsKind::KubeDnsV11),
        _ => {
            let current = minors::CRI_ONLY.holds(api(model)?);
            Some(if current { DnsKind::CoreDns } else { DnsKind::KubeDnsV11 })
        }
    }
}

/// What is to be said of the choice: what it comes to where it is left to the version, and one that cannot work.
pub fn remark(model: &Model) -> Option<(Role, String)> {
    let version = api(model);
    let left = Field::Deploy.get(&model.form.answers, 0) == AUTO;
    match (kind(model), version) {
        (None, _) => Some((
            Role::Dim,
            "from 1.24 on CoreDNS, before it kube-dns v11; the API has not said its version yet".to_owned(),
        )),
        (Some(kind), Some(version)) if left => {
            Some((Role::Text, format!("auto: {}, as it fits {version}", name(Some(kind)))))
        }
        (Some(DnsKind::KubeDnsV11), Some(version)) if minors::CRI_ONLY.holds(version) => {
            Some((Role::Bad, format!("kube-dns v11 of 2016 does not work with an API server {version}")))
        }
        _ => None,
    }
}

/// The version that the API said, else the one that the plan states.
pub fn said(model: &Model) -> Option<Version> {
    let looked = model.probes.looks.get(&ProbeTarget::Api).and_then(Look::said);
    looked.or_else(|| model.form.planned.as_deref()?.cluster.kubernetes)
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
/// the post's; else what it said, and where it said nothing that of the newest kubelet, which no API is older than.
pub fn api(model: &Model) -> Option<Version> {
    let Some(seen) = model.preview.inspection.seen() else { return said(model) };
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
    said(model).or_else(|| seen.iter().filter_map(found).max())
}
