//! The unique indexes of a target's table: which of them an upsert can name, and what can be done about one that
//! turns a row away.

use cdc::{TableName, quote_ident};
use postgres_client::{ServerError, Session};

/// One unique index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unique {
    pub(crate) name: String,
    /// Its columns in its order, without those that are only included.
    pub(crate) columns: Vec<String>,
    /// An ON CONFLICT can name it by its columns.
    pub(crate) can_be_named: bool,
    /// It is over plain columns of all rows, and a constraint would be the same.
    pub(crate) is_plain: bool,
    /// What the constraint says that it belongs to: `UNIQUE (a, b)`.
    pub(crate) constraint: Option<String>,
}

const INDEXES: &str = "
    SELECT x.relname::text,
           coalesce((SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.n)
                     FROM pg_catalog.unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, n)
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum), '{}'),
           i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL,
           -- No more is said of it than its columns: no collation, operator class, included column or treatment of nulls.
           pg_catalog.pg_get_indexdef(i.indexrelid) = pg_catalog.format('CREATE UNIQUE INDEX %I ON %s USING btree (%s)',
               x.relname, i.indrelid::pg_catalog.regclass::text,
               (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.n)
                FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)),
           pg_catalog.pg_get_constraintdef(c.oid)
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u')
    WHERE i.indrelid = $1 AND i.indisunique ORDER BY x.relname";

/// The unique indexes of the table with this number.
pub(crate) async fn of_table(session: &Session, oid: u32) -> Result<Vec<Unique>, ServerError> {
    let rows = session.query(INDEXES, &[&oid]).await?;
    let index = |row: &tokio_postgres::Row| Unique {
        name: row.get(0),
        columns: row.get(1),
        can_be_named: row.get(2),
        is_plain: row.get(3),
        constraint: row.get(4),
    };
    Ok(rows.iter().map(index).collect())
}

impl Unique {
    /// Whether it is over exactly these columns, in any order.
    pub(crate) fn is_over(&self, names: &[&str]) -> bool {
        self.columns.len() == names.len()
            && self.columns.iter().all(|column| names.contains(&column.as_str()))
    }

    /// The statement that lets a transaction pass it by until the commit; none where there is no such form of it.
    pub(crate) fn deferred(&self, table: &TableName) -> Option<String> {
        let (sql, name) = (table.sql(), quote_ident(&self.name));
        match &self.constraint {
            Some(says) if says.starts_with("UNIQUE") && !says.contains(" DEFERRABLE") => {
                Some(format!(
                    "ALTER TABLE {sql} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {says} DEFERRABLE;"
                ))
            }
            None if self.is_plain => {
                let columns: Vec<_> =
                    self.columns.iter().map(|column| quote_ident(column)).collect();
                let index = format!("{}.{name}", quote_ident(&table.schema));
                Some(format!(
                    "DROP INDEX {index}; ALTER TABLE {sql} ADD CONSTRAINT {name} UNIQUE ({}) DEFERRABLE;",
                    columns.join(", ")
                ))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(constraint: Option<&str>) -> Unique {
        Unique {
            name: "u".to_owned(),
            columns: vec!["Name".to_owned(), "id".to_owned()],
            can_be_named: true,
            is_plain: true,
            constraint: constraint.map(str::to_owned),
        }
    }

    #[test]
    fn a_key_is_over_its_columns_in_any_order() {
        let index = index(None);
        assert!(index.is_over(&["id", "Name"]) && index.is_over(&["Name", "id"]));
        assert!(!index.is_over(&["id"]) && !index.is_over(&["id", "name"]));
    }

    #[test]
    fn only_what_has_a_deferrable_form_is_given_one() {
        let deferred = |constraint| index(constraint).deferred(&TableName::new("s", "t"));
        assert_eq!(
            deferred(Some("UNIQUE (\"Name\", id)")).as_deref(),
            Some(
                "ALTER TABLE \"s\".\"t\" DROP CONSTRAINT \"u\", ADD CONSTRAINT \"u\" UNIQUE (\"Name\", id) DEFERRABLE;"
            )
        );
        assert_eq!(
            deferred(None).as_deref(),
            Some(
                "DROP INDEX \"s\".\"u\"; ALTER TABLE \"s\".\"t\" ADD CONSTRAINT \"u\" UNIQUE (\"Name\", \"id\") DEFERRABLE;"
            )
        );
        assert_eq!(deferred(Some("PRIMARY KEY (id)")), None);
        assert_eq!(deferred(Some("UNIQUE (id) DEFERRABLE")), None);
        assert_eq!(
            Unique { is_plain: false, ..index(None) }.deferred(&TableName::new("s", "t")),
            None
        );
    }
}
