//! A record of another producer: typed values under their names, with or without Connect's schema around.

use cdc::{TableName, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::{Envelope, malformed, op_of, text_of};
use crate::converter::{ConvertError, Foreign};

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// Reads an envelope.
pub(super) fn read(value: &[u8]) -> Result<Foreign, ConvertError> {
    let value = text_of(value)?;
    let wrapped: Wrapped<'_> =
        serde_json::from_str(value).map_err(|error| malformed(value, value, &error))?;
    let json = wrapped.payload.map_or(value, RawValue::get);
    let envelope: Envelope<'_> =
        serde_json::from_str(json).map_err(|error| malformed(value, json, &error))?;
    let row = |json: Option<&RawValue>| -> Result<Option<Value>, ConvertError> {
        let Some(json) = json else { return Ok(None) };
        let parsed = serde_json::from_str(json.get())
            .map_err(|error| malformed(value, json.get(), &error))?;
        Ok(typed(parsed))
    };
    let table = match (&envelope.source.schema, &envelope.source.table) {
        (Some(schema), Some(table)) => Some(TableName::new(schema, table)),
        _ => None,
    };
    Ok(Foreign {
        op: op_of(&envelope.op)?,
        table,
        before: row(envelope.before)?,
        after: row(envelope.after)?,
        commit_micros: envelope.source.commit_micros(),
    })
}

/// JSON as Connect's schemaless data: whole numbers are `int64`, others `float64`.
fn typed(json: serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    Some(match json {
        Json::Null => return None,
        Json::Bool(b) => Value::Bool(b),
        Json::Number(n) => match n.as_i64() {
            Some(n) => Value::Int(n),
            // Beyond 64 bits the digits are kept as they are, rather than rounded.
            None if n.is_u64() => Value::String(n.to_string().into()),
            None => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Value::String(s.into()),
        Json::Array(items) => Value::Array(items.into_iter().map(typed).collect()),
        Json::Object(fields) => {
            Value::Struct(fields.into_iter().map(|(name, v)| (name.into(), typed(v))).collect())
        }
    })
}
