//! What of a machine's record is believed. On a worker it is a stranger's text: whoever is root there may have
//! written it. It may speak of the worker's own files, folders, units and images and of the node of its own name;
//! whatever else it names, and whatever would be more than one plain word for a shell or a screen, is kept and told.

use crate::plan::clean;
use crate::plan::place::Place;
use crate::plan::record::{Record, RecordKind, RecordLine};
use crate::plan::runtime_fact::RuntimeKind;
use crate::profile::{self, kernel};

/// Whether it is a unit that gangplank enables, starts or restarts.
fn is_own_unit(name: &str) -> bool {
    name == "kubelet" || RuntimeKind::named(name).is_some()
}

/// A run's name is not longer.
const LONGEST_RUN: usize = 64;
/// The name of an image is not longer.
const LONGEST_IMAGE: usize = 512;

/// Sorts a record: what is believed, and in words what is not.
pub fn believe(record: &Record, place: &Place) -> (Record, Vec<String>) {
    let mut believed = Record { lines: Vec::new(), ..record.clone() };
    let mut strange = Vec::new();
    for line in &record.lines {
        match refused(line, place) {
            None => believed.lines.push(line.clone()),
            Some(why) => strange.push(format!("{}: {why}", shown(line))),
        }
    }
    (believed, strange)
}

/// A line as a person may read it.
fn shown(line: &RecordLine) -> String {
    let kind = serde_json::to_value(&line.kind).ok();
    let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    clean::words(&format!("{kind} {} (run {})", line.path, line.run))
}

/// Why a line is not believed; `None` = it is.
fn refused(line: &RecordLine, place: &Place) -> Option<&'static str> {
    if !is_run(&line.run) {
        return Some("that is no name of a run");
    }
    let own = match place {
        Place::Worker(name) => Some(name.as_str()),
        Place::Local | Place::CaHost | Place::Cluster => None,
    };
    match &line.kind {
        RecordKind::Put | RecordKind::Key | RecordKind::Merge | RecordKind::Merged => {
            if !(is_hash(&line.old) && is_hash(&line.new)) {
                Some("that is no SHA-256")
            } else if !is_mode(&line.mode) {
                Some("that is no mode and owner")
            } else if !is_path(&line.path) || own.is_some() && !profile::is_own(&line.path) {
                Some("that is no file of gangplank's")
            } else {
                None
            }
        }
        RecordKind::Dir => {
            let is = is_path(&line.path) && (own.is_none() || profile::is_own_folder(&line.path));
            (!is).then_some("that is no folder of gangplank's")
        }
        RecordKind::Image => (!is_image(&line.path)).then_some("that is no name of an image"),
        RecordKind::Enable | RecordKind::Start => {
            (!is_own_unit(&line.path)).then_some("that is no unit of gangplank's")
        }
        RecordKind::Sysctl => {
            let number =
                |text: &str| !text.is_empty() && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit());
            let ours =
                kernel::SYSCTLS.contains(&line.path.as_str()) && number(&line.old) && number(&line.new);
            (!ours).then_some("that is no setting of gangplank's")
        }
        RecordKind::Module => {
            (!kernel::MODULES.contains(&line.path.as_str())).then_some("that is no module of gangplank's")
        }
        RecordKind::Node | RecordKind::NodeUnknown => {
            (own != Some(line.path.as_str())).then_some("that is not this worker's own node")
        }
        RecordKind::Link => Some("that is no link of gangplank's"),
        // Nothing is taken back because of these; the last ones are told with the lines that nobody understands.
        RecordKind::Started | RecordKind::Restarted | RecordKind::Foreign | RecordKind::Other(_) => None,
    }
}

/// The same of a worker in no plan: a repair may have replaced `cert`, the certificate that its kubeconfig names, or led the link
/// of that name to another one beside it.
pub fn believe_found(record: &Record, place: &Place, cert: &str) -> (Record, Vec<String>) {
    let beside = |path: &str| match (path.rsplit_once('/'), cert.rsplit_once('/')) {
        (Some((folder, name)), Some((own, _))) => is_path(path) && folder == own && !name.is_empty(),
        _ => false,
    };
    let of_repair = |line: &RecordLine| match line.kind {
        RecordKind::Link => line.path == cert && [&line.old, &line.new].into_iter().all(|path| beside(path)),
        RecordKind::Put => {
            let ours = line.path.rsplit('/').next().is_some_and(|name| name.starts_with("gangplank-"));
            (line.path == cert || ours && beside(&line.path))
                && is_path(&line.path)
                && is_hash(&line.old)
                && is_hash(&line.new)
                && is_mode(&line.mode)
        }
        _ => false,
    };
    let mut strange = Vec::new();
    let mut lines = record.lines.clone();
    lines.retain(|line| match refused(line, place) {
        Some(why) if !(is_run(&line.run) && of_repair(line)) => {
            strange.push(format!("{}: {why}", shown(line)));
            false
        }
        _ => true,
    });
    (Record { lines, ..record.clone() }, strange)
}

/// A run's name, which is that of a folder too.
pub fn is_run(text: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.len() <= LONGEST_RUN && !text.starts_with(['.', '-']) && text.chars().all(sign)
}

fn is_hash(text: &str) -> bool {
    text.is_empty() || text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `644 root:root`; on this computer `644 -`.
fn is_mode(text: &str) -> bool {
    let Some((mode, owner)) = text.split_once(' ') else { return text.is_empty() };
    let name = |name: &str| {
        let sign = |c: char| c.is_ascii_alphanumeric() || "-_.+@$\\".contains(c);
        !name.is_empty() && !name.starts_with('-') && name.chars().all(sign)
    };
    let octal = (1..=4).contains(&mode.len()) && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    octal && (owner == "-" || owner.split_once(':').is_some_and(|(user, group)| name(user) && name(group)))
}

/// An absolute path that is what it looks like.
fn is_path(path: &str) -> bool {
    let plain = path.strip_prefix('/').is_some_and(|rest| {
        !rest.is_empty() && rest.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
    });
    plain && !path.chars().any(clean::is_invisible)
}

fn is_image(name: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    name.len() <= LONGEST_IMAGE
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "9ce1f4d8ebb0f83115247ba8c2c4719cb5218ed6198076a394953610a229cc2c";

    fn line(kind: RecordKind, path: &str) -> RecordLine {
        RecordLine {
            run: "20261123T090012Z-4711".to_owned(),
            kind,
            path: path.to_owned(),
            mode: "644 root:root".to_owned(),
            new: HASH.to_owned(),
            ..RecordLine::default()
        }
    }

    fn told(line: RecordLine, place: &Place) -> Vec<String> {
        believe(&Record { lines: vec![line], ..Record::default() }, place).1
    }

    #[test]
    fn a_worker_speaks_of_its_own_and_of_nothing_else() {
        let w1 = Place::Worker("w1".to_owned());
        for (kind, path) in [
            (RecordKind::Put, "/etc/kubernetes/worker-kubeconfig.yaml"),
            (RecordKind::Put, "/var/lib/kubelet/config.yaml"),
            (RecordKind::Put, "/etc/systemd/system/kubelet.service"),
            (RecordKind::Put, "/etc/ssl/etcd/ca.crt"),
            (RecordKind::Key, "/etc/kubernetes/ssl/worker.key"),
            (RecordKind::Put, "/usr/local/bin/kubelet"),
            (RecordKind::Dir, "/etc/ssl"),
            (RecordKind::Dir, "/var/lib/kubelet"),
            (RecordKind::Image, "k8s.gcr.io/pause:3.2"),
            (RecordKind::Start, "docker"),
            (RecordKind::Enable, "kubelet"),
            (RecordKind::Node, "w1"),
        ] {
            assert_eq!(told(line(kind, path), &w1), Vec::<String>::new(), "{path}");
        }
        for (kind, path) in [
            (RecordKind::Put, "/etc/passwd"),
            (RecordKind::Put, "/etc/kubernetes/../passwd"),
            (RecordKind::Put, "/etc/kubernetes//x"),
            (RecordKind::Put, "/etc/kubernetes/a\nb"),
            (RecordKind::Put, "etc/kubernetes/x"),
            (RecordKind::Key, "-rf"),
            (RecordKind::Dir, "/home"),
            (RecordKind::Dir, "/"),
            (RecordKind::Image, "-f"),
            (RecordKind::Image, "a b"),
            (RecordKind::Start, "sshd"),
            (RecordKind::Start, "--host=root@other"),
            (RecordKind::Enable, "kubelet.service evil"),
            (RecordKind::Node, "w2"),
            (RecordKind::NodeUnknown, "victim"),
        ] {
            assert_eq!(told(line(kind, path), &w1).len(), 1, "{path}");
        }
    }

    #[test]
    fn what_is_no_plain_word_is_not_believed_and_is_told_on_one_line_without_escapes() {
        let own = "/etc/kubernetes/x";
        let strange = |change: &dyn Fn(&mut RecordLine)| {
            let mut line = line(RecordKind::Put, own);
            change(&mut line);
            [Place::Worker("w1".to_owned()), Place::Local].map(|place| told(line.clone(), &place)).concat()
        };
        for change in [
            &(|line: &mut RecordLine| line.run = "../../etc".to_owned()) as &dyn Fn(&mut RecordLine),
            &|line| line.run = "/home/op".to_owned(),
            &|line| line.run = "r\n\u{1b}[2Jeverything is fine".to_owned(),
            &|line| line.run = String::new(),
            &|line| line.run = "..".to_owned(),
            &|line| line.old = "../../../etc/shadow".to_owned(),
            &|line| line.new = "x".to_owned(),
            &|line| line.mode = "4777 root:root; reboot".to_owned(),
            &|line| line.mode = "644 --reference=/x".to_owned(),
        ] {
            let told = strange(change);
            assert_eq!(told.len(), 2, "{told:?}");
            assert!(told.iter().all(|line| !line.chars().any(clean::is_invisible)), "{told:?}");
        }
    }

    #[test]
    fn this_computer_may_have_files_anywhere() {
        assert_eq!(told(line(RecordKind::Put, "/home/op/.kube/config"), &Place::Local), Vec::<String>::new());
        assert_eq!(told(line(RecordKind::Node, "w1"), &Place::Local).len(), 1);
    }
}
