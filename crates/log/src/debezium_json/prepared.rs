//! The parts of an envelope that do not change from record to record, written once.

use std::sync::Arc;

use cdc::{Event, Schema, SnapshotRow, Transaction};
use connect_data::json::JsonSettings;

use super::rows::prepared_column;
use super::{Wrapping, string};
use crate::envelope;
use crate::names::{Names, SchemaError, adjust};
use crate::rows::PreparedColumn;

/// One schema.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) schema: Arc<Schema>,
    pub(super) columns: Vec<PreparedColumn>,
    /// What the columns are called in records.
    pub(super) names: Vec<String>,
    /// `,"schema":"public","table":"orders","txId":`
    pub(super) source: Vec<u8>,
    /// What stands around keys and values.
    pub(super) key: Wrapping,
    pub(super) value: Wrapping,
    /// The same of rows that stand alone, and of null in their place.
    pub(super) row: Wrapping,
    pub(super) no_row: Wrapping,
}

/// A name as a JSON string. Names come from a database in UTF-8, so nothing is replaced in practice.
pub(crate) fn json_string(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    // A `str` is UTF-8, which is all that could be refused.
    let _ = string::write(text.as_bytes(), &mut out);
    out
}

impl Prepared {
    pub(super) fn new(
        schema: &Arc<Schema>,
        prefix: &str,
        names: Names,
        settings: JsonSettings,
    ) -> Result<Self, SchemaError> {
        let adjusted = adjust(&envelope::schemas(prefix, schema), names, &schema.table)?;
        let names = envelope::row_fields(&adjusted);
        let columns = schema.columns.iter().zip(&names).map(|(column, name)| {
            let mut name = json_string(name);
            name.push(b':');
            prepared_column(settings, schema, column, name)
        });
        let mut source = b",\"schema\":".to_vec();
        source.extend(json_string(&schema.origin.schema));
        source.extend_from_slice(b",\"table\":");
        source.extend(json_string(&schema.origin.name));
        source.extend_from_slice(b",\"txId\":");
        let wrapping = |schema: &connect_data::Schema| match settings.schemas_enable {
            true => Wrapping::of(schema, settings.decimal_format),
            false => Wrapping::default(),
        };
        let missing = envelope::row(&adjusted);
        let row = connect_data::Schema { optional: false, ..missing.clone() };
        Ok(Self {
            schema: Arc::clone(schema),
            columns: columns.collect(),
            source,
            key: wrapping(&adjusted.key),
            value: wrapping(&adjusted.value),
            row: wrapping(&row),
            no_row: wrapping(missing),
            names,
        })
    }
}

/// One transaction.
#[derive(Debug, Default)]
pub(super) struct PreparedTransaction {
    of: Option<Arc<Transaction>>,
    /// From `"source":` to within the sequence, where the record's own LSN follows.
    pub(super) head: Vec<u8>,
    /// From behind it to the schema.
    pub(super) middle: Vec<u8>,
    /// The transaction's id, and up to the LSN.
    pub(super) xid: Vec<u8>,
    /// Behind the LSN, to the end of the block: what came from elsewhere says from where.
    pub(super) tail: Vec<u8>,
}

impl PreparedTransaction {
    /// Prepares the event's transaction, unless it is the one at hand. `constant` is the source block's
    /// beginning, `database` a JSON string.
    pub(super) fn enter(&mut self, event: &Event, constant: &[u8], database: &[u8]) {
        let same = self
            .of
            .as_ref()
            .is_some_and(|of| Arc::ptr_eq(of, &event.transaction) || **of == *event.transaction);
        if same {
            return;
        }
        let transaction = &event.transaction;
        let micros = transaction.commit_micros;
        let mut number = itoa::Buffer::new();
        self.head.clear();
        self.head.extend_from_slice(constant);
        self.head.extend_from_slice(number.format(micros.div_euclid(1_000)).as_bytes());
        self.head.extend_from_slice(b",\"snapshot\":\"");
        let marker = transaction.snapshot.map_or("false", SnapshotRow::word);
        self.head.extend_from_slice(marker.as_bytes());
        self.head.extend_from_slice(b"\",\"db\":");
        self.head.extend_from_slice(database);
        self.head.extend_from_slice(b",\"sequence\":\"[");
        match transaction.previous_commit_lsn {
            Some(lsn) => {
                self.head.extend_from_slice(b"\\\"");
                self.head.extend_from_slice(number.format(lsn.get()).as_bytes());
                self.head.extend_from_slice(b"\\\"");
            }
            None => self.head.extend_from_slice(b"null"),
        }
        self.head.extend_from_slice(b",\\\"");
        self.middle.clear();
        self.middle.extend_from_slice(b"\\\"]\",\"ts_us\":");
        self.middle.extend_from_slice(number.format(micros).as_bytes());
        self.middle.extend_from_slice(b",\"ts_ns\":");
        self.middle.extend_from_slice(number.format(micros.saturating_mul(1_000)).as_bytes());
        self.xid.clear();
        if transaction.xid == 0 {
            self.xid.extend_from_slice(b"null");
        } else {
            self.xid.extend_from_slice(number.format(transaction.xid).as_bytes());
        }
        self.xid.extend_from_slice(b",\"lsn\":");
        self.tail.clear();
        self.tail.extend_from_slice(b",\"xmin\":");
        match transaction.xmin {
            Some(xmin) => self.tail.extend_from_slice(number.format(xmin).as_bytes()),
            None => self.tail.extend_from_slice(b"null"),
        }
        self.tail.extend_from_slice(b",\"origin\":");
        let origin = transaction.origin.as_ref();
        match origin {
            Some(origin) => self.tail.extend(json_string(&origin.name)),
            None => self.tail.extend_from_slice(b"null"),
        }
        self.tail.extend_from_slice(b",\"origin_lsn\":");
        match origin.map(|origin| origin.lsn.get()) {
            Some(lsn) => self.tail.extend_from_slice(number.format(lsn).as_bytes()),
            None => self.tail.extend_from_slice(b"null"),
        }
        self.tail.push(b'}');
        self.of = Some(Arc::clone(transaction));
    }

    /// Forgets the transaction: the database may be another one from here on.
    pub(super) fn forget(&mut self) {
        self.of = None;
    }
}
