//! What a look saw, in lines for the screen.

use jiff::Timestamp;

use crate::engine::certificates::DatedCertificate;
use crate::engine::doctor::Examined;
use crate::engine::probe::{ApiSeen, CaSeen, WorkerSeen};
use crate::kube::probe::NameCheck;
use crate::plan::place::Place;
use crate::plan::problem::{Problem, Verdict};
use crate::step::CLOCK_WARN;
use crate::ui::output::certificates;
use crate::ui::wizard::look::{Look, LookStatus};
use crate::ui::wizard::role::Role;

/// Verdicts as lines; the first one that stops is the problem.
fn verdicts(look: &mut Look, list: &[Verdict]) {
    for verdict in list {
        match verdict {
            // What is fine is among the lines already.
            Verdict::Ok { .. } => {}
            Verdict::Warning { about, seen, cure } => {
                look.lines.push((Role::Warn, format!("{about}: {seen}; {cure}")));
                look.mood = doubt(look.mood);
            }
            Verdict::Stops(problem) => stop(look, problem),
        }
    }
}

fn doubt(mood: LookStatus) -> LookStatus {
    if mood == LookStatus::Good { LookStatus::Doubtful } else { mood }
}

fn stop(look: &mut Look, problem: &Problem) {
    look.mood = LookStatus::Bad;
    if look.problem.is_none() {
        look.word = format!("{} {}", problem.code, problem.what);
        look.problem = Some(problem.clone());
    } else {
        look.lines.push((Role::Bad, format!("{} {}", problem.code, problem.what)));
    }
}

fn good(word: &str) -> Look {
    Look { mood: LookStatus::Good, word: word.to_owned(), ..Look::begun() }
}

/// A look that failed.
pub fn failed(problem: &Problem) -> Look {
    let mut look = good("");
    stop(&mut look, problem);
    look
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// The CA.
pub fn ca(seen: &Result<CaSeen, Problem>) -> Look {
    let seen = match seen {
        Ok(seen) => seen,
        Err(problem) => return failed(problem),
    };
    let mut look = good("good");
    if !seen.subject.is_empty() {
        look.lines.push((Role::Ok, format!("{} ({})", seen.subject, seen.kind)));
        let chain = if seen.issuer == seen.subject || seen.issuer.is_empty() {
            "it signed itself: a root".to_owned()
        } else {
            format!("signed by {}", seen.issuer)
        };
        look.lines.push((Role::Text, chain));
    }
    if let (Some(from), Some(until), Some(days)) = (seen.not_before, seen.not_after, seen.days_left) {
        let role = if days < 0 {
            Role::Bad
        } else if days < 60 {
            Role::Warn
        } else {
            Role::Ok
        };
        look.lines.push((role, format!("valid {} to {}, {days} days left", day(from), day(until))));
    }
    if !seen.fingerprint.is_empty() {
        look.lines.push((Role::Dim, format!("SHA-256 {}", seen.fingerprint)));
    }
    if let Some(key) = &seen.key {
        match key.belongs {
            Some(true) => look.lines.push((Role::Ok, "key and certificate belong together".to_owned())),
            Some(false) => look.lines.push((Role::Bad, "the key is of another certificate".to_owned())),
            None if key.encrypted => {
                let words = "the key is encrypted: its passphrase is asked for when it signs".to_owned();
                look.lines.push((Role::Text, words));
            }
            None => {}
        }
        if !key.readers.is_empty() {
            let role = if key.private { Role::Ok } else { Role::Warn };
            look.lines.push((role, format!("{}: {}", key.path, key.readers)));
            if !key.private {
                look.mood = doubt(look.mood);
            }
        }
    }
    verdicts(&mut look, &seen.remarks);
    look
}

/// The API.
pub fn api(seen: &ApiSeen) -> Look {
    let mut look = good("answers");
    if let Some(fault) = &seen.fault {
        look.lines.push((Role::Bad, format!("{}: {fault}", seen.url)));
        look.mood = LookStatus::Doubtful;
        "does not answer".clone_into(&mut look.word);
        let words = "host steps can go on without it; proofs wait until it answers".to_owned();
        look.lines.push((Role::Dim, words));
    } else {
        let tls = seen.tls.clone().unwrap_or_else(|| "TLS".to_owned());
        look.lines.push((Role::Ok, format!("{} answers, {tls}", seen.url)));
    }
    for (number, shown) in seen.chain.iter().enumerate() {
        let sign = if number == 0 { "" } else { "  above it: " };
        look.lines.push((
            Role::Text,
            format!("{sign}{}, until {}", shown.subject, shown.end.map_or_else(|| "no end".to_owned(), day)),
        ));
        if number == 0 && !shown.names.is_empty() {
            look.lines.push((Role::Dim, format!("  for {}", shown.names.join(", "))));
        }
    }
    match &seen.trusted {
        Some(Ok(())) => look.lines.push((Role::Ok, "its certificate is of our CA".to_owned())),
        Some(Err(why)) => {
            look.lines.push((Role::Bad, format!("its certificate does not lead to our CA: {why}")));
            look.mood = LookStatus::Bad;
            "another CA".clone_into(&mut look.word);
        }
        None => {}
    }
    match &seen.name {
        Some(NameCheck::Carried) => {
            look.lines.push((Role::Ok, "the certificate carries this address".to_owned()));
        }
        Some(NameCheck::CommonNameOnly) => {
            let words =
                "it carries the address as common name only, which kubectl since 1.19 does not accept";
            look.lines.push((Role::Warn, words.to_owned()));
            look.mood = doubt(look.mood);
        }
        Some(NameCheck::Missing(names)) => {
            let words = format!("the certificate is for {}, not for this address", names.join(", "));
            look.lines.push((Role::Bad, words));
            look.mood = LookStatus::Bad;
            "another name".clone_into(&mut look.word);
        }
        None => {}
    }
    match seen.takes_our_clients {
        Some(true) => look.lines.push((Role::Ok, "it accepts clients of our CA".to_owned())),
        Some(false) => {
            let words = if seen.client_cas.is_empty() {
                "it asks for no client certificate".to_owned()
            } else {
                format!("it accepts clients of {} only", seen.client_cas.join("; "))
            };
            look.lines.push((Role::Bad, words));
            look.mood = LookStatus::Bad;
        }
        None => {}
    }
    match &seen.version {
        // What follows from it is said with it, by the screen.
        Ok(version) => look.version = Some(version.to_string()),
        Err(why) => {
            look.lines.push((Role::Dim, format!("it does not tell its version to strangers: {why}")));
        }
    }
    if let Some(ahead) = seen.clock_ahead_ms
        && ahead.abs() >= CLOCK_WARN
    {
        look.lines.push((Role::Warn, format!("its clock is {} s off this computer's", ahead / 1000)));
        look.mood = doubt(look.mood);
    }
    verdicts(&mut look, &seen.remarks);
    look
}

/// A worker.
pub fn worker(seen: &WorkerSeen) -> Look {
    let mut look = good("ready");
    if let Some(ms) = seen.login_ms {
        look.word = format!("ready  {ms} ms");
        look.lines.push((Role::Ok, format!("{} answers in {ms} ms", seen.host)));
    }
    if let Some(os) = &seen.os {
        look.lines.push((Role::Text, os.clone()));
    }
    for (runtime, said) in &seen.runtimes {
        let name = runtime.name();
        look.lines.push(match said {
            Ok(version) => (Role::Ok, format!("{name} {version}")),
            Err(why) => (Role::Bad, format!("{name} does not answer: {why}")),
        });
    }
    match &seen.kubelet {
        Some(Some(version)) => {
            look.lines.push((Role::Ok, format!("kubelet {}", version.trim_start_matches("Kubernetes "))));
            look.version = Some(version.clone());
        }
        Some(None) => look.lines.push((Role::Warn, "there is no kubelet yet".to_owned())),
        None => {}
    }
    if let Some(ahead) = seen.clock_ahead_ms {
        let role = if ahead.abs() < CLOCK_WARN { Role::Ok } else { Role::Warn };
        let words = if ahead.abs() < 1_000 {
            "its clock is this computer's".to_owned()
        } else {
            format!("its clock is {}.{} s off this computer's", ahead / 1000, ahead.abs() % 1000 / 100)
        };
        look.lines.push((role, words));
    }
    if let Some(problem) = &seen.problem {
        stop(&mut look, problem);
    }
    for one in &seen.looked {
        verdicts(&mut look, &one.verdicts);
        if let crate::step::StepState::Blocked(problem) = &one.state {
            stop(&mut look, problem);
        }
    }
    for (name, when) in &seen.expired {
        look.lines.push((Role::Warn, format!("the certificate of {name} expired on {}", day(*when))));
        look.mood = doubt(look.mood);
    }
    if let (Some((_, when)), None) = (seen.expired.first(), &look.problem) {
        look.word = format!("expired {}", day(*when));
    }
    if look.mood == LookStatus::Doubtful {
        look.word = look.word.replace("ready", "ready, with warnings");
    }
    look
}

/// Certificates that have fewer days left than this are told as a warning, as `gangplank certs` does unless it is told otherwise.
const FEW_DAYS: i64 = 30;

/// Every certificate in two lines, those that end first at the head.
pub fn days_left(all: &[DatedCertificate]) -> Vec<(Role, String)> {
    let most = certificates::scale(all);
    let lines = all.iter().flat_map(|one| {
        let places: Vec<String> = one.places.iter().map(ToString::to_string).collect();
        let places = places.join(", ");
        let (role, first, second) = match &one.life {
            Ok(life) => (
                match life.days {
                    ..0 => Role::Bad,
                    0..FEW_DAYS => Role::Warn,
                    _ => Role::Text,
                },
                format!(
                    "{:>6} {} {:11} {}",
                    certificates::left(life.days),
                    life.end.strftime("%Y-%m-%d"),
                    certificates::bar(life.days, most, 10),
                    life.subject
                ),
                format!("{:7}{places}: {}", "", one.path),
            ),
            Err(why) => (Role::Warn, format!("not known: {why}"), format!("{:7}{places}: {}", "", one.path)),
        };
        [(role, first), (Role::Dim, second)]
    });
    lines.collect()
}

/// What the doctor says, line by line: codes of causes in the colour of faults, commands in that of code.
pub fn diagnosis(examined: &Result<Vec<Examined>, Problem>) -> Vec<(Role, String)> {
    let text = match examined {
        Ok(all) => crate::ui::output::doctor::text(all),
        Err(problem) => problem.card(&Place::Cluster).join("\n"),
    };
    let role = |line: &str| {
        let line = line.trim_start();
        if line.starts_with("E-") {
            Role::Bad
        } else if line.starts_with("$ ") {
            Role::Code
        } else if line.starts_with("nothing is wrong") {
            Role::Ok
        } else {
            Role::Text
        }
    };
    text.lines().map(|line| (role(line), line.to_owned())).collect()
}
