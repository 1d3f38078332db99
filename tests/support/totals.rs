//! What came of a table of causes: how many were made, named and repaired, and alarms where nothing was wrong.

use std::fmt;

/// Of a hundred causes the right one is named first at least so often.
const NAMED_FIRST: usize = 95;

#[derive(Debug, Default)]
pub struct Totals {
    made: usize,
    first: usize,
    named: usize,
    repairs: usize,
    repaired: usize,
    well: usize,
    alarms: usize,
}

impl Totals {
    /// A cause was made, and these codes were named.
    pub fn cause(&mut self, code: &str, named: &[String]) {
        self.made += 1;
        self.first += usize::from(named.first().is_some_and(|first| first == code));
        self.named += usize::from(named.iter().any(|one| one == code));
    }

    /// A repair was to bring the worker back.
    pub fn repair(&mut self, good: bool) {
        self.repairs += 1;
        self.repaired += usize::from(good);
    }

    /// A worker that is well was looked at, and these codes were named.
    pub fn well(&mut self, named: &[String]) {
        self.well += 1;
        self.alarms += usize::from(!named.is_empty());
    }

    /// They are within their limits.
    #[track_caller]
    pub fn hold(&self) {
        assert!(self.first * 100 >= self.made * NAMED_FIRST, "named first below {NAMED_FIRST} %: {self}");
        assert_eq!(self.alarms, 0, "{self}");
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { made, first, named, repairs, repaired, well, alarms } = self;
        write!(
            f,
            "causes made {made}, named first {first}, named at all {named}, repaired {repaired} of {repairs}, \
             false alarms {alarms} of {well} looks at a worker that is well"
        )
    }
}
