//! One JSON value as the text PostgreSQL prints: the reverse of writing it, byte for byte.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cdc::text::{self, Date, MaybeInfinite, Timestamp};
use cdc::{Kind, PgType};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::write::{DATE_INFINITY, DATE_NEGATIVE_INFINITY, has_commas, in_millis, infinities};

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
pub(super) fn value(kind: &Kind, pg: &PgType, json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    let first = json.as_bytes().first().copied().unwrap_or_default();
    if first == b'"' {
        return string_value(kind, pg, &unquoted(json)?, out);
    }
    let number = first == b'-' || first.is_ascii_digit();
    match kind {
        Kind::Bool if json == "true" => out.push(b't'),
        Kind::Bool if json == "false" => out.push(b'f'),
        Kind::Float4 | Kind::Float8
            if text::float::from_java(json.as_bytes(), *kind == Kind::Float4, out) => {}
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric
            if number =>
        {
            out.extend_from_slice(json.as_bytes());
        }
        Kind::Date if number => {
            let days = json.parse().map_err(|_| "expected a date as days")?;
            let date = match days {
                DATE_INFINITY => MaybeInfinite::Infinity,
                DATE_NEGATIVE_INFINITY => MaybeInfinite::NegativeInfinity,
                days => MaybeInfinite::Finite(Date(days)),
            };
            date.write(out, Date::write);
        }
        Kind::Time if number => {
            let n: i64 = json.parse().map_err(|_| "expected a time as a whole number")?;
            let micros = if in_millis(pg) { n.checked_mul(1_000) } else { Some(n) };
            if !micros.is_some_and(|micros| text::write_time(micros, out)) {
                return Err("a time is longer than a day");
            }
        }
        Kind::Timestamp if number => timestamp(pg, json, out)?,
        Kind::Numeric if pg.precision_and_scale().is_none() && first == b'{' => {
            let scaled: Scaled<'_> =
                serde_json::from_str(json).map_err(|_| "expected scale and value")?;
            numeric(&scaled.value, scaled.scale, out)?;
        }
        Kind::Numeric | Kind::Bytea if first == b'{' => {
            let object: Text<'_> = serde_json::from_str(json).map_err(|_| "expected base64")?;
            out.extend_from_slice(object.text.as_bytes());
        }
        Kind::Array(element) if first == b'[' && has_commas(pg) => array(element, pg, json, out)?,
        _ => return Err("the value has another JSON type than the column's"),
    }
    Ok(())
}

fn string_value(kind: &Kind, pg: &PgType, string: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    match kind {
        Kind::Numeric if string != "NaN" => match pg.precision_and_scale() {
            Some((_, scale)) => return numeric(string, i32::from(scale), out),
            None => out.extend_from_slice(string.as_bytes()),
        },
        Kind::Bytea => {
            let bytes = STANDARD.decode(string).map_err(|_| "expected base64")?;
            text::bytea::write(&bytes, out);
        }
        Kind::Timestamptz => match Timestamp::read_iso(string.as_bytes()) {
            Some(at) => at.write_zoned(out),
            None => out.extend_from_slice(string.as_bytes()),
        },
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

fn timestamp(pg: &PgType, json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    let n: i64 = json.parse().map_err(|_| "expected a timestamp as a whole number")?;
    let (first, last) = infinities(pg);
    let at = match n {
        _ if n == first => MaybeInfinite::NegativeInfinity,
        _ if n == last => MaybeInfinite::Infinity,
        _ => {
            let micros = if in_millis(pg) { n.checked_mul(1_000) } else { Some(n) };
            MaybeInfinite::Finite(Timestamp::from_unix_micros(
                micros.ok_or("the timestamp is out of range")?,
            ))
        }
    };
    at.write(out, Timestamp::write);
    Ok(())
}

fn array(element: &Kind, pg: &PgType, json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
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
            value(element, pg, item.get(), &mut text)?;
            text::array::write_element(Some(&text), b',', out);
        }
    }
    out.push(b'}');
    Ok(())
}
