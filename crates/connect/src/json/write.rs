//! A value as JSON.

use std::io::Write;
use std::sync::Arc;

use super::{DecimalFormat, JsonSettings, text};
use crate::calendar::MILLIS_PER_DAY;
use crate::error::{self, Result};
use crate::validate::is_plain;
use crate::{Logical, Schema, Struct, Type, Value, java};

/// Appends the value.
pub(super) fn put(
    settings: JsonSettings,
    schema: Option<&Schema>,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<()> {
    let Some(schema) = schema else { return put_schemaless(settings, value, out) };
    if value.is_null() {
        if let Some(default) = &schema.default
            && settings.replace_null_with_default
        {
            return put(settings, Some(schema), default, out);
        }
        if schema.optional {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        return error::data(
            "Conversion error: null value for field that is required and has no default value",
        );
    }
    match schema.logical() {
        Some(logical) => put_logical(settings, logical, schema, value, out),
        None => put_typed(settings, schema, value, out),
    }
}

fn put_typed(
    settings: JsonSettings,
    schema: &Schema,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<()> {
    match (&schema.kind, value) {
        (kind, value) if is_plain(kind, value) => put_plain(value, out),
        (Type::Bytes, _) => {
            return error::data(format!("Invalid type for bytes type: {}", value.java_class()));
        }
        (Type::Array(items), Value::Array(values)) => {
            put_array(settings, items.as_deref(), values, out)?;
        }
        (Type::Map(Some(keys), values), Value::Map(pairs)) => {
            let as_object = keys.kind == Type::String;
            put_map(settings, (Some(keys), values.as_ref()), as_object, pairs, out)?;
        }
        // Kafka Connect stumbles here, too, and so a header that is an empty map is no JSON.
        (Type::Map(None, _), Value::Map(_)) => {
            return error::data("The schema of a map does not say what its keys are");
        }
        (Type::Struct(_), Value::Struct(fields)) => put_struct(settings, schema, fields, out)?,
        (kind, _) => {
            return error::data(format!("Invalid type for {kind}: {}", value.java_class()));
        }
    }
    Ok(())
}

fn put_schemaless(settings: JsonSettings, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Array(values) => put_array(settings, None, values, out)?,
        Value::Map(pairs) => {
            let as_object = pairs.iter().all(|(key, _)| matches!(key, Value::String(_)));
            put_map(settings, (None, None), as_object, pairs, out)?;
        }
        Value::Struct(_) => return error::data("Mismatching schema."),
        Value::Decimal(_) | Value::Date(_) => {
            return error::data(format!(
                "Java class {} does not have corresponding schema type.",
                value.java_class()
            ));
        }
        plain => put_plain(plain, out),
    }
    Ok(())
}

/// Appends a value that holds no other.
fn put_plain(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Int8(number) => put_integer(i64::from(*number), out),
        Value::Int16(number) => put_integer(i64::from(*number), out),
        Value::Int32(number) => put_integer(i64::from(*number), out),
        Value::Int64(number) => put_integer(*number, out),
        Value::Float32(number) => {
            quoted(!number.is_finite(), out, |out| java::put_f32(*number, out))
        }
        Value::Float64(number) => {
            quoted(!number.is_finite(), out, |out| java::put_f64(*number, out))
        }
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::String(text) => text::put_string(text, out),
        Value::Bytes(bytes) => quoted(true, out, |out| text::put_base64(bytes, out)),
        _ => {}
    }
}

fn put_integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn quoted(quotes: bool, out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    if quotes {
        out.push(b'"');
    }
    put(out);
    if quotes {
        out.push(b'"');
    }
}

fn put_array(
    settings: JsonSettings,
    items: Option<&Schema>,
    values: &[Value],
    out: &mut Vec<u8>,
) -> Result<()> {
    out.push(b'[');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        put(settings, items, value, out)?;
    }
    out.push(b']');
    Ok(())
}

fn put_map(
    settings: JsonSettings,
    (keys, values): (Option<&Arc<Schema>>, Option<&Arc<Schema>>),
    as_object: bool,
    pairs: &[(Value, Value)],
    out: &mut Vec<u8>,
) -> Result<()> {
    let (keys, values) = (keys.map(Arc::as_ref), values.map(Arc::as_ref));
    out.push(if as_object { b'{' } else { b'[' });
    for (at, (key, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if as_object {
            put_key(settings, keys, key, out)?;
            out.push(b':');
            put(settings, values, value, out)?;
        } else {
            out.push(b'[');
            put(settings, keys, key, out)?;
            out.push(b',');
            put(settings, values, value, out)?;
            out.push(b']');
        }
    }
    out.push(if as_object { b'}' } else { b']' });
    Ok(())
}

/// A key of an object is text, even where it is null.
fn put_key(
    settings: JsonSettings,
    schema: Option<&Schema>,
    key: &Value,
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    put(settings, schema, key, out)?;
    if out.get(start) != Some(&b'"') {
        out.insert(start, b'"');
        out.push(b'"');
    }
    Ok(())
}

fn put_struct(
    settings: JsonSettings,
    schema: &Schema,
    fields: &Struct,
    out: &mut Vec<u8>,
) -> Result<()> {
    if !std::ptr::eq(schema, fields.schema.as_ref()) && *schema != *fields.schema {
        return error::data("Mismatching schema.");
    }
    out.push(b'{');
    for (at, (field, value)) in schema.fields().iter().zip(&fields.values).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        text::put_string(&field.name, out);
        out.push(b':');
        put(settings, Some(&field.schema), value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn put_logical(
    settings: JsonSettings,
    logical: Logical,
    schema: &Schema,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<()> {
    match (logical, value) {
        (Logical::Decimal, Value::Decimal(decimal)) => match settings.decimal_format {
            DecimalFormat::Numeric => {
                // Writing to a Vec does not fail.
                let _ = write!(out, "{decimal}");
            }
            DecimalFormat::Base64 => {
                check_scale(schema, decimal.scale())?;
                decimal.with_be_bytes(|bytes| {
                    quoted(true, out, |out| text::put_base64(bytes, out));
                });
            }
        },
        (_, Value::Date(millis)) if logical != Logical::Decimal => {
            put_integer(date_number(logical, *millis)?, out);
        }
        (Logical::Decimal, _) => {
            return error::data(format!(
                "Invalid type for Decimal, expected BigDecimal but was {}",
                value.java_class()
            ));
        }
        _ => {
            return error::data(format!(
                "Invalid type for {logical:?}, expected Date but was {}",
                value.java_class()
            ));
        }
    }
    Ok(())
}

/// Refuses a decimal whose scale is not its schema's.
pub(crate) fn check_scale(schema: &Schema, scale: i32) -> Result<()> {
    let expected = schema.scale()?;
    if expected == scale {
        return Ok(());
    }
    error::data(format!(
        "Decimal value has mismatching scale for given Decimal schema. Schema has scale {expected}, value has scale {scale}."
    ))
}

/// The number that stands for this moment as a Date, a Time or a Timestamp.
pub(crate) fn date_number(logical: Logical, millis: i64) -> Result<i64> {
    match logical {
        Logical::Date if millis % MILLIS_PER_DAY != 0 => error::data(
            "Kafka Connect Date type should not have any time fields set to non-zero values.",
        ),
        // A day that is out of range wraps, as it does there.
        #[expect(clippy::cast_possible_truncation, reason = "as Java's (int) does")]
        Logical::Date => Ok(i64::from((millis / MILLIS_PER_DAY) as i32)),
        Logical::Time if !(0..=MILLIS_PER_DAY).contains(&millis) => error::data(
            "Kafka Connect Time type should not have any date fields set to non-zero values.",
        ),
        _ => Ok(millis),
    }
}
