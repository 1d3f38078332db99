//! What ends a kubelet: one row for each cause, in the words of 1.2, of 1.16 to 1.23 and of today, as its own texts have
//! them in Kubernetes 1.2.2, 1.20.2 and 1.37.2. Inner causes stand before the outer lines that carry them.

use super::row::{JournalRow, When, row};
use crate::plan::code::ProblemCode;

const ENDS: &[When] = &[When::Ends];
const ENDS_OR_PODS: &[When] = &[When::Ends, When::Pods];
const ENDS_OR_RUNS: &[When] = &[When::Ends, When::Runs];
const FLAGS: &str = "look at ExecStart of its unit and its drop-ins: systemctl cat kubelet";
const CONFIG: &str = "let the plan write the kubelet's configuration again";
const KUBECONFIG: &str = "let the plan write the kubeconfig again";

pub(super) const ROWS: &[JournalRow] = &[
    row(
        ENDS,
        ProblemCode::Swap01,
        &["unning with swap on is not supported"],
        "swap is on",
        "on the host: swapoff -a, and take swap out of /etc/fstab; or say in the plan what it may do",
    ),
    row(
        ENDS,
        ProblemCode::Cgroup01,
        &["configured to not run on a host using cgroup v1"],
        "the machine is on cgroup v1, which it refuses",
        "start the machine with cgroup v2, or allow v1 in the plan",
    ),
    row(
        ENDS,
        ProblemCode::Kubelet06,
        &["Following Cgroup subsystem not mounted"],
        "control groups that it needs are not mounted, as on a machine with cgroup v2 alone, which old ones do not know",
        "start the machine with cgroup v1 (systemd.unified_cgroup_hierarchy=0), or take a newer kubelet",
    ),
    row(
        ENDS,
        ProblemCode::Kubelet11,
        &["is different from docker cgroup driver"],
        "it makes cgroups in another way than its container runtime",
        CONFIG,
    ),
    row(
        ENDS,
        ProblemCode::Containerd04,
        &["unknown service runtime.v1.RuntimeService", "unable to determine runtime API version"],
        "the container runtime has its CRI off, or is too old",
        "look at the disabled plugins in /etc/containerd/config.toml",
    ),
    // A start without docker says it; of 1.2 one that runs on goes on saying it.
    row(
        ENDS_OR_RUNS,
        ProblemCode::Docker01,
        &[
            "cannot connect to Docker endpoint",
            "Couldn't connect to docker",
            "Cannot connect to the Docker daemon",
        ],
        "its container runtime does not answer",
        "on the host: systemctl status docker",
    ),
    row(
        ENDS,
        ProblemCode::Containerd01,
        &["validate CRI v1 runtime API for endpoint"],
        "its container runtime does not answer",
        "on the host: systemctl status containerd",
    ),
    row(
        ENDS,
        ProblemCode::Kubelet02,
        &[
            "unknown flag: ",
            "unknown shorthand flag",
            "invalid argument \"",
            "ailed to parse kubelet flag",
            "failed to validate kubelet flags",
            "unknown 'kubernetes.io' or 'k8s.io' labels specified",
        ],
        "it refuses a flag of its unit",
        FLAGS,
    ),
    row(
        ENDS,
        ProblemCode::Kubelet11,
        &["unrecognized feature gate", "feature is locked to"],
        "it refuses a feature gate of its configuration",
        "take the feature gate out of its configuration or flags",
    ),
    row(
        ENDS,
        ProblemCode::Kubelet11,
        &["ailed to load kubelet config file", "ailed to validate kubelet configuration"],
        "it refuses its configuration",
        CONFIG,
    ),
    // Another one that has the port of its health check does not end it.
    row(
        &[],
        ProblemCode::Port01,
        &["tart healthz server", "tarting health server failed"],
        "another program has the port of its health check",
        "on the host: ss -ltnp | grep :10248",
    ),
    row(
        ENDS,
        ProblemCode::Port01,
        &["listen tcp*address already in use"],
        "another program listens on a port of it",
        "on the host: ss -ltnp | grep -E ':1024[0-9]|:10250'",
    )
    .but(&["userland proxy", "external connectivity"]),
    row(
        ENDS_OR_RUNS,
        ProblemCode::Cert07,
        &["private key does not match public key"],
        "its key and its certificate do not belong together",
        "let the plan issue the certificate again",
    )
    .decides("openssl pkey -pubout of the key, against openssl x509 -pubkey of the certificate"),
    row(
        ENDS_OR_RUNS,
        ProblemCode::Cert01,
        &["failed to find any PEM data in certificate input"],
        "the file of its certificate holds none",
        "let the plan issue the certificate again",
    )
    .decides("openssl x509 -noout -subject of that file"),
    row(
        ENDS_OR_RUNS,
        ProblemCode::Key01,
        &["failed to find any PEM data in key input"],
        "the file of its key holds none",
        "let the plan issue the certificate again",
    )
    .decides("openssl pkey -noout of that file"),
    // A kubelet of kubeadm whose certificate was not renewed in time, and which has nothing left to ask for another with.
    row(
        ENDS_OR_RUNS,
        ProblemCode::Cert13,
        &[
            "existing bootstrap client certificate*is expired",
            "existing bootstrap client certificate*has expired",
            "currently active client certificate has expired",
            "unable to load bootstrap kubeconfig",
        ],
        "its client certificate has expired, or is not there, and it gets no other one",
        "on a master: kubeadm kubeconfig user --org system:nodes --client-name system:node:NAME, or issue the certificate again",
    )
    .decides("openssl x509 -noout -enddate of the certificate that its kubeconfig names"),
    row(
        ENDS,
        ProblemCode::File05,
        &[
            "invalid kubeconfig",
            "Could not load kubeconfig file",
            "unable to read client-",
            "unable to read certificate-authority",
            "no server found for cluster",
            "context was not found",
            "error loading config file",
            "No API client: ",
            "unable to load client CA file",
        ],
        "its kubeconfig, or a file that this names, cannot be read",
        KUBECONFIG,
    ),
    row(
        ENDS,
        ProblemCode::File05,
        &["Failed to load environment files"],
        "a file of variables that its unit names is not there",
        "put the file of EnvironmentFile there again, or take the line out of the unit: systemctl cat kubelet",
    ),
    row(
        ENDS_OR_PODS,
        ProblemCode::Disk03,
        &["read-only file system"],
        "the disk can only be read",
        "on the host: dmesg | tail, then mount -o remount,rw once the disk is well",
    )
    .decides("findmnt, and a file that is written there"),
    row(
        ENDS,
        ProblemCode::Kernel04,
        &[
            "inotify_init*: too many open files",
            "unable to create inotify: too many open files",
            "fsWatcher*too many open files",
            "fsnotify*too many open files",
            "inotify_add_watch *: no space left on device",
        ],
        "the kernel gives it no more inotify instances or watches",
        "on the host: sysctl fs.inotify, and raise max_user_instances or max_user_watches",
    ),
    row(
        ENDS_OR_PODS,
        ProblemCode::Disk02,
        &["no space left on device"],
        "the disk is full",
        "on the host: df -h; df -i",
    )
    .decides("df -h and df -i of the folder that the line names"),
    row(
        ENDS,
        ProblemCode::Kubelet16,
        &["could not restore state from checkpoint", "Could not initialize checkpoint manager"],
        "what it kept of its own state cannot be read",
        "let its pods leave if some have processors or memory of their own; then on the host: move the file that the line names \
         (cpu_manager_state or memory_manager_state in /var/lib/kubelet) away, and systemctl restart kubelet",
    ),
    row(
        ENDS,
        ProblemCode::Kubelet17,
        &["too many open files"],
        "it may open no more files: its unit's limit is reached, or one of the kernel's",
        "on the host: cat /proc/sys/fs/file-nr; systemctl show -p LimitNOFILE kubelet",
    ),
    row(
        ENDS,
        ProblemCode::Kernel03,
        &["invalid kernel flag: "],
        "a setting of the kernel is not what it wants, and it may not change it (--protect-kernel-defaults)",
        "on the host: sysctl -w what the line names, and a line for it in /etc/sysctl.d; or leave it to the kubelet",
    ),
    row(
        ENDS,
        ProblemCode::Kernel02,
        &["Updating kernel flag failed"],
        "it cannot change a setting of the kernel",
        "on the host: sysctl -w what the line names; in a container /proc/sys is often read-only",
    ),
    row(
        ENDS,
        ProblemCode::Kubelet06,
        &["/dev/kmsg: no such file", "/dev/kmsg: operation not permitted", "/dev/kmsg: permission denied"],
        "it may not read the kernel's messages, as in a container",
        "give the machine /dev/kmsg",
    ),
    row(
        ENDS_OR_RUNS,
        ProblemCode::Address01,
        &[
            "failed to validate nodeIP",
            "bad --node-ip",
            "not found in the host's network interfaces",
            "an't get ip address of node",
        ],
        "its address is on no interface of the machine",
        "on the host: ip addr; mend the address or the plan",
    )
    .decides("ip addr, against --node-ip of its unit"),
    row(
        ENDS,
        ProblemCode::Kubelet01,
        &["Failed to locate executable", "Failed at step EXEC", "Executable path is not absolute"],
        "systemd finds no program to start",
        FLAGS,
    ),
    // It gives up after it could not tell the API for long enough.
    row(
        ENDS_OR_RUNS,
        ProblemCode::Api24,
        &["Failed to initialize CSINode", "CSINode is not yet initialized"],
        "it could not write its CSINode into the API",
        "see what the API answers to the worker's own identity",
    )
    .decides("a request with the worker's own certificate for csinodes"),
];
