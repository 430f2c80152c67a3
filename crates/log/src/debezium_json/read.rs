//! One JSON value as the text PostgreSQL prints: the reverse of writing it, byte for byte.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cdc::PgType;
use cdc::text;
use connect_data::{Decimal, Schema, Type};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::forms::{
    Form, Odd, Reason, Unit, has_alphabet, has_commas, read_days, read_moment, read_numeric,
    read_string, read_time,
};

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
pub(crate) fn value(
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
        Form::Decimal { .. }
            if number && memchr::memchr2(b'e', b'E', json.as_bytes()).is_some() =>
        {
            let found = Decimal::parse(json).ok_or("expected a number")?;
            found.with_be_bytes(|bytes| read_numeric(bytes, found.scale(), out))?;
        }
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
            read_days(json.parse().map_err(|_| "expected a date as days")?, out);
        }
        Form::Time(unit) if number => {
            let n: i64 = json.parse().map_err(|_| "expected a time as a whole number")?;
            read_time(*unit, n, out)?;
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
        form => return read_string(form, string, out),
    }
    Ok(())
}

/// A JSON string without its quotes and escapes.
pub(crate) fn unquoted(json: &str) -> Result<Cow<'_, str>, Reason> {
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
    read_numeric(&bytes, scale, out)
}

fn moment(unit: Unit, json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    let n: i64 = json.parse().map_err(|_| "expected a timestamp as a whole number")?;
    read_moment(unit, n, out)
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
    text::array::write_each(items, b',', out, |item, text| match item.get() {
        "null" => Ok(false),
        json => value(element, schema, pg, json, text).map(|()| true),
    })
}
