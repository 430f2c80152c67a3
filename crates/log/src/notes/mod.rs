//! Notes as Kafka Connect's data: what Debezium writes for what is no change of a row, whatever the format.
//!
//! These records are rare, so each is made as a value with its schema, which any of Connect's converters prints.

mod heartbeat;
mod message;
mod order;
mod source;
mod transaction;

use cdc::{Batch, Note};
use connect_data::Data;

use heartbeat::Heartbeats;
use message::Messages;
use transaction::Boundaries;

use crate::changes::Role;
use crate::envelope::RecordSchemas;

/// A record before a converter has printed it.
#[derive(Debug)]
pub(crate) struct NoteRecord {
    pub(crate) key: Data,
    pub(crate) value: Data,
}

impl NoteRecord {
    /// One part of it.
    pub(crate) fn part(self, role: Role) -> Data {
        match role {
            Role::Key => self.key,
            Role::Value => self.value,
        }
    }
}

/// Makes the records of one topic prefix.
#[derive(Debug)]
pub(crate) struct Notes {
    messages: Messages,
    boundaries: Boundaries,
    heartbeats: Heartbeats,
    database: String,
    now_micros: i64,
}

/// What all records of a batch share.
#[derive(Clone, Copy, Debug)]
struct Shared<'a> {
    /// The database they come from.
    database: &'a str,
    /// When the batch is processed, in microseconds since 1970.
    now_micros: i64,
}

impl Notes {
    pub(crate) fn new(topic_prefix: &str) -> Self {
        Self {
            messages: Messages::new(topic_prefix),
            boundaries: Boundaries::new(),
            heartbeats: Heartbeats::new(topic_prefix),
            database: String::new(),
            now_micros: 0,
        }
    }

    /// Meets a batch before its notes.
    pub(crate) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.now_micros = now_micros;
        if let Some(source) = &batch.checkpoint.source
            && source.database != self.database
        {
            self.database.clone_from(&source.database);
        }
    }

    /// The schemas of a note's record.
    pub(crate) fn schemas(&self, note: &Note) -> RecordSchemas {
        match note {
            Note::Message(message) => self.messages.schemas(message),
            Note::Boundary(_) => self.boundaries.schemas(),
            Note::Heartbeat(_) => self.heartbeats.schemas(),
        }
    }

    /// The record of a note.
    pub(crate) fn record(&self, note: &Note) -> NoteRecord {
        let shared = Shared { database: &self.database, now_micros: self.now_micros };
        match note {
            Note::Message(message) => self.messages.record(message, shared),
            Note::Boundary(boundary) => self.boundaries.record(boundary),
            Note::Heartbeat(_) => self.heartbeats.record(shared),
        }
    }
}
