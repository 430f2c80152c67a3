//! Records that cannot be read, set aside: as they were, before anything behind them is committed, and nothing else.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::{Cluster, LIMIT, Pair, Pipeline, Producer, Psql, Record, Topics};
use serde_json::{Value, json};
use stack::{Kafka, Registry};

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, d date);";

/// A target, a producer, and a pipeline that sets aside what it cannot read.
struct Stage {
    kafka: Kafka,
    pair: Pair,
    producer: Producer,
    topic: String,
    dead: String,
}

impl Stage {
    fn new() -> Result<Stage> {
        let kafka = Kafka::shared()?;
        let producer = Producer::new(&kafka.bootstrap())?;
        let pair = Pair::new(Arc::new(Cluster::shared()?))?;
        let (topic, dead) = (format!("{}.public.t", pair.name), format!("dead.{}", pair.name));
        pair.target()?.run(TABLE)?;
        producer.create(&topic, 1)?;
        Ok(Stage { kafka, pair, producer, topic, dead })
    }

    fn pipeline(&self, kafka: &Value) -> Result<Pipeline> {
        let mut all = json!({ "topics": [self.topic] });
        for (key, value) in kafka.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        let mut pipeline = Pipeline::of_topics(&self.pair, &self.kafka.bootstrap(), &all)?;
        pipeline
            .change(&format!("errors: {{ tolerate: data, dead_letter_topic: {} }}", self.dead))?;
        Ok(pipeline)
    }

    fn records(&self, topic: &str) -> Result<Vec<Record>> {
        let topics = Topics::read(&self.kafka.bootstrap(), &self.pair.name, true)?;
        Ok(topics.records.get(topic).cloned().unwrap_or_default())
    }

    /// The dead letters, each once: they come at least once.
    fn letters(&self) -> Result<Vec<Record>> {
        let mut seen = HashSet::new();
        let records = self.records(&self.dead)?.into_iter();
        Ok(records.filter(|record| seen.insert(said(record, "offset"))).collect())
    }

    /// The offsets of the records that were set aside.
    fn set_aside(&self) -> Result<Vec<String>> {
        Ok(self.letters()?.iter().map(|record| said(record, "offset")).collect())
    }

    fn good(&self, id: i32) -> Result<()> {
        self.producer.texts(&self.topic, &[(&format!("{{\"id\":{id}}}"), "{\"d\":1}")])
    }

    fn bad(&self, key: &str, value: &str) -> Result<()> {
        self.producer.texts(&self.topic, &[(key, value)])
    }

    fn ids(&self, target: &mut Psql) -> Result<String> {
        target.value("SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM t;")
    }
}

/// What one of Connect's headers says.
fn said(record: &Record, name: &str) -> String {
    let name = format!("__connect.errors.{name}");
    let found = record.headers.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

#[test]
fn what_cannot_be_read_is_set_aside_as_it_was_and_the_rest_arrives() -> Result<()> {
    let stage = Stage::new()?;
    let mut target = stage.pair.target()?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    let checked = pipeline.command(&["check"])?.well()?.said;
    let acl = format!("--operation Write --topic '{}'", stage.dead);
    let made = format!("topic {} is made at the start, for dead letters", stage.dead);
    ensure!(checked.contains(&acl) && checked.contains(&made), "{checked}");
    stage.good(1)?;
    let headers: [(&str, &[u8]); 3] = [("a", b"1"), ("b", &[0, 255]), ("a", b"")];
    let (key, value) = (Some(&b"{\"id\":10}"[..]), Some(&b"{\"d\":\"canary\xff"[..]));
    stage.producer.send_with(&stage.topic, 0, key, value, &headers)?;
    stage.bad("canary", "{\"d\":1}")?;
    stage.good(2)?;
    stage.bad("{\"id\":11}", "{\"d\":[\"canary\"]}")?;
    stage.producer.send(&stage.topic, 0, None, None)?;
    stage.good(3)?;
    let run = pipeline.until_now()?.well()?.said;
    ensure!(stage.ids(&mut target)? == "1 2 3", "{}", stage.ids(&mut target)?);
    ensure!(!run.contains("canary") && run.matches("was set aside").count() >= 4, "{run}");
    let (before, dead) = (stage.records(&stage.topic)?, stage.letters()?);
    let stages = ["VALUE_CONVERTER", "KEY_CONVERTER", "TASK_PUT", "VALUE_CONVERTER"];
    ensure!(dead.len() == stages.len(), "{dead:?}");
    for ((letter, offset), stage_of) in dead.iter().zip([1, 2, 4, 5]).zip(stages) {
        let original = &before[offset];
        ensure!((&letter.key, &letter.value) == (&original.key, &original.value), "{letter:?}");
        ensure!(letter.timestamp == original.timestamp, "{letter:?}");
        let own = original.headers.len();
        ensure!(letter.headers[..own] == original.headers[..], "{letter:?}");
        ensure!(letter.headers.len() == own + 9, "{letter:?}");
        let told = ["topic", "partition", "offset", "connector.name", "task.id", "stage"];
        let told = told.map(|name| said(letter, name));
        let offset = offset.to_string();
        ensure!(told == [&stage.topic, "0", &offset, &pipeline.name, "0", stage_of], "{told:?}");
        let message = said(letter, "exception.message");
        let place = format!("Kafka topic {}, partition 0, offset {offset}", stage.topic);
        ensure!(message.starts_with(&place) && !message.contains("canary"), "{message}");
    }
    ensure!(said(&dead[0], "exception.message").contains("value, byte 12: format json"));
    ensure!(
        said(&dead[2], "exception.message").contains("column d: a value for a column of type date")
    );
    let checked = pipeline.command(&["check"])?.well()?.said;
    ensure!(
        checked.contains("is there, for dead letters") && checked.contains("0 warnings"),
        "{checked}"
    );
    Ok(())
}

#[test]
fn a_new_start_goes_on_behind_the_dead_letters_and_none_halts_at_the_next() -> Result<()> {
    let stage = Stage::new()?;
    let mut target = stage.pair.target()?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    stage.bad("{\"id\":1}", "canary")?;
    pipeline.until_now()?.well()?;
    ensure!(stage.set_aside()? == ["0"], "{:?}", stage.set_aside()?);
    stage.good(1)?;
    stage.bad("{\"id\":2}", "canary")?;
    let mut serving = pipeline.serve(&[])?;
    stack::wait::until("the dead letter", LIMIT, "", || {
        Ok(serving.get("/metrics").is_ok_and(|said| counted(&said) >= Some(1)).then_some(()))
    })
    .with_context(|| serving.said().unwrap_or_default())?;
    // Committed is the dead letter with what is behind it.
    stage.good(2)?;
    stack::wait::until("the row behind it", LIMIT, "", || {
        Ok(stage.ids(&mut target).is_ok_and(|ids| ids == "1 2").then_some(()))
    })?;
    serving.stop()?.well()?;
    ensure!(stage.set_aside()? == ["0", "2"], "{:?}", stage.set_aside()?);
    pipeline.change("errors: { tolerate: none }")?;
    stage.bad("{\"id\":3}", "canary")?;
    stage.good(4)?;
    pipeline.until_now()?.halted("kafka_record_malformed")?;
    ensure!(stage.ids(&mut target)? == "1 2" && stage.set_aside()?.len() == 2);
    pipeline.change("errors: { tolerate: data }")?;
    pipeline.until_now()?.well()?;
    ensure!(stage.ids(&mut target)? == "1 2 4" && stage.set_aside()? == ["0", "2", "4"]);
    Ok(())
}

/// How many dead letters there were since the process began.
fn counted(metrics: &str) -> Option<u64> {
    let line = metrics.lines().find(|line| line.starts_with("pgrelay_dead_letters_total{"))?;
    line.split_whitespace().last()?.parse().ok()
}

/// What is behind a dead letter waits for a lock in the target, and the process dies meanwhile.
#[test]
fn a_dead_letter_is_there_before_anything_behind_it_is_committed() -> Result<()> {
    let stage = Stage::new()?;
    let (mut target, mut other) = (stage.pair.target()?, stage.pair.target()?);
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    stage.good(1)?;
    pipeline.until_now()?.well()?;
    target.run("BEGIN; LOCK TABLE t;")?;
    stage.bad("{\"id\":2}", "canary")?;
    stage.good(3)?;
    let mut serving = pipeline.serve(&[])?;
    let waited = stack::wait::until("the dead letter", LIMIT, "", || {
        Ok(stage.set_aside().is_ok_and(|offsets| offsets == ["1"]).then_some(()))
    });
    waited.with_context(|| serving.said().unwrap_or_default())?;
    serving.kill()?;
    target.run("ROLLBACK;")?;
    ensure!(stage.ids(&mut other)? == "1", "it was committed under a lock");
    pipeline.until_now()?.well()?;
    ensure!(stage.ids(&mut target)? == "1 3");
    // At least once.
    ensure!(stage.set_aside()? == ["1"], "{:?}", stage.set_aside()?);
    ensure!(stage.records(&stage.dead)?.len() >= 2, "{:?}", stage.records(&stage.dead)?);
    Ok(())
}

#[test]
fn a_dead_letter_that_cannot_be_written_halts_and_nothing_is_skipped() -> Result<()> {
    let stage = Stage::new()?;
    let mut target = stage.pair.target()?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    let small = ["--config", "max.message.bytes=1000", "--config", "retention.ms=-1"];
    stage.kafka.create_topic(&stage.dead, 1, &small)?;
    // Too large in whatever compression.
    let noise: String =
        (1..1000_u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    stage.bad("{\"id\":1}", &format!("canary{noise}"))?;
    stage.good(2)?;
    for _ in 0..2 {
        let run = pipeline.until_now()?.halted("kafka_record_too_large")?.said;
        let of = format!("dead letter of Kafka topic {}, partition 0, offsets 0 to 0", stage.topic);
        let command = format!("--entity-name '{}' ", stage.dead);
        ensure!(run.contains(&of) && run.contains(&command) && !run.contains("canary"), "{run}");
        ensure!(stage.ids(&mut target)?.is_empty(), "it was skipped");
    }
    pipeline.command(&["check"])?.halted("kafka_record_too_large")?;
    stage.producer.delete(&stage.dead)?;
    pipeline.until_now()?.well()?;
    ensure!(stage.ids(&mut target)? == "2" && stage.set_aside()? == ["0"]);
    stage.producer.delete(&stage.dead)?;
    stage.kafka.create_topic(&stage.dead, 1, &["--config", "retention.ms=86400000"])?;
    let run = pipeline.until_now()?.well()?.said;
    ensure!(run.contains("dead_letters_forgotten"), "{run}");
    stage.producer.delete(&stage.dead)?;
    stage.kafka.create_topic(&stage.dead, 1, &["--config", "cleanup.policy=compact"])?;
    stage.good(3)?;
    pipeline.until_now()?.halted("kafka_topic_compacted")?;
    Ok(())
}

#[test]
fn what_is_not_wrong_in_the_record_halts_as_without_dead_letters() -> Result<()> {
    let stage = Stage::new()?;
    let mut target = stage.pair.target()?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    stage.bad("{\"id\":1}", "{\"other\":\"canary\"}")?;
    pipeline.until_now()?.halted("target_column_missing")?;
    target.run("ALTER TABLE t ADD other int;")?;
    // A text may be a number: the target says that this one is none.
    pipeline.until_now()?.halted("type_mismatch")?;
    target.run("ALTER TABLE t ALTER other TYPE text, ADD CHECK (id > 1);")?;
    pipeline.until_now()?.halted("constraint_violation")?;
    ensure!(stage.set_aside()?.is_empty(), "{:?}", stage.set_aside()?);
    Ok(())
}

/// A change of key is a delete and an insert behind it: where that cannot be read, another is not taken for it.
#[test]
fn a_delete_is_not_paired_with_an_insert_behind_a_dead_letter() -> Result<()> {
    let stage = Stage::new()?;
    let mut target = stage.pair.target()?;
    target.run("ALTER TABLE t ADD big text; INSERT INTO t VALUES (1, NULL, 'large');")?;
    let send = |key: &str, value: &str, header: &str| {
        let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
        stage.producer.send_with(&stage.topic, 0, key, value, &[(header, b"{}")])
    };
    let inserted = r#"{"op":"c","before":null,"after":{"id":2,"d":null,"big":"__debezium_unavailable_value"}}"#;
    send("{\"id\":1}", r#"{"op":"d","before":{"id":1},"after":null}"#, "__debezium.newkey")?;
    send("{\"id\":3}", "canary", "__debezium.oldkey")?;
    send("{\"id\":2}", inserted, "__debezium.oldkey")?;
    let mut pipeline = stage.pipeline(&json!({ "format": "debezium_json" }))?;
    let run = pipeline.until_now()?.halted("record_without_value")?.said;
    ensure!(run.contains("partition 0, offset 2"), "{run}");
    ensure!(stage.set_aside()? == ["1"], "{:?}", stage.set_aside()?);
    ensure!(stage.ids(&mut target)?.is_empty(), "{}", stage.ids(&mut target)?);
    Ok(())
}

/// A registry that lost its schemas would make every record a dead letter.
#[test]
fn an_unknown_schema_halts_and_an_absent_registry_is_waited_for() -> Result<()> {
    let stage = Stage::new()?;
    let registry = Registry::shared()?;
    let kafka = |url: &str| json!({ "key_format": "json", "value_format": "avro", "schema_registry": { "url": url } });
    let (key, unknown) = (Some(&b"{\"id\":1}"[..]), Some(&b"\0\x7f\xff\xff\xffcanary"[..]));
    stage.producer.send(&stage.topic, 0, key, Some(b"canary"))?;
    stage.producer.send(&stage.topic, 0, key, unknown)?;
    let away = stage.pipeline(&kafka("http://127.0.0.1:1"))?;
    let mut serving = away.serve(&[])?;
    stack::wait::until("the wait for the registry", LIMIT, "", || {
        let said = serving.said().unwrap_or_default();
        Ok((said.matches("registry_unreachable").count() > 1).then_some(()))
    })?;
    serving.stop()?;
    let mut pipeline = stage.pipeline(&kafka(&registry.url()))?;
    let run = pipeline.until_now()?.halted("registry_id_unknown")?.said;
    let wanted = ["offset 1, value, byte 1", "id 2147483647"];
    ensure!(wanted.iter().all(|wanted| run.contains(wanted)) && !run.contains("canary"), "{run}");
    ensure!(stage.set_aside()? == ["0"], "{:?}", stage.set_aside()?);
    Ok(())
}
