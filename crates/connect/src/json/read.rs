//! A value from JSON, as its schema has it. Numbers are not checked against their range: they wrap.

use std::sync::Arc;

use super::{JsonSettings, Node, text};
use crate::calendar::MILLIS_PER_DAY;
use crate::error::{self, Result};
use crate::validate::validate;
use crate::{Decimal, Logical, Schema, Struct, Type, Value};

/// The value a node holds.
pub(super) fn value(
    settings: JsonSettings,
    schema: Option<&Arc<Schema>>,
    node: &Node<'_>,
) -> Result<Value> {
    let Some(schema) = schema else { return schemaless(settings, node) };
    if matches!(node, Node::Null | Node::Missing) {
        return null(settings, schema);
    }
    match schema.logical() {
        Some(logical) => logical_value(logical, schema, node),
        None => typed(settings, schema, node),
    }
}

/// What stands for nothing.
fn null(settings: JsonSettings, schema: &Schema) -> Result<Value> {
    match &schema.default {
        Some(default) if settings.replace_null_with_default => Ok(default.clone()),
        _ if schema.optional => Ok(Value::Null),
        _ => error::data(format!("Invalid null value for required {} field", schema.kind)),
    }
}

fn schemaless(settings: JsonSettings, node: &Node<'_>) -> Result<Value> {
    Ok(match node {
        Node::Null | Node::Missing | Node::Known(_) => Value::Null,
        Node::Boolean(value) => Value::Boolean(*value),
        Node::Long(_) | Node::Big(_) => Value::Int64(long(node)),
        Node::Fraction(_) => Value::Float64(double(node)),
        Node::Text(text) => Value::String(text.clone().into_owned()),
        Node::Array(nodes) => Value::Array(
            nodes.iter().map(|node| schemaless(settings, node)).collect::<Result<_>>()?,
        ),
        Node::Object(entries) => string_map(settings, None, entries)?,
    })
}

/// Keys of an object differ from one another already.
fn string_map(
    settings: JsonSettings,
    values: Option<&Arc<Schema>>,
    entries: &[(std::borrow::Cow<'_, str>, Node<'_>)],
) -> Result<Value> {
    let pairs = entries.iter().map(|(key, node)| {
        Ok((Value::String(key.clone().into_owned()), value(settings, values, node)?))
    });
    pairs.collect::<Result<_>>().map(Value::Map)
}

/// The float of a word; an error where the node is no value of the type.
fn strict(kind: &Type, node: &Node<'_>) -> Result<Option<Value>> {
    let fits = |low: i64, high: i64| matches!(node, Node::Long(n) if (low..=high).contains(n));
    let is_number = || matches!(node, Node::Long(_) | Node::Big(_) | Node::Fraction(_));
    let word = match node {
        Node::Text(text) if matches!(&**text, "NaN" | "Infinity" | "-Infinity") => Some(text),
        _ => None,
    };
    let found = match (kind, word) {
        (Type::Float32, Some(word)) => word.parse().ok().map(Value::Float32),
        (Type::Float64, Some(word)) => word.parse().ok().map(Value::Float64),
        _ => None,
    };
    let is_one = match kind {
        Type::Boolean => matches!(node, Node::Boolean(_)),
        Type::Int8 => fits(i8::MIN.into(), i8::MAX.into()),
        Type::Int16 => fits(i16::MIN.into(), i16::MAX.into()),
        Type::Int32 => fits(i32::MIN.into(), i32::MAX.into()),
        Type::Int64 => fits(i64::MIN, i64::MAX),
        Type::Float32 | Type::Float64 => is_number(),
        Type::String | Type::Bytes => matches!(node, Node::Text(_)),
        Type::Array(_) => matches!(node, Node::Array(_)),
        Type::Map(..) | Type::Struct(_) => true,
    };
    match found {
        None if !is_one => error::data(format!("Invalid type for {kind} field")),
        found => Ok(found),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "numbers wrap here as they do there")]
fn typed(settings: JsonSettings, schema: &Arc<Schema>, node: &Node<'_>) -> Result<Value> {
    if settings.strict
        && let Some(found) = strict(&schema.kind, node)?
    {
        return Ok(found);
    }
    Ok(match &schema.kind {
        Type::Boolean => Value::Boolean(*node == Node::Boolean(true)),
        Type::Int8 => Value::Int8(int(node) as i8),
        Type::Int16 => Value::Int16(int(node) as i16),
        Type::Int32 => Value::Int32(int(node)),
        Type::Int64 => Value::Int64(long(node)),
        Type::Float32 => Value::Float32(float(node)),
        Type::Float64 => Value::Float64(double(node)),
        Type::String => node.text().map_or(Value::Null, |text| Value::String(text.to_owned())),
        Type::Bytes => match node {
            Node::Text(text) => match text::base64(text) {
                Some(bytes) => Value::Bytes(bytes),
                None => return error::data("Invalid bytes field"),
            },
            _ => Value::Null,
        },
        Type::Array(items) => {
            let read = |node| value(settings, items.as_ref(), node);
            Value::Array(match node {
                Node::Array(nodes) => nodes.iter().map(read).collect::<Result<_>>()?,
                Node::Object(entries) => {
                    entries.iter().map(|(_, node)| read(node)).collect::<Result<_>>()?
                }
                _ => Vec::new(),
            })
        }
        Type::Map(keys, values) => map(settings, keys.as_ref(), values.as_ref(), node)?,
        Type::Struct(_) => structure(settings, schema, node)?,
    })
}

fn map(
    settings: JsonSettings,
    keys: Option<&Arc<Schema>>,
    values: Option<&Arc<Schema>>,
    node: &Node<'_>,
) -> Result<Value> {
    if keys.is_some_and(|keys| keys.kind == Type::String) {
        let Node::Object(entries) = node else {
            return error::data(format!(
                "Maps with string fields should be encoded as JSON objects, but found {}",
                node.label()
            ));
        };
        return string_map(settings, values, entries);
    }
    let Node::Array(entries) = node else {
        return error::data(format!(
            "Maps with non-string fields should be encoded as JSON array of tuples, but found {}",
            node.label()
        ));
    };
    let mut pairs = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Node::Array(pair) if pair.len() == 2 => {
                pairs.push((value(settings, keys, &pair[0])?, value(settings, values, &pair[1])?));
            }
            Node::Array(pair) => {
                return error::data(format!(
                    "Found invalid map entry, expected length 2 but found :{}",
                    pair.len()
                ));
            }
            other => {
                return error::data(format!(
                    "Found invalid map entry instead of array tuple: {}",
                    other.label()
                ));
            }
        }
    }
    Ok(Value::map(pairs))
}

fn structure(settings: JsonSettings, schema: &Arc<Schema>, node: &Node<'_>) -> Result<Value> {
    let Node::Object(_) = node else {
        return error::data(format!(
            "Structs should be encoded as JSON objects, but found {}",
            node.label()
        ));
    };
    let mut values = Vec::with_capacity(schema.fields().len());
    for (at, field) in schema.fields().iter().enumerate() {
        let found = node.get(&field.name, at).unwrap_or(&Node::Null);
        let value = value(settings, Some(&field.schema), found)?;
        validate(&field.schema, &value, &field.name)?;
        values.push(value);
    }
    Ok(Value::Struct(Struct { schema: Arc::clone(schema), values }))
}

fn logical_value(logical: Logical, schema: &Schema, node: &Node<'_>) -> Result<Value> {
    let small = match node {
        Node::Long(number) => i32::try_from(*number).ok(),
        _ => None,
    };
    match logical {
        Logical::Decimal => decimal(schema, node).map(Value::Decimal),
        Logical::Date | Logical::Time => match small {
            Some(days) if logical == Logical::Date => {
                Ok(Value::Date(i64::from(days) * MILLIS_PER_DAY))
            }
            Some(millis) => time(millis.into()),
            None => error::data(format!(
                "Invalid type for {logical:?}, underlying representation should be integer but was {}",
                node.label()
            )),
        },
        Logical::Timestamp => match node {
            Node::Long(_) | Node::Big(_) => Ok(Value::Date(long(node))),
            _ => error::data(format!(
                "Invalid type for Timestamp, underlying representation should be integral but was {}",
                node.label()
            )),
        },
    }
}

/// A time of day from its milliseconds.
pub(crate) fn time(millis: i64) -> Result<Value> {
    if (0..=MILLIS_PER_DAY).contains(&millis) {
        return Ok(Value::Date(millis));
    }
    error::data("Time values must use number of milliseconds greater than 0 and less than 86400000")
}

fn decimal(schema: &Schema, node: &Node<'_>) -> Result<Decimal> {
    let found = match node {
        Node::Long(number) => Some(Decimal::new((*number).into(), 0)),
        Node::Big(number) => Some(number.clone()),
        Node::Fraction(text) => Decimal::parse(text),
        Node::Text(text) => {
            let scale = schema.scale().ok();
            let bytes = text::base64(text);
            scale.zip(bytes).and_then(|(scale, bytes)| Decimal::from_be_bytes(&bytes, scale))
        }
        _ => {
            return error::data(format!(
                "Invalid type for Decimal, underlying representation should be numeric or bytes but was {}",
                node.label()
            ));
        }
    };
    found.map_or_else(|| error::data("Invalid bytes for Decimal field"), Ok)
}

/// The lowest 32 bits of a number's whole part; what is not a number is 0.
#[expect(clippy::cast_possible_truncation, reason = "numbers wrap here as they do there")]
pub(crate) fn int(node: &Node<'_>) -> i32 {
    long(node) as i32
}

/// As [`int`], with 64 bits.
pub(crate) fn long(node: &Node<'_>) -> i64 {
    match node {
        Node::Long(number) => *number,
        Node::Big(number) => number.to_i64_wrapping(),
        Node::Fraction(text) => Decimal::parse(text).map_or(0, |number| number.to_i64_wrapping()),
        _ => 0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest number is asked for")]
fn float(node: &Node<'_>) -> f32 {
    match node {
        Node::Long(number) => *number as f32,
        Node::Big(number) => number.to_f32(),
        // A decimal number has no negative zero.
        Node::Fraction(text) => text.parse::<f32>().unwrap_or(0.0) + 0.0,
        _ => 0.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest number is asked for")]
/// The nearest number of 64 bits; what is not a number is 0.
pub(crate) fn double(node: &Node<'_>) -> f64 {
    match node {
        Node::Long(number) => *number as f64,
        Node::Big(number) => number.to_f64(),
        // A decimal number has no negative zero.
        Node::Fraction(text) => text.parse::<f64>().unwrap_or(0.0) + 0.0,
        _ => 0.0,
    }
}
