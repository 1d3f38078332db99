//! Shell text as somebody would type it: the functions of `assets/host/prelude.sh` as the plain commands they come
//! down to. This is for reading; what is sent are the functions, which also check the way, keep a copy and note it.

use super::Action;

impl Action {
    /// The action as somebody would type it.
    pub fn plain_shell(&self) -> String {
        plain_shell(&self.shell().to_string())
    }
}

/// Plain shell as it may be pasted into a terminal: what reads its input would take the lines below it for the
/// content of a file, so it is left as a remark.
pub fn pasteable(shell: &str) -> String {
    let reads = |line: &str| line.contains("/dev/stdin") || line.starts_with("docker load  #");
    let lines = shell.lines().map(|line| if reads(line) { format!("# {line}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same shell text without the functions of the prelude.
pub fn plain_shell(shell: &str) -> String {
    shell.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn line(text: &str) -> String {
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
        "load_image" => format!("docker load -i {}", quoted(0)),
        "load_sent" => format!("docker load  # sent from here: {}", words.join(" ")),
        "service" => format!("systemctl {rest}"),
        "restart_pod" => format!(
            "docker ps -q --filter {} | xargs -r docker stop -t 5",
            shell_words::quote(&format!("name=^/?k8s_{}[._]", word(0)))
        ),
        "remove_file" | "take_away" => format!("rm -f {}", quoted(0)),
        "note" => format!("# noted for undo: {} {}", word(0), quoted(1)),
        "put_back" => put_back(&words, &quoted(0)),
        "take_dir" => format!("rmdir {}", quoted(0)),
        "take_image" => format!("docker rmi {}", quoted(0)),
        "clean_pods" => "docker ps -aq --filter 'name=^/?k8s_' | xargs -r docker rm -f -v\n\
             # then the kubelet's mounts and folders, and kube-proxy's rules of iptables"
            .to_owned(),
        "forget" => format!("rm -rf {}", shell_words::quote(&format!("/var/lib/gangplank/{}", word(0)))),
        "keep_for_undo" => format!("# a copy is kept for undo: {}", quoted(0)),
        "note_merged" => format!("# noted for undo, as it is now: {}", quoted(0)),
        "restrict" if word(0).starts_with("/etc/") => {
            format!("chown root:root {0} && chmod 600 {0}", quoted(0))
        }
        "restrict" => format!("chmod 600 {}", quoted(0)),
        _ => text.to_owned(),
    }
}

/// What comes on the input: how much, or the name of what is to come.
fn carried(words: &[String]) -> String {
    match words {
        [size, hash] if size.bytes().all(|byte| byte.is_ascii_digit()) => {
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

    #[test]
    fn what_is_pasted_holds_no_command_that_would_take_the_next_line_for_a_file() {
        let shell = "make_dir /etc/x 0755\nput /etc/x/a 0644 root:root 12 0123456789abcdef\nload_sent 5 ab img:1\n\
                     service restart kubelet";
        let pasted = pasteable(&plain_shell(shell));
        let begins: Vec<&str> = pasted.lines().map(|line| line.get(..9).unwrap_or(line)).collect();
        assert_eq!(begins, ["install -", "# install", "# docker ", "systemctl"], "{pasted}");
    }
}
