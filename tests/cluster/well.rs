//! Workers that are well: as they were made, and with what looks unusual and is no fault. No alarm is raised.

use super::Scenario;
use super::causes::{diagnosis, wanted, worker};
use super::lab::{Lab, until};
use super::program::Home;

pub const ALL: &[Scenario] = &[("a_healthy_worker_is_called_healthy_and_a_cordon_is_named", healthy)];

/// What looks unusual and is no fault: how it is made, and how it is taken back.
const HEALTHY: [(&str, &str, &str); 10] = [
    ("its kubelet was just started again", "systemctl restart kubelet", ""),
    ("its container runtime was just started again", "systemctl restart @RUNTIME", ""),
    (
        "a drop-in sets an environment and a weight",
        "mkdir -p /etc/systemd/system/kubelet.service.d; \
         printf '[Service]\\nEnvironment=GODEBUG=madvdontneed=1\\nCPUWeight=50\\n' >/etc/systemd/system/kubelet.service.d/50-own.conf; \
         systemctl daemon-reload; systemctl restart kubelet",
        "rm -r /etc/systemd/system/kubelet.service.d; systemctl daemon-reload; systemctl restart kubelet",
    ),
    (
        "a static pod of the operator's own",
        "printf 'apiVersion: v1\\nkind: Pod\\nmetadata: {name: own, namespace: default}\\nspec: {hostNetwork: true, containers: \
         [{name: own, image: %s, command: [/pause], imagePullPolicy: Never}]}\\n' @PAUSE >/etc/kubernetes/own.yaml; \
         mv /etc/kubernetes/own.yaml /etc/kubernetes/manifests/; sleep 3",
        "rm /etc/kubernetes/manifests/own.yaml; sleep 3",
    ),
    (
        "its files were written again with the same content",
        "for file in /etc/kubernetes/*.yaml /etc/kubernetes/ssl/*.crt; do cp -p $file /root/again && cat /root/again >$file; done; rm /root/again",
        "",
    ),
    (
        "its kubelet is reached by a link",
        "mv /usr/local/bin/kubelet /opt/kubelet; ln -s /opt/kubelet /usr/local/bin/kubelet; systemctl restart kubelet",
        "mv /opt/kubelet /usr/local/bin/kubelet; systemctl restart kubelet",
    ),
    (
        "its journal tells of a fault that was mended",
        "mv /etc/kubernetes/worker-kubeconfig.yaml /root/; systemctl restart kubelet; sleep 4; \
         mv /root/worker-kubeconfig.yaml /etc/kubernetes/; systemctl reset-failed kubelet; systemctl restart kubelet",
        "",
    ),
    ("its journal was thrown away", "journalctl -q --rotate; journalctl -q --vacuum-time=1s", ""),
    (
        "files of an editor lie beside its manifest",
        "touch /etc/kubernetes/manifests/.kube-proxy.yaml.swp",
        "rm /etc/kubernetes/manifests/.kube-proxy.yaml.swp",
    ),
    (
        "somebody's folder lies beside its files",
        "mkdir -p /etc/kubernetes/old; echo x >/etc/kubernetes/old/notes",
        "rm -r /etc/kubernetes/old",
    ),
];

/// Of each run of the tests; the others with GANGPLANK_CAUSES=all.
const USUAL_HEALTHY: [&str; 2] =
    ["its kubelet was just started again", "its journal tells of a fault that was mended"];

fn healthy(lab: &Lab) {
    let worker = worker(lab);
    lab.reset(&[worker]);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    home.aboard(&plan);
    let doctor = || home.run("doctor", &plan, &["--worker", worker, "--json"]);
    let run = doctor();
    assert_eq!((run.code, diagnosis(&run)), (0, (true, Vec::new())), "{}", run.story());
    lab.kubectl(&["cordon", worker]);
    lab.kubectl(&["taint", "node", worker, "own=yes:NoSchedule"]);
    lab.kubectl(&["label", "node", worker, "own=yes"]);
    let run = doctor();
    lab.kubectl(&["uncordon", worker]);
    lab.kubectl(&["taint", "node", worker, "own-"]);
    lab.kubectl(&["label", "node", worker, "own-"]);
    assert_eq!((run.code, diagnosis(&run)), (0, (true, Vec::new())), "{}", run.story());
    assert!(run.said.contains("cordoned"), "{}", run.story());
    let mut alarms = Vec::new();
    for (name, make, undo) in HEALTHY {
        let usual = USUAL_HEALTHY.contains(&name) && lab.is_current();
        if !(usual || wanted(lab, &format!("healthy: {name}"))) {
            continue;
        }
        let (runtime, pause) = if lab.is_current() {
            ("containerd", "registry.k8s.io/pause:3.10.2")
        } else {
            ("docker", "k8s.gcr.io/pause:3.2")
        };
        let shell = |text: &str| text.replace("@RUNTIME", runtime).replace("@PAUSE", pause);
        lab.on(worker, &shell(make));
        // A worker that was just started again is Ready once the API has heard of it.
        until("the worker is Ready again", 90, || {
            lab.nodes().get(worker) == Some(&true) && lab.heard_since_its_start(worker)
        });
        let run = doctor();
        let good = run.code == 0 && diagnosis(&run) == (true, Vec::new());
        println!("{name:50} {}", if good { "healthy" } else { "ALARM" });
        if !good {
            alarms.push(format!("{name}\n{}", run.story()));
        }
        if !undo.is_empty() {
            lab.on(worker, &shell(undo));
        }
    }
    assert!(alarms.is_empty(), "{}", alarms.join("\n\n"));
}
