//! A table of the target, held against the schema whose rows go into it.

use std::sync::Arc;

use cdc::{Finding, Kind, Schema, TableName, quote_ident};
use postgres_client::{ServerError, Session};

use crate::error::SinkError;
use crate::settings::Settings;
use crate::wire::Wire;

/// One column of the target, for the schema's column of the same name.
#[derive(Clone, Debug)]
pub(crate) struct TargetColumn {
    pub(crate) name: Arc<str>,
    /// The quoted name, ready for a statement.
    pub(crate) sql: String,
    pub(crate) wire: Wire,
    /// The type's quoted name, without a modifier: a cast to it never cuts a value.
    pub(crate) type_sql: String,
    /// Computed by the target itself: never written.
    pub(crate) generated: bool,
    /// `=` on the type means the same text.
    pub(crate) equal_is_same: bool,
}

/// A table of the target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) oid: u32,
    pub(crate) name: TableName,
    /// The quoted name, ready for a statement.
    pub(crate) sql: String,
    /// One for each column of the schema, in its order.
    pub(crate) columns: Vec<TargetColumn>,
    /// The key's columns, as places in `columns`.
    pub(crate) key: Vec<usize>,
    /// Whether equal keys have equal text, so that a batch may be folded by it.
    pub(crate) foldable: bool,
}

impl Target {
    /// The names of the key's columns, for a person.
    pub(crate) fn key_names(&self) -> String {
        let names = self.key.iter().filter_map(|&i| self.columns.get(i));
        names.map(|column| &*column.name).collect::<Vec<_>>().join(", ")
    }
}

/// What the catalog says of one column.
struct Found {
    name: String,
    type_oid: u32,
    type_sql: String,
    base_oid: u32,
    generated: bool,
    /// GENERATED ALWAYS AS IDENTITY: an insert can override that, an update cannot.
    always: bool,
}

const COLUMNS: &str = "
    SELECT c.oid, a.attname::text, a.atttypid, n.nspname::text, t.typname::text, a.attgenerated <> '',
           CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, a.attidentity = 'a'
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE cn.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f') ORDER BY a.attnum";

/// A unique index over exactly these columns, that an ON CONFLICT can name.
const UNIQUE: &str = "
    SELECT count(*) FROM pg_catalog.pg_index i
    WHERE i.indrelid = $1 AND i.indisunique AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      AND (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attname::text)
           FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
        = (SELECT pg_catalog.array_agg(n ORDER BY n) FROM pg_catalog.unnest($2::text[]) n)";

/// What a lookup found.
pub(crate) enum Lookup {
    Here(Arc<Target>),
    NoTable,
    NoColumns(Vec<usize>),
}

async fn columns(
    session: &Session,
    name: &TableName,
) -> Result<Option<(u32, Vec<Found>)>, ServerError> {
    let rows = session.query(COLUMNS, &[&&*name.schema, &&*name.name]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let oid = first.get(0);
    let found =
        rows.iter().filter(|row| row.get::<_, Option<&str>>(1).is_some()).map(|row| Found {
            name: row.get(1),
            type_oid: row.get(2),
            type_sql: format!("{}.{}", quote_ident(row.get(3)), quote_ident(row.get(4))),
            generated: row.get(5),
            base_oid: row.get(6),
            always: row.get(7),
        });
    Ok(Some((oid, found.collect())))
}

/// Looks the table up under its name here, column by column.
pub(crate) async fn look_up(
    session: &Session,
    settings: &Settings,
    schema: &Schema,
) -> Result<Lookup, SinkError> {
    let name = settings.target_of(&schema.table);
    let failed =
        SinkError::server(&format!("{}, table {name}", settings.server), "read the catalog");
    let Some((oid, found)) = columns(session, &name).await.map_err(&failed)? else {
        return Ok(Lookup::NoTable);
    };
    let mut columns = Vec::with_capacity(schema.columns.len());
    let mut missing = Vec::new();
    for (i, column) in schema.columns.iter().enumerate() {
        let Some(here) = found.iter().find(|here| *here.name == *column.name) else {
            missing.push(i);
            continue;
        };
        if here.always && settings.mode != crate::Mode::Insert && !schema.key.contains(&i) {
            return Err(identity_column(settings, &name, &column.name).into());
        }
        columns.push(TargetColumn {
            name: column.name.clone(),
            sql: quote_ident(&column.name),
            wire: Wire::of(here.type_oid),
            type_sql: here.type_sql.clone(),
            generated: here.generated,
            equal_is_same: equal_is_same(here.base_oid),
        });
    }
    if !missing.is_empty() {
        return Ok(Lookup::NoColumns(missing));
    }
    let foldable = schema
        .key
        .iter()
        .all(|&i| text_is_identity(&schema.columns[i].pg.kind, schema.columns[i].pg.typmod));
    let target = Target { oid, sql: name.sql(), name, columns, key: schema.key.clone(), foldable };
    check_key(session, settings, &target).await?;
    Ok(Lookup::Here(Arc::new(target)))
}

/// The finding for a column that takes a row's first value, and no other after it.
fn identity_column(settings: &Settings, table: &TableName, column: &str) -> Finding {
    Finding::outside(
        "target_identity_column",
        format!("target {}, table {table}, column {column}", settings.server),
        "it is GENERATED ALWAYS AS IDENTITY: the server lets no update set it to the source's value",
    )
    .remedy("let it take the source's values")
    .run(format!(
        "ALTER TABLE {} ALTER COLUMN {} SET GENERATED BY DEFAULT;",
        table.sql(),
        quote_ident(column)
    ))
}

/// Whether two values of the type that are equal print the same text, so that a row can be found by `=`.
fn equal_is_same(type_oid: u32) -> bool {
    // bool, int2, int4, int8, text, varchar, bytea, uuid, date, timestamp, timestamptz.
    matches!(type_oid, 16 | 20 | 21 | 23 | 25 | 1043 | 17 | 2950 | 1082 | 1114 | 1184)
}

/// Whether equal values of the source's type have equal text: a batch is folded by text. `numeric` without a scale
/// is 1.0 and 1.00, `float8` is 0 and -0, `citext` is a and A.
fn text_is_identity(kind: &Kind, typmod: i32) -> bool {
    match kind {
        Kind::Numeric => typmod >= 4,
        Kind::Bool
        | Kind::Int2
        | Kind::Int4
        | Kind::Int8
        | Kind::Text
        | Kind::Bytea
        | Kind::Date
        | Kind::Time
        | Kind::Timestamp
        | Kind::Timestamptz
        | Kind::Uuid
        | Kind::Enum => true,
        Kind::Float4
        | Kind::Float8
        | Kind::Json
        | Kind::Jsonb
        | Kind::Array(_)
        | Kind::Special(_)
        | Kind::Other => false,
    }
}

/// Refuses a target whose key no unique index guards: an upsert could not name it.
async fn check_key(
    session: &Session,
    settings: &Settings,
    target: &Target,
) -> Result<(), SinkError> {
    if target.key.is_empty() || settings.mode != crate::Mode::Upsert {
        return Ok(());
    }
    let names: Vec<String> =
        target.key.iter().map(|&i| target.columns[i].name.to_string()).collect();
    let failed = SinkError::server(&settings.server, "read the target's indexes");
    let row = session
        .query_one(UNIQUE, &[&target.oid, &names])
        .await
        .map_err(|error| failed(error.into()))?;
    if row.get::<_, i64>(0) > 0 {
        return Ok(());
    }
    let columns: Vec<_> = target.key.iter().map(|&i| target.columns[i].sql.as_str()).collect();
    Err(Finding::outside(
        "target_key",
        format!("target {}, table {}", settings.server, target.name),
        format!(
            "no unique index over ({}): an upsert by the source's key is not possible",
            columns.join(", ")
        ),
    )
    .remedy("make one")
    .run(format!("CREATE UNIQUE INDEX ON {} ({});", target.sql, columns.join(", ")))
    .into())
}

const REFERENCES: &str = "
    SELECT conrelid, confrelid FROM pg_catalog.pg_constraint
    WHERE contype = 'f' AND conrelid <> confrelid AND conrelid = ANY($1) AND confrelid = ANY($1)";

/// The targets' numbers with every parent before its children, as far as foreign keys allow.
pub(crate) async fn parents_first(
    session: &Session,
    oids: &[u32],
) -> Result<Vec<u32>, ServerError> {
    let references: Vec<(u32, u32)> = session
        .query(REFERENCES, &[&oids])
        .await?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let mut left = oids.to_vec();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |oid: u32| {
            references.iter().any(|(child, parent)| *child == oid && left.contains(parent))
        };
        // A cycle is broken at its first table: what it costs is the ordered way for batches that need it.
        let at = left.iter().position(|oid| !waits(*oid)).unwrap_or(0);
        ordered.push(left.remove(at));
    }
    Ok(ordered)
}
