//! What `check` and `finish` make of whole sets of answers.

use super::*;
use crate::plan::answers::{CaAnswers, CaLogin, ClusterAnswers, EXAMPLE, WorkerAnswers};
use crate::plan::wishes::{CgroupV1, KubeProxyWish, PodNetworkWish, RuntimeWish, SwapPolicy};

fn example() -> Answers {
    crate::plan::yaml::read(EXAMPLE, "plan.yaml".as_ref()).unwrap().0
}

fn places() -> PathBases {
    PathBases { base: "/plans".into(), home: Some("/home/op".into()) }
}

fn fields(answers: &Answers) -> Vec<String> {
    check(answers).into_iter().map(|issue| issue.field).collect()
}

#[test]
fn left_out_answers_have_their_defaults() {
    let mut answers = example();
    let said = answers.clone();
    answers.cluster = ClusterAnswers {
        name: said.cluster.name,
        api: said.cluster.api,
        service_range: said.cluster.service_range,
        dns: said.cluster.dns,
        ..ClusterAnswers::default()
    };
    (answers.kubectl, answers.dns) =
        (KubectlAnswers::default(), super::super::answers::DnsAnswers::default());
    answers.ca = CaAnswers { place: Some("new".to_owned()), ..CaAnswers::default() };
    let plan = finish(&answers, &places()).unwrap();
    assert_eq!((plan.cluster.domain.as_str(), plan.cluster.kubernetes), ("cluster.local", None));
    assert!(plan.cluster.differences.repaired);
    assert_eq!(plan.ca.days, 365);
    let (cert, key) = ("/plans/ca.crt".into(), "/plans/ca.key".into());
    assert_eq!(plan.ca.place, CaPlace::New { cert, key });
    let kubectl = plan.kubectl.unwrap();
    assert_eq!(
        (kubectl.context.as_str(), kubectl.user.as_str()),
        ("default-cluster", "default-cluster-admin")
    );
    let cluster = plan.cluster;
    assert_eq!(
        (cluster.runtime, cluster.kube_proxy, cluster.cgroup_v1, cluster.swap, cluster.pod_network),
        (RuntimeWish::Auto, KubeProxyWish::Auto, CgroupV1::Refuse, SwapPolicy::Refuse, PodNetworkWish::None)
    );
    assert!(plan.workers.iter().all(|one| one.binaries.is_none() && one.kubelet_config.is_empty()));
    assert_eq!(plan.dns, Dns { deploy: None, replicas: 1 });
}

#[test]
fn the_ca_on_a_host_has_absolute_files() {
    let CaPlace::Host { login, cert, key } = finish(&example(), &places()).unwrap().ca.place else {
        panic!()
    };
    assert_eq!((cert.as_str(), key.as_str()), ("/root/ca.crt", "/root/ca.key"));
    assert_eq!(
        (login.host.as_str(), login.user.as_deref(), login.port),
        ("root-ca-host", Some("root"), None)
    );
    assert_eq!(login.key, Some("/home/op/.ssh/id_ed25519".into()));
}

#[test]
fn an_offline_ca_has_a_certificate_and_no_key() {
    let mut answers = example();
    answers.ca = CaAnswers {
        place: Some("offline".to_owned()),
        cert: Some("ca.crt".to_owned()),
        ..CaAnswers::default()
    };
    let plan = finish(&answers, &places()).unwrap();
    assert_eq!(plan.ca.place, CaPlace::Offline { cert: "/plans/ca.crt".into() });
    answers.kubectl = KubectlAnswers::Word("none".to_owned());
    assert_eq!(fields(&answers), ["kubectl"]);
    answers.ca.key = Some("ca.key".to_owned());
    assert_eq!(fields(&answers), ["ca.key", "kubectl"]);
}

#[test]
fn the_ca_host_may_be_a_worker() {
    let mut answers = example();
    answers.ca.place = Some("ssh://root@192.168.2.1/root".to_owned());
    answers.ca.ssh = CaLogin::default();
    assert_eq!(fields(&answers), [""; 0]);
}

#[test]
fn what_is_not_answered_is_missing_and_stops() {
    let issues = check(&Answers::default());
    assert!(issues.iter().all(|issue| issue.missing && issue.stops));
    let fields = fields(&Answers::default());
    assert_eq!(
        fields,
        ["cluster.name", "cluster.api", "cluster.service_range", "cluster.dns", "ca.where", "workers"]
    );
}

#[test]
fn dns_has_an_address_of_its_own() {
    for (dns, good) in [
        ("10.3.0.2", true),
        ("10.3.0.254", true),
        ("10.3.0.0", false),
        ("10.3.0.1", false),
        ("10.3.0.255", false),
        ("10.3.1.2", false),
        ("fd00::2", false),
    ] {
        let mut answers = example();
        answers.cluster.dns = Some(dns.to_owned());
        assert_eq!(fields(&answers).is_empty(), good, "{dns}");
    }
}

#[test]
fn ranges_do_not_overlap_either_way() {
    for (pods, good) in [
        ("10.3.0.0/25", false),
        ("10.0.0.0/8", false),
        ("10.3.0.0/24", false),
        ("10.3.1.0/24", true),
        ("fd00::/64", true),
    ] {
        let mut answers = example();
        answers.cluster.pod_range = Some(pods.to_owned());
        assert_eq!(fields(&answers).is_empty(), good, "{pods}");
    }
}

#[test]
fn a_worker_inherits_what_it_does_not_say() {
    let mut answers = example();
    answers.defaults.ssh.jump = Some(vec!["a,b@c:1".to_owned()]);
    answers.defaults.images = Some(vec!["here:x.tar".to_owned()]);
    let mut own = WorkerAnswers {
        name: Some("own".to_owned()),
        address: Some("192.168.2.9".to_owned()),
        images: Some(Vec::new()),
        proxy_args: Some(vec!["--v=2".to_owned()]),
        ..WorkerAnswers::default()
    };
    (own.ssh.user, own.ssh.jump) = (Some("core".to_owned()), Some(Vec::new()));
    answers.workers.push(own);
    let plan = finish(&answers, &places()).unwrap();
    let (first, own) = (plan.workers.first().unwrap(), plan.workers.last().unwrap());
    assert_eq!((first.ssh.user.as_deref(), own.ssh.user.as_deref()), (Some("root"), Some("core")));
    assert_eq!((first.ssh.port, own.ssh.port), (Some(22), Some(22)));
    assert_eq!(first.ssh.jump, ["a", "b@c:1"]);
    assert!(own.ssh.jump.is_empty() && own.images.is_empty() && first.images.len() == 1);
    assert_eq!((first.ssh.host.as_str(), own.ssh.host.as_str()), ("192.168.2.1", "192.168.2.9"));
    assert_eq!(
        (first.proxy_args.as_slice(), own.proxy_args.as_slice()),
        (&["--proxy-mode=iptables".to_owned()][..], &["--v=2".to_owned()][..])
    );
    assert_eq!(own.kubelet_args, ["--housekeeping-interval=60s"]);
}

/// A plan of fields of the kubelet's configuration: those of the defaults, and those of one worker.
fn with_fields(common: &str, own: &str) -> Answers {
    let mut answers = example();
    let read = |text| Some(crate::plan::fields_text::read(text).unwrap());
    answers.defaults.kubelet_config = read(common);
    answers.workers.first_mut().unwrap().kubelet_config = read(own);
    answers
}

#[test]
fn fields_of_the_kubelet_are_inherited_one_by_one_and_the_folder_whole() {
    let mut answers = with_fields(
        "maxPods=110, systemReserved.cpu=100m, systemReserved.memory=1Gi",
        "systemReserved.memory=2Gi, podPidsLimit=4096",
    );
    answers.defaults.binaries = Some("~/common".to_owned());
    answers.workers.push(WorkerAnswers {
        name: Some("own".to_owned()),
        address: Some("192.168.2.9".to_owned()),
        binaries: Some("own".to_owned()),
        ..WorkerAnswers::default()
    });
    let plan = finish(&answers, &places()).unwrap();
    let (first, own) = (plan.workers.first().unwrap(), plan.workers.last().unwrap());
    let told = |worker: &crate::plan::model::Worker| crate::plan::fields_text::shown(&worker.kubelet_config);
    assert_eq!(told(first), "maxPods=110, systemReserved.memory=2Gi, podPidsLimit=4096");
    assert_eq!(told(own), "maxPods=110, systemReserved.cpu=100m, systemReserved.memory=1Gi");
    assert_eq!(first.binaries, Some("/home/op/common".into()));
    assert_eq!(own.binaries, Some("/plans/own".into()));
}

#[test]
fn fields_of_the_kubelet_have_an_end_and_hold_no_secret() {
    for (own, wrong) in [
        ("maxPods=50, tlsPrivateKeyFile=/etc/x.key, authorization.mode=Webhook", ""),
        ("evictionHard.memory.available=5%, featureGates.SomeToken=true", ""),
        ("max-pods=50", ".max-pods"),
        ("staticPodURLHeader.Authorization=[canary]", ".staticPodURLHeader.Authorization[0]"),
        ("a=\"Bearer canary\"", ".a"),
        ("a=\"-----BEGIN RSA PRIVATE KEY-----\"", ".a"),
    ] {
        let found = check(&with_fields("", own));
        let told: Vec<&str> = found.iter().map(|issue| issue.field.as_str()).collect();
        let wanted = format!("workers[0].kubelet_config{wrong}");
        assert_eq!(told, if wrong.is_empty() { vec![] } else { vec![wanted.as_str()] }, "{own}");
        assert!(found.iter().all(|issue| issue.stops && !issue.to_string().contains("canary")));
    }
    let mut answers = example();
    let deep = (0..16).fold(serde_json::Value::from(1), |inside, _| serde_json::json!([inside]));
    answers.defaults.kubelet_config = Some([("a".to_owned(), deep)].into_iter().collect());
    assert_eq!(fields(&answers), [format!("defaults.kubelet_config.a{}", "[0]".repeat(16))]);
    let large = format!("a=[{}]", vec!["word"; 4000].join(", "));
    let found = check(&with_fields(&large, "maxPods=50"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].field, "defaults.kubelet_config");
    assert!(found[0].what.contains("16 KiB"), "{}", found[0].what);
}

#[test]
fn a_range_of_addresses_numbers_a_plain_name() {
    let mut answers = example();
    let worker = answers.workers.first_mut().unwrap();
    (worker.name, worker.ssh.host) = (Some("w".to_owned()), Some("host[08-10].x".to_owned()));
    let plan = finish(&answers, &places()).unwrap();
    let found: Vec<_> = plan.workers.iter().map(|w| (w.name.as_str(), w.ssh.host.as_str())).collect();
    assert_eq!(found, [("w-1", "host08.x"), ("w-2", "host09.x"), ("w-3", "host10.x")]);
}

#[test]
fn a_warning_does_not_stop_the_plan() {
    let mut answers = example();
    answers.workers.first_mut().unwrap().address = Some("fd00::[1-3]".to_owned());
    assert!(check(&answers).iter().all(|issue| !issue.stops) && !check(&answers).is_empty());
    assert!(finish(&answers, &places()).is_ok());
}

#[test]
fn differences_are_known_to_the_profile() {
    let mut answers = example();
    let set = [("server-url".to_owned(), true), ("node-ipp".to_owned(), false)].into();
    answers.cluster.differences = Some(DifferenceAnswers::Each { base: Some("faithful".to_owned()), set });
    assert!(!finish(&answers, &places()).unwrap().cluster.differences.repaired);
    let issues = check_differences(&answers, &["server-url", "node-ip"], &[]);
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].cure, "did you mean node-ip?");
}

#[test]
fn a_difference_that_nothing_works_without_cannot_be_turned_off() {
    let mut answers = example();
    let set = [("dns-san".to_owned(), false), ("node-ip".to_owned(), false)].into();
    answers.cluster.differences = Some(DifferenceAnswers::Each { base: None, set });
    let issues = check_differences(&answers, &["dns-san", "node-ip"], &["dns-san"]);
    let told: Vec<&str> = issues.iter().map(|issue| issue.field.as_str()).collect();
    assert_eq!(told, ["cluster.differences.dns-san"]);
    assert!(issues[0].stops);
}

#[test]
fn jump_hosts_are_read_in_every_spelling_and_none_stands_alone() {
    for (jump, read, wrong) in [
        (&["ssh://a@b:22"][..], &["a@b:22"][..], &[][..]),
        (&["a, ssh://b/", "c@d"], &["a", "b", "c@d"], &[]),
        (&["none"], &["none"], &[]),
        (&["None"], &["none"], &[]),
        (&["a", "none"], &["a"], &["workers[0].ssh.jump[1]"]),
        (&["none,b"], &["b"], &["workers[0].ssh.jump[0]"]),
    ] {
        let mut answers = example();
        answers.workers.first_mut().unwrap().ssh.jump =
            Some(jump.iter().map(|hop| (*hop).to_owned()).collect());
        assert_eq!(fields(&answers), wrong, "{jump:?}");
        if wrong.is_empty() {
            let plan = finish(&answers, &places()).unwrap();
            assert_eq!(plan.workers.first().unwrap().ssh.jump, read, "{jump:?}");
        }
    }
}
