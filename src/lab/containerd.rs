//! containerd on a lab machine: what its files say, and what it made of them when it was started.

use crate::lab::machine::{LabMachine, LabUnit, ServedCri};
use crate::plan::runtime_fact::RuntimeKind;
use crate::runtime::containerd_config::{ConfigFile, Merged, Release};
use std::ffi::OsStr;
use std::path::Path;

/// The file that containerd reads first.
pub(crate) const CONFIG: &str = "/etc/containerd/config.toml";
/// Where configurations import their parts from.
pub(crate) const PARTS: &str = "/etc/containerd/conf.d";
/// Where the configuration of the pod network lies.
const NETWORKS: &str = "/etc/cni/net.d";
/// The plugins of the pod network that a machine of the lab has.
const PLUGINS: [&str; 4] = ["bridge", "host-local", "loopback", "portmap"];
/// What ctr says when nobody listens.
const NOBODY: &str = "ctr: failed to dial \"/run/containerd/containerd.sock\": dial unix \
    /run/containerd/containerd.sock: connect: no such file or directory";
/// What docker says when its engine is not there.
const NO_DOCKER: &str =
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";

/// A dump of containerd 2 as far as anybody reads it, and of 1.6; words in braces are replaced.
const DUMP_2: &str = include_str!("../../assets/labs/containerd-2.toml");
const DUMP_1: &str = include_str!("../../assets/labs/containerd-1.6.toml");

impl LabMachine {
    /// Its container runtime; `None` = there is none.
    pub fn runtime(&self) -> Option<RuntimeKind> {
        match (&*self.build.docker, &*self.build.containerd) {
            (_, version) if !version.is_empty() => Some(RuntimeKind::Containerd),
            (version, _) if !version.is_empty() => Some(RuntimeKind::Docker),
            _ => None,
        }
    }

    /// It runs its containers with containerd.
    pub(crate) fn has_containerd(&self) -> bool {
        self.runtime() == Some(RuntimeKind::Containerd)
    }

    /// What a program of its runtime says when nobody answers.
    pub(crate) fn no_runtime(&self) -> &'static str {
        if self.has_containerd() { NOBODY } else { NO_DOCKER }
    }

    /// The release of its containerd.
    pub(crate) fn containerd_release(&self) -> Release {
        Release::parse(&self.build.containerd).unwrap_or(Release { major: 2, point: 4 })
    }

    /// Gives it a containerd that runs, with this configuration or none, and a pod network of these addresses.
    pub(crate) fn install_containerd(&mut self, config: Option<&str>, subnet: &str) {
        if let Some(text) = config {
            self.write(CONFIG, text.as_bytes(), "644", "root:root");
        }
        for plugin in PLUGINS {
            let program = format!("CNI {plugin} plugin v1.9.1\n");
            self.write(&format!("/opt/cni/bin/{plugin}"), program.as_bytes(), "755", "root:root");
        }
        let network = format!(
            "{{\"cniVersion\": \"1.0.0\", \"name\": \"lab\", \"plugins\": [\n  {{\"type\": \"bridge\", \"bridge\": \
             \"cni0\", \"isGateway\": true, \"ipMasq\": true,\n   \"ipam\": {{\"type\": \"host-local\", \"ranges\": \
             [[{{\"subnet\": \"{subnet}\"}}]]}}}},\n  {{\"type\": \"portmap\", \"capabilities\": {{\"portMappings\": \
             true}}}}\n]}}\n"
        );
        self.write(&format!("{NETWORKS}/10-lab.conflist"), network.as_bytes(), "644", "root:root");
        let unit = LabUnit { enabled: true, active: true, loaded: None, builtin: true };
        self.units.insert("containerd".to_owned(), unit);
        self.start_containerd();
    }

    /// What `containerd config dump` makes of its files now, or why it refuses them.
    pub(crate) fn containerd_config(&self) -> Result<Merged, String> {
        let (release, mut all) = (self.containerd_release(), Merged::default());
        let sandbox = if release.major >= 2 { "pause:3.10.2" } else { "pause:3.6" };
        all.sandbox_image = Some(format!("registry.k8s.io/{sandbox}"));
        all.systemd_cgroup = Some(false);
        let Some(file) = self.files.get(CONFIG) else { return Ok(all) };
        let first = overlay(&mut all, CONFIG, &file.bytes)?;
        if first.imports(CONFIG, PARTS) {
            let inside = |path: &&String| {
                path.starts_with(&format!("{PARTS}/"))
                    && Path::new(path.as_str()).extension() == Some(OsStr::new("toml"))
            };
            for (path, file) in self.files.iter().filter(|(path, _)| inside(path)) {
                overlay(&mut all, path, &file.bytes)?;
                all.imports.push(path.clone());
            }
        }
        Ok(all)
    }

    /// The text of that.
    pub(crate) fn containerd_dump(&self, made: &Merged) -> String {
        let template = if self.containerd_release().major >= 2 { DUMP_2 } else { DUMP_1 };
        let off = if made.cri_off { "'io.containerd.grpc.v1.cri'" } else { "" };
        let imports: Vec<String> = made.imports.iter().map(|path| format!("'{path}'")).collect();
        template
            .replace("{off}", off)
            .replace("{imports}", &imports.join(", "))
            .replace("{sandbox}", made.sandbox_image.as_deref().unwrap_or_default())
            .replace("{systemd}", if made.systemd_cgroup == Some(true) { "true" } else { "false" })
    }

    /// systemd starts it: it reads its files now. `false` = it does not come up with them, or there is none.
    pub(crate) fn start_containerd(&mut self) -> bool {
        if !self.has_containerd() {
            return false;
        }
        self.cri = self.containerd_config().ok().map(|made| ServedCri {
            on: !made.cri_off,
            systemd: made.systemd_cgroup == Some(true),
            sandbox: made.sandbox_image.unwrap_or_default(),
        });
        self.cri.is_some()
    }

    /// Why a kubelet cannot use its containerd at all; `None` = it can.
    pub(crate) fn cri_refuses(&self) -> Option<String> {
        let of = |why: &str| {
            Some(format!(
                "validate service connection: validate CRI v1 runtime API for endpoint \
                 \"unix:///run/containerd/containerd.sock\": rpc error: {why}"
            ))
        };
        match &self.cri {
            Some(served) if self.runtime_runs() && served.on => None,
            Some(served) if self.runtime_runs() && !served.on => {
                of("code = Unimplemented desc = unknown service runtime.v1.RuntimeService")
            }
            _ => of(
                "code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix \
                 /run/containerd/containerd.sock: connect: no such file or directory\"",
            ),
        }
    }

    /// A configuration of the pod network lies where CRI looks.
    pub(crate) fn has_pod_network(&self) -> bool {
        let ends = |path: &String| [".conf", ".conflist", ".json"].iter().any(|end| path.ends_with(end));
        self.files.keys().any(|path| path.starts_with(&format!("{NETWORKS}/")) && ends(path))
    }
}

/// Lays what a file says over what is known.
fn overlay(all: &mut Merged, path: &str, bytes: &[u8]) -> Result<ConfigFile, String> {
    let text = String::from_utf8_lossy(bytes);
    let refused = |why: &str| format!("containerd: failed to load TOML from {path}: {why}");
    let file = ConfigFile::read(&text).map_err(|why| refused(&why.to_string()))?;
    let short = |what: &str| what.contains("names plugins in full");
    if file.remarks().iter().any(|remark| remark.stops && short(&remark.what)) {
        return Err(refused("invalid disabled plugin URI \"cri\" expect io.containerd.x.vx"));
    }
    let said = Merged::read(&text).map_err(|why| refused(&why.to_string()))?;
    all.cri_off |= said.cri_off;
    all.systemd_cgroup = said.systemd_cgroup.or(all.systemd_cgroup);
    all.sandbox_image = said.sandbox_image.or_else(|| all.sandbox_image.take());
    Ok(file)
}
