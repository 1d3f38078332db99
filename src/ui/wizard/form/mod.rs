//! What stands on each form: its fields and buttons in the order of the Tab key.

pub mod answer;
pub mod field;
pub mod text_input;

use crate::plan::plan_field::PlanField;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::model::{Button, Item, Journey, Model, Screen};

/// The items of the present screen.
pub fn items(model: &Model) -> Vec<Item> {
    let mut items: Vec<Item> = match model.nav.screen {
        Screen::Ca => ca(model),
        Screen::Cluster => fields(&[
            Field::Cluster,
            Field::Api,
            Field::ServiceRange,
            Field::Dns,
            Field::Domain,
            Field::PodRange,
            Field::Kubernetes,
            Field::Differences,
        ]),
        Screen::Workers => workers(model),
        Screen::Certificates => fields(&[Field::Days]),
        Screen::Kubectl => match Field::Kubectl.get(&model.form.answers, 0).as_str() {
            "none" => fields(&[Field::Kubectl]),
            _ => fields(&[
                Field::Kubectl,
                Field::Context,
                Field::ContextCluster,
                Field::ContextUser,
                Field::ContextFile,
            ]),
        },
        Screen::Dns => match Field::Deploy.get(&model.form.answers, 0).as_str() {
            "none" => fields(&[Field::Deploy]),
            _ => fields(&[Field::Deploy, Field::Replicas]),
        },
        Screen::Welcome | Screen::Review | Screen::Run | Screen::Report => vec![Item::Rows],
    };
    items.extend(buttons(model).into_iter().map(Item::Button));
    items
}

fn fields(list: &[Field]) -> Vec<Item> {
    list.iter().copied().map(Item::Field).collect()
}

fn ca(model: &Model) -> Vec<Item> {
    match answer::ca_place(&model.form.answers) {
        "ssh" => {
            let mut list = vec![Field::CaPlace, Field::CaHost, Field::CaCert, Field::CaKey, Field::CaSshKey];
            list.extend(answered(model, &[Field::CaJump, Field::CaHostKey]));
            fields(&list)
        }
        // A key that was answered before stops the plan: it must be there to be emptied.
        "offline" if model.form.answers.ca.key.is_some() => {
            fields(&[Field::CaPlace, Field::CaCert, Field::CaKey])
        }
        "offline" => fields(&[Field::CaPlace, Field::CaCert]),
        _ => fields(&[Field::CaPlace, Field::CaCert, Field::CaKey]),
    }
}

/// What few workers have; it is on the form only where it was answered, so that the form stays short.
const SELDOM: [Field; 4] = [Field::Jump, Field::HostKey, Field::KubeletArgs, Field::ProxyArgs];

/// Those of the fields that have an answer, here or among the defaults.
fn answered(model: &Model, list: &[Field]) -> Vec<Field> {
    let has = |field: &Field| {
        !field.get(&model.form.answers, model.nav.row).is_empty()
            || field.inherited(&model.form.answers).is_some()
    };
    list.iter().copied().filter(has).collect()
}

fn workers(model: &Model) -> Vec<Item> {
    let mut items = vec![Item::Rows];
    if !model.form.answers.workers.is_empty() {
        items.extend(fields(&[
            Field::Name,
            Field::Address,
            Field::User,
            Field::Port,
            Field::Host,
            Field::SshKey,
            Field::Images,
            Field::Kubelet,
            Field::KubeletHash,
            Field::Replace,
        ]));
        items.extend(fields(&answered(model, &SELDOM)));
    }
    items
}

/// The buttons of the present screen, in order.
pub fn buttons(model: &Model) -> Vec<Button> {
    let mut buttons = match model.nav.screen {
        Screen::Welcome => Vec::new(),
        Screen::Workers => vec![Button::Add, Button::Paste, Button::Import, Button::Back, Button::Continue],
        Screen::Ca | Screen::Cluster | Screen::Certificates | Screen::Kubectl | Screen::Dns => {
            vec![Button::Back, Button::Continue]
        }
        Screen::Review => {
            let mut buttons = vec![Button::Back, Button::Look, Button::SavePlan, Button::Export];
            if !model.run.read_only {
                buttons.push(Button::Apply);
            }
            buttons
        }
        Screen::Run if model.run.going_on() => Vec::new(),
        Screen::Run => vec![Button::Back, Button::Continue],
        Screen::Report => vec![Button::Back, Button::SavePlan, Button::Export, Button::Quit],
    };
    if model.nav.return_to.is_some() && matches!(buttons.last(), Some(Button::Continue)) {
        buttons.push(Button::Return);
    }
    buttons
}

/// The ways on of the welcome screen.
pub const WELCOME: [(&str, &str); 5] = [
    ("New workers", "answer six screens; no change before Review"),
    ("Re-onboard a worker", "look at a failed one and mend only what differs"),
    ("Resume", "go on where a session was left"),
    ("Open a plan file", "a plan.yaml of yours or of `gangplank init`"),
    ("Demo", "the same on a built-in lab, without any machine"),
];

/// The screen after this one.
pub fn next(screen: Screen) -> Option<Screen> {
    match screen {
        Screen::Welcome => Some(Screen::Ca),
        Screen::Ca => Some(Screen::Cluster),
        Screen::Cluster => Some(Screen::Workers),
        Screen::Workers => Some(Screen::Certificates),
        Screen::Certificates => Some(Screen::Kubectl),
        Screen::Kubectl => Some(Screen::Dns),
        Screen::Dns => Some(Screen::Review),
        Screen::Review => Some(Screen::Run),
        Screen::Run => Some(Screen::Report),
        Screen::Report => None,
    }
}

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

/// The title of a journey.
pub fn journey(model: &Model) -> &'static str {
    match model.form.journey {
        Journey::New => "new workers",
        Journey::Reonboard => "re-onboard",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::plan::answers::{Answers, WorkerAnswers};
    use crate::ui::wizard::role::Theme;

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
            assert!(items(&model).contains(&Item::Field(field)), "{key} is not on {screen:?}");
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
        assert!(items(&model).contains(&Item::Field(Field::ContextFile)));
    }

    #[test]
    fn what_few_workers_have_is_asked_only_where_it_was_answered() {
        let mut model = answered_in_full();
        model.nav.screen = Screen::Workers;
        for field in SELDOM {
            assert!(items(&model).contains(&Item::Field(field)), "{field:?}");
            field.set(&mut model.form.answers, 0, "");
            assert!(!items(&model).contains(&Item::Field(field)), "{field:?}");
        }
        model.form.answers.defaults.kubelet_args = Some(vec!["--v=2".to_owned()]);
        assert!(items(&model).contains(&Item::Field(Field::KubeletArgs)), "it is inherited");
    }
}
