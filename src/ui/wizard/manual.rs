//! What is to be done by hand: the bare command of it, and the machine it is for. This is the one place that knows.

use crate::plan::place::Place;
use crate::runtime::typed;
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::model::Model;

/// Programs that a way by hand names, and whether they run here whatever the problem is on.
const PROGRAMS: [(&str, bool); 26] = [
    ("base64", false),
    ("chmod", false),
    ("chown", false),
    ("cp", false),
    ("df", false),
    ("dig", false),
    ("du", false),
    ("grep", false),
    ("gzip", false),
    ("iconv", false),
    ("iptables-save", false),
    ("journalctl", false),
    ("kubectl", true),
    ("keytool", false),
    ("mv", false),
    ("openssl", false),
    ("printf", false),
    ("sed", false),
    ("ss", false),
    ("ssh-keygen", true),
    ("swapoff", false),
    ("systemctl", false),
    ("tail", false),
    ("timedatectl", false),
    ("umask", false),
    ("umount", false),
];

/// Where the words go on after the command.
const AFTER: [&str; 4] = ["; look at ", ", and ", ", then ", ", or "];

/// The command in the words of a way by hand, and whether it is for this computer.
fn bare(text: &str) -> Option<(&str, bool)> {
    let starts = std::iter::once(0).chain(text.match_indices(": ").map(|(at, _)| at.saturating_add(2)));
    starts.filter_map(|at| text.get(at..)).find_map(|rest| {
        let named = |name: &str| rest.strip_prefix(name).is_some_and(|more| more.starts_with(' '));
        let (_, here) = PROGRAMS
            .iter()
            .chain(&typed::PROGRAMS)
            .filter(|(name, _)| named(name))
            .max_by_key(|(name, _)| name.len())?;
        let end = AFTER.iter().filter_map(|word| rest.find(word)).min().unwrap_or(rest.len());
        rest.get(..end).map(|command| (command, *here))
    })
}

/// The command in the words of a way by hand: it is read as it stands, whatever the width.
pub fn command_in(text: &str) -> Option<&str> {
    bare(text).map(|(command, _)| command)
}

/// How one logs in where the problem is, and whether as root; `None` = it is here.
fn login(model: &Model, place: &Place) -> Option<(String, bool)> {
    let answers = &model.form.answers;
    match place {
        Place::Worker(name) => {
            let row = (0..answers.workers.len()).find(|row| model.worker_name(*row) == *name)?;
            let get = |field: Field| {
                let value = field.get(answers, row);
                if value.is_empty() { field.inherited(answers).unwrap_or_default() } else { value }
            };
            let host = match (Field::Host.get(answers, row), Field::Address.get(answers, row)) {
                (host, address) if host.is_empty() => address,
                (host, _) => host,
            };
            let user = get(Field::User);
            let user = if user.is_empty() { "root".to_owned() } else { user };
            let target = shell_words::quote(&format!("{user}@{host}")).into_owned();
            let port = match get(Field::Port).as_str() {
                "" | "22" => String::new(),
                port => format!("-p {} ", shell_words::quote(port)),
            };
            Some((format!("{port}{target}"), user == "root"))
        }
        Place::CaHost => {
            if Field::CaPlace.get(answers, 0) != "ssh" {
                return None;
            }
            let said = Field::CaHost.get(answers, 0);
            let target = said.split('/').next().filter(|target| !target.is_empty())?;
            Some((
                shell_words::quote(target).into_owned(),
                !target.contains('@') || target.starts_with("root@"),
            ))
        }
        Place::Local | Place::Cluster => None,
    }
}

/// What Enter copies of a way by hand: the bare command, through ssh where it is for another machine; words without
/// a command as they are.
pub fn command(model: &Model, place: Option<&Place>, text: &str) -> String {
    let Some((command, here)) = bare(text) else { return text.to_owned() };
    let login = place.filter(|_| !here).and_then(|place| login(model, place));
    match login {
        None => command.to_owned(),
        Some((target, true)) => format!("ssh {target} {}", shell_words::quote(command)),
        // sudo may want a password, and the whole of a pipe wants root.
        Some((target, false)) => {
            let whole = format!("sudo sh -c {}", shell_words::quote(command));
            format!("ssh -t {target} {}", shell_words::quote(&whole))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_found_in_the_words_and_knows_where_it_is_for() {
        for (text, found) in [
            (
                "on the host: journalctl -u kubelet -n 50 --no-pager",
                Some(("journalctl -u kubelet -n 50 --no-pager", false)),
            ),
            ("on the host: docker ps -a, and journalctl -u kubelet", Some(("docker ps -a", false))),
            (
                "on the host: openssl s_client -connect a:6443 </dev/null; look at routes, firewall",
                Some(("openssl s_client -connect a:6443 </dev/null", false)),
            ),
            ("if that machine is gone: kubectl delete node w1", Some(("kubectl delete node w1", true))),
            ("make it with: docker save IMAGE -o x.tar", Some(("docker save IMAGE -o x.tar", true))),
            ("swapoff -a, and take the line out of /etc/fstab", Some(("swapoff -a", false))),
            (
                "set the clock on the worker: timedatectl set-ntp true, or date -s",
                Some(("timedatectl set-ntp true", false)),
            ),
            (
                "run on this computer: umask 077; iconv -f UTF-16 -t UTF-8 'a b' > 'a b.pem'",
                Some(("umask 077; iconv -f UTF-16 -t UTF-8 'a b' > 'a b.pem'", false)),
            ),
            ("install docker, and start it: the kubelet runs every container through it", None),
            ("move /etc/x away", None),
        ] {
            assert_eq!(bare(text), found, "{text}");
        }
    }
}
