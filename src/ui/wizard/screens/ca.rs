//! The CA: where it is, and its files.

use crate::ui::wizard::form::answer::ca_place;
use crate::ui::wizard::form::editing;
use crate::ui::wizard::form::editing::answered;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::outcome::Outcome;

/// The screen.
pub struct CaScreen;

impl CaScreen {
    /// Its fields, in the order of the Tab key.
    pub fn fields(model: &Model) -> Vec<Field> {
        match ca_place(&model.form.answers) {
            "ssh" => {
                let mut list =
                    vec![Field::CaPlace, Field::CaHost, Field::CaCert, Field::CaKey, Field::CaSshKey];
                list.extend(answered(model, &[Field::CaJump, Field::CaHostKey]));
                list
            }
            // A key that was answered before stops the plan: it must be there to be emptied.
            "offline" if model.form.answers.ca.key.is_none() => vec![Field::CaPlace, Field::CaCert],
            _ => vec![Field::CaPlace, Field::CaCert, Field::CaKey],
        }
    }

    /// Takes an intent in.
    pub fn intent(model: &mut Model, intent: &Intent) -> Outcome {
        editing::intent(model, intent)
    }
}
