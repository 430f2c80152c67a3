//! The last record that was applied of each partition, read once more: where another one is at its offset the topic was
//! made anew, or lost its end, and its first records would be passed over.
//!
//! The client does not tell topics of one name apart, so the record's time does. Where retention or compaction has
//! removed the record nothing is said.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cdc::{Finding, LastRecord, LogPlace};
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::client::{self, ASK_LIMIT, Said};
use crate::config::LogSettings;
use crate::error::{Asking, LogError};
use crate::lane::{Lane, Met};
use crate::scan;

/// What is asked for is one record: the client need not hold more of each partition.
const FETCHED_BYTES: &str = "65536";
const QUEUED_KBYTES: &str = "64";

/// A partition, its first offset and the one behind its last record.
pub(super) type Bounded = (Arc<str>, i32, (i64, i64));

/// Compares what the target has of these partitions with what is there. Blocks.
pub(super) fn compare(
    settings: &LogSettings,
    place: &LogPlace,
    partitions: &[Bounded],
) -> Result<(), LogError> {
    let known: Vec<(&Bounded, LastRecord)> = partitions
        .iter()
        .filter_map(|bounded| {
            let (topic, partition, (low, high)) = bounded;
            let last = *place.last.get(topic)?.get(partition)?;
            (*low..*high).contains(&last.offset).then_some((bounded, last))
        })
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    let consumer: BaseConsumer<Said> = client::consumer_config(settings)?
        .set("fetch.message.max.bytes", FETCHED_BYTES)
        .set("queued.max.messages.kbytes", QUEUED_KBYTES)
        .create_with_context(Said::default())
        .map_err(|error| Asking::new(settings, "connect", "").error(&error))?;
    let consumer = Arc::new(consumer);
    let mut waiting = Vec::with_capacity(known.len());
    for ((topic, partition, _), last) in known {
        let lane = Lane::open(settings, &consumer, topic, *partition, last.offset)?;
        waiting.push((lane, last));
    }
    read(settings, &consumer, waiting)
}

fn read(
    settings: &LogSettings,
    consumer: &BaseConsumer<Said>,
    mut waiting: Vec<(Lane, LastRecord)>,
) -> Result<(), LogError> {
    let mut heard = Instant::now();
    loop {
        let count = waiting.len();
        let mut still = Vec::new();
        for (mut lane, last) in waiting {
            if !is_done(settings, &mut lane, last)? {
                still.push((lane, last));
            }
        }
        waiting = still;
        let Some((lane, _)) = waiting.first() else { return Ok(()) };
        if waiting.len() < count {
            heard = Instant::now();
            continue;
        }
        let asking = Asking::new(settings, "read", &lane.topic);
        if let Some(Err(error)) = consumer.poll(Duration::from_millis(10)) {
            if !scan::is_passing(&error) {
                return Err(asking.error(&error));
            }
            consumer.context().note(&error, &error.to_string());
        }
        if heard.elapsed() > ASK_LIMIT * 3 {
            return Err(asking.broker("the last record that was applied did not come"));
        }
    }
}

/// Whether there was an answer; refuses another record.
fn is_done(settings: &LogSettings, lane: &mut Lane, last: LastRecord) -> Result<bool, LogError> {
    let (mut done, mut other) = (false, None);
    let result = lane.next(settings, Duration::ZERO, |met| {
        done = !matches!(met, Met::Nothing);
        if let Met::Record(message) = met
            && message.offset() == last.offset
        {
            other = message.timestamp().filter(|millis| *millis != last.millis);
        }
        Ok(())
    });
    match (result, other) {
        // Retention came first.
        (Err(LogError::Refused(finding)), _) if finding.code == "kafka_log_start" => Ok(true),
        (Err(error), _) => Err(error),
        (Ok(()), Some(millis)) => Err(recreated(&lane.topic, lane.partition, last, millis)),
        (Ok(()), None) => Ok(done),
    }
}

fn recreated(topic: &str, partition: i32, last: LastRecord, millis: i64) -> LogError {
    Finding::failed(
        "kafka_topic_recreated",
        format!("Kafka topic {topic}, partition {partition}, offset {}", last.offset),
        format!("the record here is not the one the target was fed: its timestamp is {millis}, and that of the other was {}", last.millis),
    )
    .remedy("The topic was deleted and made anew, or has lost records. Copy the tables again: run `pgrelay drop` for the pipeline and start it with emptied target tables.")
    .into()
}
