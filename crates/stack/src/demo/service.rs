//! pgrelay itself: built, started in the background, waited for, stopped.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use stack::process::{Launch, Running};
use stack::tools;

use super::{Demo, PORTS};

/// How long all pipelines may take to be ready: the servers run, but a slot waits for open transactions.
const READY_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// Builds the binary, unless `PGRELAY_BIN` names one.
pub(crate) fn build(demo: &Demo) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("PGRELAY_BIN") {
        return Path::new(&named)
            .canonicalize()
            .with_context(|| format!("find PGRELAY_BIN={}", named.display()));
    }
    tools::require(tools::LIBRDKAFKA)?;
    println!("building pgrelay (the first time takes a few minutes)");
    let status = stack::cargo::cargo()
        .args(["build", "--release", "--quiet", "--workspace", "--bin", "pgrelay"])
        .current_dir(&demo.root)
        .status()
        .context("run cargo")?;
    if !status.success() {
        bail!("pgrelay does not build: see above");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| demo.root.join("target"), PathBuf::from);
    let binary = demo.root.join(target).join("release/pgrelay");
    binary.canonicalize().with_context(|| format!("find {}", binary.display()))
}

/// Starts pgrelay, or starts it anew if its binary or pipelines changed, and waits until all pipelines are ready.
pub(crate) fn start(demo: &Demo, binary: &Path) -> Result<Running> {
    let pipelines = pipelines(demo)?;
    let (log, pid_file) = (demo.state.join("pgrelay.log"), demo.state.join("pgrelay.pid"));
    let server = match Running::adopt("pgrelay", &log, &pid_file) {
        Some(running) if is_current(&running, binary, &pipelines, &pid_file) => running,
        old => {
            if let Some(old) = old {
                println!("pgrelay or a pipeline changed: starting it anew");
                old.stop(Signal::TERM, STOP_LIMIT)?;
            }
            println!("starting pgrelay serve {}", pipelines.display());
            let launch = Launch {
                name: "pgrelay",
                program: binary,
                args: vec![
                    "serve".to_owned(),
                    pipelines.to_string_lossy().into_owned(),
                    "--listen".to_owned(),
                    demo.rest(),
                ],
                env: demo.variables.clone(),
                log: &log,
                user: None,
                at_our_death: "TERM",
                detached: Some(&pid_file),
            };
            launch.start()?
        }
    };
    server.wait_ready(READY_LIMIT, || Ok(status(&demo.rest(), "/ready") == Some(200)))?;
    Ok(server)
}

/// Stops pgrelay, if it runs: it finishes the batch at hand.
pub(crate) fn stop(demo: &Demo) -> Result<()> {
    let (log, pid_file) = (demo.state.join("pgrelay.log"), demo.state.join("pgrelay.pid"));
    match Running::adopt("pgrelay", &log, &pid_file) {
        Some(running) => Ok(running.stop(Signal::TERM, STOP_LIMIT)?),
        None => Ok(()),
    }
}

/// Whether the process runs this very binary, with pipelines no younger than its start.
fn is_current(running: &Running, binary: &Path, pipelines: &Path, pid_file: &Path) -> bool {
    let runs = fs::read_link(format!("/proc/{}/exe", running.pid()));
    let Some(started) = modified(pid_file) else { return false };
    let files = fs::read_dir(pipelines).into_iter().flatten().flatten();
    let older = |path: &Path| modified(path).is_some_and(|time| time <= started);
    runs.is_ok_and(|path| path == binary)
        && older(pipelines)
        && files.into_iter().all(|file| older(&file.path()))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// The folder of pipelines: ours, or a copy where the servers listen elsewhere than it says.
pub(super) fn pipelines(demo: &Demo) -> Result<PathBuf> {
    let ours = demo.root.join("pipelines");
    if PORTS.iter().all(|(name, port)| demo.port(name) == *port) {
        return Ok(ours);
    }
    let copy = demo.state.join("pipelines");
    fs::create_dir_all(&copy).with_context(|| format!("make {}", copy.display()))?;
    for file in fs::read_dir(&ours).with_context(|| format!("read {}", ours.display()))? {
        let file = file.context("list the pipelines")?;
        let mut text = fs::read_to_string(file.path())
            .with_context(|| format!("read {}", file.path().display()))?;
        for (name, port) in PORTS {
            text = text
                .replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", demo.port(name)));
        }
        let path = copy.join(file.file_name());
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(copy)
}

/// The status of a GET, if somebody answers.
fn status(address: &str, path: &str) -> Option<u16> {
    let address: SocketAddr = address.parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}
