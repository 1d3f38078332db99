//! The command line: words and flags, no work.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Walks worker nodes aboard a Kubernetes cluster.
#[derive(Debug, Parser)]
#[command(name = "gangplank", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Without a command it opens the wizard. `gangplank demo` does the same without any machine."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    /// The wizard.
    #[command(flatten)]
    pub wizard: WizardFlags,
}

/// How the wizard looks.
#[derive(Debug, Args, Clone, Default)]
pub struct DisplayFlags {
    /// Numbered lines instead of a screen: for screen readers and serial lines (also GANGPLANK_PLAIN=1)
    #[arg(long)]
    pub plain: bool,
    /// Signs of ASCII only
    #[arg(long)]
    pub ascii: bool,
    /// Colours: ansi, blue-orange, contrast or mono
    #[arg(long, value_name = "NAME", value_parser = ["ansi", "blue-orange", "contrast", "mono"])]
    pub palette: Option<String>,
}

/// What the demo takes.
#[derive(Debug, Args)]
pub struct DemoFlags {
    /// The lab; `--list` names them
    pub lab: Option<String>,
    /// Name the labs
    #[arg(long)]
    pub list: bool,
    /// How many times faster than real its clock goes
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    pub speed: f64,
    /// The same names, serials and times on every take
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// An exercise: one thing is broken on one worker, and it is for you to find and to mend
    #[arg(long, conflicts_with = "autoplay")]
    pub surprise: bool,
    /// It plays by itself, with captions: `.` pauses, PageDown goes on at once, Home begins again
    #[arg(long)]
    pub autoplay: bool,
    /// Keep every frame as an asciicast; without a terminal it needs --autoplay
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Size of a recording without a terminal
    #[arg(long, value_name = "WxH", default_value = "120x36")]
    pub size: String,
    /// How it looks.
    #[command(flatten)]
    pub looks: DisplayFlags,
}

/// What everything that logs in to hosts takes, the wizard and the commands alike.
#[derive(Debug, Args, Clone, Default)]
pub struct AccessFlags {
    /// Hosts worked on at once
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub jobs: usize,
    /// Accept this host key and remember it; may be repeated
    #[arg(long, value_name = "SHA256:...")]
    pub trust: Vec<String>,
    /// Accept every host key that is not known yet, and remember it; a changed one is still refused
    #[arg(long)]
    pub trust_new: bool,
    /// Agree that the kubeconfig is written where the plan says, also outside ~/.kube
    #[arg(long)]
    pub write_outside_kube: bool,
    /// A secret from an open file: ca=fd:N, ca:HOST=fd:N, sudo=fd:N, sudo:HOST=fd:N, ssh:HOST=fd:N, key:FILE=fd:N
    #[arg(long = "secret", value_name = "NAME=fd:N")]
    pub secrets: Vec<String>,
    /// Where sessions are kept
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// What the wizard takes.
#[derive(Debug, Args, Clone, Default)]
pub struct WizardFlags {
    /// How it looks.
    #[command(flatten)]
    pub looks: DisplayFlags,
    /// Look only: nothing can be changed
    #[arg(long)]
    pub read_only: bool,
    /// How hosts are reached.
    #[command(flatten)]
    pub access: AccessFlags,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Open a plan file in the wizard
    Open {
        /// The plan file
        plan: PathBuf,
        /// The wizard.
        #[command(flatten)]
        wizard: WizardFlags,
    },
    /// Open the wizard where a session was left
    Resume {
        /// The session; without it, the newest
        name: Option<String>,
        /// The wizard.
        #[command(flatten)]
        wizard: WizardFlags,
    },
    /// The wizard on a built-in lab: no machine, no network, nothing is kept
    Demo(DemoFlags),
    /// Print a commented plan file to start from
    Init,
    /// Look at the hosts and print every action with its shell and its undo; change nothing anywhere
    Plan {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// Show the content of every file that would be written
        #[arg(long)]
        files: bool,
        /// Show the shell functions that are sent, such as put, in place of plain commands, and their text below
        #[arg(long)]
        functions: bool,
        /// Print a shell script that does the same by hand instead, with plain ssh, openssl and kubectl
        #[arg(long, conflicts_with_all = ["files", "functions", "json"])]
        script: bool,
    },
    /// Carry the plan out: what is as it should be stays untouched
    Apply {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// How many batches: as few as possible, or one for each step
        #[arg(long, value_enum, default_value_t = Pace::AllAtOnce)]
        pace: Pace,
        /// Show the shell and the output of every action
        #[arg(long, short)]
        verbose: bool,
        /// What others made on this worker may be replaced, for this run; more than one by saying it again
        #[arg(long, value_name = "NAME")]
        replace: Vec<String>,
    },
    /// Take back what one run did, newest change first: the last run that changed something
    Undo {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// Another run, by its id
        #[arg(long = "run", value_name = "ID")]
        run: Option<String>,
        /// The private key to log in with, for user@host
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Do not ask first
        #[arg(long)]
        yes: bool,
    },
    /// Remove workers from the cluster: all that gangplank ever did on them is taken back, and their nodes go
    Remove {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// Do not ask first
        #[arg(long)]
        yes: bool,
        /// Let its pods leave first.
        #[command(flatten)]
        drain: DrainFlags,
    },
    /// Release the pods of one worker whose machine is off for good: they come up elsewhere, with their volumes
    ///
    /// Its node is marked as out of service (from Kubernetes 1.26 on), only where the machine does not answer and the API does
    /// not hear its kubelet. The mark goes when gangplank works on that machine again.
    Release {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// Do not ask first
        #[arg(long)]
        yes: bool,
    },
    /// Show what runs on the hosts and how their nodes are, as it happens; change nothing anywhere
    Watch {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// Lines instead of a screen
        #[arg(long)]
        plain: bool,
    },
    /// Say what is wrong with workers, in the order in which it must be mended, and what mends it; change nothing anywhere
    ///
    /// Instead of a plan it takes user@host: a worker that is in no plan, whoever set it up, is read from its unit, flags,
    /// configuration, kubeconfig and certificates, and asks the API as itself.
    Doctor {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// The private key to log in with, for user@host; else what ssh_config and the agent have
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Mend one worker with the smallest change, and prove that the API hears of its kubelet again
    ///
    /// Instead of a plan it takes user@host: on a worker that is in no plan units are started, and a key is closed; with the
    /// cluster's CA its certificate is issued anew. None of its other files is written.
    Repair {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// For user@host: how to log in, and what a certificate takes.
        #[command(flatten)]
        found: FoundFlags,
        /// Do not ask first
        #[arg(long)]
        yes: bool,
        /// Let its pods leave first, where its node is Ready.
        #[command(flatten)]
        drain: DrainFlags,
        /// Write what was wrong, what was changed and how it is now to a new file (Markdown)
        #[arg(long, value_name = "FILE")]
        summary: Option<PathBuf>,
    },
    /// List every certificate of the workers, the CA and our own login, with the days that are left; change nothing
    Certs {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// The exit code is 1 when one ends within so many days
        #[arg(long, value_name = "DAYS", default_value = "30d", value_parser = days)]
        within: u32,
    },
    /// Issue certificates anew that end soon, one worker after another; stops where one does not come back Ready
    ///
    /// With --jobs N it is so many workers at once, and the next ones when all of them are back; where one does not come back no
    /// further one is begun.
    #[command(mut_arg("jobs", |jobs| jobs.default_value("1").help("Workers renewed at once")))]
    Renew {
        /// Where and who.
        #[command(flatten)]
        common: CommonFlags,
        /// Those that end within so many days
        #[arg(long, value_name = "DAYS", default_value = "30d", value_parser = days)]
        within: u32,
        /// Do not ask first
        #[arg(long)]
        yes: bool,
    },
    /// Print what a step does and why, with its commands and its undo; or what a problem code means
    Explain {
        /// A step, or a code such as E-CERT-04, or a group of codes such as E-CERT; without it, the list of them
        topic: Option<String>,
    },
    /// Draw the pictures of the README from the demo labs
    Shots {
        /// Where they go
        #[arg(default_value = "screenshots")]
        folder: PathBuf,
        /// Write nothing; the exit code is 1 when one is not as it would be drawn
        #[arg(long)]
        check: bool,
    },
    /// Print completions for a shell
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What goes with user@host.
#[derive(Debug, Clone, Args)]
pub struct FoundFlags {
    /// The private key to log in with, for user@host and for the host of the CA; else what ssh_config and the agent have
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The certificate of the cluster's CA, for user@host: with it and its key an expired or wrong certificate is issued anew
    #[arg(long, value_name = "FILE", requires = "ca_key")]
    pub ca_cert: Option<PathBuf>,
    /// The key of the cluster's CA
    #[arg(long, value_name = "FILE", requires = "ca_cert")]
    pub ca_key: Option<PathBuf>,
    /// The host that both files of the CA are on; else they are here
    #[arg(long, value_name = "USER@HOST", requires = "ca_cert")]
    pub ca_host: Option<String>,
    /// With a plan the worker on which what others made may be replaced; of user@host a file that may be written over, by its
    /// path; more than one by saying it again
    #[arg(long, value_name = "NAME|PATH")]
    pub replace: Vec<String>,
}

/// Whether pods leave a node first.
#[derive(Debug, Clone, Args)]
pub struct DrainFlags {
    /// Cordon its node and let its pods leave first, as their disruption budgets allow; with =all also those with which
    /// something is lost
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe", value_name = "all")]
    pub drain: Option<DrainPods>,
    /// So many seconds they may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300, requires = "drain")]
    pub drain_within: u64,
}

/// Which pods leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DrainPods {
    /// Those that somebody makes anew elsewhere.
    #[value(hide = true)]
    Safe,
    /// All but those of the node itself.
    All,
}

/// Days, as `30d` or `30`.
fn days(text: &str) -> Result<u32, String> {
    text.strip_suffix('d').unwrap_or(text).parse().map_err(|_| "write days, such as 30d".to_owned())
}

/// How a run is cut into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pace {
    /// As few batches as the values to come allow.
    #[value(alias = "straight")]
    AllAtOnce,
    /// One batch for each step.
    #[value(alias = "guided")]
    StepByStep,
}

/// What `plan`, `apply` and `undo` share.
#[derive(Debug, Args)]
pub struct CommonFlags {
    /// The plan file
    pub plan: PathBuf,
    /// Only this worker; may be repeated
    #[arg(long = "worker", value_name = "NAME")]
    pub workers: Vec<String>,
    /// One JSON event a line instead of text
    #[arg(long)]
    pub json: bool,
    /// How hosts are reached.
    #[command(flatten)]
    pub access: AccessFlags,
}
