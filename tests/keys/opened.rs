//! One host opened in Live: what is asked for besides, and what its keys do.

use gangplank::host::{LogSource, Sample};
use gangplank::live::{HostNews, LogNews, LogWish, Panel, Update, watch_targets};
use gangplank::plan::place::Place;
use gangplank::runtime::Lister;
use gangplank::ui::wizard::bindings::possible;
use gangplank::ui::wizard::keymap::{bar, entries};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::update::update;

use crate::random::text;
use crate::setup::{answered, press};

/// Review with two workers in the live panel.
pub fn watched() -> Model {
    let mut model = answered("review");
    model.live.panel = Some(Panel::new(&watch_targets(model.form.planned.as_deref().expect("a plan"))));
    model
}

fn looked_into(effects: &[Effect]) -> Vec<Option<&Place>> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::LookInto(place) => Some(place.as_ref()),
            _ => None,
        })
        .collect()
}

#[test]
fn more_is_asked_for_of_the_host_that_is_opened_and_only_while_it_is() {
    let mut model = watched();
    let names: Vec<Place> =
        model.live.panel.as_ref().expect("a panel").rows().iter().map(|row| row.place.clone()).collect();
    assert_eq!(looked_into(&press(&mut model, "l<down>")), []);
    assert_eq!(looked_into(&press(&mut model, "<enter>")), [Some(&names[1])]);
    assert_eq!(looked_into(&press(&mut model, "<down><up>?<esc>")), []);
    assert_eq!(looked_into(&press(&mut model, "<esc>")), [None]);
    assert_eq!(looked_into(&press(&mut model, "<up><enter>")), [Some(&names[0])]);
    assert_eq!(looked_into(&press(&mut model, "q")), [None]);
    // It is asked for again with the panel, which opens where it was left.
    assert_eq!(looked_into(&press(&mut model, "l")), [Some(&names[0])]);
    // Another plan has no such host open.
    assert_eq!(looked_into(&update(&mut model, Msg::Opened(Box::default()))), [None]);
}

fn hear(model: &mut Model, news: HostNews) {
    let place = model.live.panel.as_ref().expect("a panel").rows()[0].place.clone();
    update(model, Msg::Live(Update::Host { place, at: jiff::Timestamp::UNIX_EPOCH, news }));
}

/// The first host is opened and has two containers.
fn opened() -> Model {
    let mut model = watched();
    let row = |id: char, name: &str| {
        format!(
            "{}\tweb:1\t\"/web\"\t2026-11-23 11:30:00 +0000 UTC\tUp 3 seconds\t{name}",
            id.to_string().repeat(64)
        )
    };
    let containers = vec![row('a', "k8s_web_pod-1_shop_uid_0"), row('b', "db")];
    hear(&mut model, HostNews::Up { login: "core@10.0.0.11:22".to_owned() });
    hear(&mut model, HostNews::Sample(Sample { containers, ..Sample::default() }));
    press(&mut model, "l<enter>");
    model
}

fn followed(effects: &[Effect]) -> Vec<Option<&LogWish>> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Follow(wish) => Some(wish.as_ref()),
            _ => None,
        })
        .collect()
}

fn say(model: &mut Model, number: u64, news: LogNews) {
    update(model, Msg::Live(Update::Log { number, news }));
}

fn lines(all: std::ops::Range<usize>) -> LogNews {
    LogNews::Lines(all.map(|number| format!("line {number}")).collect())
}

/// Whoever listed a container is asked for its log.
#[test]
fn the_log_of_a_container_that_containerd_runs_is_that_of_cri() {
    for lister in [Lister::Crictl, Lister::Ctr] {
        let mut model = opened();
        let row = format!(
            "{}\tweb:1\t\"/web\"\t2026-11-23 11:30:00 +0000 UTC\tUp 3 seconds\tk8s_web_pod-1_shop_uid_?",
            "c".repeat(64)
        );
        hear(
            &mut model,
            HostNews::Sample(Sample { lister: Some(lister), containers: vec![row], ..Sample::default() }),
        );
        assert!(text(&model).contains("pod-1/web"), "{}", text(&model));
        let effects = press(&mut model, "l");
        assert_eq!(followed(&effects)[0].map(|wish| &wish.source), Some(&LogSource::Cri("c".repeat(64))));
    }
}

#[test]
fn the_log_of_the_chosen_container_is_one_key_away_and_ends_when_it_is_closed() {
    let mut model = opened();
    let effects = press(&mut model, "<down>l");
    let [Some(wish)] = followed(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(wish.source, LogSource::Container("b".repeat(64)));
    assert!(text(&model).contains("Log: db on "), "{}", text(&model));
    say(&mut model, wish.number, LogNews::Open);
    say(&mut model, wish.number, lines(0..3));
    assert!(text(&model).contains("line 2") && text(&model).contains("following, 3 lines"));
    // What an earlier log still says is not of this one.
    say(&mut model, wish.number + 1, lines(7..9));
    assert!(!text(&model).contains("line 7"));
    say(&mut model, wish.number, LogNews::Ended("nothing more is written to it".to_owned()));
    assert!(text(&model).contains("the log ended: nothing more is written to it"));
    let effects = press(&mut model, "<esc>");
    assert_eq!(followed(&effects), [None]);
    assert!(model.live.open && model.live.host, "the host stays open");
    // Enter opens it too, with another number; the journal has a key of its own, and leaving Live ends it.
    let effects = press(&mut model, "<up><enter>");
    let [Some(second)] = followed(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((second.number, &second.source), (2, &LogSource::Container("a".repeat(64))));
    assert!(text(&model).contains("Log: web of pod shop/pod-1 on "));
    assert_eq!(followed(&press(&mut model, "q")), [None]);
    let effects = press(&mut model, "J");
    assert_eq!(followed(&effects)[0].map(|wish| &wish.source), Some(&LogSource::Kubelet));
    let effects = press(&mut model, "q<esc><esc>");
    assert_eq!(followed(&effects), [None]);
    assert!(!model.live.open);
}

#[test]
fn a_log_is_followed_searched_and_read_back() {
    let mut model = opened();
    press(&mut model, "l");
    say(&mut model, 1, LogNews::Open);
    say(&mut model, 1, lines(0..100));
    assert!(text(&model).contains("line 99"));
    press(&mut model, "f");
    say(&mut model, 1, lines(100..103));
    let shown = text(&model);
    assert!(
        shown.contains("line 99") && !shown.contains("line 102") && shown.contains("+3 new, f follows"),
        "{shown}"
    );
    press(&mut model, "f");
    assert!(text(&model).contains("line 102"));
    press(&mut model, "/line 4<enter>");
    let log = |model: &Model| {
        (model.live.log().expect("a log").lines.first(20), model.live.log().expect("a log").lines.hits())
    };
    assert_eq!(log(&model), (4, 11), "{:?}", model.window.toast);
    assert_eq!((press(&mut model, "n").len(), log(&model).0), (0, 40));
    press(&mut model, "N");
    assert_eq!(log(&model).0, 4);
    press(&mut model, "<home>");
    assert!(text(&model).contains("line 0"));
    let copied = press(&mut model, "y");
    assert!(matches!(&copied[..], [Effect::Copy(all)] if all.contains("line 102")), "{copied:?}");
    // The newest lines are kept.
    say(&mut model, 1, lines(103..12_000));
    let kept = &model.live.log().expect("a log").lines;
    assert!(kept.len() == 12_000 && kept.dropped == 7_000, "{}", kept.dropped);
}

/// Keys, menu and help are those of what has the window, and none does two things.
#[test]
fn the_keys_of_live_are_those_that_do_something_there() {
    let keys = |model: &Model| -> Vec<String> {
        let all: Vec<_> = possible(model).flat_map(|binding| binding.keys).map(|press| press.key).collect();
        for (at, key) in all.iter().enumerate() {
            assert!(!all[..at].contains(key), "{key:?}");
        }
        bar(model, 300, 2).into_iter().map(|(key, word)| format!("{key} {word}")).collect()
    };
    let mut model = watched();
    press(&mut model, "l");
    let list = keys(&model);
    assert!(list.contains(&"Enter open host".to_owned()) && !list.contains(&"l logs".to_owned()), "{list:?}");
    // Nothing of Review below is done from here.
    assert!(!list.iter().any(|key| key.contains("apply")), "{list:?}");
    assert!(press(&mut model, "a").is_empty() && model.dialogs.open.is_empty());
    let mut model = opened();
    let host = keys(&model);
    assert!(host.contains(&"l logs".to_owned()) && host.contains(&"J journal".to_owned()), "{host:?}");
    assert!(entries(&model, "log of the chosen").iter().any(|entry| entry.key == "l"));
    press(&mut model, "l");
    let log = keys(&model);
    for key in ["f follow", "/ search", "Esc close the log"] {
        assert!(log.contains(&key.to_owned()), "{key} {log:?}");
    }
    press(&mut model, "?");
    let help = text(&model);
    assert!(help.contains("follow the log as it grows"), "{help}");
}

#[test]
fn a_shell_is_one_key_away_on_the_chosen_host_and_beside_its_log() {
    let shells = |effects: Vec<Effect>| -> Vec<String> {
        let name = |effect| match effect {
            Effect::Shell(name) => Some(name),
            _ => None,
        };
        effects.into_iter().filter_map(name).collect()
    };
    let mut model = watched();
    let names = model.worker_names();
    press(&mut model, "l<down>");
    assert_eq!(shells(press(&mut model, "t")), [names[1].clone()]);
    let mut model = opened();
    assert_eq!(shells(press(&mut model, "t")), [names[0].clone()]);
    assert_eq!(shells(press(&mut model, "lt")), [names[0].clone()]);
    assert!(model.live.log().is_some(), "the log is still there");
    // Review itself has no host.
    assert_eq!(shells(press(&mut model, "<esc><esc><esc>t")), Vec::<String>::new());
}
