//! Kafka Connect's SimpleHeaderConverter: a header's text, and the type its text looks like.

mod convert;
mod format;
mod merge;
mod parse;
mod temporal;
mod tokens;

pub use format::put_quoted;

use crate::{Data, Schema, Type, Value};

/// Appends the text of a header's value; false, and nothing, for null.
pub fn write(value: &Value, out: &mut Vec<u8>) -> bool {
    if value.is_null() {
        return false;
    }
    format::put(value, false, out);
    true
}

/// Appends the text of a value that is inside another: texts and bytes have quotes.
pub fn write_within(value: &Value, out: &mut Vec<u8>) {
    format::put(value, true, out);
}

/// A header's value from its bytes: the narrowest type its text can be read as.
pub fn read(bytes: Option<&[u8]>) -> Data {
    let Some(bytes) = bytes else { return Data::null() };
    parse_string(&String::from_utf8_lossy(bytes))
}

/// The value a text looks like. What nests too deep, or is too large a number, is handed on as bytes.
pub fn parse_string(text: &str) -> Data {
    if text.is_empty() {
        return Data::new(Schema::new(Type::String), Value::String(String::new()));
    }
    parse::parse(text).unwrap_or_else(|parse::TooMuch| {
        Data::new(Schema::new(Type::Bytes), Value::Bytes(text.as_bytes().to_vec()))
    })
}
