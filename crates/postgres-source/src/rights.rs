//! Whether the source lets the role do what the pipeline will do there: asked before anything starts.

use cdc::{Finding, TableName, quote_ident};
use postgres_client::{ServerError, Session};

use crate::catalog::Table;
use crate::config::{Settings, SnapshotMode};
use crate::error::SourceError;
use crate::publication;
use crate::snapshot::SnapshotTable;

/// What a start would do.
pub(crate) struct Start<'a> {
    /// The tables that are captured.
    pub(crate) tables: &'a [Table],
    /// What a copy would read.
    pub(crate) to_read: &'a [SnapshotTable],
    /// The publication is there.
    pub(crate) has_publication: bool,
    /// The slot is there.
    pub(crate) has_slot: bool,
}

impl Start<'_> {
    /// Whether the publication is made. Beside a slot none is: the slot could not send for it.
    fn publishes(&self, settings: &Settings) -> bool {
        !self.has_publication && !self.has_slot && settings.snapshot.follows()
    }

    /// Whether a copy is made for sure. Beside a slot there is most often one behind, and another where changes are lost.
    fn copies(&self, settings: &Settings) -> bool {
        match settings.snapshot {
            SnapshotMode::Always | SnapshotMode::InitialOnly => true,
            mode => mode.copies() && !self.has_slot,
        }
    }
}

/// Everything that the role lacks.
pub(crate) async fn check(
    session: &Session,
    settings: &Settings,
    start: &Start<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), SourceError> {
    let failed = |error| SourceError::server(&settings.server, "read the role's rights")(error);
    findings.extend(replication(session, settings).await.map_err(failed)?);
    if start.publishes(settings) {
        let names: Vec<_> = start.tables.iter().collect();
        let found = usage(session, settings, &names).await.map_err(failed)?;
        findings.extend(found);
        findings.extend(publishing(session, settings, start.tables).await.map_err(failed)?);
    }
    if settings.snapshot.copies() {
        let found = copying(session, settings, start).await.map_err(failed)?;
        let warning = !start.copies(settings);
        findings.extend(found.into_iter().map(|finding| Finding { warning, ..finding }));
    }
    Ok(())
}

fn place(settings: &Settings) -> String {
    format!("source {}", settings.server)
}

const ROLE: &str = "
    SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";

async fn replication(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Finding>, ServerError> {
    if session.query_opt(ROLE, &[]).await?.is_some_and(|row| row.get(0)) {
        return Ok(None);
    }
    let user = &settings.server.user;
    let reason = format!("role {user} lacks the REPLICATION attribute");
    let found = Finding::outside("source_role_replication", place(settings), reason);
    let statement = format!("ALTER ROLE {} REPLICATION;", quote_ident(user));
    Ok(Some(found.remedy("give it to the role").run(statement)))
}

const USAGE: &str = "
    SELECT DISTINCT n.nspname::text
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY($1) AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') ORDER BY 1";

/// The schemas whose tables the role may not name.
async fn usage(
    session: &Session,
    settings: &Settings,
    tables: &[&Table],
) -> Result<Vec<Finding>, ServerError> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let rows = session.query(USAGE, &[&oids]).await?;
    let user = &settings.server.user;
    let found = rows.iter().map(|row| {
        let schema: &str = row.get(0);
        let place = format!("{}, schema {schema}", place(settings));
        let (quoted, role) = (quote_ident(schema), quote_ident(user));
        Finding::outside("source_rights", place, format!("role {user} lacks USAGE"))
            .remedy("give the role USAGE on the schema")
            .run(format!("GRANT USAGE ON SCHEMA {quoted} TO {role};"))
    });
    Ok(found.collect())
}

const PUBLISHING: &str = "
    SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
           ARRAY(SELECT c.oid FROM pg_catalog.pg_class c
                 WHERE c.oid = ANY($1) AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE'))";

/// What keeps the role from making the publication: it has to own every table, and may have to be let make things in
/// the database.
async fn publishing(
    session: &Session,
    settings: &Settings,
    tables: &[Table],
) -> Result<Option<Finding>, ServerError> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let row = session.query_one(PUBLISHING, &[&oids]).await?;
    let (creates, others): (bool, Vec<u32>) = (row.get(0), row.get(1));
    let (user, database) = (&settings.server.user, &settings.server.database);
    let place = format!("{}, publication {}", place(settings), settings.publication);
    let found = |reason: String| Finding::outside("publication_rights", place, reason);
    let others: Vec<_> = tables
        .iter()
        .filter(|table| others.contains(&table.oid))
        .map(|table| table.name.to_string())
        .collect();
    if !others.is_empty() {
        let reason = format!(
            "it does not exist, and role {user} may not create it, as it does not own {}",
            others.join(", ")
        );
        let names: Vec<&TableName> = tables.iter().map(|table| &table.name).collect();
        return Ok(Some(
            found(reason)
                .remedy("let an owner of the tables create it, who may create in the database, or an administrator")
                .run(publication::create_statement(settings, names)),
        ));
    }
    Ok((!creates).then(|| {
        let reason = format!(
            "it does not exist, and role {user} may not create it, as it lacks CREATE on database {database}"
        );
        let (database, role) = (quote_ident(database), quote_ident(user));
        found(reason)
            .remedy("give the role CREATE on the database, or let an administrator create the publication")
            .run(format!("GRANT CREATE ON DATABASE {database} TO {role};"))
    }))
}

const READING: &str = "
    SELECT CASE WHEN pg_catalog.cardinality($2::text[]) = 0 THEN pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
                ELSE (SELECT coalesce(pg_catalog.bool_and(pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')), true)
                      FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY($2)) END,
           pg_catalog.row_security_active(c.oid)
    FROM pg_catalog.pg_class c WHERE c.oid = $1";

/// What keeps a copy from being read. What a statement of the pipeline file reads is not known here.
async fn copying(
    session: &Session,
    settings: &Settings,
    start: &Start<'_>,
) -> Result<Vec<Finding>, ServerError> {
    let plain = start.to_read.iter().filter(|read| read.statement.is_none());
    let is_table = |table: &&Table, name: &TableName| table.name == *name;
    let read: Vec<(&Table, &SnapshotTable)> = plain
        .filter_map(|read| {
            let table = start.tables.iter().find(|table| is_table(table, &read.schema.origin));
            Some((table?, read))
        })
        .collect();
    let tables: Vec<&Table> = read.iter().map(|(table, _)| *table).collect();
    let mut findings = Vec::new();
    // The publication needs it, too, and that was said.
    if !start.publishes(settings) {
        findings.extend(usage(session, settings, &tables).await?);
    }
    for (table, read) in read {
        let columns: Vec<&str> = read.schema.columns.iter().map(|column| &*column.name).collect();
        let Some(row) = session.query_opt(READING, &[&table.oid, &columns]).await? else {
            continue;
        };
        if !row.get::<_, bool>(0) {
            findings.push(unreadable(settings, &table.name));
        }
        if row.get(1) {
            findings.push(row_security(settings, &table.name));
        }
    }
    Ok(findings)
}

fn unreadable(settings: &Settings, table: &TableName) -> Finding {
    let user = &settings.server.user;
    let place = format!("{}, table {table}", place(settings));
    let statement = format!("GRANT SELECT ON {} TO {};", table.sql(), quote_ident(user));
    Finding::outside("source_rights", place, format!("role {user} may not read it"))
        .remedy("give the role SELECT")
        .run(statement)
}

/// A copy that leaves out rows would be taken for the whole table, so it is read as one that is refused then.
fn row_security(settings: &Settings, table: &TableName) -> Finding {
    let user = &settings.server.user;
    let place = format!("{}, table {table}", place(settings));
    let reason = format!("row level security holds for role {user}, and a copy needs every row");
    Finding::outside("source_row_security", place, reason)
        .remedy("let the role pass by it; or, where the role owns the table, write NO FORCE ROW LEVEL SECURITY")
        .run(format!("ALTER ROLE {} BYPASSRLS;", quote_ident(user)))
}
