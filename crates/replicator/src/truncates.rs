//! Truncates where rows stand alone in the log: no record says them, so that a person is told before.

use cdc::{Finding, Op, Schema, TableName};
use transforms::Step;

use crate::config::Pipeline;

/// How many tables are named.
const NAMED_MAX: usize = 5;

/// The warning for a pipeline that captures these tables, unless its log has envelopes or its chain ends truncates.
pub(crate) fn left_out<'a>(
    pipeline: &Pipeline,
    tables: impl Iterator<Item = &'a Schema>,
) -> Option<Finding> {
    let log = pipeline.log().filter(|log| log.kafka.topics.is_empty())?;
    let (_, value) = log.kafka.formats();
    if value.is_enveloped() {
        return None;
    }
    let passing = |table: &&TableName| Step::pass(&pipeline.transforms, table, Op::Truncate);
    let tables: Vec<_> = tables.map(|schema| &schema.table).filter(passing).collect();
    if tables.is_empty() {
        return None;
    }
    let mut names: Vec<_> = tables.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    if tables.len() > NAMED_MAX {
        names.push(format!("{} more", tables.len() - NAMED_MAX));
    }
    let reason = format!(
        "format {} has no record for a truncate, which the publication publishes: readers keep the rows of {}",
        value.word(),
        names.join(", ")
    );
    Some(
        Finding::warning("truncates_left_out", "kafka.format", reason).remedy(
            "Let nobody truncate these tables, or end it on purpose: transforms: [{ filter: { drop: { ops: [truncate] } } }].",
        ),
    )
}
