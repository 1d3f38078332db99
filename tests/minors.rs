//! The table of what differs between minors against the files that are written: for each row they are rendered one minor
//! before, at and after its limits. What a minor does not know is in none of its files, and what follows a row is there
//! exactly where the row holds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use gangplank::plan::fact::Machine;
use gangplank::plan::minors::{self, MinorRow, RowKind, Span};
use gangplank::plan::model::{Plan, Version};
use gangplank::plan::yaml;
use gangplank::profile::{self, ConfigFinding, DryCheck, NodeSetup, Profile};
use serde_yaml::Value;

/// Whatever makes a difference is asked for: cgroup v1 and swap are allowed.
const PLAN: &str = "
cluster: {name: c, api: 'https://10.0.0.5', service_range: 10.3.0.0/24, dns: 10.3.0.2, pod_range: 10.4.0.0/16,
  cgroup_v1: allow, swap: no-swap}
ca: {where: files, cert: /ca.crt, key: /ca.key}
workers: [{name: w1, address: 10.0.0.11}]
";

fn plan() -> Plan {
    yaml::load(PLAN.as_bytes(), Path::new("/plan.yaml"), Some(Path::new("/"))).unwrap().plan
}

fn setup<'a>(
    plan: &'a Plan,
    machine: &'a Machine,
    cgroup_driver: &'a str,
    kubelet: Version,
) -> NodeSetup<'a> {
    NodeSetup {
        plan,
        worker: &plan.workers[0],
        machine,
        cgroup_driver,
        kubelet,
        refused: &[],
        flannel: false,
        kept: serde_json::Map::default(),
    }
}

/// All that is written for one minor.
struct Written {
    /// Fields of the kubelet's configuration, their paths with dots.
    fields: BTreeSet<String>,
    /// Flags of the kubelet, without dashes and values.
    flags: BTreeSet<String>,
    /// The same of kube-proxy.
    proxy_flags: BTreeSet<String>,
    /// kube-proxy's mode.
    mode: Option<String>,
    /// Images of the worker and of DNS.
    images: BTreeSet<String>,
    /// The files and the objects of DNS as they stand.
    text: String,
}

fn name(flag: &str) -> Option<String> {
    Some(flag.strip_prefix("--")?.split('=').next()?.to_owned())
}

fn paths(at: &str, value: &Value, found: &mut BTreeSet<String>) {
    for (key, inner) in value.as_mapping().into_iter().flatten() {
        let key = key.as_str().unwrap();
        let path = if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
        // What is below these are signals and resources, not fields.
        if !["evictionHard", "apiVersion", "kind"].contains(&path.as_str()) {
            paths(&path, inner, found);
        }
        if !["apiVersion", "kind"].contains(&path.as_str()) {
            found.insert(path);
        }
    }
}

/// `None` = there is no profile for this minor.
fn written(version: Version) -> Option<Written> {
    let (plan, machine) = (plan(), Machine { cgroup: 1, swap: true, ..Machine::default() });
    let profile = profile::choose(version, None).ok().filter(|profile| *profile != Profile::V1_2)?;
    let setup = setup(&plan, &machine, "systemd", version);
    let files = profile.kubelet_files(&setup).unwrap();
    let proxy = profile.kube_proxy(&setup).unwrap();
    let config = files.iter().find(|file| file.path == profile::KUBELET_CONFIG).unwrap();
    let mut fields = BTreeSet::new();
    paths("", &serde_yaml::from_str(&config.text).unwrap(), &mut fields);
    let manifest: Value = serde_yaml::from_str(&proxy.text).unwrap();
    let command: Vec<String> =
        serde_yaml::from_value(manifest["spec"]["containers"][0]["command"].clone()).unwrap();
    let mode = command.iter().find_map(|word| word.strip_prefix("--proxy-mode=")).map(str::to_owned);
    let dns = profile::dns_objects(&plan, Some(version)).unwrap();
    let dns_images = profile::dns_images(&plan, Some(version)).into_iter().map(|(_, image)| image);
    let text: Vec<String> = files.iter().chain([&proxy]).map(|file| file.text.clone()).collect();
    Some(Written {
        fields,
        flags: profile.flags(&setup).iter().filter_map(|flag| name(&flag.text)).collect(),
        proxy_flags: command.iter().filter_map(|word| name(word)).collect(),
        mode,
        images: profile.images(&plan, version).into_iter().chain(dns_images).collect(),
        text: text.join("\n") + &dns.iter().map(ToString::to_string).collect::<String>(),
    })
}

/// What is said of a field that an operator writes: that this kubelet does not know it yet.
fn came_later(path: &str, version: Version) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    let keys: Vec<String> =
        parts.iter().enumerate().map(|(depth, key)| format!("{}{key}:", "  ".repeat(depth))).collect();
    let head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    let text = format!("{head}{} {{}}\n", keys.join("\n"));
    let says = |one: &ConfigFinding| {
        one.field == path && one.what.contains("this kubelet") && one.what.contains("came with")
    };
    profile::judge_text(&text, Some(version)).iter().any(says)
}

/// Whether something of a row is to be seen in what is written.
type Seen = fn(&Written) -> bool;

/// The rows that files follow: where the row holds it is there, from the first minor with the profile on.
fn followed(row: &MinorRow) -> Option<(Span, Seen)> {
    let current = minors::CRI_ONLY;
    Some(match (row.kind, row.what) {
        (RowKind::KubeletField, "containerRuntimeEndpoint") => {
            (current, |files| files.fields.contains("containerRuntimeEndpoint"))
        }
        (RowKind::KubeletField, "failCgroupV1") => (current, |files| files.fields.contains("failCgroupV1")),
        (RowKind::KubeletFlag, "container-runtime") => {
            (current, |files| files.flags.contains("container-runtime"))
        }
        (RowKind::Feature, "memorySwap.swapBehavior: NoSwap is taken") => {
            (current, |files| files.fields.contains("memorySwap.swapBehavior"))
        }
        (RowKind::Feature, "a runtime of CRI is needed, dockershim is gone") => {
            (minors::LABELS_JUDGED, |files| files.text.contains("containerd.service"))
        }
        (RowKind::Feature, "CoreDNS may read EndpointSlices") => {
            (current, |files| files.text.contains("endpointslices"))
        }
        _ => return None,
    })
}

/// Every row, and every minor around its limits.
fn around() -> impl Iterator<Item = (MinorRow, Version)> {
    minors::rows().flat_map(|row| row.span.around().map(move |version| (row, version)))
}

#[test]
fn around_the_limits_of_each_row_the_files_have_nothing_that_their_minor_does_not_know() {
    let mut rendered = 0;
    for (row, version) in around() {
        let Some(files) = written(version) else { continue };
        rendered += 1;
        let fields = files.fields.iter().filter(|path| minors::kubelet_field(path, version) == Some(false));
        let flags = files.flags.iter().filter(|flag| minors::flag(flag, version) != Some(true));
        let proxy = files.proxy_flags.iter().filter(|flag| minors::proxy_flag(flag, version) != Some(true));
        let mode = files.mode.iter().filter(|mode| minors::proxy_mode(mode, version) != Some(true));
        let strange: Vec<&String> = fields.chain(flags).chain(proxy).chain(mode).collect();
        assert!(strange.is_empty(), "{version} has {strange:?}, around {row:?}");
    }
    assert!(rendered > 300, "{rendered}");
}

#[test]
fn what_follows_a_row_is_written_exactly_where_the_row_holds() {
    let mut seen = 0;
    for (row, version) in around() {
        let Some(files) = written(version) else { continue };
        if let Some((from, is_there)) = followed(&row) {
            if from.holds(version) {
                assert_eq!(is_there(&files), row.span.holds(version), "{version}: {row:?}");
                seen += 1;
            }
        } else if row.kind == RowKind::Image && minors::OLDEST <= version {
            // The registry is a part of names; whole names are those of pause and CoreDNS.
            let below = format!("{}/", row.what);
            let has = files.images.iter().any(|image| image == row.what || image.starts_with(&below));
            assert_eq!(has, row.span.holds(version), "{version}: {row:?}, {:?}", files.images);
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

/// An operator's own field is taken exactly where its minor has it.
#[test]
fn a_field_of_the_plan_is_refused_exactly_where_its_minor_does_not_have_it() {
    let mut refused = 0;
    for (row, version) in around().filter(|(row, _)| row.kind == RowKind::KubeletField) {
        if profile::choose(version, None).is_err() {
            continue;
        }
        let late = came_later(row.what, version);
        assert_eq!(late, !row.span.holds(version), "{version}: {row:?}");
        refused += usize::from(late);
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn a_minor_beyond_the_table_has_the_files_of_the_newest() {
    let newest = written(minors::NEWEST).unwrap();
    let beyond = written(Version { minor: minors::NEWEST.minor + 1, ..minors::NEWEST }).unwrap();
    assert_eq!(beyond.fields, newest.fields);
    assert_eq!(beyond.flags, newest.flags);
    assert_eq!(beyond.proxy_flags, newest.proxy_flags);
}

/// Of real kubelets, each of a minor of its own: `tests/lab/current/try-minor` builds them. They judge the flags and the file
/// that are written for them and end before they do anything.
#[test]
#[ignore = "wants kubelets: GANGPLANK_KUBELETS has their paths, with colons between"]
fn a_kubelet_takes_the_file_and_the_flags_that_are_written_for_its_minor() {
    let programs = std::env::var("GANGPLANK_KUBELETS").unwrap();
    for program in programs.split(':') {
        let told = Command::new(program).arg("--version").output().unwrap();
        let version = Version::parse(&String::from_utf8(told.stdout).unwrap()).unwrap();
        let (plan, machine) = (plan(), Machine { cgroup: 1, ..Machine::default() });
        let profile = profile::choose(version, None).unwrap();
        let setup = setup(&plan, &machine, "cgroupfs", version);
        let files = profile.kubelet_files(&setup).unwrap();
        let config = files.iter().find(|file| file.path == profile::KUBELET_CONFIG).unwrap();
        // What both name lies in a folder of the test.
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| text.replace("/etc/kubernetes", folder.path().to_str().unwrap());
        let flags: Vec<String> = profile.flags(&setup).into_iter().map(|flag| flag.text).collect();
        let ssl = folder.path().join("ssl");
        std::fs::create_dir(&ssl).unwrap();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=w1",
                "-keyout",
                "worker.key",
            ])
            .args(["-out", "worker.crt"])
            .current_dir(&ssl)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        std::fs::copy(ssl.join("worker.crt"), ssl.join("ca.crt")).unwrap();
        let login = "{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], \
                     users: [{name: u, user: {}}], contexts: [{name: c, context: {cluster: c, user: u}}]}";
        std::fs::write(at(profile::KUBECONFIG), login).unwrap();
        let asked = |text: &str| {
            let file = folder.path().join("config.yaml");
            std::fs::write(&file, at(text)).unwrap();
            let own = |flag: &&String| !flag.starts_with("--config=");
            let out = Command::new(program)
                .args(flags.iter().filter(own).map(|flag| at(flag)))
                .arg(format!("--config={}", file.display()))
                .arg("--exit-on-lock-contention")
                .output()
                .unwrap();
            (profile::dry_check(&String::from_utf8_lossy(&out.stderr), out.status.code()), out)
        };
        let (judged, out) = asked(&config.text);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(matches!(judged, DryCheck::Good), "{version}: {judged:?}\n{said}\n{}", config.text);
        println!(
            "{version} takes {} and its file: {}",
            flags.join(" "),
            said.lines().last().unwrap_or_default()
        );
        // The same check finds what this kubelet does not take.
        let (judged, out) = asked(&format!("{}noSuchField: 1\n", config.text));
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(matches!(judged, DryCheck::Bad { .. }), "{version}: {judged:?}\n{said}");
        println!(
            "{version} refuses one more: {}",
            said.lines().find(|line| line.contains("noSuchField")).unwrap_or_default()
        );
    }
}
