//! Debezium's envelope as Confluent's AvroConverter writes it: a zero, the schema's id, and Avro's bytes.
//!
//! The schemas are those of Debezium's records, with the names that Debezium has under `schema.name.adjustment.mode=avro`
//! and `field.name.adjustment.mode=avro`, where a table's modes do not ask for others. A registry is asked by others: they take the schemas of a table version from
//! [`Avro::schemas`] and bring their ids before its first record is [encoded](Converter::encode), and bring the schema of
//! an id that was [not met](Avro::unmet) before its first record is [decoded](Converter::decode).
//!
//! It refuses columns whose names become one, what is not UTF-8, a key that was not sent, and a record that was written
//! with another schema than that of its table version, or is not as its schema says.

mod cursor;
mod encode;
mod envelope;
mod note;
mod prepared;
mod put;
mod read;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cdc::{Batch, Event, Note, Row, Schema};
use connect_data::avro::{AvroSchema, split};

use self::encode::Encoder;
use self::prepared::Prepared;
use crate::changes::{Deletes, Encode, Part, Role};
use crate::converter::{ConvertError, Piece};
use crate::names::SchemaError;
use crate::rows::Frames;
use crate::tables::Tables;

pub(crate) use prepared::RecordSchema;

/// The ids of the schemas of a table version, of what is written in Avro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaIds {
    /// Of the keys, if the table has one.
    pub key: Option<u32>,
    /// Of the envelopes.
    pub value: Option<u32>,
}

/// The converter of [`Format::Avro`](crate::Format::Avro).
#[derive(Debug)]
pub struct Avro {
    prefix: String,
    tombstones: bool,
    encoder: Encoder,
    tables: Tables<Prepared>,
    ids: HashMap<u64, SchemaIds>,
    /// The schemas of ids that were met in records.
    met: HashMap<u32, Arc<AvroSchema>>,
    /// Table versions and ids of the same schema.
    agreed: HashSet<(u64, u32)>,
    frames: Frames,
    notes: note::NoteWriter,
}

impl Avro {
    /// A converter for the topics of `topic_prefix`.
    pub fn new(topic_prefix: &str, tombstones: bool) -> Self {
        Self {
            prefix: topic_prefix.to_owned(),
            tombstones,
            encoder: Encoder::new(topic_prefix),
            tables: Tables::default(),
            ids: HashMap::new(),
            met: HashMap::new(),
            agreed: HashSet::new(),
            frames: Frames::default(),
            notes: note::NoteWriter::new(topic_prefix),
        }
    }

    /// What its topics begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether the ids of this table version are known.
    pub(crate) fn knows(&self, fingerprint: u64) -> bool {
        self.ids.contains_key(&fingerprint)
    }

    /// The schemas of a table version's records, for a registry.
    ///
    /// # Errors
    /// Where the table has none.
    pub(crate) fn schemas(
        &mut self,
        schema: &Arc<Schema>,
    ) -> Result<(Option<RecordSchema>, RecordSchema), SchemaError> {
        let prepared = self.prepared(schema)?;
        Ok((prepared.key.clone(), prepared.value.clone()))
    }

    /// The schemas of a note's key and value whose ids are not known.
    ///
    /// # Errors
    /// Where a note has none.
    pub(crate) fn unknown_of_note(
        &self,
        note: &Note,
    ) -> Result<[Option<RecordSchema>; 2], SchemaError> {
        self.notes.unknown(note)
    }

    /// The id that a registry gave to a schema of notes.
    pub(crate) fn learn_of_notes(&mut self, name: String, id: u32) {
        self.notes.learn(name, id);
    }

    /// The schema of a table version's envelopes, as JSON.
    ///
    /// # Errors
    /// Where the table has none.
    pub fn value_schema(&mut self, schema: &Arc<Schema>) -> Result<String, SchemaError> {
        self.schemas(schema).map(|(_, value)| value.json)
    }

    /// The ids that a registry gave to the schemas of a table version.
    pub fn learn(&mut self, fingerprint: u64, ids: SchemaIds) {
        self.ids.insert(fingerprint, ids);
    }

    /// The id of a record's value whose schema has not been met.
    pub(crate) fn unmet(&self, value: &[u8]) -> Option<u32> {
        let (id, _) = split(value).ok()?;
        (!self.met.contains_key(&id)).then_some(id)
    }

    /// The schema that a registry has under an id.
    ///
    /// # Errors
    /// Where it is no Avro schema.
    pub fn meet(&mut self, id: u32, schema: &str) -> Result<(), ConvertError> {
        let wrong = || malformed(1, format!("the schema of id {id} is not an Avro schema"));
        let schema: AvroSchema = schema.parse().map_err(|_| wrong())?;
        self.met.insert(id, Arc::new(schema));
        Ok(())
    }

    /// What is the same in all records of a table's version.
    fn prepared(&mut self, schema: &Arc<Schema>) -> Result<Arc<Prepared>, SchemaError> {
        let prefix = &self.prefix;
        self.tables.get(schema, || Prepared::new(schema, prefix))
    }

    /// The id of the schema of a table version's keys or values.
    fn id(&self, schema: &Schema, role: Role) -> Result<u32, SchemaError> {
        let ids = self.ids.get(&schema.fingerprint());
        let id = ids.and_then(|ids| match role {
            Role::Key => ids.key,
            Role::Value => ids.value,
        });
        id.ok_or_else(|| SchemaError::NoId { table: schema.table.clone() })
    }

    /// Makes sure that the id's schema is that of the table version.
    fn agree(
        &mut self,
        fingerprint: u64,
        id: u32,
        schema: &AvroSchema,
    ) -> Result<(), ConvertError> {
        if self.agreed.contains(&(fingerprint, id)) {
            return Ok(());
        }
        if !self.met(id)?.writes_as(schema) {
            return Err(malformed(
                1,
                format!("the schema of id {id} is not that of the record's table version"),
            ));
        }
        self.agreed.insert((fingerprint, id));
        Ok(())
    }

    fn met(&self, id: u32) -> Result<&Arc<AvroSchema>, ConvertError> {
        self.met.get(&id).ok_or_else(|| malformed(1, format!("the schema of id {id} is not known")))
    }
}

fn malformed(byte: usize, reason: String) -> ConvertError {
    ConvertError::Malformed { byte, reason }
}

/// The id a record begins with, and what follows it.
fn id_of(value: &[u8]) -> Result<(u32, &[u8]), ConvertError> {
    split(value)
        .map_err(|_| malformed(0, "expected a zero and the four bytes of a schema's id".to_owned()))
}

impl Avro {
    /// Meets a batch before its events.
    pub(crate) fn begin(&mut self, batch: &Batch, now_micros: i64) {
        self.encoder.begin(batch, now_micros);
        self.notes.begin(batch, now_micros);
    }

    /// Reads the value of a record whose schema is known.
    pub(crate) fn decode(
        &mut self,
        value: &[u8],
        verbatim: Option<&[u8]>,
        schema: &Arc<Schema>,
    ) -> Result<Piece, ConvertError> {
        let (id, body) = id_of(value)?;
        let prepared = self.prepared(schema)?;
        self.agree(schema.fingerprint(), id, &prepared.avro)?;
        envelope::read(body, value.len(), verbatim, &prepared, &mut self.frames)
    }
}

impl Encode for Avro {
    fn deletes(&self) -> Deletes {
        Deletes::Enveloped { tombstones: self.tombstones }
    }

    fn key(
        &mut self,
        event: &Event,
        row: &Row,
        older: Option<&Row>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        let table = self.prepared(&event.schema)?;
        let id = self.id(&event.schema, Role::Key)?;
        self.encoder.key(&table, id, event, (row, older), out)
    }

    fn value(&mut self, part: &Part<'_>, out: &mut Vec<u8>) -> Result<bool, ConvertError> {
        let table = self.prepared(&part.event.schema)?;
        let id = self.id(&part.event.schema, Role::Value)?;
        self.encoder.value(&table, id, part, out)?;
        Ok(true)
    }

    fn is_exact(&self) -> bool {
        self.encoder.rows.is_exact()
    }

    fn write_verbatim(&self, schema: &Schema, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        self.encoder.rows.write_verbatim(schema, out)
    }

    fn note(&mut self, note: &Note, role: Role, out: &mut Vec<u8>) -> Result<(), ConvertError> {
        self.notes.write(note, role, out)
    }
}
