//! What runs containers: configurations of containerd as they are met, next to what a real containerd makes of them.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

use std::path::Path;
use std::process::Command;

use gangplank::runtime::containerd_config::{ConfigFile, KubeletNeeds, Merged, Release, Unreadable, ignored};

#[path = "runtime/answers.rs"]
mod answers;
#[path = "support/left_out.rs"]
mod left_out;
#[path = "runtime/pod_network.rs"]
mod pod_network;
#[path = "runtime/verdicts.rs"]
mod verdicts;
#[path = "runtime/words.rs"]
mod words;

fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new("tests/fixtures/containerd").join(name)).unwrap()
}

/// What the containerd of this machine makes of a file: what it prints, or what it complains of.
fn dump(text: &str) -> Option<Result<String, String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, text).unwrap();
    let Ok(output) = Command::new("containerd").arg("-c").arg(&file).args(["config", "dump"]).output() else {
        left_out::left_out("containerd is not installed");
        return None;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}

const NEW: Release = Release { major: 2, point: 4 };

fn everything() -> KubeletNeeds {
    KubeletNeeds {
        systemd_cgroup: Some(true),
        sandbox_image: Some("registry.example.com/pause:1".to_owned()),
        cni_bin_dir: Some("/srv/cni".to_owned()),
    }
}

#[test]
fn releases_are_read_and_know_the_newest_file_they_take() {
    for (said, major, point, newest) in [
        ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", 1, 6, 2),
        ("containerd github.com/containerd/containerd v1.7.28 b98a3aa", 1, 7, 2),
        ("containerd containerd.io 2.1.5 fcd43222", 2, 1, 3),
        ("containerd github.com/containerd/containerd/v2 v2.3.0 abc", 2, 3, 4),
        ("v2.4.2", 2, 4, 4),
    ] {
        let release = Release::parse(said).unwrap();
        assert_eq!((release.major, release.point, release.newest_file()), (major, point, newest), "{said}");
    }
    assert_eq!(Release::parse("containerd github.com/containerd/containerd"), None);
}

#[test]
fn a_file_that_is_no_toml_or_of_a_version_nobody_knows_is_named_by_its_line_and_left_alone() {
    let error = ConfigFile::read(&fixture("208-not-toml.toml")).unwrap_err();
    assert!(matches!(error, Unreadable::NotToml { line: 2, .. }), "{error}");
    let error = ConfigFile::read(&fixture("209-future-version.toml")).unwrap_err();
    assert_eq!(error, Unreadable::UnknownVersion { line: 1, version: 9 });
    assert_eq!(error.to_string(), "line 1: version 9 of the configuration is not known");
}

#[test]
fn what_containerd_refuses_and_what_has_no_effect_is_named_with_line_and_cure() {
    for (name, line, stops, what, cure) in [
        ("201-docker-package.toml", 1, true, "CRI is off", "take it out of disabled_plugins"),
        ("202-version2-short-name.toml", 2, true, "containerd does not start", "io.containerd.grpc.v1.cri"),
        ("204-mirrors-and-config-path.toml", 3, true, "CRI does not load", "hosts.toml"),
        ("207-option-in-wrong-table.toml", 4, false, "no effect where it stands", "runc.options"),
    ] {
        let remarks = ConfigFile::read(&fixture(name)).unwrap().remarks();
        let [remark] = &*remarks else { panic!("{name}: {remarks:?}") };
        assert_eq!((remark.line, remark.stops), (Some(line), stops), "{name}");
        assert!(remark.what.contains(what) && remark.cure.contains(cure), "{name}: {remark:?}");
    }
    for name in ["203-version3-old-tables.toml", "212-imports-relative.toml", "214-empty.toml"] {
        assert_eq!(ConfigFile::read(&fixture(name)).unwrap().remarks(), [], "{name}");
    }
}

#[test]
fn only_a_file_in_which_nobody_said_anything_is_written_as_a_whole() {
    for (name, nothing) in [
        ("201-docker-package.toml", true),
        ("202-version2-short-name.toml", true),
        ("203-version3-old-tables.toml", false),
        ("204-mirrors-and-config-path.toml", false),
        ("212-imports-relative.toml", false),
        ("214-empty.toml", true),
    ] {
        assert_eq!(ConfigFile::read(&fixture(name)).unwrap().says_nothing(), nothing, "{name}");
    }
}

#[test]
fn what_is_wanted_stands_in_the_tables_of_the_file_s_version_and_the_rest_stays() {
    let debian = "version = 2\n\n# by hand\n[plugins]\n  [plugins.\"io.containerd.grpc.v1.cri\"]\n    \
        [plugins.\"io.containerd.grpc.v1.cri\".cni]\n      bin_dir = \"/usr/lib/cni\" # Debian's\n      \
        conf_dir = \"/etc/cni/net.d\"\n  [plugins.\"io.containerd.internal.v1.opt\"]\n    path = \"/var/lib/containerd/opt\"\n";
    let changed = ConfigFile::read(debian).unwrap().with(&everything(), NEW);
    for kept in ["# by hand", "conf_dir = \"/etc/cni/net.d\"", "path = \"/var/lib/containerd/opt\""] {
        assert!(changed.contains(kept), "{kept}\n{changed}");
    }
    for new in [
        "bin_dir = \"/srv/cni\"",
        "sandbox_image = \"registry.example.com/pause:1\"",
        "SystemdCgroup = true",
        "runtime_type = \"io.containerd.runc.v2\"",
    ] {
        assert!(changed.contains(new), "{new}\n{changed}");
    }
    let four = "version = 4\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = ['/usr/lib/cni']\n";
    let changed = ConfigFile::read(four).unwrap().with(&everything(), NEW);
    for new in ["bin_dirs = [\"/srv/cni\"]", "pinned_images", "sandbox = \"registry.example.com/pause:1\""] {
        assert!(changed.contains(new), "{new}\n{changed}");
    }
    // An older table of a newer file is still honoured: what stands there is changed there.
    let changed = ConfigFile::read(&fixture("203-version3-old-tables.toml"))
        .unwrap()
        .with(&KubeletNeeds { systemd_cgroup: Some(false), ..KubeletNeeds::default() }, NEW);
    assert!(
        changed.contains("SystemdCgroup = false") && !changed.contains("io.containerd.cri.v1"),
        "{changed}"
    );
    // A list of folders is not known to the first containerd that reads version 3.
    let three = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dir = '/usr/lib/cni'\n";
    for (point, says) in [(0, "bin_dir = \"/srv/cni\""), (1, "bin_dirs = [\"/srv/cni\"]")] {
        let changed = ConfigFile::read(three).unwrap().with(&everything(), Release { major: 2, point });
        assert!(changed.contains(says) && changed.matches("bin_dir").count() == 1, "2.{point}: {changed}");
    }
    // A file of version 4 heeds no table of version 2.
    let old = "version = 4\n[plugins.'io.containerd.grpc.v1.cri']\nsandbox_image = 'x:1'\n";
    let remarks = ConfigFile::read(old).unwrap().remarks();
    assert!(remarks.iter().any(|one| one.line == Some(2) && one.what.contains("no effect")), "{remarks:?}");
    assert!(ConfigFile::read(old).unwrap().with(&everything(), NEW).contains("pinned_images"));
    // A file that says it already is the same to the letter.
    let whole = everything().whole(Release { major: 2, point: 4 });
    assert_eq!(ConfigFile::read(&whole).unwrap().with(&everything(), NEW), whole);
}

#[test]
fn the_real_containerd_makes_of_a_changed_file_what_was_wanted() {
    let Some(release) = Command::new("containerd").arg("--version").output().ok() else {
        return left_out::left_out("containerd is not installed");
    };
    let release = Release::parse(&String::from_utf8_lossy(&release.stdout)).unwrap();
    let short =
        "[plugins.cri]\nsandbox_image = \"x:1\"\n[plugins.cri.registry]\nconfig_path = \"/etc/certs\"\n";
    let short = ConfigFile::read(short).unwrap().with(&everything(), release);
    assert!(!short.contains("version"), "its names are those of version 1: {short}");
    let mut files =
        vec![("nothing".to_owned(), everything().whole(release)), ("version 1".to_owned(), short)];
    for name in [
        "201-docker-package.toml",
        "202-version2-short-name.toml",
        "207-option-in-wrong-table.toml",
        "212-imports-relative.toml",
        "214-empty.toml",
    ] {
        files.push((name.to_owned(), ConfigFile::read(&fixture(name)).unwrap().with(&everything(), release)));
    }
    if release >= (Release { major: 2, point: 0 }) {
        let text = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nconf_dir = '/etc/cni/net.d'\n";
        files.push(("version 3".to_owned(), ConfigFile::read(text).unwrap().with(&everything(), release)));
        let old = ConfigFile::read(&fixture("203-version3-old-tables.toml")).unwrap();
        files.push(("old tables".to_owned(), old.with(&everything(), release)));
    }
    for (name, text) in files {
        let said = dump(&text).unwrap().unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        let merged = Merged::read(&said).unwrap();
        assert!(merged.has(&everything()), "{name}: {merged:?}\n{text}\n{said}");
        assert!(!merged.cri_off && merged.snapshotter.is_some(), "{name}: {merged:?}");
    }
    // As they are, two of them end it, in its own words.
    for name in ["202-version2-short-name.toml", "208-not-toml.toml"] {
        assert!(dump(&fixture(name)).unwrap().is_err(), "{name}");
    }
    let merged = Merged::read(&dump(&fixture("201-docker-package.toml")).unwrap().unwrap()).unwrap();
    assert!(merged.cri_off && !merged.has(&KubeletNeeds::default()), "{merged:?}");
}

#[test]
fn keys_without_effect_are_taken_from_what_config_dump_complains_of() {
    let said = "time=\"2026-11-28T09:00:00Z\" level=warning msg=\"Ignoring unknown key in TOML for plugin\" \
        error=\"strict mode: fields in the document are missing in the target struct\" \
        key=\"containerd runtimes runc SystemdCgroup\" plugin=io.containerd.grpc.v1.cri\n\
        level=warning msg=\"DEPRECATION: The support for cgroup v1 is deprecated\"\n";
    assert_eq!(
        ignored(said),
        [("io.containerd.grpc.v1.cri".to_owned(), "containerd runtimes runc SystemdCgroup".to_owned())]
    );
}
