//! What makes a worker fail, each made for real on one that was well: what the doctor must name first, and that the repair
//! brings it back with nothing but the named files changed. On both clusters; a row says where it does not hold.

use super::Scenario;
use super::lab::{Lab, until};
use super::program::{Home, Run};
use super::totals::Totals;

pub const ALL: &[Scenario] = &[
    ("every_cause_of_a_failed_worker_is_named_first_and_repaired", every_cause),
    ("of_two_causes_the_one_to_mend_first_is_named_first_and_the_other_too", pairs),
    ("a_certificate_that_has_ended_is_listed_first_and_renewed", renewed),
    ("a_repair_killed_after_every_third_action_is_finished_by_the_next", killed),
];

/// On which clusters a row holds.
#[derive(Clone, Copy, PartialEq)]
enum Clusters {
    Both,
    Current,
    Old,
}

/// Who mends it.
#[derive(Clone, Copy)]
enum Mended {
    /// `gangplank repair`.
    Repair,
    /// A person, with this shell: it lies outside what gangplank may change.
    Hand(&'static str),
    /// A person begins, and `gangplank repair` does the rest.
    Both(&'static str),
}

/// A cause.
struct Cause {
    name: &'static str,
    on: Clusters,
    /// Shell on the worker.
    made: &'static str,
    /// The code that must be named first.
    first: &'static str,
    mended: Mended,
    /// What differs afterwards by its nature: a new key, a new certificate.
    files: &'static [&'static str],
}

const PID: &str = "$(systemctl show -p MainPID --value kubelet)";

macro_rules! causes {
    ($($name:literal $on:ident $first:literal $mended:expr, $made:expr, $files:expr;)+) => {
        &[$(Cause { name: $name, on: Clusters::$on, made: $made, first: $first, mended: $mended, files: &$files },)+]
    };
}

const ISSUED: [&str; 1] = ["/etc/kubernetes/ssl/worker.crt"];
const BOTH: [&str; 2] = ["/etc/kubernetes/ssl/worker.crt", "/etc/kubernetes/ssl/worker.key"];

const CAUSES: &[Cause] = causes! {
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
};

pub fn worker(lab: &Lab) -> &'static str {
    if lab.is_current() { "x1" } else { "w1" }
}

/// What a run of the doctor said: whether all is well, and the codes of the causes in their order.
pub fn diagnosis(run: &Run) -> (bool, Vec<String>) {
    let told = run.events.iter().find(|event| event["kind"] == "diagnosis");
    let told = told.unwrap_or_else(|| panic!("no diagnosis: {}", run.story()));
    let causes = told["causes"].as_array().expect("a list");
    (
        told["healthy"].as_bool().expect("it is said"),
        causes.iter().map(|cause| cause["code"].as_str().unwrap_or_default().to_owned()).collect(),
    )
}

/// Makes a cause.
fn make(lab: &Lab, cause: &Cause) {
    let worker = worker(lab);
    match cause.made {
        "kubectl delete node" => {
            // One that was just started may still be about to register its node, and nothing is said before.
            let up = "[ $(($(date +%s) - $(date -d \"$(systemctl show -p ActiveEnterTimestamp --value kubelet)\" +%s))) -gt 16 ]";
            until("the kubelet is up for a while", 30, || lab.try_on(worker, up, b"").0);
            lab.kubectl(&["delete", "node", worker]);
        }
        "kubectl delete binding" => drop(lab.kubectl(&["delete", "clusterrolebinding", BINDING])),
        "expire" => {
            let path = "/etc/kubernetes/ssl/worker.crt";
            lab.write(worker, path, &super::signing::expired(lab, worker, path, true));
        }
        shell => drop(lab.on(worker, &with(lab, shell))),
    }
}

/// By this default of the API server kube-proxy may see the services (RBAC, from 1.6 on).
const BINDING: &str = "system:node-proxier";

/// What a cause took from the cluster and not from the worker is as it was.
fn put_back(lab: &Lab, cause: &Cause) {
    if cause.made == "kubectl delete binding" {
        lab.kubectl(&["delete", "clusterrolebinding", "gangplank:node-proxier", "--ignore-not-found"]);
        let role = format!("--clusterrole={BINDING}");
        lab.kubectl(&["create", "clusterrolebinding", BINDING, &role, "--user=system:kube-proxy"]);
    }
}

/// Shell with this lab's own values.
fn with(lab: &Lab, shell: &str) -> String {
    let api = lab.plan("LAB_PLAN")["cluster"]["api"].as_str().unwrap_or_default().to_owned();
    let port = api.rsplit(':').next().unwrap_or("6443").trim_end_matches('/').to_owned();
    shell.replace("@PID", PID).replace("@API", &port)
}

/// The lines of a snapshot that are not the same in the other, without those of these files.
fn changed(before: &str, after: &str, files: &[&str]) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let (before, after) = (lines(before), lines(after));
    let own = |line: &&String| {
        let volatile = ["/var/lib/gangplank", "/var/lib/kubelet/pods/", "k8s_"];
        // The name of a container that was made anew, and the number of kube-proxy's rules, which follows the services.
        let id = line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
            || line.bytes().all(|byte| byte.is_ascii_digit());
        !files.iter().chain(&volatile).any(|part| line.contains(part)) && !id
    };
    before.symmetric_difference(&after).filter(own).cloned().collect()
}

/// Of each run of the tests; GANGPLANK_CAUSES=all takes all, and words those whose names contain one of them.
const USUAL: [&str; 7] = [
    "the kubelet is frozen by a signal",
    "the node object was deleted",
    "others can read the worker's key",
    "the worker's certificate has expired",
    "the kubeconfig names another API",
    "a second kube-proxy lies beside it",
    "the API is cut off",
];

/// Two at once: the one to mend first, and the other.
const PAIRS: [(&str, &str); 10] = [
    ("containerd was stopped", "others can read the worker's key"),
    ("the kubeconfig is gone", "the API is cut off"),
    ("the worker's certificate has expired", "the kubelet does not start with the machine"),
    ("the kubelet's unit is gone", "a broken manifest lies beside it"),
    ("the worker's key is gone", "the network of pods is gone"),
    ("the worker's certificate is gone", "the kubelet was stopped"),
    ("the kubelet's program is gone", "others can read kube-proxy's key"),
    ("containerd's socket is gone", "the kubelet's configuration is gone"),
    ("the manifest of kube-proxy is gone", "the file of the network is broken"),
    ("packets are not forwarded", "the worker's key is another one"),
];

/// Of each run on the old cluster: what comes from its kubelet and its API. What is the same shell and the same words on
/// both is made on the current one.
const OLD: [&str; 4] = [
    "the kubelet is frozen by a signal",
    "the node object was deleted",
    "the worker's certificate has expired",
    "the API is cut off",
];

pub fn wanted(lab: &Lab, name: &str) -> bool {
    match std::env::var("GANGPLANK_CAUSES").unwrap_or_default().as_str() {
        "" => USUAL.contains(&name) && (lab.is_current() || OLD.contains(&name)),
        "all" => true,
        words => words.split(',').any(|word| name.contains(word)),
    }
}

/// Two causes at once, on a cluster that has both.
fn pairs(lab: &Lab) {
    let worker = worker(lab);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    let row = |name: &str| CAUSES.iter().find(|cause| cause.name == name).expect("it is in the table");
    let mut wrong = Vec::new();
    for (first, other) in PAIRS.map(|(first, other)| (row(first), row(other))) {
        let here =
            |cause: &Cause| cause.on == Clusters::Both || (cause.on == Clusters::Current) == lab.is_current();
        if !here(first) || !here(other) || !wanted(lab, &format!("pair: {} {}", first.name, other.name)) {
            continue;
        }
        lab.reset(&[worker]);
        home.aboard(&plan);
        make(lab, other);
        make(lab, first);
        let (healthy, codes) = diagnosis(&home.run("doctor", &plan, &["--worker", worker, "--json"]));
        for cause in [other, first] {
            if let Mended::Hand(shell) = cause.mended {
                lab.on(worker, &with(lab, shell));
            }
        }
        let good = !healthy && codes.first().is_some_and(|code| code == first.first);
        let said = good && codes.iter().any(|code| code == other.first);
        println!("{} and {}: {}", first.name, other.name, codes.join(" "));
        if !said {
            wrong.push(format!("{} and {}: {codes:?}", first.name, other.name));
        }
    }
    lab.reset(&[worker]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn every_cause(lab: &Lab) {
    let worker = worker(lab);
    lab.reset(&[worker]);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    home.aboard(&plan);
    let look = || home.run("doctor", &plan, &["--worker", worker, "--json"]);
    let (mut wrong, mut totals) = (Vec::new(), Totals::default());
    totals.well(&diagnosis(&look()).1);
    for cause in CAUSES {
        let here = cause.on == Clusters::Both || (cause.on == Clusters::Current) == lab.is_current();
        if !here || !wanted(lab, cause.name) {
            continue;
        }
        let before = lab.snapshot(worker);
        make(lab, cause);
        let began = std::time::Instant::now();
        let (healthy, codes) = diagnosis(&look());
        let took = began.elapsed().as_secs_f64();
        totals.cause(cause.first, &codes);
        let first = codes.first().map(String::as_str) == Some(cause.first) && !healthy && took < 10.0;
        let said = match cause.mended {
            Mended::Hand(shell) => {
                lab.on(worker, &with(lab, shell));
                until("the worker is Ready again", 90, || {
                    lab.nodes().get(worker) == Some(&true) && lab.heard_since_its_start(worker)
                });
                home.run("repair", &plan, &["--worker", worker, "--yes", "--json"])
            }
            Mended::Both(shell) => {
                lab.on(worker, &with(lab, shell));
                home.run("repair", &plan, &["--worker", worker, "--yes", "--json"])
            }
            Mended::Repair => home.run("repair", &plan, &["--worker", worker, "--yes", "--json"]),
        };
        let ready = lab.nodes().get(worker) == Some(&true);
        let rest = changed(&before, &lab.snapshot(worker), cause.files);
        let seen = look();
        let after = diagnosis(&seen);
        put_back(lab, cause);
        let mended = said.code == 0 && ready && rest.is_empty() && after == (true, Vec::new());
        if !matches!(cause.mended, Mended::Hand(_)) {
            totals.repair(mended);
        }
        // By the repair's own proof and by the API.
        if said.code == 0 && ready {
            totals.well(&after.1);
        }
        println!(
            "{:55} {:16} {took:4.1} s  {}  {}",
            cause.name,
            codes.join(" "),
            if first { "named first" } else { "NOT FIRST" },
            if mended { "repaired" } else { "NOT REPAIRED" }
        );
        if !first || !mended {
            let why = format!(
                "{}: wanted {}, named {codes:?}; Ready {ready}, changed {rest:#?}\n{}\nthen\n{}",
                cause.name,
                cause.first,
                said.story(),
                seen.story()
            );
            println!("{why}");
            wrong.push(why);
        }
        if !mended {
            lab.reset(&[worker]);
            home.aboard(&plan);
        }
    }
    println!("{totals}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    totals.hold();
}

/// Several things at once, and the program is killed after each third action of its repair.
fn killed(lab: &Lab) {
    let worker = worker(lab);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    let certificate = "/etc/kubernetes/ssl/worker.crt";
    let repair = ["--worker", worker, "--yes", "--json"];
    let mut kills = 0;
    for actions in (1..).step_by(3) {
        lab.reset(&[worker]);
        home.aboard(&plan);
        lab.write(worker, certificate, &super::signing::expired(lab, worker, certificate, true));
        lab.on(
            worker,
            "systemctl stop kubelet; rm /etc/kubernetes/worker-kubeconfig.yaml; chmod 644 /etc/kubernetes/ssl/worker.key",
        );
        let mut run = home.start("repair", &plan, &repair);
        if !run.wait_for_ends(worker, actions) {
            assert_eq!(run.finish().code, 0);
            break;
        }
        run.signal(rustix::process::Signal::KILL);
        run.finish();
        kills += 1;
        let run = home.run("repair", &plan, &repair);
        assert_eq!(run.code, 0, "killed after {actions}\n{}", run.story());
        assert_eq!(lab.nodes().get(worker), Some(&true), "killed after {actions}\n{}", run.story());
        let look = home.run("doctor", &plan, &["--worker", worker, "--json"]);
        assert_eq!(diagnosis(&look), (true, Vec::new()), "killed after {actions}\n{}", look.story());
        println!("killed after {actions} of the repair: finished by the next");
    }
    assert!(kills >= 3, "only {kills} kills");
}

fn renewed(lab: &Lab) {
    let worker = worker(lab);
    lab.reset(&[worker]);
    let (home, plan) = (Home::new(), lab.small_plan(&[worker]));
    home.aboard(&plan);
    let path = "/etc/kubernetes/ssl/worker.crt";
    let listed = || {
        let run = home.run("certs", &plan, &["--worker", worker, "--json"]);
        let days: Vec<i64> = run.events.iter().filter_map(|event| event["days"].as_i64()).collect();
        assert!(days.len() >= 3 && days.is_sorted(), "{}", run.story());
        let first = run.events.first().expect("there are some");
        (run.code, first["path"].as_str().unwrap_or_default().to_owned(), days[0])
    };
    assert_eq!(listed().0, 0);
    lab.write(worker, path, &super::signing::expired(lab, worker, path, true));
    let (code, first, days) = listed();
    assert!(code == 1 && first == path && days < 0, "{code} {first} {days}");
    let key = lab.on(worker, "sha256sum /etc/kubernetes/ssl/worker.key");
    let run = home.run("renew", &plan, &["--worker", worker, "--within", "30d", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert_eq!(lab.on(worker, "sha256sum /etc/kubernetes/ssl/worker.key"), key);
    assert_eq!(lab.nodes().get(worker), Some(&true), "{}", run.story());
    let (code, _, days) = listed();
    assert!(code == 0 && days > 300, "{code} {days}");
    let again = home.run("renew", &plan, &["--worker", worker, "--yes", "--json"]);
    assert_eq!((again.code, again.actions(worker)), (0, Vec::new()), "{}", again.story());
    let run = home.run("renew", &plan, &["--worker", worker, "--within", "9999d", "--yes"]);
    assert_eq!(run.code, 2, "{}", run.story());
    // One that is renewed in time is read again by who needs it, where the version does so.
    let mut longer = plan;
    longer["ca"]["days"] = 500.into();
    let pid = || lab.on(worker, "systemctl show -p MainPID kubelet");
    let before = pid();
    let run = home.run("renew", &longer, &["--worker", worker, "--within", "400d", "--yes", "--json"]);
    assert_eq!(run.code, 0, "{}", run.story());
    assert!(run.actions(worker).contains(&format!("write {path}")), "{}", run.story());
    assert_eq!(pid() == before, lab.is_current(), "{}", run.story());
    until("the kubelet serves the new one", 90, || {
        let ip = lab.get(&format!("LAB_{}_IP", worker.to_uppercase()));
        let served = format!(
            "openssl s_client -connect {ip}:10250 </dev/null 2>/dev/null | openssl x509 -noout -serial"
        );
        lab.try_on(
            worker,
            &format!("[ \"$({served})\" = \"$(openssl x509 -in {path} -noout -serial)\" ]"),
            b"",
        )
        .0
    });
}
