//! `drop: { columns: [public.customers.note] }`: takes columns out of rows and schema, so that they leave the
//! source's side in no record.
//!
//! It refuses a column of the key: rows that differ in nothing else would become one.

use cdc::TransformError;
use serde::Deserialize;

use crate::ColumnName;
use crate::draft::Draft;
use crate::name::NameRefused;

/// Takes columns out.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "RawDrop")]
#[schemars(with = "RawDrop")]
pub struct DropColumns {
    columns: Vec<ColumnName>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Drop")]
struct RawDrop {
    /// The columns: `schema.table.column`, as the step before left them.
    #[schemars(length(min = 1))]
    columns: Vec<ColumnName>,
}

impl TryFrom<RawDrop> for DropColumns {
    type Error = NameRefused;

    fn try_from(raw: RawDrop) -> Result<Self, NameRefused> {
        ColumnName::once_each(&raw.columns)?;
        Ok(Self { columns: raw.columns })
    }
}

impl DropColumns {
    pub(crate) fn columns(&self) -> &[ColumnName] {
        &self.columns
    }

    pub(crate) fn bind(&self, draft: &mut Draft) -> Result<(), TransformError> {
        for ColumnName { table, column } in &self.columns {
            if *table != draft.schema.table {
                continue;
            }
            let i = draft.named(column)?;
            if draft.is_key(i) {
                return Err(draft.refuse(
                    "transform_key_column",
                    column,
                    "the column is part of the table's key: without it rows could not be told apart",
                    "keep the column, or mask it `with: hmac`, which keeps different keys different",
                ));
            }
            draft.remove(i);
        }
        Ok(())
    }
}
