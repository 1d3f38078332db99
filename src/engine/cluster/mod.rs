//! What is learnt of the cluster before anything is done: the CA, this computer, the API, and a login to it.

pub mod facts;
pub mod login;
pub mod trust;
