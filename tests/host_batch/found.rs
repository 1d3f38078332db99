//! A worker that no plan tells of, with programs that answer as on one: its kube-proxy, and what the API is asked for.

use std::sync::Arc;

use gangplank::plan::fact::FactQuery;
use gangplank::plan::found::NodeIdentity;

use crate::support::{Run, Wrapped, done, local, over, program, with_programs};

#[test]
fn a_kube_proxy_is_read_from_its_unit() {
    let dir = tempfile::tempdir().unwrap();
    let Some(wire) = with_programs(dir.path()) else { return };
    let text = "#!/bin/sh\ncase \"$*\" in *' kube-proxy') ;; *) exit 1 ;; esac\n\
        printf 'LoadState=loaded\\nMainPID=0\\nExecStart={ path=/none/kube-proxy ; argv[]=/none/kube-proxy --config=/p.yaml --v 2 ; }\\n'\n";
    program(dir.path(), "systemctl", text);
    let mut host = over(Arc::new(wire));
    let end = done(&mut host, &Run::new().batch(Vec::new(), vec![FactQuery::ProxyStart]));
    let start = end.facts.proxy_start().yes().copied().cloned().unwrap();
    assert_eq!((start.flag("config"), start.flag("v")), (Some("/p.yaml"), Some("2")));
    assert!(start.absent.is_some_and(|path| path == "/none/kube-proxy"));
    assert!(end.facts.kubelet_start().yes().is_none(), "nobody asked");
}

#[test]
fn the_kubeconfig_of_a_static_kube_proxy_comes_with_its_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let text = "kind: Pod\nmetadata: {name: kube-proxy}\nspec:\n  containers:\n  - name: p\n    \
        command: [kube-proxy, --kubeconfig=/k/c]\n    volumeMounts: [{name: k, mountPath: /k}]\n  volumes: [{name: k, hostPath: {path: /etc/k}}]\n";
    std::fs::write(dir.path().join("p.yaml"), text).unwrap();
    std::fs::write(dir.path().join("q.yaml"), "{").unwrap();
    let folder = dir.path().display().to_string();
    let want = FactQuery::Manifests(folder.clone());
    let end = done(&mut local(), &Run::new().batch(Vec::new(), vec![want]));
    let files = end.facts.manifests(&folder).yes().copied().cloned().unwrap();
    let told: Vec<Option<String>> =
        files.iter().map(|file| file.kubeconfig.as_ref().map(ToString::to_string)).collect();
    assert_eq!(told, [Some("/etc/k/c".to_owned()), None]);
}

/// What is learnt with an openssl that answers every question with its own path, or with nothing.
fn asked(wire: &Arc<Wrapped>, kubeconfig: &str, node: &str) -> NodeIdentity {
    let want = FactQuery::Identity {
        kubeconfig: kubeconfig.to_owned(),
        node: node.to_owned(),
        server: String::new(),
    };
    let end = done(&mut over(wire.clone()), &Run::new().batch(Vec::new(), vec![want]));
    *end.facts.identity(kubeconfig, node, "").yes().copied().cloned().unwrap().unwrap()
}

#[test]
fn a_node_is_asked_for_with_its_lease_and_pods_and_a_kube_proxy_for_a_service() {
    let (dir, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(wire) = with_programs(dir.path()) else { return };
    let wire = Arc::new(wire);
    let answers = "#!/bin/sh\ncase $1 in s_client) read -r _ path _; cat >/dev/null; printf 'HTTP/1.0 200 OK\\r\\n\\r\\n%s' \"$path\" ;; \
        *) exec /usr/bin/openssl \"$@\" ;; esac\n";
    program(dir.path(), "openssl", answers);
    let path = own.path().join("kubeconfig");
    std::fs::write(&path, "clusters:\n- cluster:\n    server: https://127.0.0.1:1\n").unwrap();
    let path = path.display().to_string();
    let identity = asked(&wire, &path, "w1");
    assert_eq!(identity.node.body, "/api/v1/nodes/w1");
    assert!(identity.lease.body.ends_with("/kube-node-lease/leases/w1"), "{:?}", identity.lease);
    assert_eq!(identity.more.status, Some(200));
    assert_eq!(identity.more.body, "/api/v1/pods?limit=60&fieldSelector=spec.nodeName%3Dw1");
    let proxy = asked(&wire, &path, "");
    assert_eq!((proxy.node.status, proxy.lease.status), (None, None));
    assert_eq!(proxy.more.body, "/api/v1/services?limit=1");
    // Who did not answer once is asked for nothing more.
    program(dir.path(), "openssl", "#!/bin/sh\necho connect: refused\n");
    let silent = asked(&wire, &path, "w1");
    assert_eq!((silent.node.status, silent.more.status), (None, None));
    assert_eq!(silent.more.body, "nothing was answered");
}
