//! A psql session that stays open: SQL goes in as a person would type it, rows come out.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use stack::tools;

/// What psql prints when it has come to the end of what it was given.
const DONE: &str = "e2e: done";

/// A session. It ends at its first error.
#[derive(Debug)]
pub struct Psql {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: File,
}

impl Psql {
    /// Connects; `variables` can be used as `:'name'`.
    ///
    /// # Errors
    /// Where psql does not start. That it cannot connect is said by the first `run`.
    pub fn connect(url: &str, variables: &[(&str, &str)]) -> Result<Psql> {
        Psql::with(url, variables, &[])
    }

    /// Connects; an error says which line of all that ran it is in.
    ///
    /// # Errors
    /// As [`Psql::connect`].
    pub fn numbered(url: &str) -> Result<Psql> {
        Psql::with(url, &[], &["-f", "-"])
    }

    fn with(url: &str, variables: &[(&str, &str)], more: &[&str]) -> Result<Psql> {
        let program = tools::postgres_client(&tools::postgres_bin()?, "psql")?;
        let stderr = tempfile::tempfile().context("make a temporary file")?;
        let mut command = Command::new(program);
        command.args(["-X", "-A", "-t", "-q", "-F", " | ", "-P", "null=NULL"]);
        command.args(["-v", "ON_ERROR_STOP=1", "-d", url]);
        command.args(more);
        for (name, value) in variables {
            command.arg("-v").arg(format!("{name}={value}"));
        }
        for name in ["PGOPTIONS", "PGSERVICE", "PGSSLMODE", "PGHOSTADDR", "PGDATABASE"] {
            command.env_remove(name);
        }
        // Two sessions of one case that wait for each other end with an error, not never.
        command.env("PGOPTIONS", "-c lock_timeout=20s").env("PGCLIENTENCODING", "UTF8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr.try_clone()?);
        let mut child = command.spawn().context("start psql")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (stdin, stdout) = stdin.zip(stdout).context("talk to psql")?;
        Ok(Psql { child, stdin, stdout: BufReader::new(stdout), stderr })
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs SQL, each statement for itself unless it says otherwise, and returns the lines of its rows.
    ///
    /// # Errors
    /// What psql said, at the first statement that failed.
    pub fn run(&mut self, sql: &str) -> Result<Vec<String>> {
        let sent = writeln!(self.stdin, "{sql}\n\\echo '{DONE}'").and_then(|()| self.stdin.flush());
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            // A psql that has ended does not take all we send; why is in its standard error.
            if sent.is_err() || self.stdout.read_line(&mut line)? == 0 {
                self.child.wait()?;
                let mut said = String::new();
                self.stderr.rewind()?;
                self.stderr.read_to_string(&mut said)?;
                bail!("{}", said.trim_end());
            }
            match line.trim_end_matches('\n') {
                DONE => return Ok(lines),
                line => lines.push(line.to_owned()),
            }
        }
    }

    /// The one value of a query.
    ///
    /// # Errors
    /// As [`Psql::run`]; or there is not one row.
    pub fn value(&mut self, sql: &str) -> Result<String> {
        let mut rows = self.run(sql)?;
        match rows.pop() {
            Some(row) if rows.is_empty() => Ok(row),
            _ => bail!("{sql}: not one row"),
        }
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        let _ = self.stdin.write_all(b"\\q\n").and_then(|()| self.stdin.flush());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
