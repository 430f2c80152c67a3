//! What a pipeline file says about a sink.

use std::collections::BTreeMap;
use std::sync::Arc;

use cdc::TableName;
use serde::Deserialize;

/// What becomes of an insert or a whole update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Inserted, or updated where the key is there.
    #[default]
    Upsert,
    /// Inserted; a key that is there already is an error.
    Insert,
    /// Updated; a key that is not there is left out.
    Update,
}

/// What becomes of the target's constraints while we write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Constraints {
    /// They are checked: deferrable ones at the commit, the others at once.
    #[default]
    Checked,
    /// `session_replication_role = replica`: neither triggers nor foreign keys. Needs a superuser, or
    /// the right to set the parameter.
    Replica,
}

/// How a sink works, once the file is read and its secrets are known.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The pipeline's name: its checkpoint and its lock are called after it.
    pub pipeline: Arc<str>,
    /// The database.
    pub server: postgres_client::Server,
    /// Tables that are called otherwise here: names as they left the chain → names here.
    pub tables: BTreeMap<TableName, TableName>,
    /// What becomes of rows.
    pub mode: Mode,
    /// Whether deletes and truncates are applied.
    pub delete: bool,
    /// Whether missing tables and columns are made.
    pub create: bool,
    /// What becomes of constraints.
    pub constraints: Constraints,
    /// Whether an update that finds no row halts: so where the pipeline owns its source.
    pub owns_source: bool,
}

impl Settings {
    /// What `table` is called here.
    pub fn target_of(&self, table: &TableName) -> TableName {
        self.tables.get(table).unwrap_or(table).clone()
    }
}
