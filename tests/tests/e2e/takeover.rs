//! Going on where a real Debezium connector stopped, and having it go on where pgrelay stopped, while somebody writes.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use anyhow::{Context, Result, bail, ensure};
use e2e::{Cluster, LIMIT, Mode, Pair, Pipeline, Psql, Serving, Topics};
use serde_json::{Value, json};
use stack::{Connect, Kafka, wait};

/// Every change of `t` is in `audit.log`, in its order, as there is one writer.
const TABLES: &str = "
CREATE TABLE t (id bigint PRIMARY KEY, n int);
CREATE SCHEMA audit;
CREATE TABLE audit.log (seq bigserial PRIMARY KEY, said text);
CREATE FUNCTION audit.write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audit.log (said) VALUES (CASE TG_OP
    WHEN 'INSERT' THEN 'c ' || NEW.id || ' ' || NEW.n
    WHEN 'UPDATE' THEN 'u ' || NEW.id || ' ' || NEW.n
    ELSE 'd ' || OLD.id END);
  RETURN NULL; END $$;
INSERT INTO t VALUES (-1, 0), (-2, 0);
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION audit.write();";

/// Rows of a COPY share an LSN; the others have one of their own.
fn transaction(n: u64) -> String {
    let id = n * 100;
    let rows: String = (0..20).map(|i| format!("{}\t{n}\n", id + i)).collect();
    format!(
        "BEGIN;\nCOPY t FROM STDIN;\n{rows}\\.\nINSERT INTO t SELECT {id} + 20 + i, 0 FROM generate_series(1, 10) i;\n\
         UPDATE t SET n = n + 1 WHERE id BETWEEN {id} + 10 AND {id} + 25;\nDELETE FROM t WHERE id = {id} + 30;\nCOMMIT;"
    )
}

/// Writes as many transactions as it is told to, while others go on.
struct Writer {
    orders: Sender<u64>,
    thread: JoinHandle<Result<()>>,
}

impl Writer {
    fn start(mut source: Psql) -> Writer {
        let (orders, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut n = 0;
            for transactions in told {
                for _ in 0..transactions {
                    n += 1;
                    source.run(&transaction(n))?;
                }
            }
            Ok(())
        });
        Writer { orders, thread }
    }

    fn write(&self, transactions: u64) -> Result<()> {
        self.orders.send(transactions).context("the writer has failed")
    }

    /// Waits until all is written.
    fn stop(self) -> Result<()> {
        drop(self.orders);
        self.thread.join().map_err(|_| anyhow::anyhow!("the writer panicked"))?
    }
}

/// A source with a connector of its own, and a pipeline that takes over from it.
struct Room {
    kafka: Kafka,
    worker: Option<Connect>,
    pair: Pair,
    pipeline: Pipeline,
}

impl Room {
    fn new() -> Result<Room> {
        let kafka = Kafka::shared()?;
        let pair = Pair::new(Arc::new(Cluster::shared()?))?;
        pair.source()?.run(TABLES)?;
        let worker = Connect::distributed(&kafka.bootstrap(), &pair.name)?;
        let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(kafka.bootstrap()))?;
        pipeline.change(&format!(
            "{{ sink: null, takeover: {{ connector: {0}, offsets_topic: {0}-offsets }} }}",
            pair.name
        ))?;
        Ok(Room { kafka, worker: Some(worker), pair, pipeline })
    }

    fn worker(&self) -> Result<&Connect> {
        self.worker.as_ref().context("the worker is gone")
    }

    fn connector(&self) -> Result<Value> {
        let name = &self.pair.name;
        let url = self.pair.source_url();
        let rest = url.strip_prefix("postgresql://").context("the source's URL")?;
        let (user, rest) = rest.split_once('@').context("the source's role")?;
        let (address, database) = rest.split_once('/').context("the source's database")?;
        let port = address.rsplit_once(':').context("the source's port")?.1;
        Ok(json!({
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "tasks.max": "1", "plugin.name": "pgoutput",
            "database.hostname": "127.0.0.1", "database.port": port, "database.user": user,
            "database.password": "none", "database.dbname": database,
            "topic.prefix": name, "slot.name": name, "publication.name": name,
            "publication.autocreate.mode": "filtered", "table.include.list": "public.t",
            "topic.creation.default.partitions": "1", "topic.creation.default.replication.factor": "1",
            "tombstones.on.delete": "false", "max.batch.size": "64", "poll.interval.ms": "20",
        }))
    }

    /// What the topic says of each change that came after the snapshot.
    fn said(&self) -> Result<Vec<String>> {
        let topics = Topics::read(&self.kafka.bootstrap(), &self.pair.name, true)?;
        let records = topics.records.get(&format!("{}.public.t", self.pair.name));
        let mut said = Vec::new();
        for value in records.into_iter().flatten().filter_map(|record| record.value.as_ref()) {
            let value: Value = serde_json::from_slice(value)?;
            let (op, row) = (value["op"].as_str().unwrap_or_default(), &value["after"]);
            match op {
                "r" => {}
                "d" => said.push(format!("d {}", value["before"]["id"])),
                _ => said.push(format!("{op} {} {}", row["id"], row["n"])),
            }
        }
        Ok(said)
    }

    /// Waits until the topic has this many changes.
    fn reach(&self, wanted: usize, serving: Option<&mut Serving>) -> Result<()> {
        let mut serving = serving;
        wait::until("more changes in the topic", LIMIT, "", || {
            if let Some(serving) = &mut serving
                && !serving.is_alive().unwrap_or(false)
            {
                return Ok(Some(()));
            }
            Ok(self.said().is_ok_and(|said| said.len() >= wanted).then_some(()))
        })
        .with_context(|| self.worker.as_ref().map(Connect::log_tail).unwrap_or_default())?;
        if let Some(serving) = serving
            && !serving.is_alive()?
        {
            bail!("pgrelay has ended:\n{}", serving.said()?);
        }
        Ok(())
    }

    /// Every change that was committed.
    fn committed(&self) -> Result<Vec<String>> {
        self.pair.source()?.run("SELECT said FROM audit.log ORDER BY seq;")
    }
}

/// The first place where two lists differ, for an error that can be read.
fn same(found: &[String], wanted: &[String]) -> Result<()> {
    let at = found.iter().zip(wanted).position(|(found, wanted)| found != wanted);
    let at = at.unwrap_or(found.len().min(wanted.len()));
    let around = |list: &[String]| {
        list.iter().skip(at.saturating_sub(2)).take(5).cloned().collect::<Vec<_>>()
    };
    ensure!(
        found == wanted,
        "{} changes in the topic, {} were committed; from change {at}: {:?} instead of {:?}",
        found.len(),
        wanted.len(),
        around(found),
        around(wanted)
    );
    Ok(())
}

#[test]
fn after_clean_stops_nothing_is_lost_or_repeated_in_either_direction() -> Result<()> {
    let room = Room::new()?;
    let name = room.pair.name.clone();
    room.worker()?.create(&name, &room.connector()?)?;
    let writer = Writer::start(room.pair.source()?);
    writer.write(80)?;
    room.reach(300, None)?;
    room.worker()?.stop(&name)?;
    let so_far = room.said()?.len();
    writer.write(80)?;
    let mut serving = room.pipeline.serve(&[])?;
    room.reach(so_far + 300, Some(&mut serving))?;
    serving.stop()?.well()?;
    let body = room.pipeline.offsets()?;
    let so_far = room.said()?.len();
    writer.write(80)?;
    room.worker()?.alter_offsets(&name, &body)?;
    room.worker()?.resume(&name)?;
    room.reach(so_far + 300, None)?;
    writer.stop()?;
    let wanted = room.committed()?;
    wait::until("the end of the stream", LIMIT, "", || {
        Ok(room.said().is_ok_and(|said| said.len() >= wanted.len()).then_some(()))
    })?;
    room.worker()?.delete(&name)?;
    same(&room.said()?, &wanted)
}

#[test]
fn after_a_killed_connector_nothing_is_lost() -> Result<()> {
    let mut room = Room::new()?;
    let name = room.pair.name.clone();
    room.worker()?.create(&name, &room.connector()?)?;
    let writer = Writer::start(room.pair.source()?);
    writer.write(80)?;
    room.reach(500, None)?;
    drop(room.worker.take());
    writer.stop()?;
    let killed = room.said()?.len();
    room.pipeline.until_now()?.well()?;
    let (found, wanted) = (room.said()?, room.committed()?);
    // What came after the connector's last offset comes again, as at a start of its own; behind it is the rest, once.
    let rest = found.get(killed..).unwrap_or_default();
    ensure!(
        wanted.ends_with(rest),
        "what came after the kill is not the end of what was committed"
    );
    let before = wanted.len() - rest.len();
    ensure!(before <= killed, "{} changes are lost", before.saturating_sub(killed));
    same(found.get(..killed).unwrap_or_default(), wanted.get(..killed).unwrap_or_default())
}

/// What a connector was sent is less than what the pipeline is sent: another transaction comes before the one it was
/// inside. Nothing of that is forgotten where the pipeline stops between the two.
#[test]
fn what_was_done_in_part_is_left_out_when_it_comes() -> Result<()> {
    let kafka = Kafka::shared()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    let mut source = pair.source()?;
    source.run(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION :publication FOR TABLE t;
                SELECT pg_create_logical_replication_slot(:'slot', 'pgoutput');
                INSERT INTO t VALUES (1);",
    )?;
    let commit: i64 = source.value("SELECT pg_current_wal_lsn() - '0/0';")?.parse()?;
    let mut inside = pair.source()?;
    inside.run("BEGIN; INSERT INTO t VALUES (10), (11);")?;
    // Before the next record, and behind where the last one begins.
    let lsn: i64 = inside.value("SELECT pg_current_wal_insert_lsn() - '0/8';")?.parse()?;
    let xid: u32 = inside.value("SELECT pg_current_xact_id()::xid;")?.parse()?;
    source.run("INSERT INTO t VALUES (20);")?;
    let topic = format!("{}-offsets", pair.name);
    let offset = json!({ "lsn": lsn, "lsn_proc": lsn, "lsn_commit": commit, "txId": xid, "lsn_events_processed": 1, "messageType": "INSERT" });
    let line = format!("{}|{offset}", json!(["c", { "server": pair.name }]));
    let keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=|"];
    kafka.create_topic(&topic, 1, &[])?;
    kafka.console_producer(&topic, &line, &keyed)?;
    let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(kafka.bootstrap()))?;
    pipeline.change(&format!(
        "{{ sink: null, takeover: {{ connector: c, offsets_topic: {topic} }} }}"
    ))?;
    pipeline.until_now()?.well()?;
    inside.run("INSERT INTO t VALUES (12); COMMIT;")?;
    pipeline.until_now()?.well()?;
    let topics = Topics::read(&kafka.bootstrap(), &pair.name, true)?;
    let records = topics.records.get(&format!("{}.public.t", pair.name)).context("no topic")?;
    let mut ids = Vec::new();
    for value in records.iter().filter_map(|record| record.value.as_ref()) {
        ids.push(serde_json::from_slice::<Value>(value)?["after"]["id"].clone());
    }
    ensure!(ids == [20, 12], "{ids:?} instead of what the connector had not done");
    pipeline.remove()
}

/// A connector that nobody knows is named, with those the topic has.
#[test]
fn a_connector_without_an_offset_is_a_finding() -> Result<()> {
    let kafka = Kafka::shared()?;
    let pair = Pair::new(Arc::new(Cluster::shared()?))?;
    pair.source()?.run(TABLES)?;
    let mut pipeline = Pipeline::new(&pair, &Mode::Kafka(kafka.bootstrap()))?;
    pipeline.change(&format!(
        "{{ sink: null, takeover: {{ connector: shop, offsets_topic: {}-none }} }}",
        pair.name
    ))?;
    let ended = pipeline.until_now()?.halted("takeover_offset_missing")?;
    ensure!(
        ended.status.code() == Some(3) && ended.said.contains("connector shop"),
        "{}",
        ended.said
    );
    let slots = pair
        .source()?
        .value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database();")?;
    ensure!(slots == "0", "a slot was made");
    Ok(())
}
