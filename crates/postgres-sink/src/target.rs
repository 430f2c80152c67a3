//! A table of the target, held against the schema whose rows go into it.

use std::sync::Arc;

use cdc::{Finding, Kind, PgType, Schema, TableName, quote_ident};
use postgres_client::{ServerError, Session};

use crate::error::{Refusing, SinkError};
use crate::narrower;
use crate::rights;
use crate::settings::Settings;
use crate::unique::{self, Unique};
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
    /// The type's `=`: of an extension's type by its schema, as no other is searched.
    pub(crate) equal: String,
}

/// A table of the target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) oid: u32,
    pub(crate) name: TableName,
    /// The quoted name, ready for a statement.
    pub(crate) sql: String,
    /// The same where rows are looked for: of this table alone, where others inherit from it. Those are other tables in
    /// the source, too, and a key is theirs as well.
    pub(crate) rows_sql: String,
    /// One for each column of the schema, in its order.
    pub(crate) columns: Vec<TargetColumn>,
    /// The key's columns, as places in `columns`.
    pub(crate) key: Vec<usize>,
    /// Whether equal keys have equal text, so that a batch may be folded by it.
    pub(crate) foldable: bool,
    /// Its unique indexes.
    pub(crate) unique: Vec<Unique>,
    /// What is not well about it, and does not keep rows from being written.
    pub(crate) warnings: Vec<Finding>,
}

impl Target {
    /// The names of the key's columns, for a person.
    pub(crate) fn key_names(&self) -> String {
        let names = self.key.iter().filter_map(|&i| self.columns.get(i));
        names.map(|column| &*column.name).collect::<Vec<_>>().join(", ")
    }

    /// The unique index that an error names.
    pub(crate) fn refusing(&self, error: &ServerError) -> Option<Refusing> {
        let name = &error.response()?.constraint;
        let unique = self.unique.iter().find(|unique| unique.name == *name)?;
        let key: Vec<_> = self.key.iter().map(|&i| &*self.columns[i].name).collect();
        Some(Refusing { is_key: unique.is_over(&key), deferred: unique.deferred(&self.name) })
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
    /// The type modifier, of a domain its own.
    typmod: i32,
    /// The collation takes texts that differ for different ones.
    deterministic: bool,
    /// The schema and the name of the type's `=`.
    equal: Option<(String, String)>,
    /// The type's name with its modifier, for a person.
    type_name: String,
}

impl Found {
    fn equal(&self) -> String {
        match &self.equal {
            Some((schema, name)) if schema != "pg_catalog" => {
                format!("OPERATOR({}.{name})", quote_ident(schema))
            }
            _ => "=".to_owned(),
        }
    }

    /// Whether equal values here have equal text, where the source's type is `pg`.
    fn text_is_identity(&self, pg: &PgType) -> bool {
        match (&pg.kind, self.base_oid) {
            // bpchar: blanks at the end do not count, and without a length each value has its own.
            (Kind::Text, 1042) => self.typmod >= 4 && pg.typmod >= 4 && self.deterministic,
            // name, text, varchar.
            (Kind::Text, oid) => matches!(oid, 19 | 25 | 1043) && self.deterministic,
            _ => text_is_identity(&pg.kind, pg.typmod),
        }
    }
}

const COLUMNS: &str = "
    SELECT c.oid, a.attname::text, a.atttypid, n.nspname::text, t.typname::text, a.attgenerated <> '',
           b.oid, a.attidentity = 'a', CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
           coalesce(l.collisdeterministic, true), en.nspname::text, e.oprname::text,
           pg_catalog.format_type(a.atttypid, a.atttypmod), c.relkind::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_am m ON m.amname = 'btree'
    LEFT JOIN pg_catalog.pg_opclass oc ON oc.opcintype = b.oid AND oc.opcdefault AND oc.opcmethod = m.oid
    LEFT JOIN pg_catalog.pg_amop o ON o.amopfamily = oc.opcfamily AND o.amopstrategy = 3
          AND o.amoplefttype = oc.opcintype AND o.amoprighttype = oc.opcintype
    LEFT JOIN pg_catalog.pg_operator e ON e.oid = o.amopopr
    LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.oprnamespace
    WHERE cn.nspname = $1 AND c.relname = $2 ORDER BY a.attnum";

/// Whether tables inherit from it that are no parts of it, as partitions and the chunks of a hypertable are.
const HAS_HEIRS: &str = "
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class p ON p.oid = i.inhparent AND p.relkind = 'r'
        JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> '_timescaledb_internal'
        WHERE pn.nspname = $1 AND p.relname = $2)";

/// The table's quoted name where rows are looked for: see [`Target::rows_sql`].
pub(crate) async fn rows_sql(session: &Session, name: &TableName) -> Result<String, ServerError> {
    let sql = name.sql();
    let row = session.query_one(HAS_HEIRS, &[&&*name.schema, &&*name.name]).await?;
    Ok(if row.get(0) { format!("ONLY {sql}") } else { sql })
}

/// What a lookup found.
pub(crate) enum Lookup {
    Here(Arc<Target>),
    NoTable,
    NoColumns(Vec<usize>),
}

async fn columns(
    session: &Session,
    name: &TableName,
) -> Result<Option<(u32, String, Vec<Found>)>, ServerError> {
    let rows = session.query(COLUMNS, &[&&*name.schema, &&*name.name]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (oid, kind) = (first.get(0), first.get(13));
    let found =
        rows.iter().filter(|row| row.get::<_, Option<&str>>(1).is_some()).map(|row| Found {
            name: row.get(1),
            type_oid: row.get(2),
            type_sql: format!("{}.{}", quote_ident(row.get(3)), quote_ident(row.get(4))),
            generated: row.get(5),
            base_oid: row.get(6),
            always: row.get(7),
            typmod: row.get(8),
            deterministic: row.get(9),
            equal: row.get::<_, Option<String>>(10).zip(row.get(11)),
            type_name: row.get(12),
        });
    Ok(Some((oid, kind, found.collect())))
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
    let Some((oid, kind, found)) = columns(session, &name).await.map_err(&failed)? else {
        return Ok(Lookup::NoTable);
    };
    if let Some(what) = other_than_table(&kind) {
        return Err(not_a_table(settings, &name, what).into());
    }
    let held = rights::row_security(session, settings, oid, &name).await.map_err(&failed)?;
    if let Some(finding) = held {
        return Err(finding.into());
    }
    let mut columns = Vec::with_capacity(schema.columns.len());
    let (mut missing, mut foldable, mut warnings) = (Vec::new(), true, Vec::new());
    for (i, column) in schema.columns.iter().enumerate() {
        let Some(here) = found.iter().find(|here| *here.name == *column.name) else {
            missing.push(i);
            continue;
        };
        if here.always && settings.mode != crate::Mode::Insert && !schema.key.contains(&i) {
            return Err(identity_column(settings, &name, &column.name).into());
        }
        if settings.owns_source && narrower::cuts(&column.pg, here.base_oid, here.typmod) {
            let place = format!("target {}, table {name}, column {}", settings.server, column.name);
            warnings.push(narrower::warning(place, &name, column, &here.type_name));
        }
        foldable &= !schema.key.contains(&i) || here.text_is_identity(&column.pg);
        columns.push(TargetColumn {
            name: column.name.clone(),
            sql: quote_ident(&column.name),
            wire: Wire::of(here.type_oid),
            type_sql: here.type_sql.clone(),
            generated: here.generated,
            equal_is_same: equal_is_same(here.base_oid) && here.deterministic,
            equal: here.equal(),
        });
    }
    if !missing.is_empty() {
        return Ok(Lookup::NoColumns(missing));
    }
    let unique = unique::of_table(session, oid).await.map_err(&failed)?;
    let target = Target {
        oid,
        sql: name.sql(),
        rows_sql: rows_sql(session, &name).await.map_err(&failed)?,
        name,
        columns,
        key: schema.key.clone(),
        foldable,
        unique,
        warnings,
    };
    check_key(settings, &target)?;
    Ok(Lookup::Here(Arc::new(target)))
}

/// What a relation of this kind is, where it is no table.
fn other_than_table(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "r" | "p" | "f" => return None,
        "v" => "a view",
        "m" => "a materialized view",
        "S" => "a sequence",
        "c" => "a composite type",
        "i" | "I" => "an index",
        _ => "no table",
    })
}

fn not_a_table(settings: &Settings, name: &TableName, what: &str) -> Finding {
    Finding::outside(
        "target_not_a_table",
        format!("target {}, table {name}", settings.server),
        format!("what has this name in the target is {what}, and rows go into tables"),
    )
    .remedy(
        "rename it, or give the table another name in the target: `tables` under `sink.postgres`",
    )
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
/// is 1.0 and 1.00, `float8` is 0 and -0. Text goes by the target's type and collation.
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
fn check_key(settings: &Settings, target: &Target) -> Result<(), Finding> {
    let names: Vec<_> = target.key.iter().map(|&i| &*target.columns[i].name).collect();
    let guards = |unique: &Unique| unique.can_be_named && unique.is_over(&names);
    if names.is_empty() || settings.mode != crate::Mode::Upsert || target.unique.iter().any(guards)
    {
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
    .run(format!("CREATE UNIQUE INDEX ON {} ({});", target.sql, columns.join(", "))))
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
