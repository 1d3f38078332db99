//! The wizard at a terminal, by key presses alone.

use portable_pty::CommandBuilder;

use super::Scenario;
use super::lab::{Lab, only};
use super::program::Home;
use super::screen::Screen;

pub const ALL: &[Scenario] =
    &[("a_worker_comes_aboard_by_key_presses_and_its_containers_show_live", by_key_presses)];

/// The wizard as a newcomer has it: nothing is kept here, and ssh has a key.
fn newcomer(home: &Home, lab: &Lab) -> CommandBuilder {
    let ssh = home.path("home/.ssh");
    std::fs::create_dir_all(&ssh).expect("it can be made");
    std::fs::copy(lab.get("LAB_SSH_KEY"), ssh.join("id_ed25519")).expect("it can be copied");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_gangplank"));
    command.arg("--state");
    command.arg(home.path("state"));
    command.env_clear();
    // No ssh is found there: that program reads the files of whoever runs the tests.
    for (name, value) in
        [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/nowhere")]
    {
        command.env(name, value);
    }
    command.env("HOME", home.path("home"));
    command.cwd(home.path("home"));
    command
}

/// A worker in no plan, whose kubelet was stopped, comes back by its login alone.
pub fn typed_and_repaired(lab: &Lab, address: &str) {
    let home = Home::new();
    let mut screen = Screen::start(newcomer(&home, lab), 80, 24);
    screen.shows("Re-onboard a worker");
    screen.press("2");
    screen.shows("no plan is needed");
    screen.press(&format!("root@{address}"));
    screen.shows(&format!("root@{address}"));
    screen.press("\r");
    screen.shows("A new host key");
    screen.press("\x1b[A");
    screen.until("the mark on this once", 10, |text| {
        text.lines().any(|line| line.contains('▶') && line.contains("Only this once"))
    });
    screen.press("\r");
    screen.shows("E-KUBELET-14");
    screen.press("\r");
    screen.shows("1 systemctl start kubelet");
    screen.press("a");
    screen.shows("REPAIRED");
    screen.press("c");
    screen.until("what was wrong and how it is now", 60, |text| {
        text.contains("is repaired: the API has heard") && text.contains("nothing is wrong with")
    });
    screen.press("\x03");
    screen.shows("Stay");
    screen.press("\x1b[B\r");
    assert_eq!(screen.code(), 0);
}

fn by_key_presses(lab: &Lab) {
    lab.reset(&["w1"]);
    lab.forget_dns();
    let home = Home::new();
    let mut plan = lab.plan("LAB_PLAN");
    only(&mut plan, &["w1"]);
    let file = home.plan_file(&plan);
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_gangplank"));
    command.arg("open");
    command.arg(&file);
    command.arg("--state");
    command.arg(home.path("state"));
    command.env_clear();
    for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC")] {
        command.env(name, value);
    }
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", home.path("home"));
    command.cwd(home.path("home"));
    let mut screen = Screen::start(command, 120, 36);

    let ca = screen.shows("key and certificate belong together");
    assert!(ca.contains("PLAN ONLY: nothing has been changed yet"), "{ca}");
    screen.press("c");
    screen.shows("it accepts clients of our CA");
    screen.press("c");
    screen.shows("docker 2");
    screen.press("c");
    screen.shows("w1 kubelet");
    screen.press("c");
    screen.shows("How does kubectl");
    screen.press("c");
    screen.shows("Which DNS answers");
    screen.press("c");
    let review =
        screen.until("the review", 90, |text| text.contains("7 Review:") && text.contains("Kubeconfigs"));
    assert!(review.contains("cannot be revoked") && review.contains("PLAN ONLY"), "{review}");
    assert!(!lab.nodes().contains_key("w1"), "nothing is done before Apply");
    screen.press("a");
    screen.shows("Apply?");
    screen.press("\r");
    screen.shows("APPLYING");
    // The panel below tells of the container while the run goes on.
    let live = screen.until("kube-proxy in the live panel", 180, |text| {
        text.lines().any(|line| line.contains("w1") && line.contains("● up") && line.contains("kube-proxy"))
    });
    assert!(live.contains("8 Run"), "{live}");
    screen.until("everything aboard", 300, |text| text.contains("every worker has joined"));
    let done = screen.until("the node in the live panel", 60, |text| {
        text.lines().any(|line| line.contains("w1") && line.contains("● up") && line.contains("Ready"))
    });
    assert!(done.contains("APPLIED"), "{done}");
    assert_eq!(lab.nodes().get("w1"), Some(&true));
    let containers = lab.containers("w1");
    assert!(containers.iter().any(|one| one.starts_with("k8s_kube-proxy_kube-proxy")), "{containers:?}");
    screen.press("c");
    screen.shows("Every worker has joined.");
    screen.press("\x03");
    screen.shows("Save and quit");
    screen.press("\x1b[B\r");
    assert_eq!(screen.code(), 0);
}
