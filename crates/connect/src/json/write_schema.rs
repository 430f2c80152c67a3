//! A schema as JSON: the order of its keys is part of the format.

use super::{JsonSettings, text, write};
use crate::error::Result;
use crate::{Schema, Type};

/// Appends the schema.
pub(super) fn put(
    settings: JsonSettings,
    schema: Option<&Schema>,
    out: &mut Vec<u8>,
) -> Result<()> {
    put_field(settings, schema, None, out)
}

/// Appends the schema, and the name of the field whose schema it is.
fn put_field(
    settings: JsonSettings,
    schema: Option<&Schema>,
    field: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let Some(schema) = schema else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(type_name(&schema.kind).as_bytes());
    out.push(b'"');
    match &schema.kind {
        Type::Array(items) => put_key(settings, "items", items.as_deref(), out)?,
        Type::Map(keys, values) => {
            put_key(settings, "keys", keys.as_deref(), out)?;
            put_key(settings, "values", values.as_deref(), out)?;
        }
        Type::Struct(fields) => {
            out.extend_from_slice(b",\"fields\":[");
            for (at, field) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                put_field(settings, Some(&field.schema), Some(&field.name), out)?;
            }
            out.push(b']');
        }
        _ => {}
    }
    put_facts(settings, schema, out)?;
    if let Some(name) = field {
        out.extend_from_slice(b",\"field\":");
        text::put_string(name, out);
    }
    out.push(b'}');
    Ok(())
}

/// Appends what every schema may have.
fn put_facts(settings: JsonSettings, schema: &Schema, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b",\"optional\":");
    out.extend_from_slice(if schema.optional { b"true" } else { b"false" });
    if let Some(name) = &schema.name {
        out.extend_from_slice(b",\"name\":");
        text::put_string(name, out);
    }
    if let Some(version) = schema.version {
        out.extend_from_slice(b",\"version\":");
        out.extend_from_slice(itoa::Buffer::new().format(version).as_bytes());
    }
    if let Some(doc) = &schema.doc {
        out.extend_from_slice(b",\"doc\":");
        text::put_string(doc, out);
    }
    if !schema.parameters.is_empty() {
        out.extend_from_slice(b",\"parameters\":");
        for (at, (name, value)) in schema.parameters.iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            text::put_string(name, out);
            out.push(b':');
            text::put_string(value, out);
        }
        out.push(b'}');
    }
    if let Some(default) = &schema.default {
        out.extend_from_slice(b",\"default\":");
        write::put(settings, Some(schema), default, out)?;
    }
    Ok(())
}

fn put_key(
    settings: JsonSettings,
    key: &str,
    schema: Option<&Schema>,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    put(settings, schema, out)
}

fn type_name(kind: &Type) -> &'static str {
    match kind {
        Type::Int8 => "int8",
        Type::Int16 => "int16",
        Type::Int32 => "int32",
        Type::Int64 => "int64",
        Type::Float32 => "float",
        Type::Float64 => "double",
        Type::Boolean => "boolean",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Array(_) => "array",
        Type::Map(..) => "map",
        Type::Struct(_) => "struct",
    }
}
