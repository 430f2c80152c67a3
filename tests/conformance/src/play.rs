//! One case: a database, two slots, the same SQL, and what each side left in the log.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use e2e::{Cluster, Psql, Serving};
use stack::{Connect, wait};

use crate::avro::Schemas;
use crate::case::Case;
use crate::catalog::Catalog;
use crate::ending::{self, MARKED};
use crate::properties::{MARK_SCHEMA, MARK_TABLE, Place};
use crate::records::{Record, Topics, read};
use crate::servers::Servers;
use crate::sql;
use crate::words;

/// How long a state may take to come.
const LIMIT: Duration = Duration::from_secs(180);
/// Who owns a case's database, and whom both sides are. A publication of all tables takes a superuser.
const ROLE: &str = "conformance";

/// What each side left.
pub(crate) struct Both {
    /// pgrelay.
    pub(crate) ours: Topics,
    /// Debezium.
    pub(crate) theirs: Topics,
    /// The tables before and after.
    pub(crate) catalog: Catalog,
}

/// Plays a case and reads both logs.
pub(crate) fn play(case: &Case, servers: &Servers) -> Result<Both> {
    let room = Room::new(case, servers)?;
    let ending = ending::of(case)?;
    let mut admin = room.cluster.admin(&room.place.database)?;
    admin.run(&room.marks())?;
    let mut owner = Psql::numbered(&room.cluster.url(ROLE, &room.place.database))?;
    // What ends it stands on the line between the sections: psql counts lines as the file has them.
    sql::run(&mut owner, &case.before).with_context(|| format!("{}.sql", case.name))?;
    let before = Catalog::read(&mut admin)?;
    admin.run(&ending::publish(case, &before))?;
    let file = room.folder.path().join("pipeline.yaml");
    // JSON is YAML.
    fs::write(&file, room.place.pipeline(case, &before)?.to_string())
        .context("write the pipeline file")?;
    if case.ends_with_the_copy() {
        admin.run(MARKED)?;
    }
    let mut sides = Sides {
        ours: Serving::start(&["serve", "--listen", "127.0.0.1:0"], &file)?,
        connect: room.connect,
        connector: room.place.theirs(),
        ends: case.ends_with_the_copy(),
    };
    room.connect.create(&sides.connector, &room.place.connector(case, &before))?;
    if case.ends_with_the_copy() {
        for prefix in [room.place.ours(), room.place.theirs()] {
            sides.until(&format!("the copy of {prefix}"), || room.marked(case, &prefix))?;
        }
    } else {
        sides.until("both to stream", || room.streaming())?;
    }
    sql::run(&mut owner, &case.stream).with_context(|| format!("{}.sql", case.name))?;
    let catalog = Catalog::read(&mut admin)?.with(before);
    admin.run(&ending)?;
    for prefix in [room.place.ours(), room.place.theirs()] {
        let what = format!("the end of the stream in the topics of {prefix}");
        sides.until(&what, || room.marked(case, &prefix))?;
    }
    sides.stop()?;
    let both = |prefix: &str| {
        let mut topics = room.read(case, prefix)?;
        topics.retain(|(topic, _), _| topic != MARK_TABLE);
        // How many there are is a matter of time: one stands for all.
        for ((topic, _), records) in &mut topics {
            if case.heartbeats() == Some(topic) {
                records.truncate(1);
            }
        }
        Ok::<_, anyhow::Error>(topics)
    };
    Ok(Both { ours: both(&room.place.ours())?, theirs: both(&room.place.theirs())?, catalog })
}

/// Both sides, while they run.
struct Sides<'a> {
    ours: Serving,
    connect: &'a Connect,
    connector: String,
    /// Whether pgrelay ends by itself.
    ends: bool,
}

impl Sides<'_> {
    /// Waits for a state while both sides are well.
    fn until(&mut self, what: &str, mut reached: impl FnMut() -> Result<bool>) -> Result<()> {
        let mut failed = None;
        let waited = wait::until(what, LIMIT, "", || {
            let mut well = || {
                if !self.ends && !self.ours.is_alive()? {
                    bail!("pgrelay has ended:\n{}", self.ours.said()?);
                }
                if !self.connect.runs(&self.connector)? {
                    bail!("the connector {} does not run", self.connector);
                }
                reached()
            };
            match well() {
                Ok(reached) => Ok(reached.then_some(())),
                Err(error) => {
                    failed = Some(error);
                    Ok(Some(()))
                }
            }
        });
        match (failed, waited) {
            (Some(error), _) => Err(error).with_context(|| format!("wait for {what}")),
            (None, Ok(())) => Ok(()),
            (None, Err(late)) => {
                let said = self.ours.said()?;
                let tail = self.connect.log_tail();
                // What asks how it is is most of it.
                let tail: Vec<_> = tail.lines().filter(|line| !line.contains("\"GET /")).collect();
                bail!("{late}; pgrelay said:\n{said}\nConnect said:\n{}", tail.join("\n"))
            }
        }
    }

    fn stop(self) -> Result<()> {
        self.ours.stop()?.well()?;
        Ok(self.connect.delete(&self.connector)?)
    }
}

/// A database of its own, gone with its slots and its connector at the end.
struct Room<'a> {
    place: Place<'a>,
    cluster: &'a Cluster,
    connect: &'a Connect,
    schemas: Schemas<'a>,
    folder: tempfile::TempDir,
}

impl<'a> Room<'a> {
    fn new(case: &Case, servers: &'a Servers) -> Result<Room<'a>> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (cluster, connect) = (servers.cluster()?, servers.connect()?);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let database = format!("c{}_{n}_{}", std::process::id(), case.slug());
        let url = cluster.url(ROLE, &database);
        let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next());
        let port = port.and_then(|port| port.parse().ok()).context("the port of the cluster")?;
        let brokers = servers.kafka()?.bootstrap();
        let avro = words::in_avro(case).next().is_some();
        let registry = if avro { Some(servers.registry()?) } else { None };
        let place = Place { database, role: ROLE.to_owned(), port, brokers, registry };
        cluster.admin("postgres")?.run(&format!(
            "DO $$ BEGIN CREATE ROLE {ROLE} LOGIN SUPERUSER REPLICATION; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;\n\
             CREATE DATABASE {} OWNER {ROLE};",
            place.database
        ))?;
        let schemas = Schemas::new(registry);
        Ok(Room { place, cluster, connect, schemas, folder: tempfile::tempdir()? })
    }

    /// The table that ends a run.
    fn marks(&self) -> String {
        format!(
            "CREATE SCHEMA {MARK_SCHEMA} AUTHORIZATION {ROLE}; CREATE TABLE {MARK_TABLE} (id int PRIMARY KEY); \
             ALTER TABLE {MARK_TABLE} OWNER TO {ROLE};"
        )
    }

    fn read(&self, case: &Case, prefix: &str) -> Result<Topics> {
        read(&self.place.brokers, &self.schemas, prefix, case.heartbeats())
    }

    /// Whether a side's topics have the mark, and a heartbeat where there are some.
    fn marked(&self, case: &Case, prefix: &str) -> Result<bool> {
        let topics = self.read(case, prefix)?;
        let has = |name: &str| topics.keys().any(|(topic, _)| topic == name);
        // The end of the mark's transaction is told after the mark.
        let ended = |records: &Vec<Record>| records.last().is_some_and(Record::ends_a_transaction);
        let whole = case.property("provide.transaction.metadata") != Some("true")
            || topics
                .iter()
                .any(|((topic, _), records)| *topic == case.transactions() && ended(records));
        let beats = case.heartbeats().is_none_or(has);
        Ok(has(MARK_TABLE) && (case.ends_with_the_copy() || whole && beats))
    }

    /// Whether both slots are read. While a slot is made, or a snapshot is, its sender is not at this.
    fn streaming(&self) -> Result<bool> {
        let sql = format!(
            "SELECT count(*) FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid \
             WHERE s.database = '{}' AND r.state IN ('catchup', 'streaming');",
            self.place.database
        );
        Ok(self.cluster.admin("postgres")?.value(&sql)? == "2")
    }

    fn remove(&self) -> Result<()> {
        self.connect.delete(&self.place.theirs())?;
        let (database, mut admin) = (&self.place.database, self.cluster.admin("postgres")?);
        let slots = format!("FROM pg_replication_slots WHERE database = '{database}'");
        admin.run(&format!("SELECT pg_terminate_backend(active_pid, 5000) {slots} AND active;"))?;
        admin.run(&format!("SELECT pg_drop_replication_slot(slot_name) {slots};"))?;
        admin.run(&format!("DROP DATABASE {database} WITH (FORCE);"))?;
        Ok(())
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("{}: {error:#}", self.place.database);
        }
    }
}
