//! The screens, each under the word that stands on it.

pub mod certificates;
pub mod log;
pub mod review;
pub mod run;
