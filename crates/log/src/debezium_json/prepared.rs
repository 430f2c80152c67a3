//! The parts of an envelope that do not change from record to record, written once.

use std::sync::Arc;

use cdc::{Column, Event, Identity, Schema, SnapshotRow, Transaction};

use super::{Wrapping, placeholder, string};
use crate::envelope;
use crate::forms::{Form, fallback, schema_default, schema_of};

/// One column: its name with the punctuation around it, its form, and the JSON for what was not sent.
#[derive(Debug)]
pub(super) struct PreparedColumn {
    pub(super) name: Vec<u8>,
    pub(super) form: Form,
    pub(super) schema: Arc<connect_data::Schema>,
    /// What stands for a value that did not change and was not sent.
    pub(super) placeholder: Vec<u8>,
    /// Whether no other value looks like that.
    pub(super) tells_placeholder: bool,
    /// What stands in a `before` for a value the identity did not send.
    pub(super) not_sent: Vec<u8>,
    /// What stands for a value that the schema has no room for.
    pub(super) unfit: Vec<u8>,
    /// What stands for null.
    pub(super) null: Vec<u8>,
}

impl PreparedColumn {
    fn new(schema: &Schema, column: &Column, loose: bool) -> Self {
        let form = Form::of(&column.pg, &schema.modes);
        let mut name = json_string(&column.name);
        name.push(b':');
        let connect = schema_of(&form);
        let known = placeholder::of(&form).or(loose.then_some(placeholder::TEXT));
        let missing = missing(&form, &connect, column);
        let invented = schema.identity != Identity::Full && !column.optional;
        Self {
            name,
            placeholder: known.map_or_else(|| missing.clone(), <[u8]>::to_vec),
            tells_placeholder: known.is_some(),
            not_sent: if invented { missing.clone() } else { b"null".to_vec() },
            null: if loose || connect.optional || column.optional {
                b"null".to_vec()
            } else {
                missing.clone()
            },
            unfit: missing,
            schema: Arc::new(connect),
            form,
        }
    }
}

/// What Debezium writes for a value that is not there: null where it may be, the column's default or a nought otherwise.
fn missing(form: &Form, schema: &connect_data::Schema, column: &Column) -> Vec<u8> {
    if column.optional {
        return b"null".to_vec();
    }
    let value = schema_default(form, column).unwrap_or_else(|| fallback(form));
    let mut out = Vec::new();
    match connect_data::json::put_value(schema, &value, &mut out) {
        Ok(()) => out,
        Err(_) => b"null".to_vec(),
    }
}

/// One schema.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) schema: Arc<Schema>,
    pub(super) columns: Vec<PreparedColumn>,
    /// `,"schema":"public","table":"orders","txId":`
    pub(super) source: Vec<u8>,
    /// What stands around keys and values.
    pub(super) key: Wrapping,
    pub(super) value: Wrapping,
}

/// A name as a JSON string. Names come from a database in UTF-8, so nothing is replaced in practice.
pub(crate) fn json_string(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    // A `str` is UTF-8, which is all that could be refused.
    let _ = string::write(text.as_bytes(), &mut out);
    out
}

impl Prepared {
    pub(super) fn new(schema: &Arc<Schema>, prefix: &str, schemas: bool) -> Self {
        let columns =
            schema.columns.iter().map(|column| PreparedColumn::new(schema, column, !schemas));
        let mut source = b",\"schema\":".to_vec();
        source.extend(json_string(&schema.origin.schema));
        source.extend_from_slice(b",\"table\":");
        source.extend(json_string(&schema.origin.name));
        source.extend_from_slice(b",\"txId\":");
        let (key, value) = if schemas {
            let records = envelope::schemas(prefix, schema);
            (Wrapping::of(&records.key), Wrapping::of(&records.value))
        } else {
            (Wrapping::default(), Wrapping::default())
        };
        Self { schema: Arc::clone(schema), columns: columns.collect(), source, key, value }
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
        self.tail.extend_from_slice(b",\"xmin\":null,\"origin\":");
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
