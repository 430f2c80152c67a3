//! How Debezium writes a TOAST value that the source did not send, for each form of column.
//!
//! Mirrors `UnchangedToastedPlaceholder`: each form has the word in its own way.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::forms::{Form, Odd, Text};

/// Debezium's `unavailable.value.placeholder`, where nothing else is chosen.
pub(crate) const DEFAULT: &str = "__debezium_unavailable_value";

/// The word that a file's `unavailable_value_placeholder` says: itself, or the bytes behind `hex:`; none where these are
/// no UTF-8 or there is nothing.
pub fn word(text: &str) -> Option<String> {
    let Some(digits) = text.strip_prefix("hex:") else {
        return Some(text.to_owned()).filter(|text| !text.is_empty());
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Option<Vec<_>>>()?;
    String::from_utf8(bytes).ok()
}

/// The JSON that stands for an unsent value, where the form has a value for it.
pub(crate) fn of(form: &Form, word: &str) -> Option<Value> {
    let base64 = || STANDARD.encode(word);
    Some(match form {
        Form::Text(_) | Form::Encoded(_) | Form::Digits { .. } => json!(word),
        Form::Odd(Odd::Unknown(cdc::BinaryMode::Bytes)) | Form::Bytes => json!(base64()),
        Form::Odd(Odd::Unknown(_)) => json!(word),
        Form::Odd(Odd::HstoreJson) => json!(json!({ word: word }).to_string()),
        Form::Odd(Odd::HstoreMap) => json!({ word: word }),
        Form::Array(element) => match **element {
            Form::Text(Text::Uuid) => json!([uuid(word)]),
            Form::Text(_) => json!([word]),
            Form::Bytes => json!([base64()]),
            // Java's bytes have a sign.
            Form::Int(_) | Form::Days { connect: false } => {
                word.bytes().map(u8::cast_signed).collect()
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// Java's `UUID.nameUUIDFromBytes`: a hash with version 3 and its variant written into it.
pub(crate) fn uuid(word: &str) -> String {
    let mut hash: [u8; 16] = Md5::digest(word).into();
    hash[6] = hash[6] & 0x0f | 0x30;
    hash[8] = hash[8] & 0x3f | 0x80;
    let number = u128::from_be_bytes(hash);
    let hex = format!("{number:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_written_as_java_does() {
        assert_eq!(uuid(DEFAULT), "b68a35a7-17ad-35b3-af2a-ae46edb4545a");
        let bytes = Form::Array(Box::new(Form::Days { connect: false }));
        assert_eq!(of(&bytes, "\u{e9}"), Some(json!([-61, -87])));
        assert_eq!(of(&Form::Bytes, "?"), Some(json!("Pw==")));
        assert_eq!(of(&Form::Bool, "?"), None);
    }
}
