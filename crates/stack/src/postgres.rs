//! A PostgreSQL cluster of its own: made, started, crashed, started again, removed.

mod cluster;
mod tls;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use crate::files::Home;
use crate::ports::Port;
use crate::process::{Launch, Running, User, run};
use crate::{Error, Result, tools};

/// How long a start may take: recovery after a crash is part of it.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long a fast stop may take before the server is killed.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How a cluster is to be; [`Builder::start`] makes it so.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    settings: Vec<(String, String)>,
    port: Option<u16>,
    data_dir: Option<PathBuf>,
    bin_dir: Option<PathBuf>,
    hba: Vec<String>,
    ssl: bool,
    durable: bool,
    detached: bool,
}

impl Builder {
    /// Sets a line of `postgresql.conf`; the last one of a name counts.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Listens on this port of 127.0.0.1; otherwise on a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Keeps the cluster in this folder; otherwise it is temporary and removed on drop.
    #[must_use]
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// Uses the server programs of this folder; otherwise what `PG_BIN` names or the newest installed.
    #[must_use]
    pub fn bin_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.bin_dir = Some(folder.into());
        self
    }

    /// Puts these lines at the head of `pg_hba.conf`, so that they count before the general trust on loopback.
    /// The Unix socket always trusts, so [`Postgres::psql`] works whatever they say.
    #[must_use]
    pub fn hba(mut self, lines: &str) -> Self {
        self.hba.extend(lines.lines().map(str::to_owned));
        self
    }

    /// Serves TLS with a certificate for `localhost` and 127.0.0.1, signed by the CA of [`Postgres::ca_path`].
    #[must_use]
    pub fn ssl(mut self, on: bool) -> Self {
        self.ssl = on;
        self
    }

    /// Survives a power cut. Off, a cluster survives the crash of its process but not of the machine.
    #[must_use]
    pub fn durable(mut self, on: bool) -> Self {
        self.durable = on;
        self
    }

    /// Lets the server outlive this process; [`Builder::start`] takes over one that runs already. Needs a
    /// [`Builder::data_dir`].
    #[must_use]
    pub fn detached(mut self, on: bool) -> Self {
        self.detached = on;
        self
    }

    /// Makes the cluster if it is not there yet, starts it, and waits until it answers.
    ///
    /// # Errors
    /// Where PostgreSQL is missing or the server does not start: then with the end of its log.
    pub fn start(self) -> Result<Postgres> {
        if self.detached && self.data_dir.is_none() {
            return Err(Error::Refused(
                "a detached cluster needs a data_dir: nobody would remove it".to_owned(),
            ));
        }
        let bin = self.bin_dir.clone().map_or_else(tools::postgres_bin, Ok)?;
        let psql = tools::postgres_client(&bin, "psql")?;
        let user = User::for_servers()?;
        let home = Home::new(self.data_dir.as_deref(), user.as_ref())?;
        let port = self.port.map_or_else(Port::free, |port| Ok(Port::given(port)))?;
        let ca = home.path().join("tls/ca.crt");
        let cluster = Postgres {
            data: home.path().join("data"),
            log: home.path().join("server.log"),
            ca: self.ssl.then_some(ca),
            running: Mutex::new(None),
            detached: self.detached,
            bin,
            psql,
            user,
            port,
            home,
        };
        cluster.initialise(&self)?;
        cluster.start_again()?;
        Ok(cluster)
    }
}

/// A PostgreSQL cluster. Dropping it stops the server and removes a temporary cluster.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    psql: PathBuf,
    user: Option<User>,
    port: Port,
    data: PathBuf,
    log: PathBuf,
    ca: Option<PathBuf>,
    detached: bool,
    running: Mutex<Option<Running>>,
    home: Home,
}

impl Postgres {
    /// A cluster with `wal_level=logical` on a free port, temporary.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its URL for the superuser `postgres`, who needs no password on loopback.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// Its URL for another role.
    #[must_use]
    pub fn url_as(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}@127.0.0.1:{}/{database}", self.port())
    }

    /// The port of 127.0.0.1 it listens on, the same after every start.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The folder of its Unix socket. A path too long for a socket leaves the server without one.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.home.path()
    }

    /// `PGDATA`.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The server's log.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// The certificate to trust, of a cluster with TLS.
    #[must_use]
    pub fn ca_path(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// The postmaster's pid, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running().as_ref().filter(|server| server.is_alive()).map(Running::pid)
    }

    /// Runs SQL with psql as the superuser and returns the rows, columns parted by `|`, without a last newline.
    /// Several statements in one call are one transaction.
    ///
    /// # Errors
    /// What psql said, at the first statement that failed.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        self.run_psql(database, &["-c", sql])
    }

    /// Runs a file of SQL with psql as the superuser, each statement for itself.
    ///
    /// # Errors
    /// What psql said, at the first statement that failed.
    pub fn psql_file(&self, database: &str, file: &Path) -> Result<String> {
        self.run_psql(database, &["-f", &file.to_string_lossy()])
    }

    fn run_psql(&self, database: &str, what: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.psql);
        command.args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            database,
        ]);
        command.args(["-h", &self.host(), "-p", &self.port().to_string()]).args(what);
        // What the caller's environment says of another server must not count here.
        for name in ["PGOPTIONS", "PGSERVICE", "PGSSLMODE", "PGHOSTADDR", "PGDATABASE"] {
            command.env_remove(name);
        }
        run(&mut command).map(|text| text.trim_end_matches('\n').to_owned())
    }

    /// Ends the sessions, writes a checkpoint, stops (SIGINT). Does nothing to a stopped server.
    ///
    /// # Errors
    /// Where the server could not be stopped even by force.
    pub fn stop_fast(&self) -> Result<()> {
        self.stop(Signal::INT)
    }

    /// Stops without a checkpoint (SIGQUIT): the next start recovers as after a crash.
    ///
    /// # Errors
    /// Where the server could not be stopped even by force.
    pub fn stop_immediate(&self) -> Result<()> {
        self.stop(Signal::QUIT)
    }

    fn stop(&self, signal: Signal) -> Result<()> {
        match self.running().take() {
            Some(server) => server.stop(signal, STOP_LIMIT),
            None => Ok(()),
        }
    }

    /// Starts a stopped or crashed server and waits until it answers. Does nothing to a running one.
    ///
    /// # Errors
    /// Where the server ends or does not answer: with the end of its log.
    pub fn start_again(&self) -> Result<()> {
        let pid_file = self.home.path().join("server.pid");
        let mut running = self.running();
        if self.detached && running.is_none() {
            *running = Running::adopt("PostgreSQL", &self.log, &pid_file);
        }
        if !running.as_ref().is_some_and(Running::is_alive) {
            let program = self.bin.join("postgres");
            let launch = Launch {
                name: "PostgreSQL",
                program: &program,
                args: vec!["-D".to_owned(), self.data.to_string_lossy().into_owned()],
                env: Vec::new(),
                log: &self.log,
                user: self.user.as_ref(),
                at_our_death: "QUIT",
                detached: self.detached.then_some(pid_file.as_path()),
            };
            *running = Some(launch.start()?);
        }
        match running.as_ref() {
            Some(server) => {
                server.wait_ready(START_LIMIT, || Ok(self.psql("postgres", "SELECT 1").is_ok()))
            }
            None => Ok(()),
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where psql connects to: the socket, where there is one.
    fn host(&self) -> String {
        match cluster::has_socket(self.home.path()) {
            true => self.home.path().to_string_lossy().into_owned(),
            false => "127.0.0.1".to_owned(),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if !self.detached
            && let Err(error) = self.stop_immediate()
        {
            eprintln!("{error}");
        }
    }
}
