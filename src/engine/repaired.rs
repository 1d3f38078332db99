//! When a repair changed a place: what is proven afterwards must be younger.

/// When a repair changed a place, by this computer's clock, milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepairedAt {
    /// When its kubelet was started.
    pub started_ms: Option<i64>,
    /// When its last action ended.
    pub ended_ms: i64,
}
