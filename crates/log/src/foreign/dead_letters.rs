//! Records that cannot be read, set aside: their own bytes, headers and time, unless that is 0, into a topic for them.
//!
//! A dead letter is durable before an offset behind its record is given away, so none is lost. After a crash between the
//! two it comes once more.

use std::collections::BTreeMap;
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
        if let Some(finding) = forgets(settings, &topic)? {
            tracing::warn!(pipeline = %settings.pipeline, code = finding.code, place = %finding.place, reason = %finding.reason, remedy = %finding.remedy, run = %finding.statement, "look at the dead letter topic");
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
        self.hand.send(record).map_err(|error| {
            // What the brokers refused is an earlier one: `settle` says whose.
            let is_earlier = self.hand.delivered().error.is_some();
            if is_earlier { error } else { of_records(&place.text(), error) }
        })?;
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
        self.hand.drain().map_err(|error| of_records(&spans(&self.sent), error))?;
        Meter::add(&meter.dead_letters, self.sent.len() as u64);
        for Sent { topic, partition, offset, reason } in self.sent.drain(..) {
            let (pipeline, dead_letter_topic) = (&self.pipeline, &self.topic);
            tracing::warn!(%pipeline, %topic, partition, offset, %dead_letter_topic, reason, "a record cannot be read, and was set aside");
        }
        Ok(())
    }
}

/// A refusal with the records before its place: the brokers tell the dead letter topic alone.
fn of_records(records: &str, error: LogError) -> LogError {
    match error {
        LogError::Refused(finding) => finding.within(&format!("dead letter of {records}")).into(),
        error => error,
    }
}

/// Where the records are, one span of offsets for each partition.
fn spans(sent: &[Sent]) -> String {
    let mut spans: BTreeMap<(&str, i32), (i64, i64)> = BTreeMap::new();
    for Sent { topic, partition, offset, .. } in sent {
        let (first, last) = spans.entry((topic, *partition)).or_insert((*offset, *offset));
        (*first, *last) = ((*first).min(*offset), (*last).max(*offset));
    }
    let told = spans.iter().map(|((topic, partition), (first, last))| {
        format!("Kafka topic {topic}, partition {partition}, offsets {first} to {last}")
    });
    told.collect::<Vec<_>>().join("; ")
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

/// A warning where the topic loses dead letters in time: they keep the times of their records. Blocks.
pub(super) fn forgets(settings: &LogSettings, topic: &str) -> Result<Option<Finding>, LogError> {
    let kept = admin::setting(settings, &[topic.to_owned()], "retention.ms")?;
    let limit = kept.get(topic).filter(|millis| *millis != "-1");
    Ok(limit.map(|millis| {
        Finding::warning(
            "dead_letters_forgotten",
            format!("Kafka topic {topic}"),
            format!("its retention.ms is {millis}, and a dead letter keeps the time of its record: one of an older record goes as soon as it came"),
        )
        .remedy("Let the topic keep dead letters until somebody has seen to them.")
        .run(configs_command(settings, topic, "retention.ms=-1"))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_records_by_partition() {
        let sent = [("b", 0, 3), ("a", 1, 9), ("a", 1, 4), ("a", 0, 7)];
        let sent = sent.map(|(topic, partition, offset)| Sent {
            topic: topic.into(),
            partition,
            offset,
            reason: String::new(),
        });
        assert_eq!(
            spans(&sent),
            "Kafka topic a, partition 0, offsets 7 to 7; Kafka topic a, partition 1, offsets 4 to 9; \
            Kafka topic b, partition 0, offsets 3 to 3"
        );
    }
}
