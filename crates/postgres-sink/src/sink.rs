//! The sink as the loop sees it: committed, write. One transaction holds the rows and the checkpoint.
//!
//! ```text
//! BEGIN · lock the checkpoint row · rows … · advance the checkpoint row · COMMIT      a whole batch, one round trip
//! BEGIN · lock · rows …  ─ next batch ─▶  rows … · advance · COMMIT                  a transaction in several batches
//! ```
//!
//! In a busy stream most commits do not wait for the disk (`synchronous_commit = off`, for the transaction alone): they
//! are visible, and durable with the next one that waits, a tenth of a second later. A crash of the server between
//! takes back rows and checkpoint together; neither the slot nor the log was told to forget them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cdc::{Batch, Checkpoint, Fault, Lsn, Meter, Phase, Sink, Written};

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
    /// The end of what is visible and not yet durable.
    visible: Option<Lsn>,
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
        let flush =
            claim.session.prepare(checkpoint::FLUSH).await.map_err(|error| failed(error.into()))?;
        let mut work = Work {
            claim,
            pipeline: self.settings.pipeline.clone(),
            lock,
            advance,
            flush,
            kept,
            open: false,
            lazy: false,
            durable_at: None,
            targets: Targets::default(),
            statements: HashMap::new(),
        };
        // What is read may have been committed a moment ago, by a process that did not wait for the disk.
        if checkpoint.is_some() {
            work.flush(&self.settings).await?;
            work.durable_at = None;
        }
        self.visible = None;
        self.work = Some(work);
        Ok(checkpoint)
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, SinkError> {
        let written = match &mut self.work {
            Some(work) => work.write(&self.settings, batch).await,
            None => Err(self.fenced()),
        };
        if let Ok(written) = &written {
            self.count(batch, *written);
        }
        self.voided(written)
    }

    async fn flush(&mut self) -> Result<(), SinkError> {
        let flushed = match &mut self.work {
            Some(work) => work.flush(&self.settings).await,
            None => Err(self.fenced()),
        };
        if let (Ok(()), Some(lsn)) = (&flushed, self.visible.take()) {
            Meter::advance(&self.meter.durable_lsn, lsn);
        }
        self.voided(flushed)
    }
}

impl PostgresSink {
    /// A sink that has not been claimed.
    pub fn new(settings: Settings, meter: Arc<Meter>) -> Self {
        Self { settings, meter, work: None, visible: None }
    }

    fn fenced(&self) -> SinkError {
        SinkError::Fenced { pipeline: self.settings.pipeline.to_string() }
    }

    /// An error voids the sink: the transaction ends with its session.
    fn voided<T>(&mut self, done: Result<T, SinkError>) -> Result<T, SinkError> {
        done.inspect_err(|error| {
            tracing::debug!(code = error.finding().code, "the batch was not written");
            self.work = None;
        })
    }

    fn count(&mut self, batch: &Batch, written: Written) {
        Meter::add(&self.meter.events, batch.events.len() as u64);
        Meter::add(&self.meter.batches, 1);
        if let Some(last) = batch.events.last() {
            self.meter.commit_micros.store(last.transaction.commit_micros, Ordering::Relaxed);
        }
        if let Some(lsn) = batch.checkpoint.progress.confirmable() {
            Meter::advance(&self.meter.applied_lsn, lsn);
            self.visible = (written == Written::Visible).then_some(lsn);
            if self.visible.is_none() {
                Meter::advance(&self.meter.durable_lsn, lsn);
            }
        }
    }
}
