//! What can be found wrong before anything starts, and the statements that give a role what it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use cdc::{Fault, Finding, Lsn, Schema, quote_ident};
use postgres_client::{ServerError, Session, quote_literal};

use crate::catalog::Table;
use crate::config::{Settings, SnapshotMode};
use crate::error::SourceError;
use crate::publication::{self, Publication};
use crate::rights::{self, Start};
use crate::snapshot::SnapshotTable;
use crate::source::steps::{describe_all, to_read};
use crate::{catalog, lock, slot, timeline};

/// Everything about the source that would stop the pipeline, and what will hurt the primary some day.
pub async fn preflight(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = collect(settings, &mut findings).await {
        findings.push(error.finding());
    }
    findings
}

fn asked(
    settings: &Settings,
    doing: &str,
) -> impl FnOnce(tokio_postgres::Error) -> SourceError + use<> {
    let wrap = SourceError::server(&settings.server, doing);
    move |error| wrap(ServerError::from(error))
}

async fn collect(settings: &Settings, findings: &mut Vec<Finding>) -> Result<(), SourceError> {
    let session = connect(settings).await?;
    let place = format!("source {}", settings.server);
    server_settings(&session, settings, &place, findings).await?;
    let tables = publication::wanted(&session, settings, &cdc::Captured::new()).await?;
    let published = publication::read(&session, settings).await?;
    let slot = slot::read(&session, settings).await?;
    let to_read = selection(&session, settings, &tables, published.as_ref(), findings).await?;
    if published.is_none() && settings.snapshot.follows() {
        findings.extend(
            tables.iter().filter_map(|table| publication::check_identity(table, settings).err()),
        );
    }
    if let Some(published) = &published {
        let asked = publication::asked(&tables);
        findings.extend(publication::check(published, settings, &asked).err());
        findings.extend(tables.iter().filter_map(|table| publication::check_leaves(table).err()));
    }
    let start = Start {
        tables: &tables,
        to_read: &to_read,
        has_publication: published.is_some(),
        has_slot: slot.is_some(),
    };
    rights::check(&session, settings, &start, findings).await?;
    match &slot {
        Some(found) => {
            findings.extend(slot::check(found, settings).err());
            if let Some(pid) = found.active_pid {
                let ours = session.query_opt("SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND application_name = $2", &[&pid, &format!("pgrelay {}", settings.pipeline)]).await;
                if ours.map_err(asked(settings, "read pg_stat_activity"))?.is_none() {
                    findings.push(slot::held(&session, settings, pid).await);
                }
            }
            if published.is_none() {
                findings.push(Finding::outside("publication_missing", format!("{place}, publication {}", settings.publication), format!("the publication does not exist, but slot {} does: a slot cannot send for a publication made after it", settings.slot))
                    .remedy("drop the slot, and both are made in the right order")
                    .run(format!("SELECT pg_drop_replication_slot({});", quote_literal(&settings.slot))));
            }
        }
        None => free_slots(&session, settings, &place, findings).await?,
    }
    if slot.is_none_or(|found| found.active_pid.is_none()) {
        free_walsenders(&session, settings, &place, findings).await?;
    }
    let schemas = described(&session, settings, &tables).await?;
    findings.extend(settings.shape.message_key.warnings(&schemas, &place));
    Ok(())
}

/// Whether what the file says of the copy fits the tables, as far as the role may read. Gives what a copy would read.
async fn selection(
    session: &Session,
    settings: &Settings,
    tables: &[Table],
    published: Option<&Publication>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<SnapshotTable>, SourceError> {
    findings.extend(settings.selection.check(settings, tables, &cdc::Captured::new()).err());
    let schemas = describe_all(session, settings, tables, published).await?;
    let to_read = to_read(settings, tables, &schemas, published);
    for table in &to_read {
        let checked = table.check(session, &settings.server.to_string()).await;
        findings.extend(checked.err().map(|error| error.finding()));
    }
    Ok(to_read)
}

async fn connect(settings: &Settings) -> Result<Session, SourceError> {
    let connected = settings.server.connect(&format!("pgrelay {} check", settings.pipeline)).await;
    connected.map_err(SourceError::server(&settings.server, "connect"))
}

async fn server_settings(
    session: &Session,
    settings: &Settings,
    place: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), SourceError> {
    let sql = "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('wal_level', 'max_slot_wal_keep_size', 'server_version_num')
               UNION ALL SELECT 'idle_in_transaction_session_timeout', reset_val FROM pg_catalog.pg_settings WHERE name = 'idle_in_transaction_session_timeout'";
    for row in session.query(sql, &[]).await.map_err(asked(settings, "read pg_settings"))? {
        let (name, value): (&str, &str) = (row.get(0), row.get(1));
        match name {
            "wal_level" if value != "logical" => {
                findings.push(crate::error::wal_level(place, &format!("wal_level is {value}, and logical decoding needs logical")));
            }
            "max_slot_wal_keep_size" if value == "-1" => findings.push(
                Finding::warning("wal_keep_unlimited", place, "max_slot_wal_keep_size is -1: a pipeline that stands still keeps WAL until the primary's disk is full")
                    .remedy("set a bound that the disk can bear; a slot that falls behind it is invalidated, and the primary lives on")
                    .run("ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'; SELECT pg_reload_conf();"),
            ),
            "idle_in_transaction_session_timeout" if value != "0" => findings.push(
                Finding::warning("idle_in_transaction_timeout", place, format!("idle_in_transaction_session_timeout is {value} ms: it ends sessions that hold a snapshot"))
                    .remedy("pgrelay switches it off in its own sessions; let no pooler switch it on again"),
            ),
            "server_version_num" if value.parse::<u32>().is_ok_and(|version| version < 140_000) => {
                findings.push(Finding::outside("source_version", place, "the server is older than PostgreSQL 14").remedy("PostgreSQL 14 to 18 are supported"));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn free_slots(
    session: &Session,
    settings: &Settings,
    place: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), SourceError> {
    let sql = "SELECT pg_catalog.current_setting('max_replication_slots')::int8 - (SELECT count(*) FROM pg_catalog.pg_replication_slots)";
    let row = session.query_one(sql, &[]).await.map_err(asked(settings, "count the slots"))?;
    let slots: i64 = row.get(0);
    if slots <= 0 {
        findings.push(Finding::outside("source_slots", place, "all replication slots are in use")
            .remedy("raise max_replication_slots and restart the server, or drop a slot that is not needed")
            .run("ALTER SYSTEM SET max_replication_slots = 20;\nSELECT slot_name, active, restart_lsn FROM pg_replication_slots;"));
    } else if slots < 3 {
        findings.push(
            Finding::warning("few_slots", place, format!("{slots} replication slots are left"))
                .remedy("raise max_replication_slots at the next restart"),
        );
    }
    Ok(())
}

/// A slot that nobody streams from needs a walsender as well.
async fn free_walsenders(
    session: &Session,
    settings: &Settings,
    place: &str,
    findings: &mut Vec<Finding>,
) -> Result<(), SourceError> {
    let sql = "SELECT pg_catalog.current_setting('max_wal_senders')::int8 - (SELECT count(*) FROM pg_catalog.pg_stat_replication)";
    let row = session.query_one(sql, &[]).await.map_err(asked(settings, "count the walsenders"))?;
    if row.get::<_, i64>(0) <= 0 {
        findings.push(crate::error::walsenders(place, "all walsenders are in use"));
    }
    Ok(())
}

/// The tables as they are now: what a chain can be bound to before anything starts.
///
/// # Errors
/// Where the source cannot be read.
pub async fn schemas(settings: &Settings) -> Result<Vec<Arc<Schema>>, SourceError> {
    let session = connect(settings).await?;
    let tables = publication::wanted(&session, settings, &cdc::Captured::new()).await?;
    described(&session, settings, &tables).await
}

async fn described(
    session: &Session,
    settings: &Settings,
    tables: &[Table],
) -> Result<Vec<Arc<Schema>>, SourceError> {
    let mut schemas = Vec::new();
    for table in tables {
        let schema = catalog::describe(session, &table.as_relation(None), &settings.shape).await;
        schemas.push(schema.map_err(SourceError::server(&settings.server, "read the catalog"))?);
    }
    Ok(schemas)
}

/// The end of the server's WAL now: everything committed so far lies before it.
///
/// # Errors
/// Where the source cannot be read.
pub async fn wal_end(settings: &Settings) -> Result<Lsn, SourceError> {
    let session = connect(settings).await?;
    let row = session.query_one("SELECT pg_catalog.pg_current_wal_flush_lsn()::text", &[]).await;
    let row = row.map_err(asked(settings, "read the end of the WAL"))?;
    Ok(row.get::<_, &str>(0).parse().unwrap_or(Lsn::ZERO))
}

/// The statements that give the source role the least it needs, for an administrator to run.
pub fn grants(settings: &Settings) -> String {
    let role = quote_ident(&settings.server.user);
    let mut sql = format!(
        "-- source: the least the role needs, run as an administrator in database {}\nALTER ROLE {role} LOGIN REPLICATION;\nGRANT CONNECT ON DATABASE {} TO {role};\n",
        settings.server.database,
        quote_ident(&settings.server.database)
    );
    let exact = || settings.tables.iter().filter_map(|pattern| pattern.exact());
    let schemas: BTreeSet<&str> = exact().map(|table| &*table.schema).collect();
    for schema in schemas {
        sql.push_str(&format!("GRANT USAGE ON SCHEMA {} TO {role};\n", quote_ident(schema)));
    }
    for pattern in &settings.tables {
        match pattern.exact() {
            Some(table) => sql.push_str(&format!("GRANT SELECT ON {} TO {role};\n", table.sql())),
            None => sql.push_str(&format!("-- for {pattern}: GRANT USAGE ON SCHEMA … and GRANT SELECT ON its tables TO {role};\n")),
        }
    }
    if settings.snapshot.copies() {
        sql.push_str(&format!(
            "-- where a table has row level security, for the copy: ALTER ROLE {role} BYPASSRLS;\n"
        ));
    }
    let exact: Option<Vec<_>> = settings.tables.iter().map(|pattern| pattern.exact()).collect();
    match exact {
        Some(tables) => sql.push_str(&format!(
            "-- unless it is there:\n{}\n",
            publication::create_statement(settings, tables)
        )),
        None => sql.push_str(&format!("-- the publication has to name the tables that match: an owner of them creates it, or the role owns them and has\nGRANT CREATE ON DATABASE {} TO {role};\n", quote_ident(&settings.server.database))),
    }
    sql
}

/// The finding for a slot that somebody works with, this pipeline or another program.
///
/// # Errors
/// Where the source cannot be read.
pub async fn in_use(settings: &Settings) -> Result<Option<Finding>, SourceError> {
    let session = connect(settings).await?;
    let streams = slot::read(&session, settings).await?.and_then(|slot| slot.active_pid);
    let holder = match lock::held(&session, settings).await? {
        Some(holder) => Some(holder.to_string()),
        None => streams.map(|pid| format!("pid {pid}")),
    };
    Ok(holder.map(|holder| {
        Finding::outside("slot_in_use", slot::place(settings), format!("it is in use by {holder}"))
            .remedy("stop what works with it, then try again")
    }))
}

/// Removes the slot and the publication the pipeline made; what is not there is not missed. Gives a warning where the
/// publication is not the pipeline's, and stays.
///
/// # Errors
/// Where the server refuses, or the slot is of another kind or database.
pub async fn drop_made(settings: &Settings) -> Result<Option<Finding>, SourceError> {
    let session = connect(settings).await?;
    if let Some(found) = slot::read(&session, settings).await? {
        slot::check_kind(&found, settings)?;
        slot::drop(&session, settings, &found).await?;
    }
    publication::drop_made(&session, settings).await
}

/// Whether the slot can give what a sink's checkpoint needs; nothing where there is nothing to compare yet.
pub async fn compare(settings: &Settings, checkpoint: Option<&cdc::Checkpoint>) -> Vec<Finding> {
    let compared = async {
        let session = connect(settings).await?;
        let found = slot::read(&session, settings).await?;
        let row =
            session.query_one("SELECT pg_catalog.pg_current_wal_flush_lsn()::text", &[]).await;
        let end = row
            .map_err(asked(settings, "read the end of the WAL"))?
            .get::<_, &str>(0)
            .parse()
            .unwrap_or(Lsn::ZERO);
        Ok::<_, SourceError>(match (checkpoint, found) {
            (None, Some(_)) if settings.snapshot.copies() => Some(slot::unexpected(settings)),
            (Some(checkpoint), found)
                if settings.snapshot.follows() && checkpoint.progress.start_lsn().is_some() =>
            {
                let lost = slot::lost(found.as_ref(), settings, &checkpoint.progress, end);
                let lost = match lost {
                    None => timeline::check(settings, checkpoint).await?,
                    lost => lost,
                };
                lost.map(|lost| Finding {
                    warning: settings.snapshot == SnapshotMode::WhenNeeded,
                    ..lost
                })
            }
            _ => None,
        })
    };
    match compared.await {
        Ok(found) => found.into_iter().collect(),
        Err(error) => vec![error.finding()],
    }
}
