//! What the API of the current cluster knows: addresses and a domain that the plan has otherwise, DaemonSets that bring
//! kube-proxy or the pod network, a right that the API server lacks.

use super::Scenario;
use super::current::{Aboard, blank, runs_kube_proxy};
use super::lab::Lab;

pub const ALL: &[Scenario] = &[
    ("addresses_and_a_domain_that_are_not_the_cluster_s_are_named_before_any_change", wrong_addresses),
    ("a_daemon_set_of_kube_proxy_leaves_no_static_pod_to_write", proxy_by_daemon_set),
    ("a_right_that_the_api_server_lacks_is_named_and_given_by_the_repair", right_is_given),
    ("a_worker_without_a_pod_network_is_told_what_is_missing_and_who_brings_it", no_pod_network),
];

fn wrong_addresses(lab: &Lab) {
    let Aboard { home, before } = blank(lab);
    let mut plan = lab.small_plan(&["x1"]);
    plan["cluster"]["service_range"] = "10.6.0.0/24".into();
    plan["cluster"]["dns"] = "10.6.0.10".into();
    plan["cluster"]["domain"] = "wrong.example".into();
    let run = home.run("apply", &plan, &["--json"]);
    let words = ["E-API-25", "E-DNS-10", "E-DNS-09", "10.5.0.0/24", "cluster.local", "cluster.service_range"];
    run.refused(1, "cluster", "E-API-25", &words);
    assert_eq!(lab.snapshot("x1"), before["x1"]);
    assert!(!home.path("home").join(".kube").exists(), "nothing is written here");

    // A service of somebody else has the name, at another address.
    lab.kubectl(&[
        "-n",
        "kube-system",
        "create",
        "service",
        "clusterip",
        "kube-dns",
        "--tcp=53",
        "--clusterip=10.5.0.53",
    ]);
    let run = home.run("apply", &lab.small_plan(&["x1"]), &["--json"]);
    run.refused(
        1,
        "cluster",
        "E-DNS-02",
        &["10.5.0.53", "10.5.0.10", "kube-system/kube-dns", "app=kube-dns"],
    );
    assert_eq!(lab.snapshot("x1"), before["x1"]);
    lab.forget_coredns();
}

/// The static pod that gangplank wrote on a worker, as a DaemonSet for the worker `node`.
fn as_daemon_set(lab: &Lab, worker: &str, node: &str) -> serde_yaml::Value {
    let manifest = lab.on(worker, "cat /etc/kubernetes/manifests/kube-proxy.yaml");
    let mut pod: serde_yaml::Value = serde_yaml::from_str(&manifest).expect("it is YAML");
    let mut set: serde_yaml::Value = serde_yaml::from_str(
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: kube-proxy, namespace: kube-system}, \
         spec: {selector: {matchLabels: {k8s-app: kube-proxy-set}}, template: {metadata: {labels: \
         {k8s-app: kube-proxy-set}}}}}",
    )
    .expect("it is YAML");
    pod["spec"]["nodeSelector"]["kubernetes.io/hostname"] = node.into();
    // The controller of priorities has the number.
    pod["spec"].as_mapping_mut().expect("a map").remove("priority");
    // Each worker calls its node by its own name.
    let words = pod["spec"]["containers"][0]["command"].as_sequence_mut().expect("a list");
    for word in words {
        if word.as_str().is_some_and(|word| word.starts_with("--hostname-override=")) {
            *word = format!("--hostname-override={node}").into();
        }
    }
    set["spec"]["template"]["spec"] = pod["spec"].clone();
    set
}

const PROXY_LOGIN: [&str; 3] = [
    "/etc/kubernetes/kube-proxy-kubeconfig.yaml",
    "/etc/kubernetes/ssl/kube-proxy.crt",
    "/etc/kubernetes/ssl/kube-proxy.key",
];

fn proxy_by_daemon_set(lab: &Lab) {
    let Aboard { home, .. } = blank(lab);
    home.aboard(&lab.small_plan(&["x1"]));
    let file = home.path("set.yaml");
    std::fs::write(&file, serde_yaml::to_string(&as_daemon_set(lab, "x1", "x3")).expect("it is YAML"))
        .expect("a file");
    lab.kubectl(&["apply", "-f", &file.display().to_string()]);
    // Its pod logs in with what it finds on the host: somebody else's files, which gangplank does not make there.
    for path in PROXY_LOGIN {
        let content = lab.on("x1", &format!("base64 -w0 {path}"));
        lab.on("x3", &format!("mkdir -p $(dirname {path}) && echo {content} | base64 -d >{path}"));
    }
    let theirs = lab.on("x3", &format!("sha256sum {}", PROXY_LOGIN.join(" ")));
    let plan = lab.small_plan(&["x1", "x3"]);
    let mut wish = plan.clone();
    wish["cluster"]["kube_proxy"] = "static-pod".into();
    let run = home.run("apply", &wish, &["--json"]);
    run.refused(1, "x3", "E-NETWORK-05", &["DaemonSet kube-system/kube-proxy", "cluster.kube_proxy"]);
    assert!(!lab.nodes().contains_key("x3"), "nothing is changed before somebody has decided");

    let run = home.aboard(&plan);
    assert_eq!(run.actions("x1"), Vec::<String>::new(), "the DaemonSet does not come to x1");
    let of_proxy = |action: &String| action.contains("kube-proxy") && !action.starts_with("load ");
    let wrote = run.actions("x3").iter().any(of_proxy);
    assert!(!wrote, "{}", run.story());
    assert_eq!(lab.on("x3", &format!("sha256sum {}", PROXY_LOGIN.join(" "))), theirs);
    assert!(run.story().contains("it comes by DaemonSet kube-system/kube-proxy"), "{}", run.story());
    assert!(runs_kube_proxy(lab, "x3"));
    let reach = run.ended().find(|event| event["place"] == "x3" && event["step"] == "reach").cloned();
    let reach = reach.expect("it is told").to_string();
    assert!(reach.contains("proven") && reach.contains("Kubernetes v1."), "{reach}");
    assert_eq!(home.aboard(&plan).actions("x3"), Vec::<String>::new());
    lab.kubectl(&["-n", "kube-system", "delete", "daemonset", "kube-proxy"]);
}

fn right_is_given(lab: &Lab) {
    const BINDING: &str = "clusterrolebinding";
    let Aboard { home, .. } = blank(lab);
    lab.kubectl(&["delete", BINDING, "lab:kubelet-api-admin", "--ignore-not-found"]);
    let plan = lab.small_plan(&["x3"]);
    let run = home.run("apply", &plan, &["--json"]);
    let words = ["kube-apiserver-kubelet-client", "system:kubelet-api-admin", "gangplank:kubelet-api-admin"];
    run.refused(1, "x3", "E-API-26", &words);
    assert_eq!(lab.nodes().get("x3"), Some(&true), "the worker itself is aboard");
    // The kubelet remembers what it was told of that user for half a minute.
    let lines = ["1", "1", "1", "1", "1", "1", "a", "yes", "1", "yes", "1", "q"];
    let run = home.answering("open", &plan, &["--plain"], &lines);
    assert!(run.said.contains("repair: changed"), "{}", run.said);
    assert!(run.said.contains("Logs and exec: proven"), "{}", run.said);
    lab.kubectl(&["get", BINDING, "gangplank:kubelet-api-admin"]);
    lab.kubectl(&["delete", BINDING, "gangplank:kubelet-api-admin"]);
    lab.kubectl(&[
        "create",
        BINDING,
        "lab:kubelet-api-admin",
        "--clusterrole=system:kubelet-api-admin",
        "--user=kube-apiserver-kubelet-client",
    ]);
}

fn no_pod_network(lab: &Lab) {
    let Aboard { home, .. } = blank(lab);
    lab.on("x1", "mkdir /root/net.d && mv /etc/cni/net.d/* /root/net.d/");
    let plan = lab.small_plan(&["x1"]);
    let run = home.run("apply", &plan, &["--json"]);
    run.refused(
        1,
        "x1",
        "E-NETWORK-04",
        &["there is no pod network", "its kubelet runs and reports", "/etc/cni/net.d"],
    );
    assert!(!run.problem_text().contains("journalctl"), "it is no fault of the kubelet: {}", run.story());

    // One comes by a DaemonSet whose image nobody has.
    let set = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kube-flannel-ds, namespace: default}\nspec:\n  \
        selector: {matchLabels: {app: flannel}}\n  template:\n    metadata: {labels: {app: flannel}}\n    spec:\n      \
        hostNetwork: true\n      tolerations: [{operator: Exists}]\n      containers:\n      - {name: kube-flannel, image: \"nowhere.invalid/flannel:v0\"}\n";
    let file = home.path("flannel.yaml");
    std::fs::write(&file, set).expect("a file");
    lab.kubectl(&["apply", "-f", &file.display().to_string()]);
    let mut run = home.start("apply", &plan, &["--json"]);
    run.wait_for("what the pod of flannel says", |event| {
        let text = event["text"].as_str().unwrap_or_default();
        text.contains("kube-flannel") && (text.contains("ErrImagePull") || text.contains("ImagePullBackOff"))
    });
    // containerd does not notice a file that is moved there from another folder.
    lab.on("x1", "cp /root/net.d/* /etc/cni/net.d/ && rm -r /root/net.d");
    let run = run.finish();
    assert_eq!(run.code, 0, "{}", run.story());
    assert!(run.story().contains("DaemonSet default/kube-flannel-ds (flannel) brings it"), "{}", run.story());
    lab.kubectl(&["delete", "daemonset", "kube-flannel-ds"]);
}
