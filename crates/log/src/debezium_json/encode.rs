//! A row in its envelope, or alone.

use std::sync::Arc;

use cdc::{Batch, Event, Note, Row, Schema};
use connect_data::json::JsonSettings;

use super::note::{self, NoteWriter};
use super::prepared::{Prepared, PreparedTransaction, json_string};
use super::rows::Rows;
use crate::changes::{Deletes, Encode, Part, Role};
use crate::converter::ConvertError;
use crate::names::{Names, SchemaError};
use crate::rows::{Frames, Side};
use crate::tables::Tables;

/// The converter of [`Format::DebeziumJson`](crate::Format::DebeziumJson) and [`Format::Json`](crate::Format::Json).
#[derive(Debug)]
pub(crate) struct DebeziumJson {
    deletes: Deletes,
    prefix: String,
    /// Whether names are those that Avro allows.
    in_avro: bool,
    pub(super) settings: JsonSettings,
    /// `"source":{"version":…,"connector":"postgresql","name":…,"ts_ms":`
    constant: Vec<u8>,
    database: Vec<u8>,
    transaction: PreparedTransaction,
    /// `,"ts_ms":…,"ts_us":…,"ts_ns":…}`: when the batch was processed.
    processed: Vec<u8>,
    tables: Tables<Prepared>,
    rows: Rows,
    pub(super) frames: Frames,
    pub(super) notes: NoteWriter,
}

impl DebeziumJson {
    /// A converter for the topics of `topic_prefix`.
    pub(crate) fn new(topic_prefix: &str, tombstones: bool, settings: JsonSettings) -> Self {
        let mut constant = b",\"source\":{\"version\":".to_vec();
        constant.extend(json_string(env!("CARGO_PKG_VERSION")));
        constant.extend_from_slice(b",\"connector\":\"postgresql\",\"name\":");
        constant.extend(json_string(topic_prefix));
        constant.extend_from_slice(b",\"ts_ms\":");
        Self {
            deletes: Deletes::Enveloped { tombstones },
            prefix: topic_prefix.to_owned(),
            in_avro: false,
            settings,
            constant,
            database: json_string(""),
            transaction: PreparedTransaction::default(),
            processed: Vec::new(),
            tables: Tables::default(),
            rows: Rows::new(settings),
            frames: Frames::default(),
            notes: NoteWriter::new(topic_prefix, settings),
        }
    }

    /// The same, whose rows stand alone.
    pub(crate) fn of_rows(topic_prefix: &str, settings: JsonSettings) -> Self {
        Self { deletes: Deletes::Rows, ..Self::new(topic_prefix, false, settings) }
    }

    /// The same for headers beside keys that Avro has to allow or not.
    pub(crate) fn with_names(self, in_avro: bool) -> Self {
        Self { in_avro, ..self }
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
        let names = Names::of_header(&schema.modes, self.in_avro);
        self.tables.get(schema, || Prepared::new(schema, &self.prefix, names, self.settings))
    }

    fn envelope(
        &mut self,
        part: &Part<'_>,
        schema: &Prepared,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let event = part.event;
        self.transaction.enter(event, &self.constant, &self.database);
        out.extend_from_slice(&schema.value.head);
        out.extend_from_slice(b"{\"before\":");
        self.rows.row(&schema.columns, event, Side::Before, part.before, out)?;
        out.extend_from_slice(b",\"after\":");
        self.rows.row(&schema.columns, event, Side::After, part.after, out)?;
        self.source(event, schema, out);
        out.extend_from_slice(b",\"transaction\":");
        note::transaction(event, part.order(), out);
        out.extend_from_slice(b",\"op\":\"");
        out.extend_from_slice(part.op.letter().as_bytes());
        out.push(b'"');
        out.extend_from_slice(&self.processed);
        out.extend_from_slice(schema.value.tail);
        Ok(())
    }

    /// The new row alone; null, whose schema is that of a row that may be missing, where there is none.
    fn row(
        &mut self,
        part: &Part<'_>,
        schema: &Prepared,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let wrapping = if part.after.is_some() { &schema.row } else { &schema.no_row };
        out.extend_from_slice(&wrapping.head);
        self.rows.row(&schema.columns, part.event, Side::After, part.after, out)?;
        out.extend_from_slice(wrapping.tail);
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

impl Encode for DebeziumJson {
    fn deletes(&self) -> Deletes {
        self.deletes
    }

    fn key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let schema = self.prepared(&event.schema)?;
        out.extend_from_slice(&schema.key.head);
        self.rows.key(&schema.columns, event, row, older, out)?;
        out.extend_from_slice(schema.key.tail);
        Ok(())
    }

    fn value(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<bool, ConvertError> {
        let schema = self.prepared(&part.event.schema)?;
        self.rows.begin();
        match self.deletes {
            Deletes::Enveloped { .. } => self.envelope(part, &schema, out)?,
            Deletes::Rows => self.row(part, &schema, out)?,
        }
        Ok(true)
    }

    fn is_exact(&self) -> bool {
        self.rows.is_exact()
    }

    fn write_verbatim(&self, schema: &Schema, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        self.rows.write_verbatim(schema, out)
    }

    fn note(&mut self, note: &Note, role: Role, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        self.notes.write(note, role, out)
    }
}
