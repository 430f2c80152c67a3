//! The slot's horizon in `source.xmin`: of what is streamed, on real servers.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use e2e::{Cluster, LIMIT, Mode, Pair, Pipeline, Psql, Topics};
use serde_json::Value;
use stack::Kafka;

/// Ends the connection on which the horizon is asked for.
const LOSE: &str = "
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE '% xmin';";

/// The sources' `xmin`, row by row.
fn found(brokers: &str, name: &str) -> Result<Vec<Option<i64>>> {
    let mut records = Topics::read(brokers, name, true)?.records;
    let records = records.remove(&format!("{name}.public.t")).unwrap_or_default();
    let xmin = |value: Vec<u8>| -> Result<Option<i64>> {
        let envelope: Value = serde_json::from_slice(&value)?;
        let source = envelope["source"].as_object().context("no source")?;
        Ok(source["xmin"].as_i64())
    };
    records.into_iter().filter_map(|record| record.value).map(xmin).collect()
}

fn horizon(source: &mut Psql, slot: &str) -> Result<i64> {
    let sql = format!("SELECT catalog_xmin FROM pg_replication_slots WHERE slot_name = '{slot}';");
    Ok(source.value(&sql)?.parse()?)
}

/// It is the slot's, follows it, also after its connection was lost, and the target has the rows as ever.
#[test]
fn what_is_streamed_says_the_slots_horizon() -> Result<()> {
    let mode = Mode::Kafka(Kafka::shared()?.bootstrap());
    let brokers = mode.brokers().context("no brokers")?;
    let cluster = Arc::new(Cluster::shared()?);
    let (pair, mut admin) = (Pair::new(cluster.clone())?, cluster.admin("postgres")?);
    let mut source = pair.source()?;
    source.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (0);")?;
    pair.target()?.run("CREATE TABLE t (id int PRIMARY KEY);")?;
    let mut pipeline = Pipeline::new(&pair, &mode)?;
    pipeline.change("source: { postgres: { xmin_fetch_interval_ms: 20 } }")?;
    let mut serving = pipeline.serve(&[])?;
    pipeline.streaming(&mut serving, &mut source)?;
    let before = horizon(&mut source, &pair.name)?;
    let (mut rows, mut cut) = (0, None);
    let mut is_later = || -> Result<bool> {
        ensure!(serving.is_alive()?, "it ended:\n{}", serving.said()?);
        rows += 1;
        source.run(&format!("INSERT INTO t VALUES ({rows});"))?;
        // The slot's horizon moves behind a record of the running transactions.
        admin.run("CHECKPOINT;")?;
        let last = found(brokers, &pair.name)?.last().copied().flatten();
        let Some(last) = last.filter(|last| *last > cut.unwrap_or(before)) else {
            return Ok(false);
        };
        if cut.is_some() {
            return Ok(true);
        }
        cut = Some(last).filter(|_| source.value(LOSE).is_ok_and(|lost| lost != "0"));
        Ok(false)
    };
    stack::wait::until("a later horizon in records", LIMIT, "", || {
        Ok(Some(is_later()).filter(|later| !matches!(later, Ok(false))))
    })??;
    let said = serving.stop()?.well()?.said;
    ensure!(said.contains("catalog_xmin could not be read"), "{said}");
    pipeline.until_now()?.well()?;
    let found = found(brokers, &pair.name)?;
    ensure!(found[0].is_none(), "a row of the copy has {:?}", found[0]);
    let streamed: Vec<i64> = found[1..].iter().flatten().copied().collect();
    ensure!(streamed.len() + 1 == found.len() && streamed.is_sorted(), "{found:?}");
    let after = horizon(&mut source, &pair.name)?;
    ensure!(
        streamed.iter().all(|xmin| (before..=after).contains(xmin)),
        "{before} {after} {streamed:?}"
    );
    let count = "SELECT count(*) FROM t;";
    ensure!(pair.target()?.value(count)? == source.value(count)?);
    pipeline.remove()
}
