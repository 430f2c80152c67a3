//! A Kafka broker of one node (KRaft, transactions on), with Kafka's own console tools.

mod properties;
mod tools;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use crate::files::Home;
use crate::jars::Jars;
use crate::ports::Port;
use crate::process::{Launch, Running};
use crate::{Error, Result, files};

pub(crate) use tools::java;

/// The version of Kafka.
pub const VERSION: &str = "4.3.1";

const JARS: Jars = Jars {
    folder: "kafka-4.3.1",
    about: "Apache Kafka 4.3.1 (54 MB)",
    pom: include_str!("../kafka/pom.xml"),
    goal: "copy-dependencies",
};

/// The variable that names the shared broker.
const SHARED: &str = "PGRELAY_TEST_KAFKA";
const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How a broker is to be; [`Builder::start`] makes it so.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    settings: Vec<(String, String)>,
    port: Option<u16>,
    data_dir: Option<PathBuf>,
    detached: bool,
    memory: Memory,
}

/// What a broker's JVM gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Memory {
    /// Little: many brokers run beside each other.
    #[default]
    Small,
    /// What Kafka's own start script gives it.
    AsShipped,
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

    /// Gives the JVM the memory and the collector that Kafka's own start script gives it, for what is measured.
    #[must_use]
    pub fn as_shipped(mut self) -> Self {
        self.memory = Memory::AsShipped;
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
        let java = java()?;
        let jars = JARS.fetch()?;
        let home = Home::new(self.data_dir.as_deref(), None)?;
        let (port, controller) = match self.port {
            Some(port) => (Port::given(port), Port::given(port.saturating_add(1))),
            None => (Port::free()?, Port::free()?),
        };
        let broker = Kafka {
            log: home.path().join("server.log"),
            running: Mutex::new(None),
            life: if self.detached { Life::Detached } else { Life::Handle },
            java,
            jars,
            port,
            controller,
            memory: self.memory,
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
    memory: Memory,
    log: PathBuf,
    life: Life,
    running: Mutex<Option<Running>>,
    home: Home,
}

/// How long the broker lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// As long as its handle.
    Handle,
    /// Until it is stopped.
    Detached,
    /// Somebody else decides.
    Shared,
}

impl Kafka {
    /// A broker on a free port, temporary.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The broker that `stack run --kafka` shares among the tests of one run, or one of our own where there is
    /// none. Choose topic names nobody else does, and do not try to stop it.
    ///
    /// # Errors
    /// As [`Builder::start`]; or `PGRELAY_TEST_KAFKA` is not `127.0.0.1:PORT`.
    pub fn shared() -> Result<Kafka> {
        let Ok(address) = std::env::var(SHARED) else { return Kafka::builder().start() };
        let port = address.strip_prefix("127.0.0.1:").and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| {
            Error::Refused(format!("{SHARED}={address}: it must be 127.0.0.1:PORT"))
        })?;
        let home = Home::new(None, None)?;
        let broker = Kafka {
            log: home.path().join("server.log"),
            running: Mutex::new(None),
            life: Life::Shared,
            java: java()?,
            jars: JARS.fetch()?,
            port: Port::given(port),
            controller: Port::given(0),
            memory: Memory::Small,
            home,
        };
        broker.write_tools_log()?;
        Ok(broker)
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
        if self.life == Life::Shared {
            return Err(Error::Refused(
                "others use this broker; start one with Kafka::builder()".to_owned(),
            ));
        }
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
        if self.life == Life::Shared {
            return Ok(());
        }
        if self.life == Life::Detached && running.is_none() {
            *running = Running::adopt("Kafka", &self.log, &pid_file);
        }
        if let Some(server) = running.as_ref().filter(|server| server.is_alive()) {
            return server.wait_ready(START_LIMIT, || Ok(self.accepts()));
        }
        // A broker accepts connections before it serves them; what it says at the end of its start is the state.
        let seen = fs::metadata(&self.log).map_or(0, |log| log.len() as usize);
        let server = self.launch((self.life == Life::Detached).then_some(pid_file.as_path()))?;
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
        if self.life == Life::Handle
            && let Err(error) = self.kill()
        {
            eprintln!("{error}");
        }
    }
}
