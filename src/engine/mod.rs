//! L4: carries a plan out. It knows places, actions and proofs and names no step.

pub mod cluster;
pub mod demo;
pub mod event;
mod failure;
pub mod inspect;
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
pub use event::{Event, Front, Outcome, Stamped};
pub use preview::Seen;
pub use review::Reviewed;
pub use run::{End, Engine, code};
pub use session::folder::Session;
pub use session::journal::{Journal, Teller};
pub use signing::offline::{Bundle, OfflineCerts};
pub use world::World;
pub use world::real::RealWorld;

use run::cost;
