//! How much is read of what comes from elsewhere: one table for files of this computer, answers of the API and of
//! hosts. Each limit lets four times the largest honest case through, a cluster of 1,000 nodes and a plan of 500
//! workers, and ends what has no end. Who reads past a limit gets an error in words, never a piece that looks whole.

pub mod file;
pub mod lines;
pub mod objects;
pub mod program;
pub mod time;

/// One limit, as the README lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteLimit {
    /// What is read.
    pub what: &'static str,
    /// Bytes that are read at most.
    pub bytes: u64,
    /// Why no more is needed.
    pub why: &'static str,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// A plan file.
pub const PLAN: ByteLimit = ByteLimit {
    what: "a plan file",
    bytes: MIB,
    why: "a thousand workers written one by one need a third of it",
};

/// The kubelet's fields in a plan: those of one worker, or those that all have.
pub const KUBELET_FIELDS: ByteLimit = ByteLimit {
    what: "`kubelet_config` of a plan's entry",
    bytes: 16 * KIB,
    why: "every field of the kubelet with its default has 4 KiB",
};

/// A certificate, a key, a CSR or a bundle of certificates.
pub const PEM: ByteLimit = ByteLimit {
    what: "a certificate, key or CSR file",
    bytes: MIB,
    why: "the CA bundle of a whole operating system is a quarter of it",
};

/// A kubeconfig.
pub const KUBECONFIG: ByteLimit = ByteLimit {
    what: "a kubeconfig",
    bytes: 4 * MIB,
    why: "two hundred clusters with their certificates inside need 1 MiB",
};

/// known_hosts, ssh_config and private keys of SSH.
pub const SSH_FILE: ByteLimit = ByteLimit {
    what: "known_hosts, ssh_config, an SSH key",
    bytes: 16 * MIB,
    why: "a known_hosts of ten thousand hosts has 4 MiB",
};

/// Any other file whose content is looked at: a manifest, a unit, a file that is replaced.
pub const TEXT_FILE: ByteLimit = ByteLimit {
    what: "another file that is compared",
    bytes: 4 * MIB,
    why: "the largest file that gangplank writes has some 10 KiB",
};

/// What gangplank wrote itself: sessions, journals of runs, records.
pub const OWN_FILE: ByteLimit = ByteLimit {
    what: "a session, journal or record",
    bytes: 64 * MIB,
    why: "a run of 500 workers writes 9 MiB",
};

/// manifest.json of an image tar.
pub const TAR_MANIFEST: ByteLimit = ByteLimit {
    what: "manifest.json of an image tar",
    bytes: 4 * MIB,
    why: "a tar of a hundred images has 200 KiB; the tar itself has no limit, it is never held",
};

/// One object of the API: an answer that is no list, an item of a list, a line of a watch.
pub const API_OBJECT: ByteLimit = ByteLimit {
    what: "one object of the API, one line of its watch",
    bytes: 4 * MIB,
    why: "etcd keeps none over 1.5 MiB",
};

/// A list of the API; its items are read one by one and only what is shown is kept.
pub const API_LIST: ByteLimit = ByteLimit {
    what: "a list of the API",
    bytes: 128 * MIB,
    why: "1,000 nodes of 50 images each have 30 MiB",
};

/// All that a host answers to one batch.
pub const ANSWERS: ByteLimit = ByteLimit {
    what: "all answers of a host to one batch",
    bytes: 16 * MIB,
    why: "a worker with 4 MiB of manifests and a thousand images has 5 MiB",
};

/// What a host says before the script begins.
pub const BEFORE: ByteLimit =
    ByteLimit { what: "what sudo says before it starts", bytes: 64 * KIB, why: "its lecture has 400 bytes" };

/// One look of the live view at a host.
pub const SAMPLE: ByteLimit = ByteLimit {
    what: "one look of the live view at a host",
    bytes: 2 * MIB,
    why: "500 containers with long commands have 500 KiB",
};

/// What ssh says of a host.
pub const SSH_ANSWER: ByteLimit = ByteLimit {
    what: "what `ssh -G` prints",
    bytes: MIB,
    why: "it prints 5 KiB; a thousand keys would make 60",
};

/// What a program of this computer prints.
pub const OUTPUT: ByteLimit = ByteLimit {
    what: "the output of kubectl",
    bytes: 4 * MIB,
    why: "its view of two hundred clusters has 1 MiB",
};

/// All of them, in the order of the README's table.
pub const BYTES: [ByteLimit; 15] = [
    PLAN,
    KUBELET_FIELDS,
    PEM,
    KUBECONFIG,
    SSH_FILE,
    SSH_ANSWER,
    TEXT_FILE,
    OWN_FILE,
    TAR_MANIFEST,
    API_OBJECT,
    API_LIST,
    ANSWERS,
    BEFORE,
    SAMPLE,
    OUTPUT,
];

impl ByteLimit {
    /// `1 MiB`, `512 KiB`.
    pub fn size(&self) -> String {
        if self.bytes >= MIB && self.bytes.is_multiple_of(MIB) {
            format!("{} MiB", self.bytes / MIB)
        } else {
            format!("{} KiB", self.bytes / KIB)
        }
    }

    /// The words for more than that.
    pub fn exceeded(&self) -> String {
        format!("holds more than {}, the limit for {}", self.size(), self.what)
    }

    /// The limit as a count of what is held.
    pub fn count(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The README's table is this one.
    #[test]
    fn the_readme_has_every_limit_with_its_reason() {
        let readme = include_str!("../../README.md");
        for limit in BYTES {
            let row = format!("| {} | {} | {} |", limit.what, limit.size(), limit.why);
            assert!(readme.contains(&row), "README.md lacks the row\n{row}");
        }
    }
}
