//! One channel of a session and what is under way on it. All calls are non-blocking and come from the host's
//! own thread; a call that answered "again" is repeated with the same arguments before anything else is done
//! with the channel, because libssh2 keeps a half-sent packet by its address and freezes every other sender
//! until exactly that call comes again.

use std::io::{self, Read, Write};

use ssh2::{Channel, Session};

use crate::host::error::WireError;
use crate::host::socket::{Socket, Wants, again, writable};
use crate::host::wire::{Chunk, Input, Outgoing, RemoteEnd};

/// Bytes of one read or write; the same for every read, since libssh2 computes window updates from it.
const PIECE: usize = 32 * 1024;
/// Reads or writes in a row before the other channels have their turn.
const TURNS: usize = 8;

/// What all channels of a session share in one pass.
pub(crate) struct Pass<'a> {
    pub(crate) session: &'a Session,
    pub(crate) socket: &'a Socket,
    /// Directions waited for.
    pub(crate) wants: Wants,
    /// Something moved: another pass is due before waiting.
    pub(crate) moved: bool,
    /// Something ends soon whose packet another channel's call may have taken off the socket already.
    pub(crate) hasten: bool,
    /// Scratch space for reading.
    pub(crate) buffer: Vec<u8>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(session: &'a Session, socket: &'a Socket) -> Self {
        let buffer = vec![0; PIECE];
        Self { session, socket, wants: Wants::default(), moved: false, hasten: false, buffer }
    }

    /// Forgets what the last pass found.
    pub(crate) fn reset(&mut self) {
        self.wants = Wants::default();
        self.moved = false;
        self.hasten = false;
    }
}

/// Where a channel is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChannelStage {
    /// Bytes flow.
    Open,
    /// The other end of a TCP connection has sent everything; we may go on sending.
    Sending,
    /// The machine has sent everything; its closing, with the exit status, is awaited.
    Ending,
    /// Nobody listens any more; our closing is under way.
    Closing,
    /// Ready to be dropped.
    Closed,
}

/// A channel and the near end it serves.
pub(crate) struct ChannelIo {
    channel: Channel,
    far: RemoteEnd,
    /// A TCP connection: the machine's end of file is not the end of ours.
    tcp: bool,
    stage: ChannelStage,
    /// Bytes being written, and how many of them are.
    writing: Option<(Outgoing, usize)>,
    /// The last write was cut in two.
    write_half: bool,
    /// The last read was stopped by a window update that was cut in two.
    read_half: bool,
    eof: Eof,
}

/// Our end of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eof {
    No,
    Due,
    Sent,
}

impl ChannelIo {
    pub(crate) fn new(channel: Channel, far: RemoteEnd, tcp: bool) -> Self {
        Self {
            channel,
            far,
            tcp,
            stage: ChannelStage::Open,
            writing: None,
            write_half: false,
            read_half: false,
            eof: Eof::No,
        }
    }

    pub(crate) fn closed(&self) -> bool {
        self.stage == ChannelStage::Closed
    }

    /// The near end does not take what has come, so nothing more is read.
    pub(crate) fn paused(&self) -> bool {
        self.stage == ChannelStage::Open && !self.far.has_room()
    }

    /// No call of this channel would take anything off the socket.
    pub(crate) fn deaf(&self) -> bool {
        self.paused() && !self.read_half && (self.writing.is_none() || self.write_half)
    }

    /// The connection is gone.
    pub(crate) fn lose(&self, error: &WireError) {
        self.far.lose(error);
    }

    /// Lets libssh2 notice that the socket is shut, so that dropping frees instead of closing.
    pub(crate) fn drain(&mut self, buffer: &mut [u8]) -> bool {
        self.channel.read(buffer).is_ok_and(|count| count > 0)
    }

    /// Was something for this channel taken off the socket by another channel's call?
    pub(crate) fn overlooked(&self) -> bool {
        let readable =
            || self.far.has_room() && (self.channel.read_window().available > 0 || self.channel.eof());
        let writable =
            || self.writing.is_some() && !self.write_half && self.channel.write_window().remaining > 0;
        match self.stage {
            ChannelStage::Open => readable() || writable(),
            ChannelStage::Sending => writable(),
            ChannelStage::Ending | ChannelStage::Closing | ChannelStage::Closed => false,
        }
    }

    /// Sends what waits. Comes before all reads of the pass.
    pub(crate) fn push(&mut self, pass: &mut Pass<'_>) -> Result<(), WireError> {
        if self.far.abandoned()
            && matches!(self.stage, ChannelStage::Open | ChannelStage::Sending | ChannelStage::Ending)
        {
            self.stage = ChannelStage::Closing;
            pass.moved = true;
        }
        if self.read_half && self.channel.eof() {
            self.finish_update(pass)?;
        }
        match self.stage {
            ChannelStage::Open | ChannelStage::Sending => self.write(pass, TURNS),
            // Only to the end of a packet that was cut in two.
            ChannelStage::Ending | ChannelStage::Closing if self.write_half => self.write(pass, 1),
            ChannelStage::Ending | ChannelStage::Closing | ChannelStage::Closed => Ok(()),
        }
    }

    fn write(&mut self, pass: &mut Pass<'_>, turns: usize) -> Result<(), WireError> {
        for _ in 0..turns {
            if self.writing.is_none() && self.eof == Eof::No {
                match self.far.take() {
                    Input::Bytes(bytes) => self.writing = Some((bytes, 0)),
                    Input::Eof => self.eof = Eof::Due,
                    Input::Nothing => {}
                }
            }
            let Some((bytes, done)) = &mut self.writing else { break };
            let piece: &[u8] = bytes.get(*done..).unwrap_or_default();
            match self.channel.write(piece) {
                Ok(count) => {
                    pass.moved |= count > 0;
                    self.write_half = false;
                    *done += count;
                    if *done >= bytes.len() {
                        self.writing = None;
                    }
                    if count == 0 {
                        pass.wants.input = true;
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut blocked = Wants::default();
                    blocked.note(pass.session);
                    // With a closed window nothing was begun, and libssh2 says "inbound".
                    self.write_half = blocked.output;
                    pass.wants.input = true;
                    pass.wants.output |= blocked.output;
                    break;
                }
                Err(error) => return Err(gone(&error)),
            }
        }
        if self.writing.is_none() && self.eof == Eof::Due {
            self.send_eof(pass)?;
        }
        Ok(())
    }

    fn send_eof(&mut self, pass: &mut Pass<'_>) -> Result<(), WireError> {
        if !writable(pass.socket) {
            pass.wants.output = true;
            return Ok(());
        }
        match self.channel.send_eof() {
            Ok(()) => {
                self.eof = Eof::Sent;
                pass.moved = true;
            }
            Err(error) if again(&error) => pass.wants.output = true,
            Err(error) => return Err(WireError::lost(error.message())),
        }
        Ok(())
    }

    /// Ends a half-sent window update of a channel that has nothing more to read: the crate answers reads at
    /// end of file without asking libssh2. At any other time this would confuse libssh2's idea of the window.
    fn finish_update(&mut self, pass: &mut Pass<'_>) -> Result<(), WireError> {
        match self.channel.adjust_receive_window(0, false) {
            Ok(_) => self.read_half = false,
            Err(error) if again(&error) => pass.wants.output = true,
            Err(error) => return Err(WireError::lost(error.message())),
        }
        Ok(())
    }

    /// Takes what has come, stdout and stderr in turn.
    pub(crate) fn pull(&mut self, pass: &mut Pass<'_>) -> Result<(), WireError> {
        if !matches!(self.stage, ChannelStage::Open | ChannelStage::Closing) {
            return Ok(());
        }
        if !self.channel.eof() {
            self.read_half = self.read(pass, false)? | (!self.tcp && self.read(pass, true)?);
        }
        if self.stage == ChannelStage::Open && self.channel.eof() {
            pass.moved = true;
            if self.tcp {
                self.stage = ChannelStage::Sending;
                self.far.end_of_output();
            } else {
                self.stage = ChannelStage::Ending;
            }
        }
        Ok(())
    }

    /// Reads one stream; `true` when a window update was cut in two.
    fn read(&mut self, pass: &mut Pass<'_>, stderr: bool) -> Result<bool, WireError> {
        for _ in 0..TURNS {
            if self.paused() && !self.read_half {
                return Ok(false);
            }
            let result = if stderr {
                self.channel.stderr().read(&mut pass.buffer)
            } else {
                self.channel.read(&mut pass.buffer)
            };
            match result {
                Ok(0) => {
                    pass.wants.input = true;
                    return Ok(false);
                }
                Ok(count) => {
                    pass.moved = true;
                    let bytes = pass.buffer.get(..count).unwrap_or_default().to_vec();
                    self.far.push(if stderr { Chunk::Err(bytes) } else { Chunk::Out(bytes) });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut blocked = Wants::default();
                    blocked.note(pass.session);
                    pass.wants.input = true;
                    pass.wants.output |= blocked.output;
                    return Ok(blocked.output);
                }
                Err(error) => return Err(gone(&error)),
            }
        }
        Ok(false)
    }

    /// Ends what is at its end. Comes after all reads of the pass.
    pub(crate) fn settle(&mut self, pass: &mut Pass<'_>) -> Result<(), WireError> {
        if matches!(self.stage, ChannelStage::Ending | ChannelStage::Sending) {
            match self.channel.wait_close() {
                Ok(()) => {
                    // After a TCP connection's end of output this only stops the sender.
                    self.far.end(self.exit(), WireError::lost("the command has ended"));
                    self.stage = ChannelStage::Closing;
                    pass.moved = true;
                }
                Err(error) if again(&error) => {
                    pass.wants.input = true;
                    pass.hasten |= !self.tcp;
                }
                Err(error) => return Err(WireError::lost(error.message())),
            }
        }
        if self.stage == ChannelStage::Closing && !self.write_half && !self.read_half {
            self.close(pass)?;
        }
        Ok(())
    }

    fn close(&mut self, pass: &mut Pass<'_>) -> Result<(), WireError> {
        // The closing says end of file first, from the stack.
        if !writable(pass.socket) {
            pass.wants.output = true;
            return Ok(());
        }
        match self.channel.close() {
            Ok(()) => {
                self.stage = ChannelStage::Closed;
                pass.moved = true;
            }
            // sshd answers when the command has ended, which may take as long as it likes.
            Err(error) if again(&error) => pass.wants.note(pass.session),
            Err(error) => return Err(WireError::lost(error.message())),
        }
        Ok(())
    }

    fn exit(&self) -> Chunk {
        let signal = self.channel.exit_signal().ok().and_then(|signal| signal.exit_signal);
        let status = if signal.is_some() { None } else { self.channel.exit_status().ok() };
        Chunk::Exit { status, signal }
    }
}

/// A read or write failed: the whole connection is unusable.
fn gone(error: &io::Error) -> WireError {
    let text = error.to_string();
    let why = if text.contains("transport read") || text.contains("draining") || text.contains("send") {
        "the machine closed it".to_owned()
    } else {
        text
    };
    WireError::Lost { why }
}
