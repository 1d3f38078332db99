//! What the screens are called for the cluster that is answered.

use crate::plan::minors;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::screen::Screen;
use crate::ui::wizard::screens::skydns;

impl Model {
    /// What a screen is called: the one of cluster DNS as the post calls it, unless the cluster is of today.
    pub fn title(&self, screen: Screen) -> &'static str {
        if screen == Screen::Dns && self.is_current() { "Cluster DNS" } else { screen.title() }
    }

    /// The same in few letters.
    pub fn short_title(&self, screen: Screen) -> &'static str {
        if screen == Screen::Dns && self.is_current() { "DNS" } else { screen.short() }
    }

    /// The API said that it is of a version whose workers have containerd, or the plan states one.
    fn is_current(&self) -> bool {
        skydns::said(self).is_some_and(|version| minors::CRI_ONLY.holds(version))
    }
}
