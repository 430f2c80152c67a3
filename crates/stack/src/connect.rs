//! A Kafka Connect worker with the real Debezium PostgreSQL connector: what pgrelay's records are compared with.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::error::Tried;
use crate::files::Home;
use crate::http;
use crate::jars::Jars;
use crate::ports::Port;
use crate::process::{Launch, Running};
use crate::{Error, Result, files, kafka, wait};

const WORKER: Jars = Jars {
    folder: "connect-4.3.1",
    about: "Kafka Connect 4.3.1 (60 MB)",
    pom: include_str!("../connect/worker.xml"),
    goal: "copy-dependencies",
};

const DEBEZIUM: Jars = Jars {
    folder: "debezium-postgres-3.7.0.Final",
    about: "Debezium's PostgreSQL connector 3.7.0.Final (5 MB)",
    pom: include_str!("../connect/debezium-postgres.xml"),
    goal: "unpack-dependencies",
};

const JDBC: Jars = Jars {
    folder: "debezium-jdbc-3.6.0.Final",
    about: "Debezium's JDBC sink connector 3.6.0.Final (58 MB)",
    pom: include_str!("../connect/debezium-jdbc.xml"),
    goal: "unpack-dependencies",
};

const AVRO: Jars = Jars {
    folder: "avro-converter-2.6.8.Final",
    about: "Apicurio's Avro converter 2.6.8.Final (20 MB)",
    pom: include_str!("../connect/avro-converter.xml"),
    goal: "copy-dependencies",
};

/// What a worker can have beside the PostgreSQL connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plugin {
    /// Debezium's JDBC sink, `io.debezium.connector.jdbc.JdbcSinkConnector`.
    JdbcSink,
    /// A converter that writes Avro as Confluent's does, `io.apicurio.registry.utils.converter.AvroConverter`.
    AvroConverter,
}

impl Plugin {
    const fn jars(self) -> &'static Jars {
        match self {
            Plugin::JdbcSink => &JDBC,
            Plugin::AvroConverter => &AVRO,
        }
    }

    /// Where the worker finds it: an archive has a folder for each plugin, mere jars must be given one.
    fn folder(self, home: &Home) -> Result<String> {
        let mut folder = self.jars().fetch()?;
        if self.jars().goal == "copy-dependencies" {
            let plugins = home.path().join("plugins");
            std::fs::create_dir_all(&plugins).tried(|| format!("make {}", plugins.display()))?;
            let link = plugins.join(self.jars().folder);
            std::os::unix::fs::symlink(&folder, &link)
                .tried(|| format!("link {}", link.display()))?;
            folder = plugins;
        }
        Ok(folder.to_string_lossy().into_owned())
    }
}

const START_LIMIT: Duration = Duration::from_secs(120);
/// How long a connector may take to run, or to be gone.
const CONNECTOR_LIMIT: Duration = Duration::from_secs(180);
const STOP_LIMIT: Duration = Duration::from_secs(30);

const LOG: &str = "\
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %X{connector.context}%m (%c)%n
";

/// A worker of one process. Dropping it kills it.
#[derive(Debug)]
pub struct Connect {
    port: Port,
    running: Running,
    home: Home,
}

/// Where a worker keeps offsets and connectors.
#[derive(Clone, Copy, Debug)]
enum Keeping<'a> {
    /// In a file (`ConnectStandalone`).
    File,
    /// The same, by a JVM that is set as the start script sets it.
    FileAsShipped,
    /// In topics of this group (`ConnectDistributed`): another worker of the group goes on with them.
    Topics(&'a str),
}

impl Connect {
    /// Fetches the jars if they are not there yet, starts a worker on a free port, and waits until it answers.
    ///
    /// # Errors
    /// Where Java is missing, the jars cannot be fetched, or the worker does not start: then with the end of its log.
    pub fn start(bootstrap: &str) -> Result<Connect> {
        Connect::launch(bootstrap, &[], Keeping::File)
    }

    /// The same with further plugins.
    ///
    /// # Errors
    /// As [`Connect::start`].
    pub fn with(bootstrap: &str, more: &[Plugin]) -> Result<Connect> {
        Connect::launch(bootstrap, more, Keeping::File)
    }

    /// The same with the memory, collector and compiler of Kafka's own start script, for what is measured.
    ///
    /// # Errors
    /// As [`Connect::start`].
    pub fn as_shipped(bootstrap: &str, more: &[Plugin]) -> Result<Connect> {
        Connect::launch(bootstrap, more, Keeping::FileAsShipped)
    }

    /// The same, with connectors and offsets in topics named after `group`: `<group>-offsets` is that of the offsets.
    ///
    /// # Errors
    /// As [`Connect::start`].
    pub fn distributed(bootstrap: &str, group: &str) -> Result<Connect> {
        Connect::launch(bootstrap, &[], Keeping::Topics(group))
    }

    fn launch(bootstrap: &str, more: &[Plugin], keeping: Keeping<'_>) -> Result<Connect> {
        let java = kafka::java()?;
        let jars = WORKER.fetch()?;
        let home = Home::new(None, None)?;
        let mut plugins = vec![DEBEZIUM.fetch()?.to_string_lossy().into_owned()];
        for plugin in more {
            plugins.push(plugin.folder(&home)?);
        }
        let port = Port::free()?;
        let path = |name: &str| home.path().join(name);
        let file = path("connect.properties");
        files::write(
            &file,
            &properties(bootstrap, port.number(), &plugins.join(","), &path("offsets"), keeping),
            None,
        )?;
        files::write(&path("log4j2.properties"), LOG, None)?;
        let launch = Launch {
            name: "Kafka Connect",
            program: &java,
            args: java_args(&jars, &path("log4j2.properties"), &file, keeping),
            env: Vec::new(),
            log: &path("server.log"),
            user: None,
            at_our_death: "KILL",
            detached: None,
        };
        let running = launch.start()?;
        let worker = Connect { port, running, home };
        worker.running.wait_ready(START_LIMIT, || {
            Ok(http::get(worker.address(), "/connectors").is_ok_and(|answer| answer.status == 200))
        })?;
        Ok(worker)
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()))
    }

    /// The worker's pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// The end of the worker's log, for a failure of a test.
    #[must_use]
    pub fn log_tail(&self) -> String {
        files::tail(&self.log_path())
    }

    /// The worker's log.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.home.path().join("server.log")
    }

    /// Creates a connector and waits until it and its task run.
    ///
    /// # Errors
    /// What the worker refused it for, or the trace of the task that failed.
    pub fn create(&self, name: &str, config: &Value) -> Result<()> {
        let body = serde_json::json!({ "name": name, "config": config }).to_string();
        self.accepted(&format!("create the connector {name}"), || {
            http::post(self.address(), "/connectors", &body)
        })?;
        let what = format!("the connector {name} to run");
        self.running.wait_for(&what, CONNECTOR_LIMIT, || self.runs(name))
    }

    /// Whether a connector and its task run.
    ///
    /// # Errors
    /// The trace, where either has failed; or the worker does not answer.
    pub fn runs(&self, name: &str) -> Result<bool> {
        let answer = http::get(self.address(), &format!("/connectors/{name}/status"))?;
        // The status comes a moment after the connector.
        if answer.status != 200 {
            return Ok(false);
        }
        let status: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let tasks = status["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
        for part in std::iter::once(&status["connector"]).chain(tasks) {
            if part["state"] == "FAILED" {
                let trace = part["trace"].as_str().unwrap_or_default();
                return Err(Error::Refused(format!("the connector {name} failed:\n{trace}")));
            }
        }
        let running = |part: &Value| part["state"] == "RUNNING";
        Ok(running(&status["connector"]) && !tasks.is_empty() && tasks.iter().all(running))
    }

    /// Stops a connector: its task ends with its offset kept, and nothing of it runs when this returns.
    ///
    /// # Errors
    /// What the worker said, or it does not stop.
    pub fn stop(&self, name: &str) -> Result<()> {
        let path = format!("/connectors/{name}/stop");
        self.accepted(&path, || http::put(self.address(), &path, ""))?;
        self.running.wait_for(&format!("the connector {name} to stop"), CONNECTOR_LIMIT, || {
            let answer = http::get(self.address(), &format!("/connectors/{name}/status"))?;
            let status: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let tasks = status["tasks"].as_array().is_some_and(|tasks| !tasks.is_empty());
            Ok(status["connector"]["state"] == "STOPPED" && !tasks)
        })
    }

    /// Has a stopped connector run again, and waits until it does.
    ///
    /// # Errors
    /// What the worker said, or the trace of the task that failed.
    pub fn resume(&self, name: &str) -> Result<()> {
        let path = format!("/connectors/{name}/resume");
        self.accepted(&path, || http::put(self.address(), &path, ""))?;
        let what = format!("the connector {name} to run");
        self.running.wait_for(&what, CONNECTOR_LIMIT, || self.runs(name))
    }

    /// Changes the offsets of a stopped connector (KIP-875).
    ///
    /// # Errors
    /// What the worker said.
    pub fn alter_offsets(&self, name: &str, body: &str) -> Result<()> {
        let path = format!("/connectors/{name}/offsets");
        self.accepted(&path, || http::patch(self.address(), &path, body))
    }

    /// Asks until the worker, which may be rebalancing, says yes or no.
    fn accepted(&self, what: &str, ask: impl Fn() -> Result<http::Answer>) -> Result<()> {
        wait::until(what, CONNECTOR_LIMIT, "", || {
            let answer = ask()?;
            match answer.status {
                200..=299 => Ok(Some(())),
                409 => Ok(None),
                _ => Err(refused(what, &answer)),
            }
        })
    }

    /// Deletes a connector. Its task ends a moment later, with everything it had sent acknowledged.
    ///
    /// # Errors
    /// What the worker said.
    pub fn delete(&self, name: &str) -> Result<()> {
        // A worker that is rebalancing asks to come again.
        wait::until(&format!("the connector {name} to go"), CONNECTOR_LIMIT, "", || {
            let answer = http::delete(self.address(), &format!("/connectors/{name}"))?;
            match answer.status {
                204 | 404 => Ok(Some(())),
                409 => Ok(None),
                _ => Err(refused(&format!("delete the connector {name}"), &answer)),
            }
        })
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        // What it kept is temporary, so nothing is gained by an orderly stop.
        if let Err(error) = self.running.stop(Signal::KILL, STOP_LIMIT) {
            eprintln!("{error}");
        }
    }
}

fn refused(what: &str, answer: &http::Answer) -> Error {
    Error::Refused(format!("{what}: {} {}", answer.status, answer.body))
}

fn java_args(jars: &Path, log: &Path, properties: &Path, keeping: Keeping<'_>) -> Vec<String> {
    let class = match keeping {
        Keeping::File | Keeping::FileAsShipped => "ConnectStandalone",
        Keeping::Topics(_) => "ConnectDistributed",
    };
    let machine: &[&str] = match keeping {
        // `connect-distributed.sh` and `kafka-run-class.sh`.
        Keeping::FileAsShipped => &[
            "-Xms256M",
            "-Xmx2G",
            "-server",
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
            "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent",
        ],
        Keeping::File | Keeping::Topics(_) => {
            &["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        }
    };
    let mut args: Vec<String> = machine.iter().map(|arg| (*arg).to_owned()).collect();
    args.extend([
        format!("-Dlog4j2.configurationFile={}", log.display()),
        "-cp".to_owned(),
        format!("{}/*", jars.display()),
        format!("org.apache.kafka.connect.cli.{class}"),
        properties.to_string_lossy().into_owned(),
    ]);
    args
}

fn properties(
    bootstrap: &str,
    port: u16,
    plugins: &str,
    offsets: &Path,
    keeping: Keeping<'_>,
) -> String {
    // Debezium's PostgreSQL connector names its plugins; in others they may have to be searched for.
    let discovery = if plugins.contains(',') { "hybrid_warn" } else { "service_load" };
    let listener = format!("http://127.0.0.1:{port}");
    let offsets = offsets.to_string_lossy();
    let json = "org.apache.kafka.connect.json.JsonConverter";
    let lines = [
        ("bootstrap.servers", bootstrap),
        ("listeners", &listener),
        ("plugin.path", plugins),
        ("plugin.discovery", discovery),
        ("offset.flush.interval.ms", "1000"),
        // A task that a busy machine keeps from its last flush would send again what it had sent.
        ("offset.flush.timeout.ms", "60000"),
        ("task.shutdown.graceful.timeout.ms", "60000"),
        ("key.converter", json),
        ("value.converter", json),
        ("header.converter", json),
        ("key.converter.schemas.enable", "false"),
        ("value.converter.schemas.enable", "false"),
        ("header.converter.schemas.enable", "false"),
    ];
    let mut text = lines.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "{name}={value}");
        text
    });
    match keeping {
        Keeping::File | Keeping::FileAsShipped => {
            text.push_str(&format!("offset.storage.file.filename={offsets}\n"))
        }
        Keeping::Topics(group) => {
            text.push_str(&format!("group.id={group}\n"));
            // A worker that a busy machine keeps from its heartbeats stays in the group; one that was not kept in it
            // has its connectors back at once.
            text.push_str("session.timeout.ms=120000\nrebalance.timeout.ms=120000\nscheduled.rebalance.max.delay.ms=0\n");
            for storage in ["offset", "config", "status"] {
                let name = if storage == "offset" { "offsets" } else { storage };
                text.push_str(&format!("{storage}.storage.topic={group}-{name}\n{storage}.storage.replication.factor=1\n"));
            }
            text.push_str("offset.storage.partitions=3\nstatus.storage.partitions=1\n");
        }
    }
    text
}
