//! A log on a real broker, and events to put through it.

#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use cdc::{
    Batch, Change, Checkpoint, Column, Event, Identity, Kind, Lsn, Meter, PgType, Position,
    Progress, Row, RowBuilder, Schema, Source, SourceId, TableName, Transaction,
};
use pgrelay_log::{Brokers, Kafka, LogEnd, LogSettings, LogSink, LogSource};

/// The broker of this test run, as long as any test holds it. Without one the tests fail.
fn broker() -> Arc<stack::Kafka> {
    static BROKER: Mutex<Weak<stack::Kafka>> = Mutex::new(Weak::new());
    let mut broker = BROKER.lock().unwrap_or_else(PoisonError::into_inner);
    broker.upgrade().unwrap_or_else(|| {
        let started = Arc::new(stack::Kafka::shared().expect("a Kafka broker is needed"));
        *broker = Arc::downgrade(&started);
        started
    })
}

/// A pipeline whose topics nobody else has, and the broker it is on.
pub fn settings(name: &str, partitions: i32) -> (LogSettings, Arc<stack::Kafka>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let broker = broker();
    let unique = format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let settings = LogSettings::new(
        &unique,
        Kafka {
            brokers: Brokers::One(broker.bootstrap()),
            topic_prefix: unique.clone(),
            topics: Vec::new(),
            key_format: None,
            value_format: None,
            header_format: pgrelay_log::HeaderFormat::default(),
            decimal_format: pgrelay_log::DecimalFormat::default(),
            written_with: pgrelay_log::WrittenWith::default(),
            topic_transaction: "transaction".to_owned(),
            topic_heartbeat_prefix: "__debezium-heartbeat".to_owned(),
            topic_heartbeat_name: None,
            format: pgrelay_log::Format::default(),
            compression: pgrelay_log::Compression::default(),
            partitions,
            replication_factor: None,
            topic_config: BTreeMap::new(),
            delivery: pgrelay_log::Delivery::default(),
            tombstones: true,
            schema_registry: None,
            options: BTreeMap::new(),
        },
    );
    (settings, broker)
}

pub fn sink(settings: &LogSettings) -> LogSink {
    LogSink::new(settings.clone(), Arc::new(Meter::default()))
}

pub fn source(settings: &LogSettings) -> LogSource {
    LogSource::new(settings.clone(), Arc::new(Meter::default()))
}

pub fn table(name: &str) -> Arc<Schema> {
    let column = |name: &str, oid, kind, optional| Column {
        name: name.into(),
        pg: PgType::new(oid, "t", kind),
        optional,
        masked: false,
        missing: None,
        default: None,
        source_type: None,
    };
    let columns = vec![
        column("id", 20, Kind::Int8, false),
        column("name", 25, Kind::Text, false),
        column("at", 1184, Kind::Timestamptz, true),
        column("note", 25, Kind::Text, true),
    ];
    Arc::new(Schema::new(TableName::new("public", name), columns, vec![0], Identity::Default))
}

pub fn row(id: i64, name: &str) -> Row {
    let (id, at) = (id.to_string(), "2024-01-02 03:04:05.678901+00");
    let mut builder = RowBuilder::with_capacity(4);
    let (a, b, c) = (id.len() as u32, name.len() as u32, at.len() as u32);
    builder.text(0, a);
    builder.text(a, b);
    builder.text(a + b, c);
    builder.null();
    builder.build(Bytes::from(format!("{id}{name}{at}")))
}

pub fn key(id: i64) -> Row {
    let mut row = Row::nulls(4);
    row.set_text(0, id.to_string());
    row
}

/// Transactions, one after the other, each 100 bytes of WAL long.
pub struct Writer {
    next: u64,
}

impl Writer {
    pub fn new() -> Self {
        Self { next: 1_000 }
    }

    pub fn end(&self) -> Lsn {
        Lsn::new(self.next)
    }

    /// One transaction as one batch.
    pub fn transaction(&mut self, changes: Vec<(&Arc<Schema>, Change)>) -> Batch {
        let commit = Lsn::new(self.next);
        self.next += 100;
        let events = events(commit, 0, changes);
        Batch {
            relations: Vec::new(),
            events,
            ..Batch::progress(checkpoint(Progress::After { end_lsn: self.end() }))
        }
    }
}

pub fn events(commit_lsn: Lsn, first: u64, changes: Vec<(&Arc<Schema>, Change)>) -> Vec<Event> {
    let transaction = Arc::new(Transaction {
        xid: 700,
        commit_lsn,
        commit_micros: 1_700_000_000_000_001,
        previous_commit_lsn: Some(Lsn::new(7)),
        snapshot: None,
        origin: None,
        xmin: None,
    });
    changes
        .into_iter()
        .zip(first..)
        .map(|((schema, change), seq)| Event {
            schema: Arc::clone(schema),
            change,
            position: Position { commit_lsn, seq },
            lsn: Lsn::new(commit_lsn.get() - 1),
            transaction: Arc::clone(&transaction),
            order: None,
        })
        .collect()
}

pub fn checkpoint(progress: Progress) -> Checkpoint {
    Checkpoint {
        source: Some(Arc::new(SourceId {
            system_identifier: "7".into(),
            database: "shop".into(),
            slot: "slot".into(),
            timeline: Some(1),
        })),
        ..Checkpoint::new(progress)
    }
}

/// Reads until the log has given everything up to `progress`.
pub async fn read_to(source: &mut LogSource, progress: Progress) -> Vec<Batch> {
    let mut batches = Vec::new();
    loop {
        let batch = tokio::time::timeout(std::time::Duration::from_secs(120), source.next())
            .await
            .expect("the log gives the next batch")
            .unwrap();
        let done = batch.checkpoint.progress == progress;
        batches.push(batch);
        if done {
            return batches;
        }
    }
}

/// Waits until the log ends at `progress`: who reads it sees a commit a moment after the writer has its answer.
pub async fn end_at(settings: &LogSettings, progress: Progress) {
    let begun = std::time::Instant::now();
    loop {
        let end = LogEnd::read(settings).await.unwrap().map(|end| end.checkpoint.progress);
        if end == Some(progress) {
            return;
        }
        assert!(begun.elapsed().as_secs() < 60, "the log ends at {end:?}, not at {progress:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

pub fn events_of(batches: &[Batch]) -> Vec<Event> {
    batches.iter().flat_map(|batch| batch.events.clone()).collect()
}
