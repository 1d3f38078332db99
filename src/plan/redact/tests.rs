//! What is hidden and what stays.

use super::*;

#[test]
fn a_value_that_may_be_secret_is_hidden_and_its_key_stays() {
    for (text, shown) in [
        ("name: w1\n", "name: w1\n"),
        ("client-certificate-data: QUJD\n", "client-certificate-data: QUJD\n"),
        ("user:\n    client-key-data: canary\nz: 1\n", "user:\n  client-key-data: (hidden) 1\nz: 1\n"),
        ("token: canary", "token: (hidden) 1\n"),
        ("\"token\" : canary", "token: (hidden) 1\n"),
        ("- id-token: canary", "- id-token: (hidden) 1\n"),
        ("bearerToken: canary", "bearerToken: (hidden) 1\n"),
        ("password=canary", "password: (hidden) 1\n"),
        // As a block, a list, in one line.
        ("token: >\n  canary\n\n  canary\n\nz: 1", "token: (hidden) 1\nz: 1\n"),
        ("token: >-\n  canary\n  canary\nz: 1", "token: (hidden) 1\nz: 1\n"),
        ("client-key-data: |\n  canary\n  canary\n", "client-key-data: (hidden) 1\n"),
        ("token: |2\n    canary\n", "token: (hidden) 1\n"),
        ("token:\n  \"canary\n  canary\"\nz: 1", "token: (hidden) 1\nz: 1\n"),
        ("? token\n: canary\n", "token: (hidden) 1\n"),
        ("tokens:\n- canary\n- canary\nz: 1", "tokens: (hidden) 1\nz: 1\n"),
        ("user: {name: a, token: canary}", "user:\n  name: a\n  token: (hidden) 1\n"),
        ("a: 1\n---\ntoken: canary\n", "a: 1\n---\ntoken: (hidden) 1\n"),
        ("env:\n- name: DB_PASSWORD\n  value: canary\n", "env:\n- name: DB_PASSWORD\n  value: (hidden) 1\n"),
        ("args: [--token=canary, --v=2]", "args:\n- --token=(hidden) 1\n- --v=2\n"),
        ("key: |\n  -----BEGIN PRIVATE KEY-----\n  canary\n", "key: (hidden) 1\n"),
        ("auths: {r: {auth: canary}}", "auths:\n  r:\n    auth: (hidden) 1\n"),
        // Where something else than a key stands before the value, nothing of it is shown.
        ("  curl --token canary http://a", "  (hidden) 1\n"),
        ("token canary", "(hidden) 1\n"),
        ("x\rtoken: canary", "(hidden) 1\n"),
        ("a\n-----BEGIN EC PRIVATE KEY-----\ncanary\n-----END EC PRIVATE KEY-----\nb", "a\n(hidden) 1\nb\n"),
        ("-----BEGIN PRIVATE KEY-----\ncanary\ncanary", "(hidden) 1\n"),
    ] {
        let hidden = Redactor::default().text(text);
        assert_eq!(hidden.as_str(), shown, "{text:?}");
        assert!(!hidden.contains("canary"), "{text:?}");
    }
}

#[test]
fn of_a_unit_the_environment_is_hidden_and_of_flags_what_sounds_secret() {
    let unit = "[Service]\nEnvironment=HTTPS_PROXY=http://ops:canary@proxy:3128\nEnvironment=\"A=canary\"\n\
                ExecStart=/bin/kubelet --registry-pass=canary --v=2 \\\n  --token \\\n  canary\nRestart=always\n";
    let shown = Redactor::default().text(unit);
    assert!(!shown.contains("canary"), "{shown:?}");
    for stays in
        ["Environment=HTTPS_PROXY=(hidden) 1", "/bin/kubelet", "--v=2", "Restart=always", "[Service]"]
    {
        assert!(shown.contains(stays), "{stays}: {shown:?}");
    }
}

#[test]
fn a_line_keeps_what_is_no_secret() {
    for (said, shown) in [
        ("kubelet --v=2 --hostname-override=w1", "kubelet --v=2 --hostname-override=w1"),
        ("HTTPS_PROXY=http://ops:canary@proxy:3128 x", "HTTPS_PROXY=http://(hidden)@proxy:3128 x"),
        ("get https://user:canary@h/p?q=a@b", "get https://(hidden)@h/p?q=a@b"),
        ("--registry-pass=canary --v=2", "--registry-pass=(hidden) --v=2"),
        ("--token canary --v=2", "--token (hidden) --v=2"),
        ("Authorization: Bearer canary", "Authorization: Bearer (hidden)"),
        ("password: canary", "password: (hidden)"),
        ("password:canary", "password:(hidden)"),
        ("join with abcdef.0123456789abcdef now", "join with (hidden) now"),
        ("jwt eyJhbGciOi.canary.canary", "jwt (hidden)"),
        ("E1128 kubelet.go:1: no such node \"w1\"", "E1128 kubelet.go:1: no such node \"w1\""),
        (
            "registry/x@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "registry/x@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
        (
            "/etc/kubernetes/ssl/worker.key: permission denied",
            "/etc/kubernetes/ssl/worker.key: permission denied",
        ),
        ("root@10.0.0.1:22", "root@10.0.0.1:22"),
    ] {
        assert_eq!(line(said), shown, "{said:?}");
    }
}

#[test]
fn what_a_program_says_is_shown_without_its_secrets_whatever_it_looks_like() {
    for text in [
        r#"dockercfg {"auths":{"r":{"auth":"SEKRETab12","password":"SEKRETab12"}}}"#,
        r#"err="dockercfg {\"auths\":{\"r\":{\"auth\":\"SEKRETab12\"}}}""#,
        r#"{"token": "SEKRETab12", "expires": 5}"#,
        "{'password': 'SEKRETab12'}",
        r#"{"secret":SEKRETab12,"a":1}"#,
        "failed to pull with password SEKRETab12",
        "the password hunterSEKRET was refused",
        "using token SEKRETab12 of the file",
        "run --password SEKRETab12 --api-key=SEKRETab12 -pSEKRETab12 MYSQL_PWD=SEKRETab12 https://u:SEKRETab12@h/",
        "u:SEKRETab12@reg.example.com/x:1",
        "dial http://ops:SEKRETab12@proxy:3128: password=SEKRETab12",
        "Authorization: Bearer SEKRETab12",
        "cannot convert [83 69 75 82 69 84 97 98 49 50] to a map",
    ] {
        let shown = said(text);
        assert!(!shown.contains("SEKRET") && !shown.contains("82 69 84"), "{text}\n{shown}");
    }
    for text in [
        "password authentication failed for user core",
        "no password was given, or the wrong one",
        "a token is required",
        "Error response from daemon: Get https://registry-1.docker.io/v2/: dial tcp: lookup failed",
        r#"{"level":"info","msg":"started","port":8080}"#,
        "-port=80 -p8080:80 -pidfile /run/x",
        "exit 1 2 3 4 5 is said",
        "reg.example.com:5000/x@sha256:0123456789abcdef",
        "k8s_POD_kube-proxy-w1: no such container",
    ] {
        assert_eq!(said(text), text);
    }
}

#[test]
fn the_same_value_has_the_same_number_in_all_texts() {
    let mut hide = Redactor::default();
    let before = hide.text("token: a\npassword: b\n");
    let after = hide.text("token: a\npassword: c\n");
    assert_eq!(before.as_str(), "token: (hidden) 1\npassword: (hidden) 2\n");
    assert_eq!(after.as_str(), "token: (hidden) 1\npassword: (hidden) 3\n");
    let (one, other) = (hide.text("token: |\n  a\n  b\n"), hide.text("token: |\n  a\n  c\n"));
    assert_ne!(one.as_str(), other.as_str(), "a value of several lines");
}

#[test]
fn a_difference_is_one_of_structure_and_shows_that_a_secret_differs() {
    let lines = difference("b: 1\ntoken: x\n", "# a remark\nb:   1\ntoken: y\n", None);
    let text: Vec<String> = lines.iter().map(|(sign, line)| format!("{sign} {line}")).collect();
    assert_eq!(text, ["  b: 1", "- token: (hidden) 1", "+ token: (hidden) 2"]);
    assert_eq!(difference("a: 1\n", "a:   1\n", Some(3)), []);
}

#[test]
fn keys_and_logins_that_hold_a_secret_are_told_from_others() {
    for (key, secret) in [
        ("password", true),
        ("sudo_Passwd", true),
        ("ca-passphrase", true),
        ("accessToken", true),
        ("client-secret", true),
        ("credentials", true),
        ("client-key-data", true),
        ("private_key", true),
        ("registry-pass", true),
        ("DB_PWD", true),
        ("auth", true),
        ("host_key", false),
        ("client-key", false),
        ("passthrough", false),
        ("author", false),
    ] {
        assert_eq!(sounds_secret(key), secret, "{key}");
    }
    for (login, secret) in [
        ("ssh://root:hunter2@host/dir", true),
        ("root:hunter2@host", true),
        ("root@host:22", false),
        ("ssh://root@host:22/dir", false),
        ("host:22", false),
    ] {
        assert_eq!(has_login_password(login), secret, "{login}");
    }
}
