//! Avro as Confluent's converter has it: a zero, the schema's id, and the bytes of the value.
//!
//! An id is what a schema registry gave; asking it is for others. Names are taken as they are, enumerations are text and
//! unions of several types are structs: the settings that would change this are off by default there.

mod decode;
mod default;
mod encode;
mod from_connect;
mod parse;
mod print;
mod schema;
mod to_connect;

pub use decode::AvroReader;
pub use encode::put_long;
pub use schema::AvroSchema;

use crate::error::{self, Result};
use crate::{Schema, Value};

/// The namespace of what has no name of its own.
const NAMESPACE: &str = "io.confluent.connect.avro";
/// The name of a struct that has none.
const DEFAULT_NAME: &str = "ConnectDefault";
/// The record a value without a schema travels in.
const ANYTHING: &str = "io.confluent.connect.avro.Anything";
/// The record of a map whose keys are not text.
const MAP_ENTRY: &str = "MapEntry";
/// The name of a struct that stands for a union.
const UNION: &str = "io.confluent.connect.avro.Union";
/// The parameter that says how many bytes each value has.
const FIXED_SIZE: &str = "connect.fixed.size";
/// The parameter that says how many digits a decimal has.
const PRECISION: &str = "connect.decimal.precision";
/// How many digits a decimal has where nothing is said.
const PRECISION_DEFAULT: i32 = 64;
/// The parameter that tells a default of a field from one of a schema.
const FIELD_DEFAULT: &str = "io.confluent.connect.avro.field.default";
/// The parameter with the words of a record.
const RECORD_DOC: &str = "io.confluent.connect.avro.record.doc";
/// The beginning of the parameters with the words of a record's fields.
const FIELD_DOC: &str = "io.confluent.connect.avro.field.doc.";
/// The parameter with the name of an enumeration, and the beginning of those with its symbols.
const ENUM: &str = "io.confluent.connect.avro.Enum";
/// The beginning of the parameters with the words of an enumeration.
const ENUM_DOC: &str = "io.confluent.connect.avro.enum.doc.";
/// The beginning of the parameters with the default of an enumeration.
const ENUM_DEFAULT: &str = "io.confluent.connect.avro.enum.default.";

/// Appends the bytes of a value under the id of [`AvroSchema::from_connect`]'s schema; false, and nothing, for null.
pub fn write(id: u32, schema: Option<&Schema>, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
    if value.is_null() && schema.is_none_or(|schema| schema.optional) {
        return Ok(false);
    }
    let start = out.len();
    out.push(0);
    out.extend_from_slice(&id.to_be_bytes());
    let written = encode::put(schema, value, out);
    if written.is_err() {
        out.truncate(start);
    }
    written.map(|()| true)
}

/// Appends the bytes of a value that is not null, without an id, and without the branch of the union it is in where its
/// schema is optional: for who writes what is around it. A struct is written as the schema it carries says.
pub fn put_value(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    encode::put_present(schema, value, out)
}

/// The id of the schema a record was written with, and the bytes of its value.
pub fn split(bytes: &[u8]) -> Result<(u32, &[u8])> {
    match bytes {
        [0, a, b, c, d, body @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), body)),
        [0, ..] | [] => error::data("Error deserializing Avro message: too few bytes for an id"),
        _ => error::data("Unknown magic byte!"),
    }
}

/// Whether this struct stands for a union.
fn is_union(schema: &Schema) -> bool {
    schema.name.as_deref() == Some(UNION)
}

/// How many bytes each of these values has, if all have as many.
fn fixed_size(schema: &Schema) -> Result<Option<usize>> {
    let size = schema.get_parameter(FIXED_SIZE);
    let (crate::Type::Bytes, Some(_), Some(size)) = (&schema.kind, &schema.name, size) else {
        return Ok(None);
    };
    size.parse().map(Some).or_else(|_| error::data(format!("For input string: \"{size}\"")))
}

/// Whether a map with these keys is an Avro map.
fn text_keys(keys: Option<&Schema>) -> bool {
    keys.is_some_and(|keys| keys.kind == crate::Type::String && !keys.optional)
}
