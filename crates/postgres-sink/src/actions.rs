//! Foreign keys of the target that change rows themselves. The source sends what its own did, so it is done twice: a row
//! with a key is found all the same, one without a key is not.

use cdc::{Finding, TableName, quote_ident};
use postgres_client::{ServerError, Session};

use crate::settings::{Constraints, Settings};

/// One foreign key that acts.
pub(crate) struct Action {
    pub(crate) child: TableName,
    pub(crate) parent: TableName,
    name: String,
    columns: Vec<String>,
    referred: Vec<String>,
    full: bool,
}

const ACTIONS: &str = "
    SELECT k.conname::text, cn.nspname::text, c.relname::text, pn.nspname::text, p.relname::text,
           (SELECT pg_catalog.array_agg(a.attname::text ORDER BY n.n) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS n(attnum, n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.attnum),
           (SELECT pg_catalog.array_agg(a.attname::text ORDER BY n.n) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS n(attnum, n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.attnum),
           k.confmatchtype = 'f'
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.confupdtype NOT IN ('a', 'r') OR k.confdeltype NOT IN ('a', 'r'))";

/// The foreign keys that act between the tables of these names.
pub(crate) async fn between(
    session: &Session,
    settings: &Settings,
    ours: &[TableName],
) -> Result<Vec<Action>, ServerError> {
    if settings.constraints == Constraints::Replica {
        return Ok(Vec::new());
    }
    let rows = session.query(ACTIONS, &[]).await?;
    let action = |row: &tokio_postgres::Row| Action {
        name: row.get(0),
        child: TableName::new(row.get(1), row.get(2)),
        parent: TableName::new(row.get(3), row.get(4)),
        columns: row.get(5),
        referred: row.get(6),
        full: row.get(7),
    };
    let is_ours = |action: &Action| ours.contains(&action.child) && ours.contains(&action.parent);
    Ok(rows.iter().map(action).filter(is_ours).collect())
}

impl Action {
    pub(crate) fn warning(&self, settings: &Settings) -> Finding {
        let (child, name) = (&self.child, &self.name);
        Finding::warning(
            "foreign_key_action",
            format!("target {}, table {child}, constraint {name}", settings.server),
            format!("it changes or deletes rows when those of {} change, and the source sends these changes, too: a row of a table without a key is not found a second time, which halts the pipeline", self.parent),
        )
        .remedy("let it be NO ACTION in the target")
        .run(self.without())
    }

    fn without(&self) -> String {
        let list = |names: &[String]| {
            names.iter().map(|name| quote_ident(name)).collect::<Vec<_>>().join(", ")
        };
        let name = quote_ident(&self.name);
        format!(
            "ALTER TABLE {} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} FOREIGN KEY ({}) REFERENCES {} ({}){} DEFERRABLE;",
            self.child.sql(),
            list(&self.columns),
            self.parent.sql(),
            list(&self.referred),
            if self.full { " MATCH FULL" } else { "" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_constraint_without_its_actions() {
        let action = Action {
            child: TableName::new("s", "children"),
            parent: TableName::new("s", "parents"),
            name: "to parent".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned()],
            referred: vec!["id".to_owned(), "n".to_owned()],
            full: true,
        };
        assert_eq!(
            action.without(),
            "ALTER TABLE \"s\".\"children\" DROP CONSTRAINT \"to parent\", ADD CONSTRAINT \"to parent\" \
             FOREIGN KEY (\"a\", \"b\") REFERENCES \"s\".\"parents\" (\"id\", \"n\") MATCH FULL DEFERRABLE;"
        );
    }
}
