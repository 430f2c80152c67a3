//! Real servers for the demo, the tests and the benchmarks.
//!
//! A handle is a server: [`Postgres`], [`Kafka`], [`Connect`], [`Registry`], [`Pgbouncer`] and [`Proxy`] start one, say where it listens, and
//! stop it when they are dropped. Nothing here is mocked. PostgreSQL and PgBouncer refuse to run as root: under root
//! they run as the system user `postgres`. A server dies with the process that started it, however that process ends, unless it
//! was started [`detached`](postgres::Builder::detached) for the demo.
//!
//! All calls block. From async code, call them through `spawn_blocking`.
//!
//! ```no_run
//! let postgres = stack::Postgres::builder().setting("max_slot_wal_keep_size", "64MB").start()?;
//! postgres.psql("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
//! postgres.stop_immediate()?; // a crash
//! postgres.start_again()?;
//! # Ok::<(), stack::Error>(())
//! ```

pub mod cargo;
pub mod connect;
mod error;
mod files;
pub mod http;
mod jars;
pub mod kafka;
pub mod pgbouncer;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod registry;
pub mod tools;
pub mod wait;

pub use cargo::pgrelay;
pub use connect::{Connect, Plugin};
pub use error::{Error, Result};
pub use kafka::Kafka;
pub use pgbouncer::Pgbouncer;
pub use postgres::Postgres;
pub use proxy::Proxy;
pub use registry::Registry;
