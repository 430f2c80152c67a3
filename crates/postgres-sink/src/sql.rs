//! The statements, pure text. Every one takes arrays, one a column, and works on all their rows at once.

use crate::settings::Mode;
use crate::target::Target;
use crate::wire::Wire;

/// What a statement does, and with which columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Inserts rows whose keys are not there.
    Insert,
    /// Inserts rows, or updates those that are there.
    Upsert,
    /// Updates the columns at these places, found by the key.
    Update(Vec<usize>),
    /// Updates the columns at these places, found by the old key: the key may change. Where no row has it, but one has
    /// the new key, a reference of the target may have changed the key already, and that row is the one.
    Move(Vec<usize>),
    /// The same with whole rows, each inserted where no row has either key.
    MoveWhole,
    /// Deletes by the key.
    Delete,
    /// Deletes the row that has the new key where one with the old key is there, too: what a move that came before made.
    /// The new key's columns come first, then the old one's.
    Displace,
}

/// A statement and the way of each of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Wire>,
}

/// The columns that are written.
pub(crate) fn written(target: &Target) -> Vec<usize> {
    (0..target.columns.len()).filter(|&i| !target.columns[i].generated).collect()
}

/// `k.c<n>`, cast where it travels as another type than the column's.
fn value(target: &Target, column: usize, parameter: usize) -> String {
    let column = &target.columns[column];
    match column.wire {
        Wire::Cast => format!("k.c{parameter}::{}", column.type_sql),
        _ => format!("k.c{parameter}"),
    }
}

fn unnest(parameters: &[Wire]) -> String {
    let arrays: Vec<_> = (1..=parameters.len()).map(|n| format!("${n}")).collect();
    let names: Vec<_> = (0..parameters.len()).map(|n| format!("c{n}")).collect();
    format!("unnest({}) AS k({})", arrays.join(", "), names.join(", "))
}

fn sets(target: &Target, columns: &[usize]) -> String {
    let set =
        |(n, &i): (usize, &usize)| format!("{} = {}", target.columns[i].sql, value(target, i, n));
    columns.iter().enumerate().map(set).collect::<Vec<_>>().join(", ")
}

/// The ways of these columns, and of the key's after them.
fn with_key(target: &Target, columns: &[usize]) -> Vec<Wire> {
    columns.iter().chain(&target.key).map(|&i| target.columns[i].wire).collect()
}

fn by_key(target: &Target, first_parameter: usize) -> String {
    key_of("t", target, first_parameter)
}

fn key_of(alias: &str, target: &Target, first_parameter: usize) -> String {
    let equal = |(n, &i): (usize, &usize)| {
        let column = &target.columns[i];
        format!("{alias}.{} {} {}", column.sql, column.equal, value(target, i, first_parameter + n))
    };
    target.key.iter().enumerate().map(equal).collect::<Vec<_>>().join(" AND ")
}

/// The statement of this kind for the target. Updates and moves take the columns' arrays first, then the key's.
pub(crate) fn statement(target: &Target, kind: &Kind, mode: Mode) -> Text {
    match kind {
        Kind::Insert => insert(target, String::new()),
        Kind::Upsert if mode == Mode::Insert || target.key.is_empty() => {
            insert(target, String::new())
        }
        Kind::Upsert => insert(target, on_conflict(target)),
        Kind::Update(columns) => update(target, columns),
        Kind::Move(columns) => moved(target, columns),
        Kind::MoveWhole => moved_whole(target, mode),
        Kind::Delete => delete(target),
        Kind::Displace => displace(target),
    }
}

fn insert(target: &Target, conflict: String) -> Text {
    let columns = written(target);
    if columns.is_empty() {
        // A table without a column to write has no key: it is written row by row.
        let sql = format!("INSERT INTO {} DEFAULT VALUES", target.sql);
        return Text { sql, parameters: Vec::new() };
    }
    let parameters: Vec<Wire> = columns.iter().map(|&i| target.columns[i].wire).collect();
    let names: Vec<_> = columns.iter().map(|&i| target.columns[i].sql.as_str()).collect();
    let values: Vec<_> = columns.iter().enumerate().map(|(n, &i)| value(target, i, n)).collect();
    let sql = format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}{conflict}",
        target.sql,
        names.join(", "),
        values.join(", "),
        unnest(&parameters)
    );
    Text { sql, parameters }
}

fn on_conflict(target: &Target) -> String {
    let key: Vec<_> = target.key.iter().map(|&i| target.columns[i].sql.as_str()).collect();
    let sets: Vec<_> = written(target)
        .iter()
        .filter(|i| !target.key.contains(i))
        .map(|&i| format!("{0} = EXCLUDED.{0}", target.columns[i].sql))
        .collect();
    if sets.is_empty() {
        format!(" ON CONFLICT ({}) DO NOTHING", key.join(", "))
    } else {
        format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), sets.join(", "))
    }
}

fn update(target: &Target, columns: &[usize]) -> Text {
    let parameters = with_key(target, columns);
    let sql = format!(
        "UPDATE {} AS t SET {} FROM {} WHERE {}",
        target.rows_sql,
        sets(target, columns),
        unnest(&parameters),
        by_key(target, columns.len())
    );
    Text { sql, parameters }
}

fn moved(target: &Target, columns: &[usize]) -> Text {
    let parameters = with_key(target, columns);
    let key = target.key.iter().enumerate().map(|(n, &i)| {
        let old = value(target, i, columns.len() + n);
        // A part of the key that was not sent is the old one's.
        let new = columns.iter().position(|&column| column == i);
        let new = new.map_or_else(|| old.clone(), |n| value(target, i, n));
        let (column, equal) = (&target.columns[i].sql, &target.columns[i].equal);
        format!("t.{column} {equal} CASE WHEN o.is_there THEN {old} ELSE {new} END")
    });
    let sql = format!(
        "UPDATE {0} AS t SET {1} FROM {2} LEFT JOIN LATERAL \
         (SELECT true AS is_there FROM {0} AS o WHERE {3} LIMIT 1) AS o ON true WHERE {4}",
        target.rows_sql,
        sets(target, columns),
        unnest(&parameters),
        key_of("o", target, columns.len()),
        key.collect::<Vec<_>>().join(" AND "),
    );
    Text { sql, parameters }
}

fn moved_whole(target: &Target, mode: Mode) -> Text {
    let columns = written(target);
    let parameters = with_key(target, &columns);
    let conflict = if mode == Mode::Insert { String::new() } else { on_conflict(target) };
    let names: Vec<_> = columns.iter().map(|&i| target.columns[i].sql.as_str()).collect();
    let values: Vec<_> = columns.iter().enumerate().map(|(n, &i)| value(target, i, n)).collect();
    let rows = unnest(&parameters);
    let sql = format!(
        "WITH moved AS (UPDATE {there} AS t SET {} FROM {rows} WHERE {}) \
         INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {rows} \
         WHERE NOT EXISTS (SELECT FROM {there} AS o WHERE {}){conflict}",
        sets(target, &columns),
        by_key(target, columns.len()),
        names.join(", "),
        values.join(", "),
        key_of("o", target, columns.len()),
        table = target.sql,
        there = target.rows_sql,
    );
    Text { sql, parameters }
}

fn delete(target: &Target) -> Text {
    let parameters: Vec<Wire> = target.key.iter().map(|&i| target.columns[i].wire).collect();
    let sql = format!(
        "DELETE FROM {} AS t USING {} WHERE {}",
        target.rows_sql,
        unnest(&parameters),
        by_key(target, 0)
    );
    Text { sql, parameters }
}

fn displace(target: &Target) -> Text {
    let key: Vec<Wire> = target.key.iter().map(|&i| target.columns[i].wire).collect();
    let parameters = [key.as_slice(), key.as_slice()].concat();
    let sql = format!(
        "DELETE FROM {0} AS t USING {1} WHERE {2} AND NOT ({3}) AND EXISTS (SELECT FROM {0} AS o WHERE {4})",
        target.rows_sql,
        unnest(&parameters),
        by_key(target, 0),
        by_key(target, key.len()),
        key_of("o", target, key.len()),
    );
    Text { sql, parameters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TargetColumn;
    use cdc::TableName;

    fn orders() -> Target {
        let column = |name: &str, wire, type_sql: &str| TargetColumn {
            name: name.into(),
            sql: format!("\"{name}\""),
            wire,
            type_sql: type_sql.to_owned(),
            generated: false,
            equal_is_same: true,
            equal: "=".to_owned(),
        };
        Target {
            oid: 1,
            name: TableName::new("s", "orders"),
            sql: "\"s\".\"orders\"".to_owned(),
            rows_sql: "\"s\".\"orders\"".to_owned(),
            columns: vec![
                column("id", Wire::Int4, "\"pg_catalog\".\"int4\""),
                column("total", Wire::Cast, "\"pg_catalog\".\"numeric\""),
            ],
            key: vec![0],
            foldable: true,
            unique: Vec::new(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn statements_work_on_arrays() {
        let text = |kind| statement(&orders(), &kind, Mode::Upsert).sql;
        assert_eq!(
            text(Kind::Upsert),
            "INSERT INTO \"s\".\"orders\" (\"id\", \"total\") OVERRIDING SYSTEM VALUE \
             SELECT k.c0, k.c1::\"pg_catalog\".\"numeric\" FROM unnest($1, $2) AS k(c0, c1) \
             ON CONFLICT (\"id\") DO UPDATE SET \"total\" = EXCLUDED.\"total\""
        );
        assert_eq!(
            text(Kind::Move(vec![0, 1])),
            "UPDATE \"s\".\"orders\" AS t SET \"id\" = k.c0, \"total\" = k.c1::\"pg_catalog\".\"numeric\" \
             FROM unnest($1, $2, $3) AS k(c0, c1, c2) LEFT JOIN LATERAL \
             (SELECT true AS is_there FROM \"s\".\"orders\" AS o WHERE o.\"id\" = k.c2 LIMIT 1) AS o ON true \
             WHERE t.\"id\" = CASE WHEN o.is_there THEN k.c2 ELSE k.c0 END"
        );
        assert_eq!(
            text(Kind::MoveWhole),
            "WITH moved AS (UPDATE \"s\".\"orders\" AS t SET \"id\" = k.c0, \"total\" = k.c1::\"pg_catalog\".\"numeric\" \
             FROM unnest($1, $2, $3) AS k(c0, c1, c2) WHERE t.\"id\" = k.c2) \
             INSERT INTO \"s\".\"orders\" (\"id\", \"total\") OVERRIDING SYSTEM VALUE \
             SELECT k.c0, k.c1::\"pg_catalog\".\"numeric\" FROM unnest($1, $2, $3) AS k(c0, c1, c2) \
             WHERE NOT EXISTS (SELECT FROM \"s\".\"orders\" AS o WHERE o.\"id\" = k.c2) \
             ON CONFLICT (\"id\") DO UPDATE SET \"total\" = EXCLUDED.\"total\""
        );
        assert_eq!(
            text(Kind::Displace),
            "DELETE FROM \"s\".\"orders\" AS t USING unnest($1, $2) AS k(c0, c1) WHERE t.\"id\" = k.c0 \
             AND NOT (t.\"id\" = k.c1) AND EXISTS (SELECT FROM \"s\".\"orders\" AS o WHERE o.\"id\" = k.c1)"
        );
        assert_eq!(
            text(Kind::Delete),
            "DELETE FROM \"s\".\"orders\" AS t USING unnest($1) AS k(c0) WHERE t.\"id\" = k.c0"
        );
    }
}
