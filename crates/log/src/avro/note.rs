//! Notes as Avro: rare records, each made as a Connect value first.

use std::collections::HashMap;

use cdc::{Batch, Modes, Note, TableName};
use connect_data::Schema;
use connect_data::avro::{AvroSchema, write};

use super::prepared::RecordSchema;
use crate::changes::Role;
use crate::converter::ConvertError;
use crate::names::{Names, SchemaError, adjust};
use crate::notes::Notes;

/// Writes notes.
#[derive(Debug)]
pub(super) struct NoteWriter {
    notes: Notes,
    /// The ids of schemas, by their names.
    ids: HashMap<String, u32>,
}

/// A note is of no table, so no modes choose its names.
fn names() -> Names {
    Names::of(&Modes::default()).in_avro()
}

impl NoteWriter {
    pub(super) fn new(topic_prefix: &str) -> Self {
        let notes = Notes::new(topic_prefix);
        Self { notes, ids: HashMap::new() }
    }

    pub(super) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.notes.begin(batch, now_micros);
    }

    /// The schemas of a note's key and value that have no id yet.
    pub(super) fn unknown(&self, note: &Note) -> Result<[Option<RecordSchema>; 2], SchemaError> {
        let schemas = self.notes.schemas(note);
        let known = |schema: &Schema| {
            self.ids.contains_key(&names().schema(schema.name.as_deref().unwrap_or_default()))
        };
        if known(&schemas.key) && known(&schemas.value) {
            return Ok([None, None]);
        }
        let place = TableName::new("", "message");
        let impossible = |error: connect_data::ConnectError| SchemaError::Impossible {
            table: place.clone(),
            reason: error.to_string(),
        };
        let adjusted = adjust(&schemas, names(), &place)?;
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

    /// Appends the key or the value of a note.
    pub(super) fn write(
        &mut self,
        note: &Note,
        role: Role,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let unfit = || ConvertError::Note { position: note.position() };
        let data = self.notes.record(note).part(role);
        let schema = data.schema.as_deref();
        let name = schema.and_then(|schema| schema.name.as_deref()).unwrap_or_default();
        let id = self.ids.get(&names().schema(name)).copied().ok_or_else(unfit)?;
        write(id, schema, &data.value, out).map(|_| ()).map_err(|_| unfit())
    }
}
