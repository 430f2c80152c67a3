//! What can be found wrong with a target before anything starts, and the statements that give a role what it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cdc::{Checkpoint, Fault, Finding, Schema, TableName, quote_ident};
use postgres_client::{ServerError, Session, quote_literal};

use crate::actions;
use crate::checkpoint;
use crate::claim::pooler;
use crate::create::table_statement;
use crate::error::SinkError;
use crate::rights;
use crate::settings::{Constraints, Settings};
use crate::target::{self, Lookup};

/// Everything about the target that would stop the pipeline. `schemas` are the tables as they leave the chain.
pub async fn preflight(settings: &Settings, schemas: &[Arc<Schema>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = collect(settings, schemas, &mut findings).await {
        findings.push(error.finding());
    }
    findings
}

async fn connect(settings: &Settings) -> Result<Session, SinkError> {
    let connected = settings.server.connect(&format!("pgrelay {} check", settings.pipeline)).await;
    connected.map_err(SinkError::server(&settings.server, "connect"))
}

async fn collect(
    settings: &Settings,
    schemas: &[Arc<Schema>],
    findings: &mut Vec<Finding>,
) -> Result<(), SinkError> {
    let session = connect(settings).await?;
    let failed = SinkError::server(&settings.server, "check the target");
    let other = connect(settings).await?;
    let one = session.backend_pid().await.map_err(&failed)?;
    let two = other.backend_pid().await.map_err(&failed)?;
    if one == two {
        findings.push(pooler(settings));
        return Ok(());
    }
    findings.extend(rights::read_only(&session, settings).await.map_err(&failed)?);
    findings.extend(rights::checkpoints(&session, settings).await.map_err(&failed)?);
    if let Err(error) = rights::replica(&other, settings).await {
        findings.push(error.finding());
    }
    for schema in schemas {
        findings.extend(
            table(&session, settings, schema).await.unwrap_or_else(|error| vec![error.finding()]),
        );
    }
    constraints(&session, settings, schemas, findings).await.map_err(&failed)
}

/// What is wrong with the target of one table, and with the role's rights in it.
async fn table(
    session: &Session,
    settings: &Settings,
    schema: &Schema,
) -> Result<Vec<Finding>, SinkError> {
    let name = settings.target_of(&schema.table);
    let failed = SinkError::server(&settings.server, "read the role's rights");
    Ok(match target::look_up(session, settings, schema).await? {
        Lookup::Here(target) => {
            let mut findings = target.warnings.clone();
            findings.extend(rights::to_write(session, settings, &target).await.map_err(failed)?);
            findings
        }
        Lookup::NoTable if settings.create => {
            let found = rights::to_create(session, settings, &name).await.map_err(failed)?;
            found.into_iter().collect()
        }
        Lookup::NoColumns(columns) if settings.create => {
            let found = rights::to_add_columns(session, settings, schema, &columns).await;
            found.map_err(failed)?.into_iter().collect()
        }
        Lookup::NoTable => {
            let reason = "the table does not exist, and `create` is false";
            vec![lacks(settings, schema, "target_table_missing", reason)]
        }
        Lookup::NoColumns(columns) => {
            let names: Vec<_> =
                columns.iter().map(|&i| schema.columns[i].name.to_string()).collect();
            let reason = format!("it lacks column {}, and `create` is false", names.join(", "));
            vec![lacks(settings, schema, "target_column_missing", &reason)]
        }
    })
}

fn lacks(settings: &Settings, schema: &Schema, code: &'static str, reason: &str) -> Finding {
    let name = settings.target_of(&schema.table);
    Finding::outside(code, format!("target {}, table {name}", settings.server), reason)
        .remedy("make it, or write `create: true` under `sink.postgres`")
        .run(format!("{};", table_statement(&name, schema)))
}

const FOREIGN_KEYS: &str = "
    SELECT k.conname::text, cn.nspname::text, c.relname::text, pn.nspname::text, p.relname::text, k.condeferrable
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0";

/// Warns of constraints that a source can satisfy and we may not: cycles, and keys that change while they are referred to.
async fn constraints(
    session: &Session,
    settings: &Settings,
    schemas: &[Arc<Schema>],
    findings: &mut Vec<Finding>,
) -> Result<(), ServerError> {
    if settings.constraints == Constraints::Replica {
        return Ok(());
    }
    let ours: Vec<TableName> =
        schemas.iter().map(|schema| settings.target_of(&schema.table)).collect();
    let acting = actions::between(session, settings, &ours).await?;
    findings.extend(acting.iter().map(|action| action.warning(settings)));
    let mut parents: BTreeMap<TableName, Vec<(TableName, String)>> = BTreeMap::new();
    for row in session.query(FOREIGN_KEYS, &[]).await? {
        let (child, parent) =
            (TableName::new(row.get(1), row.get(2)), TableName::new(row.get(3), row.get(4)));
        let name: String = row.get(0);
        let deferrable: bool = row.get(5);
        if !ours.contains(&child) || deferrable {
            continue;
        }
        let alter = format!(
            "ALTER TABLE {} ALTER CONSTRAINT {} DEFERRABLE;",
            child.sql(),
            quote_ident(&name)
        );
        if !ours.contains(&parent) {
            findings.push(
                Finding::warning("foreign_key_outside", format!("target {}, table {child}, constraint {name}", settings.server), format!("it refers to {parent}, which this pipeline does not fill"))
                    .remedy("capture both tables in one pipeline, or be sure the rows it refers to are there first"),
            );
        }
        findings.push(
            Finding::warning("foreign_key_immediate", format!("target {}, table {child}, constraint {name}", settings.server), "it is not deferrable: a change of the key it refers to, or children written before parents in one source transaction, would be turned away")
                .remedy("make it deferrable if the source does that; the usual order of inserts and deletes needs nothing")
                .run(alter),
        );
        parents.entry(child).or_default().push((parent, name));
    }
    for start in &ours {
        if reaches(&parents, start, start) {
            findings.push(
                Finding::warning("foreign_key_cycle", format!("target {}, table {start}", settings.server), "its foreign keys form a cycle, and none of them is deferrable: rows that refer to each other cannot be written in any order")
                    .remedy("make one constraint of the cycle deferrable"),
            );
        }
    }
    Ok(())
}

fn reaches(
    parents: &BTreeMap<TableName, Vec<(TableName, String)>>,
    from: &TableName,
    to: &TableName,
) -> bool {
    let (mut seen, mut next) = (Vec::new(), vec![from]);
    while let Some(table) = next.pop() {
        for (parent, _) in parents.get(table).into_iter().flatten() {
            if parent == to {
                return true;
            }
            if !seen.contains(&parent) {
                seen.push(parent);
                next.push(parent);
            }
        }
    }
    false
}

/// The statements that give the target role the least it needs, for an administrator to run.
pub fn grants(settings: &Settings, schemas: &[Arc<Schema>]) -> String {
    let role = quote_ident(&settings.server.user);
    let mut sql = format!(
        "-- target: the least the role needs, run as an administrator in database {}\nALTER ROLE {role} LOGIN;\nGRANT CONNECT ON DATABASE {} TO {role};\n{}\n",
        settings.server.database,
        quote_ident(&settings.server.database),
        checkpoint::rights(&role)
    );
    let names: BTreeSet<TableName> =
        schemas.iter().map(|schema| settings.target_of(&schema.table)).collect();
    let schemas: BTreeSet<&str> = names.iter().map(|name| &*name.schema).collect();
    let privileges = if settings.create { "USAGE, CREATE" } else { "USAGE" };
    for schema in schemas {
        let quoted = quote_ident(schema);
        if settings.create && schema != "public" {
            sql.push_str(&format!("CREATE SCHEMA IF NOT EXISTS {quoted};\n"));
        }
        sql.push_str(&format!("GRANT {privileges} ON SCHEMA {quoted} TO {role};\n"));
    }
    for name in names {
        let rows =
            format!("GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {} TO {role}", name.sql());
        if settings.create {
            // One that is not there yet will be the role's own.
            let name = quote_literal(&name.sql());
            sql.push_str(&format!(
                "DO $$ BEGIN IF to_regclass({}) IS NOT NULL THEN {rows}; END IF; END $$;\n",
                name.trim()
            ));
        } else {
            sql.push_str(&format!("{rows};\n"));
        }
    }
    sql
}

/// Where the target stands, without claiming it.
///
/// # Errors
/// Where the target cannot be read.
pub async fn read_checkpoint(settings: &Settings) -> Result<Option<Checkpoint>, SinkError> {
    let session = connect(settings).await?;
    let kept = checkpoint::read(&session, &settings.pipeline).await;
    Ok(kept
        .map_err(SinkError::server(&settings.server, "read the checkpoint"))?
        .and_then(|kept| kept.checkpoint))
}

/// The finding for a target that another process writes to for this pipeline.
///
/// # Errors
/// Where the target cannot be read.
pub async fn in_use(settings: &Settings) -> Result<Option<Finding>, SinkError> {
    let session = connect(settings).await?;
    let holder = crate::claim::held(&session, settings).await?;
    Ok(holder.map(|holder| {
        let place = format!("target {}", settings.server);
        let reason = format!("pipeline {} is at work there: {holder}", settings.pipeline);
        Finding::outside("target_in_use", place, reason).remedy("stop it, then try again")
    }))
}

/// Removes the checkpoint of the pipeline; what is not there is not missed. Tables and rows stay.
///
/// # Errors
/// Where the server refuses.
pub async fn drop_made(settings: &Settings) -> Result<(), SinkError> {
    let claim = crate::claim::claim(settings, |_| {}).await?;
    let failed = SinkError::server(&settings.server, "remove the checkpoint");
    if checkpoint::read(&claim.session, &settings.pipeline).await.map_err(&failed)?.is_some() {
        let sql = "DELETE FROM pgrelay.checkpoints WHERE pipeline = $1";
        claim
            .session
            .execute(sql, &[&&*settings.pipeline])
            .await
            .map_err(|error| failed(error.into()))?;
    }
    Ok(())
}
