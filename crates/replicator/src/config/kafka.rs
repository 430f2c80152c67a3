//! The `kafka:` part with its defaults filled in and its secrets looked up, and what is wrong with it.

use std::collections::BTreeMap;

use cdc::{Fault, Finding};
use pgrelay_log::{DecimalFormat, Format, Kafka, OptionValue};
use transforms::SecretRef;

use super::ends::{no_word, secret};
use super::place::place_within;

/// What is wrong with the topics that are written or read, and with their formats.
pub(super) fn topics(
    kafka: &Kafka,
    (has_source, has_sink): (bool, bool),
    place: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let wrong = |key: &str, reason: &str, remedy: &str| {
        Finding::usage("file_wrong", place(key), reason).remedy(remedy)
    };
    let (_, value) = kafka.formats();
    let mut findings = Vec::new();
    if kafka.decimal_format != DecimalFormat::Base64
        && !(kafka.topics.is_empty() && kafka.writes_json())
    {
        findings.push(wrong(
            "decimal_format",
            "it says what decimal numbers look like in JSON, and no part of a record is written in JSON",
            "take it out, or write a JSON format for keys, values or headers",
        ));
    }
    if kafka.topics.is_empty() {
        if kafka.topic_prefix.is_empty() {
            findings.push(
                Finding::usage("missing_key", place("brokers"), "missing field `topic_prefix`")
                    .remedy("add topic_prefix, or, to apply what other producers wrote, topics"),
            );
        }
        findings.extend(written(kafka, has_sink, wrong));
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
            key_of(kafka.value_format, "value_format"),
            "a value of this format has no columns",
            "name a format of rows for the values; string and bytes are for key_format",
        ));
    }
    let word = kafka.written_with.unavailable_value_placeholder.as_deref();
    if word.is_some_and(|word| pgrelay_log::placeholder_word(word).is_none()) {
        findings.push(no_word(place("unavailable_value_placeholder")));
    }
    let patterns = pgrelay_log::check_topic_patterns(&kafka.topics);
    findings.extend(patterns.map(|finding| Finding { place: place("topics"), ..finding }));
    findings
}

/// The key of the file that says a format.
fn key_of(own: Option<Format>, key: &'static str) -> &'static str {
    if own.is_some() { key } else { "format" }
}

/// What is wrong with the formats of what is written under a prefix.
fn written(
    kafka: &Kafka,
    has_sink: bool,
    wrong: impl Fn(&str, &str, &str) -> Finding,
) -> Vec<Finding> {
    let (key, value) = kafka.formats();
    let mut findings = Vec::new();
    for (format, own) in [
        (key, key_of(kafka.key_format, "key_format")),
        (value, key_of(kafka.value_format, "value_format")),
    ] {
        if !format.is_written() {
            findings.push(wrong(
                own,
                "a record's key and its row are structs, and Connect's ByteArrayConverter takes a column of bytes alone",
                "write json, json_schemas, string, avro, debezium_json or debezium_json_schemas; bytes is for the keys of `topics`",
            ));
        }
    }
    if has_sink && value.is_written() && !value.is_enveloped() {
        findings.push(wrong(
            key_of(kafka.value_format, "value_format"),
            "the half that applies reads the log by its envelopes, and this format has none",
            "write debezium_json, debezium_json_schemas or avro; or apply the topics by a second pipeline, with topics: and written_with:, and without source:",
        ));
    }
    findings.dedup();
    findings
}

/// The options of librdkafka with their secrets looked up; those that what is promised depends on are refused.
pub(super) fn client_options(
    kafka: &Kafka,
    place: &str,
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, String> {
    let owned = |name: &String| pgrelay_log::owned_option(name, format!("{place}.options"));
    findings.extend(kafka.options.keys().filter_map(owned));
    option_values(&kafka.options, place, "options", findings)
}

fn option_values(
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
