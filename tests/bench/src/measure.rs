//! What a process took: seconds, processor seconds, memory.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Ticks of `/proc`, a second.
const TICKS: f64 = 100.0;

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// On the clock.
    pub(crate) seconds: f64,
    /// On the processors, by the client alone.
    pub(crate) client: f64,
    /// On the processors, by all of the machine.
    pub(crate) machine: f64,
    /// The most memory the client had, in MB.
    pub(crate) peak: f64,
}

/// Seconds all processors have worked since the machine began.
pub(crate) fn machine() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let ticks: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    Ok([0, 1, 2, 5, 6].iter().filter_map(|&at| ticks.get(at)).sum::<f64>() / TICKS)
}

/// State and processor seconds of a process.
fn stat(pid: u32) -> Option<(char, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    let words: Vec<&str> = rest.split(' ').collect();
    let ticks = |at: usize| words.get(at)?.parse::<f64>().ok();
    Some((words.first()?.chars().next()?, (ticks(11)? + ticks(12)?) / TICKS))
}

/// The most memory a process had so far, in MB.
pub(crate) fn peak(pid: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Processor seconds of a process so far.
pub(crate) fn processor(pid: u32) -> f64 {
    stat(pid).map_or(0.0, |(_, seconds)| seconds)
}

/// Runs a command to its end.
///
/// A process that has ended keeps its processor time until it is waited for, but not its memory's peak: that is
/// sampled.
pub(crate) fn command(command: &mut Command) -> Result<Taken> {
    let (begun, before) = (Instant::now(), machine()?);
    let child = spawn(command)?;
    let taken = ended(child, &format!("{command:?}"))?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Taken { seconds, machine: machine()? - before, ..taken })
}

/// Starts a command that nobody listens to.
pub(crate) fn spawn(command: &mut Command) -> Result<Child> {
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?)
}

/// Waits for the end of a process: its processor seconds and its memory.
pub(crate) fn ended(mut child: Child, command: &str) -> Result<Taken> {
    let mut taken = Taken::default();
    watch(&child, &mut taken);
    let status = child.wait()?;
    ensure!(status.success(), "{command} ended with {status}");
    Ok(taken)
}

fn watch(child: &Child, taken: &mut Taken) {
    while let Some((state, seconds)) = stat(child.id()) {
        taken.client = seconds;
        if state == 'Z' {
            return;
        }
        taken.peak = peak(child.id()).unwrap_or(0.0).max(taken.peak);
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The median by seconds.
pub(crate) fn median(mut runs: Vec<Taken>) -> Taken {
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let peak = runs.iter().map(|run| run.peak).fold(0.0, f64::max);
    let middle = runs.get(runs.len() / 2).copied().unwrap_or_default();
    Taken { peak, ..middle }
}
