//! Hosts that let everybody in: a real sshd whose shell answers what it likes.

use std::time::Duration;

use crate::hosts::EVIL;
use crate::sshd::Sshd;
use crate::stage::{HostileAnswer, Sent, Stage};

/// A look at a host, with greeting and login.
const LOOK: u64 = 65;

/// A host whose every command is this shell text, and the plan to it.
pub fn host(stage: &mut Stage, text: &str, extra: &str) -> Option<Sent> {
    stage.program("shell", text);
    let shell = stage.at("bin/shell");
    let sshd = Sshd::start(&format!("ForceCommand {}\n{extra}", shell.display()))?;
    let key = sshd.at("id").display().to_string();
    stage.plan(
        None,
        &format!("{{host: 127.0.0.1, port: {}, user: {}, key: {key}}}", sshd.port, sshd.user),
        "",
    );
    stage.keep(sshd);
    Some(Sent::plan(stage))
}

/// A CA on a host whose every command is this shell text, and the plan to it; nobody answers for the worker.
pub fn ca_host(stage: &mut Stage, text: &str, api: Option<u16>) -> Option<Sent> {
    let sent = host(stage, text, "")?;
    let sshd = stage.kept::<Sshd>()?;
    let (at, key) = (stage.at("").display().to_string(), sshd.at("id").display().to_string());
    let place = format!("ssh://{}@127.0.0.1:{}{at}\n  ssh: {{key: {key}}}", sshd.user, sshd.port);
    stage.plan(api, "{host: 127.0.0.1, port: 1, user: root}", "");
    let plan = std::fs::read_to_string(stage.at("plan.yaml")).unwrap();
    stage.write("plan.yaml", plan.replacen("where: files", &format!("where: {place}"), 1));
    Some(sent)
}

/// The mark of the script, which stands on its first line.
const MARK: &str = "read -r l; m=${l#M=}; m=${m%% *}\n";

/// The real script with programs of this folder before all others.
fn with_programs(stage: &mut Stage, programs: &[(&str, String)]) -> Option<Sent> {
    let text = real(stage, programs, "");
    host(stage, &text, "")
}

/// A shell that runs the real script with programs of this folder before all others; `first` sees the script in `$s`.
pub fn real(stage: &Stage, programs: &[(&str, String)], first: &str) -> String {
    std::fs::create_dir_all(stage.at("bin/fake")).unwrap();
    for (name, text) in programs {
        stage.program(&format!("fake/{name}"), text);
    }
    let fake = stage.at("bin/fake").display().to_string();
    // The command is `sh -c 's=$(head -c N); ...'`: its script gets another search path. Those behind it go to the same shell.
    format!(
        "c=${{SSH_ORIGINAL_COMMAND#*head -c }}; n=${{c%%)*}}\n\
         door() {{\n{first}\n:; }}\n\
         s=$(head -c \"$n\"; echo .); s=${{s%.}}\ndoor\nexec 3<&0 </dev/null\n\
         eval \"$(printf %s \"$s\" | sed 's|^PATH=|PATH={fake}:|; s|eval \"$s\" ;;|door; eval \"$s\" ;;|')\""
    )
}

/// Told by the stand-in of a host, so that nothing of this computer is changed: the first action has begun.
pub const BEGUN: &str =
    "case $s in *'if begin 0;'*) m=${s#M=}; m=${m%% *}; printf '\\n%s b 0\\n' \"$m\"; exec sleep 900;; esac";

/// Words for a shell's `printf`.
fn evil() -> String {
    EVIL.bytes().map(|byte| format!("\\{byte:03o}")).collect()
}

pub fn all() -> Vec<HostileAnswer> {
    let lines: &[(&'static str, String, &'static [&'static str])] = &[
        ("shell: nothing, without end", "exec sleep 900".to_owned(), &["answering what it was asked"]),
        ("shell: closed at once", "exit 0".to_owned(), &["E-SSH-14"]),
        ("shell: escapes and the door", format!("printf '{}'; exit 1", evil()), &["E-SSH-14"]),
        ("shell: ended by a signal", "kill -9 $$".to_owned(), &["E-SSH-14"]),
        (
            "shell: a flood without a newline",
            "exec tr '\\0' a < /dev/zero".to_owned(),
            &["sends holds more than 16 MiB"],
        ),
        ("shell: a flood of lines", "exec yes".to_owned(), &["sends holds more than 16 MiB"]),
        ("shell: a flood of complaints", "exec yes >&2".to_owned(), &["sends holds more than 16 MiB"]),
        (
            "shell: a flood of complaints without a newline",
            "exec tr '\\0' a < /dev/zero >&2".to_owned(),
            &["sends holds more than 16 MiB"],
        ),
        (
            "shell: a byte a second",
            "while sleep 1; do printf a; done".to_owned(),
            &["answering what it was asked"],
        ),
        (
            "shell: a line a second",
            "while sleep 1; do echo a; echo b >&2; done".to_owned(),
            &["answering what it was asked"],
        ),
        (
            "shell: rows without end",
            format!("{MARK}exec yes \"$m 0 os abcdefgh\""),
            &["sends holds more than 16 MiB"],
        ),
        (
            "shell: long rows without end",
            format!("{MARK}exec yes \"$m 3 content $(head -c 60000 /dev/zero | tr '\\0' A)\""),
            &["E-HOST", "E-SSH"],
        ),
        (
            "shell: answers to questions without end",
            format!("{MARK}exec awk -v m=\"$m\" 'BEGIN {{ while (1) print m, n++, \"os\", \"x\" }}'"),
            &["sends holds more than 16 MiB"],
        ),
        (
            "shell: marks of actions without end",
            format!(
                "{MARK}exec awk -v m=\"$m\" 'BEGIN {{ while (1) {{ print m, \"b\", n; print m, \"e\", n++, 0 }} }}'"
            ),
            &["sends holds more than 16 MiB"],
        ),
        (
            "shell: what actions say without end",
            format!(
                "{MARK}exec awk -v m=\"$m\" -v x=\"$(head -c 9000 /dev/zero | tr '\\0' A)\" 'BEGIN {{ while (1) {{ print m, \
                 \"b\", n++; print x }} }}'"
            ),
            &["sends holds more than 16 MiB"],
        ),
        (
            "shell: a mark without end",
            format!("{MARK}printf '%s b ' \"$m\"; exec tr '\\0' 9 < /dev/zero"),
            &["sends holds more than 16 MiB"],
        ),
        (
            "shell: a row a second without end",
            format!("{MARK}while sleep 1; do echo \"$m 0 os x\"; done"),
            &["answering what it was asked"],
        ),
        (
            "shell: marks that are no numbers",
            format!(
                "{MARK}for w in 'b -1' 'e 99999999999999999999 9' 'e 0 x' '99999999999999999999 os x' 'c 7' 'l 8' 'z 9' z; do \
                 echo \"$m $w\"; echo \"$m $w\" >&2; done"
            ),
            &["E-FACT-01"],
        ),
        (
            "shell: a holder with escapes",
            format!("{MARK}printf \"$m k 0 {}\\n\" ; exit 0", evil()),
            &["E-HOST-04"],
        ),
        (
            "shell: all values are escapes",
            format!(
                "{MARK}for k in os uname uid clock addr stat sha256 unit state load journal image version refused error \
                 manifest line name host pem docker ps row info path sysctl kept-sysctl kept-module builtin overlay starts \
                 runc sum df config dump ctr crictl containerd cni plugin plugins-listed reason sandbox server conf-dir \
                 bin-dir net net-text file-text program healthz root socket ipc tried; do n=0; while [ $n -lt 60 ]; do printf \"$m $n $k \
                 {0}\\n\"; n=$((n+1)); done; done; n=0; while [ $n -lt 60 ]; do echo \"$m $n done\"; n=$((n+1)); done; echo \
                 \"$m z\"; echo \"$m z\" >&2",
                evil()
            ),
            &["E-SUDO-01"],
        ),
    ];
    let mut all: Vec<HostileAnswer> = lines
        .iter()
        .map(|(name, text, says)| {
            let text = text.clone();
            HostileAnswer::new(name, LOOK, says, move |stage| host(stage, &text, ""))
        })
        .collect();
    all.push(HostileAnswer::new("login: a notice with escapes, then refused", 30, &["E-SSH-10"], |stage| {
        let notice = stage.write("notice", EVIL.repeat(100));
        host(
            stage,
            "exit 0",
            &format!("Banner {}\nPubkeyAuthentication no\nPasswordAuthentication yes", notice.display()),
        )
    }));
    all.push(HostileAnswer::new("login: a notice of 200 kB", 30, &["E-SSH-13"], |stage| {
        let notice = stage.write("notice", "x".repeat(200_000));
        host(stage, "exit 0", &format!("Banner {}", notice.display()))
    }));
    let programs: &[(&'static str, &'static str)] = &[
        ("program: systemctl says escapes", "systemctl"),
        ("program: docker says escapes", "docker"),
        ("program: ip says escapes", "ip"),
        ("program: kubelet says escapes", "kubelet"),
        ("program: openssl says escapes", "openssl"),
        ("program: journalctl says escapes", "journalctl"),
        ("program: uname says escapes", "uname"),
        ("program: sha256sum says escapes", "sha256sum"),
        ("program: stat says escapes", "stat"),
        ("program: containerd says escapes", "containerd"),
        ("program: ctr says escapes", "ctr"),
        ("program: sysctl says escapes", "sysctl"),
        ("program: modinfo says escapes", "modinfo"),
    ];
    for (name, program) in programs {
        all.push(
            HostileAnswer::new(name, LOOK, &["w1"], move |stage| {
                with_programs(stage, &[(program, format!("printf '{0}\\n{0}\\n'", evil()))])
            })
            .real(),
        );
    }
    for (name, program) in [
        ("program: docker never ends", "docker"),
        ("program: systemctl never ends", "systemctl"),
        ("program: ip never ends", "ip"),
        ("program: containerd never ends", "containerd"),
        ("program: ctr never ends", "ctr"),
    ] {
        all.push(
            HostileAnswer::new(name, LOOK, &["w1"], move |stage| {
                with_programs(stage, &[(program, "exec sleep 900".to_owned())])
            })
            .real(),
        );
    }
    for (name, program) in [
        ("program: docker prints without end", "docker"),
        ("program: systemctl prints without end", "systemctl"),
        ("program: journalctl prints without end", "journalctl"),
        ("program: ip prints without end", "ip"),
        ("program: containerd prints without end", "containerd"),
        ("program: ctr prints without end", "ctr"),
        ("program: sha256sum prints without end", "sha256sum"),
    ] {
        all.push(
            HostileAnswer::new(name, LOOK, &["w1"], move |stage| {
                with_programs(stage, &[(program, "exec yes 'a\tb\tc\td\te\tf'".to_owned())])
            })
            .real(),
        );
    }
    all.push(
        HostileAnswer::new("watch: docker ps prints without end", 22, &["w1"], |stage| {
            let mut sent = with_programs(stage, &[("docker", "exec yes 'a\tb\tc\td\te\tf'".to_owned())])?;
            watching(stage, &mut sent);
            Some(sent)
        })
        .real(),
    );
    all.push(
        HostileAnswer::new("watch: docker ps prints one line without end", 22, &["w1"], |stage| {
            let mut sent = with_programs(stage, &[("docker", "exec tr '\\0' a < /dev/zero".to_owned())])?;
            watching(stage, &mut sent);
            Some(sent)
        })
        .real(),
    );
    all.push(
        HostileAnswer::new("watch: a stream of one line without end", 22, &["w1"], |stage| {
            let mut sent = host(stage, "exec tr '\\0' a < /dev/zero", "")?;
            watching(stage, &mut sent);
            Some(sent)
        })
        .real(),
    );
    all.push(
        HostileAnswer::new("watch: a sample without end", 22, &["w1"], |stage| {
            let mut sent = host(stage, &format!("{MARK}echo \"$m sample\"; exec yes abcdefghi"), "")?;
            watching(stage, &mut sent);
            Some(sent)
        })
        .real(),
    );
    all.push(
        HostileAnswer::new("watch: events without end", 22, &["w1"], |stage| {
            let mut sent = host(stage, &format!("{MARK}exec yes \"$m event\""), "")?;
            watching(stage, &mut sent);
            Some(sent)
        })
        .real(),
    );
    all.push(
        HostileAnswer::new("watch: containers with escapes", 22, &["w1"], |stage| {
            let row = format!("printf '{0}\\t{0}\\t{0}\\t{0}\\t{0}\\t{0}\\n'", evil());
            let mut sent = with_programs(stage, &[("docker", row)])?;
            watching(stage, &mut sent);
            Some(sent)
        })
        .real(),
    );
    all
}

fn watching(stage: &Stage, sent: &mut Sent) {
    *sent = Sent::with(&["watch", stage.at("plan.yaml").to_str().unwrap(), "--trust-new", "--plain"]);
    sent.stop_after = Some(Duration::from_secs(18));
}
