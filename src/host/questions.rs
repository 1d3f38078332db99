//! The questions of a batch as shell text: each becomes a word of the prelude.

use std::fmt::Write;

use crate::plan::fact::{FactQuery, FlagSet};
use crate::plan::programs;
use crate::runtime::FOLDERS;

/// Asks. The slow questions run side by side behind the quick ones; questions of a kind are asked together.
pub(super) fn questions(queries: &[FactQuery], text: &mut String) {
    let (mut files, mut units, mut tars) = (String::new(), String::new(), String::new());
    let (mut slow, mut quick) = (String::new(), String::new());
    let mut runtime = ["-".to_owned(), "-".to_owned(), "-".to_owned()];
    // Which runtime a machine has may depend on its kubelet, which is started once for both.
    let mut kubelet = None;
    for (index, want) in queries.iter().enumerate() {
        match want {
            FactQuery::File { path, content } => {
                let kind = if *content { "content" } else { "hash" };
                let _ = write!(files, " {index} {} {kind}", shell_words::quote(path));
            }
            FactQuery::Key(path) => {
                let _ = write!(files, " {index} {} key", shell_words::quote(path));
            }
            FactQuery::Unit(name) => {
                let _ = write!(units, " {index} {}", shell_words::quote(name));
            }
            FactQuery::Tar(path) => {
                let _ = write!(tars, "q={index}; ask_tar {}; ", shell_words::quote(path));
            }
            FactQuery::Runtime => runtime[0] = index.to_string(),
            FactQuery::Containers => runtime[1] = index.to_string(),
            FactQuery::Images => runtime[2] = index.to_string(),
            FactQuery::Kubelet { .. } if kubelet.is_none() => {
                kubelet = Some(format!("q={index}; {}; ", question(want)));
            }
            FactQuery::Kubelet { .. }
            | FactQuery::Tls { .. }
            | FactQuery::Lookup(_)
            | FactQuery::Dns { .. }
            | FactQuery::Around(_)
            | FactQuery::Programs
            | FactQuery::Healthz(_)
            | FactQuery::KubeletStart
            | FactQuery::ProxyStart
            | FactQuery::Identity { .. }
            | FactQuery::Kernel(_)
            | FactQuery::Journal(_) => {
                let _ = writeln!(slow, "q={index}; {{ {}; }} & p=\"$p $!\"", question(want));
            }
            // Of the operator's computer, which is asked in Rust.
            FactQuery::ProgramFolder(_) => {}
            FactQuery::Machine
            | FactQuery::Folder(_)
            | FactQuery::Ways(_)
            | FactQuery::Manifests(_)
            | FactQuery::Record => {
                let _ = writeln!(quick, "q={index}; {}", question(want));
            }
        }
    }
    let mut job = |call: String| {
        let _ = writeln!(slow, "{{ {call}}} & p=\"$p $!\"");
    };
    match (kubelet, runtime.iter().any(|number| number != "-")) {
        (Some(kubelet), true) => {
            job(format!("{{ {kubelet}}} | ask_runtime_of {}; ", runtime.join(" ")));
        }
        (kubelet, runs) => {
            kubelet.into_iter().for_each(&mut job);
            if runs {
                job(format!("ask_runtime {}; ", runtime.join(" ")));
            }
        }
    }
    if !units.is_empty() {
        job(format!("ask_units{units}; "));
    }
    if !tars.is_empty() {
        job(tars);
    }
    if !files.is_empty() {
        let _ = writeln!(quick, "ask_files{files}");
    }
    text.push_str(&slow);
    text.push_str(&quick);
}

fn question(want: &FactQuery) -> String {
    let call = |name: &str, words: &[&str]| format!("{name} {}", shell_words::join(words));
    match want {
        FactQuery::Machine => "ask_machine".to_owned(),
        FactQuery::Folder(path) => call("ask_folder", &[path]),
        FactQuery::Ways(paths) => {
            format!("ask_ways {}", shell_words::join(paths.iter().map(String::as_str)))
        }
        FactQuery::Programs => {
            format!("ask_programs {}", shell_words::join(programs::places()))
        }
        FactQuery::Manifests(path) => call("ask_manifests", &[path]),
        FactQuery::KubeletStart => "ask_start kubelet".to_owned(),
        FactQuery::ProxyStart => "ask_start kube-proxy".to_owned(),
        FactQuery::Identity { kubeconfig, node, server } => call("ask_identity", &[kubeconfig, node, server]),
        FactQuery::Kernel(keys) => {
            format!("ask_kernel {}", shell_words::join(keys.iter().map(String::as_str)))
        }
        FactQuery::Record => "ask_record".to_owned(),
        FactQuery::Journal(unit) => call("ask_journal", &[unit]),
        FactQuery::Healthz(port) => call("ask_healthz", &[&port.to_string()]),
        FactQuery::Lookup(name) => call("ask_lookup", &[name]),
        FactQuery::Dns { server, message } => call("ask_dns", &[server, message]),
        FactQuery::Around(name) => {
            let mut words = vec![name.as_deref().unwrap_or("-")];
            words.extend(["/var/lib/kubelet", "/var/log"].into_iter().chain(FOLDERS));
            call("ask_around", &words)
        }
        FactQuery::Tls { host, port } => call("ask_tls", &[host, &port.to_string()]),
        // Asked together with others of their kind.
        FactQuery::File { .. }
        | FactQuery::Key(_)
        | FactQuery::Unit(_)
        | FactQuery::Runtime
        | FactQuery::Containers
        | FactQuery::Images
        | FactQuery::ProgramFolder(_)
        | FactQuery::Tar(_) => String::new(),
        FactQuery::Kubelet { path, flags } => {
            let words = |set: &FlagSet| {
                let mut words = vec![path.as_str()];
                words.extend(set.flags.iter().map(String::as_str));
                shell_words::join(words)
            };
            let patterns = |set: &FlagSet| set.versions.join("|");
            let mut text = call("ask_kubelet", &[path]);
            // One start tells the version and that the flags of the likeliest are taken, and costs a twentieth of a second:
            // of the newest, or where the runtime of older ones is there, of the newest of those.
            if let Some(newest) = flags.last() {
                let first = |set: &FlagSet| {
                    format!("likely {} && case $kv in {}) t=1 ;; esac; ", words(set), patterns(set))
                };
                let older = flags.iter().rfind(|set| set.runtime != newest.runtime);
                let guess = older.map_or_else(
                    || first(newest),
                    |older| {
                        let name = older.runtime.name();
                        format!(
                            "if command -v {name} >/dev/null; then {}else {}fi; ",
                            first(older),
                            first(newest)
                        )
                    },
                );
                let arm = |set: &FlagSet| format!("{}) try_flags {} ;; ", patterns(set), words(set));
                let arms: String = flags.iter().map(arm).collect();
                let _ = write!(
                    text,
                    " && {{ t=; {guess}if [ -n \"$t\" ]; then say tried 1; else [ -n \"$kv\" ] || kubelet_version {}; \
                     case $kv in {arms}esac; fi; }}",
                    shell_words::quote(path),
                );
            }
            text
        }
    }
}
