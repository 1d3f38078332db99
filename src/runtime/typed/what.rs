//! What can be done with a container runtime by hand.

/// Something that is done with a container runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed<'a> {
    /// Images out of a tar; the names are those that were missing.
    Import {
        /// The tar there, as one word of a shell.
        tar: &'a str,
        /// Names of images.
        names: &'a [&'a str],
    },
    /// Images out of what comes on the input; the text says what that is.
    ImportSent {
        /// What is sent, in words.
        what: &'a str,
        /// Names of images.
        names: &'a [&'a str],
    },
    /// An image goes.
    RemoveImage(&'a str),
    /// The containers of this name in pods of `kube-system` end; the kubelet starts them anew.
    EndContainers(&'a str),
    /// Every container that a kubelet had made goes.
    RemovePods,
    /// A container of a pod runs: a test for `if` and `until`.
    Runs {
        /// The container's name; `POD` for what holds the pod's network.
        container: &'a str,
        /// The pod's name.
        pod: &'a str,
    },
}
