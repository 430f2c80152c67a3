//! `pgrelay drop`: removes the slot, the publication and the checkpoints a pipeline made. Rows and topics stay.

use std::time::Duration;

use cdc::{Fault, Finding};
use pgrelay_log::LogSettings;
use tokio::time::Instant;

use crate::config::Pipeline;

/// A server lets go of slot and locks a moment after the process that held them has ended.
const END_GRACE: Duration = Duration::from_secs(5);
/// After so long without a holder there is none.
const GONE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The log, if it keeps a checkpoint: topics of other producers are only read.
fn written(pipeline: &Pipeline) -> Option<&LogSettings> {
    pipeline.log().filter(|log| log.kafka.topics.is_empty())
}

/// What `drop` would remove, for the question before it.
pub fn what(pipeline: &Pipeline) -> Vec<String> {
    let mut list = Vec::new();
    if let Some(source) = pipeline.source() {
        list.push(format!(
            "replication slot {} and, if the pipeline made it, publication {} at {}",
            source.slot, source.publication, source.server
        ));
    }
    if let Some(log) = written(pipeline) {
        list.push(format!(
            "the capture checkpoint in topic {}",
            pgrelay_log::topics::offsets_topic(&log.kafka.topic_prefix)
        ));
    }
    if let Some(sink) = pipeline.sink() {
        list.push(format!("the checkpoint of pipeline {} at {}", pipeline.name, sink.server));
    }
    list
}

/// Says who is still at work with it: what is removed under a running service is removed by half. Who cannot be asked is
/// asked once more when it is removed.
async fn holder(pipeline: &Pipeline) -> Option<Finding> {
    if let Some(source) = pipeline.source()
        && let Ok(Some(finding)) = postgres_source::in_use(source).await
    {
        return Some(finding);
    }
    postgres_sink::in_use(pipeline.sink()?).await.ok()?
}

/// The same, of who has not ended after a while. Who was there must stay away: a service that connects anew holds nothing
/// for a moment.
async fn in_use(pipeline: &Pipeline) -> Option<Finding> {
    let begun = Instant::now();
    let (mut found, mut seen) = (holder(pipeline).await?, begun);
    while seen.elapsed() < GONE {
        if begun.elapsed() > END_GRACE {
            return Some(found);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        if let Some(finding) = holder(pipeline).await {
            (found, seen) = (finding, Instant::now());
        }
    }
    None
}

/// Removes it, unless it is in use. What one system refuses keeps nothing from being removed from the others; a second try goes on from there.
/// Gives what was refused, and warnings of what stays because the pipeline did not make it.
pub async fn drop(pipeline: &Pipeline) -> Vec<Finding> {
    let within = format!("pipeline {}", pipeline.name);
    if let Some(finding) = in_use(pipeline).await {
        return vec![finding.within(&within)];
    }
    let mut findings = Vec::new();
    let mut failed = |error: &dyn Fault| findings.push(error.finding());
    let mut left = None;
    if let Some(source) = pipeline.source() {
        match postgres_source::drop_made(source).await {
            Ok(warning) => left = warning,
            Err(error) => failed(&error),
        }
    }
    if let Some(log) = written(pipeline)
        && let Err(error) = pgrelay_log::forget(log).await
    {
        failed(&error);
    }
    if let Some(sink) = pipeline.sink()
        && let Err(error) = postgres_sink::drop_made(sink).await
    {
        failed(&error);
    }
    findings.into_iter().chain(left).map(|finding| finding.within(&within)).collect()
}
