//! The servers of a benchmark: durable ones, reached over TCP.

use std::path::PathBuf;

use anyhow::{Context, Result};
use stack::{Kafka, Postgres};

/// Two clusters, the program, a folder for pipeline files.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) source: Postgres,
    pub(crate) target: Postgres,
    pub(crate) program: PathBuf,
    pub(crate) recvlogical: PathBuf,
    folder: tempfile::TempDir,
}

/// What all clusters are set to, so that the WAL of a backlog fits between two checkpoints.
const SETTINGS: [(&str, &str); 8] = [
    ("shared_buffers", "512MB"),
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "30min"),
    ("max_replication_slots", "60"),
    ("max_wal_senders", "20"),
    ("logical_decoding_work_mem", "64MB"),
    ("autovacuum", "off"),
    ("log_min_messages", "fatal"),
];

impl Lab {
    pub(crate) fn start() -> Result<Self> {
        let cluster = || {
            let mut builder = Postgres::builder().durable(true);
            for (name, value) in SETTINGS {
                builder = builder.setting(name, value);
            }
            builder.start()
        };
        let program = match std::env::var_os("PGRELAY_BIN") {
            Some(named) => PathBuf::from(named),
            None => {
                let own = std::env::current_exe()?;
                own.parent().context("the benchmark has no folder")?.join("pgrelay")
            }
        };
        anyhow::ensure!(program.is_file(), "{} is not built", program.display());
        Ok(Self {
            source: cluster()?,
            target: cluster()?,
            program,
            recvlogical: stack::tools::postgres_bin()?.join("pg_recvlogical"),
            folder: tempfile::tempdir()?,
        })
    }

    /// What the figures were taken on.
    pub(crate) fn settings(&self) -> Result<String> {
        let version = self.source.psql("postgres", "SHOW server_version")?;
        let fsync = self.source.psql(
            "postgres",
            "SELECT 'fsync ' || current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')",
        )?;
        let cores = std::thread::available_parallelism()?;
        let own: Vec<String> =
            SETTINGS.iter().map(|(name, value)| format!("{name} {value}")).collect();
        Ok(format!(
            "PostgreSQL {version}, {fsync}, TCP on loopback, {cores} cores, one table with a bigint key\n{}\n",
            own.join(", ")
        ))
    }

    /// A broker with nothing in it.
    pub(crate) fn broker() -> Result<Kafka> {
        Ok(Kafka::builder().as_shipped().start()?)
    }

    /// Writes a pipeline file.
    pub(crate) fn pipeline(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(format!("{name}.yaml"));
        std::fs::write(&path, text).context("write a pipeline file")?;
        Ok(path)
    }
}
