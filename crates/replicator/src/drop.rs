//! `pgrelay drop`: removes the slot, the publication and the checkpoints a pipeline made. Rows and topics stay.

use cdc::{Fault, Finding};
use pgrelay_log::LogSettings;

use crate::config::Pipeline;

/// The log, if it keeps a checkpoint: topics of other producers are only read.
fn written(pipeline: &Pipeline) -> Option<&LogSettings> {
    pipeline.log().filter(|log| log.kafka.topics.is_empty())
}

/// What `drop` would remove, for the question before it.
pub fn what(pipeline: &Pipeline) -> Vec<String> {
    let mut list = Vec::new();
    if let Some(source) = pipeline.source() {
        list.push(format!(
            "replication slot {} and publication {} at {}",
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

/// Removes it.
///
/// # Errors
/// The first system that refuses; what was removed before stays removed, and a second try goes on from there.
pub async fn drop(pipeline: &Pipeline) -> Result<(), Box<Finding>> {
    let failed = |error: &dyn Fault| {
        Box::new(error.finding().within(&format!("pipeline {}", pipeline.name)))
    };
    if let Some(source) = pipeline.source() {
        postgres_source::drop_made(source).await.map_err(|error| failed(&error))?;
    }
    if let Some(log) = written(pipeline) {
        pgrelay_log::forget(log).await.map_err(|error| failed(&error))?;
    }
    if let Some(sink) = pipeline.sink() {
        postgres_sink::drop_made(sink).await.map_err(|error| failed(&error))?;
    }
    Ok(())
}
