//! What questions about containerd see on a lab machine: the lines that the words of `assets/host/containerd.sh` print.

use openssl::base64::encode_block;

use crate::lab::containerd::{CONFIG, PARTS};
use crate::lab::faults::Fault;
use crate::lab::machine::{LabMachine, parent};
use crate::plan::action::sha256;

/// A line of an answer holds so many bytes of a file.
const PART: usize = 2_250;
/// Where the pod network lies.
const NETWORKS: &str = "/etc/cni/net.d";
/// Where its plugins lie.
const PLUGINS: &str = "/opt/cni/bin";

/// Answers what is asked of the runtime.
pub(crate) fn runtime_lines(machine: &LabMachine, say: &mut impl FnMut(&str, String)) {
    let version = &machine.build.containerd;
    say("containerd", "1".to_owned());
    say("kill-mode", "process".to_owned());
    say("program", "/usr/local/bin/containerd".to_owned());
    let listed = served(machine, version, say);
    config_lines(machine, listed, say);
    network_lines(machine, say);
    say("root", "/var/lib/containerd".to_owned());
    let full = machine.faults.has(&Fault::NoSpace);
    let free = if full { 0 } else { machine.build.free_mib.saturating_mul(1024) };
    say("df", "Filesystem 1024-blocks Used Available Capacity Mounted on".to_owned());
    say("df", format!("/dev/vda1 82043328 {} {free} 50% /", 82_043_328_u64.saturating_sub(free)));
    if machine.build.crictl {
        say("crictl", "/usr/local/bin/crictl".to_owned());
    }
    say("socket", "containerd".to_owned());
    if !machine.kernel.no_bridge_filter {
        say("bridge", "1".to_owned());
    }
    say("overlay", "1".to_owned());
    say("done", String::new());
}

/// The one that runs, and its CRI; whether it answers.
fn served(machine: &LabMachine, version: &str, say: &mut impl FnMut(&str, String)) -> bool {
    let release = machine.containerd_release();
    if machine.faults.has(&Fault::RuntimeFrozen) {
        say("server", "= 124".to_owned());
    }
    let Some(cri) = machine.cri.as_ref().filter(|_| machine.runtime_runs()) else {
        if !machine.faults.has(&Fault::RuntimeFrozen) {
            say("deaf", "nobody listens at /run/containerd/containerd.sock".to_owned());
        }
        say("version", format!("containerd github.com/containerd/containerd {version} lab"));
        say("version", "= 0".to_owned());
        return false;
    };
    for line in [
        "Client:",
        &format!("  Version:  {version}"),
        "",
        "Server:",
        &format!("  Version:  {version}"),
        "= 0",
    ] {
        say("server", line.to_owned());
    }
    if cri.on {
        say("plugin", "io.containerd.grpc.v1 cri - ok".to_owned());
        if release.major >= 2 {
            say("plugin", "io.containerd.cri.v1 images - ok".to_owned());
            say("plugin", "io.containerd.cri.v1 runtime linux/amd64 ok".to_owned());
        }
    }
    say("plugins-listed", "1".to_owned());
    true
}

/// Its files, and what it makes of them; `listed` = it can be asked for its images.
fn config_lines(machine: &LabMachine, listed: bool, say: &mut impl FnMut(&str, String)) {
    say("file", CONFIG.to_owned());
    if let Some(file) = machine.files.get(CONFIG) {
        say("file-mode", file.mode.clone());
        say("file-there", "1".to_owned());
        for part in file.bytes.chunks(PART) {
            say("file-text", encode_block(part));
        }
    }
    for path in machine.files.keys().filter(|path| parent(path) == PARTS) {
        say("dropin", path.rsplit('/').next().unwrap_or_default().to_owned());
    }
    let (dump, sandbox) = match machine.containerd_config() {
        Ok(made) => {
            (format!("{}= 0\n", machine.containerd_dump(&made)), made.sandbox_image.unwrap_or_default())
        }
        Err(why) => (format!("! {why}\n= 1\n"), String::new()),
    };
    for part in dump.as_bytes().chunks(PART) {
        say("dump", encode_block(part));
    }
    if !sandbox.is_empty() {
        let there = machine.images.iter().any(|image| image.name == sandbox);
        say("sandbox", sandbox);
        if listed {
            say("sandbox-there", if there { "1" } else { "0" }.to_owned());
        }
    }
}

fn network_lines(machine: &LabMachine, say: &mut impl FnMut(&str, String)) {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    say("conf-dir", NETWORKS.to_owned());
    for (path, file) in machine.files.iter().filter(|(path, _)| parent(path) == NETWORKS) {
        say("net", name(path));
        for part in file.bytes.chunks(PART) {
            say("net-text", encode_block(part));
        }
    }
    say("bin-dir", PLUGINS.to_owned());
    for path in machine.files.keys().filter(|path| parent(path) == PLUGINS) {
        say("bin", name(path));
    }
}

/// Its images: each with what it points to, and the configuration of that.
pub(crate) fn image_lines(machine: &LabMachine, say: &mut impl FnMut(&str, String)) {
    say("containerd", "1".to_owned());
    if machine.faults.has(&Fault::RuntimeFrozen) {
        say("failed", "= 124".to_owned());
    } else if machine.runtime_runs() {
        for image in &machine.images {
            let target = sha256(format!("manifest of {}", image.id).as_bytes());
            say("image", format!("{} sha256:{target}", image.name));
            say("config", format!("sha256:{target} sha256:{}", image.id));
        }
    } else {
        say("failed", "nobody listens at /run/containerd/containerd.sock".to_owned());
    }
    say("done", String::new());
}

/// What runs, from the folders of the running tasks: containerd need not answer for that.
pub(crate) fn task_lines(machine: &LabMachine, latest: u64, say: &mut impl FnMut(&str, String)) {
    for one in machine.containers.iter().filter(|one| one.created <= latest) {
        say("ps", format!("{}\t{}\t\"\"\t\tUp\t{}", one.id, one.image, one.name));
    }
    say("ps", "= 0".to_owned());
    say("done", String::new());
}
