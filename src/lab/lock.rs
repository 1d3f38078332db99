//! The lock on a lab machine: one operator at a time, and it goes with the connection.

use crate::host::{Batch, HostLock, HostTrouble};
use crate::lab::run::LabHost;

impl LabHost {
    /// Takes the lock that a batch wants, or says who holds it.
    pub(in crate::lab) fn claim(&mut self, batch: &Batch) -> Result<(), HostTrouble> {
        let Some(lock) = &batch.lock else { return Ok(()) };
        let since = self.lab.clock().now().as_second();
        let held = self.lab.machine(&self.name, |machine| match &machine.lock {
            Some((other, since)) if other.token != lock.token => Some((other.who.clone(), *since)),
            Some(_) => None,
            None => {
                machine.lock = Some((lock.clone(), since));
                None
            }
        });
        if let Some((who, since)) = held.flatten() {
            return Err(HostTrouble::Held { host: self.describe.clone(), who, since });
        }
        self.token = Some(lock.token.clone());
        Ok(())
    }

    /// Lets go of it.
    pub(in crate::lab) fn let_go(&mut self) {
        if let Some(token) = self.token.take() {
            let ours = |(lock, _): &mut (HostLock, i64)| lock.token == token;
            self.lab.machine(&self.name, |machine| drop(machine.lock.take_if(ours)));
        }
    }
}

impl Drop for LabHost {
    fn drop(&mut self) {
        self.let_go();
    }
}
