//! What a kubelet says that runs, and a kube-proxy: rows as those beside this. What the API, its certificate, the clock or
//! the worker's own certificate are is decided by asking; there a line is one witness more.

use super::row::{JournalRow, When, row};
use crate::plan::code::ProblemCode;

const RUNS: &[When] = &[When::Runs];
const PODS: &[When] = &[When::Pods];
const RUNS_OR_PODS: &[When] = &[When::Runs, When::Pods];
const ASIDE: &[When] = &[];
const OWN: &str = "openssl x509 -noout -subject -issuer -dates of the certificate that its kubeconfig names, and who signs for the API";
const SERVED: &str = "openssl s_client to the API from the worker, with the CA of its kubeconfig";
const REACHED: &str = "curl -k of the API's /healthz from the worker";
const IMAGES: &str = "on the host: crictl images or docker images; pull it, or mend its name";

pub(super) const ROWS: &[JournalRow] = &[
    // The network of pods; the first stands inside the last.
    row(
        RUNS_OR_PODS,
        ProblemCode::Network07,
        &["run/flannel/subnet.env"],
        "flannel has given it no subnet",
        "see what flannel says: kubectl -n kube-flannel logs of its pod there",
    ),
    row(
        PODS,
        ProblemCode::Network08,
        &["already has an IP address different from"],
        "the bridge of pods has an address of an older subnet",
        "on the host, when its pods may be cut off: ip link delete the bridge that the line names; it is made anew",
    ),
    row(
        RUNS_OR_PODS,
        ProblemCode::Network02,
        &["failed to find plugin \""],
        "a plugin of the pod network is in none of the folders where it is looked for",
        "put the plugin that the line names into /opt/cni/bin",
    ),
    row(
        RUNS_OR_PODS,
        ProblemCode::Network01,
        &["Error loading CNI config", "rror parsing configuration list", "Error validating CNI config"],
        "the file of the pod network cannot be used",
        "mend the file of /etc/cni/net.d that the line names, or take it away",
    ),
    row(
        RUNS,
        ProblemCode::Network04,
        &["ConfigureCBR0 requested, but PodCIDR not set"],
        "its node has no range of addresses for pods, so that it makes no bridge",
        "let the controller manager give one (--allocate-node-cidrs, --cluster-cidr), or write spec.podCIDR",
    )
    .decides("kubectl get node -o jsonpath={.spec.podCIDR}"),
    row(
        RUNS_OR_PODS,
        ProblemCode::Network04,
        &[
            "cni plugin not initialized",
            "cni config uninitialized",
            "reason:NetworkPluginNotReady",
            "network state unknown",
        ],
        "there is no pod network: it has no file of one that it could read",
        "put the file of the network into /etc/cni/net.d again, or deploy one for the cluster",
    ),
    // The runtime: one that hangs answers too late, one that is stopped not at all.
    row(
        RUNS,
        ProblemCode::Containerd02,
        &[
            "Container runtime sanity check failed*DeadlineExceeded",
            "Container runtime sanity check failed*deadline exceeded",
            "tatus from runtime service failed*DeadlineExceeded",
            "GenericPLEG: Unable to retrieve pods*DeadlineExceeded",
            "pleg was last seen active",
        ],
        "its container runtime does not answer in time",
        "on the host: crictl ps or docker ps; where it hangs, restart the runtime: containers of containerd go on",
    )
    .decides("whether crictl ps or docker ps there answers"),
    row(
        RUNS,
        ProblemCode::Containerd01,
        &[
            "container runtime is down",
            "Container runtime sanity check failed",
            "from runtime service failed*code = Unavailable",
            "GenericPLEG: Unable to retrieve pods*code = Unavailable",
        ],
        "its container runtime does not answer",
        "on the host: systemctl status containerd docker",
    )
    .decides("whether crictl ps or docker ps there answers"),
    row(
        PODS,
        ProblemCode::Docker04,
        &["can't join IPC of container"],
        "its docker gives pods an IPC of their own, which 1.2 cannot join",
        "start docker with --default-ipc-mode=shareable",
    ),
    row(
        PODS,
        ProblemCode::Containerd08,
        &["expected cgroupsPath to be of format"],
        "its containerd makes cgroups by systemd, and it does not",
        "let both use the same: SystemdCgroup of containerd, cgroupDriver of the kubelet",
    ),
    // Images: that of a pod's own container is the worker's matter only for kube-proxy.
    row(
        PODS,
        ProblemCode::Image02,
        &[
            "ailed to get sandbox image",
            "ailed pulling image \"*/pause",
            "RunPodSandbox*failed to pull image",
            "CreatePodSandbox*failed to pull image",
            "ailed to create sandbox*failed to pull image",
        ],
        "the image that every pod needs (pause) is not there and cannot be pulled",
        IMAGES,
    ),
    row(
        PODS,
        ProblemCode::Image02,
        &[
            "kube-proxy*ErrImagePull",
            "kube-proxy*ImagePullBackOff",
            "kube-proxy*ErrImageNeverPull",
            "Failed to pull image*kube-proxy",
            "Back-off pulling image*kube-proxy",
            "failed to pull and unpack image*kube-proxy",
            "kube-proxy*is no longer supported since containerd v2",
        ],
        "the image of kube-proxy is not there and cannot be pulled",
        IMAGES,
    ),
    // Files of static pods.
    row(
        PODS,
        ProblemCode::File05,
        &["Unable to read config path*path does not exist", "Unable to read manifest path*does not exist"],
        "the folder of static pods is gone, and so are its pods",
        "make the folder again, with the files of its pods",
    ),
    row(
        PODS,
        ProblemCode::File06,
        &[
            "couldn't parse as pod(",
            "an't process config file",
            "an't process manifest file",
            "ould not process manifest file",
            "static pods may not reference",
            "invalid pod: ",
        ],
        "a file of its static pods cannot be read, and then it may end the pods of the others",
        "mend the file that the line names, or move it out of the folder",
    ),
    row(
        PODS,
        ProblemCode::Name03,
        &["Could not open resolv conf file", "open *resolv.conf: no such file"],
        "the file of name servers for pods is not there",
        "on the host: put the file there, or mend resolvConf of its configuration",
    ),
    // The API's certificate.
    row(
        RUNS,
        ProblemCode::Api22,
        &[
            "x509: certificate is valid for *, not ",
            "x509: certificate is not valid for any names",
            "doesn't contain any IP SANs",
            "relies on legacy Common Name field",
        ],
        "the API's certificate is not for the name or address that it uses",
        "name the API in its kubeconfig as its certificate does, or give that the name",
    )
    .of_api()
    .decides(SERVED),
    row(
        RUNS,
        ProblemCode::Api21,
        &["x509: certificate signed by unknown authority"],
        "the CA of its kubeconfig did not sign the API's certificate",
        "put the cluster's CA certificate into its kubeconfig, then: systemctl restart kubelet",
    )
    .of_api()
    .decides(SERVED),
    row(
        RUNS,
        ProblemCode::Clock01,
        &["certificate has expired or is not yet valid*is before"],
        "by its clock the API's certificate is not valid yet",
        "on the host: timedatectl; where the clock is right, the certificate was issued for later",
    )
    .of_api()
    .decides("date -u there, against the dates of the API's certificate"),
    row(
        RUNS,
        ProblemCode::Api22,
        &["certificate has expired or is not yet valid"],
        "by its clock the API's certificate has expired, or is not valid yet",
        "on the host: timedatectl; where the clock is right, renew the API's certificate on the masters",
    )
    .of_api()
    .decides("date -u there, against the dates of the API's certificate"),
    // As whom it comes.
    row(
        RUNS,
        ProblemCode::Cert08,
        &[
            "only its own Node object",
            "only access node lease with the same name",
            "node \"*\" is not allowed to modify node",
        ],
        "its certificate is of a node with another name",
        "let the plan issue the certificate again, or mend --hostname-override",
    )
    .of_api()
    .decides("openssl x509 -noout -subject of its certificate, against the name of its node"),
    row(
        RUNS,
        ProblemCode::Kubelet02,
        &["is not allowed to set the following labels", "is not allowed to modify labels"],
        "the API does not let it set a label of its --node-labels",
        "take the label out of its unit or configuration, and set it with kubectl label node",
    )
    .of_api(),
    row(
        RUNS,
        ProblemCode::Api05,
        &["User \"system:anonymous\""],
        "it sends the API no certificate",
        "see what its kubeconfig names as client-certificate and client-key",
    )
    .of_api()
    .decides(OWN),
    row(
        RUNS,
        ProblemCode::Api06,
        &["nodes*is forbidden: User \"*\" cannot * resource \"nodes\"", "leases*is forbidden: User \""],
        "the API knows it and does not let it see its node",
        "a node's certificate says O=system:nodes and CN=system:node:NAME; let the plan issue it again",
    )
    .of_api()
    .decides(OWN),
    row(
        RUNS,
        ProblemCode::Api05,
        &["Unauthorized", "the server has asked for the client to provide credentials"],
        "the API does not accept its certificate: expired, not valid yet and of another CA are the same words",
        "look at the dates and the issuer of its certificate, and at the CA that the API trusts",
    )
    .of_api()
    .decides(OWN),
    row(
        RUNS,
        ProblemCode::Node02,
        &[
            "error getting node \"*\": nodes \"*\" not found",
            "Failed to prepare lease*nodes \"*\" not found",
            "set owner ref to the node lease*nodes \"*\" not found",
        ],
        "the API has no node of its name: it registers one only when it starts",
        "on the host: systemctl restart kubelet; its containers go on",
    )
    .decides("kubectl get node"),
    // The way to the API; a name server that refuses is no API that does.
    row(
        RUNS,
        ProblemCode::Name02,
        &[
            "lookup *: no such host",
            "lookup *: server misbehaving",
            "lookup *: connection refused",
            "lookup *: i/o timeout",
            "lookup *: no route to host",
            "lookup *: network is unreachable",
        ],
        "it finds no address for the name of the API",
        "put it into /etc/hosts there, or mend /etc/resolv.conf; it asks again by itself",
    )
    .of_api()
    .decides("getent ahosts of the API's name there"),
    row(
        RUNS,
        ProblemCode::Api24,
        &[
            "connect: connection refused",
            "i/o timeout",
            "no route to host",
            "network is unreachable",
            "connection timed out",
            "TLS handshake timeout",
            "context deadline exceeded",
            "request canceled while waiting for connection",
            "connection reset by peer",
            ": EOF",
        ],
        "it does not reach the API",
        "look at its kubeconfig's server, at routes, firewall and load balancer between them",
    )
    .of_api()
    .decides(REACHED),
    // What else it says, which keeps no node from being Ready.
    row(
        ASIDE,
        ProblemCode::Node05,
        &[
            "attempting to reclaim",
            "must evict pod(s) to reclaim",
            "OutOfDisk",
            "to garbage collect required amount of images",
        ],
        "it is short of something and looks for pods to end",
        "on the host: df -h; df -i; free -m",
    ),
    row(
        ASIDE,
        ProblemCode::Api06,
        &[
            "ailed creating a mirror pod*violates PodSecurity",
            "ailed creating a mirror pod*may not reference",
            "ailed creating a mirror pod*integer value of priority",
        ],
        "the API refuses to show a static pod, which runs all the same",
        "see what the line names",
    ),
    row(
        ASIDE,
        ProblemCode::Api07,
        &["ailed creating a mirror pod*namespaces \"kube-system\" not found"],
        "the API has no namespace kube-system to show its static pods in",
        "kubectl create namespace kube-system",
    ),
    row(
        ASIDE,
        ProblemCode::Kubelet11,
        &["does not have ClusterDNS IP configured", "Invalid clusterDNS IP"],
        "it is told no address of the cluster DNS that it can use",
        "mend clusterDNS of its configuration",
    ),
    row(
        ASIDE,
        ProblemCode::Api27,
        &["no serving certificate available"],
        "it has no certificate to serve with, so that logs and exec do not work",
        "kubectl get csr, and approve that of the node; or give it tlsCertFile and tlsPrivateKeyFile",
    ),
    row(
        ASIDE,
        ProblemCode::Kubelet11,
        &["Using lenient decoding as strict decoding failed"],
        "its configuration has a key that it does not know and leaves out",
        "mend the key that the line names",
    ),
];

/// What a kube-proxy says; of the API it says the same as a kubelet.
pub(super) const PROXY: &[JournalRow] = &[
    row(
        PODS,
        ProblemCode::Api28,
        &[
            "cannot list resource \"services\"",
            "cannot list resource \"endpoints\"",
            "cannot list resource \"endpointslices\"",
            "nodes*is forbidden: User \"*\" cannot * resource \"nodes\"",
        ],
        "the API knows it and does not let it see services",
        "bind its user to the ClusterRole system:node-proxier",
    )
    .decides("kubectl auth can-i list services --as the user that the line names"),
    row(
        PODS,
        ProblemCode::Kernel02,
        &["could not set conntrack parameters", "nf_conntrack_max: "],
        "it cannot set the kernel's table of connections",
        "on the host: modprobe nf_conntrack; or conntrack.maxPerCore: 0 in its configuration",
    ),
    row(
        PODS,
        ProblemCode::Kernel01,
        &["iptables is not available on this host", "can't initialize iptables table"],
        "it finds no iptables: the program, or the kernel's modules",
        "on the host: modprobe ip_tables; iptables -t nat -L -n",
    ),
    row(
        PODS,
        ProblemCode::Network06,
        &["unknown flag: ", "unknown shorthand flag", "unrecognized feature gate"],
        "it refuses a flag",
        "take the flag out of its manifest or unit",
    ),
    row(
        PODS,
        ProblemCode::File05,
        &["invalid configuration: ", "unable to read client-", "unable to read certificate-authority"],
        "its kubeconfig, or a file that this names, cannot be read",
        "let the plan write the kubeconfig again",
    ),
    row(
        PODS,
        ProblemCode::Port01,
        &["listen tcp*address already in use"],
        "another program listens on a port of it",
        "on the host: ss -ltnp | grep -E ':1024[0-9]|:10256'",
    ),
    row(
        PODS,
        ProblemCode::Node02,
        &["Node is being deleted"],
        "its node was deleted",
        "on the host: systemctl restart kubelet; its containers go on",
    )
    .decides("kubectl get node"),
];
