//! The doctor of a worker that no plan tells of: the four layouts, each made on a real worker, are recognised and called
//! healthy; faults in each are named first, by what the worker's own files say.

use std::cell::RefCell;
use std::path::Path;

use super::Scenario;
use super::causes::diagnosis;
use super::lab::{Lab, until};
use super::program::{Home, Run};
use super::totals::Totals;

pub const ALL: &[Scenario] =
    &[("a_worker_in_no_plan_is_read_from_its_unit_to_the_api_in_four_layouts", read_from_its_unit)];

const WORKER: &str = "x1";

/// What all have: the server of our kubeconfig, and no record of ours.
const BEGIN: &str = "set -e; systemctl stop kubelet; server=$(sed -n 's/.*server: *//p' /etc/kubernetes/worker-kubeconfig.yaml)
mv /var/lib/gangplank /root/gangplank.kept
s=/etc/kubernetes/ssl; ca=$(base64 -w0 $s/ca.crt)
kubeconfig() { # PATH CERT KEY
  printf 'apiVersion: v1\\nkind: Config\\nclusters:\\n- name: c\\n  cluster:\\n    certificate-authority-data: %s\\n    server: %s\\n' $ca $server >$1
  printf 'contexts:\\n- name: d\\n  context:\\n    cluster: c\\n    user: u\\ncurrent-context: d\\nusers:\\n- name: u\\n  user:\\n' >>$1
  printf '    client-certificate%s\\n    client-key%s\\n' \"$2\" \"$3\" >>$1; chmod 600 $1
}
";

/// `kubelet.conf`, a certificate that renews itself, and a drop-in whose flags come from variables and files.
const KUBEADM: &str = "p=/var/lib/kubelet/pki; mkdir -p $p /etc/systemd/system/kubelet.service.d
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

/// Credentials in the kubeconfig, and kube-proxy as a unit that is not looked at here.
const HARD_WAY: &str = "kubeconfig /var/lib/kubelet/kubeconfig \"-data: $(base64 -w0 $s/worker.crt)\" \"-data: $(base64 -w0 $s/worker.key)\"
printf '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=/usr/local/bin/kubelet \\\\\\n  --config=/var/lib/kubelet/config.yaml \\\\\\n  --kubeconfig=/var/lib/kubelet/kubeconfig \\\\\\n  --v=2\\nRestart=on-failure\\nRestartSec=1\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/kubelet.service
";

/// Ours without the record: certificates and kubeconfigs below `/etc/kubernetes`.
const BY_HAND: &str = "";

const END: &str = "systemctl daemon-reload; systemctl start kubelet";

/// What mends a fault: `gangplank repair` by user@host, with the CA of the cluster.
const REPAIR: &str = "repair";

/// A fault, what it is made by, the code that is named first, and what mends it.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const LAYOUTS: [(&str, &str, &[Fault]); 3] = [
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
const WELL: [(&str, &str, &str); 4] = [
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
    ("a key that the group of root may read", "chmod 640 @CERT", "chmod 600 @CERT"),
];

const PEM: &str = "$(readlink -f /var/lib/kubelet/pki/kubelet-client-current.pem)";
const CRT: &str = "/etc/kubernetes/ssl/worker.crt";

fn look(lab: &Lab, home: &Home) -> Run {
    let (host, key) = (format!("root@{}", lab.get("LAB_X1_IP")), lab.get("LAB_SSH_KEY").to_owned());
    home.on_host("doctor", Path::new(&host), &["--key", &key, "--trust-new", "--json"])
}

/// What lies below these, with hash, mode and owner, and what links lead to.
const STATE: &str = "find /etc/kubernetes /etc/systemd/system /var/lib/kubelet/pki /var/lib/kubelet/config.yaml /var/lib/gangplank \
    \\( -type f -o -type l \\) -printf '%p %m %u %l ' -exec sh -c '[ -L \"$1\" ] || sha256sum <\"$1\"; echo' - {} \\; 2>/dev/null | sort";

/// Repairs it; the files that are other than before.
fn repaired(lab: &Lab, home: &Home) -> (Run, Vec<String>) {
    let (host, key) = (format!("root@{}", lab.get("LAB_X1_IP")), lab.get("LAB_SSH_KEY").to_owned());
    let (cert, ca_key) = (lab.get("LAB_CA_CERT").to_owned(), lab.get("LAB_CA_KEY").to_owned());
    let lines = |text: String| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let before = lines(lab.on(WORKER, STATE));
    let words = [
        "--key",
        &key,
        "--trust-new",
        "--ca-cert",
        &cert,
        "--ca-key",
        &ca_key,
        "--replace",
        CRT,
        "--yes",
        "--json",
    ];
    let run = home.on_host("repair", Path::new(&host), &words);
    let after = lines(lab.on(WORKER, STATE));
    let paths =
        before.symmetric_difference(&after).filter_map(|line| line.split(' ').next().map(str::to_owned));
    let mut paths: Vec<String> = paths.collect();
    paths.dedup();
    (run, paths)
}

/// Repairs it and takes that back again: what is other than it was; a pair that came beside the one before may stay.
fn undone(lab: &Lab, home: &Home, code: &str) -> Option<String> {
    let (host, key) = (format!("root@{}", lab.get("LAB_X1_IP")), lab.get("LAB_SSH_KEY").to_owned());
    let before = lab.on(WORKER, STATE);
    let (repair, _) = repaired(lab, home);
    let run = home.on_host("undo", Path::new(&host), &["--key", &key, "--trust-new", "--yes", "--json"]);
    let after = lab.on(WORKER, STATE);
    // What it led to was closed, and stays so; the new pair stays beside it.
    let pair = |line: &&str| code == "E-CERT-13" && line.starts_with("/var/lib/kubelet/pki/kubelet-client-2");
    let of = |text: &str| {
        text.lines().filter(|line| !pair(line)).map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    let (_, codes) = diagnosis(&run);
    println!("           its repair is taken back: {}, then {}", run.code, codes.join(" "));
    let (before, after) = (of(&before), of(&after));
    let other: Vec<&String> = before.symmetric_difference(&after).collect();
    let first = codes.first().is_some_and(|first| first == code);
    let good = repair.code == 0 && run.code == 0 && other.is_empty() && first;
    (!good).then(|| format!("{other:?}\n{}\n{}", repair.story(), run.story()))
}

/// The files that a repair of this code may change.
fn may_change(code: &str, layout: &str, path: &str) -> bool {
    match code {
        "E-CERT-13" if layout == "kubeadm" => {
            path.starts_with("/var/lib/kubelet/pki/kubelet-client-")
                || path.starts_with("/var/lib/gangplank/")
        }
        "E-CERT-04" => path == CRT || path.starts_with("/var/lib/gangplank/"),
        "E-KEY-02" => path.starts_with("/var/lib/kubelet/pki/kubelet-client-"),
        "E-KUBELET-14" => path.ends_with("/multi-user.target.wants/kubelet.service"),
        _ => false,
    }
}

/// What looks unusual and is no fault is made, where it is wanted, and taken back.
fn unusual(lab: &Lab, usual: &str, with: &dyn Fn(&str) -> String, healthy: &dyn Fn(&str)) {
    for (what, make, undo) in WELL {
        if usual == "all" || usual.split(',').any(|word| !word.is_empty() && what.contains(word)) {
            lab.on(WORKER, &with(make));
            healthy(what);
            println!("kubeadm    {what:50} healthy");
            lab.on(WORKER, &with(undo));
        }
    }
}

/// It is repaired, taken back where that can be, and repaired again; what went wrong with that.
fn mended_by_us(
    lab: &Lab,
    home: &Home,
    (name, fault, code): (&str, &str, &str),
    totals: &RefCell<Totals>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if ["E-CERT-13", "E-CERT-04"].contains(&code)
        && let Some(strange) = undone(lab, home, code)
    {
        wrong.push(format!("{name}: {fault}: undo: {strange}"));
    }
    let (run, changed) = repaired(lab, home);
    let last = run.events.iter().rev().find(|event| event["kind"] == "diagnosis");
    let good = last.is_some_and(|event| event["healthy"] == true);
    let strange: Vec<&String> = changed.iter().filter(|path| !may_change(code, name, path)).collect();
    totals.borrow_mut().repair(run.code == 0 && good && strange.is_empty());
    println!("{name:10} {fault:50}         repaired {good}, changed: {}", changed.join(" "));
    if run.code != 0 || !good || !strange.is_empty() {
        wrong.push(format!("{name}: {fault}: repair: {strange:?} {}", run.story()));
    }
    wrong
}

fn read_from_its_unit(lab: &Lab) {
    let (home, plan) = (Home::new(), lab.small_plan(&[WORKER]));
    // What is trusted here is not kept among the host keys of whoever runs the tests: ssh would name their own file.
    let stranger = Home::new().without_ssh();
    lab.reset(&[WORKER]);
    let blank = look(lab, &stranger);
    assert_eq!(diagnosis(&blank), (false, vec!["E-KUBELET-01".to_owned()]), "{}", blank.story());
    let layout = |run: &Run| run.events[0]["layout"].as_str().unwrap_or_default().to_owned();
    home.aboard(&plan);
    let ours = look(lab, &stranger);
    assert_eq!((ours.code, diagnosis(&ours)), (0, (true, Vec::new())), "{}", ours.story());
    assert_eq!(layout(&ours), "gangplank");
    let api = plan["cluster"]["api"].as_str().unwrap_or_default().to_owned();
    let (mut wrong, totals) = (Vec::new(), RefCell::new(Totals::default()));
    // GANGPLANK_CAUSES=all takes all layouts and faults, and words those that have one.
    let usual = std::env::var("GANGPLANK_CAUSES").unwrap_or_default();
    for (name, makes, faults) in LAYOUTS {
        let with = |shell: &str| {
            shell
                .replace("@IP", lab.get("LAB_X1_IP"))
                .replace("@CERT", PEM)
                .replace("@CRT", CRT)
                .replace("@DROPIN", "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf")
                .replace("@CONFIG", "/var/lib/kubelet/config.yaml")
                .replace("@CONF", "/etc/kubernetes/kubelet.conf")
                .replace("@API", api.trim_start_matches("https://").split(':').next().unwrap_or_default())
        };
        // Of each run of the tests one layout.
        if usual.is_empty() && name != "kubeadm" {
            continue;
        }
        lab.reset(&[WORKER]);
        home.aboard(&plan);
        lab.on(WORKER, &with(&format!("{BEGIN}{makes}{END}")));
        let healthy = |what: &str| {
            until(what, 90, || {
                lab.nodes().get(WORKER) == Some(&true)
                    && lab.heard_since_its_start(WORKER)
                    && look(lab, &stranger).code == 0
            });
            let run = look(lab, &stranger);
            totals.borrow_mut().well(&diagnosis(&run).1);
            assert_eq!((run.code, diagnosis(&run)), (0, (true, Vec::new())), "{what}: {}", run.story());
            assert_eq!(layout(&run), name, "{}", run.story());
        };
        healthy(name);
        if usual.is_empty() {
            lab.on(WORKER, "systemctl stop kubelet");
            super::wizard::typed_and_repaired(lab, lab.get("LAB_X1_IP"));
            healthy("after its repair by keys");
        }
        if name == "kubeadm" {
            unusual(lab, &usual, &with, &healthy);
        }
        for (at, (fault, code, made, mended)) in faults.iter().enumerate() {
            let wanted = match usual.as_str() {
                "" => at < 3,
                "all" => true,
                words => words.split(',').any(|word| fault.contains(word)),
            };
            if !wanted {
                continue;
            }
            if *made == "expire" {
                let ended = super::signing::expired(lab, WORKER, CRT, true);
                lab.write(WORKER, "/root/ended.crt", &ended);
                let shell = "cp -a @CERT /root/kept.pem; systemctl stop kubelet; cat /root/ended.crt /etc/kubernetes/ssl/worker.key >@CERT; systemctl start kubelet";
                lab.on(WORKER, &with(shell));
            } else {
                lab.on(WORKER, &with(made));
            }
            if *made == "expire" || ["E-KUBELET-02", "E-KUBELET-11"].contains(code) {
                // It ends by itself soon after.
                until("the kubelet has ended", 60, || {
                    let said = "[ $(systemctl show -p NRestarts --value kubelet) -ge 1 ]";
                    lab.try_on(WORKER, said, b"").0
                });
            }
            let began = std::time::Instant::now();
            let run = look(lab, &stranger);
            let took = began.elapsed().as_secs_f64();
            let (_, codes) = diagnosis(&run);
            totals.borrow_mut().cause(code, &codes);
            println!("{name:10} {fault:50} {took:4.1} s  {}", codes.join(" "));
            if codes.first().map(String::as_str) != Some(*code) || took > 10.0 || run.code != 1 {
                wrong.push(format!("{name}: {fault}: wanted {code}: {}", run.story()));
            }
            if *mended == REPAIR {
                wrong.extend(mended_by_us(lab, &stranger, (name, fault, code), &totals));
            } else {
                lab.on(WORKER, &with(mended));
            }
            healthy(&format!("{name} after: {fault}"));
        }
    }
    lab.reset(&[WORKER]);
    let totals = totals.into_inner();
    println!("{totals}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    totals.hold();
}
