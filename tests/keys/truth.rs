//! What is shown of a step is what the step does: kept is kept, a restart is no copy, an object is one that is made.

use std::sync::Arc;

use gangplank::plan::action::{Action, Risk};
use gangplank::plan::answers::{Answers, WorkerAnswers};
use gangplank::step::StepState;
use gangplank::ui::gallery::scenes::scene;
use gangplank::ui::wizard::form::field::Field;
use gangplank::ui::wizard::form::item::Item;
use gangplank::ui::wizard::look::{Inspection, Look, ProbeTarget};
use gangplank::ui::wizard::message::{Effect, Msg, Opened};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::opening::Saved;
use gangplank::ui::wizard::review_table::actions;
use gangplank::ui::wizard::screen::{Journey, Screen};
use gangplank::ui::wizard::screens::certificates::cards;
use gangplank::ui::wizard::screens::review::{rows, sign};
use gangplank::ui::wizard::update::update;
use gangplank::ui::wizard::validation::{plan, validate};

use gangplank::ui::wizard::screens::{cluster, skydns};

use super::random::text;
use super::setup::{answered, model, press};

#[test]
fn a_certificate_that_is_kept_or_not_looked_at_is_not_called_to_be_signed() {
    let mut model = scene("review-reonboard", (120, 36)).unwrap();
    let words = |model: &_| -> Vec<(String, String)> {
        cards(model).iter().map(|card| (card.title.clone(), card.word.clone())).collect()
    };
    let of = |all: &[(String, String)], title: &str| {
        all.iter().find(|(one, _)| one == title).map(|(_, word)| word.clone()).unwrap()
    };
    let all = words(&model);
    assert_eq!(of(&all, "worker01 kubelet"), "not known yet: E-CLOCK-01 comes first", "{all:?}");
    assert_eq!(of(&all, "worker02 kubelet"), "to be signed", "{all:?}");
    // Only the kubelet's is renewed.
    let Inspection::Seen { seen, .. } = &mut model.preview.inspection else { panic!("seen") };
    for one in Arc::make_mut(seen).iter_mut().flat_map(|place| place.looked.iter_mut()) {
        if let StepState::Todo(actions) = &mut one.state {
            actions.retain(|action| match action {
                Action::MakeCsr { key, .. } | Action::MakeKey { path: key, .. } => !key.contains("proxy"),
                _ => true,
            });
        }
    }
    model.preview.cards = None;
    let all = words(&model);
    assert_eq!(of(&all, "worker02 kubelet"), "to be signed", "{all:?}");
    assert_eq!(of(&all, "worker02 kube-proxy"), "already right: it is kept", "{all:?}");
}

#[test]
fn a_restart_alone_keeps_no_copy() {
    let mut model = scene("review-reonboard", (120, 36)).unwrap();
    let Inspection::Seen { seen, .. } = &mut model.preview.inspection else { panic!("seen") };
    let all = Arc::make_mut(seen);
    let restart =
        Action::Service { verb: gangplank::plan::action::Verb::Restart, unit: "kubelet".to_owned() };
    let mut places = 0;
    for place in all.iter_mut() {
        for one in place.looked.iter_mut().filter(|one| one.step.id().0 == "start") {
            one.state = StepState::Todo(vec![restart.clone()]);
            places += 1;
        }
    }
    assert!(places > 0);
    for row in rows(&model).iter() {
        let Some(looked) = row.looked else { continue };
        let changes = |action: &&Action| action.risk(&row.seen.facts) == Risk::Changes;
        let copies = actions(looked).iter().filter(changes).any(|one| !matches!(one, Action::Service { .. }));
        let (words, _) = sign(looked, row.seen);
        assert!(words != "~ copy kept" || copies, "{}: {words}", looked.step.title());
        assert!(looked.step.id().0 != "start" || words == "~ restarts", "{words}");
    }
}

#[test]
fn the_manifest_that_is_shown_has_no_account_that_is_not_made() {
    let mut model = scene("skydns", (120, 36)).unwrap();
    model.window.size = (120, 200);
    Field::Deploy.set(&mut model.form.answers, 0, "kube-dns-v11");
    validate(&mut model);
    assert!(text(&model).contains("kind: ServiceAccount"), "{}", text(&model));
    let Inspection::Seen { seen, .. } = &mut model.preview.inspection else { panic!("seen") };
    for one in Arc::make_mut(seen).iter_mut().flat_map(|place| place.looked.iter_mut()) {
        if let StepState::Todo(actions) = &mut one.state {
            actions.retain(|action| {
                !matches!(action, Action::KubeApply { object } if object["kind"] == "ServiceAccount")
            });
        }
    }
    let shown = text(&model);
    assert!(shown.contains("kind: ReplicationController") && !shown.contains("ServiceAccount"), "{shown}");
}

#[test]
fn the_numbers_of_the_quit_dialog_choose() {
    let mut model = answered("workers");
    press(&mut model, "<c-c>2");
    let effects = press(&mut model, "<enter>");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Quit(_))), "{effects:?}");
    let mut model = answered("workers");
    press(&mut model, "<c-c>21<enter>");
    assert!(model.window.leaving.is_none());
}

#[test]
fn a_worker_of_another_session_can_come_back_and_its_session_is_opened_for_that() {
    let saved = |name: &str, workers: &[&str]| Saved {
        name: name.to_owned(),
        screen: "Review".to_owned(),
        when: "2026-11-20 10:00".to_owned(),
        about: String::new(),
        workers: workers.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut model = model();
    let here = model.session();
    model.form.answers.workers =
        vec![WorkerAnswers { name: Some("w1".to_owned()), ..WorkerAnswers::default() }];
    update(
        &mut model,
        Msg::Sessions(vec![saved(&here, &["w1"]), saved("prod", &["p1", "p2"]), saved("old", &[])]),
    );
    press(&mut model, "2");
    let shown = text(&model);
    let row = |name: &str| {
        shown.lines().find(|line| {
            line.contains(name) && line.contains("in session \"prod\" (2026-11-20 10:00), not looked at")
        })
    };
    assert!(row("p1").is_some() && row("p2").is_some(), "{shown}");
    assert!(!shown.contains("session \"old\"") && !shown.contains(&format!("session \"{here}\"")), "{shown}");
    let effects = press(&mut model, "<down><down><enter>");
    let opened = effects.iter().any(
        |effect| matches!(effect, Effect::OpenSessionFor { name, worker } if name == "prod" && worker == "p2"),
    );
    assert!(opened, "{effects:?}");
    let opened = Opened {
        answers: Answers {
            workers: vec![WorkerAnswers { name: Some("p2".to_owned()), ..WorkerAnswers::default() }],
            ..Answers::default()
        },
        screen: Screen::Diagnosis.name().to_owned(),
        only: vec!["p2".to_owned()],
        ..Opened::default()
    };
    update(&mut model, Msg::Opened(Box::new(opened)));
    // What is missing there is asked for first.
    assert_eq!((model.nav.screen, model.form.journey), (Screen::Cluster, Journey::Reonboard));
    assert_eq!(model.form.only, ["p2"]);
}

#[test]
fn who_comes_back_is_picked_from_a_session_that_has_workers_and_is_typed_where_there_is_none() {
    let saved = |name: &str, workers: &[&str]| Saved {
        name: name.to_owned(),
        screen: "Review".to_owned(),
        when: String::new(),
        about: String::new(),
        workers: workers.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut kept = model();
    update(&mut kept, Msg::Sessions(vec![saved("unnamed", &[]), saved("prod", &["w1"])]));
    let effects = press(&mut kept, "2");
    assert!(matches!(effects.as_slice(), [Effect::OpenSession(name)] if name == "prod"), "{effects:?}");
    let mut typed = model();
    update(&mut typed, Msg::Sessions(vec![saved("unnamed", &[])]));
    press(&mut typed, "2");
    assert!(text(&typed).contains("Which worker comes back?"), "{}", text(&typed));
    press(&mut typed, "core@10.0.0.11<enter>");
    let login = typed.form.unplanned.clone().unwrap();
    assert_eq!((login.host.as_str(), login.user.as_deref()), ("10.0.0.11", Some("core")));
    assert_eq!((typed.form.journey, typed.form.only.len()), (Journey::Reonboard, 1));
    assert_eq!(typed.nav.screen, Screen::Diagnosis, "nothing is asked for that is read there");
}

#[test]
fn the_second_of_two_workers_with_one_name_does_not_show_what_was_seen_of_the_first() {
    let mut model = model();
    model.nav.screen = Screen::Workers;
    update(&mut model, Msg::Paste("w1 10.0.0.11\nw1 10.0.0.12\n".to_owned()));
    let effects = press(&mut model, "<tab>");
    let looks: Vec<u64> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Look { target: ProbeTarget::Worker(_), number } => Some(*number),
            _ => None,
        })
        .collect();
    assert_eq!(looks.len(), 1, "{effects:?}");
    let target = ProbeTarget::Worker("w1".to_owned());
    let look = Look { word: "amd64 and well".to_owned(), ..Look::begun() };
    update(&mut model, Msg::Looked { target, number: looks[0], look });
    let shown = text(&model);
    assert_eq!(shown.matches("amd64 and well").count(), 1, "{shown}");
    assert!(shown.contains("not looked at"), "{shown}");
}

/// Who types into the kubelet's fields of the first worker.
fn in_kubelet_config() -> Model {
    let mut model = answered("workers");
    let is_field = |item: &Item| *item == Item::Field(Field::KubeletConfig);
    model.nav.focus = model.items().iter().position(is_field).expect("the item has such a field");
    press(&mut model, "<enter>");
    model
}

#[test]
fn of_the_kubelets_fields_only_the_one_with_a_secret_is_gone_when_the_field_is_left() {
    let mut model = in_kubelet_config();
    let typed = "maxPods=50, staticPodURLHeader.Authorization=[Geheim123], max-pods=7";
    update(&mut model, Msg::Paste(typed.to_owned()));
    let (_, words) = model.remark_words(Field::KubeletConfig, 0).unwrap();
    assert!(words.starts_with("staticPodURLHeader.Authorization[0] looks like a secret"), "{words}");
    press(&mut model, "<esc>");
    let (shown, kept) = (text(&model), format!("{:?}", model.form.answers));
    assert!(!shown.contains("Geheim123") && !kept.contains("Geheim123"), "{shown}\n{kept}");
    assert_eq!(Field::KubeletConfig.get(&model.form.answers, 0), "maxPods=50, max-pods=7");
    let left: Vec<String> = model.form.issues.iter().map(|remark| model.field_name(&remark.field)).collect();
    assert_eq!(left, ["worker1: Kubelet config max-pods"]);
}

#[test]
fn what_cannot_be_read_as_fields_of_the_kubelet_stays_as_it_was_typed() {
    let mut model = in_kubelet_config();
    update(&mut model, Msg::Paste("maxPods 50".to_owned()));
    press(&mut model, "<esc>");
    assert_eq!(model.answer(Field::KubeletConfig, 0), "maxPods 50");
    let (stops, words) = model.remark_words(Field::KubeletConfig, 0).unwrap();
    assert_eq!(
        (stops, words.as_str()),
        (true, "\"maxPods 50\" is no field with its value; write it like maxPods=50")
    );
    assert!(plan(&model).is_none(), "no plan is made of less than was said");
}

#[test]
fn a_password_that_was_typed_into_an_address_is_gone_when_the_field_is_left() {
    let mut model = answered("workers");
    press(&mut model, "<enter><tab>");
    update(&mut model, Msg::Paste("root:Geheim123@10.0.0.1".to_owned()));
    press(&mut model, "<esc>");
    let shown = text(&model);
    assert!(!shown.contains("Geheim123") && shown.contains("not shown"), "{shown}");
    let kept = format!("{:?}", model.form.answers);
    assert!(!kept.contains("Geheim123"), "{kept}");
}

/// What the API said of its version, and a kubelet.
fn versions(model: &mut Model, api: Option<&str>, kubelet: &str) {
    let look = |version: Option<&str>| Look { version: version.map(str::to_owned), ..Look::begun() };
    model.probes.looks.clear();
    model.probes.looks.insert(ProbeTarget::Api, look(api));
    model.probes.looks.insert(ProbeTarget::Worker("worker1".to_owned()), look(Some(kubelet)));
    model.preview.inspection = Inspection::None;
    model.form.answers.dns.deploy = None;
    validate(model);
}

#[test]
fn what_follows_from_a_version_is_said_only_once_it_was_told() {
    let mut model = answered("cluster");
    let said = |model: &Model| {
        let lines = cluster::follows(model).into_iter().map(|(_, line)| line);
        lines.collect::<Vec<_>>().join("\n")
    };
    versions(&mut model, Some("v1.37.2"), "v1.36.1");
    let lines = said(&model);
    assert!(lines.contains("API v1.37.2: profile current, containerd; DNS CoreDNS"), "{lines}");
    assert!(lines.contains("kubelet v1.36.1 on worker1: older, and served; profile current"), "{lines}");
    assert_eq!(skydns::deploys(&model), "deploys CoreDNS");
    assert_eq!((model.title(Screen::Dns), model.title(Screen::Ca)), ("Cluster DNS", "Certificate CA"));

    versions(&mut model, Some("v1.20.2"), "v1.20.2");
    let lines = said(&model);
    assert!(lines.contains("API v1.20.2: profile v1.16-1.23, docker; DNS kube-dns v11"), "{lines}");
    assert!(!lines.contains("worker1"), "one of the same version is nothing to say: {lines}");
    assert_eq!((skydns::deploys(&model), model.title(Screen::Dns)), ("deploys kube-dns v11", "SkyDNS"));

    versions(&mut model, Some("v1.30.0"), "v1.31.2");
    let lines = said(&model);
    assert!(lines.contains("E-VERSION-02") && lines.contains("newer than the API server"), "{lines}");

    // An API of 1.2 tells strangers nothing.
    versions(&mut model, None, "v1.20.2");
    let lines = said(&model);
    assert!(!lines.contains("API v") && lines.contains("kubelet v1.20.2 on worker1"), "{lines}");
    assert_eq!(skydns::deploys(&model), "as the version has it");
}

#[test]
fn dns_that_is_left_to_the_version_stays_left_to_it_in_the_plan() {
    let mut model = answered("skydns");
    versions(&mut model, Some("v1.37.2"), "v1.37.2");
    assert_eq!(Field::Deploy.get(&model.form.answers, 0), "auto");
    Field::Deploy.set(&mut model.form.answers, 0, "coredns");
    assert_eq!(model.form.answers.dns.deploy.as_deref(), Some("coredns"));
    Field::Deploy.set(&mut model.form.answers, 0, "auto");
    assert_eq!(model.form.answers.dns.deploy, None);
    Field::Deploy.set(&mut model.form.answers, 0, "kube-dns-v11");
    assert!(skydns::remark(&model).is_some_and(|(_, words)| words.contains("does not work")));
}
