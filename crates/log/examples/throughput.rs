//! How fast events become records, records reach a broker, and come back: `PGRELAY_TEST_KAFKA=host:port`
//! names the broker, otherwise one is started.

#![allow(clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cdc::{Batch, Change, Sink, Source};
use common::{Writer, row, settings, sink, source, table};
use pgrelay_log::{Converter, Format, Records, SchemaIds};

const BATCH: i64 = 10_000;
const BATCHES: i64 = 100;

/// Wall time, and this process's own time: on a machine that others use only the second says much.
struct Clock {
    begun: Instant,
    cpu: f64,
}

impl Clock {
    fn start() -> Self {
        Self { begun: Instant::now(), cpu: cpu_seconds() }
    }

    fn rate(&self, n: i64) -> String {
        let (wall, cpu) = (self.begun.elapsed().as_secs_f64(), cpu_seconds() - self.cpu);
        let n = n as f64;
        format!("{:.0} k/s, {:.2} µs of CPU each", n / wall / 1e3, cpu * 1e6 / n)
    }
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

fn batches(writer: &mut Writer) -> Vec<Batch> {
    let table = table("one");
    (0..BATCHES)
        .map(|n| {
            let name = |i: i64| format!("customer number {i} of the shop");
            let changes = (0..BATCH)
                .map(|i| (&table, Change::Insert { after: row(n * BATCH + i, &name(i)) }))
                .collect();
            writer.transaction(changes)
        })
        .collect()
}

fn converter(format: Format, batches: &[Batch]) {
    let mut converter = format.converter("shop", true);
    if let Some(avro) = converter.avro() {
        let table = &batches[0].events[0].schema;
        let schema = avro.value_schema(table).unwrap();
        avro.learn(table.fingerprint(), SchemaIds { key: Some(1), value: Some(2) });
        avro.meet(2, &schema).unwrap();
    }
    let mut records = Records::default();
    let begun = Clock::start();
    let mut bytes = 0;
    for batch in batches {
        converter.begin(batch, 1);
        for event in &batch.events {
            converter.encode(event, &mut records).unwrap();
            if records.weight() > 256 * 1024 {
                bytes += records.weight();
                records.clear();
            }
        }
    }
    let n = BATCH * BATCHES;
    println!("{format:?}: encode: {}, {} bytes each", begun.rate(n), bytes as i64 / n);
    records.clear();
    let schema = Arc::clone(&batches[0].events[0].schema);
    converter.encode(&batches[0].events[0], &mut records).unwrap();
    let value = records.iter().next().unwrap().value.unwrap().to_vec();
    let begun = Clock::start();
    for _ in 0..n {
        converter.decode(&value, None, &schema).unwrap();
    }
    println!("{format:?}: decode: {}", begun.rate(n));
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut writer = Writer::new();
    let batches = batches(&mut writer);
    for format in [Format::DebeziumJson, Format::DebeziumJsonSchemas, Format::Avro] {
        converter(format, &batches);
    }
    let (settings, _broker) = settings("speed", 1);
    let mut sink = sink(&settings);
    let begun = Instant::now();
    sink.committed().await.unwrap();
    println!("claim a new log: {:?}", begun.elapsed());
    // The broker's own code is slow until it has run a while.
    let (warm, _broker) = common::settings("warm", 1);
    let mut warm = common::sink(&warm);
    warm.committed().await.unwrap();
    for batch in &batches {
        warm.write(batch).await.unwrap();
    }
    let begun = Clock::start();
    for batch in &batches {
        sink.write(batch).await.unwrap();
    }
    println!("write {BATCH} a batch: {}", begun.rate(BATCH * BATCHES));
    let table = table("one");
    let mut took: Vec<Duration> = Vec::new();
    for i in 0..1000 {
        let batch = writer.transaction(vec![(&table, Change::Insert { after: row(i, "x") })]);
        let begun = Instant::now();
        sink.write(&batch).await.unwrap();
        took.push(begun.elapsed());
    }
    took.sort();
    println!("write 1 a batch: p50 {:?}, p99 {:?}", took[500], took[990]);
    let begun = Instant::now();
    let mut sink = common::sink(&settings);
    sink.committed().await.unwrap();
    println!("claim a known log: {:?}", begun.elapsed());
    let mut source = source(&settings);
    let begun = Instant::now();
    source.start(None).await.unwrap();
    println!("start reading: {:?}", begun.elapsed());
    let begun = Clock::start();
    let mut n = 0;
    while n < BATCH * BATCHES {
        n += source.next().await.unwrap().events.len() as i64;
    }
    println!("read: {}", begun.rate(n));
}
