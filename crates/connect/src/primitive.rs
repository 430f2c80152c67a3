//! The converters of a single plain type: bytes, booleans and numbers in their big-endian form.

use crate::error::{self, Result};
use crate::{Data, Schema, Type, Value};

/// Which of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrimitiveConverter {
    /// ByteArrayConverter: the bytes as they are.
    ByteArray,
    /// BooleanConverter: one byte, 0 or 1.
    Boolean,
    /// ShortConverter: two bytes.
    Short,
    /// IntegerConverter: four bytes.
    Integer,
    /// LongConverter: eight bytes.
    Long,
    /// FloatConverter: four bytes.
    Float,
    /// DoubleConverter: eight bytes.
    Double,
}

impl PrimitiveConverter {
    /// What its error texts call it.
    fn label(self) -> &'static str {
        match self {
            Self::ByteArray => "bytes",
            Self::Boolean => "boolean",
            Self::Short => "short",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
        }
    }

    fn kind(self) -> Type {
        match self {
            Self::ByteArray => Type::Bytes,
            Self::Boolean => Type::Boolean,
            Self::Short => Type::Int16,
            Self::Integer => Type::Int32,
            Self::Long => Type::Int64,
            Self::Float => Type::Float32,
            Self::Double => Type::Float64,
        }
    }

    /// Appends the bytes of a value; false, and nothing, for null. Only bytes and booleans look at the schema; for all
    /// the value has to be the right one.
    pub fn write(self, schema: Option<&Schema>, value: &Value, out: &mut Vec<u8>) -> Result<bool> {
        let class = match self {
            Self::ByteArray => Some("ByteArrayConverter"),
            Self::Boolean => Some("BooleanConverter"),
            _ => None,
        };
        if let (Some(class), Some(schema)) = (class, schema)
            && schema.kind != self.kind()
        {
            return error::data(format!("Invalid schema type for {class}: {}", schema.kind));
        }
        match (self, value) {
            (_, Value::Null) => return Ok(false),
            (Self::ByteArray, Value::Bytes(bytes)) => out.extend_from_slice(bytes),
            (Self::Boolean, Value::Boolean(value)) => out.push(u8::from(*value)),
            (Self::Short, Value::Int16(number)) => out.extend_from_slice(&number.to_be_bytes()),
            (Self::Integer, Value::Int32(number)) => out.extend_from_slice(&number.to_be_bytes()),
            (Self::Long, Value::Int64(number)) => out.extend_from_slice(&number.to_be_bytes()),
            (Self::Float, Value::Float32(number)) => out.extend_from_slice(&number.to_be_bytes()),
            (Self::Double, Value::Float64(number)) => out.extend_from_slice(&number.to_be_bytes()),
            _ => {
                let found = value.java_class();
                return error::data(match class {
                    Some(class) => {
                        format!("{class} is not compatible with objects of type {found}")
                    }
                    None => format!("Failed to serialize to {} (was {found}): ", self.label()),
                });
            }
        }
        Ok(true)
    }

    /// A value from a record's bytes.
    pub fn read(self, bytes: Option<&[u8]>) -> Result<Data> {
        let schema = Schema::new(self.kind()).optional();
        let Some(bytes) = bytes else { return Ok(Data::new(schema, Value::Null)) };
        let value = match self {
            Self::ByteArray => Some(Value::Bytes(bytes.to_vec())),
            Self::Boolean => match bytes {
                [0] => Some(Value::Boolean(false)),
                [1] => Some(Value::Boolean(true)),
                _ => None,
            },
            Self::Short => exact(bytes, |bytes| Value::Int16(i16::from_be_bytes(bytes))),
            Self::Integer => exact(bytes, |bytes| Value::Int32(i32::from_be_bytes(bytes))),
            Self::Long => exact(bytes, |bytes| Value::Int64(i64::from_be_bytes(bytes))),
            Self::Float => exact(bytes, |bytes| Value::Float32(f32::from_be_bytes(bytes))),
            Self::Double => exact(bytes, |bytes| Value::Float64(f64::from_be_bytes(bytes))),
        };
        match value {
            Some(value) => Ok(Data::new(schema, value)),
            None => error::data(format!("Failed to deserialize {}: ", self.label())),
        }
    }
}

fn exact<const N: usize>(bytes: &[u8], value: fn([u8; N]) -> Value) -> Option<Value> {
    bytes.try_into().ok().map(value)
}
