//! Cluster: its API, addresses and names.

use crate::ui::tui::view::page::{Page, field, look};
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::cluster::ClusterScreen;

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'_>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which cluster do they join?", width);
    page.space();
    for one in ClusterScreen::fields() {
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
}
