//! Looking without touching: every worker is accounted for, and no more hosts are logged in to than `--jobs` says.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use gangplank::engine::World;
use gangplank::engine::world::scripted::LabWorld;
use gangplank::host::{
    Batch, BatchEnd, BatchProgress, Host, HostTrouble, LiveStream, Pipe, Stop, WireCounts,
};
use gangplank::kube::ClusterApi;
use gangplank::plan::model::Login;
use gangplank::plan::place::Place;
use zeroize::Zeroizing;

use super::bench::{ALL, Bench, in_time};

/// How many hosts are connected, how many were at once, how many there were.
#[derive(Default)]
struct Counted {
    now: usize,
    most: usize,
    ever: usize,
}

/// A lab whose connections are counted, and where looking at one worker panics.
struct Gatehouse<'l> {
    lab: &'l LabWorld,
    mined: &'static str,
    /// The first so many wait for each other.
    together: usize,
    counted: Arc<Mutex<Counted>>,
    came: Condvar,
}

impl<'l> Gatehouse<'l> {
    fn of(bench: &'l Bench, mined: &'static str, together: usize) -> Self {
        Self { lab: &bench.world, mined, together, counted: Arc::default(), came: Condvar::new() }
    }

    fn most(&self) -> usize {
        self.counted.lock().unwrap().most
    }
}

struct Guest {
    host: Box<dyn Host>,
    mined: bool,
    counted: Arc<Mutex<Counted>>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.counted.lock().unwrap().now -= 1;
    }
}

impl Host for Guest {
    fn describe(&self) -> String {
        self.host.describe()
    }

    fn run(&mut self, batch: &Batch, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> BatchEnd {
        assert!(!self.mined, "the test wants this panic");
        self.host.run(batch, stop, hear)
    }

    fn stream(&mut self) -> Result<Box<dyn LiveStream>, HostTrouble> {
        self.host.stream()
    }

    fn tcp(&mut self, host: &str, port: u16) -> Result<Box<dyn Pipe>, HostTrouble> {
        self.host.tcp(host, port)
    }

    fn counts(&self) -> WireCounts {
        self.host.counts()
    }

    fn streams(&self) -> usize {
        self.host.streams()
    }
}

impl World for Gatehouse<'_> {
    fn host(&self, place: &Place, login: &Login) -> Result<Box<dyn Host>, HostTrouble> {
        let host = self.lab.host(place, login)?;
        if *place == Place::CaHost {
            return Ok(host);
        }
        let mut counted = self.counted.lock().unwrap();
        counted.now += 1;
        counted.ever += 1;
        counted.most = counted.most.max(counted.now);
        self.came.notify_all();
        let limit = Duration::from_secs(10);
        drop(self.came.wait_timeout_while(counted, limit, |counted| counted.ever < self.together).unwrap());
        let mined = *place == Place::Worker(self.mined.to_owned());
        Ok(Box::new(Guest { host, mined, counted: Arc::clone(&self.counted) }))
    }

    fn local(&self) -> Box<dyn Host> {
        self.lab.local()
    }

    fn cluster(&self) -> &dyn ClusterApi {
        self.lab.cluster()
    }

    fn another_cluster(&self) -> Box<dyn ClusterApi> {
        self.lab.another_cluster()
    }

    fn read(&self, path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
        self.lab.read(path)
    }

    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
        self.lab.write_new(path, bytes, mode)
    }

    fn home(&self) -> String {
        self.lab.home()
    }

    fn now(&self) -> jiff::Timestamp {
        self.lab.now()
    }

    fn wait(&self, time: Duration) {
        self.lab.wait(time);
    }

    fn kubectl(&self, args: &[&str]) -> Option<Result<String, String>> {
        self.lab.kubectl(args)
    }

    fn ca_passphrase(&self, again: bool) -> Option<Zeroizing<String>> {
        self.lab.ca_passphrase(again)
    }
}

#[test]
fn a_worker_whose_look_panics_is_there_with_a_problem() {
    let seen = in_time(|| {
        let bench = Bench::first();
        bench.apply().done();
        bench.preview_over(&Gatehouse::of(&bench, "w2", 0), 8)
    });
    let places: Vec<String> = seen.iter().map(|one| one.place.to_string()).collect();
    assert_eq!(places, ["w1", "w2", "w3", "here", "cluster"]);
    let problems: Vec<_> = seen.iter().filter_map(|one| one.problem.as_ref()).collect();
    assert_eq!(problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["E-BUG-04"]);
    // All else is as the plan says: without that problem there would be nothing to do.
    let found = gangplank::ui::output::preview::found(&seen);
    assert_eq!((found.problems, found.actions), (1, 0));
}

#[test]
fn a_preview_logs_in_to_no_more_hosts_at_once_than_jobs_says() {
    for jobs in [1, 2] {
        let most = in_time(move || {
            let bench = Bench::first();
            let gate = Gatehouse::of(&bench, "", jobs);
            let seen = bench.preview_over(&gate, jobs);
            let places: Vec<String> = seen.iter().map(|one| one.place.to_string()).collect();
            assert!(places.starts_with(&ALL.map(str::to_owned)), "in the plan's order: {places:?}");
            gate.most()
        });
        assert_eq!(most, jobs);
    }
}

/// What `plan` prints can be typed; what is sent for it is shown where somebody asks.
#[test]
fn a_preview_is_in_plain_shell_and_in_functions_where_they_are_asked_for() {
    use gangplank::ui::output::preview::{PlanDetail, functions, text};
    let bench = Bench::first();
    let seen = bench.preview_over(&Gatehouse::of(&bench, "", 8), 8);
    let names: Vec<&str> =
        functions().lines().filter_map(|line| line.split_once("() {")).map(|(name, _)| name).collect();
    let shell = |text: &str| -> Vec<String> {
        let lines =
            text.lines().filter_map(|line| line.strip_prefix("      ")).filter(|line| !line.starts_with('|'));
        lines
            .map(|line| line.trim_start_matches(['$', ' ']).trim_start_matches("undo: ").to_owned())
            .collect()
    };
    let own = |line: &&String| names.contains(&line.split(' ').next().unwrap_or_default());
    let plain = text(&seen, PlanDetail::default());
    let wrong: Vec<String> = shell(&plain).iter().filter(own).cloned().collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    for line in [
        "      $ install -d /etc/kubernetes/ssl -m 0755",
        "      undo: rmdir /etc/kubernetes/ssl",
        "        # noted for undo: node w1",
        "      $ systemctl start kubelet",
        "      undo: systemctl stop kubelet",
    ] {
        assert!(plain.lines().any(|one| one == line), "{line}\n{plain}");
    }
    let sent = text(&seen, PlanDetail { functions: true, ..PlanDetail::default() });
    assert!(shell(&sent).iter().filter(own).count() > 40, "{sent}");
    assert!(sent.contains("      $ make_dir /etc/kubernetes/ssl 0755"), "{sent}");
}
