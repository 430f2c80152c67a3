//! What a running stream cannot tell: a table that no longer comes, and a slot that is about to lose its WAL.
//!
//! A table that is dropped leaves its publication without a word, and one of the same name made after it is
//! another table: its rows are simply not sent. So the catalog is looked at now and then, and what would halt a
//! start halts the running pipeline too.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use cdc::{Captured, Finding, Meter, TableName};
use postgres_client::{ServerError, Session};

use crate::config::Settings;
use crate::error::SourceError;
use crate::publication::{self, Publication};
use crate::slot;

/// A table as the catalog has it now.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) oid: u32,
    pub(crate) name: TableName,
    pub(crate) partitioned: bool,
    /// The root of the partitions it is one of.
    pub(crate) root: Option<u32>,
}

const SEEN: &str = "
    SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'p',
           CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid END
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
      AND n.nspname NOT IN ('information_schema', 'pgrelay') AND n.nspname !~ '^pg_'";

/// The tables at the last look, and which root each was a partition of.
pub(crate) type Roots = BTreeMap<u32, (TableName, Option<u32>)>;

/// Compares publication and tables with what was captured, and partitions with the last look: what to warn of, or
/// what not to go on with.
pub(crate) async fn tables(
    session: &Session,
    settings: &Settings,
    captured: &Captured,
    roots: &mut Roots,
) -> Result<Vec<Finding>, SourceError> {
    let Some(publication) = publication::read(session, settings).await? else {
        return Err(publication::missing(settings).into());
    };
    let rows = session.query(SEEN, &[]).await.map_err(|error| {
        SourceError::server(&settings.server, "look at the tables")(error.into())
    })?;
    let seen: Vec<Seen> = rows
        .iter()
        .map(|row| Seen {
            oid: row.get(0),
            name: TableName::new(row.get(1), row.get(2)),
            partitioned: row.get(3),
            root: row.get(4),
        })
        .collect();
    let mut warnings = compare(settings, captured, &seen, &publication)?;
    let now = seen.into_iter().map(|seen| (seen.oid, (seen.name, seen.root))).collect();
    warnings.extend(moved_partitions(settings, captured, roots, &now));
    *roots = now;
    Ok(warnings)
}

/// Partitions that came to a captured table, or left it, with rows that the server does not send.
fn moved_partitions(
    settings: &Settings,
    captured: &Captured,
    before: &Roots,
    now: &Roots,
) -> Vec<Finding> {
    let root_in = |roots: &Roots, oid: u32| {
        let root = roots.get(&oid).and_then(|(_, root)| *root)?;
        captured.get(&root).map(|root| root.table.clone())
    };
    let moved = |(&oid, (name, _)): (&u32, &(TableName, Option<u32>))| {
        match (root_in(before, oid), root_in(now, oid)) {
            (Some(root), None) => Some(Finding::warning("partition_gone", place(settings, &root), format!("partition {name} was dropped or detached, which the server does not send: the target keeps its rows")).remedy("delete them in the target where they are not wanted")),
            (None, Some(root)) => Some(Finding::warning("partition_attached", place(settings, &root), format!("table {name} was there before it became a partition, and the server does not send the rows it came with")).remedy("update them in the source, each to what it is, where the target lacks them")),
            _ => None,
        }
    };
    before.iter().filter_map(moved).collect()
}

fn compare(
    settings: &Settings,
    captured: &Captured,
    seen: &[Seen],
    publication: &Publication,
) -> Result<Vec<Finding>, Finding> {
    let mut warnings = Vec::new();
    let mut sent = Vec::new();
    for (oid, table) in captured {
        // What is no longer in the file may go its way.
        if !settings.tables.iter().any(|pattern| pattern.matches(&table.table)) {
            continue;
        }
        let named = seen.iter().find(|seen| seen.name == table.table);
        let same = seen.iter().find(|seen| seen.oid == *oid);
        match (named, same) {
            (Some(named), _) if named.oid == *oid => sent.push((&named.name, named.partitioned)),
            (_, Some(same)) if settings.follows_renames => {
                sent.push((&same.name, same.partitioned))
            }
            (Some(_), _) => return Err(recreated(settings, &table.table)),
            // It has another name now: the stream halts where its first row under that name comes.
            (None, Some(_)) => {}
            (None, None) => warnings.push(dropped(settings, &table.table)),
        }
    }
    publication::check(publication, settings, &sent)?;
    let is_wanted = |seen: &&Seen| {
        settings.tables.iter().any(|pattern| pattern.matches(&seen.name))
            && !captured.contains_key(&seen.oid)
            && !captured.values().any(|known| known.table == seen.name)
            && seen.root.is_none_or(|root| !captured.contains_key(&root))
            // A root that is not sent as itself has no rows.
            && (settings.via_root || !seen.partitioned)
    };
    warnings.extend(seen.iter().filter(is_wanted).map(|seen| appeared(settings, &seen.name)));
    Ok(warnings)
}

fn place(settings: &Settings, table: &TableName) -> String {
    format!("source {}, table {table}", settings.server)
}

/// The finding for a table that has the name of a captured one and is another.
pub(crate) fn recreated(settings: &Settings, table: &TableName) -> Finding {
    Finding::outside(
        "table_recreated",
        place(settings, table),
        "the table was dropped and made anew while the pipeline knew it: it left the publication with the drop, and what the new one had before is not known",
    )
    .remedy(format!("run `pgrelay drop` for pipeline {} and start it again with emptied target tables, which copies all tables; or take it out of `source.postgres.tables`, and the stream goes on without it", settings.pipeline))
}

fn dropped(settings: &Settings, table: &TableName) -> Finding {
    Finding::warning(
        "table_dropped",
        place(settings, table),
        "the table was dropped: the target keeps the rows it has",
    )
    .remedy(
        "take it out of `source.postgres.tables`; one made anew under this name halts the pipeline",
    )
}

fn appeared(settings: &Settings, table: &TableName) -> Finding {
    Finding::warning(
        "table_new",
        place(settings, table),
        "the table matches `source.postgres.tables` and was not there when the pipeline began: its rows are not captured, and the next start halts at it",
    )
    .remedy("name the tables so that it does not match, and give it a pipeline of its own")
}

const KEPT: &str = "
    SELECT coalesce(s.wal_status, ''), s.safe_wal_size,
           pg_catalog.pg_wal_lsn_diff(
               CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                    ELSE pg_catalog.pg_current_wal_flush_lsn() END, s.restart_lsn)::int8,
           (SELECT setting::int8 FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size')
    FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1";

/// How much WAL the server keeps for the slot, and a warning where it soon will not.
pub(crate) async fn slot_keeps(
    session: &Session,
    settings: &Settings,
    meter: &Meter,
) -> Result<Option<Finding>, ServerError> {
    let Some(row) = session.query_opt(KEPT, &[&&*settings.slot]).await? else { return Ok(None) };
    let (status, safe): (&str, Option<i64>) = (row.get(0), row.get(1));
    let kept = row.get::<_, Option<i64>>(2).unwrap_or_default().max(0);
    let bound = row.get::<_, i64>(3).max(0) * 1024 * 1024;
    meter.slot_kept_bytes.store(kept.unsigned_abs(), Ordering::Relaxed);
    meter.slot_keep_bytes_max.store(bound.unsigned_abs(), Ordering::Relaxed);
    if !is_short(status, safe, bound) {
        return Ok(None);
    }
    let left = match safe {
        Some(safe) if safe > 0 => format!("after {safe} more bytes"),
        _ => "at its next checkpoint".to_owned(),
    };
    let more = bound / (1024 * 1024) * 2;
    Ok(Some(
        Finding::warning(
            "slot_falling_behind",
            slot::place(settings),
            format!("the server keeps {kept} bytes of WAL for the slot (wal_status = {status}), and max_slot_wal_keep_size allows {bound}: {left} it removes WAL the slot needs, and the tables must be copied again"),
        )
        .remedy("see why what the pipeline writes to is slow or away; or raise max_slot_wal_keep_size, as far as the disk bears it")
        .run(format!("ALTER SYSTEM SET max_slot_wal_keep_size = '{more}MB'; SELECT pg_reload_conf();")),
    ))
}

/// Whether less than a fifth of the bound is left.
fn is_short(status: &str, safe: Option<i64>, bound: i64) -> bool {
    status == "unreserved" || safe.is_some_and(|safe| safe < bound / 5)
}

/// Says a warning in the log.
pub(crate) fn warn(settings: &Settings, finding: &Finding) {
    tracing::warn!(pipeline = %settings.pipeline, code = finding.code, place = %finding.place, reason = %finding.reason, remedy = %finding.remedy, run = %finding.statement, "look at the source");
}
