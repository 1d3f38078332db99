//! What every machine can do, whatever is behind it: an SSH connection, this computer, a lab.

use zeroize::Zeroizing;

use super::batch::Batch;
use super::log_stream::{LogSource, LogStream};
use super::reader::{BatchEnd, BatchProgress};
use super::stop::Stop;
use super::stream::LiveStream;
use super::trouble::HostTrouble;
use super::wire::WireCounts;
use crate::plan::action::SecretRef;
use crate::plan::runtime_fact::RuntimeKind;

/// A machine that can be worked on.
pub trait Host: Send {
    /// Login and address, `root@10.0.0.1:22`; names the host in questions and errors.
    fn describe(&self) -> String;
    /// Carries out a batch and says what came of it; how far it came stands in the answer.
    fn run(&mut self, batch: &Batch, stop: &Stop, hear: &mut dyn FnMut(BatchProgress)) -> BatchEnd;
    /// Lets go of the lock that a batch took; nothing is waited for.
    fn release(&mut self) {}
    /// Its live stream will be of this runtime, whatever else is installed; `None` = of the one that holds containers of
    /// a kubelet.
    fn of_runtime(&mut self, _: Option<RuntimeKind>) {}
    /// Opens the live stream.
    fn stream(&mut self) -> Result<Box<dyn LiveStream>, HostTrouble>;
    /// Follows a log, in a command of its own.
    fn log(&mut self, _: &LogSource) -> Result<Box<dyn LogStream>, HostTrouble> {
        Err(HostTrouble::Unable("no log of it can be followed".to_owned()))
    }
    /// A TCP connection made by the machine.
    fn tcp(&mut self, host: &str, port: u16) -> Result<Box<dyn Pipe>, HostTrouble>;
    /// Connections and execs so far, streams included.
    fn counts(&self) -> WireCounts;
    /// Of the execs, how many were streams.
    fn streams(&self) -> usize;
}

/// Both directions of a TCP connection.
pub trait Pipe: std::io::Read + std::io::Write + Send {}

impl<T: std::io::Read + std::io::Write + Send> Pipe for T {}

/// Where secrets are; each is asked for once.
pub trait Vault: Send + Sync {
    /// The secret, asking for it when nobody gave it yet.
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>>;
    /// It did not fit: forget it.
    fn wrong(&self, name: &SecretRef);
}
