//! What the crash tests share: two clusters, a writer that never rests, a service to kill at a chosen moment, and
//! the comparison at the end.

pub mod audit;
pub mod catch_up;
pub mod compare;
pub mod kill;
pub mod marks;
pub mod random;
pub mod service;
pub mod session;
pub mod world;
pub mod writer;
