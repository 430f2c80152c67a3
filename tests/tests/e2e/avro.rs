//! A schema registry that is down, comes back, and refuses: `db/cases` play in Avro, too, with one that is well.

use std::sync::Arc;

use anyhow::{Result, ensure};
use e2e::{Cluster, LIMIT, Mode, Pair, Pipeline, Psql, Topics};
use stack::{Kafka, Registry};

const TABLE: &str =
    "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, \"odd name\" numeric(6,2));";

/// Waits for something a run says.
fn wait_said(serving: &mut e2e::Serving, what: &str) -> Result<()> {
    let waited = stack::wait::until(what, LIMIT, "", || {
        Ok(serving.said().is_ok_and(|said| said.contains(what)).then_some(()))
    });
    waited.map_err(|error| {
        anyhow::anyhow!("{error}; it said:\n{}", serving.said().unwrap_or_default())
    })
}

fn wait_rows(serving: &mut e2e::Serving, target: &mut Psql, count: &str) -> Result<()> {
    let waited = stack::wait::until(&format!("{count} rows"), LIMIT, "", || {
        let found = target.value("SELECT count(*) FROM t;");
        Ok(found.is_ok_and(|found| found == count).then_some(()))
    });
    waited.map_err(|error| {
        anyhow::anyhow!("{error}; it said:\n{}", serving.said().unwrap_or_default())
    })
}

/// A registry of the test's own, since it is stopped.
struct Stage {
    registry: Registry,
    kafka: Kafka,
    pair: Pair,
}

impl Stage {
    fn new() -> Result<Stage> {
        let (registry, kafka) = (Registry::start()?, Kafka::shared()?);
        Ok(Stage { registry, kafka, pair: Pair::new(Arc::new(Cluster::shared()?))? })
    }

    fn pipeline(&self) -> Result<Pipeline> {
        let (brokers, registry) = (self.kafka.bootstrap(), self.registry.url());
        Pipeline::new(&self.pair, &Mode::Avro { brokers, registry })
    }

    fn records(&self, pipeline: &Pipeline) -> Result<usize> {
        let topics = Topics::read(&self.kafka.bootstrap(), &pipeline.name, false)?;
        Ok(topics.records.get(&format!("{}.public.t", pipeline.name)).map_or(0, Vec::len))
    }
}

/// Without the registry nothing is written; with it, everything; and what it forgot to answer for a while does no harm.
#[test]
fn a_registry_that_is_down_is_waited_for() -> Result<()> {
    let stage = Stage::new()?;
    let (mut source, mut target) = (stage.pair.source()?, stage.pair.target()?);
    let pipeline = stage.pipeline()?;
    stage.registry.stop()?;
    target.run(TABLE)?;
    source.run(&format!("{TABLE} INSERT INTO t VALUES (1, 'at the start', 1.50);"))?;
    let mut serving = pipeline.serve(&[])?;
    wait_said(&mut serving, "registry_unreachable")?;
    ensure!(stage.records(&pipeline)? == 0, "records without a schema");
    stage.registry.start_again()?;
    wait_rows(&mut serving, &mut target, "1")?;
    // A table version that is known needs no registry; a new one waits for it.
    pipeline.streaming(&mut serving, &mut source)?;
    let waits = |said: &str| said.matches("registry_unreachable").count();
    let before = waits(&serving.said()?);
    stage.registry.stop()?;
    source.run("INSERT INTO t VALUES (2, 'in flight', NULL);")?;
    wait_rows(&mut serving, &mut target, "2")?;
    target.run("ALTER TABLE t ADD COLUMN new int;")?;
    source.run("ALTER TABLE t ADD COLUMN new int; INSERT INTO t VALUES (3, 'anew', 3, 3);")?;
    stack::wait::until("the second wait", LIMIT, "", || {
        let said = serving.said().unwrap_or_default();
        Ok((waits(&said) > before).then_some(()))
    })?;
    stage.registry.start_again()?;
    wait_rows(&mut serving, &mut target, "3")?;
    serving.stop()?.well()?;
    let rows = "SELECT * FROM t ORDER BY id;";
    ensure!(source.run(rows)? == target.run(rows)?, "the rows differ");
    pipeline.remove()
}

#[test]
fn an_incompatible_change_halts_with_the_field_and_nothing_of_it_is_written() -> Result<()> {
    let stage = Stage::new()?;
    let (mut source, mut target) = (stage.pair.source()?, stage.pair.target()?);
    let mut pipeline = stage.pipeline()?;
    source.run(&format!("{TABLE} INSERT INTO t VALUES (1, 'one', 1);"))?;
    pipeline.until_now()?.well()?;
    let subject = format!("{}.public.t-value", pipeline.name);
    ensure!(stage.registry.subjects()?.contains(&subject), "no subject {subject}");
    let schema = stage.registry.latest(&subject)?.to_string();
    ensure!(schema.contains("\"odd_name\""), "{schema}");
    stage.registry.set_compatibility(&subject, "FULL")?;
    let before = stage.records(&pipeline)?;
    source.run("ALTER TABLE t ALTER a DROP NOT NULL, ADD COLUMN breaks int NOT NULL DEFAULT 1; ALTER TABLE t ALTER breaks DROP DEFAULT; INSERT INTO t VALUES (2, 'a secret', 2, 2);")?;
    let ended = pipeline.until_now()?.halted("registry_incompatible")?;
    ensure!(ended.said.contains(&subject) && ended.said.contains("/fields/1"), "{}", ended.said);
    ensure!(!ended.said.contains("a secret"), "{}", ended.said);
    ensure!(stage.records(&pipeline)? == before, "records of a refused schema");
    stage.registry.set_compatibility(&subject, "NONE")?;
    target.run("ALTER TABLE t ALTER a DROP NOT NULL, ADD COLUMN breaks int;")?;
    pipeline.until_now()?.well()?;
    ensure!(target.value("SELECT breaks FROM t WHERE id = 2;")? == "2", "the row is not there");
    pipeline.remove()
}
