//! Many workers at once: names for those that have none, a row for each of a range.

use crate::plan::answers::{Answers, WorkerAnswers};
use crate::plan::range;

/// Gives names to those that have none.
pub fn name_them(workers: &mut [WorkerAnswers], taken: &[String]) {
    let mut taken: Vec<String> = taken.to_vec();
    let mut number = 1_usize;
    for worker in workers.iter_mut().filter(|worker| worker.name.is_none()) {
        let name = loop {
            let name = format!("worker{number}");
            number = number.saturating_add(1);
            if !taken.contains(&name) {
                break name;
            }
        };
        taken.push(name.clone());
        worker.name = Some(name);
    }
}

/// One row for each worker: a range in a plan that was opened becomes as many rows.
pub fn expand_ranges(answers: &mut Answers) {
    let rows = std::mem::take(&mut answers.workers);
    for row in rows {
        match expand(&row) {
            Some(many) => answers.workers.extend(many),
            None => answers.workers.push(row),
        }
    }
}

fn expand(row: &WorkerAnswers) -> Option<Vec<WorkerAnswers>> {
    let ranged = |text: &Option<String>| text.as_deref().is_some_and(range::has_range);
    if !ranged(&row.name) && !ranged(&row.address) && !ranged(&row.ssh.host) {
        return None;
    }
    let list =
        |text: &Option<String>| text.as_deref().map_or(Some(Vec::new()), |text| range::expand(text).ok());
    let (names, addresses, hosts) = (list(&row.name)?, list(&row.address)?, list(&row.ssh.host)?);
    let count = names.len().max(addresses.len()).max(hosts.len());
    let fits = |texts: &[String]| texts.is_empty() || texts.len() == count || texts.len() == 1;
    // One login for many workers would reach one machine many times.
    let apart = hosts.is_empty() || hosts.len() == count;
    if !apart || !fits(&names) || !fits(&addresses) || !fits(&hosts) || addresses.len() != count {
        return None;
    }
    let pick = |texts: &[String], at: usize| texts.get(at).or_else(|| texts.first()).cloned();
    Some(
        (0..count)
            .map(|at| {
                let mut one = row.clone();
                one.name = match pick(&names, at) {
                    // As the plan file has it: a plain name with a range of addresses is numbered.
                    Some(name) if names.len() == 1 && count > 1 => {
                        Some(format!("{name}-{}", at.saturating_add(1)))
                    }
                    name => name,
                };
                one.address = pick(&addresses, at);
                one.ssh.host = pick(&hosts, at);
                one
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_missing_are_made_and_taken_ones_left_out() {
        let mut workers = crate::plan::pasted::read("10.0.0.1\n10.0.0.2").unwrap().workers;
        name_them(&mut workers, &["worker1".to_owned()]);
        assert_eq!(workers[0].name.as_deref(), Some("worker2"));
        assert_eq!(workers[1].name.as_deref(), Some("worker3"));
    }
}
