//! What the engine stands on: hosts, the cluster, this computer, time. The real one speaks SSH and HTTPS, the
//! lab's is a script.

pub mod real;
pub mod scripted;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::host::{Host, HostTrouble, Stop};
use crate::kube::ClusterApi;
use crate::plan::model::Login;
use crate::plan::place::Place;

/// Everything below the engine; also behind an `Arc`, for whoever runs it in a thread of its own.
pub trait World: Send + Sync {
    /// Connects to a machine; a machine that is two places is connected once.
    fn host(&self, place: &Place, login: &Login) -> Result<Box<dyn Host>, HostTrouble>;
    /// This computer.
    fn local(&self) -> Box<dyn Host>;
    /// The cluster.
    fn cluster(&self) -> &dyn ClusterApi;
    /// The same cluster as somebody new sees it, with a login of its own: who only looks disturbs no run.
    fn another_cluster(&self) -> Box<dyn ClusterApi>;
    /// Reads a file of this computer.
    fn read(&self, path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>>;
    /// Writes a new file on this computer, refusing to replace one.
    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()>;
    /// The operator's home folder.
    fn home(&self) -> String;
    /// Who works, for others who want to: user and computer.
    fn operator(&self) -> String {
        "somebody".to_owned()
    }
    /// This computer's clock.
    fn now(&self) -> Timestamp;
    /// Somebody's wish to stop, for what has no run of its own: the CA, this computer.
    fn stop(&self) -> Arc<Stop> {
        Arc::default()
    }
    /// The same world for a run that may be stopped; `None` = it needs none.
    fn heeding(&self, stop: &Arc<Stop>) -> Option<SharedWorld> {
        let _ = stop;
        None
    }
    /// Whether somebody takes TCP connections there, tried from this computer; else why nobody does. `None` = it was not tried.
    fn reaches(&self, host: &str, port: u16, within: Duration) -> Option<Result<(), String>> {
        let _ = (host, port, within);
        None
    }
    /// Waits; a lab's clock may run faster.
    fn wait(&self, time: Duration);
    /// Runs kubectl with these arguments; its output or its complaint. `None` = it is not installed.
    fn kubectl(&self, args: &[&str]) -> Option<Result<String, String>>;
    /// The files kubectl reads when it is told none.
    fn kubectl_reads(&self) -> Vec<PathBuf> {
        vec![Path::new(&self.home()).join(".kube/config")]
    }
    /// Asks for the CA key's passphrase.
    fn ca_passphrase(&self, again: bool) -> Option<Zeroizing<String>>;
}

/// A world that threads share.
pub type SharedWorld = Arc<dyn World + Send + Sync>;

/// What a place cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// SSH connections made.
    pub connections: usize,
    /// Execs, streams left out.
    pub execs: usize,
    /// Live streams.
    pub streams: usize,
    /// TCP connections made by the machine.
    pub tcp: usize,
}

/// What a host cost so far.
pub(crate) fn cost(host: &dyn Host) -> Cost {
    let (counts, streams) = (host.counts(), host.streams());
    Cost {
        connections: counts.connections,
        execs: counts.execs.saturating_sub(streams),
        streams,
        tcp: counts.tcp,
    }
}
