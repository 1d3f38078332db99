//! A worker that no plan tells of: what is known of it, and where its files are by its flags, then by the configuration
//! that they name.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::plan::fact::Facts;
use crate::plan::found::{KubeletStart, config_tree};

/// The port of the kubelet's health check unless it is told otherwise (kubelet `--healthz-port`, `healthzPort`).
const HEALTHZ: u16 = 10248;
/// Where a kubelet keeps the certificates that it makes itself, unless it is told otherwise.
const CERT_DIR: &str = "/var/lib/kubelet/pki";
/// The domain that a cluster has unless somebody chose another one.
const CLUSTER_DOMAIN: &str = "cluster.local";
/// What the machine itself asks, and a kubelet hands to pods unless it is told another.
pub(super) const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Where the files of a worker are, as far as its own words tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundPaths {
    /// The node it should be.
    pub node: String,
    /// The URL of the API that a flag names; empty = none does (up to 1.3 one does).
    pub server: String,
    /// The address that it is told to have, when it is one.
    pub address: Option<IpAddr>,
    /// Its kubeconfig; `None` = it is told none.
    pub kubeconfig: Option<String>,
    /// The kubelet's configuration file.
    pub config: Option<String>,
    /// The folder of static pods.
    pub manifests: Option<String>,
    /// The socket of its container runtime, where it is told one.
    pub socket: Option<String>,
    /// Further files that its configuration names.
    pub files: Vec<String>,
    /// The host of the API that its kubeconfig names; empty = it is not known.
    pub api: String,
    /// The port of its health check; `None` = it was turned off.
    pub healthz: Option<u16>,
    /// Whether it refuses to start while swap is on (`--fail-swap-on`, `failSwapOn`, true unless it is told); `None` = not
    /// known: its configuration was not read whole, or it may be of before 1.8, which did not mind.
    pub fails_on_swap: Option<bool>,
    /// Its configuration is in further files too (`--config-dir`), which are not read here.
    pub more_config: bool,
    /// The file whose name servers it hands to pods, as it is told (`--resolv-conf`, `resolvConf`); empty = it is told to use
    /// none.
    pub resolv_conf: Option<String>,
    /// The certificate and the key that it is told to serve with (`--tls-cert-file`, `tlsCertFile`).
    pub tls: (Option<String>, Option<String>),
    /// The folder of those that it makes or asks for itself (`--cert-dir`).
    pub cert_dir: String,
    /// It asks the cluster for its serving certificate (`serverTLSBootstrap`).
    pub serving_bootstrap: bool,
    /// It makes cgroups by systemd (`--cgroup-driver`, `cgroupDriver`, cgroupfs unless it is told); `None` = not known.
    pub systemd_cgroups: Option<bool>,
    /// The first address of the cluster's name server that it hands to pods (`--cluster-dns`, `clusterDNS`).
    pub cluster_dns: Option<IpAddr>,
    /// The cluster's domain (`--cluster-domain`, `clusterDomain`); empty = it is told none.
    pub cluster_domain: String,
    /// The kubeconfig of its kube-proxy, where that is a unit or a static pod; `None` = it is told none, or not known.
    pub proxy: Option<String>,
    /// The URL of the API that a flag of its kube-proxy names; empty = none does.
    pub proxy_server: String,
}

/// The files that a kubelet serves with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingPair {
    /// Its certificate.
    pub cert: String,
    /// The key of that.
    pub key: String,
    /// It was told neither and made both, signed by itself.
    pub own: bool,
}

impl FoundPaths {
    /// The pair that it serves with; a kubelet that is told none makes one where it keeps its certificates (Kubernetes 1.37,
    /// `cmd/kubelet/app/server.go`, `InitializeTLS`).
    pub fn serving(&self) -> ServingPair {
        let pair = |cert: String, key: String, own| ServingPair { cert, key, own };
        match &self.tls {
            (Some(cert), Some(key)) => pair(cert.clone(), key.clone(), false),
            _ if self.serving_bootstrap => {
                let both = format!("{}/kubelet-server-current.pem", self.cert_dir);
                pair(both.clone(), both, false)
            }
            _ => {
                pair(format!("{}/kubelet.crt", self.cert_dir), format!("{}/kubelet.key", self.cert_dir), true)
            }
        }
    }

    /// The address and the domain by which the cluster's name server is asked; `None` = it hands pods no address of one.
    pub fn dns(&self) -> Option<(String, &str)> {
        let domain = if self.cluster_domain.is_empty() { CLUSTER_DOMAIN } else { &self.cluster_domain };
        Some((self.cluster_dns?.to_string(), domain))
    }

    /// With what is known of its kube-proxy: by its flags, `config` where they name a file that was read, or else by the static
    /// pods in its folder.
    #[must_use]
    pub fn with_proxy(mut self, start: &KubeletStart, config: Option<&str>, pod: Option<String>) -> Self {
        let path = |text: &str| Some(text).filter(|path| path.starts_with('/')).map(str::to_owned);
        if start.flags.is_empty() {
            self.proxy = pod;
            return self;
        }
        if start.flag("config").is_some() {
            // With a file of its own the flags do not count (Kubernetes 1.37, `cmd/kube-proxy/app/options.go`).
            let told = config.and_then(config_tree);
            let told =
                told.as_ref().and_then(|tree| tree.get("clientConnection")?.get("kubeconfig")?.as_str());
            self.proxy = told.and_then(path);
            return self;
        }
        self.proxy = start.flag("kubeconfig").and_then(path);
        start.flag("master").unwrap_or_default().clone_into(&mut self.proxy_server);
        self
    }

    /// From the flags alone, before the configuration was read.
    pub fn of_flags(start: &KubeletStart, hostname: &str) -> Self {
        let flag = |name: &str| start.flag(name).map(str::to_owned);
        let is_name = |name: &&str| {
            !name.is_empty()
                && name.len() <= 253
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        };
        let host = hostname.to_ascii_lowercase();
        let node = start.flag("hostname-override").filter(is_name).or(Some(host.as_str()).filter(is_name));
        let path = |name: &str| flag(name).filter(|path| path.starts_with('/'));
        // Up to 1.3 --config names the folder of static pods.
        let old = start.flag("api-servers").is_some();
        Self {
            node: node.unwrap_or_default().to_owned(),
            server: flag("api-servers")
                .and_then(|servers| servers.split(',').next().map(str::to_owned))
                .unwrap_or_default(),
            api: String::new(),
            socket: socket(start.flag("container-runtime-endpoint")),
            address: start.flag("node-ip").and_then(|text| text.parse().ok()),
            kubeconfig: path("kubeconfig"),
            config: path("config").filter(|_| !old),
            manifests: path("pod-manifest-path").or(path("config").filter(|_| old)),
            files: ["tls-cert-file", "tls-private-key-file", "client-ca-file"]
                .into_iter()
                .filter_map(path)
                .collect(),
            healthz: match start.flag("healthz-port").map(str::parse) {
                Some(Ok(0)) => None,
                Some(Ok(port)) => Some(port),
                Some(Err(_)) | None => Some(HEALTHZ),
            },
            fails_on_swap: start.flags.get("fail-swap-on").map(|value| {
                // As the flags of Go take it (strconv.ParseBool).
                !["0", "f", "F", "false", "False", "FALSE"].iter().any(|no| *value == **no)
            }),
            more_config: start.flag("config-dir").is_some(),
            resolv_conf: start.flags.get("resolv-conf").map(ToString::to_string),
            tls: (path("tls-cert-file"), path("tls-private-key-file")),
            cert_dir: path("cert-dir").unwrap_or_else(|| CERT_DIR.to_owned()),
            serving_bootstrap: false,
            systemd_cgroups: start.flag("cgroup-driver").map(|driver| driver == "systemd"),
            cluster_dns: start.flag("cluster-dns").and_then(|all| all.split(',').next()?.parse().ok()),
            cluster_domain: flag("cluster-domain").unwrap_or_default(),
            proxy: None,
            proxy_server: String::new(),
        }
    }

    /// With what the configuration file adds, where no flag says otherwise.
    #[must_use]
    pub fn with_config(mut self, text: &str) -> Self {
        let Some(config) = config_tree(text) else { return self };
        let word = |path: &[&str]| {
            let value = path.iter().try_fold(&config, |value, key| value.get(*key))?;
            value.as_str().filter(|path| path.starts_with('/')).map(str::to_owned)
        };
        let endpoint = config.get("containerRuntimeEndpoint").and_then(serde_json::Value::as_str);
        self.socket = self.socket.or_else(|| socket(endpoint));
        self.manifests = self.manifests.or_else(|| word(&["staticPodPath"]));
        let more = [
            word(&["tlsCertFile"]),
            word(&["tlsPrivateKeyFile"]),
            word(&["authentication", "x509", "clientCAFile"]),
        ];
        self.files.extend(more.into_iter().flatten());
        let text = |key: &str| config.get(key).and_then(serde_json::Value::as_str);
        if self.tls == (None, None) {
            self.tls = (word(&["tlsCertFile"]), word(&["tlsPrivateKeyFile"]));
        }
        let asks = config.get("serverTLSBootstrap").and_then(serde_json::Value::as_bool);
        self.serving_bootstrap = asks.unwrap_or(false);
        let first = config.get("clusterDNS").and_then(|all| all.get(0)?.as_str()?.parse().ok());
        self.cluster_dns = self.cluster_dns.or(first);
        if self.cluster_domain.is_empty() {
            text("clusterDomain").unwrap_or_default().clone_into(&mut self.cluster_domain);
        }
        if !self.more_config {
            let told = config.get("resolvConf").and_then(serde_json::Value::as_str).unwrap_or(RESOLV_CONF);
            self.resolv_conf = self.resolv_conf.or_else(|| Some(told.to_owned()));
            let driver = text("cgroupDriver").unwrap_or("cgroupfs");
            self.systemd_cgroups = self.systemd_cgroups.or_else(|| Some(driver == "systemd"));
            let told = || config.get("failSwapOn").and_then(serde_json::Value::as_bool).unwrap_or(true);
            self.fails_on_swap = self.fails_on_swap.or_else(|| Some(told()));
        }
        match config.get("healthzPort").and_then(serde_json::Value::as_u64) {
            Some(0) => self.healthz = None,
            Some(port) if self.healthz == Some(HEALTHZ) => self.healthz = u16::try_from(port).ok(),
            Some(_) | None => {}
        }
        self
    }

    /// The file whose name servers it hands to pods, `/etc/resolv.conf` unless it is told otherwise (Kubernetes 1.37,
    /// `pkg/kubelet/apis/config/v1beta1/defaults_linux.go`); `None` = not known, or it uses none.
    pub fn resolver(&self) -> Option<&str> {
        let unread = self.more_config || self.config.is_some();
        let path = self.resolv_conf.as_deref().or_else(|| (!unread).then_some(RESOLV_CONF))?;
        path.starts_with('/').then_some(path)
    }
}

/// The path of `unix:///run/containerd/containerd.sock`.
fn socket(endpoint: Option<&str>) -> Option<String> {
    let path = endpoint?.trim_start_matches("unix://");
    path.starts_with('/').then(|| path.to_owned())
}

/// What is known of such a worker.
#[derive(Clone, Copy)]
pub struct FoundWorker<'a> {
    /// How it is called in sentences.
    pub name: &'a str,
    /// What it answered.
    pub facts: &'a Facts,
    /// When its clock was asked, by this computer's, milliseconds since 1970.
    pub asked_ms: i64,
    /// Where its files are.
    pub paths: &'a FoundPaths,
    /// This computer's clock.
    pub now: Timestamp,
}
