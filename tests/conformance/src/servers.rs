//! The servers of a run, each started when the first case needs it: PostgreSQL, Kafka, a registry and a Connect worker.

use std::sync::OnceLock;

use anyhow::{Result, anyhow};
use e2e::Cluster;
use stack::{Connect, Kafka, Plugin, Registry};

/// The servers.
#[derive(Default)]
pub(crate) struct Servers {
    kafka: OnceLock<Result<Kafka, String>>,
    cluster: OnceLock<Result<Cluster, String>>,
    connect: OnceLock<Result<Connect, String>>,
    registry: OnceLock<Result<Registry, String>>,
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
        let start = || Ok(Connect::with(&self.kafka()?.bootstrap(), &[Plugin::AvroConverter])?);
        one(&self.connect, start)
    }

    /// The registry.
    pub(crate) fn registry(&self) -> Result<&Registry> {
        one(&self.registry, || Ok(Registry::shared()?))
    }
}

fn one<T>(cell: &OnceLock<Result<T, String>>, start: impl FnOnce() -> Result<T>) -> Result<&T> {
    let started = cell.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow!("{error}"))
}
