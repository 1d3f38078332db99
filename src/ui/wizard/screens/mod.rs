//! The screens, each in the file of its word: what an intent does there. A screen is drawn in the file of the same
//! name of a face.

pub mod ca;
pub mod certificates;
pub mod cluster;
pub mod diagnosis;
pub mod kubectl;
pub mod live;
pub mod log;
pub mod repair;
pub mod report;
pub mod review;
pub mod run;
pub mod skydns;
pub mod welcome;
pub mod workers;
