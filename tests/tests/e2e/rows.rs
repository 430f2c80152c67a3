//! Rows without envelopes: one pipeline writes them, another applies their topics, and both ends are equal.

use std::sync::Arc;

use anyhow::{Result, ensure};
use e2e::{Cluster, Mode, Pair, Pipeline, Psql, Topics};
use serde_json::{Value, json};
use stack::Kafka;

const TABLES: &str = "
    CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, note text, born date, at timestamptz, seen timestamp,
        cents numeric(10,2), any_cents numeric, photo bytea, tags text[], extra jsonb, f double precision, ok boolean);
    ALTER TABLE people ALTER note SET STORAGE EXTERNAL;
    CREATE TABLE places (day date, code text, price numeric(6,2), seen timestamp, v text, PRIMARY KEY (day, code, price, seen));
    CREATE TABLE emptied (id int PRIMARY KEY);";

const ROWS: &str = "
    INSERT INTO people VALUES (1, 'Ä \"q\"', repeat('n', 3000), '2024-02-29', '2024-01-02 03:04:05.6+01', '1969-12-31 23:59:59.999999',
        -12.30, 1e-20, '\\x00ff', '{a,NULL,\"b c\"}', '{\"a\": [1, 2.50]}', 1e20, false);
    INSERT INTO people (id, name) VALUES (2, '');
    INSERT INTO places SELECT '2024-01-02', c, 1.50, '2024-01-02 03:04:05.678901', c FROM unnest(ARRAY['a,b=', 'x}', '']) c;
    INSERT INTO emptied VALUES (1), (2);";

const CHANGES: [&str; 4] = [
    // An update and a change of key, of a row whose note is not sent.
    "UPDATE people SET name = 'new' WHERE id = 1; UPDATE people SET id = 10 WHERE id = 1; UPDATE people SET ok = true WHERE id = 10;",
    "BEGIN; INSERT INTO people (id, name) VALUES (3, 'three'), (4, 'four'); UPDATE people SET id = id + 100 WHERE id > 2; DELETE FROM people WHERE id = 103; COMMIT;",
    "UPDATE places SET code = code || '!', price = -0.05, day = 'infinity' WHERE code <> ''; DELETE FROM places WHERE code = '';",
    "DELETE FROM people WHERE id = 2; INSERT INTO people (id, name) VALUES (2, 'again'); DELETE FROM places WHERE code = 'x}!';",
];

/// Both ends of two pipelines.
struct Stage {
    kafka: Kafka,
    /// Both databases go with it.
    _pair: Pair,
    source: Psql,
    target: Psql,
    writer: Pipeline,
    reader: Pipeline,
}

impl Stage {
    fn new(written: &Value, read: &Value) -> Result<Stage> {
        let kafka = Kafka::shared()?;
        let pair = Pair::new(Arc::new(Cluster::shared()?))?;
        let (mut source, mut target) = (pair.source()?, pair.target()?);
        for end in [&mut source, &mut target] {
            end.run(TABLES)?;
            end.run("SET timezone = 'UTC';")?;
        }
        let name = format!("{}_w", pair.name);
        let mut writer = Pipeline::named(&pair, &Mode::Kafka(kafka.bootstrap()), &name)?;
        writer.change(&json!({ "sink": null, "kafka": written }).to_string())?;
        let mut topics = json!({ "topics": [{ "regex": format!("{name}\\.public\\..*") }] });
        for (key, value) in read.as_object().into_iter().flatten() {
            topics[key] = value.clone();
        }
        let reader = Pipeline::of_topics(&pair, &kafka.bootstrap(), &topics)?;
        Ok(Stage { kafka, _pair: pair, source, target, writer, reader })
    }

    fn pass(&mut self) -> Result<()> {
        self.writer.until_now()?.well()?;
        self.reader.until_now()?.well()?;
        Ok(())
    }

    /// Whether these tables hold the same rows at both ends.
    fn same(&mut self, tables: &[&str]) -> Result<()> {
        for table in tables {
            let sql = format!("SELECT * FROM {table} ORDER BY {table};");
            let (source, target) = (self.source.run(&sql)?, self.target.run(&sql)?);
            ensure!(source == target, "{table}: {source:?} became {target:?}");
        }
        Ok(())
    }

    /// How many records there are in the tables' topics.
    fn records(&self) -> Result<usize> {
        let topics = Topics::read(&self.kafka.bootstrap(), &self.writer.name, true)?;
        let own = topics.records.iter().filter(|(topic, _)| !topic.starts_with("__"));
        Ok(own.map(|(_, records)| records.len()).sum())
    }
}

fn there_and_back(written: &Value, read: &Value) -> Result<()> {
    let mut stage = Stage::new(written, read)?;
    stage.source.run(ROWS)?;
    stage.pass()?;
    stage.same(&["people", "places", "emptied"])?;
    for sql in CHANGES {
        stage.source.run(sql)?;
        stage.pass()?;
        stage.same(&["people", "places"])?;
    }
    let records = stage.records()?;
    stage.pass()?;
    ensure!(stage.records()? == records, "records came twice");
    // Everything once more leaves the same rows.
    stage.target.run("DELETE FROM pgrelay.checkpoints;")?;
    stage.reader.until_now()?.well()?;
    stage.same(&["people", "places"])?;
    // A truncate has no record, and that is said.
    stage.source.run("TRUNCATE emptied; INSERT INTO emptied VALUES (3);")?;
    stage.pass()?;
    ensure!(stage.records()? == records + 1, "{} records", stage.records()?);
    let said = &stage.writer.said;
    for word in ["a truncate has no record", "public.emptied", "lsn="] {
        ensure!(said.contains(word), "nothing of {word}: {said}");
    }
    ensure!(stage.target.run("SELECT id FROM emptied ORDER BY id;")? == ["1", "2", "3"]);
    Ok(())
}

#[test]
fn rows_with_schemas_go_through_the_topics_of_another_pipeline() -> Result<()> {
    let format = json!({ "format": "json_schemas" });
    there_and_back(&format, &format)
}

#[test]
fn rows_with_keys_that_are_text_do_so_too() -> Result<()> {
    let format = json!({ "format": "json", "key_format": "string" });
    there_and_back(&format, &format)
}

#[test]
fn rows_with_keys_of_another_kind_of_json_do_so_too() -> Result<()> {
    let format = json!({ "key_format": "json", "value_format": "json_schemas" });
    there_and_back(&format, &format)
}

/// `check` names what will be missing: truncates, and keys that would not tell rows apart.
#[test]
fn what_rows_alone_cannot_say_is_named_before() -> Result<()> {
    let format = json!({ "format": "json", "key_format": "string" });
    let mut stage = Stage::new(&format, &format)?;
    let checked = stage.writer.command(&["check"])?.well()?;
    for word in
        ["truncates_left_out", "public.emptied, public.people, public.places", "ops: [truncate]"]
    {
        ensure!(checked.said.contains(word), "nothing of {word}: {}", checked.said);
    }
    stage
        .writer
        .change("transforms: [{ filter: { drop: { tables: [public.p*], ops: [truncate] } } }]")?;
    let checked = stage.writer.command(&["check"])?.well()?;
    ensure!(checked.said.contains("the rows of public.emptied ["), "{}", checked.said);
    stage.writer.change("transforms: [{ filter: { drop: { ops: [truncate] } } }]")?;
    let checked = stage.writer.command(&["check"])?.well()?;
    ensure!(!checked.said.contains("truncates_left_out"), "{}", checked.said);
    stage.source.run(
        "CREATE TABLE photos (of bytea PRIMARY KEY); INSERT INTO photos VALUES ('a'), ('b');",
    )?;
    let checked = stage.writer.command(&["check"])?;
    ensure!(!checked.status.success() && checked.said.contains("column of"), "{}", checked.said);
    let halted = stage.writer.until_now()?;
    ensure!(
        !halted.status.success() && halted.said.contains("binary_handling_mode"),
        "{}",
        halted.said
    );
    stage.writer.change("source: { postgres: { binary_handling_mode: hex } }")?;
    stage.writer.until_now()?.well()?;
    Ok(())
}
