//! What several tests use.

pub mod api_server;
