//! How a column's values travel to the target: as a binary array of the column's own type where its text is
//! cheap to turn into binary, and as text, cast in the statement, otherwise.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use cdc::text::{self, MaybeInfinite};
use cdc::{Cell, Value};
use postgres_types::{IsNull, ToSql, Type};

/// How the values of one column travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Bytea,
    Uuid,
    Date,
    Timestamp,
    Timestamptz,
    /// As text, assigned to a column that takes text as it is.
    Text,
    /// As text, cast to the column's type.
    Cast,
}

/// A value that is not of the column's type. Deliberately without the value.
#[derive(Debug)]
pub(crate) struct NotOfType;

impl Wire {
    /// The way for a column of the type with this number.
    pub(crate) fn of(type_oid: u32) -> Self {
        match type_oid {
            16 => Wire::Bool,
            21 => Wire::Int2,
            23 => Wire::Int4,
            20 => Wire::Int8,
            700 => Wire::Float4,
            701 => Wire::Float8,
            17 => Wire::Bytea,
            2950 => Wire::Uuid,
            1082 => Wire::Date,
            1114 => Wire::Timestamp,
            1184 => Wire::Timestamptz,
            25 | 1043 => Wire::Text,
            _ => Wire::Cast,
        }
    }

    /// The type of one element on the way.
    pub(crate) fn element(self) -> Type {
        match self {
            Wire::Bool => Type::BOOL,
            Wire::Int2 => Type::INT2,
            Wire::Int4 => Type::INT4,
            Wire::Int8 => Type::INT8,
            Wire::Float4 => Type::FLOAT4,
            Wire::Float8 => Type::FLOAT8,
            Wire::Bytea => Type::BYTEA,
            Wire::Uuid => Type::UUID,
            Wire::Date => Type::DATE,
            Wire::Timestamp => Type::TIMESTAMP,
            Wire::Timestamptz => Type::TIMESTAMPTZ,
            Wire::Text | Wire::Cast => Type::TEXT,
        }
    }

    /// The type of the array, as a parameter's type.
    pub(crate) fn array(self) -> Type {
        match self {
            Wire::Bool => Type::BOOL_ARRAY,
            Wire::Int2 => Type::INT2_ARRAY,
            Wire::Int4 => Type::INT4_ARRAY,
            Wire::Int8 => Type::INT8_ARRAY,
            Wire::Float4 => Type::FLOAT4_ARRAY,
            Wire::Float8 => Type::FLOAT8_ARRAY,
            Wire::Bytea => Type::BYTEA_ARRAY,
            Wire::Uuid => Type::UUID_ARRAY,
            Wire::Date => Type::DATE_ARRAY,
            Wire::Timestamp => Type::TIMESTAMP_ARRAY,
            Wire::Timestamptz => Type::TIMESTAMPTZ_ARRAY,
            Wire::Text | Wire::Cast => Type::TEXT_ARRAY,
        }
    }

    fn write(self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let parse = || std::str::from_utf8(text).ok();
        match self {
            Wire::Text | Wire::Cast => out.extend_from_slice(text),
            Wire::Bool => out.push(text::read_bool(text)?.into()),
            Wire::Int2 => out.put_i16(i16::try_from(text::read_integer(text)?).ok()?),
            Wire::Int4 => out.put_i32(i32::try_from(text::read_integer(text)?).ok()?),
            Wire::Int8 => out.put_i64(text::read_integer(text)?),
            Wire::Float4 => {
                let number: f32 = parse()?.parse().ok()?;
                out.put_f32(in_range(text, number, number.is_infinite(), number == 0.0)?);
            }
            Wire::Float8 => {
                let number: f64 = parse()?.parse().ok()?;
                out.put_f64(in_range(text, number, number.is_infinite(), number == 0.0)?);
            }
            Wire::Bytea => return text::bytea::read(text, out).then_some(()),
            Wire::Uuid => return uuid(text, out),
            Wire::Date => out.put_i32(text::Date::postgres_days(text::Date::read(text)?)?),
            Wire::Timestamp => out.put_i64(micros(text::Timestamp::read(text)?)?),
            Wire::Timestamptz => out.put_i64(micros(text::Timestamp::read_zoned(text)?)?),
        }
        Some(())
    }
}

/// A number that the type's range made infinite, or nothing, is not the one that was sent.
fn in_range<T>(text: &[u8], number: T, is_infinite: bool, is_zero: bool) -> Option<T> {
    let mantissa = || text.iter().take_while(|byte| !matches!(byte, b'e' | b'E'));
    let overflow = is_infinite && text.iter().any(u8::is_ascii_digit);
    let underflow = is_zero && mantissa().any(|byte| matches!(byte, b'1'..=b'9'));
    (!overflow && !underflow).then_some(number)
}

fn micros(at: MaybeInfinite<text::Timestamp>) -> Option<i64> {
    text::Timestamp::postgres_micros(at)
}

fn uuid(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let mut digits =
        text.iter().filter(|byte| **byte != b'-').map(|byte| char::from(*byte).to_digit(16));
    while let Some(high) = digits.next() {
        out.push(u8::try_from(high? << 4 | digits.next()??).ok()?);
    }
    (out.len() - start == 16).then_some(())
}

/// The text PostgreSQL would print for a typed value; `None` where that takes the column's type to know.
pub(crate) fn text_of(value: &Value) -> Option<Vec<u8>> {
    Some(match value {
        Value::Bool(true) => b"t".to_vec(),
        Value::Bool(false) => b"f".to_vec(),
        Value::Int(number) => number.to_string().into_bytes(),
        Value::Float(number) => number.to_string().into_bytes(),
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => {
            let mut out = Vec::new();
            text::bytea::write(bytes, &mut out);
            out
        }
        Value::Array(_) | Value::Struct(_) => return None,
    })
}

/// A one-dimensional array in PostgreSQL's binary form, built value by value.
#[derive(Debug)]
pub(crate) struct Array {
    wire: Wire,
    len: i32,
    nulls: bool,
    values: Vec<u8>,
}

impl Array {
    pub(crate) fn new(wire: Wire, rows: usize) -> Self {
        Self { wire, len: 0, nulls: false, values: Vec::with_capacity(rows * 12) }
    }

    /// Adds one value.
    pub(crate) fn push(&mut self, cell: Cell<'_>) -> Result<(), NotOfType> {
        self.len += 1;
        let owned;
        let text = match cell {
            Cell::Null | Cell::Unchanged => {
                self.nulls = true;
                self.values.put_i32(-1);
                return Ok(());
            }
            Cell::Text(text) => text,
            Cell::Typed(value) => {
                owned = text_of(value).ok_or(NotOfType)?;
                &owned
            }
        };
        let start = self.values.len();
        self.values.put_i32(0);
        self.wire.write(text, &mut self.values).ok_or(NotOfType)?;
        let len = i32::try_from(self.values.len() - start - 4).map_err(|_| NotOfType)?;
        self.values[start..start + 4].copy_from_slice(&len.to_be_bytes());
        Ok(())
    }
}

impl ToSql for Array {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i32(1);
        out.put_i32(self.nulls.into());
        out.put_u32(self.wire.element().oid());
        out.put_i32(self.len);
        out.put_i32(1);
        out.put_slice(&self.values);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres_types::to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_the_columns_binary() {
        let written = |wire: Wire, text: &[u8]| {
            let mut out = Vec::new();
            wire.write(text, &mut out).map(|()| out)
        };
        assert_eq!(written(Wire::Int4, b"-2").unwrap(), (-2_i32).to_be_bytes());
        assert_eq!(written(Wire::Int2, b"40000"), None);
        assert_eq!(written(Wire::Bool, b"t").unwrap(), [1]);
        assert_eq!(written(Wire::Bytea, b"\\x00ff").unwrap(), [0, 255]);
        assert_eq!(written(Wire::Date, b"2000-01-02").unwrap(), 1_i32.to_be_bytes());
        assert_eq!(
            written(Wire::Timestamptz, b"2000-01-01 00:00:01+00").unwrap(),
            1_000_000_i64.to_be_bytes()
        );
        assert_eq!(written(Wire::Timestamp, b"infinity").unwrap(), i64::MAX.to_be_bytes());
        assert_eq!(written(Wire::Float8, b"NaN").unwrap()[..2], [0x7f, 0xf8]);
        assert_eq!(written(Wire::Uuid, b"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").unwrap().len(), 16);
        assert_eq!(written(Wire::Uuid, b"a0ee"), None);
        assert_eq!(written(Wire::Float4, b"1e300"), None);
        assert_eq!(written(Wire::Float4, b"-1e-300"), None);
        assert_eq!(written(Wire::Float8, b"1e300").unwrap(), 1e300_f64.to_be_bytes());
        assert_eq!(written(Wire::Float4, b"-Infinity").unwrap(), f32::NEG_INFINITY.to_be_bytes());
        assert_eq!(written(Wire::Float4, b"0e5").unwrap(), 0_f32.to_be_bytes());
    }
}
