//! `gangplank watch`: the live panel alone, on the whole screen, as lines or as JSON.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{Clear, ClearType};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use serde_json::{Value, json};

use crate::engine::SharedWorld;
use crate::host::Stop;
use crate::live::panel::ApiState;
use crate::live::row::ready_word;
use crate::live::{Change, HostNews, HostRow, Link, Panel, Update, start, watch_targets};
use crate::plan::model::Plan;
use crate::plan::place::Place;
use crate::runtime::Lister;
use crate::runtime::ps::Container;
use crate::ui::panel::{self, Ink, OpenedHost};
use crate::ui::tui::limited::LimitedBackend;
use crate::ui::tui::terminal;
use crate::ui::wizard::role::Theme;

/// How soon the wish to stop is noticed.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Lines on stdout until stopped, or until nobody reads them.
pub fn lines(world: &SharedWorld, plan: &Arc<Plan>, stop: &Stop, as_json: bool) {
    let (heard, news) = channel();
    let watch = start(Arc::clone(world), plan, true, heard);
    let mut panel = Panel::new(&watch_targets(plan));
    let (zone, begun) = (TimeZone::system(), world.now());
    let mut seq = 0_u64;
    while !stop.wanted() {
        let update = match news.recv_timeout(POLL_INTERVAL) {
            Ok(update) => update,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let text = if as_json {
            let mut text = String::new();
            for mut value in values(&mut panel, update) {
                stamp(&mut value, &mut seq, begun);
                text.push_str(&value.to_string());
                text.push('\n');
            }
            text
        } else {
            let at = time(&update).to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
            let changes = panel.apply(update);
            changes.iter().fold(String::new(), |text, change| {
                text + &at
                    + "  "
                    + &line(&panel, change, &zone)
                    + "
"
            })
        };
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    drop(watch);
}

/// A frame is drawn at most so often, whatever comes.
const FRAME: Duration = Duration::from_millis(33);
/// Ages are counted on.
const TICK: Duration = Duration::from_secs(1);
/// Longer than a connection may take to be refused; questions come before that.
const SETTLE: Duration = Duration::from_secs(6);

/// What the screen shows, and where the person is.
#[derive(Debug, Default)]
pub struct WatchScreen {
    /// The panel.
    pub panel: Panel,
    cluster: String,
    selected: usize,
    opened: bool,
    /// The chosen row of the opened host.
    row: usize,
}

/// What a key leads to besides another picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchAction {
    /// Nothing more.
    Stay,
    /// Hosts that are down are tried now.
    Again,
    /// The program is stopped until the shell lets it go on.
    Suspend,
    /// Everything is drawn anew.
    Redraw,
    /// The end.
    Quit,
}

impl WatchScreen {
    /// A screen of a plan's workers.
    pub fn new(plan: &Plan) -> Self {
        Self {
            panel: Panel::new(&watch_targets(plan)),
            cluster: plan.cluster.name.clone(),
            ..Self::default()
        }
    }

    /// Takes a key in.
    pub fn key(&mut self, key: KeyEvent) -> WatchAction {
        let last = self.panel.rows().len().saturating_sub(1);
        let most = if self.opened { usize::from(u16::MAX) } else { last };
        let at = if self.opened { &mut self.row } else { &mut self.selected };
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => WatchAction::Quit,
                KeyCode::Char('z') => WatchAction::Suspend,
                KeyCode::Char('l') => WatchAction::Redraw,
                _ => WatchAction::Stay,
            };
        }
        match key.code {
            KeyCode::Char('q') => return WatchAction::Quit,
            KeyCode::Char('r') => return WatchAction::Again,
            KeyCode::Up | KeyCode::Char('k') => *at = at.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => *at = at.saturating_add(1).min(most),
            KeyCode::PageUp => *at = at.saturating_sub(10),
            KeyCode::PageDown => *at = at.saturating_add(10).min(most),
            KeyCode::Home | KeyCode::Char('g') => *at = 0,
            KeyCode::End | KeyCode::Char('G') => *at = most,
            KeyCode::Enter => (self.opened, self.row) = (true, 0),
            KeyCode::Esc | KeyCode::Backspace => self.opened = false,
            _ => {}
        }
        if let Some(row) = self.panel.rows().get(self.selected) {
            self.row = self.row.min(row.containers().len().saturating_sub(1));
        }
        WatchAction::Stay
    }

    /// The host that is opened.
    pub fn opened(&self) -> Option<&Place> {
        self.panel.rows().get(self.selected).filter(|_| self.opened).map(|row| &row.place)
    }

    /// Draws it.
    pub fn draw(&self, now: Timestamp, ink: &Ink, area: Rect, buf: &mut Buffer) {
        let line = |y: u16| Rect { y: area.y.saturating_add(y), height: 1, ..area }.intersection(area);
        let title = Span::styled(format!(" gangplank watch   cluster: {}", self.cluster), ink.head);
        title.render(line(0), buf);
        let height = area.height.saturating_sub(2);
        let body = Rect { y: area.y.saturating_add(1), height, ..area }.intersection(area);
        let row = self.panel.rows().get(self.selected).filter(|_| self.opened);
        let keys = if let Some(row) = row {
            let (panel, place, chosen) = (&self.panel, &row.place, self.row);
            OpenedHost { panel, place, now, chosen, ink }.draw(body, buf);
            " j k select   Esc all hosts   r try again   q quit"
        } else {
            panel::rows(&self.panel, now, Some(self.selected), ink, body, buf);
            " j k select   Enter open a host   r try again   q quit"
        };
        Span::styled(keys, ink.dim).render(line(area.height.saturating_sub(1)), buf);
    }
}

/// What the loop waits for.
enum WatchMsg {
    Update(Update),
    Key(KeyEvent),
    Redraw,
    Gone,
}

/// The panel on the whole screen. Whoever must be asked something is asked before it opens; `close` is called
/// then, and from there on nobody is.
pub fn screen(world: &SharedWorld, plan: &Arc<Plan>, stop: &Stop, close: &dyn Fn()) -> io::Result<()> {
    let (send, news) = mpsc::channel();
    let heard = send.clone();
    let heard = Box::new(move |update| drop(heard.send(WatchMsg::Update(update))));
    let mut watch = start(Arc::clone(world), plan, true, heard);
    let mut screen = WatchScreen::new(plan);
    settle(&mut screen.panel, &news, stop);
    close();
    let ink = Ink::of(&Theme::from_environment(|name| std::env::var(name).ok()));
    // A thread that panics must not write over the screen; its row says enough.
    terminal::hook_panics(mpsc::channel().0);
    terminal::enter()?;
    let _guard = terminal::TerminalGuard;
    let mut canvas = canvas()?;
    std::thread::spawn(move || keys(&send));
    let mut drawn: Option<Instant> = None;
    // What came since the last frame; a key is drawn at once.
    let (mut dirty, mut now_please) = (true, true);
    while !stop.wanted() {
        let since = drawn.map_or(TICK, |at| at.elapsed());
        if now_please || since >= TICK || dirty && since >= FRAME {
            let now = world.now();
            canvas.draw(|frame| screen.draw(now, &ink, frame.area(), frame.buffer_mut()))?;
            (drawn, dirty, now_please) = (Some(Instant::now()), false, false);
            continue;
        }
        let patience = if dirty { FRAME } else { TICK }.saturating_sub(since).min(POLL_INTERVAL);
        match news.recv_timeout(patience) {
            Ok(WatchMsg::Update(update)) => {
                screen.panel.apply(update);
                dirty = true;
            }
            Ok(WatchMsg::Key(key)) => {
                now_please = true;
                let action = screen.key(key);
                watch.open(screen.opened());
                match action {
                    WatchAction::Stay => {}
                    WatchAction::Again => watch.again(),
                    WatchAction::Suspend => {
                        suspend()?;
                        canvas = crate::ui::panel::watch::canvas()?;
                    }
                    WatchAction::Redraw => canvas = crate::ui::panel::watch::canvas()?,
                    WatchAction::Quit => break,
                }
            }
            Ok(WatchMsg::Redraw) => now_please = true,
            Err(RecvTimeoutError::Timeout) => {}
            Ok(WatchMsg::Gone) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

/// A picture nothing is drawn on yet. The one of before is not cleared, as that asks the terminal where its
/// cursor is and the answer would go to the thread that reads keys.
fn canvas() -> io::Result<Terminal<LimitedBackend<io::Stdout>>> {
    execute!(io::stdout(), Clear(ClearType::All))?;
    Terminal::new(LimitedBackend::new(io::stdout()))
}

/// Reads keys until nobody listens.
fn keys(send: &mpsc::Sender<WatchMsg>) {
    while let Ok(event) = event::read() {
        let msg = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => WatchMsg::Key(key),
            Event::Resize(..) => WatchMsg::Redraw,
            Event::Key(_) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => {
                continue;
            }
        };
        if send.send(msg).is_err() {
            return;
        }
    }
    // The terminal is gone.
    let _ = send.send(WatchMsg::Gone);
}

/// Stops this program as a shell expects it, with the terminal as it was, and goes on when it is told to.
fn suspend() -> io::Result<()> {
    terminal::leave();
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
    terminal::enter()
}

/// Waits until every host and the API have answered or refused, or for a while.
fn settle(panel: &mut Panel, news: &Receiver<WatchMsg>, stop: &Stop) {
    let begun = Instant::now();
    let open = |panel: &Panel| {
        matches!(panel.api(), ApiState::Idle | ApiState::SigningIn)
            || panel.rows().iter().any(|row| matches!(row.link, Link::Idle | Link::Connecting))
    };
    while open(panel) && begun.elapsed() < SETTLE && !stop.wanted() {
        if let Ok(WatchMsg::Update(update)) = news.recv_timeout(POLL_INTERVAL) {
            panel.apply(update);
        }
    }
}

fn channel() -> (crate::live::Send, Receiver<Update>) {
    let (send, news) = mpsc::channel();
    // Who listens may be gone already; then the threads end soon.
    (Box::new(move |update| drop(send.send(update))), news)
}

fn time(update: &Update) -> Timestamp {
    match update {
        Update::Host { at, .. } | Update::Api { at, .. } => *at,
        // Nobody follows a log here.
        Update::Log { .. } => Timestamp::UNIX_EPOCH,
    }
}

fn again(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map_or_else(
        || "not tried again by itself".to_owned(),
        |at| format!("next try at {}", at.to_zoned(zone.clone()).strftime("%H:%M:%S")),
    )
}

/// A change as a line for a person.
pub fn line(panel: &Panel, change: &Change, zone: &TimeZone) -> String {
    let of = |place: &Place, text: String| format!("{place}: {text}");
    let container = |one: &Container| {
        let id: String = one.id.chars().take(12).collect();
        let name = one.kubelet.as_ref().map_or_else(
            || one.name.to_string(),
            |name| format!("{} of pod {}/{}", name.container, name.namespace, name.pod),
        );
        format!("{name}  {id}  {}", one.image)
    };
    match change {
        Change::Link(place) => {
            let Some(row) = panel.row(place) else { return of(place, "gone from the list".to_owned()) };
            of(
                place,
                match &row.link {
                    Link::Idle => "not tried yet".to_owned(),
                    Link::Connecting => "connecting".to_owned(),
                    Link::Up => format!("up, {}", row.login),
                    Link::Down { why, again: at, .. } => format!("down: {why}; {}", again(*at, zone)),
                },
            )
        }
        Change::First(place) => {
            let Some(row) = panel.row(place) else { return of(place, String::new()) };
            let names: Vec<String> = row
                .containers()
                .iter()
                .filter(|one| !one.is_pause())
                .map(|one| {
                    let name = one.kubelet.as_ref().map_or(&one.name, |name| &name.container);
                    let remark = one.remark().map(|remark| format!(" [{remark}]")).unwrap_or_default();
                    format!("{name}{remark}")
                })
                .collect();
            let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
            let (error, kubelet) = row
                .seen
                .as_ref()
                .map_or(("", "unknown"), |seen| (seen.error.as_str(), seen.kubelet.as_str()));
            let who = speaker(row.lister());
            let error = if error.is_empty() { String::new() } else { format!("; {who} says: {error}") };
            of(place, format!("{} running{names}; kubelet {kubelet}{error}", row.running()))
        }
        Change::Started(place, one) => of(place, format!("container started: {}", container(one))),
        Change::Ended(place, one) => of(place, format!("container ended: {}", container(one))),
        Change::Kubelet(place) => {
            let seen = panel.row(place).and_then(|row| row.seen.as_ref());
            let (state, restarts) =
                seen.map_or(("unknown", 0), |seen| (seen.kubelet.as_str(), seen.restarts));
            of(place, format!("kubelet {state}, restarts: {restarts}"))
        }
        Change::Runtime(place) => {
            let said =
                panel.row(place).and_then(|row| row.seen.as_ref()).map_or("", |seen| seen.error.as_str());
            let who = speaker(panel.row(place).and_then(HostRow::lister));
            of(
                place,
                if said.is_empty() { format!("{who} answers again") } else { format!("{who} says: {said}") },
            )
        }
        Change::Node(name) => panel.nodes().get(name).map_or_else(
            || format!("node {name}: gone"),
            |seen| {
                let ready = &seen.node.ready;
                let why = if ready.message.is_empty() { &ready.reason } else { &ready.message };
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                format!("node {name}: {}{why}", seen.words())
            },
        ),
        Change::NodeGone(name) => format!("node {name}: gone"),
        Change::Api => match panel.api() {
            ApiState::Idle => "api: not asked yet".to_owned(),
            ApiState::SigningIn => "api: signing in".to_owned(),
            ApiState::Watching { .. } => "api: watching the nodes".to_owned(),
            ApiState::Listing { why } => format!("api: listing the nodes every 5 s, no watch: {why}"),
            ApiState::Down { why, again: at } => format!("api: {why}; {}", again(Some(*at), zone)),
        },
    }
}

/// Who lists the containers.
fn speaker(lister: Option<Lister>) -> &'static str {
    lister.map_or("the runtime", Lister::program)
}

fn container(one: &Container) -> Value {
    let created = one.created.as_ref().map_or_else(ToString::to_string, ToString::to_string);
    let mut value = json!({"id": one.id, "image": one.image, "command": one.command, "created": created,
        "status": one.status, "names": one.name});
    if let Some(name) = &one.kubelet {
        value["pod"] = json!({"namespace": name.namespace, "name": name.pod, "container": name.container});
    }
    value
}

/// An update as JSON lines: what was heard, then what it changed.
pub fn values(panel: &mut Panel, update: Update) -> Vec<Value> {
    let at = time(&update);
    let sample = match &update {
        Update::Host { place, news: HostNews::Sample(_), .. } => Some(place.clone()),
        _ => None,
    };
    let changes = panel.apply(update);
    let mut all = Vec::new();
    if let Some(seen) = sample.as_ref().and_then(|place| panel.row(place)).and_then(|row| row.seen.as_ref()) {
        let containers: Vec<Value> = seen.containers.iter().map(container).collect();
        all.push(json!({"at": at, "kind": "sample", "place": sample.as_ref().map(ToString::to_string), "containers": containers,
            "lister": seen.lister, "figures": seen.figures, "error": seen.error, "kubelet": seen.kubelet, "restarts": seen.restarts, "clock_ahead_s": seen.ahead}));
    }
    all.extend(changes.iter().filter_map(|change| value(panel, change, at)));
    all
}

fn value(panel: &Panel, change: &Change, at: Timestamp) -> Option<Value> {
    Some(match change {
        Change::Link(place) => match &panel.row(place)?.link {
            Link::Idle => return None,
            Link::Connecting => {
                json!({"at": at, "kind": "link", "place": place.to_string(), "state": "connecting"})
            }
            Link::Up => {
                let login = &panel.row(place)?.login;
                json!({"at": at, "kind": "link", "place": place.to_string(), "state": "up", "login": login})
            }
            Link::Down { why, code, again } => json!({"at": at, "kind": "link", "place": place.to_string(),
                "state": "down", "why": why, "code": code, "again": again}),
        },
        // The sample before says it.
        Change::First(_) | Change::Kubelet(_) | Change::Runtime(_) => return None,
        Change::Started(place, one) => {
            json!({"at": at, "kind": "container-started", "place": place.to_string(), "container": container(one)})
        }
        Change::Ended(place, one) => {
            json!({"at": at, "kind": "container-ended", "place": place.to_string(), "container": container(one)})
        }
        Change::Node(name) => {
            let node = &panel.nodes().get(name)?.node;
            json!({"at": at, "kind": "node", "node": name, "state": ready_word(node.ready.state),
                "reason": node.ready.reason, "message": node.ready.message, "since": node.ready.since,
                "conditions": node.pressures, "cordoned": node.unschedulable, "created": node.created,
                "kubelet": node.kubelet})
        }
        Change::NodeGone(name) => json!({"at": at, "kind": "node-gone", "node": name}),
        Change::Api => match panel.api() {
            ApiState::Idle => return None,
            ApiState::SigningIn => json!({"at": at, "kind": "api", "state": "signing-in"}),
            ApiState::Watching { .. } => json!({"at": at, "kind": "api", "state": "watching"}),
            ApiState::Listing { why } => json!({"at": at, "kind": "api", "state": "listing", "why": why}),
            ApiState::Down { why, again } => {
                json!({"at": at, "kind": "api", "state": "down", "why": why, "again": again})
            }
        },
    })
}

/// Puts the version, the number and the seconds since the start in front.
fn stamp(value: &mut Value, seq: &mut u64, begun: Timestamp) {
    let at = value.get("at").and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    let ms = at.map_or(0, |at| at.as_millisecond().saturating_sub(begun.as_millisecond()));
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a session are far below 2^52")]
    let seconds = ms as f64 / 1000.0;
    let mut stamped = json!({"v": 1, "seq": *seq, "t": seconds});
    if let (Some(all), Some(own)) = (stamped.as_object_mut(), value.as_object_mut()) {
        all.append(own);
    }
    *value = stamped;
    *seq += 1;
}
