//! The lab as the scenarios see it: its scripts, its hosts from the inside, its API, its plans. It knows
//! nothing of gangplank's own code: what it says about the cluster comes from docker, kubectl and sockets.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use serde_yaml::Value as Yaml;

/// The lab that is up.
pub struct Lab {
    env: BTreeMap<String, String>,
}

/// Waits until `reached` says so; a tick is a wait on a channel nobody sends on.
pub fn until(what: &str, seconds: u64, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let (_keep, ticks) = mpsc::channel::<()>();
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not within {seconds} s");
        let _ = ticks.recv_timeout(Duration::from_millis(200));
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Lab {
    /// The lab of `GANGPLANK_LAB_PLAN`, the path that `tests/lab/up` prints.
    pub fn from_environment() -> Option<Self> {
        let plan = std::env::var_os("GANGPLANK_LAB_PLAN").filter(|plan| !plan.is_empty())?;
        let plan = PathBuf::from(plan);
        let file = plan.with_file_name("env");
        let said = Command::new("bash")
            .args(["-c", ". \"$1\" && env -0", "env"])
            .arg(&file)
            .output()
            .expect("bash is there");
        assert!(said.status.success(), "{} cannot be read: the lab is not up", file.display());
        let env = text(&said)
            .split('\0')
            .filter_map(|line| line.split_once('='))
            .filter(|(name, _)| name.starts_with("LAB_"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(Self { env })
    }

    /// Waits until nobody else tests with this lab.
    pub fn lock(&self) -> File {
        let file = File::open(self.get("LAB_PLAN")).expect("the lab wrote it");
        file.lock().expect("a file can be locked");
        file
    }

    /// A variable of the lab's `env` file.
    pub fn get(&self, name: &str) -> &str {
        self.env.get(name).unwrap_or_else(|| panic!("the lab says no {name}"))
    }

    fn script(&self, name: &str, arguments: &[&str]) {
        let said = Command::new(format!("{}/tests/lab/{name}", env!("CARGO_MANIFEST_DIR")))
            .args(arguments)
            .env("GANGPLANK_LAB", self.get("LAB_STATE"))
            .output()
            .expect("the lab's scripts are there");
        assert!(
            said.status.success(),
            "tests/lab/{name} {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&said.stderr)
        );
    }

    /// Makes hosts blank again.
    pub fn reset(&self, hosts: &[&str]) {
        self.script("reset", hosts);
    }

    /// A fault of the API, or its end.
    pub fn api(&self, arguments: &[&str]) {
        self.script("api", arguments);
    }

    /// Its workers have containerd.
    pub fn is_current(&self) -> bool {
        self.env.contains_key("LAB_X1_IP")
    }

    /// The cluster has no DNS and no node that is gone.
    pub fn forget_coredns(&self) {
        let objects =
            ["deployment/coredns", "service/kube-dns", "serviceaccount/coredns", "configmap/coredns"];
        self.kubectl(&[&["-n", "kube-system", "delete", "--ignore-not-found"], &objects[..]].concat());
        self.kubectl(&["delete", "clusterrole,clusterrolebinding", "system:coredns", "--ignore-not-found"]);
    }

    /// A worker's container is stopped and started, as a machine that loses its power; one that is off is started.
    pub fn restart(&self, host: &str) {
        self.docker(&["restart", "-t", "2", host]);
    }

    /// A worker's machine is switched off.
    pub fn off(&self, host: &str) {
        self.docker(&["stop", "-t", "2", host]);
    }

    /// docker as the lab has it.
    pub fn docker(&self, words: &[&str]) {
        let docker = Command::new("docker").args(["-H", self.get("LAB_DOCKER_HOST")]).args(words).output();
        let said = docker.expect("docker is there");
        assert!(said.status.success(), "{words:?}: {}", String::from_utf8_lossy(&said.stderr));
    }

    /// The API has heard of a worker's kubelet since that was started.
    pub fn heard_since_its_start(&self, host: &str) -> bool {
        let (good, started) = self.try_on(
            host,
            "date -d \"$(systemctl show -p ActiveEnterTimestamp --value kubelet)\" +%s",
            b"",
        );
        let started: Option<i64> = started.trim().parse().ok();
        good && self.heard(host).zip(started).is_some_and(|(heard, started)| heard.as_second() > started)
    }

    /// How long ago the API heard of it, seconds.
    pub fn heard_ago(&self, host: &str) -> Option<i64> {
        Some(jiff::Timestamp::now().as_second() - self.heard(host)?.as_second())
    }

    /// When it did.
    fn heard(&self, host: &str) -> Option<jiff::Timestamp> {
        let lease = self.kubectl(&[
            "-n",
            "kube-node-lease",
            "get",
            "lease",
            host,
            // Of one that has just joined there is none yet.
            "--ignore-not-found",
            "-o",
            "jsonpath={.spec.renewTime}",
        ]);
        lease.trim().parse().ok()
    }

    /// What a scenario may have left: no service of a test, pods at the server they belong to.
    pub fn mend(&self) {
        if self.is_current() {
            return;
        }
        let said = Command::new(format!("{}/tests/lab/api", env!("CARGO_MANIFEST_DIR")))
            .arg("start")
            .env("GANGPLANK_LAB", self.get("LAB_STATE"))
            .stderr(Stdio::null())
            .status();
        assert!(said.is_ok_and(|status| status.success()), "the API does not come back");
        self.kubectl(&["delete", "service", "squatter", "--ignore-not-found"]);
        self.api(&["pods", "rbac"]);
    }

    /// The cluster has no DNS, so that the next run has to make it.
    pub fn forget_dns(&self) {
        self.kubectl(&[
            "-n",
            "kube-system",
            "delete",
            "rc,service,serviceaccount",
            "--selector=k8s-app=kube-dns",
            "--ignore-not-found",
        ]);
        let named = ["rc/kube-dns-v11", "service/kube-dns", "serviceaccount/kube-dns"];
        self.kubectl(&[&["-n", "kube-system", "delete", "--ignore-not-found"], &named[..]].concat());
    }

    /// Runs a shell text on a host; its output and whether it succeeded.
    pub fn try_on(&self, host: &str, shell: &str, stdin: &[u8]) -> (bool, String) {
        let mut child = Command::new("docker")
            .args(["-H", self.get("LAB_DOCKER_HOST"), "exec", "-i", host, "bash", "-c", shell])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker is there");
        let mut pipe = child.stdin.take().expect("it is piped");
        // A shell that does not read may be gone by now.
        let _ = pipe.write_all(stdin);
        drop(pipe);
        let output = child.wait_with_output().expect("docker ends");
        let all = format!("{}{}", text(&output), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), if output.status.success() { text(&output) } else { all })
    }

    /// Runs a shell text on a host; it must succeed.
    pub fn on(&self, host: &str, shell: &str) -> String {
        let (good, said) = self.try_on(host, shell, b"");
        assert!(good, "{host}: {shell}: {said}");
        said
    }

    /// Writes a file on a host.
    pub fn write(&self, host: &str, path: &str, content: &[u8]) {
        let (good, said) = self.try_on(host, &format!("cat > '{path}'"), content);
        assert!(good, "{host}: {path}: {said}");
    }

    /// kubectl as the lab's administrator.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl(&[&["--kubeconfig", self.get("LAB_ADMIN_KUBECONFIG")], arguments].concat())
    }

    /// The nodes, by name, and whether each is Ready.
    pub fn nodes(&self) -> BTreeMap<String, bool> {
        let nodes: Json = serde_json::from_str(&self.kubectl(&["get", "nodes", "-o", "json"]))
            .expect("kubectl prints JSON");
        let items = nodes["items"].as_array().expect("a list");
        items
            .iter()
            .map(|node| {
                let conditions = node["status"]["conditions"].as_array();
                let ready = conditions
                    .into_iter()
                    .flatten()
                    .any(|one| one["type"] == "Ready" && one["status"] == "True");
                (node["metadata"]["name"].as_str().unwrap_or_default().to_owned(), ready)
            })
            .collect()
    }

    /// Names of the containers that run on a worker.
    pub fn containers(&self, host: &str) -> Vec<String> {
        self.on(host, "docker ps --format '{{.Names}}'").lines().map(str::to_owned).collect()
    }

    /// Asks the address of DNS on a worker for the API's service, over TCP, with nothing but bash.
    pub fn dns_answers(&self, host: &str) -> bool {
        let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in ["kubernetes", "default", "svc", "cluster", "local"] {
            query.push(u8::try_from(label.len()).expect("short"));
            query.extend(label.bytes());
        }
        query.extend([0, 0, 1, 0, 1]);
        let mut bytes = vec![0, u8::try_from(query.len()).expect("short")];
        bytes.extend(query);
        let (server, answer) = if self.is_current() {
            ("10.5.0.10", "00 04 0a 05 00 01")
        } else {
            ("10.3.0.2", "00 04 0a 03 00 01")
        };
        let shell = "exec 3<>/dev/tcp/SERVER/53 && cat >&3 && timeout 5 head -c 2 <&3 > /tmp/length && \
                     timeout 5 head -c $((0x$(od -An -tx1 /tmp/length | tr -d ' '))) <&3 | od -An -v -tx1 | tr -d '\\n'";
        let (good, said) = self.try_on(host, &shell.replace("SERVER", server), &bytes);
        good && said.contains(answer)
    }

    /// Everything on a worker that onboarding may touch: paths, modes, owners and hashes, without the state that a kubelet
    /// keeps of itself; and the states of the units.
    pub fn snapshot(&self, host: &str) -> String {
        self.on(
            host,
            "find /etc /usr/local /root /var/lib/gangplank /var/lib/kubelet /var/lib/kube-proxy -not -path /etc/kubernetes/x \
               -printf '%p %M %u:%g %l\\n' 2>/dev/null | sort; \
             { find /etc /usr/local /var/lib/kube-proxy -type f -not -name mtab; find /var/lib/kubelet/pki -type f; \
             find /var/lib/kubelet -maxdepth 1 -type f -not -name '*_state'; } 2>/dev/null | sort | xargs sha256sum 2>/dev/null; \
             for unit in kubelet containerd docker kube-proxy ssh; do systemctl show -p Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,DropInPaths \
               $unit | xargs; done; \
             systemctl list-unit-files --no-legend --no-pager --type service,socket,timer; systemctl list-units --failed --plain --no-legend --no-pager; \
             if command -v docker > /dev/null; then docker images --digests --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort; \
             docker ps -a --format '{{.Names}}'; \
             else { ctr -n k8s.io images ls -q; ctr -n k8s.io containers ls -q; } 2> /dev/null | sort; fi; systemctl is-enabled kubelet 2>&1; \
             systemctl is-active kubelet 2>&1; \
             grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-ip*tables 2> /dev/null; iptables-save -t nat | grep -c KUBE-SVC || true",
        )
    }

    /// One of the lab's plans, to be changed by a scenario.
    pub fn plan(&self, variable: &str) -> Yaml {
        let bytes = std::fs::read(self.get(variable)).expect("the lab wrote it");
        serde_yaml::from_slice(&bytes).expect("it is YAML")
    }

    /// The plan with only these workers, the CA's files here and no DNS: the quickest way aboard.
    pub fn small_plan(&self, workers: &[&str]) -> Yaml {
        let mut plan = self.plan("LAB_PLAN_CA_HERE");
        plan["dns"]["deploy"] = "none".into();
        only(&mut plan, workers);
        plan
    }
}

/// Leaves only these workers in a plan.
pub fn only(plan: &mut Yaml, workers: &[&str]) {
    if let Some(list) = plan["workers"].as_sequence_mut() {
        list.retain(|worker| worker["name"].as_str().is_some_and(|name| workers.contains(&name)));
    }
}

/// kubectl with these arguments; it must succeed.
pub fn kubectl(arguments: &[&str]) -> String {
    let said = Command::new("kubectl")
        .arg("--request-timeout=20s")
        .args(arguments)
        .env("KUBECONFIG", "")
        .output()
        .expect("kubectl is there");
    assert!(
        said.status.success(),
        "kubectl {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&said.stderr)
    );
    text(&said)
}
