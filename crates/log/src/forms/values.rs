//! A text of PostgreSQL as a Connect value of its form: for what is not on the hot path.

use cdc::text::{self, Date, MaybeInfinite, Timestamp};
use connect_data::{Decimal, Schema, Struct, Value};

use super::{Form, Unit, Width, encoded, iso, schema_of};

const DAY_MILLIS: i64 = 86_400_000;

/// The value; `None` where the text has none in this form.
pub(crate) fn value_of(form: &Form, text: &[u8]) -> Option<Value> {
    let string = || std::str::from_utf8(text).ok();
    Some(match form {
        Form::Bool => Value::Boolean(text::read_bool(text)?),
        Form::Int(width) => integer(*width, text::read_integer(text)?)?,
        Form::Float { single: true } => Value::Float32(string()?.parse().ok()?),
        Form::Float { single: false } | Form::Double => Value::Float64(string()?.parse().ok()?),
        Form::Text(_) => Value::String(string()?.to_owned()),
        Form::Decimal { scale, .. } => decimal(string()?, i32::from(*scale))?,
        Form::VariableDecimal => variable(text)?,
        Form::Digits { scale: None } => Value::String(digits(string()?).to_owned()),
        Form::Digits { scale: Some(scale) } => Value::String(match string()? {
            text if text.ends_with(|last: char| last.is_ascii_digit()) => {
                adjusted(text, i32::from(*scale))?
            }
            text => digits(text).to_owned(),
        }),
        Form::Bytes => Value::Bytes(bytes(text)?),
        Form::Encoded(mode) => Value::String(encoded(*mode, &bytes(text)?)),
        Form::Days { connect } => days(*connect, text)?,
        Form::IsoDate => Value::String(iso::date(text)?),
        Form::Time(unit) => {
            let (n, _) = unit.of_micros(text::read_time(text)?)?;
            match unit {
                Unit::Millis => Value::Int32(i32::try_from(n).ok()?),
                Unit::Connect => Value::Date(n),
                Unit::Micros | Unit::Nanos => Value::Int64(n),
            }
        }
        Form::IsoTime => Value::String(iso::time(text)?),
        Form::Moment(unit) => {
            let Some(MaybeInfinite::Finite(at)) = Timestamp::read(text) else { return None };
            let (n, _) = unit.of_micros(at.unix_micros()?)?;
            if *unit == Unit::Connect { Value::Date(n) } else { Value::Int64(n) }
        }
        Form::IsoMoment => Value::String(iso::moment(text)?),
        Form::Zoned { digits } => zoned(*digits, text)?,
        Form::Array(element) => {
            let items = text::array::flat(text, b',')?;
            let value = |item: Option<std::borrow::Cow<'_, [u8]>>| match item {
                None => Some(Value::Null),
                Some(text) => value_of(element, &text),
            };
            Value::Array(items.into_iter().map(value).collect::<Option<_>>()?)
        }
        Form::Odd(odd) => odd.value(text)?,
    })
}

/// A number of this size.
pub(super) fn integer(width: Width, n: i64) -> Option<Value> {
    Some(match width {
        Width::W16 => Value::Int16(i16::try_from(n).ok()?),
        Width::W32 => Value::Int32(i32::try_from(n).ok()?),
        Width::W64 => Value::Int64(n),
    })
}

/// The text's number with this scale; `None` where digits would be lost.
fn decimal(text: &str, scale: i32) -> Option<Value> {
    let mut bytes = Vec::new();
    if text::numeric::read_scaled(text.as_bytes(), scale, &mut bytes) {
        return Decimal::from_be_bytes(&bytes, scale).map(Value::Decimal);
    }
    text::numeric::read_scaled(adjusted(text, scale)?.as_bytes(), scale, &mut bytes)
        .then(|| Decimal::from_be_bytes(&bytes, scale).map(Value::Decimal))?
}

/// A number with as many digits behind the point as the scale says: a default is written as its author did, with fewer
/// than the column has, or with more that are zeros. `None` where digits would be lost.
fn adjusted(text: &str, scale: i32) -> Option<String> {
    let decimals = text.split_once('.').map_or("", |(_, decimals)| decimals);
    let wanted = usize::try_from(scale).ok()?;
    Some(match wanted.checked_sub(decimals.len()) {
        Some(lacking) => {
            let point = if decimals.is_empty() && lacking > 0 { "." } else { "" };
            format!("{}{point}{}", text.trim_end_matches('.'), "0".repeat(lacking))
        }
        None => {
            let (kept, cut) = text.split_at(text.len() - (decimals.len() - wanted));
            if cut.bytes().any(|digit| digit != b'0') {
                return None;
            }
            kept.trim_end_matches('.').to_owned()
        }
    })
}

fn variable(text: &[u8]) -> Option<Value> {
    let mut bytes = Vec::new();
    let scale = text::numeric::read(text, &mut bytes)?;
    Some(variable_value(scale, bytes))
}

fn variable_value(scale: i32, unscaled: Vec<u8>) -> Value {
    let schema: Schema = schema_of(&Form::VariableDecimal);
    Value::Struct(Struct {
        schema: schema.into(),
        values: vec![Value::Int32(scale), Value::Bytes(unscaled)],
    })
}

/// Nought, as a number with a scale of its own.
pub(super) fn variable_zero() -> Value {
    variable_value(0, vec![0])
}

/// A number as Debezium's string mode has it: what is no number in capitals.
pub(crate) fn digits(text: &str) -> &str {
    match text {
        "NaN" => "NAN",
        "Infinity" => "POSITIVE_INFINITY",
        "-Infinity" => "NEGATIVE_INFINITY",
        text => text,
    }
}

fn bytes(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    text::bytea::read(text, &mut out).then_some(out)
}

fn days(connect: bool, text: &[u8]) -> Option<Value> {
    let Some(MaybeInfinite::Finite(Date(days))) = Date::read(text) else { return None };
    Some(if connect { Value::Date(i64::from(days) * DAY_MILLIS) } else { Value::Int32(days) })
}

fn zoned(digits: usize, text: &[u8]) -> Option<Value> {
    let Some(MaybeInfinite::Finite(at)) = Timestamp::read_zoned(text) else { return None };
    let mut out = Vec::new();
    at.write_iso(digits, &mut out);
    String::from_utf8(out).ok().map(Value::String)
}
