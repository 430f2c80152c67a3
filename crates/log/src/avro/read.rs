//! One value as the text PostgreSQL prints: the reverse of writing it, byte for byte.

use cdc::text;
use connect_data::avro::AvroReader;
use connect_data::{Schema, Type, Value};

use super::cursor::Cursor;
use crate::forms::{
    Form, Odd, Reason, print_float, print_single, read_days, read_moment, read_numeric,
    read_string, read_time,
};

/// Appends the text of one value that is not null.
pub(super) fn value(
    form: &Form,
    schema: &Schema,
    reader: &AvroReader,
    cursor: &mut Cursor<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    match form {
        Form::Bool => out.push(match cursor.array()? {
            [0] => b'f',
            [1] => b't',
            _ => return Err("expected a boolean"),
        }),
        Form::Int(_) => {
            let number = cursor.long()?;
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        Form::Float { single: true } => {
            out.extend_from_slice(print_single(f32::from_le_bytes(cursor.array()?)).as_bytes());
        }
        Form::Float { single: false } | Form::Double => {
            out.extend_from_slice(print_float(f64::from_le_bytes(cursor.array()?)).as_bytes());
        }
        Form::Decimal { scale, .. } => read_numeric(cursor.sized()?, i32::from(*scale), out)?,
        Form::VariableDecimal => {
            let scale = cursor.int()?;
            read_numeric(cursor.sized()?, scale, out)?;
        }
        Form::Bytes => text::bytea::write(cursor.sized()?, out),
        Form::Days { .. } => read_days(cursor.int()?, out),
        Form::Time(unit) => read_time(*unit, cursor.long()?, out)?,
        Form::Moment(unit) => read_moment(*unit, cursor.long()?, out)?,
        Form::Text(_)
        | Form::Digits { .. }
        | Form::Encoded(_)
        | Form::IsoDate
        | Form::IsoTime
        | Form::IsoMoment
        | Form::Zoned { .. } => read_string(form, cursor.string()?, out)?,
        Form::Array(element) => array(element, schema, reader, cursor, out)?,
        Form::Odd(odd) => odd_text(odd, schema, &taken(reader, cursor)?, out)?,
    }
    Ok(())
}

/// Takes any value.
pub(super) fn taken(reader: &AvroReader, cursor: &mut Cursor<'_>) -> Result<Value, Reason> {
    reader.take(&mut cursor.bytes).map_err(|_| "the value is not as its schema says")
}

fn odd_text(odd: &Odd, schema: &Schema, value: &Value, out: &mut Vec<u8>) -> Result<(), Reason> {
    match (odd.text(value), value) {
        (Some(text), _) => out.extend_from_slice(text.as_bytes()),
        (None, Value::String(text)) if schema.kind == Type::String => {
            out.extend_from_slice(text.as_bytes());
        }
        _ => return Err("the value's text is not in the record"),
    }
    Ok(())
}

fn array(
    element: &Form,
    schema: &Schema,
    reader: &AvroReader,
    cursor: &mut Cursor<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Reason> {
    let Type::Array(Some(items)) = &schema.kind else { return Err("expected an array") };
    let mut text = Vec::new();
    out.push(b'{');
    if let Form::Odd(odd) = element {
        let Value::Array(values) = taken(reader, cursor)? else { return Err("expected an array") };
        for (number, value) in values.iter().enumerate() {
            text.clear();
            if !value.is_null() {
                odd_text(odd, items, value, &mut text)?;
            }
            put_element((!value.is_null()).then_some(&text), number, out);
        }
    } else {
        cursor.items(|cursor, number| {
            text.clear();
            let there = !items.optional || cursor.second()?;
            if there {
                value(element, items, reader, cursor, &mut text)?;
            }
            put_element(there.then_some(&text), number, out);
            Ok(())
        })?;
    }
    out.push(b'}');
    Ok(())
}

fn put_element(text: Option<&Vec<u8>>, number: usize, out: &mut Vec<u8>) {
    if number > 0 {
        out.push(b',');
    }
    text::array::write_element(text.map(Vec::as_slice), b',', out);
}
