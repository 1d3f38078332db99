//! L4: carries a plan out. It knows places, actions and proofs and names no step.

pub mod lab;
pub mod world;

pub use world::World;
