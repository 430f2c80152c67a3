//! The envelope around the rows.

use cdc::{Batch, Event, Order, Row};
use connect_data::avro::put_long;

use super::prepared::{Prepared, PreparedTransaction, put_optional};
use super::put::{Binary, put_bytes};
use crate::changes::Part;
use crate::converter::ConvertError;
use crate::forms::Put;
use crate::rows::{RowWriter, Side};

/// Writes keys and envelopes.
#[derive(Debug)]
pub(super) struct Encoder {
    /// `version`, `connector` and `name` of the source block.
    constant: Vec<u8>,
    database: Vec<u8>,
    transaction: PreparedTransaction,
    /// When the batch was processed.
    processed: Vec<u8>,
    pub(super) rows: RowWriter<Binary>,
}

impl Encoder {
    pub(super) fn new(topic_prefix: &str) -> Self {
        let mut constant = Vec::new();
        for text in [env!("CARGO_PKG_VERSION"), "postgresql", topic_prefix] {
            put_bytes(text.as_bytes(), &mut constant);
        }
        Self {
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

    /// Appends the key of a row.
    pub(super) fn key(
        &mut self,
        table: &Prepared,
        id: u32,
        event: &Event,
        (row, older): (&Row, Option<&Row>),
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        put_id(id, out);
        self.rows.key(&table.columns, event, row, older, out)
    }

    /// Appends the envelope of a change.
    pub(super) fn value(
        &mut self,
        table: &Prepared,
        id: u32,
        part: &Part<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let event = part.event;
        self.transaction.enter(event, &self.constant, &self.database);
        self.rows.begin();
        put_id(id, out);
        self.rows.row(&table.columns, event, Side::Before, part.before, out)?;
        self.rows.row(&table.columns, event, Side::After, part.after, out)?;
        self.source(event, table, out);
        transaction(event, part.order(), out);
        put_bytes(part.op.letter().as_bytes(), out);
        out.extend_from_slice(&self.processed);
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
