//! What is read of the lines that a host's shell text prints of containerd.

use gangplank::runtime::containerd_answer::{SILENT, containerd, images};
use openssl::base64;

fn lines(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn coded(text: &str) -> String {
    base64::encode_block(text.as_bytes())
}

#[test]
fn what_complains_is_no_configuration_and_its_lines_keep_their_numbers() {
    let said = "version = 2\n\n! time=\"x\" level=warning msg=\"old\"\nroot = \"/srv\"\n\n= 0\n";
    let coded = coded(said);
    let (one, two) = coded.split_at(40);
    let fact = containerd(&lines(&[("program", "/usr/bin/containerd"), ("dump", one), ("dump", two)]));
    assert_eq!(fact.dump, "version = 2\n\nroot = \"/srv\"\n");
    assert_eq!(fact.complaints, ["time=\"x\" level=warning msg=\"old\""]);
    assert!(fact.dump_error.is_empty());
}

#[test]
fn a_dump_that_fails_leaves_its_reason_and_not_its_warnings() {
    let said = "! containerd: failed to load TOML: /etc/c.toml: (2, 2): unclosed table\n\
        ! DEPRECATION: cgroup v1\n= 1\n";
    let fact = containerd(&lines(&[("program", "/usr/bin/containerd"), ("dump", &coded(said))]));
    assert_eq!(fact.dump_error, "containerd: failed to load TOML: /etc/c.toml: (2, 2): unclosed table");
    assert!(fact.dump.is_empty());
    let late = containerd(&lines(&[("program", "/bin/containerd"), ("dump", &coded("= 124\n"))]));
    assert!(late.dump_error.contains("did not end within 5 s") && !late.frozen);
}

#[test]
fn the_version_of_the_one_that_runs_is_not_that_of_ctr() {
    let rows = |end| {
        lines(&[
            ("server", "Client:"),
            ("server", "  Version:  v2.4.2"),
            ("server", "Server:"),
            ("server", "  Version:  1.6.20~ds1"),
            ("server", end),
        ])
    };
    let fact = containerd(&rows("= 0"));
    assert_eq!((fact.server.untrusted(), fact.error.untrusted(), fact.frozen), ("1.6.20~ds1", "", false));
    assert_eq!(fact.version, "1.6.20~ds1");
    let fact = containerd(&rows("= 124"));
    assert_eq!((fact.server.untrusted(), fact.error.untrusted(), fact.frozen), ("", SILENT, true));
    let deaf = containerd(&lines(&[("deaf", "nobody listens at /run/containerd/containerd.sock")]));
    assert_eq!(deaf.error, "nobody listens at /run/containerd/containerd.sock");
    assert!(!deaf.frozen);
}

#[test]
fn no_file_an_empty_one_and_one_that_is_no_text_are_three_things() {
    let none = containerd(&lines(&[("file", "/etc/containerd/config.toml")])).file;
    assert_eq!((none.text, none.error.untrusted()), (None, ""));
    let rows = [("file", "/etc/c.toml"), ("file-mode", "640"), ("file-there", "1")];
    let empty = containerd(&lines(&rows)).file;
    assert_eq!((empty.text, empty.private), (Some("".into()), true));
    let latin = base64::encode_block(b"a = 1\nb = \"\xe9\"\n");
    let latin = containerd(&lines(&[("file-there", "1"), ("file-text", &latin)])).file;
    assert_eq!((latin.text, latin.error.untrusted()), (None, "is not UTF-8 on line 2"));
}

#[test]
fn a_plugin_that_did_not_load_has_its_reason_wherever_it_stands() {
    let fact = containerd(&lines(&[
        ("plugin", "io.containerd.cri.v1 images - error"),
        ("plugin", "io.containerd.grpc.v1 cri linux/amd64 ok"),
        ("reason", "io.containerd.cri.v1 images mirrors cannot be set"),
        ("plugins-listed", "1"),
    ]));
    let [images, cri] = fact.plugins.as_slice() else { panic!("{:?}", fact.plugins) };
    assert_eq!((images.status.untrusted(), images.reason.untrusted()), ("error", "mirrors cannot be set"));
    assert_eq!((cri.status.untrusted(), cri.reason.untrusted()), ("ok", ""));
    assert!(fact.plugins_listed);
}

#[test]
fn an_image_is_known_by_its_configuration_whether_cri_has_a_record_of_it_or_not() {
    let rows = [
        ("image", "docker.io/lab/thing:1 sha256:aa"),
        ("image", "sha256:11 sha256:aa"),
        ("image", "registry.k8s.io/pause:3.6 sha256:bb"),
        ("image", "registry.k8s.io/pause@sha256:bb sha256:bb"),
        ("image", "odd:1 sha256:cc"),
        ("config", "sha256:bb sha256:22"),
        ("done", ""),
    ];
    let found = images(&lines(&rows)).expect("it was told");
    let found: Vec<_> = found.iter().map(|image| (image.name.untrusted(), image.id.untrusted())).collect();
    assert_eq!(found, [("docker.io/lab/thing:1", "11"), ("registry.k8s.io/pause:3.6", "22"), ("odd:1", "")]);
    let cut = rows.get(..3).expect("it is longer");
    assert_eq!(images(&lines(cut)), Err("the answer was cut off".to_owned()));
}

#[test]
fn images_that_were_not_told_have_a_reason() {
    let failed = |rows: &[&str]| {
        let rows: Vec<_> = rows.iter().map(|row| ("failed", *row)).chain([("done", "")]).collect();
        images(&lines(&rows)).expect_err("it failed")
    };
    assert_eq!(failed(&["nobody listens at /run/c.sock"]), "nobody listens at /run/c.sock");
    assert_eq!(failed(&["! ctr: permission denied", "= 1"]), "ctr: permission denied");
    assert!(failed(&["= 124"]).contains("within 20 s"));
}

#[test]
fn the_text_of_each_network_file_follows_its_name() {
    let (one, two) = (coded("{\"a\":1}"), coded("{}"));
    let fact = containerd(&lines(&[
        ("conf-dir", "/etc/cni/net.d"),
        ("net", "10-a.conf"),
        ("net-text", &one),
        ("bin", "bridge"),
        ("net", "20-b.conflist"),
        ("net-cut", "1"),
        ("net-text", &two),
        ("bin-dir", "/opt/cni/bin"),
    ]));
    let [a, b] = fact.network.files.as_slice() else { panic!("{:?}", fact.network) };
    assert_eq!((a.name.untrusted(), a.text.untrusted(), a.cut), ("10-a.conf", "{\"a\":1}", false));
    assert_eq!((b.name.untrusted(), b.text.untrusted(), b.cut), ("20-b.conflist", "{}", true));
    assert_eq!(
        (fact.network.programs, fact.network.bin_dirs),
        (vec!["bridge".into()], vec!["/opt/cni/bin".into()])
    );
}
