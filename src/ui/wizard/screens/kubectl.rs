//! The context on this computer.

use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;

/// The screen.
pub struct KubectlScreen;

impl KubectlScreen {
    /// Its fields, in the order of the Tab key.
    pub fn fields(model: &Model) -> Vec<Field> {
        match Field::Kubectl.get(&model.form.answers, 0).as_str() {
            "none" => vec![Field::Kubectl],
            _ => vec![
                Field::Kubectl,
                Field::Context,
                Field::ContextCluster,
                Field::ContextUser,
                Field::ContextFile,
            ],
        }
    }

    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        editing::intent(model, intent)
    }
}
