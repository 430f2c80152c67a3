//! Kafka Connect's StringConverter: whatever Java's `toString` gives, in UTF-8.

use std::io::Write;

use crate::{Data, Schema, Type, Value, java};

/// Appends the text of a value; false, and nothing, for null.
pub fn write(value: &Value, out: &mut Vec<u8>) -> bool {
    if value.is_null() {
        return false;
    }
    put(value, out);
    true
}

/// Text from a record's bytes. Bytes that are not UTF-8 become U+FFFD.
pub fn read(bytes: Option<&[u8]>) -> Data {
    let value = bytes
        .map_or(Value::Null, |bytes| Value::String(String::from_utf8_lossy(bytes).into_owned()));
    Data::new(Schema::new(Type::String).optional(), value)
}

/// Appends what `toString` gives. An array of bytes would give its place in memory; a buffer of them gives its bounds,
/// and so it is here.
pub(crate) fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Array(values) => {
            out.push(b'[');
            separated(values, b", ", out, put);
            out.push(b']');
        }
        Value::Map(pairs) => {
            out.push(b'{');
            separated(pairs, b", ", out, |(key, value), out| {
                put(key, out);
                out.push(b'=');
                put(value, out);
            });
            out.push(b'}');
        }
        Value::Struct(fields) => {
            out.extend_from_slice(b"Struct{");
            let named = fields.schema.fields().iter().zip(&fields.values);
            let named: Vec<_> = named.filter(|(_, value)| !value.is_null()).collect();
            separated(&named, b",", out, |(field, value), out| {
                out.extend_from_slice(field.name.as_bytes());
                out.push(b'=');
                put(value, out);
            });
            out.push(b'}');
        }
        Value::Date(millis) => java::put_date(*millis, out),
        Value::Bytes(bytes) => {
            let length = bytes.len();
            // Writing to a Vec does not fail.
            let _ = write!(out, "java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]");
        }
        Value::String(text) => out.extend_from_slice(text.as_bytes()),
        number => put_number(number, out),
    }
}

/// Appends a number, or true or false.
pub(crate) fn put_number(value: &Value, out: &mut Vec<u8>) {
    let mut integer = |number: i64| {
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    };
    match value {
        Value::Int8(number) => integer((*number).into()),
        Value::Int16(number) => integer((*number).into()),
        Value::Int32(number) => integer((*number).into()),
        Value::Int64(number) => integer(*number),
        Value::Float32(number) => java::put_f32(*number, out),
        Value::Float64(number) => java::put_f64(*number, out),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Decimal(number) => {
            // Writing to a Vec does not fail.
            let _ = write!(out, "{number}");
        }
        _ => {}
    }
}

/// Appends items with something between them.
pub(crate) fn separated<T>(
    items: &[T],
    between: &[u8],
    out: &mut Vec<u8>,
    mut put: impl FnMut(&T, &mut Vec<u8>),
) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(between);
        }
        put(item, out);
    }
}
