//! The bytes of a key or a value, in the format the pipeline file names.

use std::collections::HashMap;
use std::sync::Arc;

use connect_data::avro::{AvroReader, AvroSchema, split};
use connect_data::json::{DecimalFormat, JsonConverter, JsonSettings};
use connect_data::{ConnectError, Data, Schema, Type, Value};
use serde::de::IgnoredAny;

use super::item::Item;
use crate::error::LogError;
use crate::format::Format;
use crate::registrar::Registrar;

/// What was in the bytes.
#[derive(Debug)]
pub(super) enum Decoded<'a> {
    /// Nothing, or null.
    Null,
    /// JSON without a schema.
    Json(&'a str),
    /// A value and its schema.
    Typed(Arc<Schema>, Value),
}

impl Decoded<'_> {
    /// The whole of it.
    pub(super) fn item(&self) -> Option<Item<'_>> {
        match self {
            Decoded::Null => None,
            Decoded::Json(json) => Some(Item::Json(json)),
            Decoded::Typed(schema, value) => Some(Item::Typed(schema, value)),
        }
    }
}

/// Bytes that are not of the format.
#[derive(Debug)]
pub(super) enum Unread {
    /// From this byte on, for this reason.
    At(usize, String),
    /// The schema that the registry has is of no use, for this reason.
    Schema(String),
    /// The schema could not be had.
    Registry(LogError),
}

/// Reads keys, or values.
#[derive(Debug)]
pub(super) struct Side {
    format: Format,
    json: JsonConverter,
    avro: HashMap<u32, AvroReader>,
    registrar: Registrar,
}

impl Side {
    pub(super) fn new(format: Format, registrar: Registrar) -> Self {
        let json = JsonConverter::new(JsonSettings {
            schemas_enable: true,
            decimal_format: DecimalFormat::Base64,
            // A null is a null: what the producer wanted instead it has written.
            replace_null_with_default: false,
            strict: true,
        });
        Self { format, json, avro: HashMap::new(), registrar }
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn read<'a>(&mut self, bytes: Option<&'a [u8]>) -> Result<Decoded<'a>, Unread> {
        let Some(bytes) = bytes else { return Ok(Decoded::Null) };
        match self.format {
            Format::DebeziumJson | Format::Json => plain(bytes),
            Format::DebeziumJsonSchemas | Format::JsonSchemas => self.with_schema(bytes),
            Format::Avro => self.avro(bytes),
            Format::String => {
                let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(&error))?;
                let schema = Arc::new(Schema::new(Type::String));
                Ok(Decoded::Typed(schema, Value::String(text.to_owned())))
            }
            Format::Bytes => {
                let schema = Arc::new(Schema::new(Type::Bytes));
                Ok(Decoded::Typed(schema, Value::Bytes(bytes.to_vec())))
            }
        }
    }

    fn with_schema<'a>(&mut self, bytes: &[u8]) -> Result<Decoded<'a>, Unread> {
        match self.json.read(Some(bytes)) {
            Ok(Data { value: Value::Null, .. }) => Ok(Decoded::Null),
            Ok(Data { schema: Some(schema), value }) => Ok(Decoded::Typed(schema, value)),
            Ok(Data { schema: None, .. }) => Err(Unread::At(
                0,
                "expected a schema beside the payload, and it is null".to_owned(),
            )),
            // The converter's own words may hold a value.
            Err(_) => Err(match plain(bytes) {
                Err(not_json) => not_json,
                Ok(Decoded::Json(json)) if !json.contains("\"payload\"") => Unread::At(
                    0,
                    "expected a schema beside a payload: {\"schema\":…,\"payload\":…}".to_owned(),
                ),
                Ok(_) => Unread::At(0, "the payload is not as its schema says".to_owned()),
            }),
        }
    }

    fn avro<'a>(&mut self, bytes: &[u8]) -> Result<Decoded<'a>, Unread> {
        let (id, body) = split(bytes).map_err(|_| {
            Unread::At(0, "expected a zero and the four bytes of a schema's id".to_owned())
        })?;
        if !self.avro.contains_key(&id) {
            let texts = self.registrar.schema_and_references(id).map_err(Unread::Registry)?;
            let reader = reader_of(&texts).map_err(|error| {
                Unread::Schema(format!("the schema of id {id} cannot be used: {error}"))
            })?;
            self.avro.insert(id, reader);
        }
        let Some(reader) = self.avro.get(&id) else { return Ok(Decoded::Null) };
        let data = reader.read(body);
        let data = data.map_err(|_| {
            Unread::At(5, format!("the bytes are not as the schema of id {id} says"))
        })?;
        match data {
            Data { value: Value::Null, .. } => Ok(Decoded::Null),
            Data { schema: Some(schema), value } => Ok(Decoded::Typed(schema, value)),
            Data { schema: None, .. } => {
                Err(Unread::Schema(format!("the schema of id {id} says nothing of the value")))
            }
        }
    }
}

/// The reader of the last schema; those before it are what it names.
fn reader_of(texts: &[String]) -> Result<AvroReader, ConnectError> {
    let (text, others) = texts.split_last().map_or(("", texts), |(text, others)| (text, others));
    AvroReader::new(AvroSchema::parse_with(others, text)?)
}

fn not_utf8(error: &std::str::Utf8Error) -> Unread {
    Unread::At(error.valid_up_to(), "the record is not UTF-8".to_owned())
}

/// JSON that is whole; where it breaks off otherwise.
fn plain(bytes: &[u8]) -> Result<Decoded<'_>, Unread> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(&error))?;
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let lines = text.lines().take(error.line().saturating_sub(1));
        let before: usize = lines.map(|line| line.len() + 1).sum();
        let byte = before + error.column().saturating_sub(1);
        return Err(Unread::At(byte, "the record is not JSON".to_owned()));
    }
    let json = text.trim_matches([' ', '\t', '\n', '\r']);
    Ok(if json == "null" { Decoded::Null } else { Decoded::Json(json) })
}
