//! The plays of the demos: what is said, what is waited for, what the caption claims, which keys are pressed.

/// What must be so before a beat is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Nothing: it is over at once.
    Now,
    /// Every look is over.
    Looked,
    /// The inspection is over.
    Inspected,
    /// The doctor has looked.
    Examined,
    /// A run is over.
    RunOver,
    /// A problem card is there.
    Trouble,
}

/// What a caption claims: where it is not so, something else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing that could be wrong.
    Nothing,
    /// Every worker has joined.
    AllJoined,
    /// This worker has joined.
    Joined(&'static str),
    /// This worker has a problem.
    Troubled(&'static str),
    /// Somebody has a problem.
    Problem,
}

/// A piece of the play.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// What is said; empty = what was said before stays.
    pub caption: &'static str,
    /// What is waited for before the caption's time begins.
    pub until: Until,
    /// What the caption claims.
    pub claims: Claim,
    /// Keys that are pressed at its end, in the notation of the tests: `c`, `<enter>`, `<down>`.
    pub keys: &'static str,
}

const fn beat(caption: &'static str, until: Until, keys: &'static str) -> Beat {
    Beat { caption, until, claims: Claim::Nothing, keys }
}

/// A caption that says something that may turn out otherwise.
const fn claim(caption: &'static str, until: Until, claims: Claim, keys: &'static str) -> Beat {
    Beat { caption, until, claims, keys }
}

pub(super) const FIRST: &[Beat] = &[
    beat("A demo: three blank machines, a CA host and a cluster, all in memory.", Until::Looked, ""),
    beat("First the CA. Its key stays on its own host: here it was only looked at.", Until::Looked, "c"),
    beat("The API was tried: TLS chain, the names in it, the version.", Until::Looked, "c"),
    beat("Three workers, each logged in to: docker, kubelet, clock.", Until::Looked, "<down><down>"),
    beat("Nothing is changed on any of them before Review.", Until::Now, "c"),
    beat("A key is made on each worker and never leaves it; the CA signs.", Until::Inspected, "c"),
    beat("kubectl gets a file of its own: yours stays as it is.", Until::Now, "c"),
    beat("Cluster DNS: the address is free, the manifest is shown.", Until::Now, "c"),
    beat("Review: every action before it is done.", Until::Inspected, "<down><down><down>"),
    beat("The exact shell of each, and how it is taken back.", Until::Now, "<down><down><down>"),
    beat("Now it is carried out: one connection a host, side by side.", Until::Now, "a<enter>"),
    beat("Steps by hosts; what they say; below, docker ps as it happens.", Until::Now, ""),
    claim("Every node is Ready, and DNS answers on every worker.", Until::RunOver, Claim::AllJoined, ""),
    beat("The containers of one worker, as docker ps has them.", Until::Now, "l<enter>"),
    beat("Live on every screen; a container is here the moment it starts.", Until::Now, "<esc><esc>c"),
    beat("The report: what was done where, and how to take it back.", Until::Now, ""),
];

const FAILED: &[Beat] = &[
    beat(
        "Three workers failed at night; beside each stands what is wrong with it.",
        Until::Examined,
        "<space><down><space><down><space>",
    ),
    beat("All three come back. The diagnosis: causes, evidence, the journal.", Until::Now, "<enter>"),
    beat("worker01: its clock is hours off. That is for a person to set.", Until::Examined, "<down>"),
    beat("worker02: its certificate expired; what follows from it is named too.", Until::Now, "<end>"),
    beat("worker03: docker is stopped. Its repair is one command: Enter shows it.", Until::Now, "<enter>"),
    beat("With its undo, and with what it restarts. Here all three are reviewed.", Until::Now, "r"),
    beat("worker01: its clock is hours off, so nothing is signed for it.", Until::Inspected, "<down>"),
    beat(
        "worker02: its certificate expired. The key is good and stays.",
        Until::Now,
        "<down><down><down><down><down><down>",
    ),
    beat("worker03: docker is stopped. What is good stays as it is.", Until::Now, "<end>"),
    beat("Apply: one host's problem never stops another.", Until::Now, "a<enter>"),
    claim("A card for each problem: evidence, and numbered ways out.", Until::Trouble, Claim::Problem, ""),
    claim("worker02 is back with the smallest change.", Until::RunOver, Claim::Joined("worker02"), "<right>"),
    claim(
        "The card of worker03 offers a repair: it starts docker.",
        Until::Now,
        Claim::Troubled("worker03"),
        "p1<enter>",
    ),
    claim(
        "worker03 is back too; the clock is somebody's to set.",
        Until::RunOver,
        Claim::Joined("worker03"),
        "",
    ),
    beat("Retry, skip, undo or a shell: each card has its ways.", Until::Now, ""),
];

const CABLE: &[Beat] = &[
    beat("Three workers again. This time a cable is pulled in the middle.", Until::Looked, "ccc"),
    beat("Everything is answered already: on to Review.", Until::Inspected, "ccc"),
    beat("The same review as ever.", Until::Inspected, "a<enter>"),
    beat("Files are on their way to all three.", Until::Now, ""),
    claim(
        "worker02 is gone: its column says why. The others go on.",
        Until::Trouble,
        Claim::Troubled("worker02"),
        "",
    ),
    claim(
        "They have joined. What was begun on worker02 is looked at, not assumed.",
        Until::RunOver,
        Claim::Joined("worker01"),
        "",
    ),
    beat("Retry: what is done stays, the rest is done.", Until::Now, "r"),
    claim("Same, same, changed: it went on from where it was.", Until::RunOver, Claim::AllJoined, ""),
];

const CURRENT: &[Beat] = &[
    beat("Kubernetes 1.37 and containerd: three blank machines, all in memory.", Until::Looked, ""),
    beat("The CA was looked at; its key stays on its own host.", Until::Looked, "c"),
    beat("The API says its version: which profile and runtime follow is said too.", Until::Looked, "c"),
    beat("worker01: containerd 2.4 without a configuration. It is taken as it is.", Until::Looked, "<down>"),
    beat("worker02: containerd 1.6; its file is changed, your lines stay.", Until::Now, "<down>"),
    beat("worker03: a packaged file took CRI off, which keeps every kubelet out.", Until::Now, "c"),
    beat("Keys and certificates as ever: a key never leaves its worker.", Until::Inspected, "c"),
    beat("kubectl gets a file of its own: yours stays as it is.", Until::Now, "c"),
    beat("Cluster DNS is left to the version: CoreDNS, as it fits this API.", Until::Now, "c"),
    beat("Review: every action before it is done.", Until::Inspected, "<down><down><down>"),
    beat("worker01's kernel lacks br_netfilter: it is loaded then, and kept so.", Until::Now, "<down><down>"),
    beat("Now it is carried out: one connection a host, side by side.", Until::Now, "a<enter>"),
    beat("Live below: what runs on each worker, as crictl and ctr list it.", Until::Now, ""),
    claim("Every node is Ready, and CoreDNS answers on every worker.", Until::RunOver, Claim::AllJoined, ""),
    beat("The containers of one worker by pod, as crictl lists them.", Until::Now, "l<enter>"),
    beat(
        "Below them conditions, certificates, events, and the kubelet's journal.",
        Until::Now,
        "<esc><esc>c",
    ),
    beat("The report: what was done where, and how to take it back.", Until::Now, ""),
];

/// The play of a lab.
pub fn beats(lab: &str) -> &'static [Beat] {
    match lab {
        "failed-worker" => FAILED,
        "cable-pull" => CABLE,
        "current" => CURRENT,
        _ => FIRST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_fit_into_eighty_columns_in_ascii() {
        for lab in ["first-cluster", "failed-worker", "cable-pull", "current"] {
            for beat in beats(lab) {
                assert!(beat.caption.len() <= 78 && beat.caption.is_ascii(), "{}", beat.caption);
            }
        }
    }
}
