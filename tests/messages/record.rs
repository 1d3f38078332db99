//! A demo that plays by itself, its messages written down as JSON lines, and played again without an engine.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use gangplank::engine::{Event, RealWorld};
use gangplank::host::{SshEnvironment, TrustPolicy};
use gangplank::live::{Panel, watch_targets};
use gangplank::plan::model::ApiAddress;
use gangplank::plan::place::Place;
use gangplank::ui::credentials::prompt::CredentialPrompt;
use gangplank::ui::tui::view;
use gangplank::ui::wizard::autoplay::Player;
use gangplank::ui::wizard::effects::EffectRunner;
use gangplank::ui::wizard::effects::ground::WizardFolders;
use gangplank::ui::wizard::effects::questions::{Dialogs, Replies};
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::role::{Palette, Theme};
use gangplank::ui::wizard::update::update;
use gangplank::ui::wizard::validation::{plan, validate};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

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

fn blank() -> Model {
    let mut model = Model::new(Theme { palette: Palette::Mono, ascii: false }, SIZE, Timestamp::UNIX_EPOCH);
    model.form.home = Some("/home/op".into());
    validate(&mut model);
    model
}

/// The live panel has its rows as soon as it is asked for.
fn rows_of_panel(model: &mut Model) {
    if let Some(plan) = plan(model) {
        model.live.panel.get_or_insert_with(Panel::default).hosts(&watch_targets(&plan));
    }
}

/// Plays messages again: nothing is carried out.
pub fn replay(msgs: Vec<Msg>) -> Model {
    let mut model = blank();
    for msg in msgs {
        for effect in update(&mut model, msg) {
            if matches!(effect, Effect::Live) {
                rows_of_panel(&mut model);
            }
        }
    }
    model
}

struct Recording {
    model: Model,
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
        for effect in update(&mut self.model, msg) {
            if matches!(effect, Effect::Live) {
                rows_of_panel(&mut self.model);
            }
            self.runner.perform(effect, &self.model);
        }
    }
}

/// Plays a demo to its end; what was heard, and what the wizard knows then.
pub fn play(lab: &str) -> (Vec<Msg>, Model) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (send, news) = mpsc::channel();
    let replies = Replies::default();
    let dialogs = Dialogs { send: send.clone(), replies: replies.clone() };
    let vault = CredentialPrompt::with(dialogs.prompt(), &[], true).unwrap();
    let here = SshEnvironment {
        home: folder.to_owned(),
        user: "op".to_owned(),
        agent: None,
        ssh: None,
        config: None,
    };
    let nowhere = ApiAddress { host: "127.0.0.1".to_owned(), port: 1 };
    let real = RealWorld::new(here, TrustPolicy::default(), Arc::new(vault), &nowhere, folder.join("kept"));
    let folders = WizardFolders {
        state: folder.join("state"),
        home: folder.to_owned(),
        base: folder.to_owned(),
        jobs: 16,
        speed: 40.0,
        seed: Some(1),
    };
    let runner = EffectRunner::new(send, replies, folders, real);
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
