//! Whether a value is what its schema says.

use std::borrow::Cow;

use crate::error::{self, Result};
use crate::{Logical, Schema, Type, Value};

/// Refuses a value that is not what the schema of the field of this name says; fields of structs inside were looked at
/// when they were set.
pub(crate) fn validate(schema: &Schema, value: &Value, field: &str) -> Result<()> {
    // The text of the place is made only for what is refused.
    if fits(schema, value) {
        return Ok(());
    }
    check(schema, value, &format!("field: \"{field}\""))
}

fn fits(schema: &Schema, value: &Value) -> bool {
    match (&schema.kind, value) {
        (_, Value::Null) => schema.optional,
        (Type::Array(_) | Type::Map(..), _) => false,
        _ => same_class(schema, value),
    }
}

fn same_class(schema: &Schema, value: &Value) -> bool {
    match schema.logical() {
        Some(Logical::Decimal) => return matches!(value, Value::Decimal(_)),
        Some(_) => return matches!(value, Value::Date(_)),
        None => {}
    }
    is_plain(&schema.kind, value)
        || matches!(
            (&schema.kind, value),
            (Type::Array(_), Value::Array(_))
                | (Type::Map(..), Value::Map(_))
                | (Type::Struct(_), Value::Struct(_))
        )
}

/// Whether the type holds no others and the value is of it.
pub(crate) fn is_plain(kind: &Type, value: &Value) -> bool {
    matches!(
        (kind, value),
        (Type::Int8, Value::Int8(_))
            | (Type::Int16, Value::Int16(_))
            | (Type::Int32, Value::Int32(_))
            | (Type::Int64, Value::Int64(_))
            | (Type::Float32, Value::Float32(_))
            | (Type::Float64, Value::Float64(_))
            | (Type::Boolean, Value::Boolean(_))
            | (Type::String, Value::String(_))
            | (Type::Bytes, Value::Bytes(_))
    )
}

fn check(schema: &Schema, value: &Value, place: &str) -> Result<()> {
    if value.is_null() {
        if schema.optional {
            return Ok(());
        }
        return error::data(format!(
            "Invalid value: null used for required {place}, schema type: {}",
            schema.kind
        ));
    }
    if !same_class(schema, value) {
        let name = schema
            .name
            .as_ref()
            .map_or(Cow::Borrowed(""), |name| Cow::Owned(format!(" \"{name}\"")));
        return error::data(format!(
            "Invalid Java object for schema{name} with type {}: {} for {place}",
            schema.kind,
            value.java_class()
        ));
    }
    match (&schema.kind, value) {
        (Type::Array(items), Value::Array(values)) => {
            check_all(items.as_deref(), values.iter(), &format!("element of array {place}"))
        }
        (Type::Map(keys, values), Value::Map(pairs)) => {
            let key_place = format!("key of map {place}");
            check_all(keys.as_deref(), pairs.iter().map(|(key, _)| key), &key_place)?;
            let value_place = format!("value of map {place}");
            check_all(values.as_deref(), pairs.iter().map(|(_, value)| value), &value_place)
        }
        _ => Ok(()),
    }
}

fn check_all<'v>(
    schema: Option<&Schema>,
    mut values: impl Iterator<Item = &'v Value>,
    place: &str,
) -> Result<()> {
    match schema {
        None => error::data(format!("No schema defined for {place}")),
        Some(schema) => values.try_for_each(|value| check(schema, value, place)),
    }
}
