//! What is done with a container runtime, as somebody would type it on the host: for reading, and for the script by
//! hand. What gangplank sends are the words of `assets/host`, which do the same and keep a record.

mod containerd;
mod docker;
mod what;

use crate::plan::runtime_fact::RuntimeKind;

pub use what::Typed;

/// What is typed for it.
pub fn typed(runtime: RuntimeKind, what: Typed) -> Vec<String> {
    match runtime {
        RuntimeKind::Docker => docker::typed(what),
        RuntimeKind::Containerd => containerd::typed(what),
    }
}

/// What follows the log of a container of a runtime without CRI, by the container's full id.
pub fn follows_log(id: &str, tail: usize) -> String {
    format!("docker logs --tail {tail} --follow {}", shell_words::quote(id))
}

/// Programs of runtimes that a way by hand names, and whether they run on this computer whatever the problem is on.
pub const PROGRAMS: [(&str, bool); 6] = [
    ("containerd", false),
    ("crictl", false),
    ("ctr", false),
    ("ctr -n k8s.io images export", true),
    ("docker", false),
    ("docker save", true),
];

/// What lists all containers of a worker, also those that have ended.
pub fn lists(runtime: RuntimeKind) -> &'static str {
    match runtime {
        RuntimeKind::Docker => "docker ps -a",
        RuntimeKind::Containerd => "crictl ps -a or ctr -n k8s.io tasks ls",
    }
}

/// What lists the containers that run.
pub fn lists_running(runtime: RuntimeKind) -> &'static str {
    match runtime {
        RuntimeKind::Docker => "docker ps",
        RuntimeKind::Containerd => "ctr -n k8s.io tasks ls",
    }
}

/// How a tar of images is made, on a machine that has them.
pub fn makes_tar(runtime: RuntimeKind, tar: &str) -> String {
    let tar = shell_words::quote(tar);
    match runtime {
        RuntimeKind::Docker => format!("docker save IMAGE... -o {tar}"),
        RuntimeKind::Containerd => format!("ctr -n k8s.io images export {tar} IMAGE..."),
    }
}

#[cfg(test)]
mod tests {
    use super::{RuntimeKind, Typed, typed};

    #[test]
    fn what_is_typed_for_containerd_names_no_other_runtime() {
        let names = &["pause:3.10", "registry.k8s.io/kube-proxy:v1.37.2"];
        for (what, lines) in [
            (
                Typed::Import { tar: "/x.tar", names },
                "ctr -n k8s.io images import /x.tar\n\
                 ctr -n k8s.io images label docker.io/library/pause:3.10 io.cri-containerd.pinned=pinned\n\
                 ctr -n k8s.io images label registry.k8s.io/kube-proxy:v1.37.2 io.cri-containerd.pinned=pinned",
            ),
            (Typed::RemoveImage("pause:3.10"), "ctr -n k8s.io images rm docker.io/library/pause:3.10"),
        ] {
            assert_eq!(typed(RuntimeKind::Containerd, what).join("\n"), lines);
        }
        assert_eq!(
            typed(RuntimeKind::Docker, Typed::Import { tar: "/x.tar", names }),
            ["docker load -i /x.tar"]
        );
    }
}
