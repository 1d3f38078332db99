//! The shell text of an action.

use super::Action;
use super::certificate::CertificateSpec;
use super::content::Slot;
use super::shell_text::{Piece, ShellText};
use crate::plan::object_path::ObjectPath;
use crate::plan::runtime_fact::RuntimeKind;

impl Action {
    /// The shell text: on a host, what runs; for work done in Rust, the same by hand.
    pub fn shell(&self) -> ShellText {
        ShellText(match self {
            Self::MakeDir { path, mode } => vec![words(&["make_dir", path, mode])],
            Self::MakeKey { path, kind } => vec![words(&["make_key", path, kind.word()])],
            Self::MakeCsr { key, wish, .. } => vec![words(&["make_csr", key, &wish.subject(), &wish.san()])],
            Self::Sign { csr, wish, out, .. } => sign_by_hand(csr, wish, out),
            Self::Put { path, content, mode, owner } => vec![
                words(&["put", path, mode, owner]),
                Piece::Text(" ".to_owned()),
                Piece::Payload(content.clone()),
            ],
            Self::LoadImage { tar, names, runtime } => {
                let mut list = vec!["load_image", tar.as_str()];
                list.extend(names.iter().map(String::as_str));
                with(*runtime, vec![words(&list)])
            }
            Self::SendImage { tar, names, runtime } => {
                let list: Vec<&str> = names.iter().map(String::as_str).collect();
                let pieces = vec![
                    Piece::Text("load_sent ".to_owned()),
                    Piece::Payload(tar.clone()),
                    Piece::Text(" ".to_owned()),
                    words(&list),
                ];
                with(*runtime, pieces)
            }
            Self::SendProgram { name, program, .. } => vec![
                words(&["send_program", name]),
                Piece::Text(" ".to_owned()),
                Piece::Payload(program.clone()),
            ],
            Self::TryPrograms { programs, config } => {
                vec![Piece::Text(super::program::trials(programs, config.as_deref()))]
            }
            Self::PlaceProgram { name, sha256, path, .. } => {
                vec![words(&["place_program", name, sha256, path])]
            }
            Self::Service { verb, unit } if unit.is_empty() => vec![words(&["service", verb.word()])],
            Self::Service { verb, unit } => vec![words(&["service", verb.word(), unit])],
            Self::RestartPod { container, runtime } => {
                with(*runtime, vec![words(&["restart_pod", container])])
            }
            Self::Remove { path } => vec![words(&["remove_file", path])],
            Self::CheckKubelet { program, config, flags } => {
                let mut list = vec![program.as_str()];
                list.extend(flags.iter().map(String::as_str));
                vec![
                    Piece::Text("kubelet_takes ".to_owned()),
                    Piece::Payload(config.clone()),
                    Piece::Text(" ".to_owned()),
                    words(&list),
                ]
            }
            Self::ProveKubelet { port, back } => {
                let port = port.to_string();
                let mut list = vec!["kubelet_up", &port];
                list.extend(back.iter().map(String::as_str));
                vec![words(&list)]
            }
            Self::SetSysctl { key, value } => vec![words(&["set_sysctl", key, value])],
            Self::LoadModule { name } => vec![words(&["load_module", name])],
            Self::UndoSysctl { key, old, new } => vec![words(&["take_sysctl", key, old, new])],
            Self::KeepModule { name } => {
                vec![words(&["echo", &format!("{name} stays loaded until the next start")])]
            }
            Self::NoteForeign { unit } => vec![words(&["note", "foreign", unit, "", "", ""])],
            Self::NoteNode { name, unknown } => {
                let kind = if *unknown { "node-unknown" } else { "node" };
                vec![words(&["note", kind, name, "", "", ""])]
            }
            Self::KubeApply { object } => {
                vec![Piece::Text(format!("kubectl apply --validate=false -f - <<'EOF'\n{object:#}\nEOF"))]
            }
            Self::Kubectl { args } => {
                let mut list = vec!["kubectl"];
                list.extend(args.iter().map(String::as_str));
                vec![words(&list)]
            }
            Self::RestoreFile { path, run, old, new, mode } => spaced(vec![
                words(&["put_back", path]),
                argument(run.word()),
                words(&[old]),
                argument(new.word()),
                words(&[mode]),
            ]),
            Self::UndoCreate { path, new } => spaced(vec![words(&["take_away", path]), argument(new.word())]),
            Self::UndoMakeDir { path } => vec![words(&["take_dir", path])],
            Self::UndoLoadImage { name, runtime } => with(*runtime, vec![words(&["take_image", name])]),
            Self::CleanPods { runtime } => with(*runtime, vec![words(&["clean_pods"])]),
            Self::KubeDelete { path, .. } => {
                let object = ObjectPath::read(path);
                let what = object.as_ref().map_or_else(|| vec!["delete", "--raw", path], ObjectPath::delete);
                vec![words(&[&["kubectl"], what.as_slice()].concat())]
            }
            Self::DeleteRecord { run } => vec![words(&["forget", run])],
            Self::Script { text, .. } => vec![Piece::Text(text.clone())],
        })
    }
}

/// The command, with the runtime that it is meant for. The old one, and one that is not known here, is found out by the
/// host itself.
fn with(runtime: Option<RuntimeKind>, command: Vec<Piece>) -> Vec<Piece> {
    match runtime {
        Some(kind) if kind != RuntimeKind::default() => {
            std::iter::once(Piece::Text(format!("with {} ", kind.name()))).chain(command).collect()
        }
        Some(_) | None => command,
    }
}

fn words(list: &[&str]) -> Piece {
    Piece::Text(shell_words::join(list))
}

/// A word of a command, or what stands for it while it is not known.
fn argument(word: Result<&str, &'static str>) -> Piece {
    word.map_or_else(|name| Piece::Hole(name.to_owned()), |word| words(&[word]))
}

/// The arguments of one command.
fn spaced(pieces: Vec<Piece>) -> Vec<Piece> {
    let space = |index: usize| (index > 0).then(|| Piece::Text(" ".to_owned()));
    pieces
        .into_iter()
        .enumerate()
        .flat_map(|(index, piece)| space(index).into_iter().chain([piece]))
        .collect()
}

/// The same by hand with `openssl ca`'s simpler sister. Ours sets the subject and the start too.
fn sign_by_hand(csr: &Slot, wish: &CertificateSpec, out: &Slot) -> Vec<Piece> {
    let mut lines =
        vec!["basicConstraints=CA:FALSE".to_owned(), "keyUsage=digitalSignature,keyEncipherment".to_owned()];
    let purposes: Vec<&str> = [(wish.client, "clientAuth"), (wish.server, "serverAuth")]
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, name)| *name)
        .collect();
    if !purposes.is_empty() {
        lines.push(format!("extendedKeyUsage={}", purposes.join(",")));
    }
    if !wish.san().is_empty() {
        lines.push(format!("subjectAltName={}", wish.san()));
    }
    let mut words = vec!["printf", "%s\\n"];
    words.extend(lines.iter().map(String::as_str));
    vec![
        Piece::Text(format!("{} > extensions\n", shell_words::join(words))),
        Piece::Text("openssl x509 -req -in ".to_owned()),
        Piece::Hole(csr.0.clone()),
        Piece::Text(format!(
            " -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days {} -extfile extensions -out ",
            wish.days
        )),
        Piece::Hole(out.0.clone()),
    ]
}
