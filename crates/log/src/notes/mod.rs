//! Notes as Kafka Connect's data: what Debezium writes for what is no change of a row, whatever the format.
//!
//! These records are rare, so each is made as a value with its schema, which any of Connect's converters prints.

mod message;
mod order;
mod source;
mod transaction;

use cdc::Note;
use connect_data::Data;

use message::Messages;
use transaction::Boundaries;

/// A record before a converter has printed it.
#[derive(Debug)]
pub(crate) struct NoteRecord {
    pub(crate) key: Data,
    pub(crate) value: Data,
}

/// Makes the records of one topic prefix.
#[derive(Debug)]
pub(crate) struct Notes {
    messages: Messages,
    boundaries: Boundaries,
}

/// What all records of a batch share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared<'a> {
    /// The database they come from.
    pub(crate) database: &'a str,
    /// When the batch is processed, in microseconds since 1970.
    pub(crate) now_micros: i64,
}

impl Notes {
    pub(crate) fn new(topic_prefix: &str) -> Self {
        Self { messages: Messages::new(topic_prefix), boundaries: Boundaries::new() }
    }

    /// The record of a note.
    pub(crate) fn record(&self, note: &Note, shared: Shared<'_>) -> NoteRecord {
        match note {
            Note::Message(message) => self.messages.record(message, shared),
            Note::Boundary(boundary) => self.boundaries.record(boundary),
        }
    }
}
