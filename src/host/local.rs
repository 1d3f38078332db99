//! This computer behind the same seam: commands by `sh -c` in a process group of their own, so that Ctrl-C at
//! the terminal does not reach them, and plain TCP connections. Each stream has three small threads.
//!
//! Giving a stream up, or [`cut`](Wire::cut), closes the command's stdin and its output pipes, which is what
//! a lost SSH connection does to a command elsewhere.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use super::error::WireError;
use super::target::join;
use super::wire::{Chunk, Duplex, Input, RemoteEnd, Wire, WireCounts, duplex};

/// Bytes of one read.
const PIECE: usize = 32 * 1024;

/// This computer.
#[derive(Debug, Default)]
pub struct LocalWire {
    execs: AtomicUsize,
    tcp: AtomicUsize,
    running: Mutex<Vec<Weak<Running>>>,
}

/// What can be cut.
#[derive(Debug)]
struct Running {
    far: Arc<RemoteEnd>,
    group: Option<Pid>,
    stream: Option<TcpStream>,
}

impl LocalWire {
    /// This computer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every command that still runs, with all it has started.
    pub fn kill(&self) {
        for running in self.running() {
            if let Some(group) = running.group {
                // An error means that it has just ended.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
    }

    fn running(&self) -> Vec<Arc<Running>> {
        let mut list = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|weak| weak.strong_count() > 0);
        list.iter().filter_map(Weak::upgrade).collect()
    }

    fn note(&self, running: &Arc<Running>) {
        let mut list = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|weak| weak.strong_count() > 0);
        list.push(Arc::downgrade(running));
    }
}

impl Wire for LocalWire {
    fn exec(&self, command: &str) -> Result<Duplex, WireError> {
        self.execs.fetch_add(1, Ordering::Relaxed);
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| WireError::Local { program: "sh".to_owned(), why: error.to_string() })?;
        let (near, far) = duplex(|| ());
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let running = Arc::new(Running { far: Arc::new(far), group, stream: None });
        self.note(&running);
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let writer = Arc::clone(&running.far);
        thread::spawn(move || stdin.map(|pipe| feed(&writer, pipe)));
        let far = Arc::clone(&running.far);
        let reader = thread::spawn(move || stderr.map(|pipe| fetch(&far, pipe, Chunk::Err)));
        thread::spawn(move || {
            if let Some(pipe) = stdout {
                fetch(&running.far, pipe, Chunk::Out);
            }
            // A thread that fetches bytes does not panic; if it did, there is no more to wait for.
            let _ = reader.join();
            running.far.end(exit(&mut child), WireError::lost("the command has ended"));
        });
        Ok(near)
    }

    fn tcp(&self, host: &str, port: u16) -> Result<Duplex, WireError> {
        self.tcp.fetch_add(1, Ordering::Relaxed);
        let fail = |error: std::io::Error| WireError::NoTcp {
            host: self.describe(),
            to: join(host, port),
            why: error.to_string(),
        };
        let stream = TcpStream::connect((host, port)).map_err(fail)?;
        stream.set_nodelay(true).map_err(fail)?;
        let (reading, writing) = (stream.try_clone().map_err(fail)?, stream.try_clone().map_err(fail)?);
        let (near, far) = duplex(|| ());
        let running = Arc::new(Running { far: Arc::new(far), group: None, stream: Some(stream) });
        self.note(&running);
        let far = Arc::clone(&running.far);
        thread::spawn(move || {
            feed(&far, &writing);
            // Nobody listens: end both directions, or only say that no more will come.
            let how = if far.abandoned() { Shutdown::Both } else { Shutdown::Write };
            let _ = writing.shutdown(how);
            far.wait_until_given_up();
            let _ = writing.shutdown(Shutdown::Both);
        });
        thread::spawn(move || {
            fetch(&running.far, reading, Chunk::Out);
            running.far.end_of_output();
        });
        Ok(near)
    }

    fn counts(&self) -> WireCounts {
        let (execs, tcp) = (self.execs.load(Ordering::Relaxed), self.tcp.load(Ordering::Relaxed));
        WireCounts { connections: 0, execs, tcp }
    }

    fn describe(&self) -> String {
        "this computer".to_owned()
    }

    fn cut(&self) {
        for running in self.running() {
            running.far.lose(&WireError::Cut);
            if let Some(stream) = &running.stream {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

impl Drop for LocalWire {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Writes what is sent until its end; dropping the pipe is the end of file.
fn feed(far: &RemoteEnd, mut pipe: impl Write) {
    while let Input::Bytes(bytes) = far.wait_for_input() {
        // A command that does not read its stdin is no error.
        if pipe.write_all(&bytes).is_err() {
            break;
        }
    }
}

fn fetch(far: &RemoteEnd, mut pipe: impl Read, kind: fn(Vec<u8>) -> Chunk) {
    let mut buffer = vec![0; PIECE];
    while far.wait_for_room() {
        match pipe.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => far.push(kind(buffer.get(..count).unwrap_or_default().to_vec())),
        }
    }
}

fn exit(child: &mut Child) -> Chunk {
    match child.wait() {
        Ok(status) => {
            let signal = status.signal().map(|number| match Signal::from_named_raw(number) {
                Some(Signal::KILL) => "KILL".to_owned(),
                Some(Signal::TERM) => "TERM".to_owned(),
                Some(Signal::INT) => "INT".to_owned(),
                Some(Signal::HUP) => "HUP".to_owned(),
                Some(Signal::PIPE) => "PIPE".to_owned(),
                Some(_) | None => number.to_string(),
            });
            Chunk::Exit { status: status.code(), signal }
        }
        Err(error) => Chunk::Lost(WireError::lost(error.to_string())),
    }
}
