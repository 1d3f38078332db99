//! Rows of the containers that containerd runs for a kubelet, in the six columns that `docker ps` prints, from what its
//! programs say: `crictl ps -a`, with everything or with ids alone, or `ctr containers ls`, and what is asked once of each
//! that is new.
//!
//! Facts, read in containerd 2.4.2 and seen there: CRI labels what it makes (`internal/cri/labels/labels.go`, kubelet's
//! `pkg/types/labels.go`), and keeps of each container a file with its times, in nanoseconds, and its exit code
//! (`internal/cri/store/container/status.go`); crictl prints times as strings (`cmd/crictl/container.go`).

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::lister::Lister;
use super::ps;
use super::said::Said;
use crate::plan::clean;

/// Of so many containers at most is kept what was told of them.
const MANY: usize = 2_000;
/// A name or an image is no longer, nor is a command, in bytes.
const LONG: usize = 4_096;

/// What the lines of a sample belong to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Part {
    /// The list itself.
    #[default]
    List,
    /// The files of CRI.
    States,
    /// `ctr tasks ls`.
    Tasks,
    /// Nothing that is known.
    Other,
    /// `ctr containers info`, without what is nobody's business.
    About(String),
}

/// What was told of a container once.
#[derive(Debug, Clone, Default)]
struct ToldOnce {
    labels: HashMap<&'static str, String>,
    image: String,
    created: Option<Timestamp>,
    /// How often the pod had it made before; `None` = that was not told.
    attempt: Option<u32>,
    command: Vec<String>,
    in_command: bool,
}

/// A container as `crictl ps -o json` has it.
#[derive(Debug, Deserialize)]
struct CrictlContainer {
    id: String,
    #[serde(default)]
    metadata: CrictlMetadata,
    #[serde(default)]
    image: CrictlImage,
    #[serde(default)]
    state: String,
    #[serde(default, rename = "createdAt")]
    created: String,
    #[serde(default)]
    labels: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct CrictlMetadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    attempt: u32,
}

#[derive(Debug, Default, Deserialize)]
struct CrictlImage {
    #[serde(default)]
    image: String,
    #[serde(default, rename = "userSpecifiedImage")]
    asked: String,
}

#[derive(Debug, Deserialize)]
struct CrictlList {
    #[serde(default)]
    containers: Vec<CrictlContainer>,
}

/// What CRI keeps of a container: times in nanoseconds since 1970, 0 = that has not happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CriState {
    #[serde(default)]
    created_at: i64,
    #[serde(default)]
    started_at: i64,
    #[serde(default)]
    finished_at: i64,
    #[serde(default)]
    exit_code: i32,
}

/// One container of a list, before it is a row.
struct Listed {
    id: String,
    names: [String; 4],
    attempt: Option<u32>,
    image: String,
    created: Option<Timestamp>,
    /// In the words of `ctr tasks ls`; empty = it has no task.
    task: String,
}

/// Labels of the kubelet, in the order of a name: container, pod, namespace, uid.
const LABELS: [&str; 4] = [
    "io.kubernetes.container.name",
    "io.kubernetes.pod.name",
    "io.kubernetes.pod.namespace",
    "io.kubernetes.pod.uid",
];

/// Reads samples of one host; what was told of a container once is kept as long as it is listed.
#[derive(Debug, Default)]
pub struct CriReader {
    part: Part,
    list: Vec<String>,
    states: HashMap<String, CriState>,
    tasks: HashMap<String, String>,
    told: HashMap<String, ToldOnce>,
    /// What crictl's whole list said, which is not asked for with every sample.
    listed: HashMap<String, CrictlContainer>,
}

impl CriReader {
    /// Another sample begins.
    pub fn begin(&mut self) {
        self.part = Part::List;
        self.list.clear();
        self.states.clear();
        self.tasks.clear();
    }

    /// From now on lines belong to this part of it; one that is not known is passed over.
    pub fn part(&mut self, words: &str) {
        self.part = match words.split_once(' ').unwrap_or((words, "")) {
            ("states", _) => Part::States,
            ("tasks", _) => Part::Tasks,
            ("about", id) if id.len() <= 128 && self.told.len() < MANY => {
                self.told.insert(id.to_owned(), ToldOnce::default());
                Part::About(id.to_owned())
            }
            _ => Part::Other,
        };
    }

    /// Takes a line in.
    pub fn line(&mut self, line: &str) {
        match &self.part {
            Part::List => self.list.push(line.to_owned()),
            Part::States => {
                // The folder's name is the id.
                let state = line.split_once("/status:").and_then(|(path, text)| {
                    Some((path.rsplit('/').next()?.to_owned(), serde_json::from_str(text).ok()?))
                });
                self.states.extend(state);
            }
            Part::Tasks => {
                let mut words = line.split_whitespace();
                if let (Some(id), Some(_), Some(state)) = (words.next(), words.next(), words.next()) {
                    self.tasks.insert(id.to_owned(), state.to_owned());
                }
            }
            Part::Other => {}
            Part::About(id) => {
                if let Some(told) = self.told.get_mut(id) {
                    told.line(line.trim());
                }
            }
        }
    }

    /// The rows, newest first, and what went wrong; `now` is the host's clock in seconds since 1970.
    pub fn rows(&mut self, lister: Lister, now: i64) -> (Vec<String>, String) {
        let said = Said::read(self.list.iter().map(String::as_str));
        if let Some(why) = said.failure(lister.program()) {
            return (Vec::new(), why);
        }
        let whole = lister == Lister::Crictl && said.rows.first().is_some_and(|row| row.starts_with('{'));
        let ids = if whole {
            let Ok(list) = serde_json::from_str::<CrictlList>(&said.rows.concat()) else {
                return (Vec::new(), "crictl wrote something that is no list".to_owned());
            };
            let ids = list.containers.iter().take(MANY).map(|one| one.id.clone()).collect();
            let with_id = list.containers.into_iter().take(MANY).map(|one| (one.id.clone(), one));
            self.listed = with_id.collect();
            ids
        } else {
            said.rows.iter().filter(|id| !id.trim().is_empty()).map(|id| (*id).to_owned()).collect::<Vec<_>>()
        };
        let all: Vec<Listed> = ids.iter().map(|id| self.about(id, whole)).collect();
        self.told.retain(|id, _| all.iter().any(|one| one.id == *id));
        self.listed.retain(|id, _| all.iter().any(|one| one.id == *id));
        let mut rows: Vec<(Option<Timestamp>, String)> =
            all.into_iter().map(|one| (one.created, self.row(&one, now))).collect();
        rows.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
        (rows.into_iter().map(|(_, row)| row).collect(), String::new())
    }

    /// One of the list, from all that was told of it; `whole` = crictl's list of this sample says how it is.
    fn about(&self, id: &str, whole: bool) -> Listed {
        let told = self.told.get(id);
        let listed = self.listed.get(id);
        let state = self.states.get(id);
        let task = match (self.tasks.get(id), state) {
            (Some(task), _) => task.as_str(),
            (None, Some(state)) if state.finished_at != 0 => "",
            (None, Some(state)) if state.started_at != 0 => "RUNNING",
            (None, Some(_)) => "CREATED",
            (None, None) => match listed.filter(|_| whole).map(|one| one.state.as_str()) {
                Some("CONTAINER_RUNNING") => "RUNNING",
                Some("CONTAINER_CREATED") => "CREATED",
                Some("CONTAINER_EXITED") | None => "",
                Some(_) => "UNKNOWN",
            },
        };
        let label = |label: &str| {
            let listed = listed.and_then(|one| one.labels.get(label));
            listed.or_else(|| told.and_then(|told| told.labels.get(label))).cloned().unwrap_or_default()
        };
        let mut names = LABELS.map(label);
        if let (true, Some(one)) = (names[0].is_empty(), listed) {
            names[0].clone_from(&one.metadata.name);
        }
        let made = listed
            .and_then(|one| one.created.parse().ok())
            .or_else(|| state.map(|state| state.created_at))
            .and_then(moment);
        Listed {
            id: id.to_owned(),
            names,
            attempt: listed.map(|one| one.metadata.attempt).or_else(|| told.and_then(|told| told.attempt)),
            image: self.image(id),
            created: made.or_else(|| told.and_then(|told| told.created)),
            task: task.to_owned(),
        }
    }

    /// What its image is called. Before 1.28 the kubelet asked for it by its digest.
    fn image(&self, id: &str) -> String {
        let told = self.told.get(id).map(|told| told.image.clone()).unwrap_or_default();
        let Some(CrictlImage { image, asked }) = self.listed.get(id).map(|one| &one.image) else {
            return told;
        };
        match asked.is_empty() {
            true if image.starts_with("sha256:") && !told.is_empty() => told,
            true => image.clone(),
            false => asked.clone(),
        }
    }

    fn row(&self, one: &Listed, now: i64) -> String {
        let state = self.states.get(&one.id);
        let since = |at: i64| {
            let seconds = now.saturating_sub(at.div_euclid(1_000_000_000));
            ps::spoken(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
        };
        let begun = state.map(|state| state.started_at).filter(|at| *at != 0);
        let begun = begun.or_else(|| Some(i64::try_from(one.created?.as_nanosecond()).unwrap_or(0)));
        let up = begun.map_or_else(|| "Up".to_owned(), |at| format!("Up {}", since(at)));
        let status = match (one.task.as_str(), state) {
            ("RUNNING", _) => up,
            ("PAUSED" | "PAUSING", _) => format!("{up} (Paused)"),
            ("CREATED", _) => "Created".to_owned(),
            ("" | "STOPPED", Some(state)) if state.finished_at != 0 => {
                format!("Exited ({}) {} ago", state.exit_code, since(state.finished_at))
            }
            ("" | "STOPPED", _) => "Exited".to_owned(),
            _ => "Unknown".to_owned(),
        };
        let created = one.created.map(|at| at.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string());
        let command = self.told.get(&one.id).map(|told| told.command.join(" ")).unwrap_or_default();
        let [container, pod, space, uid] = &one.names;
        let name = if [pod, space, uid].iter().any(|part| part.is_empty()) {
            container.clone()
        } else {
            let attempt = one.attempt.map_or_else(|| "?".to_owned(), |attempt| attempt.to_string());
            format!("k8s_{container}_{pod}_{space}_{uid}_{attempt}")
        };
        let columns =
            [&one.id, &one.image, &format!("\"{command}\""), &created.unwrap_or_default(), &status, &name];
        ps::cleaned(&columns.map(|column| clean::words(column)).join("\t"))
    }
}

impl ToldOnce {
    /// A line of `ctr containers info`; the first of a kind counts.
    fn line(&mut self, line: &str) {
        if self.in_command {
            self.in_command = !line.starts_with(']');
            let word = serde_json::from_str::<String>(line.strip_suffix(',').unwrap_or(line));
            let room = LONG.saturating_sub(self.command.iter().map(|word| word.len() + 1).sum());
            self.command.extend(word.ok().filter(|_| room > 0).map(|word| clean::short(&word, room)));
            return;
        }
        let Some((key, value)) = line.split_once(": ") else { return };
        let value = value.strip_suffix(',').unwrap_or(value);
        let text = || serde_json::from_str::<String>(value).ok().map(|text| clean::short(&text, LONG));
        match key.trim_matches('"') {
            "args" if self.command.is_empty() => {
                self.in_command = value == "[";
            }
            "Image" if self.image.is_empty() => self.image = text().unwrap_or_default(),
            "attempt" if self.attempt.is_none() => self.attempt = value.parse().ok(),
            "CreatedAt" if self.created.is_none() => {
                self.created = text().and_then(|text| text.parse().ok());
            }
            key => {
                if let (Some(label), Some(text)) = (LABELS.iter().find(|label| **label == key), text()) {
                    self.labels.entry(label).or_insert(text);
                }
            }
        }
    }
}

/// A time in nanoseconds since 1970; 0 = that has not happened.
fn moment(at: i64) -> Option<Timestamp> {
    (at != 0).then(|| Timestamp::from_nanosecond(i128::from(at)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{CriReader, Lister};
    use crate::runtime::ps::Container;

    /// What containerd 2.4.2, its ctr and crictl 1.37.0 said of two containers.
    const LIST: &str = include_str!("../../tests/fixtures/containerd-live/crictl-ps.json");
    const INFO: &str = include_str!("../../tests/fixtures/containerd-live/ctr-info.json");
    const WEB: &str = "be14bda0f29b2bf8d17d9baec94d37ecec6838587d6693ae7e6cfbc7462f23de";
    const BAD: &str = "9a2d3249f60ee6eacffb54a5aa1c0461a6114f281cf99cba9ef5eb774b83f084";
    /// Three minutes after both were started.
    const NOW: i64 = 1_795_959_073;

    fn states(reader: &mut CriReader) {
        reader.part("states");
        let folder = "/var/lib/containerd/io.containerd.grpc.v1.cri/containers";
        reader.line(&format!(
            "{folder}/{BAD}/status:{{\"Version\":\"v1\",\"Pid\":0,\"CreatedAt\":1795958893300704753,\"StartedAt\":1795958893472980147,\"FinishedAt\":1795958893497322117,\"ExitCode\":3,\"Reason\":\"\",\"Message\":\"\",\"Resources\":{{\"linux\":{{}}}}}}"
        ));
        reader.line(&format!(
            "{folder}/{WEB}/status:{{\"Version\":\"v1\",\"Pid\":20513,\"CreatedAt\":1795958892946390428,\"StartedAt\":1795958893066952231,\"FinishedAt\":0,\"ExitCode\":0,\"Reason\":\"\",\"Message\":\"\",\"Resources\":{{\"linux\":{{}}}}}}"
        ));
    }

    fn about(reader: &mut CriReader, id: &str, text: &str) {
        reader.part(&format!("about {id}"));
        text.lines().for_each(|line| reader.line(line));
    }

    #[test]
    fn what_crictl_lists_are_the_rows_that_docker_would_print() {
        let mut reader = CriReader::default();
        reader.begin();
        reader.line(&LIST.replace('\n', ""));
        reader.line("! time=\"2026-11-29T13:28:15Z\" level=warning msg=\"Config does not exist\"");
        reader.line("= 0");
        states(&mut reader);
        about(&mut reader, WEB, INFO);
        let (rows, error) = reader.rows(Lister::Crictl, NOW);
        assert_eq!(error, "");
        assert_eq!(
            rows,
            [
                format!(
                    "{BAD}\tregistry.lab/web:1\t\"\"\t2026-11-29 13:28:13 +0000 UTC\tExited (3) 3 minutes ago\tk8s_bad_bad-1_default_36ffbdbc-0000-4000-8000-000000000001_1"
                ),
                format!(
                    "{WEB}\tregistry.lab/web:1\t\"/web run --flag=a b quote\"d\"\t2026-11-29 13:28:12 +0000 UTC\tUp 3 minutes\tk8s_web_web-1_default_a2e3a94e-0000-4000-8000-000000000001_0"
                ),
            ]
        );
        let web = Container::parse(&rows[1]).expect("a row");
        assert_eq!(web.shown_name(Some(Lister::Crictl)), "web-1/web");
        assert!(web.is_up() && web.kubelet.is_some_and(|name| name.attempt == Some(0)));
        // Nothing of its environment is known here.
        assert!(!format!("{reader:?}").contains("hunter2"));
        // With the next sample nothing but ids is told, and what is known stays; of one that is new all is told.
        reader.begin();
        let new = "0123456789ab";
        for line in [WEB, BAD, new, "= 0"] {
            reader.line(line);
        }
        states(&mut reader);
        about(&mut reader, new, &format!("{INFO}\n\"attempt\": 4"));
        let (later, error) = reader.rows(Lister::Crictl, NOW);
        assert_eq!((later.len(), error.as_str()), (3, ""));
        assert!(rows.iter().all(|row| later.contains(row)), "{later:#?}");
        let new = later.iter().find(|row| row.starts_with(new)).and_then(|row| Container::parse(row).ok());
        assert!(new.is_some_and(|row| row.image == "registry.lab/web:1"
            && row.kubelet.is_some_and(|name| name.attempt == Some(4))));
        // What is not listed any more is forgotten.
        reader.begin();
        for line in [WEB, "= 0"] {
            reader.line(line);
        }
        assert_eq!(reader.rows(Lister::Crictl, NOW).0.len(), 1);
        assert_eq!((reader.listed.len(), reader.told.len()), (1, 1));
    }

    #[test]
    fn ctr_alone_gives_the_same_rows_as_far_as_it_knows() {
        let mut reader = CriReader::default();
        reader.begin();
        for line in [BAD, WEB, "= 0"] {
            reader.line(line);
        }
        states(&mut reader);
        about(&mut reader, WEB, INFO);
        reader.line("\"attempt\": 2");
        let (rows, error) = reader.rows(Lister::Ctr, NOW);
        assert_eq!(error, "");
        assert!(rows[0].starts_with(&format!(
            "{BAD}\t\t\"\"\t2026-11-29 13:28:13 +0000 UTC\tExited (3) 3 minutes ago\t"
        )));
        assert_eq!(
            rows[1],
            format!(
                "{WEB}\tregistry.lab/web:1\t\"/web run --flag=a b quote\"d\"\t2026-11-29 13:28:12 +0000 UTC\tUp 3 minutes\tk8s_web_web-1_default_a2e3a94e-0000-4000-8000-000000000001_2"
            )
        );
        let read: Vec<Container> = rows.iter().filter_map(|row| Container::parse(row).ok()).collect();
        assert_eq!(read[0].name, BAD[..12], "nothing was told of it yet");
        assert!(read[1].kubelet.as_ref().is_some_and(|name| name.pod == "web-1" && name.attempt == Some(2)));
    }

    #[test]
    fn without_the_files_of_cri_the_tasks_say_what_runs() {
        let mut reader = CriReader::default();
        reader.begin();
        for line in [BAD, WEB, "0123456789ab", "= 0"] {
            reader.line(line);
        }
        reader.part("tasks");
        reader
            .line("TASK                                                                PID      STATUS    ");
        reader.line(&format!("{WEB}    20513    RUNNING"));
        reader.line("0123456789ab    7    PAUSED");
        about(&mut reader, WEB, INFO);
        let status = |id: &str, rows: &[String]| {
            let row = rows.iter().find(|row| row.starts_with(id)).cloned().unwrap_or_default();
            row.split('\t').nth(4).unwrap_or_default().to_owned()
        };
        let (rows, _) = reader.rows(Lister::Ctr, NOW);
        let all = [WEB, BAD, "0123456789ab"].map(|id| status(id, &rows));
        assert_eq!(all, ["Up 3 minutes", "Exited", "Up (Paused)"]);
    }

    /// A host that says more and more of what it never lists fills no memory.
    #[test]
    fn what_is_kept_of_containers_has_an_end() {
        let mut reader = CriReader::default();
        for number in 0..3_000 {
            reader.begin();
            reader.part(&format!("about {number}"));
            reader.line("\"args\": [");
            (0..12).for_each(|_| reader.line(&format!("\"{}\",", "x".repeat(500))));
        }
        assert_eq!(reader.told.len(), super::MANY);
        let longest = reader.told.values().map(|told| told.command.concat().len()).max();
        assert!(longest.is_some_and(|longest| longest > 3_000 && longest <= super::LONG), "{longest:?}");
    }

    #[test]
    fn who_does_not_answer_is_named_and_what_is_no_list_is_no_row() {
        let read = |lister, lines: &[&str]| {
            let mut reader = CriReader::default();
            reader.begin();
            for line in lines {
                reader.line(line);
            }
            reader.rows(lister, NOW)
        };
        let down =
            "! ctr: cannot access socket \"/run/containerd/containerd.sock\": no such file or directory";
        let said = read(Lister::Ctr, &[down, "= 1"]);
        assert_eq!(said.1, &down[2..]);
        assert_eq!(read(Lister::Crictl, &["= 124"]).1, "crictl did not answer within 8 s");
        assert_eq!(
            read(Lister::Crictl, &["{\"containers\": [", "= 0"]).1,
            "crictl wrote something that is no list"
        );
        assert_eq!(read(Lister::Crictl, &["{}", "= 0"]), (Vec::new(), String::new()));
        // Odd values are no reason to panic.
        let odd = "{\"containers\": [{\"id\": \"x\\ty\", \"createdAt\": \"9223372036854775807\", \"state\": \"\\u001b[31m\"}]}";
        let (rows, _) = read(Lister::Crictl, &[odd, "= 0"]);
        assert_eq!((rows.len(), rows[0].split('\t').count(), rows[0].contains('\u{1b}')), (1, 6, false));
    }
}
