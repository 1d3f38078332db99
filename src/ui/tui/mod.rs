//! The wizard on the whole screen: the terminal, colours, and how each screen is drawn.

pub mod app;
pub mod clipboard;
pub mod keys;
mod lent;
pub mod limited;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod unwrapped;
pub mod view;
