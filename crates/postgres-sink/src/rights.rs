//! Whether the target lets the role do what the pipeline will do there: asked before anything starts.

use cdc::{Finding, Schema, TableName, quote_ident};
use postgres_client::{ServerError, Session};

use crate::checkpoint::{self, Access};
use crate::create::columns_statement;
use crate::error::SinkError;
use crate::settings::{Constraints, Mode, Settings};
use crate::sql::written;
use crate::target::Target;

/// A server that takes no writes at all, whoever asks.
const READ_ONLY: &str = "
    SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'";

/// Refuses a target that is a standby, or whose transactions are read-only for this role.
pub(crate) async fn read_only(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Finding>, ServerError> {
    let row = session.query_one(READ_ONLY, &[]).await?;
    let found = |reason: &str| {
        Finding::outside("target_read_only", format!("target {}", settings.server), reason)
    };
    if row.get(0) {
        let found = found("the server is a standby in recovery, and takes no writes");
        return Ok(Some(
            found
                .remedy("name the primary in `sink.postgres.url`, or promote this server")
                .run("SELECT pg_promote();"),
        ));
    }
    if !row.get::<_, bool>(1) {
        return Ok(None);
    }
    let statement = format!(
        "ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = off;",
        quote_ident(&settings.server.user),
        quote_ident(&settings.server.database)
    );
    let found = found("default_transaction_read_only is on: the role's transactions may not write");
    Ok(Some(found.remedy("switch it off, for this role at least").run(statement)))
}

/// What keeps the role from its checkpoints, if anything does.
pub(crate) async fn checkpoints(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Finding>, ServerError> {
    let role = quote_ident(&settings.server.user);
    let found = |reason: &str, remedy: &str, statement: String| {
        let reason = format!("the role {} {reason}", settings.server.user);
        lacks(format!("target {}", settings.server), &reason).remedy(remedy).run(statement)
    };
    let give = "let an administrator give the role its rights";
    Ok(match checkpoint::access(session, &settings.pipeline).await? {
        Access::Enough => None,
        Access::NoSchema => Some(found(
            "may not make the schema of its checkpoints",
            "let an administrator make it",
            format!("CREATE SCHEMA pgrelay AUTHORIZATION {role};"),
        )),
        Access::NoUsage => Some(found(
            "may not use schema pgrelay, where its checkpoints are",
            give,
            checkpoint::rights(&role),
        )),
        Access::NoCreate => Some(found(
            "may not make the table of its checkpoints in schema pgrelay",
            give,
            checkpoint::rights(&role),
        )),
        Access::Lacking(privileges) => {
            let reason = format!("lacks {privileges} on pgrelay.checkpoints");
            Some(found(&reason, give, checkpoint::rights(&role)))
        }
        Access::OldTable => Some(found(
            "may not add the column `copied` to pgrelay.checkpoints, as it does not own the table",
            "let its owner add the column",
            format!("{};", checkpoint::ADD_COPIED),
        )),
    })
}

const SCHEMA: &str = "
    SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE'), pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1";

/// What keeps the role from making a table of this name, if anything does.
pub(crate) async fn to_create(
    session: &Session,
    settings: &Settings,
    name: &TableName,
) -> Result<Option<Finding>, ServerError> {
    let row = session.query_one(SCHEMA, &[&&*name.schema]).await?;
    let (schema, role) = (quote_ident(&name.schema), quote_ident(&settings.server.user));
    let place = format!("target {}, schema {}", settings.server, name.schema);
    let Some(usage) = row.get::<_, Option<bool>>(0) else {
        if row.get(2) {
            return Ok(None);
        }
        let reason =
            format!("it does not exist, and role {} may not make it", settings.server.user);
        let found = lacks(place, &reason).remedy("let an administrator make it");
        return Ok(Some(found.run(format!("CREATE SCHEMA {schema} AUTHORIZATION {role};"))));
    };
    let create: Option<bool> = row.get(1);
    let lacking = privileges([("USAGE", usage), ("CREATE", create.unwrap_or_default())]);
    Ok((!lacking.is_empty()).then(|| {
        let reason = format!("role {} lacks {lacking}", settings.server.user);
        lacks(place, &reason)
            .remedy("give the role the right to make tables there, or make them for it")
            .run(format!("GRANT {lacking} ON SCHEMA {schema} TO {role};"))
    }))
}

const OWNS: &str = "
    SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2";

/// What keeps the role from adding columns to a table, if anything does: no right can be given for that.
pub(crate) async fn to_add_columns(
    session: &Session,
    settings: &Settings,
    schema: &Schema,
    columns: &[usize],
) -> Result<Option<Finding>, ServerError> {
    let name = settings.target_of(&schema.table);
    let row = session.query_opt(OWNS, &[&&*name.schema, &&*name.name]).await?;
    if row.is_none_or(|row| row.get(0)) {
        return Ok(None);
    }
    let columns: Vec<_> = columns.iter().map(|&i| schema.columns[i].clone()).collect();
    let names: Vec<_> = columns.iter().map(|column| &*column.name).collect();
    let reason = format!(
        "it lacks column {}, which role {} may not add, as it does not own the table",
        names.join(", "),
        settings.server.user
    );
    let found = lacks(format!("target {}, table {name}", settings.server), &reason);
    let statement = format!("{};", columns_statement(&name, &columns));
    Ok(Some(found.remedy("let the table's owner add it").run(statement)))
}

const TABLE: &str = "
    SELECT pg_catalog.has_schema_privilege(relnamespace, 'USAGE'), pg_catalog.has_table_privilege(oid, 'INSERT'),
           pg_catalog.has_table_privilege(oid, 'UPDATE'), pg_catalog.has_table_privilege(oid, 'SELECT'),
           pg_catalog.has_table_privilege(oid, 'DELETE'), pg_catalog.has_table_privilege(oid, 'TRUNCATE')
    FROM pg_catalog.pg_class WHERE oid = $1";

/// What keeps the role from writing rows into a table, and what will keep it from changing or removing them.
pub(crate) async fn to_write(
    session: &Session,
    settings: &Settings,
    target: &Target,
) -> Result<Vec<Finding>, ServerError> {
    let mut findings = Vec::new();
    let Some(row) = session.query_opt(TABLE, &[&target.oid]).await? else { return Ok(findings) };
    let role = quote_ident(&settings.server.user);
    if !row.get::<_, bool>(0) {
        let schema = &target.name.schema;
        let place = format!("target {}, schema {schema}", settings.server);
        let found = lacks(place, &format!("role {} lacks USAGE", settings.server.user));
        let statement = format!("GRANT USAGE ON SCHEMA {} TO {role};", quote_ident(schema));
        findings.push(found.remedy("give the role USAGE on the schema").run(statement));
    }
    let always = Always::of(settings, target);
    let mut first = Vec::new();
    let mut later = Vec::new();
    for (i, privilege, columns) in
        [(1, "INSERT", always.insert), (2, "UPDATE", always.update), (3, "SELECT", always.select)]
    {
        let has = row.get::<_, bool>(i);
        match columns {
            Some(columns) => {
                let has = has || on_columns(session, target, privilege, &columns).await?;
                first.push((privilege, has));
            }
            None => later.push((privilege, has || may_do_without(settings, target, privilege))),
        }
    }
    later.extend(
        [("DELETE", row.get(4)), ("TRUNCATE", row.get(5))]
            .map(|(privilege, has)| (privilege, has || !settings.delete)),
    );
    let place = format!("target {}, table {}", settings.server, target.name);
    let found = |lacking: &str, reason: String| {
        let statement = format!("GRANT {lacking} ON {} TO {role};", target.sql);
        lacks(place.clone(), &reason).remedy(format!("give the role {lacking}")).run(statement)
    };
    let user = &settings.server.user;
    let lacking = privileges(first);
    if !lacking.is_empty() {
        findings.push(found(&lacking, format!("role {user} lacks {lacking}")));
    }
    let lacking = privileges(later);
    if !lacking.is_empty() {
        let reason = format!("role {user} lacks {lacking}: the first change that needs it halts");
        findings.push(Finding { warning: true, ..found(&lacking, reason) });
    }
    Ok(findings)
}

/// Policies would keep rows from a delete or an update without a word, so that sessions refuse to be under them.
pub(crate) async fn row_security(
    session: &Session,
    settings: &Settings,
    oid: u32,
    name: &TableName,
) -> Result<Option<Finding>, ServerError> {
    if !session
        .query_one("SELECT pg_catalog.row_security_active($1::oid)", &[&oid])
        .await?
        .get::<_, bool>(0)
    {
        return Ok(None);
    }
    let user = &settings.server.user;
    let place = format!("target {}, table {name}", settings.server);
    let reason = format!("row level security holds for role {user}, and changes are for every row");
    Ok(Some(Finding::outside("target_row_security", place, reason)
        .remedy("let the role pass by it; or, where the role owns the table, write NO FORCE ROW LEVEL SECURITY")
        .run(format!("ALTER ROLE {} BYPASSRLS;", quote_ident(user)))))
}

/// Switches triggers and foreign keys off for the session, where the pipeline asks for that.
pub(crate) async fn replica(session: &Session, settings: &Settings) -> Result<(), SinkError> {
    if settings.constraints != Constraints::Replica {
        return Ok(());
    }
    let set = session.batch_execute("SET session_replication_role = replica").await;
    set.map_err(|error| {
        let error = ServerError::from(error);
        match error.code() {
            Some("42501") => may_not_be_replica(settings).into(),
            _ => SinkError::server(&settings.server, "set session_replication_role")(error),
        }
    })
}

fn may_not_be_replica(settings: &Settings) -> Finding {
    let user = &settings.server.user;
    let reason =
        format!("`constraints: replica` sets session_replication_role, which role {user} may not");
    let statement =
        format!("GRANT SET ON PARAMETER session_replication_role TO {};", quote_ident(user));
    lacks(format!("target {}", settings.server), &reason)
        .remedy("give the role that right (PostgreSQL 15 and later), or name a superuser, or write `constraints: checked`")
        .run(statement)
}

/// The columns on which every row that arrives needs a right; `None` where most rows go without it.
struct Always {
    insert: Option<Vec<String>>,
    update: Option<Vec<String>>,
    select: Option<Vec<String>>,
}

impl Always {
    fn of(settings: &Settings, target: &Target) -> Self {
        let names = |places: &[usize]| -> Vec<String> {
            places.iter().map(|&i| target.columns[i].name.to_string()).collect()
        };
        let written = written(target);
        let values: Vec<usize> =
            written.iter().copied().filter(|i| !target.key.contains(i)).collect();
        let updates = (!values.is_empty()).then(|| names(&values));
        match settings.mode {
            Mode::Update if !target.key.is_empty() => Self {
                insert: None,
                select: updates.is_some().then(|| names(&target.key)),
                update: updates,
            },
            // `ON CONFLICT` reads the key, and `EXCLUDED` the other columns.
            Mode::Upsert if !target.key.is_empty() => Self {
                insert: Some(names(&written)),
                update: updates,
                select: Some(names(&[written.as_slice(), &target.key].concat())),
            },
            _ => Self { insert: Some(names(&written)), update: None, select: None },
        }
    }
}

/// A right that not even a change of a later day needs.
fn may_do_without(settings: &Settings, target: &Target, privilege: &str) -> bool {
    privilege == "INSERT" && settings.mode == Mode::Update && !target.key.is_empty()
}

const ON_COLUMNS: &str = "
    SELECT count(*) > 0 AND coalesce(pg_catalog.bool_and(pg_catalog.has_column_privilege($1::oid, attnum, $2)), false)
    FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attname = ANY($3) AND attnum > 0 AND NOT attisdropped";

/// Whether the right was given on each of the columns.
async fn on_columns(
    session: &Session,
    target: &Target,
    privilege: &str,
    columns: &[String],
) -> Result<bool, ServerError> {
    let row = session.query_one(ON_COLUMNS, &[&target.oid, &privilege, &columns]).await?;
    Ok(row.get(0))
}

fn lacks(place: String, reason: &str) -> Finding {
    Finding::outside("target_rights", place, reason)
}

/// The privileges that are not there, as `GRANT` takes them.
fn privileges<'a>(all: impl IntoIterator<Item = (&'a str, bool)>) -> String {
    let lacking = all.into_iter().filter(|(_, has)| !has).map(|(privilege, _)| privilege);
    lacking.collect::<Vec<_>>().join(", ")
}
