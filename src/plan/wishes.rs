//! Keys of the plan that have a few words to choose from: what each word means, and which is meant when the key is
//! left out. The words are those of the plan file.

use super::issue::shown;
use super::range::Refusal;
use super::runtime_fact::RuntimeKind;

/// Gives an enum its words; a remark names all of them and no other, and one without a word does not compile.
macro_rules! words {
    ($wish:ident { $($one:ident => $word:literal),+ }) => {
        impl $wish {
            /// All of them; the first is meant when the key is left out.
            pub const ALL: &'static [Self] = &[$(Self::$one,)+];

            /// As the plan file has it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$one => $word,)+
                }
            }

            /// What a word of the plan file means.
            ///
            /// # Errors
            /// It is none of the words: what it is instead, and which there are.
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                let found = Self::ALL.iter().find(|wish| wish.word() == text);
                found.copied().ok_or_else(|| refused(text, &[$($word,)+]))
            }
        }
    };
}

/// `cluster.runtime`: which container runtime the workers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum RuntimeWish {
    /// The one that the version's profile has.
    #[default]
    Auto,
    /// Docker, which has its own API and images.
    Docker,
    /// containerd, asked over CRI.
    Containerd,
}

impl RuntimeWish {
    /// The runtime that is wanted; `None` = whichever the version has.
    pub fn kind(self) -> Option<RuntimeKind> {
        match self {
            Self::Auto => None,
            Self::Docker => Some(RuntimeKind::Docker),
            Self::Containerd => Some(RuntimeKind::Containerd),
        }
    }
}

words!(RuntimeWish { Auto => "auto", Docker => "docker", Containerd => "containerd" });

/// `cluster.kube_proxy`: how kube-proxy comes to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum KubeProxyWish {
    /// As a static pod.
    #[default]
    Auto,
    /// As a static pod that the kubelet runs from a file.
    StaticPod,
    /// Not at all: somebody else looks after it, or a network replaces it.
    None,
}

words!(KubeProxyWish { Auto => "auto", StaticPod => "static-pod", None => "none" });

/// `cluster.cgroup_v1`: what happens to a worker that has cgroup v1 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum CgroupV1 {
    /// It is refused, with the cure.
    #[default]
    Refuse,
    /// It joins, and its kubelet is told to put up with it.
    Allow,
}

words!(CgroupV1 { Refuse => "refuse", Allow => "allow" });

/// `cluster.swap`: what happens to a worker that has swap on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum SwapPolicy {
    /// It is refused, as the kubelet does unless it is told otherwise.
    #[default]
    Refuse,
    /// It joins; the host keeps its swap and no pod gets any of it.
    NoSwap,
}

words!(SwapPolicy { Refuse => "refuse", NoSwap => "no-swap" });

/// `cluster.pod_network`: what gangplank itself writes so that pods have a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum PodNetworkWish {
    /// Nothing: the pod network comes from elsewhere.
    #[default]
    None,
}

words!(PodNetworkWish { None => "none" });

fn refused(text: &str, words: &[&str]) -> Refusal {
    let known = match words {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.join(""),
    };
    (format!("{} is no choice", shown(text)), format!("write {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_back_and_another_one_is_told_what_there_is() {
        for wish in KubeProxyWish::ALL {
            assert_eq!(KubeProxyWish::parse(wish.word()), Ok(*wish));
        }
        let (what, cure) = KubeProxyWish::parse("unit").unwrap_err();
        assert_eq!(
            (what.as_str(), cure.as_str()),
            ("\"unit\" is no choice", "write auto, static-pod or none")
        );
        assert_eq!(CgroupV1::parse("Allow").unwrap_err().1, "write refuse or allow");
        assert_eq!(PodNetworkWish::parse("bridge").unwrap_err().1, "write none");
    }

    #[test]
    fn what_is_left_out_has_the_careful_meaning() {
        assert_eq!(RuntimeWish::default().word(), "auto");
        assert_eq!(KubeProxyWish::default().word(), "auto");
        assert_eq!(CgroupV1::default().word(), "refuse");
        assert_eq!(SwapPolicy::default().word(), "refuse");
        assert_eq!(PodNetworkWish::default().word(), "none");
    }
}
