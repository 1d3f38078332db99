//! The answer of a field: read as the text that stands in it, written from what was typed, and what an empty one
//! inherits.

use crate::plan::answers::{
    Answers, ContextAnswers, DifferenceAnswers, KubectlAnswers, LoginAnswers, WorkerAnswers,
};
use crate::plan::fields_text;
use crate::plan::wishes::{CgroupV1, KubeProxyWish, PodNetworkWish, RuntimeWish, SwapPolicy};
use crate::ui::wizard::form::field::{AUTO, Field};

impl Field {
    /// The answer as text; empty = not answered.
    pub fn get(self, answers: &Answers, row: usize) -> String {
        let none = WorkerAnswers::default();
        let worker = answers.workers.get(row).unwrap_or(&none);
        let context = context(answers);
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let number = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
        let list =
            |value: &Option<Vec<String>>| value.as_ref().map(|list| list.join(", ")).unwrap_or_default();
        match self {
            Self::CaPlace => ca_place(answers).to_owned(),
            Self::CaHost => text(&answers.ca.place).strip_prefix("ssh://").unwrap_or_default().to_owned(),
            Self::CaCert => text(&answers.ca.cert),
            Self::CaKey => text(&answers.ca.key),
            Self::CaSshKey => text(&answers.ca.ssh.key),
            Self::CaJump => list(&answers.ca.ssh.jump),
            Self::CaHostKey => text(&answers.ca.ssh.host_key),
            Self::Days => number(answers.ca.days),
            Self::Cluster => text(&answers.cluster.name),
            Self::Api => text(&answers.cluster.api),
            Self::ServiceRange => text(&answers.cluster.service_range),
            Self::Dns => text(&answers.cluster.dns),
            Self::Domain => text(&answers.cluster.domain),
            Self::PodRange => text(&answers.cluster.pod_range),
            Self::Kubernetes => text(&answers.cluster.kubernetes),
            Self::Differences => match &answers.cluster.differences {
                None => "repaired".to_owned(),
                Some(DifferenceAnswers::All(word)) => word.clone(),
                Some(DifferenceAnswers::Each { base, .. }) => {
                    base.clone().unwrap_or_else(|| "repaired".to_owned())
                }
            },
            Self::Runtime => chosen(answers.cluster.runtime.as_ref(), RuntimeWish::default().word()),
            Self::KubeProxy => chosen(answers.cluster.kube_proxy.as_ref(), KubeProxyWish::default().word()),
            Self::CgroupV1 => chosen(answers.cluster.cgroup_v1.as_ref(), CgroupV1::default().word()),
            Self::Swap => chosen(answers.cluster.swap.as_ref(), SwapPolicy::default().word()),
            Self::PodNetwork => {
                chosen(answers.cluster.pod_network.as_ref(), PodNetworkWish::default().word())
            }
            Self::Name => text(&worker.name),
            Self::Address => text(&worker.address),
            Self::User => text(&worker.ssh.user),
            Self::Port => number(worker.ssh.port),
            Self::Host => text(&worker.ssh.host),
            Self::SshKey => text(&worker.ssh.key),
            Self::Jump => list(&worker.ssh.jump),
            Self::HostKey => text(&worker.ssh.host_key),
            Self::Images => list(&worker.images),
            Self::Kubelet => text(&worker.kubelet.file),
            Self::KubeletHash => text(&worker.kubelet.sha256),
            Self::Binaries => text(&worker.binaries),
            Self::KubeletArgs => flags(worker.kubelet_args.as_ref()),
            Self::KubeletConfig => worker.kubelet_config.as_ref().map(fields_text::shown).unwrap_or_default(),
            Self::ProxyArgs => flags(worker.proxy_args.as_ref()),
            Self::Replace => if worker.replace == Some(true) { "yes" } else { "no" }.to_owned(),
            Self::Kubectl => match &answers.kubectl {
                KubectlAnswers::Word(_) => "none",
                KubectlAnswers::Context(context) if context.merge == Some(true) => "merge",
                KubectlAnswers::Context(_) => "file",
            }
            .to_owned(),
            Self::Context => text(&context.context),
            Self::ContextCluster => text(&context.cluster),
            Self::ContextUser => text(&context.user),
            Self::ContextFile => text(&context.file),
            Self::Deploy => answers.dns.deploy.clone().unwrap_or_else(|| AUTO.to_owned()),
            Self::Replicas => number(answers.dns.replicas),
        }
    }

    /// What an empty field of a worker inherits from the plan's defaults.
    pub fn inherited(self, answers: &Answers) -> Option<String> {
        let LoginAnswers { port, user, key, jump, .. } = &answers.defaults.ssh;
        match self {
            Self::User => user.clone(),
            Self::Port => port.map(|port| port.to_string()),
            Self::SshKey => key.clone(),
            Self::Jump => jump.as_ref().map(|jump| jump.join(", ")),
            Self::Images => answers.defaults.images.as_ref().map(|images| images.join(", ")),
            Self::Kubelet => answers.defaults.kubelet.file.clone(),
            Self::HostKey => answers.defaults.ssh.host_key.clone(),
            Self::Binaries => answers.defaults.binaries.clone(),
            Self::KubeletConfig => answers.defaults.kubelet_config.as_ref().map(fields_text::shown),
            Self::KubeletArgs => Some(flags(answers.defaults.kubelet_args.as_ref())),
            Self::ProxyArgs => Some(flags(answers.defaults.proxy_args.as_ref())),
            _ => None,
        }
        .filter(|value| !value.is_empty())
    }

    /// Writes the answer; what is empty is taken back.
    pub fn set(self, answers: &mut Answers, row: usize, value: &str) {
        // What nobody sees is no answer, and a plan file with it could not be opened again.
        let seen: String = value.chars().filter(|c| !crate::plan::clean::is_invisible(*c)).collect();
        let value = seen.trim();
        let text = (!value.is_empty()).then(|| value.to_owned());
        // What is no number is no answer; the form keeps what was typed.
        let number = text.as_ref().and_then(|text| text.parse::<u32>().ok());
        let list = text.as_ref().map(|text| {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        });
        if matches!(self, Self::Context | Self::ContextCluster | Self::ContextUser | Self::ContextFile) {
            let mut context = context(answers);
            match self {
                Self::Context => context.context = text,
                Self::ContextCluster => context.cluster = text,
                Self::ContextUser => context.user = text,
                _ => context.file = text,
            }
            answers.kubectl = KubectlAnswers::Context(context);
            return;
        }
        match self {
            Self::CaPlace => set_ca_place(answers, value),
            Self::CaHost => answers.ca.place = Some(format!("ssh://{value}")),
            Self::CaCert => answers.ca.cert = text,
            Self::CaKey => answers.ca.key = text,
            Self::CaSshKey => answers.ca.ssh.key = text,
            Self::CaJump => answers.ca.ssh.jump = list,
            Self::CaHostKey => answers.ca.ssh.host_key = text,
            Self::Days => answers.ca.days = number,
            Self::Cluster => answers.cluster.name = text,
            Self::Api => answers.cluster.api = text,
            Self::ServiceRange => answers.cluster.service_range = text,
            Self::Dns => answers.cluster.dns = text,
            Self::Domain => answers.cluster.domain = text,
            Self::PodRange => answers.cluster.pod_range = text,
            Self::Kubernetes => answers.cluster.kubernetes = text,
            Self::Differences => set_differences(answers, value),
            Self::Runtime => answers.cluster.runtime = unusual(text, RuntimeWish::default().word()),
            Self::KubeProxy => answers.cluster.kube_proxy = unusual(text, KubeProxyWish::default().word()),
            Self::CgroupV1 => answers.cluster.cgroup_v1 = unusual(text, CgroupV1::default().word()),
            Self::Swap => answers.cluster.swap = unusual(text, SwapPolicy::default().word()),
            Self::PodNetwork => answers.cluster.pod_network = unusual(text, PodNetworkWish::default().word()),
            Self::Kubectl => set_kubectl(answers, value),
            Self::Deploy => answers.dns.deploy = text.filter(|word| word != AUTO),
            Self::Replicas => answers.dns.replicas = number,
            _ => {
                let Some(worker) = answers.workers.get_mut(row) else { return };
                match self {
                    Self::Name => worker.name = text,
                    Self::Address => worker.address = text,
                    Self::User => worker.ssh.user = text,
                    Self::Port => worker.ssh.port = number,
                    Self::Host => worker.ssh.host = text,
                    Self::SshKey => worker.ssh.key = text,
                    Self::Jump => worker.ssh.jump = list,
                    Self::HostKey => worker.ssh.host_key = text,
                    Self::Images => worker.images = list,
                    Self::Kubelet => worker.kubelet.file = text,
                    Self::KubeletHash => worker.kubelet.sha256 = text,
                    Self::Binaries => worker.binaries = text,
                    // What cannot be read is no answer; the form keeps what was typed.
                    Self::KubeletConfig => {
                        worker.kubelet_config = fields_text::read(value).ok().filter(|all| !all.is_empty());
                    }
                    Self::KubeletArgs => worker.kubelet_args = text.as_deref().map(read_flags),
                    Self::ProxyArgs => worker.proxy_args = text.as_deref().map(read_flags),
                    Self::Replace => worker.replace = (value == "yes").then_some(true),
                    _ => {}
                }
            }
        }
    }
}

/// A choice that was made, or the usual one.
fn chosen(answer: Option<&String>, usual: &str) -> String {
    answer.map_or(usual, String::as_str).to_owned()
}

/// The usual choice is none that has to be kept.
fn unusual(text: Option<String>, usual: &str) -> Option<String> {
    text.filter(|text| text != usual)
}

/// Flags have commas in them, so they are written as for a shell.
fn flags(list: Option<&Vec<String>>) -> String {
    list.map(shell_words::join).unwrap_or_default()
}

/// A quote that is not closed is a sign like others.
fn read_flags(text: &str) -> Vec<String> {
    shell_words::split(text).unwrap_or_else(|_| text.split_whitespace().map(str::to_owned).collect())
}

/// `files`, `ssh`, `new` or `offline`.
pub fn ca_place(answers: &Answers) -> &str {
    match answers.ca.place.as_deref() {
        Some(place) if place.starts_with("ssh:") => "ssh",
        Some(place) => place,
        None => "files",
    }
}

fn set_ca_place(answers: &mut Answers, value: &str) {
    answers.ca.place = Some(if value == "ssh" { "ssh://".to_owned() } else { value.to_owned() });
}

fn set_differences(answers: &mut Answers, value: &str) {
    let word = (value != "repaired").then(|| value.to_owned());
    answers.cluster.differences = match answers.cluster.differences.take() {
        Some(DifferenceAnswers::Each { set, .. }) => Some(DifferenceAnswers::Each { base: word, set }),
        Some(DifferenceAnswers::All(_)) | None => word.map(DifferenceAnswers::All),
    };
}

fn context(answers: &Answers) -> ContextAnswers {
    match &answers.kubectl {
        KubectlAnswers::Context(context) => context.clone(),
        KubectlAnswers::Word(_) => ContextAnswers::default(),
    }
}

fn set_kubectl(answers: &mut Answers, value: &str) {
    if value == "none" {
        answers.kubectl = KubectlAnswers::Word("none".to_owned());
        return;
    }
    let mut context = context(answers);
    context.merge = (value == "merge").then_some(true);
    answers.kubectl = KubectlAnswers::Context(context);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Field] = &[
        Field::CaHost,
        Field::CaCert,
        Field::CaKey,
        Field::Days,
        Field::Cluster,
        Field::Api,
        Field::ServiceRange,
        Field::Dns,
        Field::Domain,
        Field::PodRange,
        Field::Name,
        Field::Address,
        Field::User,
        Field::Host,
        Field::SshKey,
        Field::HostKey,
        Field::Kubelet,
        Field::KubeletHash,
        Field::Binaries,
        Field::Context,
        Field::ContextFile,
    ];

    #[test]
    fn what_is_written_is_read_back_and_taken_back_when_empty() {
        for field in ALL {
            let mut answers = Answers { workers: vec![WorkerAnswers::default()], ..Answers::default() };
            let text = if *field == Field::Days { "7" } else { "some-text" };
            field.set(&mut answers, 0, text);
            assert_eq!(field.get(&answers, 0), text, "{field:?}");
            field.set(&mut answers, 0, "  ");
            assert_eq!(field.get(&answers, 0), "", "{field:?}");
        }
    }

    #[test]
    fn flags_are_read_back_with_their_commas_and_blanks() {
        let list =
            vec!["--eviction-hard=memory.available<5%,nodefs.available<9%".to_owned(), "--a=b c".to_owned()];
        for field in [Field::KubeletArgs, Field::ProxyArgs] {
            let worker = WorkerAnswers {
                kubelet_args: Some(list.clone()),
                proxy_args: Some(list.clone()),
                ..WorkerAnswers::default()
            };
            let mut answers = Answers { workers: vec![worker.clone()], ..Answers::default() };
            let text = field.get(&answers, 0);
            field.set(&mut answers, 0, &text);
            assert_eq!(answers.workers, [worker], "{text}");
        }
        assert_eq!(read_flags("--a='b"), ["--a='b"], "it is kept as it was typed");
    }

    #[test]
    fn fields_of_the_kubelet_are_read_back_with_their_types_and_shown_where_they_are_inherited() {
        let mut answers = Answers { workers: vec![WorkerAnswers::default()], ..Answers::default() };
        let text = "maxPods=50, evictionHard.memory.available=5%, a=\"50\"";
        Field::KubeletConfig.set(&mut answers, 0, text);
        assert_eq!(Field::KubeletConfig.get(&answers, 0), text);
        answers.defaults.kubelet_config = answers.workers[0].kubelet_config.take();
        assert_eq!(Field::KubeletConfig.get(&answers, 0), "");
        assert_eq!(Field::KubeletConfig.inherited(&answers).as_deref(), Some(text));
        assert!(Field::KubeletConfig.unreadable("maxPods").is_some());
        assert!(Field::KubeletConfig.unreadable("").is_none());
    }

    #[test]
    fn the_usual_choice_is_left_out_of_the_plan() {
        let mut answers = Answers::default();
        for (field, other) in [
            (Field::Runtime, "containerd"),
            (Field::KubeProxy, "static-pod"),
            (Field::CgroupV1, "allow"),
            (Field::Swap, "no-swap"),
        ] {
            let usual = field.get(&answers, 0);
            field.set(&mut answers, 0, other);
            assert_ne!(answers, Answers::default(), "{field:?}");
            field.set(&mut answers, 0, &usual);
            assert_eq!(answers, Answers::default(), "{field:?}");
        }
    }

    #[test]
    fn every_choice_is_read_back() {
        for field in [
            Field::CaPlace,
            Field::Differences,
            Field::Runtime,
            Field::KubeProxy,
            Field::CgroupV1,
            Field::Swap,
            Field::PodNetwork,
            Field::Replace,
            Field::Kubectl,
            Field::Deploy,
        ] {
            for (value, _) in field.choices().unwrap() {
                let mut answers = Answers { workers: vec![WorkerAnswers::default()], ..Answers::default() };
                field.set(&mut answers, 0, value);
                assert_eq!(field.get(&answers, 0), *value, "{field:?}");
            }
        }
    }

    #[test]
    fn another_place_of_the_ca_keeps_its_files() {
        let mut answers = Answers::default();
        Field::CaCert.set(&mut answers, 0, "ca.crt");
        Field::CaPlace.set(&mut answers, 0, "ssh");
        Field::CaHost.set(&mut answers, 0, "root@ca/root");
        assert_eq!(answers.ca.place.as_deref(), Some("ssh://root@ca/root"));
        assert_eq!(Field::CaCert.get(&answers, 0), "ca.crt");
    }
}
