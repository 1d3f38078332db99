//! Cluster: its API, addresses and names.

use crate::ui::tui::view::page::{Page, field, look};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::cluster::{CLUSTER_SELDOM, ClusterScreen, follows};

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'_>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which cluster do they join?", width);
    page.space();
    let seldom = |one: &Field| CLUSTER_SELDOM.contains(one);
    for one in ClusterScreen::fields().into_iter().filter(|one| !seldom(one)) {
        field(model, page, one);
    }
    page.space();
    look(
        model,
        page,
        &ProbeTarget::Api,
        "The API is looked at when its address is there: TLS chain, names, version.",
        width,
    );
    page.seen(model, &follows(model), width);
    // What was seen of the API stays in sight; these are seldom other than usual.
    page.space();
    page.say(model, Role::Dim, "Seldom changed:", width);
    for one in CLUSTER_SELDOM {
        field(model, page, one);
    }
}
