//! L4: carries a plan out. It knows places, actions and proofs and names no step.

pub mod certificates;
pub mod cluster;
pub mod demo;
pub mod doctor;
pub mod drain;
pub mod event;
pub mod exit;
pub mod found;
pub mod found_repair;
pub mod found_undo;
pub mod inspect;
pub mod options;
mod preview;
pub mod probe;
mod release;
mod repair;
mod repaired;
pub mod review;
pub mod run;
pub mod session;
pub mod signing;
mod sync;
pub mod undo;
pub mod world;

pub use cluster::login::SignIn;
pub use event::{Event, EventSink, Front, Stamped, TaskOutcome};
pub use exit::{End, ExitCode};
pub use inspect::PlacePreview;
pub use options::RunOptions;
pub use review::Reviewed;
pub use run::Engine;
pub use session::folder::Session;
pub use session::journal::Journal;
pub use signing::offline::{Bundle, OfflineCerts};
pub use world::real::RealWorld;
pub use world::{Cost, SharedWorld, World};
