//! What can go wrong in a lab. Faults are data: they are looked at where the real thing would happen, and
//! taken away again they leave no trace, except for a file that was put somewhere.

/// Something wrong with a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No TCP connection.
    Unreachable,
    /// The connection is lost when action `k` has begun and nothing of it was done. Actions are counted from
    /// 0 over all batches since the fault was set; this and the next two happen once.
    CutBeforeAction(usize),
    /// The connection is lost after action `k` was done and before its end mark.
    CutAfterAction(usize),
    /// The connection is lost when half of a large file is sent; once.
    CutWhileSending,
    /// gangplank itself ends after the end mark of action `k`: nothing answers any more until
    /// [`Lab::revive`](crate::lab::Lab::revive).
    KillAfterAction(usize),
    /// Every write fails with "No space left on device".
    DiskFull,
    /// There is no free space on `/`.
    NoSpace,
    /// The container runtime does not run.
    RuntimeDown,
    /// The container runtime runs and answers nothing.
    RuntimeFrozen,
    /// The kubelet's process was stopped by a signal; a start of it ends that.
    KubeletStopped,
    /// There is no kubelet binary.
    KubeletMissing,
    /// The kubelet says this version, `v1.30.0`.
    KubeletVersion(String),
    /// The kubelet was built without cgo: it has no flags of cAdvisor.
    KubeletWithoutCgo,
    /// The clock is off by so many milliseconds.
    ClockOff(i64),
    /// Somebody wrote this file.
    ForeignFile(String),
    /// Everybody may write in this folder.
    OpenFolder(String),
    /// sudo does not take any password.
    WrongSudoPassword,
    /// This user may not become root.
    NoSudo,
    /// The machine cannot resolve the API's name nor reach it.
    NoApi,
    /// The machine resolves the API's name and does not reach it.
    NoRoute,
    /// The kubelet is well by its own word and tells the API nothing.
    Mute,
}

/// Where the connection is lost, seen from an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before its effect.
    Before,
    /// After its effect, before its end mark.
    After,
    /// After its end mark, and everything else with it.
    Kill,
}

/// The faults of one host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    pub set: Vec<Fault>,
    /// Actions begun since the first of them was set.
    pub actions: usize,
}

impl Faults {
    pub fn has(&self, fault: &Fault) -> bool {
        self.set.contains(fault)
    }

    /// Why root does not write this path.
    pub fn way(&self, path: &str) -> Option<String> {
        self.set.iter().find_map(|fault| match fault {
            Fault::OpenFolder(folder) if path.starts_with(&format!("{folder}/")) => Some(format!(
                "{folder} may be written by others (mode 777), who could change what root writes there: \
                 chmod go-w '{folder}'"
            )),
            _ => None,
        })
    }

    /// Milliseconds the clock is off.
    pub fn clock_off(&self) -> i64 {
        self.set
            .iter()
            .map(|fault| if let Fault::ClockOff(ms) = fault { *ms } else { 0 })
            .fold(0, i64::saturating_add)
    }

    /// The version the kubelet claims.
    pub fn kubelet_version(&self) -> Option<&str> {
        self.set.iter().find_map(|fault| match fault {
            Fault::KubeletVersion(version) => Some(version.as_str()),
            _ => None,
        })
    }

    /// Counts an action and says whether the connection is lost on it.
    pub fn next_action(&mut self) -> Option<Cut> {
        let number = self.actions;
        self.actions = number.saturating_add(1);
        let cut = |fault: &Fault| match fault {
            Fault::CutBeforeAction(k) if *k == number => Some(Cut::Before),
            Fault::CutAfterAction(k) if *k == number => Some(Cut::After),
            Fault::KillAfterAction(k) if *k == number => Some(Cut::Kill),
            _ => None,
        };
        let found = self.set.iter().find_map(cut);
        self.set.retain(|fault| cut(fault).is_none());
        found
    }
}
