//! Kubeconfig files: read as kubectl reads them, made and compared, merged by kubectl's own commands.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::path::{Path, PathBuf};

use gangplank::kube::kubeconfig::{Kubeconfig, KubeconfigError, Material, files, load};
use gangplank::kube::kubeconfig_write::{Contents, WriteError};
use gangplank::plan::redact::difference;
use proptest::prelude::*;
use zeroize::Zeroizing;

const TWO: &str = r#"
apiVersion: v1
kind: Config
current-context: prod
clusters:
- name: prod
  cluster: {server: "https://10.0.0.2:443", certificate-authority: pki/ca.crt}
- name: "yes"
  cluster:
    server: https://10.0.0.3
    insecure-skip-tls-verify: yes
    certificate-authority: ignored.crt
    certificate-authority-data: Q0E=
users:
- name: admin
  user: {client-certificate: /abs/admin.crt, client-key: ../admin.key}
- name: on
  user: {token: canary, client-key-data: S0VZ}
contexts:
- name: prod
  context: {cluster: prod, user: admin, namespace: kube-system}
- name: "1_000"
  context: {cluster: "yes", user: on}
- name: broken
  context: {cluster: prod, user: nobody}
"#;

fn parse(text: &str) -> Kubeconfig {
    Kubeconfig::parse(text, Path::new("/home/me/.kube/config")).unwrap()
}

fn data(bytes: &[u8]) -> Material {
    Material::Data(Zeroizing::new(bytes.to_vec()))
}

#[test]
fn finds_what_the_current_context_points_to() {
    let target = parse(TWO).find(None).unwrap();
    assert_eq!(
        (target.context.as_str(), target.cluster.as_str(), target.user.as_str()),
        ("prod", "prod", "admin")
    );
    assert_eq!(target.server.as_deref(), Some("https://10.0.0.2:443"));
    assert_eq!(target.ca, Some(Material::File(PathBuf::from("/home/me/.kube/pki/ca.crt"))));
    assert_eq!(target.cert, Some(Material::File(PathBuf::from("/abs/admin.crt"))));
    assert_eq!(target.key, Some(Material::File(PathBuf::from("/home/me/.kube/../admin.key"))));
    assert_eq!((target.namespace.as_deref(), target.insecure), (Some("kube-system"), false));
}

#[test]
fn reads_names_and_booleans_of_yaml_1_1() {
    let target = parse(TWO).find(Some("1_000")).unwrap();
    assert!(target.insecure, "Go reads yes as true");
    assert_eq!((target.cluster.as_str(), target.user.as_str()), ("yes", "on"));
    assert_eq!((target.ca.clone(), target.key.clone()), (Some(data(b"CA")), Some(data(b"KEY"))));
    assert_eq!(target.other_login, ["token"]);
    let shown = format!("{target:?} {:?}", parse(TWO));
    assert!(!shown.contains("canary") && !shown.contains("KEY"), "{shown}");
}

#[test]
fn says_what_is_missing() {
    let error = parse(TWO).find(Some("other")).unwrap_err();
    assert_eq!(error.to_string(), "there is no context other; there is prod, 1_000, broken");
    let error = parse(TWO).find(Some("broken")).unwrap_err();
    assert!(matches!(error, KubeconfigError::Dangling { what: "user", .. }), "{error}");
    assert!(matches!(parse("").find(None), Err(KubeconfigError::NoContext { .. })));
}

#[test]
fn refuses_what_is_no_kubeconfig_without_showing_it() {
    for text in [
        "[canary]",
        "clusters: canary",
        "a: b: canary",
        "clusters: [{name: 2016}]",
        "clusters: [{cluster: {}}]",
        "current-context: [canary]",
        "users: [{name: a, user: canary}]",
        "a: 1\na: canary",
    ] {
        let error = Kubeconfig::parse(text, Path::new("/c")).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn resolves_merge_keys_and_nulls_as_go_does() {
    let text = "base: &b {server: https://a}\nusers: null\nclusters:\n- {name: c, cluster: {<<: *b}}\n\
        contexts: [{name: x, context: {cluster: c, user: u}}]\n";
    let both = format!("{text}current-context: x\n").replace("users: null", "users: [{name: u, user: null}]");
    assert_eq!(parse(&both).find(None).unwrap().server.as_deref(), Some("https://a"));
    assert!(!parse(text).has_user("u"));
}

#[test]
fn lays_several_files_together_first_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("sub").join("b"));
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(&a, "clusters: [{name: c, cluster: {server: https://a}}]\n").unwrap();
    let text = "clusters: [{name: c, cluster: {server: https://b}}]\nusers: [{name: u, user: {client-key: k}}]\n\
        contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n";
    std::fs::write(&b, text).unwrap();
    let list = std::env::join_paths([&a, &folder.path().join("absent"), &b, &a]).unwrap();
    let files = files(Some(&list), Path::new("/home/me"));
    assert_eq!(files.len(), 3);
    let target = load(&files).unwrap().find(None).unwrap();
    assert_eq!(target.server.as_deref(), Some("https://a"));
    assert_eq!(target.key, Some(Material::File(folder.path().join("sub").join("k"))));
}

#[test]
fn without_the_variable_it_is_the_home_file() {
    let home = vec![PathBuf::from("/home/me/.kube/config")];
    assert_eq!(files(None, Path::new("/home/me")), home);
    assert_eq!(files(Some("".as_ref()), Path::new("/home/me")), home);
}

#[test]
fn the_workers_file_is_the_posts() {
    let files = ["/etc/ssl/etcd/ca.crt", "/etc/kubernetes/ssl/worker.crt", "/etc/kubernetes/ssl/worker.key"];
    let faithful = Contents::worker("kubelet", None, files[0], files[1], files[2]);
    let want = r#"apiVersion: v1
kind: Config
clusters:
- name: "local"
  cluster:
    certificate-authority: "/etc/ssl/etcd/ca.crt"
users:
- name: "kubelet"
  user:
    client-certificate: "/etc/kubernetes/ssl/worker.crt"
    client-key: "/etc/kubernetes/ssl/worker.key"
contexts:
- name: "kubelet-context"
  context:
    cluster: "local"
    user: "kubelet"
current-context: "kubelet-context"
"#;
    assert_eq!(faithful.text().unwrap().as_str(), want);
    let repaired = Contents { server: Some("https://10.0.0.2".into()), ..faithful };
    assert!(repaired.text().unwrap().contains("    server: \"https://10.0.0.2\"\n"));
}

fn admin() -> Contents {
    Contents {
        cluster: "post".into(),
        user: "kubectl".into(),
        context: "post".into(),
        server: Some("https://10.0.0.2".into()),
        ca: Material::File("/c/ca.pem".into()),
        cert: Material::File("/c/kubectl.pem".into()),
        key: data(b"canary"),
    }
}

#[test]
fn embeds_data_and_reads_it_back() {
    let text = admin().text().unwrap();
    let target = Kubeconfig::parse(&text, Path::new("/x")).unwrap().find(None).unwrap();
    assert_eq!(target.key, Some(data(b"canary")));
    assert!(!format!("{:?}", admin()).contains("canary"));
}

#[test]
fn merging_keeps_the_current_context_unless_asked() {
    let admin = Contents { key: Material::File("/c/a key.pem".into()), ..admin() };
    let calls = admin.merge_commands(Some(Path::new("/home/me/.kube/config")), false).unwrap();
    let file = "--kubeconfig=/home/me/.kube/config";
    let want = [
        vec![
            "kubectl",
            "config",
            file,
            "set-cluster",
            "post",
            "--server=https://10.0.0.2",
            "--certificate-authority=/c/ca.pem",
        ],
        vec![
            "kubectl",
            "config",
            file,
            "set-credentials",
            "kubectl",
            "--client-certificate=/c/kubectl.pem",
            "--client-key=/c/a key.pem",
        ],
        vec!["kubectl", "config", file, "set-context", "post", "--cluster=post", "--user=kubectl"],
    ];
    assert_eq!(calls, want);
    let calls = admin.merge_commands(None, true).unwrap();
    assert_eq!(calls[3], ["kubectl", "config", "use-context", "post"]);
    assert!(matches!(self::admin().merge_commands(None, false), Err(WriteError::NeedsFiles)));
}

#[test]
fn the_difference_shows_lines_and_no_secret() {
    let before =
        "a: 1\nusers:\n- name: u\n  user:\n    client-key-data: canary1\n    token: >\n      canary2\nz: 1\n";
    let after =
        "a: 2\nusers:\n- name: u\n  user:\n    client-key-data: canary3\n    token: >\n      canary2\nz: 1\n";
    let lines: Vec<String> =
        difference(before, after, Some(3)).iter().map(|(sign, line)| format!("{sign} {line}")).collect();
    let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
    assert!(has("- a: 1") && has("+ a: 2") && has("-     client-key-data: (hidden)"), "{lines:#?}");
    assert!(has("+     client-key-data: (hidden)") && has("      token: (hidden)"), "{lines:#?}");
    assert!(!lines.join("\n").contains("canary"), "{lines:#?}");
    assert!(difference(before, before, Some(3)).is_empty());
}

proptest! {
    #[test]
    fn any_name_survives(name in "\\PC{1,12}", trap in prop::sample::select(vec![
        "yes", "NO", "on", "y", "1_000", "0x10", "017", "1e3", ".5", "~", "null", "true", "<<", "=", "12:30:45",
        "2016-06-01", "{{ x }}", "'", "\"", "# a", "a: b", "- a", "&a", "*a", "!a", "%", "@", "`", "\u{85}x", "\u{feff}",
    ])) {
        for text in [name.as_str(), trap] {
            if text.chars().any(char::is_control) {
                continue;
            }
            let contents = Contents { cluster: text.into(), user: text.into(), context: text.into(), ..admin() };
            prop_assert!(contents.text().is_ok(), "{text:?} {:?}", contents.text());
        }
    }
}

#[test]
fn reads_what_kubectl_reads_and_names_reason_and_line_of_what_it_refuses() {
    let good = "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts:\n- name: a\n  context: {cluster: c, user: u}\n\
                clusters:\n- name: c\n  cluster: {server: https://x}\nusers:\n- name: u\n  user: {}\n";
    let parse = |text: &str| Kubeconfig::parse(text, Path::new("/k"));
    for text in [
        good.to_owned(),
        format!("\u{feff}{good}"),
        format!("---\n{good}"),
        format!("{good}---\nkind: Other\n"),
    ] {
        assert_eq!(parse(&text).unwrap().find(None).unwrap().server.as_deref(), Some("https://x"), "{text}");
    }
    assert_eq!(Kubeconfig::second_document(&format!("---\n{good}---\nkind: Other\n")), Some(13 + 1));
    assert_eq!(Kubeconfig::second_document(&format!("---\n{good}")), None);
    // An empty first document is the one that kubectl reads and writes back: the rest would be lost.
    assert_eq!(Kubeconfig::second_document(&format!("---\n---\n{good}")), Some(2));
    assert_eq!(Kubeconfig::second_document(&format!("# mine\n---\n# empty\n---\n{good}")), Some(4));
    for (was, is, why) in [
        ("kind: Config", "kind: Secret", "kind is not Config, line 2"),
        ("apiVersion: v1", "apiVersion: v1beta9", "apiVersion is not v1, line 1"),
        (
            "{cluster: c, user: u}",
            "{cluster: c, user: u, namespace: 5}",
            "context a: namespace must be text: put it in quotes, line 5",
        ),
        (
            "{server: https://x}",
            "{insecure-skip-tls-verify: \"true\"}",
            "cluster c: insecure-skip-tls-verify must be true or false, without quotes, line 8",
        ),
        (
            "{server: https://x}",
            "{certificate-authority-data: \"%%\"}",
            "cluster c: certificate-authority-data must be base64, line 8",
        ),
        ("user: {}", "user: {token: 123456789012}", "user u: token must be text: put it in quotes, line 11"),
        ("user: {}", "user: {token: [canary]}", "user u: token must be text: put it in quotes, line 11"),
        (
            "users:",
            "preferences: {colors: \"true\"}\nusers:",
            "colors of preferences must be true or false, without quotes, line 10",
        ),
    ] {
        let error = parse(&good.replace(was, is)).unwrap_err().to_string();
        assert!(error.ends_with(why) && !error.contains("canary") && !error.contains("123456"), "{error}");
    }
    assert!(
        parse(&good.replace("{server: https://x}", "{server: https://x, insecure-skip-tls-verify: yes}"))
            .is_ok()
    );
    for (text, why) in [
        (
            good.replace("users:", "users:\n- name: u\n  user: {token: canary}"),
            "two users u: kubectl refuses the file, line 13",
        ),
        (
            good.replace("clusters:", "clusters:\n- {name: c, cluster: {}}"),
            "two clusters c: kubectl refuses the file",
        ),
        (format!("\t{good}"), "a tab stands where blanks must, line 1"),
        (good.replace("  cluster: {server", "\tcluster: {server"), "a tab stands where blanks must, line 9"),
        (good.replace("name: c\n", "name: 2016\n"), "name must be text: put it in quotes (clusters), line 8"),
        (good.replace("current-context: a", "current-context: 7"), "current-context must be text"),
        (good.replace("user: {}", "user: [canary]"), "user of u is not a map, line 11"),
        (format!("{good}users: []\n"), "a key is written twice"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n".to_owned(), "not a kubeconfig"),
        ("canary".to_owned(), "it is not a map"),
        ("a: \"canary\n".to_owned(), "not valid YAML"),
        ("k\0i\0n\0d\0".to_owned(), "UTF-16"),
        ("users: {}\n".to_owned(), "users is not a list, line 1"),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
        assert!(!error.contains("canary"), "{error}");
    }
}
