//! How long things on a connection may take.

use std::time::Duration;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name resolution and TCP connection.
    pub connect: Duration,
    /// Greeting and key exchange.
    pub handshake: Duration,
    /// Each answer during the login; PAM waits some seconds after a wrong password.
    pub reply: Duration,
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
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(15),
            reply: Duration::from_secs(60),
            open: Duration::from_secs(20),
            keepalive: Duration::from_secs(15),
            silence: Duration::from_secs(45),
        }
    }
}
