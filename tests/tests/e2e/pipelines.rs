//! Pipelines stopped at chosen places, and two at once.

use std::sync::Arc;

use anyhow::{Result, ensure};
use e2e::{Cluster, LIMIT, Mode, Pair, Pipeline, Topics};
use serde_json::Value;
use stack::Kafka;

const KEYLESS: &str = "CREATE TABLE t (n int); ALTER TABLE t REPLICA IDENTITY FULL;";

/// The end of one commit record is often the start of the next, and a run stops there. Without a key, a row that was
/// applied twice would be there twice.
fn stops_at_every_commit(mode: &Mode) -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    let mut pipeline = Pipeline::new(&pair, mode)?;
    source.run(KEYLESS)?;
    pipeline.until_now()?.well()?;
    let mut ends = Vec::new();
    for n in 1..=12 {
        source.run(&format!("INSERT INTO t VALUES ({n});"))?;
        ends.push(source.value("SELECT pg_current_wal_insert_lsn();")?);
    }
    for (n, end) in (1..).zip(&ends) {
        pipeline.until(end)?.well()?;
        let found = target.run("SELECT n FROM t ORDER BY n;")?;
        // It may have gone further: what comes in one batch is applied in one.
        let wanted: Vec<String> = (1..=found.len()).map(|n| n.to_string()).collect();
        ensure!(found.len() >= n && found == wanted, "after {end}: {found:?}");
    }
    pipeline.until_now()?.well()?;
    ensure!(target.value("SELECT count(*) FROM t;")? == "12", "rows came twice");
    Ok(())
}

#[test]
fn nothing_is_lost_or_repeated_by_a_stop_at_every_commit() -> Result<()> {
    stops_at_every_commit(&Mode::Direct)
}

#[test]
fn nothing_is_lost_or_repeated_by_a_stop_at_every_commit_through_kafka() -> Result<()> {
    let kafka = Kafka::shared()?;
    stops_at_every_commit(&Mode::Kafka(kafka.bootstrap()))
}

/// The half that captures halts inside a transaction of which the log has the beginning, and goes on there.
#[test]
fn a_transaction_that_is_read_again_from_its_middle_is_counted_as_a_whole() -> Result<()> {
    let kafka = Kafka::shared()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let mut source = pair.source()?;
    let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(kafka.bootstrap()))?;
    pipeline
        .change("{ sink: null, source: { postgres: { provide_transaction_metadata: true } } }")?;
    pipeline.change("transforms: [{ mask: { columns: [public.t.a], with: fixed, value: x } }]")?;
    source.run("CREATE TABLE t (id int PRIMARY KEY, a text);")?;
    pipeline.until_now()?.well()?;
    let many = "INSERT INTO t SELECT i, 'a' FROM generate_series(1, 12000) i; UPDATE t SET id = 0 WHERE id = 1;";
    let new_column = "ALTER TABLE t ADD COLUMN b text; DELETE FROM t WHERE id = 2;";
    source.run(&format!("BEGIN; {many} {new_column} COMMIT;"))?;
    let read = || Topics::read(&kafka.bootstrap(), &pair.name, true);
    let (rows, bounds) = (format!("{}.public.t", pair.name), format!("{}.transaction", pair.name));
    for _ in 0..2 {
        ensure!(!pipeline.until_now()?.status.success(), "a new column under a mask went through");
        ensure!(read()?.ops(&bounds) == ["BEGIN"], "{:?}", read()?.ops(&bounds));
    }
    pipeline.change("new_columns: keep")?;
    pipeline.until_now()?.well()?;
    let topics = read()?;
    ensure!(topics.ops(&bounds) == ["BEGIN", "END:12003"], "{:?}", topics.ops(&bounds));
    let values = topics.records[&rows].iter().filter_map(|record| record.value.as_deref());
    let orders = values.map(|value| {
        let value: Value = serde_json::from_slice(value)?;
        let block = &value["transaction"];
        Ok((block["total_order"].as_u64(), block["data_collection_order"].as_u64()))
    });
    let orders = orders.collect::<Result<Vec<_>>>()?;
    ensure!(orders.iter().zip(1..=12_003).all(|(order, n)| *order == (Some(n), Some(n))));
    ensure!(orders.len() == 12_003, "{} records", orders.len());
    pipeline.remove()
}

/// What the target has of the log is forgotten, so that all of it after the copy comes once more.
#[test]
fn a_replay_leaves_the_target_as_it_was() -> Result<()> {
    let kafka = Kafka::shared()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(kafka.bootstrap()))?;
    source.run("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 50) i;")?;
    pipeline.until_now()?.well()?;
    let copied = target.value("SELECT checkpoint FROM pgrelay.checkpoints;")?;
    // Few rows are written as arrays, many are copied.
    let few = "INSERT INTO t SELECT i, 1 FROM generate_series(51, 60) i;";
    let many = "INSERT INTO t SELECT i, 1 FROM generate_series(101, 400) i;";
    for sql in [few, many, "UPDATE t SET n = n + id; DELETE FROM t WHERE id % 7 = 0;"] {
        source.run(sql)?;
        pipeline.until_now()?.well()?;
        let rows = "SELECT id, n FROM t ORDER BY id;";
        let before = target.run(rows)?;
        target.run(&format!("UPDATE pgrelay.checkpoints SET checkpoint = '{copied}';"))?;
        pipeline.apply_the_log()?.well()?;
        ensure!(
            target.value("SELECT checkpoint FROM pgrelay.checkpoints;")? != copied,
            "nothing was read"
        );
        ensure!(target.run(rows)? == before && before == source.run(rows)?, "after {sql}");
    }
    Ok(())
}

/// A checkpoint that somebody else has advanced is not advanced again: the run lets go, and begins where it is.
#[test]
fn a_checkpoint_of_somebody_else_is_not_overwritten() -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    let mut pipeline = Pipeline::new(&pair, &Mode::Direct)?;
    source.run("CREATE TABLE t (id int PRIMARY KEY);")?;
    pipeline.until_now()?.well()?;
    let mut serving = pipeline.serve(&[])?;
    pipeline.streaming(&mut serving, &mut source)?;
    target.run("UPDATE pgrelay.checkpoints SET version = version + 1;")?;
    source.run("INSERT INTO t VALUES (1);")?;
    stack::wait::until("the row", LIMIT, "", || {
        Ok(target.value("SELECT count(*) FROM t;").is_ok_and(|rows| rows == "1").then_some(()))
    })?;
    let said = serving.stop()?.said;
    ensure!(said.contains("took over the target"), "it went on:\n{said}");
    Ok(())
}

/// Each has its slot, its publication and its checkpoint, in the same target too.
#[test]
fn two_pipelines_share_a_source_and_a_target() -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    source
        .run("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'copied');")?;
    let mut plain = Pipeline::new(&pair, &Mode::Direct)?;
    let mut other = Pipeline::named(&pair, &Mode::Direct, &format!("{}_two", pair.name))?;
    other.change("{ transforms: [{ rename: { table: public.t, to: two.t } }, { drop: { columns: [two.t.a] } }] }")?;
    plain.until_now()?.well()?;
    source.run("INSERT INTO t VALUES (2, 'between');")?;
    other.until_now()?.well()?;
    source.run("UPDATE t SET id = id + 10; INSERT INTO t VALUES (3, 'after');")?;
    other.until_now()?.well()?;
    plain.until_now()?.well()?;
    let ids = ["3", "11", "12"];
    ensure!(target.run("SELECT id FROM t ORDER BY id;")? == ids, "the first");
    ensure!(target.run("SELECT id FROM two.t ORDER BY id;")? == ids, "the second");
    plain.remove()?;
    source.run("DELETE FROM t WHERE id = 3;")?;
    other.until_now()?.well()?;
    ensure!(target.run("SELECT id FROM two.t ORDER BY id;")? == ids[1..], "the second alone");
    other.remove()
}
