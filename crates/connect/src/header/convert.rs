//! An element made to fit the schema all elements share.

use crate::calendar::MILLIS_PER_DAY;
use crate::json::time;
use crate::{Logical, Schema, Type, Value};

/// The value as this schema has it; none where it cannot be.
pub(super) fn convert(schema: &Schema, value: &Value) -> Option<Value> {
    if value.is_null() {
        return schema.optional.then_some(Value::Null);
    }
    match (schema.logical(), &schema.kind) {
        (Some(Logical::Decimal), _) => match value {
            Value::Decimal(_) => Some(value.clone()),
            _ => None,
        },
        (Some(logical), _) => date(logical, value),
        (None, kind) => plain(kind, value),
    }
}

fn date(logical: Logical, value: &Value) -> Option<Value> {
    if let Value::Date(_) = value {
        return Some(value.clone());
    }
    let number = long(value)?;
    match logical {
        Logical::Date => Some(Value::Date(i64::from(truncated(number)) * MILLIS_PER_DAY)),
        Logical::Time => time(truncated(number).into()).ok(),
        _ => Some(Value::Date(number)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "numbers wrap here as they do there")]
fn truncated(number: i64) -> i32 {
    number as i32
}

#[expect(clippy::cast_possible_truncation, reason = "numbers wrap here as they do there")]
fn plain(kind: &Type, value: &Value) -> Option<Value> {
    match kind {
        Type::Int8 => long(value).map(|number| Value::Int8(number as i8)),
        Type::Int16 => long(value).map(|number| Value::Int16(number as i16)),
        Type::Int32 => long(value).map(|number| Value::Int32(number as i32)),
        Type::Int64 => long(value).map(Value::Int64),
        Type::Float32 => match value {
            Value::Float32(_) => Some(value.clone()),
            _ => double(value).map(|number| Value::Float32(number as f32)),
        },
        Type::Float64 => double(value).map(Value::Float64),
        // Whatever else shares a type is handed on as it is.
        _ => Some(value.clone()),
    }
}

fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Int8(number) => Some((*number).into()),
        Value::Int16(number) => Some((*number).into()),
        Value::Int32(number) => Some((*number).into()),
        Value::Int64(number) => Some(*number),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest number is asked for")]
fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Float32(number) => Some((*number).into()),
        Value::Float64(number) => Some(*number),
        whole => long(whole).map(|number| number as f64),
    }
}
