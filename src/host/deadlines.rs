//! How long things on a connection may take.

use std::time::Duration;

use crate::limits::time::{CONNECT, GREETING, LOGIN, OPEN, SILENCE};

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name resolution and TCP connection.
    pub connect: Duration,
    /// Greeting and key exchange.
    pub handshake: Duration,
    /// The login, all its tries together.
    pub login: Duration,
    /// A command or connection being accepted.
    pub open: Duration,
    /// Between two keepalives.
    pub keepalive: Duration,
    /// Nothing heard for so long means that the connection is lost.
    pub silence: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: CONNECT.limit(),
            handshake: GREETING.limit(),
            login: LOGIN.limit(),
            open: OPEN.limit(),
            keepalive: SILENCE.limit() / 3,
            silence: SILENCE.limit(),
        }
    }
}
