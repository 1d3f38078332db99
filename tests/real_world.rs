//! The real world over a real sshd on loopback: connections are kept, shared, and made anew when they have ended.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod sshd;

use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank::engine::{RealWorld, World};
use gangplank::host::{Batch, BatchEnd, Host, NewKeys, Stop, TrustPolicy};
use gangplank::plan::action::Action;
use gangplank::plan::fact::FactQuery;
use gangplank::plan::model::ApiAddress;
use gangplank::plan::place::Place;
use sshd::{LIMIT, Sshd};

fn api(host: &str) -> ApiAddress {
    ApiAddress { host: host.to_owned(), port: 443 }
}

fn world(sshd: &Sshd) -> RealWorld {
    let policy = TrustPolicy { new: NewKeys::Accept, ..TrustPolicy::default() };
    sshd.world(policy, &api("one.example.com"), sshd.at("kept"))
}

fn connect(world: &dyn World, sshd: &Sshd) -> Box<dyn Host> {
    world.host(&Place::Worker("w1".to_owned()), &sshd.login()).unwrap()
}

fn ask(host: &mut dyn Host) -> BatchEnd {
    let batch = Batch { queries: vec![FactQuery::Folder("/".to_owned())], ..Batch::default() };
    host.run(&batch, &Stop::default(), &mut |_| {})
}

#[test]
fn a_world_for_another_api_shares_the_connections() {
    let Some(sshd) = Sshd::start("") else { return };
    let one: Arc<dyn World> = Arc::new(world(&sshd));
    assert!(ask(connect(&*one, &sshd).as_mut()).complete);
    let first = world(&sshd);
    let mut host = connect(&first, &sshd);
    assert!(ask(host.as_mut()).complete);
    let second = first.for_api(&api("two.example.com"));
    let mut again = connect(&second, &sshd);
    assert!(ask(again.as_mut()).complete);
    assert_eq!((again.counts().connections, again.counts().execs), (1, 2));
    assert_eq!(
        (first.cluster().url().as_str(), second.cluster().url().as_str()),
        ("https://one.example.com", "https://two.example.com")
    );
}

#[test]
fn a_connection_that_has_ended_is_made_anew_by_whoever_comes_next() {
    let Some(sshd) = Sshd::start("") else { return };
    let world = world(&sshd);
    let mut host = connect(&world, &sshd);
    assert!(ask(host.as_mut()).complete);
    // The shell's parent is the sshd process of this connection.
    let kill = Action::Script {
        title: "end the connection".to_owned(),
        text: "kill -9 $PPID".to_owned(),
        secrets: Vec::new(),
    };
    let end = host.run(&Batch { actions: vec![kill], ..Batch::default() }, &Stop::default(), &mut |_| {});
    assert!(end.trouble.is_some() && !end.complete);
    assert!(ask(host.as_mut()).trouble.is_some(), "the old one stays ended");
    let deadline = Instant::now() + LIMIT;
    loop {
        let mut again = connect(&world, &sshd);
        if ask(again.as_mut()).complete {
            assert_eq!((again.counts().connections, again.counts().execs), (1, 1));
            return;
        }
        assert!(Instant::now() < deadline, "it is never made anew");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
