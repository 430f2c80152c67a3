//! Runs of the binary: started, waited for, stopped; what it said is kept.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use stack::wait;

use stack::pgrelay;

/// How long a run may take. Far more than any case needs on a slow machine.
pub const LIMIT: Duration = Duration::from_secs(180);

/// The variable that holds the key of masks, for pipeline files.
const KEY: (&str, &str) = ("E2E_MASK_KEY", "0123456789abcdef0123456789abcdef");

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit status.
    pub status: ExitStatus,
    /// Standard error and output.
    pub said: String,
}

impl Ended {
    /// The run, if it ended well.
    ///
    /// # Errors
    /// Its exit status and what it said.
    pub fn well(self) -> Result<Ended> {
        if self.status.success() {
            return Ok(self);
        }
        bail!("pgrelay ended with {}:\n{}", self.status, self.said)
    }

    /// The run, if it ended with this finding.
    ///
    /// # Errors
    /// It ended otherwise.
    pub fn halted(self, code: &str) -> Result<Ended> {
        if !self.status.success() && self.said.contains(&format!("[{code}]")) {
            return Ok(self);
        }
        bail!("pgrelay was to halt with [{code}] and ended with {}:\n{}", self.status, self.said)
    }
}

/// A run that goes on.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    output: File,
}

impl Serving {
    /// Starts `pgrelay` with these arguments.
    ///
    /// # Errors
    /// Where it cannot be built or started.
    pub fn start(args: &[&str], file: &Path) -> Result<Serving> {
        let output = tempfile::tempfile().context("make a temporary file")?;
        let mut command = Command::new(pgrelay()?);
        command.args(&args[..1]).arg(file).args(&args[1..]).env(KEY.0, KEY.1);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
        Ok(Serving { child: command.spawn().context("start pgrelay")?, output })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It took longer than [`LIMIT`]: then it is killed, and what it said is the error.
    pub fn wait(mut self) -> Result<Ended> {
        let ended = wait::until("the end of pgrelay", LIMIT, "", || {
            Ok(self.child.try_wait().ok().flatten())
        });
        if ended.is_err() {
            let _ = self.child.kill();
        }
        let said = self.said()?;
        match ended {
            Ok(status) => Ok(Ended { status, said }),
            Err(error) => bail!("{error}; it said:\n{said}"),
        }
    }

    /// Asks it to stop and waits for its end.
    ///
    /// # Errors
    /// As [`Serving::wait`].
    pub fn stop(self) -> Result<Ended> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().context("run kill")?;
        self.wait()
    }

    /// Kills it: no goodbye.
    ///
    /// # Errors
    /// Where it does not end.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// What it answers at a path of its HTTP interface.
    ///
    /// # Errors
    /// It does not say where it listens, or does not answer.
    pub fn get(&mut self, path: &str) -> Result<String> {
        let address = wait::until("the address", LIMIT, "", || {
            let said = self.said().unwrap_or_default();
            let address = said.split("address=").nth(1);
            Ok(address.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned))
        })?;
        let mut stream = TcpStream::connect(&address).context("ask pgrelay")?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// What it said so far.
    ///
    /// # Errors
    /// Where its output cannot be read.
    pub fn said(&mut self) -> Result<String> {
        let mut said = Vec::new();
        self.output.rewind()?;
        self.output.read_to_end(&mut said)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
