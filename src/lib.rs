//! gangplank walks worker nodes aboard a Kubernetes cluster.
//!
//! This is the map. Layers lie on each other, and imports go to a lower one only (`tests/layers.rs`):
//!
//! | | layer | what it is for |
//! |---|---|---|
//! | people | [`ui`] | the wizard's core, its two faces, what commands print, the script, pictures |
//! | | [`live`] | what runs on the hosts and how their nodes are, as it happens |
//! | runs | [`engine`] | a plan carried out: queues, events, the record, undo, repair, and the demo |
//! | what is wrong | [`doctor`] | causes in the order of mending, from what was looked at |
//! | how | [`step`] | one file a step, in the order of the screen: from facts to actions, nothing is run |
//! | worlds | [`lab`] | machines, a cluster and a clock in memory, for demos and tests |
//! | | [`kube`] | the API, kubeconfig files, what TLS shows, the status of nodes and pods |
//! | | [`host`] | a machine: SSH, login, host keys, a batch of actions as one script |
//! | | [`pki`] | certificates: read, checked, signed, compared |
//! | | [`runtime`] | what runs the containers of a worker, and the rows that are shown of them |
//! | what | [`profile`] | what each Kubernetes wants written |
//! | | [`plan`] | answers, the plan, actions, facts, problems: pure data |
//! | bounds | [`limits`] | how much is read of what comes from elsewhere |
//!
//! A plan is read ([`plan::yaml`]) or answered ([`ui::wizard`]). The [`engine`] asks each place for the facts that
//! the steps wish for, hands them to the steps, and gets a list of [`plan::action::Action`]s; previews, dry runs,
//! scripts and undo read that list too. A place works in batches: a [`host::Host::run`] is one command on the machine.
//! Under the engine is a [`engine::World`], real or a lab; above it a [`engine::Front`], which shows events and
//! answers questions. So a whole run fits in here, on three blank workers in memory:
//!
//! ```
//! use std::path::Path;
//! use std::sync::atomic::{AtomicUsize, Ordering};
//!
//! use gangplank::engine::{Engine, Event, ExitCode, Front, RunOptions, Stamped, TaskOutcome, World, demo};
//! use gangplank::host::Stop;
//! use gangplank::plan::yaml;
//!
//! /// Counts the tasks that changed something.
//! #[derive(Default)]
//! struct Changes(AtomicUsize);
//!
//! impl Front for Changes {
//!     fn emit(&self, event: &Stamped) {
//!         if matches!(event.event, Event::TaskEnded { outcome: TaskOutcome::Changed { .. } }) {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//!
//! // The lab does not wait for its own clock, and its keys come from a seed.
//! let lab = demo::open("first-cluster", 0.0, Some(1))?;
//! let home = lab.world.home();
//! let file = Path::new(&home).join("plan.yaml");
//! let plan = yaml::load(lab.plan_text.as_bytes(), &file, Some(Path::new(&home))).expect("it is a whole plan").plan;
//!
//! let (stop, first, again) = (Stop::default(), Changes::default(), Changes::default());
//! for (run, front) in [("20261123T0900Z-1", &first), ("20261123T0910Z-1", &again)] {
//!     let engine = Engine::new(&plan, lab.world.as_ref(), front, RunOptions::new(run, &stop));
//!     assert_eq!(engine.apply(), ExitCode::Done);
//! }
//! assert!(first.0.into_inner() > 0);
//! assert_eq!(again.0.into_inner(), 0, "whatever is as it should be is left alone");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// They panic when nobody reads; `ui::output::say` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod limits;

pub mod plan;
pub mod profile;
pub mod runtime;

pub mod pki;

pub mod host;
pub mod kube;
pub mod lab;

pub mod step;

pub mod doctor;

pub mod engine;
pub mod live;

pub mod ui;
