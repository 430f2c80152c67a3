//! Debezium's envelope as Connect's JsonConverter writes it without schemas.
//!
//! On the way into the log this is the one formatting pass: from the bytes a cell arrived in to the bytes of
//! the record. On the way out it is the reverse, exact to the byte, because the schema of each record is
//! known from the log itself. It refuses what is not UTF-8, a key that was not sent, and a record that is
//! not as its schema says.

mod encode;
mod envelope;
mod foreign;
mod frames;
mod note;
mod placeholder;
mod prepared;
mod read;
mod row;
mod string;
mod typed;
mod write;

use cdc::{Batch, Event, Note, Schema};

use crate::converter::{ConvertError, Converter, Foreign, Piece};
use crate::records::Records;

pub use encode::DebeziumJson;

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
        schema: &Schema,
    ) -> Result<Piece, ConvertError> {
        envelope::read(value, verbatim, schema, &mut self.frames)
    }

    fn decode_foreign(&mut self, value: &[u8]) -> Result<Foreign, ConvertError> {
        foreign::read(value)
    }
}
