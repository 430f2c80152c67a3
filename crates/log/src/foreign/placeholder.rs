//! What stands for a TOAST value that the source did not send: Debezium's `unavailable.value.placeholder`.

use connect_data::Value;

use super::slot::Slot;
use crate::forms::Form;
use crate::rows::placeholder::{DEFAULT as WORD, of as placeholder_of};

const QUOTED: &str = r#""__debezium_unavailable_value""#;
const PAIR: &str = r#"{"__debezium_unavailable_value":"__debezium_unavailable_value"}"#;
/// Java's `UUID.nameUUIDFromBytes` of the placeholder.
const UUID: &str = "b68a35a7-17ad-35b3-af2a-ae46edb4545a";

/// The JSON of a column of this form.
pub(super) fn of(form: &Form) -> Option<String> {
    placeholder_of(form, WORD).map(|json| json.to_string())
}

/// Whether it is this JSON, in such a column.
pub(super) fn is_json(json: &str, slot: &Slot) -> bool {
    json == QUOTED || slot.placeholder.as_deref() == Some(json)
}

/// Whether it is this value.
pub(super) fn is_value(value: &Value) -> bool {
    match value {
        Value::String(text) => text == WORD || text == PAIR,
        Value::Bytes(bytes) => bytes == WORD.as_bytes(),
        Value::Map(pairs) => {
            matches!(pairs.as_slice(), [(Value::String(key), Value::String(value))] if key == WORD && value == WORD)
        }
        Value::Array(items) => match items.as_slice() {
            [Value::String(text)] => text == WORD || text == UUID,
            [Value::Bytes(bytes)] => bytes == WORD.as_bytes(),
            numbers => is_spelt(numbers),
        },
        _ => false,
    }
}

/// Whether the numbers are the word's letters.
fn is_spelt(numbers: &[Value]) -> bool {
    let number = |value: &Value| match value {
        Value::Int32(number) => Some(i64::from(*number)),
        Value::Int64(number) => Some(*number),
        Value::Int16(number) => Some(i64::from(*number)),
        _ => None,
    };
    numbers.len() == WORD.len()
        && numbers.iter().zip(WORD.bytes()).all(|(value, byte)| number(value) == Some(byte.into()))
}
