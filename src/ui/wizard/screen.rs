//! The screens, in the order of the path.

/// The screens, in the order of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// What to have at hand and the ways on.
    Welcome,
    /// Where the CA is.
    Ca,
    /// The cluster.
    Cluster,
    /// The workers.
    Workers,
    /// What is signed for whom.
    Certificates,
    /// The context on this computer.
    Kubectl,
    /// Cluster DNS.
    Dns,
    /// Every action before it is done.
    Review,
    /// Doing it.
    Run,
    /// What was done.
    Report,
    /// What is wrong with the workers that come back.
    Diagnosis,
    /// The smallest change that mends one of them.
    Repair,
}

/// The numbered steps of the path.
pub const PATH: [Screen; 8] = [
    Screen::Ca,
    Screen::Cluster,
    Screen::Workers,
    Screen::Certificates,
    Screen::Kubectl,
    Screen::Dns,
    Screen::Review,
    Screen::Run,
];

/// The numbered steps of the path back of a worker that failed.
pub const WAY_BACK: [Screen; 4] = [Screen::Diagnosis, Screen::Repair, Screen::Run, Screen::Report];

impl Screen {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Welcome => "Welcome",
            Self::Ca => "Certificate CA",
            Self::Cluster => "Cluster",
            Self::Workers => "Workers",
            Self::Certificates => "Certificates",
            Self::Kubectl => "kubectl context",
            Self::Dns => "SkyDNS",
            Self::Review => "Review",
            Self::Run => "Run",
            Self::Report => "Report",
            Self::Diagnosis => "Diagnosis",
            Self::Repair => "Repair",
        }
    }

    /// A short title for narrow windows.
    pub fn short(self) -> &'static str {
        match self {
            Self::Ca => "CA",
            Self::Certificates => "Certs",
            Self::Kubectl => "kubectl",
            _ => self.title(),
        }
    }

    /// Its name in files and texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Ca => "ca",
            Self::Cluster => "cluster",
            Self::Workers => "workers",
            Self::Certificates => "certificates",
            Self::Kubectl => "kubectl",
            Self::Dns => "skydns",
            Self::Review => "review",
            Self::Run => "run",
            Self::Report => "report",
            Self::Diagnosis => "diagnosis",
            Self::Repair => "repair",
        }
    }

    /// The screen of a name.
    pub fn parse(name: &str) -> Option<Self> {
        PATH.into_iter().chain(WAY_BACK).chain([Self::Welcome]).find(|screen| screen.name() == name)
    }
}

/// What the person came for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Journey {
    /// New workers.
    #[default]
    New,
    /// A worker that failed comes back.
    Reonboard,
}

impl Journey {
    /// The numbered steps of its path.
    pub fn path(self) -> &'static [Screen] {
        match self {
            Self::New => &PATH,
            Self::Reonboard => &WAY_BACK,
        }
    }

    /// The number of a screen on its path, from 1; `None` = it is beside it.
    pub fn number(self, screen: Screen) -> Option<usize> {
        self.path().iter().position(|one| *one == screen).map(|at| at.saturating_add(1))
    }
}
