//! Heartbeats: the topic that says the source is there, in each format, and the statement that moves an idle slot.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::{Cluster, LIMIT, Mode, Pair, Pipeline, Record, Serving, Topics};
use serde_json::{Value, json};
use stack::{Kafka, Registry};

const BEATS: &str = "
    CREATE SCHEMA beat; CREATE TABLE beat.beats (n int GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE t (id int PRIMARY KEY);";

fn until(serving: &mut Serving, what: &str, mut reached: impl FnMut() -> bool) -> Result<()> {
    let waited = stack::wait::until(what, LIMIT, "", || {
        let alive = serving.is_alive().unwrap_or(false);
        Ok((!alive || reached()).then_some(()))
    });
    ensure!(waited.is_ok() && serving.is_alive()?, "{waited:?}; it said:\n{}", serving.said()?);
    Ok(())
}

/// The heartbeats of an idle pipeline. Between two of them a reader comes to the end of the log.
fn beats(mode: &Mode, format: &str) -> Result<(String, Vec<Record>)> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let mut source = pair.source()?;
    source.run(BEATS)?;
    let mut pipeline = Pipeline::new(&pair, mode)?;
    pipeline.change("{ sink: null, source: { postgres: { heartbeat_interval_ms: 1500 } } }")?;
    pipeline.change(&format!("kafka: {{ format: {format}, partitions: 3 }}"))?;
    let brokers = mode.brokers().context("no brokers")?;
    let topic = format!("__debezium-heartbeat.{}", pair.name);
    let mut serving = pipeline.serve(&[])?;
    let read = || Ok::<_, anyhow::Error>(Topics::read(brokers, &pair.name, true)?.records);
    until(&mut serving, "three heartbeats", || {
        read().is_ok_and(|topics| topics.get(&topic).is_some_and(|beats| beats.len() >= 3))
    })?;
    serving.stop()?.well()?;
    let records = read()?.remove(&topic).context("the topic is gone")?;
    pipeline.remove()?;
    Ok((pair.name.clone(), records))
}

#[test]
fn heartbeats_are_debeziums_in_json() -> Result<()> {
    let mode = Mode::Kafka(Kafka::shared()?.bootstrap());
    for (format, schemas) in [("debezium_json", false), ("debezium_json_schemas", true)] {
        let (name, records) = beats(&mode, format)?;
        let mut last = 0;
        for record in records {
            let parse = |part: &Option<Vec<u8>>| -> Result<Value> {
                Ok(serde_json::from_slice(part.as_deref().unwrap_or_default())?)
            };
            let (mut key, mut value) = (parse(&record.key)?, parse(&record.value)?);
            if schemas {
                let names = [&key, &value].map(|part| part["schema"]["name"].clone());
                let of = |name: &str| json!(format!("io.debezium.connector.common.{name}"));
                ensure!(names == [of("ServerNameKey"), of("Heartbeat")], "{names:?}");
                (key, value) = (key["payload"].take(), value["payload"].take());
            }
            ensure!(key == json!({ "serverName": name }), "{key}");
            let at = value["ts_ms"].as_i64().context("no time")?;
            ensure!(at >= last && value.as_object().is_some_and(|fields| fields.len() == 1));
            last = at;
        }
    }
    Ok(())
}

#[test]
fn heartbeats_are_debeziums_in_avro() -> Result<()> {
    let registry = Registry::shared()?;
    let mode = Mode::Avro { brokers: Kafka::shared()?.bootstrap(), registry: registry.url() };
    let (name, records) = beats(&mode, "avro")?;
    for (part, schema, field) in
        [("key", "ServerNameKey", "serverName"), ("value", "Heartbeat", "ts_ms")]
    {
        let found = registry.latest(&format!("__debezium-heartbeat.{name}-{part}"))?;
        ensure!(found["name"] == schema && found["fields"][0]["name"] == field, "{found}");
        ensure!(found["namespace"] == "io.debezium.connector.common", "{found}");
    }
    for record in records {
        // A zero, four bytes of the schema's id, and the text with its length.
        let key = record.key.unwrap_or_default();
        ensure!(key.len() == 6 + name.len() && key.ends_with(name.as_bytes()), "{key:?}");
    }
    Ok(())
}

/// What the statement writes is not published, and yet the slot comes behind it; a connection that is lost is made anew.
#[test]
fn the_action_moves_the_slot_of_an_idle_publication() -> Result<()> {
    for mode in [Mode::Kafka(Kafka::shared()?.bootstrap()), Mode::Direct] {
        let pair = Pair::new(Arc::new(Cluster::shared()?))?;
        let mut source = pair.source()?;
        source.run(BEATS)?;
        let mut pipeline = Pipeline::new(&pair, &mode)?;
        pipeline.change("source: { postgres: { heartbeat_interval_ms: 100, heartbeat_action_query: INSERT INTO beat.beats DEFAULT VALUES } }")?;
        let mut serving = pipeline.serve(&[])?;
        until(&mut serving, "two actions", || {
            source.value("SELECT count(*) > 1 FROM beat.beats;").is_ok_and(|many| many == "t")
        })?;
        let at = source.value("SELECT pg_current_wal_flush_lsn();")?;
        let ended = source.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '% heartbeat';")?;
        ensure!(ended != "0", "{mode}: no session of heartbeats");
        let before = source.value("SELECT max(n) FROM beat.beats;")?;
        until(&mut serving, "an action after the connection was lost", || {
            let sql = format!("SELECT max(n) > {before} + 1 FROM beat.beats;");
            source.value(&sql).is_ok_and(|more| more == "t")
        })?;
        until(&mut serving, "the slot to be behind the first actions", || {
            let sql = format!(
                "SELECT confirmed_flush_lsn > '{at}' FROM pg_replication_slots WHERE slot_name = '{}';",
                pair.name
            );
            source.value(&sql).is_ok_and(|moved| moved == "t")
        })?;
        let said = serving.stop()?.well()?.said;
        ensure!(said.contains("is tried again"), "{mode}: it did not say that it lost it:\n{said}");
        pipeline.remove()?;
    }
    Ok(())
}

#[test]
fn an_action_that_is_refused_halts() -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    pair.source()?.run(BEATS)?;
    let mut pipeline = Pipeline::new(&pair, &Mode::Direct)?;
    pipeline.change(
        "source: { postgres: { heartbeat_action_query: INSERT INTO beats DEFAULT VALUES } }",
    )?;
    let unused = pipeline.serve(&[])?.wait()?.halted("heartbeat_action_query")?;
    ensure!(unused.status.code() == Some(2), "{}", unused.said);
    pipeline.change("source: { postgres: { heartbeat_interval_ms: 100 } }")?;
    pipeline.serve(&[])?.wait()?.halted("heartbeat_action_query")?;
    pipeline.remove()
}
