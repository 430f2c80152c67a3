//! One event as records: the envelope around the rows, and how many records it takes.

use cdc::{Batch, Cell, Change, Event, Op, Order, Row};
use connect_data::avro::put_long;

use super::SchemaIds;
use super::prepared::{Prepared, PreparedTransaction, put_optional};
use super::put::{Binary, put_bytes};
use crate::converter::ConvertError;
use crate::forms::Put;
use crate::records::{OtherKey, Records, Span};
use crate::rows::{RowWriter, Side};
use crate::stamp::Stamp;

/// Writes records.
#[derive(Debug)]
pub(super) struct Encoder {
    tombstones: bool,
    /// `version`, `connector` and `name` of the source block.
    constant: Vec<u8>,
    database: Vec<u8>,
    transaction: PreparedTransaction,
    /// When the batch was processed.
    processed: Vec<u8>,
    rows: RowWriter<Binary>,
}

/// An event on its way.
struct Writing<'a> {
    event: &'a Event,
    table: &'a Prepared,
    ids: SchemaIds,
}

/// The rows of a record.
type Rows<'a> = (Option<&'a Row>, Option<&'a Row>);

impl Encoder {
    pub(super) fn new(topic_prefix: &str, tombstones: bool) -> Self {
        let mut constant = Vec::new();
        for text in [env!("CARGO_PKG_VERSION"), "postgresql", topic_prefix] {
            put_bytes(text.as_bytes(), &mut constant);
        }
        Self {
            tombstones,
            constant,
            database: vec![0],
            transaction: PreparedTransaction::default(),
            processed: Vec::new(),
            rows: RowWriter::new(None),
        }
    }

    pub(super) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        let name = batch.checkpoint.source.as_ref().map_or("", |source| &source.database);
        let mut database = Vec::new();
        put_bytes(name.as_bytes(), &mut database);
        if database != self.database {
            self.database = database;
            self.transaction.forget();
        }
        self.processed.clear();
        for time in [now_micros.div_euclid(1_000), now_micros, now_micros.saturating_mul(1_000)] {
            put_optional(time, &mut self.processed);
        }
    }

    pub(super) fn event(
        &mut self,
        table: &Prepared,
        ids: SchemaIds,
        event: &Event,
        records: &mut Records,
    ) -> Result<(), ConvertError> {
        self.transaction.enter(event, &self.constant, &self.database);
        let stamp = Stamp::new(event.position, event.schema.fingerprint());
        let writing = &Writing { event, table, ids };
        match &event.change {
            Change::Insert { after } | Change::Read { after } => {
                let key = self.key(writing, after, None, records)?;
                let op = event.change.op();
                self.record(writing, stamp, op, (None, Some(after)), (key, None), records)
            }
            Change::Update { before: Some(before), after } if event.changes_record_key() => {
                self.moved(writing, stamp, before, after, records)
            }
            Change::Update { before, after } => {
                let key = self.key(writing, after, before.as_ref(), records)?;
                let rows = (before.as_ref(), Some(after));
                self.record(writing, stamp, Op::Update, rows, (key, None), records)
            }
            Change::Delete { before } => {
                let key = self.key(writing, before, None, records)?;
                let keys = (key.clone(), None);
                self.record(writing, stamp, Op::Delete, (Some(before), None), keys, records)?;
                if self.tombstones {
                    records.push(stamp.part(1), key, None, None, None);
                }
                Ok(())
            }
            Change::Truncate { cascade, restart_identity } => {
                let stamp =
                    Stamp { cascade: *cascade, restart_identity: *restart_identity, ..stamp };
                self.record(writing, stamp, Op::Truncate, (None, None), (None, None), records)
            }
        }
    }

    /// A change of key: delete, tombstone, create, each naming the other key.
    fn moved(
        &mut self,
        writing: &Writing<'_>,
        stamp: Stamp,
        before: &Row,
        after: &Row,
        records: &mut Records,
    ) -> Result<(), ConvertError> {
        let old = self.key(writing, before, None, records)?;
        let new = self.key(writing, after, Some(before), records)?;
        let to_new = new.clone().map(|key| (OtherKey::New, key));
        let to_old = old.clone().map(|key| (OtherKey::Old, key));
        let keys = (old.clone(), to_new.clone());
        self.record(writing, stamp, Op::Delete, (Some(before), None), keys, records)?;
        if self.tombstones {
            records.push(stamp.part(1), old, None, None, to_new);
        }
        let rows = (None, Some(after));
        self.record(writing, stamp.part(2), Op::Create, rows, (new, to_old), records)
    }

    /// The key of `row`, with what it does not have from `older`; none for a table without one.
    fn key(
        &mut self,
        writing: &Writing<'_>,
        row: &Row,
        older: Option<&Row>,
        records: &mut Records,
    ) -> Result<Option<Span>, ConvertError> {
        let Writing { event, table, ids } = writing;
        let Some(id) = ids.key else { return Ok(None) };
        let span = records.span(|out| {
            put_id(id, out);
            for &i in table.schema.record_key() {
                let cell = match (row.cell(i), older) {
                    (Cell::Unchanged, Some(older)) => older.cell(i),
                    (cell, _) => cell,
                };
                if cell == Cell::Unchanged {
                    return Err(ConvertError::KeyNotSent {
                        table: event.schema.table.clone(),
                        column: event.schema.columns[i].name.clone(),
                        position: event.position,
                    });
                }
                self.rows.key(&table.columns[i], event, i, cell, out)?;
            }
            Ok(())
        });
        span.map(Some)
    }

    fn record(
        &mut self,
        writing: &Writing<'_>,
        stamp: Stamp,
        op: Op,
        (before, after): Rows<'_>,
        (key, other_key): (Option<Span>, Option<(OtherKey, Span)>),
        records: &mut Records,
    ) -> Result<(), ConvertError> {
        let Writing { event, table, ids } = writing;
        self.rows.begin();
        let value = records.span(|out| {
            put_id(ids.value, out);
            self.rows.row(&table.columns, event, Side::Before, before, out)?;
            self.rows.row(&table.columns, event, Side::After, after, out)?;
            self.source(event, table, out);
            // The second half of a move is an event of its own.
            let order = event.order.map(|order| if stamp.sub == 2 { order.next() } else { order });
            transaction(event, order, out);
            put_bytes(op.letter().as_bytes(), out);
            out.extend_from_slice(&self.processed);
            Ok::<_, ConvertError>(())
        })?;
        let verbatim = if self.rows.is_exact() {
            None
        } else {
            Some(records.span(|out| self.rows.write_verbatim(&table.schema, out))?)
        };
        records.push(stamp, key, Some(value), verbatim, other_key);
        Ok(())
    }

    fn source(&self, event: &Event, table: &Prepared, out: &mut Vec<u8>) {
        let transaction = &self.transaction;
        let lsn = event.lsn.get();
        out.extend_from_slice(&transaction.head);
        out.push(2);
        Binary::plain_string(out, |out| {
            out.extend_from_slice(&transaction.sequence);
            out.extend_from_slice(itoa::Buffer::new().format(lsn).as_bytes());
            out.extend_from_slice(b"\"]");
        });
        out.extend_from_slice(&transaction.times);
        out.extend_from_slice(&table.source);
        out.extend_from_slice(&transaction.xid);
        // Java, too, has the numbers from 2^63 on as negative ones.
        put_optional(lsn.cast_signed(), out);
        out.extend_from_slice(&transaction.tail);
    }
}

/// Appends the block that says which event of its transaction a record is, or null where that is not counted.
fn transaction(event: &Event, order: Option<Order>, out: &mut Vec<u8>) {
    let Some(order) = order else { return out.push(0) };
    out.push(2);
    let id = format!("{}:{}", event.transaction.xid, event.lsn.get());
    put_bytes(id.as_bytes(), out);
    for number in [order.total, order.in_table] {
        put_long(number.cast_signed(), out);
    }
}

fn put_id(id: u32, out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(&id.to_be_bytes());
}
