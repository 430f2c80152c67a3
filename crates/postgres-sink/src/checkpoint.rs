//! The row that remembers: how far the target has come, committed with the rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use cdc::{Captured, Checkpoint, Finding, TableName};
use postgres_client::{ServerError, Session};
use serde::{Deserialize, Serialize};

use crate::error::SinkError;
use crate::make::make;
use crate::settings::Settings;

const CREATE: &str = "
    CREATE TABLE pgrelay.checkpoints (
        pipeline text PRIMARY KEY, version bigint NOT NULL, checkpoint jsonb, captured jsonb,
        updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(), copied jsonb)";
/// A table that was made without it.
const LACKS_COPIED: &str = "
    SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_attribute
                       WHERE attrelid = 'pgrelay.checkpoints'::regclass AND attname = 'copied' AND NOT attisdropped)";
pub(crate) const ADD_COPIED: &str =
    "ALTER TABLE pgrelay.checkpoints ADD COLUMN IF NOT EXISTS copied jsonb";

/// What is kept of the row while the pipeline runs.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// Counts every advance: what compare-and-set compares.
    pub(crate) version: i64,
    pub(crate) checkpoint: Option<Checkpoint>,
    /// The captured set as it was last written.
    pub(crate) captured: Arc<Captured>,
    /// The copied tables as they were last written.
    pub(crate) copied: Copied,
}

/// Whose rows are in the tables. A copy fills empty tables, so what is in those it filled is this pipeline's, and
/// another copy may empty them; nobody else's rows are touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copied {
    /// What the last copy that came to its end filled.
    pub(crate) filled: BTreeSet<TableName>,
    /// What the copy under way fills.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) filling: BTreeSet<TableName>,
}

impl Copied {
    /// What the copy under way finds filled by the one before.
    pub(crate) fn to_empty(&self) -> impl Iterator<Item = &TableName> {
        self.filling.intersection(&self.filled)
    }

    /// The same when it has come to its end.
    pub(crate) fn ended(&self) -> Self {
        Self { filled: self.filling.clone(), filling: BTreeSet::new() }
    }
}

/// Whether the table is there.
async fn exists(session: &Session) -> Result<bool, ServerError> {
    let row = session
        .query_one("SELECT pg_catalog.to_regclass('pgrelay.checkpoints') IS NOT NULL", &[])
        .await?;
    Ok(row.get(0))
}

/// Reads the row without making anything; `None` where the pipeline never wrote here.
pub(crate) async fn read(session: &Session, pipeline: &str) -> Result<Option<Kept>, ServerError> {
    if !exists(session).await? {
        return Ok(None);
    }
    // Of the whole row, so that a table without the column can be read, too.
    let sql = "SELECT version, checkpoint::text, captured::text, pg_catalog.to_jsonb(c) ->> 'copied' FROM pgrelay.checkpoints c WHERE pipeline = $1";
    let Some(row) = session.query_opt(sql, &[&pipeline]).await? else { return Ok(None) };
    let unreadable = |error: serde_json::Error| {
        ServerError::Protocol(format!("read pgrelay.checkpoints: {error}"))
    };
    let captured: Option<&str> = row.get(2);
    let captured: Arc<Captured> = Arc::new(
        captured.map(serde_json::from_str).transpose().map_err(unreadable)?.unwrap_or_default(),
    );
    let checkpoint: Option<&str> = row.get(1);
    let checkpoint: Option<Checkpoint> =
        checkpoint.map(serde_json::from_str).transpose().map_err(unreadable)?;
    let checkpoint =
        checkpoint.map(|checkpoint| Checkpoint { captured: captured.clone(), ..checkpoint });
    let copied: Option<&str> = row.get(3);
    let copied = copied.map(serde_json::from_str).transpose().map_err(unreadable)?;
    let copied = copied.unwrap_or_default();
    Ok(Some(Kept { version: row.get(0), checkpoint, captured, copied }))
}

/// Makes the table and the row where they are missing, and reads the row.
pub(crate) async fn open(session: &Session, settings: &Settings) -> Result<Kept, SinkError> {
    let failed = |error: ServerError| {
        if error.code() == Some("42501") {
            return Finding::outside(
                "target_rights",
                format!("target {}", settings.server),
                format!(
                    "the role {} may not make the table of checkpoints: {error}",
                    settings.server.user
                ),
            )
            .remedy("let an administrator make its schema, or give the role rights in the one that is there")
            .run(rights(&cdc::quote_ident(&settings.server.user)))
            .into();
        }
        SinkError::server(&settings.server, "open pgrelay.checkpoints")(error)
    };
    if !exists(session).await.map_err(failed)? {
        let schema =
            session.query_one("SELECT pg_catalog.to_regnamespace('pgrelay') IS NULL", &[]).await;
        if schema.map_err(|error| failed(error.into()))?.get(0) {
            let made = make(session, "CREATE SCHEMA pgrelay").await;
            made.map_err(|error| failed(error.into()))?;
        }
        make(session, CREATE).await.map_err(|error| failed(error.into()))?;
    }
    let lacks = session.query_one(LACKS_COPIED, &[]).await;
    if lacks.map_err(|error| failed(error.into()))?.get(0) {
        make(session, ADD_COPIED).await.map_err(|error| failed(error.into()))?;
    }
    if let Some(kept) = read(session, &settings.pipeline).await.map_err(failed)? {
        return Ok(kept);
    }
    let insert = "INSERT INTO pgrelay.checkpoints (pipeline, version) VALUES ($1, 0)";
    session.execute(insert, &[&&*settings.pipeline]).await.map_err(|error| failed(error.into()))?;
    let (captured, copied) = (Arc::default(), Copied::default());
    Ok(Kept { version: 0, checkpoint: None, captured, copied })
}

/// Locks the row, first thing in a transaction. Its version must be the one we know.
pub(crate) const LOCK: &str =
    "SELECT version FROM pgrelay.checkpoints WHERE pipeline = $1 FOR UPDATE";

/// Advances the row by compare-and-set, last thing in a transaction: another version makes `version` null, which
/// the column refuses, so that the transaction cannot commit. `captured` and `copied` are null where they did not
/// change. A row that is gone is refused in the same way.
pub(crate) const ADVANCE: &str = "
    WITH advanced AS (
        UPDATE pgrelay.checkpoints
        SET version = CASE WHEN version = $2 THEN version + 1 END, checkpoint = $3::text::jsonb,
            captured = coalesce($4::text::jsonb, captured), copied = coalesce($5::text::jsonb, copied),
            updated_at = pg_catalog.now()
        WHERE pipeline = $1
        RETURNING version)
    INSERT INTO pgrelay.checkpoints (pipeline, version)
    SELECT $1, NULL::bigint WHERE NOT EXISTS (SELECT FROM advanced)";

/// Changes nothing, by the same compare-and-set: a commit to wait for.
pub(crate) const FLUSH: &str = "
    UPDATE pgrelay.checkpoints SET version = CASE WHEN version = $2 THEN version END WHERE pipeline = $1";

/// What the role may do with the checkpoints.
#[derive(Debug)]
pub(crate) enum Access {
    /// Everything the pipeline does.
    Enough,
    /// The schema is missing, and the role may not make it.
    NoSchema,
    /// The schema is there, and what is in it may not be named.
    NoUsage,
    /// The schema is there without the table, and the role may not make it.
    NoCreate,
    /// The table is there, and these rights lack.
    Lacking(String),
    /// The table is there without a column that only its owner can add.
    OldTable,
}

const PLACES: &str = "
    SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE'), pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), c.oid,
           pg_catalog.pg_has_role(c.relowner, 'USAGE')
    FROM (SELECT) AS one
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'pgrelay'
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'checkpoints'";
const PRIVILEGES: &str = "
    SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege($1::oid, attnum, 'SELECT')),
           pg_catalog.bool_and(attname NOT IN ('pipeline', 'version')
                               OR pg_catalog.has_column_privilege($1::oid, attnum, 'INSERT')),
           pg_catalog.bool_and(attname NOT IN ('version', 'checkpoint', 'captured', 'copied', 'updated_at')
                               OR pg_catalog.has_column_privilege($1::oid, attnum, 'UPDATE'))
    FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped";

/// Looks what the role may do with the checkpoints, without making anything.
pub(crate) async fn access(session: &Session, pipeline: &str) -> Result<Access, ServerError> {
    let row = session.query_one(PLACES, &[]).await?;
    let Some(usage) = row.get::<_, Option<bool>>(0) else {
        return Ok(if row.get(2) { Access::Enough } else { Access::NoSchema });
    };
    if !usage {
        return Ok(Access::NoUsage);
    }
    let Some(table) = row.get::<_, Option<u32>>(3) else {
        let create = row.get::<_, Option<bool>>(1).unwrap_or_default();
        return Ok(if create { Access::Enough } else { Access::NoCreate });
    };
    let owns = row.get::<_, Option<bool>>(4).unwrap_or_default();
    let row = session.query_one(PRIVILEGES, &[&table]).await?;
    let (select, insert, update): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
    // A pipeline that has its row makes none.
    let insert = insert || (select && has_row(session, pipeline).await?);
    let lacking = [("SELECT", !select), ("INSERT", !insert), ("UPDATE", !update)];
    let lacking: Vec<_> =
        lacking.iter().filter(|(_, lacks)| *lacks).map(|(name, _)| *name).collect();
    if !lacking.is_empty() {
        return Ok(Access::Lacking(lacking.join(", ")));
    }
    let old = !owns && session.query_one(LACKS_COPIED, &[]).await?.get::<_, bool>(0);
    Ok(if old { Access::OldTable } else { Access::Enough })
}

async fn has_row(session: &Session, pipeline: &str) -> Result<bool, ServerError> {
    let sql = "SELECT EXISTS (SELECT FROM pgrelay.checkpoints WHERE pipeline = $1)";
    Ok(session.query_one(sql, &[&pipeline]).await?.get(0))
}

/// The statements that give them. Whoever the schema belongs to, if it is there.
pub(crate) fn rights(role: &str) -> String {
    format!(
        "CREATE SCHEMA IF NOT EXISTS pgrelay AUTHORIZATION {role};\nGRANT USAGE, CREATE ON SCHEMA pgrelay TO {role};\nGRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgrelay TO {role};"
    )
}
