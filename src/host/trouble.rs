//! Why a batch did not come to its end, and the problem that a person sees.

use super::batch::CompileError;
use super::error::WireError;
use crate::limits::ByteLimit;
use crate::plan::action::SecretRef;
use crate::plan::code::ProblemCode;
use crate::plan::model::Login;
use crate::plan::place::Place;
use crate::plan::plan_field::PlanField;
use crate::plan::problem::{Problem, Remedy};

/// Why a batch did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostTrouble {
    /// The connection.
    #[error("{0}")]
    Wire(WireError),
    /// The script could not be made.
    #[error("{0}")]
    Compile(CompileError),
    /// sudo asked for a password and nobody gave one.
    #[error("sudo on {host} wants a password")]
    SudoPasswordWanted {
        /// Which host.
        host: String,
    },
    /// The password did not fit.
    #[error("sudo on {host} did not take the password")]
    SudoPasswordWrong {
        /// Which host.
        host: String,
    },
    /// sudo did not make us root.
    #[error("{host} does not let this user become root")]
    NoRoot {
        /// Which host.
        host: String,
        /// What it said.
        said: String,
    },
    /// The login shell does not run sh.
    #[error("{host} does not run a command for this user")]
    NoShell {
        /// Which host.
        host: String,
        /// What it said.
        said: String,
        /// How it ended.
        how: String,
    },
    /// The script ended before its end.
    #[error("the script on {host} ended early ({how})")]
    Ended {
        /// Which host.
        host: String,
        /// Status or signal.
        how: String,
    },
    /// More came than is read.
    #[error("what {host} sends {}", limit.exceeded())]
    TooMuch {
        /// Which host.
        host: String,
        /// What is read at most.
        limit: ByteLimit,
    },
    /// A file of this computer could not be sent.
    #[error("not everything could be sent: {0}")]
    NotSent(String),
    /// Somebody else works there.
    #[error("another gangplank works on {host}: {}", holder(who))]
    Held {
        /// Which host.
        host: String,
        /// Who, in that one's own words; empty = the lock is not ours any more, and nobody's.
        who: String,
        /// Since when, seconds since 1970 by the host's clock.
        since: i64,
    },
    /// It cannot be done on this kind of host.
    #[error("{0}")]
    Unable(String),
}

fn holder(who: &str) -> &str {
    if who.is_empty() { "this one has lost its lock there" } else { who }
}

impl HostTrouble {
    /// The connection was given up from this side.
    pub fn is_cut(&self) -> bool {
        let Self::Wire(error) = self else { return false };
        let mut error = error;
        while let WireError::Jump { error: inner, .. } = error {
            error = inner;
        }
        matches!(error, WireError::Cut)
    }

    /// The stable code.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Wire(error) => error.code(),
            Self::Compile(CompileError::NoSecret(_)) => ProblemCode::Secret01,
            Self::Compile(CompileError::Unreadable { .. } | CompileError::OtherHash { .. }) => {
                ProblemCode::Send01
            }
            Self::Compile(CompileError::NotYet(_)) => ProblemCode::Bug03,
            Self::SudoPasswordWanted { .. } => ProblemCode::Sudo02,
            Self::SudoPasswordWrong { .. } => ProblemCode::Sudo03,
            Self::NoRoot { .. } => ProblemCode::Sudo04,
            Self::NoShell { .. } => ProblemCode::Ssh14,
            Self::Ended { .. } => ProblemCode::Host01,
            Self::NotSent(_) => ProblemCode::Send02,
            Self::Held { .. } => ProblemCode::Host04,
            Self::TooMuch { .. } => ProblemCode::Host05,
            Self::Unable(_) => ProblemCode::Host02,
        }
    }

    /// The problem a person sees.
    pub fn problem(&self, place: &Place) -> Problem {
        let problem = Problem::new(self.code(), format!("{place}: {self}"));
        match self {
            Self::Wire(error) => wire_ways(problem, place, error),
            Self::Compile(CompileError::NoSecret(name)) => problem.manual(secret_way(name)),
            Self::Compile(CompileError::Unreadable { field, .. } | CompileError::OtherHash { field, .. }) => {
                problem.edit(*field, "the file named in the plan")
            }
            Self::SudoPasswordWanted { host } => problem
                .manual(secret_way(&SecretRef::Sudo(host.clone())))
                .manual("log in as root, or allow sudo without a password (NOPASSWD) for this user"),
            Self::SudoPasswordWrong { host } => problem
                .seen("nothing was done on this host")
                .way(Remedy::Retry)
                .manual(secret_way(&SecretRef::Sudo(host.clone()))),
            Self::NoRoot { said, .. } => login_way(
                problem.seen(said.clone()),
                place,
                (PlanField::SshUser, "workers[].ssh.user: root, or a user whose sudo may run sh"),
                (PlanField::CaPlace, "ca.where: root, or a user whose sudo may run sh"),
            )
            .manual("a sudoers line that helps: USER ALL=(ALL) ALL"),
            Self::NoShell { said, how, .. } => problem
                .seen(format!("it said: {said}"))
                .seen(format!("it ended with {how}"))
                .manual("give this user a login shell that runs `sh -c`, or use another user"),
            Self::Ended { .. } => problem
                .seen("what was begun and not ended is looked at again on the next run")
                .way(Remedy::Retry),
            Self::TooMuch { .. } => problem
                .seen("the connection was closed; what was begun and not ended is looked at again on the next run")
                .manual("look at what that machine says: ssh to it, and run systemctl status kubelet")
                .way(Remedy::Retry),
            Self::NotSent(_) => problem.way(Remedy::Retry),
            Self::Held { since, .. } => {
                let watch = |name: &String| {
                    let name = shell_words::quote(name);
                    format!("gangplank watch PLAN --worker {name}; in the wizard: the live panel")
                };
                let look = if let Place::Worker(name) = place { Some(watch(name)) } else { None };
                held(problem, *since, look)
            }
            Self::Compile(CompileError::NotYet(_)) | Self::Unable(_) => problem,
        }
    }
}

impl HostTrouble {
    /// The problem a person sees of a worker that is in no plan.
    pub fn problem_without_plan(&self, place: &Place, login: &Login) -> Problem {
        let Self::Held { since, .. } = self else { return self.problem(place) };
        let scheme = if login.user.is_some() { "" } else { "ssh://" };
        let doctor = format!("gangplank doctor {}", shell_words::quote(&format!("{scheme}{login}")));
        held(Problem::new(self.code(), format!("{place}: {self}")), *since, Some(doctor))
    }
}

/// Somebody else works there, since then by the host's clock; whoever looks with `look` takes no lock.
fn held(problem: Problem, since: i64, look: Option<String>) -> Problem {
    let since = jiff::Timestamp::from_second(since).ok().filter(|_| since > 0);
    let since = since.map(|since| format!("since {since}, by the clock of that machine"));
    let problem = problem
        .seen(since.unwrap_or_default())
        .seen("nothing was done there by this run after that was seen");
    let problem = match look {
        Some(look) => problem.manual(format!("look on meanwhile, which takes no lock: {look}")),
        None => problem,
    };
    problem
        .manual("wait until the other run has ended; a lock whose holder is dead is taken over by itself")
        .way(Remedy::Retry)
}

fn secret_way(name: &SecretRef) -> String {
    let name = match name {
        SecretRef::Ca => "ca".to_owned(),
        SecretRef::Sudo(host) => format!("sudo:{host}"),
        SecretRef::Ssh(host) => format!("ssh:{host}"),
        SecretRef::Key(path) => format!("key:{}", path.display()),
        SecretRef::Made(_) => return "this is a bug".to_owned(),
    };
    let flag = shell_words::join(["--secret", &format!("{name}=fd:3")]);
    format!("run it at a terminal, where it asks; or give it with {flag} 3<FILE")
}

/// The answer that says how to log in: of a worker, or of the CA's host.
fn login_way(problem: Problem, place: &Place, worker: (PlanField, &str), ca: (PlanField, &str)) -> Problem {
    let (field, text) = if *place == Place::CaHost { ca } else { worker };
    problem.edit(field, text)
}

fn wire_ways(problem: Problem, place: &Place, error: &WireError) -> Problem {
    let login = |problem, worker, ca| login_way(problem, place, worker, ca);
    match error {
        WireError::Unreachable { .. } | WireError::Timeout { .. } | WireError::NotSsh { .. } => login(
            problem.manual("check that the machine is up and that ssh reaches it from here"),
            (PlanField::SshHost, "workers[].ssh.host or .port"),
            (PlanField::CaPlace, "ca.where: the host and the port of the CA"),
        )
        .way(Remedy::Retry),
        WireError::HostKeyUnknown { fingerprint, .. } => problem
            .seen("compare it with the one the machine prints: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
            .manual(format!("trust this one: --trust {fingerprint}"))
            .manual("trust every new host once: --trust-new"),
        WireError::HostKeyChanged { host, file, .. } => problem
            .seen("usual reasons: the machine was installed anew, the address belongs to another machine now, or somebody is in between")
            .manual(format!(
                "when you know which, run this, then the same again: {}",
                shell_words::join(["ssh-keygen", "-R", host, "-f", &file.display().to_string()])
            )),
        WireError::HostKeyNotStated { .. } => login(
            problem,
            (PlanField::SshHostKey, "workers[].ssh.host_key, when you know why it differs"),
            (PlanField::CaSshHostKey, "ca.ssh.host_key, when you know why it differs"),
        ),
        WireError::HostKeyRevoked { .. } => problem.manual("do not connect; ask whoever revoked the key"),
        WireError::TooManyFailures { .. } => login(
            problem,
            (PlanField::SshKey, "workers[].ssh.key (it is tried first)"),
            (PlanField::CaSshKey, "ca.ssh.key (it is tried first)"),
        )
        .manual("in ssh_config: IdentityFile with the one key and IdentitiesOnly yes, or PreferredAuthentications password"),
        WireError::LoginRefused { .. } => login(
            problem,
            (PlanField::SshUser, "workers[].ssh.user or .key"),
            (PlanField::CaPlace, "ca.where: the user, or ca.ssh.key"),
        )
        .manual("ssh-copy-id puts your key there; ssh-add gives it to the agent"),
        WireError::KeyUnreadable { .. } => {
            login(problem, (PlanField::SshKey, "workers[].ssh.key"), (PlanField::CaSshKey, "ca.ssh.key"))
        }
        WireError::PassphraseWrong { .. } => problem.way(Remedy::Retry),
        WireError::Lost { .. } | WireError::Cut => problem
            .seen("what was begun and not ended is looked at again on the next run")
            .way(Remedy::Retry),
        WireError::Jump { error, .. } => wire_ways(problem, place, error),
        WireError::ProxyCommand { .. } => login(
            problem.manual("in ssh_config: ProxyJump HOST in its place, where an SSH server is on the way"),
            (PlanField::SshJump, "workers[].ssh.jump (user@host:port of an SSH server on the way)"),
            (PlanField::CaSshJump, "ca.ssh.jump (user@host:port of an SSH server on the way)"),
        ),
        WireError::Config { host, .. } => problem
            .manual(format!("correct what it names; this shows what ssh reads: {}", shell_words::join(["ssh", "-G", host])))
            .way(Remedy::Retry),
        WireError::NoCommonAlgorithm { .. } => problem.manual("update sshd on that machine"),
        WireError::KnownHosts { .. }
        | WireError::NoShell { .. }
        | WireError::TooManySessions { .. }
        | WireError::NoTcp { .. }
        | WireError::TooLong { .. }
        | WireError::Local { .. } => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_is_not_followed_has_ways_out() {
        let host = "w1".to_owned();
        let what = "config line 2: ProxyCommand nc".to_owned();
        let command = HostTrouble::Wire(WireError::ProxyCommand { host: host.clone(), what });
        let place = Place::Worker(host.clone());
        let ways = |trouble: HostTrouble, place: &Place| -> Vec<String> {
            trouble.problem(place).ways.iter().map(|way| way.text(place)).collect()
        };
        for (place, field) in [(&place, "workers[].ssh.jump"), (&Place::CaHost, "ca.ssh.jump")] {
            let ways = ways(command.clone(), place);
            assert!(ways.iter().any(|way| way.contains("ProxyJump HOST")), "{ways:?}");
            assert!(ways.iter().any(|way| way.contains(field)), "{ways:?}");
        }
        let other = HostTrouble::Wire(WireError::Config { host, why: "x".to_owned() });
        assert!(ways(other, &place).iter().any(|way| way.contains("ssh -G w1")));
    }
}
