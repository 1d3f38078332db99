//! Hosts of ssh_config that become workers.

use ratatui::Frame;

use crate::ui::tui::view::window::list;
use crate::ui::wizard::model::Model;

/// The hosts with what is chosen of them.
pub fn draw(frame: &mut Frame, model: &Model, hosts: &[(String, bool)], at: usize) {
    list(frame, model, "Hosts of ssh_config", "Space chooses, Enter adds, Esc leaves them", hosts, at);
}
