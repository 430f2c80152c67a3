//! The parts of values and rows in JSON, as Connect's JsonConverter writes them.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cdc::text;
use connect_data::json::DecimalFormat;
use connect_data::{Decimal, Schema, Value};

use super::string;
use crate::forms::{Fit, Put, Width};

/// JSON, whose decimal numbers are numbers or not.
#[derive(Debug)]
pub(crate) struct JsonWith<const NUMERIC: bool>;

/// JSON whose decimal numbers are the base64 of their bytes.
pub(crate) type Json = JsonWith<false>;

impl<const NUMERIC: bool> Put for JsonWith<NUMERIC> {
    const NO_ROW: &'static [u8] = b"null";
    const ROW: &'static [u8] = b"{";
    const KEY: &'static [u8] = b"{";
    const NEXT: &'static [u8] = b",";
    const ROW_END: &'static [u8] = b"}";

    fn optional(_default: bool) -> (&'static [u8], &'static [u8]) {
        (b"", b"null")
    }

    fn boolean(value: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn integer(number: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn digits(_width: Width, text: &[u8], out: &mut Vec<u8>) -> Fit {
        out.extend_from_slice(text);
        Fit::Exact
    }

    fn float(single: bool, text: &[u8], out: &mut Vec<u8>) -> Fit {
        float(single, text, out)
    }

    fn string(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
        string::write(text, out)
    }

    fn plain_string(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        out.push(b'"');
        write(out);
        out.push(b'"');
    }

    fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
        out.push(b'"');
        let start = out.len();
        out.resize(start + bytes.len().div_ceil(3) * 4, 0);
        // The room is as large as the encoding, so this cannot fail.
        let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
        out.truncate(start + written);
        out.push(b'"');
    }

    fn decimal(scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        match Decimal::from_be_bytes(unscaled, scale).filter(|_| NUMERIC) {
            Some(number) => {
                // Writing to a Vec does not fail.
                let _ = write!(out, "{number}");
            }
            None => Self::bytes(unscaled, out),
        }
    }

    fn scaled(scale: i32, unscaled: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"scale":"#);
        Self::integer(i64::from(scale), out);
        out.extend_from_slice(br#","value":"#);
        Self::bytes(unscaled, out);
        out.push(b'}');
    }

    fn array(_items: usize, out: &mut Vec<u8>) {
        out.push(b'[');
    }

    fn item(number: usize, _optional: bool, null: bool, out: &mut Vec<u8>) {
        if number > 0 {
            out.push(b',');
        }
        if null {
            out.extend_from_slice(b"null");
        }
    }

    fn array_end(_items: usize, out: &mut Vec<u8>) {
        out.push(b']');
    }

    fn value(schema: &Schema, value: &Value, out: &mut Vec<u8>) -> bool {
        let decimals = if NUMERIC { DecimalFormat::Numeric } else { DecimalFormat::Base64 };
        connect_data::json::put_value(decimals, schema, value, out).is_ok()
    }
}

/// Appends what has no form: in a string where the form is no string, in `{"text":…}` where it is one of another
/// alphabet.
pub(crate) fn unformed(alphabet: bool, text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    if !alphabet {
        return string::write(text, out);
    }
    out.extend_from_slice(br#"{"text":"#);
    string::write(text, out)?;
    out.push(b'}');
    Ok(())
}

fn float(single: bool, text: &[u8], out: &mut Vec<u8>) -> Fit {
    if text::float::to_java(text, single, out) {
        return Fit::Exact;
    }
    // Java's own layout would be read as what PostgreSQL prints for it.
    let start = out.len();
    if is_number(text) && !text::float::from_java(text, single, out) {
        out.extend_from_slice(text);
        return Fit::Exact;
    }
    out.truncate(start);
    if matches!(text, b"NaN" | b"Infinity" | b"-Infinity") {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
        return Fit::Exact;
    }
    Fit::Unfit
}

/// Whether a float's text is a number in JSON too. `NaN` and `Infinity` are not.
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &mut &[u8]) -> bool {
        let n = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *text = &text[n..];
        n > 0
    }
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    if let Some(after) = rest.strip_prefix(b"0") {
        rest = after;
    } else if !digits(&mut rest) {
        return false;
    }
    if let Some(after) = rest.strip_prefix(b".") {
        rest = after;
        if !digits(&mut rest) {
            return false;
        }
    }
    if let [b'e' | b'E', after @ ..] = rest {
        rest = match after {
            [b'+' | b'-', after @ ..] => after,
            _ => after,
        };
        if !digits(&mut rest) {
            return false;
        }
    }
    rest.is_empty()
}
