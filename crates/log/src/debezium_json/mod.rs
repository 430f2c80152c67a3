//! Debezium's envelope as Connect's JsonConverter writes it, without schemas or with them; or the row alone, as the
//! transform `ExtractNewRecordState` leaves it.
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
mod rows;
mod string;

use std::sync::Arc;

use cdc::{Batch, Schema};
use connect_data::json::DecimalFormat;

use crate::converter::{ConvertError, Piece};

pub(crate) use encode::DebeziumJson;
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
    fn of(schema: &connect_data::Schema, decimals: DecimalFormat) -> Self {
        let mut head = b"{\"schema\":".to_vec();
        // Its defaults were made by their schemas, which is all that could be refused.
        let _ = connect_data::json::put_schema(decimals, schema, &mut head);
        head.extend_from_slice(b",\"payload\":");
        Self { head, tail: b"}" }
    }
}

impl DebeziumJson {
    /// Meets a batch before its events.
    pub(crate) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.begin_batch(batch, now_micros);
        self.notes.begin(batch, now_micros);
    }

    /// Reads the value of a record whose schema is known.
    pub(crate) fn decode(
        &mut self,
        value: &[u8],
        verbatim: Option<&[u8]>,
        schema: &Arc<Schema>,
    ) -> Result<Piece, ConvertError> {
        let prepared = self.prepared(schema)?;
        envelope::read(value, verbatim, &prepared, self.settings.schemas_enable, &mut self.frames)
    }
}
