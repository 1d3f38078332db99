//! The cluster: its name, its API and its addresses.

use std::collections::BTreeMap;

use crate::plan::minors;
use crate::plan::model::Version;
use crate::profile;
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::skydns;

/// What few clusters have other than usual; it stands last on the form.
pub const CLUSTER_SELDOM: [Field; 5] =
    [Field::Runtime, Field::KubeProxy, Field::CgroupV1, Field::Swap, Field::PodNetwork];

/// What follows from the versions that were said: which profile, runtime and DNS, and of kubelets that are not of the
/// API's version whether they are served.
pub fn follows(model: &Model) -> Vec<(Role, String)> {
    let api = skydns::said(model);
    let mut lines = Vec::new();
    if let Some(version) = api {
        lines.push(match profile::choose(version, Some(version)) {
            Ok(profile) => (
                Role::Ok,
                format!(
                    "API {version}: profile {}, {}; DNS {}",
                    profile.name(),
                    profile.runtime().name(),
                    skydns::name(skydns::kind(model))
                ),
            ),
            Err(problem) => (Role::Bad, format!("API {version}: {}", problem.what)),
        });
        if minors::is_newer(version) {
            let newest = minors::NEWEST.without_patch();
            lines.push((Role::Warn, format!("newer than this gangplank knows: it is served as {newest}")));
        }
    }
    let kubelets = kubelets(model);
    if api.is_none() && !kubelets.is_empty() {
        lines.push((Role::Dim, "what is written follows from the kubelet of each worker".to_owned()));
    }
    for (version, names) in kubelets.into_iter().filter(|(version, _)| Some(*version) != api) {
        let names = names.join(", ");
        lines.push(match profile::choose(version, api) {
            Ok(profile) => (
                if api.is_some() { Role::Text } else { Role::Ok },
                format!(
                    "kubelet {version} on {names}: {}profile {}, {}",
                    if api.is_some() { "older, and served; " } else { "" },
                    profile.name(),
                    profile.runtime().name()
                ),
            ),
            Err(problem) => (Role::Bad, format!("{names}: {} {}", problem.code, problem.what)),
        });
    }
    lines
}

/// The versions of the kubelets that were looked at, each with the workers that have it.
fn kubelets(model: &Model) -> BTreeMap<Version, Vec<&str>> {
    let mut all: BTreeMap<Version, Vec<&str>> = BTreeMap::new();
    for (target, look) in &model.probes.looks {
        if let (ProbeTarget::Worker(name), Some(version)) = (target, look.said()) {
            all.entry(version).or_default().push(name);
        }
    }
    all
}

/// The screen.
pub struct ClusterScreen;

impl ClusterScreen {
    /// Its fields, in the order of the Tab key.
    pub fn fields() -> Vec<Field> {
        let mut list = vec![
            Field::Cluster,
            Field::Api,
            Field::ServiceRange,
            Field::Dns,
            Field::Domain,
            Field::PodRange,
            Field::Kubernetes,
            Field::Differences,
        ];
        list.extend(CLUSTER_SELDOM);
        list
    }

    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        editing::intent(model, intent)
    }
}
