//! What this computer says of itself: its folders, the operator's login name, the SSH agent and the ssh program.

use std::path::{Path, PathBuf};

use gangplank::host::SshEnvironment;

/// Where this computer keeps things.
pub struct StandardFolders {
    /// The operator's home folder.
    pub home: PathBuf,
    /// Where sessions are kept.
    pub state: PathBuf,
}

impl StandardFolders {
    /// As the platform has them; `None` = no home folder is known.
    pub fn find() -> Option<Self> {
        let home = directories::BaseDirs::new()?.home_dir().to_path_buf();
        let project = directories::ProjectDirs::from("", "", "gangplank")?;
        let state = project.state_dir().unwrap_or_else(|| project.data_local_dir());
        Some(Self { home, state: state.join("sessions") })
    }
}

/// What SSH takes from this computer.
pub fn ssh_environment(home: &Path) -> SshEnvironment {
    SshEnvironment {
        home: home.to_path_buf(),
        user: std::env::var("USER")
            .or_else(|_| std::env::var("LOGNAME"))
            .unwrap_or_else(|_| "root".to_owned()),
        agent: std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from),
        ssh: find_program("ssh"),
        config: None,
    }
}

/// A program of the search path.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
