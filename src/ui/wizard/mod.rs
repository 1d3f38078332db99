//! The wizard's core: what it knows, what it hears, what it wants done. It draws nothing and knows no terminal.

pub mod autoplay;
pub mod dialogs;
pub mod effects;
pub mod form;
pub mod input;
pub mod key;
pub mod keymap;
pub mod layer;
pub mod layout;
pub mod message;
pub mod model;
pub mod role;
pub mod screens;
pub mod start;
pub mod unwritten;
pub mod update;
