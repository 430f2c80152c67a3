//! What a start with a checkpoint refuses or forgets, and when it copies the tables anew.

use std::sync::Arc;

use cdc::{Captured, Checkpoint, Finding, Lsn, Progress, SourceId, TableName};

use crate::catalog::Table;
use crate::config::{Settings, SnapshotMode};
use crate::error::SourceError;
use crate::slot::{self, Slot};
use crate::watch;

/// Why the tables are copied anew although there is a checkpoint, if they are. `copied`: this process has done so.
pub(super) fn copies_anew(
    settings: &Settings,
    checkpoint: &Checkpoint,
    slot: Option<&Slot>,
    wal_end: Lsn,
    copied: bool,
) -> Result<Option<String>, Finding> {
    if let (Some(slot), SnapshotMode::WhenNeeded | SnapshotMode::Always) = (slot, settings.snapshot)
    {
        slot::check_kind(slot, settings)?;
    }
    Ok(match (checkpoint.progress, settings.snapshot) {
        // A copy that did not end is begun anew in any mode.
        (Progress::Snapshot { .. }, _) => None,
        (progress, SnapshotMode::WhenNeeded) => {
            slot::lost(slot, settings, &progress, wal_end).map(|lost| lost.reason)
        }
        (_, SnapshotMode::Always) if !copied => Some("`snapshot: always`".to_owned()),
        _ => None,
    })
}

/// Refuses a checkpoint of another server, database or slot.
pub(super) fn same_source(
    settings: &Settings,
    checkpoint: &Checkpoint,
    source: &SourceId,
) -> Result<(), SourceError> {
    let Some(known) = &checkpoint.source else { return Ok(()) };
    let differs = [
        ("system identifier", &known.system_identifier, &source.system_identifier),
        ("database", &known.database, &source.database),
        ("slot", &known.slot, &source.slot),
    ];
    let Some((what, was, is)) = differs.into_iter().find(|(_, was, is)| was != is) else {
        return Ok(());
    };
    Err(Finding::outside("checkpoint_of_another_source", format!("source {}", settings.server), format!("the checkpoint of pipeline {} belongs to {what} {was}, this is {is}: its positions mean nothing here", settings.pipeline))
        .remedy(format!("correct `source.postgres`, give the pipeline another name, or run `pgrelay drop` for pipeline {} and start it again, which copies all tables", settings.pipeline)).into())
}

/// The captured tables without those that the file no longer lists: what it says of masks, it says of the listed ones
/// only. The checkpoint forgets them, so that one listed again is new: its copy is older than what was left out. Where
/// renames are followed, a table that has a listed name by now is listed, whatever its changes so far call it.
pub(super) fn still_listed(
    settings: &Settings,
    captured: Arc<Captured>,
    tables: &[Table],
) -> Arc<Captured> {
    let is_listed = |oid: u32, name: &TableName| {
        settings.tables.iter().any(|pattern| pattern.matches(name))
            || (settings.follows_renames && tables.iter().any(|table| table.oid == oid))
    };
    let (listed, forgotten): (Captured, Captured) = Captured::clone(&captured)
        .into_iter()
        .partition(|(oid, known)| is_listed(*oid, &known.table));
    if forgotten.is_empty() {
        return captured;
    }
    for known in forgotten.values() {
        tracing::warn!(pipeline = %settings.pipeline, table = %known.table, "`source.postgres.tables` lists the table no longer: its changes are left out from here on, and to list it again takes a new copy");
    }
    Arc::new(listed)
}

/// Refuses a table that has only the name of the one that was captured.
pub(super) fn not_recreated(
    settings: &Settings,
    captured: &Captured,
    tables: &[Table],
) -> Result<(), SourceError> {
    let is_other = |table: &&Table| {
        !captured.contains_key(&table.oid)
            && captured.values().any(|known| known.table == table.name)
    };
    tables
        .iter()
        .find(is_other)
        .map_or(Ok(()), |table| Err(watch::recreated(settings, &table.name).into()))
}

/// Refuses a table that the file lists and the checkpoint does not know: its rows so far were never copied.
pub(super) fn not_newly_listed(
    settings: &Settings,
    captured: &Captured,
    tables: &[Table],
) -> Result<(), SourceError> {
    let Some(table) = tables.iter().find(|table| !captured.contains_key(&table.oid)) else {
        return Ok(());
    };
    Err(Finding::outside("table_new", format!("source {}, table {}", settings.server, table.name), "`source.postgres.tables` lists it, but it was not captured when the pipeline began: rows it had before are not known")
        .remedy(format!("take it out of the list; or run `pgrelay drop` for pipeline {} and start it again, which copies all tables; or give it a pipeline of its own", settings.pipeline)).into())
}
