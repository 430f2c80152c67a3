//! The verbs of a chain, as a pipeline file writes them: `- mask: { … }`.

use cdc::{Op, TableName, TransformError};
use serde::Deserialize;

use crate::draft::Draft;
use crate::{DropColumns, Filter, Mask, Rename, Route};

/// One step of a chain. The key says which; a key that is none of these is refused.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Hides the values of columns.
    Mask(Mask),
    /// Gives a table or columns other names.
    Rename(Rename),
    /// Takes columns out.
    Drop(DropColumns),
    /// Sends tables to a topic of another name.
    Route(Route),
    /// Ends some events here.
    Filter(Filter),
}

impl Step {
    /// The verb.
    pub fn verb(&self) -> &'static str {
        match self {
            Step::Mask(_) => "mask",
            Step::Rename(_) => "rename",
            Step::Drop(_) => "drop",
            Step::Route(_) => "route",
            Step::Filter(_) => "filter",
        }
    }

    /// Whether events of this operation on `table` end here.
    fn ends(&self, table: &TableName, op: Op) -> bool {
        match self {
            Step::Filter(filter) => filter.ends(table).has(op),
            Step::Mask(_) | Step::Rename(_) | Step::Drop(_) | Step::Route(_) => false,
        }
    }

    /// Whether events of this operation on `table` come to the end of a chain of these steps.
    pub fn pass(steps: &[Step], table: &TableName, op: Op) -> bool {
        let mut table = table;
        steps.iter().all(|step| {
            let ends = step.ends(table, op);
            table = step.renamed(table).unwrap_or(table);
            !ends
        })
    }

    /// Whether it takes values away from who reads behind it. A filter keeps changes from a target and hides nothing.
    pub const fn hides(&self) -> bool {
        match self {
            Step::Mask(_) | Step::Drop(_) => true,
            Step::Rename(_) | Step::Route(_) | Step::Filter(_) => false,
        }
    }

    /// Reads what the step needs from outside the file, once.
    pub(crate) fn prepare(&mut self) -> Result<(), Box<cdc::Finding>> {
        match self {
            Step::Mask(mask) => mask.prepare(),
            Step::Rename(_) | Step::Drop(_) | Step::Route(_) | Step::Filter(_) => Ok(()),
        }
    }

    /// What the step makes of a table.
    pub(crate) fn bind(&self, draft: &mut Draft) -> Result<(), TransformError> {
        match self {
            Step::Mask(mask) => mask.bind(draft),
            Step::Rename(rename) => rename.bind(draft),
            Step::Drop(drop) => drop.bind(draft),
            Step::Route(route) => {
                route.bind(draft);
                Ok(())
            }
            Step::Filter(filter) => {
                filter.bind(draft);
                Ok(())
            }
        }
    }

    /// The tables it names one by one.
    pub(crate) fn tables(&self) -> Vec<&TableName> {
        match self {
            Step::Mask(mask) => mask.columns().iter().map(|column| &column.table).collect(),
            Step::Rename(rename) => vec![rename.table()],
            Step::Drop(drop) => drop.columns().iter().map(|column| &column.table).collect(),
            Step::Route(route) => route.tables().collect(),
            Step::Filter(filter) => filter.tables().collect(),
        }
    }

    /// What it calls `table` from here on, if anything else.
    pub(crate) fn renamed(&self, table: &TableName) -> Option<&TableName> {
        match self {
            Step::Rename(rename) => rename.to(table),
            Step::Mask(_) | Step::Drop(_) | Step::Route(_) | Step::Filter(_) => None,
        }
    }
}
