//! Cluster: its API, addresses and names.

use crate::ui::tui::view::page::{Page, field, look};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::model::{Model, ProbeTarget};
use crate::ui::wizard::role::Role;

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'static>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which cluster do they join?", width);
    page.space();
    for one in [
        Field::Cluster,
        Field::Api,
        Field::ServiceRange,
        Field::Dns,
        Field::Domain,
        Field::PodRange,
        Field::Kubernetes,
        Field::Differences,
    ] {
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
