use std::collections::BTreeSet;

use super::*;

fn v(minor: u16) -> Version {
    Version { major: 1, minor, patch: 3 }
}

#[test]
fn each_row_begins_with_its_first_minor_and_ends_before_its_last() {
    let mut limits = 0;
    for row in rows() {
        let Span { from, until } = row.span;
        assert!(until.is_none_or(|until| from < until), "{row:?}");
        for minor in 0..=NEWEST.minor + 3 {
            let is = minor >= from && until.is_none_or(|until| minor < until);
            assert_eq!(row.span.holds(v(minor)), is, "1.{minor}: {row:?}");
        }
        for limit in row.span.limits() {
            assert_ne!(row.span.holds(v(limit.minor - 1)), row.span.holds(v(limit.minor)), "{row:?}");
            limits += 1;
        }
        let last = if row.what.starts_with("a runtime need not") { 38 } else { NEWEST.minor };
        assert!(row.span.limits().all(|limit| limit.minor <= last), "nobody read that: {row:?}");
    }
    assert!(limits > 100, "{limits}");
}

#[test]
fn each_row_stands_once_and_says_where_it_was_read() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        assert!(seen.insert((row.kind, row.what)), "twice: {row:?}");
        assert!(!row.what.is_empty() && !row.source.is_empty(), "{row:?}");
        assert!(!row.what.contains('|') && !row.source.contains('|'), "{row:?}");
        if matches!(row.kind, RowKind::KubeletFlag | RowKind::ProxyFlag) {
            assert!(
                row.what.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{row:?}"
            );
        }
    }
}

#[test]
fn what_was_read_has_no_gap_and_ends_with_the_newest() {
    let minors: Vec<u16> = READ.iter().map(|(minor, _)| *minor).collect();
    assert_eq!(minors, (READ_FROM.from..=NEWEST.minor).collect::<Vec<_>>());
    for (minor, releases) in READ {
        for release in releases.split(", ") {
            assert_eq!(Version::parse(release).expect("a version").minor, *minor);
        }
    }
}

#[test]
fn the_constants_that_no_row_is_made_of_have_their_limits() {
    for (span, from, until) in [
        (THE_POST, 2, Some(3)),
        (DOCKERSHIM, 16, Some(24)),
        (ENDPOINT_FIELD, 27, None),
        (RUNTIME_FLAG, 0, Some(27)),
        (PAUSE_FLAG, 0, Some(35)),
        (NETWORK_PLUGIN_FLAG, 0, Some(24)),
        (FAIL_CGROUP_V1_FIELD, 31, None),
        (REGISTER_FIELDS, 23, None),
    ] {
        assert_eq!((span.from, span.until), (from, until));
    }
    assert!(!DOCKERSHIM.holds(Version { major: 2, minor: 17, patch: 0 }));
}

type Ask = fn(&str, Version) -> Option<bool>;

/// The constants that code asks and the rows that people read are of one mind.
#[test]
fn a_constant_agrees_with_the_row_of_its_name() {
    let table: &[(Span, Ask, &[&str])] = &[
        (ENDPOINT_FIELD, kubelet_field, &["containerRuntimeEndpoint", "imageServiceEndpoint"]),
        (FAIL_CGROUP_V1_FIELD, kubelet_field, &["failCgroupV1"]),
        (REGISTER_FIELDS, kubelet_field, &["registerNode", "registerWithTaints"]),
        (RUNTIME_FLAG, flag, &["container-runtime"]),
        (PAUSE_FLAG, flag, &["pod-infra-container-image"]),
        (NETWORK_PLUGIN_FLAG, flag, &["network-plugin", "cni-bin-dir", "cni-conf-dir"]),
        (NFTABLES, proxy_mode, &["nftables"]),
        (USERSPACE, proxy_mode, &["userspace"]),
    ];
    for (span, ask, names) in table {
        for minor in READ_FROM.from..=NEWEST.minor + 1 {
            for name in *names {
                assert_eq!(ask(name, v(minor)), Some(span.holds(v(minor))), "{name}, 1.{minor}");
            }
        }
    }
}

#[test]
fn what_is_written_for_every_minor_exists_in_every_minor() {
    let fields = [
        "authentication.anonymous.enabled",
        "authentication.webhook.enabled",
        "authentication.x509.clientCAFile",
        "authorization.mode",
        "staticPodPath",
        "clusterDNS",
        "clusterDomain",
        "tlsCertFile",
        "tlsPrivateKeyFile",
        "cgroupDriver",
        "resolvConf",
        "readOnlyPort",
        "failSwapOn",
    ];
    let flags =
        ["config", "kubeconfig", "hostname-override", "node-ip", "node-labels", "housekeeping-interval"];
    for version in current().chain([v(16), v(23), v(38)]) {
        for field in fields {
            assert_eq!(kubelet_field(field, version), Some(true), "{field}, {version}");
        }
        for name in flags.into_iter().chain(["exit-on-lock-contention", "container-runtime-endpoint"]) {
            assert_eq!(flag(name, version), Some(true), "{name}, {version}");
        }
        for name in ["kubeconfig", "master", "proxy-mode", "cluster-cidr", "hostname-override"] {
            assert_eq!(proxy_flag(name, version), Some(true), "{name}, {version}");
        }
    }
}

#[test]
fn a_flag_is_known_however_it_is_written_and_a_strange_one_is_not() {
    for name in ["--container-runtime=remote", "container-runtime", "--container_runtime"] {
        assert_eq!((flag(name, v(26)), flag(name, v(27))), (Some(true), Some(false)), "{name}");
    }
    assert_eq!(flag("--storage_driver_db", v(36)), Some(true));
    assert_eq!(flag("--storage-driver-db", v(37)), Some(false));
    assert_eq!(flag("--node-ipp", v(30)), None);
    assert_eq!(flag("--config", v(15)), None, "nobody read that minor");
    assert_eq!(kubelet_field("clusterdns", v(30)), None, "fields are compared letter by letter");
    assert_eq!(proxy_flag("--proxy-port-range=1-2", v(31)), Some(false));
    assert_eq!(proxy_mode("nftables", v(30)), Some(false));
    assert_eq!(proxy_mode("ebpf", v(37)), None);
}

#[test]
fn each_minor_has_one_image_of_each_table() {
    for (table, from) in [(PAUSE, 0), (REGISTRY, 0), (COREDNS, OLDEST.minor)] {
        for minor in from..=NEWEST.minor + 1 {
            assert_eq!(table.iter().filter(|(span, _)| span.holds(v(minor))).count(), 1, "1.{minor}");
        }
    }
    assert_eq!(at(COREDNS, v(23)), None);
    for version in current() {
        let host = at(REGISTRY, version).expect("a registry");
        for table in [PAUSE, COREDNS] {
            assert!(at(table, version).is_some_and(|image| image.starts_with(host)), "{version}");
        }
    }
}

#[test]
fn each_minor_has_the_pause_image_that_its_kubelet_asks_for() {
    for (minor, tag) in [(17, "3.1"), (18, "3.2"), (20, "3.2"), (21, "3.4.1"), (22, "3.5"), (23, "3.6")] {
        assert_eq!(at(PAUSE, v(minor)), Some(&*format!("k8s.gcr.io/pause:{tag}")), "{minor}");
    }
    for (minor, tag) in [(24, "3.7"), (25, "3.8"), (30, "3.9"), (31, "3.10"), (34, "3.10.1"), (37, "3.10.2")]
    {
        assert_eq!(at(PAUSE, v(minor)), Some(&*format!("registry.k8s.io/pause:{tag}")), "{minor}");
    }
}

#[test]
fn a_version_beyond_the_table_is_newer_and_is_served_as_the_newest() {
    let two = Version { major: 2, minor: 0, patch: 0 };
    for (version, newer) in [(v(2), false), (v(24), false), (v(37), false), (v(38), true), (two, true)] {
        assert_eq!(is_newer(version), newer, "{version}");
    }
    for row in rows().filter(|row| row.span.end().is_none_or(|end| end <= NEWEST)) {
        assert_eq!(row.span.holds(two), row.span.holds(NEWEST), "{row:?}");
    }
    assert_eq!((current().next(), current().last()), (Some(OLDEST), Some(NEWEST)));
    assert!(CRI_ONLY.holds(OLDEST) && DOCKERSHIM.end() == Some(OLDEST));
}

#[test]
fn around_a_limit_are_the_minors_on_both_sides_of_it() {
    let names = |span: Span| span.around().map(name).collect::<Vec<_>>();
    assert_eq!(names(Span::between(27, 31)), ["1.26", "1.27", "1.28", "1.30", "1.31", "1.32"]);
    assert_eq!(names(Span::before(24)), ["1.23", "1.24", "1.25"]);
    assert!(names(Span::ALWAYS).is_empty());
}

#[test]
fn the_table_of_the_readme_has_what_changes_from_the_oldest_on() {
    let text = markdown();
    for line in [
        "| field `containerRuntimeEndpoint` | 1.27 |  | kubelet/config/v1beta1/types.go |",
        "| kubelet `--pod-infra-container-image` |  | 1.35 | pkg/kubelet/config/flags.go |",
        "| kube-proxy mode `nftables` | 1.31 |  | pkg/proxy/apis/config/validation/validation.go |",
    ] {
        assert!(text.lines().any(|row| row == line), "{line}\n{text}");
    }
    assert!(!text.contains("`memorySwap`"), "it is older: {text}");
    assert!(text.lines().all(|line| line.matches('|').count() == 5), "{text}");
}

#[test]
fn a_kubelet_is_never_newer_and_two_or_three_minors_older_at_most() {
    for (kubelet, api, is) in [
        (20, 20, Skew::Served),
        (21, 20, Skew::Newer),
        (18, 20, Skew::Served),
        (17, 20, Skew::TooOld { most: 2 }),
        (25, 27, Skew::Served),
        (24, 27, Skew::TooOld { most: 2 }),
        (25, 28, Skew::Served),
        (24, 28, Skew::TooOld { most: 3 }),
        (34, 37, Skew::Served),
        (33, 37, Skew::TooOld { most: 3 }),
        (2, 20, Skew::Served),
    ] {
        assert_eq!(skew(v(kubelet), v(api)), is, "kubelet 1.{kubelet}, API server 1.{api}");
    }
}
