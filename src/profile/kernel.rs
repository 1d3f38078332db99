//! What the kernel has to do for pods from 1.24 on, and the files of gangplank's own that keep it so.
//!
//! Sources: kubernetes.io, "Container Runtimes" (forwarding); flannel's check for `br_netfilter`
//! (`main.go`); containerd's overlayfs snapshotter, whose package's unit loads `overlay` itself.

use crate::plan::kernel_fact::KernelFact;
use crate::plan::remote::Remote;

/// Settings that have to be 1. The second and third are there only with `br_netfilter`: without them packets between
/// pods of one node pass by kube-proxy's rules.
pub const SYSCTLS: [&str; 3] =
    ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"];
/// Modules, where they are not built in.
pub const MODULES: [&str; 2] = ["overlay", "br_netfilter"];
/// Sets the settings at each start; read after most others, for a later one wins (sysctl.d(5)).
pub const SYSCTL_FILE: &str = "/etc/sysctl.d/99-gangplank.conf";
/// Names the modules for each start (modules-load.d(5)).
pub const MODULES_FILE: &str = "/etc/modules-load.d/gangplank.conf";

const HEADER: &str = "# Written by gangplank: what the kernel has to do for pods.\n";

/// What a machine's kernel is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KernelWants {
    /// Modules whose effect is not there.
    pub load: Vec<&'static str>,
    /// Settings that are not 1.
    pub set: Vec<&'static str>,
    /// The file for the settings; `None` = other files keep all of them.
    pub sysctl_file: Option<String>,
    /// The file for the modules; `None` = none has to be named.
    pub modules_file: Option<String>,
}

/// What is missing.
pub fn wanted(fact: &KernelFact) -> KernelWants {
    let effect = |module: &str| match module {
        "overlay" => fact.overlay,
        _ => fact.bridge,
    };
    let load: Vec<&'static str> = MODULES.into_iter().filter(|module| !effect(module)).collect();
    let set = SYSCTLS.into_iter().filter(|key| !fact.is_on(key)).collect();
    let kept = |key: &str| {
        let mut others = fact.kept_sysctls.iter().filter(|kept| kept.key == key && !is_ours(&kept.file));
        others.clone().next().is_some() && others.all(|kept| kept.value == "1")
    };
    let lines =
        |head: &str, lines: Vec<String>| (!lines.is_empty()).then(|| format!("{head}{}\n", lines.join("\n")));
    // One for all of them, so that it says the same however often it is looked at.
    let all: Vec<String> = SYSCTLS.iter().map(|key| format!("{key} = 1")).collect();
    let loose = SYSCTLS.iter().any(|key| !kept(key));
    // Without a list of what is built in, nothing can be loaded either, now or later.
    let named: Vec<String> = MODULES
        .into_iter()
        .filter(|module| {
            let named = fact.kept_modules.iter().any(|kept| kept.key == *module && !is_ours(&kept.file));
            fact.has_modules && !named && !fact.builtin.iter().any(|one| one == *module)
        })
        .map(str::to_owned)
        .collect();
    KernelWants {
        load,
        set,
        sysctl_file: lines(HEADER, if loose { all } else { Vec::new() }),
        modules_file: lines(HEADER, named),
    }
}

fn is_ours(file: &Remote<String>) -> bool {
    *file == SYSCTL_FILE || *file == MODULES_FILE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::kernel_fact::KeptSetting;

    fn right() -> KernelFact {
        KernelFact {
            sysctls: SYSCTLS.iter().map(|key| ((*key).to_owned(), "1".into())).collect(),
            overlay: true,
            bridge: true,
            has_modules: true,
            ..KernelFact::default()
        }
    }

    fn kept(key: &str, value: &str, file: &str) -> KeptSetting {
        KeptSetting { key: key.into(), value: value.into(), file: file.into() }
    }

    #[test]
    fn what_is_right_now_and_kept_by_others_is_left_to_them() {
        let mut fact = right();
        fact.kept_sysctls = SYSCTLS.iter().map(|key| kept(key, "1", "/etc/sysctl.d/k8s.conf")).collect();
        fact.kept_modules =
            MODULES.iter().map(|name| kept(name, "", "/etc/modules-load.d/k8s.conf")).collect();
        assert_eq!(wanted(&fact), KernelWants::default());
        // One of theirs that says the contrary is not relied on.
        fact.kept_sysctls.push(kept(SYSCTLS[0], "0", "/usr/lib/sysctl.d/50-default.conf"));
        assert!(wanted(&fact).sysctl_file.is_some());
    }

    #[test]
    fn what_is_right_only_until_the_next_start_is_written_down() {
        let wants = wanted(&right());
        assert!(wants.load.is_empty() && wants.set.is_empty());
        assert_eq!(
            wants.modules_file.as_deref(),
            Some("# Written by gangplank: what the kernel has to do for pods.\noverlay\nbr_netfilter\n")
        );
        let text = wants.sysctl_file.unwrap();
        assert!(
            text.contains("\nnet.ipv4.ip_forward = 1\n") && text.ends_with("bridge-nf-call-ip6tables = 1\n"),
            "{text}"
        );
    }

    #[test]
    fn our_own_files_do_not_make_ours_needless() {
        let mut fact = right();
        fact.kept_sysctls = SYSCTLS.iter().map(|key| kept(key, "1", SYSCTL_FILE)).collect();
        fact.kept_modules = MODULES.iter().map(|name| kept(name, "", MODULES_FILE)).collect();
        assert_eq!(wanted(&fact), wanted(&right()));
    }

    #[test]
    fn a_built_in_module_is_neither_loaded_nor_named() {
        let mut fact = right();
        fact.builtin = vec!["overlay".into()];
        assert!(wanted(&fact).modules_file.is_some_and(|text| !text.contains("overlay")));
        fact.has_modules = false;
        assert_eq!(wanted(&fact).modules_file, None);
    }

    #[test]
    fn what_has_no_effect_is_loaded_and_set() {
        let mut fact = right();
        fact.bridge = false;
        fact.sysctls.retain(|key, _| key.starts_with("net.ipv4"));
        fact.sysctls.insert(SYSCTLS[0].to_owned(), "0".into());
        let wants = wanted(&fact);
        assert_eq!((wants.load, wants.set), (vec!["br_netfilter"], SYSCTLS.to_vec()));
    }
}
