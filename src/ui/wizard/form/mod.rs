//! What stands on each form: its fields and buttons in the order of the Tab key.

pub mod answer;
pub mod by_label;
pub mod editing;
pub mod field;
pub mod item;
pub mod target;
pub mod text_input;

use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::form::item::{Button, Item};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::ca::CaScreen;
use crate::ui::wizard::screens::certificates::CertificatesScreen;
use crate::ui::wizard::screens::cluster::ClusterScreen;
use crate::ui::wizard::screens::kubectl::KubectlScreen;
use crate::ui::wizard::screens::skydns::DnsScreen;
use crate::ui::wizard::screens::workers::WorkersScreen;
/// The fields of the present screen, in the order of the Tab key.
fn fields(model: &Model) -> Vec<Field> {
    match model.nav.screen {
        Screen::Ca => CaScreen::fields(model),
        Screen::Cluster => ClusterScreen::fields(),
        Screen::Workers => WorkersScreen::fields(model),
        Screen::Certificates => CertificatesScreen::fields(),
        Screen::Kubectl => KubectlScreen::fields(model),
        Screen::Dns => DnsScreen::fields(model),
        Screen::Welcome
        | Screen::Review
        | Screen::Run
        | Screen::Report
        | Screen::Diagnosis
        | Screen::Repair => Vec::new(),
    }
}

impl Model {
    /// What can have the keys on this screen, in order.
    pub fn items(&self) -> Vec<Item> {
        let list = match self.nav.screen {
            Screen::Welcome
            | Screen::Workers
            | Screen::Review
            | Screen::Run
            | Screen::Report
            | Screen::Diagnosis
            | Screen::Repair => Some(Item::Rows),
            Screen::Ca | Screen::Cluster | Screen::Certificates | Screen::Kubectl | Screen::Dns => None,
        };
        let fields = fields(self).into_iter().map(Item::Field);
        list.into_iter().chain(fields).chain(self.buttons().into_iter().map(Item::Button)).collect()
    }

    /// The buttons of the present screen, in order.
    pub fn buttons(&self) -> Vec<Button> {
        let mut buttons = match self.nav.screen {
            Screen::Welcome => Vec::new(),
            Screen::Workers => {
                vec![Button::Add, Button::Paste, Button::Import, Button::Back, Button::Continue]
            }
            Screen::Ca | Screen::Cluster | Screen::Certificates | Screen::Kubectl | Screen::Dns => {
                vec![Button::Back, Button::Continue]
            }
            Screen::Review => {
                let mut buttons = vec![Button::Back, Button::Look, Button::SavePlan, Button::Export];
                if !self.run.read_only {
                    buttons.push(Button::Apply);
                }
                buttons
            }
            Screen::Diagnosis => vec![Button::Back, Button::Look, Button::ReviewAll, Button::Continue],
            Screen::Repair => {
                let mut buttons = vec![Button::Back, Button::ReviewAll];
                if !self.run.read_only {
                    buttons.push(Button::Repair);
                }
                buttons
            }
            Screen::Run if self.run.going_on() => Vec::new(),
            Screen::Run => vec![Button::Back, Button::Continue],
            Screen::Report if self.doctor.mending.is_some() => {
                vec![Button::Back, Button::Summary, Button::SavePlan, Button::Export, Button::Quit]
            }
            Screen::Report => vec![Button::Back, Button::SavePlan, Button::Export, Button::Quit],
        };
        if self.form.unplanned.is_some() {
            buttons.retain(|button| !matches!(button, Button::ReviewAll | Button::SavePlan | Button::Export));
        }
        if self.nav.return_to.is_some() && matches!(buttons.last(), Some(Button::Continue)) {
            buttons.push(Button::Return);
        }
        buttons
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::plan::answers::{Answers, WorkerAnswers};
    use crate::plan::plan_field::PlanField;
    use crate::ui::wizard::form::field::Field;
    use crate::ui::wizard::form::target::edit_target;
    use crate::ui::wizard::role::Theme;
    use crate::ui::wizard::screens::workers::SELDOM;

    fn answered_in_full() -> Model {
        let mut model = Model::new(Theme::default(), (120, 36), Timestamp::UNIX_EPOCH);
        model.form.answers = Answers { workers: vec![WorkerAnswers::default()], ..Answers::default() };
        for field in PlanField::ALL {
            let field = Field::of(*field);
            if field.choices().is_none() {
                field.set(&mut model.form.answers, 0, "7");
            }
        }
        Field::CaPlace.set(&mut model.form.answers, 0, "ssh");
        model
    }

    #[test]
    fn every_key_of_the_plan_leads_to_its_screen_and_its_field() {
        let mut model = answered_in_full();
        for key in PlanField::ALL {
            let (screen, field) = edit_target(*key);
            model.nav.screen = screen;
            assert!(model.items().contains(&Item::Field(field)), "{key} is not on {screen:?}");
            let path = field.path(0).replace("[0]", "[]");
            // Whether it is merged is asked together with whether there is a context at all.
            assert_eq!(path, if *key == PlanField::KubectlMerge { "kubectl" } else { key.path() });
        }
    }

    #[test]
    fn a_kubeconfig_that_is_merged_into_can_be_named() {
        let mut model = answered_in_full();
        model.nav.screen = Screen::Kubectl;
        Field::Kubectl.set(&mut model.form.answers, 0, "merge");
        assert!(model.items().contains(&Item::Field(Field::ContextFile)));
    }

    #[test]
    fn what_few_workers_have_is_asked_only_where_it_was_answered() {
        let mut model = answered_in_full();
        model.nav.screen = Screen::Workers;
        for field in SELDOM {
            assert!(model.items().contains(&Item::Field(field)), "{field:?}");
            field.set(&mut model.form.answers, 0, "");
            assert!(!model.items().contains(&Item::Field(field)), "{field:?}");
        }
        model.form.answers.defaults.kubelet_args = Some(vec!["--v=2".to_owned()]);
        assert!(model.items().contains(&Item::Field(Field::KubeletArgs)), "it is inherited");
    }
}
