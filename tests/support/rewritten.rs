//! This computer, where each command is written anew before it is run: with another root, programs or mounts.

use gangplank::host::{Duplex, LocalWire, Wire, WireCounts, WireError};

/// What a command becomes.
type Rewrite = Box<dyn Fn(&str) -> String + Send + Sync>;

/// A shell of this computer that is told other commands than it is asked for.
pub struct RewrittenWire {
    wire: LocalWire,
    rewrite: Rewrite,
}

impl RewrittenWire {
    pub fn new(rewrite: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self { wire: LocalWire::new(), rewrite: Box::new(rewrite) }
    }
}

impl Wire for RewrittenWire {
    fn exec(&self, command: &str) -> Result<Duplex, WireError> {
        self.wire.exec(&(self.rewrite)(command))
    }

    fn tcp(&self, host: &str, port: u16) -> Result<Duplex, WireError> {
        self.wire.tcp(host, port)
    }

    fn counts(&self) -> WireCounts {
        self.wire.counts()
    }

    fn describe(&self) -> String {
        self.wire.describe()
    }

    fn cut(&self) {
        self.wire.cut();
    }
}
