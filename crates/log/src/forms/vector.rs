//! pgvector's `vector` and `halfvec`, `[1,2.5]`, and `sparsevec`, `{1:0.5,3:2}/5`.

use std::sync::{Arc, LazyLock};

use connect_data::{Schema, Struct, Value};

use super::{Form, Odd, float, schema_of};

static SPARSE: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Arc::new(schema_of(&Form::Odd(Odd::Sparsevec))));

fn elements<T: std::str::FromStr>(text: &str, value: fn(T) -> Value) -> Option<Value> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let values = inner.split(',').map(|part| part.parse().ok().map(value));
    values.collect::<Option<_>>().map(Value::Array)
}

/// 64-bit floats.
pub(super) fn doubles(text: &str) -> Option<Value> {
    elements(text, Value::Float64)
}

/// 32-bit floats.
pub(super) fn floats(text: &str) -> Option<Value> {
    elements(text, Value::Float32)
}

/// A struct of the number of dimensions and a map of those that are not zero.
pub(super) fn sparse(text: &str) -> Option<Value> {
    let (inner, dimensions) = text.split_once('/')?;
    let inner = inner.strip_prefix('{')?.strip_suffix('}')?;
    let pair = |part: &str| {
        let (place, number) = part.split_once(':')?;
        Some((Value::Int16(place.parse().ok()?), Value::Float64(number.parse().ok()?)))
    };
    let pairs = inner.split(',').filter(|part| !part.is_empty()).map(pair);
    let values =
        vec![Value::Int16(dimensions.parse().ok()?), Value::Map(pairs.collect::<Option<_>>()?)];
    Some(Value::Struct(Struct { schema: Arc::clone(&SPARSE), values }))
}

/// The text of a `vector` or `halfvec`.
pub(super) fn text(value: &Value) -> Option<String> {
    let Value::Array(values) = value else { return None };
    let parts = values.iter().map(|value| match value {
        Value::Float64(number) => Some(float::print(*number)),
        Value::Float32(number) => Some(number.to_string()),
        _ => None,
    });
    Some(format!("[{}]", parts.collect::<Option<Vec<_>>>()?.join(",")))
}

/// The text of a `sparsevec`.
pub(super) fn sparse_text(value: &Value) -> Option<String> {
    let Value::Struct(sparse) = value else { return None };
    let (Value::Int16(dimensions), Value::Map(pairs)) =
        (sparse.get("dimensions")?, sparse.get("vector")?)
    else {
        return None;
    };
    let parts = pairs.iter().map(|pair| match pair {
        (Value::Int16(place), Value::Float64(number)) => {
            Some(format!("{place}:{}", float::print(*number)))
        }
        _ => None,
    });
    Some(format!("{{{}}}/{dimensions}", parts.collect::<Option<Vec<_>>>()?.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_lists_of_numbers() {
        assert_eq!(text(&doubles("[1,-2.5]").unwrap()).as_deref(), Some("[1,-2.5]"));
        assert_eq!(text(&floats("[0.5]").unwrap()).as_deref(), Some("[0.5]"));
        for text in ["{1:0.5,3:2}/5", "{}/5"] {
            assert_eq!(sparse_text(&sparse(text).unwrap()).as_deref(), Some(text));
        }
        assert!(sparse("{1:0.5}/70000").is_none() && doubles("[a]").is_none());
    }
}
