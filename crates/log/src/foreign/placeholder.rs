//! What stands for a TOAST value that the source did not send: the producer's `unavailable.value.placeholder`.

use connect_data::Value;
use serde_json::json;

use crate::forms::Form;
use crate::rows::placeholder::{self, DEFAULT, of, uuid};

/// The word, and what it is in the forms that spell it otherwise.
#[derive(Debug)]
pub(super) struct Placeholder {
    word: String,
    quoted: String,
    pair: String,
    uuid: String,
}

impl Placeholder {
    /// Of the word a pipeline file says, or Debezium's own.
    pub(super) fn new(word: Option<&str>) -> Self {
        // The file is refused where it says none.
        let word = word.and_then(placeholder::word).unwrap_or_else(|| DEFAULT.to_owned());
        Self {
            quoted: json!(word).to_string(),
            pair: json!({ word.as_str(): word }).to_string(),
            uuid: uuid(&word),
            word,
        }
    }

    /// The JSON of a column of this form, where it has its own.
    pub(super) fn of(&self, form: &Form) -> Option<String> {
        of(form, &self.word).map(|json| json.to_string())
    }

    /// Whether it is this JSON, however its producer escapes. `own` is that of the column's form.
    pub(super) fn is_json(&self, json: &str, own: Option<&str>) -> bool {
        let parsed = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok();
        let is = |known: &str| {
            json == known
                || json.contains('\\')
                    && parsed(json).is_some_and(|json| Some(json) == parsed(known))
        };
        is(&self.quoted) || own.is_some_and(is)
    }

    /// Whether it is this value.
    pub(super) fn is_value(&self, value: &Value) -> bool {
        let is_word = |value: &Value| match value {
            Value::String(text) => *text == self.word,
            Value::Bytes(bytes) => *bytes == self.word.as_bytes(),
            _ => false,
        };
        match value {
            Value::String(text) if *text == self.pair => true,
            Value::Map(pairs) => {
                matches!(pairs.as_slice(), [(key, value)] if is_word(key) && is_word(value))
            }
            Value::Array(items) => match items.as_slice() {
                [Value::String(text)] if *text == self.uuid => true,
                [item @ (Value::String(_) | Value::Bytes(_))] => is_word(item),
                numbers => self.is_spelt(numbers),
            },
            value => is_word(value),
        }
    }

    /// Whether the numbers are the word's bytes, which have a sign in Java.
    fn is_spelt(&self, numbers: &[Value]) -> bool {
        let number = |value: &Value| match value {
            Value::Int32(number) => Some(i64::from(*number)),
            Value::Int64(number) => Some(*number),
            Value::Int16(number) => Some(i64::from(*number)),
            _ => None,
        };
        let bytes = self.word.bytes().map(|byte| Some(i64::from(byte.cast_signed())));
        !numbers.is_empty() && numbers.iter().map(number).eq(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_producers_own_is_known_in_every_form() {
        let own = Placeholder::new(Some("n\u{e9}"));
        let numbers = [110, -61, -87].map(Value::Int32).to_vec();
        let text = Value::String("n\u{e9}".to_owned());
        for value in [text.clone(), Value::Array(vec![text.clone()]), Value::Array(numbers)] {
            assert!(own.is_value(&value), "{value:?}");
            assert!(!Placeholder::new(None).is_value(&value), "{value:?}");
        }
        assert!(own.is_value(&Value::Map(vec![(text.clone(), text)])));
        assert!(own.is_json("\"n\\u00E9\"", None) && !own.is_json("\"n\\u00EA\"", None));
        let control = Placeholder::new(Some("hex:1f"));
        assert!(control.is_json(r#""\u001F""#, None) && control.is_json(r#""\u001f""#, None));
        assert!(own.is_json("\"n\u{e9}\"", None) && !own.is_json("\"ne\"", None));
        assert!(!own.is_value(&Value::Array(Vec::new())));
    }
}
