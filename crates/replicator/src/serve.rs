//! `pgrelay serve`: every half of every pipeline in one process, each failing on its own.

use std::collections::HashMap;
use std::sync::Arc;

use cdc::{Finding, Status};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Pipeline;
use crate::halves::{Goal, Half};
use crate::supervise::{Ended, supervise};

/// Runs until it is told to stop, until `goal` is reached, or until no half is left. Returns the exit status.
///
/// # Errors
/// Where signals cannot be listened to.
pub async fn serve(
    halves: Vec<Arc<Half>>,
    goal: Option<Goal>,
    report: impl Fn(&Finding),
) -> std::io::Result<u8> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut running = JoinSet::new();
    let mut pipelines: HashMap<Arc<str>, CancellationToken> = HashMap::new();
    for half in halves {
        let name = half.pipeline.name.clone();
        let stop = pipelines.entry(name).or_insert_with(|| stop.child_token()).clone();
        running.spawn(async move {
            let ended = supervise(half.clone(), goal, stop.clone()).await;
            // Where a pipeline ends on its own, one half would wait for ever for what the other does not do.
            if matches!(ended, Ended::Halted(_)) && half.pipeline.ends_copied() {
                stop.cancel();
            }
            ended
        });
    }
    let mut status = 0;
    loop {
        tokio::select! {
            _ = terminate.recv() => stop.cancel(),
            _ = interrupt.recv() => stop.cancel(),
            ended = running.join_next() => match ended {
                None => return Ok(status),
                Some(Ok(Ended::Done)) => {}
                Some(Ok(Ended::Halted(finding))) => {
                    report(&finding);
                    status = status.max(finding.status as u8);
                    // The other pipelines go on; but who waits for an end will not see this one.
                    if goal.is_some() {
                        stop.cancel();
                    }
                }
                Some(Err(error)) => {
                    report(&Finding::failed("task_ended", "pgrelay", format!("a task ended: {error}")));
                    status = status.max(Status::Failed as u8);
                    stop.cancel();
                }
            }
        }
    }
}

/// The halves of the pipelines.
pub fn halves(pipelines: Vec<Pipeline>) -> Vec<Arc<Half>> {
    pipelines
        .into_iter()
        .map(Arc::new)
        .flat_map(|pipeline| pipeline.halves())
        .map(Arc::new)
        .collect()
}
