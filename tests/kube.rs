//! The API client, the probe and kubeconfig files against a recorded v1.2.2 API on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "kube/deletion.rs"]
mod deletion;
#[path = "kube/reach.rs"]
mod reach;
#[path = "kube/stopping.rs"]
mod stopping;
mod support;

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use gangplank::kube::api::{Deleted, RequestCounts};
use gangplank::kube::probe::{ClientCas, NameCheck};
use gangplank::kube::{About, Api, ApiError, Applied, Credential, NodeEvent, ReadyState, TlsFault, probe};
use gangplank::plan::model::{ApiAddress, Version};
use openssl::hash::MessageDigest;
use openssl::ssl::SslVersion;
use serde_json::{Value, json};
use support::api_server::{Leaf, Pair, Reply, Server, Then, Tls, ca, reply, signed, signed_rsa, tape};

const NODE_EVENTS: &str =
    "GET /api/v1/events?fieldSelector=involvedObject.kind%3DNode%2CinvolvedObject.name%3Dw1";
const WAIT: Duration = Duration::from_secs(10);
const RC: &str = "/api/v1/namespaces/kube-system/replicationcontrollers";
const RC_DNS: &str = "GET /api/v1/namespaces/kube-system/replicationcontrollers/kube-dns-v11";
const RC_PUT: &str = "PUT /api/v1/namespaces/kube-system/replicationcontrollers/kube-dns-v11";
const RC_POST: &str = "POST /api/v1/namespaces/kube-system/replicationcontrollers";
const MISSING: &str = "service-not-found.http";

fn server(replies: Vec<Reply>) -> (Server, Pair) {
    let ca = ca("test-ca");
    let leaf = signed("api", &ca, &Leaf::default());
    (Server::start(Tls::asking(leaf, &ca), replies), ca)
}

fn api(server: &Server, ca: &Pair) -> Api {
    Api::new(&server.address, &ca.pem(), None, WAIT).unwrap()
}

fn tls_fault(leaf: &Leaf) -> TlsFault {
    let ca = ca("test-ca");
    let server = Server::start(Tls::plain(signed("api", &ca, leaf)), vec![]);
    match api(&server, &ca).version() {
        Err(ApiError::Tls(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn live_rc() -> Value {
    serde_json::from_str(&tape("", "rc-kube-dns.http").body).unwrap()
}

/// The manifest the live controller was made from, as far as it matters: no defaults, other spellings.
fn manifest() -> Value {
    json!({"apiVersion": "v1", "kind": "ReplicationController",
        "metadata": {"name": "kube-dns-v11", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"replicas": 1, "selector": {"k8s-app": "kube-dns", "version": "v11"}, "template": {
            "metadata": {"labels": {"k8s-app": "kube-dns"}},
            "spec": {"dnsPolicy": "Default", "containers": [{"name": "etcd", "image": "gcr.io/google_containers/etcd-amd64:2.2.1",
                "resources": {"limits": {"cpu": 0.1, "memory": "512000Ki"}}}]}}}})
}

#[test]
fn reads_version_nodes_and_pods_over_one_connection_with_a_certificate() {
    let (server, ca) = server(vec![
        tape("GET /version", "version.http"),
        tape("GET /api/v1/nodes", "nodes.http"),
        tape("GET /api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns", "pods.http"),
    ]);
    let me = signed_rsa("kubectl", &ca);
    let pkcs1 = me.key.rsa().unwrap().private_key_to_pem().unwrap();
    assert!(pkcs1.starts_with(b"-----BEGIN RSA PRIVATE KEY"));
    let me = Credential::new(&me.pem(), &pkcs1).unwrap();
    let api = Api::new(&server.address, &ca.pem(), Some(&me), WAIT).unwrap();
    assert_eq!(api.version().unwrap().version, Version { major: 1, minor: 2, patch: 2 });
    let (nodes, version) = api.nodes().unwrap();
    assert_eq!((nodes.len(), version.as_str()), (1, "407"));
    assert_eq!(
        (
            nodes[0].name.untrusted(),
            nodes[0].kubelet.as_ref().map(gangplank::plan::remote::Remote::untrusted)
        ),
        ("w6", Some("v1.2.2"))
    );
    assert_eq!(
        (nodes[0].ready.state, nodes[0].ready.reason.untrusted()),
        (ReadyState::Ready, "KubeletReady")
    );
    assert_eq!(
        nodes[0].internal_ip.as_ref().map(gangplank::plan::remote::Remote::untrusted),
        Some("10.77.0.16")
    );
    let pods = api.pods("kube-system", "k8s-app=kube-dns").unwrap();
    assert!(pods.iter().any(|pod| pod.is_ready()
        && pod.containers == 4
        && pod.node.as_ref().map(gangplank::plan::remote::Remote::untrusted) == Some("w6")));
    assert_eq!(api.counts(), RequestCounts { connections: 1, requests: 3, writes: 0 });
    assert!(server.asked().iter().all(|asked| asked.client.as_deref() == Some("kubectl")));
}

#[test]
fn the_events_of_a_node_and_of_a_pod_come_newest_first_and_a_refusal_is_one() {
    let event = |kind: &str, reason: &str, last: &str| {
        json!({"reason": reason, "message": "as \u{1b}[31mit is", "type": "Warning", "count": 2,
            "involvedObject": {"kind": kind, "name": "x"}, "lastTimestamp": last})
    };
    let list = |items: Vec<Value>| json!({"kind": "EventList", "metadata": {}, "items": items}).to_string();
    let many: Vec<Value> =
        (0..60).map(|at| event("Node", "old", &format!("2026-11-22T01:00:{at:02}Z"))).collect();
    let of_node = [vec![event("Node", "new", "2026-11-23T01:00:00Z")], many].concat();
    let (server, ca) = server(vec![
        reply(NODE_EVENTS, 200, list(of_node)),
        reply(
            "GET /api/v1/namespaces/kube-system/events?fieldSelector=involvedObject.kind%3DPod%2CinvolvedObject.name%3Dx",
            200,
            list(vec![event("Pod", "FailedSync", "2026-11-23T01:00:00Z")]),
        ),
        reply(NODE_EVENTS, 403, json!({"kind": "Status", "message": "not you"}).to_string()),
    ]);
    let api = api(&server, &ca);
    let node = api.happenings(&About::Node("w1".to_owned())).unwrap();
    assert_eq!((node.len(), node[0].reason.untrusted(), node[0].pod.is_empty()), (50, "new", true));
    assert_eq!((node[0].message.untrusted(), node[0].count, node[0].warns()), ("as it is", 2, true));
    let pod = api.happenings(&About::Pod("kube-system".to_owned(), "x".to_owned())).unwrap();
    assert_eq!((pod[0].reason.untrusted(), pod[0].pod.untrusted()), ("FailedSync", "x"));
    let refused = api.happenings(&About::Node("w1".to_owned())).unwrap_err();
    assert!(matches!(&refused, ApiError::Forbidden(why) if why.contains("not you")), "{refused:?}");
}

#[test]
fn takes_keys_in_every_form_and_refuses_others() {
    let ca = ca("test-ca");
    let me = signed("kubectl", &ca, &Leaf::default());
    assert!(Credential::new(&me.pem(), &me.key.private_key_to_pem_pkcs8().unwrap()).is_ok());
    let group = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).unwrap();
    let ec = openssl::ec::EcKey::generate(&group).unwrap();
    let sec1 = ec.private_key_to_pem().unwrap();
    assert!(sec1.starts_with(b"-----BEGIN EC PRIVATE KEY"));
    let other = Credential::new(&me.pem(), &sec1).unwrap_err();
    assert!(other.to_string().contains("do not belong together"), "{other}");
    let cipher = openssl::symm::Cipher::aes_128_cbc();
    let locked = me.key.private_key_to_pem_pkcs8_passphrase(cipher, b"canary").unwrap();
    let locked = Credential::new(&me.pem(), &locked).unwrap_err();
    assert_eq!((locked.code().as_str(), locked.to_string().contains("encrypted")), ("E-API-11", true));
}

#[test]
fn an_old_server_refuses_anonymous_even_its_version() {
    let (server, ca) = server(vec![tape("GET /version", "version-anonymous.http")]);
    let error = api(&server, &ca).version().unwrap_err();
    assert_eq!(error, ApiError::Unauthorized("Unauthorized".into()));
    assert_eq!(server.asked()[0].client, None);
}

#[test]
fn a_watch_gives_the_recorded_events_and_ends_silently() {
    let watch = "GET /api/v1/nodes?watch=true&resourceVersion=407&timeoutSeconds=60";
    let mut events = tape(watch, "nodes-watch.http");
    events.body.push_str("{\"type\":\"MODIFIED\",\"obj");
    events.then = Then::Close;
    let (server, ca) = server(vec![events]);
    let got: Vec<_> = api(&server, &ca).watch_nodes("407", Duration::from_secs(60)).unwrap().collect();
    assert!(got.len() >= 2, "{got:?}");
    assert!(got.iter().all(|event| matches!(event, NodeEvent::Put(node) if node.name == "w6")));
}

#[test]
fn a_watch_that_is_refused_says_why() {
    let (server, ca) = server(vec![]);
    let error = api(&server, &ca).watch_nodes("1", WAIT).unwrap_err();
    assert_eq!(error.code(), "E-API-07");
}

#[test]
fn a_watch_lives_no_longer_than_it_may() {
    let mut silent = reply("GET /api/v1/nodes?watch=true&resourceVersion=1&timeoutSeconds=1", 200, "");
    silent.then = Then::Silent;
    let (server, ca) = server(vec![silent]);
    let api = Api::new(&server.address, &ca.pem(), None, Duration::from_millis(400)).unwrap();
    let error = api.watch_nodes("1", Duration::from_millis(300)).unwrap_err();
    assert_eq!(error.code(), "E-API-02");
    let mut stalled =
        tape("GET /api/v1/nodes?watch=true&resourceVersion=2&timeoutSeconds=3", "nodes-watch.http");
    stalled.then = Then::Stall;
    let (server, ca) = self::server(vec![stalled]);
    let watch = self::api(&server, &ca).watch_nodes("2", Duration::from_secs(3)).unwrap();
    let begin = std::time::Instant::now();
    assert!(watch.count() >= 2);
    assert!(begin.elapsed() < WAIT, "{:?}", begin.elapsed());
}

#[test]
fn a_service_address_that_is_taken_or_outside_is_told_apart() {
    let object = |address: &str| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "other", "namespace": "kube-system"},
            "spec": {"clusterIP": address}})
    };
    let post = "POST /api/v1/namespaces/kube-system/services";
    let (server, ca) =
        server(vec![tape(post, "service-ip-taken.http"), tape(post, "service-ip-outside-range.http")]);
    let api = api(&server, &ca);
    let taken = api.apply(&object("10.3.0.2")).unwrap_err();
    assert_eq!(
        (taken.code().as_str(), taken.address_taken(), taken.address_outside_range()),
        ("E-API-09", true, false)
    );
    assert!(taken.to_string().contains("provided IP is already allocated"), "{taken}");
    let outside = api.apply(&object("10.9.0.2")).unwrap_err();
    assert_eq!((outside.address_taken(), outside.address_outside_range()), (false, true));
}

#[test]
fn applying_what_is_there_writes_nothing() {
    let (server, ca) = server(vec![tape(RC_DNS, "rc-kube-dns.http")]);
    let api = api(&server, &ca);
    assert_eq!(api.apply(&manifest()).unwrap(), Applied::Same);
    assert_eq!(api.apply(&manifest()).unwrap(), Applied::Same);
    assert_eq!(api.counts(), RequestCounts { connections: 1, requests: 2, writes: 0 });
}

#[test]
fn a_new_object_is_made_once() {
    let made = live_rc().to_string();
    let (server, ca) =
        server(vec![tape(RC_DNS, MISSING), reply(RC_DNS, 200, made.clone()), reply(RC_POST, 201, made)]);
    let api = api(&server, &ca);
    assert!(
        matches!(api.apply(&manifest()).unwrap(), Applied::Created { uid } if uid.starts_with("9a90c05d"))
    );
    assert_eq!(api.apply(&manifest()).unwrap(), Applied::Same);
    assert_eq!(api.counts().writes, 1);
}

#[test]
fn made_by_another_in_between_and_the_same() {
    let (server, ca) = server(vec![
        tape(RC_DNS, MISSING),
        tape(RC_DNS, "rc-kube-dns.http"),
        tape(RC_POST, "rc-post-409.http"),
    ]);
    assert_eq!(api(&server, &ca).apply(&manifest()).unwrap(), Applied::Same);
    assert_eq!(server.lines(), [RC_DNS, RC_POST, RC_DNS]);
}

#[test]
fn a_changed_template_is_put_with_the_version_and_the_pods_stay() {
    let mut ours = manifest();
    ours["spec"]["template"]["spec"]["containers"][0]["image"] = "etcd:3".into();
    ours["metadata"]["resourceVersion"] = "1".into();
    ours["metadata"]["uid"] = "of another cluster".into();
    let (server, ca) = server(vec![
        tape(RC_DNS, MISSING),
        tape(RC_DNS, "rc-kube-dns.http"),
        tape(RC_POST, "rc-post-409.http"),
        reply(RC_PUT, 200, "{}"),
    ]);
    let changed = api(&server, &ca).apply(&ours).unwrap();
    let fields = vec!["spec.template.spec.containers[etcd].image".to_owned()];
    assert_eq!(changed, Applied::Changed { fields, pods_stay: true });
    let put: Value = serde_json::from_str(&server.asked().last().unwrap().body).unwrap();
    assert_eq!(put["metadata"]["resourceVersion"], "216");
    assert_eq!(put["metadata"]["uid"], live_rc()["metadata"]["uid"]);
    let containers = put["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!((containers.len(), &containers[0]["image"]), (4, &json!("etcd:3")));
    assert_eq!(containers[0]["terminationMessagePath"], "/dev/termination-log");
}

#[test]
fn a_service_keeps_its_address() {
    let get = "GET /api/v1/namespaces/kube-system/services/kube-dns";
    let put = "PUT /api/v1/namespaces/kube-system/services/kube-dns";
    let ours = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"selector": {"k8s-app": "coredns"}}});
    let (server, ca) = server(vec![tape(get, "service-kube-dns.http"), reply(put, 200, "{}")]);
    let changed = api(&server, &ca).apply(&ours).unwrap();
    assert_eq!(changed, Applied::Changed { fields: vec!["spec.selector.k8s-app".into()], pods_stay: false });
    let sent: Value = serde_json::from_str(&server.asked()[1].body).unwrap();
    assert_eq!(
        (&sent["spec"]["clusterIP"], &sent["spec"]["ports"][1]["name"]),
        (&json!("10.3.0.2"), &json!("dns-tcp"))
    );
    assert_eq!(sent["spec"]["selector"], json!({"k8s-app": "coredns"}));
}

#[test]
fn a_conflict_on_put_is_tried_once_more_and_then_told() {
    let mut ours = manifest();
    ours["spec"]["replicas"] = 2.into();
    let mut newer = live_rc();
    newer["metadata"]["resourceVersion"] = "999".into();
    let conflict = || tape(RC_PUT, "rc-post-409.http");
    let (server, ca) = server(vec![
        tape(RC_DNS, "rc-kube-dns.http"),
        reply(RC_DNS, 200, newer.to_string()),
        conflict(),
        reply(RC_PUT, 200, "{}"),
    ]);
    let changed = api(&server, &ca).apply(&ours).unwrap();
    assert_eq!(changed, Applied::Changed { fields: vec!["spec.replicas".into()], pods_stay: false });
    let second: Value = serde_json::from_str(&server.asked()[3].body).unwrap();
    assert_eq!(second["metadata"]["resourceVersion"], "999");

    let (server, ca) = self::server(vec![tape(RC_DNS, "rc-kube-dns.http"), conflict()]);
    assert_eq!(api(&server, &ca).apply(&ours).unwrap_err().code(), "E-API-08");
    assert_eq!(server.lines(), [RC_DNS, RC_PUT, RC_DNS, RC_PUT]);
}

#[test]
fn deletes_only_the_object_it_means() {
    let delete = "DELETE /api/v1/namespaces/kube-system/replicationcontrollers/kube-dns-v11";
    let path = format!("{RC}/kube-dns-v11");
    let (server, ca) = server(vec![tape(RC_DNS, "rc-kube-dns.http"), reply(delete, 200, "{}")]);
    let api = api(&server, &ca);
    assert_eq!(api.delete(&path, "another").unwrap_err().code(), "E-API-08");
    assert_eq!(api.counts().writes, 0);
    let uid = live_rc()["metadata"]["uid"].as_str().unwrap().to_owned();
    assert_eq!(api.delete(&path, &uid).unwrap(), Deleted::Done);
    let options: Value = serde_json::from_str(&server.asked().last().unwrap().body).unwrap();
    assert_eq!(options["preconditions"]["uid"], uid.as_str());
    assert_eq!(api.delete(&format!("{RC}/other"), &uid).unwrap(), Deleted::Absent);
}

#[test]
fn a_server_that_closes_kept_connections_is_no_trouble() {
    let mut version = tape("GET /version", "version.http");
    version.then = Then::Close;
    let (server, ca) = server(vec![version]);
    let api = api(&server, &ca);
    for _ in 0..3 {
        api.version().unwrap();
    }
    assert_eq!(api.counts().connections, 3);
}

#[test]
fn a_silent_server_is_a_timeout() {
    let mut silent = reply("GET /version", 200, "");
    silent.then = Then::Silent;
    let (server, ca) = server(vec![silent]);
    let api = Api::new(&server.address, &ca.pem(), None, Duration::from_millis(300)).unwrap();
    assert_eq!(api.version().unwrap_err().code(), "E-API-02");
    // One that takes the connection and does not even shake hands.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ApiAddress { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    let api = Api::new(&address, &ca.pem(), None, Duration::from_millis(300)).unwrap();
    assert_eq!(api.version().unwrap_err().code(), "E-API-02");
    let seen = probe(&address, None, Duration::from_millis(300));
    assert_eq!(seen.fault.unwrap().code(), "E-API-02");
}

#[test]
fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ApiAddress { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    drop(listener);
    let ca = ca("test-ca");
    let api = Api::new(&address, &ca.pem(), None, WAIT).unwrap();
    assert_eq!(api.version().unwrap_err().code(), "E-API-01");
    assert_eq!(probe(&address, None, WAIT).fault.unwrap().code(), "E-API-01");
}

#[test]
fn a_port_without_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = ApiAddress { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for mut socket in listener.incoming().flatten() {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            open.push(socket);
        }
    });
    let ca = ca("test-ca");
    let api = Api::new(&address, &ca.pem(), None, WAIT).unwrap();
    assert_eq!(api.version().unwrap_err(), ApiError::Tls(TlsFault::NotTls));
    assert_eq!(probe(&address, None, WAIT).fault, Some(ApiError::Tls(TlsFault::NotTls)));
}

#[test]
fn something_else_that_speaks_https_is_told() {
    let (server, ca) = server(vec![reply("GET /version", 200, "<html>welcome</html>")]);
    assert_eq!(api(&server, &ca).version().unwrap_err().code(), "E-API-04");
}

#[test]
fn a_wrong_name_lists_the_right_ones() {
    let leaf = Leaf { ips: vec!["10.0.0.9"], names: vec!["kubernetes"], ..Leaf::default() };
    let TlsFault::NameMismatch { names } = tls_fault(&leaf) else { panic!() };
    assert_eq!(names, ["10.0.0.9", "kubernetes"]);
}

#[test]
fn another_ca_is_named() {
    let (server, _) = server(vec![]);
    let other = ca("other-ca");
    let Err(ApiError::Tls(TlsFault::UnknownIssuer { issuer })) = api(&server, &other).version() else {
        panic!()
    };
    assert!(issuer.contains("CN=test-ca"), "{issuer}");
}

#[test]
fn a_ca_of_the_same_name_with_another_key_is_unknown() {
    let (server, _) = server(vec![]);
    let error = api(&server, &ca("test-ca")).version().unwrap_err();
    assert!(matches!(error, ApiError::Tls(TlsFault::UnknownIssuer { .. })), "{error:?}");
}

#[test]
fn an_expired_and_an_early_certificate_tell_the_time() {
    let fault = tls_fault(&Leaf { life: (-7200, -3600), ..Leaf::default() });
    assert!(matches!(fault, TlsFault::Expired { end } if end < jiff::Timestamp::now()), "{fault:?}");
    let fault = tls_fault(&Leaf { life: (3600, 7200), ..Leaf::default() });
    assert!(matches!(fault, TlsFault::NotYetValid { start } if start > jiff::Timestamp::now()), "{fault:?}");
}

#[test]
fn a_sha1_signature_is_named() {
    let fault = tls_fault(&Leaf { digest: MessageDigest::sha1(), ..Leaf::default() });
    assert!(
        matches!(&fault, TlsFault::WeakSignature { algorithm } if algorithm.to_ascii_lowercase().contains("sha1")),
        "{fault:?}"
    );
}

#[test]
fn a_refused_client_certificate_is_told_in_both_tls_versions() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let (ca, other) = (ca("test-ca"), ca("other-ca"));
        let tls = Tls { required: true, version, ..Tls::asking(signed("api", &ca, &Leaf::default()), &ca) };
        let server = Server::start(tls, vec![tape("GET /version", "version.http")]);
        let me = signed("kubectl", &other, &Leaf::default());
        let me = Credential::new(&me.pem(), &me.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        let with = Api::new(&server.address, &ca.pem(), Some(&me), WAIT).unwrap().version().unwrap_err();
        assert!(matches!(with, ApiError::Tls(TlsFault::ClientRefused { .. })), "{version:?} {with:?}");
        let without = api(&server, &ca).version().unwrap_err();
        assert!(matches!(without, ApiError::Tls(TlsFault::ClientRefused { .. })), "{version:?} {without:?}");
        // The chain and the CAs are seen all the same.
        let seen = probe(&server.address, Some(&ca.pem()), WAIT);
        let refused = matches!(seen.fault, Some(ApiError::Tls(TlsFault::ClientRefused { .. })));
        // In TLS 1.3 a client is done before the server has looked at its certificate.
        assert_eq!(refused, version == SslVersion::TLS1_2, "{:?}", seen.fault);
        let subject = ca.cert.subject_name().to_der().unwrap();
        assert_eq!((seen.clients.takes(&subject), seen.trusted), (Some(true), Some(Ok(()))), "{version:?}");
    }
}

#[test]
fn a_probe_sees_chain_client_cas_and_clock_in_both_tls_versions() {
    for (version, words) in [(SslVersion::TLS1_2, "TLSv1.2"), (SslVersion::TLS1_3, "TLSv1.3")] {
        let (ca, other) = (ca("test-ca"), ca("other-ca"));
        let leaf = Leaf { names: vec!["api.example.org"], ..Leaf::default() };
        let date = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(90)).unwrap();
        let tls = Tls { version, date: Some(date), ..Tls::asking(signed("api", &ca, &leaf), &ca) };
        let server = Server::start(tls, vec![tape("GET /version", "version-anonymous.http")]);
        let seen = probe(&server.address, Some(&ca.pem()), WAIT);
        assert_eq!((seen.fault, seen.tls.as_deref()), (None, Some(words)));
        assert_eq!((seen.chain.len(), seen.chain[0].subject.as_str()), (2, "O=Example, CN=api"));
        assert_eq!(seen.chain[0].names, ["127.0.0.1", "api.example.org"]);
        assert_eq!((seen.trusted, seen.name), (Some(Ok(())), Some(NameCheck::Carried)));
        let ClientCas::Named(named) = &seen.clients else { panic!("{words} {:?}", seen.clients) };
        assert_eq!((named.len(), named[0].subject.as_str()), (1, "O=Example, CN=test-ca"));
        assert_eq!(seen.clients.takes(&other.cert.subject_name().to_der().unwrap()), Some(false));
        let clock = seen.clock.unwrap();
        let off = (clock.offset.as_millis() - 90_000).unsigned_abs();
        assert!(off <= 1_000 + clock.within.as_millis(), "{clock:?}");
        let clock = api(&server, &ca).clock();
        assert_eq!(clock.unwrap_err().code(), "E-API-05");
    }
}

#[test]
fn a_probe_of_a_server_that_asks_nobody_and_is_a_stranger() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let leaf = signed("127.0.0.1", &ca("test-ca"), &Leaf { ips: vec![], ..Leaf::default() });
        let server = Server::start(Tls { version, ..Tls::plain(leaf) }, vec![]);
        let seen = probe(&server.address, Some(&ca("other-ca").pem()), WAIT);
        assert_eq!(seen.clients, ClientCas::NotAsked, "{version:?}");
        assert!(matches!(seen.trusted, Some(Err(TlsFault::UnknownIssuer { .. }))));
        assert_eq!(seen.name, Some(NameCheck::CommonNameOnly));
    }
}

#[test]
fn nothing_secret_is_in_debug_or_errors() {
    let (server, ca) = server(vec![]);
    let me = signed("kubectl", &ca, &Leaf::default());
    let key = String::from_utf8(me.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let canary = key.lines().nth(1).unwrap();
    let me = Credential::new(&me.pem(), key.as_bytes()).unwrap();
    let api = Api::new(&server.address, &ca.pem(), Some(&me), WAIT).unwrap();
    let all = format!("{me:?} {api:?} {:?}", api.version());
    assert!(!all.contains(canary) && !all.contains("PRIVATE"), "{all}");
}
