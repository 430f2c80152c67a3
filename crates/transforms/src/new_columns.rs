//! What becomes of a column that the file says nothing about and that was not there before.

use std::sync::Arc;

use cdc::{Finding, Schema, TransformError};
use serde::Deserialize;

use crate::ColumnName;
use crate::draft::Draft;

/// `new_columns:` of a pipeline file. A column is new where the table had it not when it was last accepted, and
/// no step names it. Left out, a new column halts the pipeline where a column of the table is masked or dropped, as
/// its values may have to be kept back, too (and may be those of the other column, renamed while another one took its
/// name); elsewhere it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NewColumns {
    /// The pipeline halts before the first row with such a column.
    Halt,
    /// The column is taken out. It stays new, and is taken out again at the next start.
    Drop,
    /// The column goes on as it is, and is known from here on.
    Keep,
}

/// What a chain made of a table version.
#[derive(Clone, Debug)]
pub struct Bound {
    /// What the rows look like after the chain.
    pub schema: Arc<Schema>,
    /// The columns, by their names in the source, that were accepted: those to remember as known.
    pub accepted: Vec<Arc<str>>,
    /// The new columns that were taken out. They are not to be remembered.
    pub dropped: Vec<Arc<str>>,
}

/// Decides about the new columns of `source`, whose steps made `draft`. Says which were taken out.
pub(crate) fn decide(
    policy: Option<NewColumns>,
    source: &Schema,
    known: Option<&[Arc<str>]>,
    draft: &mut Draft,
) -> Result<Vec<Arc<str>>, TransformError> {
    let Some(known) = known else { return Ok(Vec::new()) };
    let guarded = draft.schema.is_masked() || draft.drops();
    let policy = policy.unwrap_or(if guarded { NewColumns::Halt } else { NewColumns::Keep });
    let is_new = |&(from, _): &(usize, usize)| !known.contains(&source.columns[from].name);
    let new: Vec<_> = draft.unnamed().filter(is_new).collect();
    let mut dropped = Vec::new();
    // From the last to the first, so that those before keep their places.
    for (from, here) in new.into_iter().rev() {
        let name = &source.columns[from].name;
        match policy {
            NewColumns::Keep => {}
            NewColumns::Drop if draft.is_key(here) => {
                return Err(halt(
                    source,
                    draft,
                    here,
                    "it is part of the key, so it cannot be dropped",
                ));
            }
            NewColumns::Drop => {
                draft.remove(here);
                dropped.push(name.clone());
            }
            NewColumns::Halt => {
                return Err(halt(source, draft, here, "whether its values may leave is not said"));
            }
        }
    }
    Ok(dropped)
}

fn halt(source: &Schema, draft: &Draft, here: usize, why: &str) -> TransformError {
    // As a step at the end of the chain sees it: that is where the line below can go.
    let (table, column) = (draft.schema.table.clone(), draft.column(here).name.clone());
    let name = ColumnName { table, column };
    let place = format!("table {}, column {}", source.origin, name.column);
    let finding = Finding::usage(
        "new_column",
        place,
        format!("the column is new in a table whose columns were known; {why}"),
    );
    let finding = finding.remedy(format!(
        "mask {name} or drop it in a step at the end of `transforms`; or write `new_columns: keep` to let new columns through as they are; or `new_columns: drop` to take them out, which also passes where the same transaction has rows from before the column, or the column is gone again"
    ));
    TransformError(Box::new(finding.run(format!("- drop: {{ columns: [{name}] }}"))))
}
