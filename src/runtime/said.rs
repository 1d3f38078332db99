//! What a program of a runtime said. A warning is no answer and hides none.

use crate::plan::redact;

/// Seconds that a program has for its answer.
const DEADLINE: u32 = 8;
/// How `timeout` says that it ended something.
const TIMED_OUT: i32 = 124;
/// What a program said: its lines, what it complained of, and its end.
#[derive(Default)]
pub struct Said<'a> {
    /// What it printed, without empty lines.
    pub rows: Vec<&'a str>,
    complaints: Vec<&'a str>,
    status: Option<i32>,
}

impl<'a> Said<'a> {
    /// Reads all of it: complaints begin with `! `, the status with `= `.
    pub fn read(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut said = Self::default();
        for line in lines {
            said.line(line);
        }
        said
    }

    /// Takes one line in.
    pub fn line(&mut self, line: &'a str) {
        if let Some(complaint) = line.strip_prefix("! ") {
            self.complaints.push(complaint);
        } else if let Some(status) = line.strip_prefix("= ").and_then(|word| word.trim().parse().ok()) {
            self.status = Some(status);
        } else if !line.trim().is_empty() {
            self.rows.push(line);
        }
    }

    /// Whether it let the time pass that it had.
    pub fn frozen(&self) -> bool {
        self.status == Some(TIMED_OUT)
    }

    /// Whether its end was told.
    pub fn ended(&self) -> bool {
        self.status.is_some()
    }

    /// Whether it ended with anything but well.
    pub fn failed(&self) -> bool {
        self.status != Some(0)
    }

    /// The last thing it complained of.
    pub fn complaint(&self) -> Option<&'a str> {
        self.complaints.last().copied()
    }

    /// Why this program failed; `None` = it ended well, whatever it warned of.
    pub fn failure(&self, program: &str) -> Option<String> {
        match self.status {
            Some(0) => return None,
            Some(TIMED_OUT) => return Some(format!("{program} did not answer within {DEADLINE} s")),
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
        let not_found = format!("{program}: not found");
        let missing = |line: &&&str| line.contains("failed to run command") || line.contains(&not_found);
        if complaint().any(|line| missing(&line)) {
            return Some(format!("{program} is not installed"));
        }
        let told = named.or_else(|| self.complaints.iter().rfind(|line| !warns(line)));
        match (told, self.status) {
            (Some(line), _) => Some(redact::said(line)),
            (None, Some(status)) => Some(format!("{program} ended with status {status}")),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Said;

    fn failure(text: &str) -> Option<String> {
        Said::read(text.lines()).failure("docker")
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
    fn no_answer_and_no_program_are_two_things() {
        assert_eq!(failure("= 124").as_deref(), Some("docker did not answer within 8 s"));
        let missing = "! timeout: failed to run command 'docker': No such file or directory\n= 127";
        assert_eq!(failure(missing).as_deref(), Some("docker is not installed"));
    }
}
