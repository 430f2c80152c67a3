//! One value as the text PostgreSQL would print for it: by the schema beside it, or, where there is none, by the type
//! of the column it goes to.

use cdc::text::{self, MaybeInfinite, Timestamp};
use cdc::{Kind, PgType, Special};
use connect_data::json::DecimalFormat;
use connect_data::{Logical, Schema, Struct, Type, Value};

use super::item::Item;
use super::slot::Slot;
use crate::debezium_json::{read_value, unquoted};
use crate::forms::{
    Form, Odd, Reason, Temporal, Unit, print_float, print_single, read_days, read_moment,
    read_numeric, read_string, read_time,
};

/// What a record says of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Null,
    /// It was not sent.
    Nothing,
    /// Its text was appended.
    Text,
}

/// Appends the text of what goes into a column.
pub(super) fn write(item: Item<'_>, slot: &Slot, out: &mut Vec<u8>) -> Result<Said, Reason> {
    if item.is_null() {
        return Ok(Said::Null);
    }
    let (unsent, own) = &slot.placeholder;
    match item {
        Item::Json(json) if unsent.is_json(json, own.as_deref()) => return Ok(Said::Nothing),
        Item::Typed(_, value) if unsent.is_value(value) => return Ok(Said::Nothing),
        Item::Json(json) => untyped(json, slot, out)?,
        Item::Text(text) => java_text(text, slot, out)?,
        Item::Typed(schema, value) => typed(schema, value, &slot.pg, slot, out)?,
    }
    Ok(Said::Text)
}

/// What `toString` gave for a value of the column's form.
fn java_text(text: &str, slot: &Slot, out: &mut Vec<u8>) -> Result<(), Reason> {
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    match &slot.form {
        Form::Int(_)
        | Form::Float { .. }
        | Form::Double
        | Form::Days { connect: false }
        | Form::Time(Unit::Millis | Unit::Micros | Unit::Nanos)
        | Form::Moment(Unit::Millis | Unit::Micros | Unit::Nanos)
            if is_number =>
        {
            read_value(&slot.form, &slot.schema, &slot.pg, text, out)
        }
        Form::Bool => read_value(&slot.form, &slot.schema, &slot.pg, text, out),
        Form::Days { connect: true }
        | Form::Time(Unit::Connect)
        | Form::Moment(Unit::Connect)
        | Form::Bytes
        | Form::VariableDecimal
        | Form::Array(_)
        | Form::Odd(_) => Err("a text that does not say all of the value"),
        form => read_string(form, text, out),
    }
}

/// JSON, by the column's type, as Debezium would have written it; and what else the type takes as text.
fn untyped(json: &str, slot: &Slot, out: &mut Vec<u8>) -> Result<(), Reason> {
    let is_string = json.starts_with('"');
    match &slot.form {
        Form::Text(_) if !is_string => {
            out.extend_from_slice(json.as_bytes());
            Ok(())
        }
        Form::Decimal { .. } if is_string => decimal_text(&unquoted(json)?, slot, json, out),
        Form::Days { .. } | Form::Time(_) | Form::Moment(_) | Form::Zoned { .. } if is_string => {
            moment_text(&unquoted(json)?, &slot.pg.kind, out);
            Ok(())
        }
        Form::Odd(_) => {
            let is_text = matches!(slot.schema.kind, Type::String | Type::Bytes);
            if is_string && !is_text {
                out.extend_from_slice(unquoted(json)?.as_bytes());
                return Ok(());
            }
            let value = connect_data::json::read_value(&slot.schema, json)
                .map_err(|_| "the value is not as the column's form has it")?;
            typed(&slot.schema, &value, &slot.pg, slot, out)
        }
        form => read_value(form, &slot.schema, &slot.pg, json, out),
    }
}

/// Digits, or the base64 of a number without its point: unless the file tells which, only where one of the two will do.
fn decimal_text(string: &str, slot: &Slot, json: &str, out: &mut Vec<u8>) -> Result<(), Reason> {
    let digits = string.parse::<f64>().is_ok();
    let start = out.len();
    let bytes = read_value(&slot.form, &slot.schema, &slot.pg, json, out);
    match (slot.decimals, digits, &bytes) {
        (Some(_), _, _) | (None, false, _) => bytes,
        (None, true, Ok(())) => Err(
            "a text that is digits and base64, too: say under kafka: written_with: decimal_handling_mode whether it is `string` or `precise`",
        ),
        (None, true, Err(_)) => {
            out.truncate(start);
            out.extend_from_slice(string.as_bytes());
            Ok(())
        }
    }
}

/// A day or a moment in ISO 8601 as PostgreSQL prints it; any other text as it is.
fn moment_text(string: &str, kind: &Kind, out: &mut Vec<u8>) {
    // Without a zone it is in UTC.
    let iso = || Timestamp::read_iso(string.as_bytes());
    let local = || Timestamp::read_iso(format!("{string}Z").as_bytes());
    let printed = || match Timestamp::read(string.as_bytes())? {
        MaybeInfinite::Finite(at) => Some(at),
        _ => None,
    };
    match (kind, iso().or_else(local).or_else(printed)) {
        (Kind::Timestamptz, Some(at)) => at.write_zoned(out),
        (Kind::Timestamp, Some(at)) => at.write(out),
        // What a day or a time is in ISO 8601, and what PostgreSQL prints, is taken as it stands.
        _ => {
            let text = crate::forms::iso::text(string);
            out.extend_from_slice(text.as_deref().unwrap_or(string).as_bytes());
        }
    }
}

/// A value with a schema.
pub(super) fn typed(
    schema: &Schema,
    value: &Value,
    pg: &PgType,
    slot: &Slot,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    if let Some(name) = schema.name.as_deref().and_then(|name| name.strip_prefix("io.debezium."))
        && named(name, schema, value, pg, out)?
    {
        return Ok(());
    }
    match value {
        Value::Null => return Err("expected a value that is not null"),
        Value::Boolean(set) if is_bits(&pg.kind) => out.push(if *set { b'1' } else { b'0' }),
        Value::Boolean(set) => out.push(if *set { b't' } else { b'f' }),
        Value::Int8(number) => integer((*number).into(), out),
        Value::Int16(number) => integer((*number).into(), out),
        Value::Int32(number) => integer((*number).into(), out),
        Value::Int64(number) => integer(*number, out),
        Value::Float32(number) => out.extend_from_slice(print_single(*number).as_bytes()),
        Value::Float64(number) => out.extend_from_slice(print_float(*number).as_bytes()),
        Value::Decimal(number) => {
            number.with_be_bytes(|bytes| read_numeric(bytes, number.scale(), out))?;
        }
        Value::Date(millis) => date(schema, *millis, pg, out)?,
        Value::String(string) => text_value(string, pg, slot, out)?,
        Value::Bytes(bytes) => bytes_value(bytes, pg, out)?,
        Value::Array(items) => array(schema, items, pg, slot, out)?,
        Value::Map(_) if pg.kind == Kind::Special(Special::Hstore) => {
            put_odd(&Odd::HstoreMap, value, out)?;
        }
        Value::Map(_) | Value::Struct(_) => {
            connect_data::json::put_value(DecimalFormat::default(), schema, value, out)
                .map_err(|_| "a structure that JSON has no form for")?;
        }
    }
    Ok(())
}

fn integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn is_bits(kind: &Kind) -> bool {
    matches!(kind, Kind::Special(Special::Bit | Special::Varbit))
}

fn put_odd(odd: &Odd, value: &Value, out: &mut Vec<u8>) -> Result<(), Reason> {
    let text = odd.text(value).ok_or("the value is not as the name of its schema says")?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Values of Debezium's own types, if the name is one of those whose values are not what they look like.
fn named(
    name: &str,
    schema: &Schema,
    value: &Value,
    pg: &PgType,
    out: &mut Vec<u8>,
) -> Result<bool, Reason> {
    let odd = match (name, value) {
        ("time.Date", Value::Int32(days)) => {
            read_days(*days, out);
            zoned_where_needed(pg, b" 00:00:00+00", out);
            return Ok(true);
        }
        ("time.Time", Value::Int32(n)) => return clock(Unit::Millis, (*n).into(), out),
        ("time.MicroTime", Value::Int64(n)) => return clock(Unit::Micros, *n, out),
        ("time.NanoTime", Value::Int64(n)) => return clock(Unit::Nanos, *n, out),
        ("time.Timestamp", Value::Int64(n)) => return moment(Unit::Millis, *n, pg, out),
        ("time.MicroTimestamp", Value::Int64(n)) => return moment(Unit::Micros, *n, pg, out),
        ("time.NanoTimestamp", Value::Int64(n)) => return moment(Unit::Nanos, *n, pg, out),
        ("time.ZonedTimestamp", Value::String(iso)) => {
            moment_text(iso, &pg.kind, out);
            return Ok(true);
        }
        ("time.IsoDate" | "time.IsoTime" | "time.IsoTimestamp", Value::String(iso)) => {
            return read_string(&Form::IsoMoment, iso, out).map(|()| true);
        }
        (name, Value::Struct(_)) if name.starts_with("time.Structured") => {
            let start = out.len();
            let text = Temporal::text(value).ok_or("expected all its numbers")?;
            out.extend_from_slice(text.as_bytes());
            if name == "time.StructuredTimestamp" {
                in_zone(start, pg, out);
            }
            return Ok(true);
        }
        ("data.VariableScaleDecimal", Value::Struct(number)) => {
            let (Some(Value::Int32(scale)), Some(Value::Bytes(bytes))) =
                (number.get("scale"), number.get("value"))
            else {
                return Err("expected scale and value");
            };
            return read_numeric(bytes, *scale, out).map(|()| true);
        }
        ("data.Json", Value::String(_)) if pg.kind == Kind::Special(Special::Hstore) => {
            Odd::HstoreJson
        }
        ("data.Bits", Value::Bytes(_)) => Odd::Bits(bits_length(schema, pg)),
        ("time.MicroDuration", Value::Int64(_)) => Odd::Duration,
        ("time.NanoDuration", Value::Int64(nanos)) => {
            return put_odd(&Odd::Duration, &Value::Int64(nanos / 1_000), out).map(|()| true);
        }
        ("time.Interval" | "time.ZonedTime", Value::String(iso)) => {
            let odd = if name == "time.Interval" { Odd::Interval } else { Odd::ZonedTime };
            // PostgreSQL reads ISO 8601, too.
            let text = odd.text(value);
            out.extend_from_slice(text.as_deref().unwrap_or(iso).as_bytes());
            return Ok(true);
        }
        ("data.geometry.Point", Value::Struct(point)) if is_postgis(&pg.kind) => {
            return wkb(point, out).map(|()| true);
        }
        ("data.geometry.Point", _) => Odd::Point,
        ("data.geometry.Line", _) => Odd::Line,
        ("data.geometry.Circle", _) => Odd::Circle,
        ("data.geometry.Geometry" | "data.geometry.Geography", _) => match shape_of(&pg.kind) {
            Some(shape) => Odd::Shape(shape),
            None => Odd::Geometry,
        },
        ("data.DoubleVector" | "data.FloatVector", _) => Odd::Vector,
        ("data.SparseDoubleVector", _) => Odd::Sparsevec,
        _ => return Ok(false),
    };
    put_odd(&odd, value, out).map(|()| true)
}

fn is_postgis(kind: &Kind) -> bool {
    matches!(kind, Kind::Special(Special::Geometry | Special::Geography))
}

fn wkb(shape: &Struct, out: &mut Vec<u8>) -> Result<(), Reason> {
    match shape.get("wkb") {
        Some(Value::Bytes(_)) => {
            let value = Value::Struct(shape.clone());
            put_odd(&Odd::Geometry, &value, out)
        }
        _ => Err("expected the shape as wkb"),
    }
}

fn shape_of(kind: &Kind) -> Option<crate::forms::Shape> {
    use crate::forms::Shape;
    Some(match kind {
        Kind::Special(Special::Box) => Shape::Box,
        Kind::Special(Special::Lseg) => Shape::Lseg,
        Kind::Special(Special::Path) => Shape::Path,
        Kind::Special(Special::Polygon) => Shape::Polygon,
        _ => return None,
    })
}

/// How many bits there are: the column's own length where it is fixed, else what the schema says.
fn bits_length(schema: &Schema, pg: &PgType) -> i32 {
    if pg.kind == Kind::Special(Special::Bit) {
        return pg.typmod.max(1);
    }
    schema.get_parameter("length").and_then(|length| length.parse().ok()).unwrap_or(i32::MAX)
}

fn clock(unit: Unit, n: i64, out: &mut Vec<u8>) -> Result<bool, Reason> {
    read_time(unit, n, out).map(|()| true)
}

fn moment(unit: Unit, n: i64, pg: &PgType, out: &mut Vec<u8>) -> Result<bool, Reason> {
    let start = out.len();
    read_moment(unit, n, out)?;
    in_zone(start, pg, out);
    Ok(true)
}

/// A moment that was written without a zone is in UTC, where its column has one.
fn in_zone(start: usize, pg: &PgType, out: &mut Vec<u8>) {
    if pg.kind == Kind::Timestamptz
        && let Some(MaybeInfinite::Finite(at)) = Timestamp::read(&out[start..])
    {
        out.truncate(start);
        at.write_zoned(out);
    }
}

fn zoned_where_needed(pg: &PgType, rest: &[u8], out: &mut Vec<u8>) {
    match pg.kind {
        Kind::Timestamptz => out.extend_from_slice(rest),
        Kind::Timestamp => out.extend_from_slice(&rest[..rest.len() - 3]),
        _ => {}
    }
}

/// One of Connect's own days, times and moments.
fn date(schema: &Schema, millis: i64, pg: &PgType, out: &mut Vec<u8>) -> Result<(), Reason> {
    const DAY_MILLIS: i64 = 86_400_000;
    match schema.logical() {
        Some(Logical::Date) => {
            let days = i32::try_from(millis.div_euclid(DAY_MILLIS));
            read_days(days.map_err(|_| "the day is out of range")?, out);
            zoned_where_needed(pg, b" 00:00:00+00", out);
        }
        Some(Logical::Time) => read_time(Unit::Connect, millis, out)?,
        _ => {
            moment(Unit::Connect, millis, pg, out)?;
        }
    }
    Ok(())
}

fn text_value(string: &str, pg: &PgType, slot: &Slot, out: &mut Vec<u8>) -> Result<(), Reason> {
    match &pg.kind {
        Kind::Timestamp | Kind::Timestamptz | Kind::Date => {
            moment_text(string, &pg.kind, out);
        }
        Kind::Bytea => match &slot.form {
            Form::Encoded(_) => read_string(&slot.form, string, out)?,
            _ => {
                return Err(
                    "expected bytes, and it is text: say under kafka: written_with: binary_handling_mode which alphabet it is in",
                );
            }
        },
        // A number that was written in the mode `string`.
        Kind::Numeric => read_string(&Form::Digits { scale: None }, string, out)?,
        _ => out.extend_from_slice(string.as_bytes()),
    }
    Ok(())
}

fn bytes_value(bytes: &[u8], pg: &PgType, out: &mut Vec<u8>) -> Result<(), Reason> {
    match &pg.kind {
        Kind::Bytea => text::bytea::write(bytes, out),
        // Types without a form go as the bytes of their text.
        Kind::Other => out.extend_from_slice(bytes),
        _ => return Err("expected another type than bytes"),
    }
    Ok(())
}

fn array(
    schema: &Schema,
    items: &[Value],
    pg: &PgType,
    slot: &Slot,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    let Type::Array(Some(of)) = &schema.kind else { return Err("expected an array with a schema") };
    let Kind::Array(kind) = &pg.kind else {
        return connect_data::json::put_value(
            DecimalFormat::default(),
            schema,
            &Value::Array(items.to_vec()),
            out,
        )
        .map_err(|_| "an array that JSON has no form for");
    };
    let element = PgType { kind: (**kind).clone(), ..pg.clone() };
    text::array::write_each(items, b',', out, |item, text| match item.is_null() {
        true => Ok(false),
        false => typed(of, item, &element, slot, text).map(|()| true),
    })
}
