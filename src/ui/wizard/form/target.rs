//! Where an answer is asked: the screen of a remark, and the field of a key of the plan.

use crate::plan::plan_field::PlanField;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::screen::Screen;

/// The screen an answer's remark belongs to.
pub fn screen_of(path: &str) -> Screen {
    let top = path.split(['.', '[']).next().unwrap_or_default();
    match top {
        "ca" if path == "ca.days" => Screen::Certificates,
        "ca" => Screen::Ca,
        "cluster" => Screen::Cluster,
        "kubectl" => Screen::Kubectl,
        "dns" | "images" => Screen::Dns,
        _ => Screen::Workers,
    }
}

/// The screen and the field where a key of the plan is changed.
pub fn edit_target(field: PlanField) -> (Screen, Field) {
    let field = Field::of(field);
    (screen_of(&field.path(0)), field)
}
