//! Slot → Kafka in each format, beside the real Debezium with the converters of the same ones.
//!
//! The clock runs from the first record in the topic to the last: what starts has started by then. Both write into one
//! partition, each from a slot of its own that was there before the backlog, and the topic must hold a record for every
//! change.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stack::{Connect, Kafka, Plugin, Registry};

use crate::backlog::{DATABASE, Work};
use crate::lab::Lab;
use crate::measure::{self, Taken};
use crate::{number, records};

/// How long one may take.
const LIMIT: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(10);
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Pgrelay,
    Debezium,
}

impl Who {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Who::Pgrelay => "pgrelay",
            Who::Debezium => "Debezium 3.7.0",
        }
    }
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Schemas,
    Avro,
}

impl Format {
    /// As a pipeline file names it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Format::Json => "debezium_json",
            Format::Schemas => "debezium_json_schemas",
            Format::Avro => "avro",
        }
    }
}

/// A run of a contestant, or its median.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) who: Who,
    pub(crate) format: Format,
    pub(crate) taken: Taken,
    /// Of a record, on the average: key, value and headers.
    pub(crate) bytes: u64,
}

const ALL: [(Who, Format); 6] = [
    (Who::Pgrelay, Format::Json),
    (Who::Debezium, Format::Json),
    (Who::Pgrelay, Format::Schemas),
    (Who::Debezium, Format::Schemas),
    (Who::Pgrelay, Format::Avro),
    (Who::Debezium, Format::Avro),
];

/// Everybody writes the same backlog, the median of the runs counts.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Run>> {
    // What the first round of each finds unread or not compiled yet is not measured.
    let rounds = number("BENCH_RUNS", 3) + 1;
    Work::Formats.prepare(&lab.source, DATABASE)?;
    lab.source.psql(DATABASE, "CREATE PUBLICATION bench FOR TABLE items, marker")?;
    for (who, format) in ALL {
        for run in 0..rounds {
            let name = name(who, format, run);
            let sql = format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')");
            lab.source.psql(DATABASE, &sql)?;
        }
    }
    Work::Formats.commit(&lab.source)?;
    let servers = Servers::start(lab)?;
    let mut runs: Vec<(Vec<Taken>, u64)> = vec![(Vec::new(), 0); ALL.len()];
    for run in 0..rounds {
        for ((who, format), (taken, bytes)) in ALL.into_iter().zip(&mut runs) {
            let name = name(who, format, run);
            let once = servers.once(who, format, &name).with_context(|| name.clone())?;
            *bytes = servers.compare(&name)?;
            eprintln!("  {name}: {:.1} s", once.seconds);
            if run > 0 {
                taken.push(once);
            }
        }
    }
    drop(servers);
    lab.source
        .psql(DATABASE, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")?;
    lab.source.psql("postgres", &format!("DROP DATABASE {DATABASE}"))?;
    let median =
        |((who, format), (taken, bytes))| Run { who, format, taken: measure::median(taken), bytes };
    Ok(ALL.into_iter().zip(runs).map(median).collect())
}

fn name(who: Who, format: Format, run: u64) -> String {
    format!("{}_{}_{run}", if who == Who::Pgrelay { "p" } else { "d" }, format.word())
}

struct Servers<'a> {
    lab: &'a Lab,
    broker: Kafka,
    registry: Registry,
    connect: Connect,
    /// The end of the backlog.
    end: String,
}

/// When the first record came, and what was used up before.
struct Begun {
    at: Instant,
    machine: f64,
    client: f64,
}

impl Begun {
    fn end(&self, client: f64) -> Result<Taken> {
        Ok(Taken {
            seconds: self.at.elapsed().as_secs_f64(),
            client: client - self.client,
            machine: measure::machine()? - self.machine,
            peak: 0.0,
        })
    }
}

impl<'a> Servers<'a> {
    fn start(lab: &'a Lab) -> Result<Self> {
        let end = lab.source.psql(DATABASE, "SELECT pg_current_wal_flush_lsn()")?;
        let (broker, registry) = (Lab::broker()?, Registry::start()?);
        let connect = Connect::as_shipped(&broker.bootstrap(), &[Plugin::AvroConverter])?;
        Ok(Self { lab, broker, registry, connect, end })
    }

    fn once(&self, who: Who, format: Format, name: &str) -> Result<Taken> {
        match who {
            Who::Pgrelay => self.pgrelay(format, name),
            Who::Debezium => self.debezium(format, name),
        }
    }

    fn pgrelay(&self, format: Format, name: &str) -> Result<Taken> {
        let mut text = format!(
            "name: {name}\nsource:\n  postgres:\n    url: {}\n    tables: [public.items, public.marker]\n    slot: {name}\n    publication: bench\n    snapshot: never\nkafka:\n  brokers: {}\n  topic_prefix: {name}\n  format: {}\n",
            self.lab.source.url(DATABASE),
            self.broker.bootstrap(),
            format.word()
        );
        if format == Format::Avro {
            text += &format!("  schema_registry: {{ url: {} }}\n", self.registry.url());
        }
        let file = self.lab.pipeline(name, &text)?;
        let mut command = Command::new(&self.lab.program);
        command.arg("serve").arg(file).args(["--until", &self.end, "--listen", "127.0.0.1:0"]);
        command.env("RUST_LOG", crate::log_level());
        let child = measure::spawn(&mut command)?;
        let begun = self.begin(name, child.id(), || Ok(()))?;
        let peak = measure::ended(child, &format!("{command:?}"))?;
        Ok(Taken { peak: peak.peak, ..begun.end(peak.client)? })
    }

    /// Waits for the first record.
    fn begin(&self, name: &str, pid: u32, alive: impl Fn() -> Result<()>) -> Result<Begun> {
        self.reached(name, "items", alive)?;
        Ok(Begun {
            at: Instant::now(),
            machine: measure::machine()?,
            client: measure::processor(pid),
        })
    }

    fn reached(&self, name: &str, table: &str, alive: impl Fn() -> Result<()>) -> Result<()> {
        let (consumer, since) = (records::consumer(&self.broker.bootstrap())?, Instant::now());
        let topic = format!("{name}.public.{table}");
        while !records::begun(&consumer, &topic)? {
            alive()?;
            ensure!(since.elapsed() < LIMIT, "nothing came to {topic}");
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// One connector in the worker that stands.
    fn debezium(&self, format: Format, name: &str) -> Result<Taken> {
        let pid = self.connect.pid();
        self.connect.create(name, &self.connector(format, name))?;
        let alive = || Ok(self.connect.runs(name).map(drop)?);
        let begun = self.begin(name, pid, alive)?;
        self.reached(name, "marker", alive)?;
        let taken = begun.end(measure::processor(pid))?;
        self.connect.delete(name)?;
        Ok(Taken { peak: measure::peak(pid).unwrap_or(0.0), ..taken })
    }

    /// Debezium's own defaults, but for where it finds everything.
    fn connector(&self, format: Format, name: &str) -> Value {
        let mut config = json!({
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "tasks.max": "1",
            "database.hostname": "127.0.0.1", "database.port": self.lab.source.port().to_string(),
            "database.user": "postgres", "database.password": "none", "database.dbname": DATABASE,
            "plugin.name": "pgoutput", "topic.prefix": name, "slot.name": name,
            "publication.name": "bench", "publication.autocreate.mode": "disabled",
            "table.include.list": "public.items,public.marker", "snapshot.mode": "no_data",
            "topic.creation.default.replication.factor": "1", "topic.creation.default.partitions": "1",
        });
        for part in ["key", "value"] {
            if format == Format::Avro {
                for (key, value) in self.registry.converter(part) {
                    config[key] = value.into();
                }
                continue;
            }
            config[format!("{part}.converter")] = JSON.into();
            let schemas = (format == Format::Schemas).to_string();
            config[format!("{part}.converter.schemas.enable")] = schemas.into();
        }
        config
    }

    /// Bytes of a record; who is fast and wrong has not run.
    fn compare(&self, name: &str) -> Result<u64> {
        let consumer = records::consumer(&self.broker.bootstrap())?;
        let (records, bytes) = records::count(&consumer, &format!("{name}.public.items"))?;
        let changes = Work::Formats.changes();
        ensure!(records == changes, "of {changes} changes the topic holds {records}");
        Ok(bytes / records.max(1))
    }
}
