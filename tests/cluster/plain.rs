//! The wizard as numbered lines, its answers on a pipe.

use super::Scenario;
use super::lab::Lab;
use super::program::Home;

pub const ALL: &[Scenario] =
    &[("a_worker_comes_aboard_by_the_numbered_lines_of_the_wizard", by_numbered_lines)];

fn by_numbered_lines(lab: &Lab) {
    lab.reset(&["w1"]);
    let home = Home::new();
    let plan = lab.small_plan(&["w1"]);
    // From the CA to the review every screen is as the plan says.
    let lines = ["1", "1", "1", "1", "1", "1", "a", "yes", "1"];
    let run = home.answering("open", &plan, &["--plain"], &lines);
    assert_eq!(run.code, 0, "{}", run.said);
    for words in
        ["1 of 8 Certificate CA", "7 of 8 Review", "w1: Node Ready: proven", "Every worker has joined."]
    {
        assert!(run.said.contains(words), "{words} is not said\n{}", run.said);
    }
    // A command is not cut in two.
    let is_command = |line: &str| gangplank::ui::wizard::manual::command_in(line.trim()) == Some(line.trim());
    let wide = run.said.lines().find(|line| line.chars().count() > 80 && !is_command(line));
    assert_eq!(wide, None);
    assert_eq!(lab.nodes().get("w1"), Some(&true), "{}", run.said);
}
