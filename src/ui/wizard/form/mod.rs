//! What stands on each form: its fields and buttons in the order of the Tab key.

pub mod field;

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
            "merge" => fields(&[Field::Kubectl, Field::Context, Field::ContextCluster, Field::ContextUser]),
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
    match field::ca_place(&model.form.answers) {
        "ssh" => fields(&[Field::CaPlace, Field::CaHost, Field::CaCert, Field::CaKey, Field::CaSshKey]),
        // A key that was answered before stops the plan: it must be there to be emptied.
        "offline" if model.form.answers.ca.key.is_some() => {
            fields(&[Field::CaPlace, Field::CaCert, Field::CaKey])
        }
        "offline" => fields(&[Field::CaPlace, Field::CaCert]),
        _ => fields(&[Field::CaPlace, Field::CaCert, Field::CaKey]),
    }
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

/// The screen a problem's `Edit` way leads to, with the field.
pub fn edit_target(text: &str) -> (Screen, Option<Field>) {
    let path = text.split([':', ' ', ',']).next().unwrap_or_default();
    let screen = screen_of(path);
    let last = path.rsplit('.').next().unwrap_or_default();
    let field = match (screen, last) {
        (Screen::Ca, "where") => Some(Field::CaPlace),
        (Screen::Ca, "key") => Some(Field::CaKey),
        (Screen::Ca, _) => Some(Field::CaCert),
        (Screen::Cluster, "name") => Some(Field::Cluster),
        (Screen::Cluster, "dns") => Some(Field::Dns),
        (Screen::Cluster, "service_range") => Some(Field::ServiceRange),
        (Screen::Cluster, "kubernetes") => Some(Field::Kubernetes),
        (Screen::Cluster, _) => Some(Field::Api),
        (Screen::Workers, "user") => Some(Field::User),
        (Screen::Workers, "host") => Some(Field::Host),
        (Screen::Workers, "port") => Some(Field::Port),
        (Screen::Workers, "key") => Some(Field::SshKey),
        (Screen::Workers, "kubelet") => Some(Field::Kubelet),
        (Screen::Workers, "images") => Some(Field::Images),
        (Screen::Workers, "replace") => Some(Field::Replace),
        (Screen::Workers, "address") => Some(Field::Address),
        (Screen::Workers, "name") => Some(Field::Name),
        (Screen::Kubectl, "file") => Some(Field::ContextFile),
        (Screen::Kubectl, "merge") => Some(Field::Kubectl),
        (Screen::Certificates, _) => Some(Field::Days),
        _ => None,
    };
    (screen, field)
}

/// The title of a journey.
pub fn journey(model: &Model) -> &'static str {
    match model.form.journey {
        Journey::New => "new workers",
        Journey::Reonboard => "re-onboard",
    }
}
