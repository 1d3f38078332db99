//! Turns the lines about a kubelet that no plan tells of into facts: how it is started, and as whom it talks to the API.

use std::collections::BTreeMap;

use openssl::base64;

use crate::plan::clean;
use crate::plan::fact::{Fact, Known};
use crate::plan::found::{ApiAnswer, FLAGS, KubeletStart, NodeIdentity};
use crate::plan::remote::Remote;
use crate::runtime::answer_lines::{AnswerLines, all, first, has};

/// How it is started.
pub(super) fn start(lines: &AnswerLines) -> Known<Fact> {
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    let process: Vec<String> = all(lines, "arg").map(str::to_owned).collect();
    let (process, unit) = (flags(&process), flags(&of_unit(lines)));
    let differs = |(name, value): (&String, &Remote<String>)| {
        process.get(name).is_some_and(|own| own != value).then(|| name.clone())
    };
    let otherwise = unit.iter().filter_map(differs).collect();
    let mut flags = process.clone();
    flags.extend(unit);
    let file = |(key, path): &(String, String)| match key.as_str() {
        "file" => Some((Remote::from(clean::line(path)), true)),
        "missing" => Some((Remote::from(clean::line(path)), false)),
        _ => None,
    };
    let env_files = lines.iter().filter_map(file).collect();
    Known::Yes(Fact::KubeletStart(KubeletStart {
        flags,
        otherwise,
        absent: first(lines, "absent").map(|path| Remote::from(clean::line(path))),
        closed: first(lines, "closed").map(|path| Remote::from(clean::line(path))),
        mute: first(lines, "mute").and_then(|line| {
            let (path, rest) = line.split_once(' ')?;
            let (status, said) = rest.split_once(' ')?;
            Some((clean::line(path).into(), status.parse().ok()?, clean::short(said.trim(), 300).into()))
        }),
        env_files,
    }))
}

/// Those that are kept of a command line.
fn flags(words: &[String]) -> BTreeMap<String, Remote<String>> {
    let mut flags = BTreeMap::new();
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        let Some(name) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else { continue };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (name, rest.next_if(|next| !next.starts_with('-')).cloned().unwrap_or_default()),
        };
        if FLAGS.contains(&name) {
            flags.insert(name.to_owned(), Remote::from(clean::line(&value)));
        }
    }
    flags
}

/// The command line of its unit, with what its variables hold: those of files win over those of the unit
/// (systemd.exec(5), `EnvironmentFile=`).
fn of_unit(lines: &AnswerLines) -> Vec<String> {
    let shown = |name: &str| all(lines, "show").filter_map(|line| line.strip_prefix(name)).last();
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let own = shown("Environment=").unwrap_or_default();
    let of_files = all(lines, "line").map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    let own = shell_words::split(own).unwrap_or_default();
    for (name, value) in own.iter().filter_map(|one| one.split_once('=')) {
        variables.insert(name.to_owned(), value.to_owned());
    }
    for (name, value) in of_files.filter_map(|line| line.split_once('=')) {
        let value = shell_words::split(value).unwrap_or_else(|_| vec![value.to_owned()]).join(" ");
        variables.insert(name.trim().to_owned(), value);
    }
    let line = shown("ExecStart=").and_then(|line| line.split_once("argv[]=")).map_or("", |(_, rest)| rest);
    let line = line.split_once(" ; ").map_or(line, |(words, _)| words);
    line.split_whitespace()
        .flat_map(|word| {
            let Some(name) = word.strip_prefix('$') else { return vec![word.to_owned()] };
            let name = name.trim_start_matches('{').trim_end_matches('}');
            variables.get(name).map_or("", String::as_str).split_whitespace().map(str::to_owned).collect()
        })
        .collect()
}

/// As whom it talks to the API.
pub(super) fn identity(lines: &AnswerLines) -> Known<Fact> {
    if !has(lines, "done") {
        return Known::No("the answer was cut off".to_owned());
    }
    if has(lines, "several") {
        return Known::No("it has more than one cluster or user: which one counts was not read".to_owned());
    }
    if has(lines, "none") {
        return Known::Yes(Fact::Identity(None));
    }
    let word = |key: &str| clean::line(first(lines, key).unwrap_or_default().trim());
    let pem = |key: &str| {
        let text: Vec<&str> = all(lines, key).collect();
        if text.is_empty() { String::new() } else { text.join("\n") + "\n" }
    };
    let names = all(lines, "names").filter_map(|line| line.split_once(' '));
    let answer = |key: &str| {
        let bytes: Vec<u8> =
            all(lines, key).flat_map(|line| base64::decode_block(line.trim()).unwrap_or_default()).collect();
        answered(&String::from_utf8_lossy(&bytes))
    };
    Known::Yes(Fact::Identity(Some(Box::new(NodeIdentity {
        mode: word("stat"),
        server: word("server").into(),
        ca: pem("ca"),
        cert: pem("cert"),
        files: names.map(|(name, path)| (clean::line(name), Remote::from(clean::line(path)))).collect(),
        embeds: all(lines, "embeds").map(clean::line).collect(),
        gone: all(lines, "gone").map(clean::line).collect(),
        key_mode: word("key_stat").split(' ').next().unwrap_or_default().to_owned(),
        key_group: word("key_stat").rsplit_once(':').and_then(|(_, group)| group.parse().ok()),
        key_owner: word("key_stat").split([' ', ':']).nth(1).and_then(|owner| owner.parse().ok()),
        key_spki: first(lines, "spki").map(clean::line),
        token: has(lines, "token"),
        asked_ms: first(lines, "clock").and_then(|clock| clock.trim().parse().ok()),
        node: answer("node"),
        lease: answer("lease"),
        more: answer("more"),
    }))))
}

/// What came back over HTTP, behind whatever openssl said before it.
fn answered(text: &str) -> ApiAnswer {
    let begins = text.find("HTTP/1.");
    let said = begins.and_then(|at| text.get(at..)).and_then(|text| text.split_once("\r\n\r\n"));
    let status = |head: &str| head.split_whitespace().nth(1)?.parse().ok();
    match said {
        Some((head, body)) => ApiAnswer { status: status(head), body: Remote::from(body) },
        None => ApiAnswer { status: None, body: Remote::from(why(text)) },
    }
}

/// The line that says most of an openssl that did not get an answer.
fn why(text: &str) -> String {
    let telling = ["no answer", "refused", "timed out", "unreachable", "not known", "alert", "resolution"];
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| telling.iter().any(|word| line.contains(word))).or(lines().next_back());
    clean::short(line.unwrap_or("nothing was answered"), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[(&str, &str)]) -> Vec<(String, String)> {
        text.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn found(text: &[(&str, &str)]) -> (BTreeMap<String, String>, Vec<String>) {
        let Known::Yes(Fact::KubeletStart(start)) = start(&lines(text)) else { panic!("it is read") };
        (start.flags.into_iter().map(|(name, value)| (name, value.to_string())).collect(), start.otherwise)
    }

    #[test]
    fn the_unit_decides_and_its_process_tells_what_it_does_not_say() {
        let (flags, otherwise) = found(&[
            ("show", "MainPID=12"),
            (
                "show",
                "ExecStart={ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet --config=/new --v 2 ; flags= }",
            ),
            ("arg", "/usr/local/bin/kubelet"),
            ("arg", "--kubeconfig"),
            ("arg", "/var/lib/kubelet/kubeconfig"),
            ("arg", "--config=/a"),
            ("arg", "--config=/b"),
            ("arg", "--register-node"),
            ("arg", "--registry-burst=canary"),
            ("done", ""),
        ]);
        assert_eq!(otherwise, ["config"]);
        let said: Vec<String> = flags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(said, ["config=/new", "kubeconfig=/var/lib/kubelet/kubeconfig", "v=2"]);
    }

    #[test]
    fn of_one_that_does_not_run_its_unit_counts_with_what_its_variables_hold() {
        let (flags, otherwise) = found(&[
            ("show", "MainPID=0"),
            (
                "show",
                "ExecStart={ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS ${ONE} $NONE ; ignore_errors=no ; pid=0 }",
            ),
            (
                "show",
                "Environment=\"KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf\" KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml",
            ),
            ("show", "EnvironmentFiles=/var/lib/kubelet/kubeadm-flags.env (ignore_errors=yes)"),
            ("file", "/var/lib/kubelet/kubeadm-flags.env"),
            ("line", "# --kubeconfig=/not/this"),
            ("line", "ONE=\"--hostname-override=x1 --v=4\""),
            ("missing", "/etc/default/kubelet"),
            ("done", ""),
        ]);
        assert!(otherwise.is_empty());
        let said: Vec<String> = flags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            said,
            [
                "bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
                "config=/var/lib/kubelet/config.yaml",
                "hostname-override=x1",
                "kubeconfig=/etc/kubernetes/kubelet.conf",
                "v=4"
            ]
        );
    }

    #[test]
    fn an_answer_is_a_status_and_a_body_or_the_reason_why_there_is_none() {
        let text = "depth=0 CN = kube-apiserver\r\nverify error\nHTTP/1.0 401 Unauthorized\r\nA: b\r\n\r\n{\"kind\":\"Status\"}";
        let said = answered(text);
        assert_eq!((said.status, said.body.to_string().as_str()), (Some(401), "{\"kind\":\"Status\"}"));
        let said = answered(
            "80F0:error:8000006F:system library:BIO_connect:Connection refused:calling\nconnect:errno=111\n",
        );
        assert_eq!(said.status, None);
        assert!(said.body.to_string().contains("Connection refused"), "{}", said.body);
        assert_eq!(answered("").body.to_string(), "nothing was answered");
    }
}
