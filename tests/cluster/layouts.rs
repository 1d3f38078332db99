//! The layouts that a worker in no plan has, and what is made wrong with each: how, the code to name first, and what mends it.

/// What all have: the server of our kubeconfig, and no record of ours.
pub const BEGIN: &str = "set -e; systemctl stop kubelet; server=$(sed -n 's/.*server: *//p' /etc/kubernetes/worker-kubeconfig.yaml)
mv /var/lib/gangplank /root/gangplank.kept
s=/etc/kubernetes/ssl; ca=$(base64 -w0 $s/ca.crt)
kubeconfig() { # PATH CERT KEY
  printf 'apiVersion: v1\\nkind: Config\\nclusters:\\n- name: c\\n  cluster:\\n    certificate-authority-data: %s\\n    server: %s\\n' $ca $server >$1
  printf 'contexts:\\n- name: d\\n  context:\\n    cluster: c\\n    user: u\\ncurrent-context: d\\nusers:\\n- name: u\\n  user:\\n' >>$1
  printf '    client-certificate%s\\n    client-key%s\\n' \"$2\" \"$3\" >>$1; chmod 600 $1
}
";

/// `kubelet.conf`, a certificate that renews itself, and a drop-in whose flags come from variables and files.
pub const KUBEADM: &str = "p=/var/lib/kubelet/pki; mkdir -p $p /etc/systemd/system/kubelet.service.d
cat $s/worker.crt $s/worker.key >$p/kubelet-client-2026-11-30-00-00-00.pem; chmod 600 $p/*.pem
ln -sfn $p/kubelet-client-2026-11-30-00-00-00.pem $p/kubelet-client-current.pem
kubeconfig /etc/kubernetes/kubelet.conf \": $p/kubelet-client-current.pem\" \": $p/kubelet-client-current.pem\"
printf '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=/usr/local/bin/kubelet\\nRestart=always\\nRestartSec=1\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/kubelet.service
cat >/etc/systemd/system/kubelet.service.d/10-kubeadm.conf <<'K'
[Service]
Environment=\"KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf\"
Environment=\"KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml\"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
K
echo 'KUBELET_KUBEADM_ARGS=\"--node-ip=@IP\"' >/var/lib/kubelet/kubeadm-flags.env
echo 'KUBELET_EXTRA_ARGS=--hostname-override=x1' >/etc/default/kubelet
";

/// Credentials in the kubeconfigs, and kube-proxy as a unit, whose program is taken out of its container.
pub const HARD_WAY: &str = "kubeconfig /var/lib/kubelet/kubeconfig \"-data: $(base64 -w0 $s/worker.crt)\" \"-data: $(base64 -w0 $s/worker.key)\"
printf '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=/usr/local/bin/kubelet \\\\\\n  --config=/var/lib/kubelet/config.yaml \\\\\\n  --kubeconfig=/var/lib/kubelet/kubeconfig \\\\\\n  --v=2\\nRestart=on-failure\\nRestartSec=1\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/kubelet.service
cp /proc/$(pgrep -x kube-proxy | head -n 1)/root/usr/local/bin/kube-proxy /usr/local/bin/kube-proxy; mkdir -p /var/lib/kube-proxy
kubeconfig /var/lib/kube-proxy/kubeconfig \"-data: $(base64 -w0 $s/kube-proxy.crt)\" \"-data: $(base64 -w0 $s/kube-proxy.key)\"
mv /etc/kubernetes/manifests/kube-proxy* /root/; f=/var/lib/kube-proxy/kube-proxy-config.yaml
printf 'kind: KubeProxyConfiguration\\napiVersion: kubeproxy.config.k8s.io/v1alpha1\\nclientConnection:\\n  kubeconfig: /var/lib/kube-proxy/kubeconfig\\n' >$f
printf 'mode: iptables\\nclusterCIDR: 10.4.0.0/16\\nconntrack:\\n  maxPerCore: 0\\n' >>$f
printf '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=/usr/local/bin/kube-proxy --config=%s\\nRestart=always\\nRestartSec=1\\n[Install]\\nWantedBy=multi-user.target\\n' $f >/etc/systemd/system/kube-proxy.service
systemctl daemon-reload; systemctl start kube-proxy
";

/// Ours without the record: certificates and kubeconfigs below `/etc/kubernetes`.
pub const BY_HAND: &str = "";

pub const END: &str = "systemctl daemon-reload; systemctl start kubelet";

/// What mends a fault: `gangplank repair` by user@host, with the CA of the cluster.
pub const REPAIR: &str = "repair";

/// A fault, what it is made by, the code that is named first, and what mends it.
pub type Fault = (&'static str, &'static str, &'static str, &'static str);

pub const LAYOUTS: [(&str, &str, &[Fault]); 3] = [
    (
        "kubeadm",
        KUBEADM,
        &[
            (
                "its kubeconfig is gone",
                "E-FILE-05",
                "mv /etc/kubernetes/kubelet.conf /root/",
                "mv /root/kubelet.conf /etc/kubernetes/",
            ),
            ("its certificate has expired while it was off", "E-CERT-13", "expire", REPAIR),
            ("others can read its key", "E-KEY-02", "chmod 644 @CERT", REPAIR),
            (
                "its configuration is no YAML",
                "E-KUBELET-12",
                "cp /var/lib/kubelet/config.yaml /root/; echo '{' >/var/lib/kubelet/config.yaml",
                "mv /root/config.yaml /var/lib/kubelet/",
            ),
            (
                "its unit starts a program that is not there",
                "E-KUBELET-01",
                "sed -i 's,^ExecStart=/usr/local/bin/kubelet,ExecStart=/usr/local/local/bin/kubelet,' @DROPIN; systemctl daemon-reload; systemctl restart kubelet || true",
                "sed -i 's,/usr/local/local/,/usr/local/,' @DROPIN; systemctl daemon-reload; systemctl restart kubelet",
            ),
            (
                "its configuration names a CA that is not there",
                "E-FILE-05",
                "cp -a @CONFIG /root/; sed -i 's,clientCAFile: .*,clientCAFile: /etc/kubernetes/pki/WRONG-CA-FILE.crt,' @CONFIG; systemctl restart kubelet",
                "mv /root/config.yaml @CONFIG; systemctl restart kubelet",
            ),
            (
                "its kubeconfig names a port where nobody listens",
                "E-API-24",
                "cp -a @CONF /root/; sed -i 's,server: .*,server: https://@API:6553,' @CONF; systemctl restart kubelet",
                "mv /root/kubelet.conf @CONF; systemctl restart kubelet",
            ),
            (
                "its kubeconfig has a CA that cannot be read",
                "E-CA-01",
                "cp -a @CONF /root/; sed -i 's,certificate-authority-data: .*,certificate-authority-data: LS0tLS1CRUdJTg==,' @CONF; systemctl restart kubelet",
                "mv /root/kubelet.conf @CONF; systemctl restart kubelet",
            ),
            (
                "its kubeconfig has the CA of a stranger",
                "E-API-21",
                "cp -a @CONF /root/; openssl req -x509 -newkey rsa:2048 -nodes -keyout /root/s.key -out /root/s.crt -subj /CN=stranger -days 9 2>/dev/null; sed -i \"s,certificate-authority-data: .*,certificate-authority-data: $(base64 -w0 /root/s.crt),\" @CONF; systemctl restart kubelet",
                "mv /root/kubelet.conf @CONF; systemctl restart kubelet",
            ),
            (
                "it is told a socket where no runtime listens",
                "E-FILE-05",
                "cp -a @CONFIG /root/; sed -i '/^containerRuntimeEndpoint/d' @CONFIG; echo 'containerRuntimeEndpoint: unix:///run/wrong/containerd.sock' >>@CONFIG; systemctl restart kubelet",
                "mv /root/config.yaml @CONFIG; systemctl restart kubelet",
            ),
            (
                "a file of its environment has a flag that it does not know",
                "E-KUBELET-02",
                "sed -i 's/$/ --no-such-flag/' /etc/default/kubelet; systemctl restart kubelet",
                "sed -i 's/ --no-such-flag//' /etc/default/kubelet; systemctl restart kubelet",
            ),
            (
                "its configuration has a word where a number belongs",
                "E-KUBELET-11",
                "cp -a @CONFIG /root/; echo 'maxPods: many' >>@CONFIG; systemctl restart kubelet",
                "mv /root/config.yaml @CONFIG; systemctl restart kubelet",
            ),
            ("the folder of static pods is gone", "E-FILE-05", "mv /etc/kubernetes/manifests /root/", REPAIR),
            (
                "its program may not be executed",
                "E-KUBELET-06",
                "chmod -x /usr/local/bin/kubelet; systemctl restart kubelet || true",
                "chmod +x /usr/local/bin/kubelet; systemctl reset-failed kubelet; systemctl restart kubelet",
            ),
            (
                "its program was copied in part",
                "E-KUBELET-06",
                "systemctl stop kubelet; mv /usr/local/bin/kubelet /opt/kubelet; head -c 1000000 /opt/kubelet >/usr/local/bin/kubelet; chmod +x /usr/local/bin/kubelet; systemctl start kubelet || true",
                "systemctl stop kubelet; mv /opt/kubelet /usr/local/bin/kubelet; systemctl reset-failed kubelet; systemctl start kubelet",
            ),
            (
                "what it kept of its own state cannot be read",
                "E-KUBELET-16",
                "echo broken >/var/lib/kubelet/cpu_manager_state; systemctl restart kubelet; sleep 4",
                "rm /var/lib/kubelet/cpu_manager_state; systemctl restart kubelet",
            ),
            ("its key belongs to somebody else", "E-KEY-02", "chown nobody @CERT", REPAIR),
            (
                "its file of name servers is gone",
                "E-NAME-03",
                "cp -a @CONFIG /root/; sed -i '/^resolvConf/d' @CONFIG; echo 'resolvConf: /run/nowhere/resolv.conf' >>@CONFIG; systemctl restart kubelet",
                "mv /root/config.yaml @CONFIG; systemctl restart kubelet",
            ),
            (
                "it is told to be another node than its certificate says",
                "E-CERT-08",
                "cp -a /etc/default/kubelet /root/; sed -i 's/hostname-override=x1/hostname-override=x9/' /etc/default/kubelet; systemctl restart kubelet",
                "cat /root/kubelet >/etc/default/kubelet; systemctl restart kubelet",
            ),
            (
                "the key that it serves with is another one",
                "E-CERT-07",
                "cp -a /etc/kubernetes/ssl/worker.key /root/; openssl genrsa 2048 2>/dev/null >/etc/kubernetes/ssl/worker.key; systemctl restart kubelet; sleep 2",
                "mv /root/worker.key /etc/kubernetes/ssl/; systemctl restart kubelet",
            ),
            (
                "what it serves with has expired",
                "E-CERT-13",
                "expire serving",
                "mv /root/kept.crt @CRT; systemctl restart kubelet",
            ),
            (
                "containerd finds no runc",
                "E-CONTAINERD-11",
                "for f in /usr/lib/lab /usr/sbin /usr/bin; do [ ! -e $f/runc ] || mv $f/runc $f/runc.away; done",
                "for f in /usr/lib/lab /usr/sbin /usr/bin; do [ ! -e $f/runc.away ] || mv $f/runc.away $f/runc; done",
            ),
            (
                "its certificate is of a CA that it trusts and the API does not",
                "E-API-05",
                "cp -a @CONF /root/; cp -a @CERT /root/kept.pem; cd /root; openssl req -x509 -newkey rsa:2048 -nodes -keyout s.key -out s.crt -subj /CN=stranger -days 9 2>/dev/null; openssl req -new -key /etc/kubernetes/ssl/worker.key -subj /O=system:nodes/CN=system:node:x1 | openssl x509 -req -CA s.crt -CAkey s.key -CAcreateserial -days 9 -out p.crt 2>/dev/null; cat p.crt /etc/kubernetes/ssl/worker.key >@CERT; sed -i \"s,certificate-authority-data: .*,certificate-authority-data: $(cat /etc/kubernetes/ssl/ca.crt s.crt | base64 -w0),\" @CONF; systemctl restart kubelet",
                "mv /root/kubelet.conf @CONF; cat /root/kept.pem >@CERT; systemctl restart kubelet",
            ),
            (
                "it is told an address that the machine does not have",
                "E-ADDRESS-01",
                "sed -i 's/node-ip=[0-9.]*/node-ip=10.99.0.9/' /var/lib/kubelet/kubeadm-flags.env; systemctl restart kubelet; sleep 4",
                "sed -i 's/node-ip=[0-9.]*/node-ip=@IP/' /var/lib/kubelet/kubeadm-flags.env; systemctl restart kubelet",
            ),
            (
                "it refuses control groups of version 1",
                "E-CGROUP-01",
                "cp -a @CONFIG /root/; sed -i 's/failCgroupV1: .*/failCgroupV1: true/' @CONFIG; systemctl restart kubelet; sleep 4",
                "mv /root/config.yaml @CONFIG; systemctl restart kubelet",
            ),
            (
                "it wants more memory free than the machine has",
                "E-NODE-05",
                "cp -a @CONFIG /root/; sed -i \"s/memory.available: .*/memory.available: $(($(sed -n 's/MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo) / 1024 - 64))Mi/\" @CONFIG; systemctl restart kubelet; sleep 25",
                "mv /root/config.yaml @CONFIG; systemctl restart kubelet",
            ),
            (
                "what it serves with is for another host",
                "E-CERT-09",
                "serving names",
                "mv /root/kept.crt @CRT; systemctl restart kubelet",
            ),
            (
                "kube-proxy ends again and again",
                "E-CONTAINER-02",
                "c='crictl -r unix:///run/containerd/containerd.sock -i unix:///run/containerd/containerd.sock'; for i in 1 2 3; do until id=$($c ps -q --name kube-proxy) && [ \"$id\" ]; do sleep 1; done; $c stop -t 0 $id >/dev/null; done; sleep 6",
                "true",
            ),
            (
                "the network of pods begins with a file for the loopback device",
                "E-NETWORK-03",
                "echo '{\"cniVersion\":\"0.4.0\",\"name\":\"lo\",\"type\":\"loopback\"}' >/etc/cni/net.d/00-loopback.conf",
                "rm /etc/cni/net.d/00-loopback.conf",
            ),
            (
                "its unit was mended, and systemd has not read it",
                "E-UNIT-02",
                "cp -a @DROPIN /root/dropin; sed -i 's,^ExecStart=/usr/local/bin/kubelet,ExecStart=/usr/local/local/bin/kubelet,' @DROPIN; systemctl daemon-reload; systemctl restart kubelet || true; sleep 2; cat /root/dropin >@DROPIN",
                REPAIR,
            ),
            (
                "it was killed, and nothing starts it",
                "E-KUBELET-04",
                "printf '[Service]\\nRestart=no\\n' >/etc/systemd/system/kubelet.service.d/90-no.conf; systemctl daemon-reload; systemctl kill -s KILL kubelet; sleep 1",
                REPAIR,
            ),
        ],
    ),
    (
        "hard-way",
        HARD_WAY,
        &[
            (
                "its kubeconfig names another API",
                "E-API-24",
                "sed -i 's/server: .*/server: https:\\/\\/127.0.0.1:6999/' /var/lib/kubelet/kubeconfig",
                "sed -i \"s/server: .*/$(sed -n 's/.*\\(server: .*\\)/\\1/p' /etc/kubernetes/worker-kubeconfig.yaml | sed 's/\\//\\\\\\//g')/\" /var/lib/kubelet/kubeconfig",
            ),
            (
                "its kubeconfig names the API by a name that nobody knows",
                "E-NAME-02",
                "cp -a /var/lib/kubelet/kubeconfig /root/; sed -i 's,server: .*,server: https://api.nowhere.invalid:6443,' /var/lib/kubelet/kubeconfig; cat /etc/resolv.conf >/root/resolv; echo nameserver 127.0.0.1 >/etc/resolv.conf; systemctl restart kubelet",
                "mv /root/kubeconfig /var/lib/kubelet/; cat /root/resolv >/etc/resolv.conf; systemctl restart kubelet",
            ),
            (
                "its key is another one",
                "E-CERT-07",
                "cp -a /var/lib/kubelet/kubeconfig /root/; sed -i \"s/client-key-data: .*/client-key-data: $(openssl genrsa 2048 2>/dev/null | base64 -w0)/\" /var/lib/kubelet/kubeconfig",
                "mv /root/kubeconfig /var/lib/kubelet/",
            ),
            (
                "the kubeconfig of kube-proxy is gone",
                "E-CONTAINER-04",
                "mv /var/lib/kube-proxy/kubeconfig /root/; systemctl restart kube-proxy; sleep 2",
                "mv /root/kubeconfig /var/lib/kube-proxy/; systemctl restart kube-proxy",
            ),
            (
                "the certificate of kube-proxy is of a stranger",
                "E-CONTAINER-04",
                "cp -a /var/lib/kube-proxy/kubeconfig /root/; cd /root; openssl req -x509 -newkey rsa:2048 -nodes -keyout s.key -out s.crt -subj /CN=stranger -days 9 2>/dev/null; openssl req -new -key /etc/kubernetes/ssl/kube-proxy.key -subj /CN=system:kube-proxy | openssl x509 -req -CA s.crt -CAkey s.key -CAcreateserial -days 9 -out p.crt 2>/dev/null; sed -i \"s/client-certificate-data: .*/client-certificate-data: $(base64 -w0 p.crt)/\" /var/lib/kube-proxy/kubeconfig; systemctl restart kube-proxy",
                "mv /root/kubeconfig /var/lib/kube-proxy/; systemctl restart kube-proxy",
            ),
            (
                "the kubeconfig of kube-proxy names a port where nobody listens",
                "E-API-24",
                "cp -a /var/lib/kube-proxy/kubeconfig /root/; sed -i 's,server: .*,server: https://@API:6553,' /var/lib/kube-proxy/kubeconfig; systemctl restart kube-proxy",
                "mv /root/kubeconfig /var/lib/kube-proxy/; systemctl restart kube-proxy",
            ),
            (
                "the unit of kube-proxy was mended, and systemd has not read it",
                "E-UNIT-02",
                "u=/etc/systemd/system/kube-proxy.service; cp -a $u /root/; sed -i 's,/bin/kube-proxy,/bin/kube-proxi,' $u; systemctl daemon-reload; systemctl restart kube-proxy || true; sleep 2; cat /root/kube-proxy.service >$u",
                REPAIR,
            ),
            ("the runtime was stopped", "E-CONTAINERD-01", "systemctl stop containerd", REPAIR),
            (
                "the kubelet was stopped and disabled",
                "E-KUBELET-14",
                "systemctl disable --now kubelet",
                REPAIR,
            ),
        ],
    ),
    (
        "by-hand",
        BY_HAND,
        &[
            (
                "its certificate is of a stranger",
                "E-CERT-04",
                "cp -a @CRT /root/; openssl req -x509 -newkey rsa:2048 -nodes -keyout /root/stranger.key -out /root/stranger.crt -subj /CN=stranger -days 9 2>/dev/null; openssl req -new -key /etc/kubernetes/ssl/worker.key -subj /O=system:nodes/CN=system:node:x1 | openssl x509 -req -CA /root/stranger.crt -CAkey /root/stranger.key -CAcreateserial -days 9 -out @CRT 2>/dev/null",
                REPAIR,
            ),
            (
                "the kubelet is frozen by a signal",
                "E-KUBELET-08",
                "kill -STOP $(systemctl show -p MainPID --value kubelet)",
                REPAIR,
            ),
            (
                "a broken manifest lies beside it",
                "E-FILE-06",
                "echo '{' >/etc/kubernetes/manifests/other.yaml",
                "rm /etc/kubernetes/manifests/other.yaml; systemctl restart kubelet",
            ),
            (
                "its unit is masked",
                "E-KUBELET-07",
                "cp /etc/systemd/system/kubelet.service /root/; systemctl stop kubelet; ln -sf /dev/null /etc/systemd/system/kubelet.service; systemctl daemon-reload",
                "rm /etc/systemd/system/kubelet.service; mv /root/kubelet.service /etc/systemd/system/; systemctl daemon-reload; systemctl start kubelet",
            ),
        ],
    ),
];

/// What looks unusual on a worker of kubeadm and is no fault: how it is made, and how it is taken back.
pub const WELL: [(&str, &str, &str); 5] = [
    (
        "swap that its configuration allows",
        "cp -a @CONFIG /root/; sed -i '/^failSwapOn/d' @CONFIG; echo 'failSwapOn: false' >>@CONFIG; \
         dd if=/dev/zero of=/run/swap bs=1M count=16 status=none; losetup -f --show /run/swap >/run/swap.loop; \
         mkswap -q $(cat /run/swap.loop); swapon $(cat /run/swap.loop); systemctl restart kubelet",
        "swapoff $(cat /run/swap.loop); losetup -d $(cat /run/swap.loop); rm /run/swap /run/swap.loop; \
         mv /root/config.yaml @CONFIG; systemctl restart kubelet",
    ),
    (
        "the paths of another distribution",
        "systemctl stop kubelet; mv /usr/local/bin/kubelet /usr/bin/kubelet; cp -a @DROPIN /root/dropin; mkdir -p /etc/sysconfig; \
         mv /etc/default/kubelet /etc/sysconfig/kubelet; \
         sed -i 's,/usr/local/bin/kubelet,/usr/bin/kubelet,; s,/etc/default/kubelet,/etc/sysconfig/kubelet,' @DROPIN; \
         cp -a /etc/systemd/system/kubelet.service /root/; mv /etc/systemd/system/kubelet.service /usr/lib/systemd/system/; \
         sed -i 's,/usr/local/bin/kubelet,/usr/bin/kubelet,' /usr/lib/systemd/system/kubelet.service; \
         systemctl daemon-reload; systemctl enable -q kubelet; systemctl start kubelet",
        "systemctl stop kubelet; mv /usr/bin/kubelet /usr/local/bin/kubelet; mv /etc/sysconfig/kubelet /etc/default/kubelet; \
         mv /root/dropin @DROPIN; rm /usr/lib/systemd/system/kubelet.service; mv /root/kubelet.service /etc/systemd/system/; \
         systemctl daemon-reload; systemctl enable -q kubelet; systemctl start kubelet",
    ),
    (
        "a slow disk, of which nothing is in memory",
        "for f in read write; do echo \"$(lsblk -nro MAJ:MIN,TYPE | sed -n 's/ disk$//p' | head -n 1) 60\" >/sys/fs/cgroup/blkio/blkio.throttle.${f}_iops_device; done; \
         sync; echo 3 >/proc/sys/vm/drop_caches",
        "for f in read write; do echo \"$(lsblk -nro MAJ:MIN,TYPE | sed -n 's/ disk$//p' | head -n 1) 0\" >/sys/fs/cgroup/blkio/blkio.throttle.${f}_iops_device; done",
    ),
    (
        "the image that pods begin with is not there",
        "ctr -n k8s.io images rm registry.k8s.io/pause:3.10.2 >/dev/null; systemctl restart containerd",
        "ctr -n k8s.io images import /lab/images/pause.tar >/dev/null",
    ),
    ("a key that the group of root may read", "chmod 640 @CERT", "chmod 600 @CERT"),
];

pub const PEM: &str = "$(readlink -f /var/lib/kubelet/pki/kubelet-client-current.pem)";
pub const CRT: &str = "/etc/kubernetes/ssl/worker.crt";
