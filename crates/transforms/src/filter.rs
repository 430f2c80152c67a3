//! `filter: { drop: { tables: ["audit.*"], ops: [truncate] } }`: ends events here, before anything is produced.
//!
//! `drop` ends what its criteria mean, `keep` ends everything else; a filter has one of the two. An event meets
//! the criteria where its table is one of `tables` **and** its operation one of `ops`; what is left out means
//! all. A filter says at least one of them. A row the snapshot reads is a `read`, not a `create`.
//!
//! The table itself stays known: its versions are bound and announced, and its tables are made in a target.

use cdc::{Op, TableName};
use serde::Deserialize;

use crate::draft::Draft;
use crate::name::{NameRefused, TablePattern};
use crate::plan::{Act, Ops};

/// Ends some events here.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// Ends the events that meet the criteria.
    Drop(Criteria),
    /// Ends the events that do not meet the criteria.
    Keep(Criteria),
}

/// Which events a filter means.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "RawCriteria")]
#[schemars(with = "RawCriteria")]
pub struct Criteria {
    tables: Vec<TablePattern>,
    ops: Vec<Operation>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Criteria")]
struct RawCriteria {
    /// The tables, as the step before left them: `schema.table`, with `*` for any characters. Default: all.
    #[schemars(length(min = 1))]
    tables: Option<Vec<TablePattern>>,
    /// The operations. Default: all.
    #[schemars(length(min = 1))]
    ops: Option<Vec<Operation>>,
}

impl TryFrom<RawCriteria> for Criteria {
    type Error = NameRefused;

    fn try_from(raw: RawCriteria) -> Result<Self, NameRefused> {
        let empty = raw.tables.as_ref().is_some_and(Vec::is_empty)
            || raw.ops.as_ref().is_some_and(Vec::is_empty);
        if empty || (raw.tables.is_none() && raw.ops.is_none()) {
            return Err(NameRefused(
                "a filter says `tables`, `ops` or both, and none of them is empty".to_owned(),
            ));
        }
        Ok(Self { tables: raw.tables.unwrap_or_default(), ops: raw.ops.unwrap_or_default() })
    }
}

/// An operation, in the words of a pipeline file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// A row was inserted.
    Create,
    /// A row was updated.
    Update,
    /// A row was deleted.
    Delete,
    /// The snapshot read a row.
    Read,
    /// A table was truncated.
    Truncate,
}

impl From<Operation> for Op {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Create => Op::Create,
            Operation::Update => Op::Update,
            Operation::Delete => Op::Delete,
            Operation::Read => Op::Read,
            Operation::Truncate => Op::Truncate,
        }
    }
}

impl Criteria {
    /// The operations on `table` that meet the criteria.
    fn met_by(&self, table: &TableName) -> Ops {
        if !self.tables.is_empty() && !self.tables.iter().any(|tables| tables.matches(table)) {
            return Ops::default();
        }
        if self.ops.is_empty() { Ops::ALL } else { Ops::of(self.ops.iter().map(|&op| op.into())) }
    }
}

impl Filter {
    fn criteria(&self) -> &Criteria {
        match self {
            Filter::Drop(criteria) | Filter::Keep(criteria) => criteria,
        }
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &TableName> {
        self.criteria().tables.iter().filter_map(TablePattern::exact)
    }

    /// The operations on `table` that end here.
    pub(crate) fn ends(&self, table: &TableName) -> Ops {
        let met = self.criteria().met_by(table);
        match self {
            Filter::Drop(_) => met,
            Filter::Keep(_) => Ops::ALL.without(met),
        }
    }

    pub(crate) fn bind(&self, draft: &mut Draft) {
        let ops = self.ends(&draft.schema.table);
        if !ops.is_empty() {
            draft.acts.push(Act::End { ops });
        }
    }
}
