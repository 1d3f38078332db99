//! The scripted lab as a world: the demo and the tests drive the same engine over it as over real machines.

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::world::World;
use crate::host::{Host, HostTrouble};
use crate::kube::ClusterApi;
use crate::lab::{HERE, Lab, LabCluster, LabError, LabFile, LabSetup};
use crate::plan::model::Login;
use crate::plan::place::Place;

/// A lab the engine runs over.
pub struct LabWorld {
    lab: Lab,
    cluster: LabCluster,
    home: String,
    kubectl: bool,
    passphrase: Mutex<Option<Zeroizing<String>>>,
}

impl LabWorld {
    /// A world over a lab; `home` is the operator's home folder there.
    pub fn new(lab: Lab, home: &str) -> Self {
        let cluster = lab.cluster();
        Self { lab, cluster, home: home.to_owned(), kubectl: true, passphrase: Mutex::new(None) }
    }

    /// A world from a lab's description, YAML.
    pub fn read(text: &str) -> Result<Self, LabError> {
        let setup = LabSetup::read(text)?;
        Ok(Self::new(setup.lab()?, &setup.home))
    }

    /// The lab: faults, clock and state.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// kubectl is not installed on this computer.
    #[must_use]
    pub fn without_kubectl(mut self) -> Self {
        self.kubectl = false;
        self
    }

    /// What is answered when the CA key's passphrase is asked for.
    pub fn set_ca_passphrase(&self, passphrase: &str) {
        let passphrase = Some(Zeroizing::new(passphrase.to_owned()));
        *self.passphrase.lock().unwrap_or_else(PoisonError::into_inner) = passphrase;
    }
}

impl World for LabWorld {
    fn host(&self, _: &Place, login: &Login) -> Result<Box<dyn Host>, HostTrouble> {
        Ok(Box::new(self.lab.connect(&login.host).map_err(HostTrouble::Wire)?))
    }

    fn local(&self) -> Box<dyn Host> {
        Box::new(self.lab.here())
    }

    fn cluster(&self) -> &dyn ClusterApi {
        &self.cluster
    }

    fn another_cluster(&self) -> Box<dyn ClusterApi> {
        Box::new(self.lab.cluster())
    }

    fn read(&self, path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
        self.lab.read_here(&path.display().to_string()).ok_or_else(|| Error::from(ErrorKind::NotFound))
    }

    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
        let path = path.display().to_string();
        let written = self.lab.machine(HERE, |here| {
            if here.files.contains_key(&path) {
                return Err(Error::from(ErrorKind::AlreadyExists));
            }
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !folder.is_empty() && !here.folders.contains_key(folder) {
                return Err(Error::from(ErrorKind::NotFound));
            }
            let file = LabFile { bytes: bytes.to_vec(), mode: format!("{mode:o}"), owner: "-".to_owned() };
            here.files.insert(path.clone(), file);
            Ok(())
        });
        written.unwrap_or_else(|| Err(Error::from(ErrorKind::NotFound)))
    }

    fn home(&self) -> String {
        self.home.clone()
    }

    fn operator(&self) -> String {
        "op@this computer".to_owned()
    }

    fn now(&self) -> Timestamp {
        self.lab.clock().now()
    }

    fn wait(&self, time: Duration) {
        self.lab.advance(time);
    }

    fn kubectl(&self, args: &[&str]) -> Option<Result<String, String>> {
        self.kubectl.then(|| self.lab.kubectl(args))
    }

    fn ca_passphrase(&self, again: bool) -> Option<Zeroizing<String>> {
        // The lab's operator has one answer.
        if again {
            return None;
        }
        self.passphrase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
