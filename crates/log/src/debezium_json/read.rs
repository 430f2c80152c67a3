//! One JSON value as the text PostgreSQL prints: the reverse of writing it, byte for byte.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cdc::PgType;
use cdc::text::{self, Date, MaybeInfinite, Timestamp};
use connect_data::{Schema, Type};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::write::{DATE_INFINITY, DATE_NEGATIVE_INFINITY, has_alphabet, infinities};
use crate::forms::{Form, Odd, Unit, decoded, has_commas, iso};

/// Why a value could not be read. Never the value.
pub(super) type Reason = &'static str;

#[derive(Deserialize)]
struct Scaled<'a> {
    scale: i32,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// Appends the text of one value that is not null.
pub(super) fn value(
    form: &Form,
    schema: &Arc<Schema>,
    pg: &PgType,
    json: &str,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    let first = json.as_bytes().first().copied().unwrap_or_default();
    if let Form::Odd(odd) = form {
        return odd_value(odd, schema, json, out);
    }
    if first == b'"' {
        return string_value(form, &unquoted(json)?, out);
    }
    let number = first == b'-' || first.is_ascii_digit();
    match form {
        Form::Bool if json == "true" => out.push(b't'),
        Form::Bool if json == "false" => out.push(b'f'),
        Form::Float { single } if text::float::from_java(json.as_bytes(), *single, out) => {}
        Form::Double if text::float::from_java(json.as_bytes(), false, out) => {}
        Form::Int(_)
        | Form::Float { .. }
        | Form::Double
        | Form::Decimal { .. }
        | Form::VariableDecimal
            if number =>
        {
            out.extend_from_slice(json.as_bytes());
        }
        Form::Days { .. } if number => {
            let days = json.parse().map_err(|_| "expected a date as days")?;
            let date = match days {
                DATE_INFINITY => MaybeInfinite::Infinity,
                DATE_NEGATIVE_INFINITY => MaybeInfinite::NegativeInfinity,
                days => MaybeInfinite::Finite(Date(days)),
            };
            date.write(out, Date::write);
        }
        Form::Time(unit) if number => {
            let n: i64 = json.parse().map_err(|_| "expected a time as a whole number")?;
            if !unit.to_micros(n).is_some_and(|micros| text::write_time(micros, out)) {
                return Err("a time is longer than a day");
            }
        }
        Form::Moment(unit) if number => moment(*unit, json, out)?,
        Form::VariableDecimal if first == b'{' => {
            let scaled: Scaled<'_> =
                serde_json::from_str(json).map_err(|_| "expected scale and value")?;
            numeric(&scaled.value, scaled.scale, out)?;
        }
        form if has_alphabet(form) && first == b'{' => unformed(json, out)?,
        Form::Array(element) if first == b'[' && has_commas(pg) => {
            array(element, schema, pg, json, out)?;
        }
        _ => return Err("the value has another JSON type than the column's"),
    }
    Ok(())
}

/// A value that had no form.
fn unformed(json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    let object: Text<'_> = serde_json::from_str(json).map_err(|_| "expected base64")?;
    out.extend_from_slice(object.text.as_bytes());
    Ok(())
}

fn odd_value(odd: &Odd, schema: &Arc<Schema>, json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    if has_alphabet(&Form::Odd(odd.clone())) && json.starts_with('{') {
        return unformed(json, out);
    }
    let is_text = matches!(schema.kind, Type::String | Type::Bytes);
    if json.starts_with('"') && !is_text {
        out.extend_from_slice(unquoted(json)?.as_bytes());
        return Ok(());
    }
    let value = connect_data::json::read_value(schema, json)
        .map_err(|_| "the value is not as the column's form has it")?;
    match odd.text(&value) {
        Some(text) => out.extend_from_slice(text.as_bytes()),
        None if schema.kind == Type::String => out.extend_from_slice(unquoted(json)?.as_bytes()),
        None => return Err("the value's text is not in the record"),
    }
    Ok(())
}

fn string_value(form: &Form, string: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    match form {
        Form::Decimal { scale, .. } if string != "NaN" => {
            return numeric(string, i32::from(*scale), out);
        }
        Form::Bytes => {
            let bytes = STANDARD.decode(string).map_err(|_| "expected base64")?;
            text::bytea::write(&bytes, out);
        }
        Form::Encoded(mode) => {
            let bytes = decoded(*mode, string).ok_or("expected bytes as text")?;
            text::bytea::write(&bytes, out);
        }
        Form::Digits { .. } => {
            let text = match string {
                "NAN" => "NaN",
                "POSITIVE_INFINITY" => "Infinity",
                "NEGATIVE_INFINITY" => "-Infinity",
                text => text,
            };
            out.extend_from_slice(text.as_bytes());
        }
        Form::Zoned { .. } => match Timestamp::read_iso(string.as_bytes()) {
            Some(at) => at.write_zoned(out),
            None => out.extend_from_slice(string.as_bytes()),
        },
        Form::IsoDate | Form::IsoTime | Form::IsoMoment => {
            let text = iso::text(string);
            out.extend_from_slice(text.as_deref().unwrap_or(string).as_bytes());
        }
        _ => out.extend_from_slice(string.as_bytes()),
    }
    Ok(())
}

/// A JSON string without its quotes and escapes.
pub(super) fn unquoted(json: &str) -> Result<Cow<'_, str>, Reason> {
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if memchr::memchr(b'\\', inner.as_bytes()).is_none() => {
            Ok(Cow::Borrowed(inner))
        }
        _ => serde_json::from_str(json).map(Cow::Owned).map_err(|_| "expected a string"),
    }
}

fn numeric(base64: &str, scale: i32, out: &mut Vec<u8>) -> Result<(), Reason> {
    let bytes = STANDARD.decode(base64).map_err(|_| "expected base64")?;
    if text::numeric::write(&bytes, scale, out) {
        Ok(())
    } else {
        Err("the number is beyond numeric")
    }
}

fn moment(unit: Unit, json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    let n: i64 = json.parse().map_err(|_| "expected a timestamp as a whole number")?;
    let (first, last) = infinities(unit);
    let at = match n {
        _ if n == first => MaybeInfinite::NegativeInfinity,
        _ if n == last => MaybeInfinite::Infinity,
        _ => MaybeInfinite::Finite(Timestamp::from_unix_micros(
            unit.to_micros(n).ok_or("the timestamp is out of range")?,
        )),
    };
    at.write(out, Timestamp::write);
    Ok(())
}

fn array(
    element: &Form,
    schema: &Schema,
    pg: &PgType,
    json: &str,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    let Type::Array(Some(schema)) = &schema.kind else { return Err("expected an array") };
    let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| "expected an array")?;
    let mut text = Vec::new();
    out.push(b'{');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        text.clear();
        if item.get() == "null" {
            text::array::write_element(None, b',', out);
        } else {
            value(element, schema, pg, item.get(), &mut text)?;
            text::array::write_element(Some(&text), b',', out);
        }
    }
    out.push(b'}');
    Ok(())
}
