//! Named scenes for pictures and tests: the real wizard over a demo lab, with looks, inspections and runs carried out
//! at once and in the same order on every machine. Times of the machine it runs on are replaced: nothing here
//! depends on the hour, the home folder or how fast somebody is.

use crate::ui::wizard::validation;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::engine::demo::{self, DemoLab};
use crate::engine::review::Reviewed;
use crate::engine::undo::UndoScope;
use crate::engine::{Engine, Event, ExitCode, RunOptions, SignIn, World, probe};
use crate::host::{Live, Stop};
use crate::kube::NodeNews;
use crate::live::{self, ApiNews, HostNews, Update};
use crate::pki::CaInfo;
use crate::plan::model::Plan;
use crate::ui::gallery::steady::{
    RecordingFront, join, start, steady, steady_detail, steady_happenings, steady_node, timed,
};
use crate::ui::tui::view;
use crate::ui::wizard::autoplay;
use crate::ui::wizard::core::{Core, Outset};
use crate::ui::wizard::effects::describe;
use crate::ui::wizard::effects::probe::rough_plan;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::intent::Intent;
use crate::ui::wizard::look::{Look, LookStatus, ProbeTarget};
use crate::ui::wizard::message::{Effect, Msg, Opened};
use crate::ui::wizard::model::Model;
use crate::ui::wizard::opening::Demo;
use crate::ui::wizard::question::Question;
use crate::ui::wizard::role::Theme;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::undoing::{TakeBack, TakeBackList};

/// The seed of every scene.
const SEED: u64 = 7;
const RUN: &str = "20261123T0900Z-first-cluster";

/// All scenes.
const SCENES: [&str; 35] = [
    "welcome",
    "ca",
    "ca-offline",
    "cluster",
    "workers",
    "workers-problem",
    "certificates",
    "kubectl",
    "skydns",
    "review",
    "pick",
    "diagnosis",
    "repair",
    "review-reonboard",
    "run-middle",
    "run-problem",
    "run-done",
    "report",
    "live",
    "live-host",
    "help",
    "menu",
    "trust",
    "secret",
    "confirm-replace",
    "confirm-undo",
    "paste",
    "quit",
    "too-small",
    "current-cluster",
    "current-workers",
    "current-skydns",
    "current-review",
    "current-run-middle",
    "current-live-host",
];

/// The names of all scenes.
pub fn scenes() -> &'static [&'static str] {
    &SCENES
}

/// A scene in a window of this size; `None` = there is no scene of this name.
pub fn scene(name: &str, size: (u16, u16)) -> Option<Model> {
    if !SCENES.contains(&name) {
        return None;
    }
    if name == "welcome" {
        return Some(Core::new(Theme::default(), size, start(), Outset::default()).into_model());
    }
    let (lab, play) = match name {
        "pick" | "diagnosis" | "repair" | "review-reonboard" | "run-problem" => ("failed-worker", name),
        name => match name.strip_prefix("current-") {
            Some(play) => ("current", play),
            None => ("first-cluster", name),
        },
    };
    let mut stage = SceneStage::open(lab, size)?;
    stage.play(play);
    if name == "too-small" {
        stage.hear(Msg::Resize(46, 8));
    }
    Some(stage.model.into_model())
}

/// What a model looks like.
pub fn picture(model: &Model) -> Buffer {
    let (width, height) = model.window.size;
    let mut screen = match Terminal::new(TestBackend::new(width, height)) {
        Ok(screen) => screen,
        Err(error) => match error {},
    };
    let drawn = screen.draw(|frame| view::draw(frame, model));
    match drawn {
        Ok(done) => done.buffer.clone(),
        Err(error) => match error {},
    }
}

/// The wizard and the lab it stands on.
struct SceneStage {
    model: Core,
    lab: Arc<DemoLab>,
    ca: Option<CaInfo>,
    /// Only so many seconds of a run are shown.
    until: f64,
}

impl SceneStage {
    fn open(name: &str, size: (u16, u16)) -> Option<Self> {
        let lab = Arc::new(demo::open(name, 0.0, Some(SEED)).ok()?);
        lab.world.lab().set_fast_keys();
        let outset = Outset { home: Some(PathBuf::from(lab.world.home())), ..Outset::default() };
        let model = Core::new(Theme::default(), size, start(), outset);
        let mut stage = Self { model, lab, ca: None, until: f64::MAX };
        let opened = Opened {
            answers: stage.lab.answers.clone(),
            base: PathBuf::from(stage.lab.world.home()),
            screen: "ca".to_owned(),
            reonboard: name == "failed-worker",
            demo: Some(Demo {
                name: name.to_owned(),
                title: stage.lab.title.to_owned(),
                about: stage.lab.about.to_owned(),
                faults: Vec::new(),
                caption: None,
                paused: false,
            }),
            ..Opened::default()
        };
        stage.hear(Msg::Opened(Box::new(opened)));
        Some(stage)
    }

    fn play(&mut self, name: &str) {
        match name {
            "ca-offline" => {
                self.file_of_ca();
                self.answer(Field::CaPlace, "offline");
                self.answer(Field::CaCert, "/home/op/root-ca.crt");
                self.answer(Field::CaKey, "");
                self.intent(&Intent::Look(ProbeTarget::Ca));
                self.intent(&Intent::Go(Screen::Ca));
            }
            "cluster" if self.lab.name == "current" => self.keys("cc<esc>"),
            "workers" if self.lab.name == "current" => self.keys("cc<down><down>"),
            "review" if self.lab.name == "current" => self.keys("cccccc<end>"),
            "cluster" => {
                self.keys("c");
                self.answer(Field::Dns, "10.4.0.2");
                self.keys("<tab><tab><tab><tab>");
            }
            "workers" => self.keys("cc"),
            "workers-problem" => {
                self.lab.world.lab().pull_cable("worker02");
                self.keys("cc<down>");
            }
            "certificates" => self.keys("ccc"),
            "kubectl" => self.keys("cccc"),
            "skydns" => self.keys("ccccc"),
            "review" => self.keys("cccccc<down><down><down>"),
            "pick" => self.keys("<down>"),
            "diagnosis" => self.keys("<space><down><space><down><space><enter>"),
            "repair" => self.keys("<down><down><enter><enter>"),
            "review-reonboard" => self.keys("<space><down><space><down><space><enter>r"),
            "run-middle" => {
                self.until = 7.3;
                self.keys("cccccca<enter>");
            }
            "run-problem" => self.keys("<space><down><space><down><space><enter>ra<enter>"),
            "run-done" => self.keys("cccccca<enter>"),
            "report" => self.keys("cccccca<enter>c"),
            "live" => self.keys("cccccca<enter>l"),
            "live-host" => self.keys("cccccca<enter>l<enter>"),
            "help" => self.keys("cc?"),
            "menu" => self.keys("cccccca<enter><c-k>undo"),
            "trust" => self.ask(Question::Trust {
                host: "root@192.168.2.21:22".to_owned(),
                kind: "ssh-ed25519".to_owned(),
                fingerprint: "SHA256:n3WQ8t4yXvBq0Zr1mJ5hKc7LdPaE2sUiVfGoRxTw9Yk".to_owned(),
                note: String::new(),
            }),
            "secret" => {
                self.ask(Question::Secret { prompt: "Passphrase of the CA key /home/op/ca.key".to_owned() });
                self.keys("correct");
            }
            "confirm-replace" => {
                let _ = self.lab.throw("certificate", "worker01");
                self.answer(Field::Replace, "yes");
                self.keys("cccccca");
            }
            "confirm-undo" => self.keys("cccccca<enter><right>u1<enter>"),
            "paste" => {
                self.keys("cc");
                self.hear(Msg::Paste("worker04 192.168.2.24\ncore@192.168.2.[25-27]\n".to_owned()));
            }
            "quit" => self.keys("cc<c-c>"),
            _ => {}
        }
    }

    fn ask(&mut self, question: Question) {
        self.keys("cc");
        self.hear(Msg::Ask { id: 1, question });
    }

    fn keys(&mut self, text: &str) {
        for key in autoplay::keys(text) {
            self.hear(Msg::Key(key));
        }
    }

    fn hear(&mut self, msg: Msg) {
        let effects = self.model.hear(msg);
        self.carry_out(effects);
    }

    fn intent(&mut self, what: &Intent) {
        let effects = self.model.intent(what);
        self.carry_out(effects);
    }

    fn answer(&mut self, field: Field, text: &str) {
        self.intent(&Intent::Answer(field, text.to_owned()));
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Look { target, number } => {
                    let look = self.look(&target);
                    self.hear(Msg::Looked { target, number, look });
                }
                Effect::Inspect { number } => {
                    let Some(plan) = validation::plan(&self.model) else { continue };
                    let keeps = RecordingFront::default();
                    let stop = Stop::default();
                    let seen = self.engine(&plan, &keeps, &stop, Vec::new(), None).preview().map(Arc::new);
                    self.hear(Msg::Inspected { number, seen });
                }
                Effect::Examine { number, only } => {
                    let Some(plan) = validation::plan(&self.model) else { continue };
                    let keeps = RecordingFront::default();
                    let stop = Stop::default();
                    let options = RunOptions { only, ..RunOptions::new(RUN, &stop) };
                    let engine = Engine::new(&plan, self.lab.world.as_ref(), &keeps, options);
                    let seen = engine.examine().map(Arc::new);
                    self.hear(Msg::Examined { number, seen });
                }
                Effect::Run { only } => self.run(&only),
                Effect::Undo(what) => self.undo(&what),
                Effect::Live => self.live(),
                _ => {}
            }
        }
    }

    fn engine<'a>(
        &'a self,
        plan: &'a Plan,
        front: &'a RecordingFront,
        stop: &'a Stop,
        only: Vec<String>,
        reviewed: Option<Reviewed>,
    ) -> Engine<'a> {
        let only = if only.is_empty() { self.model.form.only.clone() } else { only };
        let options = RunOptions { only, reviewed, ..RunOptions::new(RUN, stop) };
        Engine::new(plan, self.lab.world.as_ref(), front, options)
    }

    fn look(&mut self, target: &ProbeTarget) -> Look {
        let world = self.lab.world.as_ref();
        let Some(plan) = rough_plan(&self.model) else { return Look::begun() };
        let mut look = match target {
            ProbeTarget::Ca => {
                let seen = probe::ca(&plan.ca.place, world);
                if let Ok(seen) = &seen {
                    self.ca.clone_from(&seen.info);
                }
                describe::ca(&seen)
            }
            ProbeTarget::Api => describe::api(&probe::api(world, self.ca.as_ref())),
            ProbeTarget::Worker(name) => match plan.workers.iter().find(|worker| worker.name == *name) {
                Some(worker) => describe::worker(&probe::worker(&plan, worker, world)),
                None => Look::begun(),
            },
        };
        if look.mood == LookStatus::Looking {
            "not looked at".clone_into(&mut look.word);
        }
        look
    }

    fn run(&mut self, only: &[String]) {
        let Some(plan) = validation::plan(&self.model) else { return };
        // One worker after the other: which of two equally fast ones is first would differ from take to take.
        let workers: Vec<String> = plan.workers.iter().map(|worker| worker.name.clone()).collect();
        let workers = workers
            .into_iter()
            .filter(|name| if only.is_empty() { self.model.chosen(name) } else { only.contains(name) });
        let (mut code, mut events) = (ExitCode::Done, Vec::new());
        for name in workers.collect::<Vec<_>>() {
            let (keeps, stop) = (RecordingFront::default(), Stop::default());
            let reviewed = self.model.preview.inspection.seen().filter(|_| only.is_empty()).map(Reviewed::of);
            code = code.max(self.engine(&plan, &keeps, &stop, vec![name], reviewed).apply());
            join(&mut events, keeps);
        }
        let mut whole = true;
        let mut last = 0.0_f64;
        for event in timed(events) {
            if event.t > self.until || !whole && matches!(event.event, Event::RunEnded { .. }) {
                whole = false;
                continue;
            }
            last = last.max(event.t);
            self.hear(Msg::Run(event));
        }
        let passed = if whole { 48.0 } else { last };
        let passed = SignedDuration::try_from(Duration::from_secs_f64(passed)).unwrap_or_default();
        let now = start().saturating_add(passed).unwrap_or(self.model.window.now);
        self.hear(Msg::Tick(now));
        if whole {
            self.live();
        }
        if whole {
            self.hear(Msg::RunOver { code, undone: Vec::new() });
        }
    }

    /// Everything that taking this back would do.
    fn undo(&mut self, what: &TakeBack) {
        let Some(plan) = validation::plan(&self.model) else { return };
        let (keeps, stop) = (RecordingFront::default(), Stop::default());
        let only = what.host().map(str::to_owned).into_iter().collect();
        let question = RefCell::new(None);
        self.engine(&plan, &keeps, &stop, only, None).undo(&UndoScope::LastRun, &|all| {
            question.replace(Some(TakeBackList::of(what.clone(), all, &plan.cluster.name)));
            false
        });
        if let Some(list) = question.take() {
            self.hear(Msg::Ask { id: 1, question: Question::TakeBack(list) });
        }
    }

    /// One sample of every worker and one list of the nodes.
    fn live(&mut self) {
        let Some(plan) = validation::plan(&self.model) else { return };
        let world = Arc::clone(&self.lab.world);
        let spots = live::watch_targets(&plan);
        let at = self
            .model
            .window
            .now
            .saturating_sub(SignedDuration::from_secs(2))
            .unwrap_or(self.model.window.now);
        let mut updates = Vec::new();
        for spot in &spots {
            let mut tell = |news| updates.push(Update::Host { place: spot.place.clone(), at, news });
            let opened = world.host(&spot.place, &spot.login).and_then(|mut host| {
                let login = host.describe();
                host.of_runtime(spot.runtime);
                host.stream().map(|stream| (login, stream))
            });
            match opened {
                Ok((login, mut stream)) => {
                    tell(HostNews::Up { login });
                    stream.sample();
                    let paths = live::certificates();
                    stream.detail(&paths.iter().map(String::as_str).collect::<Vec<_>>());
                    for _ in 0..20 {
                        match stream.next(Duration::from_millis(500)) {
                            Live::Sample(mut sample) => {
                                steady(&mut sample, world.now(), at);
                                tell(HostNews::Sample(sample));
                            }
                            Live::Detail(mut detail) => {
                                steady_detail(&mut detail);
                                tell(HostNews::Detail(detail));
                                break;
                            }
                            Live::Happened | Live::Lookup { .. } | Live::Quiet => {}
                            Live::Ended(_) => break,
                        }
                    }
                }
                Err(trouble) => {
                    let (why, code) = (trouble.to_string(), Some(trouble.code()));
                    tell(HostNews::Down { why, code, again: None });
                }
            }
        }
        let cluster = world.another_cluster();
        let entered = SignIn::default().enter(&plan, world.as_ref(), cluster.as_ref(), false);
        match entered {
            Ok(()) => {
                let _ = cluster.watch_nodes(Duration::from_secs(1), &mut |mut news| {
                    if let NodeNews::All(nodes) = &mut news {
                        nodes.iter_mut().for_each(steady_node);
                    }
                    updates.push(Update::Api { at, news: ApiNews::Nodes(news) });
                    false
                });
            }
            Err(why) => {
                updates.push(Update::Api { at, news: ApiNews::Down { why, again: at } });
            }
        }
        for worker in &plan.workers {
            let mut said = live::events(&*cluster, &worker.name, &pods_of(&updates, &worker.name))
                .map_err(|error| error.to_string());
            if let Ok(all) = &mut said {
                steady_happenings(all);
            }
            let news = ApiNews::Happenings { node: worker.name.clone(), said };
            updates.push(Update::Api { at, news });
        }
        for update in updates {
            self.hear(Msg::Live(update));
        }
    }

    /// The CA's certificate, carried here as one does for a CA that is offline.
    fn file_of_ca(&self) {
        let lab = self.lab.world.lab();
        let cert = lab.find("root-ca-host").and_then(|name| {
            lab.machine(&name, |machine| machine.files.get("/root/ca.crt").map(|file| file.bytes.clone()))
                .flatten()
        });
        if let Some(bytes) = cert {
            let _ = self.lab.world.write_new("/home/op/root-ca.crt".as_ref(), &bytes, 0o644);
        }
    }
}

/// The pods that were seen on a worker.
fn pods_of(updates: &[Update], worker: &str) -> Vec<(String, String)> {
    let seen = updates.iter().find_map(|update| match update {
        Update::Host { place, news: HostNews::Sample(sample), .. } if place.is_worker(worker) => Some(sample),
        _ => None,
    });
    seen.map(live::pods).unwrap_or_default()
}
