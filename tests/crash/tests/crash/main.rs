//! The service is killed, stopped, frozen and cut off; what it carries is neither lost nor doubled.
//!
//! One program, so that a test that waits leaves its core to the others.

#![allow(clippy::unwrap_used)]

mod direct;
mod faults;
mod kafka;
mod zombie;
