//! Runs that are cut short, by a person, by a crash, by an API that goes away: the next run reaches the end.

use std::time::Instant;

use rustix::process::Signal;

use super::Scenario;
use super::lab::{Lab, until};
use super::program::Home;

pub const ALL: &[Scenario] = &[
    ("ctrl_c_stops_after_the_current_action", once),
    ("ctrl_c_twice_stops_at_once", twice),
    ("a_killed_program_says_next_time_what_was_open", killed),
    ("a_second_program_on_the_same_cluster_is_refused", locked),
    ("an_api_that_goes_away_is_waited_for", api_away),
    ("an_api_that_is_down_stops_no_host_step", api_down),
];

/// Nothing of a run is left on a worker.
fn nobody_works(lab: &Lab) {
    until("the worker's script ends", 30, || {
        let (found, _) = lab.try_on("w1", "pgrep -f 'head -c [0-9]+; exec 3|docker load|load_image'", b"");
        !found
    });
}

fn goes_on(lab: &Lab, home: &Home) {
    home.aboard(&lab.small_plan(&["w1"]));
    assert_eq!(lab.nodes().get("w1"), Some(&true));
}

fn once(lab: &Lab) {
    lab.reset(&["w1"]);
    let home = Home::new();
    let mut running = home.start("apply", &lab.small_plan(&["w1"]), &["--json"]);
    running.wait_for_action("w1", "images");
    running.signal(Signal::INT);
    let run = running.finish();
    assert_eq!(run.code, 3, "{}", run.story());
    assert!(run.said.contains("stopping after the current action"), "{}", run.story());
    assert_eq!(run.places().get("w1").map(String::as_str), Some("stopped"));
    let ended: Vec<_> =
        run.events.iter().filter(|event| event["kind"] == "action-ended" && event["place"] == "w1").collect();
    assert_eq!(ended.len(), run.actions("w1").len(), "an action was cut: {}", run.story());
    assert!(run.actions("w1").len() < 3, "it went on: {:?}", run.actions("w1"));
    nobody_works(lab);
    goes_on(lab, &home);
}

fn twice(lab: &Lab) {
    lab.reset(&["w1"]);
    let home = Home::new();
    let mut running = home.start("apply", &lab.small_plan(&["w1"]), &["--json"]);
    running.wait_for_action("w1", "images");
    let pressed = Instant::now();
    running.signal(Signal::INT);
    // Two of the same signal that come close together are one for the kernel.
    running.signal(Signal::TERM);
    let run = running.finish();
    assert!(pressed.elapsed().as_secs() < 10, "it took {:?}", pressed.elapsed());
    assert_eq!(run.code, 3, "{}", run.story());
    assert!(run.said.contains("stopping at once"), "{}", run.story());
    nobody_works(lab);
    goes_on(lab, &home);
}

fn killed(lab: &Lab) {
    lab.reset(&["w1"]);
    let home = Home::new();
    let plan = lab.small_plan(&["w1"]);
    let mut running = home.start("apply", &plan, &["--json"]);
    running.wait_for_action("w1", "images");
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code, -1);
    nobody_works(lab);
    let run = home.run("apply", &plan, &[]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(run.said.contains("the last run ended in the middle of this"), "{}", run.said);
    assert!(run.said.contains("w1: load "), "{}", run.said);
    assert_eq!(lab.nodes().get("w1"), Some(&true));
    let again = home.run("apply", &plan, &[]);
    assert!(!again.said.contains("in the middle"), "{}", again.said);
}

fn locked(lab: &Lab) {
    lab.reset(&["w1"]);
    let home = Home::new();
    let plan = lab.small_plan(&["w1"]);
    let mut running = home.start("apply", &plan, &["--json"]);
    running.wait_for_action("w1", "images");
    let second = home.run("apply", &plan, &["--json"]);
    assert_eq!(second.code, 1, "{}", second.story());
    assert!(second.said.contains("E-SESSION-02"), "{}", second.said);
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.story());
}

fn api_away(lab: &Lab) {
    lab.reset(&["w1"]);
    let home = Home::new();
    let mut running = home.start("apply", &lab.small_plan(&["w1"]), &["--json"]);
    running.wait_for_end("here", "kubectl");
    running.wait_for_action("w1", "images");
    lab.api(&["stop"]);
    running.wait_for_end("w1", "start");
    running.wait_for_end("w1", "containers");
    lab.api(&["start"]);
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.story());
    assert_eq!(lab.nodes().get("w1"), Some(&true));
}

fn api_down(lab: &Lab) {
    lab.reset(&["w1"]);
    lab.api(&["stop"]);
    let home = Home::new();
    let mut running = home.start("apply", &lab.small_plan(&["w1"]), &["--json"]);
    running.wait_for_end("w1", "containers");
    lab.api(&["start"]);
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.story());
    assert!(run.said.contains("host steps go on, proofs wait"), "{}", run.story());
    assert_eq!(lab.nodes().get("w1"), Some(&true));
}
