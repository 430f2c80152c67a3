//! A column's type as Debezium tells it: its name, length and scale.
//!
//! Lengths and scales are those of PostgreSQL's JDBC driver (`TypeInfoCache`): digits of numbers, characters of texts and
//! of times as they are shown. An array has those of its elements, a domain those of what it is made of.

use cdc::{Column, Kind, PgType, SourceType, Special, TableName};
use postgres_client::{ServerError, Session};

use crate::shape::SourceTypes;

/// What the driver says of types that have no bound.
const UNBOUND: i32 = i32::MAX;

/// Has the columns that are asked for say their types.
pub(crate) async fn tell(
    session: &Session,
    table: &TableName,
    columns: &mut [Column],
    asked: &SourceTypes,
) -> Result<(), ServerError> {
    const NAME: &str = "SELECT typname::text FROM pg_catalog.pg_type WHERE oid = $1";
    for column in columns {
        let Some(row) = session.query_opt(NAME, &[&column.pg.oid]).await? else { continue };
        let name: &str = row.get(0);
        if asked.wants(table, &column.name, name) {
            column.source_type = Some(of(column, name));
        }
    }
    Ok(())
}

/// The type of a column, which the catalog calls `name`.
fn of(column: &Column, name: &str) -> SourceType {
    let (length, scale) = length_and_scale(&column.pg.kind, &column.pg, name);
    SourceType {
        column: column.name.clone(),
        name: name.to_uppercase().into(),
        length: Some(length),
        scale: Some(scale),
    }
}

fn length_and_scale(kind: &Kind, pg: &PgType, name: &str) -> (i32, i32) {
    let typmod = pg.typmod;
    let declared = (typmod >= 0).then_some(typmod);
    let digits = declared.map_or(6, |typmod| typmod & 0xffff);
    match kind {
        Kind::Array(element) => length_and_scale(element, pg, ""),
        Kind::Bool => (1, 0),
        Kind::Int2 => (5, 0),
        Kind::Int4 | Kind::Special(Special::Oid) => (10, 0),
        Kind::Int8 => (19, 0),
        Kind::Float4 => (8, 8),
        Kind::Float8 => (17, 17),
        Kind::Numeric => {
            pg.precision_and_scale().map_or((131_089, 0), |(p, s)| (p.into(), s.into()))
        }
        Kind::Text => (declared.map_or(UNBOUND, |typmod| typmod - 4), 0),
        Kind::Date => (13, 0),
        Kind::Time => (8 + behind_seconds(digits), digits),
        Kind::Special(Special::Timetz) => (14 + behind_seconds(digits), digits),
        Kind::Timestamp => (22 + behind_seconds(digits), digits),
        Kind::Timestamptz => (28 + behind_seconds(digits), digits),
        Kind::Special(Special::Interval) => (49, digits),
        Kind::Special(Special::Bit | Special::Varbit) => (declared.unwrap_or(UNBOUND), 0),
        Kind::Other if name == "char" => (1, 0),
        _ => (UNBOUND, 0),
    }
}

/// The point and the digits behind it, as the driver counts them: one digit is shown as two.
fn behind_seconds(digits: i32) -> i32 {
    match digits {
        0 => 0,
        1 => 3,
        digits => digits + 1,
    }
}
