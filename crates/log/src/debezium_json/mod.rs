//! Debezium's envelope as Connect's JsonConverter writes it, without schemas or with them.
//!
//! On the way into the log this is the one formatting pass: from the bytes a cell arrived in to the bytes of
//! the record. On the way out it is the reverse, exact to the byte, because the schema of each record is
//! known from the log itself. It refuses what is not UTF-8, a key that was not sent, and a record that is
//! not as its schema says.

mod encode;
mod envelope;
mod note;
mod prepared;
mod put;
mod read;
mod string;

use std::sync::Arc;

use cdc::{Batch, Event, Note, Schema};

use crate::converter::{ConvertError, Converter, Piece};
use crate::records::Records;

pub use encode::DebeziumJson;
pub(crate) use prepared::json_string;
pub(crate) use put::{Json, unformed};
pub(crate) use read::{unquoted, value as read_value};

/// What JsonConverter puts around a payload: the schema before it, and a brace behind; nothing without schemas.
#[derive(Debug, Default)]
struct Wrapping {
    head: Vec<u8>,
    tail: &'static [u8],
}

impl Wrapping {
    fn of(schema: &connect_data::Schema) -> Self {
        let mut head = b"{\"schema\":".to_vec();
        // Its defaults were made by their schemas, which is all that could be refused.
        let _ = connect_data::json::put_schema(schema, &mut head);
        head.extend_from_slice(b",\"payload\":");
        Self { head, tail: b"}" }
    }
}

impl Converter for DebeziumJson {
    fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.begin_batch(batch, now_micros);
        self.notes.begin(batch, now_micros);
    }

    fn encode(&mut self, event: &Event, records: &mut Records) -> Result<(), ConvertError> {
        let (bytes, list) = (records.bytes.len(), records.list.len());
        let result = self.event(event, records);
        if result.is_err() {
            records.bytes.truncate(bytes);
            records.list.truncate(list);
        }
        result
    }

    fn note(&mut self, note: &Note, records: &mut Records) -> Result<(), ConvertError> {
        self.notes.write(note, records)
    }

    fn decode(
        &mut self,
        value: &[u8],
        verbatim: Option<&[u8]>,
        schema: &Arc<Schema>,
    ) -> Result<Piece, ConvertError> {
        let prepared = self.prepared(schema)?;
        envelope::read(value, verbatim, &prepared, self.schemas_enable, &mut self.frames)
    }
}
