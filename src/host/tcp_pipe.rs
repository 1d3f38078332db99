//! A TCP connection that a host makes, as a reader and writer.

use std::io::{Read, Write};
use std::time::Duration;

use super::wire::{Chunk, Duplex, RecvTimeout};

/// A TCP connection through the host, as a reader and writer.
pub(super) struct TcpPipe {
    duplex: Duplex,
    left: Vec<u8>,
    patience: Duration,
}

impl TcpPipe {
    pub(super) fn over(duplex: Duplex) -> Self {
        Self { duplex, left: Vec::new(), patience: Duration::from_secs(5) }
    }
}

impl Read for TcpPipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.left.is_empty() {
            match self.duplex.recv(self.patience) {
                Ok(Chunk::Out(bytes)) => self.left = bytes,
                Ok(Chunk::Err(_)) => {}
                Ok(Chunk::Exit { .. }) | Err(RecvTimeout::Ended) => return Ok(0),
                Ok(Chunk::Lost(error)) => return Err(std::io::Error::other(error)),
                Err(RecvTimeout::Timeout) => return Err(std::io::ErrorKind::TimedOut.into()),
            }
        }
        let count = self.left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.left[..count]);
        self.left.drain(..count);
        Ok(count)
    }
}

impl Write for TcpPipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.duplex.send(bytes.to_vec().into()).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
