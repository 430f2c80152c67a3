//! What a pipeline left in Kafka, read as any consumer would.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::run::LIMIT;

const ASK_LIMIT: Duration = Duration::from_secs(60);

/// A record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; a tombstone has none.
    pub value: Option<Vec<u8>>,
    /// The values of its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its time, in milliseconds since 1970.
    pub timestamp: Option<i64>,
}

impl Record {
    /// The operation of a Debezium envelope, or `tombstone`; of a transaction's record `BEGIN`, or `END:` and how many
    /// events it counts.
    #[must_use]
    pub fn op(&self) -> String {
        let Some(value) = &self.value else { return "tombstone".to_owned() };
        let envelope: Value = serde_json::from_slice(value).unwrap_or_default();
        match (envelope["op"].as_str(), envelope["status"].as_str()) {
            (Some(op), _) => op.to_owned(),
            (None, Some("END")) => format!("END:{}", envelope["event_count"]),
            (None, status) => status.unwrap_or("?").to_owned(),
        }
    }
}

fn consumer(brokers: &str, prefix: &str, committed: bool) -> Result<BaseConsumer> {
    let isolation = if committed { "read_committed" } else { "read_uncommitted" };
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", format!("{prefix}-e2e"))
        .set("isolation.level", isolation)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true");
    config.create().context("make a consumer")
}

/// Waits until every transaction that has written by now has ended for readers, too: a commit is answered before its
/// markers are in the partitions.
fn wait_decided(
    committed: &BaseConsumer,
    all: &BaseConsumer,
    partitions: &TopicPartitionList,
) -> Result<()> {
    for place in partitions.elements() {
        let (topic, partition) = (place.topic(), place.partition());
        let end = |consumer: &BaseConsumer| {
            consumer.fetch_watermarks(topic, partition, ASK_LIMIT).map(|(_, end)| end)
        };
        let written = end(all)?;
        let what = format!("the transactions in partition {partition} of {topic} to end");
        stack::wait::until(&what, LIMIT, "", || {
            Ok(end(committed).is_ok_and(|end| end >= written).then_some(()))
        })?;
    }
    Ok(())
}

/// Every topic of one prefix, the log's own topics with it.
#[derive(Debug)]
pub struct Topics {
    /// Records by topic, in the order of each partition.
    pub records: BTreeMap<String, Vec<Record>>,
}

impl Topics {
    /// Reads all there is; `committed`: without what an aborted transaction left.
    ///
    /// # Errors
    /// What the broker said, or it does not answer.
    pub fn read(brokers: &str, prefix: &str, committed: bool) -> Result<Topics> {
        let consumer = consumer(brokers, prefix, committed)?;
        let metadata = consumer.fetch_metadata(None, ASK_LIMIT)?;
        let (within, own) = (format!("{prefix}."), format!(".{prefix}"));
        let mut assigned = TopicPartitionList::new();
        let mut records = BTreeMap::new();
        for topic in metadata.topics() {
            if topic.name().starts_with(&within) || topic.name().ends_with(&own) {
                records.insert(topic.name().to_owned(), Vec::new());
                for partition in topic.partitions() {
                    assigned.add_partition_offset(
                        topic.name(),
                        partition.id(),
                        Offset::Beginning,
                    )?;
                }
            }
        }
        if committed {
            wait_decided(&consumer, &self::consumer(brokers, prefix, false)?, &assigned)?;
        }
        consumer.assign(&assigned)?;
        let mut topics = Topics { records };
        topics.fill(&consumer, assigned.count())?;
        Ok(topics)
    }

    fn fill(&mut self, consumer: &BaseConsumer, mut open: usize) -> Result<()> {
        let begun = Instant::now();
        while open > 0 {
            if begun.elapsed() > LIMIT {
                bail!("{open} partitions have no end");
            }
            match consumer.poll(Duration::from_millis(100)) {
                None => {}
                Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
                Some(Err(error)) => return Err(error).context("read the topics"),
                Some(Ok(message)) => {
                    let header = |(name, value): (&str, Option<&[u8]>)| {
                        (name.to_owned(), value.unwrap_or_default().to_vec())
                    };
                    let headers = message.headers();
                    let headers = headers.into_iter().flat_map(|headers| headers.iter());
                    let record = Record {
                        key: message.key().map(<[u8]>::to_vec),
                        value: message.payload().map(<[u8]>::to_vec),
                        headers: headers
                            .map(|header_of| header((header_of.key, header_of.value)))
                            .collect(),
                        timestamp: message.timestamp().to_millis(),
                    };
                    self.records.entry(message.topic().to_owned()).or_default().push(record);
                }
            }
        }
        Ok(())
    }

    /// The operations of one topic, in its order.
    #[must_use]
    pub fn ops(&self, topic: &str) -> Vec<String> {
        self.records.get(topic).into_iter().flatten().map(Record::op).collect()
    }

    /// Where these bytes are found, in a key, a value or a header.
    #[must_use]
    pub fn find(&self, needle: &str) -> Option<&str> {
        let holds =
            |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        let of = |record: &Record| {
            record.key.as_deref().is_some_and(holds)
                || record.value.as_deref().is_some_and(holds)
                || record.headers.iter().any(|(_, value)| holds(value))
        };
        self.records.iter().find(|(_, records)| records.iter().any(of)).map(|(topic, _)| &**topic)
    }
}
