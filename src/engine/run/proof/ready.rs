//! What must be heard of a node before it counts as Ready.

use crate::engine::inspect::WorkSite;
use crate::step::Proof;

/// A node's heartbeat has whole seconds, and clocks differ a little, milliseconds.
const HEARTBEAT_SLACK: i64 = 1_500;

/// What the API must say of a node that counts as Ready.
pub(super) struct ReadyLook {
    /// The node.
    pub(super) name: String,
    /// Since when it must say so by its status, and by a word of its kubelet, milliseconds of the worker's clock.
    pub(super) status: Option<i64>,
    /// The second of these.
    pub(super) word: Option<i64>,
    /// The kubelet is asked too.
    healthz: bool,
}

impl ReadyLook {
    /// From a proof; `None` = it is not of a node.
    pub(super) fn of(
        site: &WorkSite,
        proof: &Proof,
        started: Option<i64>,
        ended: Option<i64>,
    ) -> Option<Self> {
        let Proof::NodeReady { name, since_ms, healthz, .. } = proof else { return None };
        // The heartbeat is written by the worker's clock.
        let skew =
            site.facts.machine().yes().and_then(|machine| machine.ahead_ms(site.asked_ms)).unwrap_or(0);
        let there = |ours: i64| ours.saturating_add(skew).saturating_sub(HEARTBEAT_SLACK);
        // What must be younger than a look must surely be so: a word from a moment before may be the last there was.
        let surely = since_ms.map(|since| since.saturating_add(skew));
        let (status, word) = (started.map(there), ended.map(there).max(surely));
        Some(Self { name: name.clone(), status, word, healthz: healthz.is_some() })
    }

    /// The worker itself is not asked.
    pub(super) fn is_of_the_api_alone(&self) -> bool {
        !self.healthz
    }

    /// Leases of nodes are asked for too: they tell of a kubelet between its statuses.
    pub(super) fn leases(&self) -> bool {
        self.word > self.status
    }
}
