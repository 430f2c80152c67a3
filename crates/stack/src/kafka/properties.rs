//! The files of a broker: its properties, its log format, and the formatted log folder.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Kafka, Memory};
use crate::error::Tried;
use crate::process::run;
use crate::{Result, files};

const BROKER_LOG: &str = "\
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
";

/// What a tool prints is for the caller: its log goes to the standard error, from warnings up.
const TOOLS_LOG: &str = "\
rootLogger.level = WARN
rootLogger.appenderRef.err.ref = err
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %p %m (%c)%n
";

impl Kafka {
    pub(super) fn properties_path(&self) -> PathBuf {
        self.home.path().join("server.properties")
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(super) fn class_path(&self) -> String {
        format!("{}/*", self.jars.display())
    }

    pub(super) fn java_args(&self) -> Vec<String> {
        let log = self.home.path().join("log4j2.properties");
        let memory: &[&str] = match self.memory {
            // The compiler of long-running programs would take a processor from the tests for most of their time.
            Memory::Small => {
                &["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
            }
            // kafka-server-start.sh and kafka-run-class.sh.
            Memory::AsShipped => &[
                "-Xms1g",
                "-Xmx1g",
                "-server",
                "-XX:+UseG1GC",
                "-XX:MaxGCPauseMillis=20",
                "-XX:InitiatingHeapOccupancyPercent=35",
                "-XX:+ExplicitGCInvokesConcurrent",
            ],
        };
        let mut args: Vec<String> = memory.iter().map(|arg| (*arg).to_owned()).collect();
        args.push(format!("-Dlog4j2.configurationFile={}", log.display()));
        args.extend(["-cp".to_owned(), self.class_path()]);
        args
    }

    /// Writes the configuration, and formats the log folder if that was not done.
    pub(super) fn initialise(&self, settings: &[(String, String)]) -> Result<()> {
        files::write(&self.properties_path(), &self.properties(settings), None)?;
        files::write(&self.home.path().join("log4j2.properties"), BROKER_LOG, None)?;
        self.write_tools_log()?;
        if self.data().join("meta.properties").exists() {
            return Ok(());
        }
        let properties = self.properties_path();
        let mut command = Command::new(&self.java);
        command.args(self.java_args());
        command
            .args(["kafka.tools.StorageTool", "format", "-t", &cluster_id()?, "-c"])
            .arg(properties);
        run(command.current_dir("/")).map(drop)
    }

    pub(super) fn write_tools_log(&self) -> Result<()> {
        files::write(&self.home.path().join("tools-log4j2.properties"), TOOLS_LOG, None)
    }

    fn properties(&self, settings: &[(String, String)]) -> String {
        let (port, controller) = (self.port.number(), self.controller.number());
        let data = self.data();
        let listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
        let advertised = format!("PLAINTEXT://127.0.0.1:{port}");
        let voters = format!("1@127.0.0.1:{controller}");
        let mut lines = vec![
            ("process.roles", "broker,controller"),
            ("node.id", "1"),
            ("controller.quorum.voters", voters.as_str()),
            ("listeners", listeners.as_str()),
            ("advertised.listeners", advertised.as_str()),
            ("controller.listener.names", "CONTROLLER"),
            ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
            ("inter.broker.listener.name", "PLAINTEXT"),
            // A topic that appears by itself would hide a wrong name.
            ("auto.create.topics.enable", "false"),
            ("offsets.topic.replication.factor", "1"),
            ("offsets.topic.num.partitions", "4"),
            ("transaction.state.log.replication.factor", "1"),
            ("transaction.state.log.min.isr", "1"),
            ("transaction.state.log.num.partitions", "4"),
            ("share.coordinator.state.topic.replication.factor", "1"),
            ("share.coordinator.state.topic.min.isr", "1"),
            ("group.initial.rebalance.delay.ms", "0"),
            ("log.segment.delete.delay.ms", "1000"),
        ];
        lines.extend(settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let start = format!("log.dirs={}\n", data.display());
        lines.iter().fold(start, |mut text, (name, value)| {
            let _ = writeln!(text, "{name}={value}");
            text
        })
    }
}

/// A new cluster's id: 16 bytes as base64url, whose alphabet holds the hexadecimal digits.
fn cluster_id() -> Result<String> {
    let path = "/proc/sys/kernel/random/uuid";
    let uuid = fs::read_to_string(path).tried(|| format!("read {path}"))?;
    let digits: String = uuid.chars().filter(char::is_ascii_hexdigit).take(21).collect();
    Ok(format!("{digits}A"))
}
