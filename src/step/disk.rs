//! Space on the disks of a worker, each where its path really lies.

use crate::plan::code::ProblemCode;
use crate::plan::fact::Machine;
use crate::plan::problem::{Problem, Verdict};
use crate::plan::runtime_fact::RuntimeFact;

/// Space for keys, units and manifests, MiB.
const FREE_ETC: u64 = 16;
/// Space for images, MiB.
const FREE_IMAGES: u64 = 512;
/// Where docker keeps its images unless it is told otherwise.
const DOCKER: &str = "/var/lib/docker";

/// A word on each place that is written to.
pub(super) fn verdicts(machine: &Machine, runtime: Option<&RuntimeFact>) -> Vec<Verdict> {
    let docker = runtime.and_then(|runtime| runtime.docker.as_ref());
    let moved = docker.filter(|docker| !docker.root.is_empty() && docker.root != DOCKER);
    let containerd = runtime.and_then(|runtime| runtime.containerd.as_ref());
    let images = match (moved, containerd) {
        (Some(docker), _) => (docker.root.to_string(), docker.free_mib),
        (None, Some(containerd)) if docker.is_none() => (containerd.root.to_string(), containerd.free_mib),
        (None, _) => (DOCKER.to_owned(), machine.free_mib.get(DOCKER).copied()),
    };
    let etc = ("/etc".to_owned(), machine.free_mib.get("/etc").copied());
    [(etc, FREE_ETC), (images, FREE_IMAGES)]
        .into_iter()
        .map(|((path, free), need)| match free {
            Some(mib) if mib < need => Verdict::Stops(
                Problem::new(
                    ProblemCode::Disk01,
                    format!("{path} has {mib} MiB left, {need} MiB are needed"),
                )
                .manual(format!(
                    "make room: du -xh --max-depth=2 {} | sort -h | tail",
                    shell_words::quote(&path)
                )),
            ),
            Some(mib) => Verdict::ok(&format!("space for {path}"), format!("{mib} MiB")),
            None => Verdict::warning(
                &format!("space for {path}"),
                "could not be looked at",
                "see whether df answers there; a mount that hangs keeps it from that",
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Machine, RuntimeFact, Verdict, verdicts};
    use crate::plan::containerd_fact::ContainerdFact;
    use crate::plan::runtime_fact::DockerFact;

    #[test]
    fn the_command_that_shows_what_fills_a_disk_names_one_path_whatever_is_in_it() {
        let docker =
            DockerFact { root: "/data/it's mine".into(), free_mib: Some(1), ..DockerFact::default() };
        let runtime = RuntimeFact { docker: Some(docker), containerd: None };
        let seen = verdicts(&Machine::default(), Some(&runtime));
        let stopped =
            seen.iter().find_map(|one| if let Verdict::Stops(why) = one { Some(why) } else { None });
        let text = format!("{:?}", stopped.map(|why| &why.ways));
        let command =
            text.split("room: ").nth(1).and_then(|text| text.split(" |").next()).unwrap_or_default();
        let words = shell_words::split(&command.replace("\\\\", "\\")).unwrap_or_default();
        assert_eq!(words, ["du", "-xh", "--max-depth=2", "/data/it's mine"], "{text}");
    }
    #[test]
    fn where_containerd_keeps_its_images_is_looked_at_and_not_where_docker_would() {
        let containerd = ContainerdFact {
            root: "/var/lib/containerd".into(),
            free_mib: Some(1),
            ..ContainerdFact::default()
        };
        let runtime = RuntimeFact { docker: None, containerd: Some(containerd) };
        let text = format!("{:?}", verdicts(&Machine::default(), Some(&runtime)));
        assert!(text.contains("/var/lib/containerd has 1 MiB left") && !text.contains("docker"), "{text}");
    }
}
