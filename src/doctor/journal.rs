//! What a line of a kubelet's journal means: one row for each cause, in the words of 1.2, of 1.16 to 1.23 and of today.
//! Inner causes stand before the outer lines that carry them. Only for a kubelet that keeps ending: what a line says of
//! certificates or of the API is decided by the files and by asking.

use crate::plan::code::ProblemCode;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JournalRow {
    /// Words that a line has when it says so; one of them is enough. A star stands for anything.
    words: &'static [&'static str],
    /// The cause.
    pub code: ProblemCode,
    /// In words.
    pub means: &'static str,
    /// What mends it.
    pub cure: &'static str,
}

/// Sources: the kubelet's own texts in Kubernetes 1.2.2, 1.20.2 and 1.37.2, each seen in a journal of a real one.
const ROWS: &[JournalRow] = &[
    JournalRow {
        words: &["running with swap on is not supported", "Running with swap on is not supported"],
        code: ProblemCode::Swap01,
        means: "swap is on",
        cure: "on the host: swapoff -a, and take swap out of /etc/fstab; or say in the plan what it may do",
    },
    JournalRow {
        words: &["configured to not run on a host using cgroup v1"],
        code: ProblemCode::Cgroup01,
        means: "the machine is on cgroup v1, which it refuses",
        cure: "start the machine with cgroup v2, or allow v1 in the plan",
    },
    JournalRow {
        words: &["is different from docker cgroup driver"],
        code: ProblemCode::Kubelet11,
        means: "it makes cgroups in another way than its container runtime",
        cure: "let the plan write the kubelet's configuration again",
    },
    JournalRow {
        words: &["unknown service runtime.v1.RuntimeService", "unable to determine runtime API version"],
        code: ProblemCode::Containerd04,
        means: "the container runtime has its CRI off, or is too old",
        cure: "look at the disabled plugins in /etc/containerd/config.toml",
    },
    JournalRow {
        words: &[
            "cannot connect to Docker endpoint",
            "Couldn't connect to docker",
            "Cannot connect to the Docker daemon",
        ],
        code: ProblemCode::Docker01,
        means: "its container runtime does not answer",
        cure: "on the host: systemctl status docker",
    },
    JournalRow {
        words: &["validate CRI v1 runtime API for endpoint"],
        code: ProblemCode::Containerd01,
        means: "its container runtime does not answer",
        cure: "on the host: systemctl status containerd",
    },
    JournalRow {
        words: &[
            "unknown flag: ",
            "unknown shorthand flag",
            "invalid argument \"",
            "failed to validate kubelet flags",
        ],
        code: ProblemCode::Kubelet02,
        means: "it refuses a flag of its unit",
        cure: "look at ExecStart of its unit and its drop-ins: systemctl cat kubelet",
    },
    JournalRow {
        words: &["unrecognized feature gate", "feature is locked to"],
        code: ProblemCode::Kubelet11,
        means: "it refuses a feature gate of its configuration",
        cure: "take the feature gate out of its configuration or flags",
    },
    JournalRow {
        words: &[
            "failed to load kubelet config file",
            "Failed to load kubelet config file",
            "failed to validate kubelet configuration",
            "Failed to validate kubelet configuration",
        ],
        code: ProblemCode::Kubelet11,
        means: "it refuses its configuration",
        cure: "let the plan write the kubelet's configuration again",
    },
    JournalRow {
        words: &["address already in use"],
        code: ProblemCode::Port01,
        means: "another program listens on a port of it",
        cure: "on the host: ss -ltnp | grep -E ':1024[0-9]|:10250'",
    },
    JournalRow {
        words: &["private key does not match public key"],
        code: ProblemCode::Cert07,
        means: "its key and its certificate do not belong together",
        cure: "let the plan issue the certificate again",
    },
    JournalRow {
        words: &["invalid kubeconfig", "Could not load kubeconfig file", "unable to read client-cert"],
        code: ProblemCode::File05,
        means: "its kubeconfig, or a file that this names, cannot be read",
        cure: "let the plan write the kubeconfig again",
    },
    JournalRow {
        words: &["read-only file system"],
        code: ProblemCode::Disk03,
        means: "the disk can only be read",
        cure: "on the host: dmesg | tail, then mount -o remount,rw once the disk is well",
    },
    JournalRow {
        words: &[
            "inotify_init*: too many open files",
            "unable to create inotify: too many open files",
            "fsWatcher*too many open files",
            "fsnotify*too many open files",
            "inotify_add_watch *: no space left on device",
        ],
        code: ProblemCode::Kernel04,
        means: "the kernel gives it no more inotify instances or watches",
        cure: "on the host: sysctl fs.inotify, and raise max_user_instances or max_user_watches",
    },
    JournalRow {
        words: &["no space left on device"],
        code: ProblemCode::Disk02,
        means: "the disk is full",
        cure: "on the host: df -h; df -i",
    },
    JournalRow {
        words: &["could not restore state from checkpoint", "Could not initialize checkpoint manager"],
        code: ProblemCode::Kubelet16,
        means: "what it kept of its own state cannot be read",
        cure: "let its pods leave if some have processors or memory of their own; then on the host: move the file that the line names \
               (cpu_manager_state or memory_manager_state in /var/lib/kubelet) away, and systemctl restart kubelet",
    },
    JournalRow {
        words: &["too many open files"],
        code: ProblemCode::Kubelet17,
        means: "it may open no more files: its unit's limit is reached, or one of the kernel's",
        cure: "on the host: cat /proc/sys/fs/file-nr; systemctl show -p LimitNOFILE kubelet",
    },
    JournalRow {
        words: &["failed to validate nodeIP", "bad --node-ip", "not found in the host's network interfaces"],
        code: ProblemCode::Address01,
        means: "its address is on no interface of the machine",
        cure: "on the host: ip addr; mend the address or the plan",
    },
    JournalRow {
        words: &["Failed to locate executable", "Failed at step EXEC"],
        code: ProblemCode::Kubelet01,
        means: "systemd finds no program to start",
        cure: "look at ExecStart of its unit and its drop-ins: systemctl cat kubelet",
    },
];

/// The row of a line, if one says what it means.
pub(super) fn row(line: &str) -> Option<&'static JournalRow> {
    ROWS.iter().find(|row| row.words.iter().any(|words| says(line, words)))
}

fn says(line: &str, words: &str) -> bool {
    words.split('*').try_fold(line, |rest, part| Some(rest.split_once(part)?.1)).is_some()
}

#[cfg(test)]
mod tests {
    use super::row;
    use crate::plan::code::ProblemCode;

    /// What the newest line that says something says.
    fn of(journal: &str) -> Option<ProblemCode> {
        journal.lines().rev().find_map(row).map(|row| row.code)
    }

    macro_rules! tape {
        ($name:literal) => {
            include_str!(concat!("../../tests/tapes/", $name, ".txt"))
        };
    }

    #[test]
    fn the_journal_of_a_real_kubelet_that_keeps_ending_names_its_cause() {
        for (tape, code) in [
            (tape!("v1.37/journal-flag-unknown"), ProblemCode::Kubelet02),
            (tape!("v1.37/journal-label-refused"), ProblemCode::Kubelet02),
            (tape!("v1.37/journal-config-wrong-type"), ProblemCode::Kubelet11),
            (tape!("v1.37/journal-feature-gate-unknown"), ProblemCode::Kubelet11),
            (tape!("v1.37/journal-failcgroupv1"), ProblemCode::Cgroup01),
            (tape!("v1.37/journal-kubeconfig-missing"), ProblemCode::File05),
            (tape!("v1.37/journal-port-10250-taken"), ProblemCode::Port01),
            (tape!("v1.37/journal-containerd-cri-disabled"), ProblemCode::Containerd04),
            (tape!("v1.37/journal-containerd-stopped-start"), ProblemCode::Containerd01),
            (tape!("v1.37/journal-key-not-of-cert"), ProblemCode::Cert07),
            (tape!("v1.2.2/journal-unknown-flag"), ProblemCode::Kubelet02),
            (tape!("v1.2.2/journal-docker-down"), ProblemCode::Docker01),
            (tape!("v1.2.2/journal-key-mismatch"), ProblemCode::Cert07),
        ] {
            assert_eq!(of(tape), Some(code));
        }
    }

    #[test]
    fn the_line_is_found_before_a_dump_of_goroutines_and_before_systemds_own_words() {
        let tail = "kubelet.service: Main process exited, code=exited, status=255/EXCEPTION\n\
            kubelet.service: Failed with result 'exit-code'.\nStopped kubelet.\nStarted kubelet.\n";
        let dump = "k8s.io/klog/v2.stacks(0x1)\n\t/src/klog.go:1001 +0x1\n".repeat(400);
        let drivers = "misconfiguration: kubelet cgroup driver: \"cgroupfs\" is different from docker cgroup driver: \"systemd\"";
        for journal in [
            format!(
                "F1128 10:00:01.000001    42 server.go:269] failed to run Kubelet: {drivers}\ngoroutine 1 [running]:\n{dump}{tail}"
            ),
            format!(
                "E1128 10:00:01.000001    42 server.go:302] \"Failed to run kubelet\" err=\"failed to run Kubelet: {drivers}\"\n{tail}"
            ),
        ] {
            assert_eq!(of(&journal), Some(ProblemCode::Kubelet11), "{journal}");
        }
    }

    #[test]
    fn nothing_of_a_healthy_start_is_taken_for_a_cause() {
        assert_eq!(of(tape!("v1.37/journal-healthy-restart")), None);
    }

    /// Of Kubernetes 1.37, `pkg/kubelet/kubelet.go` and `pkg/kubelet/config/file_linux.go`, and of `k8s.io/utils/inotify`.
    #[test]
    fn a_disk_is_full_only_where_no_watch_is_meant() {
        for (line, code) in [
            ("Failed to start cAdvisor err=\"inotify_init: too many open files\"", ProblemCode::Kernel04),
            ("unable to create inotify: too many open files", ProblemCode::Kernel04),
            ("inotify_add_watch /sys/fs/cgroup/a: no space left on device", ProblemCode::Kernel04),
            ("mkdir /var/lib/kubelet/pods: no space left on device", ProblemCode::Disk02),
            ("open /x: too many open files", ProblemCode::Kubelet17),
            (
                "err=\"start cpu manager error: could not restore state from checkpoint: invalid\"",
                ProblemCode::Kubelet16,
            ),
        ] {
            assert_eq!(of(line), Some(code), "{line}");
        }
    }
}
