//! One event as records: the envelope around the rows, and how many records it takes.

use std::collections::HashMap;
use std::sync::Arc;

use cdc::{Batch, Cell, Change, Event, Op, Row, Schema};

use super::note::{self, NoteWriter};
use super::prepared::{Prepared, PreparedTransaction, json_string};
use super::{Json, unformed};
use crate::converter::ConvertError;
use crate::forms::Unformed;
use crate::names::SchemaError;
use crate::records::{OtherKey, Records, Span};
use crate::rows::{Frames, RowWriter, Side};
use crate::stamp::Stamp;

/// The converter of [`Format::DebeziumJson`](crate::Format::DebeziumJson).
#[derive(Debug)]
pub struct DebeziumJson {
    tombstones: bool,
    prefix: String,
    /// Whether a record's schema stands beside its payload.
    pub(super) schemas_enable: bool,
    /// `"source":{"version":…,"connector":"postgresql","name":…,"ts_ms":`
    constant: Vec<u8>,
    database: Vec<u8>,
    transaction: PreparedTransaction,
    /// `,"ts_ms":…,"ts_us":…,"ts_ns":…}`: when the batch was processed.
    processed: Vec<u8>,
    schemas: HashMap<u64, Arc<Prepared>>,
    rows: RowWriter<Json>,
    pub(super) frames: Frames,
    pub(super) notes: NoteWriter,
}

impl DebeziumJson {
    /// A converter for the topics of `topic_prefix`. `schemas_enable`: whether each record's schema travels with it.
    pub fn new(topic_prefix: &str, tombstones: bool, schemas_enable: bool) -> Self {
        let mut constant = b",\"source\":{\"version\":".to_vec();
        constant.extend(json_string(env!("CARGO_PKG_VERSION")));
        constant.extend_from_slice(b",\"connector\":\"postgresql\",\"name\":");
        constant.extend(json_string(topic_prefix));
        constant.extend_from_slice(b",\"ts_ms\":");
        Self {
            tombstones,
            prefix: topic_prefix.to_owned(),
            schemas_enable,
            constant,
            database: json_string(""),
            transaction: PreparedTransaction::default(),
            processed: Vec::new(),
            schemas: HashMap::new(),
            rows: RowWriter::new((!schemas_enable).then_some(unformed as Unformed)),
            frames: Frames::default(),
            notes: NoteWriter::new(topic_prefix, schemas_enable),
        }
    }

    pub(super) fn begin_batch(&mut self, batch: &Batch, now_micros: i64) {
        let database = batch.checkpoint.source.as_ref().map_or("", |source| &source.database);
        let database = json_string(database);
        if database != self.database {
            self.database = database;
            self.transaction.forget();
        }
        let mut number = itoa::Buffer::new();
        self.processed.clear();
        for (name, value) in [
            (&b",\"ts_ms\":"[..], now_micros.div_euclid(1_000)),
            (b",\"ts_us\":", now_micros),
            (b",\"ts_ns\":", now_micros.saturating_mul(1_000)),
        ] {
            self.processed.extend_from_slice(name);
            self.processed.extend_from_slice(number.format(value).as_bytes());
        }
        self.processed.push(b'}');
    }

    /// What is the same in all records of a table's version.
    pub(super) fn prepared(&mut self, schema: &Arc<Schema>) -> Result<Arc<Prepared>, SchemaError> {
        let fingerprint = schema.fingerprint();
        if let Some(known) = self.schemas.get(&fingerprint) {
            return Ok(Arc::clone(known));
        }
        let prepared = Arc::new(Prepared::new(schema, &self.prefix, self.schemas_enable)?);
        self.schemas.insert(fingerprint, Arc::clone(&prepared));
        Ok(prepared)
    }

    pub(super) fn event(
        &mut self,
        event: &Event,
        records: &mut Records,
    ) -> Result<(), ConvertError> {
        let fingerprint = event.schema.fingerprint();
        let schema = self.prepared(&event.schema)?;
        self.transaction.enter(event, &self.constant, &self.database);
        let stamp = Stamp::new(event.position, fingerprint);
        match &event.change {
            Change::Insert { after } | Change::Read { after } => {
                let key = self.key(&schema, event, after, None, records)?;
                let op = event.change.op();
                self.record(event, &schema, stamp, op, (None, Some(after)), key, None, records)
            }
            Change::Update { before: Some(before), after } if event.changes_record_key() => {
                self.moved(event, &schema, stamp, before, after, records)
            }
            Change::Update { before, after } => {
                let key = self.key(&schema, event, after, before.as_ref(), records)?;
                let rows = (before.as_ref(), Some(after));
                self.record(event, &schema, stamp, Op::Update, rows, key, None, records)
            }
            Change::Delete { before } => {
                let key = self.key(&schema, event, before, None, records)?;
                let rows = (Some(before), None);
                self.record(event, &schema, stamp, Op::Delete, rows, key.clone(), None, records)?;
                if self.tombstones {
                    records.push(stamp.part(1), key, None, None, None);
                }
                Ok(())
            }
            Change::Truncate { cascade, restart_identity } => {
                let stamp =
                    Stamp { cascade: *cascade, restart_identity: *restart_identity, ..stamp };
                let rows = (None, None);
                self.record(event, &schema, stamp, Op::Truncate, rows, None, None, records)
            }
        }
    }

    /// A change of key: delete, tombstone, create, each naming the other key.
    fn moved(
        &mut self,
        event: &Event,
        schema: &Prepared,
        stamp: Stamp,
        before: &Row,
        after: &Row,
        records: &mut Records,
    ) -> Result<(), ConvertError> {
        let old = self.key(schema, event, before, None, records)?;
        let new = self.key(schema, event, after, Some(before), records)?;
        let to_new = new.clone().map(|key| (OtherKey::New, key));
        let to_old = old.clone().map(|key| (OtherKey::Old, key));
        let rows = (Some(before), None);
        let other = to_new.clone();
        self.record(event, schema, stamp, Op::Delete, rows, old.clone(), other, records)?;
        if self.tombstones {
            records.push(stamp.part(1), old, None, None, to_new);
        }
        let rows = (None, Some(after));
        self.record(event, schema, stamp.part(2), Op::Create, rows, new, to_old, records)
    }

    /// The key of `row`, with what it does not have from `older`; none for a table without one.
    fn key(
        &mut self,
        schema: &Prepared,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        records: &mut Records,
    ) -> Result<Option<Span>, ConvertError> {
        let columns = schema.schema.record_key();
        if columns.is_empty() {
            return Ok(None);
        }
        records
            .span(|out| {
                out.extend_from_slice(&schema.key.head);
                for (i, &column) in columns.iter().enumerate() {
                    out.push(if i == 0 { b'{' } else { b',' });
                    let cell = match (row.cell(column), older) {
                        (Cell::Unchanged, Some(older)) => older.cell(column),
                        (cell, _) => cell,
                    };
                    if cell == Cell::Unchanged {
                        return Err(ConvertError::KeyNotSent {
                            table: event.schema.table.clone(),
                            column: event.schema.columns[column].name.clone(),
                            position: event.position,
                        });
                    }
                    self.rows.key(&schema.columns[column], event, column, cell, out)?;
                }
                out.push(b'}');
                out.extend_from_slice(schema.key.tail);
                Ok(())
            })
            .map(Some)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one record, each of another kind")]
    fn record(
        &mut self,
        event: &Event,
        schema: &Prepared,
        stamp: Stamp,
        op: Op,
        (before, after): (Option<&Row>, Option<&Row>),
        key: Option<Span>,
        other_key: Option<(OtherKey, Span)>,
        records: &mut Records,
    ) -> Result<(), ConvertError> {
        self.rows.begin();
        let value = records.span(|out| {
            out.extend_from_slice(&schema.value.head);
            out.extend_from_slice(b"{\"before\":");
            self.rows.row(&schema.columns, event, Side::Before, before, out)?;
            out.extend_from_slice(b",\"after\":");
            self.rows.row(&schema.columns, event, Side::After, after, out)?;
            self.source(event, schema, out);
            out.extend_from_slice(b",\"transaction\":");
            // The second half of a move is an event of its own.
            let order = event.order.map(|order| if stamp.sub == 2 { order.next() } else { order });
            note::transaction(event, order, out);
            out.extend_from_slice(b",\"op\":\"");
            out.extend_from_slice(op.letter().as_bytes());
            out.push(b'"');
            out.extend_from_slice(&self.processed);
            out.extend_from_slice(schema.value.tail);
            Ok::<_, ConvertError>(())
        })?;
        let verbatim = if self.rows.is_exact() {
            None
        } else {
            Some(records.span(|out| self.rows.write_verbatim(&schema.schema, out))?)
        };
        records.push(stamp, key, Some(value), verbatim, other_key);
        Ok(())
    }

    fn source(&self, event: &Event, schema: &Prepared, out: &mut Vec<u8>) {
        let mut number = itoa::Buffer::new();
        let lsn = number.format(event.lsn.get()).as_bytes();
        out.extend_from_slice(&self.transaction.head);
        out.extend_from_slice(lsn);
        out.extend_from_slice(&self.transaction.middle);
        out.extend_from_slice(&schema.source);
        out.extend_from_slice(&self.transaction.xid);
        out.extend_from_slice(lsn);
        out.extend_from_slice(&self.transaction.tail);
    }
}
