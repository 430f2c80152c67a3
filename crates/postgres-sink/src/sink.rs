//! The sink as the loop sees it: committed, write. One transaction holds the rows and the checkpoint.
//!
//! ```text
//! BEGIN · lock the checkpoint row · rows … · advance the checkpoint row · COMMIT      a whole batch, one round trip
//! BEGIN · lock · rows …  ─ next batch ─▶  rows … · advance · COMMIT                  a transaction in several batches
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use cdc::{Batch, Checkpoint, Fault, Meter, Phase, Sink};

use crate::apply::Targets;
use crate::checkpoint;
use crate::claim::claim;
use crate::error::SinkError;
use crate::settings::Settings;
use crate::work::Work;

/// A database as a sink.
#[derive(Debug)]
pub struct PostgresSink {
    settings: Settings,
    meter: Arc<Meter>,
    work: Option<Work>,
}

impl Sink for PostgresSink {
    type Error = SinkError;

    async fn committed(&mut self) -> Result<Option<Checkpoint>, SinkError> {
        self.work = None;
        let meter = self.meter.clone();
        let claim = claim(&self.settings, |text| meter.enter(Phase::Waiting(text))).await?;
        let kept = checkpoint::open(&claim.session, &self.settings).await?;
        let checkpoint = kept.checkpoint.clone();
        let failed = SinkError::server(&self.settings.server, "prepare a statement");
        let lock =
            claim.session.prepare(checkpoint::LOCK).await.map_err(|error| failed(error.into()))?;
        let advance = claim
            .session
            .prepare(checkpoint::ADVANCE)
            .await
            .map_err(|error| failed(error.into()))?;
        self.work = Some(Work {
            claim,
            pipeline: self.settings.pipeline.clone(),
            lock,
            advance,
            kept,
            open: false,
            targets: Targets::default(),
            statements: HashMap::new(),
        });
        Ok(checkpoint)
    }

    async fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let Some(work) = &mut self.work else {
            return Err(SinkError::Fenced { pipeline: self.settings.pipeline.to_string() });
        };
        let written = work.write(&self.settings, batch).await;
        match &written {
            Ok(()) => self.count(batch),
            // An error voids the sink: the transaction ends with its session.
            Err(error) => {
                tracing::debug!(code = error.finding().code, "the batch was not written");
                self.work = None;
            }
        }
        written
    }
}

impl PostgresSink {
    /// A sink that has not been claimed.
    pub fn new(settings: Settings, meter: Arc<Meter>) -> Self {
        Self { settings, meter, work: None }
    }

    fn count(&self, batch: &Batch) {
        Meter::add(&self.meter.events, batch.events.len() as u64);
        Meter::add(&self.meter.batches, 1);
        if let Some(last) = batch.events.last() {
            self.meter
                .commit_micros
                .store(last.transaction.commit_micros, std::sync::atomic::Ordering::Relaxed);
        }
        if let Some(lsn) = batch.checkpoint.progress.confirmable() {
            Meter::advance(&self.meter.durable_lsn, lsn);
            Meter::advance(&self.meter.applied_lsn, lsn);
        }
    }
}
