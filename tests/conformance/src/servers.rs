//! The servers of a run, each started when the first case needs it: PostgreSQL, Kafka, and a Connect worker.

use std::sync::OnceLock;

use anyhow::{Result, anyhow};
use e2e::Cluster;
use stack::{Connect, Kafka};

/// The servers.
#[derive(Default)]
pub(crate) struct Servers {
    kafka: OnceLock<Result<Kafka, String>>,
    cluster: OnceLock<Result<Cluster, String>>,
    connect: OnceLock<Result<Connect, String>>,
}

impl Servers {
    /// The broker.
    pub(crate) fn kafka(&self) -> Result<&Kafka> {
        one(&self.kafka, || Ok(Kafka::shared()?))
    }

    /// The cluster.
    pub(crate) fn cluster(&self) -> Result<&Cluster> {
        one(&self.cluster, Cluster::shared)
    }

    /// The worker.
    pub(crate) fn connect(&self) -> Result<&Connect> {
        one(&self.connect, || Ok(Connect::start(&self.kafka()?.bootstrap())?))
    }
}

fn one<T>(cell: &OnceLock<Result<T, String>>, start: impl FnOnce() -> Result<T>) -> Result<&T> {
    let started = cell.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow!("{error}"))
}
