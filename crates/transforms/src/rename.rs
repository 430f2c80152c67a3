//! `rename: { table: public.customers, columns: { full_name: name }, to: crm.people }`: other names for columns,
//! for the table, or both. It costs an event nothing: names are in the schema, not in the rows.
//!
//! The columns are renamed at once, so two can swap names. It refuses a name another column has; that no two
//! tables get one name is the chain's to see. The record's `source` keeps the table's own name.

use std::collections::{BTreeMap, BTreeSet};

use cdc::{TableName, TransformError};
use serde::Deserialize;

use crate::draft::Draft;
use crate::name::NameRefused;

/// Gives a table or columns other names.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "RawRename")]
#[schemars(with = "RawRename")]
pub struct Rename {
    table: TableName,
    columns: BTreeMap<String, String>,
    to: Option<TableName>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rename")]
struct RawRename {
    /// The table: `schema.table`, as the step before left it.
    #[schemars(with = "String")]
    table: TableName,
    /// Old name to new name, neither with quotes.
    #[serde(default)]
    columns: BTreeMap<String, String>,
    /// The table's new name: `schema.table`.
    #[schemars(with = "Option<String>")]
    to: Option<TableName>,
}

impl TryFrom<RawRename> for Rename {
    type Error = NameRefused;

    fn try_from(raw: RawRename) -> Result<Self, NameRefused> {
        let RawRename { table, columns, to } = raw;
        if columns.is_empty() && to.is_none() {
            return Err(NameRefused(
                "a rename says new names of `columns`, or what the table is renamed `to`"
                    .to_owned(),
            ));
        }
        match columns.iter().find(|(_, to)| to.is_empty() || to.contains('\0')) {
            Some((from, _)) => Err(NameRefused(format!("column `{from}` gets no name"))),
            None => Ok(Self { table, columns, to }),
        }
    }
}

impl Rename {
    pub(crate) fn table(&self) -> &TableName {
        &self.table
    }

    pub(crate) fn to(&self, table: &TableName) -> Option<&TableName> {
        self.to.as_ref().filter(|_| self.table == *table)
    }

    pub(crate) fn bind(&self, draft: &mut Draft) -> Result<(), TransformError> {
        if self.table != draft.schema.table {
            return Ok(());
        }
        let places = self.columns.iter().map(|(from, to)| Ok((draft.named(from)?, to)));
        let places = places.collect::<Result<Vec<_>, TransformError>>()?;
        for (i, to) in places {
            draft.schema.columns[i].name = to.as_str().into();
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) =
            draft.schema.columns.iter().find(|column| !seen.insert(column.name.clone()))
        {
            return Err(draft.refuse(
                "transform_column_collision",
                &twice.name,
                "after this step two columns of the table have this name",
                "choose another name, or drop or rename the other column first",
            ));
        }
        if let Some(to) = &self.to {
            draft.schema.table = to.clone();
        }
        Ok(())
    }
}
