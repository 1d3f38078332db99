//! Certificate CA: where it is and who signs.

use crate::ui::tui::view::page::{Page, field, look};
use crate::ui::wizard::form::answer::ca_place;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'static>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which CA signs the certificates of the workers?", width);
    page.space();
    field(model, page, Field::CaPlace);
    match ca_place(&model.form.answers) {
        "ssh" => {
            field(model, page, Field::CaHost);
            field(model, page, Field::CaCert);
            field(model, page, Field::CaKey);
            field(model, page, Field::CaSshKey);
            page.space();
            page.say(model, Role::Dim, "Signing runs on that host; its key never moves.", width);
        }
        "offline" => {
            field(model, page, Field::CaCert);
            if model.form.answers.ca.key.is_some() {
                field(model, page, Field::CaKey);
            }
            page.space();
            page.say(
                model,
                Role::Dim,
                "Nothing is asked of the CA now. In Run all signing requests appear as one bundle with the exact \
                 command; the session can be closed and resumed there; certificates come back by paste or file.",
                width,
            );
        }
        place => {
            field(model, page, Field::CaCert);
            field(model, page, Field::CaKey);
            if place == "new" {
                page.space();
                page.say(
                    model,
                    Role::Dim,
                    "It is made when the plan is carried out, and only where neither file exists yet.",
                    width,
                );
            }
        }
    }
    page.space();
    look(
        model,
        page,
        &ProbeTarget::Ca,
        "Its chain, key and days left are shown here once it is named.",
        width,
    );
}
