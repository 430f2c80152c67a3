//! A PostgreSQL database as a [`cdc::Sink`]: the last room on a change's path.
//!
//! A batch is folded to the last state of each key, written as a few statements over arrays, and committed in
//! one transaction with the checkpoint: rows and checkpoint are durable together or not at all. A batch that
//! ends inside a source transaction leaves the target's transaction open; it commits only with a whole one.
//!
//! It refuses to write null for a value that was not sent, to update a row that is not there, and to go on
//! after a row that a constraint turned away.

mod actions;
mod apply;
mod catalog;
mod checkpoint;
mod claim;
mod copy;
mod create;
mod error;
mod fold;
mod keyless;
mod make;
mod narrower;
mod ordered;
mod pending;
mod pipeline;
mod preflight;
mod rights;
mod settings;
mod sink;
mod sql;
mod target;
mod truncate;
mod unique;
mod wire;
mod work;

pub use catalog::TargetCatalog;
pub use error::{Refusing, SinkError};
pub use preflight::{drop_made, grants, in_use, preflight, read_checkpoint};
pub use settings::{Constraints, Mode, Settings};
pub use sink::PostgresSink;
