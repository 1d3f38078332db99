//! L5: what runs on the hosts and what the API says of their nodes, as it happens. One thread a host follows
//! its stream, one follows the API; each says what it hears as an [`Update`], and [`Panel`] makes of them what
//! is shown. Nothing here draws, asks for anything by itself or waits for another host.

mod api;
mod host;
mod logs;
mod opened;
pub mod panel;
pub mod row;
mod thread;
pub mod update;
mod watch;

pub use logs::LogWish;
pub use opened::{certificates, events, pods};
pub use panel::{Change, Panel};
pub use row::{ContainerGroup, HostReading, HostRow, Link};
pub use thread::{Send, WatchTarget, watch_targets};
pub use update::{ApiNews, HostNews, LogNews, Update};
pub use watch::{Watch, start};
