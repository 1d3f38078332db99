//! Docker's commands.

use super::what::Typed;

/// The containers of this name, as `docker ps` filters them.
fn filter(container: &str) -> String {
    shell_words::quote(&format!("name=^/?k8s_{container}[._]")).into_owned()
}

pub(super) fn typed(what: Typed) -> Vec<String> {
    vec![match what {
        Typed::Import { tar, .. } => format!("docker load -i {tar}"),
        Typed::ImportSent { what, .. } => format!("docker load  # sent from here: {what}"),
        Typed::RemoveImage(name) => format!("docker rmi {}", shell_words::quote(name)),
        Typed::EndContainers(container) => {
            format!("docker ps -q --filter {} | xargs -r docker stop -t 5", filter(container))
        }
        Typed::RemovePods => "docker ps -aq --filter 'name=^/?k8s_' | xargs -r docker rm -f -v".to_owned(),
        Typed::Runs { container, pod } => {
            let name = format!("name=^/?k8s_{container}([.][^_]*)?_{pod}");
            format!("[ -n \"$(docker ps -q --filter {})\" ]", shell_words::quote(&name))
        }
    }]
}
