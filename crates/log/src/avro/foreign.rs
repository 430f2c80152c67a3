//! A record of another producer, by the schema it was written with: typed values under their names.

use cdc::{TableName, Value};
use connect_data::avro::AvroReader;
use connect_data::{Logical, Schema, Struct, Value as Connect};

use super::malformed;
use crate::converter::{ConvertError, Foreign};
use crate::envelope::op_of;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Reads what follows the id.
pub(super) fn read(reader: &AvroReader, body: &[u8]) -> Result<Foreign, ConvertError> {
    let wrong = |reason: &str| malformed(5, reason.to_owned());
    let data = reader.read(body).map_err(|_| wrong("the record is not as its schema says"))?;
    let Connect::Struct(envelope) = &data.value else {
        return Err(wrong("the record is not an envelope"));
    };
    let op = match field(envelope, "op") {
        Some((_, Connect::String(letter))) => op_of(letter).map_err(wrong)?,
        _ => return Err(wrong("the record is not an envelope: it has no op")),
    };
    let source = match field(envelope, "source") {
        Some((_, Connect::Struct(source))) => Some(source),
        _ => None,
    };
    let text = |name: &str| match source.and_then(|source| field(source, name)) {
        Some((_, Connect::String(text))) => Some(text.as_str()),
        _ => None,
    };
    let long = |name: &str| match source.and_then(|source| field(source, name)) {
        Some((_, Connect::Int64(number))) => Some(*number),
        _ => None,
    };
    let row = |name: &str| field(envelope, name).and_then(|(schema, value)| typed(schema, value));
    Ok(Foreign {
        op,
        table: text("schema")
            .zip(text("table"))
            .map(|(schema, table)| TableName::new(schema, table)),
        before: row("before"),
        after: row("after"),
        commit_micros: long("ts_us")
            .or_else(|| long("ts_ms").map(|millis| millis.saturating_mul(1_000)))
            .unwrap_or_default(),
    })
}

fn field<'v>(of: &'v Struct, name: &str) -> Option<(&'v Schema, &'v Connect)> {
    let place = of.schema.position(name)?;
    Some((&of.schema.fields().get(place)?.schema, of.values.get(place)?))
}

/// The value without its schema; `None` is null. Numbers with digits behind the point keep all of them, as text.
fn typed(schema: &Schema, value: &Connect) -> Option<Value> {
    let list = |items: &[Connect]| match &schema.kind {
        connect_data::Type::Array(Some(of)) => items.iter().map(|item| typed(of, item)).collect(),
        _ => Vec::new(),
    };
    Some(match value {
        Connect::Null => return None,
        Connect::Boolean(value) => Value::Bool(*value),
        Connect::Int8(number) => Value::Int((*number).into()),
        Connect::Int16(number) => Value::Int((*number).into()),
        Connect::Int32(number) => Value::Int((*number).into()),
        Connect::Int64(number) => Value::Int(*number),
        Connect::Float32(number) => Value::Float((*number).into()),
        Connect::Float64(number) => Value::Float(*number),
        Connect::String(text) => Value::String(text.as_str().into()),
        Connect::Bytes(bytes) => Value::Bytes(bytes.clone().into()),
        Connect::Decimal(decimal) => Value::String(decimal.to_string().into()),
        Connect::Date(millis) => Value::Int(match schema.logical() {
            Some(Logical::Date) => millis.div_euclid(MILLIS_PER_DAY),
            _ => *millis,
        }),
        Connect::Array(items) => Value::Array(list(items)),
        Connect::Map(pairs) => Value::Struct(entries(schema, pairs)),
        Connect::Struct(fields) => Value::Struct(
            fields
                .schema
                .fields()
                .iter()
                .zip(&fields.values)
                .map(|(field, value)| (field.name.as_str().into(), typed(&field.schema, value)))
                .collect(),
        ),
    })
}

/// The entries of a map, under their keys as text.
fn entries<K: for<'k> From<&'k str>, C: FromIterator<(K, Option<Value>)>>(
    schema: &Schema,
    pairs: &[(Connect, Connect)],
) -> C {
    let connect_data::Type::Map(Some(_), Some(of)) = &schema.kind else {
        return std::iter::empty().collect();
    };
    let named = pairs.iter().filter_map(|(key, value)| {
        let name = match key {
            Connect::String(text) => text.clone(),
            Connect::Int16(number) => number.to_string(),
            Connect::Int32(number) => number.to_string(),
            Connect::Int64(number) => number.to_string(),
            _ => return None,
        };
        Some((K::from(&name), typed(of, value)))
    });
    named.collect()
}
