//! What `pgrelay check` asks of topics of other producers, and what is known wrong before that.

use std::sync::Arc;

use cdc::{Checkpoint, Fault, Finding};

use super::dead_letters::{compacted, forgets};
use super::partitions::Patterns;
use super::witness;
use crate::admin::{self, TopicSpec};
use crate::check::too_small;
use crate::config::{LogSettings, TopicPattern};
use crate::error::LogError;
use crate::registrar::Registrar;
use crate::sink::blocking;
use crate::{client, lane, scan};

/// What is wrong with the patterns of a pipeline file.
pub fn check_topic_patterns(list: &[TopicPattern]) -> Option<Finding> {
    Patterns::new(list).err()
}

/// Whether a topic is one of those that are read.
pub fn reads_topic(list: &[TopicPattern], topic: &str) -> bool {
    Patterns::new(list).is_ok_and(|patterns| patterns.has(topic))
}

/// Whether the dead letter topic is there or would be made, and what is wrong with it.
pub async fn check_dead_letters(settings: &LogSettings) -> (Option<String>, Vec<Finding>) {
    let Some(topic) = settings.dead_letter_topic.clone() else { return (None, Vec::new()) };
    let settings = settings.clone();
    match blocking(move || inspect_dead_letters(&settings, &topic)).await {
        Ok((said, findings)) => (Some(said), findings),
        Err(error) => (None, vec![error.finding()]),
    }
}

fn inspect_dead_letters(
    settings: &LogSettings,
    topic: &String,
) -> Result<(String, Vec<Finding>), LogError> {
    let names = std::slice::from_ref(topic);
    if admin::partitions(&client::consumer(settings)?, settings, names)?.is_empty() {
        admin::would_create(settings, &[&TopicSpec::dead_letters(topic, settings)])?;
        return Ok((format!("topic {topic} is made at the start, for dead letters"), Vec::new()));
    }
    let mut findings: Vec<Finding> = compacted(settings, topic)?.into_iter().collect();
    findings.extend(too_small(settings, &admin::setting(settings, names, "max.message.bytes")?));
    findings.extend(forgets(settings, topic)?);
    Ok((format!("topic {topic} is there, for dead letters"), findings))
}

/// Everything that stands in the way of a pipeline that reads these topics, and whose target stands at `after`.
pub async fn check_topics(settings: &LogSettings, after: Option<&Checkpoint>) -> Vec<Finding> {
    let (settings, after) = (settings.clone(), after.cloned());
    let result = blocking(move || {
        let mut findings = Vec::new();
        if settings.kafka.needs_registry() {
            let tried = Registrar::new(&settings).try_it();
            findings.extend(tried.err().map(|error| error.finding()));
        }
        inspect(&settings, after.as_ref(), &mut findings)?;
        Ok(findings)
    })
    .await;
    result.unwrap_or_else(|error| vec![error.finding()])
}

fn inspect(
    settings: &LogSettings,
    after: Option<&Checkpoint>,
    findings: &mut Vec<Finding>,
) -> Result<(), LogError> {
    let consumer = client::consumer(settings)?;
    let patterns = Patterns::new(&settings.kafka.topics)?;
    let there = patterns.there(&consumer, settings)?;
    for name in patterns.names().iter().filter(|name| !there.contains_key(name.as_str())) {
        findings.push(missing(name));
    }
    if there.is_empty() && patterns.names().is_empty() {
        findings.push(
            Finding::warning("kafka_topic_missing", "kafka.topics", "no topic has a name that matches")
                .remedy("See whether the regular expressions are for the whole of a name. A topic that is made later is read from then on."),
        );
    }
    let place = after.and_then(|after| after.log.as_deref());
    let mut bounded = Vec::new();
    for (topic, partitions) in &place.map(|place| place.ends.clone()).unwrap_or_default() {
        for (&partition, &next) in partitions.iter().filter(|_| there.contains_key(topic)) {
            let (low, high) = scan::watermarks(&consumer, settings, topic, partition)?;
            bounded.push((Arc::clone(topic), partition, (low, high)));
            if next < low {
                let lost = lane::past_retention(settings, topic, partition, (next, low));
                findings.push(lost.finding());
            }
        }
    }
    if let Some(place) = place {
        let compared = witness::compare(settings, place, &bounded);
        findings.extend(compared.err().map(|error| error.finding()));
    }
    Ok(())
}

fn missing(topic: &str) -> Finding {
    Finding::outside("kafka_topic_missing", format!("Kafka topic {topic}"), "the topic is not there, or the pipeline's user may not see it")
        .remedy("Spell its name as the broker does, let its producer make it, or give the user the right to describe and read it.")
}
