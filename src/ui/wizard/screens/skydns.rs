//! Cluster DNS.

use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;

/// The screen.
pub struct DnsScreen;

impl DnsScreen {
    /// Its fields, in the order of the Tab key.
    pub fn fields(model: &Model) -> Vec<Field> {
        match Field::Deploy.get(&model.form.answers, 0).as_str() {
            "none" => vec![Field::Deploy],
            _ => vec![Field::Deploy, Field::Replicas],
        }
    }

    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        editing::intent(model, intent)
    }
}
