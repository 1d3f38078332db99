//! The real world: SSH, HTTPS, this computer's files, its clock.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::world::{SharedWorld, World};
use crate::host::{
    self, Deadlines, Host, HostTrouble, LocalHost, ShellHost, SshWire, Stop, TrustPolicy, Wire, whole_file,
};
use crate::kube::{ClusterApi, LiveCluster, kubeconfig};
use crate::limits;
use crate::limits::time::{PROGRAM, pause};
use crate::plan::action::SecretRef;
use crate::plan::model::{ApiAddress, Login};
use crate::plan::place::Place;

/// Who is asked for secrets and about host keys, and knows hosts by the plan's names too.
pub trait Asker: host::Vault + host::Ask {
    /// `login` (`user@host:port`) is this place of the plan.
    fn name(&self, login: &str, place: &Place);
    /// The passphrase of the CA's key would be given to this login, which showed a host key with this fingerprint.
    fn ca_goes_to(&self, login: &str, fingerprint: &str) {
        let _ = (login, fingerprint);
    }
    /// Somebody is there to answer.
    fn can_ask(&self) -> bool;
}

/// A machine's connection, once it is there.
type WireSlot = Arc<Mutex<Option<Arc<SshWire>>>>;

/// The connections by `user@host:port`.
type Wires = Arc<Mutex<HashMap<String, WireSlot>>>;

/// The real world.
pub struct RealWorld {
    environment: host::SshEnvironment,
    policy: TrustPolicy,
    asker: Arc<dyn Asker>,
    cluster: LiveCluster,
    api: ApiAddress,
    kept: PathBuf,
    wires: Wires,
    kubeconfig: Option<OsString>,
    stop: Option<Arc<Stop>>,
}

impl RealWorld {
    /// `kept` is where replaced files of this computer are kept; made when needed.
    pub fn new(
        environment: host::SshEnvironment,
        policy: TrustPolicy,
        asker: Arc<dyn Asker>,
        api: &ApiAddress,
        kept: PathBuf,
    ) -> Self {
        Self {
            environment,
            policy,
            asker,
            cluster: LiveCluster::new(api),
            api: api.clone(),
            kept,
            wires: Wires::default(),
            kubeconfig: None,
            stop: None,
        }
    }

    /// With `KUBECONFIG` as the operator has it.
    #[must_use]
    pub fn with_kubeconfig(mut self, kubeconfig: Option<OsString>) -> Self {
        self.kubeconfig = kubeconfig;
        self
    }

    /// Whose wish to stop is heard while a machine is connected to, too.
    #[must_use]
    pub fn with_stop(mut self, stop: &Arc<Stop>) -> Self {
        self.stop = Some(Arc::clone(stop));
        self.cluster = self.live_cluster(&self.api);
        self
    }

    fn live_cluster(&self, api: &ApiAddress) -> LiveCluster {
        let cluster = LiveCluster::new(api);
        let Some(stop) = self.stop.clone() else { return cluster };
        cluster.with_stop(Arc::new(move || stop.level()))
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.wanted())
    }

    /// The same world with another cluster in it; connections to machines are shared.
    #[must_use]
    pub fn for_api(&self, api: &ApiAddress) -> Self {
        Self {
            environment: self.environment.clone(),
            policy: self.policy.clone(),
            asker: Arc::clone(&self.asker),
            cluster: self.live_cluster(api),
            api: api.clone(),
            kept: self.kept.clone(),
            wires: Arc::clone(&self.wires),
            kubeconfig: self.kubeconfig.clone(),
            stop: self.stop.clone(),
        }
    }

    /// The same world for somebody who only looks: host keys that are taken for new are not written down before
    /// something is changed on that machine.
    #[must_use]
    pub fn looking(&self) -> Self {
        let policy = TrustPolicy { only_looks: true, ..self.policy.clone() };
        Self { policy, ..self.for_api(&self.api) }
    }

    /// The same world that keeps replaced files of this computer elsewhere.
    #[must_use]
    pub fn keeping(&self, kept: PathBuf) -> Self {
        Self { kept, ..self.for_api(&self.api) }
    }
}

/// Hands an [`Asker`] to the two traits of the host layer.
struct Both(Arc<dyn Asker>);

impl host::Vault for Both {
    fn get(&self, name: &SecretRef) -> Option<Zeroizing<String>> {
        self.0.get(name)
    }

    fn wrong(&self, name: &SecretRef) {
        self.0.wrong(name);
    }
}

impl host::Ask for Both {
    fn secret(&self, wanted: &host::SecretWanted) -> Option<Zeroizing<String>> {
        self.0.secret(wanted)
    }

    fn trust(&self, question: &host::HostKeyQuestion) -> host::TrustAnswer {
        self.0.trust(question)
    }
}

impl World for RealWorld {
    fn host(&self, place: &Place, login: &Login) -> Result<Box<dyn Host>, HostTrouble> {
        let target =
            host::resolve_unless(login, &self.environment, &|| self.stopped()).map_err(HostTrouble::Wire)?;
        let name = format!("{}@{}", target.user, target.address());
        self.asker.name(&name, place);
        // One lock for each machine: two places on it connect once, and nobody else waits.
        let slot = {
            let mut wires = self.wires.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(wires.entry(name).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has ended, by a reboot say, is made anew.
        let wire = if let Some(wire) = slot.as_ref().filter(|wire| !wire.ended()) {
            Arc::clone(wire)
        } else {
            let both = Both(Arc::clone(&self.asker));
            let stop = self.stop.as_ref();
            let wire = SshWire::connect_unless(&target, &self.policy, &both, Deadlines::default(), stop)
                .map_err(HostTrouble::Wire)?;
            Arc::clone(slot.insert(Arc::new(wire)))
        };
        drop(slot);
        if !self.policy.only_looks {
            wire.remember().map_err(HostTrouble::Wire)?;
        }
        if *place == Place::CaHost {
            self.asker.ca_goes_to(&wire.describe(), wire.fingerprint());
        }
        let need_sudo = target.user != "root";
        let wire: Arc<dyn Wire> = wire;
        Ok(Box::new(ShellHost::new(wire, Arc::new(Both(Arc::clone(&self.asker))), need_sudo)))
    }

    fn local(&self) -> Box<dyn Host> {
        Box::new(LocalHost::new(self.kept.clone()))
    }

    fn cluster(&self) -> &dyn ClusterApi {
        &self.cluster
    }

    fn another_cluster(&self) -> Box<dyn ClusterApi> {
        Box::new(self.live_cluster(&self.api))
    }

    fn read(&self, path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
        limits::file::read_secret(path, &limits::PEM)
    }

    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
        whole_file::create(path, bytes, mode)
    }

    fn home(&self) -> String {
        self.environment.home.display().to_string()
    }

    fn operator(&self) -> String {
        let computer = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let user = &self.environment.user;
        crate::plan::clean::words(&format!("{user}@{computer}, process {}", std::process::id()))
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn stop(&self) -> Arc<Stop> {
        self.stop.clone().unwrap_or_default()
    }

    fn heeding(&self, stop: &Arc<Stop>) -> Option<SharedWorld> {
        Some(Arc::new(self.for_api(&self.api).with_stop(stop)))
    }

    fn reaches(&self, host: &str, port: u16, within: Duration) -> Option<Result<(), String>> {
        Some(crate::host::reaches(host, port, within))
    }

    fn wait(&self, time: Duration) {
        pause(time, &|| self.stopped());
    }

    fn kubectl(&self, args: &[&str]) -> Option<Result<String, String>> {
        let mut command = Command::new("kubectl");
        command.args(args).env("GOGC", "400");
        let output = match limits::program::output(command, &limits::OUTPUT, &PROGRAM, &|| self.stopped()) {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(error.to_string())),
        };
        Some(if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(crate::plan::redact::said(said.lines().last().unwrap_or("it said nothing")))
        })
    }

    fn kubectl_reads(&self) -> Vec<PathBuf> {
        kubeconfig::files(self.kubeconfig.as_deref(), &self.environment.home)
    }

    fn ca_passphrase(&self, again: bool) -> Option<Zeroizing<String>> {
        if again {
            if !self.asker.can_ask() {
                return None;
            }
            self.asker.wrong(&SecretRef::Ca);
        }
        self.asker.get(&SecretRef::Ca)
    }
}
