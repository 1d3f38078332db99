//! Every fault of the scripted lab, each on a worker that was well: what is named, whether the repair brings it back with
//! nothing but the named files changed, and that nothing is named on a worker that is well.

use std::collections::BTreeMap;

use gangplank::engine::doctor::Examined;
use gangplank::lab::LabFile;

use super::bench::Bench;
use super::scripted::{By, SCRIPTED, own};
use super::totals::Totals;

fn codes(examined: &Examined) -> Vec<String> {
    match &examined.found {
        Ok(found) => found.causes.iter().map(|cause| cause.problem.code.to_string()).collect(),
        Err(problem) => vec![problem.code.to_string()],
    }
}

fn files(bench: &Bench, worker: &str) -> BTreeMap<String, LabFile> {
    let all = |machine: &mut gangplank::lab::LabMachine| {
        let mut files = machine.files.clone();
        files.retain(|path, _| !path.starts_with(&machine.state));
        files
    };
    bench.lab().machine(worker, all).unwrap()
}

fn others(before: &BTreeMap<String, LabFile>, after: &BTreeMap<String, LabFile>) -> Vec<String> {
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

#[test]
fn every_fault_of_the_lab_is_named_first_and_its_repair_changes_the_named_files_alone() {
    let (mut totals, mut wrong) = (Totals::default(), Vec::new());
    for row in SCRIPTED {
        let (_lab, bench, worker) = row.aboard();
        let look = || bench.examine(&[&worker]).remove(0);
        totals.well(&codes(&look()));
        let before = files(&bench, &worker);
        (row.made)(&bench, &worker);
        let seen = look();
        let named = codes(&seen);
        totals.cause(row.first, &named);
        let first = !seen.healthy() && named.first().is_some_and(|code| code == row.first);
        let said = match row.by {
            By::Repair => {
                let ran = bench.mend(&worker);
                let changed = others(&before, &files(&bench, &worker));
                let after = look();
                let good = ran.code == 0 && after.healthy() && changed == row.files;
                totals.repair(good);
                if ran.code == 0 {
                    totals.well(&codes(&after));
                }
                if !good {
                    wrong.push(format!(
                        "{}: {} {changed:?} {:#?}\n{}",
                        row.name,
                        ran.code,
                        after.found,
                        ran.trouble()
                    ));
                }
                own(&ran, &worker).join("; ")
            }
            By::Hand => {
                bench.lab().mend(&worker);
                bench.lab().machine(&worker, |machine| machine.files.extend(before.clone()));
                bench.lab().machine(&worker, |machine| {
                    machine
                        .files
                        .retain(|path, _| before.contains_key(path) || path.starts_with(&machine.state));
                });
                bench.lab().turn_kubelet(&worker, true);
                bench.lab().advance(std::time::Duration::from_secs(60));
                totals.well(&codes(&look()));
                "by hand".to_owned()
            }
        };
        println!("{:65} {:?}, {:?}: {}; {said}", row.name, row.of, row.why, named.join(" "));
        if !first {
            wrong.push(format!("{}: wanted {}, named {named:?}", row.name, row.first));
        }
    }
    println!("{totals}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    totals.hold();
}
