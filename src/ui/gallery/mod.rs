//! Pictures of screens: a buffer as SVG, that as PNG, and many of them as an asciicast. What is drawn comes
//! from the views; nothing here knows what a screen means.

pub mod cast;
pub mod pictures;
pub mod png;
pub mod scenes;
mod steady;
pub mod svg;
