//! The panel as it is drawn.

use gangplank::host::{CertificateEnd, HostDetail, HostFigures, Lasts, Sample};
use gangplank::kube::NodeEvent;
use gangplank::kube::{Happening, Node};
use gangplank::live::{ApiNews, Update};
use gangplank::live::{HostNews, Panel};
use gangplank::plan::place::Place;
use gangplank::runtime::Lister;
use gangplank::ui::panel::{Ink, OpenedHost, TableSeen, one_line, rows};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::json;

use crate::support::{at, down, host, node, node_event, nodes, place, pod_row, row, sample, spots, up};

fn busy() -> Panel {
    let mut panel = Panel::new(&spots(&["worker-1", "worker-2", "worker-3", "worker-4"]));
    panel.apply(nodes(0, vec![node("worker-1", "True", -3_600 * 24 * 41), node("worker-2", "True", -7_300)]));
    for name in ["worker-1", "worker-2"] {
        panel.apply(up(name, 0));
    }
    let old = [
        pod_row('d', "kube-proxy", "kube-proxy-1"),
        pod_row('e', "POD", "kube-proxy-1"),
        row('f', "registry"),
    ];
    panel.apply(sample("worker-1", 1, &old));
    let mut more = vec![pod_row('a', "dns", "kube-dns-v11"), pod_row('b', "healthz", "kube-dns-v11")];
    more.extend(old);
    panel.apply(sample("worker-1", 58, &more));
    more.pop();
    panel.apply(sample("worker-1", 59, &more));
    panel.apply(sample("worker-2", 20, &[]));
    panel.apply(node_event(55, NodeEvent::Put(node("worker-2", "False", -7_300))));
    panel.apply(down(
        "worker-3",
        57,
        "10.20.0.31:22 is not reachable: nothing listens on that port",
        Some(64),
    ));
    panel.apply(host("worker-4", 59, HostNews::Connecting));
    panel
}

fn text(width: u16, height: u16, draw: impl Fn(Rect, &mut Buffer)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(area, &mut buffer);
    let lines = (0..height).map(|y| {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn opened(panel: &Panel, place: &Place, chosen: usize, area: Rect, buf: &mut Buffer) -> TableSeen {
    let ink = Ink::mono(false);
    OpenedHost { panel, place, now: at(60), chosen, ink: &ink }.draw(area, buf)
}

#[test]
fn all_hosts_at_120x8() {
    let panel = busy();
    let drawn = text(120, 8, |area, buf| rows(&panel, at(60), Some(0), &Ink::mono(false), area, buf));
    insta::assert_snapshot!(drawn);
}

#[test]
fn all_hosts_at_80x20_in_ascii() {
    let panel = busy();
    let drawn = text(80, 20, |area, buf| rows(&panel, at(60), Some(2), &Ink::mono(true), area, buf));
    insta::assert_snapshot!(drawn);
}

#[test]
fn one_host_is_the_table_of_docker_ps() {
    let panel = busy();
    let place = place("worker-1");
    let wide = text(120, 14, |area, buf| {
        opened(&panel, &place, 0, area, buf);
    });
    insta::assert_snapshot!("one_host_at_120x14", wide);
    let small = text(80, 20, |area, buf| {
        opened(&panel, &place, 0, area, buf);
    });
    insta::assert_snapshot!("one_host_at_80x20", small);
}

/// Two workers with containerd, one of them without crictl, beside one with docker.
fn mixed() -> Panel {
    let mut panel = Panel::new(&spots(&["worker-1", "worker-2", "worker-3"]));
    let figures = |load, memory_free_kib, disk_used_kib, folder: &str| HostFigures {
        load,
        processors: 2,
        memory_kib: 4 << 20,
        memory_free_kib,
        folder: folder.into(),
        disk_used_kib,
        disk_free_kib: 10 << 20,
    };
    let exited = pod_row('c', "web", "web-7").replace("Up 30 minutes", "Exited (1) 5 minutes ago");
    let done = pod_row('e', "prepare", "web-7").replace("Up 30 minutes", "Exited (0) 6 minutes ago");
    let rows = [pod_row('a', "coredns", "coredns-1"), pod_row('b', "web", "web-7"), exited, done];
    let hosts = [
        ("worker-1", Lister::Crictl, figures(42, 3 << 20, 2 << 20, "/var/lib/containerd")),
        ("worker-2", Lister::Ctr, figures(512, 300 << 10, 70 << 20, "/var/lib/containerd")),
        ("worker-3", Lister::Docker, figures(1_250, 1 << 20, 1 << 20, "/var/lib/docker")),
    ];
    for (name, lister, figures) in hosts {
        panel.apply(up(name, 0));
        let sample = Sample {
            lister: Some(lister),
            containers: rows.to_vec(),
            figures: Some(figures),
            clock: at(58).as_second(),
            kubelet: "active/running".to_owned(),
            ..Sample::default()
        };
        panel.apply(host(name, 58, HostNews::Sample(sample)));
    }
    panel
}

#[test]
fn every_host_says_its_load_memory_and_disk_where_there_is_room() {
    let panel = mixed();
    for (name, width) in [("machines_at_120x6", 120), ("machines_at_78x6", 78), ("machines_at_60x6", 60)] {
        let drawn = text(width, 6, |area, buf| rows(&panel, at(60), Some(0), &Ink::mono(false), area, buf));
        insta::assert_snapshot!(name, drawn);
    }
    assert_eq!(panel.listers(), "crictl ps, ctr, docker ps");
    assert_eq!(Panel::new(&spots(&["w1"])).listers(), "containers");
}

#[test]
fn a_host_with_containerd_is_the_same_table_and_names_who_listed_it() {
    let panel = mixed();
    for (name, place, width) in [
        ("crictl_at_120x14", "worker-1", 120),
        ("ctr_at_80x16", "worker-2", 80),
        ("docker_at_120x14", "worker-3", 120),
    ] {
        let drawn = text(width, if width == 80 { 16 } else { 14 }, |area, buf| {
            opened(&panel, &self::place(place), 0, area, buf);
        });
        insta::assert_snapshot!(name, drawn);
    }
}

/// A host of which everything was asked for, with something wrong in each part.
fn told() -> Panel {
    let mut panel = busy();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": at(-240).to_string()})
    };
    let ill = Node::from_json(&json!({"metadata": {"name": "worker-1", "creationTimestamp": at(-90_000).to_string()},
        "status": {"conditions": [
            condition("OutOfDisk", "False", "KubeletHasSufficientDisk", "kubelet has sufficient disk space available"),
            condition("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")]}}))
    .unwrap();
    panel.apply(node_event(56, NodeEvent::Put(ill)));
    let end = |name: &str, until| CertificateEnd { path: format!("/etc/kubernetes/ssl/{name}"), until };
    let day = |days: i64| Lasts::Until(at(days * 86_400 + 3_600));
    let journal = (1..=12).map(|number| {
        let level = if number == 12 { "E" } else { "I" };
        format!("Nov 23 12:00:{number:02} worker-1 kubelet[7]: {level}1123 12:00:{number:02}.000001       7 kubelet.go:{number}] line {number} \u{1b}[31mof many\u{1b}[0m").into()
    });
    let detail = HostDetail {
        journal: journal.collect(),
        error: String::new(),
        certificates: vec![
            end("worker.crt", day(12)),
            end("kube-proxy.crt", day(-1)),
            end("ca.crt", Lasts::Missing),
        ],
    };
    panel.apply(host("worker-1", 57, HostNews::Detail(detail)));
    let event = |second: i64, kind: &str, reason: &str, pod: &str, count: u64| {
        let about =
            if pod.is_empty() { json!({"kind": "Node"}) } else { json!({"kind": "Pod", "name": pod}) };
        Happening::from_json(
            &json!({"type": kind, "reason": reason, "message": format!("{reason} was said"), "count": count,
            "involvedObject": about, "lastTimestamp": at(second).to_string()}),
        )
        .unwrap()
    };
    let said = Ok(vec![
        event(50, "Warning", "FailedSync", "kube-dns-v11", 12),
        event(20, "Normal", "NodeReady", "", 1),
        event(-600, "Normal", "Starting", "", 1),
    ]);
    panel.apply(Update::Api { at: at(58), news: ApiNews::Happenings { node: "worker-1".to_owned(), said } });
    panel
}

#[test]
fn what_was_asked_for_of_an_opened_host_takes_the_rows_below_its_containers() {
    let panel = told();
    for (name, width, height) in
        [("told_at_120x32", 120, 32), ("told_at_76x17", 76, 17), ("told_at_76x40", 76, 40)]
    {
        let drawn = text(width, height, |area, buf| {
            opened(&panel, &place("worker-1"), 1, area, buf);
        });
        insta::assert_snapshot!(name, drawn);
        // Nothing that a host sent moves the cursor.
        assert!(!drawn.contains('\u{1b}'));
    }
}

#[test]
fn what_is_not_known_of_an_opened_host_is_said() {
    let mut panel = busy();
    let drawn = |panel: &Panel, name: &str| {
        text(110, 24, |area, buf| {
            opened(panel, &place(name), 0, area, buf);
        })
    };
    let waiting = drawn(&panel, "worker-1");
    for said in [
        "certs      asked for, not told yet",
        "events     asked for, not told yet",
        "journal    asked for, not told yet",
    ] {
        assert!(waiting.contains(said), "{said}\n{waiting}");
    }
    assert!(drawn(&panel, "worker-3").contains("journal    not asked: the host is down"));
    let said =
        |said| Update::Api { at: at(59), news: ApiNews::Happenings { node: "worker-1".to_owned(), said } };
    panel.apply(said(Ok(Vec::new())));
    let detail = |second, error: &str| {
        let detail = HostDetail { error: error.to_owned(), ..HostDetail::default() };
        host("worker-1", second, HostNews::Detail(detail))
    };
    panel.apply(detail(59, ""));
    let empty = drawn(&panel, "worker-1");
    for said in
        ["none is there", "the API has none of this node and its pods", "the kubelet has written nothing"]
    {
        assert!(empty.contains(said), "{said}\n{empty}");
    }
    panel.apply(said(Err("nobody logged in".to_owned())));
    panel.apply(detail(30, "there is no journalctl"));
    let refused = drawn(&panel, "worker-1");
    for said in ["not known: nobody logged in", "there is no journalctl", "as told 30 s ago"] {
        assert!(refused.contains(said), "{said}\n{refused}");
    }
}

#[test]
fn a_long_table_leaves_rows_to_what_is_below_it_and_keeps_the_chosen_container_in_sight() {
    let mut panel = told();
    let many: Vec<String> = ('a'..='f').chain('0'..='9').map(|id| row(id, &format!("c{id}"))).collect();
    panel.apply(sample("worker-1", 60, &many));
    let drawn = text(100, 24, |area, buf| {
        let seen = opened(&panel, &place("worker-1"), 15, area, buf);
        assert!(seen.first + seen.rows >= 16 && seen.rows < 16, "{seen:?}");
    });
    assert!(drawn.contains("▶new  999999999999"), "{drawn}");
    assert!(drawn.contains("journal    ") && drawn.contains("line 12"), "{drawn}");
}

#[test]
fn a_host_that_is_down_says_why_and_when_it_is_tried() {
    let panel = busy();
    let place = place("worker-3");
    let drawn = text(80, 8, |area, buf| {
        opened(&panel, &place, 0, area, buf);
    });
    insta::assert_snapshot!(drawn);
}

#[test]
fn one_line_counts_when_it_cannot_name() {
    let panel = busy();
    let ink = Ink::mono(false);
    assert_eq!(
        one_line(&panel, at(60), &ink, 120).to_string().trim_end(),
        "LIVE ● worker-1 4 run (new)  ● worker-2 NotReady  ✗ worker-3 down E-SSH-01  ○ worker-4 wait"
    );
    assert_eq!(
        one_line(&panel, at(60), &ink, 80).to_string(),
        "LIVE ● 2 up  ○ 1 wait  ✗ 1 down  4 containers  1 of 2 nodes Ready"
    );
    assert_eq!(
        one_line(&panel, at(60), &ink, 60).to_string(),
        "LIVE ● 2 up  ○ 1 wait  ✗ 1 down  4 containers"
    );
}

#[test]
fn more_hosts_than_lines_say_which_are_seen_and_keep_the_selected_one() {
    let names: Vec<String> = (1..=100).map(|number| format!("w{number:03}")).collect();
    let panel = Panel::new(&spots(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let drawn = text(80, 8, |area, buf| rows(&panel, at(0), Some(50), &Ink::mono(false), area, buf));
    assert!(drawn.contains("hosts 46-51 of 100"), "{drawn}");
    assert!(drawn.contains("▶ w051"), "{drawn}");
}

#[test]
fn every_size_can_be_drawn() {
    let panel = busy();
    let ink = Ink::mono(false);
    for width in 0..=130 {
        for height in [0, 1, 2, 3, 9] {
            text(width, height, |area, buf| {
                rows(&panel, at(60), Some(3), &ink, area, buf);
                opened(&panel, &place("worker-1"), 1, area, buf);
                opened(&panel, &place("worker-3"), 9, area, buf);
            });
            let line = one_line(&panel, at(60), &ink, usize::from(width));
            assert!(width < 60 || line.width() <= usize::from(width), "{line}");
        }
    }
}

#[test]
fn nothing_is_drawn_outside_the_area() {
    let panel = busy();
    let area = Rect::new(0, 0, 100, 12);
    let mut buffer = Buffer::empty(area);
    let inside = Rect::new(10, 2, 50, 4);
    rows(&panel, at(60), Some(1), &Ink::mono(false), inside, &mut buffer);
    for y in 0..12 {
        for x in 0..100 {
            if !inside.contains((x, y).into()) {
                assert_eq!(buffer[(x, y)].symbol(), " ", "{x} {y}");
            }
        }
    }
}
