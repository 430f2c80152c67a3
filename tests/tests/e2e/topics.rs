//! Topics of other producers, applied: rows alone and change events, plain and with schemas, and what is refused.

use std::sync::Arc;

use anyhow::{Result, ensure};
use e2e::{Cluster, LIMIT, Pair, Pipeline, Producer, Psql};
use serde_json::json;
use stack::Kafka;

/// A target, a producer, and the name of everything in it.
struct Stage {
    kafka: Kafka,
    pair: Pair,
    producer: Producer,
}

impl Stage {
    fn new() -> Result<Stage> {
        let kafka = Kafka::shared()?;
        let producer = Producer::new(&kafka.bootstrap())?;
        Ok(Stage { kafka, pair: Pair::new(Arc::new(Cluster::shared()?))?, producer })
    }

    /// The topic of a table of `public`.
    fn topic(&self, table: &str) -> String {
        format!("{}.public.{table}", self.pair.name)
    }

    fn pipeline(&self, kafka: &serde_json::Value) -> Result<Pipeline> {
        let mut all = json!({ "topics": [{ "regex": format!("{}\\..*", self.pair.name) }] });
        for (key, value) in kafka.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        Pipeline::of_topics(&self.pair, &self.kafka.bootstrap(), &all)
    }
}

fn rows(psql: &mut Psql, sql: &str) -> Result<String> {
    Ok(psql.run(sql)?.join("; "))
}

const PEOPLE: &str = "CREATE TABLE people (id int PRIMARY KEY, name text, born date, seen timestamp(3), at timestamptz, \
    cents numeric(10,2), photo bytea, tags text[], extra jsonb, added int DEFAULT 7);";

#[test]
fn rows_without_schemas_are_read_by_the_targets_columns() -> Result<()> {
    let stage = Stage::new()?;
    let mut target = stage.pair.target()?;
    let topic = stage.topic("people");
    target.run(PEOPLE)?;
    stage.producer.create(&topic, 1)?;
    let full = r#"{"id":1,"name":"Ä \"q\"","born":19000,"seen":1700000000123,"at":"2024-01-02T03:04:05Z","cents":"MDk=","photo":"AP8=","tags":["a",null,"b c"],"extra":{"k":[1,2.50]}}"#;
    stage.producer.texts(&topic, &[
        (r#"{"id":1}"#, full),
        (r#"{"id":2}"#, r#"{"id":2,"name":"two","born":"2024-02-29","seen":"2024-02-29T01:02:03.5","cents":"12.50","extra":"{\"a\": 1}"}"#),
        (r#"{"id":3}"#, r#"{"name":"the key has the id"}"#),
        (r#"{"id":4}"#, r#"{"id":4,"name":"gone"}"#),
        (r#"{"id":4}"#, ""),
        (r#"{"id":5}"#, r#"{"id":5,"name":"gone, too"}"#),
        (r#"{"id":5}"#, r#"{"id":5,"name":null,"__deleted":"true"}"#),
        (r#"{"id":2}"#, r#"{"id":2,"name":"new","extra":"__debezium_unavailable_value"}"#),
    ])?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    pipeline.until_now()?.well()?;
    let all = "SELECT * FROM people ORDER BY id;";
    let wanted = r#"1 | Ä "q" | 2022-01-08 | 2023-11-14 22:13:20.123 | 2024-01-02 03:04:05+00 | 123.45 | \x00ff | {a,NULL,"b c"} | {"k": [1, 2.50]} | 7; "#.to_owned()
        + r#"2 | new | 2024-02-29 | 2024-02-29 01:02:03.5 | NULL | 12.50 | NULL | NULL | {"a": 1} | 7; "#
        + "3 | the key has the id | NULL | NULL | NULL | NULL | NULL | NULL | NULL | 7";
    target.run("SET timezone = 'UTC';")?;
    ensure!(rows(&mut target, all)? == wanted, "{}", rows(&mut target, all)?);
    // Nothing is applied twice, and nothing is left to do.
    target.run("UPDATE people SET name = 'by hand' WHERE id = 3;")?;
    pipeline.until_now()?.well()?;
    ensure!(
        rows(&mut target, "SELECT name FROM people WHERE id = 3;")? == "by hand",
        "it came twice"
    );
    // Everything once more leaves the rows that all of it made.
    target.run("DELETE FROM pgrelay.checkpoints;")?;
    pipeline.until_now()?.well()?;
    ensure!(rows(&mut target, all)? == wanted, "a replay: {}", rows(&mut target, all)?);
    pipeline.command(&["check"])?.well()?;
    let status = pipeline.command(&["status", "--listen", "127.0.0.1:1"])?.well()?;
    ensure!(status.said.contains("lag 0 records"), "{}", status.said);
    Ok(())
}

fn with_schema(fields: &str, payload: &str) -> String {
    format!(
        r#"{{"schema":{{"type":"struct","name":"t.Value","optional":false,"fields":[{fields}]}},"payload":{payload}}}"#
    )
}

#[test]
fn rows_with_schemas_make_the_table_they_go_to() -> Result<()> {
    let stage = Stage::new()?;
    let (mut target, topic) = (stage.pair.target()?, stage.topic("made"));
    stage.producer.create(&topic, 2)?;
    let fields = r#"{"field":"id","type":"int64","optional":false},
        {"field":"day","type":"int32","optional":true,"name":"org.apache.kafka.connect.data.Date","version":1},
        {"field":"at","type":"int64","optional":true,"name":"org.apache.kafka.connect.data.Timestamp","version":1},
        {"field":"n","type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}},
        {"field":"f","type":"double","optional":true},{"field":"ok","type":"boolean","optional":true,"default":true},
        {"field":"list","type":"array","items":{"type":"int32","optional":true},"optional":true},
        {"field":"z","type":"string","optional":true,"name":"io.debezium.time.ZonedTimestamp","version":1}"#;
    let key = |id: i32| {
        format!(
            r#"{{"schema":{{"type":"struct","name":"t.Key","optional":false,"fields":[{{"field":"id","type":"int64","optional":false}}]}},"payload":{{"id":{id}}}}}"#
        )
    };
    let one = with_schema(
        fields,
        r#"{"id":1,"day":19000,"at":1700000000123,"n":"MDk=","f":1.5,"ok":null,"list":[1,null],"z":"2024-01-02T03:04:05.600000Z"}"#,
    );
    let two = with_schema(
        r#"{"field":"id","type":"int64","optional":false},{"field":"late","type":"string","optional":true}"#,
        r#"{"id":2,"late":"new column"}"#,
    );
    let send = |partition, id, value: Option<&str>| {
        stage.producer.send(&topic, partition, Some(key(id).as_bytes()), value.map(str::as_bytes))
    };
    send(0, 1, Some(&one))?;
    send(1, 2, Some(&two))?;
    send(1, 3, Some(&two.replace("\"id\":2", "\"id\":3")))?;
    send(1, 3, None)?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json_schemas" }))?;
    pipeline.until_now()?.well()?;
    target.run("SET timezone = 'UTC';")?;
    let found =
        rows(&mut target, "SELECT id, day, at, n, f, ok, list, z, late FROM made ORDER BY id;")?;
    let wanted = "1 | 2022-01-08 | 2023-11-14 22:13:20.123 | 123.45 | 1.5 | NULL | {1,NULL} | 2024-01-02 03:04:05.6+00 | NULL; \
        2 | NULL | NULL | NULL | NULL | NULL | NULL | NULL | new column";
    ensure!(found == wanted, "{found}");
    let types = rows(
        &mut target,
        "SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'made'::regclass AND attnum > 0;",
    )?;
    ensure!(
        types
            == "bigint,date,timestamp(3) without time zone,numeric,double precision,boolean,integer[],timestamp with time zone,text",
        "{types}"
    );
    Ok(())
}

#[test]
fn keys_of_text_name_the_row_of_a_key_of_one_column() -> Result<()> {
    let stage = Stage::new()?;
    let (mut target, topic) = (stage.pair.target()?, stage.topic("words"));
    target.run("CREATE TABLE words (word text PRIMARY KEY, n int); CREATE TABLE two (a int, b int, PRIMARY KEY (a, b));")?;
    stage.producer.create(&topic, 1)?;
    stage.producer.texts(&topic, &[("one", r#"{"n":1}"#), ("two", r#"{"n":2}"#), ("one", "")])?;
    let mut pipeline =
        stage.pipeline(&json!({ "key_format": "string", "value_format": "json" }))?;
    pipeline.until_now()?.well()?;
    ensure!(rows(&mut target, "SELECT * FROM words;")? == "two | 2");
    stage.producer.create(&stage.topic("two"), 1)?;
    stage.producer.texts(&stage.topic("two"), &[("canary", r#"{"a":1,"b":2}"#)])?;
    let said = pipeline.until_now()?.halted("record_without_key")?.said;
    ensure!(said.contains("partition 0, offset 0") && !said.contains("canary"), "{said}");
    Ok(())
}

/// An envelope of a plain change event.
fn event(op: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"before":{before},"after":{after},"source":{{"schema":"public","table":"t","ts_ms":1}},"op":"{op}","ts_ms":2}}"#
    )
}

#[test]
fn change_events_without_schemas_are_applied_in_the_order_of_their_partition() -> Result<()> {
    let stage = Stage::new()?;
    let (mut target, topic) = (stage.pair.target()?, stage.topic("t"));
    target.run("CREATE TABLE t (id int PRIMARY KEY, a text, d date, big text);")?;
    stage.producer.create(&topic, 1)?;
    let (new, old) = (("__debezium.newkey", &b"{}"[..]), ("__debezium.oldkey", &b"{}"[..]));
    let send = |id: i32, value: Option<String>, header: Option<(&str, &[u8])>| {
        let headers: Vec<_> = header.into_iter().collect();
        stage.producer.send_with(
            &topic,
            0,
            Some(format!("{{\"id\":{id}}}").as_bytes()),
            value.as_deref().map(str::as_bytes),
            &headers,
        )
    };
    send(1, Some(event("r", "null", r#"{"id":1,"a":"x","d":1,"big":"large"}"#)), None)?;
    send(
        1,
        Some(event("u", "null", r#"{"id":1,"a":"y","d":2,"big":"__debezium_unavailable_value"}"#)),
        None,
    )?;
    let gone = event("d", r#"{"id":1,"a":null,"d":null,"big":null}"#, "null");
    let moved =
        event("c", "null", r#"{"id":2,"a":"z","d":3,"big":"__debezium_unavailable_value"}"#);
    for _ in 0..2 {
        // A producer that starts again sends its last records again.
        send(1, Some(gone.clone()), Some(new))?;
        send(1, None, Some(new))?;
        send(2, Some(moved.clone()), Some(old))?;
    }
    send(3, Some(event("c", "null", r#"{"id":3,"a":"c","d":null,"big":"b"}"#)), None)?;
    send(3, Some(event("d", r#"{"id":3,"a":null,"d":null,"big":null}"#, "null")), None)?;
    send(3, None, None)?;
    stage.producer.send(
        &topic,
        0,
        None,
        Some(br#"{"op":"m","source":{},"message":{"prefix":"p"}}"#),
    )?;
    stage.producer.send(&topic, 0, None, Some(br#"{"status":"BEGIN","id":"7"}"#))?;
    let mut pipeline = stage.pipeline(&json!({}))?;
    pipeline.until_now()?.well()?;
    ensure!(
        rows(&mut target, "SELECT * FROM t ORDER BY id;")? == "2 | z | 1970-01-04 | large",
        "{:?}",
        target.run("SELECT * FROM t;")?
    );
    stage.producer.send(&topic, 0, None, Some(event("t", "null", "null").as_bytes()))?;
    pipeline.until_now()?.well()?;
    ensure!(target.value("SELECT count(*) FROM t;")? == "0", "no truncate");
    // The delete of this one is not in its partition.
    send(4, Some(moved), Some(old))?;
    pipeline.until_now()?.halted("record_without_value").map(drop)
}

#[test]
fn what_cannot_be_read_halts_at_its_place_and_shows_no_value() -> Result<()> {
    let stage = Stage::new()?;
    let (mut target, topic) = (stage.pair.target()?, stage.topic("t"));
    target.run("CREATE TABLE t (id int PRIMARY KEY, d date, n numeric(10,2));")?;
    stage.producer.create(&topic, 1)?;
    stage.producer.texts(
        &topic,
        &[
            (r#"{"id":1}"#, &event("c", "null", r#"{"id":1}"#)),
            (r#"{"id":2}"#, r#"{"op":"c","after":{"id":2,"d":"canary"}"#),
        ],
    )?;
    let mut pipeline = stage.pipeline(&json!({}))?;
    let said = pipeline.until_now()?.halted("kafka_record_malformed")?.said;
    let place = format!("Kafka topic {topic}, partition 0, offset 1, value, byte ");
    ensure!(
        said.contains(&place) && said.contains("debezium_json") && !said.contains("canary"),
        "{said}"
    );
    ensure!(rows(&mut target, "SELECT id FROM t;")? == "1", "what was before it is not applied");
    for (value, code, wanted) in [
        (
            event("c", "null", r#"{"id":2,"n":"1234"}"#),
            "kafka_record_malformed",
            "decimal_handling_mode",
        ),
        (event("c", "null", r#"{"id":2,"d":true}"#), "kafka_record_malformed", "column d"),
        (event("c", "null", r#"{"id":2,"other":"canary"}"#), "target_column_missing", "other"),
        (
            event("c", "null", r#"{"id":2}"#).replace("\"t\"", "\"u\""),
            "target_table_missing",
            "public.u",
        ),
        (
            r#"{"schema":{"type":"canary"},"payload":null}"#.to_owned(),
            "kafka_record_malformed",
            "debezium_json_schemas",
        ),
    ] {
        stage.producer.delete(&topic)?;
        stage.producer.create(&topic, 1)?;
        target.run("DELETE FROM pgrelay.checkpoints;")?;
        stage.producer.texts(&topic, &[(r#"{"id":2}"#, &value)])?;
        let said = pipeline.until_now()?.halted(code)?.said;
        ensure!(
            said.contains(wanted) && said.contains("offset 0") && !said.contains("canary"),
            "{said}"
        );
    }
    Ok(())
}

#[test]
fn a_log_that_is_not_what_the_target_was_fed_from_halts() -> Result<()> {
    let stage = Stage::new()?;
    let (mut target, topic) = (stage.pair.target()?, stage.topic("t"));
    target.run("CREATE TABLE t (id int PRIMARY KEY);")?;
    stage.producer.create(&topic, 1)?;
    let record = |id: i32| stage.producer.texts(&topic, &[(&format!("{{\"id\":{id}}}"), "{}")]);
    (1..=3).try_for_each(record)?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    pipeline.until_now()?.well()?;
    (4..=6).try_for_each(record)?;
    stage.producer.cut_off(&topic, 5)?;
    pipeline.until_now()?.halted("kafka_log_start")?;
    pipeline.command(&["check"])?.halted("kafka_log_start")?;
    stage.producer.delete(&topic)?;
    stage.producer.create(&topic, 1)?;
    record(1)?;
    pipeline.until_now()?.halted("kafka_topic_recreated")?;
    pipeline.remove()?;
    pipeline.until_now()?.well()?;
    ensure!(target.value("SELECT count(*) FROM t;")? == "3");
    // A checkpoint of another kind of pipeline is not taken for one of this.
    target
        .run("UPDATE pgrelay.checkpoints SET checkpoint = '{\"after\":{\"end_lsn\":\"0/1\"}}';")?;
    pipeline.until_now()?.halted("checkpoint_of_another_source").map(drop)
}

#[test]
fn a_topic_made_anew_that_has_grown_longer_halts() -> Result<()> {
    let stage = Stage::new()?;
    let (mut target, topic) = (stage.pair.target()?, stage.topic("t"));
    target.run("CREATE TABLE t (id int PRIMARY KEY);")?;
    stage.producer.create(&topic, 1)?;
    let record = |id: i32| stage.producer.texts(&topic, &[(&format!("{{\"id\":{id}}}"), "{}")]);
    (1..=3).try_for_each(record)?;
    let mut pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    pipeline.until_now()?.well()?;
    record(4)?;
    // The record it stopped at is there again.
    pipeline.until_now()?.well()?;
    stage.producer.delete(&topic)?;
    stage.producer.create(&topic, 1)?;
    (11..=17).try_for_each(record)?;
    let said = pipeline.until_now()?.halted("kafka_topic_recreated")?.said;
    let place = format!("Kafka topic {topic}, partition 0, offset 3");
    ensure!(said.contains(&place) && said.contains("pgrelay drop"), "{said}");
    pipeline.command(&["check"])?.halted("kafka_topic_recreated")?;
    ensure!(target.value("SELECT count(*) FROM t;")? == "4");
    // Where that record is gone nothing tells, and what is left is read.
    stage.producer.cut_off(&topic, 4)?;
    pipeline.until_now()?.well()?;
    ensure!(target.value("SELECT count(*) FROM t;")? == "7");
    pipeline.remove()?;
    pipeline.until_now()?.well()?;
    // A checkpoint of an older pgrelay has no record to compare with.
    target.run("UPDATE pgrelay.checkpoints SET checkpoint = checkpoint #- '{log,last}';")?;
    record(18)?;
    pipeline.until_now()?.well()?;
    ensure!(target.value("SELECT count(*) FROM t WHERE id = 18;")? == "1");
    Ok(())
}

#[test]
fn new_topics_and_new_partitions_are_read_while_it_runs() -> Result<()> {
    let stage = Stage::new()?;
    let mut target = stage.pair.target()?;
    target.run("CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY);")?;
    stage.producer.create(&stage.topic("one"), 1)?;
    stage.producer.texts(&stage.topic("one"), &[("{\"id\":1}", "{}")])?;
    let pipeline = stage.pipeline(&json!({ "format": "json" }))?;
    let mut serving = pipeline.serve(&[])?;
    let mut wait = |table: &str, count: &str| {
        let waited = stack::wait::until(&format!("{count} rows of {table}"), LIMIT, "", || {
            let found = target.value(&format!("SELECT count(*) FROM {table};"));
            Ok(found.is_ok_and(|found| found == count).then_some(()))
        });
        waited.map_err(|error| anyhow::anyhow!("{error}: {}", serving.said().unwrap_or_default()))
    };
    wait("one", "1")?;
    stage.producer.create(&stage.topic("two"), 2)?;
    stage.producer.send(&stage.topic("two"), 1, Some(b"{\"id\":1}"), Some(b"{}"))?;
    wait("two", "1")?;
    stage.producer.grow(&stage.topic("one"), 3)?;
    stage.producer.send(&stage.topic("one"), 2, Some(b"{\"id\":2}"), Some(b"{}"))?;
    wait("one", "2")?;
    serving.stop()?.well().map(drop)
}
