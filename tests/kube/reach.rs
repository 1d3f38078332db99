//! A log and a command, over a connection that is secured like any other.

use std::time::Duration;

use gangplank::kube::{Api, ApiError, ContainerPlace, Credential};

use crate::support::api_server::{self, Leaf, Server, Tls, reply};

fn place() -> ContainerPlace {
    ContainerPlace {
        namespace: "kube-system".into(),
        pod: "kube-proxy-w1".into(),
        container: "kube-proxy".into(),
    }
}

const LOG: &str = "GET /api/v1/namespaces/kube-system/pods/kube-proxy-w1/log?container=kube-proxy&tailLines=1&limitBytes=4096";
const EXEC: &str = "GET /api/v1/namespaces/kube-system/pods/kube-proxy-w1/exec?command=kube-proxy&command=--version&container=kube-proxy&stdout=1&stderr=1";
const REFUSAL: &str = "Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource(s)=[proxy])";

#[test]
fn a_command_goes_with_our_certificate_and_a_refusal_comes_back_with_its_words() {
    let ca = api_server::ca("ca");
    let server = api_server::signed("kube-apiserver", &ca, &Leaf::default());
    let admin = api_server::signed("admin", &ca, &Leaf { ips: vec![], ..Leaf::default() });
    let replies = vec![reply(LOG, 200, "I1129 it runs\n"), reply(EXEC, 403, REFUSAL)];
    let server = Server::start(Tls::asking(server, &ca), replies);
    let me = Credential::new(&admin.pem(), &admin.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let api = Api::new(&server.address, &ca.pem(), Some(&me), Duration::from_secs(5)).unwrap();
    assert_eq!(api.text(&place().log_path(1)), Ok("I1129 it runs\n".to_owned()));
    let refused = api.exec(&place(), &["kube-proxy", "--version"]);
    assert_eq!(refused, Err(ApiError::Forbidden(REFUSAL.to_owned())));
    assert!(
        server.asked().iter().all(|asked| asked.client.as_deref() == Some("admin")),
        "{:?}",
        server.asked()
    );
}

#[test]
fn a_command_is_not_sent_to_a_server_of_another_ca_or_name() {
    let (ca, other) = (api_server::ca("ca"), api_server::ca("other"));
    let strangers = api_server::signed("kube-apiserver", &other, &Leaf::default());
    let elsewhere =
        api_server::signed("kube-apiserver", &ca, &Leaf { ips: vec!["192.0.2.7"], ..Leaf::default() });
    for pair in [strangers, elsewhere] {
        let server = Server::start(Tls::plain(pair), vec![reply(EXEC, 403, REFUSAL)]);
        let api = Api::new(&server.address, &ca.pem(), None, Duration::from_secs(5)).unwrap();
        assert!(matches!(api.exec(&place(), &["kube-proxy", "--version"]), Err(ApiError::Tls(_))));
        assert!(server.asked().is_empty(), "nothing was asked");
    }
}
