//! A typed value as PostgreSQL would print it: what a transform, or another producer, put into a cell.

use cdc::{Value, text};

/// Appends the text of `value`. Structures, which no PostgreSQL type prints, become JSON.
pub(super) fn write_text(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(b) => out.push(if *b { b't' } else { b'f' }),
        Value::Int(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
        Value::Float(f) if f.is_nan() => out.extend_from_slice(b"NaN"),
        Value::Float(f) if f.is_infinite() => {
            out.extend_from_slice(if *f > 0.0 { b"Infinity" } else { b"-Infinity" });
        }
        Value::Float(f) => out.extend_from_slice(f.to_string().as_bytes()),
        Value::String(s) => out.extend_from_slice(s.as_bytes()),
        Value::Bytes(bytes) => text::bytea::write(bytes, out),
        Value::Array(items) => {
            let items: Vec<Option<Vec<u8>>> = items
                .iter()
                .map(|item| {
                    item.as_ref().map(|item| {
                        let mut text = Vec::new();
                        write_text(item, &mut text);
                        text
                    })
                })
                .collect();
            text::array::write(items.iter().map(Option::as_deref), b',', out);
        }
        Value::Struct(_) => out.extend_from_slice(json(value).to_string().as_bytes()),
    }
}

fn json(value: &Value) -> serde_json::Value {
    let optional = |value: &Option<Value>| value.as_ref().map_or(serde_json::Value::Null, json);
    match value {
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => (*n).into(),
        Value::Float(f) => (*f).into(),
        Value::String(s) => (**s).into(),
        Value::Bytes(_) => {
            let mut text = Vec::new();
            write_text(value, &mut text);
            String::from_utf8_lossy(&text).into_owned().into()
        }
        Value::Array(items) => items.iter().map(optional).collect(),
        Value::Struct(fields) => serde_json::Value::Object(
            fields.iter().map(|(name, value)| (name.to_string(), optional(value))).collect(),
        ),
    }
}
