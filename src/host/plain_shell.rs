//! Shell text as somebody would type it: the functions of `assets/host/prelude.sh` as the plain commands they come
//! down to. This is for reading; what is sent are the functions, which also check the way, keep a copy and note it.

use crate::plan::action::Action;
use crate::plan::programs;
use crate::plan::runtime_fact::RuntimeKind;
use crate::runtime::typed::{Typed, typed};

/// What stands for the sum of a file that was not read yet.
const ITS_SUM: &str = "<its SHA-256>";

/// An action as somebody would type it.
pub fn plain_action(action: &Action) -> String {
    plain_shell(&action.shell().to_string())
}

/// Plain shell as it may be pasted into a terminal: what reads its input would take the lines below it for the
/// content of a file, so it is left as a remark.
pub fn pasteable(shell: &str) -> String {
    let reads = |line: &str| line.contains("/dev/stdin") || line.contains("  # sent from here: ");
    let lines = shell.lines().map(|line| if reads(line) { format!("# {line}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same shell text without the functions of the prelude.
pub fn plain_shell(shell: &str) -> String {
    shell.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn line(text: &str) -> String {
    let named = text.strip_prefix("with ").and_then(|rest| {
        let (name, rest) = rest.split_once(' ')?;
        RuntimeKind::named(name).map(|runtime| (rest, runtime))
    });
    let (text, runtime) = named.unwrap_or((text, RuntimeKind::default()));
    line_with(text, runtime)
}

fn line_with(text: &str, runtime: RuntimeKind) -> String {
    let by_hand = |what: Typed| typed(runtime, what).join("\n");
    let (function, rest) = text.split_once(' ').unwrap_or((text, ""));
    // Names that stand for something to come may hold an apostrophe.
    let words = shell_words::split(rest)
        .unwrap_or_else(|_| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let quoted = |at: usize| shell_words::quote(word(at)).into_owned();
    match function {
        "make_dir" => format!("install -d {} -m {}", quoted(0), word(1)),
        "make_key" if word(1) == "rsa2048" => format!("(umask 077; openssl genrsa -out {} 2048)", quoted(0)),
        "make_key" => {
            format!("(umask 077; openssl ecparam -genkey -noout -name prime256v1 -out {})", quoted(0))
        }
        "make_csr" => {
            let request = format!("openssl req -new -sha256 -key {} -subj {}", quoted(0), quoted(1));
            match word(2) {
                "" => request,
                san => format!("{request} -addext {}", shell_words::quote(&format!("subjectAltName={san}"))),
            }
        }
        "put" => {
            let what = carried(words.get(3..).unwrap_or_default());
            // The path first: a line that is cut still says which file.
            format!("install /dev/stdin {} -m {}{}  # {what}", quoted(0), word(1), owner(word(2)))
        }
        "load_image" => {
            let names: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            by_hand(Typed::Import { tar: &quoted(0), names: &names })
        }
        "load_sent" => {
            // Before the names stand size and sum, or what is said for them.
            let names: Vec<&str> = match rest.rsplit_once(ITS_SUM) {
                Some((_, names)) => names.split_whitespace().collect(),
                None => words.iter().skip(2).map(String::as_str).collect(),
            };
            by_hand(Typed::ImportSent { what: &words.join(" "), names: &names })
        }
        "send_program" => {
            // Before it stands its size, or what is said for it.
            let hash = words.last().map_or("", String::as_str);
            let at = programs::waits(hash, word(0));
            let what = carried(words.get(1..).unwrap_or_default());
            format!("install -D /dev/stdin {} -m 0700  # {what}", shell_words::quote(&at))
        }
        "try_program" => {
            let call = programs::call(word(0), &programs::waits(word(1), word(0)));
            if word(2) == "any" { call } else { format!("{call}  # wanted: {}", word(2)) }
        }
        "try_config" => {
            let at = programs::waits(word(0), programs::CONTAINERD);
            format!("{} -c {} config dump > /dev/null", shell_words::quote(&at), quoted(1))
        }
        "tried" => "# nothing is put in place unless all of them are as wanted".to_owned(),
        "place_program" => {
            let at = programs::waits(word(1), word(0));
            format!("install {} {} -m 0755 -o root -g root", shell_words::quote(&at), quoted(2))
        }
        "service" => format!("systemctl {rest}"),
        "restart_pod" => by_hand(Typed::EndContainers(word(0))),
        "kubelet_takes" => {
            let flags: Vec<&str> = words.iter().skip(2).map(String::as_str).collect();
            format!("{} --config=THE-NEW-FILE --exit-on-lock-contention", shell_words::join(flags))
        }
        "kubelet_up" => match word(0) {
            "0" => "systemctl is-active kubelet".to_owned(),
            port => format!("curl -sS http://127.0.0.1:{port}/healthz"),
        },
        "set_sysctl" | "take_sysctl" => format!("sysctl -w {}={}", word(0), word(1)),
        "load_module" => format!("modprobe {}", quoted(0)),
        "remove_file" | "take_away" => format!("rm -f {}", quoted(0)),
        "note" => format!("# noted for undo: {} {}", word(0), quoted(1)),
        "put_back" => put_back(&words, &quoted(0)),
        "take_dir" => format!("rmdir {}", quoted(0)),
        "take_image" => by_hand(Typed::RemoveImage(word(0))),
        "clean_pods" => {
            let then = "# then the kubelet's mounts and folders, and kube-proxy's rules of iptables";
            format!("{}\n{then}", by_hand(Typed::RemovePods))
        }
        "containerd_takes" => format!("{} -c {} config dump > /dev/null", quoted(0), quoted(1)),
        "forget" => format!("rm -rf {}", shell_words::quote(&format!("/var/lib/gangplank/{}", word(0)))),
        "keep_for_undo" => format!("# a copy is kept for undo: {}", quoted(0)),
        "note_merged" => format!("# noted for undo, as it is now: {}", quoted(0)),
        "restrict" if word(0).starts_with("/etc/") => {
            format!("chown root:root {0} && chmod 600 {0}", quoted(0))
        }
        "restrict" => format!("chmod 600 {}", quoted(0)),
        "closed" => format!("chown root:root {0} && chmod 600 {0}", quoted(0)),
        "rotate_in" => format!(
            "p={folder}/kubelet-client-$(date +%Y-%m-%d-%H-%M-%S).pem; (umask 077; {{ cat {cert}; openssl pkey -in {link}; }} \
             >$p); ln -sfn $p {link}; rm {cert}",
            folder = shell_words::quote(word(0).rsplit_once('/').map_or("", |(folder, _)| folder)),
            link = quoted(0),
            cert = quoted(1)
        ),
        "rotate_back" => format!(
            "[ \"$(readlink {link})\" != {new} ] || ln -sfn {old} {link}",
            link = quoted(0),
            old = quoted(1),
            new = quoted(2)
        ),
        _ => text.to_owned(),
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// What comes on the input: how much, or the name of what is to come.
fn carried(words: &[String]) -> String {
    match words {
        [size, hash] if is_number(size) => {
            format!("{size} bytes, sha256 {}", hash.get(..12).unwrap_or(hash))
        }
        words => words.join(" "),
    }
}

fn owner(owner: &str) -> String {
    owner.split_once(':').map_or_else(String::new, |(user, group)| format!(" -o {user} -g {group}"))
}

/// `put_back PATH RUN OLD NEW 'MODE OWNER'`; where the run is not known yet, its name has several words.
fn put_back(words: &[String], path: &str) -> String {
    let [_, run, old, _, mode] = words else {
        return format!("cp -p '<the copy kept for undo>' {path}");
    };
    let (mode, who) = mode.split_once(' ').unwrap_or((mode, "-"));
    let kept = format!("/var/lib/gangplank/{run}/{old}");
    format!("install {} {path} -m {mode}{}", shell_words::quote(&kept), owner(who))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::Content;

    #[test]
    fn what_is_pasted_holds_no_command_that_would_take_the_next_line_for_a_file() {
        let shell = "make_dir /etc/x 0755\nput /etc/x/a 0644 root:root 12 0123456789abcdef\nload_sent 5 ab img:1\n\
                     service restart kubelet";
        let pasted = pasteable(&plain_shell(shell));
        let begins: Vec<&str> = pasted.lines().map(|line| line.get(..9).unwrap_or(line)).collect();
        assert_eq!(begins, ["install -", "# install", "# docker ", "systemctl"], "{pasted}");
    }

    #[test]
    fn what_is_done_with_containerd_is_shown_in_its_own_commands() {
        let runtime = Some(RuntimeKind::Containerd);
        let names = || vec!["a/pause:1".to_owned()];
        let tar = Content::File { path: "/x.tar".into(), sha256: None };
        for (action, sent, shown) in [
            (
                Action::LoadImage { tar: "/x y.tar".to_owned(), names: names(), runtime },
                "with containerd load_image '/x y.tar' a/pause:1",
                "ctr -n k8s.io images import '/x y.tar'\n\
                 ctr -n k8s.io images label docker.io/a/pause:1 io.cri-containerd.pinned=pinned",
            ),
            (
                Action::SendImage { tar, names: names(), runtime },
                "with containerd load_sent <size of /x.tar> <its SHA-256> a/pause:1",
                "ctr -n k8s.io images import -  # sent from here: <size of /x.tar> <its SHA-256> a/pause:1\n\
                 ctr -n k8s.io images label docker.io/a/pause:1 io.cri-containerd.pinned=pinned",
            ),
            (
                Action::UndoLoadImage { name: "a/pause:1".to_owned(), runtime },
                "with containerd take_image a/pause:1",
                "ctr -n k8s.io images rm docker.io/a/pause:1",
            ),
        ] {
            assert_eq!((action.shell().to_string().as_str(), plain_action(&action).as_str()), (sent, shown));
        }
        for action in [
            Action::RestartPod { container: "kube-proxy".to_owned(), runtime },
            Action::CleanPods { runtime },
        ] {
            let shown = plain_action(&action);
            assert!(shown.contains("ctr -n k8s.io") && !shown.contains("docker"), "{shown}");
        }
    }
}
