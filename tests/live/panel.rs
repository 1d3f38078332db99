//! Updates in, state and changes out.

use std::time::Duration;

use gangplank::host::Sample;
use gangplank::kube::NodeEvent;
use gangplank::live::panel::ApiState;
use gangplank::live::{ApiNews, Change, HostNews, Link, Panel, Update};

use crate::support::{at, down, host, node, node_event, nodes, place, pod_row, row, sample, spots, up};

fn started(changes: &[Change]) -> Vec<String> {
    let name = |change: &Change| match change {
        Change::Started(_, one) => Some(one.name.clone()),
        _ => None,
    };
    changes.iter().filter_map(name).map(|name| name.to_string()).collect()
}

#[test]
fn what_runs_at_the_first_look_is_not_new_and_what_comes_later_is_for_ten_seconds() {
    let mut panel = Panel::new(&spots(&["w1"]));
    panel.apply(up("w1", 0));
    assert_eq!(panel.apply(sample("w1", 1, &[row('a', "old")])), [Change::First(place("w1"))]);
    let changes = panel.apply(sample("w1", 5, &[row('b', "web"), row('a', "old")]));
    assert_eq!(started(&changes), ["web"]);
    let row = panel.row(&place("w1")).unwrap();
    let (old, new) = ("a".repeat(64), "b".repeat(64));
    assert!(!row.is_new(&old, at(5)));
    assert!(row.is_new(&new, at(15)) && !row.is_new(&new, at(16)));
    assert_eq!(row.age(at(8)), Some(Duration::from_secs(3)));
}

#[test]
fn a_container_that_went_is_told_and_shown_for_ten_seconds() {
    let mut panel = Panel::new(&spots(&["w1"]));
    panel.apply(sample("w1", 0, &[row('a', "web")]));
    let changes = panel.apply(sample("w1", 3, &[]));
    assert!(matches!(changes.as_slice(), [Change::Ended(_, one)] if one.name == "web"), "{changes:?}");
    let row = panel.row(&place("w1")).unwrap();
    assert_eq!((row.gone(at(13)).count(), row.gone(at(14)).count()), (1, 0));
}

/// crictl and ctr list what has ended too, as long as the kubelet keeps it.
#[test]
fn a_container_that_stays_in_the_list_when_it_ends_is_told_once_and_not_shown_as_gone() {
    let ended = |id: char, code: u32| {
        row(id, "web").replace("Up 30 minutes", &format!("Exited ({code}) 2 seconds ago"))
    };
    let mut panel = Panel::new(&spots(&["w1"]));
    panel.apply(sample("w1", 0, &[row('a', "web")]));
    let changes = panel.apply(sample("w1", 3, &[ended('a', 1)]));
    assert!(matches!(changes.as_slice(), [Change::Ended(_, one)] if one.name == "web"), "{changes:?}");
    let seen = panel.row(&place("w1")).unwrap();
    assert_eq!((seen.gone(at(3)).count(), seen.running(), seen.containers().len()), (0, 0, 1));
    // What begins as created has not started, and what was over when it went did not end again.
    let created = row('b', "web").replace("Up 30 minutes", "Created");
    assert_eq!(panel.apply(sample("w1", 4, &[created, ended('a', 1)])), []);
    assert_eq!(started(&panel.apply(sample("w1", 5, &[row('b', "web"), ended('a', 1)]))), ["web"]);
    assert_eq!(panel.apply(sample("w1", 6, &[row('b', "web")])), []);
}

#[test]
fn what_ended_well_or_runs_again_is_no_name_of_its_own() {
    let over = |id: char, container: &str, code: u32| {
        pod_row(id, container, "web-7").replace("Up 30 minutes", &format!("Exited ({code}) 2 minutes ago"))
    };
    let mut panel = Panel::new(&spots(&["w1"]));
    let names = |panel: &Panel| -> Vec<String> {
        panel.rows()[0].names(at(0)).iter().map(gangplank::live::ContainerGroup::words).collect()
    };
    panel.apply(sample(
        "w1",
        0,
        &[pod_row('a', "web", "web-7"), over('b', "web", 1), over('c', "prepare", 0)],
    ));
    assert_eq!(names(&panel), ["web"]);
    panel.apply(sample("w1", 1, &[over('b', "web", 1), over('c', "prepare", 0)]));
    assert_eq!(names(&panel), ["web [exited]"]);
}

#[test]
fn a_runtime_that_does_not_answer_makes_nothing_new() {
    let mut panel = Panel::new(&spots(&["w1"]));
    panel.apply(sample("w1", 0, &[row('a', "web")]));
    let silent = Sample { error: "Cannot connect to the Docker daemon".to_owned(), ..Sample::default() };
    let changes = panel.apply(host("w1", 1, HostNews::Sample(silent)));
    assert!(changes.contains(&Change::Runtime(place("w1"))), "{changes:?}");
    assert!(!changes.iter().any(|change| matches!(change, Change::Ended(..))), "{changes:?}");
    let changes = panel.apply(sample("w1", 2, &[row('a', "web")]));
    assert_eq!(started(&changes), Vec::<String>::new());
}

#[test]
fn while_a_host_is_tried_again_it_still_says_why_it_is_down() {
    let mut panel = Panel::new(&spots(&["w1", "w2"]));
    assert_eq!(panel.apply(down("w1", 0, "no route to it", Some(2))), [Change::Link(place("w1"))]);
    assert_eq!(panel.apply(host("w1", 2, HostNews::Connecting)), []);
    assert_eq!(panel.apply(down("w1", 3, "no route to it", Some(7))), []);
    let Link::Down { why, again, .. } = &panel.rows()[0].link else { panic!("it is up") };
    assert_eq!((why.as_str(), *again), ("no route to it", Some(at(7))));
    assert_eq!(panel.rows()[1].link, Link::Idle);
    assert_eq!(panel.apply(up("w1", 8)), [Change::Link(place("w1"))]);
}

#[test]
fn a_sample_is_stale_without_a_stream_and_when_two_looks_were_not_answered() {
    let mut panel = Panel::new(&spots(&["w1"]));
    panel.apply(up("w1", 0));
    panel.apply(sample("w1", 0, &[]));
    assert!(!panel.rows()[0].stale(at(20)) && panel.rows()[0].stale(at(26)));
    panel.apply(down("w1", 2, "it was cut", Some(3)));
    assert!(panel.rows()[0].stale(at(2)));
}

#[test]
fn a_pod_is_one_name_and_the_container_that_holds_its_network_none() {
    let mut panel = Panel::new(&spots(&["w1"]));
    let rows = [
        pod_row('a', "dns", "dns-1"),
        pod_row('b', "healthz", "dns-1"),
        pod_row('c', "POD", "dns-1"),
        pod_row('d', "kube-proxy", "kube-proxy-w1"),
        pod_row('e', "POD", "kube-proxy-w1"),
        row('f', "registry"),
    ];
    panel.apply(sample("w1", 0, &rows));
    let names: Vec<(String, usize)> =
        panel.rows()[0].names(at(0)).into_iter().map(|shown| (shown.name.to_string(), shown.count)).collect();
    assert_eq!(names, [("dns-1".to_owned(), 2), ("kube-proxy".to_owned(), 1), ("registry".to_owned(), 1)]);
}

#[test]
fn a_line_docker_never_writes_is_shown_and_not_guessed() {
    let mut panel = Panel::new(&spots(&["w1"]));
    panel.apply(sample("w1", 0, &["a\tb\tc".to_owned(), row('a', "web")]));
    let seen = panel.rows()[0].seen.clone().unwrap();
    assert_eq!(seen.containers.len(), 1);
    assert!(seen.error.contains("3 fields"), "{}", seen.error);
}

#[test]
fn nodes_come_change_and_go() {
    let mut panel = Panel::new(&spots(&["w1", "w2"]));
    let changes = panel.apply(nodes(0, vec![node("w1", "False", -60), node("m1", "True", -60)]));
    assert_eq!(changes.len(), 3, "{changes:?}");
    assert!(!panel.nodes_stale() && !panel.node(&place("w1")).unwrap().is_new(at(0)));
    let ready = node_event(5, NodeEvent::Put(node("w1", "True", -60)));
    assert_eq!(panel.apply(ready.clone()), [Change::Node("w1".to_owned())]);
    assert_eq!(panel.apply(ready), []);
    assert!(panel.node(&place("w1")).unwrap().is_new(at(15)));
    assert!(!panel.node(&place("w1")).unwrap().is_new(at(16)));
    assert_eq!(panel.node(&place("w1")).unwrap().words(), "Ready");
    let changes = panel.apply(nodes(30, vec![node("w1", "True", -60), node("w2", "True", 29)]));
    assert_eq!(changes, [Change::NodeGone("m1".to_owned()), Change::Node("w2".to_owned())]);
    assert_eq!(panel.apply(node_event(31, NodeEvent::Gone(node("w2", "True", 29)))).len(), 1);
    assert_eq!((panel.counts().nodes, panel.counts().ready), (1, 1));
}

#[test]
fn nodes_of_an_api_that_went_away_are_kept_and_called_old() {
    let mut panel = Panel::new(&spots(&["w1"]));
    panel.apply(nodes(0, vec![node("w1", "True", -60)]));
    let news = ApiNews::Down { why: "connection refused".to_owned(), again: at(12) };
    assert_eq!(panel.apply(Update::Api { at: at(10), news }), [Change::Api]);
    assert_eq!(panel.apply(Update::Api { at: at(12), news: ApiNews::SigningIn }), []);
    assert!(panel.nodes_stale() && panel.node(&place("w1")).is_some());
    assert_eq!(panel.heard(), Some(at(0)));
    let changes = panel.apply(nodes(20, vec![node("w1", "True", -60)]));
    assert_eq!(changes, [Change::Api]);
    assert!(matches!(panel.api(), ApiState::Watching { .. }));
}

#[test]
fn another_list_of_hosts_keeps_what_is_known() {
    let mut panel = Panel::new(&spots(&["w1", "w2"]));
    panel.apply(up("w2", 0));
    panel.hosts(&spots(&["w3", "w2"]));
    let links: Vec<&Link> = panel.rows().iter().map(|row| &row.link).collect();
    assert_eq!(links, [&Link::Idle, &Link::Up]);
    assert_eq!(panel.apply(up("w1", 1)), []);
}
