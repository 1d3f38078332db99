//! Lines of a stream that may never end, with a limit for each.

use std::io::{BufRead, Error, ErrorKind, Read};

use super::ByteLimit;

/// The next line, its newline included; `None` at the end. A longer line than the limit is `FileTooLarge`, with
/// nothing more read of it.
pub fn next_line(stream: &mut impl BufRead, limit: &ByteLimit) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    stream.take(limit.bytes.saturating_add(1)).read_until(b'\n', &mut line)?;
    if line.len() as u64 > limit.bytes {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("a line {}", limit.exceeded())));
    }
    Ok((!line.is_empty()).then_some(line))
}

/// A terminal ends a line at 4,096 bytes by itself.
const TYPED: ByteLimit = ByteLimit { what: "a typed line", bytes: 4096, why: "a terminal takes no more" };

/// The line that somebody types at this program's terminal, without its newline; empty when there is none.
pub fn typed() -> String {
    let line = next_line(&mut std::io::stdin().lock(), &TYPED).ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, repeat};

    use super::*;

    const SMALL: ByteLimit = ByteLimit { what: "a test", bytes: 4, why: "it is one" };

    #[test]
    fn lines_come_one_by_one_and_an_endless_one_is_an_error() {
        let mut stream = BufReader::new(b"abc\nd".as_slice());
        assert_eq!(next_line(&mut stream, &SMALL).unwrap().unwrap(), b"abc\n");
        assert_eq!(next_line(&mut stream, &SMALL).unwrap().unwrap(), b"d");
        assert_eq!(next_line(&mut stream, &SMALL).unwrap(), None);
        let error = next_line(&mut BufReader::new(repeat(b'a')), &SMALL).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    }
}
