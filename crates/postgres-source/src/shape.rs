//! What a pipeline file says of tables' records: the forms of values, the columns of keys, and whose types in the source
//! their schemas tell. Nothing here does IO.

use std::collections::BTreeSet;
use std::sync::Arc;

use cdc::{Column, Finding, Identity, Modes, Schema, TableName};
use regex::RegexSet;

use crate::prefixes::whole;

/// How the records of tables look.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The forms of values.
    pub modes: Modes,
    /// What stands for a value that was not sent; none for Debezium's own word.
    pub placeholder: Option<Arc<str>>,
    /// The columns of keys.
    pub message_key: MessageKey,
    /// The columns whose types are told.
    pub source_types: SourceTypes,
}

/// Debezium's `message.key.columns`: of each table the columns of its records' keys, where they are not its own key's.
#[derive(Clone, Debug, Default)]
pub struct MessageKey {
    /// One for each column that is named, for the whole of `schema.table.column`.
    columns: RegexSet,
    /// The same as they are written.
    written: Vec<String>,
}

impl MessageKey {
    /// Reads `<expression for schema.table>:<column>,<column>;…`, as Debezium has it.
    ///
    /// # Errors
    /// Where it is not of this shape, or an expression is none.
    pub fn parse(text: &str, place: &str) -> Result<Self, Finding> {
        let mut written = Vec::new();
        for entry in text.split(';').filter(|entry| !entry.trim().is_empty()) {
            let (table, list) = entry.split_once(':').ok_or_else(|| shapeless(place))?;
            for column in list.split(',') {
                if table.trim().is_empty() || column.trim().is_empty() || column.contains(':') {
                    return Err(shapeless(place));
                }
                written.push(format!("{}.{}", table.trim(), column.trim()));
            }
        }
        Ok(Self { columns: whole(&written, place, "message_key_columns")?, written })
    }

    /// Which entries name a column.
    fn naming(&self, table: &TableName, column: &Column) -> impl IntoIterator<Item = usize> {
        let name = format!("{}.{}.{}", table.schema, table.name, column.name);
        self.columns.matches(&name)
    }

    /// The places of a table's columns that are named, in the order of the entries; empty where none is.
    pub(crate) fn of(&self, table: &TableName, columns: &[Column]) -> Vec<usize> {
        let mut named = Vec::new();
        for (i, column) in columns.iter().enumerate().filter(|_| !self.columns.is_empty()) {
            named.extend(self.naming(table, column).into_iter().min().map(|entry| (entry, i)));
        }
        named.sort_unstable();
        named.into_iter().map(|(_, i)| i).collect()
    }

    /// What to say of it beside these tables: an entry that names no column, and columns that deletes do not send.
    pub(crate) fn warnings(&self, schemas: &[Arc<Schema>], place: &str) -> Vec<Finding> {
        let place = || format!("{place}, message_key_columns");
        let mut warnings = Vec::new();
        let columns = schemas.iter().flat_map(|schema| {
            schema.columns.iter().flat_map(|column| self.naming(&schema.origin, column))
        });
        let used: BTreeSet<usize> = columns.collect();
        for (i, written) in self.written.iter().enumerate() {
            if !used.contains(&i) {
                warnings.push(
                    Finding::warning("message_key_unused", place(), format!("`{written}` matches no column of a captured table: records keep the key of their table"))
                        .remedy("name the column as `schema.table:column`, with `\\.` for a dot that is no other character"),
                );
            }
        }
        for schema in schemas.iter().filter(|schema| schema.identity != Identity::Full) {
            let unsent = schema.message_key.iter().filter(|column| !schema.key.contains(column));
            let unsent: Vec<&str> = unsent.map(|i| &*schema.columns[*i].name).collect();
            if !unsent.is_empty() {
                warnings.push(
                    Finding::warning("message_key_unsent", place(), format!("table {}: deletes do not send {}, so that their records have another key than the row's others", schema.origin, unsent.join(", ")))
                        .remedy("let the table send its whole old rows")
                        .run(format!("ALTER TABLE {} REPLICA IDENTITY FULL;", schema.origin.sql())),
                );
            }
        }
        warnings
    }
}

fn shapeless(place: &str) -> Finding {
    Finding::usage(
        "message_key_columns",
        format!("{place}.message_key_columns"),
        "an entry is not a table and its columns",
    )
    .remedy("write `schema.table:column,column`, with `;` between the entries of several tables")
}

/// Debezium's `column.propagate.source.type` and `datatype.propagate.source.type`.
#[derive(Clone, Debug, Default)]
pub struct SourceTypes {
    columns: RegexSet,
    types: RegexSet,
}

impl SourceTypes {
    /// Those of columns and of types that the lists name, each entry for the whole of `schema.table.column` or
    /// `schema.table.type`.
    ///
    /// # Errors
    /// Where an entry is no regular expression.
    pub fn new(columns: &[String], types: &[String], place: &str) -> Result<Self, Finding> {
        Ok(Self {
            columns: whole(columns, place, "column_propagate_source_type")?,
            types: whole(types, place, "datatype_propagate_source_type")?,
        })
    }

    /// Whether none is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.types.is_empty()
    }

    /// Whether a column's type, called so in the catalog, is told.
    pub(crate) fn wants(&self, table: &TableName, column: &str, type_name: &str) -> bool {
        let within = |name: &str| format!("{}.{}.{name}", table.schema, table.name);
        self.columns.is_match(&within(column)) || self.types.is_match(&within(type_name))
    }
}

#[cfg(test)]
mod tests {
    use cdc::{Kind, PgType};

    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        let column = |name: &&str| Column {
            name: (*name).into(),
            pg: PgType::new(23, "integer", Kind::Int4),
            optional: true,
            masked: false,
            missing: None,
            default: None,
            source_type: None,
        };
        names.iter().map(column).collect()
    }

    #[test]
    fn keys_are_read_as_debezium_reads_them() {
        let key = MessageKey::parse(" s\\.a : c, a ;(.*)\\.b:b.*", "f").unwrap();
        let of =
            |table: &str| key.of(&TableName::new("s", table), &columns(&["a", "bb", "b", "c"]));
        assert_eq!((of("a"), of("b"), of("x")), (vec![3, 0], vec![1, 2], vec![]));
        assert!(MessageKey::parse("", "f").unwrap().columns.is_empty());
        for wrong in ["s.a", "s.a:", ":a", "s.a:b:c", "s.a:(", "s.a:b,,c"] {
            let finding = MessageKey::parse(wrong, "f").unwrap_err();
            assert_eq!(finding.place, "f.message_key_columns", "{wrong}");
        }
    }

    #[test]
    fn what_a_key_lacks_is_said() {
        let key = MessageKey::parse("s.t:b;s.u:a", "f").unwrap();
        let table = TableName::new("s", "t");
        let mut schema =
            Schema::new(table.clone(), columns(&["a", "b"]), vec![0], Identity::Default);
        schema.message_key = key.of(&table, &schema.columns);
        let found = key.warnings(&[Arc::new(schema.clone())], "source");
        let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["message_key_unused", "message_key_unsent"]);
        assert!(found[0].reason.contains("`s.u.a`") && found[1].reason.contains("s.t"));
        schema.identity = Identity::Full;
        assert_eq!(key.warnings(&[Arc::new(schema)], "source").len(), 1);
    }
}
