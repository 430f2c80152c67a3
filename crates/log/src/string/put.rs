//! The parts of values and rows as Java's `toString` gives them.

use std::io::Write;

use connect_data::{Decimal, Schema, Value};

use crate::forms::{Fit, Put, Width};

/// What Java's `toString` gives.
#[derive(Debug)]
pub(super) struct JavaText;

/// Appends what `toString` of a value gives.
fn put(value: &Value, out: &mut Vec<u8>) {
    connect_data::string::write(value, out);
}

impl Put for JavaText {
    const NO_ROW: &'static [u8] = &[];
    const ROW: &'static [u8] = b"Struct{";
    const KEY: &'static [u8] = b"Struct{";
    const NEXT: &'static [u8] = b",";
    const ROW_END: &'static [u8] = b"}";
    // No text in UTF-8 has this byte.
    const ABSENT: &'static [u8] = b"\xff";

    fn optional(_default: bool) -> (&'static [u8], &'static [u8]) {
        (b"", Self::ABSENT)
    }

    fn boolean(value: bool, out: &mut Vec<u8>) {
        put(&Value::Boolean(value), out);
    }

    fn integer(number: i64, out: &mut Vec<u8>) {
        put(&Value::Int64(number), out);
    }

    fn digits(_width: Width, text: &[u8], out: &mut Vec<u8>) -> Fit {
        out.extend_from_slice(text);
        Fit::Exact
    }

    fn float(single: bool, text: &[u8], out: &mut Vec<u8>) -> Fit {
        let Ok(text) = std::str::from_utf8(text) else { return Fit::Unfit };
        let value = match single {
            true => text.parse().map(Value::Float32),
            false => text.parse().map(Value::Float64),
        };
        let Ok(value) = value else { return Fit::Unfit };
        put(&value, out);
        Fit::Exact
    }

    fn string(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
        std::str::from_utf8(text).map_err(|error| error.valid_up_to())?;
        out.extend_from_slice(text);
        Ok(())
    }

    fn plain_string(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        write(out);
    }

    fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
        // What its bytes are, a buffer does not say.
        let length = bytes.len();
        // Writing to a Vec does not fail.
        let _ = write!(out, "java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]");
    }

    fn decimal(scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        if let Some(number) = Decimal::from_be_bytes(unscaled, scale) {
            put(&Value::Decimal(number), out);
        }
    }

    fn date(_number: i64, millis: i64, out: &mut Vec<u8>) {
        put(&Value::Date(millis), out);
    }

    fn scaled(scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        let _ = write!(out, "Struct{{scale={scale},value=");
        Self::bytes(unscaled, out);
        out.push(b'}');
    }

    fn array(_items: usize, out: &mut Vec<u8>) {
        out.push(b'[');
    }

    fn item(number: usize, _optional: bool, null: bool, out: &mut Vec<u8>) {
        if number > 0 {
            out.extend_from_slice(b", ");
        }
        if null {
            out.extend_from_slice(b"null");
        }
    }

    fn array_end(_items: usize, out: &mut Vec<u8>) {
        out.push(b']');
    }

    fn value(_schema: &Schema, value: &Value, out: &mut Vec<u8>) -> bool {
        connect_data::string::write(value, out)
    }
}
