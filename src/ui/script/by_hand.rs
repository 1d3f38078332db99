//! Each action as the plain commands a person would type. Nothing here is sent to a host by gangplank.

use super::text::{base, comment, here_doc, quote};
use super::writer::{Writer, bytes_of, slot_file};
use crate::host::plain_shell;
use crate::plan::action::{Action, CertificateSpec, Content, KeyAlgorithm, SecretRef, Slot, Verb};
use crate::plan::fact::Facts;
use crate::plan::model::CaPlace;
use crate::plan::runtime_fact::RuntimeKind;
use crate::runtime::of_facts;
use crate::runtime::typed::{Typed, typed};

/// Where a replaced file of a worker is kept.
const BEFORE: &str = "/var/lib/onboard-before";

/// The lines of one step: what is sent first, what runs as root on the host, what is fetched after it.
/// On this computer everything is in `there`.
#[derive(Default)]
pub(super) struct ScriptLines {
    /// Here, before.
    pub(super) before: Vec<String>,
    /// What runs as root on the host.
    pub(super) there: Vec<String>,
    /// Here, after.
    pub(super) after: Vec<String>,
}

/// Where a step's actions happen.
pub(super) struct ScriptPlace<'s> {
    /// The name in file names, `w1` or `here`.
    pub(super) name: &'s str,
    /// The function that runs a command as the login; `None` = this computer.
    pub(super) ssh: Option<String>,
    /// What was there.
    pub(super) facts: &'s Facts,
}

fn exists(facts: &Facts, path: &str) -> bool {
    matches!(facts.file(path).yes(), Some(Some(_)))
        || matches!(facts.key(path).yes(), Some(Some(_)))
        || of_facts::reads(facts, path)
}

/// A copy of what is replaced; on a worker away from it, because the kubelet reads every file of a folder.
fn keep(spot: &ScriptPlace, path: &str) -> Vec<String> {
    if !exists(spot.facts, path) {
        return Vec::new();
    }
    let kept = base(path.trim_start_matches('/'));
    let path = quote(path);
    match spot.ssh {
        Some(_) => {
            vec![format!("install -d -m 0700 {BEFORE}"), format!("cp -p {path} {BEFORE}/{kept}")]
        }
        None => vec![format!("cp -p {path} {path}.before")],
    }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn owner_words(owner: &str) -> String {
    owner.split_once(':').map_or_else(String::new, |(user, group)| format!(" -o {user} -g {group}"))
}

/// What the certificate is to say, as openssl reads it.
fn extensions(wish: &CertificateSpec) -> String {
    let mut lines = vec![
        "basicConstraints = critical,CA:FALSE".to_owned(),
        "keyUsage = critical,digitalSignature,keyEncipherment".to_owned(),
    ];
    let purposes: Vec<&str> = [(wish.client, "clientAuth"), (wish.server, "serverAuth")]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
    if !purposes.is_empty() {
        lines.push(format!("extendedKeyUsage = {}", purposes.join(",")));
    }
    if !wish.san().is_empty() {
        lines.push(format!("subjectAltName = {}", wish.san()));
    }
    lines.join("\n") + "\n"
}

/// The signing command; the serial is positive and random, as no index of earlier ones is kept.
fn openssl_sign(cert: &str, key: &str, days: u32, name: &str) -> Vec<String> {
    vec![
        format!("openssl x509 -req -in {name}.csr -CA {cert} -CAkey {key} \\"),
        "  -set_serial \"0x4$(openssl rand -hex 15)\" -sha256 \\".to_owned(),
        format!("  -days {days} -extfile {name}.ext -out {name}.crt"),
        format!("openssl verify -CAfile {cert} {name}.crt"),
    ]
}

/// A certificate that is wanted: the name of its files, and what it says.
pub(super) struct ToSign<'a> {
    name: String,
    wish: &'a CertificateSpec,
}

impl<'a> ToSign<'a> {
    pub(super) fn of(action: &'a Action, slots: &std::collections::BTreeMap<Slot, String>) -> Option<Self> {
        let Action::Sign { csr, wish, .. } = action else { return None };
        Some(Self { name: slot_file(slots, csr), wish })
    }
}

impl Writer<'_> {
    /// Signs what waits, here or on the CA's host.
    pub(super) fn sign(&mut self, all: &[ToSign<'_>]) -> Vec<String> {
        let mut lines = Vec::new();
        if let CaPlace::Files { key, .. } | CaPlace::New { key, .. } = &self.plan.ca.place {
            let key = quote(&key.display().to_string());
            self.used.ca_cert = true;
            for one in all {
                let name = format!("\"$work\"/{}", one.name);
                lines.extend(here_doc("cat", &format!(" > {name}.ext"), extensions(one.wish).as_bytes()));
                lines.extend(openssl_sign("\"$work\"/ca.crt", &key, one.wish.days, &name));
            }
        }
        if let CaPlace::Offline { .. } = &self.plan.ca.place {
            self.used.ca_cert = true;
            lines.extend(carry(all));
        }
        if let CaPlace::Host { cert, key, .. } = &self.plan.ca.place {
            let Some(ca) = self.ca.clone() else { return lines };
            let (cert, key) = (quote(cert), quote(key));
            let ssh = self.use_ssh(&ca);
            let mut there = vec![
                format!("openssl x509 -in {cert} -out onboard-ca.crt 2> /dev/null ||"),
                format!("  openssl x509 -inform DER -in {cert} -out onboard-ca.crt"),
            ];
            for one in all {
                let name = format!("onboard-{}", one.name);
                lines.push(format!("{ssh} 'cat > {name}.csr' < \"$work\"/{}.csr", one.name));
                there.extend(here_doc("cat", &format!(" > {name}.ext"), extensions(one.wish).as_bytes()));
                there.extend(openssl_sign("onboard-ca.crt", &key, one.wish.days, &name));
                there.push(format!("chmod 0644 {name}.crt"));
            }
            lines.extend(self.as_root(&ca, &there));
            for one in all {
                lines.push(format!("{ssh} 'cat onboard-{0}.crt' > \"$work\"/{0}.crt", one.name));
            }
            let names: Vec<String> = all.iter().map(|one| format!("onboard-{}.*", one.name)).collect();
            lines.push(format!("{ssh} 'rm -f onboard-ca.crt {}'", names.join(" ")));
        }
        lines
    }

    /// One action; signing is done in rounds by [`Self::sign`].
    pub(super) fn action(&mut self, spot: &ScriptPlace, action: &Action, lines: &mut ScriptLines) {
        match action {
            Action::MakeDir { path, mode } => {
                let path = quote(path);
                lines.there.push(format!("test -d {path} || install -d -m {mode} {path}"));
            }
            Action::MakeKey { path, kind } => {
                lines.there.extend(keep(spot, path));
                let older = exists(spot.facts, path);
                let path = quote(path);
                let make = match kind {
                    KeyAlgorithm::Rsa2048 => format!("openssl genrsa -out {path} 2048"),
                    KeyAlgorithm::P256 => {
                        format!("openssl ecparam -genkey -noout -name prime256v1 -out {path}")
                    }
                };
                if older {
                    // An older file would keep its mode.
                    lines.there.push(format!("rm -f {path}"));
                }
                lines.there.push(format!("(umask 077; {make})"));
            }
            Action::MakeCsr { key, wish, out } => self.request(spot, key, wish, out, lines),
            Action::Sign { csr, out, .. } => {
                let name = slot_file(&self.slots, csr);
                self.slots.insert(out.clone(), name);
            }
            Action::Put { path, content, mode, owner } => {
                lines.there.extend(keep(spot, path));
                self.put(spot, path, content, &format!("-m {mode}{}", owner_words(owner)), mode, lines);
            }
            Action::LoadImage { tar, names, runtime } => {
                lines.there.extend(import(*runtime, &quote(tar), names));
            }
            Action::SendImage { tar, names, runtime } => {
                if let (Content::File { path, .. }, Some(ssh)) = (tar, &spot.ssh) {
                    let path = quote(&path.display().to_string());
                    let sent = format!("onboard-images-{}.tar", lines.before.len().saturating_add(1));
                    lines.before.push(format!("{ssh} 'cat > {sent}' < {path}"));
                    lines.there.extend(import(*runtime, &sent, names));
                    lines.there.push(format!("rm -f {sent}"));
                }
            }
            Action::SendProgram { .. } | Action::TryPrograms { .. } | Action::PlaceProgram { .. } => {
                programs(spot, action, lines);
            }
            Action::Service { verb, unit } => {
                let line = match verb {
                    Verb::DaemonReload => "systemctl daemon-reload".to_owned(),
                    Verb::Enable | Verb::Disable | Verb::Start | Verb::Restart | Verb::Stop => {
                        format!("systemctl {} {}", verb.word(), quote(unit))
                    }
                };
                lines.there.push(line);
            }
            Action::RestartPod { container, runtime } => {
                lines.there.extend(by(*runtime, Typed::EndContainers(container)));
            }
            Action::Remove { path } => {
                lines.there.extend(keep(spot, path));
                lines.there.push(format!("rm -f {}", quote(path)));
            }
            Action::SetSysctl { key, value } => lines.there.push(format!("sysctl -w {key}={value}")),
            Action::LoadModule { name } => lines.there.push(format!("modprobe {}", quote(name))),
            // The proofs below ask again; only gangplank's own undo reads what it notes.
            Action::CheckKubelet { .. }
            | Action::ProveKubelet { .. }
            | Action::NoteForeign { .. }
            | Action::NoteNode { .. } => {}
            Action::KubeApply { object } => {
                self.used.kube = true;
                let text = format!("{object:#}\n");
                lines.there.extend(here_doc("kube apply --validate=false -f -", "", text.as_bytes()));
            }
            Action::Kubectl { args } => {
                let words: Vec<String> = args.iter().map(|word| quote(word)).collect();
                lines.there.push(format!("kubectl {}", words.join(" ")));
            }
            Action::Script { title, text, .. } => lines.there.extend(own_words(title, text)),
            Action::UndoSysctl { .. }
            | Action::KeepModule { .. }
            | Action::RestoreFile { .. }
            | Action::UndoCreate { .. }
            | Action::UndoMakeDir { .. }
            | Action::UndoLoadImage { .. }
            | Action::CleanPods { .. }
            | Action::KubeDelete { .. }
            | Action::DeleteRecord { .. } => lines.there.extend(undo(action)),
        }
    }

    /// A request for a certificate; from a worker it comes back over ssh.
    fn request(
        &mut self,
        spot: &ScriptPlace,
        key: &str,
        wish: &CertificateSpec,
        out: &Slot,
        lines: &mut ScriptLines,
    ) {
        let name = format!("{}-{}", spot.name, base(stem(key)));
        self.slots.insert(out.clone(), name.clone());
        let request =
            format!("openssl req -new -sha256 -key {} -subj {}", quote(key), quote(&wish.subject()));
        match &spot.ssh {
            Some(ssh) => {
                let csr = format!("{key}.csr");
                self.requests.insert(name.clone(), csr.clone());
                lines.there.push(format!("{request} \\\n  -out {}", quote(&csr)));
                let fetch = quote(&format!("cat {}", quote(&csr)));
                lines.after.push(format!("{ssh} {fetch} > \"$work\"/{name}.csr"));
            }
            None => lines.there.push(format!("{request} \\\n  -out \"$work\"/{name}.csr")),
        }
    }

    fn put(
        &self,
        spot: &ScriptPlace,
        path: &str,
        content: &Content,
        install: &str,
        mode: &str,
        lines: &mut ScriptLines,
    ) {
        let quoted = quote(path);
        match (content, &spot.ssh) {
            (Content::Literal(bytes), Some(_)) => {
                let command = format!("install {install} /dev/stdin {quoted}");
                lines.there.extend(here_doc(&command, "", bytes));
            }
            (Content::Literal(bytes), None) => {
                lines.there.extend(here_doc("cat", &format!(" > {quoted}"), bytes));
                lines.there.push(format!("chmod {mode} {quoted}"));
            }
            (Content::Later(value), Some(ssh)) => {
                let name = slot_file(&self.slots, value);
                lines.before.push(format!("{ssh} 'cat > onboard-{name}.crt' < \"$work\"/{name}.crt"));
                lines.there.push(format!("install {install} onboard-{name}.crt {quoted}"));
                lines.there.push(format!("rm -f onboard-{name}.crt"));
                if let Some(csr) = self.requests.get(&name) {
                    lines.there.push(format!("rm -f {}", quote(csr)));
                }
            }
            (Content::Later(value), None) => {
                let name = slot_file(&self.slots, value);
                lines.there.push(format!("install {install} \"$work\"/{name}.crt {quoted}"));
            }
            (Content::File { path: file, sha256 }, Some(ssh)) => {
                let sent = format!("onboard-{}", base(path.rsplit('/').next().unwrap_or("file")));
                let file = quote(&file.display().to_string());
                lines.before.push(format!("{ssh} 'cat > {sent}' < {file}"));
                if let Some(hash) = sha256 {
                    lines.there.push(format!("echo '{hash}  {sent}' | sha256sum -c -"));
                }
                lines.there.push(format!("install {install} {sent} {quoted}"));
                lines.there.push(format!("rm -f {sent}"));
            }
            (Content::File { path: file, .. }, None) => {
                let file = quote(&file.display().to_string());
                lines.there.push(format!("install {install} {file} {quoted}"));
            }
            // No step puts a secret today; a script could not hold it.
            (Content::Secret(secret), _) => lines.there.extend(refuse(secret, path)),
        }
    }
}

/// A program goes to the login's own folder, is started there for its version, and is put in place.
fn programs(spot: &ScriptPlace, action: &Action, lines: &mut ScriptLines) {
    match action {
        Action::SendProgram { name, program: Content::File { path, sha256 }, .. } => {
            let sent = format!("onboard-{}", base(name));
            if let Some(ssh) = &spot.ssh {
                let path = quote(&path.display().to_string());
                lines.before.push(format!("{ssh} 'cat > {sent} && chmod 700 {sent}' < {path}"));
            }
            lines.there.extend(sha256.iter().map(|hash| format!("echo '{hash}  {sent}' | sha256sum -c -")));
        }
        Action::TryPrograms { programs, .. } => {
            for trial in programs {
                let sent = format!("./onboard-{}", base(&trial.name));
                lines.there.push(trial.call(&sent));
                if trial.takes != ["*"] {
                    lines.there.push(comment(&format!("It must be {}: else stop here.", trial.wanted)));
                }
            }
        }
        Action::PlaceProgram { name, path, .. } => {
            let sent = format!("onboard-{}", base(name));
            lines.there.extend(keep(spot, path));
            lines.there.push(format!("install -D -m 0755 -o root -g root {sent} {}", quote(path)));
            lines.there.push(format!("rm -f {sent}"));
        }
        _ => {}
    }
}

/// Requests go out in a folder; the script waits until the certificates are in it.
fn carry(all: &[ToSign<'_>]) -> Vec<String> {
    let mut lines = vec!["mkdir -p onboard-offline".to_owned()];
    for ToSign { name, wish } in all {
        lines.push(format!("cp \"$work\"/{name}.csr onboard-offline/"));
        let to = format!(" > onboard-offline/{name}.ext");
        lines.extend(here_doc("cat", &to, extensions(wish).as_bytes()));
    }
    let mut said = vec![
        "Carry the folder onboard-offline to the machine with the CA's key. There, in the folder:".to_owned(),
        String::new(),
    ];
    for ToSign { name, wish } in all {
        let command = openssl_sign("CA.crt", "CA.key", wish.days, name);
        said.extend(command.iter().take(3).map(|line| format!("  {line}")));
    }
    said.extend([String::new(), "Bring the folder back, then press Enter here.".to_owned()]);
    lines.extend(here_doc("cat", "", (said.join("\n") + "\n").as_bytes()));
    lines.push("read -r _ <&3 || true".to_owned());
    for ToSign { name, .. } in all {
        lines.push(format!("openssl verify -CAfile \"$work\"/ca.crt onboard-offline/{name}.crt"));
        lines.push(format!("cp onboard-offline/{name}.crt \"$work\"/"));
    }
    lines
}

/// What is typed for a runtime; where an older action does not say which, for the older one.
fn by(runtime: Option<RuntimeKind>, what: Typed) -> Vec<String> {
    typed(runtime.unwrap_or_default(), what)
}

fn import(runtime: Option<RuntimeKind>, tar: &str, names: &[String]) -> Vec<String> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    by(runtime, Typed::Import { tar, names: &names })
}

fn refuse(secret: &SecretRef, path: &str) -> Vec<String> {
    let what = format!("{path} holds a secret ({secret}) that this script does not know: write it first");
    vec![format!("test -f {} || {{ echo {} >&2; exit 1; }}", quote(path), quote(&what))]
}

/// The few words of gangplank's own shell that a step of this computer uses.
fn own_words(title: &str, text: &str) -> Vec<String> {
    let words = shell_words::split(text).unwrap_or_default();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["keep_for_undo", path] => {
            let path = quote(path);
            vec![format!("cp -p {path} {path}.before")]
        }
        ["note_merged", _] => Vec::new(),
        ["restrict", path] if path.starts_with("/etc/") => {
            let path = quote(path);
            vec![format!("chown root:root {path} && chmod 600 {path}")]
        }
        ["restrict", path] => vec![format!("chmod 600 {}", quote(path))],
        _ => std::iter::once(comment(title)).chain(plain_shell(text).lines().map(str::to_owned)).collect(),
    }
}

/// What gangplank's undo does, by hand; its check that a file is still ours is left to the person.
fn undo(action: &Action) -> Vec<String> {
    match action {
        Action::RestoreFile { path, run, old, .. } => {
            let kept = quote(&format!("/var/lib/gangplank/{run}/{old}"));
            vec![format!("cp {kept} {}", quote(path))]
        }
        Action::UndoCreate { path, .. } => vec![format!("rm -f {}", quote(path))],
        Action::UndoMakeDir { path } => vec![format!("rmdir {} || true", quote(path))],
        Action::UndoLoadImage { name, runtime } => {
            by(*runtime, Typed::RemoveImage(name)).into_iter().map(|line| format!("{line} || true")).collect()
        }
        Action::CleanPods { runtime } => by(*runtime, Typed::RemovePods),
        Action::KubeDelete { .. } => vec![bytes_of(action)],
        Action::DeleteRecord { run } => {
            vec![format!("rm -rf {}", quote(&format!("/var/lib/gangplank/{run}")))]
        }
        _ => Vec::new(),
    }
}
