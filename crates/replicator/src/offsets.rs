//! `pgrelay offsets`: where a pipeline stands, in the words of a Debezium connector that is to go on from there.

use cdc::{Fault, Finding};

use crate::config::Pipeline;

/// The body of `PATCH /connectors/<name>/offsets`.
///
/// # Errors
/// Where the pipeline has no log, the log cannot be read, or holds no position that a connector could go on from.
pub async fn offsets(pipeline: &Pipeline) -> Result<serde_json::Value, Box<Finding>> {
    let (Some(log), Some(_)) = (pipeline.log(), pipeline.source()) else {
        return Err(Box::new(
            Finding::usage(
                "no_offset",
                pipeline.file.to_string(),
                "the pipeline writes no log that a connector could go on with",
            )
            .remedy("only a pipeline with `source` and `kafka` can be handed over"),
        ));
    };
    pgrelay_log::hand_over(log)
        .await
        .map_err(|error| Box::new(error.finding().within(&format!("pipeline {}", pipeline.name))))
}
