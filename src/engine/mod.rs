//! L4: carries a plan out. It knows places, actions and proofs and names no step.

pub mod base;
mod cluster;
pub mod demo;
pub mod event;
mod failure;
pub mod journal;
pub mod lab;
pub mod look;
pub mod offline;
pub mod preview;
pub mod probe;
pub mod proof;
pub mod real;
mod repair;
pub mod review;
pub mod run;
pub mod session;
mod shared;
pub mod sign_in;
pub mod signer;
pub mod undo;
pub mod work;
pub mod world;

pub use event::{Event, Front, Outcome, Stamped};
pub use journal::{Journal, Teller};
pub use offline::{Bundle, OfflineCerts};
pub use preview::Seen;
pub use real::RealWorld;
pub use review::Reviewed;
pub use run::{End, Engine, code};
pub use session::Session;
pub use sign_in::SignIn;
pub use world::World;

use run::cost;
