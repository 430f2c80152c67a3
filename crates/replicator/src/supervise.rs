//! One task a half: it starts again what may heal, and stops at what will not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cdc::{Finding, Meter, Phase, Remedy, Status};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::halves::{Goal, Half};
use crate::run::{Failure, Until};

/// The first pause before a new start, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// With `--until` a half that never came to work at all is given up after this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a half ended.
#[derive(Debug)]
pub enum Ended {
    /// It was stopped, or reached what `--until` asked for.
    Done,
    /// It halted.
    Halted(Box<Finding>),
}

/// Runs a half until it is stopped, is done, or halts.
pub async fn supervise(half: Arc<Half>, goal: Option<Goal>, stop: CancellationToken) -> Ended {
    let begun = Instant::now();
    let mut pause = PAUSE_MIN;
    let mut worked_once = false;
    loop {
        half.meter.enter(Phase::Starting);
        let before = progress(&half.meter);
        let failure = match attempt(&half, goal, &stop).await {
            Ok(()) => {
                half.meter.enter(Phase::Stopped);
                return Ended::Done;
            }
            Err(failure) => failure,
        };
        let moved = progress(&half.meter) != before;
        worked_once |= half.meter.events.load(Ordering::Relaxed) > 0;
        Meter::add(&half.meter.errors, 1);
        let finding = (*failure.finding).within(&half.label());
        let gives_up = goal.is_some() && !worked_once && begun.elapsed() > PATIENCE;
        if failure.remedy != Remedy::Retry || gives_up {
            half.meter.enter(Phase::Halted(format!("{} [{}]", finding.reason, finding.code)));
            let status = if worked_once && finding.status == Status::Outside && goal.is_some() {
                Status::Failed
            } else {
                finding.status
            };
            return Ended::Halted(Box::new(Finding { status, ..finding }));
        }
        if moved {
            pause = PAUSE_MIN;
        }
        tracing::warn!(code = finding.code, place = %finding.place, reason = %finding.reason, remedy = %finding.remedy, pause_ms = pause.as_millis(), "starting again");
        half.meter.enter(Phase::Retrying(format!("{} [{}]", finding.reason, finding.code)));
        tokio::select! {
            () = stop.cancelled() => {
                half.meter.enter(Phase::Stopped);
                return Ended::Done;
            }
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
        }
    }
}

async fn attempt(half: &Half, goal: Option<Goal>, stop: &CancellationToken) -> Result<(), Failure> {
    let until = match goal {
        _ if half.pipeline.ends_copied() => Some(Until::Copied),
        None => None,
        Some(goal) => {
            let asked = half.until.get_or_try_init(|| half.pipeline.until(goal));
            let Some(asked) = stop.run_until_cancelled(asked).await else { return Ok(()) };
            Some(asked?.clone())
        }
    };
    // Says whose batch the marks under it speak of; only who asks for the marks sees it.
    let role = half.role.word();
    let span = tracing::trace_span!(target: "pgrelay::phase", "half", role);
    half.run(until.as_ref(), stop).instrument(span).await
}

fn progress(meter: &Meter) -> (u64, u64) {
    (meter.batches.load(Ordering::Relaxed), meter.snapshot_rows.load(Ordering::Relaxed))
}
