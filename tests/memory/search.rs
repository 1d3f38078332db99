//! Looks for a canary in all memory of this program that can be written to.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of a canary.
const LENGTH: usize = 96;
/// What is searched for: its end. The allocator writes over the first bytes of what was given back.
const TAIL: std::ops::Range<usize> = 64..LENGTH;
/// Bytes of one look.
const PIECE: usize = 1 << 16;

/// A secret that is nowhere: each byte is made when it is needed.
#[derive(Clone, Copy)]
pub struct Canary(u8);

/// What was read last; not searched itself.
static SEEN: Mutex<[u8; PIECE + LENGTH]> = Mutex::new([0; PIECE + LENGTH]);

/// One search at a time: what one reads, another would find.
pub fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Canary {
    /// Another one for each number.
    pub fn of(number: u8) -> Self {
        Self(number)
    }

    #[expect(clippy::unused_self, reason = "it is asked of a canary, and all are as long")]
    pub fn len(self) -> usize {
        LENGTH
    }

    fn byte(self, index: usize) -> u8 {
        // No part of one canary is a part of itself or of another.
        let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(self.0) << 32;
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
        b'a' + u8::try_from(mixed % 26).unwrap()
    }

    /// Its bytes, one after the other.
    pub fn each(self, mut see: impl FnMut(u8)) {
        (0..LENGTH).for_each(|index| see(self.byte(index)));
    }

    /// Whether these bytes begin with its end.
    fn begins(self, bytes: &[u8]) -> bool {
        bytes.len() >= TAIL.len() && TAIL.zip(bytes).all(|(index, byte)| *byte == self.byte(index))
    }

    /// Where it stands, as the memory map calls it.
    fn places(self) -> Vec<String> {
        let mut seen = SEEN.lock().unwrap();
        let own = seen.as_ptr_range();
        let own = own.start as usize..own.end as usize;
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut places = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            if !rights.starts_with("rw") {
                continue;
            }
            let (start, end) = range.split_once('-').unwrap();
            let (start, end) = (hex(start), hex(end));
            let mut at = start;
            while at < end {
                let count = (end - at).min(PIECE + LENGTH - 1);
                // What was unmapped meanwhile is nobody's memory.
                if memory.read_exact_at(&mut seen[..count], at as u64).is_ok() {
                    let first = self.byte(TAIL.start);
                    for index in 0..count {
                        if seen[index] == first
                            && !own.contains(&(at + index))
                            && self.begins(&seen[index..count])
                        {
                            places.push(format!("{:#x} in {line}", at + index));
                        }
                    }
                }
                at += PIECE;
            }
        }
        seen.fill(0);
        places.sort();
        places.dedup();
        places
    }

    pub fn copies(self) -> usize {
        self.places().len()
    }

    #[track_caller]
    pub fn is_gone(self) {
        let places = self.places();
        assert!(places.is_empty(), "{} copies are left:\n{}", places.len(), places.join("\n"));
    }
}

fn hex(digits: &str) -> usize {
    usize::from_str_radix(digits, 16).unwrap()
}
