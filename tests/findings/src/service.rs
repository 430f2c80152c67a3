//! A pipeline that goes on while a test does something to it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stack::wait;

use crate::{Place, Ran, binary};

/// How long a state may take to come. Far more than any needs on a slow machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A running `pgrelay serve`, killed when it is dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    log: PathBuf,
}

impl Place {
    /// Writes the pipeline file and serves it until it is told to stop.
    ///
    /// # Panics
    /// Where the program cannot be started.
    pub fn start(&self, file: &str) -> Service {
        let path = self.write(file);
        let log = path.with_extension("log");
        let output = File::create(&log).expect("the folder is ours");
        let child = Command::new(binary())
            .arg("serve")
            .arg(&path)
            .args(["--listen", "127.0.0.1:0"])
            .envs(crate::VARIABLES)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn();
        Service { child: child.expect("pgrelay starts"), log }
    }

    /// Waits until a query of one value gives it.
    ///
    /// # Panics
    /// Where it does not in time.
    pub fn wait_sql(&self, database: &str, sql: &str, wanted: &str) {
        let hint = format!("wanted: {wanted}");
        let seen = || Ok((self.sql(database, sql).trim() == wanted).then_some(()));
        wait::until(sql, LIMIT, &hint, seen).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Service {
    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has said a line with this text, and returns the line.
    ///
    /// # Panics
    /// Where it does not in time; the message shows what it said.
    pub fn wait_line(&self, text: &str) -> String {
        let line = || Ok(self.said().lines().find(|line| line.contains(text)).map(str::to_owned));
        wait::until(text, LIMIT, "", line)
            .unwrap_or_else(|error| panic!("{error}; it said:\n{}", self.said()))
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it does not end in time; the message shows what it said.
    pub fn end(mut self) -> Ran {
        let ended = wait::until("the end of pgrelay", LIMIT, "", || {
            Ok(self.child.try_wait().ok().flatten())
        });
        let stderr = self.said();
        let status = ended.unwrap_or_else(|error| panic!("{error}; it said:\n{stderr}"));
        Ran { status: status.code().unwrap_or(-1), stderr, stdout: String::new() }
    }

    /// Asks it to stop, and waits for its end.
    ///
    /// # Panics
    /// Where it does not end in time.
    pub fn stop(self) -> Ran {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.is_ok_and(|status| status.success()), "kill -TERM {pid}");
        self.end()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
