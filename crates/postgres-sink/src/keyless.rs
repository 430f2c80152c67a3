//! Tables without a key: an update or a delete finds exactly one row by all its values.
//!
//! Two rows may be equal in everything; one of them is as good as the other, and only one is changed.

use crate::sql::{Text, written};
use crate::target::Target;
use crate::wire::Wire;

/// `x.<column> IS NOT DISTINCT FROM k.c<n>`, by text where equal values may print differently or have no `=`.
fn same(target: &Target, column: usize, parameter: usize) -> String {
    let found = &target.columns[column];
    let value = match found.wire {
        Wire::Cast => format!("k.c{parameter}::{}", found.type_sql),
        _ => format!("k.c{parameter}"),
    };
    if found.equal_is_same {
        format!("x.{} IS NOT DISTINCT FROM {value}", found.sql)
    } else {
        format!(
            "x.{}::text COLLATE \"C\" IS NOT DISTINCT FROM {value}::text COLLATE \"C\"",
            found.sql
        )
    }
}

/// The parameters as `k`, each row with the place of the one row it means: found once, and gone to by its place. A
/// comparison with a subquery would look for it again for every row of the table.
fn found(target: &Target, parameters: usize, first_parameter: usize) -> String {
    let columns = written(target);
    let all = columns.iter().enumerate().map(|(n, &i)| same(target, i, first_parameter + n));
    // Rows without a column are all the same.
    let all: Vec<_> = std::iter::once("true".to_owned()).chain(all).collect();
    format!(
        "(SELECT k.*, x.tableoid AS found_in, x.ctid AS found_at FROM {} CROSS JOIN LATERAL \
         (SELECT x.tableoid, x.ctid FROM {} AS x WHERE {} LIMIT 1) AS x) AS k",
        arrays(parameters),
        target.rows_sql,
        all.join(" AND ")
    )
}

const IS_FOUND: &str = "t.tableoid = k.found_in AND t.ctid = k.found_at";

fn arrays(n: usize) -> String {
    if n == 0 {
        return "(SELECT) AS k".to_owned();
    }
    let arrays: Vec<_> = (1..=n).map(|n| format!("${n}")).collect();
    let names: Vec<_> = (0..n).map(|n| format!("c{n}")).collect();
    format!("unnest({}) AS k({})", arrays.join(", "), names.join(", "))
}

fn parameters(target: &Target) -> Vec<Wire> {
    written(target).iter().map(|&i| target.columns[i].wire).collect()
}

/// Deletes the row that has the values of the old row.
pub(crate) fn delete(target: &Target) -> Text {
    let parameters = parameters(target);
    let sql = format!(
        "DELETE FROM {} AS t USING {} WHERE {IS_FOUND}",
        target.rows_sql,
        found(target, parameters.len(), 0)
    );
    Text { sql, parameters }
}

/// Updates the row that has the values of the old row: the new row's arrays first, then the old one's.
pub(crate) fn update(target: &Target) -> Text {
    let columns = written(target);
    let parameters = [parameters(target), parameters(target)].concat();
    let sets: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(n, &i)| {
            let column = &target.columns[i];
            let cast = if column.wire == Wire::Cast {
                format!("::{}", column.type_sql)
            } else {
                String::new()
            };
            format!("{} = k.c{n}{cast}", column.sql)
        })
        .collect();
    let sql = format!(
        "UPDATE {} AS t SET {} FROM {} WHERE {IS_FOUND}",
        target.rows_sql,
        sets.join(", "),
        found(target, parameters.len(), columns.len())
    );
    Text { sql, parameters }
}
