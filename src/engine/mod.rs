//! L4: carries a plan out. It knows places, actions and proofs and names no step.

pub mod cluster;
pub mod demo;
pub mod event;
pub mod exit;
mod failure;
pub mod inspect;
pub mod options;
pub mod preview;
pub mod probe;
mod repair;
pub mod review;
pub mod run;
pub mod session;
pub mod signing;
mod sync;
pub mod undo;
pub mod world;

pub use cluster::sign_in::SignIn;
pub use event::{Event, Front, Stamped, TaskOutcome};
pub use exit::{End, ExitCode};
pub use options::RunOptions;
pub use preview::PlacePreview;
pub use review::Reviewed;
pub use run::Engine;
pub use session::folder::Session;
pub use session::journal::{EventSink, Journal};
pub use signing::offline::{Bundle, OfflineCerts};
pub use world::real::RealWorld;
pub use world::{SharedWorld, World};

use run::cost;
