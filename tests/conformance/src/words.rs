//! Debezium's properties in the words of a pipeline file.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::case::{Case, HEARTBEAT_NAME};
use crate::converters;
use crate::lists::COLUMN_LISTS;
use crate::properties::JSON;

/// The converter of a key or value that is text.
pub(crate) const STRING: &str = "org.apache.kafka.connect.storage.StringConverter";

/// The converter of a key or value that is Avro.
pub(crate) const AVRO: &str = "io.apicurio.registry.utils.converter.AvroConverter";

/// Whether updates that change no column are left out.
pub(crate) const UNCHANGED: &str = "skip.messages.without.change";

/// Properties of `source.postgres` with the same words, whose value is a text.
const TEXTS: [&str; 10] = [
    "decimal.handling.mode",
    "binary.handling.mode",
    "time.precision.mode",
    "interval.handling.mode",
    "hstore.handling.mode",
    "unavailable.value.placeholder",
    "message.key.columns",
    "schema.name.adjustment.mode",
    "field.name.adjustment.mode",
    "heartbeat.action.query",
];
/// The same whose value is a list.
const LISTS: [&str; 4] = [
    "message.prefix.include.list",
    "snapshot.include.collection.list",
    "column.propagate.source.type",
    "datatype.propagate.source.type",
];
/// The same whose value is a number.
const NUMBERS: [&str; 3] =
    ["heartbeat.interval.ms", "money.fraction.digits", "xmin.fetch.interval.ms"];
/// The same that are switches.
const SWITCHES: [&str; 2] = ["provide.transaction.metadata", "include.unknown.datatypes"];
/// What no record shows. A name that ends with a dot stands for all that begin with it.
const UNSEEN: [&str; 50] = [
    "connection.validation.timeout.ms",
    "custom.metric.tags",
    "database.",
    "driver.",
    "errors.",
    "event.processing.failure.handling.mode",
    "executor.shutdown.timeout.ms",
    "extended.headers.enabled",
    "flush.lsn.source",
    "guardrail.",
    "incremental.",
    "internal.",
    "legacy.snapshot.max.threads",
    "lsn.flush.",
    "max.batch.size",
    "max.queue.size",
    "max.queue.size.in.bytes",
    "notification.",
    "offset.",
    "openlineage.",
    "poll.dispatch.interval.ms",
    "poll.interval.ms",
    "producer.override.",
    "publication.autocreate.mode",
    // The case's own is read as it is.
    "publication.name",
    "query.fetch.size",
    "queue.provider.type",
    "read.only",
    "replica.identity.autoset.values",
    "retriable.restart.connector.wait.ms",
    "schema.refresh.mode",
    // Without `signal.data.collection`, whose rows are read by Debezium, nobody signals in a run.
    "signal.emit.",
    "signal.enabled.channels",
    "signal.file",
    "signal.kafka.",
    "signal.poll.interval.ms",
    "slot.",
    "snapshot.delay.ms",
    "snapshot.fetch.size",
    "snapshot.isolation.mode",
    "snapshot.lock.timeout.ms",
    "snapshot.locking.mode",
    "snapshot.max.threads",
    "snapshot.max.threads.multiplier",
    // Each statement has a property of its own.
    "snapshot.select.statement.overrides",
    "statistics.",
    "status.update.interval.ms",
    "streaming.delay.ms",
    "topic.cache.size",
    "topic.creation.",
];
/// What the run itself says to both sides.
const OF_THE_RUN: [&str; 13] = [
    "name",
    "connector.class",
    "tasks.max",
    "topic.prefix",
    "database.hostname",
    "database.port",
    "database.user",
    "database.password",
    "database.dbname",
    "database.server.name",
    "slot.name",
    "slot.drop.on.stop",
    "bootstrap.servers",
];
/// Debezium's defaults, where they are all there is.
const DEFAULTS: [(&str, &str); 7] = [
    ("event.converting.failure.handling.mode", "warn"),
    ("include.schema.comments", "false"),
    ("plugin.name", "pgoutput"),
    ("snapshot.query.mode", "select_all"),
    ("topic.delimiter", "."),
    ("topic.naming.strategy", "io.debezium.schema.SchemaTopicNamingStrategy"),
    ("table.ignore.builtin", "true"),
];

/// Whether a property is the run's to set, so that neither side is told the case's value.
pub(crate) fn is_the_runs(key: &str) -> bool {
    OF_THE_RUN.contains(&key)
}

fn is_unseen(key: &str) -> bool {
    UNSEEN.iter().any(|word| *word == key || word.ends_with('.') && key.starts_with(word))
        || is_the_runs(key)
        || COLUMN_LISTS.contains(&key)
}

/// The words of the formats of keys and of values, by the converters, of which nothing else may be told, and the
/// transform.
pub(crate) fn formats(case: &Case) -> Result<(String, String)> {
    converters::check(case)?;
    let transform = "io.debezium.transforms.ExtractNewRecordState";
    let alone = match (case.property("transforms"), case.property("transforms.unwrap.type")) {
        (None, None) => false,
        (Some("unwrap"), Some(kind)) if kind == transform => true,
        _ => bail!("transforms other than unwrap, of type {transform}, have no word"),
    };
    let format = |part: &str| {
        let class = case.property(&format!("{part}.converter")).unwrap_or(JSON);
        let schemas = case.schemas(part);
        Ok(match (class, alone, schemas) {
            (STRING, ..) => "string",
            (AVRO, false, _) => "avro",
            (JSON, true, false) => "json",
            (JSON, true, true) => "json_schemas",
            (JSON, false, false) => "debezium_json",
            (JSON, false, true) => "debezium_json_schemas",
            _ => bail!("{part}.converter={class} has no word in a pipeline file"),
        }
        .to_owned())
    };
    Ok((format("key")?, format("value")?))
}

/// The parts of a record that are Avro: their schemas are in a registry.
pub(crate) fn in_avro(case: &Case) -> impl Iterator<Item = &'static str> {
    let is = |part: &&str| case.property(&format!("{part}.converter")) == Some(AVRO);
    ["key", "value"].into_iter().filter(is)
}

/// Whether a property is told by [`formats`], or means the harness alone.
fn is_of_formats(key: &str) -> bool {
    key == "transforms" || key == "transforms.unwrap.type" || converters::part_of(key).is_some()
}

/// Writes a property into the pipeline file.
pub(crate) fn translate(key: &str, value: &str, file: &mut Value) -> Result<()> {
    if is_of_formats(key) {
        return Ok(());
    }
    let postgres = &mut file["source"]["postgres"];
    let same = key.replace('.', "_");
    if TEXTS.contains(&key) {
        postgres[same] = value.into();
    } else if LISTS.contains(&key) {
        postgres[same] = value.split(',').map(str::trim).collect();
    } else if NUMBERS.contains(&key) {
        postgres[same] = value.parse::<u64>()?.into();
    } else if SWITCHES.contains(&key) && matches!(value, "true" | "false") {
        postgres[same] = (value == "true").into();
    } else if DEFAULTS.contains(&(key, value)) {
        return Ok(());
    } else {
        return in_other_words(key, value, file);
    }
    Ok(())
}

fn in_other_words(key: &str, value: &str, file: &mut Value) -> Result<()> {
    let postgres = &mut file["source"]["postgres"];
    match (key, value) {
        ("snapshot.mode", "never") => postgres["snapshot"] = "no_data".into(),
        ("snapshot.mode", "initial" | "initial_only" | "no_data" | "when_needed" | "always") => {
            postgres["snapshot"] = value.into();
        }
        ("message.prefix.exclude.list", list) => {
            postgres["message_prefix_include_list"] = Value::Null;
            postgres["message_prefix_exclude_list"] = list.split(',').collect();
        }
        ("tombstones.on.delete", switch @ ("true" | "false")) => {
            file["kafka"]["tombstones"] = (switch == "true").into();
        }
        ("topic.heartbeat.prefix", name) => file["kafka"]["topic_heartbeat_prefix"] = name.into(),
        (HEARTBEAT_NAME, "") => {}
        (HEARTBEAT_NAME, name) => {
            // Debezium is told the same with its own prefix behind.
            let prefix = file["kafka"]["topic_prefix"].as_str().unwrap_or_default();
            file["kafka"]["topic_heartbeat_name"] = format!("{name}.{prefix}").into();
        }
        ("topic.transaction", name) => file["kafka"]["topic_transaction"] = name.into(),
        ("topic.creation.default.partitions", n) => {
            file["kafka"]["partitions"] = n.parse::<i32>()?.into();
        }
        ("skipped.operations", list) => skip(list, file)?,
        // A step behind those that drop columns.
        (UNCHANGED, "true" | "false") => {}
        // What the file is told from the catalog.
        ("publish.via.partition.root", "true" | "false") => {}
        (key, _) if is_unseen(key) => {}
        _ => match key.strip_prefix("snapshot.select.statement.overrides.") {
            Some(table) => postgres["snapshot_select_overrides"][table] = value.into(),
            None => bail!("the property {key}={value} has no word in a pipeline file"),
        },
    }
    Ok(())
}

/// What Debezium skips, a filter does.
fn skip(list: &str, file: &mut Value) -> Result<()> {
    let word = |letter: &str| match letter.trim() {
        "c" => Ok("create"),
        "u" => Ok("update"),
        "d" => Ok("delete"),
        "t" => Ok("truncate"),
        _ => bail!("skipped.operations={list} has another letter than c, u, d and t"),
    };
    if list != "none" {
        let ops = list.split(',').map(word).collect::<Result<Vec<_>>>()?;
        step(json!({ "filter": { "drop": { "ops": ops } } }), file);
    }
    Ok(())
}

/// One step more in the chain.
pub(crate) fn step(step: Value, file: &mut Value) {
    match &mut file["transforms"] {
        Value::Array(steps) => steps.push(step),
        transforms => *transforms = json!([step]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_translated_or_refused_by_name() {
        let told = |key: &str, value: &str| {
            let mut file =
                json!({ "kafka": { "topic_prefix": "p" }, "source": { "postgres": {} } });
            translate(key, value, &mut file).map(|()| file)
        };
        for (key, value) in [
            ("poll.dispatch.interval.ms", "5"),
            ("connection.validation.timeout.ms", "1000"),
            ("snapshot.max.threads.multiplier", "2"),
            ("queue.provider.type", "memory"),
            ("openlineage.integration.enabled", "false"),
            ("table.ignore.builtin", "true"),
            ("include.schema.comments", "false"),
            ("event.converting.failure.handling.mode", "warn"),
            ("signal.poll.interval.ms", "1000"),
            ("topic.heartbeat.name", ""),
        ] {
            let file = told(key, value).unwrap();
            assert!(file["source"]["postgres"].as_object().unwrap().is_empty(), "{key}");
        }
        for (key, value) in [
            ("table.ignore.builtin", "false"),
            ("include.schema.comments", "true"),
            ("event.converting.failure.handling.mode", "fail"),
            ("signal.data.collection", "public.signals"),
        ] {
            assert!(told(key, value).unwrap_err().to_string().contains(key), "{key}");
        }
        let file = told("topic.heartbeat.name", "beats").unwrap();
        assert_eq!(file["kafka"]["topic_heartbeat_name"], "beats.p");
    }
}
