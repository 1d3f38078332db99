//! What makes a worker of the scripted lab fail, as rows: how each is made, why in the lab, the code that is named first, what
//! mends it, and which files are others afterwards.

use gangplank::engine::demo::DemoLab;
use gangplank::lab::{Fault, HERE, LabMachine};
use gangplank::pki::{self, CaSigner, Request, Serial, Usages};
use zeroize::Zeroizing;

use super::bench::{Bench, Ran};
use super::demo::open;

/// Which lab.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Of {
    /// Kubernetes 1.20 with docker.
    Docker,
    /// Kubernetes 1.37 with containerd.
    Containerd,
}

/// What mends it.
#[derive(Clone, Copy)]
pub enum By {
    /// `gangplank repair`.
    Repair,
    /// A person: the lab's fault is taken away, and files are put back.
    Hand,
}

/// Why it is made in the scripted lab.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    /// It is made for real too; here its repair is broken off after every action.
    Kills,
    /// It is of the machine or its network, which the containers that are workers of the real clusters share or need.
    Machine,
    /// It would need a program of that version, or one that is built so.
    Program,
    /// It is of the login, which the real clusters need to be reset.
    Login,
}

pub struct Scripted {
    pub name: &'static str,
    pub of: Of,
    pub why: Why,
    pub first: &'static str,
    pub by: By,
    pub made: fn(&Bench, &str),
    /// What is another file than before the fault, once it is mended.
    pub files: &'static [&'static str],
}

const UNIT: &str = "/etc/systemd/system/kubelet.service";
const KUBECONFIG: &str = "/etc/kubernetes/worker-kubeconfig.yaml";
const CONFIG: &str = "/var/lib/kubelet/config.yaml";
const CRT: &str = "/etc/kubernetes/ssl/worker.crt";
const KEY: &str = "/etc/kubernetes/ssl/worker.key";
const MANIFESTS: &str = "/etc/kubernetes/manifests";

fn machine(bench: &Bench, worker: &str, change: impl FnOnce(&mut LabMachine)) {
    bench.lab().machine(worker, change).unwrap();
}

fn gone(bench: &Bench, worker: &str, path: &str) {
    machine(bench, worker, |machine| drop(machine.files.remove(path).unwrap()));
}

fn edited(bench: &Bench, worker: &str, path: &str, from: &str, to: &str) {
    machine(bench, worker, |machine| {
        let file = machine.files.get_mut(path).unwrap();
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        file.bytes = text.replacen(from, to, 1).into_bytes();
    });
}

fn manifest(machine: &LabMachine) -> String {
    machine.files.keys().find(|path| path.starts_with(MANIFESTS)).unwrap().clone()
}

/// A worker's certificate as the cluster's CA issued it ten days ago for one day.
pub fn ended(bench: &Bench, key: &[u8], cert: &[u8], node: &str) -> Vec<u8> {
    let files = |machine: &mut LabMachine| {
        let read = |end: &str| machine.files.iter().find(|(path, _)| path.ends_with(end));
        let ca = |(path, file): (&String, &gangplank::lab::LabFile)| {
            let key = machine.files.get(&path.replace("ca.crt", "ca.key"))?;
            Some((file.bytes.clone(), key.bytes.clone()))
        };
        read("ca.crt").and_then(ca)
    };
    let of = |name: &str| bench.lab().machine(name, files).flatten();
    let (ca_cert, ca_key) = of("root-ca-host").or_else(|| of(HERE)).unwrap();
    let now = bench.lab().clock().now();
    let ca = CaSigner::load(&ca_cert, &ca_key, None, now).unwrap();
    let request = Request {
        cn: format!("system:node:{node}"),
        organizations: vec!["system:nodes".to_owned()],
        sans: pki::examine(cert).unwrap().sans,
        usages: Usages { digital_signature: true, key_encipherment: true, content_commitment: false },
        client: true,
        server: true,
        days: 1,
    };
    let key = Zeroizing::new(String::from_utf8(key.to_vec()).unwrap());
    let csr = pki::make_csr(&key, &request.cn).unwrap();
    let csr = pki::check_csr(csr.as_bytes(), None, &request).unwrap();
    let then = now - jiff::SignedDuration::from_hours(240);
    ca.sign(&csr.key, &request, Serial::random().unwrap(), then).unwrap().into_bytes()
}

fn fault(bench: &Bench, worker: &str, fault: Fault) {
    bench.lab().fault(worker, fault);
    bench.lab().advance(std::time::Duration::from_secs(120));
}

macro_rules! scripted {
    ($($of:ident $why:ident $first:literal $by:ident $name:literal, $made:expr, $files:expr;)+) => {
        &[$(Scripted {
            name: $name, of: Of::$of, why: Why::$why, first: $first, by: By::$by, made: $made, files: &$files,
        },)+]
    };
}

pub const SCRIPTED: &[Scripted] = scripted! {
    Docker Kills "E-KUBELET-08" Repair "the kubelet is frozen", |b, w| fault(b, w, Fault::KubeletStopped), [];
    Docker Kills "E-KUBELET-14" Repair "the kubelet was stopped and disabled", |b, w| b.lab().turn_kubelet(w, false), [];
    Docker Kills "E-KUBELET-15" Repair "the kubelet does not start with the machine",
        |b, w| machine(b, w, |machine| machine.units.get_mut("kubelet").unwrap().enabled = false), [];
    Docker Kills "E-DOCKER-01" Repair "docker was stopped", |b, w| fault(b, w, Fault::RuntimeDown), [];
    Docker Kills "E-DOCKER-02" Repair "docker is frozen", |b, w| fault(b, w, Fault::RuntimeFrozen), [];
    Docker Kills "E-FILE-05" Repair "the kubelet's unit is gone", |b, w| gone(b, w, UNIT), [];
    Docker Kills "E-FILE-03" Repair "the kubelet's unit has another flag",
        |b, w| edited(b, w, UNIT, "/usr/local/bin/kubelet", "/usr/local/bin/kubelet --v=9"), [];
    Docker Kills "E-FILE-05" Repair "the kubeconfig is gone", |b, w| gone(b, w, KUBECONFIG), [];
    Docker Kills "E-FILE-03" Repair "the kubeconfig names another API",
        |b, w| edited(b, w, KUBECONFIG, "https://", "https://other."), [];
    Docker Kills "E-FILE-05" Repair "the kubelet's configuration is gone", |b, w| gone(b, w, CONFIG), [];
    Docker Kills "E-FILE-03" Repair "somebody wrote another configuration of the kubelet",
        |b, w| b.lab().fault(w, Fault::ForeignFile(CONFIG.to_owned())), [];
    Docker Kills "E-FILE-05" Repair "the manifest of kube-proxy is gone", |b, w| {
        let path = b.lab().machine(w, |machine| manifest(machine)).unwrap();
        gone(b, w, &path);
    }, [];
    Docker Kills "E-KEY-02" Repair "others can read the worker's key",
        |b, w| machine(b, w, |machine| "644".clone_into(&mut machine.files.get_mut(KEY).unwrap().mode)), [];
    Docker Kills "E-KEY-03" Repair "the worker's key is gone", |b, w| gone(b, w, KEY), [CRT, KEY];
    Docker Kills "E-CERT-01" Repair "the worker's certificate is gone", |b, w| gone(b, w, CRT), [CRT];
    Docker Kills "E-CERT-13" Repair "the worker's certificate has expired", |b, w| {
        let read = |path: &str| b.lab().machine(w, |machine| machine.files[path].bytes.clone()).unwrap();
        let ended = ended(b, &read(KEY), &read(CRT), w);
        machine(b, w, |machine| machine.write(CRT, &ended, "644", "root:root"));
    }, [CRT];
    Docker Kills "E-CERT-04" Hand "the worker's certificate is of another CA", |b, w| b.lab().foreign_certificate(w).unwrap(), [];
    Docker Kills "E-NODE-02" Repair "the node object was deleted", |b, w| {
        b.lab().advance(std::time::Duration::from_secs(60));
        b.lab().cluster_state(|cluster| cluster.forget_node(w));
        // Its kubelet registers it once.
    }, [];
    Docker Kills "E-FILE-06" Hand "a broken manifest lies beside it",
        |b, w| machine(b, w, |machine| machine.write(&format!("{MANIFESTS}/broken.yaml"), b"metadata: [\n", "644", "root:root")), [];
    Docker Kills "E-FILE-02" Hand "a second kube-proxy lies beside it", |b, w| machine(b, w, |machine| {
        let text = String::from_utf8(machine.files[&manifest(machine)].bytes.clone()).unwrap();
        machine.write(&format!("{MANIFESTS}/zz.yaml"), text.replacen("name: kube-proxy\n", "name: kube-proxy-two\n", 1).as_bytes(), "644", "root:root");
    }), [];
    Docker Machine "E-NAME-03" Hand "the file of name servers is gone", |b, w| gone(b, w, "/etc/resolv.conf"), [];
    Docker Machine "E-API-24" Hand "there is no way to the API", |b, w| fault(b, w, Fault::NoRoute), [];
    Docker Machine "E-API-20" Hand "the API's name does not resolve", |b, w| fault(b, w, Fault::NoApi), [];
    Docker Machine "E-CLOCK-01" Hand "the clock is an hour ahead", |b, w| fault(b, w, Fault::ClockOff(3_600_000)), [];
    Docker Machine "E-CLOCK-01" Hand "the clock is an hour behind", |b, w| fault(b, w, Fault::ClockOff(-3_600_000)), [];
    Docker Machine "E-DISK-01" Hand "the disk is full", |b, w| {
        fault(b, w, Fault::NoSpace);
        fault(b, w, Fault::DiskFull);
    }, [];
    Docker Machine "E-SSH-01" Hand "the machine is not there", |b, w| fault(b, w, Fault::Unreachable), [];
    Docker Machine "E-NODE-04" Hand "the kubelet is well by its own word and tells the API nothing", |b, w| fault(b, w, Fault::Mute), [];
    Docker Login "E-SUDO-03" Hand "sudo takes another password", |b, w| fault(b, w, Fault::WrongSudoPassword), [];
    Docker Login "E-SUDO-04" Hand "the user may not become root", |b, w| fault(b, w, Fault::NoSudo), [];
    Docker Kills "E-KUBELET-01" Hand "the kubelet's program is gone", |b, w| fault(b, w, Fault::KubeletMissing), [];
    Docker Program "E-VERSION-01" Hand "the kubelet is of a version without a profile", |b, w| fault(b, w, Fault::KubeletVersion("v1.10.0".to_owned())), [];
    Docker Program "E-VERSION-02" Hand "the kubelet is newer than the API", |b, w| fault(b, w, Fault::KubeletVersion("v1.22.0".to_owned())), [];
    Containerd Kills "E-CONTAINERD-01" Repair "containerd was stopped", |b, w| b.lab().turn_runtime(w, false), [];
    Containerd Kills "E-CONTAINERD-02" Repair "containerd is frozen", |b, w| fault(b, w, Fault::RuntimeFrozen), [];
    Containerd Kills "E-KUBELET-08" Repair "the kubelet with containerd is frozen", |b, w| fault(b, w, Fault::KubeletStopped), [];
    Containerd Kills "E-FILE-03" Repair "a field of the configuration was changed",
        |b, w| edited(b, w, CONFIG, "clusterDomain:", "clusterDomain: other.local #"), [];
    Containerd Kills "E-KERNEL-03" Repair "packets are not forwarded",
        |b, w| machine(b, w, |machine| drop(machine.kernel.sysctls.insert("net.ipv4.ip_forward".to_owned(), "0".to_owned()))), [];
    Containerd Kills "E-KERNEL-03" Repair "bridged packets are not filtered",
        |b, w| machine(b, w, |machine| drop(machine.kernel.sysctls.insert("net.bridge.bridge-nf-call-iptables".to_owned(), "0".to_owned()))), [];
    Containerd Kills "E-NETWORK-04" Hand "the network of pods is gone", |b, w| {
        machine(b, w, |machine| machine.files.retain(|path, _| !path.starts_with("/etc/cni/net.d/")));
        b.lab().advance(std::time::Duration::from_secs(30));
    }, [];
};

impl Scripted {
    /// A worker that is aboard, before the fault.
    pub fn aboard(&self) -> (Option<DemoLab>, Bench, String) {
        let (lab, bench) = match self.of {
            Of::Docker => (None, Bench::first()),
            Of::Containerd => {
                let (lab, bench) = open("current");
                bench.lab().set_fast_keys();
                (Some(lab), bench)
            }
        };
        let worker = bench.plan.workers[0].name.clone();
        bench.apply_only(&[&worker]).done();
        (lab, bench, worker)
    }
}

/// What a run did on a worker, without what is signed elsewhere.
pub fn own(ran: &Ran, worker: &str) -> Vec<String> {
    ran.actions(worker).into_iter().filter(|title| !title.starts_with("sign ")).collect()
}
