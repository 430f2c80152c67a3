//! The tables as they were at the slot's consistent point, read with COPY under its exported snapshot.

mod markers;

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cdc::{
    Batch, Change, Checkpoint, Event, Finding, Lsn, Meter, Position, Remedy, Row, RowBuilder,
    Schema, SnapshotRow, TableName, quote_ident,
};
use futures_util::StreamExt;
use postgres_client::{ServerError, Session, quote_literal};
use tokio_postgres::CopyOutStream;

use crate::config::Settings;
use crate::error::SourceError;
use markers::Markers;

/// A table to read, with what limits it.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotTable {
    pub(crate) schema: Arc<Schema>,
    pub(crate) partitioned: bool,
    pub(crate) filter: Option<String>,
    /// What the pipeline file has read instead.
    pub(crate) statement: Option<Arc<str>>,
}

impl SnapshotTable {
    /// What the server said while the table was copied.
    fn failed(&self, server: &str, error: ServerError) -> SourceError {
        if self.statement.is_none() || error.remedy() != Remedy::Halt {
            let place = format!("{server}, table {}", self.schema.origin);
            return SourceError::server(place, "copy the table")(error);
        }
        self.refused(server, &format!("the server refuses it: {error}")).into()
    }

    fn refused(&self, server: &str, reason: &str) -> Finding {
        Finding::outside(
            "snapshot_select_refused",
            format!("source {server}, table {}", self.schema.origin),
            format!("the statement in `snapshot_select_overrides`: {reason}"),
        )
        .remedy("let it select every column of the table that is published, with its name and type, from what the role may read and names with its schema")
    }

    /// Refuses a statement that the server refuses, or whose columns are not the table's: a value of another type has
    /// another text.
    pub(crate) async fn check(&self, session: &Session, server: &str) -> Result<(), SourceError> {
        if self.statement.is_none() {
            return Ok(());
        }
        let prepared = session.prepare(&self.query()).await;
        let prepared = prepared.map_err(|error| self.failed(server, error.into()))?;
        let columns = self.schema.columns.iter().zip(prepared.columns());
        // The server describes a domain as what it is made of.
        let other = columns.into_iter().find(|(column, selected)| {
            column.pg.base.is_none() && column.pg.oid != selected.type_().oid()
        });
        other.map_or(Ok(()), |(column, selected)| {
            let (name, found) = (&column.name, selected.type_().name());
            let reason = format!("column {name} is {found} in it, not {}", column.pg.name);
            Err(self.refused(server, &reason).into())
        })
    }

    fn query(&self) -> String {
        let columns = self.schema.columns.iter().map(|column| quote_ident(&column.name));
        let columns = columns.collect::<Vec<_>>().join(", ");
        // The changes of a child table arrive under its own name: the parent is read without its children. A
        // statement may end with a comment.
        let from = match (&self.statement, self.partitioned) {
            (Some(statement), _) => format!("({statement}\n) t"),
            (None, true) => self.schema.origin.sql(),
            (None, false) => format!("ONLY {}", self.schema.origin.sql()),
        };
        let filter = self.filter.as_ref().map(|filter| format!(" WHERE {filter}"));
        format!("SELECT {columns} FROM {from}{}", filter.unwrap_or_default())
    }
}

/// The reader: one session, one table after the other, parents before children.
pub(crate) struct Snapshot {
    session: Session,
    server: String,
    tables: Vec<SnapshotTable>,
    at: usize,
    copy: Option<Pin<Box<CopyOutStream>>>,
    consistent_point: Lsn,
    markers: Markers,
    seq: u64,
    meter: Arc<Meter>,
    events_max: usize,
    bytes_max: usize,
    batch: Vec<Event>,
    weight: usize,
}

impl Snapshot {
    /// Adopts the exported snapshot in a session of its own.
    pub(crate) async fn begin(
        settings: &Settings,
        name: &str,
        at: Lsn,
        tables: Vec<SnapshotTable>,
        meter: Arc<Meter>,
    ) -> Result<Self, SourceError> {
        let failed = || SourceError::server(&settings.server, "begin the snapshot");
        let session = settings
            .server
            .connect(&format!("pgrelay {} snapshot", settings.pipeline))
            .await
            .map_err(failed())?;
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}",
            quote_literal(name)
        );
        session.batch_execute(&begin).await.map_err(|error| failed()(error.into()))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        meter.snapshot_tables_total.store(tables.len() as u64, Ordering::Relaxed);
        Ok(Self {
            session,
            server: settings.server.to_string(),
            tables,
            at: 0,
            copy: None,
            consistent_point: at,
            markers: Markers::new(at, i64::try_from(now).unwrap_or_default()),
            seq: 0,
            meter,
            events_max: settings.batch_events_max,
            bytes_max: settings.batch_bytes_max,
            batch: Vec::new(),
            weight: 0,
        })
    }

    /// The next run of rows; `true` with the last one. Safe to cancel.
    pub(crate) async fn next(
        &mut self,
        checkpoint: &Checkpoint,
    ) -> Result<(Batch, bool), SourceError> {
        loop {
            let Some(table) = self.tables.get(self.at) else {
                let last = self.markers.end();
                self.take(last);
                return Ok((self.cut(checkpoint), true));
            };
            let schema = table.schema.clone();
            let failed = |error: tokio_postgres::Error| table.failed(&self.server, error.into());
            if self.copy.is_none() {
                let copy = self
                    .session
                    .copy_out(&format!("COPY ({}) TO STDOUT", table.query()))
                    .await
                    .map_err(failed)?;
                self.copy = Some(Box::pin(copy));
                tracing::info!(table = %schema.origin, "copying");
            }
            let Some(copy) = self.copy.as_mut() else { continue };
            match copy.next().await {
                Some(line) => {
                    let line = line.map_err(failed)?;
                    self.push(&schema, &line)?;
                }
                None => {
                    tracing::info!(table = %schema.origin, rows = self.seq, "copied; rows of all tables so far");
                    self.copy = None;
                    self.markers.end_of_table();
                    self.at += 1;
                    self.meter.snapshot_tables.fetch_add(1, Ordering::Relaxed);
                }
            }
            if self.batch.len() >= self.events_max || self.weight >= self.bytes_max {
                return Ok((self.cut(checkpoint), false));
            }
        }
    }

    fn push(&mut self, schema: &Arc<Schema>, line: &Bytes) -> Result<(), SourceError> {
        // A row of no columns is an empty line, as is a row of one empty text.
        let after = if schema.columns.is_empty() { Row::nulls(0) } else { copy_row(line) };
        if after.len() != schema.columns.len() {
            let what = format!(
                "copy {}: a row of {} columns, expected {}",
                schema.origin,
                after.len(),
                schema.columns.len()
            );
            return Err(SourceError::Stream { lsn: self.consistent_point, what });
        }
        let event = Event {
            schema: schema.clone(),
            change: Change::Read { after },
            position: Position { commit_lsn: self.consistent_point, seq: self.seq },
            lsn: self.consistent_point,
            transaction: self.markers.transaction(SnapshotRow::Within),
            order: None,
        };
        self.seq += 1;
        self.meter.snapshot_rows.fetch_add(1, Ordering::Relaxed);
        self.meter.bytes.fetch_add(line.len() as u64, Ordering::Relaxed);
        let known = self.markers.row(event);
        self.take(known);
        Ok(())
    }

    fn take(&mut self, event: Option<Event>) {
        if let Some(event) = event {
            self.weight += event.weight();
            self.batch.push(event);
        }
    }

    fn cut(&mut self, checkpoint: &Checkpoint) -> Batch {
        self.weight = 0;
        Batch { events: std::mem::take(&mut self.batch), ..Batch::progress(checkpoint.clone()) }
    }
}

/// Reads one line of COPY's text format; cells without an escape stay where they are.
///
/// <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2>
fn copy_row(line: &Bytes) -> Row {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let mut row = RowBuilder::with_capacity(16);
    let mut start = 0;
    for cell in text.split(|byte| *byte == b'\t') {
        if cell == b"\\N" {
            row.null();
        } else if cell.contains(&b'\\') {
            row.own_text(unescape(cell));
        } else {
            row.text(
                u32::try_from(start).unwrap_or(u32::MAX),
                u32::try_from(cell.len()).unwrap_or(0),
            );
        }
        start += cell.len() + 1;
    }
    row.build(line.clone())
}

fn unescape(cell: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(cell.len());
    let mut bytes = cell.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(&other) => other,
            None => b'\\',
        });
    }
    out.into()
}

const REFERENCES: &str = "
    SELECT cn.nspname::text, c.relname::text, pn.nspname::text, p.relname::text
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    WHERE k.contype = 'f' AND k.conrelid <> k.confrelid";

/// The tables with every parent before its children, as far as foreign keys allow; otherwise by name.
pub(crate) async fn parents_first(
    session: &Session,
    tables: Vec<SnapshotTable>,
) -> Result<Vec<SnapshotTable>, postgres_client::ServerError> {
    let mut parents: HashMap<TableName, Vec<TableName>> = HashMap::new();
    for row in session.query(REFERENCES, &[]).await? {
        parents
            .entry(TableName::new(row.get(0), row.get(1)))
            .or_default()
            .push(TableName::new(row.get(2), row.get(3)));
    }
    let mut left = tables;
    let mut ordered: Vec<SnapshotTable> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waiting: HashSet<TableName> =
            left.iter().map(|table| table.schema.origin.clone()).collect();
        let free = |table: &SnapshotTable| {
            parents
                .get(&table.schema.origin)
                .is_none_or(|parents| !parents.iter().any(|parent| waiting.contains(parent)))
        };
        let (mut next, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(free);
        left = rest;
        // A cycle: break it at its first table by name.
        if next.is_empty() && !left.is_empty() {
            next.push(left.remove(0));
        }
        ordered.append(&mut next);
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cdc::Cell;

    #[test]
    fn a_line_of_copy_is_read_in_place_or_unescaped() {
        let row = copy_row(&Bytes::from_static(b"1\t\\N\ta\\tb\\\\\\n\t\tx\n"));
        let cells: Vec<_> = row.cells().collect();
        assert_eq!(
            cells,
            [
                Cell::Text(b"1"),
                Cell::Null,
                Cell::Text(b"a\tb\\\n"),
                Cell::Text(b""),
                Cell::Text(b"x")
            ]
        );
    }
}
