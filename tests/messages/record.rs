//! A demo that plays by itself, its messages written down as JSON lines, and played again without an engine.

use std::time::{Duration, Instant};

use gangplank::engine::Event;
use gangplank::plan::place::Place;
use gangplank::ui::tui::view;
use gangplank::ui::wizard::autoplay::Player;
use gangplank::ui::wizard::core::{Core, Outset};
use gangplank::ui::wizard::effects::EffectRunner;
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::role::{Palette, Theme};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::nowhere;

/// The messages of one run of the demo.
pub const FIXTURE: &str = "tests/fixtures/demo/first-cluster.jsonl";
/// The screen it ends with.
pub const LAST_SCREEN: &str = "tests/fixtures/demo/first-cluster.txt";

const SIZE: (u16, u16) = (100, 30);

/// As JSON lines.
pub fn write(msgs: &[Msg]) -> String {
    msgs.iter().map(|msg| serde_json::to_string(msg).unwrap() + "\n").collect()
}

/// From JSON lines.
pub fn read(text: &str) -> Vec<Msg> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What somebody sees.
pub fn screen(model: &Model) -> String {
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    screen.draw(|frame| view::draw(frame, model)).unwrap();
    screen.backend().to_string()
}

fn blank() -> Core {
    let outset = Outset { home: Some("/home/op".into()), ..Outset::default() };
    let theme = Theme { palette: Palette::Mono, ascii: false };
    Core::new(theme, SIZE, Timestamp::UNIX_EPOCH, outset)
}

/// Plays messages again: nothing is carried out.
pub fn replay(msgs: Vec<Msg>) -> Core {
    let mut core = blank();
    for msg in msgs {
        let _ = core.hear(msg);
    }
    core
}

struct Recording {
    model: Core,
    runner: EffectRunner,
    msgs: Vec<Msg>,
}

impl Recording {
    fn take(&mut self, msg: Msg) {
        let msg = msg.guarded(&self.model);
        if !self.runner.hears(&msg) {
            return;
        }
        if matches!(&msg, Msg::Live(_)) && self.model.live.panel.is_none() {
            return;
        }
        if matches!(&msg, Msg::Run(told) if told.place == Place::Local && matches!(told.event, Event::TaskEnded { .. }))
        {
            self.runner.live_again();
        }
        self.msgs.push(msg.clone());
        for effect in self.model.hear(msg) {
            self.runner.perform(effect, &self.model);
        }
    }
}

/// Plays a demo to its end; what was heard, and what the wizard knows then.
pub fn play(lab: &str) -> (Vec<Msg>, Core) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let start = nowhere::start(folder);
    let news = start.news;
    let runner = EffectRunner::new(start.send, start.replies, start.places, start.real);
    let mut all = Recording { model: blank(), runner, msgs: Vec::new() };
    all.runner.perform(Effect::OpenDemo(lab.to_owned()), &all.model);
    let opened = news.recv_timeout(Duration::from_secs(60)).unwrap();
    let now = all.runner.now();
    all.take(Msg::Tick(now));
    all.take(opened);
    let mut player = Player::new(lab).hurried();
    let deadline = Instant::now() + Duration::from_secs(200);
    let mut ticked = Instant::now();
    while !player.over() || all.model.run.going_on() {
        assert!(Instant::now() < deadline, "{}", screen(&all.model));
        for msg in player.poll(&all.model, Instant::now()) {
            all.take(msg);
        }
        if let Ok(msg) = news.recv_timeout(Duration::from_millis(20)) {
            all.take(msg);
        }
        if ticked.elapsed() > Duration::from_millis(500) {
            ticked = Instant::now();
            let now = all.runner.now();
            all.take(Msg::Tick(now));
        }
    }
    all.runner.close();
    (all.msgs, all.model)
}
