//! The rows that are shown of containers, in the six columns that `docker ps` prints. It runs nothing: the text comes
//! from the live stream or from a batch, and a line it does not understand is handed back, never guessed.

use std::time::Duration;

use jiff::Timestamp;

use super::lister::Lister;
use crate::plan::remote::Remote;
use crate::plan::{clean, redact};

/// The `--format` argument whose lines [`parse`] reads (`{{json .}}` is empty before Docker 1.13).
pub const FORMAT: &str = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.CreatedAt}}\t{{.Status}}\t{{.Names}}";

/// One container as its runtime lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Full id, 64 hex digits.
    pub id: String,
    /// Image as the container was made with.
    pub image: Remote<String>,
    /// Command line without quotes around it.
    pub command: Remote<String>,
    /// When it was made; the text as it is when it is no time we can read.
    pub created: Result<Timestamp, Remote<String>>,
    /// In docker's words, `Up 29 minutes`.
    pub status: Remote<String>,
    /// Its name, without links.
    pub name: Remote<String>,
    /// What the name says when the kubelet gave it.
    pub kubelet: Option<KubeletName>,
}

/// A container name made by the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeletName {
    /// Container name in the pod, `POD` for the one that holds the network.
    pub container: Remote<String>,
    /// Pod name.
    pub pod: Remote<String>,
    /// The namespace the pod is in.
    pub namespace: Remote<String>,
    /// Pod uid; a hash for a static pod.
    pub uid: Remote<String>,
    /// Start attempt; unknown in names of Kubernetes 1.2, and where it was not told.
    pub attempt: Option<u32>,
}

/// A line that is not one of [`FORMAT`]'s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a line of the list has {fields} fields instead of 6: {line}")]
pub struct UnknownLine {
    /// How many fields there were.
    pub fields: usize,
    /// The line, cleaned and cut.
    pub line: Remote<String>,
}

impl Container {
    /// Reads one line of [`FORMAT`].
    pub fn parse(line: &str) -> Result<Self, UnknownLine> {
        let fields: Vec<&str> = line.trim_end_matches(['\r', '\n']).split('\t').collect();
        // A command may hold a tab of its own: the first two and the last three fields are fixed.
        let [id, image, command @ .., created, status, names] = fields.as_slice() else {
            return Err(UnknownLine { fields: fields.len(), line: clean::short(line, 120).into() });
        };
        let hex = id.len() >= 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
        if command.is_empty() || !hex {
            return Err(UnknownLine { fields: fields.len(), line: clean::short(line, 120).into() });
        }
        // With links the list also holds `other/alias`; the container's own name has no slash.
        let name = names.split(',').find(|n| !n.contains('/')).unwrap_or(names);
        let name = clean::words(name);
        // One that is being removed may have lost its name.
        let name = if name.is_empty() { id.chars().take(12).collect() } else { name };
        Ok(Self {
            id: (*id).to_owned(),
            image: words(image),
            command: words(unquoted(&command.join(" "))),
            created: created_at(created).ok_or_else(|| words(created)),
            status: words(status),
            kubelet: KubeletName::parse(&name),
            name: name.into(),
        })
    }

    /// Its name as a list of this program shows it: what a kubelet named is a container of a pod for all but docker.
    pub fn shown_name(&self, lister: Option<Lister>) -> Remote<String> {
        match (&self.kubelet, lister) {
            (Some(name), Some(Lister::Crictl | Lister::Ctr)) => {
                Remote::new(format!("{}/{}", name.pod, name.container))
            }
            (None, _) | (Some(_), Some(Lister::Docker) | None) => self.name.clone(),
        }
    }

    /// Has it ended, or not begun? Such a container is in the list of crictl and ctr, not in that of docker.
    pub fn is_idle(&self) -> bool {
        ["Exited", "Created", "Unknown"].iter().any(|word| self.status.starts_with(word))
    }

    /// Has it ended well, as what prepares a pod does?
    pub fn is_done(&self) -> bool {
        self.status.starts_with("Exited (0)")
    }

    /// Is it running now?
    pub fn is_up(&self) -> bool {
        self.status.starts_with("Up") && !self.status.ends_with("(Paused)")
    }

    /// What is to say about its state; `None` = it is up and nothing is wrong with it.
    pub fn remark(&self) -> Option<&'static str> {
        let status = &self.status;
        let begins = |word: &str| status.starts_with(word);
        match () {
            () if begins("Up") && status.ends_with("(Paused)") => Some("paused"),
            () if begins("Up") && status.contains("(unhealthy)") => Some("unhealthy"),
            () if begins("Up") => None,
            () if begins("Restarting") => Some("restarting"),
            () if begins("Exited") => Some("exited"),
            () if begins("Created") => Some("created"),
            () if begins("Dead") => Some("dead"),
            () if begins("Removal") => Some("being removed"),
            () if status.is_empty() => Some("no state"),
            () => Some("not running"),
        }
    }

    /// Is it the container that only holds a pod's network?
    pub fn is_pause(&self) -> bool {
        self.kubelet.as_ref().is_some_and(KubeletName::is_pause)
    }
}

impl KubeletName {
    /// Reads `k8s_<container>.<hash>_<pod>_<namespace>_<uid>_<hash>` (Kubernetes 1.2) and
    /// `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`, with the suffix a name conflict adds.
    pub fn parse(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('_').collect();
        let (head, last) = match parts.as_slice() {
            [head @ .., last] if head.len() == 5 => (head, last),
            [head @ .., last, _conflict] if head.len() == 5 => (head, last),
            _ => return None,
        };
        let ["k8s", container, pod, namespace, uid] = head else { return None };
        let (container, attempt) = match container.split_once('.') {
            Some((container, hash)) if is_hash(hash) && is_hash(last) && parts.len() == 6 => {
                (container, None)
            }
            Some(_) => return None,
            None if *last == "?" => (*container, None),
            None => (*container, Some(last.parse().ok()?)),
        };
        if [container, pod, namespace, uid].iter().any(|part| part.is_empty()) {
            return None;
        }
        let [container, pod, namespace, uid] =
            [container, pod, namespace, uid].map(|part: &str| Remote::new(part));
        Some(Self { container, pod, namespace, uid, attempt })
    }

    /// Is it the container that only holds a pod's network?
    pub fn is_pause(&self) -> bool {
        self.container == "POD"
    }
}

/// A time as `docker ps` says it: `12 seconds`, `About a minute`, `3 weeks`.
pub fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_owned(),
        120..3_600 => format!("{} minutes", seconds / 60),
        3_600..7_200 => "About an hour".to_owned(),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        172_800..1_209_600 => format!("{} days", seconds / 86_400),
        1_209_600..5_184_000 => format!("{} weeks", seconds / 604_800),
        5_184_000..63_072_000 => format!("{} months", seconds / 2_592_000),
        _ => format!("{} years", seconds / 31_536_000),
    }
}

/// A row, cleaned. Tabs separate the columns, so each is cleaned for itself; image and command may hold secrets, ids and
/// names are taken as they are.
pub fn cleaned(line: &str) -> String {
    let column =
        |(at, text): (usize, &str)| if matches!(at, 1 | 2) { redact::said(text) } else { clean::line(text) };
    line.split('\t').enumerate().map(column).collect::<Vec<_>>().join("\t")
}

/// Reads a whole answer; empty lines are left out.
pub fn parse(text: &str) -> Vec<Result<Container, UnknownLine>> {
    text.lines().filter(|line| !line.trim().is_empty()).map(Container::parse).collect()
}

fn words(text: &str) -> Remote<String> {
    Remote::new(clean::words(text))
}

/// The kubelet prints hashes with `%x` of an u32, so leading zeros are missing.
fn is_hash(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// `2026-11-23 07:43:43 +0000 UTC`: the zone's name is left out, the offset says all.
fn created_at(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let (day, time, offset) = (words.next()?, words.next()?, words.next()?);
    Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", format!("{day} {time} {offset}")).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Container, KubeletName, parse};

    const TAPE: &str = include_str!("../../tests/tapes/v1.2.2/docker-ps-tabs.txt");

    #[test]
    fn reads_every_line_of_a_real_worker() {
        let all: Vec<Container> = parse(TAPE).into_iter().collect::<Result<_, _>>().expect("tape");
        assert_eq!(all.len(), 7);
        assert_eq!(all.iter().filter(|c| c.is_pause()).count(), 2);
        assert!(all.iter().all(|c| c.is_up() && c.id.len() == 64));
        let proxy = &all[5];
        assert!(proxy.command.starts_with("/hyperkube proxy --master="), "{}", proxy.command);
        assert_eq!(proxy.created.as_ref().expect("time").to_string(), "2026-11-23T07:24:36Z");
        let name = proxy.kubelet.as_ref().expect("kubelet's");
        assert!(name.container == "kube-proxy" && name.pod == "kube-proxy-w6", "{name:?}");
        assert!(name.namespace == "kube-system" && name.attempt.is_none(), "{name:?}");
    }

    #[test]
    fn reads_the_later_form_and_a_conflict_suffix() {
        let name = KubeletName::parse("k8s_POD_kube-proxy-w1.lab_kube-system_ab12_3").expect("new form");
        assert!(name.is_pause());
        assert_eq!((name.pod, name.attempt), ("kube-proxy-w1.lab".into(), Some(3)));
        let name = KubeletName::parse("k8s_a_b_c_d_0_5f3a9c").expect("with suffix");
        assert_eq!(name.attempt, Some(0));
    }

    #[test]
    fn takes_no_other_name() {
        for name in [
            "",
            "redis",
            "k8s_a_b_c_d",
            "k8s_a_b_c_d_x",
            "k8s__b_c_d_0",
            "k8s_a.zz_b_c_d_0",
            "k8s_a.ab_b_c_d_zz",
            "K8s_a_b_c_d_0",
        ] {
            assert_eq!(KubeletName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn counts_what_runs_and_says_what_else_there_is() {
        let row = |status: &str, name: &str| {
            format!("0123456789abcdef\t\t\"\"\t2026-11-28 07:43:43 +0000 UTC\t{status}\t{name}")
        };
        for (status, up, remark) in [
            ("Up 5 seconds", true, None),
            ("Up Less than a second (health: starting)", true, None),
            ("Up 10 days (healthy)", true, None),
            ("Up 3 weeks (unhealthy)", true, Some("unhealthy")),
            ("Up 2 hours (Paused)", false, Some("paused")),
            ("Restarting (137) Less than a second ago", false, Some("restarting")),
            ("Removal In Progress", false, Some("being removed")),
            ("Dead", false, Some("dead")),
            ("Created", false, Some("created")),
            ("Exited (0) 292 years ago", false, Some("exited")),
            ("", false, Some("no state")),
        ] {
            let one = Container::parse(&row(status, "a")).expect(status);
            assert_eq!((one.is_up(), one.remark()), (up, remark), "{status}");
        }
        // An empty last field is a field.
        assert_eq!(Container::parse(&row("Up 5 seconds", "")).expect("a row").name, "0123456789ab");
    }

    #[test]
    fn hands_a_strange_line_back() {
        let line = "Cannot connect to the Docker daemon. Is the docker daemon running?";
        assert_eq!(Container::parse(line).expect_err("not a container").fields, 1);
    }

    #[test]
    fn leaves_links_and_other_zones_right() {
        let line = "0123456789ab\timg\t\"sh -c 'a\tb'\"\t2026-11-23 09:00:00 +0200 CEST\tExited (1) 2 hours ago\tweb/db,db";
        let c = Container::parse(line).expect("a container");
        assert!(c.name == "db" && c.command == "sh -c 'a b'" && !c.is_up(), "{c:?}");
        assert_eq!(c.created.expect("time").to_string(), "2026-11-23T07:00:00Z");
    }

    proptest! {
        #[test]
        fn reads_back_what_the_kubelet_would_write(
            container in "[a-z][a-z0-9-]{0,20}", pod in "[a-z][a-z0-9.-]{0,30}", namespace in "[a-z][a-z0-9-]{0,10}",
            uid in "[0-9a-f-]{1,36}", hash in "[0-9a-f]{1,8}", end in "[0-9a-f]{1,8}", attempt in 0u32..1000,
        ) {
            let old = format!("k8s_{container}.{hash}_{pod}_{namespace}_{uid}_{end}");
            let new = format!("k8s_{container}_{pod}_{namespace}_{uid}_{attempt}");
            let [container, pod, namespace, uid] = [container, pod, namespace, uid].map(Into::into);
            let mut want = KubeletName { container, pod, namespace, uid, attempt: None };
            prop_assert_eq!(KubeletName::parse(&old), Some(want.clone()));
            want.attempt = Some(attempt);
            prop_assert_eq!(KubeletName::parse(&new), Some(want));
        }

        #[test]
        fn never_panics(text in "\\PC{0,200}", name in "[k8s_.a0]{0,30}") {
            let _ = Container::parse(&text);
            let _ = KubeletName::parse(&name);
        }
    }
}
