//! Tables, columns and types made where they are missing, from the source's own types and keys.
//!
//! Indexes, foreign keys, defaults and sequences are not made.

use cdc::{Column, Finding, Kind, PgType, Schema, TableName, quote_ident};
use postgres_client::{ServerError, Session, quote_literal};

use crate::error::SinkError;
use crate::make::make;
use crate::settings::Settings;

/// The statement that makes the table `name` for `schema`.
pub(crate) fn table_statement(name: &TableName, schema: &Schema) -> String {
    let mut lines: Vec<String> = schema
        .columns
        .iter()
        .map(|column| {
            let not_null = if column.optional { "" } else { " NOT NULL" };
            format!("{} {}{not_null}", quote_ident(&column.name), column.pg.name)
        })
        .collect();
    if !schema.key.is_empty() {
        let key: Vec<_> =
            schema.key.iter().map(|&i| quote_ident(&schema.columns[i].name)).collect();
        lines.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    format!("CREATE TABLE {} ({})", name.sql(), lines.join(", "))
}

fn missing(
    settings: &Settings,
    code: &'static str,
    name: &TableName,
    what: &str,
    statement: String,
) -> SinkError {
    Finding::outside(
        code,
        format!("target {}, table {name}", settings.server),
        format!("{what}, and `create` is false"),
    )
    .remedy("make it, or write `create: true` under `sink.postgres`")
    .run(statement)
    .into()
}

/// Makes the table, its schema, and the types its columns need.
pub(crate) async fn table(
    session: &Session,
    settings: &Settings,
    schema: &Schema,
) -> Result<(), SinkError> {
    let name = settings.target_of(&schema.table);
    if !settings.create {
        return Err(missing(
            settings,
            "target_table_missing",
            &name,
            "the table does not exist",
            format!("{};", table_statement(&name, schema)),
        ));
    }
    let failed =
        SinkError::server(&format!("{}, table {name}", settings.server), "create the table");
    make_schema(session, &quote_ident(&name.schema)).await.map_err(&failed)?;
    let schema = with_types(session, settings, &name, schema).await?;
    make(session, &table_statement(&name, &schema)).await.map_err(|error| failed(error.into()))?;
    tracing::info!(table = %name, "created the table in the target; indexes, foreign keys and sequences are not made");
    Ok(())
}

/// Makes a schema where it is missing; with `IF NOT EXISTS` the server asks for the right to make it in any case.
async fn make_schema(session: &Session, quoted: &str) -> Result<(), ServerError> {
    let row =
        session.query_one("SELECT pg_catalog.to_regnamespace($1) IS NULL", &[&quoted]).await?;
    if row.get(0) {
        make(session, &format!("CREATE SCHEMA {quoted}")).await?;
    }
    Ok(())
}

/// The quoted schema of a type's name as the server prints it.
fn schema_of(name: &str) -> Option<&str> {
    let mut quoted = false;
    let end = name.find(|c| {
        quoted ^= c == '"';
        c == '.' && !quoted
    })?;
    name.get(..end)
}

/// Adds columns to a table that has not all of them. The rows that are there get what the source's had in them
/// where that is known.
pub(crate) async fn columns(
    session: &Session,
    settings: &Settings,
    schema: &Schema,
    lacking: &[usize],
) -> Result<(), SinkError> {
    let name = settings.target_of(&schema.table);
    let failed = SinkError::server(&format!("{}, table {name}", settings.server), "add columns");
    let wanted: Vec<Column> = lacking.iter().map(|&i| schema.columns[i].clone()).collect();
    if !settings.create {
        let names: Vec<_> = wanted.iter().map(|column| column.name.to_string()).collect();
        return Err(missing(
            settings,
            "target_column_missing",
            &name,
            &format!("it lacks column {}", names.join(", ")),
            format!("{};", columns_statement(&name, &wanted)),
        ));
    }
    let row = session.query_one(&format!("SELECT EXISTS (SELECT FROM {})", name.sql()), &[]).await;
    let has_rows: bool = row.map_err(|error| failed(error.into()))?.get(0);
    let mut resolved = Vec::new();
    for column in wanted {
        if has_rows && !column.optional && column.missing.is_none() {
            return Err(unknown_values(settings, &name, &column));
        }
        let pg = resolve(session, settings, &name, &column).await?;
        resolved.push(Column { pg, ..column });
    }
    let made = make(session, &columns_statement(&name, &resolved)).await;
    made.map_err(|error| failed(error.into()))?;
    if has_rows && resolved.iter().any(|column| column.missing.is_none()) {
        tracing::warn!(table = %name, columns = resolved.len(), "added columns to the target; rows that were there before have null in those whose default is not a constant");
    }
    Ok(())
}

/// The statements that add columns: rows that are there get the constant, later ones what the source sends.
pub(crate) fn columns_statement(name: &TableName, columns: &[Column]) -> String {
    let adds = columns.iter().map(|column| {
        let default = column.missing.as_ref();
        let default = default.map(|text| format!(" DEFAULT {}", quote_literal(text).trim()));
        let default = default.unwrap_or_default();
        format!("ADD COLUMN {} {}{default}", quote_ident(&column.name), column.pg.name)
    });
    // One statement would drop before it adds.
    let drops = columns
        .iter()
        .filter(|column| column.missing.is_some())
        .map(|column| format!("ALTER COLUMN {} DROP DEFAULT", quote_ident(&column.name)));
    let (adds, drops): (Vec<_>, Vec<_>) = (adds.collect(), drops.collect());
    let alter = |actions: Vec<String>| format!("ALTER TABLE {} {}", name.sql(), actions.join(", "));
    if drops.is_empty() { alter(adds) } else { format!("{}; {}", alter(adds), alter(drops)) }
}

/// What a column that may not be null has in rows that were there before it, where no constant says so: the source
/// wrote them anew, and did not send them.
fn unknown_values(settings: &Settings, name: &TableName, column: &Column) -> SinkError {
    let quoted = quote_ident(&column.name);
    Finding::outside(
        "target_column_unknown",
        format!("target {}, table {name}, column {}", settings.server, column.name),
        "the column is new and may not be null, and the source does not say what rows that were there before it have in it: its default is no constant, or a transform masks it",
    )
    .remedy("add the column to the target and fill it, and start again; or run `pgrelay drop` for the pipeline and start it with emptied target tables, which copies all tables")
    .run(format!("ALTER TABLE {} ADD COLUMN {quoted} {}; UPDATE {} SET {quoted} = …;", name.sql(), column.pg.name, name.sql()))
    .into()
}

async fn with_types(
    session: &Session,
    settings: &Settings,
    name: &TableName,
    schema: &Schema,
) -> Result<Schema, SinkError> {
    let mut schema = schema.clone();
    for column in &mut schema.columns {
        column.pg = resolve(session, settings, name, column).await?;
    }
    Ok(schema)
}

async fn is_type(session: &Session, name: &str) -> Result<bool, ServerError> {
    // to_regtype raises where the text is no type's name at all; a modifier in it is no part of a name.
    let plain = name.split('(').next().unwrap_or(name).trim_end();
    let suffix = if name.ends_with("[]") && !plain.ends_with("[]") { "[]" } else { "" };
    let row = session
        .query_one("SELECT pg_catalog.to_regtype($1) IS NOT NULL", &[&format!("{plain}{suffix}")])
        .await?;
    Ok(row.get(0))
}

/// The type the column has in the target: the source's, made where it is an enumeration, or a domain's base.
async fn resolve(
    session: &Session,
    settings: &Settings,
    table: &TableName,
    column: &Column,
) -> Result<PgType, SinkError> {
    let pg = &column.pg;
    let failed = SinkError::server(
        &format!("{}, table {table}, column {}", settings.server, column.name),
        "find the type",
    );
    if is_type(session, &pg.name).await.map_err(&failed)? {
        return Ok(pg.clone());
    }
    if let Some(base) = &pg.base {
        return Ok(PgType { name: base.clone(), ..pg.clone() });
    }
    if !pg.labels.is_empty() {
        let element = pg.name.trim_end_matches("[]");
        let labels: Vec<_> =
            pg.labels.iter().map(|label| quote_literal(label).trim().to_owned()).collect();
        if let Some(schema) = schema_of(element) {
            make_schema(session, schema).await.map_err(&failed)?;
        }
        let statement = format!("CREATE TYPE {element} AS ENUM ({})", labels.join(", "));
        let made = make(session, &statement).await;
        made.map_err(|error| failed(error.into()))?;
        return Ok(pg.clone());
    }
    let kind = if matches!(pg.kind, Kind::Other) { "extension or type" } else { "type" };
    Err(Finding::outside(
        "target_type_missing",
        format!("target {}, table {table}, column {}", settings.server, column.name),
        format!("the {kind} {} does not exist", pg.name),
    )
    .remedy("make the type or its extension in the target, or make the table with another type")
    .run(format!("CREATE EXTENSION …; -- or CREATE TYPE {} …", pg.name))
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc::Identity;

    #[test]
    fn the_schema_of_a_type_is_what_stands_before_its_dot() {
        assert_eq!(schema_of("mood"), None);
        assert_eq!(schema_of("app.mood"), Some("app"));
        assert_eq!(schema_of("\"a.b\".\"m\"\"o.od\""), Some("\"a.b\""));
    }

    #[test]
    fn a_table_is_made_of_the_sources_types_and_key() {
        let column = |name: &str, pg: &str, optional| Column {
            name: name.into(),
            pg: PgType::new(0, pg, Kind::Text),
            optional,
            masked: false,
            missing: None,
            default: None,
            source_type: None,
        };
        let columns =
            vec![column("id", "bigint", false), column("Name", "character varying(20)", true)];
        let schema = Schema::new(TableName::new("s", "t"), columns, vec![0], Identity::Default);
        assert_eq!(
            table_statement(&TableName::new("crm", "people"), &schema),
            "CREATE TABLE \"crm\".\"people\" (\"id\" bigint NOT NULL, \"Name\" character varying(20), PRIMARY KEY (\"id\"))"
        );
    }
}
