//! What lies in a topic of one partition.

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

const ASK_LIMIT: Duration = Duration::from_secs(10);

/// A consumer of committed records.
pub(crate) fn consumer(brokers: &str) -> Result<BaseConsumer> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "bench")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("topic.metadata.refresh.interval.ms", "200")
        .create()?)
}

/// Whether anything was ever written there.
pub(crate) fn begun(consumer: &BaseConsumer, topic: &str) -> Result<bool> {
    match consumer.fetch_watermarks(topic, 0, ASK_LIMIT) {
        Ok((_, high)) => Ok(high > 0),
        // A topic that is being made.
        Err(KafkaError::MetadataFetch(
            Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition,
        )) => Ok(false),
        Err(error) => Err(error).context(format!("ask for the end of {topic}")),
    }
}

/// How many records there are, and how many bytes their keys, values and headers are long together.
pub(crate) fn count(consumer: &BaseConsumer, topic: &str) -> Result<(u64, u64)> {
    let mut assigned = TopicPartitionList::new();
    assigned.add_partition_offset(topic, 0, Offset::Beginning)?;
    consumer.assign(&assigned)?;
    let (mut records, mut bytes) = (0, 0);
    loop {
        match consumer.poll(ASK_LIMIT).context("the topic has no end")? {
            Err(KafkaError::PartitionEOF(_)) => break,
            Err(error) => return Err(error).context(format!("read {topic}")),
            Ok(message) => {
                records += 1;
                let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
                bytes += message.payload_len() + message.key_len();
                bytes += headers
                    .map(|header| header.key.len() + header.value.map_or(0, <[u8]>::len))
                    .sum::<usize>();
            }
        }
    }
    consumer.unassign()?;
    Ok((records, bytes as u64))
}
