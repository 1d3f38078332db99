//! Good and bad texts of each value.

use super::*;

fn cure<T: std::fmt::Debug>(judged: Validated<T>) -> String {
    judged.unwrap_err().1
}

#[test]
fn reads_api_addresses() {
    let url = |text: &str| api(text).unwrap().url();
    assert_eq!(url("https://lb.example.com"), "https://lb.example.com");
    assert_eq!(url("https://LB:443"), "https://lb");
    assert_eq!(url("https://10.0.0.1:6443"), "https://10.0.0.1:6443");
    assert_eq!(url("https://[fd00::1]:6443"), "https://[fd00::1]:6443");
}

#[test]
fn refuses_other_urls_and_says_the_right_one() {
    assert_eq!(cure(api("lb:6443")), "write https://lb:6443");
    assert_eq!(cure(api("https://lb:6443/api")), "write https://lb:6443");
    assert_eq!(cure(api("https://lb/")), "write https://lb");
    for text in [
        "https://",
        "https://lb:0",
        "https://lb:65536",
        "https://lb:+1",
        "https://fd00::1",
        "https://[fd00::1",
        "https://a_b",
        "https://10.0.0.300",
        "https://lb?x",
        "https://a@b",
        "ftp://lb",
        "",
    ] {
        assert!(api(text).is_err(), "{text}");
    }
}

#[test]
fn reads_names_as_rfc_1123_has_them() {
    let (longest, longer) = ("a".repeat(63), "a".repeat(64));
    for text in ["w", "worker-1", "1a", "node.example.com", &longest] {
        assert!(node_name(text).is_ok(), "{text}");
    }
    for text in ["", "-a", "a-", "a_b", "A", "a..b", ".a", "a.", "10.0.0.1", "ä", "a b", &longer] {
        assert!(node_name(text).is_err(), "{text}");
    }
    assert!(label("a.b").is_err());
    assert_eq!(cure(node_name("Worker1")), "write worker1");
    assert_eq!(cure(domain("Cluster.Local.")), "write cluster.local");
}

#[test]
fn reads_logins() {
    let (user, host) = (Some("root".to_owned()), "h".to_owned());
    assert_eq!(login("root@h:22").unwrap(), (user.clone(), host.clone(), Some(22)));
    assert_eq!(login("h").unwrap(), (None, host.clone(), None));
    assert_eq!(login("ssh://root@h:22").unwrap(), (user.clone(), host.clone(), Some(22)));
    assert_eq!(login("ssh://h/").unwrap(), (None, host.clone(), None));
    for (text, word) in [
        ("http://a@b:22", "is not an SSH login"),
        ("ssh://ssh://a@b", "is not an SSH login"),
        ("ssh://a:b@c", "has a password in it"),
        ("ssh://a@b/dir", "has no valid host"),
    ] {
        let why = login(text).unwrap_err().0;
        assert!(why.ends_with(word), "{text}: {why}");
    }
    assert_eq!(login("root@[fd00::1]:22").unwrap().1, "fd00::1");
    assert_eq!(ssh_place("root@h:22/root/ca/").unwrap(), ((user, host, Some(22)), "/root/ca".to_owned()));
    assert_eq!(ssh_place("h/").unwrap().1, "");
    for text in ["", "@h", "root@", "root@-oProxyCommand=x", "-l@h", "a b@h", "h:x", "root:pw@h", "a/b"] {
        assert!(login(text).is_err(), "{text}");
    }
    for text in ["h", "h/~/ca", "/root", "root@/x"] {
        assert!(ssh_place(text).is_err(), "{text}");
    }
}

#[test]
fn reads_versions() {
    assert_eq!(version("auto").unwrap(), None);
    assert_eq!(version("v1.2.2").unwrap().unwrap().to_string(), "v1.2.2");
    assert_eq!(version("1.20").unwrap().unwrap().to_string(), "v1.20.0");
    for text in ["", "1", "latest", "1.20.2.1", "1.20-rc", "1..2", "1.99999"] {
        assert!(version(text).is_err(), "{text}");
    }
}

#[test]
fn paths_start_at_home_base_or_root() {
    let places = PathBases { base: "/plans".into(), home: Some("/home/op".into()) };
    assert_eq!(path("ca.crt", &places).unwrap(), PathBuf::from("/plans/ca.crt"));
    assert_eq!(path("~/ca.crt", &places).unwrap(), PathBuf::from("/home/op/ca.crt"));
    assert_eq!(path("/ca.crt", &places).unwrap(), PathBuf::from("/ca.crt"));
    assert!(path("~root/x", &places).is_err());
    assert!(path("~/x", &PathBases::default()).is_err());
    assert!(path("a\0b", &places).is_err());
    assert_eq!(image_tar("host:/a.tar", &places).unwrap(), ImageTar::Host("/a.tar".to_owned()));
    assert_eq!(image_tar("here:a.tar", &places).unwrap(), ImageTar::Local("/plans/a.tar".into()));
}

#[test]
fn fingerprints_and_sums_have_their_length() {
    assert!(fingerprint(&format!("SHA256:{}", "a".repeat(43))).is_ok());
    for length in [42, 44] {
        assert!(fingerprint(&format!("SHA256:{}", "a".repeat(length))).is_err());
    }
    assert!(fingerprint(&"a".repeat(43)).is_err());
    assert_eq!(sha256(&"A".repeat(64)).unwrap(), "a".repeat(64));
    assert!(sha256(&"a".repeat(63)).is_err() && sha256(&"g".repeat(64)).is_err());
}

#[test]
fn arguments_leave_our_flags_alone() {
    let ours = [("node-ip", "no")];
    for text in ["--v=3", "--x", "--feature-gates=A=true,B=false", "--y=a b"] {
        assert!(argument(text, &ours).is_ok(), "{text}");
    }
    for text in ["--node-ip=1", "--node_ip=1", "--node-ip", "-v=3", "v", "--", "--=1", "--a\n=1", "--v 3"] {
        assert!(argument(text, &ours).is_err(), "{text}");
    }
    assert_eq!(cure(argument("--v 3", &ours)), "write --v=3");
}

#[test]
fn what_may_be_a_secret_is_refused_without_being_shown() {
    let hidden = |issue: String| assert!(!issue.contains("Geheim") && !issue.contains("MIIE"), "{issue}");
    let said = |refused: Refusal| format!("{} {}", refused.0, refused.1);
    hidden(said(ssh_user("root:Geheim123").unwrap_err()));
    for flag in [
        "--bootstrap-token Geheim.0123456789abcdef",
        "--token=Geheim123",
        "--bootstrap_token=Geheim123",
        "--password=Geheim123",
        "--x=https://u:Geheim123@h/",
        "password=Geheim123",
    ] {
        hidden(said(argument(flag, &[]).unwrap_err()));
    }
    for flag in ["--authentication-token-webhook-cache-ttl=5m", "--tls-private-key-file=/a", "--v=2"] {
        assert!(argument(flag, &[]).is_ok(), "{flag}");
    }
    let places = PathBases { base: "/plans".into(), home: None };
    for path_of in [format!("MIIE{}", "a".repeat(400)), "-----BEGIN PRIVATE KEY-----\nMIIE".to_owned()] {
        let refused = said(path(&path_of, &places).unwrap_err());
        assert!(refused.contains("content of a file"), "{refused}");
        hidden(refused);
    }
}
