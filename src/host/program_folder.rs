//! A folder of programs on this computer: which of those that are known lie there, what each file is by its first bytes,
//! and its hash. Nothing in it is started.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::limits;
use crate::plan::clean;
use crate::plan::fact::{Fact, Known};
use crate::plan::hex;
use crate::plan::programs::{LocalProgram, ProgramFolder, ProgramForm, SUB_FOLDERS, is_program};

/// As many other files are named.
const NAMED: usize = 40;
/// As many names of a folder are looked at.
const NAMES: usize = 10_000;
/// So much of a file tells what it is.
const BEGIN: usize = 512;

/// Architectures as `uname -m` calls them, by `e_machine`, class and byte order of ELF (elf.h; linux
/// `Documentation/arch`): 1 = 32 bits or little-endian, 2 = 64 bits or big-endian.
const MACHINES: [(u16, u8, u8, &str); 10] = [
    (62, 2, 1, "x86_64"),
    (183, 2, 1, "aarch64"),
    (40, 1, 1, "armv7l"),
    (3, 1, 1, "i686"),
    (21, 2, 1, "ppc64le"),
    (21, 2, 2, "ppc64"),
    (22, 2, 2, "s390x"),
    (243, 2, 1, "riscv64"),
    (258, 2, 1, "loongarch64"),
    (8, 2, 1, "mips64"),
];

/// Looks at a folder.
pub(super) fn program_folder(folder: &Path) -> Known<Fact> {
    match fs::metadata(folder) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Known::No(format!("{} is a file, no folder", folder.display())),
        Err(error) => return Known::No(format!("{}: {error}", folder.display())),
    }
    let mut found = ProgramFolder::default();
    for below in std::iter::once("").chain(SUB_FOLDERS) {
        let names = match names(&folder.join(below)) {
            Ok(names) => names,
            Err(error) if below.is_empty() => return Known::No(format!("{}: {error}", folder.display())),
            Err(_) => continue,
        };
        for name in names {
            let path = folder.join(below).join(&name);
            let shown = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            let is_folder = path.is_dir();
            if is_program(&name) && !is_folder {
                found.programs.push(program(name, &path));
            } else if !(is_folder && is_way(&shown)) {
                if found.others.len() < NAMED {
                    found.others.push(clean::short(&shown, 80));
                } else {
                    found.more = true;
                }
            }
        }
    }
    Known::Yes(Fact::ProgramFolder(found))
}

/// The names of a folder, in the order of the alphabet.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.take(NAMES);
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

/// Whether a folder is looked into, or is on the way to one that is.
fn is_way(shown: &str) -> bool {
    SUB_FOLDERS
        .iter()
        .any(|below| *below == shown || below.strip_prefix(shown).is_some_and(|rest| rest.starts_with('/')))
}

fn program(name: String, path: &Path) -> LocalProgram {
    let shown = path.display().to_string();
    let (form, size, sha256) = match read(path) {
        Ok(read) => read,
        Err(error) => (ProgramForm::Unreadable(error.to_string()), 0, String::new()),
    };
    LocalProgram { name, path: shown, form, size, sha256 }
}

/// What a file is, its size, and the hash of one that is a program.
fn read(path: &Path) -> std::io::Result<(ProgramForm, u64, String)> {
    let mut file = limits::file::open(path)?;
    let size = file.metadata()?.len();
    let mut begin = [0; BEGIN];
    let mut got = 0;
    while let Some(room) = begin.get_mut(got..).filter(|room| !room.is_empty()) {
        match file.read(room)? {
            0 => break,
            more => got += more,
        }
    }
    let begin = begin.get(..got).unwrap_or_default();
    let form = form(begin);
    let sha256 = if matches!(form, ProgramForm::Elf(_)) { hash(begin, &mut file)? } else { String::new() };
    Ok((form, size, sha256))
}

fn hash(begin: &[u8], rest: &mut File) -> std::io::Result<String> {
    let mut hasher = openssl::sha::Sha256::new();
    hasher.update(begin);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let got = rest.read(&mut buffer)?;
        if got == 0 {
            return Ok(hex::encode(&hasher.finish()));
        }
        hasher.update(buffer.get(..got).unwrap_or_default());
    }
}

/// What a file is, from its first bytes.
pub(super) fn form(begin: &[u8]) -> ProgramForm {
    let other = |what: &str| ProgramForm::Other(what.to_owned());
    match begin {
        [] => other("an empty file"),
        [0x7f, b'E', b'L', b'F', class, order, ..] => elf(begin, *class, *order),
        [0x1f, 0x8b, ..] => other("an archive (gzip): unpack it first"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => other("an archive (xz): unpack it first"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => other("an archive (zstd): unpack it first"),
        [b'P', b'K', 3, 4, ..] => other("an archive (zip): unpack it first"),
        [b'M', b'Z', ..] => other("a program for Windows"),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => other("a program for macOS"),
        [b'#', b'!', ..] => {
            let line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
            other(&format!("a script ({})", clean::short(&String::from_utf8_lossy(line), 60)))
        }
        _ if begin.get(257..262) == Some(b"ustar") => other("an archive (tar): unpack it first"),
        _ => {
            let text = String::from_utf8_lossy(begin);
            let low = text.trim_start().to_lowercase();
            if low.starts_with("<!doctype") || low.starts_with("<html") || low.starts_with("<?xml") {
                other("a web page, such as a download that failed")
            } else if !begin.contains(&0) && std::str::from_utf8(begin).is_ok_or_cut() {
                let line = text.lines().next().unwrap_or_default();
                other(&format!("a text file (it begins: {})", clean::short(line, 60)))
            } else {
                other("no program: it does not begin as one")
            }
        }
    }
}

/// A piece of UTF-8 may end within a character.
trait OkOrCut {
    fn is_ok_or_cut(&self) -> bool;
}

impl OkOrCut for Result<&str, std::str::Utf8Error> {
    fn is_ok_or_cut(&self) -> bool {
        match self {
            Ok(_) => true,
            Err(error) => error.error_len().is_none(),
        }
    }
}

fn elf(begin: &[u8], class: u8, order: u8) -> ProgramForm {
    let number = |at: usize| -> Option<u16> {
        let two: [u8; 2] = begin.get(at..at + 2)?.try_into().ok()?;
        Some(if order == 2 { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    };
    // ET_EXEC and ET_DYN are what a kernel starts.
    let (Some(kind), Some(machine)) = (number(16), number(18)) else {
        return ProgramForm::Other("the beginning of a program, cut off".to_owned());
    };
    if !matches!(kind, 2 | 3) {
        return ProgramForm::Other("a part of a program (ELF, not executable)".to_owned());
    }
    let known =
        MACHINES.iter().find(|(number, bits, ends, _)| (*number, *bits, *ends) == (machine, class, order));
    ProgramForm::Elf(
        known.map_or_else(|| format!("machine {machine} of ELF"), |(.., name)| (*name).to_owned()),
    )
}
