//! The loop: a batch is taken, transformed, made durable, confirmed. Order is the proof.
//!
//! ```text
//! source.next ─▶ chain ─▶ waiting ─▶ sink.write ─▶ source.confirm
//!      ▲                     │           │  └ once it is durable: at once, or with `sink.flush`
//!      └── goes on meanwhile ┘           └ one at a time, in order
//! ```
//!
//! While one batch is written the next ones are taken in and become one: batches grow with the backlog and
//! shrink to one event when there is none.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cdc::{
    Batch, Checkpoint, Event, Fault, Finding, Flow, Lsn, Meter, Phase, Progress, Remedy, Sink,
    Source, Transform, TransformError, Written,
};
use pgrelay_log::Places;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use transforms::{Chain, NewColumns, Step};

/// How long what is visible may wait until it is made durable and confirmed, if nothing follows that is durable.
const FLUSH_AFTER: Duration = Duration::from_millis(100);
/// How long a write may go on after a stop was asked for.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// When a run is over on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// Everything that was committed before this LSN is durable at the sink.
    Lsn(Lsn),
    /// The cut at this offset is durable at the sink.
    Cut(i64),
    /// The copy of the tables is durable at the sink.
    Copied,
    /// Every record before these offsets is durable at the sink.
    Offsets(Arc<Places>),
}

impl Until {
    /// Whether there is nothing to wait for, as the log holds nothing.
    fn is_void(&self, committed: Option<&Checkpoint>) -> bool {
        match self {
            Until::Lsn(_) | Until::Copied => false,
            Until::Cut(last) => *last < 0,
            Until::Offsets(ends) => ends.is_empty() && committed.is_none(),
        }
    }

    fn reached(&self, checkpoint: &Checkpoint) -> bool {
        match self {
            Until::Lsn(lsn) => {
                matches!(checkpoint.progress, Progress::After { end_lsn } if end_lsn >= *lsn)
            }
            Until::Copied => !matches!(checkpoint.progress, Progress::Snapshot { .. }),
            Until::Cut(offset) => {
                checkpoint.progress.is_whole()
                    && checkpoint
                        .log
                        .as_ref()
                        .and_then(|log| log.cut)
                        .is_some_and(|cut| cut >= *offset)
            }
            Until::Offsets(ends) => checkpoint.log.as_ref().is_some_and(|log| {
                ends.iter().all(|(topic, ends)| {
                    let stands = log.ends.get(topic);
                    ends.iter().all(|(partition, end)| {
                        stands.and_then(|at| at.get(partition)).is_some_and(|at| at >= end)
                    })
                })
            }),
        }
    }
}

/// How much the batches waiting to be written may hold together.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Events.
    pub batch_events_max: usize,
    /// Bytes.
    pub batch_bytes_max: usize,
}

/// Why a half does not go on.
#[derive(Debug)]
pub struct Failure {
    /// What to do about it.
    pub remedy: Remedy,
    /// What to tell a person.
    pub finding: Box<Finding>,
}

impl<E: Fault> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure { remedy: error.remedy(), finding: Box::new(error.finding()) }
    }
}

fn halted(error: TransformError) -> Failure {
    Failure { remedy: Remedy::Halt, finding: error.0 }
}

/// Runs one half until it is stopped, has reached `until`, or fails.
///
/// # Errors
/// What the source, the chain or the sink could not do. Nothing is lost: the next run begins at what is durable.
pub async fn run<S: Source, K: Sink>(
    source: &mut S,
    chain: &mut Chained,
    sink: &mut K,
    meter: &Meter,
    bounds: Bounds,
    until: Option<&Until>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let stopped = tokio::select! {
        biased;
        () = stop.cancelled() => true,
        started = start(source, chain, sink, until) => match started? {
            Some(()) => false,
            None => true,
        },
    };
    let worked =
        if stopped { Ok(()) } else { work(source, chain, sink, meter, bounds, until, stop).await };
    source.stop().await;
    worked
}

/// Claims both ends and begins where the sink stands. `None`: everything asked for is done already.
async fn start<S: Source, K: Sink>(
    source: &mut S,
    chain: &mut Chained,
    sink: &mut K,
    until: Option<&Until>,
) -> Result<Option<()>, Failure> {
    source.claim().await?;
    let committed = sink.committed().await?;
    if until.is_some_and(|until| until.is_void(committed.as_ref())) {
        return Ok(None);
    }
    let mut done = false;
    if let Some(checkpoint) = &committed {
        chain.remember(checkpoint);
        done = until.is_some_and(|until| until.reached(checkpoint));
    }
    // Topics that end before the place where the target stands are not those it was fed from: their source says so.
    if done && !matches!(until, Some(Until::Offsets(_))) {
        return Ok(None);
    }
    source.start(committed).await?;
    Ok((!done).then_some(()))
}

/// What is taken in while a batch is written.
#[derive(Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    /// What ended the taking in: said once everything taken in before it is durable.
    failure: Option<Failure>,
}

impl Waiting {
    fn push(&mut self, next: Result<Batch, Failure>, bounds: Bounds) {
        match next {
            Err(failure) => self.failure = Some(failure),
            Ok(next) => match self.batches.back_mut() {
                // A batch that begins an attempt is written alone: what was before it is void.
                Some(last)
                    if !next.begin
                        && fits(last, bounds)
                        && !last.is_outdated_by(&next.relations) =>
                {
                    last.append(next);
                }
                _ => self.batches.push_back(next),
            },
        }
    }

    fn has_room(&self, bounds: Bounds) -> bool {
        let last = self.batches.back();
        self.failure.is_none()
            && self.batches.len() < 2
            && last.is_none_or(|last| fits(last, bounds))
    }
}

fn fits(batch: &Batch, bounds: Bounds) -> bool {
    !batch.begin
        && batch.events.len() < bounds.batch_events_max
        && batch.weight() < bounds.batch_bytes_max
}

async fn next<S: Source>(source: &mut S) -> Result<Batch, Failure> {
    source.next().await.map_err(Failure::from)
}

async fn work<S: Source, K: Sink>(
    source: &mut S,
    chain: &mut Chained,
    sink: &mut K,
    meter: &Meter,
    bounds: Bounds,
    until: Option<&Until>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let mut waiting = Waiting::default();
    let mut visible = Visible::default();
    // One for all batches: one that is made anew with each batch taken in would begin anew, too.
    let grace = grace(stop);
    tokio::pin!(grace);
    loop {
        let batch = match (waiting.batches.pop_front(), waiting.failure.take()) {
            (Some(batch), failure) => {
                waiting.failure = failure;
                Some(batch)
            }
            (None, Some(failure)) => {
                visible.settle(source, sink, grace.as_mut()).await?;
                return Err(failure);
            }
            (None, None) => tokio::select! {
                biased;
                () = stop.cancelled() => None,
                () = visible.due() => None,
                next = next(source) => {
                    waiting.push(next.and_then(|batch| chain.transform(batch)), bounds);
                    continue;
                }
            },
        };
        if batch.as_ref().is_none_or(|batch| !batch.checkpoint.progress.is_whole()) {
            visible.settle(source, sink, grace.as_mut()).await?;
            // What waits was not begun.
            if stop.is_cancelled() {
                return Ok(());
            }
        }
        let Some(batch) = batch else { continue };
        if meter.phase() == Phase::Starting {
            meter.enter(Phase::Streaming);
        }
        let written = {
            let write = sink.write(&batch);
            tokio::pin!(write);
            loop {
                tokio::select! {
                    written = &mut write => break written?,
                    next = next(source), if waiting.has_room(bounds) && !batch.begin => {
                        waiting.push(next.and_then(|batch| chain.transform(batch)), bounds);
                    }
                    // A sink that does not answer does not keep the process: what it had not committed comes again.
                    () = &mut grace => return Ok(()),
                }
            }
        };
        tracing::trace!(target: "pgrelay::phase", progress = %batch.checkpoint.progress, "committed");
        visible.wrote(written, &batch.checkpoint, source).await?;
        if stop.is_cancelled() || until.is_some_and(|until| until.reached(&batch.checkpoint)) {
            return visible.settle(source, sink, grace.as_mut()).await;
        }
    }
}

/// What the sink shows and a crash of its server may still take back. It is settled before a transaction is held open
/// over several batches, so there is always one to be settled, and never one open.
#[derive(Default)]
struct Visible(Option<(Checkpoint, Instant)>);

impl Visible {
    /// Invariant 1: confirmed only after `write` returned Ok, and what it wrote is durable.
    async fn wrote<S: Source>(
        &mut self,
        written: Written,
        upto: &Checkpoint,
        source: &mut S,
    ) -> Result<(), Failure> {
        if written == Written::Visible {
            let due = self.0.as_ref().map_or_else(|| Instant::now() + FLUSH_AFTER, |(_, due)| *due);
            self.0 = Some((upto.clone(), due));
            return Ok(());
        }
        self.0 = None;
        confirm(source, upto).await
    }

    /// Has the sink make it durable, and confirms it. Gives up, as a write does, some time after a stop.
    async fn settle<S: Source, K: Sink>(
        &mut self,
        source: &mut S,
        sink: &mut K,
        grace: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<(), Failure> {
        let Some((upto, _)) = self.0.take() else { return Ok(()) };
        tokio::select! {
            flushed = sink.flush() => flushed?,
            () = grace => return Ok(()),
        }
        confirm(source, &upto).await
    }

    async fn due(&self) {
        match &self.0 {
            Some((_, due)) => tokio::time::sleep_until(*due).await,
            None => std::future::pending().await,
        }
    }
}

async fn confirm<S: Source>(source: &mut S, upto: &Checkpoint) -> Result<(), Failure> {
    source.confirm(upto).await?;
    tracing::trace!(target: "pgrelay::phase", "confirmed");
    Ok(())
}

/// Ends some time after `stop`: what a write may still take.
async fn grace(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_GRACE).await;
}

/// A chain, and what it must know of the tables before it may let a row pass.
#[derive(Debug)]
pub struct Chained {
    chain: Chain,
    /// Every table the steps name must be one of the captured ones: said once, at the first batch that tells.
    expects_tables: bool,
    /// The pipeline ran before with these tables: a column that does not fit is a change of the source.
    resumed: bool,
}

impl Chained {
    /// The chain of the steps under `key` of the pipeline file.
    ///
    /// # Errors
    /// Where a step's key is not where the file says.
    pub fn new(
        key: &str,
        steps: Vec<Step>,
        new_columns: Option<NewColumns>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            chain: Chain::new(key, steps, new_columns).map_err(halted)?,
            expects_tables: true,
            resumed: false,
        })
    }

    /// The same with the tables that the file names as they leave the chain, under `key`.
    #[must_use]
    pub fn leaving(mut self, key: &str, tables: impl IntoIterator<Item = cdc::TableName>) -> Self {
        self.chain.name_leaving(key, tables);
        self
    }

    /// The tables as they were accepted before.
    fn remember(&mut self, checkpoint: &Checkpoint) {
        self.chain.remember(&checkpoint.captured);
        self.resumed = true;
    }

    fn expect_tables(&mut self, batch: &Batch) -> Result<(), Failure> {
        let captured = batch.checkpoint.captured.values();
        let captured = captured.map(|table| (table.table.clone(), table.table.clone()));
        let announced = batch.relations.iter();
        let announced = announced.map(|schema| (schema.table.clone(), schema.origin.clone()));
        let names: Vec<_> = if batch.checkpoint.captured.is_empty() {
            announced.filter(|_| batch.begin && !batch.partial).collect()
        } else {
            captured.collect()
        };
        if self.expects_tables && !names.is_empty() {
            self.chain.expect_tables(&names).map_err(halted)?;
            self.expects_tables = false;
        }
        Ok(())
    }

    /// Binds what the batch announces, and changes its events.
    fn transform(&mut self, mut batch: Batch) -> Result<Batch, Failure> {
        self.expect_tables(&batch)?;
        if self.resumed {
            self.chain.streaming();
        }
        for schema in &mut batch.relations {
            *schema = self.chain.bind(schema).map_err(halted)?;
        }
        let mut failed = None;
        batch.events.retain_mut(|event: &mut Event| match self.chain.apply(event) {
            Ok(flow) => flow == Flow::Keep,
            Err(error) => {
                failed.get_or_insert(error);
                false
            }
        });
        self.chain.forget_dropped(&mut batch.checkpoint.captured);
        if failed.is_none() {
            // The file fits the tables: what does not fit from here on is a change of the source.
            self.chain.streaming();
        }
        failed.map_or(Ok(batch), |error| Err(halted(error)))
    }
}
