//! The keys of the plan that a problem may ask to change. The forms have a field for each of them; `images` and
//! `defaults` are changed in the file only.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes the enum and its paths of one table, so that no key is left out of `ALL`.
macro_rules! plan_fields {
    ($($field:ident $path:literal;)+) => {
        /// A key of the plan, without the number of its worker.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum PlanField {
            $(#[doc = concat!("`", $path, "`")] #[serde(rename = $path)] $field,)+
        }

        impl PlanField {
            /// In the order of the plan file.
            pub const ALL: &'static [Self] = &[$(Self::$field,)+];

            /// Where it stands in the file; every worker is `workers[]`.
            pub fn path(self) -> &'static str {
                match self { $(Self::$field => $path,)+ }
            }
        }
    };
}

plan_fields! {
    ClusterName "cluster.name";
    Api "cluster.api";
    Domain "cluster.domain";
    ServiceRange "cluster.service_range";
    DnsAddress "cluster.dns";
    PodRange "cluster.pod_range";
    Kubernetes "cluster.kubernetes";
    Differences "cluster.differences";
    Runtime "cluster.runtime";
    KubeProxy "cluster.kube_proxy";
    CgroupV1 "cluster.cgroup_v1";
    Swap "cluster.swap";
    PodNetwork "cluster.pod_network";
    CaPlace "ca.where";
    CaCert "ca.cert";
    CaKey "ca.key";
    CaDays "ca.days";
    CaSshKey "ca.ssh.key";
    CaSshJump "ca.ssh.jump";
    CaSshHostKey "ca.ssh.host_key";
    WorkerName "workers[].name";
    WorkerAddress "workers[].address";
    SshHost "workers[].ssh.host";
    SshPort "workers[].ssh.port";
    SshUser "workers[].ssh.user";
    SshKey "workers[].ssh.key";
    SshJump "workers[].ssh.jump";
    SshHostKey "workers[].ssh.host_key";
    ImageTars "workers[].images";
    KubeletFile "workers[].kubelet.file";
    KubeletSha256 "workers[].kubelet.sha256";
    Binaries "workers[].binaries";
    KubeletArgs "workers[].kubelet_args";
    KubeletConfig "workers[].kubelet_config";
    ProxyArgs "workers[].proxy_args";
    Replace "workers[].replace";
    KubectlContext "kubectl.context";
    KubectlCluster "kubectl.cluster";
    KubectlUser "kubectl.user";
    KubectlFile "kubectl.file";
    KubectlMerge "kubectl.merge";
    DnsDeploy "dns.deploy";
    DnsReplicas "dns.replicas";
}

impl fmt::Display for PlanField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.path())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_yaml::Value;

    use super::PlanField;
    use crate::plan::answers::{
        Answers, CaAnswers, CaLogin, ClusterAnswers, ContextAnswers, Defaults, DifferenceAnswers, DnsAnswers,
        KubectlAnswers, KubeletAnswers, LoginAnswers, WorkerAnswers,
    };

    /// Every key is answered; a new one does not compile until it is here.
    fn everything() -> Answers {
        let text = || Some("x".to_owned());
        let list = || Some(vec!["x".to_owned()]);
        Answers {
            cluster: ClusterAnswers {
                name: text(),
                api: text(),
                domain: text(),
                service_range: text(),
                dns: text(),
                pod_range: text(),
                kubernetes: text(),
                differences: Some(DifferenceAnswers::All("faithful".to_owned())),
                runtime: text(),
                kube_proxy: text(),
                cgroup_v1: text(),
                swap: text(),
                pod_network: text(),
            },
            ca: CaAnswers {
                place: text(),
                cert: text(),
                key: text(),
                days: Some(1),
                ssh: CaLogin { key: text(), jump: list(), host_key: text() },
            },
            workers: vec![WorkerAnswers {
                name: text(),
                address: text(),
                ssh: LoginAnswers {
                    host: text(),
                    port: Some(1),
                    user: text(),
                    key: text(),
                    jump: list(),
                    host_key: text(),
                },
                images: list(),
                kubelet: KubeletAnswers { file: text(), sha256: text() },
                binaries: text(),
                kubelet_args: list(),
                kubelet_config: Some([("maxPods".to_owned(), 50.into())].into_iter().collect()),
                proxy_args: list(),
                replace: Some(true),
            }],
            defaults: Defaults::default(),
            images: BTreeMap::new(),
            kubectl: KubectlAnswers::Context(ContextAnswers {
                context: text(),
                cluster: text(),
                user: text(),
                file: text(),
                merge: Some(true),
            }),
            dns: DnsAnswers { deploy: text(), replicas: Some(1) },
        }
    }

    fn leaves(path: &str, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            // What stands below it is the kubelet's.
            Value::Mapping(map) if !path.ends_with(".kubelet_config") => {
                for (key, value) in map {
                    let key = key.as_str().unwrap();
                    leaves(
                        &if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") },
                        value,
                        found,
                    );
                }
            }
            Value::Sequence(list) if list.iter().any(Value::is_mapping) => {
                for value in list {
                    leaves(&format!("{path}[]"), value, found);
                }
            }
            _ => drop(found.insert(path.to_owned())),
        }
    }

    #[test]
    fn every_key_of_the_plan_can_be_named() {
        let mut found = BTreeSet::new();
        leaves("", &serde_yaml::to_value(everything()).unwrap(), &mut found);
        assert_eq!(found, PlanField::ALL.iter().map(|field| field.path().to_owned()).collect());
    }
}
