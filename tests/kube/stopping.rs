//! Who stops waits for no answer of the API, and what has begun as a list may take longer than another answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gangplank::kube::{Api, ApiError, ClusterApi, LiveCluster};
use gangplank::plan::model::ApiAddress;
use openssl::ssl::{SslAcceptor, SslMethod};
use serde_json::json;

use crate::support::api_server::{Leaf, Pair, ca, signed};

/// A server of this CA that gives one piece of its answer each tick; it tells when it was asked.
fn slow(pair: &Pair, pieces: Vec<&'static str>, tick: Duration) -> (ApiAddress, Receiver<()>) {
    let leaf = signed("api", pair, &Leaf::default());
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&leaf.key).unwrap();
    acceptor.set_certificate(&leaf.cert).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, asked) = channel();
    // Nobody ever rings it: a piece each tick.
    let (bell, ticks) = channel::<()>();
    let ticks = Arc::new(Mutex::new(ticks));
    std::thread::spawn(move || {
        let _bell = bell;
        for socket in listener.incoming().flatten() {
            let (acceptor, tell, pieces) = (acceptor.clone(), tell.clone(), pieces.clone());
            let ticks = Arc::clone(&ticks);
            std::thread::spawn(move || {
                let Ok(mut stream) = acceptor.accept(socket) else { return };
                let _ = stream.read(&mut [0; 4096]);
                let _ = tell.send(());
                for piece in pieces {
                    if stream.write_all(piece.as_bytes()).is_err() {
                        return;
                    }
                    let _ = ticks.lock().unwrap().recv_timeout(tick);
                }
                // Until the client goes away.
                let _ = stream.read(&mut [0]);
            });
        }
    });
    (ApiAddress { host: "127.0.0.1".into(), port }, asked)
}

const LIST: [&str; 4] = [
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 40\r\n\r\n{\"metadata\":{},",
    "\"items\":[",
    "              ",
    "]}",
];

#[test]
fn a_list_that_has_begun_may_take_longer_than_an_answer() {
    let pair = ca("test-ca");
    let (wait, tick) = (Duration::from_secs(2), Duration::from_millis(800));
    let (address, _asked) = slow(&pair, LIST.to_vec(), tick);
    let api = Api::new(&address, &pair.pem(), None, wait).unwrap();
    let error = api.nodes().unwrap_err();
    assert!(matches!(&error, ApiError::Timeout(why) if why.contains("2 s")), "{error}");
    let api = api.with_lists(Duration::from_secs(30));
    assert_eq!(api.nodes().unwrap().0, []);
    assert_eq!(api.get_list("/api/v1/services").unwrap(), json!({"metadata": {}, "items": []}));
}

#[test]
fn a_list_that_does_not_begin_is_waited_for_as_any_answer() {
    let pair = ca("test-ca");
    let (address, _asked) = slow(&pair, Vec::new(), Duration::ZERO);
    let api = Api::new(&address, &pair.pem(), None, Duration::from_secs(1)).unwrap();
    let begun = Instant::now();
    let error = api.with_lists(Duration::from_secs(600)).nodes().unwrap_err();
    assert!(matches!(error, ApiError::Timeout(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn who_stops_waits_for_no_answer_and_asks_nothing_more() {
    let pair = ca("test-ca");
    let (address, asked) = slow(&pair, Vec::new(), Duration::ZERO);
    let level = Arc::new(AtomicU8::new(0));
    let seen = Arc::clone(&level);
    let cluster = LiveCluster::new(&address).with_stop(Arc::new(move || seen.load(Ordering::SeqCst)));
    let person = std::thread::spawn(move || {
        asked.recv().unwrap();
        level.store(1, Ordering::SeqCst);
        (Instant::now(), asked)
    });
    assert_eq!(cluster.login(&pair.pem(), None), Err(ApiError::Stopped));
    let (pressed, asked) = person.join().unwrap();
    let after = pressed.elapsed();
    assert!(after < Duration::from_secs(1), "{after:?}");
    assert_eq!(cluster.nodes(), Err(ApiError::Stopped));
    assert_eq!(cluster.pods("a=b"), Err(ApiError::Stopped));
    assert_eq!(cluster.get("/api/v1/services"), Err(ApiError::Stopped));
    assert_eq!(cluster.version(), Err(ApiError::Stopped));
    assert_eq!(cluster.look(&pair.pem(), b"").fault, Some(ApiError::Stopped));
    let object = json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system"}});
    assert_eq!(cluster.apply(&object), Err(ApiError::Stopped));
    assert!(asked.try_recv().is_err(), "something was asked after that");
}
