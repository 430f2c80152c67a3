//! Beside the real Debezium: its connector's topics applied by pgrelay, and pgrelay's topics by its JDBC sink.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, anyhow, ensure};
use e2e::{Cluster, LIMIT, Mode, Pair, Pipeline, Psql, SOURCE_ROLE, Serving};
use serde_json::{Value, json};
use stack::{Connect, Kafka, Plugin, Registry};

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// One broker, registry and worker for all tests.
struct Servers {
    kafka: Kafka,
    registry: Registry,
    connect: Connect,
}

fn servers() -> Result<&'static Servers> {
    static SERVERS: OnceLock<Result<Servers, String>> = OnceLock::new();
    let start = || -> Result<Servers> {
        let kafka = Kafka::shared()?;
        let plugins = [Plugin::JdbcSink, Plugin::AvroConverter];
        let connect = Connect::with(&kafka.bootstrap(), &plugins)?;
        Ok(Servers { registry: Registry::shared()?, connect, kafka })
    };
    let started = SERVERS.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow!("{error}"))
}

/// Columns of every kind, without what Debezium's records do not hold: the zeros behind a `numeric` without a scale, the
/// months of an interval, the zone of a `timetz`, and how long a `bit varying` is.
const TYPES: &str = "CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
    CREATE TABLE types (id bigint PRIMARY KEY, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision,
        n numeric(12,3), nv numeric, m money, t text NOT NULL DEFAULT 'none', vc varchar(10), ch char(5), bin bytea, d date,
        ti time, ti3 time(3), ts timestamp, ts3 timestamp(3), tz timestamptz, ttz timetz, iv interval, j json, jb jsonb, u uuid,
        x xml, bt bit(5), b1 bit(1), pt point, bx box, pa path, pg polygon, ci circle, ln line, ls lseg, ar int[], ta text[],
        ad date[], net inet, r int4range, e mood, o oid, ba bytea[]);";
const VALUES: &str = r#"
    INSERT INTO types VALUES (1, true, -3, 2147483647, -9223372036854775808, 1.5, 1e-300, 123456.789, 0.000123, 12.50,
        'Ä "q" \', 'vc', 'ch', '\x00ff10', '2024-02-29', '04:05:06.789012', '23:59:59.999', '2024-02-29 01:02:03.123456',
        '1969-12-31 23:59:59.5', '2024-02-29 01:02:03.6+00', '04:05:06+00', '26:00:01.5', '{"a": [1, 2.50]}', '{"b": null}',
        '123e4567-e89b-12d3-a456-426614174000', '<a>b</a>', B'10101', B'1', '(1,2.5)', '((3,4),(1,2))', '[(0,0),(1,1),(2,0)]',
        '((0,0),(1,1),(1,0))', '<(1,2),3>', '{1,2,3}', '[(0,0),(1,1)]', '{1,NULL,3}', '{"a,b",NULL,""}', '{2024-02-29}',
        '10.1.2.3/24', '[1,5)', 'it''s ok', 4294967295, '{"\\x00","\\xff"}');
    INSERT INTO types (id) VALUES (2);
    INSERT INTO types (id, nv, f8, f4, d, ts, pa) VALUES (3, -98765432109876543210.5, 0.1, -0.0, '0044-03-15 BC', '9999-12-31 23:59:59', '((0,0),(1,1))');
    UPDATE types SET i4 = 7, t = 'changed' WHERE id = 1;"#;
const CHANGES: &str = "CREATE TABLE changes (a int, b text, note text, big text, list text[], photo bytea, PRIMARY KEY (a, b));
    ALTER TABLE changes ALTER big SET STORAGE EXTERNAL, ALTER photo SET STORAGE EXTERNAL, ALTER list SET STORAGE EXTERNAL;";
const LARGE: &str = "repeat('large ', 1000), array_fill('long'::text, ARRAY[2000]), decode(repeat('00ff', 4000), 'hex')";

/// Work of all kinds; of each round some rows stay.
fn work(psql: &mut Psql, round: u32) -> Result<()> {
    let base = round * 100;
    psql.run(&format!(
        "INSERT INTO changes SELECT i, 'b', 'new', {LARGE} FROM generate_series({base}, {base} + 19) i;
         UPDATE changes SET note = 'unsent big' WHERE a BETWEEN {base} AND {base} + 9;
         UPDATE changes SET b = 'moved' WHERE a BETWEEN {base} AND {base} + 4;
         UPDATE changes SET note = 'after the move' WHERE a = {base} + 1;
         UPDATE changes SET big = 'small' WHERE a = {base} + 2;
         DELETE FROM changes WHERE a BETWEEN {base} + 15 AND {base} + 17;
         INSERT INTO changes VALUES ({base} + 15, 'b', 'again', NULL, '{{}}', NULL);
         BEGIN; UPDATE changes SET a = a + 50 WHERE a = {base} + 3; UPDATE changes SET note = 'twice', a = a + 1 WHERE a = {base} + 53; COMMIT;"
    ))
    .map(drop)
}

/// Every row of every table, as text.
fn content(psql: &mut Psql) -> Result<Vec<String>> {
    let mut all = psql.run("SET timezone = 'UTC'; SELECT * FROM types ORDER BY id;")?;
    all.extend(psql.run(
        "SELECT a, b, note, md5(big), md5(list::text), md5(photo) FROM changes ORDER BY a, b;",
    )?);
    Ok(all)
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Plain,
    Schemas,
    Avro,
}

impl Format {
    /// The connector's converters.
    fn converters(self, servers: &Servers) -> Value {
        let mut config = json!({});
        for part in ["key", "value", "header"] {
            let mut set = |name: &str, value: &str| {
                config[format!("{part}.converter{name}")] = value.into();
            };
            if self != Format::Avro || part == "header" {
                set("", JSON);
                set(".schemas.enable", if self == Format::Plain { "false" } else { "true" });
                continue;
            }
            for (key, value) in servers.registry.converter(part) {
                config[key] = value.into();
            }
        }
        config
    }

    /// The pipeline's.
    fn kafka(self, servers: &Servers) -> Value {
        match self {
            Format::Plain => json!({ "format": "debezium_json" }),
            Format::Schemas => json!({ "format": "debezium_json_schemas" }),
            Format::Avro => {
                json!({ "format": "avro", "schema_registry": { "url": servers.registry.url() } })
            }
        }
    }
}

/// A connector, gone with the test.
struct Connector {
    connect: &'static Connect,
    name: String,
}

impl Drop for Connector {
    fn drop(&mut self) {
        if let Err(error) = self.connect.delete(&self.name) {
            eprintln!("{}: {error}", self.name);
        }
    }
}

fn address(url: &str) -> Result<(&str, &str)> {
    let rest = url.rsplit_once('@').map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split_once('/')).with_context(|| format!("read {url}"))
}

/// The real connector over the source of a pair.
fn debezium(servers: &'static Servers, pair: &Pair, format: Format) -> Result<Connector> {
    let url = pair.source_url();
    let (host, database) = address(&url)?;
    let (name, port) = (&pair.name, host.rsplit_once(':').map_or("5432", |(_, port)| port));
    let mut config = json!({
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "tasks.max": "1",
        "database.hostname": "127.0.0.1", "database.port": port, "database.user": SOURCE_ROLE,
        "database.password": "none", "database.dbname": database, "plugin.name": "pgoutput",
        "topic.prefix": name, "slot.name": name, "publication.name": name,
        "publication.autocreate.mode": "filtered", "schema.include.list": "public", "poll.interval.ms": "50",
        "provide.transaction.metadata": "true", "heartbeat.interval.ms": "500", "errors.max.retries": "0",
        "topic.creation.default.replication.factor": "1", "topic.creation.default.partitions": "1",
    });
    for (key, value) in format.converters(servers).as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    servers.connect.create(name, &config)?;
    Ok(Connector { connect: &servers.connect, name: name.clone() })
}

/// The last row of each table: topics are in no order among each other.
fn mark(source: &mut Psql, mark: u32) -> Result<()> {
    source
        .run(&format!(
            "INSERT INTO types (id) VALUES (-{mark}); INSERT INTO changes VALUES (-{mark}, 'mark');"
        ))
        .map(drop)
}

/// Waits for the marks.
fn wait_mark(
    target: &mut Psql,
    serving: &mut Serving,
    connector: &Connector,
    mark: u32,
) -> Result<()> {
    let mut failed = None;
    let waited = stack::wait::until(&format!("the mark {mark}"), LIMIT, "", || {
        let marked = target.value(&format!(
            "SELECT (SELECT count(*) FROM types WHERE id = -{mark}) + (SELECT count(*) FROM changes WHERE a = -{mark});"
        ));
        if !serving.is_alive().unwrap_or(false) {
            failed = Some("pgrelay ended".to_owned());
        }
        if let Err(error) = connector.connect.runs(&connector.name) {
            failed = Some(error.to_string());
        }
        Ok((failed.is_some() || marked.is_ok_and(|count| count == "2")).then_some(()))
    });
    let mut said = || serving.said().unwrap_or_default();
    match (waited, failed) {
        (Ok(()), None) => Ok(()),
        (Err(late), _) => Err(anyhow!(
            "{late}; pgrelay said:\n{}\nConnect:\n{}",
            said(),
            connector.connect.log_tail()
        )),
        (_, Some(failed)) => Err(anyhow!("{failed}; pgrelay said:\n{}", said())),
    }
}

/// The rows of the source and those that came to the target.
fn ensure_equal(source: &mut Psql, target: &mut Psql) -> Result<()> {
    let (wanted, found) = (content(source)?, content(target)?);
    let differ: Vec<_> =
        wanted.iter().zip(&found).filter(|(wanted, found)| wanted != found).collect();
    ensure!(
        wanted.len() == found.len() && differ.is_empty(),
        "{} rows of {}, and these differ: {differ:#?}",
        found.len(),
        wanted.len()
    );
    Ok(())
}

/// Debezium's connector writes, pgrelay's sink applies, and is killed on the way.
fn applied(format: Format) -> Result<()> {
    let servers = servers()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    for psql in [&mut source, &mut target] {
        psql.run(&format!("{TYPES} {CHANGES}"))?;
    }
    // Some rows are copied, the others streamed.
    source.run(VALUES)?;
    work(&mut source, 0)?;
    let connector = debezium(servers, &pair, format)?;
    let mut kafka = format.kafka(servers);
    kafka["topics"] = json!([{ "regex": format!("{}\\..*", pair.name) }]);
    let pipeline = Pipeline::of_topics(&pair, &servers.kafka.bootstrap(), &kafka)?;
    let mut serving = pipeline.serve(&[])?;
    mark(&mut source, 1)?;
    wait_mark(&mut target, &mut serving, &connector, 1)?;
    source.run("UPDATE types SET id = id + 10 WHERE id > 0; DELETE FROM types WHERE id = 12;")?;
    source.run(
        &VALUES
            .replace("VALUES (1,", "VALUES (21,")
            .replace("VALUES (2)", "VALUES (22)")
            .replace("VALUES (3,", "VALUES (23,"),
    )?;
    for round in 1..=20 {
        work(&mut source, round)?;
    }
    serving.kill()?;
    let mut serving = pipeline.serve(&[])?;
    for round in 21..=25 {
        work(&mut source, round)?;
    }
    mark(&mut source, 2)?;
    wait_mark(&mut target, &mut serving, &connector, 2)?;
    ensure_equal(&mut source, &mut target)?;
    serving.stop()?.well().map(drop)
}

#[test]
fn debeziums_topics_with_schemas_are_applied() -> Result<()> {
    applied(Format::Schemas)
}

#[test]
fn debeziums_topics_without_schemas_are_applied() -> Result<()> {
    applied(Format::Plain)
}

#[test]
fn debeziums_topics_in_avro_are_applied() -> Result<()> {
    applied(Format::Avro)
}

/// What the JDBC sink has columns for. It does not know an unsent value, so none is so large.
const COMMON: &str = "CREATE TABLE common (id int PRIMARY KEY, b boolean, i2 smallint, i8 bigint, f4 real, f8 double precision,
        n numeric(12,3), t text NOT NULL, vc varchar(10), bin bytea, d date, ti time, ts timestamp, ts3 timestamp(3),
        tz timestamptz, iv interval, j json, jb jsonb, u uuid, ar int[], ta text[]);";
/// Of a table that the sink makes itself, columns whose types it chooses as they are in the source.
const EVOLVED: &str = "CREATE TABLE evolved (a int, b text, n numeric(10,2), d date, ok boolean DEFAULT true, PRIMARY KEY (a, b));";
const COMMON_ROWS: &str = r#"
    INSERT INTO common VALUES (BASE + 1, true, -3, -9223372036854775808, 1.5, 0.1, 123456.789, 'Ä "q" \', 'vc', '\x00ff10', '2024-02-29',
        '04:05:06.789012', '2024-02-29 01:02:03.123456', '1969-12-31 23:59:59.5', '2024-02-29 01:02:03.6+00', '26:00:01',
        '{"a": [1, 2.50]}', '{"b": null}', '123e4567-e89b-12d3-a456-426614174000', '{1,3}', '{"a,b",""}');
    INSERT INTO common (id, t) SELECT BASE + i, 'row ' || i FROM generate_series(2, 40) i;
    UPDATE common SET n = id, t = t || '!' WHERE id % 3 = 0;
    UPDATE common SET id = id + 50 WHERE id = BASE + 5;
    DELETE FROM common WHERE id % 7 = 0;
    INSERT INTO evolved SELECT BASE + i, 'b', i / 4.0, '2024-01-01'::date + i, i % 2 = 0 FROM generate_series(1, 20) i;
    UPDATE evolved SET b = 'moved', ok = NULL WHERE a % 5 = 0; DELETE FROM evolved WHERE a % 4 = 0;"#;

/// The JDBC sink over the topics of a pipeline.
fn jdbc_sink(servers: &'static Servers, pair: &Pair, format: Format) -> Result<Connector> {
    let (url, name) = (pair.target_url(), format!("{}_jdbc", pair.name));
    let (host, database) = address(&url)?;
    let user = url.split("://").nth(1).and_then(|rest| rest.split('@').next()).unwrap_or_default();
    let mut config = json!({
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "tasks.max": "1",
        "topics.regex": format!("{}\\.public\\..*", pair.name), "collection.name.format": "${source.table}",
        "connection.url": format!("jdbc:postgresql://{host}/{database}"),
        "connection.username": user, "connection.password": "none", "connection.pool.min_size": "1", "connection.pool.max_size": "2",
        "primary.key.mode": "record_key", "insert.mode": "upsert", "delete.enabled": "true", "schema.evolution": "basic",
        "consumer.override.isolation.level": "read_committed", "consumer.override.auto.offset.reset": "earliest",
        "consumer.override.metadata.max.age.ms": "500", "errors.max.retries": "0",
    });
    for (key, value) in format.converters(servers).as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    if format != Format::Avro {
        // Otherwise the sink takes a column's default for its null.
        config["value.converter.replace.null.with.default"] = "false".into();
    }
    // The header of ours is text and no JSON; those of a change of key are what the sink does not take for a map.
    config["header.converter"] = "org.apache.kafka.connect.storage.StringConverter".into();
    servers.connect.create(&name, &config)?;
    Ok(Connector { connect: &servers.connect, name })
}

/// pgrelay captures, the JDBC sink applies.
fn applied_by_jdbc(format: Format) -> Result<()> {
    let servers = servers()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    source.run(&format!("{COMMON} {EVOLVED}"))?;
    target.run(COMMON)?;
    source.run(&COMMON_ROWS.replace("BASE", "0"))?;
    let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(servers.kafka.bootstrap()))?;
    let kafka = json!({ "sink": null, "kafka": format.kafka(servers) });
    pipeline.change(&kafka.to_string())?;
    pipeline.until_now()?.well()?;
    source.run(&COMMON_ROWS.replace("BASE", "100"))?;
    pipeline.until_now()?.well()?;
    let connector = jdbc_sink(servers, &pair, format)?;
    let content = |psql: &mut Psql| -> Result<Vec<String>> {
        let mut all = psql.run("SET timezone = 'UTC'; SELECT * FROM common ORDER BY id;")?;
        all.extend(psql.run("SELECT * FROM evolved ORDER BY a, b;")?);
        Ok(all)
    };
    source.run(&COMMON_ROWS.replace("BASE", "200"))?;
    pipeline.until_now()?.well()?;
    let wanted = content(&mut source)?;
    let mut failed = None;
    // What it ends with is waited for: the sink does not say how far it is.
    let waited = stack::wait::until("the rows of the source", LIMIT, "", || {
        let made = target.value("SELECT to_regclass('public.evolved') IS NOT NULL;");
        let made = made.is_ok_and(|made| made == "t");
        failed = connector.connect.runs(&connector.name).err();
        Ok((failed.is_some() || (made && content(&mut target).is_ok_and(|found| found == wanted)))
            .then_some(()))
    });
    if let Some(failed) = failed {
        return Err(failed.into());
    }
    if let Err(late) = waited {
        let found = content(&mut target)?;
        let differ: Vec<_> =
            wanted.iter().zip(&found).filter(|(wanted, found)| wanted != found).take(5).collect();
        return Err(anyhow!("{late}: {} rows of {}: {differ:#?}", found.len(), wanted.len()));
    }
    pipeline.remove()
}

#[test]
fn the_jdbc_sink_applies_what_pgrelay_captures() -> Result<()> {
    applied_by_jdbc(Format::Schemas)
}

#[test]
fn the_jdbc_sink_applies_what_pgrelay_captures_in_avro() -> Result<()> {
    applied_by_jdbc(Format::Avro)
}
