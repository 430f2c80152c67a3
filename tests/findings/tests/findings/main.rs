//! What is wrong, and what is said of it: each finding provoked against real servers.
//!
//! One program, so that a test that waits for a server leaves its core to the others.

#![allow(clippy::unwrap_used)]

mod chain;
mod dropping;
mod file;
mod kafka;
mod promotion;
mod rights;
mod running;
mod serving;
mod source;
mod source_rights;
mod tables;
mod target;
mod target_rights;
