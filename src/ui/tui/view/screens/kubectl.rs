//! kubectl context: how this computer reaches the cluster.

use crate::plan::place::Place;
use crate::ui::tui::view::page::{Page, field, inspection_note, states};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::kubectl::KubectlScreen;

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'_>, width: usize) {
    page.space();
    page.say(model, Role::Text, "How does kubectl on this computer reach the cluster?", width);
    page.space();
    for one in KubectlScreen::fields(model) {
        field(model, page, one);
    }
    let kind = Field::Kubectl.get(&model.form.answers, 0);
    page.space();
    if kind == "merge" {
        page.say(model, Role::Dim, "Merged by kubectl config; a copy is kept and the current context stays. d shows before and after.", width);
    } else if kind == "file" {
        page.say(
            model,
            Role::Dim,
            "A file of its own: your kubeconfig stays as it is. d shows what is written.",
            width,
        );
    }
    inspection_note(model, page, width);
    states(model, page, &Place::Local, &["admin", "context", "kubectl"], width);
}
