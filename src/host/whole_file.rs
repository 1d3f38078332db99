//! Files of this computer that are written whole or not at all: under a name beside the target that nobody can know
//! before and that is refused when it is taken, then renamed. Whatever fails, nothing half done is left.

use std::fs::Permissions;
use std::io::{Error, Result, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// What is going to be a file, on disk already.
pub struct WholeFile(NamedTempFile);

impl WholeFile {
    /// The content of `target`, written beside it.
    pub fn beside(target: &Path, content: &[u8], mode: u32) -> Result<Self> {
        let name = target.file_name().ok_or_else(|| Error::other("that is no name of a file"))?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let prefix = format!(".{}.", name.to_string_lossy());
        let mut part = Builder::new()
            .prefix(&prefix)
            .suffix(".part")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        part.write_all(content)?;
        part.as_file().set_permissions(Permissions::from_mode(mode))?;
        part.as_file().sync_all()?;
        Ok(Self(part))
    }

    /// Takes the place of what is there; a link there is replaced and not followed.
    pub fn settle(self, target: &Path) -> Result<()> {
        self.0.persist(target).map_err(|error| error.error)?;
        sync_folder(target)
    }

    /// Takes the place when nothing is there.
    pub fn settle_new(self, target: &Path) -> Result<()> {
        self.0.persist_noclobber(target).map_err(|error| error.error)?;
        sync_folder(target)
    }
}

fn sync_folder(target: &Path) -> Result<()> {
    match target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Writes a file, replacing what is there.
pub fn replace(target: &Path, content: &[u8], mode: u32) -> Result<()> {
    WholeFile::beside(target, content, mode)?.settle(target)
}

/// Writes a file where there is none; folders that are missing are made for the owner alone, whatever the umask.
pub fn create(target: &Path, content: &[u8], mode: u32) -> Result<()> {
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    WholeFile::beside(target, content, mode)?.settle_new(target)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_link_under_the_old_name_of_the_part_file_or_at_the_target_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (target, victim) = (dir.path().join("plan.yaml"), dir.path().join("victim"));
        std::fs::write(&victim, "theirs").unwrap();
        symlink(&victim, dir.path().join(".plan.yaml.part")).unwrap();
        symlink(&victim, &target).unwrap();
        replace(&target, b"ours", 0o600).unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "theirs");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "ours");
        assert!(!target.is_symlink());
        assert_eq!(names(dir.path()), [".plan.yaml.part", "plan.yaml", "victim"]);
    }

    #[test]
    fn what_cannot_take_its_place_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("kubectl.key");
        std::fs::create_dir(&target).unwrap();
        assert!(replace(&target, b"secret", 0o600).is_err());
        std::fs::write(dir.path().join("ca.key"), "theirs").unwrap();
        assert!(create(&dir.path().join("ca.key"), b"ours", 0o600).is_err());
        assert_eq!(names(dir.path()), ["ca.key", "kubectl.key"]);
        assert_eq!(std::fs::read_to_string(dir.path().join("ca.key")).unwrap(), "theirs");
    }

    #[test]
    fn modes_are_as_asked() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let file = dir.path().join("ca/new/ca.crt");
        create(&file, b"x", 0o644).unwrap();
        assert_eq!(
            (mode(&file), mode(&dir.path().join("ca")), mode(&dir.path().join("ca/new"))),
            (0o644, 0o700, 0o700)
        );
    }
}
