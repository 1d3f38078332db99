//! The current cluster: what a kubelet reads, before and after it reads it, and what the kernel does for pods.

use serde_yaml::Value as Yaml;

use super::Scenario;
use super::current::{Aboard, blank, runs_kube_proxy};
use super::lab::Lab;

pub const ALL: &[Scenario] = &[
    ("a_kubelet_config_that_the_kubelet_refuses_is_not_swapped_in", refused),
    ("a_kubelet_that_does_not_come_up_has_its_old_files_again", rolled_back),
    ("fields_that_an_operator_wrote_on_the_worker_stay", operators_fields),
    ("what_the_kernel_needs_is_set_and_kept_and_taken_back", kernel),
];

/// Candidates that only the kubelet itself can judge, each with a word of its answer.
const BAD: [(&str, &str); 6] = [
    ("{featureGates: {NoSuchGate: true}}", "unrecognized feature gate: NoSuchGate"),
    ("{maxPods: -1}", "maxPods"),
    ("{imageGCHighThresholdPercent: 50, imageGCLowThresholdPercent: 80}", "imageGCLowThresholdPercent"),
    ("{registryPullQPS: -5}", "registryPullQPS"),
    ("{memoryThrottlingFactor: 2.0}", "memoryThrottlingFactor"),
    ("{featureGates: {CSIMigration: false}}", "featureGates.CSIMigration"),
];

/// The start of the kubelet, its configuration, and what runs.
fn alive(lab: &Lab) -> String {
    lab.on(
        "x1",
        "systemctl show -p InvocationID -p ActiveState kubelet; sha256sum /var/lib/kubelet/config.yaml; \
         ctr -n k8s.io tasks ls -q 2> /dev/null | sort",
    )
}

fn with(plan: &Yaml, fields: &str) -> Yaml {
    let mut plan = plan.clone();
    let more: Yaml = serde_yaml::from_str(fields).expect("it is YAML");
    let config = plan["workers"][0]["kubelet_config"].as_mapping_mut().expect("the lab has one");
    config.extend(more.as_mapping().expect("a mapping").clone());
    plan
}

fn refused(lab: &Lab) {
    let Aboard { home, .. } = blank(lab);
    let plan = lab.small_plan(&["x1"]);
    home.aboard(&plan);
    let before = alive(lab);
    for (fields, word) in BAD {
        let run = home.run("apply", &with(&plan, fields), &["--json"]);
        run.refused(1, "x1", "E-KUBELET-12", &[word]);
    }
    assert_eq!(alive(lab), before);
}

fn rolled_back(lab: &Lab) {
    let Aboard { home, before } = blank(lab);
    let plan = lab.small_plan(&["x1"]);
    home.aboard(&plan);
    let files = "sha256sum /var/lib/kubelet/config.yaml /etc/systemd/system/kubelet.service";
    let hashes = lab.on("x1", files);
    // Only the start shows it: nothing is reserved for the system that pods may not have.
    let run = home.run("apply", &with(&plan, "{cpuManagerPolicy: static}"), &["--json"]);
    let words = ["[cpumanager]", "put back as before: /var/lib/kubelet/config.yaml", "up again"];
    run.refused(1, "x1", "E-KUBELET-13", &words);
    assert_eq!(lab.on("x1", files), hashes);
    // The plan as it was has nothing to do, and what is taken back is all there was.
    let run = home.aboard(&plan);
    assert_eq!(run.actions("x1"), Vec::<String>::new());
    let run = home.run("remove", &plan, &["--worker", "x1", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert_eq!(lab.snapshot("x1"), before["x1"]);
}

fn operators_fields(lab: &Lab) {
    let Aboard { home, .. } = blank(lab);
    let mut plan = lab.small_plan(&["x1"]);
    home.aboard(&plan);
    lab.on(
        "x1",
        "printf 'maxPods: 77\\nkubeReserved: {cpu: 50m}\\n' >> /var/lib/kubelet/config.yaml; \
         sed -i 's/failSwapOn: true/failSwapOn: false/' /var/lib/kubelet/config.yaml",
    );
    // Somebody changed it, and that is asked about first.
    home.run("apply", &plan, &["--json"]).refused(1, "x1", "E-FILE-03", &["/var/lib/kubelet/config.yaml"]);
    plan["workers"][0]["replace"] = true.into();
    home.aboard(&plan);
    let config = lab.on("x1", "cat /var/lib/kubelet/config.yaml");
    for line in ["maxPods: 77\n", "  cpu: \"50m\"\n", "failSwapOn: true\n"] {
        assert!(config.contains(line), "no {line:?}: {config}");
    }
    let again = home.aboard(&plan);
    assert_eq!(again.actions("x1"), Vec::<String>::new());
    assert!(runs_kube_proxy(lab, "x1"));
    // What no kubelet starts with is named before anything is changed.
    lab.on("x1", "echo 'evictionHard: {memory.availabe: 5%}' > /var/lib/kubelet/config.yaml");
    let before = lab.snapshot("x1");
    let run = home.run("apply", &plan, &["--json"]);
    run.refused(1, "x1", "E-KUBELET-11", &["line 1", "memory.availabe"]);
    assert_eq!(lab.snapshot("x1"), before);
}

fn kernel(lab: &Lab) {
    let Aboard { home, .. } = blank(lab);
    lab.on("x1", "echo 0 > /proc/sys/net/ipv4/ip_forward");
    let before = lab.snapshot("x1");
    let plan = lab.small_plan(&["x1"]);
    let run = home.aboard(&plan);
    let set = run.actions("x1").into_iter().filter(|action| action.starts_with("set net."));
    assert_eq!(set.collect::<Vec<_>>(), ["set net.ipv4.ip_forward to 1"]);
    assert_eq!(lab.on("x1", "cat /proc/sys/net/ipv4/ip_forward").trim(), "1");
    let file = lab.on("x1", "cat /etc/sysctl.d/99-gangplank.conf");
    assert!(file.contains("net.ipv4.ip_forward = 1"), "{file}");
    let run = home.run("undo", &plan, &["--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert_eq!(lab.snapshot("x1"), before);
}
