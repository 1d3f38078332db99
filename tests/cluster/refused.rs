//! What is refused before anything is changed: plans with mistakes, logins, host keys.

use super::Scenario;
use super::lab::{Lab, only};
use super::program::Home;

pub const ALL: &[Scenario] = &[
    ("a_plan_that_cannot_be_read_ends_with_2", unreadable),
    ("a_plan_with_mistakes_names_them_all", mistakes),
    ("a_wrong_or_missing_sudo_password_is_named", sudo),
    ("a_changed_host_key_is_refused_with_both_fingerprints", host_key),
    ("an_unreachable_host_does_not_stop_the_others", unreachable),
];

fn unreadable(_: &Lab) {
    let home = Home::new();
    let run = home.run_text("apply", "cluster: [");
    assert_eq!(run.code, 2, "{}", run.story());
    let gone = home.run_text("plan", "");
    assert_eq!(gone.code, 2, "{}", gone.story());
    std::fs::remove_file(home.path("plan.yaml")).expect("it is there");
    assert!(!home.path("state").exists(), "a session was made for a bad plan");
}

fn mistakes(lab: &Lab) {
    let mut plan = lab.plan("LAB_PLAN");
    plan["cluster"]["dns"] = "10.9.0.2".into();
    plan["cluster"]["colour"] = "red".into();
    plan["workers"][0]["address"] = "not-an-address".into();
    plan["workers"][1]["name"] = "w3".into();
    let run = Home::new().run("apply", &plan, &[]);
    assert_eq!(run.code, 2, "{}", run.story());
    for word in ["dns", "colour", "not-an-address", "w3"] {
        assert!(run.said.contains(word), "nothing about {word}\n{}", run.said);
    }
    assert!(run.said.lines().filter(|line| line.contains("plan.yaml:")).count() >= 4, "{}", run.said);
}

fn sudo(lab: &Lab) {
    lab.reset(&["w2"]);
    let before = lab.snapshot("w2");
    let plan = lab.small_plan(&["w2"]);
    let none = Home::new().run("apply", &plan, &["--json"]);
    none.refused(1, "w2", "E-SUDO-02", &["password"]);
    let wrong = Home::new().secret("sudo:w2", "not-the-password").run("apply", &plan, &["--json"]);
    wrong.refused(1, "w2", "E-SUDO-03", &["password"]);
    assert!(!wrong.said.contains("not-the-password"), "the password was printed");
    assert_eq!(lab.snapshot("w2"), before);
}

fn host_key(lab: &Lab) {
    let mut plan = lab.small_plan(&["w1"]);
    plan["workers"][0]["ssh"].as_mapping_mut().expect("a mapping").remove("host_key");
    let home = Home::new().without_ssh();
    // The key of another host of the lab stands for the one the worker had before.
    let known = std::fs::read_to_string(lab.get("LAB_KNOWN_HOSTS")).expect("the lab wrote it");
    let other = known.lines().find_map(|line| line.strip_prefix(lab.get("LAB_W2_IP"))).expect("w2 is known");
    std::fs::create_dir_all(home.path("home/.ssh")).expect("it can be made");
    let file = home.path("home/.ssh/known_hosts");
    let text = format!("{}{other}\n", lab.get("LAB_W1_IP"));
    std::fs::write(&file, &text).expect("it can be written");
    let run = home.run("apply", &plan, &["--json", "--trust-new"]);
    run.refused(1, "w1", "E-SSH-06", &[lab.get("LAB_W1_HOST_KEY"), lab.get("LAB_W2_HOST_KEY")]);
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text, "known_hosts was changed");
    std::fs::remove_file(&file).expect("it is there");
    home.run("apply", &plan, &["--json"]).refused(1, "w1", "E-SSH-05", &[lab.get("LAB_W1_HOST_KEY")]);
}

fn unreachable(lab: &Lab) {
    lab.reset(&["w1", "w3"]);
    let mut plan = lab.plan("LAB_PLAN_CA_HERE");
    only(&mut plan, &["w1", "w3"]);
    plan["dns"]["deploy"] = "none".into();
    plan["workers"][0]["address"] = "10.77.0.99".into();
    let run = Home::new().run("apply", &plan, &["--json"]);
    run.refused(1, "w1", "E-SSH-01", &["10.77.0.99"]);
    assert_eq!(run.problems().len(), 1, "{}", run.story());
    assert_eq!(run.places().get("w3").map(String::as_str), Some("changed"), "{}", run.story());
    assert_eq!(lab.nodes().get("w3"), Some(&true));
}
