//! Shell text as a list of pieces, so that redaction is by type and not by search.

use std::fmt;

use super::content::{Content, sha256};

/// A piece of shell text.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// `BYTES SHA256` of a content that follows on descriptor 3.
    Payload(Content),
    /// A value not known yet, or a secret: shown by its name.
    Hole(String),
}

/// Shell text as a list of pieces, so redaction is by type and not by search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShellText(pub Vec<Piece>);

impl fmt::Display for ShellText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Payload(Content::Literal(bytes)) => {
                    write!(f, "{} {}", bytes.len(), sha256(bytes))?;
                }
                Piece::Payload(Content::File { path, sha256 }) => {
                    write!(
                        f,
                        "<size of {}> {}",
                        path.display(),
                        sha256.as_deref().unwrap_or("<its SHA-256>")
                    )?;
                }
                Piece::Payload(Content::Later(slot)) => write!(f, "<{slot}>")?,
                Piece::Payload(Content::Secret(secret)) => write!(f, "<{secret}>")?,
                Piece::Hole(name) => write!(f, "<{name}>")?,
            }
        }
        Ok(())
    }
}
