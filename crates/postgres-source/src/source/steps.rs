//! The steps of a start: the tables are described, the slot is made, the copy begins, the stream opens.

use std::sync::Arc;
use std::time::Duration;

use cdc::{Captured, CapturedTable, Checkpoint, Lsn, Meter, Phase, Progress, Schema, SourceId};
use postgres_client::Session;
use tokio::task::JoinHandle;

use super::unreachable_state;
use crate::catalog::{self, Table};
use crate::config::Settings;
use crate::error::SourceError;
use crate::feed::{Feed, Orders};
use crate::publication::{self, Publication};
use crate::slot::{self, Created, Slot};
use crate::snapshot::{Snapshot, SnapshotTable, parents_first};
use crate::stream::Stream;
use crate::walsender::Walsender;
use crate::watch;
use crate::xmin::Xmin;

/// Everything a start holds between its steps.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) walsender: Walsender,
    pub(super) session: Session,
    pub(super) source: Arc<SourceId>,
    pub(super) tables: Vec<Table>,
    pub(super) publication: Option<Publication>,
    /// The slot as it was found: a copy makes another one in its place.
    pub(super) old: Option<Slot>,
}

/// A copy under way.
pub(super) struct Copying {
    pub(super) walsender: Walsender,
    pub(super) session: Session,
    pub(super) snapshot: Snapshot,
    pub(super) attempt: u32,
    pub(super) end: Checkpoint,
    pub(super) first: Vec<Arc<Schema>>,
}

impl Copying {
    /// Drops the slot of a copy that does not go on: the next one makes its own, and until then this one would only keep
    /// WAL on the source. The lock goes after it.
    pub(super) async fn give_up(self, settings: &Settings) {
        let Copying { walsender, session, snapshot, .. } = self;
        drop(snapshot);
        slot::give_up(&session, settings).await;
        drop(walsender);
    }
}

/// Stops while the slot is being made. The server goes on with that whoever waits, so it is waited for a little.
pub(super) async fn stop_creating(
    mut task: JoinHandle<Result<Copying, SourceError>>,
    settings: &Settings,
) {
    match tokio::time::timeout(slot::GIVE_UP_LIMIT, &mut task).await {
        Ok(Ok(Ok(copying))) => copying.give_up(settings).await,
        Ok(_) => {}
        Err(_) => {
            task.abort();
            slot::warn_left(settings, "the server still waits to make it");
        }
    }
}

pub(super) fn captured(tables: &[Table], schemas: &[Arc<Schema>]) -> Arc<Captured> {
    let entry = |table: &Table| {
        let schema = schemas.iter().find(|schema| schema.origin == table.name)?;
        let columns = schema.columns.iter().map(|column| column.name.clone()).collect();
        Some((table.oid, CapturedTable { table: table.name.clone(), columns }))
    };
    Arc::new(tables.iter().filter_map(entry).collect())
}

/// Describes the tables as the publication sends them.
pub(crate) async fn describe_all(
    session: &Session,
    settings: &Settings,
    tables: &[Table],
    publication: Option<&Publication>,
) -> Result<Vec<Arc<Schema>>, SourceError> {
    let place = format!("source {}", settings.server);
    let mut schemas = Vec::with_capacity(tables.len());
    for table in tables {
        let published = publication.and_then(|publication| {
            publication.tables.iter().find(|published| published.table == table.name)
        });
        let relation =
            table.as_relation(published.and_then(|published| published.columns.as_deref()));
        let schema = catalog::describe(session, &relation, &settings.shape).await;
        schemas.push(schema.map_err(SourceError::server(
            format!("{}, table {}", settings.server, table.name),
            "read the catalog",
        ))?);
    }
    for warning in settings.shape.message_key.warnings(&schemas, &place) {
        watch::warn(settings, &warning);
    }
    Ok(schemas)
}

/// What a copy reads.
pub(crate) fn to_read(
    settings: &Settings,
    tables: &[Table],
    schemas: &[Arc<Schema>],
    publication: Option<&Publication>,
) -> Vec<SnapshotTable> {
    let published =
        |table: &Table| publication?.tables.iter().find(|published| published.table == table.name);
    let read = |(table, schema): (&Table, &Arc<Schema>)| SnapshotTable {
        schema: schema.clone(),
        partitioned: table.partitioned,
        filter: published(table).and_then(|published| published.filter.clone()),
        statement: settings.selection.statement(&table.name).cloned(),
    };
    let copied = |(table, _): &(&Table, _)| settings.selection.copies(&table.name);
    tables.iter().zip(schemas).filter(copied).map(read).collect()
}

/// Tables and publication as they are once the slot is made. The server waited for older transactions, and a column
/// that came to a table meanwhile comes in no change: who copies only the columns of before loses its values.
pub(super) async fn read_again(
    session: &Session,
    settings: &Settings,
    tables: Vec<Table>,
) -> Result<(Vec<Table>, Option<Publication>), SourceError> {
    let now = publication::there(session, settings).await?;
    let publication = publication::read(session, settings).await?;
    // One that is new is not captured, and halts at its first row; one that is gone is refused by the server.
    let again = |was: Table| {
        let same = now.iter().find(|is| is.oid == was.oid && is.name == was.name);
        same.cloned().unwrap_or(was)
    };
    Ok((tables.into_iter().map(again).collect(), publication))
}

pub(super) async fn create_and_copy(
    made: Claimed,
    attempt: u32,
    settings: Arc<Settings>,
    meter: Arc<Meter>,
) -> Result<Copying, SourceError> {
    let Claimed { walsender, session, source, tables, old, .. } = made;
    if let Some(old) = old {
        slot::drop(&session, &settings, &old).await?;
    }
    let waiting = meter.clone();
    let created =
        slot::create(walsender, &session, &settings, |text| waiting.enter(Phase::Waiting(text)))
            .await?;
    meter.enter(Phase::Snapshot);
    let Created { walsender, consistent_point, snapshot } = created;
    match begin_copy(&session, &settings, (tables, source), (consistent_point, &snapshot), meter)
        .await
    {
        Ok((snapshot, end, first)) => {
            Ok(Copying { walsender, session, snapshot, attempt, end, first })
        }
        Err(error) => {
            slot::give_up(&session, &settings).await;
            Err(error)
        }
    }
}

/// Begins to copy what the slot's snapshot shows.
async fn begin_copy(
    session: &Session,
    settings: &Arc<Settings>,
    (tables, source): (Vec<Table>, Arc<SourceId>),
    (consistent_point, snapshot): (Lsn, &str),
    meter: Arc<Meter>,
) -> Result<(Snapshot, Checkpoint, Vec<Arc<Schema>>), SourceError> {
    let (tables, publication) = read_again(session, settings, tables).await?;
    let schemas = describe_all(session, settings, &tables, publication.as_ref()).await?;
    let is_copied = |table: &&Table| settings.selection.copies(&table.name);
    let rows = tables.iter().filter(is_copied).map(|table| table.rows).sum();
    meter.snapshot_rows_expected.store(rows, std::sync::atomic::Ordering::Relaxed);
    let end = Checkpoint {
        source: Some(source),
        captured: captured(&tables, &schemas),
        ..Checkpoint::new(Progress::After { end_lsn: consistent_point })
    };
    let to_read = to_read(settings, &tables, &schemas, publication.as_ref());
    let ordered = parents_first(session, to_read)
        .await
        .map_err(SourceError::server(&settings.server, "read foreign keys"))?;
    let snapshot = Snapshot::begin(settings, snapshot, consistent_point, ordered, meter).await?;
    Ok((snapshot, end, schemas))
}

/// Starts to stream at the checkpoint.
pub(super) async fn open(
    walsender: Walsender,
    session: Session,
    checkpoint: Checkpoint,
    settings: Arc<Settings>,
    meter: Arc<Meter>,
) -> Result<Stream, SourceError> {
    let failed = |doing: String| SourceError::server(&settings.server, doing);
    let start = checkpoint.progress.start_lsn().unwrap_or(Lsn::ZERO);
    let row = session
        .query_one(
            "SELECT setting::int8 FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'",
            &[],
        )
        .await;
    let timeout: i64 =
        row.map_err(|error| failed("read wal_sender_timeout".to_owned())(error.into()))?.get(0);
    // A third of the time-out leaves room for two lost chances; 0 switches the time-out off.
    let interval = if timeout > 0 {
        Duration::from_millis((timeout as u64 / 3).clamp(50, 10_000))
    } else {
        Duration::from_secs(10)
    };
    let publication = cdc::quote_ident(&settings.publication).replace('\'', "''");
    let command = format!(
        "START_REPLICATION SLOT {} LOGICAL {start} (proto_version '1', publication_names '{publication}', messages 'true')",
        settings.slot
    );
    let stream = walsender
        .start_replication(&command)
        .await
        .map_err(failed(format!("stream from slot {}", settings.slot)))?;
    tracing::info!(slot = %settings.slot, %start, "streaming");
    let xmin = Xmin::start(&session, &settings).await;
    let confirmed = checkpoint.progress.confirmable().unwrap_or(Lsn::ZERO);
    let orders = Orders { confirmed, hurry: false, stop: false };
    let feed = Feed::start(stream, settings.queue_bytes_max, interval, orders, meter.clone());
    let stream = Stream::new(feed, session, settings, meter, &checkpoint);
    let mut stream = stream.ok_or_else(unreachable_state)?;
    if let Some(xmin) = xmin {
        stream.say_xmin(xmin);
    }
    Ok(stream)
}
