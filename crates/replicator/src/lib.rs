//! The service: pipeline files, the loop that runs each half, supervision, metrics and the command line.
//!
//! [`run`](run::run) is the program on one screen: a batch is taken, transformed, made durable, confirmed.
//! Everything else here decides which ends it runs between and what happens when one of them fails.

pub mod check;
pub mod config;
pub mod drop;
pub mod halves;
pub mod http;
pub mod offsets;
pub mod run;
pub mod serve;
pub mod status;
pub mod supervise;
mod truncates;
