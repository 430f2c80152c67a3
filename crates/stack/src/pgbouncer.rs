//! PgBouncer before a cluster, in transaction mode: a pooler that changes the backend between two transactions.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::error::Tried;
use crate::files::Home;
use crate::ports::Port;
use crate::process::{Launch, Running, User};
use crate::{Error, Postgres, Result, files, tools};

/// A pooler. Dropping it stops it.
#[derive(Debug)]
pub struct Pgbouncer {
    port: Port,
    running: Running,
    home: Home,
}

impl Pgbouncer {
    /// Starts a pooler before `postgres`, for the roles it has now, and waits until it answers.
    ///
    /// # Errors
    /// Where PgBouncer is missing or does not start: then with the end of its log.
    pub fn start(postgres: &Postgres) -> Result<Pgbouncer> {
        tools::require(tools::PGBOUNCER)?;
        let program = tools::find("pgbouncer").ok_or_else(|| Error::Missing {
            program: "pgbouncer".to_owned(),
            install: "sudo apt-get install -y pgbouncer".to_owned(),
        })?;
        let user = User::for_servers()?;
        let home = Home::new(None, user.as_ref())?;
        let port = Port::free()?;
        // It passes on the roles it knows, and knows those that exist now.
        let roles = postgres.psql(
            "postgres",
            "SELECT '\"' || rolname || '\" \"\"' FROM pg_roles WHERE rolcanlogin",
        )?;
        files::write(&home.path().join("users.txt"), &(roles + "\n"), user.as_ref())?;
        let file = home.path().join("pgbouncer.ini");
        files::write(
            &file,
            &configuration(home.path(), port.number(), postgres.port()),
            user.as_ref(),
        )?;
        let log = home.path().join("server.log");
        let launch = Launch {
            name: "PgBouncer",
            program: &program,
            args: vec![file.to_string_lossy().into_owned()],
            env: Vec::new(),
            log: &log,
            user: user.as_ref(),
            at_our_death: "KILL",
            detached: None,
        };
        let running = launch.start()?;
        let address = ("127.0.0.1", port.number());
        running.wait_ready(Duration::from_secs(120), || {
            Ok(std::net::TcpStream::connect(address).is_ok())
        })?;
        Ok(Pgbouncer { port, running, home })
    }

    /// Its URL for a role and a database of the cluster behind it.
    #[must_use]
    pub fn url_as(&self, user: &str, database: &str) -> String {
        format!("postgresql://{user}@127.0.0.1:{}/{database}", self.port.number())
    }

    /// Its URL for the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// The port of 127.0.0.1 it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// What it logged.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn log(&self) -> Result<String> {
        let path = self.home.path().join("server.log");
        fs::read_to_string(&path).tried(|| format!("read {}", path.display()))
    }
}

fn configuration(home: &Path, port: u16, server: u16) -> String {
    let users = home.join("users.txt");
    format!(
        "[databases]\n* = host=127.0.0.1 port={server}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 4\n\
         ignore_startup_parameters = extra_float_digits\nadmin_users = postgres\n",
        users.display()
    )
}

impl Drop for Pgbouncer {
    fn drop(&mut self) {
        if let Err(error) = self.running.stop(Signal::KILL, Duration::from_secs(10)) {
            eprintln!("{error}");
        }
    }
}
