//! What effects stand on: machines or a lab in memory, the folders, and where messages go.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use jiff::Timestamp;

use crate::engine::demo::DemoLab;
use crate::engine::{RealWorld, SharedWorld, World};
use crate::plan::model::{ApiAddress, Login, Plan};
use crate::ui::wizard::effects::questions::{Replies, ScreenFront};
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::validation;

/// What the wizard was started with.
#[derive(Clone)]
pub struct WizardFolders {
    /// Where sessions are kept.
    pub state: PathBuf,
    /// The operator's home.
    pub home: PathBuf,
    /// Where relative paths start.
    pub base: PathBuf,
    /// Hosts worked on at once.
    pub jobs: usize,
    /// Speed of a demo.
    pub speed: f64,
    /// Seed of a demo.
    pub seed: Option<u64>,
    /// Something is broken in the first demo that opens, and nobody is told what.
    pub surprise: bool,
    /// The operator agreed to a kubeconfig outside `~/.kube`.
    pub outside_kube: bool,
}

enum StandsOn {
    Machines(Arc<RealWorld>),
    Demo(Arc<DemoLab>),
}

/// What every effect needs.
pub struct Ground {
    /// Where messages go.
    pub send: Sender<Msg>,
    /// Questions that somebody waits for.
    pub replies: Replies,
    /// What the wizard was started with.
    pub folders: WizardFolders,
    stands: StandsOn,
    real: Arc<RealWorld>,
    demo_folder: Option<PathBuf>,
}

impl Ground {
    /// Machines, until a demo is opened.
    pub fn new(send: Sender<Msg>, replies: Replies, folders: WizardFolders, real: RealWorld) -> Self {
        let real = Arc::new(real);
        let stands = StandsOn::Machines(Arc::clone(&real));
        Self { send, replies, folders, stands, real, demo_folder: None }
    }

    /// Says what came of an effect.
    pub fn tell(&self, msg: Msg) {
        // Whoever listened may have left.
        let _ = self.send.send(msg);
    }

    /// Shows a run on the wizard's screen.
    pub fn front(&self) -> ScreenFront {
        ScreenFront::new(self.send.clone(), self.replies.clone())
    }

    /// The clock of the ground.
    pub fn now(&self) -> Timestamp {
        match &self.stands {
            StandsOn::Machines(_) => Timestamp::now(),
            StandsOn::Demo(demo) => demo.world.now(),
        }
    }

    /// The demo, when there is one.
    pub fn demo(&self) -> Option<&Arc<DemoLab>> {
        match &self.stands {
            StandsOn::Demo(demo) => Some(demo),
            StandsOn::Machines(_) => None,
        }
    }

    /// A lab from now on, with a folder of its own.
    pub fn enter(&mut self, lab: Arc<DemoLab>, folder: PathBuf) {
        self.demo_folder = Some(folder);
        self.stands = StandsOn::Demo(lab);
    }

    /// Machines again; nothing of the demo is kept.
    pub fn leave_demo(&mut self) {
        if self.demo().is_some() {
            self.forget_folder();
            self.stands = StandsOn::Machines(Arc::clone(&self.real));
        }
    }

    /// The folder of a demo goes with it.
    pub fn forget_folder(&mut self) {
        if let Some(folder) = self.demo_folder.take() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }

    /// Where sessions and copies are kept.
    pub fn state(&self) -> PathBuf {
        self.demo_folder.clone().unwrap_or_else(|| self.folders.state.clone())
    }

    /// The plan the answers make, with what was agreed to beside it.
    pub fn plan(&self, model: &Model) -> Option<Plan> {
        let mut plan = validation::plan(model)?;
        if let Some(kubectl) = &mut plan.kubectl {
            let shown = kubectl.file.is_some() && kubectl.file == model.form.agreed_outside;
            kubectl.outside_agreed = self.folders.outside_kube || shown;
        }
        Some(plan)
    }

    /// The same for a look: it writes nothing, and Apply asks for the path before a run does.
    pub fn plan_to_look(&self, model: &Model) -> Option<Plan> {
        let mut plan = validation::plan(model)?;
        if let Some(kubectl) = &mut plan.kubectl {
            kubectl.outside_agreed = true;
        }
        Some(plan)
    }

    /// A path that somebody typed.
    pub fn path(&self, typed: &Path) -> PathBuf {
        match typed.strip_prefix("~") {
            Ok(rest) => self.folders.home.join(rest),
            Err(_) => self.folders.base.join(typed),
        }
    }

    /// The world of a cluster at this API.
    pub fn world(&self, api: &ApiAddress, cluster: &str) -> SharedWorld {
        match &self.stands {
            StandsOn::Machines(real) => {
                Arc::new(real.for_api(api).keeping(self.folders.state.join(cluster).join("kept")))
            }
            StandsOn::Demo(demo) => Arc::clone(&demo.world) as SharedWorld,
        }
    }

    /// The same for looks: nothing is written down for them.
    pub fn looking(&self, api: &ApiAddress, cluster: &str) -> SharedWorld {
        match &self.stands {
            StandsOn::Machines(real) => {
                let kept = self.folders.state.join(cluster).join("kept");
                Arc::new(real.for_api(api).keeping(kept).looking())
            }
            StandsOn::Demo(_) => self.world(api, cluster),
        }
    }

    /// The world of a worker in no plan. Its API is asked from there, as its kubelet asks it.
    pub fn unplanned(&self, login: &Login) -> SharedWorld {
        self.world(&ApiAddress { host: login.host.clone(), port: 443 }, "")
    }

    /// Time and process, so that runs sort by time; in a demo the same on every take.
    pub fn run_id(&self) -> String {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let more = if number == 0 { String::new() } else { format!("-{number}") };
        match &self.stands {
            StandsOn::Machines(_) => {
                format!("{}-{}{more}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), std::process::id())
            }
            StandsOn::Demo(demo) => {
                format!("{}-{}{more}", demo.world.now().strftime("%Y%m%dT%H%MZ"), demo.name)
            }
        }
    }
}

/// Uids of the API objects that earlier runs made, below the folder of all sessions.
pub fn made(state: &Path, plan: &Plan) -> BTreeSet<String> {
    crate::engine::session::objects::uids(&state.join(&plan.cluster.name))
}
