//! How each screen is drawn, under the word that stands on it.

pub mod live;
pub mod review;
pub mod run;
