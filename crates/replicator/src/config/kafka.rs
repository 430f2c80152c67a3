//! The `kafka:` part with its defaults filled in and its secrets looked up, and what is wrong with it.

use std::collections::BTreeMap;

use cdc::{Fault, Finding};
use pgrelay_log::{Format, Kafka, OptionValue};
use transforms::SecretRef;

use super::ends::secret;
use super::place::place_within;

/// What is wrong with the topics that are written or read, and with their formats.
pub(super) fn topics(
    kafka: &Kafka,
    has_source: bool,
    place: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let wrong = |key: &str, reason: &str, remedy: &str| {
        Finding::usage("file_wrong", place(key), reason).remedy(remedy)
    };
    let (_, value) = kafka.formats();
    let mut findings = Vec::new();
    if kafka.topics.is_empty() {
        if kafka.topic_prefix.is_empty() {
            findings.push(
                Finding::usage("missing_key", place("brokers"), "missing field `topic_prefix`")
                    .remedy("add topic_prefix, or, to apply what other producers wrote, topics"),
            );
        }
        for (key, format) in [
            ("format", Some(kafka.format)),
            ("key_format", kafka.key_format),
            ("value_format", kafka.value_format),
        ] {
            if format.is_some_and(|format| !format.is_written() || key != "format") {
                findings.push(wrong(
                    key,
                    "this format is only read, from `topics`",
                    "write format: debezium_json, debezium_json_schemas or avro",
                ));
            }
        }
        return findings;
    }
    if !kafka.topic_prefix.is_empty() {
        findings.push(wrong("topic_prefix", "a pipeline reads what a capture half wrote under a prefix, or topics of other producers", "leave out topic_prefix or topics"));
    }
    if has_source {
        findings.push(wrong(
            "topics",
            "topics of other producers belong to a pipeline without a source",
            "take out `source`, or write topic_prefix instead",
        ));
    }
    if matches!(value, Format::String | Format::Bytes) {
        findings.push(wrong(
            if kafka.value_format.is_some() { "value_format" } else { "format" },
            "a value of this format has no columns",
            "name a format of rows for the values; string and bytes are for key_format",
        ));
    }
    let patterns = pgrelay_log::check_topic_patterns(&kafka.topics);
    findings.extend(patterns.map(|finding| Finding { place: place("topics"), ..finding }));
    findings
}

pub(super) fn option_values(
    options: &BTreeMap<String, OptionValue>,
    place: &str,
    section: &str,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (name, value) in options {
        let value = match value {
            OptionValue::Switch(switch) => Some(switch.to_string()),
            OptionValue::Number(number) => Some(number.to_string()),
            OptionValue::Text(_) if is_secret(name) => {
                findings.push(
                    Finding::usage(
                        "secret_in_file",
                        format!("{place}.{section}"),
                        format!("`{name}` is written into the file"),
                    )
                    .remedy(format!(
                        "write `{name}: {{ env: NAME }}` or `{name}: {{ file: PATH }}`"
                    )),
                );
                None
            }
            OptionValue::Text(text) => Some(text.clone()),
            OptionValue::Env { env } => secret(&SecretRef::Env(env.clone()), place, findings),
            OptionValue::File { file } => secret(&SecretRef::File(file.clone()), place, findings),
        };
        values.extend(value.map(|value| (name.clone(), value)));
    }
    values
}

/// The schema registry with its secrets, which a format needs or not.
pub(super) fn registry(
    kafka: &Kafka,
    file: &str,
    text: &str,
    findings: &mut Vec<Finding>,
) -> Option<schema_registry::Settings> {
    let Some(registry) = &kafka.schema_registry else {
        if kafka.needs_registry() {
            findings.push(
                Finding::usage(
                    "missing_key",
                    place_within(file, text, "kafka", "format"),
                    "format avro needs a schema registry",
                )
                .remedy("add schema_registry: { url: http://host:port } under kafka:"),
            );
        }
        return None;
    };
    let place = place_within(file, text, "kafka", "schema_registry");
    let secrets = [("user", &registry.user), ("password", &registry.password)];
    let secrets = secrets.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value)).collect();
    let mut values = option_values(&secrets, &place, "schema_registry", findings);
    let settings = schema_registry::Settings {
        url: registry.url.clone(),
        user: values.remove("user"),
        password: values.remove("password"),
        ca_file: registry.ca_file.clone(),
    };
    if let Err(error) = settings.base() {
        let finding = error.finding();
        findings.push(Finding { place: format!("{place}.url"), ..finding });
    }
    Some(settings)
}

/// Whether librdkafka's setting holds a secret.
fn is_secret(name: &str) -> bool {
    ["password", "secret", "pem"].iter().any(|word| name.contains(word))
        && !name.ends_with(".location")
}
