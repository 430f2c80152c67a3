//! What of the captured tables a copy reads, where the pipeline file asks for less than all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use cdc::{Captured, Finding, TableName};
use regex::RegexSet;

use crate::catalog::Table;
use crate::config::Settings;
use crate::prefixes;

/// Which tables are copied, and which rows of them.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only tables that match are copied; `None` is all of them.
    include: Option<(Vec<String>, RegexSet)>,
    /// What is read instead of a table.
    overrides: BTreeMap<TableName, Arc<str>>,
}

impl Selection {
    /// What a pipeline file says. Each entry of the list is a regular expression for a whole `schema.table`, in which
    /// capital letters count no more than others, as in Debezium's `snapshot.include.collection.list`.
    ///
    /// # Errors
    /// Where an entry is no regular expression.
    pub fn new(
        include: Option<&[String]>,
        overrides: impl IntoIterator<Item = (TableName, String)>,
        place: &str,
    ) -> Result<Self, Finding> {
        let compiled = |list: &[String]| {
            let set = prefixes::whole(list, place, "snapshot_include_collection_list")?;
            Ok::<_, Finding>((list.to_vec(), set))
        };
        let statement = |(table, select): (TableName, String)| {
            // It is read inside of another one.
            (table, select.trim_end().trim_end_matches(';').into())
        };
        Ok(Self {
            include: include.map(compiled).transpose()?,
            overrides: overrides.into_iter().map(statement).collect(),
        })
    }

    /// Whether some of the captured tables may be left out.
    pub fn is_partial(&self) -> bool {
        self.include.is_some()
    }

    /// Whether the table is copied. The order stays parents before children, and otherwise by name: Debezium's list
    /// orders nothing, either.
    pub(crate) fn copies(&self, table: &TableName) -> bool {
        self.include.is_none() || !self.matching(table).is_empty()
    }

    /// What is read instead of the table.
    pub(crate) fn statement(&self, table: &TableName) -> Option<&Arc<str>> {
        self.overrides.get(table)
    }

    /// Refuses what speaks of no captured table: most often it is misspelt.
    pub(crate) fn check(
        &self,
        settings: &Settings,
        tables: &[Table],
        captured: &Captured,
    ) -> Result<(), Finding> {
        let names = || {
            let known = captured.values().map(|known| &known.table);
            tables.iter().map(|table| &table.name).chain(known)
        };
        let place = format!("source {}", settings.server);
        let found = |place, reason| {
            Finding::outside("snapshot_selection", place, reason)
                .remedy("correct it, take it out, or add its table to `source.postgres.tables`")
        };
        if let Some(table) = self.overrides.keys().find(|&table| !names().any(|name| name == table))
        {
            let reason = "`snapshot_select_overrides` names a table that is not captured";
            return Err(found(format!("{place}, table {table}"), reason.to_owned()));
        }
        let Some((list, _)) = &self.include else { return Ok(()) };
        let used: Vec<usize> = names().flat_map(|name| self.matching(name)).collect();
        match list.iter().enumerate().find(|(i, _)| !used.contains(i)) {
            Some((_, entry)) => Err(found(
                place,
                format!(
                    "`{entry}` in `snapshot_include_collection_list` matches no captured table"
                ),
            )),
            None => Ok(()),
        }
    }

    fn matching(&self, table: &TableName) -> Vec<usize> {
        let Some((_, include)) = &self.include else { return Vec::new() };
        include.matches(&format!("{}.{}", table.schema, table.name)).iter().collect()
    }

    /// Refuses to copy anew where some tables would be left out: their changes since the checkpoint are lost, and
    /// nothing would tell.
    pub(crate) fn check_whole(&self, settings: &Settings, tables: &[Table]) -> Result<(), Finding> {
        let Some(left_out) = tables.iter().find(|table| !self.copies(&table.name)) else {
            return Ok(());
        };
        Err(Finding::outside(
            "snapshot_again_partial",
            format!("source {}, table {}", settings.server, left_out.name),
            "changes since the checkpoint cannot be read any more, and a new copy would not have them: `snapshot_include_collection_list` leaves the table out",
        )
        .remedy(format!("take the list out of the file, and all tables are copied; or run `pgrelay drop` for pipeline {} and start it again with emptied target tables", settings.pipeline)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_leaves_out_what_it_does_not_name() {
        let list = ["public\\.b.*", "PUBLIC\\.a"].map(str::to_owned);
        let select = "SELECT * FROM s.t -- all\n;\n".to_owned();
        let table = |name: &str| TableName::new("public", name);
        let selection = Selection::new(Some(&list), [(table("t"), select)], "f").unwrap();
        assert!(selection.copies(&table("b1")) && selection.copies(&table("A")));
        assert!(!selection.copies(&table("ab")) && selection.is_partial());
        assert_eq!(selection.statement(&table("t")).unwrap().trim(), "SELECT * FROM s.t -- all");
        assert!(Selection::default().copies(&table("x")));
        assert!(Selection::new(Some(&["(".to_owned()]), [], "f").is_err());
    }
}
