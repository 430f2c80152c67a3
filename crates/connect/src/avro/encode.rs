//! A value as Avro's bytes. The Connect schema alone says how, because the Avro schema follows from it.

use super::{fixed_size, is_union, text_keys};
use crate::error::{self, Result};
use crate::json::{check_scale, date_number};
use crate::{Logical, Schema, Struct, Type, Value};

/// Appends a whole number: seven bits a byte, the sign in the lowest.
pub fn put_long(number: i64, out: &mut Vec<u8>) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    // No value in memory has more.
    put_long(i64::try_from(count).unwrap_or(i64::MAX), out);
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_count(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends the value, with the branch of the union it is in if its schema is optional.
pub(super) fn put(schema: Option<&Schema>, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    let Some(schema) = schema else { return put_anything(value, out) };
    if is_union(schema) {
        return put_union(schema, value, out);
    }
    if schema.optional {
        // The type comes first where it has a default; that of a struct never does.
        let null_first = schema.default.is_none() || matches!(schema.kind, Type::Struct(_));
        let branch = value.is_null() != null_first;
        out.push(if branch { 2 } else { 0 });
        if value.is_null() {
            return Ok(());
        }
    }
    if let (Value::Struct(structure), Type::Struct(_)) = (value, &schema.kind) {
        return put_struct(schema, structure, out);
    }
    put_present(schema, value, out)
}

/// Appends a value, without the branch of the union it is in.
pub(super) fn put_present(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => error::data("Found null value for non-optional schema"),
        Value::Struct(structure) if matches!(schema.kind, Type::Struct(_)) => {
            put_fields(&structure.schema, structure, out)
        }
        Value::Decimal(_) | Value::Date(_) => put_logical(schema, value, out),
        _ if schema.logical().is_some() => put_logical(schema, value, out),
        _ => put_typed(schema, value, out),
    }
}

fn put_typed(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match (&schema.kind, value) {
        (Type::Int8, Value::Int8(number)) => put_long((*number).into(), out),
        (Type::Int16, Value::Int16(number)) => put_long((*number).into(), out),
        (Type::Int32, Value::Int32(number)) => put_long((*number).into(), out),
        (Type::Int64, Value::Int64(number)) => put_long(*number, out),
        (Type::Float32, Value::Float32(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::Float64, Value::Float64(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::Boolean, Value::Boolean(value)) => out.push(u8::from(*value)),
        (Type::String, Value::String(text)) => put_bytes(text.as_bytes(), out),
        (Type::Bytes, Value::Bytes(bytes)) => match fixed_size(schema)? {
            None => put_bytes(bytes, out),
            Some(size) if size == bytes.len() => out.extend_from_slice(bytes),
            Some(size) => {
                return error::data(format!("Fixed size {size}, but {} bytes", bytes.len()));
            }
        },
        (Type::Array(items), Value::Array(values)) => {
            put_block(values, out, |value, out| put(items.as_deref(), value, out))?;
        }
        (Type::Map(keys, inner), Value::Map(pairs)) => {
            let text = text_keys(keys.as_deref());
            put_block(pairs, out, |(key, value), out| {
                match key {
                    Value::String(key) if text => put_bytes(key.as_bytes(), out),
                    key if text => return mismatch(schema, key),
                    key => put(keys.as_deref(), key, out)?,
                }
                put(inner.as_deref(), value, out)
            })?;
        }
        _ => return mismatch(schema, value),
    }
    Ok(())
}

fn mismatch<T>(schema: &Schema, value: &Value) -> Result<T> {
    error::data(format!("Invalid type for {}: {}", schema.kind, value.java_class()))
}

/// Appends items and their number; an end follows.
fn put_block<T>(
    items: &[T],
    out: &mut Vec<u8>,
    mut put: impl FnMut(&T, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    if !items.is_empty() {
        put_count(items.len(), out);
        items.iter().try_for_each(|item| put(item, out))?;
    }
    out.push(0);
    Ok(())
}

fn check_struct(schema: &Schema, structure: &Struct) -> Result<()> {
    if std::ptr::eq(schema, structure.schema.as_ref()) || *schema == *structure.schema {
        return Ok(());
    }
    error::data("Mismatching struct schema")
}

/// A struct gives its default for what is null.
fn or_default<'v>(schema: &'v Schema, value: &'v Value) -> &'v Value {
    match &schema.default {
        Some(default) if value.is_null() => default,
        _ => value,
    }
}

fn put_struct(schema: &Schema, structure: &Struct, out: &mut Vec<u8>) -> Result<()> {
    check_struct(schema, structure)?;
    for (field, value) in schema.fields().iter().zip(&structure.values) {
        put(Some(&field.schema), or_default(&field.schema, value), out)?;
    }
    Ok(())
}

/// Of a struct that stands for a union, the first field that is not null is the value.
fn put_union(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    let nulls = usize::from(schema.optional);
    if let Value::Struct(structure) = value {
        check_struct(schema, structure)?;
        for (at, (field, value)) in schema.fields().iter().zip(&structure.values).enumerate() {
            let value = or_default(&field.schema, value);
            if !value.is_null() {
                put_count(at + nulls, out);
                let branch = Schema { optional: false, ..field.schema.as_ref().clone() };
                return match value {
                    // A struct knows its schema, which is the optional one.
                    Value::Struct(inner) if !is_union(&branch) => {
                        check_struct(&field.schema, inner)?;
                        put_fields(&branch, inner, out)
                    }
                    value => put(Some(&branch), value, out),
                };
            }
        }
    } else if !value.is_null() {
        return mismatch(schema, value);
    }
    if !schema.optional {
        return error::data("Found null value for non-optional schema");
    }
    out.push(0);
    Ok(())
}

fn put_fields(schema: &Schema, structure: &Struct, out: &mut Vec<u8>) -> Result<()> {
    for (field, value) in schema.fields().iter().zip(&structure.values) {
        put(Some(&field.schema), or_default(&field.schema, value), out)?;
    }
    Ok(())
}

fn put_logical(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match (schema.logical(), value) {
        (Some(Logical::Decimal), Value::Decimal(decimal)) => {
            check_scale(schema, decimal.scale())?;
            let size = fixed_size(schema)?;
            decimal.with_be_bytes(|bytes| match size {
                Some(size) => put_padded(bytes, size, out),
                None => {
                    put_bytes(bytes, out);
                    Ok(())
                }
            })
        }
        (Some(logical), Value::Date(millis)) if logical != Logical::Decimal => {
            put_long(date_number(logical, *millis)?, out);
            Ok(())
        }
        (Some(Logical::Decimal), _) => error::data(format!(
            "Invalid type for Decimal, expected BigDecimal but was {}",
            value.java_class()
        )),
        (Some(logical), _) => error::data(format!(
            "Invalid type for {logical:?}, expected Date but was {}",
            value.java_class()
        )),
        (None, _) => mismatch(schema, value),
    }
}

/// Appends a number made as long as all are, by its sign.
fn put_padded(bytes: &[u8], size: usize, out: &mut Vec<u8>) -> Result<()> {
    let Some(missing) = size.checked_sub(bytes.len()) else {
        return error::data(format!(
            "Unscaled value byte array length {} is greater than fixed size {size}",
            bytes.len()
        ));
    };
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    out.resize(out.len() + missing, if negative { 0xff } else { 0 });
    out.extend_from_slice(bytes);
    Ok(())
}

/// Appends a value without a schema: a record with a field for each type, all but one of them null.
fn put_anything(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    const FIELDS: usize = 9;
    let place = match value {
        Value::Null => FIELDS,
        Value::Boolean(_) => 0,
        Value::Bytes(_) => 1,
        Value::Float64(_) => 2,
        Value::Float32(_) => 3,
        Value::Int8(_) | Value::Int16(_) | Value::Int32(_) => 4,
        Value::Int64(_) => 5,
        Value::String(_) => 6,
        Value::Array(_) => 7,
        Value::Map(_) => 8,
        Value::Decimal(_) | Value::Date(_) | Value::Struct(_) => {
            return error::data(format!(
                "Unknown Java type for schemaless data: {}",
                value.java_class()
            ));
        }
    };
    out.resize(out.len() + place, 0);
    if place == FIELDS {
        return Ok(());
    }
    out.push(2);
    match value {
        Value::Boolean(value) => out.push(u8::from(*value)),
        Value::Bytes(bytes) => put_bytes(bytes, out),
        Value::Float64(number) => out.extend_from_slice(&number.to_le_bytes()),
        Value::Float32(number) => out.extend_from_slice(&number.to_le_bytes()),
        Value::Int8(number) => put_long((*number).into(), out),
        Value::Int16(number) => put_long((*number).into(), out),
        Value::Int32(number) => put_long((*number).into(), out),
        Value::Int64(number) => put_long(*number, out),
        Value::String(text) => put_bytes(text.as_bytes(), out),
        Value::Array(values) => put_block(values, out, put_anything)?,
        Value::Map(pairs) => put_block(pairs, out, |(key, value), out| {
            put_anything(key, out)?;
            put_anything(value, out)
        })?,
        _ => {}
    }
    out.resize(out.len() + FIELDS - 1 - place, 0);
    Ok(())
}
