//! The rights a pipeline needs in Kafka, as commands to paste.

use std::fmt::Write;

use crate::config::{LogSettings, TopicPattern};

/// Who the pipeline is to the brokers, as far as its options tell.
fn principal(settings: &LogSettings) -> String {
    let user = settings.options.get("sasl.username").map_or("pgrelay", String::as_str);
    format!("User:{user}")
}

/// `kafka-acls` lines that give the pipeline's user what both halves need.
pub fn commands(settings: &LogSettings) -> String {
    let principal = principal(settings);
    let base = format!(
        "kafka-acls.sh --bootstrap-server {} --add --allow-principal '{principal}'",
        settings.bootstrap()
    );
    if !settings.kafka.topics.is_empty() {
        return reading(settings, &base);
    }
    let prefix = &settings.kafka.topic_prefix;
    let mut out = String::new();
    let mut topics = |pattern: &str, name: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "{base} --operation Create --operation Describe --operation DescribeConfigs --operation Read --operation Write --resource-pattern-type {pattern} --topic '{name}'"
        );
    };
    topics("prefixed", &format!("{prefix}."));
    topics("literal", &crate::topics::offsets_topic(prefix));
    topics("literal", &crate::topics::cuts_topic(prefix));
    topics("literal", &crate::topics::schemas_topic(prefix));
    if settings.heartbeats {
        topics("literal", &crate::topics::heartbeat_topic(&settings.kafka));
    }
    let id = settings.transactional_id();
    for id in settings.transactional_ids().iter().chain([&settings.check_id()]) {
        let _ = writeln!(
            out,
            "{base} --operation Describe --operation Write --transactional-id '{id}'"
        );
    }
    let _ = write!(out, "{base} --operation Read --group '{id}'");
    out
}

/// The lines of a pipeline that reads the topics of others, and writes none but its dead letters.
fn reading(settings: &LogSettings, base: &str) -> String {
    let names = settings.kafka.topics.iter().map(|pattern| match pattern {
        TopicPattern::Name(name) => name.as_str(),
        // The broker knows no regular expressions.
        TopicPattern::Regex { .. } => "*",
    });
    let read =
        names.map(|name| format!("{base} --operation Describe --operation Read --topic '{name}'"));
    let written = settings.dead_letter_topic.iter().map(|name| {
        format!("{base} --operation Create --operation Describe --operation DescribeConfigs --operation Write --topic '{name}'")
    });
    read.chain(written).collect::<Vec<_>>().join("\n")
}
