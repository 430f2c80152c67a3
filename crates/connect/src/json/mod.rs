//! Kafka Connect's JsonConverter: JSON with or without the schema beside the payload.

mod node;
mod read;
mod read_schema;
mod text;
mod write;
mod write_schema;

use std::sync::Arc;

pub(crate) use node::{Node, parse as parse_json};
pub(crate) use read::{double, int, long, time};
pub(crate) use text::{put_base64, put_string};
pub(crate) use write::{check_scale, date_number};

use crate::error::{ConnectError, Result};
use crate::{Data, Schema, Value};

/// How many schemas' texts are kept for writing and for reading.
const SCHEMAS_KEPT_MAX: usize = 64;

/// What decimal numbers look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalFormat {
    /// The bytes of the unscaled number.
    #[default]
    Base64,
    /// A JSON number.
    Numeric,
}

impl std::str::FromStr for DecimalFormat {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_uppercase().as_str() {
            "BASE64" => Ok(Self::Base64),
            "NUMERIC" => Ok(Self::Numeric),
            _ => Err(ConnectError::Config(format!(
                "Invalid value {text} for configuration decimal.format: String must be one of (case insensitive): BASE64, NUMERIC"
            ))),
        }
    }
}

/// The converter's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonSettings {
    /// `schemas.enable`: whether the schema travels with each value.
    pub schemas_enable: bool,
    /// `decimal.format`: what decimal numbers look like. Both forms are read.
    pub decimal_format: DecimalFormat,
    /// `replace.null.with.default`: whether a schema's default stands in for null.
    pub replace_null_with_default: bool,
    /// Whether a value of another JSON type than its schema's is refused, and a float may be `"NaN"`, as it is written.
    /// Connect reads such values as 0, false or null.
    pub strict: bool,
}

impl Default for JsonSettings {
    fn default() -> Self {
        Self {
            schemas_enable: true,
            decimal_format: DecimalFormat::Base64,
            replace_null_with_default: true,
            strict: false,
        }
    }
}

/// The converter. It keeps the schemas it saw last, so that a stream of one schema costs only its payloads.
#[derive(Debug, Default)]
pub struct JsonConverter {
    settings: JsonSettings,
    written: Vec<(Arc<Schema>, Box<[u8]>)>,
    read_texts: Vec<Box<[u8]>>,
    read_schemas: Vec<Arc<Schema>>,
}

impl JsonConverter {
    /// A converter with these settings.
    pub fn new(settings: JsonSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Appends the bytes of a value; false, and nothing, where the record is to have none at all.
    pub fn write(
        &mut self,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        if schema.is_none() && value.is_null() {
            return Ok(false);
        }
        let start = out.len();
        let written = self.put(schema, value, out);
        if written.is_err() {
            out.truncate(start);
        }
        written.map(|()| true)
    }

    fn put(
        &mut self,
        schema: Option<&Arc<Schema>>,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if !self.settings.schemas_enable {
            return write::put(self.settings, schema.map(Arc::as_ref), value, out);
        }
        out.extend_from_slice(b"{\"schema\":");
        match schema {
            Some(schema) => self.put_schema(schema, out)?,
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"payload\":");
        write::put(self.settings, schema.map(Arc::as_ref), value, out)?;
        out.push(b'}');
        Ok(())
    }

    fn put_schema(&mut self, schema: &Arc<Schema>, out: &mut Vec<u8>) -> Result<()> {
        if let Some((_, text)) = self.written.iter().find(|(known, _)| Arc::ptr_eq(known, schema)) {
            out.extend_from_slice(text);
            return Ok(());
        }
        let start = out.len();
        write_schema::put(self.settings, Some(schema), out)?;
        if self.written.len() == SCHEMAS_KEPT_MAX {
            self.written.remove(0);
        }
        self.written.push((Arc::clone(schema), out[start..].into()));
        Ok(())
    }

    /// A value from a record's bytes, if it has any.
    pub fn read(&mut self, bytes: Option<&[u8]>) -> Result<Data> {
        let Some(bytes) = bytes else { return Ok(Data::null()) };
        if !self.settings.schemas_enable {
            let node = node::parse(bytes, &[]).map_err(malformed)?;
            return Ok(Data::schemaless(read::value(self.settings, None, &node)?));
        }
        let node = node::parse(bytes, &self.read_texts).map_err(malformed)?;
        let (schema, payload) = envelope(&node)?;
        let schema = match schema {
            Node::Known(place) => Some(Arc::clone(&self.read_schemas[*place])),
            schema => {
                let schema = read_schema::schema(self.settings, schema)?;
                if let Some(schema) = &schema {
                    self.remember(bytes, schema);
                }
                schema
            }
        };
        let value = read::value(self.settings, schema.as_ref(), payload)?;
        Ok(Data { schema, value })
    }

    fn remember(&mut self, bytes: &[u8], schema: &Arc<Schema>) {
        let Ok((_, text)) = node::parse_with_schema(bytes) else { return };
        if text.is_empty() {
            return;
        }
        if self.read_texts.len() == SCHEMAS_KEPT_MAX {
            self.read_texts.remove(0);
            self.read_schemas.remove(0);
        }
        self.read_texts.push(text.into());
        self.read_schemas.push(Arc::clone(schema));
    }
}

fn malformed(_: node::Malformed) -> ConnectError {
    ConnectError::Data(
        "Converting byte[] to Kafka Connect data failed due to serialization error: ".to_owned(),
    )
}

fn envelope<'n, 'a>(node: &'n Node<'a>) -> Result<(&'n Node<'a>, &'n Node<'a>)> {
    if let Node::Object(entries) = node
        && entries.len() == 2
        && let (Some(schema), Some(payload)) = (node.get("schema", 0), node.get("payload", 1))
    {
        return Ok((schema, payload));
    }
    Err(ConnectError::Data("JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.".to_owned()))
}

/// Nulls stay null: whoever writes one value at a time has no record to put a default into.
const ONE_VALUE: JsonSettings = JsonSettings {
    schemas_enable: false,
    decimal_format: DecimalFormat::Base64,
    replace_null_with_default: false,
    strict: false,
};

/// Appends one value's JSON.
///
/// # Errors
/// Where the value is not as the schema has it; what was appended is void then.
pub fn put_value(
    decimal_format: DecimalFormat,
    schema: &Schema,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<()> {
    write::put(JsonSettings { decimal_format, ..ONE_VALUE }, Some(schema), value, out)
}

/// Appends a schema's JSON, as it stands beside a payload.
///
/// # Errors
/// Where a default is not as its schema has it.
pub fn put_schema(decimal_format: DecimalFormat, schema: &Schema, out: &mut Vec<u8>) -> Result<()> {
    write_schema::put(JsonSettings { decimal_format, ..ONE_VALUE }, Some(schema), out)
}

/// Reads one value's JSON.
///
/// # Errors
/// Where it is no JSON, or not as the schema has it.
pub fn read_value(schema: &Arc<Schema>, json: &str) -> Result<Value> {
    let node = node::parse(json.as_bytes(), &[]).map_err(malformed)?;
    read::value(ONE_VALUE, Some(schema), &node)
}
