//! What is shown of an object's deletion is what one could type.

use std::path::Path;

use gangplank::kube::apply::ObjectPaths;
use gangplank::plan::action::Action;
use gangplank::plan::object_path::ObjectPath;
use serde_json::json;

/// A manifest of every kind there is in the program's manifests and steps, and the command that deletes it.
const DELETED: [(&str, &str, &str, &str, &str); 13] = [
    ("v1", "Node", "", "w1", "kubectl delete nodes w1"),
    ("v1", "Namespace", "", "kube-system", "kubectl delete namespaces kube-system"),
    (
        "v1",
        "Pod",
        "kube-system",
        "kube-proxy-w1",
        "kubectl --namespace kube-system delete pods kube-proxy-w1",
    ),
    ("v1", "Service", "kube-system", "kube-dns", "kubectl --namespace kube-system delete services kube-dns"),
    (
        "v1",
        "ConfigMap",
        "kube-system",
        "coredns",
        "kubectl --namespace kube-system delete configmaps coredns",
    ),
    (
        "v1",
        "ServiceAccount",
        "kube-system",
        "kube-dns",
        "kubectl --namespace kube-system delete serviceaccounts kube-dns",
    ),
    (
        "v1",
        "ReplicationController",
        "kube-system",
        "kube-dns-v11",
        "kubectl --namespace kube-system delete replicationcontrollers kube-dns-v11",
    ),
    ("v1", "Endpoints", "", "kubernetes", "kubectl --namespace default delete endpoints kubernetes"),
    (
        "apps/v1",
        "Deployment",
        "kube-system",
        "coredns",
        "kubectl --namespace kube-system delete deployments coredns",
    ),
    (
        "extensions/v1beta1",
        "Deployment",
        "it's mine",
        "a b",
        r"kubectl --namespace 'it'\''s mine' delete deployments 'a b'",
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        "",
        "system:coredns",
        "kubectl delete clusterroles system:coredns",
    ),
    (
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRoleBinding",
        "",
        "system:kube-dns",
        "kubectl delete clusterrolebindings system:kube-dns",
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "kube-system",
        "extension-apiserver-authentication-reader",
        "kubectl --namespace kube-system delete rolebindings extension-apiserver-authentication-reader",
    ),
];

#[test]
fn the_shell_shown_for_a_deletion_is_what_one_could_type() {
    for (version, kind, namespace, name, shown) in DELETED {
        let object =
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}});
        let path = ObjectPaths::of(&object).unwrap().object;
        let action = Action::KubeDelete { path: path.clone(), uid: None };
        let shell = action.shell().to_string();
        // One way of quoting is as good as another: the words are the same to a shell.
        assert_eq!(
            shell_words::split(&shell).unwrap(),
            shell_words::split(shown).unwrap(),
            "{path}: {shell}"
        );
    }
}

#[test]
fn every_kind_of_the_manifests_is_in_that_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/manifests");
    for entry in std::fs::read_dir(folder).unwrap() {
        for line in std::fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            if let Some(kind) = line.strip_prefix("kind: ") {
                assert!(DELETED.iter().any(|(_, known, ..)| *known == kind), "{kind}");
            }
        }
    }
}

#[test]
fn what_is_no_object_s_path_is_shown_as_a_path_that_kubectl_takes() {
    for path in ["/api/v1/nodes", "/healthz", "/apis/apps/v1/namespaces//deployments/x", "/api/v1/nodes/%zz"]
    {
        assert_eq!(ObjectPath::read(path), None, "{path}");
        let shell = Action::KubeDelete { path: path.to_owned(), uid: None }.shell().to_string();
        assert_eq!(shell_words::split(&shell).unwrap(), ["kubectl", "delete", "--raw", path]);
    }
}
