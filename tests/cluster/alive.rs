//! Faults of a worker that is aboard, made by hand: each is named for what it is, or mended, and none of them ends as
//! "nothing had to be changed".

use std::time::Instant;

use super::Scenario;
use super::aboard::manifest_alone;
use super::lab::{Lab, until};
use super::program::{Home, Run};

pub const ALL: &[Scenario] = &[
    ("a_worker_aboard_is_proven_alive_or_the_fault_is_named", alive),
    ("what_somebody_did_to_files_and_units_is_named", by_hand),
    ("a_worker_that_the_api_lost_is_named_and_not_waited_for", cut_off),
];

const PID: &str = "$(systemctl show -p MainPID kubelet | tr -dc 0-9)";

/// Runs after a fault; what it said, and how long it took.
fn apply(home: &Home, plan: &serde_yaml::Value) -> (Run, u64) {
    let began = Instant::now();
    let run = home.run("apply", plan, &["--json"]);
    (run, began.elapsed().as_secs())
}

fn alive(lab: &Lab) {
    lab.reset(&["w1"]);
    let (home, plan) = (Home::new(), lab.small_plan(&["w1"]));
    home.aboard(&plan);
    let same = home.aboard(&plan);
    assert_eq!((same.actions("w1"), same.cost("w1")), (Vec::new(), [1, 1, 0]), "{}", same.story());

    manifest_alone(lab, &home, &plan, "w1");

    lab.on("w1", &format!("kill -STOP {PID}"));
    let run = home.aboard(&plan);
    assert_eq!(run.actions("w1"), ["systemctl restart kubelet"], "{}", run.story());

    lab.kubectl(&["cordon", "w1"]);
    let run = home.aboard(&plan);
    assert!(run.said.contains("kubectl uncordon w1"), "{}", run.story());
    lab.kubectl(&["uncordon", "w1"]);

    until("the kubelet runs for a while", 60, || {
        let said = lab.on("w1", "echo $(($(cut -d. -f1 /proc/uptime) - $(systemctl show -p ActiveEnterTimestampMonotonic kubelet | tr -dc 0-9) / 1000000))");
        said.trim().parse::<u64>().is_ok_and(|up| up > 16)
    });
    lab.kubectl(&["delete", "node", "w1"]);
    let run = home.aboard(&plan);
    assert!(run.actions("w1").contains(&"systemctl restart kubelet".to_owned()), "{}", run.story());
    assert_eq!(lab.nodes().get("w1"), Some(&true));

    lab.on("w1", "pkill -STOP dockerd");
    // All of its threads: one that waits for a child stops when that has begun.
    until("dockerd stands still", 20, || {
        lab.try_on("w1", "! cat /proc/$(pidof dockerd)/task/*/stat | grep -v ') T '", b"").0
    });
    let (run, took) = apply(&home, &plan);
    lab.on("w1", "pkill -CONT dockerd");
    run.refused(1, "w1", "E-DOCKER-02", &["SIGSTOP"]);
    assert!(took < 25, "it took {took} s");
    assert!(!run.said.contains("behind"), "{}", run.story());
}

fn cut_off(lab: &Lab) {
    lab.reset(&["w1"]);
    let (home, plan) = (Home::new(), lab.small_plan(&["w1"]));
    home.aboard(&plan);
    lab.on("w1", "iptables -I OUTPUT -d 10.77.0.5 -j REJECT");
    let (run, took) = apply(&home, &plan);
    run.refused(1, "w1", "E-API-24", &["cannot reach the API"]);
    assert!(took < 75, "it took {took} s");
    // Now the node is silent too: nothing is waited for.
    let (run, took) = apply(&home, &plan);
    lab.on("w1", "iptables -D OUTPUT -d 10.77.0.5 -j REJECT");
    run.refused(1, "w1", "E-API-24", &["cannot reach the API"]);
    assert!(took < 20, "it took {took} s");
}

fn by_hand(lab: &Lab) {
    lab.reset(&["w1"]);
    let (home, plan) = (Home::new(), lab.small_plan(&["w1"]));
    lab.on("w1", "systemctl mask kubelet");
    let (run, _) = apply(&home, &plan);
    run.refused(1, "w1", "E-KUBELET-07", &["systemctl unmask kubelet"]);
    lab.on("w1", "systemctl unmask kubelet");
    home.aboard(&plan);

    let folder = "/etc/systemd/system/kubelet.service.d";
    lab.on(
        "w1",
        &format!(
            "mkdir {folder} && printf '[Service]\\nEnvironment=\"X=--node-ip=10.0.0.66\"\\nExecStart=\\nExecStart=/bin/canary\\n' \
             > {folder}/10-own.conf && systemctl daemon-reload"
        ),
    );
    let (run, _) = apply(&home, &plan);
    run.refused(1, "w1", "E-KUBELET-05", &["10-own.conf sets Environment (X, --node-ip), ExecStart"]);
    assert!(!run.said.contains("10.0.0.66") && !run.said.contains("canary"), "{}", run.story());
    lab.on("w1", &format!("rm -r {folder} && systemctl daemon-reload"));

    let unit = "/etc/systemd/system/kubelet.service";
    lab.on("w1", &format!("cp {unit} /root/unit && sed -i 's/^RestartSec=10/RestartSec=99/' {unit}"));
    let (run, _) = apply(&home, &plan);
    run.refused(
        1,
        "w1",
        "E-FILE-03",
        &["gangplank wrote it on 20", "changed: [Service] RestartSec from 10 to 99"],
    );
    lab.on("w1", &format!("cp /root/unit {unit}"));

    let manifests = "/etc/kubernetes/manifests";
    lab.on("w1", &format!("printf 'x: [' > {manifests}/broken"));
    let run = home.aboard(&plan);
    assert!(run.said.contains("broken cannot become a pod"), "{}", run.story());
    lab.on(
        "w1",
        &format!("rm {manifests}/broken && cp {manifests}/kube-proxy.yaml {manifests}/kube-proxy.yaml.bak"),
    );
    let (run, _) = apply(&home, &plan);
    lab.on("w1", &format!("rm {manifests}/kube-proxy.yaml.bak"));
    run.refused(1, "w1", "E-FILE-02", &["kube-proxy.yaml.bak"]);
}
