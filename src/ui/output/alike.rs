//! What is the same on many hosts is said once, with the names after it.

use crate::plan::place::Place;
use crate::plan::problem::{Problem, Remedy};

/// So many hosts are named on the line that says who is contacted.
const NAMED: usize = 12;

/// Hosts on one line; of many the first, and how many more.
pub fn contacts(hosts: &[String]) -> String {
    match hosts.get(NAMED..) {
        None | Some([] | [_]) => hosts.join(", "),
        Some(more) => {
            let first = hosts.get(..NAMED).unwrap_or_default().join(", ");
            format!("{first} and {} more", more.len())
        }
    }
}

/// Names on one line.
pub fn names(places: &[(Place, String)]) -> String {
    let all: Vec<String> = places.iter().map(|(place, _)| place.to_string()).collect();
    all.join(", ")
}

/// A problem and the places that have it.
pub struct SharedProblem {
    /// With `HOST` and `NAME` in the place of what differs.
    pub problem: Problem,
    /// Each place and how it is reached.
    pub places: Vec<(Place, String)>,
}

/// Problems by their reason, in the order in which each came first.
#[derive(Default)]
pub struct SharedProblems {
    all: Vec<SharedProblem>,
}

impl SharedProblems {
    /// Takes a problem in; the place that had the same before, if any did.
    pub fn add(&mut self, place: &Place, host: &str, problem: &Problem) -> Option<Place> {
        let problem = reason(problem, place, host);
        let here = (place.clone(), host.to_owned());
        if let Some(one) = self.all.iter_mut().find(|one| one.problem == problem) {
            let first = one.places.first().map(|(place, _)| place.clone());
            if !one.places.iter().any(|(known, _)| known == place) {
                one.places.push(here);
            }
            return first;
        }
        self.all.push(SharedProblem { problem, places: vec![here] });
        None
    }

    /// Those that several places have.
    pub fn shared(&self) -> impl Iterator<Item = &SharedProblem> {
        self.all.iter().filter(|one| one.places.len() > 1)
    }

    /// Whether this problem of a place is one that others have too.
    pub fn is_shared(&self, place: &Place, host: &str, problem: &Problem) -> bool {
        let problem = reason(problem, place, host);
        self.shared().any(|one| one.problem == problem)
    }
}

/// The problem with `HOST` and `NAME` in the place of what is this host's own.
fn reason(problem: &Problem, place: &Place, host: &str) -> Problem {
    let name = place.to_string();
    let plain = |text: &str| general(text, &name, host);
    let prefix = format!("{name}: ");
    let what = problem.what.strip_prefix(&prefix).unwrap_or(&problem.what);
    Problem {
        code: problem.code,
        what: plain(what),
        evidence: problem.evidence.iter().map(|line| plain(line)).collect(),
        ways: problem
            .ways
            .iter()
            .map(|way| match way {
                Remedy::Manual(text) => Remedy::Manual(plain(text)),
                Remedy::Edit { field, text } => Remedy::Edit { field: *field, text: plain(text) },
                Remedy::Replace(text) => Remedy::Replace(plain(text)),
                // Carried out on one host, it is the same for all of them.
                Remedy::Repair { title, .. } => Remedy::Repair { title: plain(title), actions: Vec::new() },
                Remedy::Retry | Remedy::Skip => way.clone(),
            })
            .collect(),
    }
}

fn general(text: &str, name: &str, host: &str) -> String {
    let address = host.rsplit_once('@').map_or(host, |(_, address)| address);
    let bare = if address.starts_with('[') || address.matches(':').count() == 1 {
        address.rsplit_once(':').map_or(address, |(host, _)| host)
    } else {
        address
    };
    let bare = bare.trim_matches(['[', ']']);
    let mut text = text.to_owned();
    for own in [
        format!("{host}:22"),
        host.to_owned(),
        format!("[{bare}]:22"),
        format!("{address}:22"),
        address.to_owned(),
        bare.to_owned(),
    ] {
        text = in_words(&text, &own, "HOST");
    }
    in_words(&text, name, "NAME")
}

/// Replaces what stands alone, not as part of a longer name or address.
fn in_words(text: &str, own: &str, by: &str) -> String {
    if own.is_empty() {
        return text.to_owned();
    }
    let part = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(own) {
        let (before, found) = rest.split_at(at);
        let behind = found.get(own.len()..).unwrap_or_default();
        let begins = !before.chars().next_back().is_some_and(part);
        let mut after = behind.chars();
        let ends = match after.next() {
            // A dot ends a sentence or goes on with a name.
            Some('.') => !after.next().is_some_and(part),
            next => !next.is_some_and(part),
        };
        out.push_str(before);
        out.push_str(if begins && ends { by } else { own });
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::code::ProblemCode;

    fn place(name: &str) -> Place {
        Place::Worker(name.to_owned())
    }

    #[test]
    fn a_reason_that_many_hosts_share_is_one_with_their_names_after_it() {
        let mut all = SharedProblems::default();
        let trouble = |name: &str, host: &str, why: &str| {
            let what = format!("{name}: {host}:22 is not reachable: {why}");
            Problem::new(ProblemCode::Ssh01, what).seen(format!("from {name}")).way(Remedy::Retry)
        };
        for (name, host, why) in [
            ("w1", "10.0.0.1", "no route to it"),
            ("w11", "10.0.0.11", "no route to it"),
            ("w2", "10.0.0.2", "nothing listens on that port"),
            ("w3", "fd00::3", "no route to it"),
        ] {
            let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            all.add(&place(name), &format!("root@{host}"), &trouble(name, &shown, why));
        }
        let shared: Vec<&SharedProblem> = all.shared().collect();
        assert_eq!(shared.len(), 1);
        assert_eq!(names(&shared[0].places), "w1, w11, w3");
        assert_eq!(shared[0].problem.what, "HOST is not reachable: no route to it");
        assert!(!all.is_shared(
            &place("w2"),
            "root@10.0.0.2",
            &trouble("w2", "10.0.0.2", "nothing listens on that port")
        ));
    }

    #[test]
    fn of_many_contacts_the_first_are_named() {
        let hosts: Vec<String> = (1..=200).map(|n| format!("root@10.0.0.{n} (w{n})")).collect();
        let line = contacts(&hosts);
        assert!(line.len() < 500 && line.ends_with(" and 188 more"), "{line}");
        assert_eq!(contacts(&hosts[..3]), hosts[..3].join(", "));
        assert_eq!(contacts(&hosts[..13]), hosts[..13].join(", "), "one more is named, not counted");
    }
}
