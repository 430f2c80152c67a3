//! The whole way, tried on real servers: SQL in a source, the real `pgrelay`, what it leaves in a target.
//!
//! A [`Cluster`] is a PostgreSQL server; a [`Pair`] is a source and a target database on it, each owned by an
//! ordinary role; a [`Pipeline`] is a pipeline file between them and the runs of the binary over it. A [`Case`] is
//! one file of `db/cases`, played step by step. Nothing here waits for a time: every wait is for a position or
//! the end of a process, with a limit.

pub mod case;
mod cluster;
mod pair;
mod pipeline;
mod producer;
mod psql;
mod run;
mod topics;

pub use case::Case;
pub use cluster::{Cluster, SOURCE_ROLE};
pub use pair::Pair;
pub use pipeline::{Mode, Pipeline};
pub use producer::Producer;
pub use psql::Psql;
pub use run::{Ended, LIMIT, Serving};
pub use topics::{Record, Topics};
