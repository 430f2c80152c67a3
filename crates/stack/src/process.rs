//! One server process: started in the background, watched, signalled by its own identity, never by a name.
//!
//! A server ends when its parent does (`PR_SET_PDEATHSIG`, through setpriv). The kernel ties that to the parent
//! *thread*, so each server is started by a keeper thread that lives until the server has ended.

mod identity;

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::error::Tried;
use crate::{Error, Result, files, wait};

pub use identity::{Identity, User};

/// What to start.
#[derive(Debug)]
pub struct Launch<'a> {
    /// For errors.
    pub name: &'a str,
    /// The program, found already.
    pub program: &'a Path,
    /// Its arguments.
    pub args: Vec<String>,
    /// What its environment has beside ours.
    pub env: Vec<(String, String)>,
    /// The file its output is added to.
    pub log: &'a Path,
    /// Whom it runs as, if not as us.
    pub user: Option<&'a User>,
    /// The signal that stops it at once: sent by the kernel when we die.
    pub at_our_death: &'a str,
    /// A detached server outlives us; this file then says which process it is.
    pub detached: Option<&'a Path>,
}

/// A running server.
#[derive(Debug)]
pub struct Running {
    name: String,
    log: PathBuf,
    pid: u32,
    watch: Watch,
}

#[derive(Debug)]
enum Watch {
    Keeper(Arc<Life>),
    Detached(Identity),
}

/// `true` once the server has been reaped.
#[derive(Debug, Default)]
struct Life {
    ended: Mutex<bool>,
    change: Condvar,
}

impl Life {
    fn ended(&self) -> MutexGuard<'_, bool> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Launch<'_> {
    /// Starts the server; it is not ready yet.
    ///
    /// # Errors
    /// Where the program or its log cannot be opened.
    pub fn start(&self) -> Result<Running> {
        let command = self.command()?;
        let (pid, watch) = match self.detached {
            Some(pid_file) => {
                let mut child = spawn(command).tried(|| format!("start {}", self.name))?;
                let identity = Identity::of(child.id()).ok_or_else(|| self.ended())?;
                identity.write(pid_file)?;
                let pid = child.id();
                thread::spawn(move || child.wait());
                (pid, Watch::Detached(identity))
            }
            None => {
                let life = Arc::new(Life::default());
                let pid =
                    keep(command, Arc::clone(&life)).tried(|| format!("start {}", self.name))?;
                (pid, Watch::Keeper(life))
            }
        };
        Ok(Running { name: self.name.to_owned(), log: self.log.to_owned(), pid, watch })
    }

    fn command(&self) -> Result<Command> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log)
            .tried(|| format!("open the log {}", self.log.display()))?;
        let errors = log.try_clone().tried(|| "share the log".to_owned())?;
        // A session of its own: a Ctrl-C in the terminal is for us, and we stop the servers in order.
        let mut command = Command::new("setsid");
        command.arg("setpriv");
        if self.detached.is_none() {
            command.args(["--pdeathsig", self.at_our_death]);
        }
        if let Some(user) = self.user {
            command.args([
                format!("--reuid={}", user.uid),
                format!("--regid={}", user.gid),
                "--init-groups".to_owned(),
            ]);
        }
        command.arg("--").arg(self.program).args(&self.args).envs(self.env.iter().cloned());
        command.current_dir("/").stdin(Stdio::null()).stdout(log).stderr(errors);
        Ok(command)
    }

    fn ended(&self) -> Error {
        Error::Ended {
            name: self.name.to_owned(),
            log: self.log.to_owned(),
            tail: files::tail(self.log),
        }
    }
}

fn spawn(mut command: Command) -> io::Result<Child> {
    command.spawn()
}

/// Starts the server on a thread that lives until it has ended.
fn keep(command: Command, life: Arc<Life>) -> io::Result<u32> {
    let (tell, told) = std::sync::mpsc::channel();
    thread::Builder::new().name("server-keeper".to_owned()).spawn(move || {
        let mut child = match spawn(command) {
            Ok(child) => child,
            Err(error) => return drop(tell.send(Err(error))),
        };
        drop(tell.send(Ok(child.id())));
        // Waits without reaping: the pid stays ours until nobody can signal it any more.
        if let Some(pid) = Pid::from_raw(child.id() as i32) {
            while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            ) {}
        }
        let mut ended = life.ended();
        drop(child.wait());
        *ended = true;
        life.change.notify_all();
    })?;
    told.recv().unwrap_or_else(|_| Err(io::Error::other("the keeper thread ended")))
}

impl Running {
    /// Takes over a detached server that a former process started, if it still runs.
    #[must_use]
    pub fn adopt(name: &str, log: &Path, pid_file: &Path) -> Option<Running> {
        let identity = Identity::read(pid_file)?;
        Some(Running {
            name: name.to_owned(),
            log: log.to_owned(),
            pid: identity.pid(),
            watch: Watch::Detached(identity),
        })
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        match &self.watch {
            Watch::Keeper(life) => !*life.ended(),
            Watch::Detached(identity) => identity.is_alive(),
        }
    }

    /// Sends a signal, unless the process has ended.
    ///
    /// # Errors
    /// Where we may not signal it.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        // Holding the lock keeps the keeper from reaping, and so the pid from meaning somebody else.
        let _guard = match &self.watch {
            Watch::Keeper(life) => {
                let ended = life.ended();
                if *ended {
                    return Ok(());
                }
                Some(ended)
            }
            Watch::Detached(identity) if !identity.is_alive() => return Ok(()),
            Watch::Detached(_) => None,
        };
        let Some(pid) = Pid::from_raw(self.pid as i32) else { return Ok(()) };
        match rustix::process::kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(errno) => Err(io::Error::from(errno))
                .tried(|| format!("signal {} (pid {})", self.name, self.pid)),
        }
    }

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// Where it has not in time.
    pub fn wait_end(&self, limit: Duration) -> Result<()> {
        let hint = format!("its log is {}", self.log.display());
        match &self.watch {
            Watch::Keeper(life) => {
                let ended = life.ended();
                let (_ended, time) = life
                    .change
                    .wait_timeout_while(ended, limit, |ended| !*ended)
                    .unwrap_or_else(PoisonError::into_inner);
                if time.timed_out() {
                    let what = format!("{} to end", self.name);
                    return Err(Error::Late { what, seconds: limit.as_secs(), hint });
                }
                Ok(())
            }
            Watch::Detached(identity) => {
                wait::until(&format!("{} to end", self.name), limit, &hint, || {
                    Ok((!identity.is_alive()).then_some(()))
                })
            }
        }
    }

    /// Stops the process with `signal`, and by force when it does not obey in time.
    ///
    /// # Errors
    /// Where it does not even end by force.
    pub fn stop(&self, signal: Signal, limit: Duration) -> Result<()> {
        self.signal(signal)?;
        if self.wait_end(limit).is_ok() {
            return Ok(());
        }
        self.signal(Signal::KILL)?;
        self.wait_end(Duration::from_secs(10))
    }

    /// Waits until the server answers; fails at once when it has ended.
    ///
    /// # Errors
    /// As [`Running::wait_for`].
    pub fn wait_ready(&self, limit: Duration, ready: impl FnMut() -> Result<bool>) -> Result<()> {
        self.wait_for(&format!("{} to be ready", self.name), limit, ready)
    }

    /// Waits for a state the server is to bring about; fails at once when it has ended.
    ///
    /// # Errors
    /// The error of `reached`, the end of the server's log, or that the time is up.
    pub fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        mut reached: impl FnMut() -> Result<bool>,
    ) -> Result<()> {
        let hint = format!("the log of {} is {}", self.name, self.log.display());
        wait::until(what, limit, &hint, || {
            if !self.is_alive() {
                return Err(Error::Ended {
                    name: self.name.clone(),
                    log: self.log.clone(),
                    tail: files::tail(&self.log),
                });
            }
            Ok(reached()?.then_some(()))
        })
    }
}

/// Runs a command to its end and returns what it wrote to its standard output.
///
/// # Errors
/// Where it cannot be started, or fails: then with everything it wrote.
pub fn run(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.stdin(Stdio::null()).output().tried(|| format!("run `{shown}`"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let status = match output.status.signal() {
        Some(signal) => format!("signal {signal}"),
        None => format!("exit {}", output.status.code().unwrap_or(-1)),
    };
    let output = format!("{}{}", String::from_utf8_lossy(&output.stderr), stdout);
    Err(Error::Failed { command: shown, status, output: output.trim_end().to_owned() })
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}
