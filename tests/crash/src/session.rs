//! One psql that stays: statements go in at one end, and an echo says when they are done.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

const DONE: &str = "--done--";

/// A session that stays open.
#[derive(Debug)]
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Opens one as the superuser.
    ///
    /// # Errors
    /// Where psql is not there.
    pub fn open(port: u16, database: &str) -> Result<Self> {
        let psql = stack::tools::postgres_client(&stack::tools::postgres_bin()?, "psql")?;
        let mut child = Command::new(psql)
            .args(["-X", "-A", "-t", "-q", "-U", "postgres", "-h", "127.0.0.1"])
            .args(["-p", &port.to_string(), "-d", database])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A server that is stopped on purpose, a deadlock: the transaction did not happen, which is fine.
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().context("psql has no input")?;
        let output = BufReader::new(child.stdout.take().context("psql has no output")?);
        Ok(Self { child, input, output })
    }

    /// Runs statements and returns the rows they gave.
    ///
    /// # Errors
    /// Where the session has ended.
    pub fn run(&mut self, sql: &str) -> Result<String> {
        writeln!(self.input, "{sql}\n\\echo {DONE}")?;
        self.input.flush()?;
        let mut rows = String::new();
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                bail!("the session ended");
            }
            if line.trim_end() == DONE {
                return Ok(rows);
            }
            rows.push_str(&line);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Its server may be gone: nothing is left to say to it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
