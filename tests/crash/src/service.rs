//! A running `pgrelay serve`, its log read as it is written, and killed at the line that was waited for.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use stack::{http, wait};

use crate::marks::{self, Half, Mark, Said};
use crate::world::{CANARY, MASK_KEY};

/// What to do at a line: called on the thread that reads it, at once.
pub type Trap = Box<dyn FnMut(Half, Mark, &Said) -> Verdict + Send>;

/// What a trap says to a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet.
    Wait,
    /// Kill now.
    Kill,
}

#[derive(Default)]
struct Log {
    said: Said,
    lines: Vec<String>,
    address: Option<String>,
    trap: Option<Trap>,
    sprung: bool,
    last_mark: Option<Instant>,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process of the service. Dropping it kills it.
pub struct Service {
    child: Child,
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("pid", &self.child.id()).finish_non_exhaustive()
    }
}

impl Service {
    /// Starts it on a pipeline file; `level` is of the log beside the marks.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(pipeline: &Path, level: &str, args: &[&str]) -> Result<Self> {
        let mut child = Command::new(stack::pgrelay()?)
            .arg("serve")
            .arg(pipeline)
            .args(["--listen", "127.0.0.1:0"])
            .args(args)
            .env("RUST_LOG", format!("{level},pgrelay::phase=trace"))
            .env("CRASH_MASK_KEY", MASK_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let errors = child.stderr.take().context("the service has no stderr")?;
        let shared = Arc::new(Shared::default());
        let (theirs, pid) = (Arc::clone(&shared), pid_of(&child)?);
        let reader = std::thread::spawn(move || read_log(BufReader::new(errors), &theirs, pid));
        Ok(Self { child, shared, reader: Some(reader) })
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(pid_of(&self.child)?, signal)?)
    }

    /// Sets the trap.
    pub fn arm(&self, trap: Trap) {
        self.shared.log().trap = Some(trap);
    }

    /// Waits until the trap has killed it; `false` when the time is up or it has ended by itself.
    #[must_use]
    pub fn wait_sprung(&self, limit: Duration) -> bool {
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.shared.log(), limit, |log| !log.sprung && !log.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.sprung
    }

    /// Waits until the log shows `wanted`, from line `from` on, and returns where it stands.
    ///
    /// # Errors
    /// Where it does not in time, with the end of the log.
    pub fn wait_line(
        &self,
        from: usize,
        limit: Duration,
        what: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<usize> {
        let find = |log: &Log| {
            log.lines.iter().skip(from).position(|line| wanted(line)).map(|at| at + from)
        };
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.shared.log(), limit, |log| find(log).is_none() && !log.ended);
        let log = waited.unwrap_or_else(PoisonError::into_inner).0;
        find(&log).with_context(|| format!("waited for {what}; the log ends\n{}", tail(&log)))
    }

    /// Waits for a mark of a half, from line `from` on.
    ///
    /// # Errors
    /// As [`Service::wait_line`].
    pub fn wait_mark(
        &self,
        from: usize,
        limit: Duration,
        what: &str,
        wanted: impl Fn(Half, Mark) -> bool,
    ) -> Result<usize> {
        self.wait_line(from, limit, what, |line| {
            marks::read(line).is_some_and(|(half, mark)| wanted(half, mark))
        })
    }

    /// Waits until everything begun is whole and no mark has come for `quiet`; `false` when the time is up.
    #[must_use]
    pub fn wait_quiet(&self, quiet: Duration, limit: Duration) -> bool {
        let is_quiet = || {
            let log = self.shared.log();
            log.last_mark.is_some_and(|at| at.elapsed() >= quiet)
                && log.said.values().all(super::marks::HalfSaid::is_whole)
        };
        stack::wait::until("quiet", limit, "", || Ok(is_quiet().then_some(()))).is_ok()
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.shared.log().lines.len()
    }

    /// The lines from `from` on.
    #[must_use]
    pub fn lines_from(&self, from: usize) -> Vec<String> {
        self.shared.log().lines.iter().skip(from).cloned().collect()
    }

    /// What its endpoint answers.
    ///
    /// # Errors
    /// Where it does not.
    pub fn get(&self, path: &str) -> Result<String> {
        let waited = self.shared.changed.wait_timeout_while(
            self.shared.log(),
            Duration::from_secs(60),
            |log| log.address.is_none() && !log.ended,
        );
        let address = waited.unwrap_or_else(PoisonError::into_inner).0.address.clone();
        let address = address.context("the service does not answer")?.parse()?;
        Ok(http::exchange(address, "GET", path, "")?)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// Where it does not in time.
    pub fn wait_end(&mut self, limit: Duration) -> Result<ExitStatus> {
        let ended = wait::until("the end of the service", limit, "", || {
            Ok(self.child.try_wait().ok().flatten())
        });
        let status = ended.with_context(|| format!("its log ends\n{}", self.tail()))?;
        self.finish();
        Ok(status)
    }

    /// SIGKILL, and what it had said until then.
    ///
    /// # Errors
    /// Where the log has a clear value in it.
    pub fn kill(mut self) -> Result<Said> {
        let _ = self.child.kill();
        self.child.wait()?;
        self.finish();
        self.check()?;
        Ok(self.shared.log().said.clone())
    }

    /// What was said must hold no clear value.
    ///
    /// # Errors
    /// With the line that does.
    pub fn check(&self) -> Result<()> {
        let log = self.shared.log();
        match log.lines.iter().find(|line| line.contains(CANARY)) {
            Some(line) => bail!("a clear value in the log: {line}"),
            None => Ok(()),
        }
    }

    /// The end of its log.
    #[must_use]
    pub fn tail(&self) -> String {
        tail(&self.shared.log())
    }

    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the service's log ends\n{}", self.tail());
        }
    }
}

/// What it said beside its marks, and its last lines.
fn tail(log: &Log) -> String {
    let told =
        |line: &&str| line.contains(" INFO ") || line.contains(" WARN ") || line.contains("error");
    let lines: Vec<&str> = log.lines.iter().map(String::as_str).collect();
    let told: Vec<&str> = lines.iter().copied().filter(told).collect();
    let last = &lines[lines.len().saturating_sub(6)..];
    format!("{}\n…\n{}", told[told.len().saturating_sub(20)..].join("\n"), last.join("\n"))
}

fn pid_of(child: &Child) -> Result<Pid> {
    Pid::from_raw(i32::try_from(child.id())?).context("a process without a pid")
}

fn read_log(mut errors: impl BufRead, shared: &Shared, pid: Pid) {
    let mut bytes = Vec::new();
    while errors.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        let mut log = shared.log();
        if let Some((half, mark)) = marks::read(&line) {
            log.last_mark = Some(Instant::now());
            // A trap of the producer's mark and the like see the state before it.
            let half = if half == Half::Capture && log.said.contains_key(&Half::Direct) {
                Half::Direct
            } else {
                half
            };
            log.said.entry(half).or_default().take(mark);
            let Log { trap, said, sprung, .. } = &mut *log;
            if let Some(trap) = trap
                && !*sprung
                && trap(half, mark, said) == Verdict::Kill
            {
                let _ = kill_process(pid, Signal::KILL);
                *sprung = true;
            }
        }
        if let Some((_, rest)) = line.split_once("status address=") {
            log.address = Some(rest.trim().to_owned());
        }
        log.lines.push(line);
        shared.changed.notify_all();
    }
    shared.log().ended = true;
    shared.changed.notify_all();
}
