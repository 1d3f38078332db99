//! The panel as it is drawn.

use gangplank::kube::NodeEvent;
use gangplank::live::{HostNews, Panel};
use gangplank::ui::panel::{Ink, one_host, one_line, rows};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

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
        one_host(&panel, &place, at(60), 0, &Ink::mono(false), area, buf);
    });
    insta::assert_snapshot!("one_host_at_120x14", wide);
    let small = text(80, 20, |area, buf| {
        one_host(&panel, &place, at(60), 0, &Ink::mono(false), area, buf);
    });
    insta::assert_snapshot!("one_host_at_80x20", small);
}

#[test]
fn a_host_that_is_down_says_why_and_when_it_is_tried() {
    let panel = busy();
    let place = place("worker-3");
    let drawn = text(80, 8, |area, buf| {
        one_host(&panel, &place, at(60), 0, &Ink::mono(false), area, buf);
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
                one_host(&panel, &place("worker-1"), at(60), 1, &ink, area, buf);
                one_host(&panel, &place("worker-3"), at(60), 9, &ink, area, buf);
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
