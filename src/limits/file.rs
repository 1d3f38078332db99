//! Files of this computer, read with a limit. Only regular files: a FIFO, a device or a folder is refused in words
//! before anything is read, so that nothing waits for a writer who never comes.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::{Zeroize, Zeroizing};

use super::ByteLimit;

/// The content of a file. Errors: what the system says, `InvalidInput` for what is no regular file, `FileTooLarge`
/// for more than the limit.
pub fn read(path: &Path, limit: &ByteLimit) -> std::io::Result<Vec<u8>> {
    read_secret(path, limit).map(|mut bytes| std::mem::take(&mut *bytes))
}

/// The content of a file that may hold a secret: wiped when it is dropped, and no copy is left behind on the way.
pub fn read_secret(path: &Path, limit: &ByteLimit) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let file = open(path)?;
    let told = file.metadata()?.len();
    if told > limit.bytes {
        return Err(too_large(limit));
    }
    // Some files (/proc) tell no length. Grown in place a vector would leave copies of its beginning behind.
    let room = usize::try_from(told).unwrap_or_default().saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let mut piece = Zeroizing::new([0_u8; 8192]);
    let mut file = file.take(limit.bytes.saturating_add(1));
    loop {
        match file.read(&mut piece[..]) {
            Ok(0) => return Ok(bytes),
            Ok(count) => append(&mut bytes, piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if bytes.len() as u64 > limit.bytes {
            return Err(too_large(limit));
        }
    }
}

/// The text of a file; `InvalidData` when it is not UTF-8.
pub fn read_text(path: &Path, limit: &ByteLimit) -> std::io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Opens a regular file for reading piece by piece.
pub fn open(path: &Path) -> std::io::Result<File> {
    // Without NONBLOCK opening a FIFO waits for somebody who writes.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    let what = if kind.is_file() {
        return Ok(file);
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(Error::new(ErrorKind::InvalidInput, format!("it is {what}; only regular files are read")))
}

fn append(bytes: &mut Zeroizing<Vec<u8>>, piece: &[u8]) {
    if bytes.capacity() < bytes.len() + piece.len() {
        let mut more = Vec::with_capacity((bytes.len() + piece.len()).saturating_mul(2));
        more.extend_from_slice(bytes);
        bytes.zeroize();
        **bytes = more;
    }
    bytes.extend_from_slice(piece);
}

fn too_large(limit: &ByteLimit) -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it {}", limit.exceeded()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PLAN;

    const SMALL: ByteLimit = ByteLimit { what: "a test", bytes: 10, why: "it is one" };

    fn refused(path: &str, limit: &ByteLimit) -> String {
        read(Path::new(path), limit).expect_err("it is refused").to_string()
    }

    #[test]
    fn a_file_is_read_to_its_limit_and_not_past_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "0123456789").unwrap();
        assert_eq!(read(&file, &SMALL).unwrap(), b"0123456789");
        std::fs::write(&file, "0123456789a").unwrap();
        assert_eq!(refused(file.to_str().unwrap(), &SMALL), "it holds more than 0 KiB, the limit for a test");
    }

    #[test]
    fn what_tells_no_length_is_read_and_what_never_ends_is_refused() {
        assert!(!read(Path::new("/proc/self/status"), &PLAN).unwrap().is_empty());
        assert_eq!(refused("/dev/zero", &PLAN), "it is a device; only regular files are read");
        assert_eq!(refused("/", &PLAN), "it is a folder; only regular files are read");
        assert_eq!(refused("/proc/self/status", &SMALL), "it holds more than 0 KiB, the limit for a test");
    }

    #[test]
    fn a_fifo_without_a_writer_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(refused(fifo.to_str().unwrap(), &PLAN), "it is a FIFO; only regular files are read");
    }
}
