//! How much of a machine is in use, as its live stream tells it.

use serde::{Deserialize, Serialize};

use crate::plan::clean;
use crate::plan::remote::Remote;

/// How much of a machine is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFigures {
    /// Processes that run or wait, as the mean of the last minute, in hundredths (`/proc/loadavg`).
    pub load: u32,
    /// How many processors there are.
    pub processors: u32,
    /// Memory in KiB (`MemTotal` of `/proc/meminfo`).
    pub memory_kib: u64,
    /// Of that, what can be had without swapping (`MemAvailable`; `MemFree` before Linux 3.14).
    pub memory_free_kib: u64,
    /// Where the runtime keeps images and containers.
    pub folder: Remote<String>,
    /// In use on its file system, in KiB.
    pub disk_used_kib: u64,
    /// Free there for who is not root, in KiB.
    pub disk_free_kib: u64,
}

impl HostFigures {
    /// Reads `LOAD PROCESSORS MEMORY FREE BLOCK BLOCKS FREE AVAILABLE FOLDER`: memory in KiB, a block in bytes.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.trim().splitn(9, ' ');
        let load = words.next()?;
        let (whole, part) = load.split_once('.').unwrap_or((load, "00"));
        let load = whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part.get(..2)?.parse().ok()?)?;
        let processors = words.next()?.parse().ok()?;
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (memory_kib, memory_free_kib) = (number()?, number()?);
        let (block, blocks, free, available) = (number()?, number()?, number()?, number()?);
        let kib = |count: u64| count.checked_mul(block).map(|bytes| bytes / 1024);
        Some(Self {
            load,
            processors,
            memory_kib,
            memory_free_kib,
            disk_used_kib: kib(blocks.checked_sub(free)?)?,
            disk_free_kib: kib(available)?,
            folder: Remote::new(clean::line(words.next()?)),
        })
    }

    /// Memory in use, percent; `None` = there is none.
    pub fn memory_percent(&self) -> Option<u64> {
        percent(self.memory_kib.saturating_sub(self.memory_free_kib), self.memory_kib)
    }

    /// Of what may be used of the file system, what is, percent and as `df` rounds it; `None` = there is none.
    pub fn disk_percent(&self) -> Option<u64> {
        percent(self.disk_used_kib, self.disk_used_kib.saturating_add(self.disk_free_kib))
    }
}

/// Rounded up.
fn percent(part: u64, whole: u64) -> Option<u64> {
    Some(part.checked_mul(100)?.div_ceil(Some(whole).filter(|whole| *whole > 0)?))
}

#[cfg(test)]
mod tests {
    use super::HostFigures;

    #[test]
    fn figures_are_read_and_what_is_none_is_not_guessed() {
        let read = HostFigures::parse("0.12 2 4019236 2411540 4096 1000000 400000 350000 /var/lib/a b")
            .expect("figures");
        assert_eq!((read.load, read.processors, read.folder.to_string()), (12, 2, "/var/lib/a b".to_owned()));
        // df says 600000 of 950000 blocks are in use: 64 %.
        assert_eq!((read.memory_percent(), read.disk_percent()), (Some(41), Some(64)));
        assert_eq!(read.disk_free_kib, 1_400_000);
        let none = HostFigures::parse("12.5000 0 0 0 0 0 0 0 /var/lib/docker").expect("figures");
        assert_eq!((none.load, none.memory_percent(), none.disk_percent()), (1250, None, None));
        let huge = u64::MAX;
        for odd in [
            "",
            "x",
            "1.2 2",
            "0.1 2 3 4 5 6 7 8",
            &format!("0.10 2 3 4 {huge} {huge} 0 {huge} /x"),
            "-1.00 1 1 1 1 1 1 1 /x",
        ] {
            assert_eq!(HostFigures::parse(odd), None, "{odd}");
        }
    }
}
