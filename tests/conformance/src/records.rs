//! Every record under one prefix, read as any consumer would: committed ones, from the beginning to the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use crate::avro::Schemas;
use crate::json::Json;

const ASK_LIMIT: Duration = Duration::from_secs(60);
const READ_LIMIT: Duration = Duration::from_secs(60);

/// A record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Where it lies.
    pub(crate) offset: i64,
    /// Its key.
    pub(crate) key: Option<Json>,
    /// Its value; a tombstone has none.
    pub(crate) value: Option<Json>,
    /// The schemas beside key and value, fields by name.
    pub(crate) schemas: [Option<Json>; 2],
    /// Its headers, in their order.
    pub(crate) headers: Vec<(String, Json)>,
}

impl Record {
    /// The operation of an envelope, or `tombstone`.
    pub(crate) fn op(&self) -> &str {
        match &self.value {
            None => "tombstone",
            Some(value) => value.get("op").and_then(Json::text).unwrap_or("other"),
        }
    }

    /// Whether it is the end of a transaction, in their topic.
    pub(crate) fn ends_a_transaction(&self) -> bool {
        self.value.as_ref().and_then(|value| value.get("status")?.text()) == Some("END")
    }

    /// Whether a snapshot read it.
    pub(crate) fn is_snapshot(&self) -> bool {
        let source = self.value.as_ref().and_then(|value| value.get("source"));
        let marker = source.and_then(|source| source.get("snapshot")).and_then(Json::text);
        marker.is_some_and(|marker| marker != "false")
    }
}

/// The records by topic, its name without the prefix, and partition.
pub(crate) type Topics = BTreeMap<(String, i32), Vec<Record>>;

/// Reads all there is now; the topic of heartbeats, which has the prefix behind its name, is called by what it begins
/// with.
pub(crate) fn read(
    brokers: &str,
    registry: &Schemas<'_>,
    prefix: &str,
    heartbeats: Option<&str>,
) -> Result<Topics> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", format!("{prefix}-conformance"))
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .create()?;
    let within = format!("{prefix}.");
    let beats = heartbeats.map(|heartbeats| format!("{heartbeats}.{prefix}"));
    let (mut assigned, mut beating) = (TopicPartitionList::new(), TopicPartitionList::new());
    for topic in consumer.fetch_metadata(None, ASK_LIMIT)?.topics() {
        for partition in topic.partitions() {
            let list = if topic.name().starts_with(&within) {
                &mut assigned
            } else if beats.as_deref() == Some(topic.name()) {
                &mut beating
            } else {
                continue;
            };
            list.add_partition_offset(topic.name(), partition.id(), Offset::Beginning)?;
        }
    }
    let mut topics = Topics::new();
    let mut take = |message: &BorrowedMessage<'_>| {
        let topic = message.topic().strip_prefix(&within);
        let topic = topic.or(heartbeats).unwrap_or_default().to_owned();
        let place = (topic, message.partition());
        let record = record(message, registry, prefix)
            .with_context(|| format!("{}/{} offset {}", place.0, place.1, message.offset()))?;
        topics.entry(place).or_default().push(record);
        Ok(())
    };
    until_end(&consumer, &assigned, prefix, usize::MAX, &mut take)?;
    // They go on for as long as somebody reads them.
    until_end(&consumer, &beating, prefix, 1, &mut take)?;
    Ok(topics)
}

/// Reads each partition to its end, or so many records.
fn until_end(
    consumer: &BaseConsumer,
    assigned: &TopicPartitionList,
    prefix: &str,
    mut records: usize,
    mut take: impl FnMut(&BorrowedMessage<'_>) -> Result<()>,
) -> Result<()> {
    consumer.assign(assigned)?;
    let (begun, mut open) = (Instant::now(), assigned.count());
    while open > 0 && records > 0 {
        if begun.elapsed() > READ_LIMIT {
            bail!("{open} partitions of {prefix} have no end");
        }
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(error).context("read the topics"),
            Some(Ok(message)) => {
                take(&message)?;
                records -= 1;
            }
        }
    }
    Ok(())
}

fn record(message: &BorrowedMessage<'_>, registry: &Schemas<'_>, prefix: &str) -> Result<Record> {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let header = |(name, value): (&str, Option<&[u8]>)| {
        let json = match parted(value.map(json), prefix) {
            (payload, Some(schema)) => {
                let parts = [("schema", Some(schema)), ("payload", payload)];
                let parts = parts.map(|(name, part)| (name.to_owned(), part.unwrap_or_else(null)));
                Json::Object(parts.into())
            }
            (json, None) => json.unwrap_or_else(null),
        };
        (name.to_owned(), json)
    };
    let part = |bytes: Option<&[u8]>| match bytes.filter(|bytes| Schemas::wrote(bytes)) {
        Some(avro) => registry.read(avro, prefix).map(|(json, schema)| (Some(json), Some(schema))),
        None => Ok(parted(bytes.map(json), prefix)),
    };
    let (mut key, key_schema) = part(message.key())?;
    let (mut value, value_schema) = part(message.payload())?;
    // What has to be another: both write it as the file says.
    let name = value.as_mut().and_then(|value| value.get_mut("source")?.get_mut("name"));
    let server = key.as_mut().and_then(|key| key.get_mut("serverName"));
    for name in name.into_iter().chain(server).filter(|name| name.text() == Some(prefix)) {
        *name = Json::Text("<prefix>".to_owned());
    }
    // Two slots have two horizons.
    let xmin = value.as_mut().and_then(|value| value.get_mut("source")?.get_mut("xmin"));
    for xmin in xmin.into_iter().filter(|xmin| **xmin != null()) {
        *xmin = Json::Text("<xmin>".to_owned());
    }
    for text in [&mut key, &mut value].into_iter().flatten() {
        if let Json::Text(text) = text {
            *text = text.replace(prefix, "<prefix>");
        }
    }
    if let Some(Json::List(counts)) = value.as_mut().and_then(|v| v.get_mut("data_collections")) {
        order(counts);
    }
    Ok(Record {
        offset: message.offset(),
        key,
        value,
        schemas: [key_schema, value_schema],
        headers: headers.map(|of| header((of.key, of.value))).collect(),
    })
}

/// A map's order in Debezium, that of the first events here: by name, with the messages first. Debezium has an entry for
/// each message; they are one, with the count of all.
fn order(counts: &mut Vec<Json>) {
    let name = |count: &Json| {
        let name = count.get("data_collection").and_then(Json::text).unwrap_or_default();
        (!name.to_uppercase().replace('_', "").contains("LOGICALDECODINGMESSAGE"), name.to_owned())
    };
    counts.sort_by_key(name);
    let messages = counts.iter().take_while(|count| !name(count).0).count();
    if messages > 1 {
        counts.drain(1..messages);
        if let Some(Json::Word(count)) = counts[0].get_mut("event_count") {
            *count = messages.to_string();
        }
    }
}

/// What JsonConverter wrote with `schemas.enable=true`, taken apart.
fn parted(json: Option<Json>, prefix: &str) -> (Option<Json>, Option<Json>) {
    match json {
        Some(Json::Object(mut fields))
            if fields.len() == 2
                && fields.contains_key("schema")
                && fields.contains_key("payload") =>
        {
            let schema = fields.remove("schema").map(|schema| by_name(schema, prefix));
            (fields.remove("payload"), schema)
        }
        json => (json, None),
    }
}

/// A schema whose fields stand under their names, with the facts of each under `@`. Of the two equal rows of an envelope
/// one is kept.
fn by_name(schema: Json, prefix: &str) -> Json {
    let Json::Object(facts) = schema else { return schema };
    let mut out = BTreeMap::new();
    for (name, fact) in facts {
        match (&*name, fact) {
            ("field", _) => {}
            ("fields", Json::List(fields)) => {
                let name = |field: &Json| field.get("field").cloned().unwrap_or_else(null);
                out.insert("@order".to_owned(), Json::List(fields.iter().map(name).collect()));
                for field in fields {
                    let name =
                        field.get("field").and_then(Json::text).unwrap_or_default().to_owned();
                    out.insert(name, by_name(field, prefix));
                }
            }
            ("name", Json::Text(text)) => {
                // As `schema.name.adjustment.mode=avro_unicode` has it, or as it is.
                let adjusted = prefix.replace('_', "_u005f");
                let rest = text.strip_prefix(&adjusted).or(text.strip_prefix(prefix));
                let text = rest.map_or(text.clone(), |rest| format!("<prefix>{rest}"));
                out.insert("@name".to_owned(), Json::Text(text));
            }
            ("items" | "keys" | "values", inner) => {
                out.insert(format!("@{name}"), by_name(inner, prefix));
            }
            (_, fact) => {
                out.insert(format!("@{name}"), fact);
            }
        }
    }
    if out.contains_key("before") && out.get("before") == out.get("after") {
        out.remove("before");
        let row = out.remove("after").unwrap_or_else(null);
        out.insert("row".to_owned(), row);
    }
    Json::Object(out)
}

fn null() -> Json {
    Json::Word("null".to_owned())
}

/// Bytes that are no JSON are their text.
fn json(bytes: &[u8]) -> Json {
    let text = String::from_utf8_lossy(bytes);
    Json::parse(&text).unwrap_or_else(|| Json::Text(text.into_owned()))
}
