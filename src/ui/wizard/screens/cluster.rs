//! The cluster: its name, its API and its addresses.

use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;

/// What few clusters have other than usual; it stands last on the form.
pub const CLUSTER_SELDOM: [Field; 5] =
    [Field::Runtime, Field::KubeProxy, Field::CgroupV1, Field::Swap, Field::PodNetwork];

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
