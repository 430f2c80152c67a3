//! A pipeline that goes on while a test does something to it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stack::{http, wait};

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
        self.start_at(&path)
    }

    /// The same for what is at a path.
    ///
    /// # Panics
    /// Where the program cannot be started.
    pub fn start_at(&self, path: &Path) -> Service {
        let log = path.with_extension("log");
        let output = File::create(&log).expect("the folder is ours");
        let child = Command::new(binary())
            .arg("serve")
            .arg(path)
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

    /// Waits until nobody streams from a slot: the server lets go of it a moment after the end of a run.
    ///
    /// # Panics
    /// Where somebody still does when the time is up.
    pub fn wait_slots_free(&self) {
        self.wait_sql("src", "SELECT count(*) FROM pg_replication_slots WHERE active", "0");
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

    /// How many lines with this text it has said.
    pub fn lines(&self, text: &str) -> usize {
        self.said().lines().filter(|line| line.contains(text)).count()
    }

    /// Waits until it has said so many lines with this text.
    ///
    /// # Panics
    /// Where it does not in time; the message shows what it said.
    pub fn wait_lines(&self, text: &str, count: usize) {
        let what = format!("{count} lines with {text}");
        wait::until(&what, LIMIT, "", || Ok((self.lines(text) >= count).then_some(())))
            .unwrap_or_else(|error| panic!("{error}; it said:\n{}", self.said()));
    }

    /// What it answers to `GET path`, status line and headers included.
    ///
    /// # Panics
    /// Where it does not answer.
    pub fn get(&self, path: &str) -> String {
        let line = self.wait_line("address=");
        let address = line.split("address=").nth(1).unwrap_or_default().trim();
        let address = address.parse().expect("it says an address");
        http::exchange(address, "GET", path, "").expect("it answers")
    }

    /// Waits until `GET path` has an answer that will do.
    ///
    /// # Panics
    /// Where it has none in time; the message shows the last one.
    pub fn wait_get(&self, path: &str, will_do: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let answer = wait::until(path, LIMIT, "", || {
            last = self.get(path);
            Ok(will_do(&last).then(|| last.clone()))
        });
        answer.unwrap_or_else(|error| panic!("{error}; the last answer:\n{last}"))
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
