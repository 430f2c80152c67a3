//! Defaults: values as JSON in an Avro schema.

use std::borrow::Cow;
use std::sync::Arc;

use super::schema::{AvroSchema, Body, Kind, Named, Shape};
use super::{is_union, text_keys};
use crate::calendar::MILLIS_PER_DAY;
use crate::error::{self, Result};
use crate::json::{Node, check_scale, date_number, double, int, long, time};
use crate::{Decimal, Logical, Schema, Struct, Type, Value, java};

/// A default as it stands in a schema.
pub(super) fn to_node(schema: &Schema, value: &Value) -> Result<Node<'static>> {
    if value.is_null() {
        return Ok(Node::Null);
    }
    Ok(match (&schema.kind, value) {
        (_, Value::Decimal(decimal)) if schema.logical() == Some(Logical::Decimal) => {
            check_scale(schema, decimal.scale())?;
            decimal.with_be_bytes(latin1)
        }
        (_, Value::Date(millis)) if schema.logical().is_some_and(|it| it != Logical::Decimal) => {
            let logical = schema.logical().unwrap_or(Logical::Timestamp);
            Node::Long(date_number(logical, *millis)?)
        }
        (Type::Int8, Value::Int8(number)) => Node::Long((*number).into()),
        (Type::Int16, Value::Int16(number)) => Node::Long((*number).into()),
        (Type::Int32, Value::Int32(number)) => Node::Long((*number).into()),
        (Type::Int64, Value::Int64(number)) => Node::Long(*number),
        (Type::Float32, Value::Float32(number)) => {
            fraction(number.is_finite(), |out| java::put_f32(*number, out))
        }
        (Type::Float64, Value::Float64(number)) => {
            fraction(number.is_finite(), |out| java::put_f64(*number, out))
        }
        (Type::Boolean, Value::Boolean(value)) => Node::Boolean(*value),
        (Type::String, Value::String(text)) => Node::Text(Cow::Owned(text.clone())),
        (Type::Bytes, Value::Bytes(bytes)) => latin1(bytes),
        (Type::Array(Some(items)), Value::Array(values)) => {
            Node::Array(values.iter().map(|value| to_node(items, value)).collect::<Result<_>>()?)
        }
        (Type::Map(Some(keys), Some(values)), Value::Map(pairs)) => map(keys, values, pairs)?,
        (Type::Struct(fields), Value::Struct(structure)) => {
            let mut entries = Vec::with_capacity(fields.len());
            for (field, value) in fields.iter().zip(&structure.values) {
                let default = field.schema.default.as_ref().filter(|_| value.is_null());
                let node = to_node(&field.schema, default.unwrap_or(value))?;
                if is_union(schema) {
                    return Ok(node);
                }
                entries.push((Cow::Owned(field.name.clone()), node));
            }
            Node::Object(entries)
        }
        (kind, _) => {
            return error::data(format!(
                "Invalid type used for default value of {kind} field: {}",
                value.java_class()
            ));
        }
    })
}

fn map(keys: &Schema, values: &Schema, pairs: &[(Value, Value)]) -> Result<Node<'static>> {
    if text_keys(Some(keys)) {
        let entries = pairs.iter().map(|(key, value)| match key {
            Value::String(key) => Ok((Cow::Owned(key.clone()), to_node(values, value)?)),
            _ => error::data("Invalid type used for default value of MAP field: null"),
        });
        return Ok(Node::Object(entries.collect::<Result<_>>()?));
    }
    let entries = pairs
        .iter()
        .map(|(key, value)| Ok(Node::Array(vec![to_node(keys, key)?, to_node(values, value)?])));
    Ok(Node::Array(entries.collect::<Result<_>>()?))
}

/// Bytes as text, a character for each.
fn latin1(bytes: &[u8]) -> Node<'static> {
    Node::Text(Cow::Owned(bytes.iter().copied().map(char::from).collect()))
}

fn fraction(finite: bool, put: impl FnOnce(&mut Vec<u8>)) -> Node<'static> {
    let mut out = Vec::new();
    put(&mut out);
    let text = Cow::Owned(String::from_utf8_lossy(&out).into_owned());
    if finite { Node::Fraction(text) } else { Node::Text(text) }
}

/// Whether Avro takes this as the default of a field of this type.
pub(super) fn is_valid(named: &[Named], shape: &Shape, node: &Node<'_>) -> bool {
    match (&shape.kind, node) {
        (Kind::Null, Node::Null)
        | (Kind::Boolean, Node::Boolean(_))
        | (Kind::Long, Node::Long(_))
        | (Kind::Float | Kind::Double, Node::Long(_) | Node::Fraction(_))
        | (Kind::String | Kind::Bytes, Node::Text(_)) => true,
        (Kind::Int, Node::Long(number)) => i32::try_from(*number).is_ok(),
        (Kind::Array(items), Node::Array(nodes)) => {
            nodes.iter().all(|node| is_valid(named, items, node))
        }
        (Kind::Map(values), Node::Object(entries)) => {
            entries.iter().all(|(_, node)| is_valid(named, values, node))
        }
        (Kind::Union(branches), _) => branches.iter().any(|shape| is_valid(named, shape, node)),
        (Kind::Named(place), _) => match (&named[*place].body, node) {
            (Body::Fixed(_) | Body::Enum { .. }, Node::Text(_)) => true,
            (Body::Record(fields), Node::Object(_)) => fields.iter().all(|field| {
                let given = node.get(&field.name, 0).or(field.default.as_ref());
                given.is_some_and(|node| is_valid(named, &field.shape, node))
            }),
            _ => false,
        },
        _ => false,
    }
}

/// A default from a schema.
pub(super) fn from_node(
    avro: &AvroSchema,
    shape: &Shape,
    schema: &Arc<Schema>,
    node: &Node<'_>,
) -> Result<Value> {
    if matches!(node, Node::Null) {
        return Ok(Value::Null);
    }
    logical(schema, plain(avro, shape, schema, node)?)
}

#[expect(clippy::cast_possible_truncation, reason = "numbers wrap here as they do there")]
fn plain(avro: &AvroSchema, shape: &Shape, schema: &Arc<Schema>, node: &Node<'_>) -> Result<Value> {
    Ok(match (&shape.kind, &schema.kind) {
        (Kind::Int, Type::Int8) => Value::Int8(int(node) as i8),
        (Kind::Int, Type::Int16) => Value::Int16(int(node) as i16),
        (Kind::Int, _) => Value::Int32(int(node)),
        (Kind::Long, _) => Value::Int64(long(node)),
        (Kind::Float, _) => Value::Float32(number(node) as f32),
        (Kind::Double, _) => Value::Float64(number(node)),
        (Kind::Boolean, _) => Value::Boolean(*node == Node::Boolean(true)),
        (Kind::String, _) => Value::String(node.text().unwrap_or_default().to_owned()),
        (Kind::Bytes, _) => bytes(node)?,
        (Kind::Array(inner), Type::Array(Some(items))) => {
            let Node::Array(nodes) = node else {
                return error::data("Invalid JSON for array default value");
            };
            let values = nodes.iter().map(|node| from_node(avro, inner, items, node));
            Value::Array(values.collect::<Result<_>>()?)
        }
        (Kind::Map(inner), Type::Map(_, Some(values))) => {
            let Node::Object(entries) = node else {
                return error::data("Invalid JSON for map default value");
            };
            let pairs = entries.iter().map(|(key, node)| {
                let key = Value::String(key.clone().into_owned());
                Ok((key, from_node(avro, inner, values, node)?))
            });
            Value::Map(pairs.collect::<Result<_>>()?)
        }
        (Kind::Named(place), _) => match &avro.named[*place].body {
            Body::Enum { .. } => Value::String(node.text().unwrap_or_default().to_owned()),
            Body::Fixed(_) => bytes(node)?,
            Body::Record(fields) => {
                let Node::Object(_) = node else {
                    return error::data("Invalid JSON for record default value");
                };
                let mut structure = Struct::new(Arc::clone(schema));
                for (at, (field, value)) in fields.iter().zip(&mut structure.values).enumerate() {
                    let given = node.get(&field.name, at).unwrap_or(&Node::Null);
                    *value = from_node(avro, &field.shape, &schema.fields()[at].schema, given)?;
                }
                Value::Struct(structure)
            }
        },
        (Kind::Union(branches), _) if branches.first().is_some_and(|it| it.kind == Kind::Null) => {
            Value::Null
        }
        _ => return error::data("Cannot look up fields on non-struct type"),
    })
}

/// Infinities and what is no number are text in JSON.
fn number(node: &Node<'_>) -> f64 {
    match node.text() {
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => double(node),
    }
}

fn bytes(node: &Node<'_>) -> Result<Value> {
    let text = node.text().unwrap_or_default();
    // What is no byte becomes a question mark.
    let bytes = text.chars().map(|letter| u8::try_from(letter).unwrap_or(b'?'));
    Ok(Value::Bytes(bytes.collect()))
}

/// The value a name makes of what Avro holds.
pub(super) fn logical(schema: &Schema, value: Value) -> Result<Value> {
    match (schema.logical(), value) {
        (None, value) => Ok(value),
        (Some(Logical::Decimal), Value::Bytes(bytes)) => {
            match Decimal::from_be_bytes(&bytes, schema.scale()?) {
                Some(decimal) => Ok(Value::Decimal(decimal)),
                None => error::data("Zero length BigInteger"),
            }
        }
        (Some(Logical::Date), Value::Int32(days)) => {
            Ok(Value::Date(i64::from(days) * MILLIS_PER_DAY))
        }
        (Some(Logical::Time), Value::Int32(millis)) => time(millis.into()),
        (Some(Logical::Timestamp), Value::Int64(millis)) => Ok(Value::Date(millis)),
        (Some(logical), value) => {
            let expected = match logical {
                Logical::Decimal => "bytes",
                Logical::Timestamp => "int64",
                _ => "int32",
            };
            error::data(format!(
                "Invalid type for {logical:?}, underlying representation should be {expected} but was {}",
                value.java_class()
            ))
        }
    }
}
