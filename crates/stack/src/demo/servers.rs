//! The servers of the demo: of a Docker engine where one answers, otherwise of this machine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use stack::process::{Identity, Running};
use stack::{Kafka, Postgres};

use super::{Demo, docker::Docker};

const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Which of the two PostgreSQL clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Target,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Source => "source",
            Side::Target => "target",
        }
    }

    fn port_name(self) -> &'static str {
        match self {
            Side::Source => "PGRELAY_SOURCE_PORT",
            Side::Target => "PGRELAY_TARGET_PORT",
        }
    }
}

/// The running servers.
#[derive(Debug)]
pub(crate) enum Servers {
    Native(Box<Native>),
    Docker(Docker),
}

#[derive(Debug)]
pub(crate) struct Native {
    source: Postgres,
    target: Postgres,
    kafka: Kafka,
}

impl Servers {
    /// Starts those that do not run, with the engine that has their data.
    pub(crate) fn start(demo: &Demo) -> Result<Servers> {
        let docker = match engine(demo).as_deref() {
            Some(engine) => engine == "docker",
            None => Docker::answers(),
        };
        fs::write(demo.state.join("engine"), if docker { "docker" } else { "native" })
            .context("note the engine")?;
        if docker {
            println!("Docker answers: the servers run in containers (docker-compose.yml)");
            return Ok(Servers::Docker(Docker::start(demo)?));
        }
        println!("no Docker engine is used: the servers run natively on this machine");
        let home = demo.servers_home()?;
        let kafka =
            Kafka::builder().port(demo.port("PGRELAY_KAFKA_PORT")).data_dir(home.join("kafka"));
        let native = Native {
            source: postgres(demo, &home, Side::Source)?,
            target: postgres(demo, &home, Side::Target)?,
            kafka: kafka
                .detached(true)
                .start()
                .with_context(|| failed("Kafka", "PGRELAY_KAFKA_PORT"))?,
        };
        Ok(Servers::Native(Box::new(native)))
    }

    pub(crate) fn engine(&self) -> &'static str {
        match self {
            Servers::Native(_) => "native processes; Docker was not used",
            Servers::Docker(_) => "Docker containers",
        }
    }

    /// Runs a query as the superuser.
    pub(crate) fn psql(&self, side: Side, database: &str, sql: &str) -> Result<String> {
        match self {
            Servers::Native(native) => Ok(native.postgres(side).psql(database, sql)?),
            Servers::Docker(docker) => docker.psql(side, database, sql),
        }
    }

    /// Runs a script as the superuser: each statement for itself, unless it says BEGIN.
    pub(crate) fn script(&self, side: Side, database: &str, sql: &str) -> Result<()> {
        match self {
            Servers::Native(native) => {
                // A file and not an argument: the list of processes is for everyone to read.
                let file = tempfile::NamedTempFile::new().context("make a temporary file")?;
                fs::write(file.path(), sql).context("write a temporary file")?;
                native.postgres(side).psql_file(database, file.path())?;
                Ok(())
            }
            Servers::Docker(docker) => docker.psql(side, database, sql).map(drop),
        }
    }

    /// The committed records of a topic, one a line.
    pub(crate) fn records(&self, topic: &str) -> Result<String> {
        match self {
            Servers::Native(native) => {
                Ok(native.kafka.console_consumer(topic, &["--timeout-ms", "4000"])?)
            }
            Servers::Docker(docker) => docker.records(topic),
        }
    }

    /// Whether they run; containers are taken at their word.
    pub(crate) fn run(demo: &Demo) -> Result<bool> {
        match engine(demo).as_deref() {
            Some("docker") => Ok(true),
            Some(_) => {
                Ok(Identity::read(&demo.servers_home()?.join("source/server.pid")).is_some())
            }
            None => Ok(false),
        }
    }

    /// Stops the servers in order, keeps their data.
    pub(crate) fn stop(demo: &Demo) -> Result<()> {
        match engine(demo).as_deref() {
            Some("docker") => Docker::stop(demo),
            Some(_) => stop_native(&demo.servers_home()?),
            None => Ok(()),
        }
    }

    /// Stops the servers and removes their data.
    pub(crate) fn remove(demo: &Demo) -> Result<()> {
        match engine(demo).as_deref() {
            Some("docker") => Docker::remove(demo),
            Some(_) => {
                let home = demo.servers_home()?;
                stop_native(&home)?;
                match home == demo.state || !home.exists() {
                    true => Ok(()),
                    false => fs::remove_dir_all(&home)
                        .with_context(|| format!("remove {}", home.display())),
                }
            }
            None => Ok(()),
        }
    }
}

impl Native {
    fn postgres(&self, side: Side) -> &Postgres {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

fn engine(demo: &Demo) -> Option<String> {
    fs::read_to_string(demo.state.join("engine")).ok()
}

fn postgres(demo: &Demo, home: &Path, side: Side) -> Result<Postgres> {
    let builder = Postgres::builder()
        .port(demo.port(side.port_name()))
        .data_dir(home.join(side.name()))
        .durable(true)
        .detached(true)
        // Our role needs its password even on loopback, as it would in earnest.
        .hba("host all pgrelay 127.0.0.1/32 scram-sha-256");
    builder
        .start()
        .with_context(|| failed(&format!("the {} PostgreSQL", side.name()), side.port_name()))
}

/// Ports are chosen once, so another one takes a new start.
fn failed(server: &str, port: &str) -> String {
    format!("{server} does not start (is its port taken? then run: make clean && {port}=… make up)")
}

fn stop_native(home: &Path) -> Result<()> {
    for (name, signal) in
        [("kafka", Signal::TERM), ("target", Signal::INT), ("source", Signal::INT)]
    {
        let folder = home.join(name);
        let (log, pid_file) = (folder.join("server.log"), folder.join("server.pid"));
        if let Some(server) = Running::adopt(name, &log, &pid_file) {
            server.stop(signal, STOP_LIMIT).with_context(|| format!("stop {name}"))?;
        }
    }
    Ok(())
}
