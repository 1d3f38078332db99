//! Plan files: the example, a table of bad ones with all their remarks, and properties of reading and
//! writing. Each `tests/plans/*.yaml` ends with the remarks it must give, one `#! ` line each.

use std::{collections::BTreeMap, fs, path::Path};

use gangplank::plan::answers::{
    Answers, CaAnswers, CaLogin, ClusterAnswers, ContextAnswers, Defaults, DifferenceAnswers, DnsAnswers,
    EXAMPLE, KubectlAnswers, KubeletAnswers, LoginAnswers, WorkerAnswers,
};
use gangplank::plan::check::{PathBases, check, finish};
use gangplank::plan::issue::PlanIssue;
use gangplank::plan::kubelet_fields::KubeletFields;
use gangplank::plan::range::expand;
use gangplank::plan::yaml::{self, load, read, write};
use proptest::{collection::vec, option, prelude::*};

fn remarks(bytes: &[u8]) -> Vec<PlanIssue> {
    match load(bytes, Path::new("plan.yaml"), Some(Path::new("/home/op"))) {
        Ok(loaded) => loaded.warnings,
        Err(remarks) => remarks,
    }
}

#[test]
fn bad_plans_give_all_their_remarks() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    let mut files: Vec<_> = fs::read_dir("tests/plans").unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#! ")).collect();
        let found: Vec<String> = remarks(&bytes).iter().map(ToString::to_string).collect();
        seen += 1;
        if expected.is_empty() || expected != found {
            let name = file.file_name().unwrap().to_string_lossy();
            wrong.push(format!("{name}\n#! {}\n", found.join("\n#! ")));
        }
    }
    assert!(seen > 20, "the table is there");
    assert!(wrong.is_empty(), "found other remarks than expected:\n{}", wrong.join("\n"));
}

#[test]
fn the_example_is_a_plan_without_remarks() {
    assert_eq!(remarks(EXAMPLE.as_bytes()), []);
    let loaded =
        load(EXAMPLE.as_bytes(), Path::new("/plans/plan.yaml"), Some(Path::new("/home/op"))).unwrap();
    let (answers, lines) = read(EXAMPLE, Path::new("plan.yaml")).unwrap();
    let places = PathBases { base: "/plans".into(), home: Some("/home/op".into()) };
    assert_eq!(finish(&answers, &places).unwrap(), loaded.plan);
    let names: Vec<&str> = loaded.plan.workers.iter().map(|worker| worker.name.as_str()).collect();
    assert_eq!(names, ["worker1", "worker2", "worker3"]);
    let line = EXAMPLE.lines().position(|line| line.contains("address: ")).unwrap() + 1;
    assert_eq!(lines.of("workers[0].address"), Some((line, 14)));
}

#[test]
fn line_ends_of_other_systems_make_no_difference() {
    let plan = |text: &str| load(text.as_bytes(), Path::new("p"), Some(Path::new("/home/op"))).unwrap();
    assert_eq!(plan(&format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"))), plan(EXAMPLE));
}

/// A key without its comment sign is still a key of the format.
#[test]
fn what_the_example_has_in_comments_can_be_read() {
    let open: String = EXAMPLE
        .lines()
        .map(|line| match line.split_once("# ") {
            Some((indent, rest))
                if indent.trim().is_empty() && !indent.is_empty() && !rest.contains("...") =>
            {
                format!("{indent}{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(open, EXAMPLE);
    assert_eq!(remarks(open.as_bytes()), [], "{open}");
}

#[test]
fn no_remark_shows_a_secret() {
    let canary = "hunter2";
    for bad in [
        "password: hunter2",
        "ca: {passphrase: hunter2}",
        "cluster: {differences: {token: hunter2}}",
        "ca: {where: \"ssh://root:hunter2@host/dir\"}",
        "cluster: {api: \"https://op:hunter2@lb\"}",
        "defaults: {ssh: {jump: \"op:hunter2@bastion\", password: hunter2}}",
        "workers: [{name: w, address: 192.168.2.1, ssh: {host: \"op:hunter2@w\"}}]",
    ] {
        let text: String = remarks(bad.as_bytes()).iter().map(PlanIssue::to_string).collect();
        assert!(!text.is_empty() && !text.contains(canary), "{text}");
    }
}

/// Text that YAML and people treat in surprising ways, and plain text.
fn word() -> BoxedStrategy<String> {
    let odd = prop::sample::select(vec![
        "yes",
        "NO",
        "on",
        "y",
        "~",
        "null",
        "true",
        "0644",
        "1_000",
        "12:30",
        "1.20",
        "1e3",
        "0x10",
        "0o17",
        "<<",
        "=",
        "",
        " ",
        "- a",
        "a: b",
        "#x",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%",
        "@",
        "`",
        "'",
        "\"",
        "\\",
        "[1-3]",
        "{a}",
        "é漢字",
        "quoted0x",
        ".5",
        "-1",
        "+1",
        ".inf",
        ".nan",
        "2016-06-01",
        "---",
        "...",
        "?",
        ", ",
        "12345678901234567890123",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), "[ -~]{0,12}", "[a-z0-9._:/-]{1,20}"].boxed()
}

fn some() -> BoxedStrategy<Option<String>> {
    option::of(word()).boxed()
}

fn some_list() -> BoxedStrategy<Option<Vec<String>>> {
    option::of(vec(word(), 0..3)).boxed()
}

prop_compose! {
    fn login()(host in some(), port in option::of(any::<u32>()), user in some(), key in some(),
               jump in some_list(), host_key in some()) -> LoginAnswers {
        LoginAnswers { host, port, user, key, jump, host_key }
    }
}

prop_compose! {
    fn kubelet()(file in some(), sha256 in some()) -> KubeletAnswers {
        KubeletAnswers { file, sha256 }
    }
}

/// Fields of the kubelet's configuration: any keys, any shape, any type.
fn fields() -> BoxedStrategy<Option<KubeletFields>> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        prop::sample::select(vec![0.5, -1.25e-7, 0.9, 1e-300]).prop_map(serde_json::Value::from),
        word().prop_map(serde_json::Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 3, |below| {
        prop_oneof![
            vec(below.clone(), 0..3).prop_map(serde_json::Value::from),
            vec((word(), below), 0..3)
                .prop_map(|all| serde_json::Value::Object(all.into_iter().collect::<KubeletFields>())),
        ]
    });
    option::of(vec((word(), value), 0..3).prop_map(|all| all.into_iter().collect())).boxed()
}

prop_compose! {
    fn worker()(name in some(), address in some(), ssh in login(), images in some_list(), kubelet in kubelet(),
                args in (some_list(), some_list()), replace in any::<Option<bool>>(), binaries in some(),
                kubelet_config in fields()) -> WorkerAnswers {
        let (kubelet_args, proxy_args) = args;
        WorkerAnswers {
            name, address, ssh, images, kubelet, binaries, kubelet_args, kubelet_config, proxy_args, replace,
        }
    }
}

fn differences() -> BoxedStrategy<Option<DifferenceAnswers>> {
    let id = prop_oneof!["[a-z][a-z-]{2,12}", Just("yes".to_owned()), Just("1_0".to_owned())]
        .prop_filter("base is a key of its own", |id| id != "base");
    let set = prop::collection::btree_map(id, any::<bool>(), 0..4);
    let each = (some(), set).prop_map(|(base, set)| DifferenceAnswers::Each { base, set });
    option::of(prop_oneof![word().prop_map(DifferenceAnswers::All), each]).boxed()
}

prop_compose! {
    fn cluster()(name in some(), api in some(), domain in some(), service_range in some(), dns in some(),
                 pod_range in some(), kubernetes in some(), differences in differences(),
                 wishes in [some(), some(), some(), some(), some()]) -> ClusterAnswers {
        let [runtime, kube_proxy, cgroup_v1, swap, pod_network] = wishes;
        ClusterAnswers {
            name, api, domain, service_range, dns, pod_range, kubernetes, differences, runtime, kube_proxy,
            cgroup_v1, swap, pod_network,
        }
    }
}

prop_compose! {
    fn ca()(place in some(), cert in some(), key in some(), days in any::<Option<u32>>(),
            ssh in (some(), some_list(), some())) -> CaAnswers {
        let (ssh_key, jump, host_key) = ssh;
        CaAnswers { place, cert, key, days, ssh: CaLogin { key: ssh_key, jump, host_key } }
    }
}

fn kubectl() -> BoxedStrategy<KubectlAnswers> {
    let context = (some(), some(), some(), some(), any::<Option<bool>>()).prop_map(
        |(context, cluster, user, file, merge)| {
            KubectlAnswers::Context(ContextAnswers { context, cluster, user, file, merge })
        },
    );
    prop_oneof![word().prop_map(KubectlAnswers::Word), context].boxed()
}

prop_compose! {
    fn answers()(cluster in cluster(), ca in ca(), workers in vec(worker(), 0..3),
                 defaults in (login(), some_list(), kubelet(), some_list(), some_list(), some(), fields()),
                 images in option::of(word()), kubectl in kubectl(),
                 dns in (some(), any::<Option<u32>>())) -> Answers {
        let (ssh, tars, kubelet, kubelet_args, proxy_args, binaries, kubelet_config) = defaults;
        Answers {
            cluster, ca, workers, kubectl,
            defaults: Defaults {
                ssh, images: tars, kubelet, binaries, kubelet_args, kubelet_config, proxy_args,
            },
            images: images.map(|name| BTreeMap::from([("pause".to_owned(), name)])).unwrap_or_default(),
            dns: DnsAnswers { deploy: dns.0, replicas: dns.1 },
        }
    }
}

/// Lines of the example, cut and mixed with what breaks parsers.
fn almost_yaml() -> BoxedStrategy<String> {
    let lines: Vec<String> = EXAMPLE.lines().map(|line| format!("{line}\n")).collect();
    let odd =
        ["\t", "&a ", "*a", "!!str ", "? ", ": ", "- ", "[", "]", "{", "}", "|\n", ">-\n", "---\n", "...\n"];
    let more =
        ["%YAML 1.1\n", "\"", "'", "#", "\0", "\r\n", "\u{feff}", "<<: ", "a: b\n", "\"\\x\"", "\u{85}"];
    let odd =
        prop::sample::select(odd.iter().chain(&more).map(|text| (*text).to_owned()).collect::<Vec<_>>());
    vec(prop_oneof![prop::sample::select(lines), odd, word()], 0..24).prop_map(|parts| parts.concat()).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_answers_are_read_back(answers in answers()) {
        let text = write(&answers);
        let (back, _) = read(&text, Path::new("plan.yaml"))
            .map_err(|remarks| TestCaseError::fail(format!("{remarks:?}\n{text}")))?;
        prop_assert_eq!(back, answers, "{}", text);
    }

    #[test]
    fn arbitrary_answers_are_judged_without_a_panic(answers in answers()) {
        let stops = check(&answers).iter().any(|remark| remark.stops);
        let places = PathBases { base: "/".into(), home: Some("/home/op".into()) };
        prop_assert_eq!(finish(&answers, &places).is_err(), stops);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = remarks(&bytes);
    }

    #[test]
    fn random_text_never_panics(text in any::<String>()) {
        let _ = remarks(text.as_bytes());
    }

    #[test]
    fn almost_yaml_never_panics(text in almost_yaml()) {
        let _ = remarks(text.as_bytes());
    }

    #[test]
    fn a_range_gives_each_number_once_in_order(first in 0u32..500, more in 0u32..500, wide in 1usize..5) {
        let last = first + more;
        let pad = if first.to_string().len() < wide { wide } else { 0 };
        let text = format!("w[{first:0pad$}-{last:0pad$}].x");
        prop_assume!(pad == 0 || last.to_string().len() <= wide);
        let expected: Vec<String> = (first..=last).map(|n| format!("w{n:0pad$}.x")).collect();
        prop_assert_eq!(expand(&text).unwrap(), expected);
    }

    #[test]
    fn any_text_expands_or_is_refused(text in "[a-z0-9|,\\[\\]-]{0,24}") {
        if let Ok(all) = expand(&text) {
            prop_assert!(!all.is_empty() && all.len() <= gangplank::plan::range::MOST);
        }
    }
}

#[test]
fn deep_and_repeating_yaml_is_refused_in_words() {
    let deep = "[".repeat(200_000);
    assert!(remarks(deep.as_bytes())[0].what.contains("nested too deeply"));
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..8 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(",");
        let line = format!("a{level}: &a{level} [{aliases}]\n");
        bomb.push_str(&line);
    }
    assert!(remarks(bomb.as_bytes())[0].what.contains("aliases"));
    assert!(yaml::read(&bomb, Path::new("p")).is_err());
}

#[test]
fn a_huge_file_of_mistakes_is_answered_soon() {
    let fill = |head: &str, part: &str| {
        let mut text = head.to_owned();
        while text.len() + part.len() < gangplank::limits::PLAN.count() / 4 {
            text.push_str(part);
        }
        text
    };
    let many = (0..15_000).map(|n| format!("key{n}: {n}")).collect::<Vec<_>>().join("\n");
    let texts = [
        fill("workers:\n", "- {x: 1}\n"),
        fill("workers:\n", "- {name: w, address: 192.168.2.1}\n"),
        fill("workers:\n", "- {name: \"w[1-1000]\", address: \"10.0.[0-9].[0-99]\"}\n"),
        fill("", "ca: {where: new}\n"),
        fill("cluster: {name: \"", "a"),
        fill("cluster: {name: ", "[[[[a]]]],"),
        fill("workers: [{name: w, kubelet_args: [", "-, "),
        many,
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let found = remarks(text.as_bytes()).len();
        let (head, took) = (&text[..20], start.elapsed());
        println!("{head:?}: {found} remarks in {took:?}");
        assert!(found > 0 && took < std::time::Duration::from_secs(20), "{head:?}: {found} in {took:?}");
    }
}
