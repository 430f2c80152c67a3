//! A value, with or without a schema beside it.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::{Decimal, Schema};

/// A value. It is one of the objects a connector would hold, so that converters which look at the object and not at the
/// schema can do so here, too. Equality is that of the objects: numbers of different widths differ, and NaN is itself.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// A signed byte.
    Int8(i8),
    /// A signed 16-bit number.
    Int16(i16),
    /// A signed 32-bit number.
    Int32(i32),
    /// A signed 64-bit number.
    Int64(i64),
    /// An IEEE 754 number of 32 bits.
    Float32(f32),
    /// An IEEE 754 number of 64 bits.
    Float64(f64),
    /// True or false.
    Boolean(bool),
    /// Text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A decimal number with a scale of its own, which may differ from its schema's.
    Decimal(Decimal),
    /// Milliseconds since 1970-01-01T00:00Z: what Date, Time and Timestamp are in memory.
    Date(i64),
    /// Values in order.
    Array(Vec<Value>),
    /// Keys and values, each key once, in the order they came.
    Map(Vec<(Value, Value)>),
    /// Fields.
    Struct(Struct),
}

/// The fields of one struct, in its schema's order, one value for each.
#[derive(Clone, Debug)]
pub struct Struct {
    /// A schema whose type is a struct.
    pub schema: Arc<Schema>,
    /// The values, as many as the schema has fields.
    pub values: Vec<Value>,
}

/// A value and, if it has one, its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// What the value is; without it the value has only its own type.
    pub schema: Option<Arc<Schema>>,
    /// The value.
    pub value: Value,
}

impl Data {
    /// A value with a schema.
    pub fn new(schema: impl Into<Arc<Schema>>, value: Value) -> Self {
        Self { schema: Some(schema.into()), value }
    }

    /// A value without a schema.
    pub fn schemaless(value: Value) -> Self {
        Self { schema: None, value }
    }

    /// Nothing at all: what a tombstone holds.
    pub fn null() -> Self {
        Self::schemaless(Value::Null)
    }
}

impl Struct {
    /// A struct of this schema with all fields null.
    pub fn new(schema: Arc<Schema>) -> Self {
        let values = vec![Value::Null; schema.fields().len()];
        Self { schema, values }
    }

    /// A field's value as it stands.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(self.schema.position(name)?)
    }
}

impl Value {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A map of these pairs. Of pairs with the same key the last wins, at the place of the first.
    pub fn map(pairs: Vec<(Value, Value)>) -> Self {
        if pairs.len() < 2 {
            return Self::Map(pairs);
        }
        let mut places = HashMap::with_capacity(pairs.len());
        let mut kept: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            match places.get(&key) {
                Some(&place) => {
                    let (_, old): &mut (Value, Value) = &mut kept[place];
                    *old = value;
                }
                None => {
                    places.insert(key.clone(), kept.len());
                    kept.push((key, value));
                }
            }
        }
        Self::Map(kept)
    }

    /// The class of the object it is in a connector, as error texts print it.
    pub fn java_class(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int8(_) => "class java.lang.Byte",
            Self::Int16(_) => "class java.lang.Short",
            Self::Int32(_) => "class java.lang.Integer",
            Self::Int64(_) => "class java.lang.Long",
            Self::Float32(_) => "class java.lang.Float",
            Self::Float64(_) => "class java.lang.Double",
            Self::Boolean(_) => "class java.lang.Boolean",
            Self::String(_) => "class java.lang.String",
            Self::Bytes(_) => "class [B",
            Self::Decimal(_) => "class java.math.BigDecimal",
            Self::Date(_) => "class java.util.Date",
            Self::Array(_) => "class java.util.ArrayList",
            Self::Map(_) => "class java.util.HashMap",
            Self::Struct(_) => "class org.apache.kafka.connect.data.Struct",
        }
    }
}

impl PartialEq for Struct {
    fn eq(&self, other: &Self) -> bool {
        (Arc::ptr_eq(&self.schema, &other.schema) || self.schema == other.schema)
            && self.values == other.values
    }
}

impl Eq for Struct {}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Int8(a), Self::Int8(b)) => a == b,
            (Self::Int16(a), Self::Int16(b)) => a == b,
            (Self::Int32(a), Self::Int32(b)) => a == b,
            (Self::Int64(a), Self::Int64(b)) | (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Float32(a), Self::Float32(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Self::Float64(a), Self::Float64(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => same_map(a, b),
            (Self::Struct(a), Self::Struct(b)) => a == b,
            _ => false,
        }
    }
}

/// Maps are the same whatever the order of their keys.
fn same_map(a: &[(Value, Value)], b: &[(Value, Value)]) -> bool {
    if a == b {
        return true;
    }
    if a.len() != b.len() {
        return false;
    }
    let found: HashMap<&Value, &Value> = b.iter().map(|(key, value)| (key, value)).collect();
    a.iter().all(|(key, value)| found.get(key).is_some_and(|other| *other == value))
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Int8(value) => value.hash(state),
            Self::Int16(value) => value.hash(state),
            Self::Int32(value) => value.hash(state),
            Self::Int64(value) | Self::Date(value) => value.hash(state),
            Self::Float32(value) if value.is_nan() => {}
            Self::Float32(value) => value.to_bits().hash(state),
            Self::Float64(value) if value.is_nan() => {}
            Self::Float64(value) => value.to_bits().hash(state),
            Self::Boolean(value) => value.hash(state),
            Self::String(value) => value.hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::Decimal(value) => value.hash(state),
            Self::Array(values) => values.hash(state),
            // Two orders of one map are equal and must hash alike.
            Self::Map(pairs) => pairs.len().hash(state),
            Self::Struct(fields) => fields.values.hash(state),
        }
    }
}
