//! Certificate CA: where it is and who signs.

use crate::ui::tui::view::page::{Page, field, look};
use crate::ui::wizard::form::answer::ca_place;
use crate::ui::wizard::look::ProbeTarget;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::ca::CaScreen;

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'_>, width: usize) {
    page.space();
    page.say(model, Role::Text, "Which CA signs the certificates of the workers?", width);
    page.space();
    for one in CaScreen::fields(model) {
        field(model, page, one);
    }
    let note = match ca_place(&model.form.answers) {
        "ssh" => "Signing runs on that host; its key never moves.",
        "offline" => {
            "Nothing is asked of the CA now. In Run all signing requests appear as one bundle with the exact \
             command; the session can be closed and resumed there; certificates come back by paste or file."
        }
        "new" => "It is made when the plan is carried out, and only where neither file exists yet.",
        _ => "",
    };
    if !note.is_empty() {
        page.space();
        page.say(model, Role::Dim, note, width);
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
