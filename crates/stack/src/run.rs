//! `stack run`: servers that live as long as one command.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use stack::{Kafka, Postgres, Registry};

/// Starts the servers asked for, runs the command, stops them; returns the command's status.
pub(crate) fn run(args: &[&str]) -> Result<Option<u8>> {
    let Some(parting) = args.iter().position(|arg| *arg == "--") else { return Ok(None) };
    let (options, command) = (&args[..parting], &args[parting + 1..]);
    if command.is_empty()
        || options.iter().any(|option| !["--kafka", "--postgres", "--registry"].contains(option))
    {
        return Ok(None);
    }
    let signals = Passed::to_the_command()?;
    let kafka = options.contains(&"--kafka").then(shared_broker).transpose()?;
    let postgres =
        options.contains(&"--postgres").then(|| Postgres::builder().start()).transpose()?;
    let registry = options.contains(&"--registry").then(Registry::start).transpose()?;
    let mut child = Command::new(command[0]);
    child.args(&command[1..]);
    stack::cargo::forget_package(&mut child);
    if let Some(kafka) = &kafka {
        child.env("PGRELAY_TEST_KAFKA", kafka.bootstrap());
    }
    if let Some(postgres) = &postgres {
        child.env("PGRELAY_TEST_POSTGRES", postgres.url("postgres"));
        child.env("PGRELAY_TEST_POSTGRES_PID", postgres.pid().unwrap_or_default().to_string());
    }
    if let Some(registry) = &registry {
        child.env("PGRELAY_TEST_REGISTRY", registry.url());
    }
    signals.around(&mut child).map(Some)
}

/// A broker that is fenced only when it is really gone: on a busy machine its heartbeats may come late.
fn shared_broker() -> stack::Result<Kafka> {
    Kafka::builder().setting("broker.session.timeout.ms", "120000").start()
}

/// Signals of ours are the command's: when it ends, the servers are stopped in order.
#[derive(Debug)]
struct Passed {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    child: Option<Pid>,
    early: Option<i32>,
}

impl Passed {
    fn to_the_command() -> Result<Passed> {
        let state = Arc::new(Mutex::new(State::default()));
        let theirs = Arc::clone(&state);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("watch for signals")?;
        thread::spawn(move || {
            for signal in &mut signals {
                let mut state = lock(&theirs);
                match (state.child, Signal::from_named_raw(signal)) {
                    // A command that has just ended needs no signal.
                    (Some(child), Some(signal)) => {
                        let _ = rustix::process::kill_process(child, signal);
                    }
                    _ => state.early = Some(signal),
                }
            }
        });
        Ok(Passed { state })
    }

    fn around(&self, command: &mut Command) -> Result<u8> {
        let mut child = {
            let mut state = lock(&self.state);
            if let Some(signal) = state.early {
                return Ok(128 + signal as u8);
            }
            let child =
                command.spawn().with_context(|| format!("start {:?}", command.get_program()))?;
            state.child = Pid::from_raw(child.id() as i32);
            child
        };
        let status = child.wait().context("wait for the command")?;
        Ok(match (status.code(), status.signal()) {
            (Some(code), _) => code as u8,
            (None, signal) => 128 + signal.unwrap_or_default() as u8,
        })
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
