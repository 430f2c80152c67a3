//! `pgrelay check`: every claim of a pipeline file tried against the live systems, before anything starts.

use std::sync::Arc;

use cdc::{Fault, Finding, Schema, Transform};
use transforms::{Chain, NewColumns, Step};

use crate::config::Pipeline;
use crate::halves::TARGET_TABLES;
use crate::truncates::left_out;

/// What a check found, and what an administrator may want to run.
#[derive(Debug)]
pub struct Checked {
    /// What is wrong, and what will hurt some day.
    pub findings: Vec<Finding>,
    /// SQL and commands that give each role the least it needs.
    pub grants: String,
}

/// Checks one pipeline.
pub async fn check(pipeline: &Pipeline) -> Checked {
    let mut findings = Vec::new();
    let mut grants = String::new();
    let (mut captured, mut schemas) = (Vec::new(), Vec::new());
    if let Some(source) = pipeline.source() {
        findings.extend(postgres_source::preflight(source).await);
        grants.push_str(&postgres_source::grants(source));
        // What keeps the source from being read is among the findings already.
        if let Ok(tables) = postgres_source::schemas(source).await {
            findings.extend(left_out(pipeline, tables.iter().map(|table| &**table)));
            let bound = chain("transforms", &pipeline.transforms, pipeline.new_columns)
                .and_then(|chain| bind(chain, &tables))
                .and_then(|captured| {
                    let mut chain = chain("sink.transforms", &pipeline.sink_transforms, None)?;
                    if let Some(sink) = pipeline.sink() {
                        chain.name_leaving(TARGET_TABLES, sink.tables.keys().cloned());
                    }
                    let applied = bind(chain, &captured)?;
                    Ok((captured, applied))
                });
            match bound {
                Ok(bound) => (captured, schemas) = bound,
                Err(finding) => findings.push(finding),
            }
        }
    }
    if let Some(log) = pipeline.log() {
        if log.kafka.topics.is_empty() {
            let tables = captured.iter().map(|schema| &**schema).collect::<Vec<_>>();
            findings.extend(pgrelay_log::check(log, &tables).await);
        } else {
            let after = match pipeline.sink() {
                // What keeps the target from being read is among the findings below.
                Some(sink) => postgres_sink::read_checkpoint(sink).await.ok().flatten(),
                None => None,
            };
            findings.extend(pgrelay_log::check_topics(log, after.as_ref()).await);
        }
        let (said, found) = pgrelay_log::check_dead_letters(log).await;
        findings.extend(found);
        grants.extend(said.map(|said| format!("-- Kafka: {said}\n")));
        grants.push_str(&format!(
            "-- Kafka: the least the principal needs\n{}\n",
            pgrelay_log::acl_commands(log)
        ));
    }
    if let Some(sink) = pipeline.sink() {
        let found = postgres_sink::preflight(sink, &schemas).await;
        // What keeps the checkpoint from being read is among these already.
        let is_wanting = found.iter().any(|finding| !finding.warning);
        findings.extend(found);
        grants.push_str(&postgres_sink::grants(sink, &schemas));
        findings.extend(positions(pipeline, sink, is_wanting).await);
    }
    let place = format!("pipeline {}", pipeline.name);
    let mut unique: Vec<Finding> = Vec::new();
    for finding in findings.into_iter().map(|finding| finding.within(&place)) {
        if !unique.contains(&finding) {
            unique.push(finding);
        }
    }
    Checked { findings: unique, grants }
}

/// The chain of the steps under a key of the file.
fn chain(key: &str, steps: &[Step], new_columns: Option<NewColumns>) -> Result<Chain, Finding> {
    Chain::new(key, steps.to_vec(), new_columns).map_err(|error| *error.0)
}

/// The tables as they leave the chain.
fn bind(mut chain: Chain, tables: &[Arc<Schema>]) -> Result<Vec<Arc<Schema>>, Finding> {
    let names: Vec<_> =
        tables.iter().map(|schema| (schema.table.clone(), schema.origin.clone())).collect();
    chain.expect_tables(&names).map_err(|error| *error.0)?;
    tables.iter().map(|schema| chain.bind(schema).map_err(|error| *error.0)).collect()
}

/// Whether the slot can give what the target's checkpoint needs, for a pipeline without a log. What is said of a target
/// that is wanting is not said again.
async fn positions(
    pipeline: &Pipeline,
    sink: &postgres_sink::Settings,
    is_wanting: bool,
) -> Vec<Finding> {
    let (Some(source), None) = (pipeline.source(), pipeline.log()) else { return Vec::new() };
    match postgres_sink::read_checkpoint(sink).await {
        Ok(checkpoint) => postgres_source::compare(source, checkpoint.as_ref()).await,
        Err(_) if is_wanting => Vec::new(),
        Err(error) => vec![error.finding()],
    }
}
