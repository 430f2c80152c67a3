//! Which partitions of which topics a pipeline reads, and how far they reach.

use std::collections::BTreeMap;
use std::sync::Arc;

use cdc::Finding;
use rdkafka::consumer::{BaseConsumer, Consumer};
use regex::Regex;

use crate::client::{self, ASK_LIMIT, Said};
use crate::config::{LogSettings, TopicPattern};
use crate::cut::Places;
use crate::error::{Asking, LogError};
use crate::scan;
use crate::sink::blocking;

/// The topics of a pipeline file.
#[derive(Debug)]
pub(crate) struct Patterns {
    names: Vec<String>,
    regexes: Vec<Regex>,
}

impl Patterns {
    /// The topics that the file lists.
    pub(crate) fn new(list: &[TopicPattern]) -> Result<Self, Finding> {
        let (mut names, mut regexes) = (Vec::new(), Vec::new());
        for pattern in list {
            match pattern {
                TopicPattern::Name(name) => names.push(name.clone()),
                TopicPattern::Regex { regex } => {
                    regexes.push(Regex::new(&format!("^(?:{regex})$")).map_err(|error| {
                        let reason = error.to_string();
                        let reason = reason.lines().last().unwrap_or_default().to_owned();
                        Finding::usage(
                            "topic_pattern",
                            "kafka.topics",
                            format!("regex `{regex}`: {reason}"),
                        )
                        .remedy(
                            "write it as the crate regex does: no look-around, no back-references",
                        )
                    })?);
                }
            }
        }
        Ok(Self { names, regexes })
    }

    /// The topics named in full.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it is one of them.
    pub(crate) fn has(&self, topic: &str) -> bool {
        self.names.iter().any(|name| name == topic)
            || (!topic.starts_with("__") && self.regexes.iter().any(|regex| regex.is_match(topic)))
    }

    /// The topics that are there, and how many partitions each has.
    pub(crate) fn there(
        &self,
        consumer: &BaseConsumer<Said>,
        settings: &LogSettings,
    ) -> Result<BTreeMap<Arc<str>, i32>, LogError> {
        let asking = Asking::new(settings, "ask for topics", "");
        let metadata = consumer
            .fetch_metadata(None, ASK_LIMIT)
            .map_err(|error| client::explain(consumer, asking, &error))?;
        let mut found = BTreeMap::new();
        for topic in metadata.topics().iter().filter(|topic| self.has(topic.name())) {
            let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
            if topic.error().is_none() && count > 0 {
                found.insert(topic.name().into(), count);
            }
        }
        Ok(found)
    }
}

/// Where the topics of other producers end, in each partition that has records.
///
/// # Errors
/// Where the brokers do not answer.
pub async fn topic_ends(settings: &LogSettings) -> Result<Places, LogError> {
    let settings = settings.clone();
    blocking(move || ends(&settings)).await
}

fn ends(settings: &LogSettings) -> Result<Places, LogError> {
    let consumer = client::consumer(settings)?;
    let mut ends = Places::new();
    for (topic, partitions) in Patterns::new(&settings.kafka.topics)?.there(&consumer, settings)? {
        for partition in 0..partitions {
            let (low, high) = scan::watermarks(&consumer, settings, &topic, partition)?;
            if high > low {
                ends.entry(Arc::clone(&topic)).or_default().insert(partition, high);
            }
        }
    }
    Ok(ends)
}
