//! The words of a host's shell text for containerd, tried on a real one with folders and a socket of its own.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gangplank::host::batch::PRELUDE;
use gangplank::plan::containerd_fact::ContainerdFact;
use gangplank::runtime::containerd_answer::{SILENT, containerd, images};
use gangplank::runtime::containerd_config::Merged;
use gangplank::runtime::pod_network::NetworkFound;

use crate::left_out;

/// A containerd that is ended with the test.
struct Daemon {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that was reaped has given its number back.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("CONT");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const BRIDGE: &str = "{\"name\": \"pods\", \"plugins\": [{\"type\": \"bridge\"}]}";

impl Daemon {
    /// Started with this behind its folders; `None` = that cannot be done here.
    fn start(more: &str) -> Option<Self> {
        if fs::metadata("/proc/self").unwrap().uid() != 0
            || Command::new("containerd").arg("--version").output().is_err()
        {
            left_out::left_out("containerd is not installed, or this is not root");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        let text = format!(
            "version = 2\nroot = \"{at}/root\"\nstate = \"{at}/state\"\n[grpc]\n  address = \"{at}/c.sock\"\n{more}"
        );
        let text = text.replace("HERE", &at);
        fs::write(folder.path().join("config.toml"), text).unwrap();
        for name in ["cni", "plugins", "programs"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("cni/10-pods.conflist"), BRIDGE).unwrap();
        program(&folder.path().join("plugins/bridge"), "#!/bin/sh\n");
        let child = Command::new("containerd")
            .arg("-c")
            .arg(folder.path().join("config.toml"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        program(
            &folder.path().join("programs/systemctl"),
            &format!(
                "#!/bin/sh\necho LoadState=loaded\necho KillMode=process\necho MainPID={}\n\
                 echo 'ExecStart={{ path=/none ; argv[]=/none -c {at}/config.toml ; ignore_errors=no }}'\n",
                child.id()
            ),
        );
        let daemon = Self { child, folder };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !fs::read_to_string(daemon.path("log")).unwrap().contains("successfully booted") {
            assert!(Instant::now() < deadline, "{}", fs::read_to_string(daemon.path("log")).unwrap());
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Some(daemon)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn signal(&self, name: &str) {
        Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
    }

    /// What words print, and how they ended.
    fn words(&self, text: &str) -> (String, bool) {
        let path = format!("{}:{}", self.path("programs").display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh")
            .args(["-c", &format!("M=@x q=1 RUN=words LC_ALL=C\n{PRELUDE}\n{text}")])
            .env("PATH", path)
            .env("GANGPLANK_CONTAINERD", self.path("c.sock"))
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.success())
    }

    fn answers(&self, text: &str) -> Vec<(String, String)> {
        let (said, _) = self.words(text);
        let lines = said.lines().filter_map(|line| line.strip_prefix("@x 1 "));
        lines
            .map(|line| {
                let (key, value) = line.split_once(' ').unwrap_or((line, ""));
                (key.to_owned(), value.to_owned())
            })
            .collect()
    }

    fn asked(&self) -> ContainerdFact {
        containerd(&self.answers("ask_containerd"))
    }
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

const CNI: &str =
    "[plugins.\"io.containerd.grpc.v1.cri\".cni]\n  bin_dir = \"HERE/plugins\"\n  conf_dir = \"HERE/cni\"\n";

#[test]
fn all_is_learnt_of_one_that_runs_and_what_does_not_need_it_of_one_that_does_not() {
    let Some(mut daemon) = Daemon::start(CNI) else { return };
    let well = daemon.asked();
    assert!(!well.server.is_empty() && well.version == well.server, "{well:?}");
    assert!(well.plugins_listed && well.error.is_empty() && well.dump_error.is_empty(), "{well:?}");
    let cri = well.plugins.iter().find(|one| one.id == "cri").unwrap();
    assert_eq!((cri.kind.untrusted(), cri.status.untrusted()), ("io.containerd.grpc.v1", "ok"));
    assert_eq!(well.file.path, daemon.path("config.toml").display().to_string());
    assert!(well.file.text.as_ref().is_some_and(|text| text.contains("bin_dir")), "{well:?}");
    let merged = Merged::read(well.dump.untrusted()).unwrap();
    assert_eq!(merged.cni_conf_dir.as_deref(), daemon.path("cni").to_str());
    assert_eq!(merged.socket.as_deref(), daemon.path("c.sock").to_str());
    assert_eq!(merged.sandbox_image.as_deref(), Some(well.sandbox_image.untrusted()));
    assert_eq!((well.sandbox_there, well.kill_mode.untrusted()), (Some(false), "process"));
    assert_eq!(well.root, daemon.path("root").display().to_string());
    assert!(well.free_mib.is_some() && well.socket && !well.crio, "{well:?}");
    let network = NetworkFound::read(&well.network);
    assert_eq!(network.network().map(|network| network.file.as_str()), Some("10-pods.conflist"));
    assert_eq!(well.network.programs, ["bridge"]);

    // Stopped by a signal it says nothing; the rest is known as before.
    daemon.signal("STOP");
    let frozen = daemon.asked();
    assert!(frozen.frozen && frozen.error == SILENT && !frozen.plugins_listed, "{frozen:?}");
    assert!(!frozen.version.is_empty(), "the program is asked instead: {frozen:?}");
    assert_eq!((&frozen.dump, &frozen.network), (&well.dump, &well.network));
    assert_eq!(frozen.sandbox_there, None);
    daemon.signal("CONT");

    // Ended it is not waited for.
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    let ended = daemon.asked();
    assert!(!ended.frozen && ended.error.contains("nobody listens at"), "{ended:?}");
    assert_eq!(ended.dump, well.dump);
    assert!(images(&daemon.answers("ask_containerd_images")).unwrap_err().contains("nobody listens at"));
}

#[test]
fn cri_that_did_not_load_tells_why() {
    let both = "[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"/etc/certs\"\n  \
        [plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\n    endpoint = [\"https://m.example\"]\n";
    let Some(daemon) = Daemon::start(both) else { return };
    let fact = daemon.asked();
    let reasons: Vec<String> = fact.plugins.iter().map(|plugin| plugin.reason.to_string()).collect();
    assert!(reasons.iter().any(|why| why.contains("cannot be set when `config_path`")), "{fact:?}");
    // Off, it has no row.
    let Some(daemon) = Daemon::start("[plugins]\n") else { return };
    let text = fs::read_to_string(daemon.path("config.toml")).unwrap();
    fs::write(
        daemon.path("config.toml"),
        format!("disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n{text}"),
    )
    .unwrap();
    let fact = daemon.asked();
    assert!(Merged::read(fact.dump.untrusted()).unwrap().cri_off && fact.plugins_listed, "{fact:?}");
}

/// A tar as `docker save` makes it, of one image without a layer's content; the digest of its configuration.
fn saved(folder: &Path, names: &[&str]) -> (PathBuf, String) {
    let inside = folder.join("image");
    fs::create_dir_all(&inside).unwrap();
    let layer = folder.join("layer.tar");
    fs::write(folder.join("hello"), "hello\n").unwrap();
    let tar = |args: &[&str]| assert!(Command::new("tar").args(args).status().unwrap().success());
    let text = |path: &Path| path.display().to_string();
    tar(&["-cf", &text(&layer), "-C", &text(folder), "hello"]);
    let hash = |bytes: &[u8]| gangplank::plan::action::sha256(bytes);
    let diff = format!("sha256:{}", hash(&fs::read(&layer).unwrap()));
    fs::rename(&layer, inside.join("layer.tar")).unwrap();
    let config = serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux",
        "config": {}, "rootfs": {"type": "layers", "diff_ids": [diff]}, "history": [{"created_by": "a test"}],
    })
    .to_string();
    let id = hash(config.as_bytes());
    fs::write(inside.join(format!("{id}.json")), config).unwrap();
    let manifest = serde_json::json!([
        {"Config": format!("{id}.json"), "RepoTags": names, "Layers": ["layer.tar"]}
    ]);
    fs::write(inside.join("manifest.json"), manifest.to_string()).unwrap();
    let file = folder.join("image.tar");
    tar(&["-cf", &text(&file), "-C", &text(&inside), "."]);
    (file, id)
}

#[test]
fn an_image_out_of_a_tar_is_known_by_its_configuration_and_goes_again() {
    let Some(daemon) = Daemon::start(CNI) else { return };
    let (tar, id) = saved(daemon.folder.path(), &["lab/thing:1", "registry.example.com/other:2"]);
    // On some disks, as on overlayfs itself, the usual one cannot work.
    let usual = daemon.words("ctr -a \"$sock\" plugins ls | grep -c 'overlayfs .* ok'").0;
    let other =
        if usual == "0\n" { "CONTAINERD_SNAPSHOTTER=native; export CONTAINERD_SNAPSHOTTER\n" } else { "" };
    let import = format!("{other}containerd_import {} lab/thing:1 2>&1", tar.display());
    let (said, well) = daemon.words(&import);
    assert!(well, "{said}");
    let found = images(&daemon.answers("ask_containerd_images")).unwrap();
    let names: Vec<(&str, &str)> =
        found.iter().map(|image| (image.name.untrusted(), image.id.untrusted())).collect();
    assert_eq!(
        names,
        [("docker.io/lab/thing:1", id.as_str()), ("registry.example.com/other:2", id.as_str())]
    );
    for name in ["lab/thing:1", "docker.io/lab/thing:1", "registry.example.com/other:2"] {
        assert_eq!(
            daemon.words(&format!("containerd_image_id {name}")).0,
            format!("sha256:{id}\n"),
            "{name}"
        );
    }
    assert_eq!(daemon.words("containerd_image_id lab/none:1"), (String::new(), true));
    // The kubelet may not collect what it could not fetch again.
    let pinned = "of_pods 10 images ls name==docker.io/lab/thing:1 | grep -c io.cri-containerd.pinned=pinned";
    assert_eq!(daemon.words(pinned).0, "1\n");
    // One name goes and the other stays; with the last one all of it goes.
    for (name, left) in [("lab/thing:1", 1), ("registry.example.com/other:2", 0)] {
        assert!(daemon.words(&format!("containerd_rmi {name}")).1, "{name}");
        assert_eq!(images(&daemon.answers("ask_containerd_images")).unwrap().len(), left, "{name}");
    }
    assert_eq!(daemon.words("of_pods 10 images ls -q").0, "");
}

/// A run of the test, whose folder goes with it.
struct OwnRun(String);

impl Drop for OwnRun {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(Path::new("/var/lib/gangplank").join(&self.0));
        let _ = fs::remove_dir("/var/lib/gangplank");
    }
}

#[test]
fn a_file_that_containerd_refuses_is_put_back_as_it_was() {
    let Some(daemon) = Daemon::start(CNI) else { return };
    // What root writes must lie where nobody else can change it.
    let folder = tempfile::Builder::new().prefix("gangplank-words-").tempdir_in("/var/lib").unwrap();
    let run = OwnRun(format!("words-{}", std::process::id()));
    let write = |path: &Path, text: &str| {
        let path = path.display();
        let (length, hash) = (text.len(), gangplank::plan::action::sha256(text.as_bytes()));
        daemon.words(&format!(
            "RUN={} G=/var/lib/gangplank/{0} at=0 p0='{text}'\nput {path} 0644 root:root {length} {hash} && {{ \
             cat {path}; containerd_takes containerd {path} {path} 2>&1; }}",
            run.0
        ))
    };
    let (bad, good) = ("version = 2\ndisabled_plugins = [\"cri\"]\n", "version = 2\n# good\n");
    let (new, old) = (folder.path().join("new.toml"), folder.path().join("old.toml"));
    fs::write(&old, "version = 2\n").unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    for path in [&new, &old] {
        let (said, well) = write(path, bad);
        assert!(!well && said.starts_with(bad) && said.contains("it is as it was before"), "{said}");
    }
    assert!(!new.exists());
    assert_eq!(fs::read_to_string(&old).unwrap(), "version = 2\n");
    assert_eq!(fs::metadata(&old).unwrap().mode() & 0o777, 0o640);
    let (said, well) = write(&old, good);
    assert!(well, "{said}");
    assert_eq!(fs::read_to_string(&old).unwrap(), good);
}

/// The words alone, of no containerd: what it makes of a configuration, with the PATH of this very process.
fn runc(dump: &str) -> String {
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("M=@x q=1 RUN=words LC_ALL=C\n{PRELUDE}\nd=$1 pid=$$; containerd_runc"),
            "sh",
            dump,
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_program_of_the_usual_runtime_is_looked_for_where_containerd_would() {
    let dump = |name: &str, kind: &str, program: &str| {
        let at = "plugins.'io.containerd.cri.v1.runtime'.containerd";
        format!(
            "version = 3\n[{at}]\n  default_runtime_name = '{name}'\n  [{at}.runtimes.runc]\n    runtime_type = '{kind}'\n    \
             [{at}.runtimes.runc.options]\n      BinaryName = '{program}'\n      SystemdCgroup = true\n"
        )
    };
    let v2 = "io.containerd.runc.v2";
    assert_eq!(runc(&dump("runc", v2, "sh")), "");
    assert_eq!(runc(&dump("runc", v2, "/bin/sh")), "");
    assert_eq!(runc(&dump("runc", v2, "no-such-runc")), "@x 1 runc-absent no-such-runc");
    assert_eq!(runc(&dump("runc", v2, "/none/runc")), "@x 1 runc-absent /none/runc");
    // Another runtime is the usual one, or it is none that starts runc.
    assert_eq!(runc(&dump("kata", v2, "/none/runc")), "");
    assert_eq!(runc(&dump("runc", "io.containerd.kata.v2", "/none/runc")), "");
    assert_eq!(runc(""), "");
    let old = "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n      default_runtime_name = \"runc\"\n        \
        [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n          runtime_type = \"io.containerd.runc.v2\"\n          \
        [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n            BinaryName = \"/none/runc\"\n";
    assert_eq!(runc(old), "@x 1 runc-absent /none/runc");
}
