//! The parts of a record that do not change from record to record, written once.

use std::sync::Arc;

use cdc::{Event, Schema, SnapshotRow, Transaction};
use connect_data::avro::{AvroReader, AvroSchema, put_long};

use super::put::{Binary, put_bytes};
use crate::envelope;
use crate::names::{Names, SchemaError, adjust};
use crate::rows::PreparedColumn;

/// A schema as a registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordSchema {
    /// Its full name.
    pub(crate) name: String,
    /// The schema.
    pub(crate) json: String,
}

/// One table version.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) schema: Arc<Schema>,
    pub(super) columns: Vec<PreparedColumn>,
    /// Reads a column's values that are there.
    pub(super) readers: Vec<AvroReader>,
    /// `schema` and `table` of the source block.
    pub(super) source: Vec<u8>,
    /// Of the keys, if the table has one, and of the envelopes.
    pub(super) key: Option<RecordSchema>,
    pub(super) value: RecordSchema,
    /// What envelopes are written with.
    pub(super) avro: AvroSchema,
}

impl RecordSchema {
    /// The schema that values of a Connect schema are written with.
    pub(super) fn of(connect: &connect_data::Schema, avro: &AvroSchema) -> Self {
        Self { name: connect.name.clone().unwrap_or_default(), json: avro.to_json() }
    }
}

impl Prepared {
    pub(super) fn new(schema: &Arc<Schema>, prefix: &str) -> Result<Self, SchemaError> {
        let table = || schema.table.clone();
        let impossible = |error: connect_data::ConnectError| SchemaError::Impossible {
            table: table(),
            reason: error.to_string(),
        };
        let of_connect = |schema: &connect_data::Schema| {
            AvroSchema::from_connect(Some(schema)).map_err(impossible)
        };
        let names = Names::of(&schema.modes).in_avro();
        let records = adjust(&envelope::schemas(prefix, schema), names, &schema.table)?;
        let columns: Vec<PreparedColumn> = schema
            .columns
            .iter()
            .map(|column| PreparedColumn::new::<Binary>(schema, column, Vec::new(), false))
            .collect();
        let mut readers = Vec::with_capacity(columns.len());
        for column in &columns {
            let there = connect_data::Schema { optional: false, ..(*column.schema).clone() };
            readers.push(AvroReader::new(of_connect(&there)?).map_err(impossible)?);
        }
        let mut source = Vec::new();
        put_bytes(schema.origin.schema.as_bytes(), &mut source);
        put_bytes(schema.origin.name.as_bytes(), &mut source);
        let avro = of_connect(&records.value)?;
        let key = if schema.record_key().is_empty() {
            None
        } else {
            Some(RecordSchema::of(&records.key, &of_connect(&records.key)?))
        };
        let value = RecordSchema::of(&records.value, &avro);
        Ok(Self { schema: Arc::clone(schema), columns, readers, source, key, value, avro })
    }
}

/// One transaction.
#[derive(Debug, Default)]
pub(super) struct PreparedTransaction {
    of: Option<Arc<Transaction>>,
    /// The source block up to the sequence.
    pub(super) head: Vec<u8>,
    /// The sequence up to the record's own LSN.
    pub(super) sequence: Vec<u8>,
    /// From behind it to the schema.
    pub(super) times: Vec<u8>,
    /// The transaction's id.
    pub(super) xid: Vec<u8>,
    /// `xmin`, `origin` and `origin_lsn`.
    pub(super) tail: Vec<u8>,
}

impl PreparedTransaction {
    /// Prepares the event's transaction, unless it is the one at hand. `constant` is the source block's beginning,
    /// `database` a string.
    pub(super) fn enter(&mut self, event: &Event, constant: &[u8], database: &[u8]) {
        let transaction = &event.transaction;
        let same = |of: &Arc<Transaction>| Arc::ptr_eq(of, transaction) || **of == **transaction;
        if self.of.as_ref().is_some_and(same) {
            return;
        }
        let micros = transaction.commit_micros;
        self.head.clear();
        self.head.extend_from_slice(constant);
        put_long(micros.div_euclid(1_000), &mut self.head);
        // It has a default, so the text comes first in its union.
        self.head.push(0);
        let marker = transaction.snapshot.map_or("false", SnapshotRow::word);
        put_bytes(marker.as_bytes(), &mut self.head);
        self.head.extend_from_slice(database);
        self.sequence.clear();
        self.sequence.push(b'[');
        match transaction.previous_commit_lsn {
            Some(lsn) => {
                self.sequence.push(b'"');
                let lsn = itoa::Buffer::new().format(lsn.get()).to_owned();
                self.sequence.extend_from_slice(lsn.as_bytes());
                self.sequence.push(b'"');
            }
            None => self.sequence.extend_from_slice(b"null"),
        }
        self.sequence.extend_from_slice(b",\"");
        self.times.clear();
        put_optional(micros, &mut self.times);
        put_optional(micros.saturating_mul(1_000), &mut self.times);
        self.xid.clear();
        match transaction.xid {
            0 => self.xid.push(0),
            xid => put_optional(i64::from(xid), &mut self.xid),
        }
        self.tail.clear();
        match transaction.xmin {
            Some(xmin) => put_optional(i64::from(xmin), &mut self.tail),
            None => self.tail.push(0),
        }
        match &transaction.origin {
            Some(origin) => {
                self.tail.push(2);
                put_bytes(origin.name.as_bytes(), &mut self.tail);
                put_optional(origin.lsn.get().cast_signed(), &mut self.tail);
            }
            None => self.tail.extend_from_slice(&[0, 0]),
        }
        self.of = Some(Arc::clone(transaction));
    }

    /// Forgets the transaction: the database may be another one from here on.
    pub(super) fn forget(&mut self) {
        self.of = None;
    }
}

/// Appends a number that is there and could be null.
pub(super) fn put_optional(number: i64, out: &mut Vec<u8>) {
    out.push(2);
    put_long(number, out);
}
