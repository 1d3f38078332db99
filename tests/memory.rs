//! No secret outlives the vault: after everything that knew it is gone, this program's own memory is searched for
//! it. The test itself never holds it in one piece: it knows it byte by byte, behind a mask.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "support/rewritten.rs"]
mod rewritten;
#[path = "memory/search.rs"]
mod search;
mod sshd;

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use gangplank::host::{Batch, Host, LocalWire, ShellHost, Stop, Vault, Wire};
use gangplank::plan::action::{Action, Content, SecretRef};
use gangplank::ui::credentials::vault::SecretVault;
use rewritten::RewrittenWire;
use search::{Canary, alone};
use zeroize::Zeroizing;

/// The product's vault where a host looks for secrets, with nobody to ask.
struct Kept(SecretVault);

impl Vault for Kept {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        self.0.given(&self.0.keys(name))
    }

    fn wrong(&self, name: &SecretRef) {
        self.0.refuse(&self.0.keys(name));
    }
}

/// A vault that was given the canary as `--secret NAME=fd:N`, as its first line.
fn vault(canary: Canary, names: &[&str]) -> Arc<Kept> {
    let mut file = tempfile::tempfile().unwrap();
    canary.each(|byte| file.write_all(&[byte]).unwrap());
    file.write_all(b"\nanother line\n").unwrap();
    file.rewind().unwrap();
    let given: Vec<String> = names.iter().map(|name| format!("{name}=fd:{}", file.as_raw_fd())).collect();
    Arc::new(Kept(SecretVault::new(&given).unwrap()))
}

/// An action that reads its secret and says how long it was, and a file that holds it.
fn actions(folder: &Path) -> Vec<Action> {
    let reads = Action::Script {
        title: "read it".to_owned(),
        text: "IFS= read -r x <&4; echo ${#x}".to_owned(),
        secrets: vec![SecretRef::Ca],
    };
    let writes = Action::Put {
        path: folder.join("kept").display().to_string(),
        content: Content::Secret(SecretRef::Ca),
        mode: "0600",
        owner: "-",
    };
    vec![reads, writes]
}

/// Sends the canary over a wire, and looks for it while the vault is there and when all is gone.
fn sent_and_forgotten(wire: Arc<dyn Wire>, canary: Canary, sudo: bool) {
    let folder = tempfile::tempdir().unwrap();
    {
        let vault = vault(canary, &["ca", "sudo"]);
        assert!(canary.copies() > 0, "the search finds what is there");
        let mut host = ShellHost::new(wire, vault, sudo);
        let run = format!("memory-{}", std::process::id());
        let batch = Batch { actions: actions(folder.path()), run: run.clone(), ..Batch::default() };
        let end = host.run(&batch, &Stop::default(), &mut |_| ());
        assert_eq!(end.trouble, None, "{end:?}");
        assert_eq!(end.actions[&0].out.trim(), canary.len().to_string(), "{end:?}");
        assert_eq!(end.actions[&1].status, Some(0), "{end:?}");
        let forget = vec![Action::DeleteRecord { run }];
        host.run(&Batch { actions: forget, ..Batch::default() }, &Stop::default(), &mut |_| ());
    }
    canary.is_gone();
}

#[test]
fn a_secret_that_went_to_a_shell_here_is_nowhere_in_memory_when_the_vault_is_gone() {
    let _alone = alone();
    if !root() {
        return;
    }
    sent_and_forgotten(Arc::new(LocalWire::new()), Canary::of(0x11), false);
}

const SUDO: &str = "#!/bin/sh
while :; do case $1 in -S | -k) shift ;; -p) p=$2; shift 2 ;; *) break ;; esac; done
printf %s \"$p\" >&2
IFS= read -r x
exec \"$@\"
";

/// This computer with a sudo of the test's in this folder, which asks like the real one.
fn asking(folder: &Path) -> RewrittenWire {
    let sudo = folder.join("sudo");
    std::fs::write(&sudo, SUDO).unwrap();
    std::fs::set_permissions(&sudo, std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = folder.display().to_string();
    RewrittenWire::new(move |command| format!("PATH={folder}:$PATH; export PATH; {command}"))
}

#[test]
fn a_sudo_password_is_nowhere_in_memory_when_the_vault_is_gone() {
    let _alone = alone();
    if !root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    sent_and_forgotten(Arc::new(asking(folder.path())), Canary::of(0x22), true);
}

#[test]
fn a_secret_that_went_through_ssh_is_nowhere_in_memory_when_the_vault_and_the_connection_are_gone() {
    let _alone = alone();
    if !root() {
        return;
    }
    let Some(sshd) = sshd::Sshd::start("") else { return };
    sent_and_forgotten(Arc::new(sshd.connect()), Canary::of(0x33), false);
}

fn root() -> bool {
    let root = sshd::output("id", &["-u"]) == "0";
    if !root {
        sshd::left_out::left_out("the shell keeps its record below /var/lib/gangplank, which takes root");
    }
    root
}

#[test]
fn a_secret_is_read_from_its_file_without_a_copy_left_behind() {
    let _alone = alone();
    let canary = Canary::of(0x44);
    drop(vault(canary, &["ca"]));
    canary.is_gone();
    drop(File::open("/dev/null"));
}
