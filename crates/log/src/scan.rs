//! Reading one of our own topics from its beginning, or its end, to where it ends now.

use std::time::{Duration, Instant};

use cdc::Finding;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::client::{self, ASK_LIMIT, Said};
use crate::config::LogSettings;
use crate::error::{Asking, LogError};

/// A record of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanned<'a> {
    pub(crate) offset: i64,
    pub(crate) key: &'a [u8],
    pub(crate) value: Option<&'a [u8]>,
}

/// Reads partition 0 of `topic` from its beginning to its end. Blocks.
pub(crate) fn whole(
    settings: &LogSettings,
    topic: &str,
    take: impl FnMut(Scanned<'_>) -> Result<(), LogError>,
) -> Result<(), LogError> {
    partition(settings, topic, 0, take)
}

/// The same of any partition.
pub(crate) fn partition(
    settings: &LogSettings,
    topic: &str,
    partition: i32,
    take: impl FnMut(Scanned<'_>) -> Result<(), LogError>,
) -> Result<(), LogError> {
    let consumer = client::consumer(settings)?;
    // An offset that is asked for by name makes the client wait half a second for the partition's leader.
    let (low, high) = watermarks(&consumer, settings, topic, partition)?;
    if low == high {
        return Ok(());
    }
    from(&consumer, settings, (topic, partition), Offset::Offset(low), take)
}

/// What `take` makes of the last record of partition 0 of `topic` that has a value and of which it makes something.
/// Blocks.
pub(crate) fn last<T>(
    settings: &LogSettings,
    topic: &str,
    mut take: impl FnMut(Scanned<'_>) -> Result<Option<T>, LogError>,
) -> Result<Option<T>, LogError> {
    let consumer = client::consumer(settings)?;
    let (low, high) = watermarks(&consumer, settings, topic, 0)?;
    let mut step = 8;
    loop {
        // The markers that end a transaction take offsets too, so the last record is not at the last one.
        let start = (high - step).max(low);
        let mut last = None;
        if start < high {
            from(&consumer, settings, (topic, 0), Offset::Offset(start), |record| {
                if record.value.is_some() {
                    last = take(record)?.or(last.take());
                }
                Ok(())
            })?;
        }
        if last.is_some() || start <= low {
            return Ok(last);
        }
        step *= 8;
    }
}

/// The first offset of a partition, and the one behind its last committed record.
pub(crate) fn watermarks(
    consumer: &BaseConsumer<Said>,
    settings: &LogSettings,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), LogError> {
    consumer.fetch_watermarks(topic, partition, ASK_LIMIT).map_err(|error| {
        client::explain(consumer, Asking::new(settings, "ask for offsets", topic), &error)
    })
}

fn from(
    consumer: &BaseConsumer<Said>,
    settings: &LogSettings,
    (topic, partition): (&str, i32),
    start: Offset,
    mut take: impl FnMut(Scanned<'_>) -> Result<(), LogError>,
) -> Result<(), LogError> {
    let asking = Asking::new(settings, "read", topic);
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset(topic, partition, start)
        .and_then(|()| consumer.assign(&assignment))
        .map_err(|error| asking.error(&error))?;
    let mut heard = Instant::now();
    loop {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                heard = Instant::now();
                take(Scanned {
                    offset: message.offset(),
                    key: message.key().unwrap_or_default(),
                    value: message.payload(),
                })?;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {
                return consumer.unassign().map_err(|error| asking.error(&error));
            }
            Some(Err(error)) if is_passing(&error) => {
                consumer.context().note(&error, &error.to_string());
            }
            Some(Err(error)) => return Err(asking.error(&error)),
            None => {}
        }
        if heard.elapsed() > ASK_LIMIT * 3 {
            let error = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
            return Err(consumer.context().explain(asking, &error));
        }
    }
}

/// Errors that the client mends by itself, and rights that an assigned consumer does not need.
pub(crate) fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::Resolve
                | Code::OperationTimedOut
                | Code::RequestTimedOut
                | Code::GroupAuthorizationFailed
        )
    )
}

/// A record of ours that does not read as one.
pub(crate) fn unreadable(topic: &str, offset: i64, what: &str) -> LogError {
    Finding::failed(
        "kafka_record_unreadable",
        format!("Kafka topic {topic}, partition 0, offset {offset}"),
        format!("the record is not {what}"),
    )
    .remedy("Something else writes to this topic, or a newer pgrelay did: see who may, and update.")
    .into()
}
