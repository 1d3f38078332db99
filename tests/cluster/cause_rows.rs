//! The causes that are made for real: how, the code to name first, who mends it, and what differs by its nature.

/// On which clusters a row holds.
#[derive(Clone, Copy, PartialEq)]
pub enum Clusters {
    Both,
    Current,
    Old,
}

/// Who mends it.
#[derive(Clone, Copy)]
pub enum Mended {
    /// `gangplank repair`.
    Repair,
    /// `gangplank repair` with `--replace`, as somebody else may have put it there.
    Replace,
    /// A person, with this shell: it lies outside what gangplank may change.
    Hand(&'static str),
    /// A person begins, and `gangplank repair` does the rest.
    Both(&'static str),
}

/// A cause.
pub struct Cause {
    pub name: &'static str,
    pub on: Clusters,
    /// Shell on the worker.
    pub made: &'static str,
    /// The code that must be named first.
    pub first: &'static str,
    pub mended: Mended,
    /// What differs afterwards by its nature: a new key, a new certificate.
    pub files: &'static [&'static str],
}

macro_rules! causes {
    ($($name:literal $on:ident $first:literal $mended:expr, $made:expr, $files:expr;)+) => {
        &[$(Cause { name: $name, on: Clusters::$on, made: $made, first: $first, mended: $mended, files: &$files },)+]
    };
}

const ISSUED: [&str; 1] = ["/etc/kubernetes/ssl/worker.crt"];
const BOTH: [&str; 2] = ["/etc/kubernetes/ssl/worker.crt", "/etc/kubernetes/ssl/worker.key"];

/// Not made: E-API-06, which needs an API server without the Node authorizer, as any other certificate is told as that; E-API-05
/// in a plan, whose CA signs for the API that answers (in `layouts` there is one); E-ADDRESS-01 in a plan, as the login goes to
/// that address; E-CGROUP-01 and E-NODE-05 in a plan, which writes those fields (both are in `layouts`); E-NETWORK-08, which no
/// row has yet.
pub const CAUSES: &[Cause] = causes! {
    "the kubelet is frozen by a signal" Both "E-KUBELET-08" Mended::Repair,
        "kill -STOP @PID", [];
    "what the kubelet kept of its own state cannot be read" Both "E-KUBELET-16"
        Mended::Hand("rm /var/lib/kubelet/cpu_manager_state; systemctl restart kubelet"),
        "echo broken >/var/lib/kubelet/cpu_manager_state; systemctl restart kubelet; sleep 4", [];
    "the kubelet's program may not be executed" Current "E-KUBELET-06"
        Mended::Hand("chmod +x /usr/local/bin/kubelet; systemctl reset-failed kubelet; systemctl restart kubelet"),
        "chmod -x /usr/local/bin/kubelet; systemctl restart kubelet || true; sleep 1", [];
    "swap is on" Current "E-SWAP-01"
        Mended::Hand("swapoff $(cat /run/swap.loop); losetup -d $(cat /run/swap.loop); rm /run/swap /run/swap.loop; systemctl restart kubelet"),
        "dd if=/dev/zero of=/run/swap bs=1M count=16 status=none; losetup -f --show /run/swap >/run/swap.loop; \
         mkswap -q $(cat /run/swap.loop); swapon $(cat /run/swap.loop); systemctl restart kubelet; sleep 4", [];
    "the loopback interface is down" Current "E-ADDRESS-02" Mended::Hand("ip link set lo up"),
        "ip link set lo down", [];
    "the kubelet was stopped" Both "E-KUBELET-14" Mended::Repair,
        "systemctl stop kubelet", [];
    "the kubelet does not start with the machine" Both "E-KUBELET-15" Mended::Repair,
        "systemctl disable -q kubelet", [];
    "the kubelet's unit is masked" Both "E-KUBELET-07" Mended::Both("systemctl unmask -q kubelet"),
        "systemctl stop kubelet; rm /etc/systemd/system/kubelet.service; systemctl mask -q kubelet", [];
    "the kubelet's unit is gone" Both "E-FILE-05" Mended::Repair,
        "rm /etc/systemd/system/kubelet.service; systemctl daemon-reload", [];
    "the kubelet's unit has another flag" Both "E-FILE-03" Mended::Repair,
        "sed -i 's/^ExecStart=.*kubelet/& --no-such-flag=1/' /etc/systemd/system/kubelet.service; \
         systemctl daemon-reload; systemctl restart kubelet; sleep 1", [];
    "a drop-in takes the kubelet's program away" Both "E-KUBELET-05" Mended::Hand(
        "rm -r /etc/systemd/system/kubelet.service.d; systemctl daemon-reload; systemctl reset-failed kubelet; systemctl restart kubelet"),
        "mkdir -p /etc/systemd/system/kubelet.service.d; \
         printf '[Service]\\nExecStart=\\nExecStart=/usr/local/bin/kubelet --no-such-flag\\n' > /etc/systemd/system/kubelet.service.d/90-bad.conf; \
         systemctl daemon-reload; systemctl restart kubelet; sleep 2", [];
    "the node object was deleted" Both "E-NODE-02" Mended::Repair,
        "kubectl delete node", [];
    "others can read the worker's key" Both "E-KEY-02" Mended::Repair,
        "chmod 644 /etc/kubernetes/ssl/worker.key", [];
    "the worker's key is gone" Both "E-KEY-03" Mended::Repair,
        "rm /etc/kubernetes/ssl/worker.key", BOTH;
    "the worker's certificate is gone" Both "E-CERT-01" Mended::Repair,
        "rm /etc/kubernetes/ssl/worker.crt", ISSUED;
    "the worker's certificate has expired" Both "E-CERT-13" Mended::Repair,
        "expire", ISSUED;
    "the kubeconfig is gone" Both "E-FILE-05" Mended::Repair,
        "rm /etc/kubernetes/worker-kubeconfig.yaml; systemctl restart kubelet; sleep 1", [];
    "the kubeconfig names another API" Both "E-FILE-03" Mended::Repair,
        "sed -i 's,https://[^\"]*,https://127.0.0.1:1,' /etc/kubernetes/worker-kubeconfig.yaml; systemctl restart kubelet; sleep 1", [];
    "the manifest of kube-proxy is gone" Both "E-FILE-05" Mended::Repair,
        "rm /etc/kubernetes/manifests/kube-proxy*", [];
    "a broken manifest lies beside it" Both "E-FILE-06" Mended::Hand("rm /etc/kubernetes/manifests/broken.yaml"),
        "printf 'apiVersion: v1\\nkind: Pod\\nmetadata: [\\n' > /etc/kubernetes/manifests/broken.yaml", [];
    "a second kube-proxy lies beside it" Both "E-FILE-02" Mended::Hand("rm /etc/kubernetes/manifests/zz-proxy.yaml"),
        // At once: a copy that still has the first one's name would be taken for it, and end it a while later.
        "sed 's/name: kube-proxy$/name: kube-proxy-two/' /etc/kubernetes/manifests/kube-proxy*.yaml > /etc/kubernetes/zz-proxy.yaml; \
         mv /etc/kubernetes/zz-proxy.yaml /etc/kubernetes/manifests/", [];
    "the kubelet's program is gone" Current "E-KUBELET-01" Mended::Hand("mv /root/kubelet.away /usr/local/bin/kubelet; systemctl restart kubelet"),
        "mv /usr/local/bin/kubelet /root/kubelet.away; systemctl stop kubelet", [];
    "the CA's certificate is another's" Both "E-CERT-16" Mended::Hand(
        "mv /root/ca.away /etc/kubernetes/ssl/ca.crt; systemctl restart kubelet"),
        "mv /etc/kubernetes/ssl/ca.crt /root/ca.away; openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null \
         -out /etc/kubernetes/ssl/ca.crt -subj /CN=lab-ca -days 30 2>/dev/null", [];
    "the API is cut off" Both "E-API-24" Mended::Hand("iptables -D OUTPUT -p tcp --dport @API -j REJECT"),
        "iptables -I OUTPUT -p tcp --dport @API -j REJECT", [];
    "the API does not get through to its kubelet" Both "E-API-27"
        Mended::Hand("iptables -D INPUT -p tcp --dport 10250 -j DROP"),
        "iptables -I INPUT -p tcp --dport 10250 -j DROP", [];
    "the kubelet's configuration is gone" Current "E-FILE-05" Mended::Repair,
        "rm /var/lib/kubelet/config.yaml; systemctl restart kubelet; sleep 1", [];
    "a field of the kubelet's configuration was changed" Current "E-FILE-03" Mended::Repair,
        "sed -i 's/^clusterDomain:.*/clusterDomain: other.local/' /var/lib/kubelet/config.yaml; systemctl restart kubelet", [];
    "containerd was stopped" Current "E-CONTAINERD-01" Mended::Repair,
        "systemctl stop containerd", [];
    "containerd is frozen" Current "E-CONTAINERD-02" Mended::Repair,
        "kill -STOP $(systemctl show -p MainPID --value containerd)", [];
    "the network of pods is gone" Current "E-NETWORK-04" Mended::Hand("cp -a /root/net.d/. /etc/cni/net.d/; rm -r /root/net.d"),
        "cp -a /etc/cni/net.d /root/net.d; rm /etc/cni/net.d/*", [];
    "a plugin of the network is gone" Current "E-NETWORK-02" Mended::Hand("mv /root/bridge.away /opt/cni/bin/bridge"),
        "mv /opt/cni/bin/bridge /root/bridge.away", [];
    "containerd's CRI is off" Current "E-CONTAINERD-04" Mended::Repair,
        "cp -a /etc/containerd /root/containerd.away 2>/dev/null; mkdir -p /etc/containerd; \
         printf 'version = 2\\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\\n' > /etc/containerd/config.toml; \
         systemctl restart containerd; sleep 1", ["/etc/containerd", "/root/containerd.away"];
    "the file of the network is broken" Current "E-NETWORK-01" Mended::Hand("rm /etc/cni/net.d/00-broken.conflist"),
        "echo '{\"cniVersion\": ' > /etc/cni/net.d/00-broken.conflist", [];
    "packets are not forwarded" Current "E-KERNEL-03" Mended::Repair,
        "echo 0 > /proc/sys/net/ipv4/ip_forward", [];
    "the worker's key is another one" Both "E-CERT-07" Mended::Hand(
        "cp -p /root/key.away /etc/kubernetes/ssl/worker.key; rm /root/key.away"),
        "cp -p /etc/kubernetes/ssl/worker.key /root/key.away; \
         openssl genrsa 2048 2>/dev/null > /etc/kubernetes/ssl/worker.key", [];
    "others can read kube-proxy's key" Both "E-KEY-02" Mended::Repair,
        "chmod 640 /etc/kubernetes/ssl/kube-proxy.key", [];
    "kube-proxy may not see the services" Both "E-API-28" Mended::Repair,
        "kubectl delete binding", [];
    "another program has the kubelet's port" Both "E-PORT-01" Mended::Hand("kill $(cat /root/port.pid); rm /root/port.pid; systemctl restart kubelet"),
        "systemctl stop kubelet; perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5, LocalPort => 10250, ReuseAddr => 1) or die; sleep 600' \
         >/dev/null 2>&1 & echo $! >/root/port.pid; sleep 1; systemctl start kubelet; sleep 3", [];
    "the kubelet's folder can only be read" Both "E-DISK-03" Mended::Hand("umount /var/lib/kubelet; systemctl restart kubelet"),
        "mount --bind /var/lib/kubelet /var/lib/kubelet; mount -o remount,bind,ro /var/lib/kubelet; systemctl restart kubelet; sleep 4", [];
    "the disk of the logs can hold no more files" Both "E-DISK-04" Mended::Hand("umount -l /var/log"),
        "mount -t tmpfs -o size=20m,nr_inodes=200 tmpfs /var/log; i=0; while touch /var/log/f$i 2>/dev/null; do i=$((i+1)); done", [];
    "the disk of the logs is full" Both "E-DISK-05" Mended::Hand("umount -l /var/log"),
        "mount -t tmpfs -o size=20m tmpfs /var/log; head -c 30m /dev/zero >/var/log/full 2>/dev/null; true", [];
    "the manifests folder is gone" Both "E-FILE-05" Mended::Repair,
        "rm -r /etc/kubernetes/manifests", [];
    "containerd's socket is gone" Current "E-CONTAINERD-03" Mended::Repair,
        "rm /run/containerd/containerd.sock", [];
    "containerd's unit is masked" Current "E-CONTAINERD-01" Mended::Both("systemctl unmask -q containerd"),
        "systemctl stop containerd; systemctl mask -q containerd", [];
    "bridged packets are not filtered" Current "E-KERNEL-03" Mended::Repair,
        "echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables", [];
    "the image that pods begin with is gone" Current "E-IMAGE-02" Mended::Repair,
        "crictl -r unix:///run/containerd/containerd.sock -i unix:///run/containerd/containerd.sock rmi registry.k8s.io/pause:3.10.2", [];
    "docker was stopped" Old "E-DOCKER-01" Mended::Repair,
        "systemctl stop docker.socket docker 2>/dev/null; systemctl stop docker", [];
    "docker is frozen" Old "E-DOCKER-02" Mended::Repair,
        "kill -STOP $(systemctl show -p MainPID --value docker)", [];
    // Certificates that anybody can read, and not as the worker needs them.
    "the worker's certificate is of another node" Both "E-CERT-08" Mended::Replace,
        "certificate cn; systemctl restart kubelet; sleep 5", ISSUED;
    "the worker's certificate is for another machine" Both "E-CERT-09" Mended::Replace,
        "certificate names; systemctl restart kubelet", ISSUED;
    "the worker's certificate may not be served with" Current "E-CERT-10" Mended::Replace,
        "certificate usage; systemctl restart kubelet", ISSUED;
    "the worker's certificate begins in two days" Both "E-CERT-12" Mended::Replace,
        "certificate later; systemctl restart kubelet; sleep 5", ISSUED;
    "the worker's certificate is of a CA that only has the name" Both "E-CERT-05" Mended::Replace,
        "certificate stranger; systemctl restart kubelet; sleep 5", ISSUED;
    "a file of the network for the loopback device stands first" Current "E-NETWORK-03"
        Mended::Hand("rm /etc/cni/net.d/00-loopback.conf"),
        "echo '{\"cniVersion\":\"0.4.0\",\"name\":\"lo\",\"type\":\"loopback\"}' >/etc/cni/net.d/00-loopback.conf", [];
    "flannel gave the worker no subnet" Current "E-NETWORK-07"
        Mended::Hand("rm /etc/cni/net.d/00-flannel.conflist /opt/cni/bin/flannel"),
        "ln -s bridge /opt/cni/bin/flannel; echo '{\"cniVersion\":\"0.4.0\",\"name\":\"cbr0\",\"plugins\":[{\"type\":\"flannel\",\"delegate\":{}}]}' \
         >/etc/cni/net.d/00-flannel.conflist; \
         while [ $(($(date +%s) - $(date -d \"$(systemctl show -p ActiveEnterTimestamp --value kubelet)\" +%s))) -lt 124 ]; do sleep 2; done", [];
    "kube-proxy ends again and again" Current "E-CONTAINER-02" Mended::Repair,
        "c='crictl -r unix:///run/containerd/containerd.sock -i unix:///run/containerd/containerd.sock'; for i in 1 2 3; do \
         until id=$($c ps -q --name kube-proxy) && [ \"$id\" ]; do sleep 1; done; $c stop -t 0 $id >/dev/null; done", [];
    "the rules of services were flushed and kube-proxy is frozen" Current "E-CONTAINER-03"
        Mended::Hand("kill -CONT $(pgrep -x kube-proxy); i=0; until iptables-save -t nat | grep -q KUBE-SERVICES; do sleep 1; done"),
        "while [ $(ps -o etimes= -p $(pgrep -x kube-proxy | head -n 1)) -lt 64 ]; do sleep 2; done; kill -STOP $(pgrep -x kube-proxy); \
         for t in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do for n in nat filter mangle; do $t -t $n -F; $t -t $n -X; done; done 2>/dev/null; true", [];
    "all of root's inotify instances are taken" Current "E-KERNEL-04"
        Mended::Hand("kill $(cat /root/inotify.pid); rm /root/inotify.pid; systemctl reset-failed kubelet; systemctl restart kubelet"),
        // What others leave is taken too: the limit is one for all of the machine.
        "systemctl stop kubelet; perl -e 'while (1) { 1 while syscall(253) >= 0; select undef, undef, undef, .02 }' >/dev/null 2>&1 & \
         echo $! >/root/inotify.pid; sleep 4; systemctl start kubelet; sleep 4", [];
    "a drop-in lets the kubelet open hardly any files" Current "E-KUBELET-05" Mended::Hand(
        "rm -r /etc/systemd/system/kubelet.service.d; systemctl daemon-reload; systemctl reset-failed kubelet; systemctl restart kubelet"),
        "mkdir -p /etc/systemd/system/kubelet.service.d; printf '[Service]\\nLimitNOFILE=14\\n' >/etc/systemd/system/kubelet.service.d/90-files.conf; \
         systemctl daemon-reload; systemctl restart kubelet; sleep 4", [];
    "the kubelet may open no more files" Current "E-KUBELET-17" Mended::Hand(
        "rm -r /etc/systemd/system.conf.d; systemctl daemon-reexec; systemctl reset-failed kubelet; systemctl restart kubelet"),
        "mkdir /etc/systemd/system.conf.d; printf '[Manager]\\nDefaultLimitNOFILE=14\\n' >/etc/systemd/system.conf.d/90-files.conf; \
         systemctl daemon-reexec; systemctl restart kubelet; sleep 4", [];
    "the unit was mended, and systemd has not read it" Both "E-UNIT-02" Mended::Repair,
        "u=/etc/systemd/system/kubelet.service; cp -a $u /root/unit; sed -i 's/^ExecStart=.*kubelet/& --no-such-flag=1/' $u; \
         systemctl daemon-reload; systemctl restart kubelet; sleep 2; cat /root/unit >$u; rm /root/unit", [];
    "the plan has another answer by now" Both "E-FILE-07" Mended::Repair,
        "another answer", [];
    "the kubelet was not restarted after its configuration was written" Both "E-UNIT-03" Mended::Repair,
        "no restart", [];
    "the API hears nothing, and nobody marks the node" Current "E-NODE-03" Mended::Hand("true"),
        "deny", [];
};
