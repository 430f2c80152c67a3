//! What a file of SQL cannot say, each room a subject.
//!
//! One program, so that a test that waits leaves its core to the others.

mod avro;
mod connect;
mod dead_letters;
mod heartbeats;
mod pipelines;
mod rows;
mod snapshots;
mod takeover;
mod topics;
mod xmin;
