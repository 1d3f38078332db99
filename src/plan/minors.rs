//! What differs between the minors of Kubernetes, as a table: nowhere else is a minor compared with a number.

use super::model::Version;

/// The minors of Kubernetes 1 in which something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first minor.
    from: u16,
    /// The first minor in which it is not so any more; `None` = it still is.
    until: Option<u16>,
}

impl Span {
    const fn since(from: u16) -> Self {
        Self { from, until: None }
    }

    const fn between(from: u16, until: u16) -> Self {
        Self { from, until: Some(until) }
    }

    /// Whether it is so in this version.
    pub fn holds(self, version: Version) -> bool {
        let before = |until: u16| (version.major, version.minor) < (1, until);
        !before(self.from) && self.until.is_none_or(before)
    }

    /// The first version in which it is so.
    pub fn first(self) -> Version {
        Version { major: 1, minor: self.from, patch: 0 }
    }
}

/// RBAC, and with it what a service account may do (release notes of 1.6).
pub const RBAC: Span = Span::since(6);
/// Kubelets renew a Lease in kube-node-lease (NodeLease is on by default; release notes of 1.14).
pub const NODE_LEASE: Span = Span::since(14);
/// A cluster of IPv6 addresses (beta; release notes of 1.18).
pub const IPV6: Span = Span::since(18);
/// What the post sets up.
pub const THE_POST: Span = Span::between(2, 3);
/// The kubelets with dockershim that take a configuration file, Node authorizer and RBAC as they are written here.
pub const DOCKERSHIM: Span = Span::between(16, 24);
/// Kubelets that need a container runtime with CRI (dockershim is gone; release notes of 1.24).
pub const CRI_ONLY: Span = Span::since(24);

/// The kubelet's default pause image (`cmd/kubelet/app/options/container_runtime.go` of each).
pub const PAUSE: &[(Span, &str)] = &[
    (Span::between(0, 18), "k8s.gcr.io/pause:3.1"),
    (Span::between(18, 21), "k8s.gcr.io/pause:3.2"),
    (Span::between(21, 22), "k8s.gcr.io/pause:3.4.1"),
    (Span::between(22, 23), "k8s.gcr.io/pause:3.5"),
    (Span::since(23), "k8s.gcr.io/pause:3.6"),
];

/// The value of a table in this version.
pub fn at<T: Copy>(table: &[(Span, T)], version: Version) -> Option<T> {
    table.iter().find(|(span, _)| span.holds(version)).map(|(_, value)| *value)
}

/// How a kubelet's minor stands to its API server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// The server serves it.
    Served,
    /// A kubelet is never newer than its server (version skew policy of Kubernetes).
    Newer,
    /// More than so many minors older.
    TooOld {
        /// The most minors it may be older.
        most: u16,
    },
}

/// Servers before it serve kubelets that are two minors older, later ones three (version skew policy; release notes of
/// 1.28).
const THREE_OLDER: Span = Span::since(28);

/// Judges a kubelet by the version skew policy of Kubernetes. It holds for the kubelets that are set up here but the
/// post's, whose server has its own version.
pub fn skew(kubelet: Version, api: Version) -> Skew {
    let most = if THREE_OLDER.holds(api) { 3 } else { 2 };
    if (kubelet.major, kubelet.minor) > (api.major, api.minor) {
        Skew::Newer
    } else if kubelet >= DOCKERSHIM.first() && api.minor.saturating_sub(kubelet.minor) > most {
        Skew::TooOld { most }
    } else {
        Skew::Served
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(minor: u16) -> Version {
        Version { major: 1, minor, patch: 3 }
    }

    #[test]
    fn a_span_begins_with_its_first_minor_and_ends_before_its_last() {
        for (span, from, until) in [
            (RBAC, 6, None),
            (NODE_LEASE, 14, None),
            (IPV6, 18, None),
            (THE_POST, 2, Some(3)),
            (DOCKERSHIM, 16, Some(24)),
            (CRI_ONLY, 24, None),
            (THREE_OLDER, 28, None),
        ] {
            assert!(!span.holds(v(from - 1)) && span.holds(v(from)), "{span:?}");
            assert_eq!(span.holds(v(until.unwrap_or(from + 40))), until.is_none(), "{span:?}");
            assert!(span.holds(v(until.unwrap_or(from + 1) - 1)), "{span:?}");
        }
        assert!(!DOCKERSHIM.holds(Version { major: 2, minor: 17, patch: 0 }));
    }

    #[test]
    fn each_minor_has_the_pause_image_that_its_kubelet_asks_for() {
        for (minor, tag) in [(17, "3.1"), (18, "3.2"), (20, "3.2"), (21, "3.4.1"), (22, "3.5"), (23, "3.6")] {
            assert_eq!(at(PAUSE, v(minor)), Some(&*format!("k8s.gcr.io/pause:{tag}")), "{minor}");
        }
    }

    #[test]
    fn a_kubelet_is_never_newer_and_two_or_three_minors_older_at_most() {
        for (kubelet, api, is) in [
            (20, 20, Skew::Served),
            (21, 20, Skew::Newer),
            (18, 20, Skew::Served),
            (17, 20, Skew::TooOld { most: 2 }),
            (25, 27, Skew::Served),
            (24, 27, Skew::TooOld { most: 2 }),
            (25, 28, Skew::Served),
            (24, 28, Skew::TooOld { most: 3 }),
            (34, 37, Skew::Served),
            (33, 37, Skew::TooOld { most: 3 }),
            (2, 20, Skew::Served),
        ] {
            assert_eq!(skew(v(kubelet), v(api)), is, "kubelet 1.{kubelet}, API server 1.{api}");
        }
    }
}
