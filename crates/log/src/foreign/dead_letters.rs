//! Records that cannot be read, set aside: their own bytes, headers and time, into a topic for them.
//!
//! A dead letter is durable before an offset behind its record is given away, so none is lost. After a crash between the
//! two it comes once more.

use std::sync::Arc;

use cdc::{Finding, Meter};
use rdkafka::message::Header;
use rdkafka::producer::BaseRecord;

use super::unreadable::Unreadable;
use super::wrong::Place;
use crate::admin::{self, TopicSpec};
use crate::config::LogSettings;
use crate::delivery::OURS;
use crate::error::{LogError, configs_command};
use crate::hand::{Hand, Pace};
use crate::lane::MessageRef;
use crate::murmur2;

/// How many milliseconds brokers may be gone before it is said, where the file says nothing of it.
const GONE_LIMIT: &str = "30000";

/// The way to the dead letter topic.
pub(super) struct DeadLetters {
    pipeline: String,
    topic: String,
    partitions: i32,
    hand: Hand,
    /// Those that are on the way.
    sent: Vec<Sent>,
}

/// What is told of a dead letter.
struct Sent {
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    reason: String,
}

impl DeadLetters {
    /// Makes the topic where it is missing; `None` where no record is set aside. Blocks.
    pub(super) fn begin(settings: &LogSettings) -> Result<Option<Self>, LogError> {
        let Some(topic) = settings.dead_letter_topic.clone() else { return Ok(None) };
        let found = admin::ensure(settings, &[TopicSpec::dead_letters(&topic, settings)])?;
        if let Some(finding) = compacted(settings, &topic)? {
            return Err(finding.into());
        }
        let mut settings = settings.clone();
        let limits = ["message.timeout.ms", "delivery.timeout.ms"];
        if !limits.iter().any(|name| settings.options.contains_key(*name)) {
            settings.options.insert(limits[0].to_owned(), GONE_LIMIT.to_owned());
        }
        Ok(Some(Self {
            partitions: found.get(&topic).copied().unwrap_or(1),
            topic,
            hand: Hand::claim(&settings, Pace::Quick, None)?,
            pipeline: settings.pipeline,
            sent: Vec::new(),
        }))
    }

    /// Sends a record there as it is.
    pub(super) fn put(
        &mut self,
        place: &Place<'_>,
        message: &dyn MessageRef,
        unreadable: &Unreadable,
    ) -> Result<(), LogError> {
        let mut headers = message.headers();
        for (key, value) in unreadable.context(&self.pipeline, place) {
            headers = headers.insert(Header { key, value: Some(value.as_str()) });
        }
        let mut record = BaseRecord::with_opaque_to(&self.topic, OURS)
            .partition(murmur2::partition(message.key(), self.partitions))
            .headers(headers);
        (record.key, record.payload) = (message.key(), message.payload());
        record.timestamp = message.timestamp();
        self.hand.send(record).map_err(|error| of_record(place, error))?;
        self.sent.push(Sent {
            topic: place.topic.into(),
            partition: place.partition,
            offset: place.offset,
            reason: unreadable.reason(),
        });
        Ok(())
    }

    /// How many are on the way.
    pub(super) fn sent(&self) -> usize {
        self.sent.len()
    }

    /// Waits until all of them are durable, and says so.
    pub(super) fn settle(&mut self, meter: &Meter) -> Result<(), LogError> {
        if self.sent.is_empty() {
            return Ok(());
        }
        self.hand.drain()?;
        Meter::add(&meter.dead_letters, self.sent.len() as u64);
        for Sent { topic, partition, offset, reason } in self.sent.drain(..) {
            let (pipeline, dead_letter_topic) = (&self.pipeline, &self.topic);
            tracing::warn!(%pipeline, %topic, partition, offset, %dead_letter_topic, reason, "a record cannot be read, and was set aside");
        }
        Ok(())
    }
}

/// A refusal with the record before its place: the brokers tell the dead letter topic alone.
fn of_record(place: &Place<'_>, error: LogError) -> LogError {
    match error {
        LogError::Refused(finding) => {
            finding.within(&format!("dead letter of {}", place.text())).into()
        }
        error => error,
    }
}

/// A finding where the topic would lose dead letters: those with one key for the newest of them. Blocks.
pub(super) fn compacted(settings: &LogSettings, topic: &str) -> Result<Option<Finding>, LogError> {
    let kept = admin::setting(settings, &[topic.to_owned()], "cleanup.policy")?;
    let compacts = kept.get(topic).is_some_and(|policy| policy.contains("compact"));
    Ok(compacts.then(|| {
        Finding::outside(
            "kafka_topic_compacted",
            format!("Kafka topic {topic}"),
            "its cleanup.policy has compact: of the dead letters with one key it would keep the last, and it refuses those without a key",
        )
        .remedy("Let the dead letter topic keep every record.")
        .run(configs_command(settings, topic, "cleanup.policy=delete"))
    }))
}
