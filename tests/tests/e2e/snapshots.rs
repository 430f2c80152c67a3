//! Snapshot modes: what is copied, when it is copied again, and what is left at the end.

use std::sync::Arc;

use anyhow::{Result, ensure};
use e2e::{Cluster, LIMIT, Mode, Pair, Pipeline, Psql, Topics};
use stack::Kafka;

/// Two tables that refer to each other's rows, and one beside them.
const SHOP: &str = "
    CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE bills (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers);
    CREATE TABLE notes (id int PRIMARY KEY, text text);
    INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 40) i;
    INSERT INTO bills SELECT i, i FROM generate_series(1, 30) i;
    INSERT INTO notes SELECT i, 'n' || i FROM generate_series(1, 12000) i;";

const ALL: &str = "
    SELECT id, name FROM customers UNION ALL SELECT id, customer::text FROM bills
    UNION ALL SELECT id, text FROM notes ORDER BY 1, 2;";

fn modes() -> Result<[Mode; 2]> {
    Ok([Mode::Direct, Mode::Kafka(Kafka::shared()?.bootstrap())])
}

fn snapshot(pipeline: &mut Pipeline, mode: &str) -> Result<()> {
    pipeline.change(&format!("source: {{ postgres: {{ snapshot: {mode} }} }}"))
}

/// Waits until the server has no slot of the pipeline: it ends with its connection.
fn without_slot(source: &mut Psql, name: &str) -> Result<()> {
    let sql = format!("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{name}';");
    let gone = || Ok(source.value(&sql).is_ok_and(|count| count == "0").then_some(()));
    Ok(stack::wait::until("the slot to be gone", LIMIT, "", gone)?)
}

/// Waits until nobody streams from the pipeline's slot: the server lets go of it a moment after the end of a run.
fn with_free_slot(source: &mut Psql, name: &str) -> Result<()> {
    let sql =
        format!("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{name}' AND active;");
    let free = || Ok(source.value(&sql).is_ok_and(|count| count == "0").then_some(()));
    Ok(stack::wait::until("the slot to be free", LIMIT, "", free)?)
}

#[test]
fn initial_only_copies_and_ends() -> Result<()> {
    for mode in modes()? {
        let pair = Pair::new(Arc::new(Cluster::shared()?))?;
        let (mut source, mut target) = (pair.source()?, pair.target()?);
        let mut pipeline = Pipeline::new(&pair, &mode)?;
        snapshot(&mut pipeline, "initial_only")?;
        source.run(SHOP)?;
        pipeline.serve(&[])?.wait()?.well()?;
        let rows = source.run(ALL)?;
        ensure!(target.run(ALL)? == rows, "{mode}: the target is not what was copied");
        without_slot(&mut source, &pair.name)?;
        ensure!(source.value("SELECT count(*) FROM pg_publication;")? == "0", "{mode}");
        source.run("INSERT INTO customers VALUES (99, 'later'); DELETE FROM notes;")?;
        for again in [pipeline.serve(&[])?.wait()?, pipeline.until_now()?] {
            let said = again.well()?.said;
            ensure!(!said.contains("copying"), "{mode}: it copied again:\n{said}");
        }
        ensure!(target.run(ALL)? == rows, "{mode}: the target changed");
    }
    Ok(())
}

/// A half that cannot end well does not leave the other one waiting.
#[test]
fn initial_only_ends_where_it_cannot_copy() -> Result<()> {
    let kafka = Kafka::shared()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(kafka.bootstrap()))?;
    snapshot(&mut pipeline, "initial_only")?;
    pipeline.serve(&[])?.wait()?.halted("table_missing")?;
    Ok(())
}

#[test]
fn when_needed_copies_anew_where_the_slot_is_gone() -> Result<()> {
    for mode in modes()? {
        let pair = Pair::new(Arc::new(Cluster::shared()?))?;
        let (mut source, mut target) = (pair.source()?, pair.target()?);
        let mut pipeline = Pipeline::new(&pair, &mode)?;
        snapshot(&mut pipeline, "when_needed")?;
        source.run(SHOP)?;
        pipeline.until_now()?.well()?;
        source.run("UPDATE notes SET text = 'streamed' WHERE id = 1;")?;
        let said = pipeline.until_now()?.well()?.said;
        ensure!(!said.contains("anew"), "{mode}: it copied where it need not:\n{said}");
        with_free_slot(&mut source, &pair.name)?;
        source.run("SELECT pg_drop_replication_slot(:'slot');")?;
        source.run("DELETE FROM bills WHERE id % 2 = 0; UPDATE customers SET name = 'x' WHERE id > 30; DELETE FROM notes WHERE id > 11000; INSERT INTO notes VALUES (0, 'new');")?;
        let said = pipeline.until_now()?.well()?.said;
        ensure!(said.contains("copying all tables anew"), "{mode}: {said}");
        ensure!(target.run(ALL)? == source.run(ALL)?, "{mode}: the target is not the source");
        source.run("UPDATE notes SET text = 'after' WHERE id = 0; DELETE FROM bills;")?;
        pipeline.until_now()?.well()?;
        ensure!(target.run(ALL)? == source.run(ALL)?, "{mode}: the stream does not go on");
        pipeline.remove()?;
    }
    Ok(())
}

/// Somebody else confirmed what the checkpoint does not have; a copy that fails leaves the old rows.
#[test]
fn when_needed_copies_anew_where_the_slot_is_ahead() -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    let mut pipeline = Pipeline::new(&pair, &Mode::Direct)?;
    snapshot(&mut pipeline, "when_needed")?;
    source.run(SHOP)?;
    pipeline.until_now()?.well()?;
    let copied = target.run(ALL)?;
    with_free_slot(&mut source, &pair.name)?;
    source.run("INSERT INTO customers VALUES (41, 'lost'); SELECT pg_replication_slot_advance(:'slot', pg_current_wal_lsn());")?;
    target.run("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
                CREATE TRIGGER no BEFORE INSERT ON notes FOR EACH ROW WHEN (NEW.id = 12000) EXECUTE FUNCTION no();")?;
    ensure!(!pipeline.serve(&[])?.wait()?.status.success(), "the trigger let the row through");
    ensure!(target.run(ALL)? == copied, "a copy that failed left its marks");
    target.run("DROP TRIGGER no ON notes;")?;
    pipeline.until_now()?.well()?;
    ensure!(target.run(ALL)? == source.run(ALL)?, "the target is not the source");
    pipeline.remove()
}

/// What a copy of this pipeline did not fill it does not empty, and what is to keep deleted rows neither.
#[test]
fn when_needed_empties_only_what_it_filled() -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    let mut pipeline = Pipeline::new(&pair, &Mode::Direct)?;
    source.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);")?;
    target.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (7);")?;
    snapshot(&mut pipeline, "no_data")?;
    pipeline.until_now()?.well()?;
    with_free_slot(&mut source, &pair.name)?;
    source.run("SELECT pg_drop_replication_slot(:'slot'); INSERT INTO t VALUES (2);")?;
    snapshot(&mut pipeline, "when_needed")?;
    pipeline.serve(&[])?.wait()?.halted("target_not_empty")?;
    ensure!(target.run("SELECT id FROM t ORDER BY id;")? == ["1", "7"], "it was emptied");
    target.run("TRUNCATE t;")?;
    pipeline.until_now()?.well()?;
    ensure!(target.run("SELECT id FROM t ORDER BY id;")? == ["1", "2"], "it was not copied");
    with_free_slot(&mut source, &pair.name)?;
    source.run("SELECT pg_drop_replication_slot(:'slot'); DELETE FROM t WHERE id = 1;")?;
    pipeline.change("sink: { postgres: { delete: false } }")?;
    pipeline.serve(&[])?.wait()?.halted("target_not_copied_anew")?;
    ensure!(target.run("SELECT id FROM t ORDER BY id;")? == ["1", "2"], "a row is gone");
    pipeline.change("sink: { postgres: { delete: true } }")?;
    pipeline.change("source: { postgres: { snapshot_include_collection_list: [] } }")?;
    pipeline.serve(&[])?.wait()?.halted("snapshot_again_partial")?;
    pipeline.remove()
}

/// Two sources may fill one table, where one of them has nothing to copy.
#[test]
fn when_needed_leaves_the_rows_of_another_pipeline() -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let (mut source, mut target) = (pair.source()?, pair.target()?);
    let mut one = Pipeline::new(&pair, &Mode::Direct)?;
    let other_name = format!("{}_2", pair.name);
    let mut other = Pipeline::named(&pair, &Mode::Direct, &other_name)?;
    source.run("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY);")?;
    one.change("source: { postgres: { tables: [public.t], snapshot: when_needed } }")?;
    other.change("{ source: { postgres: { tables: [public.u] } }, transforms: [{ rename: { table: public.u, to: public.t } }] }")?;
    one.until_now()?.well()?;
    other.until_now()?.well()?;
    source.run("INSERT INTO t VALUES (1); INSERT INTO u VALUES (2);")?;
    one.until_now()?.well()?;
    other.until_now()?.well()?;
    with_free_slot(&mut source, &pair.name)?;
    source.run("SELECT pg_drop_replication_slot(:'slot'); INSERT INTO t VALUES (3);")?;
    let said = one.serve(&[])?.wait()?.halted("target_not_copied_anew")?.said;
    ensure!(said.contains(&other_name), "{said}");
    ensure!(target.run("SELECT id FROM t ORDER BY id;")? == ["1", "2"], "rows are gone");
    one.remove()?;
    other.remove()
}

#[test]
fn always_copies_at_every_start_where_nothing_is_applied() -> Result<()> {
    let kafka = Kafka::shared()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let mut source = pair.source()?;
    let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(kafka.bootstrap()))?;
    snapshot(&mut pipeline, "always")?;
    ensure!(pipeline.serve(&[])?.wait()?.halted("snapshot_always")?.status.code() == Some(2));
    pipeline.change("{ sink: null }")?;
    source.run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);")?;
    pipeline.until_now()?.well()?;
    source.run("INSERT INTO t VALUES (2);")?;
    pipeline.until_now()?.well()?;
    let topics = Topics::read(&kafka.bootstrap(), &pair.name, true)?;
    let ops = topics.ops(&format!("{}.public.t", pair.name));
    ensure!(ops == ["r", "r", "r"], "{ops:?}");
    pipeline.remove()
}

/// What a copy reads: some tables, some rows. The rest comes when it changes.
#[test]
fn a_copy_reads_what_the_file_selects() -> Result<()> {
    for mode in modes()? {
        let pair = Pair::new(Arc::new(Cluster::shared()?))?;
        let (mut source, mut target) = (pair.source()?, pair.target()?);
        let mut pipeline = Pipeline::new(&pair, &mode)?;
        source.run(SHOP)?;
        target.run("CREATE TABLE customers (id int PRIMARY KEY, name text); INSERT INTO customers VALUES (1, 'kept');")?;
        pipeline.change("source: { postgres: {
            snapshot_include_collection_list: ['public\\.notes', 'PUBLIC\\.b.*'],
            snapshot_select_overrides: { public.notes: 'SELECT text, id FROM public.notes WHERE id < 3; -- few' } } }")?;
        // The override's comment is behind its semicolon.
        pipeline.until_now()?.halted("snapshot_select_refused")?;
        pipeline.change("source: { postgres: { snapshot_select_overrides: { public.notes: \"SELECT text, id FROM public.notes WHERE id < 3 -- few\\n;\\n\" } } }")?;
        pipeline.until_now()?.well()?;
        ensure!(target.run("SELECT id || text FROM notes ORDER BY 1;")? == ["1n1", "2n2"]);
        ensure!(target.value("SELECT count(*) FROM bills;")? == "30");
        ensure!(target.run("SELECT id || name FROM customers;")? == ["1kept"]);
        source.run("UPDATE notes SET text = 'late' WHERE id = 5; INSERT INTO customers VALUES (50, 'new');")?;
        pipeline.until_now()?.well()?;
        ensure!(target.run("SELECT id FROM notes ORDER BY 1;")? == ["1", "2", "5"]);
        ensure!(target.run("SELECT id FROM customers ORDER BY 1;")? == ["1", "50"]);
        pipeline.remove()?;
    }
    Ok(())
}

#[test]
fn a_selection_that_does_not_fit_is_found() -> Result<()> {
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let mut source = pair.source()?;
    source.run("CREATE TABLE t (id int PRIMARY KEY, a text);")?;
    for (keys, code) in [
        (
            "snapshot_select_overrides: { public.t: 'SELECT id FROM public.t' }",
            "snapshot_select_refused",
        ),
        (
            "snapshot_select_overrides: { public.t: 'SELECT id, 1 AS a FROM public.t' }",
            "snapshot_select_refused",
        ),
        (
            "snapshot_select_overrides: { public.t: 'DELETE FROM public.t' }",
            "snapshot_select_refused",
        ),
        ("snapshot_select_overrides: { public.u: 'SELECT 1' }", "snapshot_selection"),
        ("snapshot_include_collection_list: ['public\\.u']", "snapshot_selection"),
        ("snapshot_include_collection_list: ['(']", "regular_expression"),
    ] {
        let mut pipeline = Pipeline::new(&pair, &Mode::Direct)?;
        pipeline.change(&format!("source: {{ postgres: {{ {keys} }} }}"))?;
        pipeline.serve(&[])?.wait()?.halted(code)?;
        if code != "regular_expression" {
            pipeline.remove()?;
        }
    }
    ensure!(source.value("SELECT count(*) FROM t;")? == "0");
    Ok(())
}
