//! The shape of the plan file: which keys there are and of which type, read leniently so that every wrong
//! key and type becomes a remark. What the texts mean is judged by `check`, not here.

use std::collections::BTreeMap;

use super::{
    answers::{
        Answers, CaAnswers, CaLogin, ClusterAnswers, ContextAnswers, Defaults, DifferenceAnswers, DnsAnswers,
        IMAGE_KEYS, ImageAnswers, KubectlAnswers, KubeletAnswers, LoginAnswers, WorkerAnswers,
    },
    field::{Shape, switch},
    tree::{TreeNode, Value},
};

/// What to write where fields of the kubelet's configuration are wanted.
const FIELDS: &str = "write fields below it, like maxPods: 50";

impl Shape {
    /// Reads the whole file.
    pub(crate) fn answers(&mut self, root: TreeNode) -> Answers {
        let keys = ["cluster", "ca", "workers", "defaults", "images", "kubectl", "dns"];
        let Some(mut map) = self.map("", root, &keys) else { return Answers::default() };
        Answers {
            cluster: self.part(&mut map, "cluster", Self::cluster),
            ca: self.part(&mut map, "ca", Self::ca),
            workers: self.part(&mut map, "workers", Self::workers),
            defaults: self.part(&mut map, "defaults", Self::defaults),
            images: self.part(&mut map, "images", Self::images),
            kubectl: self.part(&mut map, "kubectl", Self::kubectl),
            dns: self.part(&mut map, "dns", Self::dns),
        }
    }

    fn cluster(&mut self, field: &str, node: TreeNode) -> ClusterAnswers {
        let keys = [
            "name",
            "api",
            "domain",
            "service_range",
            "dns",
            "pod_range",
            "kubernetes",
            "differences",
            "runtime",
            "kube_proxy",
            "cgroup_v1",
            "swap",
            "pod_network",
        ];
        let Some(mut map) = self.map(field, node, &keys) else { return ClusterAnswers::default() };
        ClusterAnswers {
            name: self.text(&mut map, "name"),
            api: self.text(&mut map, "api"),
            domain: self.text(&mut map, "domain"),
            service_range: self.text(&mut map, "service_range"),
            dns: self.text(&mut map, "dns"),
            pod_range: self.text(&mut map, "pod_range"),
            kubernetes: self.verbatim(&mut map, "kubernetes"),
            differences: map.take("differences").and_then(|(field, node)| self.differences(&field, node)),
            runtime: self.text(&mut map, "runtime"),
            kube_proxy: self.text(&mut map, "kube_proxy"),
            cgroup_v1: self.text(&mut map, "cgroup_v1"),
            swap: self.text(&mut map, "swap"),
            pod_network: self.text(&mut map, "pod_network"),
        }
    }

    fn differences(&mut self, field: &str, node: TreeNode) -> Option<DifferenceAnswers> {
        if !matches!(node.value, Value::Map(_)) {
            return self.text_of(field, &node).map(DifferenceAnswers::All);
        }
        let mut map = self.map(field, node, &[])?;
        let base = self.text(&mut map, "base");
        map.entries.remove("base");
        let mut set = BTreeMap::new();
        for id in map.entries.keys().cloned().collect::<Vec<_>>() {
            let Some((field, node)) = map.take(&id) else { continue };
            match switch(&node) {
                Some(on) => drop(set.insert(id, on)),
                None => self.wrong_type(&field, &node, "on or off", "write on or off"),
            }
        }
        Some(DifferenceAnswers::Each { base, set })
    }

    fn ca(&mut self, field: &str, node: TreeNode) -> CaAnswers {
        let keys = ["where", "cert", "key", "days", "ssh"];
        let Some(mut map) = self.map(field, node, &keys) else { return CaAnswers::default() };
        CaAnswers {
            place: self.text(&mut map, "where"),
            cert: self.text(&mut map, "cert"),
            key: self.text(&mut map, "key"),
            days: self.number(&mut map, "days"),
            ssh: self.part(&mut map, "ssh", |shape, field, node| {
                let Some(mut map) = shape.map(field, node, &["key", "jump", "host_key"]) else {
                    return CaLogin::default();
                };
                CaLogin {
                    key: shape.text(&mut map, "key"),
                    jump: shape.texts(&mut map, "jump", true),
                    host_key: shape.text(&mut map, "host_key"),
                }
            }),
        }
    }

    fn workers(&mut self, field: &str, node: TreeNode) -> Vec<WorkerAnswers> {
        let Value::List(items) = node.value else {
            self.wrong_type(field, &node, "a list", "begin each worker with \"- name: \"");
            return Vec::new();
        };
        items.into_iter().enumerate().map(|(at, node)| self.worker(&format!("{field}[{at}]"), node)).collect()
    }

    fn worker(&mut self, field: &str, node: TreeNode) -> WorkerAnswers {
        let keys = [
            "name",
            "address",
            "ssh",
            "images",
            "kubelet",
            "binaries",
            "kubelet_args",
            "kubelet_config",
            "proxy_args",
            "replace",
        ];
        let Some(mut map) = self.map(field, node, &keys) else { return WorkerAnswers::default() };
        WorkerAnswers {
            name: self.text(&mut map, "name"),
            address: self.text(&mut map, "address"),
            ssh: self.part(&mut map, "ssh", Self::login),
            images: self.texts(&mut map, "images", false),
            kubelet: self.part(&mut map, "kubelet", Self::kubelet),
            binaries: self.text(&mut map, "binaries"),
            kubelet_args: self.texts(&mut map, "kubelet_args", false),
            kubelet_config: self.fields(&mut map, "kubelet_config", FIELDS),
            proxy_args: self.texts(&mut map, "proxy_args", false),
            replace: self.flag(&mut map, "replace"),
        }
    }

    fn defaults(&mut self, field: &str, node: TreeNode) -> Defaults {
        let keys = ["ssh", "images", "kubelet", "binaries", "kubelet_args", "kubelet_config", "proxy_args"];
        let Some(mut map) = self.map(field, node, &keys) else { return Defaults::default() };
        Defaults {
            ssh: self.part(&mut map, "ssh", Self::login),
            images: self.texts(&mut map, "images", false),
            kubelet: self.part(&mut map, "kubelet", Self::kubelet),
            binaries: self.text(&mut map, "binaries"),
            kubelet_args: self.texts(&mut map, "kubelet_args", false),
            kubelet_config: self.fields(&mut map, "kubelet_config", FIELDS),
            proxy_args: self.texts(&mut map, "proxy_args", false),
        }
    }

    fn login(&mut self, field: &str, node: TreeNode) -> LoginAnswers {
        let keys = ["host", "port", "user", "key", "jump", "host_key"];
        let Some(mut map) = self.map(field, node, &keys) else { return LoginAnswers::default() };
        LoginAnswers {
            host: self.text(&mut map, "host"),
            port: self.number(&mut map, "port"),
            user: self.text(&mut map, "user"),
            key: self.text(&mut map, "key"),
            jump: self.texts(&mut map, "jump", true),
            host_key: self.text(&mut map, "host_key"),
        }
    }

    fn kubelet(&mut self, field: &str, node: TreeNode) -> KubeletAnswers {
        let Some(mut map) = self.map(field, node, &["file", "sha256"]) else {
            return KubeletAnswers::default();
        };
        KubeletAnswers { file: self.text(&mut map, "file"), sha256: self.verbatim(&mut map, "sha256") }
    }

    fn images(&mut self, field: &str, node: TreeNode) -> ImageAnswers {
        let Some(mut map) = self.map(field, node, &IMAGE_KEYS) else { return ImageAnswers::new() };
        IMAGE_KEYS
            .iter()
            .filter_map(|key| self.text(&mut map, key).map(|name| ((*key).to_owned(), name)))
            .collect()
    }

    fn kubectl(&mut self, field: &str, node: TreeNode) -> KubectlAnswers {
        if !matches!(node.value, Value::Map(_)) {
            return self.text_of(field, &node).map(KubectlAnswers::Word).unwrap_or_default();
        }
        let keys = ["context", "cluster", "user", "file", "merge"];
        let Some(mut map) = self.map(field, node, &keys) else { return KubectlAnswers::default() };
        KubectlAnswers::Context(ContextAnswers {
            context: self.text(&mut map, "context"),
            cluster: self.text(&mut map, "cluster"),
            user: self.text(&mut map, "user"),
            file: self.text(&mut map, "file"),
            merge: self.flag(&mut map, "merge"),
        })
    }

    fn dns(&mut self, field: &str, node: TreeNode) -> DnsAnswers {
        let Some(mut map) = self.map(field, node, &["deploy", "replicas"]) else {
            return DnsAnswers::default();
        };
        DnsAnswers { deploy: self.text(&mut map, "deploy"), replicas: self.number(&mut map, "replicas") }
    }
}
