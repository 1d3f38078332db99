//! Turns what docker printed, complained and how it ended into facts. A warning is no answer and hides none.

use super::answer_lines::{AnswerLines, all, free_mib};
use super::ps;
use super::said::Said;
use crate::plan::fact::{Fact, Known};
use crate::plan::runtime_fact::DockerFact;
use crate::plan::{clean, redact};

/// The program that is asked.
const DOCKER: &str = "docker";
/// What is said of a docker that let the time pass.
pub const FROZEN: &str = "docker did not answer within 8 s";

/// What was learnt of docker from the lines of one question.
pub fn docker(lines: &AnswerLines) -> DockerFact {
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
        said.failure(DOCKER).or_else(last).unwrap_or_else(|| "docker did not answer".to_owned())
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

/// The rows of `docker ps`.
pub fn containers(lines: &AnswerLines) -> Known<Fact> {
    let said = Said::read(all(lines, "ps"));
    if let Some(why) = said.failure(DOCKER) {
        return Known::No(why);
    }
    let (rows, odd): (Vec<&str>, Vec<&str>) =
        said.rows.iter().copied().partition(|row: &&str| row.contains('\t'));
    if let (true, Some(odd)) = (rows.is_empty() && !said.ended(), odd.first()) {
        return Known::No(redact::said(odd));
    }
    Known::Yes(Fact::Containers(rows.iter().map(|line| ps::cleaned(line).into()).collect()))
}
