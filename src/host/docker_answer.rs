//! Turns what docker printed, complained and how it ended into facts. A warning is no answer and hides none.

use super::answer_lines::{AnswerLines, all, free_mib};
use crate::plan::fact::{Fact, Known};
use crate::plan::runtime_fact::DockerFact;
use crate::plan::{clean, redact};

/// How `timeout` says that it ended something.
const TIMED_OUT: i32 = 124;
/// What is said of a docker that let the time pass.
pub const FROZEN: &str = "docker did not answer within 10 s";

/// What a program of docker said: its lines, what it complained of, and its end.
#[derive(Default)]
pub struct Said<'a> {
    pub rows: Vec<&'a str>,
    complaints: Vec<&'a str>,
    status: Option<i32>,
}

impl<'a> Said<'a> {
    pub fn read(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut said = Self::default();
        for line in lines {
            said.line(line);
        }
        said
    }

    pub fn line(&mut self, line: &'a str) {
        if let Some(complaint) = line.strip_prefix("! ") {
            self.complaints.push(complaint);
        } else if let Some(status) = line.strip_prefix("= ").and_then(|word| word.trim().parse().ok()) {
            self.status = Some(status);
        } else if !line.trim().is_empty() {
            self.rows.push(line);
        }
    }

    pub fn frozen(&self) -> bool {
        self.status == Some(TIMED_OUT)
    }

    /// Whether it ended with anything but well.
    pub fn failed(&self) -> bool {
        self.status != Some(0)
    }

    /// The last thing it complained of.
    pub fn complaint(&self) -> Option<&'a str> {
        self.complaints.last().copied()
    }

    /// Why it failed; `None` = it ended well, whatever it warned of.
    pub fn failure(&self) -> Option<String> {
        match self.status {
            Some(0) => return None,
            Some(TIMED_OUT) => return Some(FROZEN.to_owned()),
            Some(_) | None => {}
        }
        let warns = |line: &&&str| {
            let line = line.to_lowercase();
            line.trim_start().starts_with("warning") || line.contains("level=warning")
        };
        let complaint = || self.complaints.iter().chain(&self.rows).filter(|line| !warns(line));
        let named = complaint().find(|line| {
            let lower = line.to_lowercase();
            lower.contains("error") || lower.contains("cannot connect") || lower.contains("not found")
        });
        let missing =
            |line: &&&str| line.contains("failed to run command") || line.contains("docker: not found");
        if complaint().any(|line| missing(&line)) {
            return Some("docker is not installed".to_owned());
        }
        let told = named.or_else(|| self.complaints.iter().rfind(|line| !warns(line)));
        match (told, self.status) {
            (Some(line), _) => Some(redact::said(line)),
            (None, Some(status)) => Some(format!("docker ended with status {status}")),
            (None, None) => None,
        }
    }
}

pub(super) fn docker(lines: &AnswerLines) -> DockerFact {
    let said = Said::read(all(lines, "info"));
    let value = |key: &str| {
        said.rows
            .iter()
            .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "))
            .map(clean::line)
            .unwrap_or_default()
    };
    let version = value("Server Version");
    let error = if version.is_empty() {
        let last = || said.rows.last().map(|line| redact::said(line));
        said.failure().or_else(last).unwrap_or_else(|| "docker did not answer".to_owned())
    } else {
        String::new()
    };
    DockerFact {
        version: version.into(),
        // Docker 1.9 and 1.10 do not print the driver; cgroupfs was its only default then.
        cgroup_driver: Some(value("Cgroup Driver"))
            .filter(|name| !name.is_empty())
            .unwrap_or("cgroupfs".into())
            .into(),
        storage: value("Storage Driver").into(),
        root: value("Docker Root Dir").into(),
        free_mib: free_mib(lines).last().copied().flatten(),
        error: error.into(),
        frozen: said.frozen(),
    }
}

/// A row of `docker ps`. Tabs separate the columns, so each is cleaned for itself; image and command may hold secrets,
/// ids and names are taken as they are.
pub(super) fn row(line: &str) -> String {
    let column =
        |(at, text): (usize, &str)| if matches!(at, 1 | 2) { redact::said(text) } else { clean::line(text) };
    line.split('\t').enumerate().map(column).collect::<Vec<_>>().join("\t")
}

pub(super) fn containers(lines: &AnswerLines) -> Known<Fact> {
    let said = Said::read(all(lines, "ps"));
    if let Some(why) = said.failure() {
        return Known::No(why);
    }
    let (rows, odd): (Vec<&str>, Vec<&str>) =
        said.rows.iter().copied().partition(|row: &&str| row.contains('\t'));
    if let (true, Some(odd)) = (rows.is_empty() && said.status.is_none(), odd.first()) {
        return Known::No(redact::said(odd));
    }
    Known::Yes(Fact::Containers(rows.iter().map(|line| row(line).into()).collect()))
}

#[cfg(test)]
mod tests {
    use super::Said;

    fn failure(text: &str) -> Option<String> {
        Said::read(text.lines()).failure()
    }

    #[test]
    fn a_warning_is_no_failure_and_is_not_told_as_the_reason_of_one() {
        let warning = "! WARNING: Error loading config file: /root/.docker/config.json: permission denied";
        assert_eq!(failure(&format!("{warning}\nab\tc\n= 0")), None);
        let down = "! Cannot connect to the Docker daemon at unix:///var/run/docker.sock.";
        assert_eq!(failure(&format!("{warning}\n{down}\n= 1")).as_deref(), down.strip_prefix("! "));
        assert_eq!(failure(&format!("{warning}\n= 1")).as_deref(), Some("docker ended with status 1"));
    }

    #[test]
    fn no_answer_and_no_docker_are_two_things() {
        assert_eq!(failure("= 124").as_deref(), Some(super::FROZEN));
        let missing = "! timeout: failed to run command 'docker': No such file or directory\n= 127";
        assert_eq!(failure(missing).as_deref(), Some("docker is not installed"));
    }
}
