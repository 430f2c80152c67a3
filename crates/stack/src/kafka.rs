//! A Kafka broker of one node (KRaft, transactions on), with Kafka's own console tools.

mod jars;
mod properties;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use crate::error::Tried;
use crate::files::Home;
use crate::ports::Port;
use crate::process::{Launch, Running, run};
use crate::{Error, Result, files, tools};

pub use jars::VERSION;

const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// How long a console tool waits for the next record, unless told.
const CONSOLE_TIMEOUT: &str = "10000";

/// How a broker is to be; [`Builder::start`] makes it so.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    settings: Vec<(String, String)>,
    port: Option<u16>,
    data_dir: Option<PathBuf>,
    detached: bool,
}

impl Builder {
    /// Sets a line of `server.properties`; the last one of a name counts.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Listens on this port of 127.0.0.1, its controller on the next; otherwise on free ones.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Keeps the log in this folder; otherwise it is temporary and removed on drop.
    #[must_use]
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// Lets the broker outlive this process; [`Builder::start`] takes over one that runs already. Needs a
    /// [`Builder::data_dir`].
    #[must_use]
    pub fn detached(mut self, on: bool) -> Self {
        self.detached = on;
        self
    }

    /// Fetches Kafka if it is not there yet, starts a broker, and waits until it answers.
    ///
    /// # Errors
    /// Where Java is missing, the jars cannot be fetched, or the broker does not start.
    pub fn start(self) -> Result<Kafka> {
        if self.detached && self.data_dir.is_none() {
            return Err(Error::Refused(
                "a detached broker needs a data_dir: nobody would remove it".to_owned(),
            ));
        }
        tools::require(&tools::KAFKA[..1])?;
        let java = tools::find("java").ok_or_else(|| Error::Missing {
            program: "java".to_owned(),
            install: "sudo apt-get install -y openjdk-17-jre-headless".to_owned(),
        })?;
        let jars = jars::fetch()?;
        let home = Home::new(self.data_dir.as_deref(), None)?;
        let (port, controller) = match self.port {
            Some(port) => (Port::given(port), Port::given(port.saturating_add(1))),
            None => (Port::free()?, Port::free()?),
        };
        let broker = Kafka {
            log: home.path().join("server.log"),
            running: Mutex::new(None),
            detached: self.detached,
            java,
            jars,
            port,
            controller,
            home,
        };
        broker.initialise(&self.settings)?;
        broker.start_again()?;
        Ok(broker)
    }
}

/// A Kafka broker. Dropping it stops the broker and removes a temporary log.
#[derive(Debug)]
pub struct Kafka {
    java: PathBuf,
    jars: PathBuf,
    port: Port,
    controller: Port,
    log: PathBuf,
    detached: bool,
    running: Mutex<Option<Running>>,
    home: Home,
}

impl Kafka {
    /// A broker on a free port, temporary.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its address, for `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// The broker's log.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// The broker's pid, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running().as_ref().filter(|server| server.is_alive()).map(Running::pid)
    }

    /// Stops in order (SIGTERM). Does nothing to a stopped broker.
    ///
    /// # Errors
    /// Where it could not be stopped even by force.
    pub fn stop(&self) -> Result<()> {
        self.end(Signal::TERM)
    }

    /// Kills (SIGKILL).
    ///
    /// # Errors
    /// Where the broker does not end.
    pub fn kill(&self) -> Result<()> {
        self.end(Signal::KILL)
    }

    fn end(&self, signal: Signal) -> Result<()> {
        match self.running().take() {
            Some(server) => server.stop(signal, STOP_LIMIT),
            None => Ok(()),
        }
    }

    /// Freezes the broker (SIGSTOP): it keeps its connections and answers nothing.
    ///
    /// # Errors
    /// Where it cannot be signalled.
    pub fn freeze(&self) -> Result<()> {
        self.running().as_ref().map_or(Ok(()), |server| server.signal(Signal::STOP))
    }

    /// Lets a frozen broker go on.
    ///
    /// # Errors
    /// Where it cannot be signalled.
    pub fn thaw(&self) -> Result<()> {
        self.running().as_ref().map_or(Ok(()), |server| server.signal(Signal::CONT))
    }

    /// Starts a stopped broker and waits until it answers. Does nothing to a running one.
    ///
    /// # Errors
    /// Where it ends or does not answer: with the end of its log.
    pub fn start_again(&self) -> Result<()> {
        let pid_file = self.home.path().join("server.pid");
        let mut running = self.running();
        if self.detached && running.is_none() {
            *running = Running::adopt("Kafka", &self.log, &pid_file);
        }
        if let Some(server) = running.as_ref().filter(|server| server.is_alive()) {
            return server.wait_ready(START_LIMIT, || Ok(self.accepts()));
        }
        // A broker accepts connections before it serves them; what it says at the end of its start is the state.
        let seen = fs::metadata(&self.log).map_or(0, |log| log.len() as usize);
        let server = self.launch(self.detached.then_some(pid_file.as_path()))?;
        let ready =
            server.wait_ready(START_LIMIT, || Ok(self.said_started(seen) && self.accepts()));
        *running = Some(server);
        ready
    }

    fn launch(&self, pid_file: Option<&Path>) -> Result<Running> {
        let mut args = self.java_args();
        args.extend([
            "kafka.Kafka".to_owned(),
            self.properties_path().to_string_lossy().into_owned(),
        ]);
        let launch = Launch {
            name: "Kafka",
            program: &self.java,
            args,
            env: Vec::new(),
            log: &self.log,
            user: None,
            at_our_death: "KILL",
            detached: pid_file,
        };
        launch.start()
    }

    fn said_started(&self, from: usize) -> bool {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(from..).unwrap_or_default())
            .contains("Kafka Server started")
    }

    fn accepts(&self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()));
        TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
    }

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
    /// value. Ends after ten seconds without a record unless `args` (as of `kafka-console-consumer.sh`) bound it by
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

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the broker's log, for a failure of a test.
    #[must_use]
    pub fn log_tail(&self) -> String {
        files::tail(&self.log)
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // A temporary log is removed at once, so nothing is gained by an orderly stop.
        if !self.detached
            && let Err(error) = self.kill()
        {
            eprintln!("{error}");
        }
    }
}
