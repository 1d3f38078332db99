//! A connection through a jump host, made to look like a socket: libssh2 needs a descriptor to speak on, the
//! jump host's channel is a [`Duplex`]. Two small threads carry the bytes, one each way.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::wire::{Chunk, Duplex, RecvTimeout};

/// The near end of a pair that is pumped into `duplex`. Shutting it ends both threads and the channel.
pub(crate) fn socket(duplex: Duplex) -> io::Result<UnixStream> {
    let (near, far) = UnixStream::pair()?;
    let mut reading = far.try_clone()?;
    let sender = duplex.sender();
    let spawn = |name: &str| std::thread::Builder::new().name(name.to_owned());
    spawn("jump out").spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = reading.read(&mut buffer) {
            if sender.send(buffer.get(..count).unwrap_or_default().to_vec().into()).is_err() {
                break;
            }
        }
        sender.finish();
        // The other thread may be waiting for bytes of a channel that nobody reads any more.
        let _ = reading.shutdown(Shutdown::Both);
    })?;
    spawn("jump in").spawn(move || {
        let mut far = far;
        loop {
            match duplex.recv(Duration::from_secs(3600)) {
                Ok(Chunk::Out(bytes)) => {
                    if far.write_all(&bytes).is_err() {
                        break;
                    }
                }
                Ok(Chunk::Err(_)) | Err(RecvTimeout::Timeout) => {}
                Ok(Chunk::Exit { .. } | Chunk::Lost(_)) | Err(RecvTimeout::Ended) => break,
            }
        }
        let _ = far.shutdown(Shutdown::Both);
    })?;
    Ok(near)
}
