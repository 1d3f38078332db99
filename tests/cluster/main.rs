//! The program against the real cluster of `tests/lab`. One lab, so the scenarios run one after another, in
//! the order of the list; each makes the hosts it needs blank again. Without a lab (`GANGPLANK_LAB_PLAN` is
//! the path that `tests/lab/up` prints) every scenario is counted as ignored.
//!
//! `cargo test --test cluster -- WORDS` runs the scenarios whose names contain one of the words; those of
//! `ONLY_BY_NAME` run in no other way.

mod aboard;
mod alive;
mod broken;
mod cause_rows;
mod causes;
mod current;
mod current_kubelet;
mod drained;
mod found;
mod from_api;
mod lab;
mod layouts;
mod made_certificate;
mod plain;
mod program;
mod programs;
mod refused;
mod screen;
mod signing;
mod stopped;
#[path = "../support/totals.rs"]
mod totals;
mod well;
mod wizard;

use std::process::ExitCode;
use std::time::Instant;

use lab::Lab;

/// A scenario: its name says the behaviour.
type Scenario = (&'static str, fn(&Lab));

/// Long ones that say little beyond what others of each run say: they run when a word names them.
const ONLY_BY_NAME: [&str; 7] = [
    "a_worker_aboard_is_proven_alive_or_the_fault_is_named",
    "a_kubelet_program_that_does_not_come_up_gives_way_to_the_one_before",
    "a_right_that_the_api_server_lacks_is_named_and_given_by_the_repair",
    "a_worker_that_the_api_lost_is_named_and_not_waited_for",
    "a_repair_killed_after_every_third_action_is_finished_by_the_next",
    "pods_leave_a_worker_before_it_is_removed_as_their_budgets_allow",
    "pods_of_a_machine_that_is_off_are_released_and_the_mark_goes_when_it_is_back",
];

/// Those of the lab that is up; without one, all.
fn scenarios(lab: Option<&Lab>) -> Vec<Scenario> {
    let old = [
        aboard::ALL,
        alive::ALL,
        signing::ALL,
        refused::ALL,
        broken::ALL,
        stopped::ALL,
        wizard::ALL,
        plain::ALL,
        causes::ALL,
        well::ALL,
    ]
    .concat();
    match lab.map(Lab::is_current) {
        Some(true) => [
            current::ALL,
            current_kubelet::ALL,
            from_api::ALL,
            programs::ALL,
            found::ALL,
            drained::ALL,
            causes::ALL,
            well::ALL,
        ]
        .concat(),
        Some(false) => old,
        None => {
            [&old, current::ALL, current_kubelet::ALL, from_api::ALL, programs::ALL, found::ALL, drained::ALL]
                .concat()
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "terse").collect();
    // Test runners ask for `--list --format terse`, which is the only format there is.
    let words: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let exact = arguments.iter().any(|word| word == "--exact");
    let lab = Lab::from_environment();
    let all = scenarios(lab.as_ref());
    let wanted: Vec<&Scenario> = all
        .iter()
        .filter(|(name, _)| {
            words.is_empty() && !ONLY_BY_NAME.contains(name)
                || words.iter().any(|word| if exact { name == word } else { name.contains(word.as_str()) })
        })
        .collect();
    if arguments.iter().any(|word| word == "--list") {
        // Test runners ask twice: for all, and for those that are left out.
        if lab.is_none() || !arguments.iter().any(|word| word == "--ignored") {
            for (name, _) in &wanted {
                println!("{name}: test");
            }
        }
        return ExitCode::SUCCESS;
    }
    let left_out = all.len() - wanted.len();
    println!("\nrunning {} tests", wanted.len());
    let Some(lab) = lab else {
        for (name, _) in &wanted {
            println!("test {name} ... ignored, no lab: GANGPLANK_LAB_PLAN is not set");
        }
        println!(
            "\ntest result: ok. 0 passed; 0 failed; {} ignored; 0 measured; {left_out} filtered out\n",
            wanted.len()
        );
        return ExitCode::SUCCESS;
    };
    let _only_one = lab.lock();
    let began = Instant::now();
    let mut failed = Vec::new();
    for (name, scenario) in &wanted {
        let start = Instant::now();
        let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scenario(&lab))).is_ok();
        if !good {
            failed.push(*name);
        }
        let word = if good { "ok" } else { "FAILED" };
        println!("test {name} ... {word} ({:.1} s)", start.elapsed().as_secs_f64());
        lab.mend();
    }
    aboard::clear();
    current::clear();
    if !failed.is_empty() {
        println!("\nfailures:");
        for name in &failed {
            println!("    {name}");
        }
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {:.2}s\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        wanted.len() - failed.len(),
        failed.len(),
        began.elapsed().as_secs_f64()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(101) }
}
