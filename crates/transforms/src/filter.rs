//! `filter: { drop: { tables: ["audit.*"], ops: [truncate] } }`: ends events here, before anything is produced.
//!
//! `drop` ends what its criteria mean, `keep` ends everything else; a filter has one of the two. An event meets
//! the criteria where its table is one of `tables` **and** its operation one of `ops`; what is left out means
//! all. A filter says at least one of them. A row the snapshot reads is a `read`, not a `create`.
//!
//! `drop: { unchanged: true }`, with `tables` or not, ends updates that leave every column here as it was, which only
//! tables under `REPLICA IDENTITY FULL` can tell: Debezium's `skip.messages.without.change`.
//!
//! The table itself stays known: its versions are bound and announced, and its tables are made in a target.

use cdc::{Identity, Op, TableName};
use serde::Deserialize;

use crate::draft::Draft;
use crate::name::{NameRefused, TablePattern};
use crate::plan::{Act, Ops};

/// Ends some events here.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// Ends the events that meet the criteria.
    Drop(Dropped),
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

/// Which events a filter ends.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "RawDropped")]
#[schemars(with = "RawDropped")]
pub enum Dropped {
    /// All that meet the criteria.
    Met(Criteria),
    /// Updates in these tables, or in all, that change no column.
    Unchanged(Vec<TablePattern>),
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dropped")]
struct RawDropped {
    /// The tables, as the step before left them: `schema.table`, with `*` for any characters. Default: all.
    #[schemars(length(min = 1))]
    tables: Option<Vec<TablePattern>>,
    /// The operations. Default: all.
    #[schemars(length(min = 1))]
    ops: Option<Vec<Operation>>,
    /// Only updates that leave every column here as it was, in tables under REPLICA IDENTITY FULL. Default: false.
    #[serde(default)]
    unchanged: bool,
}

impl TryFrom<RawDropped> for Dropped {
    type Error = NameRefused;

    fn try_from(raw: RawDropped) -> Result<Self, NameRefused> {
        let RawDropped { tables, ops, unchanged } = raw;
        match (unchanged, &tables, &ops) {
            (true, _, Some(_)) => Err(NameRefused(
                "`unchanged` means updates, and takes no `ops` beside it".to_owned(),
            )),
            (true, tables, None) if tables.as_ref().is_none_or(|tables| !tables.is_empty()) => {
                Ok(Dropped::Unchanged(tables.clone().unwrap_or_default()))
            }
            _ => RawCriteria { tables, ops }.try_into().map(Dropped::Met),
        }
    }
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

/// Whether a table is one of these, where any are named.
fn is_of(tables: &[TablePattern], table: &TableName) -> bool {
    tables.is_empty() || tables.iter().any(|tables| tables.matches(table))
}

impl Criteria {
    /// The operations on `table` that meet the criteria.
    fn met_by(&self, table: &TableName) -> Ops {
        if !is_of(&self.tables, table) {
            return Ops::default();
        }
        if self.ops.is_empty() { Ops::ALL } else { Ops::of(self.ops.iter().map(|&op| op.into())) }
    }
}

impl Filter {
    pub(crate) fn tables(&self) -> impl Iterator<Item = &TableName> {
        let tables = match self {
            Filter::Drop(Dropped::Met(criteria)) | Filter::Keep(criteria) => &criteria.tables,
            Filter::Drop(Dropped::Unchanged(tables)) => tables,
        };
        tables.iter().filter_map(TablePattern::exact)
    }

    /// The operations on `table` that end here, whatever their rows are.
    pub(crate) fn ends(&self, table: &TableName) -> Ops {
        match self {
            Filter::Drop(Dropped::Met(criteria)) => criteria.met_by(table),
            Filter::Drop(Dropped::Unchanged(_)) => Ops::default(),
            Filter::Keep(criteria) => Ops::ALL.without(criteria.met_by(table)),
        }
    }

    pub(crate) fn bind(&self, draft: &mut Draft) {
        let schema = &draft.schema;
        let ops = self.ends(&schema.table);
        if !ops.is_empty() {
            draft.acts.push(Act::End { ops });
        }
        if let Filter::Drop(Dropped::Unchanged(tables)) = self
            && is_of(tables, &schema.table)
            && schema.identity == Identity::Full
        {
            draft.acts.push(Act::EndUnchanged);
        }
    }
}
