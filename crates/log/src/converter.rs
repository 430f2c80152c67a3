//! The wire formats: what an event is as records, and what a record is as a change.
//!
//! The seam between the log and its formats. A converter knows bytes and rows and no Kafka; the log knows
//! Kafka and no format. [`Format`] is the closed list of what a pipeline file may name.

use std::sync::Arc;

use cdc::{
    Batch, Event, Lsn, Note, Op, Order, Origin, Position, Row, Schema, SnapshotRow, TableName,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::avro::Avro;
use crate::debezium_json::DebeziumJson;
use crate::names::SchemaError;
use crate::records::Records;

/// The formats a pipeline file may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Debezium's envelope as Connect's JsonConverter writes it with `schemas.enable=false`.
    #[default]
    DebeziumJson,
    /// The same with `schemas.enable=true`: each record has its schema beside its payload.
    DebeziumJsonSchemas,
    /// What Confluent's AvroConverter writes: Debezium's envelope, or, read from `topics`, a row; needs
    /// `schema_registry`.
    Avro,
    /// A row, without an envelope, as JsonConverter writes it with `schemas.enable=false`. Only read from `topics`.
    Json,
    /// The same with `schemas.enable=true`.
    JsonSchemas,
    /// Text. Only a key that is read from `topics`.
    String,
    /// Bytes. Only a key that is read from `topics`.
    Bytes,
}

impl Format {
    /// The word in the pipeline file.
    pub const fn word(self) -> &'static str {
        match self {
            Format::DebeziumJson => "debezium_json",
            Format::DebeziumJsonSchemas => "debezium_json_schemas",
            Format::Avro => "avro",
            Format::Json => "json",
            Format::JsonSchemas => "json_schemas",
            Format::String => "string",
            Format::Bytes => "bytes",
        }
    }

    /// Whether a capture half writes it.
    pub const fn is_written(self) -> bool {
        matches!(self, Format::DebeziumJson | Format::DebeziumJsonSchemas | Format::Avro)
    }

    /// The converter of this format. `tombstones`: whether a delete is followed by one.
    pub fn converter(self, topic_prefix: &str, tombstones: bool) -> AnyConverter {
        let schemas = match self {
            // The others have no envelope: the pipeline file names them for `topics` alone.
            Format::DebeziumJson | Format::Json | Format::String | Format::Bytes => false,
            Format::DebeziumJsonSchemas | Format::JsonSchemas => true,
            Format::Avro => {
                return AnyConverter::Avro(Avro::new(topic_prefix, tombstones));
            }
        };
        AnyConverter::DebeziumJson(DebeziumJson::new(topic_prefix, tombstones, schemas))
    }
}

/// A value that could not be turned into its other form. Says where; never what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// A cell is not UTF-8, so JSON cannot hold it.
    #[error("{table}, column {column}, at {position}: byte {byte} of the value is not UTF-8")]
    NotUtf8 {
        /// The table.
        table: TableName,
        /// The column.
        column: Arc<str>,
        /// The event.
        position: Position,
        /// The first byte that is not.
        byte: usize,
    },
    /// A column of the key was not sent, so nobody knows which key the record belongs to.
    #[error(
        "{table}, column {column}, at {position}: the source did not send this column of the key"
    )]
    KeyNotSent {
        /// The table.
        table: TableName,
        /// The column.
        column: Arc<str>,
        /// The event.
        position: Position,
    },
    /// A note does not fit its own schema.
    #[error("the note at {position} does not fit its schema")]
    Note {
        /// Where it stands.
        position: Position,
    },
    /// A table has no schema that its records could be written with.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A record is not what its format says.
    #[error("byte {byte}: {reason}")]
    Malformed {
        /// Where in the record's value.
        byte: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// A record's change, with its rows as the schema has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The operation.
    pub op: Op,
    /// The old row.
    pub before: Option<Row>,
    /// The new row.
    pub after: Option<Row>,
    /// Where the change's own WAL record begins.
    pub lsn: Lsn,
    /// The transaction's id.
    pub xid: u32,
    /// When it was committed, in microseconds since 1970.
    pub commit_micros: i64,
    /// The end of the transaction before it.
    pub previous_commit_lsn: Option<Lsn>,
    /// Which of the snapshot's rows it is, if it is one.
    pub snapshot: Option<SnapshotRow>,
    /// Where the source has the transaction from.
    pub origin: Option<Origin>,
    /// Which event of its transaction it is.
    pub order: Option<Order>,
}

impl Piece {
    /// The piece, if it has the rows its operation has.
    pub(crate) fn checked(self) -> Result<Self, ConvertError> {
        let (before, after) = match self.op {
            Op::Create | Op::Read => (false, true),
            Op::Update => (self.before.is_some(), true),
            Op::Delete => (true, false),
            Op::Truncate => (false, false),
        };
        if (self.before.is_some(), self.after.is_some()) == (before, after) {
            return Ok(self);
        }
        Err(ConvertError::Malformed { byte: 0, reason: "the rows do not fit the op".to_owned() })
    }
}

/// One wire format.
pub trait Converter: Send {
    /// Meets a batch before its events: what they share is prepared once.
    fn begin(&mut self, batch: &Batch, now_micros: i64);

    /// Appends the records of one event.
    ///
    /// # Errors
    /// Where a value cannot be written; `records` is as it was then.
    fn encode(&mut self, event: &Event, records: &mut Records) -> Result<(), ConvertError>;

    /// Appends the record of what is no change of a row.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn note(&mut self, note: &Note, records: &mut Records) -> Result<(), ConvertError>;

    /// Reads the value of a record whose schema is known. `verbatim` is the header of that name.
    ///
    /// # Errors
    /// Where the record is not of this format or of this schema.
    fn decode(
        &mut self,
        value: &[u8],
        verbatim: Option<&[u8]>,
        schema: &Arc<Schema>,
    ) -> Result<Piece, ConvertError>;
}

/// The converter of any [`Format`].
#[derive(Debug)]
pub enum AnyConverter {
    /// Of [`Format::DebeziumJson`].
    DebeziumJson(DebeziumJson),
    /// Of [`Format::Avro`].
    Avro(Avro),
}

impl Converter for AnyConverter {
    fn begin(&mut self, batch: &Batch, now_micros: i64) {
        match self {
            AnyConverter::DebeziumJson(converter) => converter.begin(batch, now_micros),
            AnyConverter::Avro(converter) => converter.begin(batch, now_micros),
        }
    }

    fn encode(&mut self, event: &Event, records: &mut Records) -> Result<(), ConvertError> {
        match self {
            AnyConverter::DebeziumJson(converter) => converter.encode(event, records),
            AnyConverter::Avro(converter) => converter.encode(event, records),
        }
    }

    fn note(&mut self, note: &Note, records: &mut Records) -> Result<(), ConvertError> {
        match self {
            AnyConverter::DebeziumJson(converter) => converter.note(note, records),
            AnyConverter::Avro(converter) => converter.note(note, records),
        }
    }

    fn decode(
        &mut self,
        value: &[u8],
        verbatim: Option<&[u8]>,
        schema: &Arc<Schema>,
    ) -> Result<Piece, ConvertError> {
        match self {
            AnyConverter::DebeziumJson(converter) => converter.decode(value, verbatim, schema),
            AnyConverter::Avro(converter) => converter.decode(value, verbatim, schema),
        }
    }
}
