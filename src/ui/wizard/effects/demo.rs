//! A demo's lab is made in a thread of its own, for making its keys takes a moment and the screen never waits; and
//! what can be broken in it while somebody watches.

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};

use crate::engine::World;
use crate::engine::demo::faults::FaultPlace;
use crate::engine::demo::{self, DemoLab};
use crate::ui::wizard::message::{Msg, Opened};
use crate::ui::wizard::opening::Demo;
use crate::ui::wizard::role::Role;

/// A lab that is being made, or of which nobody has heard yet.
pub struct DemoOpening {
    /// `None` inside when it cannot be made.
    lab: Arc<OnceLock<Option<Arc<DemoLab>>>>,
}

impl DemoOpening {
    /// Begins to make a lab; without a name the first there is. The end of it is [`Msg::Opened`], or a
    /// [`Msg::Say`] why not.
    pub fn begin(name: &str, (pace, seed): (f64, Option<u64>), surprise: bool, told: Sender<Msg>) -> Self {
        let name = if name.is_empty() { demo::names().first().map_or("", |(name, _)| name) } else { name };
        let (name, lab) = (name.to_owned(), Arc::<OnceLock<Option<Arc<DemoLab>>>>::default());
        let made = Arc::clone(&lab);
        std::thread::spawn(move || {
            let msg = match std::panic::catch_unwind(|| {
                if surprise {
                    demo::open_with_surprise(&name, pace, seed)
                } else {
                    demo::open(&name, pace, seed)
                }
            }) {
                Ok(Ok(lab)) => {
                    let msg = Msg::Opened(Box::new(opened(&lab)));
                    let _ = made.set(Some(Arc::new(lab)));
                    msg
                }
                Ok(Err(error)) => {
                    let _ = made.set(None);
                    Msg::Say(Role::Bad, error.to_string())
                }
                // The panic was told already.
                Err(_) => return drop(made.set(None)),
            };
            // Whoever wanted it may have left.
            let _ = told.send(msg);
        });
        Self { lab }
    }

    /// Whether it may still open.
    pub fn goes_on(&self) -> bool {
        !matches!(self.lab.get(), Some(None))
    }

    /// The lab that these answers belong to.
    pub fn lab(&self, name: &str) -> Option<Arc<DemoLab>> {
        self.lab.get().cloned().flatten().filter(|lab| lab.name == name)
    }
}

/// A demo before its lab is there: the first frame says already that it is one.
pub fn announced(name: &str) -> Demo {
    let title = demo::names().iter().find(|(known, _)| *known == name).map_or("", |(_, title)| title);
    Demo {
        name: name.to_owned(),
        title: title.to_owned(),
        about: String::new(),
        faults: Vec::new(),
        caption: None,
        paused: false,
    }
}

fn opened(lab: &DemoLab) -> Opened {
    Opened {
        answers: lab.answers.clone(),
        base: PathBuf::from(lab.world.home()),
        screen: "ca".to_owned(),
        reonboard: lab.surprise || lab.name == "failed-worker",
        demo: Some(Demo {
            about: lab.about.to_owned(),
            faults: faults(lab),
            title: lab.title.to_owned(),
            ..announced(lab.name)
        }),
        ..Opened::default()
    }
}

/// What can be broken or mended now: a fault's id, the worker (empty for the cluster), and what doing it is called.
fn faults(lab: &DemoLab) -> Vec<(String, String, String)> {
    let broken = lab.broken();
    let mut all = Vec::new();
    for fault in lab.faults() {
        let workers = if fault.place == FaultPlace::Cluster { vec![String::new()] } else { lab.workers() };
        for worker in workers {
            // Where somebody is to find out what is broken, only what would mend it is offered, of everything.
            let is = lab.surprise || broken.iter().any(|(id, name)| *id == fault.id && *name == worker);
            let title = if is { fault.mend_title(&worker) } else { fault.title(&worker) };
            all.push((fault.id.to_owned(), worker, title));
        }
    }
    all
}

/// Breaks something, or mends it when it is broken; what came of it and what can be broken then.
pub fn throw(lab: &DemoLab, fault: &str, host: &str) -> [Msg; 2] {
    let broken = lab.broken().iter().any(|(id, worker)| *id == fault && worker == host);
    let title = faults(lab).into_iter().find(|(id, worker, _)| id == fault && worker == host);
    let title = title.map(|(_, _, title)| title).unwrap_or_default();
    let msg = if lab.surprise && !broken {
        Msg::Say(Role::Warn, format!("demo: {title}: nothing of that was wrong"))
    } else if broken {
        lab.mend_one(fault, host);
        Msg::Say(Role::Ok, format!("demo: {title}"))
    } else {
        match lab.throw(fault, host) {
            Ok(true) => Msg::Say(Role::Warn, format!("demo: {title}")),
            Ok(false) => Msg::Say(Role::Dim, "that cannot be broken now".to_owned()),
            Err(error) => Msg::Say(Role::Bad, error.to_string()),
        }
    };
    [msg, Msg::Faults(faults(lab))]
}

/// A folder that only this demo uses and that goes with it.
pub fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("gangplank-demo-{}", std::process::id()))
}
