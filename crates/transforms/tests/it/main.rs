//! The chain from the outside: pipeline files in, events through, rows out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod chain;
mod file;
mod masked;
mod steps;
mod support;
