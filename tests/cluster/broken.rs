//! Workers and clusters that are not as they should be: each fault is named, nothing half done stays behind,
//! and when it is mended the same command goes on.

use gangplank::plan::hex;
use openssl::sha::sha256;

use super::Scenario;
use super::lab::Lab;
use super::program::Home;

pub const ALL: &[Scenario] = &[
    ("what_is_wrong_with_a_worker_is_named_before_it_is_changed", worker_faults),
    ("a_missing_kubelet_is_copied_when_the_plan_names_one", missing_kubelet),
    ("a_full_disk_is_named_and_the_next_run_goes_on", full_disk),
    ("a_taken_or_foreign_dns_address_is_named", dns_address),
];

/// A worker's kubelet is mounted from outside; this makes it a file of its own.
const OWN_KUBELET: &str = "cp /usr/local/bin/kubelet /root/kubelet && umount /usr/local/bin/kubelet && \
                           cp /root/kubelet /usr/local/bin/kubelet && chmod 755 /usr/local/bin/kubelet";

/// A fault: how to make it, how to mend it, what is said.
const FAULTS: &[(&str, &str, &str, &[&str])] = &[
    ("systemctl stop docker.socket docker", "systemctl start docker", "E-DOCKER-01", &["start docker"]),
    (
        "rm /usr/local/bin/kubelet",
        "cp /root/kubelet /usr/local/bin/kubelet",
        "E-KUBELET-01",
        &["/usr/local/bin/kubelet"],
    ),
    (
        "printf '#!/bin/sh\\necho Kubernetes v1.30.0\\n' \
         > /usr/local/bin/kubelet && chmod 755 /usr/local/bin/kubelet",
        "cp /root/kubelet /usr/local/bin/kubelet",
        "E-VERSION-02",
        &["1.30.0"],
    ),
    (
        "printf '#!/bin/sh\\necho Kubernetes v1.10.0\\n' \
         > /usr/local/bin/kubelet && chmod 755 /usr/local/bin/kubelet",
        "cp /root/kubelet /usr/local/bin/kubelet",
        "E-VERSION-01",
        &["1.10.0"],
    ),
    (
        "printf '#!/bin/sh\\nexec /usr/bin/date -d \"+10 minutes\" \"$@\"\\n' > /usr/local/sbin/date && \
         chmod 755 /usr/local/sbin/date",
        "rm /usr/local/sbin/date",
        "E-CLOCK-01",
        &["ahead"],
    ),
    (
        "mkdir -p /etc/kubernetes/ssl && echo mine > /etc/kubernetes/worker-kubeconfig.yaml",
        "rm -r /etc/kubernetes",
        "E-FILE-01",
        &["/etc/kubernetes/worker-kubeconfig.yaml", "replace"],
    ),
];

fn worker_faults(lab: &Lab) {
    lab.reset(&["w1"]);
    let plan = lab.small_plan(&["w1"]);
    let home = Home::new();
    lab.on("w1", OWN_KUBELET);
    for (make, mend, code, words) in FAULTS {
        lab.on("w1", make);
        let run = home.run("apply", &plan, &["--json"]);
        run.refused(1, "w1", code, words);
        assert_eq!(run.actions("w1"), Vec::<String>::new(), "{code}: something was done");
        lab.on("w1", mend);
    }
    home.aboard(&plan);
    assert_eq!(lab.nodes().get("w1"), Some(&true));
}

fn missing_kubelet(lab: &Lab) {
    lab.reset(&["w1"]);
    lab.on("w1", "umount /usr/local/bin/kubelet && rm /usr/local/bin/kubelet");
    let file = format!("{}/programs/labkube", lab.get("LAB_STATE"));
    let bytes = std::fs::read(&file).expect("the lab built it");
    let hash = hex::encode(&sha256(&bytes));
    let mut plan = lab.small_plan(&["w1"]);
    let mut kubelet = serde_yaml::Mapping::new();
    kubelet.insert("file".into(), file.into());
    kubelet.insert("sha256".into(), "0".repeat(64).into());
    plan["workers"][0]["kubelet"] = kubelet.into();
    let home = Home::new();
    let wrong = home.run("apply", &plan, &["--json"]);
    wrong.refused(1, "w1", "E-SEND-01", &[&hash]);
    let (there, _) = lab.try_on("w1", "ls /usr/local/bin/kubelet* /usr/local/bin/.*kubelet*", b"");
    assert!(!there, "something is left of the kubelet");
    plan["workers"][0]["kubelet"]["sha256"] = hash.into();
    home.aboard(&plan);
    assert_eq!(lab.nodes().get("w1"), Some(&true));
    assert_eq!(home.aboard(&plan).actions("w1"), Vec::<String>::new());
    let run = home.run("undo", &plan, &["--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    let (there, _) = lab.try_on("w1", "test -e /usr/local/bin/kubelet", b"");
    assert!(!there, "undo left the kubelet that was copied");
}

fn full_disk(lab: &Lab) {
    lab.reset(&["w1"]);
    lab.on("w1", "mkdir -p /etc/kubernetes && mount -t tmpfs -o size=32k tmpfs /etc/kubernetes");
    lab.on("w1", "head -c 24576 /dev/zero > /etc/kubernetes/filler");
    let (home, plan) = (Home::new(), lab.small_plan(&["w1"]));
    let run = home.run("apply", &plan, &["--json"]);
    run.refused(1, "w1", "E-DISK-02", &["/etc/kubernetes"]);
    assert_eq!(lab.on("w1", "find /etc/kubernetes -name '*.part'"), "", "a half file stays");
    lab.on("w1", "rm /etc/kubernetes/filler && mount -o remount,size=1m /etc/kubernetes");
    home.aboard(&plan);
    assert_eq!(lab.nodes().get("w1"), Some(&true));
    lab.reset(&["w1"]);
}

fn dns_address(lab: &Lab) {
    lab.reset(&["w1", "w2", "w3"]);
    lab.forget_dns();
    lab.kubectl(&["create", "service", "clusterip", "squatter", "--tcp=53", "--clusterip=10.3.0.2"]);
    let mut plan = lab.small_plan(&["w1"]);
    plan["dns"]["deploy"] = "kube-dns-v11".into();
    let home = Home::new();
    let run = home.run("apply", &plan, &["--json"]);
    run.refused(1, "cluster", "E-DNS-01", &["10.3.0.2", "default/squatter"]);
    assert!(!lab.nodes().contains_key("w1"), "nothing is changed");
    lab.kubectl(&["delete", "service", "squatter"]);
    plan["cluster"]["service_range"] = "10.9.0.0/24".into();
    plan["cluster"]["dns"] = "10.9.0.2".into();
    let run = home.run("apply", &plan, &["--json"]);
    run.refused(1, "cluster", "E-API-25", &["10.9.0.0/24", "10.3.0.1", "cluster.service_range"]);
    lab.forget_dns();
}
