//! The replication slot: what it is, how it compares with the checkpoint, and how it is made.

use std::time::Duration;

use cdc::{Finding, Lsn, Progress};
use postgres_client::{Session, quote_literal};

use crate::config::Settings;
use crate::error::SourceError;
use crate::walsender::Walsender;

/// A slot as `pg_replication_slots` shows it.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    plugin: String,
    database: String,
    pub(crate) active_pid: Option<i32>,
    pub(crate) confirmed_flush_lsn: Lsn,
    wal_status: String,
}

const SLOT: &str = "
    SELECT coalesce(plugin::text, ''), coalesce(database::text, ''), active_pid, coalesce(confirmed_flush_lsn::text, '0/0'),
           coalesce(wal_status, ''), slot_type
    FROM pg_catalog.pg_replication_slots WHERE slot_name = $1";

/// Reads the slot; `None` where there is none.
pub(crate) async fn read(
    session: &Session,
    settings: &Settings,
) -> Result<Option<Slot>, SourceError> {
    let row = session.query_opt(SLOT, &[&&*settings.slot]).await;
    let row = row.map_err(|error| {
        SourceError::server(&settings.server, "read pg_replication_slots")(error.into())
    })?;
    Ok(row.map(|row| Slot {
        plugin: row.get(0),
        database: row.get(1),
        active_pid: row.get(2),
        confirmed_flush_lsn: row.get::<_, &str>(3).parse().unwrap_or(Lsn::ZERO),
        wal_status: row.get(4),
    }))
}

pub(crate) fn place(settings: &Settings) -> String {
    format!("source {}, slot {}", settings.server, settings.slot)
}

/// The ways on when a slot cannot give what the checkpoint needs: changes are missing either way.
pub(crate) fn anew(settings: &Settings) -> String {
    format!(
        "changes since the checkpoint cannot be read any more: write `snapshot: when_needed`, and all tables are copied anew; or run `pgrelay drop` for pipeline {} and start it again with `snapshot: initial` and emptied target tables; or restore the slot from a backup of the server",
        settings.pipeline
    )
}

/// The finding for a slot that should be there.
pub(crate) fn missing(settings: &Settings, at: &Progress) -> Finding {
    Finding::outside(
        "slot_missing",
        place(settings),
        format!("the slot does not exist, although the checkpoint stands {at}"),
    )
    .remedy(anew(settings))
}

/// The finding for a slot that nobody can say the place of.
pub(crate) fn unexpected(settings: &Settings) -> Finding {
    Finding::outside("slot_without_checkpoint", place(settings), "the slot exists, but the sink has no checkpoint: nothing tells whose it is, and a copy needs one of its own")
        .remedy("drop the slot if it is not needed, and the pipeline starts with a copy; or write `snapshot: never`, and it starts at the slot's confirmed_flush_lsn without one")
        .run(format!("SELECT pg_drop_replication_slot({});", quote_literal(&settings.slot)))
}

/// Refuses a slot of another kind, another database, or one that has lost its WAL.
pub(crate) fn check(slot: &Slot, settings: &Settings) -> Result<(), Finding> {
    check_kind(slot, settings)?;
    check_kept(slot, settings)
}

/// Refuses a slot that cannot be a pipeline's.
pub(crate) fn check_kind(slot: &Slot, settings: &Settings) -> Result<(), Finding> {
    let found = |code, reason: String| Finding::outside(code, place(settings), reason);
    if slot.plugin != "pgoutput" {
        let kind = if slot.plugin.is_empty() {
            "a physical slot".to_owned()
        } else {
            format!("of plugin {}", slot.plugin)
        };
        return Err(found("slot_plugin", format!("the slot is {kind}, not of plugin pgoutput"))
            .remedy("give the pipeline a slot name of its own in `source.postgres.slot`"));
    }
    if slot.database != settings.server.database {
        return Err(found("slot_database", format!("the slot belongs to database {}", slot.database))
            .remedy("give the pipeline a slot name of its own in `source.postgres.slot`, or correct the database"));
    }
    Ok(())
}

/// Refuses a slot that has lost its WAL.
fn check_kept(slot: &Slot, settings: &Settings) -> Result<(), Finding> {
    if slot.wal_status == "lost" {
        return Err(Finding::outside(
            "slot_invalidated",
            place(settings),
            "the slot is invalidated (wal_status = lost): the server removed WAL it needed",
        )
        .remedy(format!("{}; then raise max_slot_wal_keep_size", anew(settings)))
        .run(format!("SELECT pg_drop_replication_slot({});", quote_literal(&settings.slot))));
    }
    Ok(())
}

const HOLDER: &str = "
    SELECT coalesce(application_name, ''), coalesce(host(client_addr), 'local')
    FROM pg_catalog.pg_stat_activity WHERE pid = $1";

/// Refuses a slot that another program streams from. Who holds the lock of the slot has waited for every other
/// process of ours, so what still streams is not ours; its end may be a moment away.
pub(crate) async fn check_free(session: &Session, settings: &Settings) -> Result<(), SourceError> {
    let begun = tokio::time::Instant::now();
    loop {
        let Some(pid) = read(session, settings).await?.and_then(|slot| slot.active_pid) else {
            return Ok(());
        };
        if begun.elapsed() > Duration::from_secs(5) {
            return Err(held(session, settings, pid).await.into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The finding for a slot that `pid` streams from.
pub(crate) async fn held(session: &Session, settings: &Settings, pid: i32) -> Finding {
    let row = session.query_opt(HOLDER, &[&pid]).await.ok().flatten();
    let who = row
        .map(|row| format!("{} from {}", row.get::<_, &str>(0), row.get::<_, &str>(1)))
        .unwrap_or_default();
    Finding::outside(
        "slot_active",
        place(settings),
        format!("another program streams from the slot: pid {pid}, {who}"),
    )
    .remedy("stop that program, or give this pipeline a slot of its own in `source.postgres.slot`")
    .run(format!("SELECT pg_terminate_backend({pid});"))
}

/// Compares the slot with where the sink stands. A slot behind is normal; one ahead has forgotten changes.
pub(crate) fn compare(
    slot: &Slot,
    settings: &Settings,
    at: &Progress,
    wal_end: Lsn,
) -> Result<(), Finding> {
    let Some(start) = at.start_lsn() else { return Ok(()) };
    if start > wal_end {
        return Err(Finding::outside(
            "checkpoint_beyond_wal",
            place(settings),
            format!("the checkpoint stands {at}, but the server's WAL ends at {wal_end}: it was restored from an older state"),
        )
        .remedy(anew(settings)));
    }
    if slot.confirmed_flush_lsn > start {
        return Err(Finding::outside(
            "slot_ahead",
            place(settings),
            format!("the slot's confirmed_flush_lsn {} is ahead of the checkpoint, which stands {at}: what lies between was confirmed by somebody else, and the server will not send it again", slot.confirmed_flush_lsn),
        )
        .remedy(anew(settings)));
    }
    Ok(())
}

/// Why the slot cannot give what the checkpoint needs, if it cannot: changes since then are lost.
pub(crate) fn lost(
    slot: Option<&Slot>,
    settings: &Settings,
    at: &Progress,
    wal_end: Lsn,
) -> Option<Finding> {
    let Some(slot) = slot else { return Some(missing(settings, at)) };
    check_kept(slot, settings).and_then(|()| compare(slot, settings, at, wal_end)).err()
}

/// Drops a slot of an attempt at a snapshot that did not end.
pub(crate) async fn drop(
    session: &Session,
    settings: &Settings,
    slot: &Slot,
) -> Result<(), SourceError> {
    if let Some(pid) = slot.active_pid {
        // Who holds the lock of this pipeline is us; what still streams is our own dead walsender or a stranger.
        tracing::warn!(slot = %settings.slot, pid, "the slot is in use; waiting for its walsender to end");
    }
    let sql =
        format!("SELECT pg_catalog.pg_drop_replication_slot({})", quote_literal(&settings.slot));
    let dropped = session.batch_execute(&sql).await;
    dropped.map_err(|error| {
        SourceError::server(&settings.server, format!("drop slot {}", settings.slot))(error.into())
    })
}

/// How long a stop waits for the slot of an unfinished copy.
pub(crate) const GIVE_UP_LIMIT: Duration = Duration::from_secs(2);

/// Drops the slot of a copy that does not go on, or says that it is left. One that ends with its connection needs neither.
pub(crate) async fn give_up(session: &Session, settings: &Settings) {
    if !settings.snapshot.follows() {
        return;
    }
    let dropped = async {
        match read(session, settings).await? {
            Some(slot) => drop(session, settings, &slot).await,
            None => Ok(()),
        }
    };
    match tokio::time::timeout(GIVE_UP_LIMIT, dropped).await {
        Ok(Ok(())) => {
            tracing::info!(slot = %settings.slot, "dropped the slot of a copy that does not go on");
        }
        Ok(Err(error)) => warn_left(settings, &error.to_string()),
        Err(_) => warn_left(settings, "the server does not answer"),
    }
}

/// Says that a slot keeps WAL for nobody.
pub(crate) fn warn_left(settings: &Settings, reason: &str) {
    let statement = format!("SELECT pg_drop_replication_slot({});", quote_literal(&settings.slot));
    tracing::warn!(slot = %settings.slot, reason, statement, "the slot of a copy that does not go on may be left: it keeps WAL until the pipeline starts again, or somebody drops it");
}

/// A slot just made: where it is consistent, and the snapshot it exported.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) walsender: Walsender,
    pub(crate) consistent_point: Lsn,
    pub(crate) snapshot: String,
}

/// Sessions, and what was prepared and has none any more; of both the transaction that began first.
const BLOCKERS: &str = "
    SELECT pid, coalesce(application_name, ''), coalesce(usename::text, ''), backend_xid::text,
           extract(epoch FROM pg_catalog.now() - xact_start)::int8, NULL::text, pg_catalog.age(backend_xid) AS age
    FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid()
    UNION ALL
    SELECT NULL, database::text, owner::text, transaction::text,
           extract(epoch FROM pg_catalog.now() - prepared)::int8, gid, pg_catalog.age(transaction)
    FROM pg_catalog.pg_prepared_xacts
    ORDER BY age DESC LIMIT 1";

/// The oldest transaction that the making of a slot waits for, in words. How long a session's is open is for its own
/// role to know, and for who may read all statistics.
async fn blocker(session: &Session) -> Option<String> {
    let row = session.query_opt(BLOCKERS, &[]).await.ok()??;
    let age = row.get::<_, Option<i64>>(4);
    let (where_from, role, xid): (&str, &str, &str) = (row.get(1), row.get(2), row.get(3));
    if let Some(gid) = row.get::<_, Option<&str>>(5) {
        let gid = quote_literal(gid);
        let gid = gid.trim();
        // Nobody waits for its end: it goes on for ever, through restarts of the server, until somebody says how it ends.
        return Some(format!(
            "the new slot waits for the prepared transaction {xid}, {gid} (role {role}, database {where_from}){}; end it in that database with COMMIT PREPARED {gid} or ROLLBACK PREPARED {gid}",
            age.map(|seconds| format!(", prepared {seconds} s ago")).unwrap_or_default(),
        ));
    }
    Some(format!(
        "the new slot waits for the transaction {xid} of pid {} ({where_from}, role {role}){}",
        row.get::<_, Option<i32>>(0)?,
        age.map(|seconds| format!(", open for {seconds} s")).unwrap_or_default(),
    ))
}

/// Makes the slot. The server waits for every transaction that is running: for whose is said meanwhile.
pub(crate) async fn create(
    mut walsender: Walsender,
    session: &Session,
    settings: &Settings,
    waiting: impl Fn(String),
) -> Result<Created, SourceError> {
    // One that nothing will follow ends with its connection.
    let kind = if settings.snapshot.follows() { "LOGICAL" } else { "TEMPORARY LOGICAL" };
    let make = format!("CREATE_REPLICATION_SLOT {} {kind} pgoutput", settings.slot);
    let command = format!("{make} (SNAPSHOT 'export')");
    // PostgreSQL 14 knows only the older spelling.
    let older = format!("{make} EXPORT_SNAPSHOT");
    let version: i32 = session
        .query_one("SELECT pg_catalog.current_setting('server_version_num')::int4", &[])
        .await
        .map_err(|error| SourceError::server(&settings.server, "read the version")(error.into()))?
        .get(0);
    let command = if version >= 150_000 { command } else { older };
    let rows = {
        let query = walsender.query(&command);
        tokio::pin!(query);
        loop {
            tokio::select! {
                rows = &mut query => break rows,
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    if let Some(text) = blocker(session).await {
                        tracing::info!(slot = %settings.slot, "{text}");
                        waiting(text);
                    }
                }
            }
        }
    };
    let rows = rows
        .map_err(SourceError::server(&settings.server, format!("create slot {}", settings.slot)))?;
    let cell = |i: usize| {
        rows.first().and_then(|row| row.get(i)).and_then(Option::as_deref).unwrap_or_default()
    };
    let consistent_point = cell(1).parse().unwrap_or(Lsn::ZERO);
    let snapshot = cell(2).to_owned();
    tracing::info!(slot = %settings.slot, %consistent_point, "created the slot");
    Ok(Created { walsender, consistent_point, snapshot })
}
