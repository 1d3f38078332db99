//! Files as they are met in the field, and what is said of them.

use serde_json::{Value, json};

use super::*;
use crate::plan::kubelet_fields::KubeletFields;
use crate::plan::minors::{self, RowKind};
use crate::plan::model::Version;

macro_rules! case {
    ($name:literal) => {
        include_str!(concat!("../../../tests/fixtures/kubelet-config/", $name))
    };
}

fn v(minor: u16) -> Version {
    Version { major: 1, minor, patch: 2 }
}

fn map(value: Value) -> KubeletFields {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no mapping"),
    }
}

/// What stops a kubelet or has no effect, as sentences.
fn wrong(found: &[ConfigFinding]) -> Vec<String> {
    let wrong = found.iter().filter(|finding| finding.effect != ConfigEffect::Notice);
    wrong.map(ToString::to_string).collect()
}

fn of_map(value: Value) -> Vec<ConfigFinding> {
    judge_map(&map(value), Some(v(37)))
}

const HEAD: &str = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

fn of_text(rest: &str) -> Vec<ConfigFinding> {
    judge_text(&format!("{HEAD}{rest}"), Some(v(37)))
}

#[test]
fn files_of_the_field_are_named_with_line_field_and_cure() {
    use ConfigEffect::{Idle, Stops};
    for (text, effect, said) in [
        (
            case!("301-cluster-dns-is-a-string.yaml"),
            Stops,
            "line 8: clusterDNS: is the text \"10.3.0.2\", and must be a list; write it as a list, [\"10.3.0.2\"]",
        ),
        (
            case!("303-eviction-signal-misspelt.yaml"),
            Stops,
            "line 13: evictionHard.nodefs.availabe: is no eviction signal: the kubelet does not start; write nodefs.available",
        ),
        (
            case!("304-key-twice.yaml"),
            Idle,
            "line 15: maxPods: is written 2 times (the first is on line 14): 60 holds; keep one",
        ),
        (
            case!("307-flag-only-field.yaml"),
            Idle,
            "line 14: hostnameOverride: has no effect: it is no field, it is the flag --hostname-override; take it out",
        ),
        (
            case!("309-bool-for-table.yaml"),
            Stops,
            "line 3: authentication.anonymous: is the truth value false, and must be a mapping; write enabled below it",
        ),
        (
            case!("311-two-documents.yaml"),
            Idle,
            "line 14: begins a second document here, which the kubelet never reads; put its fields into the first one, and take it out",
        ),
        (
            case!("312-quantity-MB.yaml"),
            Stops,
            "line 14: containerLogMaxSize: \"10MB\" is no quantity; write 10Mi or 10M",
        ),
    ] {
        let found = judge_text(text, Some(v(37)));
        assert_eq!(wrong(&found), [said]);
        assert!(found.iter().any(|finding| finding.effect == effect), "{said}");
    }
    // What only the kubelet itself or the worker can judge.
    for text in [
        case!("308-unknown-gate.yaml"),
        case!("316-resolv-conf-missing.yaml"),
        case!("317-cgroup-driver-systemd.yaml"),
    ] {
        assert_eq!(wrong(&judge_text(text, Some(v(37)))), [""; 0]);
    }
    let files = named_files(case!("316-resolv-conf-missing.yaml"));
    let resolv = files.iter().find(|file| file.field == "resolvConf").unwrap();
    assert_eq!((resolv.path.to_string().as_str(), resolv.line), ("/does/not/exist", Some(14)));
    assert_eq!(files.len(), 5);
}

#[test]
fn quantities_and_durations_are_those_of_go() {
    for line in case!("go-values.tsv").lines().filter(|line| !line.starts_with('#')) {
        let [text, is_quantity, is_whole, sign, is_duration, is_negative] =
            line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        let quantity = amount::quantity(text);
        assert_eq!(quantity.is_ok().to_string(), is_quantity, "{text}");
        if let Ok(quantity) = quantity {
            assert_eq!(quantity.is_negative(), sign == "-1", "{text}");
            // A part of zero is whole to us and none to Go: nobody writes it.
            assert!(quantity.is_whole().to_string() == is_whole || sign == "0", "{text}");
            assert_eq!(quantity.is_zero(), sign == "0", "{text}");
        }
        let duration = duration::is_negative(text);
        assert_eq!(duration.is_ok().to_string(), is_duration, "{text}");
        assert!(duration.is_err() || duration == Ok(is_negative == "true"), "{text}");
    }
}

#[test]
fn a_file_that_is_no_configuration_says_why() {
    for (text, said) in [
        ("", "is empty: the kubelet does not start; write apiVersion and kind at least"),
        (
            "just words\n",
            "line 1: is the text \"just words\", and must be a mapping of fields; write fields, each with its value",
        ),
        ("a: 1\n\tb: 2\n", "line 2: has a tab in the indentation; indent with spaces"),
    ] {
        assert_eq!(wrong(&judge_text(text, Some(v(37)))), [said], "{text:?}");
        assert!(kept(text, Some(v(37))).is_err() && named_files(text).is_empty(), "{text:?}");
    }
    let other = judge_text("apiVersion: v1\nkind: Pod\nmaxPods: 5\n", None);
    assert_eq!(
        wrong(&other),
        [
            "line 1: apiVersion: is \"v1\": the kubelet does not start; write kubelet.config.k8s.io/v1beta1",
            "line 2: kind: is \"Pod\": the kubelet does not start; write KubeletConfiguration",
        ]
    );
}

#[test]
fn names_that_are_no_fields_have_the_one_that_was_meant() {
    for (key, said) in [
        ("clusterDomian", "has no effect: there is no such field; write clusterDomain"),
        ("maxpods", "has no effect: there is no such field; write maxPods"),
        ("max-pods", "has no effect: there is no such field; write maxPods"),
        ("--system-reserved", "has no effect: there is no such field; write systemReserved"),
        ("clusterDns", "has no effect: there is no such field; write clusterDNS"),
        ("podMaxPids", "has no effect: there is no such field; write podPidsLimit"),
        ("reserved-cpus", "has no effect: there is no such field; write reservedSystemCPUs"),
        ("nodeLabels", "has no effect: it is no field, it is the flag --node-labels; take it out"),
        ("node-ip", "has no effect: it is no field, it is the flag --node-ip; take it out"),
        ("somethingElse", "has no effect: there is no such field; take it out"),
    ] {
        let found = of_map(json!({key: "x"}));
        assert_eq!(wrong(&found), [format!("{key}: {said}")]);
        assert!(found[0].issue("defaults.kubelet_config").stops, "{key}");
    }
    let nested = of_map(json!({"authentication": {"webhook": {"cacheTtl": "1m"}}, "logging": {"nodeIP": 1}}));
    assert_eq!(
        wrong(&nested),
        [
            "authentication.webhook.cacheTtl: has no effect: there is no such field; write cacheTTL",
            "logging.nodeIP: has no effect: there is no such field; take it out",
        ]
    );
}

#[test]
fn a_field_is_judged_by_the_kubelet_that_reads_it() {
    for (field, value, first) in [
        ("tracing", json!({}), 25),
        ("topologyManagerPolicyOptions", json!({}), 26),
        ("containerRuntimeEndpoint", json!("unix:///x"), 27),
        ("imageMaximumGCAge", json!("24h"), 29),
        ("podLogsDir", json!("/var/log/pods"), 30),
        ("failCgroupV1", json!(true), 31),
        ("crashLoopBackOff", json!({}), 32),
        ("mergeDefaultEvictionSettings", json!(true), 33),
        ("memoryReservationPolicy", json!("None"), 36),
        ("defaultPodSysctls", json!({}), 37),
    ] {
        let map = map(json!({field: value}));
        let before = judge_map(&map, Some(v(first - 1)));
        assert_eq!(
            wrong(&before),
            [format!(
                "{field}: came with Kubernetes v1.{first}: this kubelet (v1.{}.2) does not know it; leave it out, or use a newer kubelet",
                first - 1
            )]
        );
        for kubelet in [Some(v(first)), Some(v(first + 1)), None] {
            assert_eq!(wrong(&judge_map(&map, kubelet)), [""; 0], "{field} {kubelet:?}");
        }
    }
    // A kubelet that is newer than the table may know more.
    let new = map(json!({"somethingNew": 1}));
    assert_eq!(judge_map(&new, Some(v(37)))[0].effect, ConfigEffect::Idle);
    assert_eq!(judge_map(&new, Some(v(38)))[0].effect, ConfigEffect::Notice);
    assert!(!judge_map(&new, Some(v(38)))[0].issue("x").stops);
}

#[test]
fn the_fields_here_are_those_of_the_table_of_minors() {
    for field in fields::FIELDS {
        assert_eq!(minors::kubelet_field(field.name, minors::NEWEST), Some(true), "{}", field.name);
    }
    for row in minors::rows().filter(|row| row.kind == RowKind::KubeletField && !row.what.contains('.')) {
        assert!(fields::FIELDS.iter().any(|field| field.name == row.what), "{}", row.what);
    }
}

#[test]
fn values_of_a_wrong_type_have_a_cure() {
    for (value, said) in [
        (
            json!({"maxPods": "110"}),
            "maxPods: is the text \"110\", and must be a whole number; write it without quotes: 110",
        ),
        (
            json!({"maxPods": 1.5}),
            "maxPods: is the number 1.5, and must be a whole number from -2147483648 to 2147483647; write decimal digits alone, like 110",
        ),
        (
            json!({"maxPods": 3_000_000_000_u64}),
            "maxPods: is the number 3000000000, and must be a whole number from -2147483648 to 2147483647; write decimal digits alone, like 110",
        ),
        (
            json!({"seccompDefault": "true"}),
            "seccompDefault: is the text \"true\", and must be true or false; write true or false, without quotes",
        ),
        (
            json!({"reservedSystemCPUs": 0}),
            "reservedSystemCPUs: is the number 0, and must be a text; write it in quotes: \"0\"",
        ),
        (
            json!({"cpuManagerPolicyOptions": {"full-pcpus-only": true}}),
            "cpuManagerPolicyOptions.full-pcpus-only: is the truth value true, and must be a text; write it in quotes: \"true\"",
        ),
        (
            json!({"allowedUnsafeSysctls": "net.*"}),
            "allowedUnsafeSysctls: is the text \"net.*\", and must be a list; write it as a list, [\"net.*\"]",
        ),
        (
            json!({"kubeReserved": "cpu=100m"}),
            "kubeReserved: is the text \"cpu=100m\", and must be a mapping; write keys below it, each with its value",
        ),
        (
            json!({"kubeReserved": {"cpu": 1}}),
            "kubeReserved.cpu: is the number 1, and must be a text like \"500m\"; write it as in \"500m\", in quotes",
        ),
        (
            json!({"featureGates": {"A": "true"}}),
            "featureGates.A: is the text \"true\", and must be true or false; write true or false, without quotes",
        ),
        (
            json!({"registerWithTaints": ["a=b:NoExecute"]}),
            "registerWithTaints[0]: is the text \"a=b:NoExecute\", and must be a mapping; write key, value, effect, timeAdded below it",
        ),
        (
            json!({"syncFrequency": 60}),
            "syncFrequency: is the number 60, and must be a text like \"30s\"; write it as in \"30s\", in quotes",
        ),
        (
            json!({"cpuManagerPolicy": "Static"}),
            "cpuManagerPolicy: \"Static\" is none of none, static; write static",
        ),
        (
            json!({"cgroupDriver": "cgroup"}),
            "cgroupDriver: \"cgroup\" is none of cgroupfs, systemd; write one of them",
        ),
        (
            json!({"tlsCipherSuites": [1]}),
            "tlsCipherSuites[0]: is the number 1, and must be a text; write it in quotes: \"1\"",
        ),
    ] {
        assert_eq!(wrong(&of_map(value)), [said]);
    }
    let good = json!({
        "maxPods": 110, "seccompDefault": true, "reservedSystemCPUs": "0-1", "syncFrequency": "1m", "podPidsLimit": -1,
        "logging": {"flushFrequency": 5_000_000_000_u64, "verbosity": 2, "options": {"json": {"infoBufferSize": "0"}}},
        "reservedMemory": [{"numaNode": 0, "limits": {"memory": "1Gi", "hugepages-2Mi": 0}}], "memoryThrottlingFactor": 0.9,
        "registerWithTaints": [{"key": "a", "effect": "NoSchedule"}], "staticPodURLHeader": {"A": ["b"]},
        "cpuManagerPolicy": "", "podCIDR": null, "tlsCurvePreferences": [29], "qosReserved": {"memory": "50%"},
    });
    assert_eq!(of_map(good), []);
}

#[test]
fn what_the_dry_check_does_not_see_is_seen() {
    for (value, said) in [
        (
            json!({"containerLogMaxSize": "100MiB"}),
            "containerLogMaxSize: \"100MiB\" is no quantity; write 100Mi",
        ),
        (
            json!({"containerLogMaxSize": "1.5Gi"}),
            "containerLogMaxSize: \"1.5Gi\" is no whole number of bytes; write one like 10Mi",
        ),
        (
            json!({"evictionSoft": {"memory.available": "5%"}}),
            "evictionSoft.memory.available: has no grace period: the kubelet does not start; write memory.available: 1m30s below evictionSoftGracePeriod",
        ),
        (
            json!({"evictionMinimumReclaim": {"nodefs.available": "0%"}}),
            "evictionMinimumReclaim.nodefs.available: \"0%\" is not above 0%; write one like 500Mi or 5%",
        ),
        (
            json!({"evictionMinimumReclaim": {"nodefs.available": "500MB"}}),
            "evictionMinimumReclaim.nodefs.available: \"500MB\" is no quantity and no percentage; write 500Mi or 500M",
        ),
        (
            json!({"evictionSoftGracePeriod": {"nodefs.available": "90"}}),
            "evictionSoftGracePeriod.nodefs.available: \"90\" is no duration; write 90s",
        ),
        (
            json!({"evictionSoftGracePeriod": {"memory": "90s"}}),
            "evictionSoftGracePeriod.memory: is no eviction signal: the kubelet does not start; known are memory.available, nodefs.available, nodefs.inodesFree, imagefs.available, imagefs.inodesFree, pid.available, allocatableMemory.available, containerfs.available, containerfs.inodesFree",
        ),
        (
            json!({"systemReserved": {"storage": "1Gi"}}),
            "systemReserved.storage: cannot be reserved: the kubelet does not start; write ephemeral-storage",
        ),
        (
            json!({"systemReserved": {"pids": "100"}}),
            "systemReserved.pids: cannot be reserved: the kubelet does not start; write pid",
        ),
        (
            json!({"kubeReserved": {"memory": "500mb"}}),
            "kubeReserved.memory: \"500mb\" is no quantity; write 500Mi or 500M",
        ),
        (
            json!({"kubeReserved": {"cpu": "-1"}}),
            "kubeReserved.cpu: \"-1\" is less than nothing; write one like 500Mi",
        ),
        (
            json!({"qosReserved": {"memory": "half"}}),
            "qosReserved.memory: \"half\" is no whole percentage from 0% to 100%; write one like 50%",
        ),
        (
            json!({"nodeStatusUpdateFrequency": "10"}),
            "nodeStatusUpdateFrequency: \"10\" is no duration; write 10s",
        ),
        (
            json!({"configMapAndSecretChangeDetectionStrategy": "watch"}),
            "configMapAndSecretChangeDetectionStrategy: \"watch\" is none of Watch, Cache, Get; write Watch",
        ),
    ] {
        assert_eq!(wrong(&of_map(value)), [said]);
    }
    let hard = |value: &str| {
        wrong(&of_map(
            json!({"mergeDefaultEvictionSettings": true, "evictionHard": {"nodefs.available": value}}),
        ))
    };
    for good in ["10%", "0%", "100%", "0.5%", "1Gi", "500M", "1"] {
        assert_eq!(hard(good), [""; 0], "{good}");
    }
    for bad in ["101%", "-1%", "0", "-1Gi", "10 %", "ten", "5%%x", ""] {
        assert_eq!(hard(bad).len(), 1, "{bad}");
    }
}

#[test]
fn what_works_and_surprises_is_a_notice() {
    let notices = |value: Value, kubelet| -> Vec<String> {
        let found = judge_map(&map(value), kubelet);
        assert_eq!(wrong(&found), [""; 0]);
        found.iter().map(ToString::to_string).collect()
    };
    let hard = json!({"evictionHard": {"memory.available": "200Mi", "nodefs.available": "5%"}});
    let off = "evictionHard: sets it alone: the defaults of the others are off (nodefs.inodesFree 5%, imagefs.available 15%)";
    assert_eq!(
        notices(hard.clone(), Some(v(37))),
        [format!("{off}; add mergeDefaultEvictionSettings: true, or write them too, if they are to stay")]
    );
    assert_eq!(notices(hard, Some(v(32))), [format!("{off}; write them too, if they are to stay")]);
    assert_eq!(
        notices(
            json!({"evictionHard": {"memory.available": "1Gi", "nodefs.available": "5%", "nodefs.inodesFree": "5%", "imagefs.available": "5%"}}),
            Some(v(37))
        ),
        [""; 0]
    );
    assert_eq!(
        notices(json!({"systemReserved": {"memory": "500m", "cpu": "500m"}}), Some(v(37))),
        ["systemReserved.memory: \"500m\" is thousandths of a byte; write 500Mi or 500M"]
    );
}

#[test]
fn nothing_secret_and_nothing_that_acts_is_shown() {
    let found = of_text(
        "staticPodURLHeader: {Authorization: hunter2}\ntracing: {endpoint: 5, password: hunter2}\nfeatureGates: {Token: hunter2}\nmaxPods: \"\\e[2Jx\"\n\"a\\e[2J\": 1\n",
    );
    let said = wrong(&found).join("\n");
    assert_eq!(found.len(), 6, "{said}");
    assert!(!said.contains("hunter2") && !said.contains('\u{1b}'), "{said}");
    let many = (0..1000).fold(String::new(), |text, n| text + &format!("unknown{n}: 1\n"));
    assert_eq!(of_text(&many).len(), 100);
}

#[test]
fn what_an_operator_reserved_stays_and_what_is_ours_is_written_anew() {
    // As kubeadm writes it, and a person after it.
    let text = case!("kubeadm.yaml");
    let kept = kept(text, Some(v(37))).unwrap();
    assert_eq!(
        Value::Object(kept.fields.clone()),
        json!({
            "authentication": {"webhook": {"cacheTTL": "0s"}},
            "authorization": {"webhook": {"cacheAuthorizedTTL": "0s", "cacheUnauthorizedTTL": "0s"}},
            "evictionHard": {"memory.available": "200Mi", "nodefs.available": "5%"},
            "kubeReserved": {"cpu": "100m", "memory": "500Mi"},
            "maxPods": 60,
            "nodeStatusUpdateFrequency": "0s",
            "logging": {"flushFrequency": 0, "options": {"json": {"infoBufferSize": "0"}}, "verbosity": 0},
            "seccompDefault": true,
        })
    );
    let replaced: Vec<&str> = kept.replaced.iter().map(|field| field.field).collect();
    assert!(replaced.contains(&"rotateCertificates") && replaced.contains(&"clusterDNS"), "{replaced:?}");
    assert_eq!(
        wrong(&kept.said),
        [
            "line 31: maxPods: is written 2 times (the first is on line 27): 60 holds; keep one",
            "line 32: podPidLimit: has no effect: there is no such field; write podPidsLimit",
        ]
    );
    assert_eq!(owned_fields(&kept.fields), []);
    assert_eq!(wrong(&judge_map(&kept.fields, Some(v(37)))), [""; 0]);
}

#[test]
fn a_file_of_ours_read_again_keeps_the_operators_fields_alone() {
    let settings = KubeletSettings {
        client_ca: "/ca".to_owned(),
        cert: "/cert".to_owned(),
        key: "/key".to_owned(),
        static_pods: "/pods".to_owned(),
        dns: vec!["fd00::a".parse().unwrap()],
        domain: "on".to_owned(),
        cgroup_driver: CgroupDriver::Cgroupfs,
        resolv_conf: "/etc/resolv.conf".to_owned(),
        runtime_endpoint: Some("unix:///x".to_owned()),
        fail_cgroup_v1: Some(true),
        swap: KubeletSwap::NoSwap,
    };
    let operator = map(json!({
        "providerID": "yes", "maxPods": 50, "authentication": {"webhook": {"cacheTTL": "1m"}},
        "evictionHard": {"nodefs.available": "5%"}, "featureGates": {"A": true}, "allowedUnsafeSysctls": ["net.*"],
    }));
    let text = kubelet_config(&settings, &operator, &KubeletFields::new()).unwrap();
    assert_eq!(wrong(&judge_text(&text, Some(v(37)))), [""; 0], "{text}");
    let kept = kept(&text, Some(v(37))).unwrap();
    assert_eq!(kept.fields, operator);
    assert_eq!(kubelet_config(&settings, &kept.fields, &KubeletFields::new()).unwrap(), text);
}

#[test]
fn a_file_with_which_no_kubelet_starts_is_taken_over_by_nobody() {
    let found = kept(case!("312-quantity-MB.yaml"), Some(v(37))).unwrap_err();
    assert_eq!(found.len(), 1);
    // What is wrong in a field of ours is no reason: it is written anew.
    let kept = kept(case!("301-cluster-dns-is-a-string.yaml"), Some(v(37))).unwrap();
    assert_eq!(
        Value::Object(kept.fields),
        json!({"evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%"}})
    );
    // A field that this kubelet does not have yet is left out.
    let old = super::kept(&format!("{HEAD}podLogsDir: /var/log/pods\nmaxPods: 5\n"), Some(v(29))).unwrap();
    assert_eq!(Value::Object(old.fields), json!({"maxPods": 5}));
}
