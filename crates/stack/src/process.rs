//! One server process: started in the background, watched, signalled by its own identity, never by a name.
//!
//! A server ends when its parent does (`PR_SET_PDEATHSIG`, through setpriv). The kernel ties that to the parent
//! *thread*, so each server is started by a keeper thread that lives until the server has ended.

use std::fs::{self, File};
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

/// The user servers run as when we are root, because PostgreSQL refuses root.
#[derive(Debug, Clone)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

impl User {
    /// Whom to become: nobody new unless we are root.
    ///
    /// # Errors
    /// As root, where there is neither a user `postgres` nor `nobody`.
    pub fn for_servers() -> Result<Option<User>> {
        if !rustix::process::getuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").tried(|| "read /etc/passwd".to_owned())?;
        ["postgres", "nobody"].iter().find_map(|name| user_in(&passwd, name)).map(Some).ok_or_else(
            || Error::Missing {
                program: "a user `postgres` to run servers as".to_owned(),
                install: "useradd --system postgres".to_owned(),
            },
        )
    }
}

fn user_in(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(User { name: name.to_owned(), uid, gid })
    })
}

/// Which process a pid meant: a pid is used again, together with its start time and boot it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pid: u32,
    started: String,
    boot: String,
}

impl Identity {
    /// The process that has this pid now, if it is alive.
    #[must_use]
    pub fn of(pid: u32) -> Option<Identity> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold spaces; what follows it does not. State is field 3, start time field 22.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        (!matches!(fields.next()?, "Z" | "X")).then_some(())?;
        let started = fields.nth(18)?.to_owned();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        Some(Identity { pid, started, boot })
    }

    /// Reads what [`Identity::write`] wrote, if that process is still alive.
    #[must_use]
    pub fn read(pid_file: &Path) -> Option<Identity> {
        let text = fs::read_to_string(pid_file).ok()?;
        let pid = text.split_whitespace().next()?.parse().ok()?;
        Identity::of(pid).filter(|now| now.line() == text)
    }

    /// Writes a pid file.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, pid_file: &Path) -> Result<()> {
        fs::write(pid_file, self.line()).tried(|| format!("write {}", pid_file.display()))
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Identity::of(self.pid).as_ref() == Some(self)
    }

    fn line(&self) -> String {
        format!("{} {} {}\n", self.pid, self.started, self.boot)
    }
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// For errors.
    pub(crate) name: &'a str,
    pub(crate) program: &'a Path,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) log: &'a Path,
    pub(crate) user: Option<&'a User>,
    /// The signal that stops it at once: sent by the kernel when we die.
    pub(crate) at_our_death: &'a str,
    /// A detached server outlives us; this file then says which process it is.
    pub(crate) detached: Option<&'a Path>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Running {
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
    pub(crate) fn start(&self) -> Result<Running> {
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
    pub(crate) fn adopt(name: &str, log: &Path, pid_file: &Path) -> Option<Running> {
        let identity = Identity::read(pid_file)?;
        Some(Running {
            name: name.to_owned(),
            log: log.to_owned(),
            pid: identity.pid(),
            watch: Watch::Detached(identity),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn is_alive(&self) -> bool {
        match &self.watch {
            Watch::Keeper(life) => !*life.ended(),
            Watch::Detached(identity) => identity.is_alive(),
        }
    }

    /// Sends a signal, unless the process has ended.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
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
    pub(crate) fn wait_end(&self, limit: Duration) -> Result<()> {
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
    pub(crate) fn stop(&self, signal: Signal, limit: Duration) -> Result<()> {
        self.signal(signal)?;
        if self.wait_end(limit).is_ok() {
            return Ok(());
        }
        self.signal(Signal::KILL)?;
        self.wait_end(Duration::from_secs(10))
    }

    /// Waits until `ready` says so; fails at once when the server has ended.
    pub(crate) fn wait_ready(
        &self,
        limit: Duration,
        mut ready: impl FnMut() -> Result<bool>,
    ) -> Result<()> {
        let hint = format!("its log is {}", self.log.display());
        wait::until(&format!("{} to be ready", self.name), limit, &hint, || {
            if !self.is_alive() {
                return Err(Error::Ended {
                    name: self.name.clone(),
                    log: self.log.clone(),
                    tail: files::tail(&self.log),
                });
            }
            Ok(ready()?.then_some(()))
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
