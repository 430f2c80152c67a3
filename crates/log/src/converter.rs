//! The wire formats: what an event is as records, and what a record is as a change.
//!
//! The seam between the log and its formats. A converter knows bytes and rows and no Kafka; the log knows
//! Kafka and no format.

use std::sync::Arc;

use cdc::{
    Batch, Event, Lsn, Note, Op, Order, Origin, Position, Row, Schema, SnapshotRow, TableName,
};

use crate::avro::Avro;
use crate::changes::{self, Deletes, Encode, Part, Role};
use crate::debezium_json::DebeziumJson;
use crate::format::{Format, Formats};
use crate::headers::Headers;
use crate::names::SchemaError;
use crate::records::Records;
use crate::string::Strings;

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

/// The converter of any [`Format`], or of one for the values and another for the keys.
#[derive(Debug)]
pub struct AnyConverter {
    value: One,
    /// Where keys are not of the values' format.
    key: Option<One>,
    headers: Headers,
}

#[derive(Debug)]
enum One {
    Json(Box<DebeziumJson>),
    Avro(Box<Avro>),
    String(Box<Strings>),
}

impl One {
    fn of(format: Format, formats: Formats, prefix: &str, tombstones: bool) -> Self {
        let settings = |schemas| formats.json(schemas);
        let json =
            |schemas| One::Json(Box::new(DebeziumJson::new(prefix, tombstones, settings(schemas))));
        let rows = |schemas| One::Json(Box::new(DebeziumJson::of_rows(prefix, settings(schemas))));
        match format {
            Format::DebeziumJson => json(false),
            Format::DebeziumJsonSchemas => json(true),
            Format::Avro => One::Avro(Box::new(Avro::new(prefix, tombstones))),
            // No file says bytes where records are written.
            Format::Json | Format::Bytes => rows(false),
            Format::JsonSchemas => rows(true),
            Format::String => One::String(Box::new(Strings::new(prefix))),
        }
    }

    fn encoder(&mut self) -> &mut dyn Encode {
        match self {
            One::Json(json) => &mut **json,
            One::Avro(avro) => &mut **avro,
            One::String(strings) => &mut **strings,
        }
    }

    fn encoded(&self) -> &dyn Encode {
        match self {
            One::Json(json) => &**json,
            One::Avro(avro) => &**avro,
            One::String(strings) => &**strings,
        }
    }

    fn begin(&mut self, batch: &Batch, now_micros: i64) {
        match self {
            One::Json(json) => json.begin(batch, now_micros),
            One::Avro(avro) => avro.begin(batch, now_micros),
            One::String(strings) => strings.begin(batch, now_micros),
        }
    }
}

impl From<Avro> for AnyConverter {
    fn from(avro: Avro) -> Self {
        let headers = Headers::of(Formats::new(Format::Avro, Format::Avro), avro.prefix());
        Self { value: One::Avro(Box::new(avro)), key: None, headers }
    }
}

impl AnyConverter {
    /// The converter of keys of one format and values of another.
    pub(crate) fn of(formats: Formats, prefix: &str, tombstones: bool) -> Self {
        let of = |format| One::of(format, formats, prefix, tombstones);
        let Formats { key, value, .. } = formats;
        let headers = Headers::of(formats, prefix);
        Self { value: of(value), key: (!key.has_keys_of(value)).then(|| of(key)), headers }
    }

    /// The part of it that writes Avro, if one does.
    pub fn avro(&mut self) -> Option<&mut Avro> {
        match (&mut self.value, &mut self.key) {
            (One::Avro(avro), _) | (_, Some(One::Avro(avro))) => Some(avro),
            _ => None,
        }
    }

    /// Whether its keys are Avro, and its values.
    pub(crate) fn avro_roles(&self) -> [bool; 2] {
        let is_avro = |one: &One| matches!(one, One::Avro(_));
        [is_avro(self.key.as_ref().unwrap_or(&self.value)), is_avro(&self.value)]
    }

    /// Whether there is no record of this event.
    pub(crate) fn leaves_out(&self, event: &Event) -> bool {
        self.deletes() == Deletes::Rows && matches!(event.change, cdc::Change::Truncate { .. })
    }

    /// Refuses a table whose keys would not tell its rows apart.
    pub(crate) fn check_key(&mut self, schema: &Arc<Schema>) -> Result<(), SchemaError> {
        match self.key.as_mut().unwrap_or(&mut self.value) {
            One::String(strings) => strings.check_key(schema),
            _ => Ok(()),
        }
    }

    fn keys(&mut self) -> &mut dyn Encode {
        self.key.as_mut().unwrap_or(&mut self.value).encoder()
    }
}

impl Encode for AnyConverter {
    fn deletes(&self) -> Deletes {
        self.value.encoded().deletes()
    }

    fn key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        self.keys().key(event, row, older, out)
    }

    fn key_in_header(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<bool, ConvertError> {
        self.headers.key(event, row, older, out)
    }

    fn value(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<bool, ConvertError> {
        self.value.encoder().value(part, out)
    }

    fn is_exact(&self) -> bool {
        self.value.encoded().is_exact()
    }

    fn write_verbatim(&self, schema: &Schema, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        self.value.encoded().write_verbatim(schema, out)
    }

    fn note(&mut self, note: &Note, role: Role, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        match role {
            Role::Key => self.keys().note(note, role, out),
            Role::Value => self.value.encoder().note(note, role, out),
        }
    }
}

impl Converter for AnyConverter {
    fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.value.begin(batch, now_micros);
        if let Some(key) = &mut self.key {
            key.begin(batch, now_micros);
        }
    }

    fn encode(&mut self, event: &Event, records: &mut Records) -> Result<(), ConvertError> {
        changes::write(self, event, records)
    }

    fn note(&mut self, note: &Note, records: &mut Records) -> Result<(), ConvertError> {
        changes::write_note(self, note, records)
    }

    fn decode(
        &mut self,
        value: &[u8],
        verbatim: Option<&[u8]>,
        schema: &Arc<Schema>,
    ) -> Result<Piece, ConvertError> {
        match &mut self.value {
            One::Json(json) => json.decode(value, verbatim, schema),
            One::Avro(avro) => avro.decode(value, verbatim, schema),
            One::String(_) => Err(ConvertError::Malformed {
                byte: 0,
                reason: "nothing reads format string back".to_owned(),
            }),
        }
    }
}
