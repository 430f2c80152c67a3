//! Notes as Avro: rare records, each made as a Connect value first.

use std::collections::HashMap;

use cdc::{Batch, Note, TableName};
use connect_data::Schema;
use connect_data::avro::{AvroSchema, write};

use super::names::{SchemaError, adjust};
use super::prepared::RecordSchema;
use crate::converter::ConvertError;
use crate::envelope::RecordSchemas;
use crate::notes::{NoteRecord, Notes, Shared};
use crate::records::Records;
use crate::stamp::Stamp;

/// Writes notes.
#[derive(Debug)]
pub(super) struct NoteWriter {
    notes: Notes,
    database: String,
    now_micros: i64,
    /// The ids of schemas, by their names.
    ids: HashMap<String, u32>,
}

impl NoteWriter {
    pub(super) fn new(topic_prefix: &str) -> Self {
        let notes = Notes::new(topic_prefix);
        Self { notes, database: String::new(), now_micros: 0, ids: HashMap::new() }
    }

    pub(super) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.now_micros = now_micros;
        if let Some(source) = &batch.checkpoint.source
            && source.database != self.database
        {
            self.database.clone_from(&source.database);
        }
    }

    fn record(&self, note: &Note) -> NoteRecord {
        let shared = Shared { database: &self.database, now_micros: self.now_micros };
        self.notes.record(note, shared)
    }

    /// The schemas of a note's key and value that have no id yet.
    pub(super) fn unknown(&self, note: &Note) -> Result<[Option<RecordSchema>; 2], SchemaError> {
        let record = self.record(note);
        let place = TableName::new("", "message");
        let impossible = |error: connect_data::ConnectError| SchemaError::Impossible {
            table: place.clone(),
            reason: error.to_string(),
        };
        let (Some(key), Some(value)) = (record.key.schema, record.value.schema) else {
            return Ok([None, None]);
        };
        let adjusted = adjust(&RecordSchemas { key, value }, &place)?;
        let unknown = |schema: &Schema| {
            let name = schema.name.as_deref().unwrap_or_default();
            if self.ids.contains_key(name) {
                return Ok(None);
            }
            let avro = AvroSchema::from_connect(Some(schema)).map_err(impossible)?;
            Ok(Some(RecordSchema::of(schema, &avro)))
        };
        Ok([unknown(&adjusted.key)?, unknown(&adjusted.value)?])
    }

    /// The id that a registry gave to a schema of this name.
    pub(super) fn learn(&mut self, name: String, id: u32) {
        self.ids.insert(name, id);
    }

    /// Appends the record of a note.
    pub(super) fn write(&mut self, note: &Note, records: &mut Records) -> Result<(), ConvertError> {
        let record = self.record(note);
        let position = note.position();
        let mut span = |data: &connect_data::Data| {
            let schema = data.schema.as_deref();
            let name = schema.and_then(|schema| schema.name.as_deref()).unwrap_or_default();
            let id = self.ids.get(&super::names::full_name(name)).copied();
            let id = id.ok_or(ConvertError::Note { position })?;
            records.span(|out| {
                write(id, schema, &data.value, out)
                    .map(|_| ())
                    .map_err(|_| ConvertError::Note { position })
            })
        };
        let (key, value) = (span(&record.key)?, span(&record.value)?);
        records.push(Stamp::of_note(note), Some(key), Some(value), None, None);
        Ok(())
    }
}
