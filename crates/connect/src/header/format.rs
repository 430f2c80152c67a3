//! A value as a header's text: Java's `Values.convertToString`.

use std::io::Write;

use crate::calendar::{self, Civil, MILLIS_PER_DAY};
use crate::json::put_base64;
use crate::string::{put_number, separated};
use crate::{Type, Value};

/// Appends the value; one inside another has quotes around its text.
pub(super) fn put(value: &Value, embedded: bool, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::String(text) if embedded => put_quoted(text, out),
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        Value::Bytes(bytes) => {
            let quote: &[u8] = if embedded { b"\"" } else { b"" };
            out.extend_from_slice(quote);
            put_base64(bytes, out);
            out.extend_from_slice(quote);
        }
        Value::Array(values) => {
            out.push(b'[');
            separated(values, b",", out, |value, out| put(value, true, out));
            out.push(b']');
        }
        Value::Map(pairs) => {
            out.push(b'{');
            separated(pairs, b",", out, |(key, value), out| {
                put(key, true, out);
                out.push(b':');
                put(value, true, out);
            });
            out.push(b'}');
        }
        Value::Struct(fields) => {
            out.push(b'{');
            for (at, (field, value)) in
                fields.schema.fields().iter().zip(&fields.values).enumerate()
            {
                if at > 0 {
                    out.push(b',');
                }
                put_quoted(&field.name, out);
                out.push(b':');
                debug_assert!(matches!(fields.schema.kind, Type::Struct(_)));
                // A struct gives its default for what is null.
                let default = field.schema.default.as_ref().filter(|_| value.is_null());
                put(default.unwrap_or(value), true, out);
            }
            out.push(b'}');
        }
        Value::Date(millis) => put_date(*millis, out),
        number => put_number(number, out),
    }
}

/// Appends a text that is inside another value, or a name there: quotes and backslashes are escaped, and nothing else.
pub fn put_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Whether it is a time, a date or both is guessed from the number: whatever lies before 1970-01-02 is a time.
fn put_date(millis: i64, out: &mut Vec<u8>) {
    let (days, rest) = calendar::split(millis);
    let whole_day = millis % MILLIS_PER_DAY == 0;
    if millis >= MILLIS_PER_DAY {
        let Civil { year, month, day } = calendar::civil(days);
        // Writing to a Vec does not fail.
        let _ = write!(out, "{year:04}-{month:02}-{day:02}");
        if whole_day {
            return;
        }
        out.push(b'T');
    }
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
}
