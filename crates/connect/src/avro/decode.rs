//! A value from Avro's bytes, by the schema it was written with.
//!
//! The bytes are not trusted: no length is believed before the bytes are there, and what costs no bytes is counted.

use std::sync::Arc;

use super::default;
use super::schema::{AvroSchema, Body, Kind, Shape};
use super::to_connect::{is_null, only};
use crate::error::{self, Result};
use crate::{Data, Schema, Struct, Type, Value};

/// Values without a schema may nest as deep.
const DEPTH_MAX: usize = 500;
/// How many values may be read beyond those that the bytes account for.
const VALUES_MAX: usize = 10_000_000;

/// Reads values that were written with one schema.
#[derive(Clone, Debug)]
pub struct AvroReader {
    avro: AvroSchema,
    schema: Option<Arc<Schema>>,
}

impl AvroReader {
    /// A reader of what was written with this schema.
    pub fn new(avro: AvroSchema) -> Result<Self> {
        let schema = avro.to_connect()?;
        Ok(Self { avro, schema })
    }

    /// The schema its values have; none where they come without one.
    pub fn schema(&self) -> Option<&Arc<Schema>> {
        self.schema.as_ref()
    }

    /// The value these bytes begin with; what follows it is left in them.
    pub fn take(&self, bytes: &mut &[u8]) -> Result<Value> {
        let values_left = VALUES_MAX.saturating_add(bytes.len().saturating_mul(16));
        let mut cursor = Cursor { bytes, avro: &self.avro, values_left };
        let value = match &self.schema {
            Some(schema) => cursor.value(&self.avro.root, schema)?,
            None => cursor.anything(0)?,
        };
        let left = cursor.bytes.len();
        *bytes = bytes.split_at(bytes.len() - left).1;
        Ok(value)
    }

    /// The value of these bytes, which follow the id.
    pub fn read(&self, mut body: &[u8]) -> Result<Data> {
        let value = self.take(&mut body)?;
        Ok(Data { schema: self.schema.clone(), value })
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    avro: &'a AvroSchema,
    values_left: usize,
}

fn short<T>() -> Result<T> {
    error::data("Error deserializing Avro message: the bytes end too early")
}

fn wrong<T>(what: &str) -> Result<T> {
    error::data(format!("Error deserializing Avro message: {what}"))
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.bytes.split_at_checked(count) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => short(),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().or_else(|_| short())
    }

    fn byte(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn long(&mut self) -> Result<i64> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        wrong("a number has too many bytes")
    }

    fn int(&mut self) -> Result<i32> {
        let number = self.long()?;
        i32::try_from(number).or_else(|_| wrong("a number has too many bytes"))
    }

    fn sized(&mut self) -> Result<&'a [u8]> {
        match usize::try_from(self.long()?) {
            Ok(length) => self.take(length),
            Err(_) => wrong("a length is negative"),
        }
    }

    fn text(&mut self) -> Result<String> {
        self.sized().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Reads blocks of items until an empty one.
    fn blocks(&mut self, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The size of the block in bytes follows, for those who want to pass over it.
                count = count.checked_neg().map_or_else(|| wrong("a length is negative"), Ok)?;
                self.long()?;
            }
            for _ in 0..count {
                item(self)?;
            }
        }
    }

    fn count_value(&mut self) -> Result<()> {
        match self.values_left.checked_sub(1) {
            Some(left) => {
                self.values_left = left;
                Ok(())
            }
            None => wrong("too many values"),
        }
    }

    fn value(&mut self, shape: &'a Shape, schema: &Arc<Schema>) -> Result<Value> {
        self.count_value()?;
        let value = match &shape.kind {
            Kind::Union(branches) => return self.union(branches, schema),
            Kind::Null => return null(schema),
            Kind::Boolean => Value::Boolean(self.byte()? != 0),
            Kind::Int => narrowed(self.int()?, &schema.kind),
            Kind::Long => Value::Int64(self.long()?),
            Kind::Float => Value::Float32(f32::from_le_bytes(self.array()?)),
            Kind::Double => Value::Float64(f64::from_le_bytes(self.array()?)),
            Kind::Bytes => Value::Bytes(self.sized()?.to_vec()),
            Kind::String => Value::String(self.text()?),
            Kind::Array(inner) => return self.items(inner, schema),
            Kind::Map(inner) => {
                let Type::Map(_, Some(values)) = &schema.kind else { return short() };
                let mut pairs = Vec::new();
                self.blocks(|cursor| {
                    let key = Value::String(cursor.text()?);
                    pairs.push((key, cursor.value(inner, values)?));
                    Ok(())
                })?;
                return Ok(Value::map(pairs));
            }
            Kind::Named(place) => match &self.avro.named[*place].body {
                Body::Fixed(size) => Value::Bytes(self.take(*size)?.to_vec()),
                Body::Enum { symbols, .. } => {
                    let symbol = usize::try_from(self.int()?).ok();
                    match symbol.and_then(|symbol| symbols.get(symbol)) {
                        Some(symbol) => Value::String(symbol.clone()),
                        None => return wrong("an enumeration has no such symbol"),
                    }
                }
                Body::Record(fields) => {
                    let mut values = Vec::with_capacity(fields.len());
                    for (field, of) in fields.iter().zip(schema.fields()) {
                        values.push(self.value(&field.shape, &of.schema)?);
                    }
                    return Ok(Value::Struct(Struct { schema: Arc::clone(schema), values }));
                }
            },
        };
        default::logical(schema, value)
    }

    fn items(&mut self, inner: &'a Shape, schema: &Arc<Schema>) -> Result<Value> {
        match &schema.kind {
            Type::Array(Some(items)) => {
                let mut values = Vec::new();
                self.blocks(|cursor| {
                    values.push(cursor.value(inner, items)?);
                    Ok(())
                })?;
                Ok(Value::Array(values))
            }
            Type::Map(Some(keys), Some(of)) => {
                let Some([key, value]) = self.avro.map_entry(inner) else { return short() };
                let mut pairs = Vec::new();
                self.blocks(|cursor| {
                    let pair = (cursor.value(&key.shape, keys)?, cursor.value(&value.shape, of)?);
                    pairs.push(pair);
                    Ok(())
                })?;
                Ok(Value::map(pairs))
            }
            _ => wrong("an array where none was expected"),
        }
    }

    fn union(&mut self, branches: &'a [Shape], schema: &Arc<Schema>) -> Result<Value> {
        let place = usize::try_from(self.int()?).ok();
        let Some((place, branch)) = place.and_then(|at| Some((at, branches.get(at)?))) else {
            return wrong("a union has no such branch");
        };
        if is_null(branch) {
            return null(schema);
        }
        if only(branches).is_some() {
            return self.value(branch, schema);
        }
        let field = branches[..place].iter().filter(|branch| !is_null(branch)).count();
        let mut union = Struct::new(Arc::clone(schema));
        union.values[field] = self.value(branch, &schema.fields()[field].schema)?;
        Ok(Value::Struct(union))
    }

    /// A value without a schema: of a record with a field for each type, the one that is not null.
    fn anything(&mut self, depth: usize) -> Result<Value> {
        self.count_value()?;
        if depth == DEPTH_MAX {
            return wrong("values nest too deep");
        }
        let mut found = Value::Null;
        for place in 0..9 {
            match self.long()? {
                0 => continue,
                1 => {}
                _ => return wrong("a union has no such branch"),
            }
            let value = match place {
                0 => Value::Boolean(self.byte()? != 0),
                1 => Value::Bytes(self.sized()?.to_vec()),
                2 => Value::Float64(f64::from_le_bytes(self.array()?)),
                3 => Value::Float32(f32::from_le_bytes(self.array()?)),
                4 => Value::Int32(self.int()?),
                5 => Value::Int64(self.long()?),
                6 => Value::String(self.text()?),
                7 => {
                    let mut values = Vec::new();
                    self.blocks(|cursor| {
                        values.push(cursor.anything(depth + 1)?);
                        Ok(())
                    })?;
                    Value::Array(values)
                }
                _ => {
                    let mut pairs = Vec::new();
                    self.blocks(|cursor| {
                        pairs.push((cursor.anything(depth + 1)?, cursor.anything(depth + 1)?));
                        Ok(())
                    })?;
                    Value::map(pairs)
                }
            };
            if found.is_null() {
                found = value;
            }
        }
        Ok(found)
    }
}

fn null(schema: &Schema) -> Result<Value> {
    if schema.optional {
        return Ok(Value::Null);
    }
    error::data("Found null value for non-optional schema")
}

#[expect(clippy::cast_possible_truncation, reason = "numbers wrap here as they do there")]
fn narrowed(number: i32, kind: &Type) -> Value {
    match kind {
        Type::Int8 => Value::Int8(number as i8),
        Type::Int16 => Value::Int16(number as i16),
        _ => Value::Int32(number),
    }
}
