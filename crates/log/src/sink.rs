//! Kafka as a [`Sink`]: one batch is one Kafka transaction with its records, its cut and the checkpoint.
//!
//! Events are encoded here, chunk by chunk, while the producer's thread sends the chunks before. `Ok` from
//! [`write`](Sink::write) means that all of it is committed; after an error nothing of it is visible, or all
//! of it is and the checkpoint in the log says so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use cdc::{Batch, Captured, Checkpoint, Finding, Meter, Progress, Schema, Sink, Written};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::admin::{self, TopicSpec};
use crate::config::{Delivery, LogSettings};
use crate::converter::{AnyConverter, Converter};
use crate::cut::{Cut, Places};
use crate::error::LogError;
use crate::offsets::{self, Kept, LastEvent};
use crate::producer::{Command, Finish, Own, ProducerThread};
use crate::records::Records;
use crate::registrar::Registrar;
use crate::targets::Targets;
use crate::{scan, takeover, topics};

/// A chunk goes to the producer's thread when it has as many bytes.
const CHUNK_BYTES: usize = 256 * 1024;
/// How many chunks wait for the producer's thread.
const CHUNKS_WAITING_MAX: usize = 4;

/// Kafka as a sink.
#[derive(Debug)]
pub struct LogSink {
    settings: LogSettings,
    meter: Arc<Meter>,
    converter: AnyConverter,
    registrar: Registrar,
    /// The way to the producer's thread; none before `committed`, and after an error.
    commands: Option<mpsc::Sender<Command>>,
    pool: Arc<Mutex<Vec<Records>>>,
    targets: Targets,
    /// The table versions the log has from this process.
    announced: BTreeSet<u64>,
    captured: Arc<Captured>,
    /// Where the log ends.
    stands: Option<Progress>,
    last: LastEvent,
}

impl LogSink {
    /// A sink that has not claimed anything yet.
    pub fn new(settings: LogSettings, meter: Arc<Meter>) -> Self {
        let converter = settings.kafka.converter();
        Self {
            registrar: Registrar::new(&settings),
            settings,
            meter,
            converter,
            commands: None,
            pool: Arc::default(),
            targets: Targets::default(),
            announced: BTreeSet::new(),
            captured: Arc::default(),
            stands: None,
            last: LastEvent::default(),
        }
    }

    async fn claim(&mut self) -> Result<Option<Checkpoint>, LogError> {
        self.commands = None;
        self.targets = Targets::default();
        self.announced.clear();
        let settings = self.settings.clone();
        blocking(move || prepare(&settings)).await?;
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
        let (ready, claimed) = oneshot::channel();
        let (settings, pool) = (self.settings.clone(), Arc::clone(&self.pool));
        std::thread::Builder::new()
            .name("log-producer".to_owned())
            .spawn(move || match ProducerThread::claim(settings, pool) {
                Ok(thread) => {
                    // Where nobody waits any more the channel is closed as well, and the thread ends.
                    let _ = ready.send(Ok(()));
                    thread.run(receiver);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            })
            .map_err(|_| LogError::Void)?;
        claimed.await.map_err(|_| LogError::Void)??;
        // Only after the claim: it ends what an older process had begun.
        let settings = self.settings.clone();
        let takeover = self.settings.takeover.clone();
        let kept = blocking(move || {
            let mut kept = read_kept(&settings)?;
            if let (None, Some(of)) = (&kept.checkpoint, takeover) {
                kept.checkpoint = Some(takeover::read(&settings, &of)?);
            }
            Ok(kept)
        })
        .await?;
        self.commands = Some(sender);
        self.captured = Arc::new(kept.captured.clone().unwrap_or_default());
        self.stands = kept.checkpoint.as_ref().map(|checkpoint| checkpoint.progress);
        Ok(kept.checkpoint())
    }

    async fn write_batch(
        &mut self,
        commands: &mpsc::Sender<Command>,
        batch: &Batch,
    ) -> Result<(), LogError> {
        self.registrar.register(&mut self.converter, batch).await?;
        self.registrar.register_notes(&mut self.converter, batch).await?;
        self.targets.meet(&self.settings, batch).await?;
        self.converter.begin(batch, now_micros());
        let mut records = self.buffer();
        for event in &batch.events {
            records.enter_topic(self.targets.of_schema(event.schema.fingerprint())?);
            self.converter.encode(event, &mut records)?;
            if records.weight() >= CHUNK_BYTES {
                self.send(commands, std::mem::take(&mut records)).await?;
                records = self.buffer();
            }
        }
        for note in &batch.notes {
            records.enter_topic(self.targets.of_note(&self.settings, note)?);
            self.converter.note(note, &mut records)?;
            if records.weight() >= CHUNK_BYTES {
                self.send(commands, std::mem::take(&mut records)).await?;
                records = self.buffer();
            }
        }
        if !records.is_empty() {
            self.send(commands, records).await?;
        }
        self.finish(commands, batch).await
    }

    async fn send(
        &self,
        commands: &mpsc::Sender<Command>,
        records: Records,
    ) -> Result<(), LogError> {
        let command = Command::Produce(records, Arc::clone(&self.targets.list));
        commands.send(command).await.map_err(|_| LogError::Void)
    }

    fn buffer(&self) -> Records {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    async fn finish(
        &mut self,
        commands: &mpsc::Sender<Command>,
        batch: &Batch,
    ) -> Result<(), LogError> {
        let last = self.last.after(&batch.events);
        let (reply, answer) = oneshot::channel();
        let new: Vec<u64> = schemas(batch).map(Schema::fingerprint).collect();
        let finish = Finish {
            schemas: self.new_schemas(batch)?,
            cut: self.cut(batch, &last),
            checkpoint: self.checkpoint_records(batch, &last)?,
            reply,
        };
        let command = Command::Finish(Box::new(finish));
        commands.send(command).await.map_err(|_| LogError::Void)?;
        answer.await.map_err(|_| LogError::Void)??;
        self.announced.extend(new);
        self.captured = Arc::clone(&batch.checkpoint.captured);
        self.stands = Some(batch.checkpoint.progress);
        self.last = last;
        self.count(batch);
        Ok(())
    }

    fn cut(&self, batch: &Batch, last: &LastEvent) -> Cut {
        Cut {
            checkpoint: Checkpoint { log: None, ..batch.checkpoint.clone() },
            after: self.stands,
            begin: batch.begin,
            partial: batch.partial,
            relations: batch.relations.iter().map(|schema| schema.fingerprint()).collect(),
            starts: Places::new(),
            ends: Places::new(),
            events: batch.events.len() as u64,
            commit_micros: last.commit_micros,
            delivery: self.settings.kafka.delivery,
        }
    }

    /// The records of the table versions the log does not have yet.
    fn new_schemas(&self, batch: &Batch) -> Result<Vec<Own>, LogError> {
        let mut records: Vec<Own> = Vec::new();
        let mut seen = BTreeSet::new();
        for schema in schemas(batch) {
            let fingerprint = schema.fingerprint();
            if self.announced.contains(&fingerprint) || !seen.insert(fingerprint) {
                continue;
            }
            let fingerprint = format!("{fingerprint:X}");
            records.push(Own {
                topic: topics::schemas_topic(&self.settings.kafka.topic_prefix),
                key: json!({ "table": schema.table, "fingerprint": fingerprint }).to_string(),
                value: serde_json::to_string(schema).map_err(|_| LogError::Void)?,
            });
        }
        Ok(records)
    }

    fn checkpoint_records(&self, batch: &Batch, last: &LastEvent) -> Result<Vec<Own>, LogError> {
        let (pipeline, prefix) = (&self.settings.pipeline, &self.settings.kafka.topic_prefix);
        let topic = topics::offsets_topic(prefix);
        let checkpoint = &batch.checkpoint;
        let mut records = Vec::new();
        let same = Arc::ptr_eq(&checkpoint.captured, &self.captured)
            || checkpoint.captured == self.captured;
        if !same {
            records.push(Own {
                topic: topic.clone(),
                key: offsets::captured_key(pipeline, prefix),
                value: offsets::captured_value(&checkpoint.captured).map_err(|_| LogError::Void)?,
            });
        }
        records.push(Own {
            topic,
            key: offsets::checkpoint_key(pipeline, prefix),
            value: offsets::checkpoint_value(checkpoint, last).map_err(|_| LogError::Void)?,
        });
        Ok(records)
    }

    /// Says which events have left no record.
    fn leave_out(&self, batch: &Batch) {
        if self.settings.kafka.formats().1.is_enveloped() {
            return;
        }
        for event in batch.events.iter().filter(|event| self.converter.leaves_out(event)) {
            Meter::add(&self.meter.truncates_left_out, 1);
            tracing::warn!(
                pipeline = %self.settings.pipeline,
                table = %event.schema.table,
                lsn = %event.lsn,
                "a truncate has no record in a format of rows without envelopes: readers keep the rows"
            );
        }
    }

    fn count(&self, batch: &Batch) {
        Meter::add(&self.meter.events, batch.events.len() as u64);
        Meter::add(&self.meter.batches, 1);
        if let Some(lsn) = batch.checkpoint.progress.confirmable() {
            Meter::advance(&self.meter.durable_lsn, lsn);
        }
        self.leave_out(batch);
        if !batch.events.is_empty() {
            let order = std::sync::atomic::Ordering::Relaxed;
            self.meter.commit_micros.store(self.last.commit_micros, order);
        }
    }
}

impl Sink for LogSink {
    type Error = LogError;

    async fn committed(&mut self) -> Result<Option<Checkpoint>, LogError> {
        self.claim().await
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, LogError> {
        // Put back only on success: after an error, or where the caller gave up, the thread sees the end of
        // its channel and aborts.
        let commands = self.commands.take().ok_or(LogError::Void)?;
        self.write_batch(&commands, batch).await?;
        self.commands = Some(commands);
        Ok(Written::Durable)
    }

    async fn flush(&mut self) -> Result<(), LogError> {
        // Nothing is ever only visible here: `acks=all`, and a committed transaction.
        std::future::ready(Ok(())).await
    }
}

/// The table versions of a batch: those that begin with it, and those of its events.
pub(crate) fn schemas(batch: &Batch) -> impl Iterator<Item = &Schema> {
    let mut before: Option<&Arc<Schema>> = None;
    let of_events = batch.events.iter().filter_map(move |event| {
        let same = before.is_some_and(|before| Arc::ptr_eq(before, &event.schema));
        before = Some(&event.schema);
        (!same).then_some(&*event.schema)
    });
    batch.relations.iter().map(|schema| &**schema).chain(of_events)
}

fn now_micros() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

/// The topics of ours, as they are made where they are missing.
pub(crate) fn own_topics(settings: &LogSettings) -> [TopicSpec; 3] {
    let prefix = &settings.kafka.topic_prefix;
    // Small segments, so that what is superseded is soon compacted away and a start reads little.
    let compacted = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "33554432"),
        ("min.cleanable.dirty.ratio", "0.1"),
    ];
    let mut cuts = TopicSpec::own(topics::cuts_topic(prefix), &[("cleanup.policy", "delete")]);
    // Cuts are kept as long as the records they speak of.
    for name in ["retention.ms", "retention.bytes"] {
        if let Some(value) = settings.kafka.topic_config.get(name) {
            cuts.config.push((name.to_owned(), value.clone()));
        }
    }
    [
        TopicSpec::own(topics::offsets_topic(prefix), &compacted),
        TopicSpec::own(topics::schemas_topic(prefix), &compacted),
        cuts,
    ]
}

fn prepare(settings: &LogSettings) -> Result<(), LogError> {
    let [offsets, schemas, cuts] = own_topics(settings);
    let compacted = [offsets.name.clone(), schemas.name.clone()];
    admin::ensure(settings, &[offsets, schemas, cuts])?;
    let policies = admin::setting(settings, &compacted, "cleanup.policy")?;
    for (topic, policy) in policies {
        if let Some(finding) = admin::not_compacted(settings, &topic, &policy) {
            return Err(finding.into());
        }
    }
    if settings.kafka.delivery == Delivery::AtLeastOnce {
        tracing::warn!("delivery: at_least_once: after a failure, records may come twice");
    }
    Ok(())
}

pub(crate) fn read_kept(settings: &LogSettings) -> Result<Kept, LogError> {
    let (pipeline, prefix) = (&settings.pipeline, &settings.kafka.topic_prefix);
    let topic = topics::offsets_topic(prefix);
    let keys = (offsets::checkpoint_key(pipeline, prefix), offsets::captured_key(pipeline, prefix));
    let mut kept = Kept::default();
    scan::whole(settings, &topic, |record| {
        kept.take(&keys, record.key, record.value)
            .map_err(|_| scan::unreadable(&topic, record.offset, "a checkpoint of this pipeline"))
    })?;
    match kept.others.first() {
        Some(other) => Err(prefix_taken(settings, other).into()),
        None => Ok(kept),
    }
}

/// One log has one writer: cuts of two are in no order, and what one captured would pass for what the other did.
fn prefix_taken(settings: &LogSettings, other: &str) -> Finding {
    let prefix = &settings.kafka.topic_prefix;
    Finding::outside(
        "topic_prefix_taken",
        format!("Kafka topics {prefix}.*"),
        format!("pipeline {other} writes under this topic_prefix"),
    )
    .remedy(format!("give pipeline {} a topic_prefix of its own under kafka:; or, where {other} is its former name, remove that one's checkpoint with its own file", settings.pipeline))
    .run("pgrelay drop FILE")
}

/// Runs what blocks on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| LogError::Void)?
}
