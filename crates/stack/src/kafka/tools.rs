//! Kafka's own command line tools against a broker.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Kafka;
use crate::error::Tried;
use crate::process::run;
use crate::{Error, Result, tools};

/// How long a console tool waits for the next record, unless told.
const CONSOLE_TIMEOUT: &str = "120000";

/// Where Java is.
pub(crate) fn java() -> Result<PathBuf> {
    tools::require(tools::JAVA)?;
    tools::find("java").ok_or_else(|| Error::Missing {
        program: "java".to_owned(),
        install: "sudo apt-get install -y openjdk-17-jre-headless".to_owned(),
    })
}

impl Kafka {
    /// Creates a topic; `args` as of `kafka-topics.sh`, for example `["--config", "cleanup.policy=compact"]`.
    ///
    /// # Errors
    /// What the tool said.
    pub fn create_topic(&self, topic: &str, partitions: u32, args: &[&str]) -> Result<()> {
        let partitions = partitions.to_string();
        let create = [
            "--create",
            "--topic",
            topic,
            "--replication-factor",
            "1",
            "--partitions",
            &partitions,
        ];
        self.tool("org.apache.kafka.tools.TopicCommand", &[&create[..], args].concat()).map(drop)
    }

    /// The records of a topic from its beginning, committed ones only, one a line: partition, offset, headers, key,
    /// value. Ends after two minutes without a record unless `args` (as of `kafka-console-consumer.sh`) bound it by
    /// `--max-messages` or another `--timeout-ms`.
    ///
    /// # Errors
    /// What the tool said.
    pub fn console_consumer(&self, topic: &str, args: &[&str]) -> Result<String> {
        let mut all =
            vec!["--topic", topic, "--from-beginning", "--isolation-level", "read_committed"];
        for print in
            ["print.partition=true", "print.offset=true", "print.headers=true", "print.key=true"]
        {
            all.extend(["--formatter-property", print]);
        }
        if !args.contains(&"--timeout-ms") {
            all.extend(["--timeout-ms", CONSOLE_TIMEOUT]);
        }
        all.extend(args);
        self.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", &all)
    }

    /// Produces one record a line; `args` as of `kafka-console-producer.sh`.
    ///
    /// # Errors
    /// What the tool said.
    pub fn console_producer(&self, topic: &str, lines: &str, args: &[&str]) -> Result<()> {
        let input = tempfile::NamedTempFile::new().tried(|| "make a temporary file".to_owned())?;
        fs::write(input.path(), lines).tried(|| format!("write {}", input.path().display()))?;
        let input = fs::File::open(input.path()).tried(|| "read the records again".to_owned())?;
        let mut command =
            self.tool_command("org.apache.kafka.tools.ConsoleProducer", &["--topic", topic]);
        let output = command.args(args).stdin(input).stdout(Stdio::null()).output();
        let output = output.tried(|| "run the console producer".to_owned())?;
        // The tool ends with 0 even when a record was refused; it only says so.
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() && !said.contains("ERROR") && !said.contains("Exception") {
            return Ok(());
        }
        Err(Error::Failed {
            command: format!("ConsoleProducer --topic {topic}"),
            status: output.status.to_string(),
            output: said.into_owned(),
        })
    }

    /// Runs one of Kafka's own tools against this broker and returns what it printed.
    ///
    /// # Errors
    /// What the tool said.
    pub fn tool(&self, class: &str, args: &[&str]) -> Result<String> {
        run(&mut self.tool_command(class, args))
    }

    fn tool_command(&self, class: &str, args: &[&str]) -> Command {
        let mut command = Command::new(&self.java);
        command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", &self.class_path()]);
        command.arg(format!(
            "-Dlog4j2.configurationFile={}",
            self.home.path().join("tools-log4j2.properties").display()
        ));
        command.arg(class).args(["--bootstrap-server", &self.bootstrap()]).args(args);
        command
    }
}
